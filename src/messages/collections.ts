import { areReady, isLoaded, pendingRowsOf } from '../gate/collection.ts'
import type { CollectionHistory } from '../gate/collection.ts'
import type { Conclusion, NotReady } from '../gate/conclusion.ts'
import type { View, CollectionChange } from '../gate/events.ts'
import type { IndexProgress } from '../gate/import-service.ts'
import type { Policy } from '../gate/policy.ts'
import { isProven, rowsHold, rowsIn } from '../gate/searchable.ts'
import { count, counted, duration, percent, shortCount, shortened } from './format.ts'
import {
  amongAll,
  collectionsOf,
  lowerFirst,
  MAX_NAME_LENGTH,
  named,
  rangeText,
  rangeWords,
  waitAgain,
} from './phrases.ts'
import type { Message } from './phrases.ts'
import { nextStepFor, serviceErrorCode, whatHappened } from './service-errors.ts'
import { NOTICES } from './codes.ts'

const LOAD = 'POST /v2/vectordb/collections/load'
const AGAIN = 'Then re-run this workflow job; do not start the import again.'

/** How far a collection is on its way to being searchable: `1.2M rows not indexed yet, loaded`. */
export function searchState(collection: CollectionHistory): string {
  const { indexes, gone } = collection
  if (gone !== undefined) return 'no longer exists'
  if (indexes === undefined) return 'no response yet'
  return [indexText(indexes), loadText(collection), ...missingText(collection), ...rowsText(collection)].join(', ')
}

