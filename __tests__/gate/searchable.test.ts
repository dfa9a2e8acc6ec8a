import { describe, expect, it } from '@jest/globals'
import { newCollection } from '../../src/gate/collection.ts'
import type { Baseline, CollectionHistory, RowReading } from '../../src/gate/collection.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { concludeCollections, isProven, nextStep, nextStepAtMs, rowsHold, rowsIn } from '../../src/gate/searchable.ts'
import type { SearchContext, Step } from '../../src/gate/searchable.ts'
import { aPolicy, aTrouble } from '../support/builders.ts'
import { anIndex } from '../support/searching.ts'

const LOADED = { state: 'loaded', percent: 100 } as const
const NO_BASELINE: Baseline = { rows: undefined, rowCount: undefined, isEarly: false }

/** Known by that name, but for what is said; nothing has been requested yet. */
const aCollection = (but: Partial<CollectionHistory> = {}): CollectionHistory => ({ ...newCollection('books'), ...but })
/** With a baseline, ready and loaded. */
const ready = (but: Partial<CollectionHistory> = {}) =>
  aCollection({ baseline: NO_BASELINE, indexes: [anIndex()], load: LOADED, ...but })

/** Readings of `count(*)` and `rowCount`, each in no time. */
type Rows = readonly (readonly [atMs: number, rows: number, rowCount: number])[]
const readingsOf = (rows: Rows): readonly RowReading[] =>
  rows.map(([atMs, rows, rowCount]) => ({ startedAtMs: atMs, endedAtMs: atMs, rows, rowCount }))

/** Refreshed, with these readings since. */
const counted = (rows: Rows, but: Partial<CollectionHistory> = {}) => {
  const [requestedAtMs = 4_000, last] = rows.at(-1) ?? []
  return ready({
    isRefreshed: true,
    rows: last,
    rowReadings: readingsOf(rows),
    requestedAtMs,
    answeredAtMs: requestedAtMs,
    ...but,
  })
}
/** Searchable, with five rows. */
const proven = (but: Partial<CollectionHistory> = {}) =>
  counted(
    [
      [2_000, 5, 5],
      [4_000, 5, 5],
    ],
    but,
  )
const anOutage = (sinceMs: number, untilMs: number, outcome = 'http-503') => ({
  sinceMs,
  silentSinceMs: sinceMs,
  judgedSinceMs: sinceMs,
  untilMs,
  error: aTrouble({ outcome }),
})
const refusals = (but: object = {}) => ({
  error: aTrouble({ outcome: 'code-1800' }),
  count: 1,
  sinceMs: 20_000,
  lastAtMs: 20_000,
  hostHasAnswered: true,
  isGone: false,
  ...but,
})

const FIVE = aPolicy({ expectedCollectionRows: { min: 5, max: 5 } })
const AT_LEAST_FIVE = aPolicy({ expectedCollectionRows: { min: 5, max: undefined } })

