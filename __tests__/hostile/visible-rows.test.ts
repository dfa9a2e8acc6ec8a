import { describe, expect, it } from '@jest/globals'
import type { Collections, RequestOptions } from '../../src/gate/import-service.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { DONE, NO, noAnswer, reading, rows, stored } from '../support/searching.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'
import { answered } from '../support/watching.ts'

/** A collection of 1,000 rows, of which some were deleted, and imports of 500 rows in all. */
const BEFORE = 1_000
const IMPORTED = 500
const IMPORT_BEGINS_MS = 35_000
const COMPLETED_AT_MS = 50_000
const LAST_COMPLETED_AT_MS = 60_000
const TIMEOUT_MS = 300_000

const NAME = 'books'
const ALIAS = 'shelf'
/** The jobs, by the name that each was started with, and what the user gives as `collection-name`. */
const JOBS = {
  'one job': { jobs: [{ name: NAME, rows: IMPORTED }], given: undefined },
  'one job by an alias': { jobs: [{ name: ALIAS, rows: IMPORTED }], given: NAME },
  'one job by an alias, one by the name': { jobs: twoJobs(), given: undefined },
  'the same with the name given': { jobs: twoJobs(), given: NAME },
} as const

function twoJobs() {
  return [
    { name: ALIAS, rows: 300 },
    { name: NAME, rows: 200 },
  ] as const
}

const STARTS = { pending: 0, 'in the middle': 40_000, 'between the ends': 55_000, 'after the end': 80_000 } as const
/** When the last rows are visible, by the import's end; they flicker before they stay. */
const VISIBLE = {
  'at once': { fromMs: 0, flickers: false },
  late: { fromMs: 45_000, flickers: false },
  flickering: { fromMs: 45_000, flickers: true },
  never: { fromMs: Infinity, flickers: false },
} as const
/** The first of two jobs has its rows visible earlier: rows enough for a job alone. */
const FIRST_ROWS_FROM_MS = 27_000

interface Case {
  readonly jobs: keyof typeof JOBS
  readonly start: keyof typeof STARTS
  readonly visible: keyof typeof VISIBLE
  readonly deleted: number
  readonly isReported: boolean
  readonly isCommitted: boolean
  readonly faults: 'none' | 'outages' | 'stray refusals'
}

/** What is true of the collection and its jobs, by the clock of the import. */
function worldOf({ jobs: which, visible, deleted, isReported, isCommitted }: Case, nowMs: () => number) {
  const { jobs } = JOBS[which]
  const committedAtMs = jobs.map(() => (isCommitted ? Infinity : -Infinity))
  const importedAtMs = (i: number) => (i === 0 ? COMPLETED_AT_MS : LAST_COMPLETED_AT_MS)
  const endOfMs = (i: number) => Math.max(importedAtMs(i), (committedAtMs[i] ?? 0) + 4_000)
  const endMs = () => Math.max(...jobs.map((_, i) => endOfMs(i)))
  const { fromMs, flickers } = VISIBLE[visible]
  const areVisible = (i: number) => {
    const sinceMs = nowMs() - endMs()
    const staysFromMs = i === jobs.length - 1 ? fromMs : Math.min(fromMs, FIRST_ROWS_FROM_MS)
    // A reading of a second's length, now and then, long before the rows stay.
    const areFlickering = flickers && sinceMs >= 0 && sinceMs < fromMs && Math.floor(sinceMs / 1_000) % 9 === 0
    return areFlickering || (sinceMs >= staysFromMs && nowMs() >= endOfMs(i))
  }
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0)
  return {
    visibleSinceMs: () => nowMs() - endMs() - fromMs,
    visibleRows: () => BEFORE - deleted + sum(jobs.map(({ rows }, i) => (areVisible(i) ? rows : 0))),
    storedRows: () => BEFORE + (nowMs() < IMPORT_BEGINS_MS + 2_000 ? 0 : IMPORTED),
    commit(i: number) {
      committedAtMs[i] = Math.min(committedAtMs[i] ?? Infinity, nowMs())
    },
    jobAt(i: number): PollResult {
      const { name: collectionName = NAME, rows: totalRows = 0 } = jobs[i] ?? {}
      const having = (progress: number, importedRows: number) => ({
        collectionName,
        progress,
        ...(isReported && { importedRows, totalRows }),
      })
      if (nowMs() < IMPORT_BEGINS_MS) return answered('Pending', having(0, 0))
      if (nowMs() < importedAtMs(i)) return answered('Importing', having(60, totalRows / 2))
      if (committedAtMs[i] === Infinity) return answered('Uncommitted', having(99, totalRows))
      return answered(nowMs() < endOfMs(i) ? 'Committing' : 'Completed', having(100, totalRows))
    },
  }
}

