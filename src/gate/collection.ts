import type { Identities } from './aliases.ts'
import { isApart } from './clock.ts'
import type { Span } from './clock.ts'
import type { History } from './history.ts'
import { importedRowsOf } from './job.ts'
import type { ServiceError } from './job.ts'
import type {
  Identified,
  IndexProgress,
  LoadProgress,
  NoResponse,
  Gone,
  Reading,
  Refresh,
  RowsCounted,
} from './import-service.ts'
import { isConfirmed, prolonged, recordRefusal } from './faults.ts'
import type { Outage, Refusals } from './faults.ts'
import type { Policy, Selection } from './policy.ts'
import { SECOND_READING_MS } from './timing.ts'

/** What a search saw and what was stored before the imported rows could be visible. */
export interface Baseline {
  /** `count(*)`; undefined where it could not be taken. */
  readonly rows: number | undefined
  /** `rowCount` of the same time, before any row was imported; undefined where some may have been. */
  readonly rowCount: number | undefined
  /** Taken before any job was Completed or Committing: imported rows were not visible then. */
  readonly isEarly: boolean
}

/** `count(*)`, what a search sees, beside `rowCount`, what is stored (deleted rows included until they are compacted). */
export interface RowReading extends Span {
  readonly rows: number
  readonly rowCount: number
}

/** What counting a collection's rows both ways brought. */
export type Measured =
  | { readonly kind: 'measured'; readonly rows: number; readonly rowCount: number }
  | { readonly kind: 'not-loaded' }
  | Gone
  | NoResponse

/** What is known of a collection on its way to being searchable. Immutable; all times are the clock's. */
export interface CollectionHistory {
  readonly name: string
  /** Rows that the jobs imported into it; undefined where the service does not say so of every job. */
  readonly importedRows: number | undefined
  /** Undefined until one has been taken, or could not be. */
  readonly baseline: Baseline | undefined
  /** Requests that brought anything, good or bad. */
  readonly requests: number
  /** When the last request ended. */
  readonly requestedAtMs: number | undefined
  /** When its indexes and load state were last read. */
  readonly readAtMs: number | undefined
  /** When the wait in progress began: with the first reading, and anew with the refresh. */
  readonly waitsSinceMs: number | undefined
  readonly indexes: readonly IndexProgress[] | undefined
  readonly load: LoadProgress | undefined
  /** The most that were ever pending, to measure progress by. */
  readonly mostPendingRows: number
  /** Since when every reading has shown it as not loaded. */
  readonly notLoadedSinceMs: number | undefined
  /** It has been asked to load the new segments. */
  readonly isRefreshed: boolean
  /** The service had no `refresh_load`, and there has been no outage since. */
  readonly noRefresh: ServiceError | undefined
  /** Another response contradicts the last reading of indexes and load state. */
  readonly isInDoubt: boolean
  /** Rows since the refresh, as far back as the rules look. */
  readonly rowReadings: readonly RowReading[]
  /** The last `count(*)` since the refresh. */
  readonly rows: number | undefined
  /** When the last response came that says something about it. */
  readonly answeredAtMs: number | undefined
  /** How long pending rows, load progress and `count(*)` have not changed while the service was answering. */
  readonly idleMs: number
  readonly outage: Outage | undefined
  /** Refusals in a row of one operation; the last one may be that it, or its database, does not exist. */
  readonly refusals: (Refusals & { readonly isGone: boolean }) | undefined
  /** A confirmed refusal. */
  readonly refusal: ServiceError | undefined
  /** A confirmed word that it, or its database, does not exist. */
  readonly gone: ServiceError | undefined
}

/** The history of a collection before the first request. */
export function newCollection(
  name: string,
  known: Partial<Pick<CollectionHistory, 'importedRows' | 'baseline'>> = {},
): CollectionHistory {
  return {
    name,
    importedRows: known.importedRows,
    baseline: known.baseline,
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
    rowReadings: [],
    rows: undefined,
    answeredAtMs: undefined,
    idleMs: 0,
    outage: undefined,
    refusals: undefined,
    refusal: undefined,
    gone: undefined,
  }
}

/** A collection and the jobs that import into it. */
export interface CollectionOfJobs {
  readonly name: string
  /** Every name that stands for it. */
  readonly names: readonly string[]
  readonly jobs: readonly History[]
}

/**
 * Every collection that a job belongs to, by what the service says, else by what the user does; none where it is not known of
 * one job. Several names may be aliases of one collection, which must not be counted twice: where the user names the collection
 * of all jobs, they are; else those are that have one id, as far as it is known.
 */
export function collectionsOf(
  jobs: readonly History[],
  { policy, selection }: { readonly policy: Policy; readonly selection: Selection },
  identities: Identities = new Map(),
): readonly CollectionOfJobs[] {
  const given = selection.kind === 'discovered' ? selection.collectionName : policy.expectedCollection
  const nameOf = ({ latest }: History) => latest?.collectionName ?? given
  const names = new Set<string>()
  for (const job of jobs) {
    const name = nameOf(job)
    if (name === undefined) return []
    names.add(name)
  }
  if (names.size > 1 && given !== undefined) return [{ name: given, names: [...names.add(given)], jobs }]
  const byId = new Map<string, string[]>()
  for (const name of names) {
    const collectionId = identities.get(name)?.collectionId
    const key = collectionId === undefined ? `name ${name}` : `id ${collectionId}`
    byId.set(key, [...(byId.get(key) ?? []), name])
  }
  return [...byId.values()].map((own) => ({
    name: own[0] ?? '',
    names: own,
    jobs: jobs.filter((job) => own.includes(nameOf(job) ?? '')),
  }))
}