describe('imported rows are visible to a search', () => {
  const early = (rows: number, rowCount?: number): Baseline => ({ rows, rowCount, isEarly: true })
  const late = (rows?: number): Baseline => ({ rows, rowCount: undefined, isEarly: false })

  it.each<
    [
      when: string,
      baseline: Baseline | undefined,
      importedRows: number | undefined,
      rows: number,
      rowCount: number,
      is: boolean,
    ]
  >([
    // count(*) has grown by the rows imported.
    ['once an early baseline has grown by them', early(10), 5, 15, 99, true],
    ['not while it has grown by fewer', early(10), 5, 14, 15, false],
    ['once a late baseline has grown by them', late(10), 5, 15, 99, true],
    ['not because of a baseline where none were imported', early(10), 0, 10, 99, false],
    ['not because of a baseline where the service does not say how many', early(10), undefined, 99, 100, false],
    // No more rows are stored and invisible than before.
    ['once no more are stored and invisible than before', early(6, 10), undefined, 11, 15, true],
    ['once fewer are, since a compaction', early(6, 10), undefined, 11, 11, true],
    ['not while one more is', early(6, 10), undefined, 10, 15, false],
    ['not by that where what was stored before is not known', early(6), undefined, 11, 11, false],
    // All that is stored is visible.
    ['without an early baseline, once all that is stored is visible', late(), undefined, 15, 15, true],
    ['without an early baseline, once more is visible than stored, before a flush', late(), 5, 20, 15, true],
    ['not while less is visible than stored', late(), 5, 14, 15, false],
    ['not while fewer are stored than were imported', late(), 5, 4, 4, false],
    ['without an early baseline, in an empty collection by a service that says nothing', late(), undefined, 0, 0, true],
    ['not by that with an early baseline', early(15), 5, 15, 15, false],
    ['not before a baseline was tried', undefined, 5, 15, 15, false],
  ])('%s', (_, baseline, importedRows, rows, rowCount, is) => {
    const collection = counted(
      [
        [2_000, rows, rowCount],
        [4_000, rows, rowCount],
      ],
      { baseline, importedRows },
    )
    expect(isProven(collection)).toBe(is)
  })

  it.each<[what: string, rows: Rows, is: boolean]>([
    ['none', [], false],
    ['one', [[2_000, 5, 5]], false],
    [
      'two over two seconds',
      [
        [2_000, 5, 5],
        [4_000, 5, 5],
      ],
      true,
    ],
    [
      'two over less',
      [
        [2_000, 5, 5],
        [3_998, 5, 5],
      ],
      false,
    ],
    [
      'two over two seconds but for a rounding error',
      [
        [2_000, 5, 5],
        [3_999.5, 5, 5],
      ],
      true,
    ],
    [
      'three over two seconds',
      [
        [2_000, 5, 5],
        [3_000, 5, 5],
        [4_000, 5, 5],
      ],
      true,
    ],
    [
      'three of which one disagrees',
      [
        [2_000, 5, 5],
        [3_000, 4, 5],
        [4_000, 5, 5],
      ],
      false,
    ],
    [
      'those after one that disagreed',
      [
        [2_000, 4, 5],
        [4_000, 5, 5],
        [6_000, 5, 5],
      ],
      true,
    ],
  ])('by every reading over two seconds: %s', (_, rows, is) => {
    expect(isProven(counted(rows))).toBe(is)
  })

  it('by readings of which the second began two seconds after the first ended', () => {
    const slow = (secondAtMs: number) =>
      isProven(
        counted([], {
          rowReadings: [
            { startedAtMs: 0, endedAtMs: 1_900, rows: 5, rowCount: 5 },
            { startedAtMs: secondAtMs, endedAtMs: secondAtMs + 1_900, rows: 5, rowCount: 5 },
          ],
        }),
      )
    expect([slow(2_000), slow(3_900)]).toEqual([false, true])
  })
})

describe('the next step', () => {
  const LOADING = { state: 'loading', percent: 100 } as const

  it.each<[when: string, collection: CollectionHistory, step: Step]>([
    ['to count where there is no baseline, before anything is waited for', aCollection(), 'count'],
    ['to read where nothing was read yet', aCollection({ baseline: NO_BASELINE }), 'read'],
    ['to refresh once it is ready and loaded', ready(), 'refresh'],
    ['to read while rows are pending', ready({ indexes: [anIndex({ pendingRows: 1 })] }), 'read'],
    ['to read while it loads', ready({ load: LOADING }), 'read'],
    ['to read where something has contradicted the last reading', ready({ isInDoubt: true }), 'read'],
    ['to measure after the refresh', counted([]), 'measure'],
    [
      'to measure whatever the indexes say after the refresh',
      counted([], { indexes: [anIndex({ pendingRows: 1 })] }),
      'measure',
    ],
    ['to read where a count has contradicted the load state', counted([], { isInDoubt: true }), 'read'],
    ['to read until it is loaded again', counted([], { load: LOADING }), 'read'],
    ['to measure after one good reading', counted([[2_000, 5, 5]]), 'measure'],
    ['nothing once the rows are visible', proven(), 'nothing'],
  ])('is %s', (_, collection, step) => {
    expect(nextStep(collection, [collection], aPolicy())).toBe(step)
  })

  it.each<[when: string, rows: Rows, policy: Policy, step: Step]>([
    [
      'nothing where they are as many as expected',
      [
        [2_000, 5, 9],
        [4_000, 5, 9],
      ],
      FIVE,
      'nothing',
    ],
    [
      'to measure where they are as many once',
      [
        [2_000, 4, 9],
        [4_000, 5, 9],
      ],
      FIVE,
      'measure',
    ],
    [
      'to measure where they are visible but fewer',
      [
        [2_000, 4, 4],
        [4_000, 4, 4],
      ],
      FIVE,
      'measure',
    ],
    [
      'to measure where they are visible but more',
      [
        [2_000, 6, 6],
        [4_000, 6, 6],
      ],
      FIVE,
      'measure',
    ],
    [
      'to measure where they are enough but not visible',
      [
        [2_000, 5, 9],
        [4_000, 5, 9],
      ],
      AT_LEAST_FIVE,
      'measure',
    ],
    [
      'to measure where they are visible but not enough',
      [
        [2_000, 4, 4],
        [4_000, 4, 4],
      ],
      AT_LEAST_FIVE,
      'measure',
    ],
    [
      'nothing where they are visible and enough',
      [
        [2_000, 6, 6],
        [4_000, 6, 6],
      ],
      AT_LEAST_FIVE,
      'nothing',
    ],
  ])('is, where rows are expected, %s', (_, rows, policy, step) => {
    const collection = counted(rows)
    expect(nextStep(collection, [collection], policy)).toBe(step)
  })

  it('is nothing where the rows are visible and the others have not been counted, and to measure where the sum is not right', () => {
    const [one, other] = [proven(), counted([])]
    expect([one, other].map((collection) => nextStep(collection, [one, other], FIVE))).toEqual(['nothing', 'measure'])
    expect([one, one].map((collection) => nextStep(collection, [one, one], FIVE))).toEqual(['measure', 'measure'])
    const ten = aPolicy({ expectedCollectionRows: { min: 10, max: 10 } })
    expect([one, one].map((collection) => nextStep(collection, [one, one], ten))).toEqual(['nothing', 'nothing'])
  })
})

