import type { Clock } from '../gate/clock.ts'
import type { Poll } from '../gate/import-service.ts'
import type { ImportService } from '../gate/import-service.ts'
import type { DataPlane } from '../connection.ts'
import { createClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { createCollections } from './collections.ts'
import { createReach } from './data-plane.ts'
import { createJobStart, createStart } from './create.ts'
import { dialectOf } from './dialects.ts'
import type { HttpConnection } from './http.ts'
import { createDiscovery, createList } from './list.ts'
import { createPoller } from './poll.ts'
import { pollByList } from './poll-by-list.ts'
import { createTwoPhase } from './two-phase.ts'

/** Which service to ask, where its data plane is, and whose jobs to poll for there. */
export interface ServiceOptions extends ClientOptions {
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
  readonly dataPlane: DataPlane
  /**
   * Connections to a data plane at another address than the endpoint's, with the rest of the connection as it is
   * (`transportTo`); called at most once, when a collection is first asked for. Whoever opens them closes them.
   */
  readonly openExchange: (endpoint: string) => HttpConnection
}

/** All that one service can be asked for. Never rejects; all text that comes back has been sanitized. */
export function createService(options: ServiceOptions): ImportService {
  const { collectionName, sanitize } = options
  const client = createClient(options)
  const place = dialectOf(options).place(options)
  // A name may hold a secret, as when the password is a word of it: what is shown of it is not what to ask by.
  const names = new Map(collectionName === undefined ? [] : [[sanitize(collectionName), collectionName]])
  const onCollection = (shown: string, name: string) => names.set(shown, name)
  const poll = createPoller(client, place, onCollection)
  const reach = createReach(client, options, options.dataPlane, options.openExchange)
  return {
    pollerFor: (jobIds) => pollOf(client, poll, options, { ...options, jobIds }),
    list: createDiscovery(client, { ...options, onCollection }),
    create: createStart(client),
    jobStart: createJobStart(client, options, sanitize),
    ...createTwoPhase(client, place, sanitize),
    collections: createCollections(reach, { ...options, nameOf: (shown) => names.get(shown) ?? shown }),
  }
}

/** Many jobs to be polled together. */
export interface ManyJobs {
  readonly jobIds: readonly string[]
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
}

/** Polls import jobs of one service: one by one, or, where there are many, by a list of all. */
export function createPoll(options: ClientOptions, many?: ManyJobs): Poll {
  const client = createClient(options)
  return pollOf(client, createPoller(client, dialectOf(options).place(options)), options, many)
}

function pollOf(client: Client, poll: Poll, options: ClientOptions, many: ManyJobs | undefined): Poll {
  if (many === undefined) return poll
  const list = createList(client, { ...options, collectionName: many.collectionName })
  const expected = many.collectionName && options.sanitize(many.collectionName)
  return pollByList(poll, list, { jobIds: many.jobIds, collectionName: expected }, many.clock)
}
