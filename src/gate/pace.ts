import type { History } from './history.ts'
import { NOT_FOUND_GRACE_MS } from './timing.ts'
import type { CommitState } from './commit-state.ts'

/** The server's state machine moves every 2 s: to ask more often brings nothing. */
export const MIN_PAUSE_MS = 2_000
/** However long an import takes, its failure can come at any moment. */
export const MAX_PAUSE_MS = 30_000
/** So that many gates that started together do not stay in step. */
const JITTER = 0.08

/**
 * Progress goes through stretches of the server's state machine, each at a speed of its own: pre-import, import, sort, index,
 * commit (https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go). What was learnt in one says
 * nothing of the next.
 */
interface Stretch {
  readonly startsAt: number
  readonly endsAt: number
  /** The share of the job's age over which the polls that were saved so far may be spent; undefined where it cannot end yet. */
  readonly spendOver: number | undefined
}
const STRETCHES: readonly Stretch[] = [
  { startsAt: 80, endsAt: 90, spendOver: 0.4 },
  { startsAt: 70, endsAt: 80, spendOver: 0.12 },
  { startsAt: 40, endsAt: 70, spendOver: undefined },
]
/** From here only the commit is missing: usually a matter of seconds, or of a share of what the import has taken. */
const INDEXED = 90
const SOON_MS = 30_000
const SOON_SHARE_OF_AGE = 0.2
/** How often to poll a commit that takes longer than that. */
const LATE_COMMIT_PAUSE_MS = 10_000
const BEFORE_IMPORT: Stretch = { startsAt: 10, endsAt: 40, spendOver: undefined }

/** No pause is longer than this share of the job's age: an import that just began may be a matter of seconds. */
const SHARE_OF_AGE = 0.22
/** Where the end of a stretch is in sight, this share of the way there, and then again. */
const SHARE_OF_WAY = 0.65
/** To know the end of a stretch more exactly than this share of the job's age is not worth a poll. */
const EXACTNESS = 0.001
/** The polls that a job may cost: one for this much of its age, a quarter of what a poller of 5 s spends. */
const AGE_PER_POLL_MS = 20_000
/** While a job is young it may end any moment, and polls are few anyway. */
const YOUNG_SHARE_OF_AGE = 0.016
/**
 * The answer for a job of 1,024 files is 234 kB: whoever asks for much asks a little less often, but not so much less that a
 * young import is known late.
 */
const PAUSE_PER_FILE_MS = 1
const FILES_SHARE_OF_AGE = 0.0015
/** How much of a standstill that nobody can foresee the next pause may be. */
const SHARE_OF_OUTAGE = 0.1
const SHARE_OF_REST = 0.1

/** What the pace depends on besides the job's history. */
export interface Pace {
  /** A fixed pause; undefined adapts. */
  readonly pollIntervalMs: number | undefined
  readonly maxOutageMs: number
}

/**
 * When the next poll a job pays, on the clock's time; `random` is from 0 to 1. Polls are saved while the job cannot be
 * done yet, and spent where it may be.
 */
export function nextPollAtMs(history: History, pace: Pace, random: number): number {
  const { polledAtMs, latest, unknown, outage } = history
  if (polledAtMs === undefined) return Number.NEGATIVE_INFINITY
  if (unknown !== undefined && outage === undefined && latest !== undefined) return polledAtMs + MIN_PAUSE_MS
  if (pace.pollIntervalMs !== undefined) return polledAtMs + pace.pollIntervalMs
  // Also the longest pause and the shortest one for many files leave room for it.
  const steadyMs = within(pauseAfter(history, polledAtMs), leastPauseMs(history), MAX_PAUSE_MS / (1 + JITTER))
  const pauseMs = steadyMs * (1 + JITTER * random)
  // Never sleep past the moment at which the next answer would decide.
  const decidesAtMs = Math.min(
    (outage?.judgedSinceMs ?? Infinity) + pace.maxOutageMs,
    unknown === undefined ? Infinity : unknown.sinceMs + NOT_FOUND_GRACE_MS,
  )
  return Math.max(polledAtMs + MIN_PAUSE_MS, Math.min(polledAtMs + pauseMs, decidesAtMs))
}

