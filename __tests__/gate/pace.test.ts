import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { newHistory } from '../../src/gate/history.ts'
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
import { attempted } from '../../src/gate/commits.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import type { Pace } from '../../src/gate/pace.ts'
import { corpus } from '../bench/corpus.ts'
import { GENERATORS } from '../bench/generators.ts'
import { hasRows, PHASES, phasesOf } from '../bench/phases.ts'
import { playAll, scoreOf } from '../bench/score.ts'
import { AUTO, FIVE_SECONDS } from '../bench/strategies.ts'
import { recordedTraces } from '../bench/trace.ts'
import type { Trace } from '../bench/trace.ts'
import { aHistory, aJob } from '../support/builders.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

const AUTOMATIC: Pace = { pollIntervalMs: undefined, maxOutageMs: 300_000 }
const seconds = (n: number) => n * 1_000
const minutes = (n: number) => n * 60_000

/** The pause after the last poll, without jitter unless said otherwise. */
function pauseMs(history: History, pace = AUTOMATIC, random = 0): number {
  return nextPollAtMs(history, pace, random) - (history.polledAtMs ?? NaN)
}

/** A job that went from 0% to this progress, as the polls at the first moment and at this age saw it. */
function aJobAt(progress: number, ageMs: number): History {
  return aHistory({
    polls: [
      [0, aJob({ progress: 0 })],
      [ageMs, aJob({ progress })],
    ],
  })
}

/** The longest pause, less what the jitter may add to it. */
const LONGEST_STEADY_MS = MAX_PAUSE_MS / 1.08

