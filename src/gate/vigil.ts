import type { AskPool, Arrival } from './ask-pool.ts'
import { createAskPool } from './ask-pool.ts'
import { TIME_IS_UP } from './import-service.ts'
import type { Clock } from './clock.ts'
import type { CollectionHistory } from './collection-history.ts'
import type { Discovery } from './discovery.ts'
import type { View } from './events.ts'
import type { History } from './history.ts'
import type { ImportService } from './import-service.ts'
import { maxOutageMs } from './outage.ts'
import type { Policy, Selection } from './policy.ts'
import { createTurnstile } from './turnstile.ts'
import type { Turnstile } from './turnstile.ts'

/** What a watch needs to know and the world it lives in. */
export interface Watch {
  readonly selection: Selection
  /** The database that the service is asked about; undefined: its default. */
  readonly dbName?: string | undefined
  /** The service that is asked, and where on it the jobs are, in words. */
  readonly place?: string | undefined
  readonly policy: Policy
  readonly service: ImportService
  readonly clock: Clock
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
  /** The wall clock's time, in milliseconds since the epoch. */
  readonly wallClockMs: () => number
  /** Aborted with the name of the signal that asks to stop, or with the error that no one caught. */
  readonly interrupt: AbortSignal
  readonly startedAtMs: number
}

/** One watch while it lasts: what all its stages know, and the limits that hold for all their questions together. */
export interface Vigil extends Watch {
  readonly deadlineMs: number
  readonly turnstile: Turnstile
  readonly jobs: History[]
  readonly collections: CollectionHistory[]
  discovery: Discovery | undefined
  readonly view: () => View
  /** There is time for another question before the deadline. */
  readonly timeIsLeft: () => boolean
  /** Until when the service has asked to be left alone. */
  readonly pausedUntilMs: () => number
  /** The next moment to say that the gate is still waiting; what is told before puts it off. */
  readonly heartbeatAtMs: () => number
  readonly putOffHeartbeat: () => void
  /** Opens an inquiry: questions of one kind. */
  openInquiry<Brought extends { readonly answer: Answer }>(serviceHasAnswered: () => boolean): Inquiry<Brought>
}

/** What a question brought, as far as all stages care. */
interface Answer {
  readonly kind: string
  readonly retryAfterMs?: number
}

/** The questions of one kind. Dropped, all at once, when the gate is interrupted. */
export interface Inquiry<Brought> extends Omit<AskPool<Brought>, 'arrivals' | 'wake'> {
  /** What arrived by then, or once anything did; empty also where the gate was interrupted. */
  arrivals(untilMs: number): Promise<readonly Arrival<Brought>[]>
  /** Everything still under way, until it has arrived or the moment has come; a question cut then still tells what it saw. */
  drain(untilMs: number): AsyncGenerator<readonly Arrival<Brought>[], void>
  /** How long the service may give no usable answer, as things stand. */
  readonly mostOutageMs: () => number
  readonly close: () => void
}

const HEARTBEAT_MS = 60_000
/** Less is no time: a question that starts now is the last one. */
const TIME_LEFT_MS = 50
const MAX_RETRY_AFTER_MS = 60_000

export function createVigil(watch: Watch): Vigil {
  const { clock, interrupt, policy, startedAtMs } = watch
  const deadlineMs = startedAtMs + policy.timeoutMs
  const turnstile = createTurnstile(clock)
  let pausedUntilMs = startedAtMs
  let heartbeatAtMs = startedAtMs + HEARTBEAT_MS

  /** `Retry-After` is for all questions, but never longer than the patience: the last poll is not put off. */
  const heed = ({ retryAfterMs }: Answer, endedAtMs: number, mostOutageMs: number) => {
    if (retryAfterMs === undefined) return
    const untilMs = endedAtMs + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS, mostOutageMs)
    pausedUntilMs = Math.max(pausedUntilMs, Math.min(untilMs, deadlineMs))
    turnstile.hold(pausedUntilMs)
  }

  const vigil: Vigil = {
    ...watch,
    deadlineMs,
    turnstile,
    jobs: [],
    collections: [],
    discovery: undefined,
    view: () => ({
      startedAtMs,
      nowMs: clock.now(),
      jobs: [...vigil.jobs],
      collections: [...vigil.collections],
      discovery: vigil.discovery,
    }),
    timeIsLeft: () => deadlineMs - clock.now() >= TIME_LEFT_MS,
    pausedUntilMs: () => pausedUntilMs,
    heartbeatAtMs: () => heartbeatAtMs,
    putOffHeartbeat() {
      heartbeatAtMs = clock.now() + HEARTBEAT_MS
    },
    openInquiry<Brought extends { readonly answer: Answer }>(serviceHasAnswered: () => boolean): Inquiry<Brought> {
      const pool = createAskPool<Brought>(turnstile, clock)
      const mostOutageMs = () => maxOutageMs(policy, serviceHasAnswered())
      const onInterrupt = () => {
        pool.abort('interrupted')
        pool.wake()
      }
      interrupt.addEventListener('abort', onInterrupt)
      const arrivals = async (untilMs: number) => {
        const arrived = await pool.arrivals(untilMs)
        for (const { brought, span } of arrived) heed(brought.answer, span.endedAtMs, mostOutageMs())
        return arrived
      }
      return {
        ...pool,
        arrivals,
        mostOutageMs,
        async *drain(untilMs) {
          while (pool.size() > 0 && !interrupt.aborted) {
            yield await arrivals(untilMs)
            if (clock.now() >= untilMs) pool.abort(TIME_IS_UP)
            if (clock.now() < pausedUntilMs) pool.recall()
          }
          yield await arrivals(clock.now())
        },
        close() {
          interrupt.removeEventListener('abort', onInterrupt)
          pool.abort('the inquiry is over')
        },
      }
    },
  }
  return vigil
}
