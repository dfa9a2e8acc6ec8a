import type { CommitState, History } from './history.ts'
import { NOT_FOUND_GRACE_MS } from './timing.ts'

/** The server's state machine moves every 2 s: polling more often shows nothing new. */
export const MIN_PAUSE_MS = 2_000
/** A failure can come at any moment, however long the import takes. */
export const MAX_PAUSE_MS = 30_000
/** Spreads out gates that started together. */
const JITTER = 0.08

/**
 * At 0% the end can be near or far: with a quarter of the age, a failure after 20 s is known within 5 s. A commit usually
 * takes less than a quarter of the time that the import has taken.
 */
const SHARE_OF_AGE = 0.25
/** From here on the rows are in, and a job can be done at any moment: half the longest pause. */
const ROWS_IN_PERCENT = 70
const ROWS_IN_MAX_PAUSE_MS = 15_000
/**
 * From here on only the commit is missing, in Milvus 2.4 to 3.0 and in Import V3
 * (https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go).
 */
const COMMIT_PERCENT = 90
/** What has not changed for 20 s is worth a poll in 4 s; what has not changed for 5 min, in 30 s. */
const SHARE_OF_STANDSTILL = 0.1

/** What the pace depends on besides the job's history. */
export interface Pace {
  /** A fixed pause; undefined adapts. */
  readonly pollIntervalMs: number | undefined
  readonly maxOutageMs: number
}

/** When to poll a job next, on the clock's time; `random` is from 0 to 1. */
export function nextPollAtMs(history: History, pace: Pace, random: number): number {
  const { polledAtMs, latest, unknown, outage } = history
  if (polledAtMs === undefined) return Number.NEGATIVE_INFINITY
  // A job that was there and is unknown now needs a second response.
  if (unknown !== undefined && outage === undefined && latest !== undefined) return polledAtMs + MIN_PAUSE_MS
  if (pace.pollIntervalMs !== undefined) return polledAtMs + pace.pollIntervalMs
  const pauseMs = jittered(pauseOfJobMs(history, polledAtMs), random)
  // Do not sleep past the moment at which the next response decides.
  const decidesAtMs = Math.min(
    (outage?.judgedSinceMs ?? Infinity) + pace.maxOutageMs,
    unknown === undefined ? Infinity : unknown.sinceMs + NOT_FOUND_GRACE_MS,
  )
  return Math.max(polledAtMs + MIN_PAUSE_MS, Math.min(polledAtMs + pauseMs, decidesAtMs))
}

/** When to poll a job that the gate has tried to commit: an accepted commit takes a moment, any other is in doubt. */
export function pollAfterCommitAtMs(
  { polledAtMs }: History,
  { state, endedAtMs }: CommitState,
  { pollIntervalMs }: Pick<Pace, 'pollIntervalMs'>,
): number {
  if (state === 'done') return endedAtMs + (pollIntervalMs ?? MIN_PAUSE_MS)
  return Math.max(endedAtMs, (polledAtMs ?? endedAtMs) + MIN_PAUSE_MS)
}

/** The pause after an outage has lasted so long. */
export function pauseInOutageMs(outageMs: number): number {
  return Math.min(MAX_PAUSE_MS, slowingMs(outageMs))
}

/** The pause after nothing has changed for so long; `random` is from 0 to 1. */
export function pauseAtRestMs(standstillMs: number, random: number): number {
  return Math.min(MAX_PAUSE_MS, slowingMs(standstillMs) * (1 + JITTER * random))
}

/** The less progress is missing, the shorter the pause; the longer nothing changes, the longer. */
function pauseOfJobMs(history: History, nowMs: number): number {
  const { outage, unknown, latest, commit, changedAtMs, progress } = history
  const noAnswerSinceMs = outage?.sinceMs ?? unknown?.sinceMs
  if (noAnswerSinceMs !== undefined) return slowingMs(nowMs - noAnswerSinceMs)
  const standstillMs = nowMs - (changedAtMs ?? nowMs)
  const waitsForPerson = latest?.phase === 'uncommitted' && commit === undefined
  if (waitsForPerson) return slowingMs(standstillMs)
  const ageMs = nowMs - (history.timeline[0]?.atMs ?? nowMs)
  const pauseMs =
    progress >= COMMIT_PERCENT
      ? slowingMs(Math.max(0, standstillMs - SHARE_OF_AGE * ageMs))
      : SHARE_OF_AGE * ageMs * (1 - progress / COMMIT_PERCENT)
  return Math.min(pauseMs, progress >= ROWS_IN_PERCENT ? ROWS_IN_MAX_PAUSE_MS : MAX_PAUSE_MS)
}

function slowingMs(standstillMs: number): number {
  return MIN_PAUSE_MS + SHARE_OF_STANDSTILL * standstillMs
}

/** The longest pause leaves room for jitter, too. */
function jittered(pauseMs: number, random: number): number {
  const steadyMs = Math.min(MAX_PAUSE_MS / (1 + JITTER), Math.max(MIN_PAUSE_MS, pauseMs))
  return steadyMs * (1 + JITTER * random)
}