describe('the pace', () => {
  it('polls once at a job that nobody has polled', () => {
    expect(nextPollAtMs(newHistory('1'), AUTOMATIC, 0.5)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('leaves room for jitter even at its longest, so that gates that wait for hours do not fall into step', () => {
    const old = aJobAt(20, minutes(60))
    const pauses = [0, 0.5, 1].map((random) => pauseMs(old, AUTOMATIC, random))
    expect(new Set(pauses).size).toBe(3)
    expect(pauses[2]).toBeCloseTo(MAX_PAUSE_MS)
  })

  it('begins with the shortest pause, since an import may be a matter of seconds', () => {
    expect(pauseMs(aHistory({ polls: [[0, aJob({ progress: 0 })]] }))).toBe(MIN_PAUSE_MS)
  })

  it.each([
    ['is a quarter of the age at 0%', 0, seconds(40), seconds(10)],
    ['is half as long at 45%', 45, seconds(40), seconds(5)],
    ['shrinks with the progress that is missing', 60, minutes(2), seconds(10)],
    ['is never under 2 s', 60, seconds(10), MIN_PAUSE_MS],
    ['is never over 30 s, however old the job is', 10, minutes(60), LONGEST_STEADY_MS],
    ['is up to 30 s while rows are missing', 69, minutes(60), LONGEST_STEADY_MS],
    ['is at most 15 s once the rows are in', 70, minutes(60), seconds(15)],
    ['is at most 15 s where an index takes long', 80, minutes(60), seconds(15)],
    ['comes down to the shortest before the commit', 89, minutes(6), MIN_PAUSE_MS],
    ['is the shortest where only the commit is missing', 90, minutes(60), MIN_PAUSE_MS],
    ['is the shortest also at 99%', 99, minutes(60), MIN_PAUSE_MS],
  ])('%s', (_, progress, ageMs, pause) => {
    expect(pauseMs(aJobAt(progress, ageMs))).toBeCloseTo(pause)
  })

  it.each([
    [seconds(60), seconds(10), MIN_PAUSE_MS],
    [seconds(60), seconds(40), seconds(3.5)],
    [minutes(60), minutes(15), MIN_PAUSE_MS],
    [minutes(60), minutes(21), seconds(6.5)],
    [minutes(60), minutes(60), seconds(15)],
  ])(
    'polls a commit often, after an import of %i ms, but less often once it has taken %i ms, longer than usual',
    (importMs, commitMs, pause) => {
      const polls = [
        [0, aJob({ progress: 50 })],
        [importMs, aJob({ progress: 99 })],
        [importMs + commitMs, aJob({ progress: 99 })],
      ] as const
      expect(pauseMs(aHistory({ polls }))).toBeCloseTo(pause)
    },
  )

  it('pauses for longer again where the progress falls back', () => {
    const polls = [
      [0, aJob({ progress: 0 })],
      [minutes(2), aJob({ progress: 90 })],
      [minutes(2), aJob({ progress: 45 })],
    ] as const
    expect(pauseMs(aHistory({ polls }))).toBeCloseTo(seconds(15))
  })

  it('asks ever less often while an import waits for a commit by somebody', () => {
    const idleJob = (restedMs: number) => {
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
    expect(idleJob(0)).toBe(MIN_PAUSE_MS)
    expect(idleJob(minutes(1))).toBe(seconds(8))
    expect(idleJob(minutes(60))).toBeCloseTo(LONGEST_STEADY_MS)
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

  it('does not take a job that the gate has committed for one that waits for a person', () => {
    const rest = aJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })
    const idleJob = aHistory({
      polls: [
        [0, rest],
        [seconds(60), rest],
      ],
    })
    const commit = attempted(undefined, { kind: 'done' }, { startedAtMs: 0, endedAtMs: 0 })
    expect(pauseMs(idleJob)).toBe(seconds(8))
    expect(pauseMs({ ...idleJob, commit })).toBe(seconds(6.5))
  })

  it('counts the age of a job from its first poll', () => {
    const young = aHistory({
      polls: [
        [minutes(10), aJob({ progress: 20, importedRows: 0 })],
        [minutes(11), aJob({ progress: 45, importedRows: 0 })],
      ],
    })
    expect(pauseMs(young)).toBeCloseTo(seconds(7.5))
  })

  it('spreads gates that began together', () => {
    const early = aJobAt(30, minutes(1))
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
  ])('after no change for %i ms is, with the chance %d, %i ms', (standstillMs, random, pause) => {
    expect(pauseAtRestMs(standstillMs, random)).toBeCloseTo(pause)
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

/** Imports of one of the bench's generators. */
function generated(wanted: string): readonly Trace[] {
  return GENERATORS.find(({ name }) => name === wanted)?.generate(100, 1) ?? []
}

describe('what the pace costs, in virtual time', () => {
  const score = (traces: readonly Trace[]) => scoreOf(playAll(traces, [AUTO, FIVE_SECONDS], 5), AUTO)
  const held = GENERATORS.flatMap(({ name, generate, goal }) => (goal === undefined ? [] : [{ name, generate, goal }]))

  it.each(held)('is within the goals: $name', ({ generate, goal }) => {
    const reached = score(generate(200, 1))
    expect(reached.equalBudgetRatio).toBeGreaterThanOrEqual(goal.ratio)
    expect(reached.shareOfPolls).toBeLessThanOrEqual(goal.polls)
    expect(reached.meanDelaySeconds).toBeLessThanOrEqual(goal.meanDelaySeconds)
    expect(reached.shortMeanDelaySeconds).toBeLessThanOrEqual(goal.shortMeanDelaySeconds)
    expect(reached.shareInTime).toBeGreaterThanOrEqual(goal.inTime)
  })

  // A poller every 5 s has a ratio of 1.
  it.each([
    { name: 'corpus', traces: corpus(), ratio: 4, polls: 0.4, inTime: 0.93 },
    {
      name: 'Milvus 2.5 and 2.6, hard',
      traces: generated('Milvus 2.5 and 2.6, hard'),
      ratio: 4,
      polls: 0.4,
      inTime: 0.92,
    },
    { name: 'Import V3, hard', traces: generated('Import V3, hard'), ratio: 4, polls: 0.34, inTime: 0.86 },
    { name: 'no milestones, hard', traces: generated('no milestones, hard'), ratio: 2.2, polls: 0.5, inTime: 0.9 },
  ])(
    'knows sooner and polls less also where imports are hard to foresee: $name',
    ({ traces, ratio, polls, inTime }) => {
      const reached = score(traces)
      expect(reached.equalBudgetRatio).toBeGreaterThanOrEqual(ratio)
      expect(reached.shareOfPolls).toBeLessThanOrEqual(polls)
      expect(reached.meanDelaySeconds).toBeLessThanOrEqual(4)
      expect(reached.shareInTime).toBeGreaterThanOrEqual(inTime)
    },
  )

  it('knows what real servers ran within 4 s', () => {
    const reached = score(recordedTraces())
    expect(reached.meanDelaySeconds).toBeLessThanOrEqual(1.5)
    expect(reached.shareInTime).toBeGreaterThanOrEqual(0.95)
  })
})

describe('the phases that the bench models', () => {
  const completed = recordedTraces().filter(hasRows)

  it.each([
    // Sorting came with 2.5, as did the milestone at 80%.
    ['2.4', ['pending', 'pre-import', 'import', 'sort', 'commit']],
    ['2.5', ['pending', 'pre-import', 'import', 'sort', 'index', 'commit']],
    ['2.6', ['pending', 'pre-import', 'import', 'sort', 'index', 'commit']],
    ['3.0', ['pending', 'pre-import', 'import', 'sort', 'index', 'commit']],
  ])('are those of every recorded import of Milvus %s that was seen from its start', (version, phases) => {
    const traces = completed.filter((trace) => trace.version === version && trace.changes[0]?.state === 'Pending')
    expect(traces.length).toBeGreaterThan(5)
    for (const trace of traces) expect(phasesOf(trace)).toEqual(phases)
  })

  it('are seen in this order in the model', () => {
    for (const trace of [...corpus(), ...generated('Milvus 2.5 and 2.6'), ...generated('Milvus 2.5 and 2.6, hard')]) {
      const names = PHASES.map(({ name }) => name as string)
      const seen = phasesOf(trace).map((name) => names.indexOf(name))
      if (!trace.name.startsWith('retried')) expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
    }
  })
})
