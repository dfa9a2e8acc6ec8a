import { areReady, isLoaded, pendingRowsOf } from '../../gate/collection.ts'
import type { CollectionHistory } from '../../gate/collection.ts'
import type { View } from '../../gate/events.ts'
import { isProven } from '../../gate/searchable.ts'
import { count, counted, percent, shortCount, shortened } from '../../messages/format.ts'
import type { Column, Markup } from './markdown.ts'
import { code, joined, markup, tableOf } from './markdown.ts'

const NAME_LENGTH = 200
const REASON_LENGTH = 300
/** More are in the report file. */
const MOST_ROWS = 25

/** How far the collections are on their way to being searchable, unready ones first; empty before the gate asks about them. */
export function collectionsTable({ collections }: View): Markup {
  if (collections.length === 0) return markup``
  const inOrder = collections.toSorted((a, b) => urgencyOf(a) - urgencyOf(b))
  const rows = inOrder.slice(0, MOST_ROWS)
  const table = tableOf(COLUMNS, rows)
  const left = inOrder.length - rows.length
  const more = left === 0 ? [] : [table.note(`… and ${counted(left, 'more collection')}: see the report file`)]
  return joined([markup`\n`, table.head, ...rows.map(table.row), ...more, table.foot])
}

const COLUMNS: readonly Column<CollectionHistory>[] = [
  { title: 'Collection', cell: ({ name }) => code(shortened(name, NAME_LENGTH)) },
  { title: 'Indexes', cell: indexesCell },
  { title: 'Load', cell: loadCell },
  {
    title: 'Refreshed',
    cell: ({ isRefreshed, gone }) => (gone !== undefined ? '' : isRefreshed ? '✅ yes' : 'not yet'),
  },
  { title: 'Rows', align: 'right', cell: ({ rows }) => (rows === undefined ? '' : count(rows)) },
]

function indexesCell(collection: CollectionHistory): string | Markup {
  const { indexes, gone, refusal, outage } = collection
  if (gone !== undefined) return '❓ no longer exists'
  if (indexes === undefined) {
    if (refusal !== undefined) return '⛔ rejected'
    return outage === undefined ? '🕒 not asked yet' : '❔ no response'
  }
  const failed = indexes.find(({ isFailed }) => isFailed)
  if (failed !== undefined) {
    const name = code(shortened(failed.name, NAME_LENGTH))
    const reason = failed.failReason === undefined ? '' : markup`: ${shortened(failed.failReason, REASON_LENGTH)}`
    return markup`❌ ${name} failed${reason}`
  }
  if (indexes.length === 0) return 'none'
  if (areReady(indexes)) return `✅ ${count(indexes.length)} ready`
  const ready = indexes.filter(({ pendingRows }) => pendingRows === 0).length
  const pendingRows = pendingRowsOf(collection)
  const left =
    pendingRows === undefined
      ? 'number of rows left unknown'
      : `${shortCount(pendingRows)} row${pendingRows === 1 ? '' : 's'} left`
  return `⏳ ${count(ready)} of ${count(indexes.length)} ready, ${left}`
}

function loadCell({ load, refusal, gone }: CollectionHistory): string {
  if (gone !== undefined || load === undefined) return ''
  if (refusal !== undefined) return '⛔ rejected'
  if (isLoaded(load)) return '✅ loaded'
  if (load.state === 'not-loaded') return '❌ not loaded'
  return `⏳ loading${load.percent === undefined ? '' : `, ${percent(load.percent)}`}`
}

function urgencyOf(collection: CollectionHistory): number {
  const { gone, refusal, indexes, load } = collection
  const isStuck =
    gone !== undefined ||
    refusal !== undefined ||
    load?.state === 'not-loaded' ||
    indexes?.some(({ isFailed }) => isFailed) === true
  return isStuck ? 0 : isProven(collection) ? 2 : 1
}
