import { describe, expect, it } from '@jest/globals'
import { newCollection } from '../../src/gate/collection-history.ts'
import type { CollectionHistory } from '../../src/gate/collection-history.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { concludeCollections, isConfirmed, nextStep, nextStepAtMs, rowsHold, rowsIn } from '../../src/gate/readiness.ts'
import type { Circumstances, Step } from '../../src/gate/readiness.ts'
import { aPolicy, aTrouble } from '../support/builders.ts'
import { anIndex } from '../support/searching.ts'

const LOADED = { state: 'loaded', percent: 100 } as const

/** Known by that name, but for what is said; nobody has asked about it yet. */
const aCollection = (but: Partial<CollectionHistory> = {}): CollectionHistory => ({ ...newCollection('books'), ...but })
/** Refreshed, and twice found to have nothing missing since. */
const confirmed = (but: Partial<CollectionHistory> = {}) =>
  aCollection({
    requestedAtMs: 4_000,
    answeredAtMs: 4_000,
    readAtMs: 4_000,
    indexes: [anIndex()],
    load: LOADED,
    isRefreshed: true,
    goodReadings: 2,
    ...but,
  })
/** Confirmed, with rows that were first counted at one moment and last at another. */
const counted = (rows: number, rowsSinceMs: number, countedAtMs: number) =>
  confirmed({ rows, rowsSinceMs, countedAtMs })
const anOutage = (sinceMs: number, untilMs: number, outcome = 'http-503') => ({
  sinceMs,
  silentSinceMs: sinceMs,
  judgedSinceMs: sinceMs,
  untilMs,
  error: aTrouble({ outcome }),
})

const FIVE = aPolicy({ expectedCollectionRows: { min: 5, max: 5 } })

describe('the next step', () => {
  it.each<[when: string, collection: CollectionHistory, step: Step]>([
    ['to read where nobody has asked yet', aCollection(), 'read'],
    ['to refresh once it is ready and loaded', aCollection({ indexes: [anIndex()], load: LOADED }), 'refresh'],
    ['to read while rows are pending', aCollection({ indexes: [anIndex({ pendingRows: 1 })], load: LOADED }), 'read'],
    ['to read while it loads', aCollection({ indexes: [anIndex()], load: { state: 'loading', percent: 100 } }), 'read'],
    [
      'to read where something has contradicted the last reading',
      aCollection({ indexes: [anIndex()], load: LOADED, isInDoubt: true }),
      'read',
    ],
    ['to read after the refresh', confirmed({ goodReadings: 0 }), 'read'],
    ['to read after one good reading', confirmed({ goodReadings: 1 }), 'read'],
    ['to count after two', confirmed(), 'count'],
    ['to read where a count has contradicted them', confirmed({ isInDoubt: true }), 'read'],
    ['nothing where the rows hold', counted(5, 6_000, 6_000), 'nothing'],
    ['to count again where they do not', counted(4, 6_000, 6_000), 'count'],
    ['to count again until they have rested for ten seconds', counted(4, 6_000, 15_999), 'count'],
    ['nothing once they have', counted(4, 6_000, 16_000), 'nothing'],
    ['nothing once they have, but for what fractions lose', counted(4, 6_000, 15_999.5), 'nothing'],
  ])('is %s', (_, collection, step) => {
    expect(nextStep(collection, [collection], FIVE)).toBe(step)
  })

  it('is nothing after two good readings where nobody asked for rows', () => {
    expect(nextStep(confirmed(), [confirmed()], aPolicy())).toBe('nothing')
  })

  it('is to count where the others have been counted, and nothing until then where it has been', () => {
    const [one, other] = [counted(2, 6_000, 6_000), confirmed()]
    expect([one, other].map((collection) => nextStep(collection, [one, other], FIVE))).toEqual(['nothing', 'count'])
    const both = [one, counted(2, 7_000, 7_000)]
    expect(both.map((collection) => nextStep(collection, both, FIVE))).toEqual(['count', 'count'])
  })
})

describe('a collection is confirmed', () => {
  it.each<[when: string, but: Partial<CollectionHistory>, expected: boolean]>([
    ['by two good readings after its refresh', {}, true],
    ['by more of them', { goodReadings: 3 }, true],
    ['not by one', { goodReadings: 1 }, false],
    ['not before its refresh', { isRefreshed: false }, false],
    ['not where something contradicts them', { isInDoubt: true }, false],
  ])('%s', (_, but, expected) => {
    expect(isConfirmed(confirmed(but))).toBe(expected)
  })
})