/** Rows that all of the jobs imported; undefined where the service does not say so of every job. */
export function importedInto({ jobs }: CollectionOfJobs): number | undefined {
  return jobs.reduce<number | undefined>((sum, { latest }) => {
    const rows = latest && importedRowsOf(latest)
    return sum === undefined || rows === undefined ? undefined : sum + rows
  }, 0)
}

/** What a request about a collection brought. */
export type CollectionResult = Reading | Refresh | RowsCounted | Measured | Identified

/** What is known after one more request. */
export function recordResult(before: CollectionHistory, result: CollectionResult, span: Span): CollectionHistory {
  if (result.kind === 'cancelled') return before
  const requested = { ...before, requests: before.requests + 1, requestedAtMs: span.endedAtMs }
  if (result.kind === 'refused' || result.kind === 'gone') return { ...requested, ...refused(before, result, span) }
  const heard = { ...requested, refusals: undefined }
  if (result.kind === 'outage') {
    const outage = prolonged(before.outage, result.error, span, before.answeredAtMs)
    return { ...heard, outage, noRefresh: undefined }
  }
  if (result.kind === 'no-refresh') {
    // A gateway may have said so: a good reading has to come between two of these.
    return before.noRefresh === undefined
      ? { ...heard, outage: undefined, noRefresh: result.error, isInDoubt: true }
      : { ...heard, outage: undefined, refusal: result.error }
  }
  return { ...heard, outage: undefined, answeredAtMs: span.endedAtMs, ...answered(before, result, span) }
}

/** An outage goes on: 401 and 503 in turn are one. */
function refused(
  before: CollectionHistory,
  result: Extract<CollectionResult, { kind: 'refused' | 'gone' }>,
  span: Span,
): Partial<CollectionHistory> {
  const isSameOperation = before.refusals?.error.operation === result.error.operation
  const counted = recordRefusal(isSameOperation ? before.refusals : undefined, { ...result, kind: 'refused' }, span)
  const isGone = result.kind === 'gone'
  const refusals = { ...counted, isGone }
  if (!isConfirmed(refusals)) return { refusals }
  return isGone ? { refusals, gone: result.error } : { refusals, refusal: result.error }
}

type Answer = Exclude<CollectionResult, NoResponse | Gone | { readonly kind: 'no-refresh' }>

function answered(before: CollectionHistory, answer: Answer, span: Span): Partial<CollectionHistory> {
  switch (answer.kind) {
    case 'identified':
      return {}
    case 'done':
      return { isRefreshed: true, noRefresh: undefined, waitsSinceMs: span.endedAtMs }
    case 'not-loaded':
      // The next reading says since when, and whether it is being loaded.
      return {
        noRefresh: undefined,
        isInDoubt: true,
        rowReadings: [],
        baseline: before.baseline ?? { rows: undefined, rowCount: undefined, isEarly: false },
      }
    case 'counted':
      return { baseline: { rows: answer.rows, rowCount: undefined, isEarly: false } }
    case 'measured':
      return measured(before, answer, span)
    case 'read':
      return read(before, answer, span.endedAtMs)
  }
}

function measured(
  before: CollectionHistory,
  { rows, rowCount }: { readonly rows: number; readonly rowCount: number },
  span: Span,
): Partial<CollectionHistory> {
  const readings = [...before.rowReadings, { ...span, rows, rowCount }]
  return {
    rows,
    // What the rules do not look at any more would grow for hours.
    rowReadings: lastReadings(readings, SECOND_READING_MS) ?? readings,
    notLoadedSinceMs: undefined,
    idleMs: rows === before.rows ? before.idleMs + idleSince(before, span.endedAtMs) : 0,
  }
}

/** The last readings that span so much time, as few as possible; undefined where they do not. */
export function lastReadings(readings: readonly RowReading[], spanMs: number): readonly RowReading[] | undefined {
  const { startedAtMs: lastMs = 0 } = readings.at(-1) ?? {}
  const first = readings.findLastIndex(({ endedAtMs }) => isApart(endedAtMs, lastMs, spanMs))
  return first === -1 ? undefined : readings.slice(first)
}

function read(before: CollectionHistory, { indexes, load }: Extract<Reading, { kind: 'read' }>, atMs: number) {
  const changed = standOf(before) !== standOf({ indexes, load })
  // Where nothing is missing any more, nothing has to move.
  const isReady = areReady(indexes) && isLoaded(load)
  return {
    indexes,
    load,
    mostPendingRows: Math.max(before.mostPendingRows, pendingRowsOf({ indexes }) ?? 0),
    notLoadedSinceMs: load.state === 'not-loaded' ? (before.notLoadedSinceMs ?? atMs) : undefined,
    isInDoubt: false,
    readAtMs: atMs,
    waitsSinceMs: before.waitsSinceMs ?? atMs,
    idleMs: changed || isReady ? 0 : before.idleMs + idleSince(before, atMs),
  }
}

/** An outage is no stall. */
function idleSince({ outage, ...before }: CollectionHistory, atMs: number): number {
  const { answeredAtMs = atMs } = before
  return outage === undefined ? atMs - answeredAtMs : 0
}

function standOf({ indexes, load }: Pick<CollectionHistory, 'indexes' | 'load'>): string {
  return JSON.stringify([indexes?.map(({ name, pendingRows }) => [name, pendingRows]), load])
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
