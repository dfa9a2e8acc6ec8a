import type { Conclusion } from './conclusion.ts'
import type { History } from './history.ts'
import { importedRowsOf } from './import-job.ts'
import { judge } from './judge.ts'
import type { Ending, Verdict } from './judge.ts'
import type { Policy, RowRange } from './policy.ts'

/** Rows imported over all jobs, as far as the service says. */
export interface RowCount {
  /** Sum over the jobs that say; undefined where none does. */
  readonly known: number | undefined
  /** Every job says. */
  readonly complete: boolean
}

/** The verdicts on all jobs, in the order given. */
export function judgeAll(jobs: readonly History[], policy: Policy, timeIsUp: boolean): readonly Verdict[] {
  const circumstances = { serviceHasAnswered: serviceHasAnswered(jobs), timeIsUp }
  return jobs.map((job) => judge(job, policy, circumstances))
}

/** The service has given a usable answer about any of the jobs. */
export function serviceHasAnswered(jobs: readonly History[]): boolean {
  return jobs.some((job) => job.latest !== undefined || job.unknown !== undefined)
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
  return (
    badEnd(jobs, having, policy) ??
    restingUncommitted(having('uncommitted')) ??
    outOfTime(having('timed-out'), policy) ??
    (jobs.length > 0 && verdicts.every((verdict) => verdict.kind === 'ready')
      ? throughTheGates(jobs, policy)
      : undefined)
  )
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
  const rejection = first(jobs, rejected)?.refusal
  if (rejection !== undefined) return { kind: 'rejected', passes: false, jobs: rejected, trouble: rejection }
  const failed = having('failed')
  if (failed.length > 0) return { kind: 'failed', passes: false, jobs: failed }
  const elsewhere = having('wrong-collection')
  if (elsewhere.length > 0) {
    return { kind: 'wrong-collection', passes: false, jobs: elsewhere, expected: policy.expectedCollection ?? '' }
  }
  const gone = having('not-found')
  const unknown = first(jobs, gone)?.unknown
  if (unknown !== undefined) return { kind: 'not-found', passes: false, jobs: gone, trouble: unknown.trouble }
  const stalled = having('stalled')
  if (stalled.length > 0) {
    return { kind: 'stalled', passes: false, jobs: stalled, quietMs: first(jobs, stalled)?.quietMs ?? 0 }
  }
  const unreachable = having('unreachable')
  if (unreachable.length === 0) return undefined
  const job = first(jobs, unreachable)
  return {
    kind: 'unreachable',
    passes: false,
    jobs: unreachable,
    trouble: job?.outage?.trouble,
    outageMs: job?.outage === undefined ? 0 : (job.lookedAtMs ?? 0) - job.outage.sinceMs,
  }
}

function restingUncommitted(jobs: readonly number[]): Conclusion | undefined {
  return jobs.length > 0 ? { kind: 'uncommitted', passes: false, jobs } : undefined
}

function outOfTime(jobs: readonly number[], policy: Policy): Conclusion | undefined {
  return jobs.length > 0 ? { kind: 'timed-out', passes: policy.onTimeout === 'pass', jobs } : undefined
}

function throughTheGates(jobs: readonly History[], policy: Policy): Conclusion {
  const rows = rowCount(jobs)
  if (!rowGateHolds(rows, policy.expectedRows)) {
    return { kind: 'rows-not-met', passes: false, expected: policy.expectedRows, imported: rows.known }
  }
  const uncommitted = jobs.flatMap((job, i) => (job.latest?.phase === 'uncommitted' ? [i] : []))
  return uncommitted.length > 0
    ? { kind: 'uncommitted', passes: true, jobs: uncommitted }
    : { kind: 'completed', passes: true }
}

/** An explicit demand needs a number from every job; the default only refuses a known nothing. */
function rowGateHolds({ known, complete }: RowCount, expected: RowRange | undefined): boolean {
  if (expected === undefined) return known === undefined || known > 0
  if (known === undefined || !complete) return false
  return known >= expected.min && (expected.max === undefined || known <= expected.max)
}

function first(jobs: readonly History[], indices: readonly number[]): History | undefined {
  const [index] = indices
  return index === undefined ? undefined : jobs[index]
}