/** Plays a case: how the gate ends, and how long all rows have been visible then. */
async function play(one: Case) {
  const { start, isCommitted, faults } = one
  const { jobs, given } = JOBS[one.jobs]
  const clock = new FakeClock()
  const nowMs = () => STARTS[start] + clock.now()
  const world = worldOf(one, nowMs)
  let calls = 0
  const strayed = new Set<string>()
  /** Every fifth request meets a fault, but never the same one twice in a row, and for 20 s none is answered well. */
  const faultAt = (request: string) => {
    calls += 1
    if (faults === 'outages' && nowMs() > 82_000 && nowMs() < 102_000) return noAnswer()
    if (faults === 'none' || calls % 5 !== 2 || strayed.has(request)) {
      strayed.delete(request)
      return undefined
    }
    strayed.add(request)
    return faults === 'outages' ? noAnswer() : ({ ...NO, hostHasAnswered: true } as typeof NO)
  }
  const respond = async <R>(request: string, { turn, signal }: RequestOptions, value: () => R) => {
    if (!(await turn())) return { kind: 'cancelled' } as const
    await clock.sleep(40, signal)
    return (faultAt(request) ?? value()) as R
  }
  const collections: Collections = {
    isElsewhere: false,
    read: (_, options) => respond('read', options, () => reading()),
    refresh: (_, options) => respond('refresh', options, () => DONE as { kind: 'done' }),
    count: (_, options) => respond('count', options, () => rows(world.visibleRows())),
    stored: (_, options) => respond('stored', options, () => stored(world.storedRows())),
    identify: (name, options) =>
      respond(`identify ${name}`, options, () => ({ kind: 'identified', collectionId: '449' })),
  }
  const jobIds = jobs.map((_, i) => `${i}`)
  const watch = watchImports({
    selection: { kind: 'given', jobIds },
    policy: {
      ...DEFAULT_POLICY,
      waitFor: 'searchable',
      timeoutMs: TIMEOUT_MS,
      onUncommitted: isCommitted ? 'commit' : 'fail',
      expectedCollection: given,
    },
    service: serviceThat({
      pollerFor: () => (jobId, options) => respond(`poll ${jobId}`, options, () => world.jobAt(Number(jobId))),
      commit: (jobId, options) =>
        respond(`commit ${jobId}`, options, () => {
          world.commit(Number(jobId))
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
  return { conclusion, visibleSinceMs: world.visibleSinceMs() }
}

/** By the contract the gate cannot know that rows are visible here, and waits until the deadline. */
function isUndecidable({ start, visible, deleted, isReported, isCommitted }: Case): boolean {
  if (visible === 'never') return true
  if (start === 'pending') return false
  const isEarly = start === 'in the middle' || isCommitted
  // Without the rows imported a baseline proves nothing; without a baseline deleted rows look like rows that are missing.
  if (isEarly) return !isReported
  const wereVisibleAtOnce = visible === 'at once'
  return deleted > 0 && (wereVisibleAtOnce || !isReported)
}

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T)[]

const CASES = keys(JOBS)
  .flatMap((jobs) =>
    keys(STARTS).flatMap((start) =>
      keys(VISIBLE).flatMap((visible) =>
        [0, 200].flatMap((deleted) =>
          [true, false].flatMap((isReported) =>
            [true, false].flatMap((isCommitted) =>
              (['none', 'outages', 'stray refusals'] as const).map((faults): Case => ({
                jobs,
                start,
                visible,
                deleted,
                isReported,
                isCommitted,
                faults,
              })),
            ),
          ),
        ),
      ),
    ),
  )
  .filter(({ jobs, start }) => JOBS[jobs].jobs.length > 1 || start !== 'between the ends')

describe(`a gate that waits until imported rows can be searched, in ${CASES.length} cases`, () => {
  it.each(CASES)(
    '$jobs, started $start, rows visible $visible, $deleted deleted, rows reported: $isReported, committed by the gate: $isCommitted, faults: $faults',
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
