import type { Phase } from './job.ts'
import type { ListedJob } from './import-service.ts'
import type { Selection } from './policy.ts'

/** How the jobs of a collection were found. */
export interface Discovery {
  readonly collectionName: string
  readonly dbName: string | undefined
  /** The service that is asked, and where on it the collection is. */
  readonly place: string | undefined
  /** Jobs created from then on count even if they have ended, in milliseconds since the epoch; undefined: only those that have not. */
  readonly sinceMs: number | undefined
  /** The jobs to wait for. */
  readonly jobIds: readonly string[]
  /** The jobs that ended before the gate polled, and that it does not wait for; the latest first, as far as ids tell. */
  readonly ended: readonly ListedJob[]
  /** Ended jobs of which it is still to be asked when they were created. */
  readonly undated: number
}

/** What is known of a search before it begins; `nowMs` is the wall clock's time. */
export function newDiscovery(
  { collectionName, since }: Extract<Selection, { kind: 'discovered' }>,
  { dbName, place }: Partial<Pick<Discovery, 'dbName' | 'place'>>,
  nowMs: number,
): Discovery {
  const sinceMs = since?.kind === 'ago' ? nowMs - since.durationMs : since?.timeMs
  return { collectionName, dbName, place, sinceMs, jobIds: [], ended: [], undated: 0 }
}

/** Whether the service says that a job is over; a word nobody knows may be a running one. */
export function hasEnded({ phase }: { readonly phase: Phase }): boolean {
  return phase === 'completed' || phase === 'failed'
}

/** Whether an ended job counts that was created then, in milliseconds since the epoch; one of unknown age does. */
export function countsSince(sinceMs: number | undefined, createdMs: number | undefined): boolean {
  return sinceMs !== undefined && (createdMs === undefined || createdMs >= sinceMs)
}

/** What lies outside is no time of a job but a small number, or one with another meaning. */
const FIRST_JOB_MS = Date.UTC(2019, 0, 1)
const LAST_JOB_MS = Date.UTC(2100, 0, 1)
/** `createTime` is told in whole seconds. */
const SECOND_MS = 1_000

/**
 * When a job was created, in milliseconds since the epoch: by `createTime`, else by its id, whose upper bits are the time on
 * Milvus (https://github.com/milvus-io/milvus/blob/master/pkg/util/tsoutil/tso.go). Undefined where neither tells.
 */
export function createdAtMs(jobId: string, createTime: string | undefined): number | undefined {
  const toldMs = hasZone(createTime) ? Date.parse(createTime) : Number.NaN
  // Told as 12:00:00, it may have been at 12:00:00.999.
  if (!Number.isNaN(toldMs)) return toldMs + SECOND_MS - 1
  if (!/^\d{1,19}$/.test(jobId)) return undefined
  const idMs = Number(BigInt(jobId) >> 18n)
  return idMs >= FIRST_JOB_MS && idMs < LAST_JOB_MS ? idMs : undefined
}

function hasZone(time: string | undefined): time is string {
  return time !== undefined && /T.*(?:Z|[+-]\d\d:\d\d)$/.test(time)
}

/** The jobs by age, the latest first; those whose id does not tell their age come last. */
export function latestFirst(jobs: readonly ListedJob[]): readonly ListedJob[] {
  const age = ({ jobId }: ListedJob) => createdAtMs(jobId, undefined) ?? 0
  return jobs.toSorted((a, b) => age(b) - age(a))
}
