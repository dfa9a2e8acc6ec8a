import { aliasOfJob } from './aliases.ts'
import type { Identities } from './aliases.ts'
import type { Span } from './clock.ts'
import type { Verdict } from './conclusion.ts'
import { isConfirmed, nextAttemptAtMs, prolonged, recordRefusal } from './faults.ts'
import type { CommitState, History } from './history.ts'
import type { CommitResult } from './import-service.ts'
import { MIN_PAUSE_MS } from './pace.ts'
import type { Policy } from './policy.ts'

/** The attempts after one more. One that was cut short by ourselves may have been carried out all the same. */
export function attempted(before: CommitState | undefined, result: CommitResult, span: Span): CommitState {
  const { refusals, outage } = before ?? {}
  const after = { times: (before?.times ?? 0) + 1, endedAtMs: span.endedAtMs, isPolledSince: false }
  if (result.kind === 'done') return { ...after, state: 'done', outage: undefined, error: undefined }
  if (result.kind === 'cancelled') return { ...after, state: 'in-doubt', refusals, outage, error: before?.error }
  const { error } = result
  if (result.kind === 'outage') return { ...after, state: 'in-doubt', outage: prolonged(outage, error, span), error }
  if (result.kind !== 'refused' || isDeclined(result)) return { ...after, state: 'declined', error }
  return { ...after, state: 'refused', refusals: recordRefusal(refusals, result, span), outage, error }
}

/** What one response decides: 2100 about a state, and a service that has no such operation. */
function isDeclined({ error: { kind } }: Extract<CommitResult, { kind: 'refused' }>): boolean {
  return kind === 'declined' || kind === 'no-operation'
}

type Committing = Pick<History, 'commit' | 'latest'>

/** The gate has committed the job, as far as anybody can tell. */
export function isCommitted({ commit, latest }: Committing): boolean {
  if (commit === undefined || latest?.phase === 'failed') return false
  return commit.state === 'done' || latest?.phase === 'committing' || latest?.phase === 'completed'
}

/** Some jobs have been committed by the gate: what happens to the others now leaves the import half done. */
export function commitsHaveBegun(jobs: readonly History[]): boolean {
  return jobs.some(isCommitted)
}

/** The gate has aborted the job: its rows are given up. */
export function isAborted({ abort }: Pick<History, 'abort'>): boolean {
  return abort?.state === 'done'
}

/** A commit was sent, and it is unknown whether it was carried out. */
export function isCommitInDoubt(job: Committing): boolean {
  const { commit, latest } = job
  return commit?.state === 'in-doubt' && !commit.isPolledSince && latest?.phase !== 'failed' && !isCommitted(job)
}

/** No further request is sent: the service declined it, or its refusal is confirmed. */
export function isFinallyRefused(state: CommitState | undefined): boolean {
  return state?.state === 'declined' || isConfirmed(state?.refusals)
}

/** The job will not be committed: the service refuses it, and a poll of the job does not say otherwise. */
export function isCommitRefused(job: Committing, timeIsUp: boolean): boolean {
  const { commit } = job
  return isFinallyRefused(commit) && (commit?.isPolledSince === true || timeIsUp) && !isCommitted(job)
}

/** When a job is to be committed, on the clock. */
interface DueCommit {
  readonly job: number
  readonly atMs: number
}

/**
 * The commits that are due: none before every job is ready and has been seen so of late, the first one alone, lest a service
 * that knows no commit or a key that may not is found out half way; then the others, unless one was refused.
 */
export function dueCommits(
  jobs: readonly History[],
  verdicts: readonly Verdict[],
  rowsHold: boolean,
): readonly DueCommit[] {
  if (jobs.some((job) => isFinallyRefused(job.commit) && !isCommitted(job))) return []
  const due = jobs.flatMap((job, i) => {
    const verdict = verdicts[i]
    return verdict?.kind === 'ready' && verdict.as === 'uncommitted' ? [{ job: i, atMs: repeatAtMs(job.commit) }] : []
  })
  if (commitsHaveBegun(jobs)) return due
  return areReady(verdicts, rowsHold) && outdatedJobs(jobs, verdicts, rowsHold).length === 0 ? due.slice(0, 1) : []
}

/**
 * The jobs to be polled once more before the first commit, or before the gate passes without one: they rest at Uncommitted
 * as of a poll that is older than the changes that all are ready, and somebody may have aborted them since.
 */
export function outdatedJobs(
  jobs: readonly History[],
  verdicts: readonly Verdict[],
  rowsHold: boolean,
): readonly number[] {
  if (!areReady(verdicts, rowsHold) || commitsHaveBegun(jobs)) return []
  const readySinceMs = Math.max(
    ...jobs.flatMap(({ changedAtMs, commit }) => [changedAtMs ?? 0, commit?.endedAtMs ?? 0]),
  )
  return jobs.flatMap(({ latest, polledAtMs = 0 }, i) =>
    latest?.phase !== 'completed' && polledAtMs < readySinceMs - MIN_PAUSE_MS ? [i] : [],
  )
}

function areReady(verdicts: readonly Verdict[], rowsHold: boolean): boolean {
  return rowsHold && verdicts.every(({ kind }) => kind === 'ready')
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 30_000

/** A commit that was lost is repeated, each time a little later. */
function repeatAtMs(commit: CommitState | undefined): number {
  if (commit === undefined) return Number.NEGATIVE_INFINITY
  if (commit.refusals !== undefined) return nextAttemptAtMs(commit.refusals)
  return commit.endedAtMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** (commit.times - 1))
}

/**
 * The jobs that are aborted: those that the gate has seen at Uncommitted, and one that this step started as a two-phase
 * import, also while it runs. Nothing on the wire says of another running job that it is two-phase, and an abort may end an
 * ordinary import (milvus-io/milvus#53159). A job whose commit was accepted, or may have been carried out, is left alone, and
 * so is one of another collection, which is somebody else's.
 */
export function abortableJobs(jobs: readonly History[], policy: Policy, identities?: Identities): readonly number[] {
  return jobs.flatMap((job, i) => (isAbortable(job) && aliasOfJob(job, policy, identities) === 'same' ? [i] : []))
}

function isAbortable(job: History): boolean {
  const { latest, unknown, refusals, commit, wasUncommitted, isOwnTwoPhase } = job
  if (!wasUncommitted && !isOwnTwoPhase) return false
  if (unknown !== undefined || refusals !== undefined) return false
  if (commit?.state === 'done' || isCommitInDoubt(job)) return false
  return latest?.phase !== 'completed' && latest?.phase !== 'failed' && latest?.phase !== 'committing'
}
