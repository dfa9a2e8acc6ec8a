import type { Clock } from '../../src/gate/clock.ts'
import type { Poll } from '../../src/gate/import-service.ts'
import type { ClientOptions } from '../../src/service/client.ts'
import { createService } from '../../src/service/service.ts'
import { FakeClock } from './fake-clock.ts'

/** Import jobs to be polled together. */
export interface PolledJobs {
  readonly jobIds: readonly string[]
  readonly clock: Clock
  /** Undefined: the jobs may belong to several. */
  readonly collectionName: string | undefined
}

/** Polls import jobs of one service: one by one, or, where there are many, by a list of all. */
export function createPoll(options: ClientOptions, many?: PolledJobs): Poll {
  const { jobIds, clock, collectionName } = many ?? { jobIds: [], clock: new FakeClock(), collectionName: undefined }
  const openExchange = () => {
    throw new Error('polls have no other address')
  }
  return createService({ ...options, clock, collectionName, dataPlane: { kind: 'same' }, openExchange }).pollerFor(
    jobIds,
  )
}
