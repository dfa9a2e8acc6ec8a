import { aliasOfJob } from './aliases.ts'
import type { Identities } from './aliases.ts'
import { isCommitRefused, isFinallyRefused } from './commits.ts'
import type { Ending, Verdict } from './conclusion.ts'
import { isConfirmed, isRefusedAtDeadline, isTooLong, maxOutageMs } from './faults.ts'
import type { CommitState, History } from './history.ts'
import type { JobSnapshot } from './job.ts'
import type { Policy } from './policy.ts'
import { NOT_FOUND_GRACE_MS } from './timing.ts'

/** What holds for all jobs at the moment of judging. */
export interface JudgeContext {
  /** The service has given a usable answer about any job. */
  readonly serviceHasAnswered: boolean
  /** Which collections the names of jobs stand for; undefined where it cannot be asked, so that the names decide. */
  readonly identities?: Identities | undefined
  /** Of no job that is still polled the last response was usable: the host is out, and not one job alone. */
  readonly isHostOut: boolean
  /** The deadline has passed and the last poll is done. */
  readonly timeIsUp: boolean
}

const POLL_AGAIN: Verdict = { kind: 'poll-again' }
const ended = (as: Ending): Verdict => ({ kind: 'ended', as })

/** The verdict on one job. Fails closed: only `Completed` is ever ready, or where asked for `Uncommitted` or a running job. */
export function judge(history: History, policy: Policy, circumstances: JudgeContext): Verdict {
  const { latest, unknown, outage, refusals } = history
  if (isConfirmed(refusals) || isCommitRefused(history, circumstances.timeIsUp)) return ended('rejected')
  if (hasFailed(latest)) return ended('failed')
  const alias = aliasOfJob(history, policy, circumstances.identities)
  if (alias === 'different' || alias === 'unknown' || (alias === 'pending' && circumstances.timeIsUp)) {
    return ended('wrong-collection')
  }
  if (alias === 'pending') return POLL_AGAIN
  const hasAnswered = outage === undefined && refusals === undefined
  if (unknown !== undefined && hasAnswered && isGone(history, unknown)) return ended('not-found')
  if (history.idleMs >= (policy.stallTimeoutMs ?? Infinity)) return ended('stalled')
  const mostMs = maxOutageMs(policy, circumstances.serviceHasAnswered)
  if (circumstances.isHostOut && isTooLong(outage, mostMs)) return ended('unreachable')
  if (unknown === undefined && hasAnswered) {
    // A word that is not known is never a success.
    const isStarted = latest !== undefined && latest.phase !== 'unknown'
    if (policy.waitFor === 'started' && isStarted) return { kind: 'ready', as: 'started' }
    if (latest?.phase === 'completed') return { kind: 'ready', as: 'completed' }
    if (latest?.phase === 'uncommitted') return atRest(history, policy, circumstances)
  }
  if (!circumstances.timeIsUp) return POLL_AGAIN
  if (isRefusedAtDeadline(refusals, policy)) return ended('rejected')
  // A job without any good answer, or one that is gone, did not merely take too long.
  if (unknown !== undefined && hasAnswered) return ended('not-found')
  return ended(latest === undefined ? 'unreachable' : 'timed-out')
}

/** A two-phase job whose rows are in and wait for a commit: ready, where the user wants that. */
function atRest(history: History, policy: Policy, circumstances: JudgeContext): Verdict {
  const { timeIsUp, serviceHasAnswered } = circumstances
  switch (policy.onUncommitted) {
    case 'pass':
      return { kind: 'ready', as: 'uncommitted' }
    case 'fail':
      return ended('uncommitted')
    case 'wait':
      return timeIsUp ? ended('timed-out') : POLL_AGAIN
    case 'commit':
      return toBeCommitted(history.commit, timeIsUp, maxOutageMs(policy, serviceHasAnswered))
  }
}

/** Fails closed: an accepted commit is over only once the job is Completed, one in doubt is asked about before it is repeated. */
function toBeCommitted(commit: CommitState | undefined, timeIsUp: boolean, mostOutageMs: number): Verdict {
  if (isTooLong(commit?.outage, mostOutageMs)) return ended('unreachable')
  if (timeIsUp) return ended('timed-out')
  const mayBeRepeated = commit?.state === 'in-doubt' || (commit?.state === 'refused' && !isFinallyRefused(commit))
  return commit === undefined || (mayBeRepeated && commit.isPolledSince)
    ? { kind: 'ready', as: 'uncommitted' }
    : POLL_AGAIN
}

/** Failed, or Completed with a file that failed. */
function hasFailed(latest: JobSnapshot | undefined): boolean {
  const isThrough = latest?.phase === 'completed'
  return latest?.phase === 'failed' || (isThrough && latest.files.some(({ phase }) => phase === 'failed'))
}

function isGone({ latest, polledAtMs }: History, unknown: NonNullable<History['unknown']>): boolean {
  // A record that was there and is not any more has expired; the second answer rules out a replica that lags.
  if (latest !== undefined) return unknown.answers >= 2
  return (polledAtMs ?? 0) - unknown.sinceMs >= NOT_FOUND_GRACE_MS
}
