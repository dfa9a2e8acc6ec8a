import { areReady, isLoaded, pendingRowsOf } from '../gate/collection.ts'
import type { CollectionHistory } from '../gate/collection.ts'
import type { Conclusion, NotReady } from '../gate/conclusion.ts'
import type { View, CollectionChange } from '../gate/events.ts'
import type { IndexProgress } from '../gate/import-service.ts'
import type { Policy } from '../gate/policy.ts'
import { isProven, rowsHold, rowsIn } from '../gate/searchable.ts'
import { count, counted, duration, percent, shortCount, shortened } from './format.ts'
import { collectionsOf, lowerFirst, MAX_NAME_LENGTH, named, rangeText, waitAgain } from './phrases.ts'
import type { Message } from './phrases.ts'
import { nextStepFor, serviceErrorCode, whatHappened } from './service-errors.ts'
import { NOTICES } from './codes.ts'

const LOAD = 'POST /v2/vectordb/collections/load'
const AGAIN = 'Then run this step again: it imports nothing a second time.'

/** Where a collection stands on its way to being searchable: `1.2 M rows not indexed yet, loaded`. */
export function standOf(collection: CollectionHistory): string {
  const { indexes, gone } = collection
  if (gone !== undefined) return 'not there any more'
  if (indexes === undefined) return 'not answered yet'
  return [indexText(indexes), loadText(collection), ...missingText(collection), ...rowsText(collection)].join(', ')
}

/** What a collection still lacks that polls as if it were ready. */
function missingText(collection: CollectionHistory): readonly string[] {
  const { indexes, load, isRefreshed, isInDoubt, noRefresh, rowReadings } = collection
  if (noRefresh !== undefined) return ['no refresh_load found']
  if (isInDoubt) return ['said not to be loaded after all']
  if (!areReady(indexes) || !isLoaded(load)) return []
  if (!isRefreshed) return ['not refreshed yet']
  return rowReadings.length === 0 ? ['rows not counted yet'] : []
}

function rowsText(collection: CollectionHistory): readonly string[] {
  const { rows, rowReadings } = collection
  const { rowCount = rows } = rowReadings.at(-1) ?? {}
  if (rows === undefined || rowCount === undefined) return []
  return [isProven(collection) ? counted(rows, 'row') : `${counted(rows, 'row')} visible of ${count(rowCount)} stored`]
}

function indexText(indexes: readonly IndexProgress[]): string {
  if (indexes.length === 0) return 'no index'
  const failed = indexes.find(({ isFailed }) => isFailed)
  if (failed !== undefined) return `index ${shortened(failed.name, MAX_NAME_LENGTH)} failed`
  if (areReady(indexes)) return `${counted(indexes.length, 'index', 'indexes')} ready`
  const pendingRows = pendingRowsOf({ indexes })
  return pendingRows === undefined
    ? 'rows still to be indexed not told'
    : `${shortCount(pendingRows)} row${pendingRows === 1 ? '' : 's'} not indexed yet`
}

function loadText({ load }: CollectionHistory): string {
  switch (load?.state) {
    case undefined:
      return 'load state unknown'
    case 'not-loaded':
      return 'not loaded'
    case 'loading':
    case 'loaded':
      return isLoaded(load) ? 'loaded' : `loading${load.percent === undefined ? '' : ` at ${percent(load.percent)}`}`
  }
}

/** That the rows can be searched, where that was waited for. */
export function searchableText({ collections }: View): string {
  const [only, ...others] = collections
  if (only === undefined) return ''
  const rows = rowsIn(collections)
  const name =
    others.length === 0 ? shortened(only.name, MAX_NAME_LENGTH) : `all ${count(collections.length)} collections`
  return `; ${name} can be searched${rows === undefined ? '' : `, with ${counted(rows, 'row')} in all`}`
}

/** Of a collection that cannot be searched, and will not be by waiting. */
export function notReady({ collections, cause }: Extract<Conclusion, { kind: 'not-ready' }>, view: View): Message {
  const { subject } = collectionsOf(view, collections.slice(0, 1))
  return {
    sentence: `${notReadySentence(cause, subject, view)}${norOthers(collections.slice(1), view)}`,
    next: notReadyAdvice(cause),
  }
}

function norOthers(indices: readonly number[], view: View): string {
  if (indices.length === 0) return ''
  const { subject, is } = collectionsOf(view, indices)
  return ` Nor ${is} ${lowerFirst(subject)} searchable.`
}

