import { describe, expect, it } from '@jest/globals'
import { searchText, searchState } from '../../src/messages/collections.ts'
import { headline } from '../../src/messages/outcomes.ts'
import { closingBlock } from '../../src/report/log.ts'
import { linesFor } from '../support/log-lines.ts'
import { progressText } from '../../src/messages/commit-status.ts'
import type { CollectionHistory } from '../../src/gate/collection.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { aCompletedJob, aHistory, aPolicy, aSearch, aTrouble, aView } from '../support/builders.ts'
import { anIndex, DONE, measured, NO_REFRESH, noAnswer, NOT_LOADED, reading, rows } from '../support/searching.ts'

const error = aTrouble()
const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const pending = (pendingRows: number | undefined) => reading({ indexes: [anIndex({ pendingRows })] })
const REFRESHED = [
  [0, reading()],
  [100, DONE],
] as const
const GONE_ERROR = { kind: 'gone', error } as const
const measuredTwice = (rows: number, rowCount = rows) =>
  [...REFRESHED, [2_000, measured(rows, rowCount)], [4_000, measured(rows, rowCount)]] as const
const viewOf = (...collections: readonly CollectionHistory[]) =>
  aView([aHistory({ jobId: 'j0', polls: [[2000, aCompletedJob()]] })], 305_000, collections)
const docs = (...answers: Parameters<typeof aSearch>[1][]) => aSearch('docs', ...answers)
const COUNTED = [[0, rows(0)]] as const
const ready = aSearch('docs', ...COUNTED, ...measuredTwice(5))

describe('where a collection stands', () => {
  it.each<[CollectionHistory, string]>([
    [aSearch('docs'), 'no response yet'],
    [docs([0, noAnswer()]), 'no response yet'],
    [docs([0, GONE_ERROR]), 'no response yet'],
    [docs([0, GONE_ERROR], [2_000, GONE_ERROR]), 'no longer exists'],
    [docs([0, pending(1_200_000)]), '1.2M rows not indexed yet, loaded'],
    [docs([0, pending(1)]), '1 row not indexed yet, loaded'],
    [docs([0, pending(undefined)]), 'number of rows to index unknown, loaded'],
    [docs([0, reading({ indexes: [anIndex({ isFailed: true })] })]), 'index vector failed, loaded'],
    [docs([0, reading({ indexes: [] })]), 'no index, loaded, not refreshed yet'],
    [docs([0, UNLOADED]), '1 index ready, not loaded'],
    [docs([0, reading({ load: 42 })]), '1 index ready, loading at 42%'],
    [docs([0, reading({ load: { state: 'loading', percent: undefined } })]), '1 index ready, loading'],
    [{ ...docs([0, reading()]), load: undefined }, '1 index ready, load state unknown'],
    [docs([0, reading({ load: { state: 'loaded', percent: 99 } })]), '1 index ready, loading at 99%'],
    [docs([0, reading()]), '1 index ready, loaded, not refreshed yet'],
    [docs([0, reading()], [100, NOT_LOADED]), '1 index ready, loaded, not loaded according to the last response'],
    [docs([0, reading()], [100, NO_REFRESH]), '1 index ready, loaded, refresh_load not found'],
    [aSearch('docs', ...REFRESHED), '1 index ready, loaded, rows not counted yet'],
    [aSearch('docs', ...COUNTED, ...measuredTwice(7, 1_200)), '1 index ready, loaded, 7 rows visible of 1,200 stored'],
    [aSearch('docs', ...COUNTED, ...measuredTwice(7)), '1 index ready, loaded, 7 rows'],
  ])('is said: %#', (collection, text) => {
    expect(searchState(collection)).toBe(text)
  })

  it('is not said where there is no collection', () => {
    expect(searchText(viewOf())).toBe('')
  })

  it('is said of the one that is late where there are several', () => {
    expect(searchText(viewOf(ready))).toBe('collection docs: 1 index ready, loaded, 5 rows')
    expect(searchText(viewOf(ready, aSearch('films', [0, pending(9)])))).toBe(
      '1 of 2 collections ready, films: 9 rows not indexed yet, loaded',
    )
    expect(progressText(viewOf(docs([0, pending(9)])))).toBe(
      'Imported, collection docs: 9 rows not indexed yet, loaded',
    )
  })
})

