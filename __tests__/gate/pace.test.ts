import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import { NOT_FOUND_GRACE_MS } from '../../src/gate/timing.ts'
import {
  pollAfterCommitAtMs,
  MAX_PAUSE_MS,
  MIN_PAUSE_MS,
  nextPollAtMs,
  pauseAtRestMs,
  pauseInOutageMs,
} from '../../src/gate/pace.ts'
import { attempted } from '../../src/gate/commit-state.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import type { Pace } from '../../src/gate/pace.ts'
import { corpus } from '../bench/corpus.ts'
import { playAll, scoreOf } from '../bench/score.ts'
import { AUTO, FIVE_SECONDS } from '../bench/strategies.ts'
import { unseen } from '../bench/unseen.ts'
import { aFile, aHistory, aJob } from '../support/builders.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

const AUTOMATIC: Pace = { pollIntervalMs: undefined, maxOutageMs: 300_000 }
const seconds = (n: number) => n * 1_000
const minutes = (n: number) => n * 60_000

/** The pause after the last poll, without jitter unless said otherwise. */
function pauseMs(history: History, pace = AUTOMATIC, random = 0): number {
  return nextPollAtMs(history, pace, random) - (history.polledAtMs ?? NaN)
}

/** polled every `everyMs` from one moment to another, while progress goes from one value to another. */
function moving(from: number, to: number, fromMs: number, toMs: number, everyMs: number) {
  const polls = Math.floor((toMs - fromMs) / everyMs)
  return Array.from({ length: polls + 1 }, (_, i) => {
    const progress = Math.floor(from + ((to - from) * i) / polls)
    return [fromMs + i * everyMs, aJob({ progress, importedRows: progress })] as const
  })
}

/** Half of a long import: 10 % at the beginning, 55 % after half an hour, still going on at that speed. */
const halfway = aHistory({
  polls: [...moving(10, 40, 0, minutes(10), seconds(20)), ...moving(41, 55, minutes(10.5), minutes(30), seconds(20))],
})

/** The longest pause, less what the jitter may add to it. */
const LONGEST_STEADY_MS = MAX_PAUSE_MS / 1.08