/** When to poll a job that the gate has tried to commit: an accepted commit takes a moment, any other is asked about. */
export function pollAfterCommitAtMs(
  { polledAtMs }: History,
  { state, endedAtMs }: CommitState,
  { pollIntervalMs }: Pick<Pace, 'pollIntervalMs'>,
): number {
  if (state === 'done') return endedAtMs + (pollIntervalMs ?? MIN_PAUSE_MS)
  return Math.max(endedAtMs, (polledAtMs ?? endedAtMs) + MIN_PAUSE_MS)
}

/** How long to wait before a service is asked again that has given no usable answer for so long. */
export function pauseInOutageMs(outageMs: number): number {
  return Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS + SHARE_OF_OUTAGE * outageMs)
}

/** How long to wait for something that has stood still for so long; `random` is from 0 to 1. */
export function pauseAtRestMs(restMs: number, random: number): number {
  return Math.min(MAX_PAUSE_MS, (MIN_PAUSE_MS + SHARE_OF_REST * restMs) * (1 + JITTER * random))
}

function pauseAfter(history: History, nowMs: number): number {
  const troubleSinceMs = history.outage?.sinceMs ?? history.unknown?.sinceMs
  if (troubleSinceMs !== undefined) return pauseInOutageMs(nowMs - troubleSinceMs)
  const standstillMs = nowMs - (history.changedAtMs ?? nowMs)
  // It waits for a person.
  const waitsForPerson = history.latest?.phase === 'uncommitted' && history.commit === undefined
  if (waitsForPerson) return MIN_PAUSE_MS + SHARE_OF_REST * standstillMs
  const ageMs = nowMs - (history.timeline[0]?.atMs ?? nowMs)
  if (history.progress >= INDEXED) {
    const isSoon = standstillMs < Math.max(SOON_MS, SOON_SHARE_OF_AGE * ageMs)
    return isSoon ? MIN_PAUSE_MS : LATE_COMMIT_PAUSE_MS
  }
  const longestMs = SHARE_OF_AGE * ageMs
  const stretch = stretchOf(history)
  const leftMs = timeLeftInStretchMs(history, stretch, standstillMs)
  if (leftMs > 0) return Math.min(longestMs, Math.max(SHARE_OF_WAY * leftMs, EXACTNESS * ageMs))
  return stretch.spendOver === undefined ? longestMs : spendingPauseMs(history, ageMs, stretch.spendOver)
}

/** A pause that spends what has been saved, against the allowance, over a share of the job's age to come. */
function spendingPauseMs({ polls }: History, ageMs: number, spendOver: number): number {
  const savedPolls = ageMs / AGE_PER_POLL_MS - polls
  const pollsPerMs = 1 / AGE_PER_POLL_MS + savedPolls / Math.max(1, spendOver * ageMs)
  const spendingMs = pollsPerMs > 0 ? 1 / pollsPerMs : MAX_PAUSE_MS
  return Math.min(spendingMs, Math.max(MIN_PAUSE_MS, YOUNG_SHARE_OF_AGE * ageMs))
}

function stretchOf({ progress }: History): Stretch {
  return STRETCHES.find(({ startsAt }) => progress >= startsAt) ?? BEFORE_IMPORT
}

/** Until the stretch ends, at the speed seen in it; 0 where it has not been seen to move, or should have ended by now. */
function timeLeftInStretchMs(history: History, stretch: Stretch, standstillMs: number): number {
  const perMs = speedIn(stretch, history)
  if (perMs === undefined) return 0
  return (stretch.endsAt - history.progress) / perMs - standstillMs
}

/** How far back the speed is measured, in points of progress. */
const SPEED_OVER_POINTS = 5

/** Points of progress a millisecond, of late and in this stretch; undefined until it has been seen to move there. */
function speedIn({ startsAt }: Stretch, { timeline, progress }: History): number | undefined {
  const latest = timeline.at(-1)
  if (latest === undefined) return undefined
  let from = latest
  for (const point of timeline.toReversed()) {
    // What lies before a fall-back is another attempt.
    if (point.progress < startsAt || point.progress > from.progress) break
    from = point
    if (progress - from.progress >= SPEED_OVER_POINTS) break
  }
  const points = latest.progress - from.progress
  return points > 0 ? points / (latest.atMs - from.atMs) : undefined
}

function leastPauseMs({ latest, timeline, polledAtMs = 0 }: History): number {
  const ageMs = polledAtMs - (timeline[0]?.atMs ?? polledAtMs)
  return MIN_PAUSE_MS + Math.min(PAUSE_PER_FILE_MS * (latest?.files.length ?? 0), FILES_SHARE_OF_AGE * ageMs)
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
