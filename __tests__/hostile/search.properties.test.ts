import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy } from '../../src/gate/policy.ts'
import {
  anIndex,
  DONE,
  GONE,
  NO,
  NO_REFRESH,
  noAnswer,
  NOT_LOADED,
  reading,
  rows,
  stored,
  watchSearch,
} from '../support/searching.ts'
import type { Answer, CollectionPlay, Question } from '../support/searching.ts'
import { brokenSearchPromises } from './search-promises.ts'
import { cases, timeFor } from '../support/soak.ts'

const MAX_MS = timeFor(120_000)

/** What a collection says for a while, whatever it is asked. */
interface Segment {
  readonly lastsMs: number
  readonly tookMs: number
  readonly says: Readonly<Record<Question, Answer>>
}

const GOOD: Segment['says'] = { read: reading(), refresh: DONE, count: rows(5), stored: stored(5) }

const anyIndexes = fc.array(
  fc
    .tuple(fc.constantFrom(0, 0, 0, 7, undefined), fc.constantFrom('Finished', 'InProgress'))
    .map(([pendingRows, label]) => anIndex({ pendingRows, label })),
  { maxLength: 2 },
)
const anyLoad = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ state: 'loaded', percent: 100 } as const) },
  { weight: 1, arbitrary: fc.constant({ state: 'loaded', percent: undefined } as const) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100 }).map((percent) => ({ state: 'loading', percent }) as const) },
  { weight: 1, arbitrary: fc.constant({ state: 'not-loaded', percent: undefined } as const) },
)
const anyReading = fc.record({ indexes: anyIndexes, load: anyLoad }).map(reading)
const anyOutage = fc.constantFrom(noAnswer(), noAnswer('http-429', 20_000), noAnswer('http-503', 400_000))
const anyEnd = fc.constantFrom(GONE, NO, reading({ indexes: [anIndex({ isFailed: true, label: 'Failed' })] }))

const mostly = <T>(usual: fc.Arbitrary<T>, ...others: readonly fc.Arbitrary<T>[]) =>
  fc.oneof({ weight: 12, arbitrary: usual }, ...others.map((arbitrary) => ({ weight: 2, arbitrary })))

const anySays = fc.record({
  read: fc.oneof(
    { weight: 10, arbitrary: fc.constant<Answer>(reading()) },
    { weight: 10, arbitrary: anyReading },
    { weight: 4, arbitrary: anyOutage },
    { weight: 1, arbitrary: anyEnd },
  ),
  refresh: mostly<Answer>(fc.constant(DONE), anyOutage, fc.constantFrom(NOT_LOADED, NO_REFRESH, NO)),
  count: mostly<Answer>(fc.integer({ min: 0, max: 9 }).map(rows), anyOutage, fc.constantFrom(NOT_LOADED, NO, GONE)),
  stored: mostly<Answer>(fc.integer({ min: 3, max: 9 }).map(stored), anyOutage, fc.constantFrom(NO, GONE)),
})
const anySegment: fc.Arbitrary<Segment> = fc.record({
  lastsMs: fc.constantFrom(100, 2_000, 5_000, 11_000, 60_000, 400_000),
  tookMs: fc.constantFrom(0, 0, 5, 900, 4_000, 40_000),
  says: anySays,
})
const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    timeoutMs: fc.constantFrom(0, 1_000, 10_000, 60_000, 900_000),
    onTimeout: fc.constantFrom<Policy['onTimeout']>('fail', 'pass', 'pass'),
    pollIntervalMs: fc.constantFrom(undefined, undefined, 1_000, 30_000),
    requestTimeoutMs: fc.constantFrom(1_000, 30_000),
    maxOutageMs: fc.constantFrom(undefined, 10_000),
    stallTimeoutMs: fc.constantFrom(undefined, undefined, 30_000),
    expectedCollectionRows: fc.constantFrom(undefined, { min: 5, max: 5 }, { min: 3, max: undefined }),
  })
  .map((but) => ({ ...DEFAULT_POLICY, waitFor: 'searchable', ...but }))

function playOf(segments: readonly Segment[]): CollectionPlay {
  return ({ atMs, question }) => {
    let endsAtMs = 0
    const segment = segments.find(({ lastsMs }) => (endsAtMs += lastsMs) > atMs) ?? segments.at(-1)
    return { answer: segment?.says[question] ?? GOOD[question], tookMs: segment?.tookMs ?? 0 }
  }
}

