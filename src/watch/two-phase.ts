import type { Span } from './clock.ts'
import type { History } from './history.ts'
import type { Trouble } from './import-job.ts'
import type { Deed } from './import-service.ts'
import { belongsElsewhere } from './judge.ts'
import type { Verdict } from './judge.ts'
import { prolonged } from './outage.ts'
import type { Outage } from './outage.ts'
import type { Policy } from './policy.ts'

/** What the gate can do to a two-phase job. */
export type Act = 'commit' | 'abort'

/** What became of the gate's own attempts to commit or to abort a job. */
export interface Attempt {
  /** `in-doubt`: the answer was lost, so that nobody here knows whether it was carried out. */
  readonly state: 'done' | 'refused' | 'in-doubt'
  readonly times: number
  /** When the last attempt ended. */
  readonly endedAtMs: number
  /** The job itself has been looked at since. */
  readonly isAskedAbout: boolean
  /** Why the last one failed. */
  readonly trouble: Trouble | undefined
  /** Since when the answers have been lost. */
  readonly outage: Outage | undefined
}

/** The attempts after one more. One that was cut short by ourselves may have been carried out all the same. */
export function attempted(before: Attempt | undefined, deed: Deed, span: Span): Attempt {
  const after = { times: (before?.times ?? 0) + 1, endedAtMs: span.endedAtMs, isAskedAbout: false }
  switch (deed.kind) {
    case 'done':
      return { ...after, state: 'done', trouble: undefined, outage: undefined }
    case 'refused':
    case 'unknown-job':
      return { ...after, state: 'refused', trouble: deed.trouble, outage: undefined }
    case 'cancelled':
      return { ...after, state: 'in-doubt', trouble: before?.trouble, outage: before?.outage }
    case 'outage': {
      const { trouble } = deed
      return { ...after, state: 'in-doubt', trouble, outage: prolonged(before?.outage, trouble, span) }
    }
  }
}

/** The gate has committed the job, as far as anybody can tell. */
export function isCommitted({ commit, latest }: History): boolean {
  if (commit === undefined) return false
  return commit.state === 'done' || latest?.phase === 'committing' || latest?.phase === 'completed'
}

/** Some jobs have been committed by the gate: what happens to the others now leaves the import half done. */
export function commitsHaveBegun(jobs: readonly History[]): boolean {
  return jobs.some(isCommitted)
}

/** When a job is to be committed, on the clock. */
export interface DueCommit {
  readonly job: number
  readonly atMs: number
}

/**
 * The commits that are due: none before every job is ready, the first one alone, lest a service that knows no commit or a key
 * that may not is found out half way; then the others, unless one was refused.
 */
export function dueCommits(
  jobs: readonly History[],
  verdicts: readonly Verdict[],
  rowsHold: boolean,
): readonly DueCommit[] {
  if (jobs.some(({ commit }) => commit?.state === 'refused')) return []
  const due = jobs.flatMap((job, i) => {
    const verdict = verdicts[i]
    return verdict?.kind === 'ready' && verdict.as === 'uncommitted' ? [{ job: i, atMs: repeatAtMs(job.commit) }] : []
  })
  if (commitsHaveBegun(jobs)) return due
  const areReady = rowsHold && verdicts.every(({ kind }) => kind === 'ready')
  return areReady ? due.slice(0, 1) : []
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 30_000

/** A commit that was lost is repeated, each time a little later. */
function repeatAtMs(commit: Attempt | undefined): number {
  if (commit === undefined) return Number.NEGATIVE_INFINITY
  return commit.endedAtMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** (commit.times - 1))
}

/**
 * The jobs that an abort may still reach: at Uncommitted or on their way there. One whose commit was accepted, or may have
 * been carried out, is left alone, and so is one of another collection, which is somebody else's.
 */
export function abortableJobs(jobs: readonly History[], policy: Policy): readonly number[] {
  return jobs.flatMap((job, i) => (isAbortable(job) && !belongsElsewhere(job, policy) ? [i] : []))
}

function isAbortable({ latest, unknown, refusal, commit }: History): boolean {
  if (latest === undefined || unknown !== undefined || refusal !== undefined) return false
  if (commit?.state === 'done' || (commit?.state === 'in-doubt' && !commit.isAskedAbout)) return false
  return latest.phase !== 'completed' && latest.phase !== 'failed' && latest.phase !== 'committing'
}
