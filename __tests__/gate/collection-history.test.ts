import { describe, expect, it } from '@jest/globals'
import { areReady, isLoaded, newCollection, pendingRowsOf, recordAnswer } from '../../src/gate/collection-history.ts'
import type { CollectionResult, CollectionHistory } from '../../src/gate/collection-history.ts'
import type { IndexProgress, LoadProgress } from '../../src/gate/import-service.ts'
import { aSearch } from '../support/builders.ts'
import { anIndex, DONE, GONE, NO, NO_REFRESH, noAnswer, NOT_LOADED, reading, rows } from '../support/searching.ts'

type Answers = readonly (readonly [atMs: number, answer: CollectionResult])[]

const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const pending = (...pendingRows: readonly (number | undefined)[]) =>
  reading({ indexes: pendingRows.map((amount) => anIndex({ pendingRows: amount })) })
const troubleOf = (answer: CollectionResult) => ('error' in answer ? answer.error : undefined)

describe('what is known of a collection', () => {
  it('is nothing but its name at first', () => {
    expect(newCollection('books')).toEqual({
      name: 'books',
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
    })
  })

  it('is not touched by a question that was cancelled', () => {
    const before = aSearch('books', [1_000, reading()])
    expect(recordAnswer(before, { kind: 'cancelled' }, { startedAtMs: 2_000, endedAtMs: 3_000 })).toBe(before)
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
        changedAtMs: 1_000,
        mostPendingRows: 7,
        indexes: [anIndex({ pendingRows: 7 })],
        load: { state: 'loaded', percent: 100 },
        goodReadings: 0,
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
      'a refusal, which ends an outage',
      [
        [1_000, noAnswer()],
        [2_000, NO],
      ],
      { requests: 2, refusal: troubleOf(NO), outage: undefined, answeredAtMs: undefined },
    ],
    [
      'that it is gone, which ends an outage',
      [
        [1_000, noAnswer()],
        [2_000, GONE],
      ],
      { gone: troubleOf(GONE), outage: undefined, answeredAtMs: 2_000 },
    ],
    [
      'its refresh, with which a new wait begins',
      [
        [1_000, reading()],
        [2_000, noAnswer()],
        [3_000, DONE],
      ],
      { isRefreshed: true, waitsSinceMs: 3_000, answeredAtMs: 3_000, outage: undefined, goodReadings: 0 },
    ],
    [
      'a refresh of what is not loaded after all',
      [
        [1_000, reading()],
        [2_000, NOT_LOADED],
      ],
      { isInDoubt: true, isRefreshed: false, answeredAtMs: 2_000, goodReadings: 0 },
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
    ['a count', [[1_000, rows(0)]], { rows: 0, rowsSinceMs: 1_000, countedAtMs: 1_000, answeredAtMs: 1_000 }],
    [
      'a count that has not grown',
      [
        [1_000, rows(5)],
        [2_000, rows(5)],
      ],
      { rows: 5, rowsSinceMs: 1_000, countedAtMs: 2_000 },
    ],
    [
      'a count that has shrunk',
      [
        [1_000, rows(5)],
        [2_000, rows(4)],
      ],
      { rows: 4, rowsSinceMs: 1_000, countedAtMs: 2_000 },
    ],
    [
      'a count that has grown',
      [
        [1_000, rows(5)],
        [2_000, rows(6)],
      ],
      { rows: 6, rowsSinceMs: 2_000, countedAtMs: 2_000 },
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
      { mostPendingRows: 10, changedAtMs: 4_000 },
    ],
  ])('after %s', (_, answers, known) => {
    expect(aSearch('books', ...answers)).toMatchObject(known)
  })

  it.each<[when: string, answers: Answers, goodReadings: number]>([
    ['none before the refresh', [[0, reading()]], 0],
    [
      'the first, however soon it comes',
      [
        [0, reading()],
        [100, DONE],
        [500, reading()],
      ],
      1,
    ],
    [
      'another one a second later',
      [
        [0, reading()],
        [100, DONE],
        [500, reading()],
        [1_500, reading()],
      ],
      2,
    ],
    [
      'none that comes sooner',
      [
        [0, reading()],
        [100, DONE],
        [500, reading()],
        [1_499, reading()],
      ],
      1,
    ],
    [
      'none once one is bad',
      [
        [0, reading()],
        [100, DONE],
        [500, reading()],
        [2_500, pending(1)],
      ],
      0,
    ],
    [
      'none once a count has contradicted them',
      [
        [0, reading()],
        [100, DONE],
        [500, reading()],
        [2_500, NOT_LOADED],
      ],
      0,
    ],
  ])('counts as good readings %s', (_, answers, goodReadings) => {
    expect(aSearch('books', ...answers).goodReadings).toBe(goodReadings)
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
