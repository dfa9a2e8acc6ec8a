import { isApart } from './clock.ts'
import type { Span } from './clock.ts'
import type { ServiceError } from './job.ts'
import type { Policy } from './policy.ts'

/** What is wrong with the responses about one thing: a job, a collection, a name, a list. */
export interface Faults {
  readonly outage?: Outage | undefined
  /** The last response was a refusal. */
  readonly refusals?: Refusals | undefined
}

/** A time in which the service gave no usable response. */
export interface Outage {
  /** When the first bad response came. */
  readonly sinceMs: number
  /** When the last usable response came before it, or the first request was sent: what messages count from. */
  readonly silentSinceMs: number
  /**
   * When the first bad response came since the host last gave a usable one about any job, which is what `max-outage` counts from;
   * undefined where none has come since.
   */
  readonly judgedSinceMs: number | undefined
  /** When the last request was sent that got none: a request that hangs may outlast the outage it met. */
  readonly untilMs: number
  /** Why the last one got none. */
  readonly error: ServiceError
}

/**
 * Refusals in a row of one operation on one job or collection. Milvus refuses in passing, too: 1800 on any error of its
 * credential lookup, 100 for a moment after a fail-over. So one refusal never ends the gate, and any other response starts
 * the count anew.
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

/** How faults begin and end, in the terms of somebody who reads the log. */
export type OutageChange =
  | { readonly kind: 'outage-began'; readonly error: ServiceError }
  | { readonly kind: 'outage-ended'; readonly lastedMs: number }
/** `refused-once`: the first refusal in a row, which further requests have to confirm. */
export type FaultChange = OutageChange | { readonly kind: 'refused-once'; readonly error: ServiceError }

/** How often a refusal is repeated, and what confirms it: so many in a row that span so much time. */
const BEFORE_HOST_ANSWERED = { pauseMs: 2_000, count: 2, spanMs: 2_000 }
const AFTER_HOST_ANSWERED = { pauseMs: 5_000, count: 3, spanMs: 10_000 }

/** What any operation returned: only the kind matters where it is neither a refusal nor an outage. */
interface Result {
  readonly kind: string
  readonly error?: ServiceError | undefined
  readonly hostHasAnswered?: boolean
}
type Refusal = Result & { readonly kind: 'refused'; readonly error: ServiceError }

/** The faults after one more result of the same operation; a refusal neither ends nor prolongs an outage. */
export function recordFaults(
  before: Faults & { readonly usableAtMs?: number | undefined },
  result: Result,
  span: Span,
): Faults {
  const refusals = recordRefusal(before.refusals, result, span)
  if (result.kind === 'refused' || result.kind === 'cancelled') return { outage: before.outage, refusals }
  const isOutage = result.kind === 'outage' && result.error !== undefined
  return { outage: isOutage ? prolonged(before.outage, result.error, span, before.usableAtMs) : undefined, refusals }
}

/** The refusals in a row after one more result of the same operation. A cancelled request says nothing. */
export function recordRefusal(before: Refusals | undefined, result: Refusal, span: Span): Refusals
export function recordRefusal(before: Refusals | undefined, result: Result, span: Span): Refusals | undefined
export function recordRefusal(before: Refusals | undefined, result: Result, { endedAtMs }: Span): Refusals | undefined {
  if (result.kind === 'cancelled') return before
  if (result.kind !== 'refused' || result.error === undefined) return undefined
  return {
    error: result.error,
    count: (before?.count ?? 0) + 1,
    sinceMs: before?.sinceMs ?? endedAtMs,
    lastAtMs: endedAtMs,
    hostHasAnswered: result.hostHasAnswered === true,
  }
}

/** The outage after one more bad response; `usableAtMs` is when the last usable one came. */
export function prolonged(
  outage: Outage | undefined,
  error: ServiceError,
  { startedAtMs, endedAtMs }: Span,
  usableAtMs?: number,
): Outage {
  return {
    sinceMs: outage?.sinceMs ?? endedAtMs,
    silentSinceMs: outage?.silentSinceMs ?? usableAtMs ?? startedAtMs,
    judgedSinceMs: outage?.judgedSinceMs ?? endedAtMs,
    untilMs: startedAtMs,
    error,
  }
}

