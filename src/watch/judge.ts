import type { History } from './history.ts'
import type { Policy } from './policy.ts'

/** A job's end that decides the gate by itself. */
export type Ending =
  'rejected' | 'failed' | 'wrong-collection' | 'not-found' | 'stalled' | 'unreachable' | 'uncommitted' | 'timed-out'

/** What one job's history means: look again, ready as far as this job is concerned, or ended so. */
export type Verdict =
  | { readonly kind: 'look-again' }
  | { readonly kind: 'ready'; readonly as: 'completed' | 'uncommitted' }
  | { readonly kind: 'ended'; readonly as: Ending }

/** What holds for all jobs at the moment of judging. */
export interface Circumstances {
  /** The service has given a usable answer about any job. */
  readonly serviceHasAnswered: boolean
  /** The deadline has passed and the last look is done. */
  readonly timeIsUp: boolean
}

/** How long a job that was never seen may stay unknown: a job is listed a moment after it was created. */
export const NOT_FOUND_GRACE_MS = 30_000

const LOOK_AGAIN: Verdict = { kind: 'look-again' }
const ended = (as: Ending): Verdict => ({ kind: 'ended', as })

/** The verdict on one job. Fails closed: only the state `Completed` (or `Uncommitted`, where asked for) is ever ready. */
export function judge(history: History, policy: Policy, circumstances: Circumstances): Verdict {
  const { latest, unknown, outage } = history
  if (history.refusal !== undefined) return ended('rejected')
  if (latest?.phase === 'failed') return ended('failed')
  if (belongsElsewhere(history, policy)) return ended('wrong-collection')
  if (unknown !== undefined && outage === undefined && isGone(history)) return ended('not-found')
  if (policy.stallTimeoutMs !== undefined && history.quietMs >= policy.stallTimeoutMs) return ended('stalled')
  if (
    outage !== undefined &&
    outage.untilMs - outage.sinceMs >= maxOutageMs(policy, circumstances.serviceHasAnswered)
  ) {
    return ended('unreachable')
  }
  if (unknown === undefined && outage === undefined) {
    if (latest?.phase === 'completed') return { kind: 'ready', as: 'completed' }
    if (latest?.phase === 'uncommitted' && policy.onUncommitted === 'pass') return { kind: 'ready', as: 'uncommitted' }
    if (latest?.phase === 'uncommitted' && policy.onUncommitted === 'fail') return ended('uncommitted')
  }
  return circumstances.timeIsUp ? atTheDeadline(history) : LOOK_AGAIN
}

/** How long the service may give no usable answer before the gate gives up on it. */
export function maxOutageMs(policy: Policy, serviceHasAnswered: boolean): number {
  return policy.maxOutageMs ?? (serviceHasAnswered ? 300_000 : 60_000)
}

function belongsElsewhere({ latest }: History, { expectedCollection }: Policy): boolean {
  return (
    expectedCollection !== undefined &&
    latest?.collectionName !== undefined &&
    latest.collectionName !== expectedCollection
  )
}

function isGone({ latest, unknown, lookedAtMs }: History): boolean {
  if (unknown === undefined || lookedAtMs === undefined) return false
  // A record that was there and is not any more has expired; the second answer rules out a replica that lags.
  if (latest !== undefined) return unknown.answers >= 2
  return lookedAtMs - unknown.sinceMs >= NOT_FOUND_GRACE_MS
}

/** A job that nobody ever had a good answer about, or that is gone, did not merely take too long. */
function atTheDeadline({ latest, unknown, outage }: History): Verdict {
  if (unknown !== undefined && outage === undefined) return ended('not-found')
  return ended(latest === undefined ? 'unreachable' : 'timed-out')
}
