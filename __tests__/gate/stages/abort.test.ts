import { getEventListeners } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { abortJobs } from '../../../src/gate/stages/abort.ts'
import { TIME_IS_UP } from '../../../src/gate/import-service.ts'
import type { Conclusion } from '../../../src/gate/conclusion.ts'
import type { WatchEvent } from '../../../src/gate/events.ts'
import { newHistory } from '../../../src/gate/history.ts'
import type { History } from '../../../src/gate/history.ts'
import type { CommitResult } from '../../../src/gate/import-service.ts'
import { once, planned } from '../../../src/gate/engine.ts'
import { createStage } from '../../../src/gate/stage.ts'
import type { Stage } from '../../../src/gate/stage.ts'
import { aHistory, aJob, aPolicy } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../../support/services.ts'
import { outage, refused, unknownJob, declined } from '../../support/watching.ts'

/** What the nth abort of a job brings, and how long that takes; it was asked for at that moment. */
type Play = (nth: number, atMs: number) => { readonly result: CommitResult; readonly tookMs?: number }

const DONE: CommitResult = { kind: 'done' }
const LOST = outage()
const TOO_LATE = outage('timeout')
const REFUSED = declined()
const UNKNOWN = unknownJob() as Extract<CommitResult, { kind: 'unknown-job' }>
const CONCLUSION: Conclusion = { kind: 'failed', passes: false, jobs: [0] }

const takes = (tookMs: number, result = DONE): Play => always({ result, tookMs })
const HANGS = takes(Infinity)
const inTurn =
  (...deeds: readonly CommitResult[]): Play =>
  (nth) => ({ result: deeds[Math.min(nth, deeds.length - 1)] ?? DONE })

function always<Value>(value: Value): () => Value {
  return () => value
}

const uncommittedJob = (jobId: string) =>
  aHistory({ jobId, polls: [[0, aJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })]] })

interface Options {
  /** The jobs; those that play, at rest, unless said otherwise. */
  readonly jobs?: readonly History[]
  /** Interrupted so long after the start; 0: before it. */
  readonly interruptAtMs?: number
  /** Until when the service has asked to be left alone. */
  readonly heldUntilMs?: number
  /** Whether whoever reads the events goes away with this one. */
  readonly leavesWith?: (event: WatchEvent) => boolean
}

/** All aborts of a gate that has come to its conclusion a minute after its start. */
async function abortAll(plays: Readonly<Record<string, Play>>, options: Options = {}) {
  const clock = new FakeClock()
  await clock.until(clock.sleep(60_000))
  const interrupt = new AbortController()
  const requests: (readonly [jobId: string, atMs: number])[] = []
  const cuts: unknown[] = []
  const stage = createStage({
    selection: { kind: 'given', jobIds: Object.keys(plays) },
    policy: aPolicy({ abortUncommitted: true }),
    service: serviceThat({
      abort: async (jobId, { signal, turn }) => {
        if (!(await turn())) return { kind: 'cancelled' }
        const nth = requests.filter(([other]) => other === jobId).length
        const startedAtMs = clock.now()
        requests.push([jobId, startedAtMs - 60_000])
        const { result, tookMs = 0 } = plays[jobId]!(nth, startedAtMs)
        if (tookMs > 0) await clock.sleep(tookMs, signal)
        if (!signal.aborted) return result
        cuts.push(signal.reason)
        return signal.reason === TIME_IS_UP ? TOO_LATE : { kind: 'cancelled' }
      },
    }),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0,
    interrupt: interrupt.signal,
    startedAtMs: 0,
  })
  stage.known.jobs = [...(options.jobs ?? Object.keys(plays).map(uncommittedJob))]
  if (options.heldUntilMs !== undefined) await clock.until(pause(stage, options.heldUntilMs))
  if (options.interruptAtMs === 0) interrupt.abort('SIGTERM')
  else if (options.interruptAtMs !== undefined) {
    void clock.sleep(options.interruptAtMs).then(() => {
      interrupt.abort('SIGTERM')
    })
  }
  const events: WatchEvent[] = []
  const aborting = (async () => {
    for await (const event of abortJobs(stage, CONCLUSION)) {
      events.push(event)
      if (options.leavesWith?.(event) === true) break
    }
    stage.engine.close()
  })()
  await clock.until(aborting)
  return {
    events,
    acts: events.flatMap((event) => (event.kind === 'acted' ? [withoutView(event)] : [])),
    requests,
    cuts,
    jobs: stage.known.jobs,
    tookMs: clock.now() - 60_000,
    listeners: getEventListeners(interrupt.signal, 'abort').length,
  }
}