describe('the pace', () => {
  it('polls once at a job that nobody has polled', () => {
    expect(nextPollAtMs(newHistory('1'), AUTOMATIC, 0.5)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('leaves room for jitter even at its longest, so that gates that wait for hours do not fall into step', () => {
    const pauses = [0, 0.5, 1].map((random) => nextPollAtMs(halfway, AUTOMATIC, random))
    expect(new Set(pauses).size).toBe(3)
    expect((pauses[2] ?? 0) - (halfway.polledAtMs ?? 0)).toBeCloseTo(MAX_PAUSE_MS)
  })

  it('begins with the shortest pause, since an import may be a matter of seconds', () => {
    expect(pauseMs(aHistory({ polls: [[0, aJob({ progress: 0 })]] }))).toBe(MIN_PAUSE_MS)
  })

  it('pauses longer the longer an import goes on', () => {
    const ages = [seconds(10), seconds(40), minutes(1.5)]
    const pauses = ages.map((ageMs) => pauseMs(aHistory({ polls: moving(10, 14, 0, ageMs, seconds(5)) })))
    expect(pauses).toEqual([...new Set(pauses)].sort((a, b) => a - b))
  })

  it('pauses for long where the end is far', () => {
    expect(pauseMs(halfway)).toBeCloseTo(LONGEST_STEADY_MS)
  })

  it('comes back to short pauses where a stretch is about to end', () => {
    const near = aHistory({ polls: [...moving(40, 69, minutes(1), minutes(30), seconds(10))] })
    expect(pauseMs(near)).toBeGreaterThan(seconds(10))
    const nearer = record(
      near,
      { kind: 'answered', snapshot: aJob({ progress: 69, importedRows: 69 }) },
      { startedAtMs: minutes(30.9), endedAtMs: minutes(30.9) },
    )
    expect(pauseMs(nearer)).toBeLessThan(seconds(5))
  })

  it('polls often where only the commit is missing', () => {
    const committing = [
      ...moving(10, 89, 0, minutes(30), seconds(20)),
      [minutes(30.1), aJob({ progress: 99 })] as const,
    ]
    expect(pauseMs(aHistory({ polls: committing }))).toBe(MIN_PAUSE_MS)
  })

  it('takes the speed from the attempt that is on, where another one fell back', () => {
    const slow = moving(40, 69, 0, minutes(29), minutes(1))
    const fast = moving(66, 69, minutes(30), minutes(30.5), seconds(10))
    expect(pauseMs(aHistory({ polls: [...slow, ...fast] }))).toBe(6_500)
  })

  it('asks ever less often while an import waits for a commit by somebody', () => {
    const resting = (restedMs: number) => {
      const rest = { phase: 'uncommitted', label: 'Uncommitted', progress: 99 } as const
      return pauseMs(
        aHistory({
          polls: [
            [0, aJob(rest)],
            [restedMs, aJob(rest)],
          ],
        }),
      )
    }
    expect(resting(0)).toBe(MIN_PAUSE_MS)
    expect(resting(minutes(1))).toBe(seconds(8))
    expect(resting(minutes(60))).toBeCloseTo(LONGEST_STEADY_MS)
  })

  it('asks ever less often while an outage lasts', () => {
    const away = (lastedMs: number) =>
      pauseMs(
        aHistory({
          polls: [
            [0, outage()],
            [lastedMs, outage()],
          ],
        }),
      )
    expect([away(0), away(seconds(60)), away(seconds(120))]).toEqual([seconds(2), seconds(8), seconds(14)])
  })

  it.each([
    [1, minutes(60), 2_001],
    [1_024, minutes(60), 3_024],
    [10_000, minutes(60), 7_400],
    [10_000, minutes(240), 12_000],
    [1_024, seconds(60), 2_090],
  ])(
    'waits 1 ms longer at least for every file that the answer has to list, %i, but not for long after %i ms',
    (amount, ageMs, leastMs) => {
      const all = Array.from({ length: amount }, () => aFile())
      const polls = [
        [minutes(10), aJob({ progress: 60, files: all })],
        [minutes(10) + ageMs, aJob({ progress: 95, files: all })],
      ] as const
      expect(pauseMs(aHistory({ polls }))).toBeCloseTo(leastMs)
    },
  )

  it.each([
    [seconds(60), seconds(29), MIN_PAUSE_MS],
    [seconds(60), seconds(31), seconds(10)],
    [minutes(60), minutes(14), MIN_PAUSE_MS],
    [minutes(60), minutes(16), seconds(10)],
  ])(
    'polls often at a commit, after an import of %i ms, but no longer where it takes %i ms',
    (importMs, commitMs, pause) => {
      const polls = [
        [0, aJob({ progress: 50 })],
        [importMs, aJob({ progress: 99 })],
        [importMs + commitMs, aJob({ progress: 99 })],
      ] as const
      expect(pauseMs(aHistory({ polls }))).toBeCloseTo(pause)
    },
  )

  it('keeps a fixed interval to the millisecond, in health and in an outage', () => {
    const pace = { ...AUTOMATIC, pollIntervalMs: 7_000 }
    for (const last of [answered('Importing', { progress: 60 }), answered('Uncommitted'), outage(), unknownJob()]) {
      for (const random of [0, 0.5, 0.999]) expect(pauseMs(aHistory({ polls: [[0, last]] }), pace, random)).toBe(7_000)
    }
  })

  it.each([undefined, 20_000])(
    'polls once more after 2 s where a job that was there is unknown, with the interval %p',
    (pollIntervalMs) => {
      const gone = aHistory({
        polls: [
          [0, aJob()],
          [seconds(90), unknownJob()],
        ],
      })
      expect(pauseMs(gone, { ...AUTOMATIC, pollIntervalMs }, 0.9)).toBe(MIN_PAUSE_MS)
    },
  )

  it('polls the moment at which an outage has lasted too long', () => {
    const away = aHistory({
      polls: [
        [0, aJob()],
        [seconds(10), outage()],
        [seconds(300), outage()],
      ],
    })
    expect(nextPollAtMs(away, AUTOMATIC, 0.5)).toBe(seconds(310))
  })

  it('polls the moment at which the grace for a job that nobody ever saw is over', () => {
    const unknown = aHistory({
      polls: [
        [0, unknownJob()],
        [seconds(27), unknownJob()],
      ],
    })
    expect(nextPollAtMs(unknown, AUTOMATIC, 0.5)).toBe(NOT_FOUND_GRACE_MS)
  })

  it('never polls less than two seconds later, although an outage would have lasted too long before', () => {
    const away = aHistory({
      polls: [
        [0, aJob()],
        [seconds(10), outage()],
        [seconds(309.5), outage()],
      ],
    })
    expect(nextPollAtMs(away, AUTOMATIC, 0.5)).toBe(seconds(311.5))
  })

  it('follows the outage where a job that was there is unknown and then nobody answers', () => {
    const away = aHistory({
      polls: [
        [0, aJob()],
        [seconds(90), unknownJob()],
        [seconds(92), outage()],
        [seconds(112), outage()],
      ],
    })
    expect(pauseMs(away)).toBe(seconds(4))
    expect(pauseMs(away, { ...AUTOMATIC, pollIntervalMs: 7_000 })).toBe(seconds(7))
  })

  it('polls often from the very moment on at which only the commit is missing', () => {
    const indexed = aHistory({
      polls: [
        [0, aJob({ progress: 50 })],
        [minutes(30), aJob({ progress: 90 })],
      ],
    })
    expect(pauseMs(indexed)).toBe(MIN_PAUSE_MS)
  })

  it('does not take a job that the gate has committed for one that waits for a person', () => {
    const rest = aJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })
    const resting = aHistory({
      polls: [
        [0, rest],
        [seconds(60), rest],
      ],
    })
    const commit = attempted(undefined, { kind: 'done' }, { startedAtMs: 0, endedAtMs: 0 })
    expect(pauseMs(resting)).toBe(seconds(8))
    expect(pauseMs({ ...resting, commit })).toBe(seconds(10))
  })

  it('counts the age of a job from its first poll', () => {
    const young = aHistory({
      polls: [
        [minutes(10), aJob({ progress: 20, importedRows: 0 })],
        [minutes(11), aJob({ progress: 25, importedRows: 0 })],
      ],
    })
    expect(pauseMs(young)).toBeCloseTo(0.22 * seconds(60))
  })

  it('does not want to know the end of a stretch more exactly than a thousandth of the age', () => {
    const polls = [
      [0, 10],
      [3_000_000, 64],
      [3_600_000, 69],
      [3_719_900, 69],
    ] as const
    const nearly = aHistory({ polls: polls.map(([atMs, progress]) => [atMs, aJob({ progress })] as const) })
    expect(pauseMs(nearly)).toBeCloseTo(3_719.9)
  })

  it('takes the speed from the last five points alone', () => {
    const polls = [
      [0, 41],
      [seconds(10), 64],
      [seconds(110), 69],
    ] as const
    const slower = aHistory({ polls: polls.map(([atMs, progress]) => [atMs, aJob({ progress })] as const) })
    expect(pauseMs(slower)).toBeCloseTo(0.65 * seconds(20))
  })

  it('takes the speed also from the point at which a stretch begins', () => {
    const polls = [
      [0, 10],
      [minutes(30), 70],
      [minutes(40), 72],
    ] as const
    const sorting = aHistory({ polls: polls.map(([atMs, progress]) => [atMs, aJob({ progress })] as const) })
    expect(pauseMs(sorting)).toBeCloseTo(LONGEST_STEADY_MS)
  })

  it('spends polls where only rows move, which says nothing of the end of a stretch', () => {
    const polls = [
      [0, 10, 0],
      [minutes(30), 75, 1],
      [minutes(40), 75, 2],
    ] as const
    const rowsMove = aHistory({
      polls: polls.map(([atMs, progress, importedRows]) => [atMs, aJob({ progress, importedRows })] as const),
    })
    const pollsPerMs = 1 / 20_000 + (minutes(40) / 20_000 - 3) / (0.12 * minutes(40))
    expect(pauseMs(rowsMove)).toBeCloseTo(1 / pollsPerMs)
  })

  it('spreads gates that began together', () => {
    const early = aHistory({ polls: moving(10, 30, 0, minutes(1), seconds(5)) })
    const pauses = [0, 0.25, 0.5, 0.75].map((random) => pauseMs(early, AUTOMATIC, random))
    expect(new Set(pauses).size).toBe(4)
    expect(Math.max(...pauses) / Math.min(...pauses)).toBeLessThanOrEqual(1.1)
  })
})

describe('the poll after a commit', () => {
  const DONE: CommitResult = { kind: 'done' }
  const LOST = outage() as CommitResult
  it.each<
    [
      when: string,
      result: CommitResult,
      polledAtMs: number | undefined,
      pollIntervalMs: number | undefined,
      atMs: number,
    ]
  >([
    ['a moment after it was accepted', DONE, 9_000, undefined, 12_000],
    ['a fixed interval after it was accepted', DONE, 9_000, 7_000, 17_000],
    ['at once where it was lost', LOST, 5_000, undefined, 10_000],
    ['at once where it was lost, whatever the interval', LOST, 5_000, 7_000, 10_000],
    ['two seconds after the last poll where it was lost', LOST, 9_000, undefined, 11_000],
    ['two seconds later where nobody has polled', LOST, undefined, undefined, 12_000],
  ])('comes %s', (_, result, polledAtMs, pollIntervalMs, atMs) => {
    const commit = attempted(undefined, result, { startedAtMs: 9_500, endedAtMs: 10_000 })
    expect(pollAfterCommitAtMs({ ...newHistory('1'), polledAtMs }, commit, { pollIntervalMs })).toBe(atMs)
  })
})

describe('a pause', () => {
  it.each([
    [0, 0, 2_000],
    [20_000, 0, 4_000],
    [20_000, 0.5, 4_160],
    [20_000, 1, 4_320],
    [280_000, 1, 30_000],
    [3_600_000, 0, 30_000],
  ])('at rest for %i ms is, with the chance %d, %i ms', (restMs, random, pause) => {
    expect(pauseAtRestMs(restMs, random)).toBeCloseTo(pause)
  })

  it.each([
    [0, 2_000],
    [10_000, 3_000],
    [280_000, 30_000],
    [3_600_000, 30_000],
  ])('in an outage of %i ms is %i ms', (outageMs, pause) => {
    expect(pauseInOutageMs(outageMs)).toBe(pause)
  })
})

describe('the pace after any history', () => {
  const result = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .record({ progress: fc.integer({ min: 0, max: 100 }), importedRows: fc.nat() })
        .map((job) => answered('Importing', job)),
    },
    fc.constantFrom('Pending', 'Uncommitted', 'Committing', 'Resharding', 'Failed').map((state) => answered(state)),
    fc.constantFrom(outage(), unknownJob(), refused()),
  )
  const poll = fc.tuple(fc.integer({ min: 0, max: 120_000 }), result)
  const histories = fc.array(poll, { minLength: 1, maxLength: 40 }).map((polls) => {
    let atMs = 0
    return aHistory({ polls: polls.map(([afterMs, brought]) => [(atMs += afterMs), brought] as const) })
  })
  const randoms = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

  it('is never under 2 s and never over 30 s', () => {
    fc.assert(
      fc.property(histories, randoms, (history, random) => {
        const pause = pauseMs(history, AUTOMATIC, random)
        expect(pause).toBeGreaterThanOrEqual(MIN_PAUSE_MS)
        expect(pause).toBeLessThanOrEqual(MAX_PAUSE_MS)
      }),
    )
  })

  it('is the same for the same history and the same chance', () => {
    fc.assert(
      fc.property(histories, randoms, (history, random) => {
        const before = structuredClone(history)
        expect(nextPollAtMs(history, AUTOMATIC, random)).toBe(nextPollAtMs(history, AUTOMATIC, random))
        expect(history).toEqual(before)
      }),
    )
  })

  it('never gets shorter by jitter', () => {
    fc.assert(
      fc.property(histories, randoms, randoms, (history, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        expect(pauseMs(history, AUTOMATIC, less)).toBeLessThanOrEqual(pauseMs(history, AUTOMATIC, more))
      }),
    )
  })

  it('keeps a fixed interval, but for the poll that confirms that a job is gone', () => {
    fc.assert(
      fc.property(histories, randoms, fc.integer({ min: 1_000, max: 600_000 }), (history, random, pollIntervalMs) => {
        expect([pollIntervalMs, MIN_PAUSE_MS]).toContain(pauseMs(history, { ...AUTOMATIC, pollIntervalMs }, random))
      }),
    )
  })
})

describe('what the pace costs, in virtual time', () => {
  it.each([
    ['imports like those that people report', () => corpus()],
    ['imports that it was not tuned on', () => unseen(150, 1)],
  ])('is to know sooner and ask less: %s', (_name, traces) => {
    const score = scoreOf(playAll(traces(), [AUTO, FIVE_SECONDS], 3))
    expect(score.advantage).toBeGreaterThanOrEqual(4)
    expect(score.longMeanDelaySeconds).toBeLessThanOrEqual(4)
    expect(score.shareOfPolls).toBeLessThanOrEqual(1 / 3)
    expect(score.shortMeanDelaySeconds).toBeLessThanOrEqual(2)
  })
})
