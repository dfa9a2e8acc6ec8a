import { bytes, rowRate } from './format.ts'
import type { History, TimelinePoint } from '../gate/history.ts'

/** How fast rows came in. */
export interface Throughput {
  readonly rowsPerSecond: number
  /** More time was counted than rows came in: only the whole import could be timed, or an outage fell into it. */
  readonly isAtLeast: boolean
  /** Over a shorter time; undefined where it was never faster than on average. */
  readonly bestRowsPerSecond: number | undefined
  /** Undefined where the service does not say how large the files are. */
  readonly bytesPerRow: number | undefined
}

/** A shorter time says more about the moments of the polls than about the import. */
const MIN_SPAN_MS = 2_000
const BEST_OVER_MS = 10_000

type Count = Pick<TimelinePoint, 'atMs'> & { readonly rows: number }

/** How fast a job's rows came in, over all the time in which they did; undefined where nobody could see it. */
export function throughputOf(job: History): Throughput | undefined {
  const counts = rising(job.timeline)
  const [first] = counts
  const measured = first === undefined ? wholeImport(job) : rateBetween(first, counts.at(-1) ?? first)
  if (measured === undefined) return undefined
  const best = bestRate(counts)
  const { totalRows, latest } = job
  return {
    rowsPerSecond: measured,
    isAtLeast: first === undefined || job.totalOutageMs > 0,
    bestRowsPerSecond: best > measured ? best : undefined,
    bytesPerRow: latest?.sizeBytes && totalRows ? latest.sizeBytes / totalRows : undefined,
  }
}

/** `Rows came in at 12,300 rows/s (~ 4.8 MB/s) on average, 20,000 rows/s (~ 7.8 MB/s) at best`, without a full stop. */
export function throughputText({ rowsPerSecond, isAtLeast, bestRowsPerSecond, bytesPerRow }: Throughput): string {
  const rate = (rows: number) => rowRate(rows) + (bytesPerRow === undefined ? '' : ` (${sizeRate(rows, bytesPerRow)})`)
  const best = bestRowsPerSecond === undefined ? '' : `, ${rate(bestRowsPerSecond)} at best`
  return `Rows came in at ${isAtLeast ? 'no less than ' : ''}${rate(rowsPerSecond)}${best === '' ? '' : ` on average${best}`}`
}

/** `~ 4.8 MB/s`: an estimate, since the service says how large whole files are, not the rows so far. */
export function sizeRate(rowsPerSecond: number, bytesPerRow: number): string {
  return `~ ${bytes(rowsPerSecond * bytesPerRow)}/s`
}

/** From the last poll before the first new rows to the one that saw the last of them. */
function rising(timeline: readonly TimelinePoint[]): readonly Count[] {
  const counts = timeline.flatMap(({ atMs, importedRows }) =>
    importedRows === undefined ? [] : [{ atMs, rows: importedRows }],
  )
  const isRise = ({ rows }: Count, i: number) => rows > (counts[i - 1]?.rows ?? rows)
  const [first, last] = [counts.findIndex(isRise), counts.findLastIndex(isRise)]
  // Without a rise both are -1, and the end comes before the start.
  return counts.slice(first - 1, last + 1)
}

function rateBetween(from: Count, to: Count): number | undefined {
  if (to.atMs - from.atMs < MIN_SPAN_MS) return undefined
  const rate = ((to.rows - from.rows) * 1000) / (to.atMs - from.atMs)
  return rate > 0 ? rate : undefined
}

/** Where rows are only told at the end, the whole import is timed, if it was seen from its beginning. */
function wholeImport({ timeline, importedRows }: History): number | undefined {
  const [first, last] = [timeline[0], timeline.at(-1)]
  if (first?.phase !== 'pending' || last?.phase !== 'completed' || importedRows === undefined) return undefined
  return rateBetween({ atMs: first.atMs, rows: 0 }, { atMs: last.atMs, rows: importedRows })
}

function bestRate(counts: readonly Count[]): number {
  let best = 0
  let start = 0
  for (const count of counts) {
    const isFar = (from: Count | undefined): from is Count =>
      from !== undefined && count.atMs - from.atMs >= BEST_OVER_MS
    while (isFar(counts[start + 1])) start += 1
    const from = counts[start]
    if (isFar(from)) best = Math.max(best, rateBetween(from, count) ?? 0)
  }
  return best
}
