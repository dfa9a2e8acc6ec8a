import { isApart } from './clock.ts'
import type { Span } from './clock.ts'
import type { ServiceError } from './job.ts'

/**
 * Refusals in a row of one operation on one job or collection. Milvus refuses in passing, too: 1800 on any error of its
 * credential lookup, 100 for a moment after a fail-over. So one refusal never ends the gate, and any other response starts
 * the count anew. A refusal neither ends nor prolongs an outage, so keep the outage of a history when one comes.
 */
export interface Refusals {
  /** Of the last one. */
  readonly error: ServiceError
  readonly count: number
  /** When the first one came. */
  readonly sinceMs: number
  /** When the last one came. */
  readonly lastAtMs: number
  /** The host has sent an envelope that was no refusal. */
  readonly hostHasAnswered: boolean
}

/** How often a refusal is repeated, and what confirms it: so many in a row that span so much time. */
const BEFORE_HOST_ANSWERED = { pauseMs: 2_000, count: 2, spanMs: 2_000 }
const AFTER_HOST_ANSWERED = { pauseMs: 5_000, count: 3, spanMs: 10_000 }
interface Refusal {
  readonly kind: 'refused'
  readonly error: ServiceError
  readonly hostHasAnswered?: boolean
}
/** What any operation returned: only the kind matters where it is no refusal. */
type Result = Refusal | { readonly kind: Exclude<string, 'refused'> }

/** The refusals in a row after one more result of the same operation. A cancelled request says nothing. */
export function recordRefusal(before: Refusals | undefined, result: Result, { endedAtMs }: Span): Refusals | undefined {
  if (result.kind === 'cancelled') return before
  if (!isRefusal(result)) return undefined
  return {
    error: result.error,
    count: (before?.count ?? 0) + 1,
    sinceMs: before?.sinceMs ?? endedAtMs,
    lastAtMs: endedAtMs,
    hostHasAnswered: result.hostHasAnswered === true,
  }
}

/** Enough refusals in a row, over enough time, to end the gate. */
export function isConfirmed(refusals: Refusals | undefined): boolean {
  if (refusals === undefined) return false
  // No request was sent, so another would bring the same.
  if (refusals.error.kind === 'bad-proxy') return true
  const { count, spanMs } = rule(refusals)
  return refusals.count >= count && isApart(refusals.sinceMs, refusals.lastAtMs, spanMs)
}

/** When to repeat the operation, whatever `poll-interval` says. */
export function nextAttemptAtMs(refusals: Refusals): number {
  return refusals.lastAtMs + rule(refusals).pauseMs
}

/** At the deadline there is no time to confirm: a host that never answered well has refused, and so has a single poll. */
export function isRefusedAtDeadline(
  refusals: Refusals | undefined,
  { timeoutMs }: { readonly timeoutMs: number },
): boolean {
  return refusals !== undefined && (isConfirmed(refusals) || !refusals.hostHasAnswered || timeoutMs === 0)
}

function isRefusal(result: Result): result is Refusal {
  return result.kind === 'refused'
}

function rule({ hostHasAnswered }: Refusals) {
  return hostHasAnswered ? AFTER_HOST_ANSWERED : BEFORE_HOST_ANSWERED
}
