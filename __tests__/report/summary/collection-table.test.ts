import { describe, expect, it } from '@jest/globals'
import { collectionsTable } from '../../../src/report/summary/collection-table.ts'
import type { CollectionHistory } from '../../../src/gate/collection.ts'
import { aSearch, aView } from '../../support/builders.ts'
import { anIndex, DONE, GONE, measured, NO, noAnswer, reading, rows } from '../../support/searching.ts'
import { recordsOf, rowsOf } from '../../support/tables.ts'

const tableOf = (...collections: readonly CollectionHistory[]) => collectionsTable(aView([], 0, collections)).source
const docs = (...answers: Parameters<typeof aSearch>[1][]) => aSearch('docs', ...answers)
const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const FAILED = anIndex({ isFailed: true, failReason: 'out of memory' })
const CONFIRMED = [
  [0, rows(0)],
  [0, reading()],
  [100, DONE],
  [2_000, measured(1_200)],
  [4_000, measured(1_200)],
] as const

describe('the table of the collections', () => {
  it('is not there before the gate asks about any', () => {
    expect(tableOf()).toBe('')
  })

  it('is not parsed as Markdown', () => {
    expect(tableOf(aSearch('a_b', ...CONFIRMED))).toBe(
      '\n<table>\n' +
        '<tr><th align="left">Collection</th><th align="left">Indexes</th><th align="left">Load</th><th align="left">Refreshed</th><th align="right">Rows</th></tr>\n' +
        '<tr><td><code>a&#95;b</code></td><td>✅ 1 ready</td><td>✅ loaded</td><td>✅ yes</td><td align="right">1,200</td></tr>\n' +
        '</table>\n',
    )
  })

  it.each<[string, CollectionHistory, Readonly<Record<string, string>>]>([
    ['not asked yet', docs(), { Indexes: '🕒 not asked yet', Refreshed: 'not yet' }],
    ['that does not answer', docs([0, noAnswer()]), { Indexes: '❔ no response', Refreshed: 'not yet' }],
    ['that is refused', docs([0, NO], [2_000, NO]), { Indexes: '⛔ rejected', Refreshed: 'not yet' }],
    [
      'that is refused later',
      docs([0, reading()], [100, NO], [2_100, NO]),
      { Indexes: '✅ 1 ready', Load: '⛔ rejected', Refreshed: 'not yet' },
    ],
    ['that is gone', docs([0, reading()], [100, GONE], [2_100, GONE]), { Indexes: '❓ no longer exists' }],
    [
      'without an index',
      docs([0, reading({ indexes: [] })]),
      { Indexes: 'none', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    [
      'with a failed index',
      docs([0, reading({ indexes: [anIndex({ name: 'id' }), FAILED] })]),
      { Indexes: '❌ <code>vector</code> failed: out of memory', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    [
      'with an index that failed without a reason',
      docs([0, reading({ indexes: [anIndex({ isFailed: true })] })]),
      { Indexes: '❌ <code>vector</code> failed', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    [
      'with an index to come',
      docs([0, reading({ indexes: [anIndex({ pendingRows: 1_200 }), anIndex(), anIndex()] })]),
      { Indexes: '⏳ 2 of 3 ready, 1,200 rows left', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    [
      'with one row to index',
      docs([0, reading({ indexes: [anIndex({ pendingRows: 1 })] })]),
      { Indexes: '⏳ 0 of 1 ready, 1 row left', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    [
      'of which nobody says how many rows are to be indexed',
      docs([0, reading({ indexes: [anIndex({ pendingRows: undefined })] })]),
      { Indexes: '⏳ 0 of 1 ready, number of rows left unknown', Load: '✅ loaded', Refreshed: 'not yet' },
    ],
    ['that is not loaded', docs([0, UNLOADED]), { Indexes: '✅ 1 ready', Load: '❌ not loaded', Refreshed: 'not yet' }],
    [
      'that is loading',
      docs([0, reading({ load: 42 })]),
      { Indexes: '✅ 1 ready', Load: '⏳ loading, 42%', Refreshed: 'not yet' },
    ],
    [
      'that is loading, nobody says how far',
      docs([0, reading({ load: { state: 'loading', percent: undefined } })]),
      { Indexes: '✅ 1 ready', Load: '⏳ loading', Refreshed: 'not yet' },
    ],
    [
      'that is ready',
      docs(...CONFIRMED),
      { Indexes: '✅ 1 ready', Load: '✅ loaded', Refreshed: '✅ yes', Rows: '1,200' },
    ],
  ])('reports one %s', (_, collection, cells) => {
    expect(recordsOf(tableOf(collection))).toEqual([{ Collection: '<code>docs</code>', ...cells }])
  })

  it.each<[string, CollectionHistory]>([
    ['gone', docs([0, GONE], [2_000, GONE])],
    ['refused', docs([0, NO], [2_000, NO])],
    ['not loaded', docs([0, UNLOADED])],
    ['left with a failed index', docs([0, reading({ indexes: [anIndex(), FAILED] })])],
  ])('begins with what is %s, and ends with what is ready', (_, stuck) => {
    const others = [aSearch('ready', ...CONFIRMED), aSearch('unasked'), aSearch('late', [0, reading()])]
    const names = recordsOf(tableOf(...others, stuck)).map(({ Collection }) => Collection)
    expect(names).toEqual(['docs', 'unasked', 'late', 'ready'].map((name) => `<code>${name}</code>`))
  })

  it('has 25 rows at most, and says how many more there are', () => {
    const all = Array.from({ length: 27 }, (_, i) => aSearch(`c${i}`))
    expect(rowsOf(tableOf(...all.slice(0, 25)))).toHaveLength(26)
    const longer = rowsOf(tableOf(...all))
    expect(longer).toHaveLength(27)
    expect(longer.at(-2)?.[0]).toBe('<code>c24</code>')
    expect(longer.at(-1)).toEqual(['… and 2 more collections&#58; see the report file'])
  })
})