describe('the moment of the next step', () => {
  const FIXED = { pollIntervalMs: 7_000, mostOutageMs: 300_000 }
  const at = (but: Partial<CollectionHistory>, step: Step, pace: Partial<typeof FIXED> = {}, random = 0) =>
    nextStepAtMs(aCollection(but), step, { pollIntervalMs: undefined, mostOutageMs: 300_000, ...pace }, random)
  const READ = { readAtMs: 20_000, requestedAtMs: 20_000 }
  const inOutage = (sinceMs: number) => ({ ...READ, outage: anOutage(sinceMs, 20_000) })

  it.each<[when: string, but: Partial<CollectionHistory>, step: Step, atMs: number, pace?: Partial<typeof FIXED>]>([
    ['at once where nothing was requested yet', {}, 'count', Number.NEGATIVE_INFINITY],
    ['a little after an outage began', inOutage(20_000), 'read', 22_000],
    ['later the longer an outage lasts', inOutage(10_000), 'read', 23_000],
    ['when an outage would have lasted too long', inOutage(10_000), 'read', 22_500, { mostOutageMs: 12_500 }],
    ['never less than two seconds after an outage', inOutage(10_000), 'read', 22_000, { mostOutageMs: 10_500 }],
    ['a fixed interval after an outage', inOutage(10_000), 'read', 27_000, FIXED],
    ['five seconds after a refusal, whatever the interval', { ...READ, refusals: refusals() }, 'read', 25_000, FIXED],
    [
      'two seconds after a refusal by a host that never answered well',
      { ...READ, refusals: refusals({ hostHasAnswered: false }) },
      'read',
      22_000,
    ],
    ['as after a refusal where an outage is not over', { ...inOutage(10_000), refusals: refusals() }, 'read', 25_000],
    ['at once for the first reading', { requestedAtMs: 20_000 }, 'read', 20_000, FIXED],
    ['at once to refresh, whatever the interval', READ, 'refresh', 20_000, FIXED],
    ['a fixed interval after a reading', { ...READ, waitsSinceMs: 0 }, 'read', 27_000, FIXED],
    ['ten seconds after it was first seen not to be loaded', { ...READ, notLoadedSinceMs: 19_000 }, 'read', 29_000],
    [
      'two seconds after the last reading of one that has not been loaded for long',
      { ...READ, notLoadedSinceMs: 11_000 },
      'read',
      22_000,
    ],
    ['later the longer it waits', { ...READ, waitsSinceMs: 0 }, 'read', 24_000],
    ['soon where the wait has just begun', READ, 'read', 22_000],
    [
      'later the longer rows are not visible',
      { ...READ, waitsSinceMs: 0, baseline: NO_BASELINE, rowReadings: readingsOf([[20_000, 4, 5]]) },
      'measure',
      24_000,
    ],
    [
      'soon to confirm that they are',
      { ...READ, waitsSinceMs: 0, baseline: NO_BASELINE, rowReadings: readingsOf([[20_000, 5, 5]]) },
      'measure',
      22_000,
    ],
  ])('is %s', (_, but, step, atMs, pace = {}) => {
    expect(at(but, step, pace)).toBe(atMs)
  })

  it('is a little later by chance', () => {
    expect(at({ ...READ, waitsSinceMs: 0 }, 'read', {}, 1)).toBe(24_320)
  })
})