async function play(policy: Policy, scripts: readonly (readonly Segment[])[], jitter: number) {
  const plays = Object.fromEntries(scripts.map((segments, i) => [`c${i}`, playOf(segments)]))
  const options = { random: () => jitter, isElsewhere: jitter > 0.5 }
  return { policy, collections: Object.keys(plays), ...(await watchSearch(plays, policy, options)) }
}

const zeroToOne = fc.double({ min: 0, max: 1, noNaN: true })
const anyScripts = fc.array(fc.array(anySegment, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 })

describe('the wait for collections, whatever they say', () => {
  it(
    'keeps its promises',
    async () => {
      const ends = new Map<string, number>()
      await fc.assert(
        fc.asyncProperty(anyPolicy, anyScripts, zeroToOne, async (policy, scripts, jitter) => {
          const played = await play(policy, scripts, jitter)
          ends.set(played.conclusion.kind, (ends.get(played.conclusion.kind) ?? 0) + 1)
          expect(brokenSearchPromises(played)).toEqual([])
        }),
        cases(600),
      )
      // Scripts that all end alike would prove nothing.
      for (const kind of [
        'completed',
        'not-ready',
        'rejected',
        'unreachable',
        'timed-out',
        'rows-not-met',
        'stalled',
      ]) {
        expect([kind, ends.get(kind) ?? 0]).not.toEqual([kind, 0])
      }
    },
    MAX_MS,
  )

  it(
    'passes collections that come through under a passing cloud',
    () => {
      const slow: Segment['says'][] = [
        { ...GOOD, read: reading({ indexes: [anIndex({ pendingRows: 9 })] }) },
        { ...GOOD, read: reading({ indexes: [anIndex({ pendingRows: undefined })] }) },
        { ...GOOD, read: reading({ load: 40 }), refresh: NOT_LOADED, count: NOT_LOADED },
        { ...GOOD, refresh: NOT_LOADED, count: NOT_LOADED },
        { read: noAnswer(), refresh: noAnswer(), count: noAnswer(), stored: noAnswer() },
        { ...GOOD, refresh: noAnswer('http-429', 10_000), count: noAnswer('http-429', 10_000) },
        { ...GOOD, count: rows(4) },
        GOOD,
      ]
      const refusals: Segment['says'][] = [
        { read: NO, refresh: NO, count: NO, stored: NO },
        { read: GONE, refresh: NO, count: GONE, stored: GONE },
      ]
      const cloud: Segment['says'] = { read: noAnswer(), refresh: NO_REFRESH, count: noAnswer(), stored: noAnswer() }
      const segmentOf = (says: fc.Arbitrary<Segment['says']>, lastsMs: readonly number[]) =>
        fc.record({ lastsMs: fc.constantFrom(...lastsMs), tookMs: fc.constantFrom(0, 5, 900), says })
      const passing = fc.tuple(
        fc.array(segmentOf(fc.constantFrom(...slow), [100, 2_000, 8_000]), { maxLength: 4 }),
        fc.oneof(
          segmentOf(fc.constant(cloud), [100, 2_000, 20_000]),
          // An address that never answered well is believed after two seconds.
          segmentOf(fc.constantFrom(...refusals), [100, 1_500]),
        ),
        fc.array(segmentOf(fc.constantFrom(...slow), [100, 2_000, 8_000]), { maxLength: 4 }),
        segmentOf(fc.constant(GOOD), [1_000]),
      )
      return fc.assert(
        fc.asyncProperty(fc.array(passing, { minLength: 1, maxLength: 3 }), zeroToOne, async (clouds, jitter) => {
          const scripts = clouds.map(([before, cloudy, after, end]) => [...before, cloudy, ...after, end])
          const policy: Policy = { ...DEFAULT_POLICY, waitFor: 'searchable', timeoutMs: 900_000 }
          const played = await play(policy, scripts, jitter)
          expect(played.conclusion).toEqual({ kind: 'completed', passes: true })
          expect(brokenSearchPromises(played)).toEqual([])
        }),
        cases(200),
      )
    },
    MAX_MS,
  )
})