/** How an outage has begun or ended by that time. */
export function outageChanges(before: Faults, after: Faults, nowMs: number): readonly OutageChange[] {
  if (before.outage === undefined) {
    return after.outage === undefined ? [] : [{ kind: 'outage-began', error: after.outage.error }]
  }
  return after.outage === undefined ? [{ kind: 'outage-ended', lastedMs: silentMs(before, nowMs) }] : []
}

/** The same, and a refusal that is not confirmed yet; a confirmed one is the end. */
export function faultChanges(before: Faults, after: Faults, nowMs: number): readonly FaultChange[] {
  const isRefusedOnce = before.refusals === undefined && !isConfirmed(after.refusals)
  const refused =
    after.refusals && isRefusedOnce ? [{ kind: 'refused-once', error: after.refusals.error } as const] : []
  return [...outageChanges(before, after, nowMs), ...refused]
}

/** For how long there has been no usable response. */
export function silentMs({ outage }: Faults, nowMs: number): number {
  return outage === undefined ? 0 : nowMs - outage.silentSinceMs
}

/** The host gave a usable response about one of these: the others, which may have met the same outage, start anew. */
export function excuseOthers<T extends Faults>(all: readonly T[], answered: number): T[] {
  return all.map((one, i) =>
    one.outage === undefined || i === answered ? one : { ...one, outage: { ...one.outage, judgedSinceMs: undefined } },
  )
}

/** The last response about none of those that are still polled was usable: the host is out, and not one of them alone. */
export function isHostOut(polled: readonly Faults[]): boolean {
  return polled.every(({ outage }) => outage !== undefined)
}

/** Whether the outage has lasted longer than the gate accepts. */
export function isTooLong(outage: Outage | undefined, mostMs: number): boolean {
  return outage?.judgedSinceMs !== undefined && outage.untilMs - outage.judgedSinceMs >= mostMs
}

/** How long the service may give no usable answer before the gate gives up on it. */
export function maxOutageMs(policy: Pick<Policy, 'maxOutageMs'>, serviceHasAnswered: boolean): number {
  return policy.maxOutageMs ?? (serviceHasAnswered ? 300_000 : 60_000)
}

/** Enough refusals in a row, over enough time, to end the gate. */
export function isConfirmed(refusals: Refusals | undefined): boolean {
  if (refusals === undefined) return false
  // No request was sent, so another would bring the same.
  if (refusals.error.kind === 'bad-proxy') return true
  const { count, spanMs } = ruleFor(refusals)
  return refusals.count >= count && isApart(refusals.sinceMs, refusals.lastAtMs, spanMs)
}

/** When to repeat the operation, whatever `poll-interval` says. */
export function nextAttemptAtMs(refusals: Refusals): number {
  return refusals.lastAtMs + ruleFor(refusals).pauseMs
}

/** At the deadline there is no time to confirm: a host that never answered well has refused, and so has a single poll. */
export function isRefusedAtDeadline(refusals: Refusals | undefined, { timeoutMs }: Pick<Policy, 'timeoutMs'>): boolean {
  return refusals !== undefined && (isConfirmed(refusals) || !refusals.hostHasAnswered || timeoutMs === 0)
}

function ruleFor({ hostHasAnswered }: Refusals) {
  return hostHasAnswered ? AFTER_HOST_ANSWERED : BEFORE_HOST_ANSWERED
}

/** What the clocks of outages, stalls and refusals count from. */
interface Counted extends Faults {
  readonly answeredAtMs?: number | undefined
  readonly usableAtMs?: number | undefined
}

/** The same without a time in which the process did not run: it is neither an outage nor a stall, and confirms no refusal. */
export function withoutAbsence<T extends Counted>(one: T, absentMs: number): T {
  const { outage, refusals } = one
  return {
    ...one,
    ...later(one, absentMs, 'answeredAtMs', 'usableAtMs'),
    ...(outage && { outage: later(outage, absentMs, 'sinceMs', 'silentSinceMs', 'judgedSinceMs', 'untilMs') }),
    ...(refusals && { refusals: later(refusals, absentMs, 'sinceMs', 'lastAtMs') }),
  }
}

/** The same with these times, as far as they are known, so much later. */
function later<T>(one: T, byMs: number, ...names: readonly (keyof T)[]): T {
  const times = names.map((name) => [name, one[name]] as const)
  const moved = times.flatMap(([name, timeMs]) => (typeof timeMs === 'number' ? [[name, timeMs + byMs]] : []))
  return { ...one, ...(Object.fromEntries(moved) as Partial<T>) }
}
