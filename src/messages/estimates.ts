import { IDLE_NOTICE_MS } from '../gate/changes.ts'
import type { History, TimelinePoint } from '../gate/history.ts'
import { bytes, duration, momentOf, rowRate } from './format.ts'

/** A stage of an import; `other` is a state that this version does not know. */
export type Stage =
  | 'pending'
  | 'pre-importing'
  | 'importing'
  | 'sorting'
  | 'sorting-or-indexing'
  | 'indexing'
  | 'uncommitted'
  | 'committing'
  | 'other'

/** The stages by name, in the order in which an import goes through them. */
export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  pending: 'Pending',
  'pre-importing': 'Pre-import',
  importing: 'Import',
  sorting: 'Sort',
  'sorting-or-indexing': 'Sort or index',
  indexing: 'Index',
  uncommitted: 'Uncommitted',
  committing: 'Commit',
  other: 'Other states',
}

export const STAGES = Object.keys(STAGE_TITLES) as readonly Stage[]

/**
 * The state Importing spans everything from the pre-import to an automatic commit; the percentage separates the stages,
 * from the highest down: https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go, GetJobProgress.
 */
type Milestones = readonly (readonly [from: number, stage: Stage])[]

const SINCE_26: Milestones = [
  [90, 'committing'],
  [80, 'indexing'],
  [70, 'sorting'],
  [40, 'importing'],
  [10, 'pre-importing'],
]
/** From 70 on Milvus 2.4 builds indexes, and 2.5 sorts. */
const BEFORE_26: Milestones = SINCE_26.map(([from, stage]) => [from, from === 70 ? 'sorting-or-indexing' : stage])

/** Milvus sends a creation time from 2.6 on. Zilliz Cloud, which documents no milestones, sends no imported rows. */
function milestonesOf({ latest }: History): Milestones {
  if (latest?.createTime !== undefined) return SINCE_26
  return latest?.importedRows === undefined ? [] : BEFORE_26
}

/** How long a job was in one stage, as far as the gate saw it. */
export interface PhaseDuration {
  readonly stage: Stage
  readonly ms: number
  /** The service named only a state that spans several stages, and the percentage separated them. */
  readonly isEstimate: boolean
}

/** `2 min`, or `~2 min` where it is an estimate. */
export function phaseDurationText({ ms, isEstimate }: PhaseDuration): string {
  return `${isEstimate ? '~' : ''}${duration(ms)}`
}

/** How long a job was in each stage, in the order of an import; times in the same stage are added up. */
export function phaseDurations(job: History, nowMs: number): readonly PhaseDuration[] {
  const { timeline } = job
  const durations = new Map<Stage, PhaseDuration>()
  timeline.forEach((point, i) => {
    const ms = (timeline[i + 1]?.atMs ?? nowMs) - point.atMs
    const now = stageAt(point, job)
    if (now === undefined || ms <= 0) return
    const before = durations.get(now.stage)
    durations.set(now.stage, {
      stage: now.stage,
      ms: ms + (before?.ms ?? 0),
      isEstimate: now.isEstimate || before?.isEstimate === true,
    })
  })
  return STAGES.flatMap((stage) => durations.get(stage) ?? [])
}

/**
 * The longest stage; undefined where another one may have taken longer in the time that the gate did not see, which counts
 * into the stage before it.
 */
export function slowestOf(durations: readonly PhaseDuration[], unseenMs: number): PhaseDuration | undefined {
  const [slowest, second] = durations.toSorted((a, b) => b.ms - a.ms)
  return slowest && slowest.ms - unseenMs >= (second?.ms ?? 0) + unseenMs ? slowest : undefined
}

/** From its first good response to its end, or to now. */
export function watchedMs({ timeline }: History, nowMs: number): number {
  const endMs = timeline.slice(-1).find(hasEnded)?.atMs ?? nowMs
  return endMs - (timeline[0]?.atMs ?? endMs)
}

