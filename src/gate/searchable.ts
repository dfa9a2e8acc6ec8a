import { isApart } from './clock.ts'
import { areReady, isLoaded, lastReadings } from './collection.ts'
import type { CollectionHistory, RowReading } from './collection.ts'
import type { Conclusion, NotReady } from './conclusion.ts'
import { isWithin } from './conclude.ts'
import { isHostOut, isRefusedAtDeadline, isTooLong, nextAttemptAtMs } from './faults.ts'
import type { Outage } from './faults.ts'
import { MIN_PAUSE_MS, pauseAtRestMs, pauseInOutageMs } from './pace.ts'
import type { Policy } from './policy.ts'
import { SECOND_READING_MS, VISIBLE_FOR_MS } from './timing.ts'

/**
 * What to request about a collection next: its late baseline, its indexes and load state, one refresh, then `count(*)` beside
 * `rowCount` until the imported rows are visible.
 */
export type Step = 'count' | 'read' | 'refresh' | 'measure' | 'nothing'

/** What holds for all collections at the moment of judging. */
export interface SearchContext {
  readonly timeIsUp: boolean
  /** A service that answers at all could have done so before the deadline. */
  readonly hadTime: boolean
  readonly mostOutageMs: number
  /** Whether there is something to request about it: of the others an outage would not be noticed. */
  readonly isPolled: (collection: CollectionHistory) => boolean
}

export function nextStep(
  collection: CollectionHistory,
  collections: readonly CollectionHistory[],
  policy: Policy,
): Step {
  const { baseline, indexes, load, isRefreshed, isInDoubt } = collection
  // Before anything is waited for: imported rows may become visible any moment.
  if (baseline === undefined) return 'count'
  // After the refresh the load state proves nothing, unless it was contradicted.
  if (isInDoubt || !isLoaded(load)) return 'read'
  if (!isRefreshed) return areReady(indexes) ? 'refresh' : 'read'
  if (!isSearchable(collection, collections, policy)) return 'measure'
  const isHeldUpByOthers = rowsIn(collections) === undefined
  return isHeldUpByOthers || rowsHold(collections, policy) ? 'nothing' : 'measure'
}

/**
 * The imported rows are visible to a search, by every reading of the last seconds, as far as these can tell. The load state
 * cannot: it stays at 100% while a refreshed collection loads new segments (milvus-io/milvus 2.6 and 3.0).
 */
export function isProven(collection: CollectionHistory): boolean {
  return lastReadings(collection.rowReadings, VISIBLE_FOR_MS)?.every((one) => isVisible(one, collection)) === true
}

function isVisible({ rows, rowCount }: RowReading, { baseline, importedRows }: CollectionHistory): boolean {
  if (baseline === undefined) return false
  const { rows: rowsBefore, rowCount: rowCountBefore, isEarly } = baseline
  if (rowsBefore !== undefined) {
    // The rows are there that the import added.
    if (importedRows !== undefined && importedRows > 0 && rows >= rowsBefore + importedRows) return true
    // No more rows are stored and not visible than before: those that were deleted.
    if (rowCountBefore !== undefined && rowCount - rows <= rowCountBefore - rowsBefore) return true
  }
  // All that is stored is visible, which holds only where no row was deleted of late.
  return !isEarly && rows >= rowCount && rowCount >= (importedRows ?? 0)
}

/** The same, or all collections together hold as many rows as the user expects, where that is an exact number or a range. */
function isSearchable(
  collection: CollectionHistory,
  collections: readonly CollectionHistory[],
  policy: Policy,
): boolean {
  return isProven(collection) || (policy.expectedCollectionRows?.max !== undefined && rowsHold(collections, policy))
}

/** The collections hold as many rows as the user expects, by every reading of the last seconds; also without expectation. */
export function rowsHold(collections: readonly CollectionHistory[], { expectedCollectionRows }: Policy): boolean {
  if (expectedCollectionRows === undefined) return true
  const extent = rowsOver(collections, VISIBLE_FOR_MS)
  return (
    extent !== undefined &&
    isWithin(expectedCollectionRows, extent.least) &&
    isWithin(expectedCollectionRows, extent.most)
  )
}