describe('what happened to a collection', () => {
  const late = { kind: 'timed-out', passes: false, jobs: [], collections: [0] } as const
  const asked: Partial<Policy> = { expectedCollectionRows: { min: 8, max: 8 } }
  const unready = (collections: readonly number[], cause: Extract<Conclusion, { kind: 'not-ready' }>['cause']) =>
    ({ kind: 'not-ready', passes: false, collections, cause }) as const

  it.each<[what: string, Conclusion, readonly CollectionHistory[], Partial<Policy>, sentence: string, next: RegExp]>([
    [
      'searchable',
      { kind: 'completed', passes: true },
      [ready],
      {},
      'Import job j0 is complete: 36,000 rows from 3 files in collection docs, after 5 min 5 s; docs is searchable, with 5 rows in total.',
      /^$/,
    ],
    [
      'searchable, several, counted',
      { kind: 'completed', passes: true },
      [aSearch('docs', ...COUNTED, ...measuredTwice(7)), aSearch('films', ...COUNTED, ...measuredTwice(2))],
      asked,
      'Import job j0 is complete: 36,000 rows from 3 files in collection docs, after 5 min 5 s; both collections are searchable, with 9 rows in total.',
      /^$/,
    ],
    [
      'not loaded',
      unready([0], { kind: 'not-loaded', hasIndex: true }),
      [docs([0, UNLOADED], [10_000, UNLOADED])],
      {},
      'Collection docs has all rows, but it is not loaded.',
      /collections\/load.*do not start the import again/,
    ],
    [
      'no index',
      unready([0], { kind: 'not-loaded', hasIndex: false }),
      [docs([0, UNLOADED])],
      {},
      'Collection docs has all rows, but no index, so it cannot be loaded or searched.',
      /Create an index/,
    ],
    [
      'gone, and another not loaded',
      unready([0, 1], { kind: 'gone', error }),
      [docs([0, { kind: 'gone', error }]), aSearch('films', [0, UNLOADED])],
      {},
      'Collection docs no longer exists: milvus.example returned HTTP 503. Collection films is not searchable either.',
      /^If this lasts, check the status page or the logs of the service\.$/,
    ],
    [
      'three that are not ready',
      unready([0, 1, 2], { kind: 'not-loaded', hasIndex: true }),
      ['a', 'b', 'c'].map((name) => aSearch(name, [0, UNLOADED])),
      {},
      'Collection a has all rows, but it is not loaded. 2 of 3 collections (b, c) are not searchable either.',
      /Load it/,
    ],
    [
      'a failed index',
      unready([0], { kind: 'index-failed', index: anIndex({ isFailed: true, failReason: 'out of memory' }) }),
      [docs([0, reading({ indexes: [anIndex({ isFailed: true })] })])],
      {},
      'Collection docs has all rows, but its index “vector” failed: out of memory.',
      /Drop the index/,
    ],
    [
      'a failed index without a reason',
      unready([0], { kind: 'index-failed', index: anIndex({ isFailed: true }) }),
      [docs([0, reading({ indexes: [anIndex({ isFailed: true })] })])],
      {},
      'Collection docs has all rows, but its index “vector” failed.',
      /Drop the index/,
    ],
    [
      'one poll',
      late,
      [docs([0, pending(9)])],
      { timeoutMs: 0 },
      'Not done at the only poll (`timeout` is `0`): the import is complete, but collection docs is not searchable yet (9 rows not indexed yet, loaded).',
      /Raise `timeout`/,
    ],
    [
      'not indexed, others counted',
      late,
      [docs([0, pending(9)]), aSearch('films', ...COUNTED, ...measuredTwice(7))],
      asked,
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (9 rows not indexed yet, loaded).',
      /Raise `timeout`/,
    ],
    [
      'late, both counted',
      { ...late, collections: [0, 1] },
      [aSearch('docs', ...COUNTED, ...measuredTwice(7)), aSearch('films', ...COUNTED, ...measuredTwice(2))],
      asked,
      'Timed out after 1 h: the import is complete, but both collections (docs, films) are not searchable yet (docs: 1 index ready, loaded, 7 rows, 9 rows in total, and `expected-collection-rows` is `8`).',
      /Raise `timeout`/,
    ],
    [
      'late, ready but for another',
      late,
      [aSearch('docs', ...COUNTED, ...measuredTwice(8))],
      asked,
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, 8 rows).',
      /Raise `timeout`/,
    ],
    [
      'stalled where nothing is missing',
      { kind: 'stalled', passes: false, jobs: [], collections: [0], idleMs: 300_000 },
      [ready],
      asked,
      'The import is complete, but collection docs made no progress for 5 min (1 index ready, loaded, 5 rows).',
      /index nodes.*stall-timeout/,
    ],
    [
      'no name',
      unready([], { kind: 'unnamed' }),
      [],
      {},
      'The import is complete, but the service does not name its collection, so the gate cannot check whether it is searchable.',
      /^Set `collection-name`\.$/,
    ],
    [
      'too few rows',
      { kind: 'rows-not-met', passes: false, of: 'collections', expected: { min: 8, max: 8 }, imported: 7 },
      [aSearch('docs', ...COUNTED, ...measuredTwice(7))],
      asked,
      'Collection docs has 7 rows, but `expected-collection-rows` is `8`.',
      /missing/,
    ],
    [
      'too many rows in several',
      { kind: 'rows-not-met', passes: false, of: 'collections', expected: { min: 8, max: 8 }, imported: 9 },
      [ready, aSearch('films', ...COUNTED, ...measuredTwice(2))],
      asked,
      'Both collections (docs, films) have 9 rows in total, but `expected-collection-rows` is `8`.',
      /imported twice/,
    ],
    [
      'late, not refreshed',
      late,
      [docs([0, reading()])],
      {},
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, not refreshed yet).',
      /Raise `timeout`/,
    ],
    [
      'late, not counted',
      late,
      [aSearch('docs', ...COUNTED, ...REFRESHED)],
      asked,
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, rows not counted yet).',
      /^Indexing .*Raise `timeout`/,
    ],
    [
      'late, not visible',
      late,
      [{ ...aSearch('docs', ...COUNTED, ...measuredTwice(7, 1_200)), importedRows: 500 }],
      {},
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, 7 rows visible of 1,200 stored).',
      /^count\(\*\) is 7 \(0 before, 500 imported\), rowCount is 1,200\. Deleted rows stay in rowCount until they are compacted: if rows were deleted, set `expected-collection-rows`\. Indexing/,
    ],
    [
      'late, refused at last',
      late,
      [docs([0, reading()], [2_000, { kind: 'refused', error, hostHasAnswered: true }])],
      {},
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, not refreshed yet).',
      /^Last response: milvus\.example returned HTTP 503\. Indexing/,
    ],
    [
      'late, counted once',
      { ...late, passes: true },
      [aSearch('docs', ...COUNTED, ...measuredTwice(7))],
      { ...asked, onTimeout: 'pass' },
      'Timed out after 1 h: the import is complete, but collection docs is not searchable yet (1 index ready, loaded, 7 rows, and `expected-collection-rows` is `8`).',
      /must not rely on a search/,
    ],
    [
      'late, the second of two',
      { ...late, collections: [0, 1] },
      [docs([0, pending(9)]), aSearch('films')],
      {},
      'Timed out after 1 h: the import is complete, but both collections (docs, films) are not searchable yet (docs: 9 rows not indexed yet, loaded).',
      /Raise `timeout`/,
    ],
    [
      'refused',
      { kind: 'rejected', passes: false, jobs: [], collections: [0], error },
      [docs([0, { kind: 'refused', hostHasAnswered: false, error }])],
      {},
      'milvus.example returned HTTP 503.',
      /^If this lasts, check the status page or the logs of the service\. The import itself is complete\.$/,
    ],
    [
      'silent',
      { kind: 'unreachable', passes: false, jobs: [], collections: [0], error, outageMs: 60_000 },
      [docs([0, noAnswer()])],
      {},
      'No usable response for collection docs for 1 min: milvus.example returned HTTP 503.',
      /The import itself is complete\.$/,
    ],
    [
      'stalled',
      { kind: 'stalled', passes: false, jobs: [], collections: [0], idleMs: 300_000 },
      [docs([0, pending(9)])],
      {},
      'The import is complete, but collection docs made no progress for 5 min (9 rows not indexed yet, loaded).',
      /index nodes.*stall-timeout/,
    ],
    [
      'cancelled',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      [docs([0, pending(9)])],
      {},
      'The gate was stopped by SIGINT after the import was complete, before it was searchable (collection docs: 9 rows not indexed yet, loaded).',
      /Indexing and loading continue/,
    ],
  ])('is reported in a sentence, and what to do: %s', (_what, conclusion, collections, policy, sentence, next) => {
    const reported = headline(conclusion, viewOf(...collections), aPolicy({ waitFor: 'searchable', ...policy }))
    expect(reported.sentence).toBe(sentence)
    expect(reported.next ?? '').toMatch(next)
  })
})