/** How long an import took: by the service's clock where it says both ends, else at least as long as the gate watched. */
export function importDuration(job: History, nowMs: number): string | undefined {
  const { createTime = '', completeTime = '' } = job.latest ?? {}
  const tookMs = (momentOf(completeTime) ?? NaN) - (momentOf(createTime) ?? NaN)
  if (tookMs >= 0) return duration(tookMs)
  const seenMs = watchedMs(job, nowMs)
  return seenMs < 1000 ? undefined : `≥ ${duration(seenMs)}`
}

/** The stage that a job is in; undefined before the first good response, and once it has ended. */
export function stageNow(job: History): Pick<PhaseDuration, 'stage' | 'isEstimate'> | undefined {
  const last = job.timeline.at(-1)
  return last && stageAt(last, job)
}

function stageAt({ phase, progress }: TimelinePoint, job: History) {
  if (phase === 'completed' || phase === 'failed') return undefined
  if (phase !== 'importing') return { stage: phase === 'unknown' ? 'other' : phase, isEstimate: false } as const
  const [, stage] = milestonesOf(job).find(([from]) => progress >= from) ?? []
  return { stage: stage ?? 'importing', isEstimate: stage !== undefined } as const
}

function hasEnded({ phase }: TimelinePoint): boolean {
  return phase === 'completed' || phase === 'failed'
}

/** Older points say little about the pace now. */
const WINDOW_MS = 10 * 60_000
/** Two points a few seconds apart give no usable rate. */
const MIN_SPAN_MS = 20_000
const MIN_PERCENT = 3
/** From here on only the commit is missing, and no percentage says how long it takes. */
const LAST_PERCENT = 99
/** After a pause this much longer than usual, and at least this long, there is no estimate. */
const IDLE_FACTOR = 3
const MIN_IDLE_MS = 60_000

/** By how much a value rose, and over what time. */
interface Rise {
  readonly by: number
  readonly ms: number
  readonly endedAtMs: number
}

/** How many rows were imported per second in the last minutes; undefined where that is not known, or none were. */
export function rowsPerSecond(history: History, nowMs: number): number | undefined {
  const rise = recentRise(history, nowMs, (point) => point.importedRows)
  return rise === undefined || rise.by === 0 ? undefined : (rise.by * 1000) / rise.ms
}

/**
 * How long the job may still take at the pace of the last minutes; undefined where it is idle, before rows come in, and
 * once all rows are in: sorting and building indexes have a pace of their own. Nor where it is not known what the percentage
 * counts.
 */
export function timeLeftMs(history: History, nowMs: number): number | undefined {
  const { progress, importedRows, totalRows } = history
  if (milestonesOf(history).length === 0) return undefined
  if (progress >= LAST_PERCENT || (importedRows !== undefined && importedRows === totalRows)) return undefined
  const rise = recentRise(history, nowMs, (point) => point.progress)
  if (rise === undefined || rise.by < MIN_PERCENT) return undefined
  const leftMs = ((100 - progress) * rise.ms) / rise.by - (nowMs - rise.endedAtMs)
  return leftMs > 0 ? leftMs : undefined
}

/** Over the last points of the import phase, without falling back; undefined where the value is idle. */
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
  if (ms < MIN_SPAN_MS || nowMs - untilMs > Math.max(MIN_IDLE_MS, (IDLE_FACTOR * ms) / pauses)) return undefined
  return { by: to - from, ms, endedAtMs: untilMs }
}

/** How fast rows came in. */
export interface Throughput {
  readonly rowsPerSecond: number
  /** More time was counted than rows came in: only the whole import could be timed, or an outage fell into it. */
  readonly isAtLeast: boolean
  /** Undefined where the service does not say how large the files are. */
  readonly bytesPerRow: number | undefined
}

/** A shorter time depends more on the polls than on the import. */
const MIN_RATE_SPAN_MS = 2_000

type Count = Pick<TimelinePoint, 'atMs'> & { readonly rows: number }