function notReadySentence(cause: NotReady, subject: string, view: View): string {
  switch (cause.kind) {
    case 'index-failed': {
      const { name, failReason } = cause.index
      const reason = failReason === undefined ? '' : `: ${failReason}`
      return `${subject} has all rows, but its index ${shortened(name, MAX_NAME_LENGTH)} failed${reason}.`
    }
    case 'not-loaded':
      return cause.hasIndex
        ? `${subject} has all rows, but it is not loaded, and nobody loads it.`
        : `${subject} has all rows, but no index, so that it can be neither loaded nor searched.`
    case 'gone':
      return `${subject} is not there any more: ${whatHappened(cause.error)}`
    case 'unnamed':
      return view.jobs.length === 1
        ? 'The import is complete, but the service does not say into which collection, so nobody can tell whether it can be searched.'
        : 'The imports are complete, but the service does not say of every job into which collection, so nobody can tell whether all of it can be searched.'
  }
}

function notReadyAdvice(cause: NotReady): string {
  switch (cause.kind) {
    case 'index-failed':
      return `Drop the index and create it anew, with parameters that suit the data. ${AGAIN}`
    case 'not-loaded':
      return cause.hasIndex
        ? `Load it (${LOAD}), here in a step before this one. ${AGAIN}`
        : `Create an index on its vector field and load it (${LOAD}). ${AGAIN}`
    case 'gone':
      return nextStepFor(cause.error)
    case 'unnamed':
      return 'Set `collection-name`.'
  }
}

/** Of collections that hold other rows than were asked for. */
export function collectionRowsNotMet(
  { expected, imported }: Extract<Conclusion, { kind: 'rows-not-met' }>,
  view: View,
): Message {
  const names = view.collections.map(({ name }) => name)
  const hold =
    names.length === 1
      ? `Collection ${named(names)} holds ${counted(imported ?? 0, 'row')}`
      : `The ${count(names.length)} collections (${named(names)}) hold ${counted(imported ?? 0, 'row')} in all`
  return {
    sentence: `${hold}, but expected-collection-rows asks for ${rangeText(expected)}.`,
    next:
      (imported ?? 0) < (expected?.min ?? 0)
        ? 'Rows are missing: rows with the same primary key count once where they were upserted, and a delete after the import hides rows. Compare with what was exported, or correct `expected-collection-rows`.'
        : 'There are rows too many: the collection may have held some before, or a file was imported twice, since an import does not remove duplicate primary keys. Compare with what was exported, or correct `expected-collection-rows`.',
  }
}

/** Of collections on which nothing moved. */
export function stalledCollections(collections: readonly number[], idleMs: number, view: View): Message {
  const { subject } = collectionsOf(view, collections)
  return {
    sentence: `The import is complete, but ${lowerFirst(subject)} stood still for ${duration(idleMs)}${standText(collections, view)}.`,
    next: 'Poll whether index nodes and query nodes are up and have free memory and slots. To be more patient, raise `stall-timeout`.',
  }
}

/** Of collections that could not be searched in time. */
export function searchTimedOut(collections: readonly number[], passes: boolean, view: View, policy: Policy): Message {
  const { subject } = collectionsOf(view, collections)
  const patience =
    policy.timeoutMs === 0 ? 'One poll, no waiting (timeout is 0)' : `Time is up after ${duration(policy.timeoutMs)}`
  const pass = passes ? '; the step passes, as on-timeout asks' : ''
  return {
    sentence: `${patience}: the import is complete, but ${lowerFirst(subject)} cannot be searched yet${standText(collections, view, policy)}${pass}.`,
    next: `${rowsFacts(collections, view)}${
      passes
        ? 'Indexing and loading go on at the service: what follows must not rely on a search.'
        : `Indexing and loading go on at the service. Raise \`timeout\`, or ${waitAgain(view)}`
    }`,
  }
}

/** What `count(*)` and `rowCount` say of the first collection that is late, or the refusal that could not be confirmed. */
function rowsFacts(indices: readonly number[], view: View): string {
  const [collection] = indices.flatMap((i) => view.collections[i] ?? [])
  if (collection?.refusals !== undefined) return `Last response: ${whatHappened(collection.refusals.error)} `
  const reading = collection?.rowReadings.at(-1)
  if (collection === undefined || reading === undefined || isProven(collection)) return ''
  const { baseline, importedRows } = collection
  const before = baseline?.rows === undefined ? [] : [`${count(baseline.rows)} before`]
  const imported = importedRows === undefined ? [] : [`${count(importedRows)} imported`]
  const expected = before.length + imported.length === 0 ? '' : ` (${[...before, ...imported].join(', ')})`
  return `count(*) is ${count(reading.rows)}${expected}, rowCount is ${count(reading.rowCount)}. Deleted rows stay in rowCount until they are compacted: if rows were deleted, set \`expected-collection-rows\`. `
}

