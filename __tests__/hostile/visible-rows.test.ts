import { describe, expect, it } from '@jest/globals'
import type { Collections, RequestOptions } from '../../src/gate/import-service.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { DONE, NO, noAnswer, reading, rows, stored } from '../support/searching.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'
import { answered } from '../support/watching.ts'

/** A collection of 1,000 rows, of which some were deleted, and an import of 500 that is Completed after 30 s. */
const BEFORE = 1_000
const IMPORTED = 500
const COMPLETED_AT_MS = 30_000
const TIMEOUT_MS = 300_000

const STARTS = { pending: 0, 'in the middle': 20_000, 'after the end': 60_000 } as const
/** When the rows are visible, by the import's end; they flicker before they stay. */
const VISIBLE = {
  'at once': { fromMs: 0, flickers: false },
  late: { fromMs: 45_000, flickers: false },
  flickering: { fromMs: 45_000, flickers: true },
  never: { fromMs: Infinity, flickers: false },
} as const

interface Case {
  readonly start: keyof typeof STARTS
  readonly visible: keyof typeof VISIBLE
  readonly deleted: number
  readonly isTold: boolean
  readonly isCommitted: boolean
  readonly faults: 'none' | 'outages' | 'stray refusals'
}

/** Plays a case: how the gate ends, and when it ends by the clock of the import. */
async function play({ start, visible, deleted, isTold, isCommitted, faults }: Case) {
  const clock = new FakeClock()
  const startMs = STARTS[start]
  let [committedAtMs, calls]: [number, number] = [isCommitted ? Infinity : -Infinity, 0]
  const nowMs = () => startMs + clock.now()
  const endMs = () => Math.max(COMPLETED_AT_MS, committedAtMs === -Infinity ? 0 : committedAtMs + 4_000)
  const { fromMs, flickers } = VISIBLE[visible]
  const areVisible = () => {
    const sinceMs = nowMs() - endMs()
    // A reading of a second's length, now and then, long before the rows stay.
    return sinceMs >= fromMs || (flickers && sinceMs >= 0 && sinceMs < fromMs && Math.floor(sinceMs / 1_000) % 9 === 0)
  }
  const jobAt = (): PollResult => {
    const told = (importedRows: number) => (isTold ? { importedRows, totalRows: IMPORTED } : {})
    const base = { collectionName: 'books' }
    if (nowMs() < 15_000) return answered('Pending', { ...base, ...told(0) })
    if (nowMs() < COMPLETED_AT_MS) return answered('Importing', { ...base, progress: 60, ...told(300) })
    if (committedAtMs === Infinity) return answered('Uncommitted', { ...base, progress: 99, ...told(IMPORTED) })
    return answered(nowMs() < endMs() ? 'Committing' : 'Completed', { ...base, progress: 100, ...told(IMPORTED) })
  }
  /** Every fifth request meets a fault, and one time of 20 s none is answered well. */
  const faultAt = () => {
    calls += 1
    if (faults === 'stray refusals' && calls % 5 === 2) return { ...NO, hostHasAnswered: true } as typeof NO
    if (faults === 'outages' && (calls % 5 === 2 || (nowMs() > 62_000 && nowMs() < 82_000))) return noAnswer()
    return undefined
  }
  const respond = async <R>({ turn, signal }: RequestOptions, value: () => R) => {
    if (!(await turn())) return { kind: 'cancelled' } as const
    await clock.sleep(40, signal)
    const fault = faultAt()
    return (fault ?? value()) as R
  }
  const collections: Collections = {
    isElsewhere: false,
    read: (_, options) => respond(options, () => reading()),
    refresh: (_, options) => respond(options, () => DONE as { kind: 'done' }),
    count: (_, options) => respond(options, () => rows(BEFORE - deleted + (areVisible() ? IMPORTED : 0))),
    stored: (_, options) => respond(options, () => stored(BEFORE + (nowMs() < 17_000 ? 0 : IMPORTED))),
    identify: () => Promise.resolve({ kind: 'unidentified' }),
  }
  const watch = watchImports({
    selection: { kind: 'given', jobIds: ['1'] },
    policy: {
      ...DEFAULT_POLICY,
      waitFor: 'searchable',
      timeoutMs: TIMEOUT_MS,
      onUncommitted: isCommitted ? 'commit' : 'fail',
    },
    service: serviceThat({
      pollerFor: () => (_, options) => respond(options, jobAt),
      commit: (_, options) =>
        respond(options, () => {
          committedAtMs = Math.min(committedAtMs, nowMs())
          return { kind: 'done' } as const
        }),
      collections,
    }),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0.5,
    interrupt: new AbortController().signal,
    startedAtMs: 0,
  })
  const ended = (async () => {
    for await (const event of watch) if (event.kind === 'ended') return event.conclusion
    throw new Error('the gate ended without a conclusion')
  })()
  const conclusion = await clock.until(ended)
  return { conclusion, visibleSinceMs: nowMs() - endMs() - fromMs }
}

/** By the contract the gate cannot know that rows are visible here, and waits until the deadline. */
function isUndecidable({ start, visible, deleted, isTold, isCommitted }: Case): boolean {
  if (visible === 'never') return true
  if (start === 'pending') return false
  const isEarly = start === 'in the middle' || isCommitted
  // Without the rows imported a baseline proves nothing; without a baseline deleted rows look like rows that are missing.
  if (isEarly) return !isTold
  const wereVisibleAtOnce = visible === 'at once'
  return deleted > 0 && (wereVisibleAtOnce || !isTold)
}

const CASES = (Object.keys(STARTS) as Case['start'][]).flatMap((start) =>
  (Object.keys(VISIBLE) as Case['visible'][]).flatMap((visible) =>
    [0, 200].flatMap((deleted) =>
      [true, false].flatMap((isTold) =>
        [true, false].flatMap((isCommitted) =>
          (['none', 'outages', 'stray refusals'] as const).map((faults): Case => ({
            start,
            visible,
            deleted,
            isTold,
            isCommitted,
            faults,
          })),
        ),
      ),
    ),
  ),
)

describe('a gate that waits until imported rows can be searched', () => {
  it.each(CASES)(
    'started $start, rows visible $visible, $deleted deleted, rows told: $isTold, committed by the gate: $isCommitted, faults: $faults',
    async (one) => {
      const { conclusion, visibleSinceMs } = await play(one)
      // Never green before they stay visible, never red but at the deadline.
      if (conclusion.passes) expect(visibleSinceMs).toBeGreaterThanOrEqual(0)
      else expect(conclusion.kind).toBe('timed-out')
      // A fault may cost the early baseline: then the gate decides as one that started after the end.
      if (one.faults === 'none') expect(conclusion.passes).toBe(!isUndecidable(one))
      else if (one.deleted === 0 && !isUndecidable(one)) expect(conclusion.passes).toBe(true)
    },
  )
})