/** The service asks for a pause with its last response. */
async function pause({ engine }: Stage, retryAfterMs: number): Promise<void> {
  const request = planned(
    { about: 'job', action: 'poll', atMs: 0 },
    async ({ turn }) => ((await turn()) ? outage('http-429', retryAfterMs) : { kind: 'cancelled' }),
    () => [],
  )
  const plan = once(engine, [request])
  const run = engine.run({ plan: () => (plan().length > 0 ? plan() : undefined) })
  while ((await run.next()).done !== true) continue
}

function withoutView({ kind, job, act, result, tookMs, changes, more }: Extract<WatchEvent, { kind: 'acted' }>) {
  return { kind, job, act, result, tookMs, changes, more }
}

const acted = (job: number, result: CommitResult, changes: readonly object[], but: object = {}) => ({
  kind: 'acted',
  act: 'abort',
  job,
  result,
  tookMs: 0,
  changes,
  more: false,
  ...but,
})
const NEWS_OF_DONE = [{ kind: 'act-done', act: 'abort' }]
const NEWS_OF_LOST = [{ kind: 'act-in-doubt', act: 'abort', error: LOST.error }]
const NOT_SENT = [{ kind: 'act-not-sent', act: 'abort' }]

describe('the aborts of a gate that does not pass', () => {
  it('are none, and nothing is reported, where no job can be aborted', async () => {
    const through = aHistory({ jobId: 'a', polls: [[0, aJob({ phase: 'completed', label: 'Completed' })]] })
    const { events, requests } = await abortAll({}, { jobs: [through, newHistory('b')] })
    expect(events).toEqual([])
    expect(requests).toEqual([])
  })

  it('are announced with the conclusion, and reach only the jobs that can be aborted', async () => {
    const through = aHistory({ jobId: 'a', polls: [[0, aJob({ phase: 'completed', label: 'Completed' })]] })
    const jobs = [through, uncommittedJob('b'), newHistory('c'), uncommittedJob('d')]
    const { events, requests } = await abortAll({ b: inTurn(DONE), d: inTurn(DONE) }, { jobs })
    expect(events[0]).toEqual({
      kind: 'ending',
      view: { startedAtMs: 0, nowMs: 60_000, jobs, collections: [], discovery: undefined },
      conclusion: CONCLUSION,
      jobs: [1, 3],
    })
    expect(requests).toEqual([
      ['b', 0],
      ['d', 110],
    ])
  })

  it('are reported one by one as they come, with what is known then', async () => {
    const { events, acts, jobs } = await abortAll({ a: takes(500), b: takes(100) })
    expect(acts).toEqual([acted(1, DONE, NEWS_OF_DONE, { tookMs: 100 }), acted(0, DONE, NEWS_OF_DONE, { tookMs: 500 })])
    expect(events.map(({ view }) => view.nowMs)).toEqual([60_000, 60_210, 60_500])
    expect(events.map(({ view }) => view.jobs.map(({ abort }) => abort?.state))).toEqual([
      [undefined, undefined],
      [undefined, 'done'],
      ['done', 'done'],
    ])
    expect(jobs[0]).toEqual({
      ...uncommittedJob('a'),
      abort: {
        state: 'done',
        times: 1,
        endedAtMs: 60_500,
        isPolledSince: false,
        error: undefined,
        outage: undefined,
      },
    })
  })

  it('are reported together where they come together', async () => {
    const { acts, events } = await abortAll({ a: HANGS, b: HANGS, c: HANGS })
    expect(acts.map(({ job, more }) => [job, more])).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ])
    expect(events.slice(1).map(({ view }) => view.jobs.map(({ abort }) => abort?.state))).toEqual(
      Array.from({ length: 3 }, () => ['in-doubt', 'in-doubt', 'in-doubt']),
    )
  })

  it.each([
    ['refuses', REFUSED],
    ['does not know', UNKNOWN],
  ])('change nothing, and are not repeated, where the service %s', async (_, result) => {
    const { acts, requests, jobs } = await abortAll({ a: inTurn(result) })
    expect(acts).toEqual([acted(0, result, [{ kind: 'act-refused', act: 'abort', error: result.error }])])
    expect(requests).toEqual([['a', 0]])
    expect(jobs[0]?.abort).toMatchObject({ state: 'declined', error: result.error })
  })

  it('are repeated where their answer was lost, and tell of it once', async () => {
    const { acts, requests } = await abortAll({ a: inTurn(LOST, LOST, DONE) })
    expect(acts).toEqual([acted(0, LOST, NEWS_OF_LOST), acted(0, LOST, []), acted(0, DONE, NEWS_OF_DONE)])
    expect(requests).toEqual([
      ['a', 0],
      ['a', 110],
      ['a', 220],
    ])
  })

  it('are repeated twice at most', async () => {
    const { acts, requests, jobs } = await abortAll({ a: inTurn(LOST) })
    expect(acts).toEqual([acted(0, LOST, NEWS_OF_LOST), acted(0, LOST, []), acted(0, LOST, [])])
    expect(requests).toHaveLength(3)
    expect(jobs[0]?.abort).toMatchObject({ state: 'in-doubt', times: 3 })
  })

  it.each([
    ['one', { a: HANGS }, 6_110],
    ['two', { a: HANGS, b: HANGS }, 6_220],
    ['one of two', { a: takes(10), b: HANGS }, 6_220],
  ])('that hang are cut after six seconds and a turn for each: %s', async (_, plays, tookMs) => {
    const aborted = await abortAll(plays)
    expect(aborted.tookMs).toBe(tookMs)
    expect(aborted.requests).toHaveLength(Object.keys(plays).length)
    expect(new Set(aborted.cuts)).toEqual(new Set([TIME_IS_UP]))
    expect(aborted.acts.at(-1)).toMatchObject({ result: TOO_LATE, more: false })
    expect(aborted.jobs.at(-1)?.abort).toMatchObject({ state: 'in-doubt', times: 1, error: TOO_LATE.error })
  })

  it('are reported not to have been sent where the service asks for a longer pause', async () => {
    const { acts, requests, events, jobs, tookMs } = await abortAll({ a: HANGS, b: HANGS }, { heldUntilMs: 30_000 })
    expect(requests).toEqual([])
    expect(acts).toEqual([
      acted(0, { kind: 'cancelled' }, NOT_SENT, { more: true }),
      acted(1, { kind: 'cancelled' }, NOT_SENT),
    ])
    expect(jobs.map(({ abort }) => abort)).toEqual([undefined, undefined])
    expect(events.map(({ kind }) => kind)).toEqual(['ending', 'acted', 'acted'])
    expect(events.at(-1)?.view.nowMs).toBe(60_000)
    expect(tookMs).toBe(0)
  })

  it('wait for the end of a shorter one', async () => {
    const { acts, requests } = await abortAll({ a: inTurn(DONE), b: inTurn(DONE) }, { heldUntilMs: 6_200 })
    expect(requests).toEqual([['a', 6_200]])
    expect(acts).toEqual([acted(0, DONE, NEWS_OF_DONE), acted(1, { kind: 'cancelled' }, NOT_SENT)])
  })

  it('that are refused are sent three times, a second apart', async () => {
    const { requests, jobs } = await abortAll({ a: inTurn(refused(true) as CommitResult) })
    expect(requests).toEqual([
      ['a', 0],
      ['a', 1_000],
      ['a', 2_000],
    ])
    expect(jobs[0]?.abort).toMatchObject({ state: 'refused', times: 3 })
  })

  it.each([
    ['before they begin', 0, 3_000],
    ['while they are under way', 1_000, 4_000],
    ['when they are nearly over, which prolongs nothing', 5_000, 6_110],
  ])('have three seconds from when the step is reported to stop %s', async (_, interruptAtMs, tookMs) => {
    const aborted = await abortAll({ a: HANGS }, { interruptAtMs })
    expect(aborted.tookMs).toBe(tookMs)
    expect(aborted.acts).toMatchObject([{ job: 0, result: TOO_LATE, tookMs }])
  })

  it.each([
    ['come through', { a: takes(10) }],
    ['are cut', { a: HANGS }],
  ])('leave nobody listening where they %s', async (_, plays) => {
    expect((await abortAll(plays)).listeners).toBe(0)
  })

  it('are dropped once the results are not needed', async () => {
    const leavesWith = (event: WatchEvent) => event.kind === 'acted'
    const { acts, cuts, listeners, tookMs } = await abortAll({ a: takes(500), b: HANGS }, { leavesWith })
    expect(acts).toHaveLength(1)
    expect(cuts).toEqual(['the stage is over'])
    expect(listeners).toBe(0)
    expect(tookMs).toBe(500)
  })
})
