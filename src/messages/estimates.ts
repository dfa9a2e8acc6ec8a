import { duration, bytes, rowRate } from './format.ts'
import type { History, TimelinePoint } from '../gate/history.ts'
import { IDLE_NOTICE_MS } from '../gate/changes.ts'

/** A part of an import as its people speak of it; `other` is a state that this version does not know. */
export type Stage =
  'pending' | 'pre-importing' | 'importing' | 'sorting' | 'indexing' | 'uncommitted' | 'committing' | 'other'

/** In the order in which an import goes through them. */
export const STAGES: readonly Stage[] = [
  'pending',
  'pre-importing',
  'importing',
  'sorting',
  'indexing',
  'uncommitted',
  'committing',
  'other',
]

/** What a stage is called where its time stands below or behind it. */
export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  pending: 'Pending',
  'pre-importing': 'Pre-import',
  importing: 'Import',
  sorting: 'Sort',
  indexing: 'Index',
  uncommitted: 'Uncommitted',
  committing: 'Commit',
  other: 'Other states',
}

/** How long a job was in one stage, as far as the gate saw it. */
export interface PhaseDuration {
  readonly stage: Stage
  readonly ms: number
  /** The service named only a state that spans several stages, and the percentage told them apart. */
  readonly isEstimate: boolean
}

/** How a stay is told: `2 min`, or `~ 2 min` where it is an estimate. */
export function phaseDurationText({ ms, isEstimate }: PhaseDuration): string {
  return `${isEstimate ? '~ ' : ''}${duration(ms)}`
}

/** A job's stays, one for each stage that it was in, in the order of an import; visits to the same stage are added up. */
export function phaseDurations(job: History, nowMs: number): readonly PhaseDuration[] {
  const { timeline } = job
  const stays = new Map<Stage, PhaseDuration>()
  timeline.forEach((point, i) => {
    const ms = (timeline[i + 1]?.atMs ?? nowMs) - point.atMs
    const found = stageAt(point)
    if (found === undefined || ms <= 0) return
    const before = stays.get(found.stage)
    stays.set(found.stage, {
      stage: found.stage,
      ms: ms + (before?.ms ?? 0),
      isEstimate: found.isEstimate || before?.isEstimate === true,
    })
  })
  return STAGES.flatMap((stage) => stays.get(stage) ?? [])
}

/**
 * The longest of some stays; undefined where another stage may have taken longer in the time that nobody saw, which counts
 * as time in the stage that was seen before it.
 */
export function slowestOf(stays: readonly PhaseDuration[], unseenMs: number): PhaseDuration | undefined {
  const [slowest, second] = stays.toSorted((a, b) => b.ms - a.ms)
  return slowest && slowest.ms - unseenMs >= (second?.ms ?? 0) + unseenMs ? slowest : undefined
}

/** From its first good answer to its end, or to now. */
export function watchedMs({ timeline }: History, nowMs: number): number {
  const endMs = timeline.slice(-1).find(hasEnded)?.atMs ?? nowMs
  return endMs - (timeline[0]?.atMs ?? endMs)
}

/** The stage that a job is in; undefined before the first answer, and once it has ended. */
export function stageNow({ timeline }: History): Pick<PhaseDuration, 'stage' | 'isEstimate'> | undefined {
  const last = timeline.at(-1)
  return last && stageAt(last)
}

function stageAt({ phase, progress }: TimelinePoint): Pick<PhaseDuration, 'stage' | 'isEstimate'> | undefined {
  if (phase === 'completed' || phase === 'failed') return undefined
  if (phase === 'importing') return importingStage(progress)
  return { stage: phase === 'unknown' ? 'other' : phase, isEstimate: false }
}

function hasEnded({ phase }: TimelinePoint): boolean {
  return phase === 'completed' || phase === 'failed'
}

/**
 * The state Importing spans everything from the pre-import to an automatic commit, and its percentage tells what of it.
 * https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go, GetJobProgress
 */
function importingStage(progress: number): Pick<PhaseDuration, 'stage' | 'isEstimate'> {
  // Milvus begins at 10: below, the service does not count like this, or not at all.
  if (progress < 10) return { stage: 'importing', isEstimate: false }
  const stage =
    progress < 40
      ? 'pre-importing'
      : progress < 70
        ? 'importing'
        : progress < 80
          ? 'sorting'
          : progress < 99
            ? 'indexing'
            : 'committing'
  return { stage, isEstimate: true }
}

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
const MIN_RATE_SPAN_MS = 2_000
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
  if (to.atMs - from.atMs < MIN_RATE_SPAN_MS) return undefined
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

/** What usually keeps an import at one stage. */
interface Rest {
  readonly cause: string
  readonly pollerFor: string
}

/** By what users have reported; each with an issue of milvus-io/milvus where one tells of it. */
const RESTS: Readonly<Record<Stage, Rest | undefined>> = {
  // #31227, #41981
  pending: {
    cause: 'usually no node has a free slot for it',
    pollerFor: 'poll the other imports and at the slots of the data nodes',
  },
  // #43764
  'pre-importing': {
    cause: 'usually reading is slow, or tried again',
    pollerFor: 'poll for warnings in the logs of the data nodes',
  },
  // #42608, #43755
  importing: {
    cause: 'usually a data node is out of memory and begins again',
    pollerFor: 'poll for restarts of the data nodes',
  },
  // #39952; at 70 % of 2.4, zilliztech/milvus-backup#414
  sorting: {
    cause: 'usually sorting is slow, or on 2.4 the index',
    pollerFor: 'poll the load of the data nodes',
  },
  // #39348
  indexing: {
    cause: 'usually the index waits for a free node',
    pollerFor: 'poll for "no idle indexing node" in the logs',
  },
  committing: {
    cause: 'no usual cause is known',
    pollerFor: 'poll the logs of the coordinator',
  },
  uncommitted: undefined,
  other: undefined,
}

/** Where a job has come to rest, what usually causes that and what to poll, in one line; undefined where nobody knows. */
export function stallHint(job: History): string | undefined {
  const found = restOf(job)
  if (found === undefined) return undefined
  const { where, isEstimate, cause, pollerFor } = found
  // No answer carries a version.
  return `${where}${isEstimate ? ' (may differ on 3.x)' : ''}: ${cause}; ${pollerFor}`
}

/** The same for a glance, without what to poll. */
export function shortStallHint(job: History): string | undefined {
  const found = restOf(job)
  return found && `${found.where}: ${found.cause}`
}

/** Whether a job has stood still for so long that it is worth a word. */
export function isIdle({ idleMs }: History): boolean {
  return idleMs >= IDLE_NOTICE_MS
}

function restOf(job: History) {
  const { stage, isEstimate } = stageNow(job) ?? {}
  // Importing without such a percentage may be anything.
  const isKnown = isEstimate === true || stage !== 'importing'
  const rest = stage === undefined || !isKnown ? undefined : RESTS[stage]
  if (stage === undefined || rest === undefined) return undefined
  return { ...rest, isEstimate, where: `${isEstimate === true ? '~ ' : ''}${STAGE_TITLES[stage].toLowerCase()}` }
}
