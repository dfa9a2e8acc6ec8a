import { describe, expect, it } from '@jest/globals'
import {
  areReady,
  collectionsOf,
  importedInto,
  isLoaded,
  newCollection,
  pendingRowsOf,
  recordResult,
} from '../../src/gate/collection.ts'
import type { CollectionResult, CollectionHistory } from '../../src/gate/collection.ts'
import type { IndexProgress, LoadProgress } from '../../src/gate/import-service.ts'
import type { History } from '../../src/gate/history.ts'
import type { Selection } from '../../src/gate/policy.ts'
import { aCompletedJob, aHistory, aPolicy, aSearch } from '../support/builders.ts'
import {
  anIndex,
  DONE,
  GONE,
  measured,
  NO,
  NO_REFRESH,
  noAnswer,
  NOT_LOADED,
  reading,
  rows,
} from '../support/searching.ts'

type Answers = readonly (readonly [atMs: number, answer: CollectionResult])[]

const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const pending = (...pendingRows: readonly (number | undefined)[]) =>
  reading({ indexes: pendingRows.map((amount) => anIndex({ pendingRows: amount })) })
const outageAt = (atMs: number) => ({
  sinceMs: atMs,
  silentSinceMs: atMs,
  judgedSinceMs: atMs,
  untilMs: atMs,
  error: noAnswer().error,
})
const rowsAt = (atMs: number, rows: number) => ({ startedAtMs: atMs, endedAtMs: atMs, rows, rowCount: 9 })
const refusedAt = (operation: 'count'): CollectionResult => ({
  kind: 'refused',
  hostHasAnswered: false,
  error: { ...noAnswer().error, operation },
})
const troubleOf = (answer: CollectionResult) => ('error' in answer ? answer.error : undefined)

