import type { Span } from './clock.ts'
import type { JobSnapshot, ServiceError } from './job.ts'
import type { CommitResult } from './import-service.ts'
import { prolonged } from './outage.ts'
import { isConfirmed, recordRefusal } from './refusals.ts'
import type { Refusals } from './refusals.ts'
import type { Outage } from './outage.ts'

/** What the gate can do to a two-phase job. */
export type CommitAction = 'commit' | 'abort'

/** What became of the gate's own attempts to commit or to abort a job. */
export interface CommitState {
  /**
   * `declined`: the job is in another state, or the service has no such operation. `refused`: a refusal that others have to
   * confirm. `in-doubt`: the response was lost, so it may have been carried out.
   */
  readonly state: 'done' | 'declined' | 'refused' | 'in-doubt'
  /** Refusals in a row. */
  readonly refusals?: Refusals | undefined
  readonly times: number
  /** When the last attempt ended. */
  readonly endedAtMs: number
  /** The job itself has been polled since. */
  readonly isPolledSince: boolean
  /** Why the last one failed. */
  readonly error: ServiceError | undefined
  /** Since when the answers have been lost. */
  readonly outage: Outage | undefined
}

/** The attempts after one more. One that was cut short by ourselves may have been carried out all the same. */
export function attempted(before: CommitState | undefined, result: CommitResult, span: Span): CommitState {
  const after = { times: (before?.times ?? 0) + 1, endedAtMs: span.endedAtMs, isPolledSince: false }
  switch (result.kind) {
    case 'done':
      return { ...after, state: 'done', error: undefined, outage: undefined }
    case 'refused': {
      const { error } = result
      if (isDeclined(error)) return { ...after, state: 'declined', error, outage: undefined }
      const refusals = recordRefusal(before?.refusals, result, span)
      return { ...after, state: 'refused', refusals, error, outage: before?.outage }
    }
    case 'declined':
    case 'unknown-job':
      return { ...after, state: 'declined', error: result.error, outage: undefined }
    case 'cancelled':
      return { ...after, state: 'in-doubt', refusals: before?.refusals, error: before?.error, outage: before?.outage }
    case 'outage': {
      const { error } = result
      return { ...after, state: 'in-doubt', error, outage: prolonged(before?.outage, error, span) }
    }
  }
}

interface Committing {
  readonly commit: CommitState | undefined
  readonly latest: JobSnapshot | undefined
}

/** The gate has committed the job, as far as anybody can tell. */
export function isCommitted({ commit, latest }: Committing): boolean {
  if (commit === undefined || latest?.phase === 'failed') return false
  return commit.state === 'done' || latest?.phase === 'committing' || latest?.phase === 'completed'
}

/** The gate has aborted the job: its rows are given up. */
export function isAborted({ abort }: { readonly abort: CommitState | undefined }): boolean {
  return abort?.state === 'done'
}

/** A commit was sent, and it is unknown whether it was carried out. */
export function isCommitInDoubt(job: Committing): boolean {
  const { commit, latest } = job
  return commit?.state === 'in-doubt' && !commit.isPolledSince && latest?.phase !== 'failed' && !isCommitted(job)
}

/** What one response decides: 2100 about a state, and a service that has no such operation. */
function isDeclined({ kind }: ServiceError): boolean {
  return kind === 'declined' || kind === 'no-operation'
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
