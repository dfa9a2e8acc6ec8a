import type { Span } from './clock.ts'
import { recordFaults } from './faults.ts'
import type { Faults } from './faults.ts'
import { importedRowsOf, totalRowsOf } from './job.ts'
import type { FileProgress, JobSnapshot, PollResult, Phase, ServiceError } from './job.ts'

/** A moment at which a job's state, progress or rows had changed. */
export interface TimelinePoint {
  readonly atMs: number
  readonly phase: Phase
  readonly label: string
  readonly progress: number
  readonly importedRows: number | undefined
}

/** What is known of one job after all polls so far. Immutable; all times are the clock's. */
export interface History extends Faults {
  readonly jobId: string
  /** The job was in a list of the service, which so has answered, before anyone polled it. */
  readonly wasListed: boolean
  /** The name of its collection by that list. */
  readonly listedCollection?: string | undefined
  /** The service has reported the job at Uncommitted: it is a two-phase import. */
  readonly wasUncommitted: boolean
  /** This step started it as a two-phase import. */
  readonly isOwnTwoPhase: boolean
  /** Polls that brought anything, good or bad. */
  readonly polls: number
  /** When the last poll ended. */
  readonly polledAtMs?: number | undefined
  /**
   * The last good answer, as it is to be reported: a failure resets progress, rows and files on the wire, so those
   * seen before it are kept.
   */
  readonly latest?: JobSnapshot | undefined
  /** 0 to 100, as last reported; 0 before the first answer. */
  readonly progress: number
  /** As last reported, before a failure. */
  readonly importedRows?: number | undefined
  readonly totalRows?: number | undefined
  /** When the last whole answer came, or the last one that changed anything. */
  readonly answeredAtMs?: number | undefined
  /** When the last usable response came. */
  readonly usableAtMs?: number | undefined
  /** When state, progress or rows last changed. */
  readonly changedAtMs?: number | undefined
  /** For how long state, progress and rows have stood still while the service was answering. */
  readonly idleMs: number
  /** How much of the time since the last good answer went by in outages that are over. */
  readonly outageSinceAnswerMs: number
  /** How long all outages took that are over, since the first good answer. */
  readonly totalOutageMs: number
  /** Since when the service has said that it does not know this job. */
  readonly unknown?: { readonly sinceMs: number; readonly answers: number; readonly error: ServiceError } | undefined
  /** The gate's own attempts to commit the job, and to abort it. */
  readonly commit?: CommitState | undefined
  readonly abort?: CommitState | undefined
  readonly timeline: readonly TimelinePoint[]
}

/** What became of the gate's own attempts to commit or to abort a job. */
export interface CommitState extends Faults {
  /**
   * `declined`: the job is in another state, or the service has no such operation. `refused`: a refusal that others have to
   * confirm. `in-doubt`: the response was lost, so it may have been carried out.
   */
  readonly state: 'done' | 'declined' | 'refused' | 'in-doubt'
  readonly times: number
  /** When the last attempt ended. */
  readonly endedAtMs: number
  /** The job itself has been polled since. */
  readonly isPolledSince: boolean
  /** Why the last one failed. */
  readonly error?: ServiceError | undefined
}

// Enough for a chart and for the estimates; a six-hour wait that changes every two seconds would otherwise grow for ever.
const TIMELINE_POINTS = 1000

/** The history of a job that has not been polled yet. */
export function newHistory(
  jobId: string,
  known: Partial<Pick<History, 'wasListed' | 'listedCollection' | 'isOwnTwoPhase'>> = {},
): History {
  return {
    jobId,
    wasListed: false,
    wasUncommitted: false,
    isOwnTwoPhase: false,
    polls: 0,
    progress: 0,
    idleMs: 0,
    outageSinceAnswerMs: 0,
    totalOutageMs: 0,
    timeline: [],
    ...known,
  }
}

/** What is known after one more poll, whose first request started and whose last one ended then. */
export function record(history: History, result: PollResult, times: Span): History {
  if (result.kind === 'cancelled') return history
  const { endedAtMs } = times
  const faults = recordFaults(history, result, times)
  const polled = { ...history, ...faults, polls: history.polls + 1, polledAtMs: endedAtMs }
  if (result.kind === 'refused' || result.kind === 'outage') return polled
  const { unknown, outage, outageSinceAnswerMs } = history
  const usable = {
    ...polled,
    outageSinceAnswerMs: outageSinceAnswerMs + (outage === undefined ? 0 : endedAtMs - outage.sinceMs),
    totalOutageMs: totalOutageMsAt(history, endedAtMs),
  }
  if (result.kind === 'answered') return answered(usable, result.snapshot, endedAtMs, result.isFromList === true)
  const [sinceMs, answers] = [unknown?.sinceMs ?? endedAtMs, (unknown?.answers ?? 0) + 1]
  return { ...usable, unknown: { sinceMs, answers, error: result.error } }
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
  // A list does not show rows, which may have moved all the same: the next whole answer says for how long nothing did.
  const isMeasured = moved || !isFromList
  return {
    ...history,
    latest: latestNow,
    wasUncommitted: history.wasUncommitted || snapshot.phase === 'uncommitted',
    progress,
    importedRows,
    totalRows,
    ...(isMeasured && { answeredAtMs: atMs, outageSinceAnswerMs: 0 }),
    ...(isMeasured && { idleMs: moved ? 0 : history.idleMs + idleSince(history, snapshot.phase, atMs) }),
    usableAtMs: atMs,
    changedAtMs: moved ? atMs : history.changedAtMs,
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

/** How much of the time since the last answer counts as a standstill: none of an outage, none of waiting for a commit to come. */
function idleSince({ commit, answeredAtMs, outageSinceAnswerMs }: History, phase: Phase, atMs: number): number {
  const waitsForCommit = phase === 'uncommitted' && commit?.state !== 'done'
  return waitsForCommit ? 0 : atMs - (answeredAtMs ?? atMs) - outageSinceAnswerMs
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