describe('what is known of a collection', () => {
  it('is nothing but its name at first', () => {
    expect(newCollection('books')).toEqual({
      name: 'books',
      importedRows: undefined,
      baseline: undefined,
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
    })
  })

  it('is not touched by a question that was cancelled', () => {
    const before = aSearch('books', [1_000, reading()])
    expect(recordResult(before, { kind: 'cancelled' }, { startedAtMs: 2_000, endedAtMs: 3_000 })).toBe(before)
  })

  it.each<[after: string, answers: Answers, known: Partial<CollectionHistory>]>([
    [
      'a reading',
      [[1_000, pending(7)]],
      {
        requests: 1,
        requestedAtMs: 1_000,
        readAtMs: 1_000,
        waitsSinceMs: 1_000,
        answeredAtMs: 1_000,
        mostPendingRows: 7,
        indexes: [anIndex({ pendingRows: 7 })],
        load: { state: 'loaded', percent: 100 },
      },
    ],
    [
      'an outage',
      [
        [1_000, reading()],
        [2_000, noAnswer()],
        [3_000, noAnswer()],
      ],
      {
        requests: 3,
        requestedAtMs: 3_000,
        answeredAtMs: 1_000,
        outage: {
          sinceMs: 2_000,
          silentSinceMs: 1_000,
          judgedSinceMs: 2_000,
          untilMs: 3_000,
          error: noAnswer().error,
        },
      },
    ],
    [
      'one refusal, which neither ends nor prolongs an outage',
      [
        [1_000, noAnswer()],
        [2_000, NO],
      ],
      { requests: 2, refusal: undefined, outage: outageAt(1_000), answeredAtMs: undefined },
    ],
    [
      'refusals that confirm each other',
      [
        [1_000, NO],
        [3_000, NO],
      ],
      { refusal: troubleOf(NO), gone: undefined },
    ],
    [
      'refusals of two operations in turn',
      [
        [1_000, NO],
        [3_000, refusedAt('count')],
        [5_000, NO],
      ],
      { refusal: undefined },
    ],
    [
      'refusals with a good response in between',
      [
        [1_000, NO],
        [3_000, reading()],
        [5_000, NO],
      ],
      { refusal: undefined },
    ],
    [
      'that it is gone, once',
      [
        [1_000, reading()],
        [2_000, GONE],
      ],
      { gone: undefined, answeredAtMs: 1_000 },
    ],
    [
      'that it is gone, confirmed',
      [
        [1_000, GONE],
        [3_000, GONE],
      ],
      { gone: troubleOf(GONE), refusal: undefined },
    ],
    [
      'its refresh, with which a new wait begins',
      [
        [1_000, reading()],
        [2_000, noAnswer()],
        [3_000, DONE],
      ],
      { isRefreshed: true, waitsSinceMs: 3_000, answeredAtMs: 3_000, outage: undefined },
    ],
    [
      'a refresh of what is not loaded after all',
      [
        [1_000, reading()],
        [2_000, NOT_LOADED],
      ],
      { isInDoubt: true, isRefreshed: false, answeredAtMs: 2_000 },
    ],
    [
      'a reading that settles the doubt',
      [
        [1_000, reading()],
        [2_000, NOT_LOADED],
        [3_000, UNLOADED],
      ],
      { isInDoubt: false, notLoadedSinceMs: 3_000 },
    ],
    [
      'that there is no refresh, which is to be found out by another reading',
      [
        [1_000, reading()],
        [2_000, NO_REFRESH],
      ],
      { isInDoubt: true, noRefresh: troubleOf(NO_REFRESH), refusal: undefined, answeredAtMs: 1_000 },
    ],
    [
      'that there is no refresh, said again',
      [
        [1_000, reading()],
        [2_000, NO_REFRESH],
        [3_000, reading()],
        [4_000, NO_REFRESH],
      ],
      { refusal: troubleOf(NO_REFRESH) },
    ],
    [
      'that there is no refresh, said again after an outage',
      [
        [1_000, reading()],
        [2_000, NO_REFRESH],
        [3_000, noAnswer()],
        [4_000, NO_REFRESH],
      ],
      { refusal: undefined, noRefresh: troubleOf(NO_REFRESH), outage: undefined },
    ],
    [
      'a count before the refresh, which is a late baseline',
      [[1_000, rows(4)]],
      { baseline: { rows: 4, rowCount: undefined, isEarly: false }, rows: undefined, answeredAtMs: 1_000 },
    ],
    [
      'a count that is not possible, which leaves it without a baseline',
      [[1_000, NOT_LOADED]],
      { baseline: { rows: undefined, rowCount: undefined, isEarly: false }, isInDoubt: true },
    ],
    [
      'readings of its rows, as far back as the rules look',
      [
        [1_000, measured(1, 9)],
        [3_000, measured(2, 9)],
        [8_000, measured(3, 9)],
        [13_000, measured(4, 9)],
      ],
      { rows: 4, rowReadings: [rowsAt(3_000, 2), rowsAt(8_000, 3), rowsAt(13_000, 4)], answeredAtMs: 13_000 },
    ],
    [
      'a reading of its rows that is contradicted',
      [
        [1_000, measured(5)],
        [3_000, NOT_LOADED],
      ],
      { rows: 5, rowReadings: [], isInDoubt: true },
    ],
    [
      'readings that show it as not loaded',
      [
        [1_000, UNLOADED],
        [2_000, UNLOADED],
      ],
      { notLoadedSinceMs: 1_000 },
    ],
    [
      'a reading that shows it as loading at last',
      [
        [1_000, UNLOADED],
        [2_000, reading({ load: 0 })],
      ],
      { notLoadedSinceMs: undefined },
    ],
    [
      'rows that become fewer and more',
      [
        [1_000, pending(5)],
        [2_000, pending(9, 1)],
        [3_000, pending(2)],
        [4_000, pending(undefined)],
      ],
      { mostPendingRows: 10 },
    ],
  ])('after %s', (_, answers, known) => {
    expect(aSearch('books', ...answers)).toMatchObject(known)
  })

  it.each<[what: string, answers: Answers, idleMs: number]>([
    ['nothing at first', [[1_000, pending(7)]], 0],
    [
      'all the time in which nothing moves',
      [
        [1_000, pending(7)],
        [3_000, pending(7)],
        [6_000, pending(7)],
      ],
      5_000,
    ],
    [
      'nothing once anything moves',
      [
        [1_000, pending(7)],
        [3_000, pending(7)],
        [6_000, pending(6)],
      ],
      0,
    ],
    [
      'nothing once nothing is missing',
      [
        [1_000, reading()],
        [2_000, DONE],
        [3_000, reading()],
        [9_000, reading()],
      ],
      0,
    ],
    [
      'rows that are counted and do not change',
      [
        [1_000, measured(5, 9)],
        [4_000, measured(5, 9)],
        [9_000, measured(5, 9)],
      ],
      8_000,
    ],
    [
      'no rows that become more',
      [
        [1_000, measured(5, 9)],
        [4_000, measured(5, 9)],
        [9_000, measured(6, 9)],
      ],
      0,
    ],
    [
      'no outage',
      [
        [1_000, pending(7)],
        [2_000, noAnswer()],
        [8_000, pending(7)],
        [9_000, pending(7)],
      ],
      1_000,
    ],
  ])('takes for a standstill %s', (_, answers, idleMs) => {
    expect(aSearch('books', ...answers).idleMs).toBe(idleMs)
  })
})

