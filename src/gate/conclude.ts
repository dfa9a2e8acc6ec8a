import type { Identities } from './aliases.ts'
import { commitsHaveBegun, isCommitInDoubt, isCommitted } from './commits.ts'
import { indicesOf } from './conclusion.ts'
import type { Conclusion, Ending, Verdict } from './conclusion.ts'
import { isHostOut, silentMs } from './faults.ts'
import type { History } from './history.ts'
import { importedRowsOf } from './job.ts'
import { judge } from './judge.ts'
import type { Policy, RowRange } from './policy.ts'

/** Rows imported over all jobs, as far as the service says. */
export interface RowCount {
  /** Sum over the jobs that say; undefined where none does. */
  readonly known: number | undefined
  /** Every job says. */
  readonly complete: boolean
}

/** The verdicts on all jobs, in the order given. */
export function judgeAll(
  jobs: readonly History[],
  policy: Policy,
  timeIsUp: boolean,
  identities?: Identities,
): readonly Verdict[] {
  const isThrough = ({ latest }: History) => latest?.phase === 'completed' || latest?.phase === 'failed'
  const circumstances = {
    serviceHasAnswered: serviceHasAnswered(jobs),
    isHostOut: isHostOut(jobs.filter((job) => !isThrough(job))),
    timeIsUp,
    identities,
  }
  return jobs.map((job) => judge(job, policy, circumstances))
}

/** The service has given a usable answer about any of the jobs. */
export function serviceHasAnswered(jobs: readonly History[]): boolean {
  return jobs.some((job) => job.latest !== undefined || job.unknown !== undefined || job.wasListed)
}

/** The gate's conclusion from the verdicts on all jobs; undefined while there is something to wait for. */
export function conclude(
  jobs: readonly History[],
  verdicts: readonly Verdict[],
  policy: Policy,
): Conclusion | undefined {
  const end = firstEnd(jobs, verdicts, policy) ?? throughTheGates(jobs, verdicts, policy)
  return end && (halfCommitted(jobs, end) ?? end)
}

/**
 * The rows that the jobs have imported are as many as the user expects. An explicit demand needs a number from every job; the
 * default only refuses a known nothing.
 */
export function rowsHold(jobs: readonly History[], { expectedRows }: Policy): boolean {
  const { known, complete } = rowCount(jobs)
  if (expectedRows === undefined) return known === undefined || known > 0
  return known !== undefined && complete && isWithin(expectedRows, known)
}

/** Rows imported over all jobs, from what the service last said of each. */
export function rowCount(jobs: readonly History[]): RowCount {
  const counts = jobs.flatMap((job) => (job.latest && importedRowsOf(job.latest)) ?? [])
  return {
    known: counts.length === 0 ? undefined : counts.reduce((sum, rows) => sum + rows, 0),
    complete: counts.length === jobs.length,
  }
}

/** How an end of these jobs ends the gate; `job` is the first of them. Where several hold at once, the first of these does. */
const ENDS: Readonly<
  Record<Ending, (job: History, jobs: readonly number[], policy: Policy) => Conclusion | undefined>
> = {
  rejected(job, jobs) {
    const error = job.refusals?.error ?? job.commit?.error
    return error && { kind: 'rejected', passes: false, jobs, error }
  },
  failed: (_, jobs) => ({ kind: 'failed', passes: false, jobs }),
  'wrong-collection': (_, jobs, { expectedCollection: expected = '' }) => ({
    kind: 'wrong-collection',
    passes: false,
    jobs,
    expected,
  }),
  'not-found': ({ unknown }, jobs) => unknown && { kind: 'not-found', passes: false, jobs, error: unknown.error },
  stalled: ({ idleMs }, jobs) => ({ kind: 'stalled', passes: false, jobs, idleMs }),
  unreachable(job, jobs) {
    // There is no answer about the job itself, else about its commit.
    const [faults, atMs] = job.outage === undefined ? [job.commit, job.commit?.endedAtMs] : [job, job.polledAtMs]
    const outageMs = silentMs(faults ?? {}, atMs ?? 0)
    return { kind: 'unreachable', passes: false, jobs, error: faults?.outage?.error, outageMs }
  },
  uncommitted: (_, jobs) => ({ kind: 'uncommitted', passes: false, jobs }),
  'timed-out': (_, jobs, { onTimeout }) => ({ kind: 'timed-out', passes: onTimeout === 'pass', jobs }),
}

function firstEnd(jobs: readonly History[], verdicts: readonly Verdict[], policy: Policy): Conclusion | undefined {
  for (const [ending, conclusionOf] of Object.entries(ENDS)) {
    const having = indicesOf(verdicts, (verdict) => verdict.kind === 'ended' && verdict.as === ending)
    const job = jobs[having[0] ?? -1]
    const conclusion = job && conclusionOf(job, having, policy)
    if (conclusion !== undefined) return conclusion
  }
  return undefined
}

/** The gate has committed some jobs, for all that anybody knows, and others are left behind. */
function halfCommitted(jobs: readonly History[], because: Conclusion): Conclusion | undefined {
  const committed = indicesOf(jobs, isCommitted)
  const left = indicesOf(jobs, (job) => !isCommitted(job) && job.latest?.phase !== 'completed')
  // Of a job alone that is in doubt nothing can be half done.
  const isHalf = committed.length > 0 ? left.length > 0 : left.length > 1 && jobs.some(isCommitInDoubt)
  return isHalf ? { kind: 'partly-committed', passes: false, committed, jobs: left, because } : undefined
}

/** Undefined where a job is not ready, or the gate has yet to commit: rows are checked before that, there is no way back. */
function throughTheGates(
  jobs: readonly History[],
  verdicts: readonly Verdict[],
  policy: Policy,
): Conclusion | undefined {
  const areReady = verdicts.length === jobs.length && verdicts.every(({ kind }) => kind === 'ready')
  if (jobs.length === 0 || !areReady) return undefined
  if (policy.waitFor === 'started') return { kind: 'started', passes: true }
  const uncommitted = indicesOf(verdicts, (verdict) => verdict.kind === 'ready' && verdict.as === 'uncommitted')
  const isToCommit = policy.onUncommitted === 'commit' && uncommitted.length > 0
  if (isToCommit && commitsHaveBegun(jobs)) return undefined
  if (!rowsHold(jobs, policy)) {
    const { expectedRows: expected } = policy
    return { kind: 'rows-not-met', passes: false, of: 'jobs', expected, imported: rowCount(jobs).known }
  }
  if (isToCommit) return undefined
  return uncommitted.length > 0
    ? { kind: 'uncommitted', passes: true, jobs: uncommitted }
    : { kind: 'completed', passes: true }
}

/** Whether the number of rows is one that is asked for. */
export function isWithin({ min, max }: RowRange, rows: number): boolean {
  return rows >= min && (max === undefined || rows <= max)
}
