import type { Clock } from '../watch/clock.ts'
import type { Look } from '../watch/look-pool.ts'
import { createClient } from './client.ts'
import type { ClientOptions } from './client.ts'
import { createDescribe } from './describe.ts'
import { createList } from './list.ts'
import { lookByList, WORTH_A_LIST } from './look-by-list.ts'

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
  const describe = createDescribe(client)
  if (many === undefined || many.jobIds.length < WORTH_A_LIST) return describe
  const list = createList(client, { ...options, collectionName: many.collectionName })
  return lookByList(describe, list, many.jobIds, many.clock)
}
