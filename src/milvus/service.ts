import type { Clock } from '../watch/clock.ts'
import type { Look } from '../watch/ask-pool.ts'
import type { ImportService } from '../watch/import-service.ts'
import { createClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { createCollections } from './collections.ts'
import { createReach } from './data-plane.ts'
import type { DataPlane } from './data-plane.ts'
import { createDescribe } from './describe.ts'
import { createDiscovery } from './discover.ts'
import type { Exchange } from './exchange.ts'
import { createList } from './list.ts'
import { lookByList } from './look-by-list.ts'
import { createTwoPhase } from './two-phase.ts'

/** Which service to ask, where its data plane is, and whose jobs to look for there. */
export interface ServiceOptions extends ClientOptions {
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
  readonly dataPlane: DataPlane
  /**
   * Connections to a data plane at another address than the endpoint's, with the rest of the connection as it is
   * (`transportTo`); called at most once, when a collection is first asked for. Whoever opens them closes them.
   */
  readonly openExchange: (endpoint: string) => Exchange
}

/** All that one service can be asked for. Never rejects; all text that comes back has been sanitised. */
export function createService(options: ServiceOptions): ImportService {
  const { collectionName, sanitise } = options
  const client = createClient(options)
  // A name may hold a secret, as when the password is a word of it: what is told of it is not what to ask by.
  const names = new Map(collectionName === undefined ? [] : [[sanitise(collectionName), collectionName]])
  const describe = createDescribe(client, (told, name) => names.set(told, name))
  const reach = createReach(client, options, options.dataPlane, options.openExchange)
  return {
    lookAt: (jobIds) => lookOf(client, describe, options, { ...options, jobIds }),
    list: createDiscovery(client, options),
    ...createTwoPhase(client, sanitise),
    collections: createCollections(reach, { ...options, nameOf: (told) => names.get(told) ?? told }),
  }
}

/** Many jobs to be looked at together. */
export interface ManyJobs {
  readonly jobIds: readonly string[]
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
}

/** Looks at import jobs of one service: one by one, or, where there are many, by a list of all. */
export function createLook(options: ClientOptions, many?: ManyJobs): Look {
  const client = createClient(options)
  return lookOf(client, createDescribe(client), options, many)
}

function lookOf(client: Client, describe: Look, options: ClientOptions, many: ManyJobs | undefined): Look {
  if (many === undefined) return describe
  const list = createList(client, { ...options, collectionName: many.collectionName })
  const expected = many.collectionName && options.sanitise(many.collectionName)
  return lookByList(describe, list, { jobIds: many.jobIds, collectionName: expected }, many.clock)
}
