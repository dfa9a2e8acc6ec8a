import type { Span } from './clock.ts'
import type { CommitState } from './commit-state.ts'
import { importedRowsOf, totalRowsOf } from './job.ts'
import type { FileProgress, JobSnapshot, PollResult, Phase, ServiceError } from './job.ts'
import { prolonged } from './outage.ts'
import { recordRefusal } from './refusals.ts'
import type { Refusals } from './refusals.ts'
import type { Outage } from './outage.ts'

/** A moment at which a job's state, progress or rows had changed. */
export interface TimelinePoint {
  readonly atMs: number
  readonly phase: Phase
  readonly label: string
  readonly progress: number
  readonly importedRows: number | undefined
}

/** What is known of one job after all polls so far. Immutable; all times are the clock's. */
export interface History {
  readonly jobId: string
  /** The job was in a list of the service, which so has answered, before anyone polled it. */
  readonly wasListed: boolean
  /** The name of its collection by that list. */
  readonly listedCollection: string | undefined
  /** The service has reported the job at Uncommitted: it is a two-phase import. */
  readonly wasUncommitted: boolean
  /** This step started it as a two-phase import. */
  readonly isOwnTwoPhase: boolean
  /** Polls that brought anything, good or bad. */
  readonly polls: number
  /** When the last poll ended. */
  readonly polledAtMs: number | undefined
  /**
   * The last good answer, as it is to be reported: a failure resets progress, rows and files on the wire, so those
   * seen before it are kept.
   */
  readonly latest: JobSnapshot | undefined
  /** 0 to 100, as last reported; 0 before the first answer. */
  readonly progress: number
  /** As last reported, before a failure. */
  readonly importedRows: number | undefined
  /** As last reported, before a failure. */
  readonly totalRows: number | undefined
  /** When the last whole answer came, or the last one that changed anything. */
  readonly answeredAtMs: number | undefined
  /** When the last usable response came. */
  readonly usableAtMs: number | undefined
  /** When state, progress or rows last changed. */
  readonly changedAtMs: number | undefined
  /** For how long state, progress and rows have stood still while the service was answering. */
  readonly idleMs: number
  /** How much of the time since the last good answer went by in outages that are over. */
  readonly outageSinceAnswerMs: number
  /** How long all outages took that are over, since the first good answer. */
  readonly totalOutageMs: number
  /** Since when the service has given no usable answer about this job. */
  readonly outage: Outage | undefined
  /** Since when the service has said that it does not know this job. */
  readonly unknown: { readonly sinceMs: number; readonly answers: number; readonly error: ServiceError } | undefined
  /** Refusals in a row: the last response was one. */
  readonly refusals: Refusals | undefined
  /** The gate's own attempts to commit the job. */
  readonly commit: CommitState | undefined
  /** The gate's own attempts to abort the job. */
  readonly abort: CommitState | undefined
  readonly timeline: readonly TimelinePoint[]
}

// Enough for a chart and for the estimates; a six-hour wait that changes every two seconds would otherwise grow for ever.
const TIMELINE_POINTS = 1000

/** The history of a job that has not been polled yet. */
export function newHistory(
  jobId: string,
  {
    wasListed = false,
    listedCollection,
    isOwnTwoPhase = false,
  }: Partial<Pick<History, 'wasListed' | 'listedCollection' | 'isOwnTwoPhase'>> = {},
): History {
  return {
    jobId,
    wasListed,
    listedCollection,
    wasUncommitted: false,
    isOwnTwoPhase,
    polls: 0,
    polledAtMs: undefined,
    latest: undefined,
    progress: 0,
    importedRows: undefined,
    totalRows: undefined,
    answeredAtMs: undefined,
    usableAtMs: undefined,
    changedAtMs: undefined,
    idleMs: 0,
    outageSinceAnswerMs: 0,
    totalOutageMs: 0,
    outage: undefined,
    unknown: undefined,
    refusals: undefined,
    commit: undefined,
    abort: undefined,
    timeline: [],
  }
}

/** What is known after one more poll, whose first request started and whose last one ended then. */
export function record(history: History, result: PollResult, times: Span): History {
  const { endedAtMs } = times
  const refusals = recordRefusal(history.refusals, result, times)
  const seen = { ...history, polls: history.polls + 1, polledAtMs: endedAtMs, refusals }
  const spoke = { ...seen, totalOutageMs: totalOutageMsAt(history, endedAtMs) }
  switch (result.kind) {
    case 'cancelled':
      return history
    case 'refused':
      return seen
    case 'outage':
      return {
        ...seen,
        outage: prolonged(history.outage, result.error, times, history.usableAtMs),
      }
    case 'unknown-job':
      return {
        ...spoke,
        outageSinceAnswerMs: outageSinceAnswerMsAt(history, endedAtMs),
        outage: undefined,
        unknown: {
          sinceMs: history.unknown?.sinceMs ?? endedAtMs,
          answers: (history.unknown?.answers ?? 0) + 1,
          error: result.error,
        },
      }
    case 'answered':
      return answered(spoke, result.snapshot, endedAtMs, result.isFromList === true)
  }
}

