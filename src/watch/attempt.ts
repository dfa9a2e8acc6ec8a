import type { Span } from './clock.ts'
import type { History } from './history.ts'
import type { Trouble } from './import-job.ts'
import type { Deed } from './import-service.ts'
import { prolonged } from './outage.ts'
import type { Outage } from './outage.ts'

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

type Committing = Pick<History, 'commit' | 'latest'>

/** The gate has committed the job, as far as anybody can tell. */
export function isCommitted({ commit, latest }: Committing): boolean {
  if (commit === undefined || latest?.phase === 'failed') return false
  return commit.state === 'done' || latest?.phase === 'committing' || latest?.phase === 'completed'
}

/** The gate has aborted the job: its rows are given up. */
export function isAborted({ abort }: Pick<History, 'abort'>): boolean {
  return abort?.state === 'done'
}

/** A commit was sent, and nobody knows whether it was carried out. */
export function isCommitInDoubt(job: Committing): boolean {
  const { commit, latest } = job
  return commit?.state === 'in-doubt' && !commit.isAskedAbout && latest?.phase !== 'failed' && !isCommitted(job)
}

/** The job will not be committed: the service refuses it, and the job itself does not say otherwise when asked. */
export function isCommitRefused(job: Committing, timeIsUp: boolean): boolean {
  const { commit } = job
  return commit?.state === 'refused' && (commit.isAskedAbout || timeIsUp) && !isCommitted(job)
}
