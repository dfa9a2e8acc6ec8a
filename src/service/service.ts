import type { Clock } from '../gate/clock.ts'
import type { ImportService } from '../gate/import-service.ts'
import { createClient } from './client.ts'
import { createCollections } from './collections.ts'
import { createJobStart, createStart } from './create.ts'
import { createReach } from './data-plane.ts'
import type { DataPlaneOptions } from './data-plane.ts'
import type { Names } from './decode.ts'
import { dialectOf } from './dialects.ts'
import { createDiscovery, createList } from './list.ts'
import { createPoller } from './poll.ts'
import { pollByList } from './poll-by-list.ts'
import { createTwoPhase } from './two-phase.ts'

/** Which service to ask, where its data plane is, and whose jobs to poll for there. */
export interface ServiceOptions extends DataPlaneOptions {
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
}

/** All that one service can be asked for. Never rejects; all text that comes back has been sanitized. */
export function createService(options: ServiceOptions): ImportService {
  const { collectionName, dbName, sanitize, clock } = options
  const client = createClient(options)
  const dialect = dialectOf(options)
  const place = dialect.place(options)
  const shownName = collectionName && sanitize(collectionName)
  // A name may hold a secret, as when the password is a word of it: what is shown of it is not what to ask by.
  const names: Names = new Map(collectionName === undefined ? [] : [[sanitize(collectionName), collectionName]])
  const poll = createPoller(client, place, names)
  return {
    pollerFor: (jobIds) =>
      pollByList(poll, createList(client, options, names), { jobIds, collectionName: shownName }, clock),
    list: createDiscovery(client, options, names),
    create: createStart(client),
    jobStart: createJobStart(client, dialect),
    ...createTwoPhase(client, place),
    collections: createCollections(createReach(client, options), dbName, names),
  }
}