describe('the conclusion over collections', () => {
  const NOW: SearchContext = { timeIsUp: false, hadTime: true, isPolled: () => true, mostOutageMs: 300_000 }
  const LATE: SearchContext = { ...NOW, timeIsUp: true }
  const over = (
    collections: readonly CollectionHistory[],
    but: Partial<Policy> = {},
    circumstances: Partial<SearchContext> = {},
  ) => concludeCollections(collections, aPolicy(but), { ...NOW, ...circumstances })
  const waits = (but: Partial<CollectionHistory> = {}) =>
    aCollection({ baseline: NO_BASELINE, requestedAtMs: 9_000, answeredAtMs: 9_000, ...but })

  it('is none while there is something to wait for', () => {
    expect(over([proven(), waits()])).toBeUndefined()
    expect(over([aCollection()])).toBeUndefined()
  })

  it('is completed once the rows of all are visible, also when time is up', () => {
    const completed = { kind: 'completed', passes: true }
    expect(over([proven(), proven()])).toEqual(completed)
    expect(over([proven(), proven()], {}, LATE)).toEqual(completed)
  })

  it('is a refusal, with the words of the first that is refused', () => {
    const [first, second] = [aTrouble({ outcome: 'first' }), aTrouble({ outcome: 'second' })]
    expect(over([waits(), waits({ refusal: first }), waits(), waits({ refusal: second })])).toEqual({
      kind: 'rejected',
      passes: false,
      jobs: [],
      collections: [1, 3],
      error: first,
    })
  })

  it('is a standstill from the very moment on', () => {
    const stalled = [waits({ idleMs: 59_999 }), waits({ idleMs: 60_000 }), waits({ idleMs: 70_000 })]
    expect(over(stalled, { stallTimeoutMs: 60_000 })).toEqual({
      kind: 'stalled',
      passes: false,
      jobs: [],
      collections: [1, 2],
      idleMs: 60_000,
    })
    expect(over(stalled, { stallTimeoutMs: 70_001 })).toBeUndefined()
    expect(over(stalled)).toBeUndefined()
  })

  it('is that nobody answers once an outage is too long, counted up to the last question', () => {
    const lost = [
      waits({ outage: anOutage(5_000, 15_000) }),
      waits({ requestedAtMs: 35_000, outage: anOutage(5_000, 25_000) }),
    ]
    expect(over(lost, {}, { mostOutageMs: 20_000 })).toEqual({
      kind: 'unreachable',
      passes: false,
      jobs: [],
      collections: [1],
      error: aTrouble(),
      outageMs: 30_000,
    })
    expect(over(lost, {}, { mostOutageMs: 20_001 })).toBeUndefined()
  })

  it('is that nobody answers where there was time and nobody has been asked', () => {
    expect(over([waits(), aCollection()], { onTimeout: 'pass' }, LATE)).toEqual({
      kind: 'unreachable',
      passes: false,
      jobs: [],
      collections: [1],
      error: undefined,
      outageMs: 0,
    })
  })

  const timedOut = { kind: 'timed-out', passes: true, jobs: [], collections: [0] }
  const unreachable = { kind: 'unreachable', passes: false, collections: [0] }
  it.each<[when: string, but: Partial<CollectionHistory>, conclusion: object]>([
    ['was never asked', {}, timedOut],
    ['was asked once, which the deadline cut short', { outage: anOutage(9_000, 8_000, 'timeout') }, timedOut],
    ['was asked once, in no time', { outage: anOutage(9_000, 9_000, 'timeout') }, timedOut],
    ['was asked again', { outage: anOutage(9_000, 9_001, 'timeout') }, unreachable],
    ['brought error of its own', { outage: anOutage(9_000, 8_000, 'dns') }, unreachable],
  ])('where there was hardly any time is about a collection that %s', (_, but, conclusion) => {
    expect(over([aCollection(but)], { onTimeout: 'pass' }, { ...LATE, hadTime: false })).toMatchObject(conclusion)
  })

  it.each([
    ['pass', true],
    ['fail', false],
  ] as const)('is out of time, and names those that are late: on-timeout %s', (onTimeout, passes) => {
    expect(over([proven(), waits(), proven(), waits()], { onTimeout }, LATE)).toEqual({
      kind: 'timed-out',
      passes,
      jobs: [],
      collections: [1, 3],
    })
  })

  const failed = anIndex({ name: 'sparse', isFailed: true })
  it.each<[what: string, but: Partial<CollectionHistory>, cause: object | undefined]>([
    ['one that is gone', { gone: aTrouble(), indexes: [failed] }, { kind: 'gone', error: aTrouble() }],
    ['one whose index failed', { indexes: [anIndex(), failed] }, { kind: 'index-failed', index: failed }],
    [
      'one that is not loaded, ten seconds later',
      { indexes: [anIndex()], notLoadedSinceMs: 2_000, readAtMs: 12_000 },
      { kind: 'not-loaded', hasIndex: true },
    ],
    [
      'one that is not loaded and has no index',
      { indexes: [], notLoadedSinceMs: 2_000, readAtMs: 12_000 },
      { kind: 'not-loaded', hasIndex: false },
    ],
    [
      'one that is not loaded and of whose indexes nothing is known',
      { indexes: undefined, notLoadedSinceMs: 2_000, readAtMs: 12_000 },
      { kind: 'not-loaded', hasIndex: false },
    ],
    ['none that has not been loaded for less', { notLoadedSinceMs: 2_000, readAtMs: 11_999 }, undefined],
    ['none that was read late and is loaded', { indexes: [anIndex()], load: LOADED, readAtMs: 90_000 }, undefined],
  ])('is about %s', (_, but, cause) => {
    const conclusion = cause && { kind: 'not-ready', passes: false, collections: [1], cause }
    expect(over([waits(), waits(but)])).toEqual(conclusion)
  })

  it.each<[when: string, policy: Partial<Policy>]>([
    ['nobody asked for rows', {}],
    ['rows were asked for', { expectedCollectionRows: { min: 5, max: 5 } }],
  ])('is that nobody names a collection where there is none and %s', (_, policy) => {
    expect(over([], policy)).toEqual({
      kind: 'not-ready',
      passes: false,
      collections: [],
      cause: { kind: 'unnamed' },
    })
  })

  it('is that a refusal was not confirmed in time, by a host that never answered well', () => {
    const refused = waits({ refusals: refusals({ hostHasAnswered: false }) })
    expect(over([refused])).toBeUndefined()
    expect(over([refused], {}, LATE)).toMatchObject({
      kind: 'rejected',
      collections: [0],
      error: refused.refusals?.error,
    })
    const gone = waits({ refusals: refusals({ hostHasAnswered: false, isGone: true }) })
    expect(over([gone], {}, LATE)).toMatchObject({ kind: 'not-ready', cause: { kind: 'gone' } })
  })

  it('is that of a late collection where a refusal was not confirmed and the host has answered well', () => {
    expect(over([waits({ refusals: refusals() })], {}, LATE)).toMatchObject({ kind: 'timed-out' })
    expect(over([aCollection({ refusals: refusals() })], {}, LATE)).toMatchObject({
      kind: 'unreachable',
      error: { outcome: 'code-1800' },
    })
  })

  const notMet = (imported: number) => ({ kind: 'rows-not-met', passes: false, of: 'collections', imported })
  const unproven = (rows: number) => counted([[4_000, rows, 9]])
  it.each<
    [
      what: string,
      collections: readonly CollectionHistory[],
      policy: Policy,
      isLate: boolean,
      conclusion: object | undefined,
    ]
  >([
    ['none while too few may still be loading', [unproven(4)], FIVE, false, undefined],
    ['that they are too few at the deadline', [unproven(4)], FIVE, true, notMet(4)],
    [
      'that they are too few at the deadline, though visible',
      [
        counted([
          [2_000, 4, 4],
          [4_000, 4, 4],
        ]),
      ],
      AT_LEAST_FIVE,
      true,
      notMet(4),
    ],
    [
      'that they are late where they are enough, but not visible',
      [unproven(5)],
      AT_LEAST_FIVE,
      true,
      { kind: 'timed-out' },
    ],
    ['that they are late where they have not been counted', [waits()], FIVE, true, { kind: 'timed-out' }],
    [
      'none where too many were counted for less than ten seconds',
      [
        counted([
          [2_000, 6, 6],
          [11_998, 6, 6],
        ]),
      ],
      FIVE,
      false,
      undefined,
    ],
    [
      'that they are too many after ten seconds',
      [
        counted([
          [2_000, 6, 6],
          [12_000, 6, 6],
        ]),
      ],
      FIVE,
      false,
      notMet(6),
    ],
    [
      'none where they were not too many in between',
      [
        counted([
          [2_000, 6, 6],
          [7_000, 5, 6],
          [12_000, 6, 6],
        ]),
      ],
      FIVE,
      false,
      undefined,
    ],
    [
      'that they are late where too many were counted once',
      [counted([[2_000, 6, 9]])],
      FIVE,
      true,
      { kind: 'timed-out' },
    ],
    [
      'that of all together',
      [
        counted([
          [2_000, 3, 3],
          [12_000, 3, 3],
        ]),
        counted([
          [2_000, 3, 3],
          [12_000, 3, 3],
        ]),
      ],
      FIVE,
      false,
      notMet(6),
    ],
  ])('is, where rows are expected, %s', (_, collections, { expectedCollectionRows }, isLate, conclusion) => {
    const actual = over(collections, { expectedCollectionRows, onTimeout: 'pass' }, isLate ? LATE : NOW)
    if (conclusion === undefined) expect(actual).toBeUndefined()
    else expect(actual).toMatchObject(conclusion)
  })

  it('is the first of these where several hold', () => {
    const refused = { refusal: aTrouble() }
    const stalled = { idleMs: 60_000 }
    const lost = { outage: anOutage(0, 300_000) }
    const gone = { gone: aTrouble() }
    const kind = (but: Partial<CollectionHistory>) => over([waits(but)], { stallTimeoutMs: 60_000 })?.kind
    expect(kind({ ...refused, ...stalled, ...lost, ...gone })).toBe('rejected')
    expect(kind({ ...stalled, ...lost, ...gone })).toBe('stalled')
    expect(kind({ ...lost, ...gone })).toBe('unreachable')
    expect(kind(gone)).toBe('not-ready')
  })
})

