import type { Identities } from './aliases.ts'
import type { Conclusion } from './conclusion.ts'
import type { History } from './history.ts'
import { importedRowsOf } from './job.ts'
import { judge } from './judge.ts'
import type { Ending, Readiness, Verdict } from './judge.ts'
import { isHostOut } from './outage.ts'
import type { Policy, RowRange } from './policy.ts'
import { isCommitInDoubt, isCommitted } from './commit-state.ts'
import { commitsHaveBegun } from './commits.ts'

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
  const ends = new Map<Ending, number[]>()
  for (const [i, verdict] of verdicts.entries()) {
    if (verdict.kind === 'ended') ends.set(verdict.as, [...(ends.get(verdict.as) ?? []), i])
  }
  const having = (as: Ending) => ends.get(as) ?? []
  const ready = verdicts.flatMap((verdict) => (verdict.kind === 'ready' ? [verdict.as] : []))
  const end =
    badEnd(jobs, having, policy) ??
    restingUncommitted(having('uncommitted')) ??
    outOfTime(having('timed-out'), policy) ??
    (jobs.length > 0 && ready.length === jobs.length ? throughTheGates(jobs, ready, policy) : undefined)
  return end && (halfCommitted(jobs, end) ?? end)
}

/** The rows that the jobs have imported are as many as the user expects. */
export function rowsHold(jobs: readonly History[], policy: Policy): boolean {
  return rowGateHolds(rowCount(jobs), policy.expectedRows)
}

/** Rows imported over all jobs, from what the service last said of each. */
export function rowCount(jobs: readonly History[]): RowCount {
  const counts = jobs.flatMap((job) => (job.latest && importedRowsOf(job.latest)) ?? [])
  return {
    known: counts.length === 0 ? undefined : counts.reduce((sum, rows) => sum + rows, 0),
    complete: counts.length === jobs.length,
  }
}

/** Where several ends hold at once, the first of these is the gate's. */
function badEnd(
  jobs: readonly History[],
  having: (as: Ending) => readonly number[],
  policy: Policy,
): Conclusion | undefined {
  const rejected = having('rejected')
  const refusedJob = first(jobs, rejected)
  const rejection = refusedJob?.refusals?.error ?? refusedJob?.commit?.error
  if (rejection !== undefined) return { kind: 'rejected', passes: false, jobs: rejected, error: rejection }
  const failed = having('failed')
  if (failed.length > 0) return { kind: 'failed', passes: false, jobs: failed }
  const elsewhere = having('wrong-collection')
  if (elsewhere.length > 0) {
    return { kind: 'wrong-collection', passes: false, jobs: elsewhere, expected: policy.expectedCollection ?? '' }
  }
  const gone = having('not-found')
  const unknown = first(jobs, gone)?.unknown
  if (unknown !== undefined) return { kind: 'not-found', passes: false, jobs: gone, error: unknown.error }
  const stalled = having('stalled')
  const still = first(jobs, stalled)
  if (still !== undefined) return { kind: 'stalled', passes: false, jobs: stalled, idleMs: still.idleMs }
  const unreachable = having('unreachable')
  const silent = first(jobs, unreachable)
  return silent && { kind: 'unreachable', passes: false, jobs: unreachable, ...lost(silent) }
}

/** Since when and why there is no answer: about the job itself, else about its commit. */
function lost(job: History) {
  if (job.outage !== undefined) {
    return { error: job.outage.error, outageMs: (job.polledAtMs ?? 0) - job.outage.silentSinceMs }
  }
  const { outage, endedAtMs = 0 } = job.commit ?? {}
  return { error: outage?.error, outageMs: outage === undefined ? 0 : endedAtMs - outage.silentSinceMs }
}

/** The gate has committed some jobs, for all that anybody knows, and others are left behind. */
function halfCommitted(jobs: readonly History[], because: Conclusion): Conclusion | undefined {
  const having = (is: (job: History) => boolean) => jobs.flatMap((job, i) => (is(job) ? [i] : []))
  const committed = having(isCommitted)
  const left = having((job) => !isCommitted(job) && job.latest?.phase !== 'completed')
  // Of a job alone that is in doubt nothing can be half done.
  const isHalf = committed.length > 0 ? left.length > 0 : left.length > 1 && jobs.some(isCommitInDoubt)
  return isHalf ? { kind: 'partly-committed', passes: false, committed, jobs: left, because } : undefined
}

function restingUncommitted(jobs: readonly number[]): Conclusion | undefined {
  return jobs.length > 0 ? { kind: 'uncommitted', passes: false, jobs } : undefined
}

function outOfTime(jobs: readonly number[], policy: Policy): Conclusion | undefined {
  return jobs.length > 0 ? { kind: 'timed-out', passes: policy.onTimeout === 'pass', jobs } : undefined
}

/** Undefined where the gate has yet to commit. Rows are checked before the first commit: after it there is no way back. */
function throughTheGates(
  jobs: readonly History[],
  ready: readonly Readiness[],
  policy: Policy,
): Conclusion | undefined {
  if (policy.waitFor === 'started') return { kind: 'started', passes: true }
  const uncommitted = ready.flatMap((as, i) => (as === 'uncommitted' ? [i] : []))
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

/** An explicit demand needs a number from every job; the default only refuses a known nothing. */
function rowGateHolds({ known, complete }: RowCount, expected: RowRange | undefined): boolean {
  if (expected === undefined) return known === undefined || known > 0
  return known !== undefined && complete && isWithin(expected, known)
}

/** Whether the number of rows is one that is asked for. */
export function isWithin({ min, max }: RowRange, rows: number): boolean {
  return rows >= min && (max === undefined || rows <= max)
}

function first(jobs: readonly History[], indices: readonly number[]): History | undefined {
  return indices.map((i) => jobs[i])[0]
}
