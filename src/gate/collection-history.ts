import type { Span } from './clock.ts'
import type { ServiceError } from './job.ts'
import type { IndexProgress, LoadProgress, Reading, Refresh, RowsCounted } from './import-service.ts'
import { prolonged, withoutAbsence } from './outage.ts'
import type { Outage } from './outage.ts'

/** What is known of a collection on its way to being searchable. Immutable; all times are the clock's. */
export interface CollectionHistory {
  readonly name: string
  /** Questions that brought anything, good or bad. */
  readonly requests: number
  /** When the last question ended. */
  readonly requestedAtMs: number | undefined
  /** When it was last read. */
  readonly readAtMs: number | undefined
  /** When the wait that is under way began: with the first reading, and anew with the refresh. */
  readonly waitsSinceMs: number | undefined
  readonly indexes: readonly IndexProgress[] | undefined
  readonly load: LoadProgress | undefined
  /** The most that were ever pending, to measure progress by. */
  readonly mostPendingRows: number
  /** Since when every reading has shown it as not loaded. */
  readonly notLoadedSinceMs: number | undefined
  /** It has been asked to take in the new segments. */
  readonly isRefreshed: boolean
  /** The service knew of no way to refresh it, and has not failed to answer since. */
  readonly noRefresh: ServiceError | undefined
  /** Something has contradicted the last reading, so that it says nothing any more. */
  readonly isInDoubt: boolean
  /** Readings in a row, since the refresh, that found nothing missing, each a moment after the one before. */
  readonly goodReadings: number
  readonly rows: number | undefined
  /** When its rows were first counted, or last found to have become more. */
  readonly rowsSinceMs: number | undefined
  /** When its rows were last counted. */
  readonly countedAtMs: number | undefined
  /** When the last answer came that says something of it. */
  readonly answeredAtMs: number | undefined
  /** When pending rows or load progress last changed. */
  readonly changedAtMs: number | undefined
  /** For how long they have stood still while the service was answering. */
  readonly idleMs: number
  readonly outage: Outage | undefined
  readonly refusal: ServiceError | undefined
  readonly gone: ServiceError | undefined
}

/** The history of a collection that nobody has asked about yet. */
export function newCollection(name: string): CollectionHistory {
  return {
    name,
    requests: 0,
    requestedAtMs: undefined,
    readAtMs: undefined,
    waitsSinceMs: undefined,
    indexes: undefined,
    load: undefined,
    mostPendingRows: 0,
    notLoadedSinceMs: undefined,
    isRefreshed: false,
    noRefresh: undefined,
    isInDoubt: false,
    goodReadings: 0,
    rows: undefined,
    rowsSinceMs: undefined,
    countedAtMs: undefined,
    answeredAtMs: undefined,
    changedAtMs: undefined,
    idleMs: 0,
    outage: undefined,
    refusal: undefined,
    gone: undefined,
  }
}

/** Two readings that are closer together are as good as one. */
const APART_MS = 1_000

/** What a question about a collection brought. */
export type CollectionResult = Reading | Refresh | RowsCounted

/** What is known after one more question. */
export function recordAnswer(before: CollectionHistory, answer: CollectionResult, span: Span): CollectionHistory {
  const { endedAtMs } = span
  if (answer.kind === 'cancelled') return before
  const asked = { ...before, requests: before.requests + 1, requestedAtMs: endedAtMs }
  const answered = { outage: undefined, answeredAtMs: endedAtMs }
  switch (answer.kind) {
    case 'outage':
      return {
        ...asked,
        outage: prolonged(before.outage, answer.error, span, before.answeredAtMs),
        noRefresh: undefined,
      }
    case 'refused':
      return { ...asked, outage: undefined, refusal: answer.error }
    case 'gone':
      return { ...asked, ...answered, gone: answer.error }
    case 'done':
      return {
        ...asked,
        ...answered,
        isRefreshed: true,
        noRefresh: undefined,
        goodReadings: 0,
        waitsSinceMs: endedAtMs,
      }
    case 'not-loaded':
      // The next reading says since when, and whether somebody loads it.
      return { ...asked, ...answered, noRefresh: undefined, goodReadings: 0, isInDoubt: true }
    case 'no-refresh':
      // Something in between may have said so, and is found out where the next reading fails.
      return before.noRefresh === undefined
        ? { ...asked, outage: undefined, noRefresh: answer.error, isInDoubt: true }
        : { ...asked, outage: undefined, refusal: answer.error }
    case 'counted':
      return {
        ...asked,
        ...answered,
        rows: answer.rows,
        // Rows that go on arriving are not missing yet.
        rowsSinceMs: answer.rows > (before.rows ?? -1) ? endedAtMs : before.rowsSinceMs,
        countedAtMs: endedAtMs,
      }
    case 'read':
      return { ...asked, ...read(before, answer, endedAtMs) }
  }
}

function read(before: CollectionHistory, { indexes, load }: Extract<Reading, { kind: 'read' }>, atMs: number) {
  const changed = standOf(before) !== standOf({ indexes, load })
  const isGood = before.isRefreshed && areReady(indexes) && isLoaded(load)
  const isAnother = before.goodReadings === 0 || atMs - (before.readAtMs ?? 0) >= APART_MS
  return {
    indexes,
    load,
    mostPendingRows: Math.max(before.mostPendingRows, pendingRowsOf({ indexes }) ?? 0),
    notLoadedSinceMs: load.state === 'not-loaded' ? (before.notLoadedSinceMs ?? atMs) : undefined,
    goodReadings: isGood ? before.goodReadings + Number(isAnother) : 0,
    isInDoubt: false,
    readAtMs: atMs,
    waitsSinceMs: before.waitsSinceMs ?? atMs,
    answeredAtMs: atMs,
    changedAtMs: changed ? atMs : before.changedAtMs,
    // Where nothing is missing any more, nothing has to move.
    idleMs: changed || isGood ? 0 : before.idleMs + quietSince(before, atMs),
    outage: undefined,
  }
}

/** An outage is no standstill. */
function quietSince({ outage, ...before }: CollectionHistory, atMs: number): number {
  const { answeredAtMs = atMs } = before
  return outage === undefined ? atMs - answeredAtMs : 0
}

function standOf({ indexes, load }: Pick<CollectionHistory, 'indexes' | 'load'>): string {
  return JSON.stringify([indexes?.map(({ name, pendingRows }) => [name, pendingRows]), load])
}

/** The history without a time in which the process did not run: it counts neither as an outage nor as a stall. */
export function withoutAbsenceOfCollection(collection: CollectionHistory, absentMs: number): CollectionHistory {
  const { answeredAtMs, outage } = collection
  return {
    ...collection,
    answeredAtMs: answeredAtMs === undefined ? undefined : answeredAtMs + absentMs,
    outage: withoutAbsence(outage, absentMs),
  }
}

/** No index has pending rows; a service that does not say how many is not believed. */
export function areReady(indexes: readonly IndexProgress[] | undefined): boolean {
  return indexes?.every(({ isFailed, pendingRows }) => !isFailed && pendingRows === 0) === true
}

/** Wholly in memory. */
export function isLoaded(load: LoadProgress | undefined): boolean {
  return load?.state === 'loaded' && (load.percent ?? 100) === 100
}

/** Rows that are not in their index yet, summed over the indexes; undefined where the service does not say. */
export function pendingRowsOf({ indexes }: Pick<CollectionHistory, 'indexes'>): number | undefined {
  if (indexes === undefined || indexes.some(({ pendingRows }) => pendingRows === undefined)) return undefined
  return indexes.reduce((sum, { pendingRows = 0 }) => sum + pendingRows, 0)
}
