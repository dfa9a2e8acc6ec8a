import type { History, TimelinePoint } from '../gate/history.ts'

/** Older points say little about the pace now. */
const WINDOW_MS = 10 * 60_000
/** Two points a few seconds apart say nothing. */
const MIN_SPAN_MS = 20_000
const MIN_PERCENT = 3
/** From here on the service waits for a commit: no percentage tells how long. */
const LAST_PERCENT = 99
/** A pause this much longer than usual, and at least this long, is a rest, and nobody knows how long it will be. */
const REST_FACTOR = 3
const MIN_REST_MS = 60_000

/** By how much a value rose of late, and over what time. */
interface Rise {
  readonly by: number
  readonly ms: number
  readonly endedAtMs: number
}

/** How fast rows have been coming in of late; undefined where that cannot be known, or where none are coming in. */
export function rowsPerSecond(history: History, nowMs: number): number | undefined {
  const rise = recentRise(history, nowMs, (point) => point.importedRows)
  return rise === undefined || rise.by === 0 ? undefined : (rise.by * 1000) / rise.ms
}

/**
 * How long the job may still take if its percentage goes on rising as it has of late; undefined where it rests, before
 * rows come in, and once all rows are in: sorting and building indexes do not go at the pace of the rows.
 */
export function timeLeftMs(history: History, nowMs: number): number | undefined {
  const { progress, importedRows, totalRows } = history
  if (progress >= LAST_PERCENT || (importedRows !== undefined && importedRows === totalRows)) return undefined
  const rise = recentRise(history, nowMs, (point) => point.progress)
  if (rise === undefined || rise.by < MIN_PERCENT) return undefined
  const leftMs = ((100 - progress) * rise.ms) / rise.by - (nowMs - rise.endedAtMs)
  return leftMs > 0 ? leftMs : undefined
}

/** Over the last points of the import phase, without falling back; undefined where the value has come to rest. */
function recentRise(
  { outage, timeline }: History,
  nowMs: number,
  valueOf: (point: TimelinePoint) => number | undefined,
): Rise | undefined {
  if (outage !== undefined) return undefined
  let run:
    { readonly from: number; readonly sinceMs: number; readonly to: number; readonly untilMs: number } | undefined
  let pauses = 0
  for (const point of timeline.toReversed()) {
    const { atMs } = point
    const value = valueOf(point)
    if (point.phase !== 'importing' || value === undefined || nowMs - atMs > WINDOW_MS) break
    // Before the first rows the percentage counts something else.
    if (point.importedRows === 0) break
    if (run === undefined) run = { from: value, sinceMs: atMs, to: value, untilMs: atMs }
    else if (value > run.from) break
    else {
      run = { ...run, from: value, sinceMs: atMs }
      pauses += 1
    }
  }
  if (run === undefined) return undefined
  const { from, sinceMs, to, untilMs } = run
  const ms = untilMs - sinceMs
  if (ms < MIN_SPAN_MS || nowMs - untilMs > Math.max(MIN_REST_MS, (REST_FACTOR * ms) / pauses)) return undefined
  return { by: to - from, ms, endedAtMs: untilMs }
}