/** The least and the most rows that all collections together had in the readings of so much time. */
function rowsOver(collections: readonly CollectionHistory[], spanMs: number) {
  const each = collections.map(({ rowReadings }) => lastReadings(rowReadings, spanMs)?.map(({ rows }) => rows))
  if (each.length === 0 || each.includes(undefined)) return undefined
  const sum = (of: (...rows: number[]) => number) => each.reduce((total, rows = []) => total + of(...rows), 0)
  return { least: sum(Math.min), most: sum(Math.max) }
}

/** Rows in all collections together, as last counted; undefined until all have been. */
export function rowsIn(collections: readonly CollectionHistory[]): number | undefined {
  if (collections.length === 0 || collections.some(({ rows }) => rows === undefined)) return undefined
  return collections.reduce((sum, { rows = 0 }) => sum + rows, 0)
}

/** When the next step is due, on the clock; `random` is from 0 to 1. */
export function nextStepAtMs(
  collection: CollectionHistory,
  step: Step,
  { pollIntervalMs, mostOutageMs }: { readonly pollIntervalMs: number | undefined; readonly mostOutageMs: number },
  random: number,
): number {
  const { requestedAtMs, outage, refusals, notLoadedSinceMs, readAtMs, rowReadings } = collection
  if (requestedAtMs === undefined) return Number.NEGATIVE_INFINITY
  if (refusals !== undefined) return nextAttemptAtMs(refusals)
  if (outage !== undefined) {
    if (pollIntervalMs !== undefined) return requestedAtMs + pollIntervalMs
    const nextMs = requestedAtMs + pauseInOutageMs(requestedAtMs - outage.sinceMs)
    return Math.max(requestedAtMs + MIN_PAUSE_MS, Math.min(nextMs, (outage.judgedSinceMs ?? Infinity) + mostOutageMs))
  }
  if (step === 'refresh' || (step === 'read' && readAtMs === undefined)) return requestedAtMs
  if (pollIntervalMs !== undefined) return requestedAtMs + pollIntervalMs
  if (notLoadedSinceMs !== undefined)
    return Math.max(requestedAtMs + MIN_PAUSE_MS, notLoadedSinceMs + SECOND_READING_MS)
  const reading = rowReadings.at(-1)
  const isToBeConfirmed = reading !== undefined && isVisible(reading, collection)
  const waitsSinceMs = isToBeConfirmed ? undefined : collection.waitsSinceMs
  return requestedAtMs + pauseAtRestMs(requestedAtMs - (waitsSinceMs ?? requestedAtMs), random)
}

/** Why the collections end the gate, or that they are searchable; undefined while there is something to wait for. */
export function concludeCollections(
  collections: readonly CollectionHistory[],
  policy: Policy,
  context: SearchContext,
): Conclusion | undefined {
  if (collections.length === 0) return { kind: 'not-ready', passes: false, collections: [], cause: { kind: 'unnamed' } }
  const all = context.timeIsUp ? collections.map((one) => withFinalRefusal(one, policy)) : collections
  return (
    rejected(all) ??
    stalled(all, policy) ??
    unreachable(all, context) ??
    rowsNotMet(all, policy, context) ??
    notReady(all) ??
    searchableInTime(all, policy, context)
  )
}

/** At the deadline a refusal that could not be confirmed may still decide. */
function withFinalRefusal(collection: CollectionHistory, policy: Policy): CollectionHistory {
  const { refusals } = collection
  if (refusals === undefined || !isRefusedAtDeadline(refusals, policy)) return collection
  return refusals.isGone ? { ...collection, gone: refusals.error } : { ...collection, refusal: refusals.error }
}

/** The indices of the collections that have this, and what it is of the first. */
function first<T>(collections: readonly CollectionHistory[], of: (collection: CollectionHistory) => T | undefined) {
  const each = collections.map(of)
  const indices = [...each.keys()].filter((i) => each[i] !== undefined)
  const value = each.find((one) => one !== undefined)
  return value === undefined ? undefined : { value, collections: indices }
}

