import { areReady, isLoaded, pendingRowsOf } from './collection.ts'
import type { CollectionResult, CollectionHistory } from './collection.ts'
import type { CollectionChange, JobChange } from './events.ts'
import { isSameState } from './history.ts'
import type { History } from './history.ts'
import { isConfirmed } from './refusals.ts'
import type { Refusals } from './refusals.ts'
import type { FileProgress, JobSnapshot, PollResult } from './job.ts'
import type { CommitResult, IndexProgress, LoadProgress } from './import-service.ts'
import type { CommitAction, CommitState } from './commit-state.ts'

/** How long a job may stand still before the log says so. */
export const IDLE_NOTICE_MS = 30 * 60_000
const PROGRESS_STEP = 5
/** A job that fails fails all its files at once; the rest is in the summary. */
const FAILED_FILES_A_POLL = 10

/** What a poll changed, in the order in which it is reported. */
export function jobChanges(before: History, after: History, result: PollResult): readonly JobChange[] {
  switch (result.kind) {
    case 'cancelled':
      return []
    case 'refused':
      return refusalChanges(before.refusals, after.refusals)
    case 'outage':
      return before.outage === undefined ? [{ kind: 'outage-began', error: result.error }] : []
    case 'unknown-job':
      return [
        ...outageEnded(before, after),
        ...(before.unknown === undefined
          ? [{ kind: 'job-unknown', error: result.error, seenBefore: before.latest !== undefined } as const]
          : []),
      ]
    case 'answered':
      return [
        ...outageEnded(before, after),
        ...stateChanges(before, after, result.snapshot),
        ...failedFiles(before.latest, after.latest),
        ...idleChanges(before.idleMs, after.idleMs),
      ]
  }
}

/** What came of committing or aborting a job; `before` are the attempts until then. */
export function commitChanges(
  act: CommitAction,
  before: CommitState | undefined,
  result: CommitResult,
): readonly JobChange[] {
  switch (result.kind) {
    case 'cancelled':
      return []
    case 'done':
      return [{ kind: 'act-done', act }]
    case 'refused':
      return before?.refusals === undefined ? [{ kind: 'act-refused', act, error: result.error }] : []
    case 'declined':
    case 'unknown-job':
      return [{ kind: 'act-refused', act, error: result.error }]
    case 'outage':
      return before?.outage === undefined ? [{ kind: 'act-in-doubt', act, error: result.error }] : []
  }
}

/** What a question about a collection changed, in the order in which it is reported. */
export function collectionChanges(
  before: CollectionHistory,
  after: CollectionHistory,
  answer: CollectionResult,
): readonly CollectionChange[] {
  switch (answer.kind) {
    case 'outage':
      return before.outage === undefined ? [{ kind: 'outage-began', error: answer.error }] : []
    case 'refused':
    case 'gone':
      return before.refusals === undefined ? [{ kind: 'refused', error: answer.error }] : []
    case 'cancelled':
    case 'identified':
    case 'counted':
    case 'not-loaded':
    case 'no-refresh':
      return collectionOutageEnded(before, after)
    case 'done':
      return [...collectionOutageEnded(before, after), { kind: 'refreshed' }]
    case 'measured': {
      const { rows, rowCount } = answer
      return [
        ...collectionOutageEnded(before, after),
        ...(before.rows === rows ? [] : [{ kind: 'counted', rows, rowCount } as const]),
        ...idleChanges(before.idleMs, after.idleMs),
      ]
    }
    case 'read':
      return [
        ...collectionOutageEnded(before, after),
        ...indexChanges(before, after, answer.indexes),
        ...loadChanges(before.load, answer.load),
        ...idleChanges(before.idleMs, after.idleMs),
      ]
  }
}

function collectionOutageEnded(before: CollectionHistory, after: CollectionHistory): readonly CollectionChange[] {
  if (before.outage === undefined) return []
  return [{ kind: 'outage-ended', lastedMs: (after.requestedAtMs ?? 0) - before.outage.silentSinceMs }]
}

function indexChanges(
  before: CollectionHistory,
  after: CollectionHistory,
  indexes: readonly IndexProgress[],
): readonly CollectionChange[] {
  if (areReady(indexes)) return areReady(before.indexes) ? [] : [{ kind: 'indexes-ready', indexes: indexes.length }]
  return before.indexes !== undefined && indexedStep(before) === indexedStep(after)
    ? []
    : [{ kind: 'indexes', pendingRows: pendingRowsOf(after) }]
}

/** Which twentieth of the rows that were pending has been indexed. */
function indexedStep(collection: CollectionHistory): number | undefined {
  const pendingRows = pendingRowsOf(collection)
  return pendingRows === undefined ? undefined : Math.ceil((20 * pendingRows) / Math.max(1, collection.mostPendingRows))
}

function loadChanges(before: LoadProgress | undefined, load: LoadProgress): readonly CollectionChange[] {
  const step = ({ percent }: LoadProgress) => percent && Math.floor(percent / PROGRESS_STEP)
  const isSame = before?.state === load.state && step(before) === step(load)
  // That it is loaded at the start is nothing new: it has yet to take in what was imported.
  return isSame || (before === undefined && isLoaded(load))
    ? []
    : [{ kind: 'load', state: load.state, percent: load.percent }]
}

/** A refusal that is not confirmed yet is reported once; a confirmed one is the end. */
export function refusalChanges(before: Refusals | undefined, after: Refusals | undefined) {
  return before === undefined && after !== undefined && !isConfirmed(after)
    ? [{ kind: 'refused-once', error: after.error } as const]
    : []
}

function idleChanges(beforeMs: number, idleMs: number) {
  return beforeMs < IDLE_NOTICE_MS && idleMs >= IDLE_NOTICE_MS ? [{ kind: 'idle', idleMs } as const] : []
}

function outageEnded(before: History, after: History): readonly JobChange[] {
  if (before.outage === undefined) return []
  return [{ kind: 'outage-ended', lastedMs: (after.polledAtMs ?? 0) - before.outage.silentSinceMs }]
}

function stateChanges(before: History, after: History, now: JobSnapshot): readonly JobChange[] {
  const from = before.latest?.label
  if (!isSameState(before.latest, now)) {
    const isNewWord = now.phase === 'unknown' && before.timeline.every((point) => point.label !== now.label)
    return [
      { kind: 'state', from, to: now.label, phase: now.phase },
      ...(isNewWord ? [{ kind: 'unknown-state', label: now.label } as const] : []),
    ]
  }
  const step = (progress: number) => Math.floor(progress / PROGRESS_STEP)
  return step(before.progress) === step(after.progress)
    ? []
    : [{ kind: 'progress', from: before.progress, to: after.progress }]
}

function failedFiles(before: JobSnapshot | undefined, after: JobSnapshot | undefined): readonly JobChange[] {
  const isFailed = (file: FileProgress) => file.phase === 'failed'
  const known = new Set(before?.files.filter(isFailed).map((file) => file.name))
  return (after?.files ?? [])
    .filter((file) => isFailed(file) && !known.has(file.name))
    .slice(0, FAILED_FILES_A_POLL)
    .map((file) => ({ kind: 'file-failed', file }))
}