describe('the moment of the next step', () => {
  const FIXED = { pollIntervalMs: 7_000, mostOutageMs: 300_000 }
  const at = (but: Partial<CollectionHistory>, step: Step, pace: Partial<typeof FIXED> = {}, random = 0) =>
    nextStepAtMs(aCollection(but), step, { pollIntervalMs: undefined, mostOutageMs: 300_000, ...pace }, random)

  it.each<[when: string, but: Partial<CollectionHistory>, step: Step, atMs: number, pace?: Partial<typeof FIXED>]>([
    ['at once where nobody has asked yet', {}, 'read', Number.NEGATIVE_INFINITY],
    ['a little after an outage began', { requestedAtMs: 20_000, outage: anOutage(20_000, 20_000) }, 'read', 22_000],
    ['later the longer an outage lasts', { requestedAtMs: 20_000, outage: anOutage(10_000, 20_000) }, 'read', 23_000],
    [
      'when an outage would have lasted too long',
      { requestedAtMs: 20_000, outage: anOutage(10_000, 20_000) },
      'read',
      22_500,
      { mostOutageMs: 12_500 },
    ],
    [
      'never less than two seconds after a question without an answer',
      { requestedAtMs: 20_000, outage: anOutage(10_000, 20_000) },
      'read',
      22_000,
      { mostOutageMs: 10_500 },
    ],
    [
      'a fixed interval after a question without an answer',
      { requestedAtMs: 20_000, outage: anOutage(10_000, 20_000) },
      'read',
      27_000,
      FIXED,
    ],
    ['at once to refresh', { requestedAtMs: 20_000 }, 'refresh', 20_000],
    ['at once to refresh, whatever the interval', { requestedAtMs: 20_000 }, 'refresh', 20_000, FIXED],
    ['at once to count', { requestedAtMs: 20_000 }, 'count', 20_000],
    ['ten seconds after the rows became more', { requestedAtMs: 20_000, rowsSinceMs: 13_000 }, 'count', 23_000],
    ['a fixed interval after a reading', { requestedAtMs: 20_000, waitsSinceMs: 0 }, 'read', 27_000, FIXED],
    [
      'ten seconds after it was first seen not to be loaded',
      { requestedAtMs: 20_000, notLoadedSinceMs: 19_000 },
      'read',
      29_000,
    ],
    [
      'two seconds after the last reading of one that has not been loaded for long',
      { requestedAtMs: 20_000, notLoadedSinceMs: 11_000 },
      'read',
      22_000,
    ],
    ['later the longer it waits', { requestedAtMs: 30_000, waitsSinceMs: 10_000 }, 'read', 34_000],
    ['soon where the wait has just begun', { requestedAtMs: 30_000 }, 'read', 32_000],
    [
      'soon to confirm a good reading',
      { requestedAtMs: 30_000, waitsSinceMs: 10_000, goodReadings: 1 },
      'read',
      32_000,
    ],
  ])('is %s', (_, but, step, atMs, pace = {}) => {
    expect(at(but, step, pace)).toBe(atMs)
  })

  it('is a little later by chance', () => {
    expect(at({ requestedAtMs: 30_000, waitsSinceMs: 10_000 }, 'read', {}, 1)).toBe(34_320)
  })
})

describe('the conclusion over collections', () => {
  const NOW: Circumstances = { timeIsUp: false, hadTime: true, mostOutageMs: 300_000 }
  const LATE: Circumstances = { ...NOW, timeIsUp: true }
  const over = (
    collections: readonly CollectionHistory[],
    but: Partial<Policy> = {},
    circumstances: Partial<Circumstances> = {},
  ) => concludeCollections(collections, aPolicy(but), { ...NOW, ...circumstances })
  const waits = (but: Partial<CollectionHistory> = {}) =>
    aCollection({ requestedAtMs: 9_000, answeredAtMs: 9_000, ...but })

  it('is none while there is something to wait for', () => {
    expect(over([confirmed(), waits()])).toBeUndefined()
    expect(over([aCollection()])).toBeUndefined()
  })

  it('is completed once all are confirmed, also when time is up', () => {
    const completed = { kind: 'completed', passes: true }
    expect(over([confirmed(), confirmed()])).toEqual(completed)
    expect(over([confirmed(), confirmed()], {}, LATE)).toEqual(completed)
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
    expect(over([confirmed(), waits(), confirmed(), waits()], { onTimeout }, LATE)).toEqual({
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

  it('is about the rows of all together, once they have rested', () => {
    const expectedCollectionRows = { min: 5, max: 5 }
    const two = counted(2, 6_000, 16_000)
    expect(over([two, counted(3, 6_000, 6_000)], { expectedCollectionRows })).toEqual({
      kind: 'completed',
      passes: true,
    })
    expect(over([two, two], { expectedCollectionRows })).toEqual({
      kind: 'rows-not-met',
      passes: false,
      of: 'collections',
      expected: expectedCollectionRows,
      imported: 4,
    })
    expect(over([two, counted(2, 6_000, 15_000)], { expectedCollectionRows })).toBeUndefined()
    expect(over([two, confirmed()], { expectedCollectionRows })).toBeUndefined()
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

  it.each<[when: string, collections: readonly CollectionHistory[], policy: Policy, expected: boolean]>([
    ['where they are as many as asked for', [rows(2), rows(3)], FIVE, true],
    ['not where they are fewer', [rows(4)], FIVE, false],
    ['not where they are more', [rows(6)], FIVE, false],
    ['not where nobody knows them', [rows(undefined)], FIVE, false],
    [
      'not where nobody knows them, though none would do',
      [],
      aPolicy({ expectedCollectionRows: { min: 0, max: 0 } }),
      false,
    ],
    ['where nobody asked', [rows(4)], aPolicy(), true],
    ['where nobody asked or knows them', [], aPolicy(), true],
  ])('hold %s', (_, collections, policy, expected) => {
    expect(rowsHold(collections, policy)).toBe(expected)
  })
})
