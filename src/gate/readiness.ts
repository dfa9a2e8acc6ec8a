import { areReady, isLoaded } from './collection-history.ts'
import type { CollectionHistory } from './collection-history.ts'
import type { Conclusion, NotReady } from './conclusion.ts'
import { isWithin } from './conclude.ts'
import { isTooLong } from './outage.ts'
import type { Outage } from './outage.ts'
import { MIN_PAUSE_MS, pauseAtRestMs, pauseInOutageMs } from './pace.ts'
import type { Policy } from './policy.ts'

/** Bad changes that may be a matter of seconds, a collection that is not loaded or rows that are missing, has to last so long. */
export const SECOND_READING_MS = 10_000
/** A single reading may come before the service has noticed that there is something to do. */
const GOOD_READINGS = 2

/** What is to be asked of a collection next. */
export type Step = 'read' | 'refresh' | 'count' | 'nothing'

/** What holds for all collections at the moment of judging. */
export interface Circumstances {
  readonly timeIsUp: boolean
  /** Before the deadline a service that answers at all could have done so. */
  readonly hadTime: boolean
  /** How long the service may give no usable answer. */
  readonly mostOutageMs: number
}

/** The next step on the way to being searchable: the indexes, one refresh, two good readings, then the rows. */
export function nextStep(
  collection: CollectionHistory,
  collections: readonly CollectionHistory[],
  policy: Policy,
): Step {
  const { indexes, load, isRefreshed, isInDoubt } = collection
  if (isInDoubt) return 'read'
  if (!isRefreshed) return areReady(indexes) && isLoaded(load) ? 'refresh' : 'read'
  if (!isConfirmed(collection)) return 'read'
  return areCounted(collection, collections, policy) ? 'nothing' : 'count'
}

/** It has been refreshed, and enough readings since have found nothing missing: only rows may still be to count. */
export function isConfirmed({ isRefreshed, isInDoubt, goodReadings }: CollectionHistory): boolean {
  return isRefreshed && !isInDoubt && goodReadings >= GOOD_READINGS
}

/** When that step pays, on the clock's time; `random` is from 0 to 1. */
export function nextStepAtMs(
  collection: CollectionHistory,
  step: Step,
  { pollIntervalMs, mostOutageMs }: { readonly pollIntervalMs: number | undefined; readonly mostOutageMs: number },
  random: number,
): number {
  const { requestedAtMs, outage, rowsSinceMs, notLoadedSinceMs, waitsSinceMs, goodReadings } = collection
  if (requestedAtMs === undefined) return Number.NEGATIVE_INFINITY
  if (outage !== undefined) {
    if (pollIntervalMs !== undefined) return requestedAtMs + pollIntervalMs
    const nextMs = requestedAtMs + pauseInOutageMs(requestedAtMs - outage.sinceMs)
    return Math.max(requestedAtMs + MIN_PAUSE_MS, Math.min(nextMs, (outage.judgedSinceMs ?? Infinity) + mostOutageMs))
  }
  if (step === 'refresh') return requestedAtMs
  if (step === 'count') return rowsSinceMs === undefined ? requestedAtMs : rowsSinceMs + SECOND_READING_MS
  if (pollIntervalMs !== undefined) return requestedAtMs + pollIntervalMs
  if (notLoadedSinceMs !== undefined)
    return Math.max(requestedAtMs + MIN_PAUSE_MS, notLoadedSinceMs + SECOND_READING_MS)
  // An index that takes an hour is worth no poll every two seconds; what seems ready is to be confirmed at once.
  return requestedAtMs + pauseAtRestMs(goodReadings > 0 ? 0 : requestedAtMs - (waitsSinceMs ?? requestedAtMs), random)
}

