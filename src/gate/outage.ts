import type { Span } from './clock.ts'
import type { ServiceError } from './job.ts'
import type { Policy } from './policy.ts'

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

/** The outage of one job after the host gave a usable response about another: it is not the host's any more. */
function excused(outage: Outage | undefined): Outage | undefined {
  return outage && { ...outage, judgedSinceMs: undefined }
}

/** The host gave a usable response about one of these: the others, which may have met the same outage, start anew. */
export function excuseOthers<T extends { readonly outage: Outage | undefined }>(
  all: readonly T[],
  answered: number,
): T[] {
  return all.map((one, i) =>
    one.outage === undefined || i === answered ? one : { ...one, outage: excused(one.outage) },
  )
}

/** The last response about none of those that are still polled was usable: the host is out, and not one of them alone. */
export function isHostOut(polled: readonly { readonly outage: Outage | undefined }[]): boolean {
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