/** What is still missing although indexes and load look ready. */
function missingText(collection: CollectionHistory): readonly string[] {
  const { indexes, load, isRefreshed, isInDoubt, noRefresh, rowReadings } = collection
  if (noRefresh !== undefined) return ['refresh_load not found']
  if (isInDoubt) return ['not loaded according to the last response']
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
    ? 'number of rows to index unknown'
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

/** That the rows are searchable, where that was waited for. */
export function searchableText({ collections }: View): string {
  const [only] = collections
  if (only === undefined) return ''
  const rows = rowsIn(collections)
  const name =
    collections.length === 1
      ? shortened(only.name, MAX_NAME_LENGTH)
      : lowerFirst(amongAll(collections.length, collections.length, 'collection'))
  const inAll = rows === undefined ? '' : `, with ${counted(rows, 'row')} in total`
  return `; ${name} ${collections.length === 1 ? 'is' : 'are'} searchable${inAll}`
}

/** Of a collection that does not become searchable by waiting. */
export function notReady({ collections, cause }: Extract<Conclusion, { kind: 'not-ready' }>, view: View): Message {
  const { subject } = collectionsOf(view, collections.slice(0, 1))
  return {
    title: notSearchable(view, collections),
    sentence: `${notReadySentence(cause, subject, view)}${norOthers(collections.slice(1), view)}`,
    next: notReadyAdvice(cause),
  }
}

/** For a heading. */
function notSearchable(view: View, indices: readonly number[]): string {
  const names = indices.flatMap((i) => view.collections[i]?.name ?? [])
  if (names.length === 0) return 'Import complete, but maybe not searchable'
  const list = names.length === 2 ? names.map((name) => named([name])).join(' and ') : named(names)
  return `Import complete, but ${list} ${names.length === 1 ? 'is' : 'are'} not searchable`
}

function norOthers(indices: readonly number[], view: View): string {
  if (indices.length === 0) return ''
  const { subject, is } = collectionsOf(view, indices)
  return ` ${subject} ${is} not searchable either.`
}

function notReadySentence(cause: NotReady, subject: string, view: View): string {
  switch (cause.kind) {
    case 'index-failed': {
      const { name, failReason } = cause.index
      const reason = failReason === undefined ? '' : `: ${failReason}`
      return `${subject} has all rows, but its index “${shortened(name, MAX_NAME_LENGTH)}” failed${reason}.`
    }
    case 'not-loaded':
      return cause.hasIndex
        ? `${subject} has all rows, but it is not loaded.`
        : `${subject} has all rows, but no index, so it cannot be loaded or searched.`
    case 'gone':
      return `${subject} no longer exists: ${whatHappened(cause.error)}`
    case 'unnamed':
      return view.jobs.length === 1
        ? 'The import is complete, but the service does not name its collection, so the gate cannot check whether it is searchable.'
        : 'The imports are complete, but the service does not name the collection of every job, so the gate cannot check whether all of them are searchable.'
  }
}

function notReadyAdvice(cause: NotReady): string {
  switch (cause.kind) {
    case 'index-failed':
      return `Drop the index and create it again, with parameters that fit the data. ${AGAIN}`
    case 'not-loaded':
      return cause.hasIndex
        ? `Load it (${LOAD}), for example in a step before this one. ${AGAIN}`
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
  const rows = counted(imported ?? 0, 'row')
  const have =
    names.length === 1
      ? `Collection ${named(names)} has ${rows}`
      : `${amongAll(names.length, names.length, 'collection')} (${named(names)}) have ${rows} in total`
  return {
    title: `${rows} in ${named(names)}, expected ${rangeWords(expected)}`,
    sentence: `${have}, but \`expected-collection-rows\` is \`${rangeText(expected)}\`.`,
    next:
      (imported ?? 0) < (expected?.min ?? 0)
        ? 'Rows are missing: an upsert counts rows with the same primary key once, and a delete after the import hides rows. Compare with the export, or correct `expected-collection-rows`.'
        : 'The collection may have had rows before, or a file was imported twice: an import does not remove duplicate primary keys. Compare with the export, or correct `expected-collection-rows`.',
  }
}

/** Of collections without progress. */
export function stalledCollections(collections: readonly number[], idleMs: number, view: View): Message {
  const { subject } = collectionsOf(view, collections)
  return {
    title: `No progress for ${duration(idleMs)}: not searchable yet`,
    sentence: `The import is complete, but ${lowerFirst(subject)} made no progress for ${duration(idleMs)}${stateText(collections, view)}.`,
    next: 'Check whether index nodes and query nodes are up and have free memory and slots. To wait longer, raise `stall-timeout`.',
  }
}

/** Of collections that were not searchable in time; `timeout` says how long that was. */
export function searchTimedOut(
  collections: readonly number[],
  passes: boolean,
  view: View,
  policy: Policy,
  timeout: string,
): Message {
  const { subject, is } = collectionsOf(view, collections)
  return {
    title: `${timeout.replaceAll('`', '')}: ${lowerFirst(notSearchable(view, collections))} yet`,
    sentence: `${timeout}: the import is complete, but ${lowerFirst(subject)} ${is} not searchable yet${stateText(collections, view, policy)}.`,
    next: [
      ...rowsFacts(collections, view),
      CONTINUES,
      passes ? `${PASSES} Later steps must not rely on a search.` : `Raise \`timeout\`, or ${waitAgain(view)}`,
    ].join(' '),
  }
}

/** What `count(*)` and `rowCount` say of the first collection that is late, or the refusal that was not confirmed. */
function rowsFacts(indices: readonly number[], view: View): readonly string[] {
  const [collection] = indices.flatMap((i) => view.collections[i] ?? [])
  if (collection?.refusals !== undefined) return [`Last response: ${whatHappened(collection.refusals.error)}`]
  const reading = collection?.rowReadings.at(-1)
  if (collection === undefined || reading === undefined || isProven(collection)) return []
  const { baseline, importedRows } = collection
  const before = baseline?.rows === undefined ? [] : [`${count(baseline.rows)} before`]
  const imported = importedRows === undefined ? [] : [`${count(importedRows)} imported`]
  const expected = before.length + imported.length === 0 ? '' : ` (${[...before, ...imported].join(', ')})`
  return [
    `count(*) is ${count(reading.rows)}${expected}, rowCount is ${count(reading.rowCount)}.`,
    'Deleted rows stay in rowCount until they are compacted: if rows were deleted, set `expected-collection-rows`.',
  ]
}

/** Why the step passes although time ran out. */
export const PASSES = 'The step passes, because `on-timeout` is `pass`.'
const CONTINUES = 'Indexing and loading continue at the service.'

/** The state of a gate that waits for collections: `collection books: 1 index ready, loaded`. */
export function searchText(view: View): string {
  const { collections } = view
  const [only] = collections
  const late = collections.find((collection) => !isProven(collection)) ?? only
  if (late === undefined) return ''
  const state = `${shortened(late.name, MAX_NAME_LENGTH)}: ${searchState(late)}`
  const ready = collections.filter(isProven).length
  return collections.length === 1
    ? `collection ${state}`
    : `${ready} of ${collections.length} collections ready, ${state}`
}

/** The gate was stopped after the import was complete. */
export function searchCancelled(signal: string, view: View): Message {
  return {
    title: `Stopped by ${signal}`,
    sentence: `The gate was stopped by ${signal} after the import was complete, before it was searchable (${searchText(view)}).`,
    next: `${CONTINUES} To wait for it again, ${waitAgain(view)}`,
  }
}

function stateText(indices: readonly number[], view: View, policy?: Policy): string {
  const [collection] = indices.map((i) => view.collections[i])
  if (collection === undefined) return ''
  const name = indices.length === 1 ? '' : `${shortened(collection.name, MAX_NAME_LENGTH)}: `
  return ` (${name}${searchState(collection)}${policy === undefined ? '' : rowsMissing(collection, view, policy)})`
}

function rowsMissing(collection: CollectionHistory, { collections }: View, policy: Policy): string {
  if (!isProven(collection) || rowsHold(collections, policy)) return ''
  const asked = `\`expected-collection-rows\` is \`${rangeText(policy.expectedCollectionRows)}\``
  const rows = rowsIn(collections)
  if (rows === undefined) return `, rows not counted yet, and ${asked}`
  return `${collections.length === 1 ? '' : `, ${counted(rows, 'row')} in total`}, and ${asked}`
}

const MAX_LOG_NAME_LENGTH = 60

/** What changed about a collection, for the log; `retries` says that the gate asks again. */
export function collectionMessages(
  changes: CollectionChange,
  collection: CollectionHistory,
  retries: string,
): readonly string[] {
  const name = `collection ${shortened(collection.name, MAX_LOG_NAME_LENGTH)}:`
  switch (changes.kind) {
    case 'outage-began':
      return [
        `${name} no usable response: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`,
        `${retries}${nextStepFor(changes.error)}`,
      ]
    case 'outage-ended':
      return [`${name} the service is responding again after ${duration(changes.lastedMs)}`]
    case 'indexes':
      return [
        changes.pendingRows === undefined
          ? `${name} indexing, number of rows left unknown`
          : `${name} indexing, ${shortCount(changes.pendingRows)} rows left`,
      ]
    case 'indexes-ready':
      return [`${name} ${changes.indexes === 0 ? 'no index' : `${counted(changes.indexes, 'index', 'indexes')} ready`}`]
    case 'load':
      return [
        `${name} ${LOAD_STATES[changes.state]}${changes.percent === undefined ? '' : `, ${percent(changes.percent)}`}`,
      ]
    case 'refreshed':
      return [`${name} loading of the imported rows requested (refresh_load)`]
    case 'counted':
      return [`${name} ${counted(changes.rows, 'row')} visible of ${count(changes.rowCount)} stored`]
    case 'refused':
      return [`${name} ${whatHappened(changes.error)} Checking again.`]
    case 'idle':
      return [`${name} no progress for ${duration(changes.idleMs)} (${NOTICES.quiet})`]
  }
}

const LOAD_STATES = { 'not-loaded': 'not loaded', loading: 'loading', loaded: 'loaded' } as const

/** The state of a collection, for the log. */
export function collectionState(collection: CollectionHistory): string {
  const { name, outage } = collection
  const error = outage === undefined ? '' : `, no usable response: ${whatHappened(outage.error)}`
  return `collection ${shortened(name, MAX_LOG_NAME_LENGTH)}: ${searchState(collection)}${error}`
}
