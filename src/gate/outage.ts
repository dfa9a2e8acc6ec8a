import type { Span } from './clock.ts'
import type { ServiceError } from './job.ts'
import type { Policy } from './policy.ts'

/** A time in which the service gave no usable answer. */
export interface Outage {
  /** When the first bad answer came. */
  readonly sinceMs: number
  /** When the last question that got none was asked: a request that hangs may outlast the outage it met. */
  readonly untilMs: number
  /** Why the last one got none. */
  readonly error: ServiceError
}

/** The outage after one more question without a usable answer. */
export function prolonged(outage: Outage | undefined, error: ServiceError, { startedAtMs, endedAtMs }: Span): Outage {
  return { sinceMs: outage?.sinceMs ?? endedAtMs, untilMs: startedAtMs, error }
}

/** Whether the outage has lasted longer than the gate puts up with. */
export function isTooLong(outage: Outage | undefined, mostMs: number): boolean {
  return outage !== undefined && outage.untilMs - outage.sinceMs >= mostMs
}

/** How long the service may give no usable answer before the gate gives up on it. */
export function maxOutageMs(policy: Policy, serviceHasAnswered: boolean): number {
  return policy.maxOutageMs ?? (serviceHasAnswered ? 300_000 : 60_000)
}