/** Where the gate stands that waits for collections: `collection books: 1 index ready, loaded`. */
export function searchText(view: View): string {
  const { collections } = view
  const [only] = collections
  const late = collections.find((collection) => !isProven(collection)) ?? only
  if (late === undefined) return ''
  const stand = `${shortened(late.name, MAX_NAME_LENGTH)}: ${standOf(late)}`
  const ready = collections.filter(isProven).length
  return collections.length === 1
    ? `collection ${stand}`
    : `${ready} of ${collections.length} collections ready, ${stand}`
}

/** The gate was stopped while the import was through and something else was not. */
export function searchCancelled(signal: string, view: View): Message {
  return {
    sentence: `The gate was stopped by ${signal} while the import was complete, but could not be searched yet (${searchText(view)}).`,
    next: 'Indexing and loading go on at the service. To wait for it again, re-run this job with the same job id, without starting the import a second time.',
  }
}

function standText(indices: readonly number[], view: View, policy?: Policy): string {
  const [collection] = indices.map((i) => view.collections[i])
  if (collection === undefined) return ''
  const name = indices.length === 1 ? '' : `${shortened(collection.name, MAX_NAME_LENGTH)}: `
  return ` (${name}${standOf(collection)}${policy === undefined ? '' : rowsMissing(collection, view, policy)})`
}

function rowsMissing(collection: CollectionHistory, { collections }: View, policy: Policy): string {
  if (!isProven(collection) || rowsHold(collections, policy)) return ''
  const asked = `expected-collection-rows asks for ${rangeText(policy.expectedCollectionRows)}`
  const rows = rowsIn(collections)
  if (rows === undefined) return `, rows not counted yet, and ${asked}`
  return `${collections.length === 1 ? '' : `, ${counted(rows, 'row')} in all`}, and ${asked}`
}

const MAX_LOG_NAME_LENGTH = 60

/** What happened to a collection, for the log; `goesOn` says that the gate asks again. */
export function collectionMessages(
  changes: CollectionChange,
  collection: CollectionHistory,
  goesOn: string,
): readonly string[] {
  const name = `collection ${shortened(collection.name, MAX_LOG_NAME_LENGTH)}:`
  switch (changes.kind) {
    case 'outage-began':
      return [
        `${name} no usable answer: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`,
        `${goesOn}${nextStepFor(changes.error)}`,
      ]
    case 'outage-ended':
      return [`${name} the service answers again, after ${duration(changes.lastedMs)}`]
    case 'indexes':
      return [
        changes.pendingRows === undefined
          ? `${name} indexing, rows still to go not told`
          : `${name} indexing, ${shortCount(changes.pendingRows)} rows to go`,
      ]
    case 'indexes-ready':
      return [`${name} ${changes.indexes === 0 ? 'no index' : `${counted(changes.indexes, 'index', 'indexes')} ready`}`]
    case 'load':
      return [
        `${name} ${LOAD_STATES[changes.state]}${changes.percent === undefined ? '' : `, ${percent(changes.percent)}`}`,
      ]
    case 'refreshed':
      return [`${name} asked to load what was imported (refresh_load)`]
    case 'counted':
      return [`${name} ${counted(changes.rows, 'row')} visible of ${count(changes.rowCount)} stored`]
    case 'refused':
      return [`${name} ${whatHappened(changes.error)} Checking again.`]
    case 'idle':
      return [`${name} nothing has moved for ${duration(changes.idleMs)} (${NOTICES.quiet})`]
  }
}

const LOAD_STATES = { 'not-loaded': 'not loaded', loading: 'loading', loaded: 'loaded' } as const

/** Where a collection stands, for the log. */
export function collectionStand(collection: CollectionHistory): string {
  const { name, outage } = collection
  const error = outage === undefined ? '' : `, no usable answer: ${whatHappened(outage.error)}`
  return `collection ${shortened(name, MAX_LOG_NAME_LENGTH)}: ${standOf(collection)}${error}`
}