it('says of several imports that not each has named its collection', () => {
  const view = aView([aHistory({ jobId: 'j0' }), aHistory({ jobId: 'j1' })])
  const conclusion = { kind: 'not-ready', passes: false, collections: [], cause: { kind: 'unnamed' } } as const
  expect(headline(conclusion, view, aPolicy()).sentence).toBe(
    'The imports are complete, but the service does not name the collection of every job, so the gate cannot check whether all of them are searchable.',
  )
})

it.each([
  [7, /^Rows are missing: /],
  [9, /^The collection may have had rows before/],
])('says which way %i rows differ from the 8 that were asked for', (imported, next) => {
  const conclusion = {
    kind: 'rows-not-met',
    passes: false,
    of: 'collections',
    expected: { min: 8, max: 8 },
    imported,
  } as const
  const reported = headline(conclusion, viewOf(ready), aPolicy())
  expect(reported.sentence).toBe(`Collection docs has ${imported} rows, but \`expected-collection-rows\` is \`8\`.`)
  expect(reported.next).toMatch(next)
})

describe('the log of a search', () => {
  const view = viewOf(ready, aSearch('films', [0, noAnswer()]))

  it('reports each kind of changes in a line', () => {
    const lines = linesFor(
      {
        kind: 'read',
        view,
        collection: 0,
        answer: reading(),
        tookMs: 5,
        more: false,
        changes: [
          { kind: 'indexes', pendingRows: 1_200_000 },
          { kind: 'indexes', pendingRows: undefined },
          { kind: 'indexes-ready', indexes: 1 },
          { kind: 'indexes-ready', indexes: 2 },
          { kind: 'indexes-ready', indexes: 0 },
          { kind: 'load', state: 'loading', percent: 40 },
          { kind: 'load', state: 'not-loaded', percent: undefined },
          { kind: 'refreshed' },
          { kind: 'counted', rows: 1, rowCount: 1_200 },
          { kind: 'refused', error },
          { kind: 'idle', idleMs: 1_800_000 },
          { kind: 'outage-began', error },
          { kind: 'outage-ended', lastedMs: 4_000 },
        ],
      },
      aPolicy(),
    )
    expect(lines.map((line) => line.trim().replace(/^\S+ +/, ''))).toEqual([
      'collection docs: indexing, 1.2M rows left',
      'collection docs: indexing, number of rows left unknown',
      'collection docs: 1 index ready',
      'collection docs: 2 indexes ready',
      'collection docs: no index',
      'collection docs: loading, 40%',
      'collection docs: not loaded',
      'collection docs: loading of the imported rows requested (refresh_load)',
      'collection docs: 1 row visible of 1,200 stored',
      'collection docs: milvus.example returned HTTP 503. Checking again.',
      'collection docs: no progress for 30 min (MIG-044)',
      'collection docs: no usable response: milvus.example returned HTTP 503. (MIG-026)',
      'The gate keeps polling. If this lasts, check the status page or the logs of the service.',
      'collection docs: the service is responding again after 4 s',
    ])
  })

  it('ends with where each collection stands', () => {
    const block = closingBlock({ kind: 'cancelled', passes: false, signal: 'SIGINT' }, view, aPolicy())
    expect(block.slice(0, 2)).toEqual([
      '   5:05  collection docs: 1 index ready, loaded, 5 rows',
      '   5:05  collection films: no response yet, no usable response: cluster.test returned HTTP 502.',
    ])
  })
})