/** Why the collections end the gate, or that they are searchable; undefined while there is something to wait for. */
export function concludeCollections(
  collections: readonly CollectionHistory[],
  policy: Policy,
  { timeIsUp, hadTime, mostOutageMs }: Circumstances,
): Conclusion | undefined {
  const having = (is: (collection: CollectionHistory) => boolean) =>
    collections.flatMap((one, i) => (is(one) ? [i] : []))
  const first = (indices: readonly number[]) => indices.map((i) => collections[i])[0]

  const rejected = having(({ refusal }) => refusal !== undefined)
  const error = first(rejected)?.refusal
  if (error !== undefined) return { kind: 'rejected', passes: false, jobs: [], collections: rejected, error }
  const { stallTimeoutMs = Infinity } = policy
  const stalled = having(({ idleMs }) => idleMs >= stallTimeoutMs)
  const still = first(stalled)
  if (still !== undefined) {
    return { kind: 'stalled', passes: false, jobs: [], collections: stalled, idleMs: still.idleMs }
  }
  const neverAnswers = ({ outage, answeredAtMs }: CollectionHistory) =>
    answeredAtMs === undefined && (hadTime || !isCutShort(outage))
  const lost = having((one) => isTooLong(one.outage, mostOutageMs) || (timeIsUp && neverAnswers(one)))
  const silent = first(lost)
  if (silent !== undefined) {
    const { outage, requestedAtMs = 0 } = silent
    const outageMs = requestedAtMs - (outage?.silentSinceMs ?? requestedAtMs)
    return { kind: 'unreachable', passes: false, jobs: [], collections: lost, error: outage?.error, outageMs }
  }
  const notReady = having((collection) => obstacle(collection) !== undefined)
  const cause = collections.length === 0 ? ({ kind: 'unnamed' } as const) : obstacle(first(notReady))
  if (cause !== undefined) return { kind: 'not-ready', passes: false, collections: notReady, cause }
  const late = having((collection) => nextStep(collection, collections, policy) !== 'nothing')
  if (late.length === 0) {
    const expected = policy.expectedCollectionRows
    return rowsHold(collections, policy)
      ? { kind: 'completed', passes: true }
      : { kind: 'rows-not-met', passes: false, of: 'collections', expected, imported: rowsIn(collections) }
  }
  if (!timeIsUp) return undefined
  return { kind: 'timed-out', passes: policy.onTimeout === 'pass', jobs: [], collections: late }
}

/** No more than a first question that the deadline has cut short. */
function isCutShort(outage: Outage | undefined): boolean {
  return outage === undefined || (outage.error.outcome === 'timeout' && outage.untilMs <= outage.sinceMs)
}

/** What waiting does not mend. */
function obstacle(collection: CollectionHistory | undefined): NotReady | undefined {
  if (collection === undefined) return undefined
  const { gone, indexes, notLoadedSinceMs = Infinity, readAtMs = 0 } = collection
  if (gone !== undefined) return { kind: 'gone', error: gone }
  const index = indexes?.find(({ isFailed }) => isFailed)
  if (index !== undefined) return { kind: 'index-failed', index }
  return isSecondReading(notLoadedSinceMs, readAtMs)
    ? { kind: 'not-loaded', hasIndex: indexes !== undefined && indexes.length > 0 }
    : undefined
}

/** A reading that is due then may come a fraction of a millisecond before its time, for all that adding up fractions loses. */
function isSecondReading(fromMs: number, toMs: number): boolean {
  return toMs - fromMs > SECOND_READING_MS - 1
}

/** Rows in all collections together; undefined until all have been counted. */
export function rowsIn(collections: readonly CollectionHistory[]): number | undefined {
  if (collections.length === 0 || collections.some(({ rows }) => rows === undefined)) return undefined
  return collections.reduce((sum, { rows = 0 }) => sum + rows, 0)
}

/** The collections hold as many rows as the user expects; also where nobody asked. */
export function rowsHold(collections: readonly CollectionHistory[], { expectedCollectionRows }: Policy): boolean {
  const rows = rowsIn(collections)
  return expectedCollectionRows === undefined || (rows !== undefined && isWithin(expectedCollectionRows, rows))
}

/** Counted as often as it takes: rows that are missing at first may be on their way. */
function areCounted(collection: CollectionHistory, collections: readonly CollectionHistory[], policy: Policy): boolean {
  if (policy.expectedCollectionRows === undefined) return true
  const { rows, rowsSinceMs = 0, countedAtMs = 0 } = collection
  if (rows === undefined) return false
  return isSecondReading(rowsSinceMs, countedAtMs) || rowsIn(collections) === undefined || rowsHold(collections, policy)
}