function answered(history: History, snapshot: JobSnapshot, atMs: number, isFromList: boolean): History {
  const { latest } = history
  const failed = snapshot.phase === 'failed' && latest !== undefined
  const latestNow = failed
    ? withWhatTheFailureReset(snapshot, latest)
    : { ...snapshot, ...carriedOver(snapshot, latest) }
  const progress = failed ? history.progress : progressOf(snapshot, history.progress)
  const importedRows = failed ? history.importedRows : (importedRowsOf(snapshot) ?? history.importedRows)
  const totalRows = failed ? history.totalRows : (totalRowsOf(snapshot) ?? history.totalRows)
  const changed =
    !isSameState(latest, snapshot) ||
    progress !== history.progress ||
    importedRows !== history.importedRows ||
    totalRows !== history.totalRows
  const moved = changed || haveFilesMoved(latest?.files, latestNow.files)
  const point = { atMs, phase: snapshot.phase, label: snapshot.label, progress, importedRows }
  return {
    ...history,
    latest: latestNow,
    wasUncommitted: history.wasUncommitted || snapshot.phase === 'uncommitted',
    progress,
    importedRows,
    totalRows,
    ...(isFromList && !moved ? notMeasured(history, atMs) : measured(history, snapshot.phase, moved, atMs)),
    usableAtMs: atMs,
    changedAtMs: moved ? atMs : history.changedAtMs,
    outage: undefined,
    unknown: undefined,
    commit: history.commit && { ...history.commit, isPolledSince: history.commit.isPolledSince || !isFromList },
    timeline: changed ? append(history.timeline, point) : history.timeline,
  }
}

/** List and describe may use different words for one phase; only of words that are not known each is a state of its own. */
export function isSameState(before: JobSnapshot | undefined, { phase, label }: JobSnapshot): boolean {
  return before?.phase === phase && (phase !== 'unknown' || before.label === label)
}

function haveFilesMoved(before: readonly FileProgress[] = [], after: readonly FileProgress[]): boolean {
  if (before === after) return false
  const standOf = (file: FileProgress | undefined) => file && [file.phase, file.progress, file.importedRows].join()
  // The order of files is random on Milvus.
  const known = new Map(before.map((file) => [file.name, standOf(file)]))
  return before.length !== after.length || after.some((file) => known.get(file.name) !== standOf(file))
}

/** Rows may have moved all the same: the standstill is measured when a whole answer comes. */
function notMeasured(history: History, atMs: number) {
  return { outageSinceAnswerMs: outageSinceAnswerMsAt(history, atMs) }
}

function measured(history: History, phase: Phase, moved: boolean, atMs: number) {
  const idleMs = moved ? 0 : history.idleMs + quietSince(history, phase, atMs)
  return { answeredAtMs: atMs, idleMs, outageSinceAnswerMs: 0 }
}

/** How much of the time since the last answer counts as a standstill: none of an outage, none of waiting for a commit to come. */
function quietSince(history: History, phase: Phase, atMs: number): number {
  const waitsForCommit = phase === 'uncommitted' && history.commit?.state !== 'done'
  const { answeredAtMs = atMs } = history
  return waitsForCommit ? 0 : atMs - answeredAtMs - outageSinceAnswerMsAt(history, atMs)
}

function outageSinceAnswerMsAt({ outageSinceAnswerMs, outage }: History, atMs: number): number {
  return outage === undefined ? outageSinceAnswerMs : outageSinceAnswerMs + atMs - outage.sinceMs
}

/** How long the service has given no usable answer since its first good one, in all, by that time. */
export function totalOutageMsAt({ totalOutageMs, outage, latest }: History, atMs: number): number {
  return outage === undefined || latest === undefined ? totalOutageMs : totalOutageMs + atMs - outage.sinceMs
}

function progressOf(snapshot: JobSnapshot, before: number): number {
  return snapshot.progress ?? (snapshot.phase === 'completed' ? 100 : before)
}

function carriedOver(snapshot: JobSnapshot, before: JobSnapshot | undefined) {
  return {
    collectionName: snapshot.collectionName ?? before?.collectionName,
    createTime: snapshot.createTime ?? before?.createTime,
  }
}

function withWhatTheFailureReset(failed: JobSnapshot, before: JobSnapshot): JobSnapshot {
  return {
    ...failed,
    ...carriedOver(failed, before),
    progress: before.progress,
    importedRows: before.importedRows,
    totalRows: before.totalRows,
    sizeBytes: failed.sizeBytes || before.sizeBytes,
    files: failed.files.length === 0 ? before.files : withRowsBefore(failed.files, before.files),
  }
}

function withRowsBefore(files: readonly FileProgress[], before: readonly FileProgress[]): readonly FileProgress[] {
  const byName = new Map(before.map((file) => [file.name, file]))
  return files.map((file) => {
    const earlier = byName.get(file.name)
    if (earlier === undefined) return file
    return {
      ...file,
      progress: file.progress || earlier.progress,
      importedRows: file.importedRows || earlier.importedRows,
      totalRows: file.totalRows || earlier.totalRows,
      sizeBytes: file.sizeBytes || earlier.sizeBytes,
    }
  })
}

function append(timeline: readonly TimelinePoint[], point: TimelinePoint): readonly TimelinePoint[] {
  const points = timeline.length < TIMELINE_POINTS ? timeline : thinned(timeline)
  return [...points, point]
}

/** Every second point goes, but for those where the state changed. */
function thinned(timeline: readonly TimelinePoint[]): readonly TimelinePoint[] {
  const kept = timeline.filter((point, i) => i % 2 === 0 || point.label !== timeline[i - 1]?.label)
  return kept.length < TIMELINE_POINTS ? kept : kept.slice(TIMELINE_POINTS / 2)
}
