import type { Phase } from './job.ts'
import type { ListedJob } from './import-service.ts'
import type { Selection } from './policy.ts'
import { CLOCK_SKEW_MS } from './timing.ts'

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
  /** Ended jobs to wait for although the service does not say when they were created. */
  readonly ofUnknownAge: readonly string[]
  /** Names of collections whose jobs are left out, since it could not be asked whether they are aliases. */
  readonly leftOut: readonly string[]
}

/** What is known of a search before it begins; `nowMs` is the wall clock's time. */
export function newDiscovery(
  { collectionName, since }: Extract<Selection, { kind: 'discovered' }>,
  { dbName, place }: Partial<Pick<Discovery, 'dbName' | 'place'>>,
  nowMs: number,
): Discovery {
  const sinceMs = since?.kind === 'ago' ? nowMs - since.durationMs : since?.timeMs
  return { collectionName, dbName, place, sinceMs, jobIds: [], ended: [], undated: 0, ofUnknownAge: [], leftOut: [] }
}

/** Whether the service says that a job is over; an unknown word may be a running one. */
export function hasEnded({ phase }: { readonly phase: Phase }): boolean {
  return phase === 'completed' || phase === 'failed'
}

/** A time outside is not that of a job. */
const FIRST_JOB_MS = Date.UTC(2019, 0, 1)
const LAST_JOB_MS = Date.UTC(2100, 0, 1)
/** Times of jobs come in whole seconds. */
const SECOND_MS = 1_000

/** What the service says of the age of an ended job: RFC 3339 times, and the phase. */
export interface JobAge {
  readonly phase: Phase
  /** `createTime`, or on Zilliz Cloud `startTime`. */
  readonly created: string | undefined
  readonly completed: string | undefined
}

/**
 * Whether an ended job was created since then. One whose age is not known counts, unless it was Completed before. The id says
 * nothing: it may be older than its job, since proxies of Milvus 2.6.0 to 2.6.4 take ids from a batch.
 */
export function countsSince(sinceMs: number | undefined, age: JobAge): boolean {
  if (sinceMs === undefined) return false
  const fromMs = sinceMs - CLOCK_SKEW_MS
  const createdMs = plausibleTimeMs(age.created)
  if (createdMs !== undefined) return createdMs >= fromMs
  const completedMs = age.phase === 'completed' ? plausibleTimeMs(age.completed) : undefined
  return completedMs === undefined || completedMs >= fromMs
}

/** Whether the service has said when the job was created. */
export function isAgeKnown({ created }: JobAge): boolean {
  return plausibleTimeMs(created) !== undefined
}

/** The end of the second that a time names, in milliseconds since the epoch; undefined where it is none, or has no zone. */
function plausibleTimeMs(time: string | undefined): number | undefined {
  if (time === undefined || !/T.*(?:Z|[+-]\d\d:\d\d)$/.test(time)) return undefined
  const timeMs = Date.parse(time)
  return timeMs >= FIRST_JOB_MS && timeMs < LAST_JOB_MS ? timeMs + SECOND_MS - 1 : undefined
}

/**
 * About when the id of a job was made, in milliseconds since the epoch: on Milvus its upper bits are the time
 * (https://github.com/milvus-io/milvus/blob/master/pkg/util/tsoutil/tso.go). Good for sorting only.
 */
export function idTimeMs(jobId: string): number | undefined {
  if (!/^\d{1,19}$/.test(jobId)) return undefined
  const idMs = Number(BigInt(jobId) >> 18n)
  return idMs >= FIRST_JOB_MS && idMs < LAST_JOB_MS ? idMs : undefined
}

/** The jobs by age, the latest first; those whose id does not tell their age come last. */
export function latestFirst(jobs: readonly ListedJob[]): readonly ListedJob[] {
  const age = ({ jobId }: ListedJob) => idTimeMs(jobId) ?? 0
  return jobs.toSorted((a, b) => age(b) - age(a))
}