/** How fast a job's rows came in, over all the time in which they did; undefined where the gate did not see it. */
export function throughputOf(job: History): Throughput | undefined {
  const counts = rising(job.timeline)
  const [first] = counts
  const measured = first === undefined ? wholeImport(job) : rateBetween(first, counts.at(-1) ?? first)
  if (measured === undefined) return undefined
  const { totalRows, latest } = job
  return {
    rowsPerSecond: measured,
    isAtLeast: first === undefined || job.totalOutageMs > 0,
    bytesPerRow: latest?.sizeBytes && totalRows ? latest.sizeBytes / totalRows : undefined,
  }
}

/** `on average 12,300 rows/s (~4.8 MB/s)`. */
export function throughputText({ rowsPerSecond, isAtLeast, bytesPerRow }: Throughput): string {
  const size = bytesPerRow === undefined ? '' : ` (${sizeRate(rowsPerSecond, bytesPerRow)})`
  return `${isAtLeast ? 'at least' : 'on average'} ${rowRate(rowsPerSecond)}${size}`
}

/** `~4.8 MB/s`: an estimate, since the service sends the size of whole files, not of the rows so far. */
export function sizeRate(rowsPerSecond: number, bytesPerRow: number): string {
  return `~${bytes(rowsPerSecond * bytesPerRow)}/s`
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

/** Where rows come only at the end, the whole import is timed, if it was seen from its beginning. */
function wholeImport({ timeline, importedRows }: History): number | undefined {
  const [first, last] = [timeline[0], timeline.at(-1)]
  if (first?.phase !== 'pending' || last?.phase !== 'completed' || importedRows === undefined) return undefined
  return rateBetween({ atMs: first.atMs, rows: 0 }, { atMs: last.atMs, rows: importedRows })
}

/** What usually holds up an import at each stage, from users' reports; the comment names an issue of milvus-io/milvus. */
const STALL_HINTS: Readonly<Partial<Record<Stage, readonly [cause: string, check: string]>>> = {
  // #31227, #41981
  pending: ['usually no node has a free slot for it', 'check other imports and the slots of the data nodes'],
  // #43764
  'pre-importing': ['usually reading is slow or is retried', 'check the logs of the data nodes for warnings'],
  // #42608, #43755
  importing: ['usually a data node runs out of memory and starts again', 'check the data nodes for restarts'],
  // #39952
  sorting: ['usually sorting is slow', 'check the load of the data nodes'],
  // zilliztech/milvus-backup#414
  'sorting-or-indexing': ['usually sorting or the index build is slow', 'check the load of the data and index nodes'],
  // #39348
  indexing: ['usually the index build waits for a free node', 'check the logs for "no idle indexing node"'],
  committing: ['no usual cause is known', 'check the logs of the coordinator'],
}

/** Where a job is idle, what usually causes that and what to check; undefined where no cause is known. */
export function stallHint(job: History): string | undefined {
  const hint = hintFor(job)
  return hint && `${hint.stage}: ${hint.cause}; ${hint.check}`
}

/** The same for a glance, without what to check. */
export function shortStallHint(job: History): string | undefined {
  const hint = hintFor(job)
  return hint && `${hint.stage}: ${hint.cause}`
}

/** Whether a job has made no progress for so long that the log mentions it. */
export function isIdle({ idleMs }: History): boolean {
  return idleMs >= IDLE_NOTICE_MS
}

function hintFor(job: History) {
  const { stage, isEstimate = false } = stageNow(job) ?? {}
  // Importing without a percentage that separates the stages may be any of them.
  const isKnown = isEstimate || stage !== 'importing'
  const hint = stage === undefined || !isKnown ? undefined : STALL_HINTS[stage]
  if (stage === undefined || hint === undefined) return undefined
  const [cause, check] = hint
  return { stage: `${isEstimate ? '~' : ''}${STAGE_TITLES[stage].toLowerCase()}`, cause, check }
}
