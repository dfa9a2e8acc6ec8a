import { areReady, isLoaded, pendingRowsOf } from './collection.ts'
import type { CollectionResult, CollectionHistory } from './collection.ts'
import type { CollectionChange, JobChange } from './events.ts'
import { faultChanges, outageChanges } from './faults.ts'
import { isSameState } from './history.ts'
import type { CommitState, History } from './history.ts'
import type { CommitAction, CommitResult, IndexProgress, LoadProgress } from './import-service.ts'
import type { FileProgress, JobSnapshot, PollResult } from './job.ts'

/** How long a job may stand still before the log says so. */
export const IDLE_NOTICE_MS = 30 * 60_000
const PROGRESS_STEP = 5
/** A job that fails fails all its files at once; the rest is in the summary. */
const FAILED_FILES_A_POLL = 10

/** What a poll changed, in the order in which it is reported. */
export function jobChanges(before: History, after: History, result: PollResult): readonly JobChange[] {
  const changes: JobChange[] = [...faultChanges(before, after, after.polledAtMs ?? 0)]
  if (result.kind === 'unknown-job' && before.unknown === undefined) {
    changes.push({ kind: 'job-unknown', error: result.error, seenBefore: before.latest !== undefined })
  }
  if (result.kind === 'answered') {
    changes.push(...stateChanges(before, after, result.snapshot), ...failedFiles(before.latest, after.latest))
    changes.push(...idleChanges(before, after))
  }
  return changes
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
  return [...outageChanges(before, after, after.requestedAtMs ?? 0), ...answerChanges(before, after, answer)]
}

function answerChanges(
  before: CollectionHistory,
  after: CollectionHistory,
  answer: CollectionResult,
): readonly CollectionChange[] {
  switch (answer.kind) {
    case 'refused':
    case 'gone':
      return before.refusals === undefined ? [{ kind: 'refused', error: answer.error }] : []
    case 'done':
      return [{ kind: 'refreshed' }]
    case 'measured': {
      const { rows, rowCount } = answer
      const counted = before.rows === rows ? [] : [{ kind: 'counted', rows, rowCount } as const]
      return [...counted, ...idleChanges(before, after)]
    }
    case 'read':
      return [
        ...indexChanges(before, after, answer.indexes),
        ...loadChanges(before.load, answer.load),
        ...idleChanges(before, after),
      ]
    case 'outage':
    case 'cancelled':
    case 'identified':
    case 'counted':
    case 'not-loaded':
    case 'no-refresh':
      return []
  }
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

function idleChanges({ idleMs: beforeMs }: History | CollectionHistory, { idleMs }: History | CollectionHistory) {
  return beforeMs < IDLE_NOTICE_MS && idleMs >= IDLE_NOTICE_MS ? [{ kind: 'idle', idleMs } as const] : []
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