describe('indexes', () => {
  it.each<[when: string, indexes: readonly IndexProgress[] | undefined, ready: boolean, rows: number | undefined]>([
    ['of which nothing is known', undefined, false, undefined],
    ['that there are none of', [], true, 0],
    ['with nothing pending', [anIndex(), anIndex()], true, 0],
    ['with rows pending', [anIndex({ pendingRows: 2 }), anIndex({ pendingRows: 3 })], false, 5],
    ['one of which does not say', [anIndex({ pendingRows: 2 }), anIndex({ pendingRows: undefined })], false, undefined],
    ['one of which failed', [anIndex(), anIndex({ isFailed: true })], false, 0],
  ])('%s', (_, indexes, ready, pendingRows) => {
    expect(areReady(indexes)).toBe(ready)
    expect(pendingRowsOf({ indexes })).toBe(pendingRows)
  })
})

describe('a collection is loaded', () => {
  it.each<[when: string, load: LoadProgress | undefined, expected: boolean]>([
    ['where it is, wholly', { state: 'loaded', percent: 100 }, true],
    ['where it is, with no figure', { state: 'loaded', percent: undefined }, true],
    ['not where a part is missing', { state: 'loaded', percent: 99 }, false],
    ['not while it loads', { state: 'loading', percent: 100 }, false],
    ['not where it is not', { state: 'not-loaded', percent: 100 }, false],
    ['not where nobody knows', undefined, false],
  ])('%s', (_, load, expected) => {
    expect(isLoaded(load)).toBe(expected)
  })
})

describe('the collections of jobs', () => {
  const job = (collectionName: string | undefined, importedRows?: number) =>
    aHistory({
      jobId: 'j',
      polls: [[0, aCompletedJob({ collectionName, importedRows, totalRows: undefined, files: [] })]],
    })
  const given = { kind: 'given', jobIds: ['j'] } as const
  const discovered = { kind: 'discovered', collectionName: 'books', since: undefined } as const

  it.each<
    [
      what: string,
      jobs: readonly History[],
      selection: Selection,
      expectedCollection: string | undefined,
      names: object,
    ]
  >([
    ['one that all name', [job('books', 2), job('books', 3)], given, undefined, { books: 5 }],
    ['one each', [job('books', 2), job('films', 3)], given, undefined, { books: 2, films: 3 }],
    ['none where one names none', [job('books', 2), job(undefined, 3)], given, undefined, {}],
    ['that of the input where one names none', [job('books', 2), job(undefined, 3)], given, 'books', { books: 5 }],
    [
      'that of the input where some name an alias of it',
      [job('books_v2', 2), job('books', 3)],
      given,
      'books',
      { books: 5 },
    ],
    [
      'that of the search where some name an alias of it',
      [job('books_v2', 2), job('books', 3)],
      discovered,
      undefined,
      { books: 5 },
    ],
    [
      'the one that all name, whatever the search was for',
      [job('books_v2', 2)],
      discovered,
      undefined,
      { books_v2: 2 },
    ],
    [
      'with rows unknown where one job does not say how many',
      [job('books', 2), job('books')],
      given,
      undefined,
      { books: undefined },
    ],
  ])('are %s', (_, jobs, selection, expectedCollection, names) => {
    const collections = collectionsOf(jobs, { selection, policy: aPolicy({ expectedCollection }) })
    expect(Object.fromEntries(collections.map((one) => [one.name, importedInto(one)]))).toEqual(names)
  })
})