function rejected(all: readonly CollectionHistory[]): Conclusion | undefined {
  const found = first(all, ({ refusal }) => refusal)
  return found && { kind: 'rejected', passes: false, jobs: [], collections: found.collections, error: found.value }
}

function stalled(all: readonly CollectionHistory[], { stallTimeoutMs = Infinity }: Policy): Conclusion | undefined {
  const found = first(all, ({ idleMs }) => (idleMs >= stallTimeoutMs ? idleMs : undefined))
  return found && { kind: 'stalled', passes: false, jobs: [], collections: found.collections, idleMs: found.value }
}

function unreachable(
  all: readonly CollectionHistory[],
  { timeIsUp, hadTime, mostOutageMs, isPolled }: SearchContext,
): Conclusion | undefined {
  const neverAnswers = ({ gone, outage, refusals, answeredAtMs }: CollectionHistory) =>
    answeredAtMs === undefined && gone === undefined && (hadTime || refusals !== undefined || !isCutShort(outage))
  const isOut = isHostOut(all.filter(isPolled))
  const found = first(all, (one) =>
    (isOut && isTooLong(one.outage, mostOutageMs)) || (timeIsUp && neverAnswers(one)) ? one : undefined,
  )
  if (found === undefined) return undefined
  const { outage, refusals, requestedAtMs = 0 } = found.value
  const sinceMs = outage?.silentSinceMs ?? refusals?.sinceMs ?? requestedAtMs
  return {
    kind: 'unreachable',
    passes: false,
    jobs: [],
    collections: found.collections,
    error: refusals?.error ?? outage?.error,
    outageMs: requestedAtMs - sinceMs,
  }
}

/** No more than a first request that the deadline has cut short. */
function isCutShort(outage: Outage | undefined): boolean {
  return outage === undefined || (outage.error.outcome === 'timeout' && outage.untilMs <= outage.sinceMs)
}

/** Too few rows may still be loading until the deadline; too many will not become fewer. */
function rowsNotMet(
  all: readonly CollectionHistory[],
  { expectedCollectionRows: expected }: Policy,
  { timeIsUp }: SearchContext,
): Conclusion | undefined {
  if (expected === undefined) return undefined
  const { min, max = Infinity } = expected
  const imported = rowsIn(all)
  const areTooFew = timeIsUp && imported !== undefined && imported < min
  const areTooMany = (rowsOver(all, SECOND_READING_MS)?.least ?? 0) > max
  if (!areTooFew && !areTooMany) return undefined
  return { kind: 'rows-not-met', passes: false, of: 'collections', expected, imported }
}

function notReady(all: readonly CollectionHistory[]): Conclusion | undefined {
  const found = first(all, obstacle)
  return found && { kind: 'not-ready', passes: false, collections: found.collections, cause: found.value }
}

/** What does not change by waiting. */
function obstacle({
  gone,
  indexes,
  notLoadedSinceMs = Infinity,
  readAtMs = 0,
}: CollectionHistory): NotReady | undefined {
  if (gone !== undefined) return { kind: 'gone', error: gone }
  const index = indexes?.find(({ isFailed }) => isFailed)
  if (index !== undefined) return { kind: 'index-failed', index }
  return isApart(notLoadedSinceMs, readAtMs, SECOND_READING_MS)
    ? { kind: 'not-loaded', hasIndex: indexes !== undefined && indexes.length > 0 }
    : undefined
}

function searchableInTime(
  all: readonly CollectionHistory[],
  policy: Policy,
  { timeIsUp }: SearchContext,
): Conclusion | undefined {
  const late = [...all.keys()].filter((i) => nextStep(all[i] as CollectionHistory, all, policy) !== 'nothing')
  if (late.length === 0) return { kind: 'completed', passes: true }
  if (!timeIsUp) return undefined
  return { kind: 'timed-out', passes: policy.onTimeout === 'pass', jobs: [], collections: late }
}
