import type { History, TimelinePoint } from '../watch/history.ts'

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
const MAX_TIME_LEFT_MS = 5 * 86_400_000

/** How fast rows have been coming in of late; undefined where that cannot be known, or where none are coming in. */
export function rowsPerSecond(history: History, nowMs: number): number | undefined {
  const points = recentRise(history, nowMs, (point) => point.importedRows)
  const [first, last] = [points[0], points.at(-1)]
  if (first?.importedRows === undefined || last?.importedRows === undefined) return undefined
  const rate = ((last.importedRows - first.importedRows) * 1000) / (last.atMs - first.atMs)
  return rate > 0 ? rate : undefined
}

/**
 * How long the job may still take if its percentage goes on rising as it has of late; undefined where it rests, before
 * rows come in, and once all rows are in: sorting and building indexes do not go at the pace of the rows.
 */
export function timeLeftMs(history: History, nowMs: number): number | undefined {
  const { progress, importedRows, totalRows } = history
  if (importedRows === 0 || (importedRows !== undefined && importedRows === totalRows)) return undefined
  const points = recentRise(history, nowMs, (point) => point.progress)
  const [first, last] = [points[0], points.at(-1)]
  if (first?.progress === undefined || last?.progress === undefined || progress >= LAST_PERCENT) return undefined
  const risen = last.progress - first.progress
  if (risen < MIN_PERCENT) return undefined
  const leftMs = ((100 - progress) * (last.atMs - first.atMs)) / risen - (nowMs - last.atMs)
  return leftMs > 0 && leftMs <= MAX_TIME_LEFT_MS ? leftMs : undefined
}

/** The last points of the import phase over which a value rose without falling back; none where it has come to rest. */
function recentRise(
  { latest, outage, timeline }: History,
  nowMs: number,
  valueOf: (point: TimelinePoint) => number | undefined,
): readonly TimelinePoint[] {
  if (latest?.phase !== 'importing' || outage !== undefined) return []
  const points: TimelinePoint[] = []
  for (const point of timeline.toReversed()) {
    const [value, later] = [valueOf(point), points.at(-1)]
    if (point.phase !== 'importing' || value === undefined || nowMs - point.atMs > WINDOW_MS) break
    // Before the first rows the percentage counts something else.
    if (point.importedRows === 0) break
    if (later !== undefined && value > (valueOf(later) ?? value)) break
    points.push(point)
  }
  points.reverse()
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < MIN_SPAN_MS) return []
  const usualPauseMs = (last.atMs - first.atMs) / (points.length - 1)
  return nowMs - last.atMs > Math.max(MIN_REST_MS, REST_FACTOR * usualPauseMs) ? [] : points
}
