/** When the fault is there, in virtual milliseconds since the start. */
export interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

export const DURATIONS = ['once', 'for a while', 'for good'] as const
export type Duration = (typeof DURATIONS)[number]

/** What a fault meets: nobody has seen the job yet; seen; seen and this is the last poll; the only poll. */
export type Stage = 'first' | 'later' | 'last' | 'only'

/** A moment of a wait at which a fault strikes. */
export interface Moment {
  readonly name: string
  readonly stage: Stage
  readonly timeoutMs: number
  readonly completesAtMs: number
  readonly spans: Readonly<Record<Duration, Span>>
}

/** Between two polls. */
export const INTERVAL_MS = 20_000
/** A service that is away for longer is given up; what lasts for a while is shorter, and than the grace of a new job too. */
export const MAX_OUTAGE_MS = 60_000
const WHILE_MS = 30_000
const ONE_POLL_MS = 1_000
const IMPORTS_FROM_MS = 40_000
const INDEXES_FROM_MS = 60_000
const COMPLETES_MS = 80_000
const DEADLINE_MS = 100_000

/** The stored reply that the service gives at a moment. */
export function fixtureAt(nowMs: number, completesAtMs: number): string {
  if (nowMs >= completesAtMs) return 'milvus-2.6-completed'
  if (nowMs >= INDEXES_FROM_MS) return 'milvus-2.6-index-building'
  return nowMs >= IMPORTS_FROM_MS ? 'milvus-2.6-importing' : 'milvus-2.6-pending'
}

function startingAt(fromMs: number): Moment['spans'] {
  return {
    once: { fromMs, untilMs: fromMs + ONE_POLL_MS },
    'for a while': { fromMs, untilMs: fromMs + WHILE_MS },
    'for good': { fromMs, untilMs: Infinity },
  }
}

/** Still there at the last poll, and never as long as an outage may be. */
const upToTheDeadline: Moment['spans'] = {
  once: { fromMs: DEADLINE_MS, untilMs: Infinity },
  'for a while': { fromMs: DEADLINE_MS - WHILE_MS, untilMs: Infinity },
  'for good': { fromMs: DEADLINE_MS - MAX_OUTAGE_MS + INTERVAL_MS / 2, untilMs: Infinity },
}

const during = (name: string, stage: Stage, fromMs: number): Moment => ({
  name,
  stage,
  timeoutMs: 600_000,
  completesAtMs: COMPLETES_MS,
  spans: startingAt(fromMs),
})

const atTheEnd = (name: string, completesAtMs: number): Moment => ({
  name,
  stage: 'last',
  timeoutMs: DEADLINE_MS,
  completesAtMs,
  spans: upToTheDeadline,
})

export const MOMENTS: readonly Moment[] = [
  during('at the first poll', 'first', 0),
  during('while pending', 'later', INTERVAL_MS),
  during('while importing', 'later', IMPORTS_FROM_MS),
  during('at 80 %', 'later', INDEXES_FROM_MS),
  during('at the poll that would have said Completed', 'later', COMPLETES_MS),
  atTheEnd('at the last poll', Infinity),
  atTheEnd('at the last poll, which would have said Completed', DEADLINE_MS),
  { ...during('at the only poll', 'only', 0), timeoutMs: 0, completesAtMs: 0 },
]
