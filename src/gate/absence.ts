import type { Outage } from './outage.ts'
import type { Refusals } from './refusals.ts'

/** What the clocks of outages, stalls and refusals count from. */
interface Counted {
  readonly answeredAtMs?: number | undefined
  readonly usableAtMs?: number | undefined
  readonly outage?: Outage | undefined
  readonly refusals?: Refusals | undefined
}

/**
 * The same without a time in which the process did not run: it counts neither as an outage nor as a stall, and confirms no
 * refusal.
 */
export function withoutAbsence<T extends Counted>(one: T, absentMs: number): T {
  const { answeredAtMs, usableAtMs, outage, refusals } = one
  const later = (atMs: number) => atMs + absentMs
  return {
    ...one,
    ...(answeredAtMs !== undefined && { answeredAtMs: later(answeredAtMs) }),
    ...(usableAtMs !== undefined && { usableAtMs: later(usableAtMs) }),
    ...(outage !== undefined && {
      outage: {
        ...outage,
        sinceMs: later(outage.sinceMs),
        silentSinceMs: later(outage.silentSinceMs),
        judgedSinceMs: outage.judgedSinceMs === undefined ? undefined : later(outage.judgedSinceMs),
        untilMs: later(outage.untilMs),
      },
    }),
    ...(refusals !== undefined && {
      refusals: { ...refusals, sinceMs: later(refusals.sinceMs), lastAtMs: later(refusals.lastAtMs) },
    }),
  }
}