describe('the rows in collections', () => {
  const rows = (amount: number | undefined) => aCollection({ rows: amount })

  it.each<[when: string, collections: readonly CollectionHistory[], sum: number | undefined]>([
    ['those of all together', [rows(2), rows(3)], 5],
    ['none where there are none', [rows(0)], 0],
    ['unknown until all have been counted', [rows(2), rows(undefined)], undefined],
    ['unknown where there is no collection', [], undefined],
  ])('are %s', (_, collections, sum) => {
    expect(rowsIn(collections)).toBe(sum)
  })

  const twice = (rows: number) =>
    counted([
      [2_000, rows, 9],
      [4_000, rows, 9],
    ])
  it.each<[when: string, collections: readonly CollectionHistory[], policy: Policy, expected: boolean]>([
    ['where they are as many as expected', [twice(2), twice(3)], FIVE, true],
    ['not where they are fewer', [twice(4)], FIVE, false],
    ['not where they are more', [twice(6)], FIVE, false],
    ['not where they are not known', [aCollection()], FIVE, false],
    [
      'not where they were not as many just before',
      [
        counted([
          [2_000, 4, 9],
          [4_000, 5, 9],
        ]),
      ],
      FIVE,
      false,
    ],
    ['not where there is no collection', [], aPolicy({ expectedCollectionRows: { min: 0, max: 0 } }), false],
    ['without an expectation', [twice(4)], aPolicy(), true],
    ['without an expectation where they are not known', [], aPolicy(), true],
  ])('hold %s', (_, collections, policy, expected) => {
    expect(rowsHold(collections, policy)).toBe(expected)
  })
})
