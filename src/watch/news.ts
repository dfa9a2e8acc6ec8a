import { areReady, isLoaded, pendingRowsOf } from './collection-history.ts'
import type { CollectionAnswer, CollectionHistory } from './collection-history.ts'
import type { CollectionNews, News } from './events.ts'
import type { History } from './history.ts'
import type { FileProgress, JobSnapshot, Observation } from './import-job.ts'
import type { Deed, IndexProgress, LoadProgress } from './import-service.ts'
import type { Act, Attempt } from './attempt.ts'

/** How long a job may stand still before the log says so. */
export const QUIET_NOTICE_MS = 30 * 60_000
const PROGRESS_STEP = 5
/** A job that fails fails all its files at once; the rest is in the summary. */
const FAILED_FILES_A_LOOK = 10

/** What a look changed, in the order in which it is to be told. */
export function newsOf(before: History, after: History, observation: Observation): readonly News[] {
  switch (observation.kind) {
    case 'cancelled':
    case 'refused':
      return []
    case 'outage':
      return before.outage === undefined ? [{ kind: 'outage-began', trouble: observation.trouble }] : []
    case 'unknown-job':
      return [
        ...outageEnded(before, after),
        ...(before.unknown === undefined
          ? [{ kind: 'job-unknown', trouble: observation.trouble, seenBefore: before.latest !== undefined } as const]
          : []),
      ]
    case 'answered':
      return [
        ...outageEnded(before, after),
        ...stateNews(before, after, observation.snapshot),
        ...failedFiles(before.latest, after.latest),
        ...quietNews(before.quietMs, after.quietMs),
      ]
  }
}

/** What came of committing or aborting a job; `before` are the attempts until then. */
export function newsOfDeed(act: Act, before: Attempt | undefined, deed: Deed): readonly News[] {
  switch (deed.kind) {
    case 'cancelled':
      return []
    case 'done':
      return [{ kind: 'act-done', act }]
    case 'refused':
    case 'unknown-job':
      return [{ kind: 'act-refused', act, trouble: deed.trouble }]
    case 'outage':
      return before?.outage === undefined ? [{ kind: 'act-in-doubt', act, trouble: deed.trouble }] : []
  }
}

/** What a question about a collection changed, in the order in which it is to be told. */
export function newsOfCollection(
  before: CollectionHistory,
  after: CollectionHistory,
  answer: CollectionAnswer,
): readonly CollectionNews[] {
  switch (answer.kind) {
    case 'outage':
      return before.outage === undefined ? [{ kind: 'outage-began', trouble: answer.trouble }] : []
    case 'cancelled':
    case 'refused':
    case 'gone':
    case 'not-loaded':
    case 'no-refresh':
      return collectionOutageEnded(before, after)
    case 'done':
      return [...collectionOutageEnded(before, after), { kind: 'refreshed' }]
    case 'counted':
      return [
        ...collectionOutageEnded(before, after),
        ...(before.rows === after.rows ? [] : [{ kind: 'counted', rows: answer.rows } as const]),
      ]
    case 'read':
      return [
        ...collectionOutageEnded(before, after),
        ...indexNews(before, after, answer.indexes),
        ...loadNews(before.load, answer.load),
        ...quietNews(before.quietMs, after.quietMs),
      ]
  }
}

function collectionOutageEnded(before: CollectionHistory, after: CollectionHistory): readonly CollectionNews[] {
  if (before.outage === undefined) return []
  return [{ kind: 'outage-ended', lastedMs: (after.askedAtMs ?? 0) - before.outage.sinceMs }]
}

function indexNews(
  before: CollectionHistory,
  after: CollectionHistory,
  indexes: readonly IndexProgress[],
): readonly CollectionNews[] {
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

function loadNews(before: LoadProgress | undefined, load: LoadProgress): readonly CollectionNews[] {
  const step = ({ percent }: LoadProgress) => percent && Math.floor(percent / PROGRESS_STEP)
  const isSame = before?.state === load.state && step(before) === step(load)
  // That it is loaded at the start is nothing new: it has yet to take in what was imported.
  return isSame || (before === undefined && isLoaded(load))
    ? []
    : [{ kind: 'load', state: load.state, percent: load.percent }]
}

function quietNews(beforeMs: number, quietMs: number) {
  return beforeMs < QUIET_NOTICE_MS && quietMs >= QUIET_NOTICE_MS ? [{ kind: 'quiet', quietMs } as const] : []
}

function outageEnded(before: History, after: History): readonly News[] {
  if (before.outage === undefined) return []
  return [{ kind: 'outage-ended', lastedMs: (after.lookedAtMs ?? 0) - before.outage.sinceMs }]
}

function stateNews(before: History, after: History, now: JobSnapshot): readonly News[] {
  const from = before.latest?.label
  if (from !== now.label) {
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

function failedFiles(before: JobSnapshot | undefined, after: JobSnapshot | undefined): readonly News[] {
  const isFailed = (file: FileProgress) => file.phase === 'failed'
  const known = new Set(before?.files.filter(isFailed).map((file) => file.name))
  return (after?.files ?? [])
    .filter((file) => isFailed(file) && !known.has(file.name))
    .slice(0, FAILED_FILES_A_LOOK)
    .map((file) => ({ kind: 'file-failed', file }))
}
