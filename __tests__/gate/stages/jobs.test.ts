import { getEventListeners } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { TIME_IS_UP } from '../../../src/gate/import-service.ts'
import type { RequestOptions, PollOptions } from '../../../src/gate/import-service.ts'
import type { Conclusion } from '../../../src/gate/conclusion.ts'
import type { WatchEvent } from '../../../src/gate/events.ts'
import { newHistory } from '../../../src/gate/history.ts'
import type { PollResult } from '../../../src/gate/job.ts'
import type { CommitResult } from '../../../src/gate/import-service.ts'
import type { Policy } from '../../../src/gate/policy.ts'
import { createStage } from '../../../src/gate/stage.ts'
import { waitForJobs } from '../../../src/gate/stages/jobs.ts'
import { aPolicy } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../../support/services.ts'
import { answered, outage, refused, unknownJob, declined } from '../../support/watching.ts'

interface Reply<Answer> {
  readonly answer: Answer
  readonly tookMs?: number
  /** Comes in its own time, even after the caller has hung up. */
  readonly isDeaf?: boolean
}

/** One job: what a poll that comes in at a moment brings, and what a commit does. */
interface Play {
  readonly poll: (atMs: number, nth: number) => Reply<PollResult>
  readonly commit?: (atMs: number, nth: number) => Reply<CommitResult>
}

interface Options {
  readonly interruptAtMs?: number
  readonly leavesWith?: (event: WatchEvent) => boolean
}

/** The watch over jobs in virtual time, without chance. */
async function watch(plays: Readonly<Record<string, Play>>, but: Partial<Policy> = {}, options: Options = {}) {
  const clock = new FakeClock()
  const interrupt = new AbortController()
  const course: string[] = []
  const cuts: unknown[] = []
  let polledAt: readonly string[] = []
  const ask = async <Answer extends PollResult | CommitResult>(
    what: string,
    { signal, turn }: RequestOptions,
    reply: (atMs: number, nth: number) => Reply<Answer>,
    how = '',
  ): Promise<Answer> => {
    if (!(await turn())) return { kind: 'cancelled' } as Answer
    const nth = course.filter((one) => one.startsWith(`${what} `)).length
    course.push(`${what} ${Math.round(clock.now())}${how}`)
    const { answer, tookMs = 0, isDeaf = false } = reply(clock.now(), nth)
    if (tookMs > 0) await clock.sleep(tookMs, isDeaf ? undefined : signal)
    if (!signal.aborted) return answer
    cuts.push(signal.reason)
    return signal.reason === TIME_IS_UP ? (outage('timeout') as Answer) : ({ kind: 'cancelled' } as Answer)
  }
  const kindOf = ({ isLast, isCloser }: PollOptions) => `${isLast ? ' last' : ''}${isCloser === true ? ' closer' : ''}`
  const stage = createStage({
    selection: { kind: 'given', jobIds: Object.keys(plays) },
    policy: aPolicy({ timeoutMs: 300_000, ...but }),
    service: serviceThat({
      pollerFor: (jobIds) => {
        polledAt = jobIds
        return (jobId, asked) => ask(`poll ${jobId}`, asked, plays[jobId]!.poll, kindOf(asked))
      },
      commit: (jobId, asked) => ask(`commit ${jobId}`, asked, plays[jobId]!.commit!),
    }),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0,
    interrupt: interrupt.signal,
    startedAtMs: 0,
  })
  stage.known.jobs = Object.keys(plays).map((jobId) => newHistory(jobId))
  if (options.interruptAtMs !== undefined) {
    void clock.sleep(options.interruptAtMs).then(() => {
      interrupt.abort('SIGTERM')
    })
  }
  const events: WatchEvent[] = []
  const watching = (async (): Promise<Conclusion | undefined> => {
    const reported = waitForJobs(stage)
    for (;;) {
      const next = await reported.next()
      if (next.done === true) return next.value
      events.push(next.value)
      if (options.leavesWith?.(next.value) === true) {
        await reported.return(undefined as never)
        return undefined
      }
    }
  })()
  const conclusion = await clock.until(watching).finally(() => {
    stage.engine.close()
  })
  return {
    conclusion,
    events,
    kinds: events.map(({ kind }) => kind),
    beats: events.flatMap(({ kind, view }) => (kind === 'heartbeat' ? [view.nowMs] : [])),
    course,
    commits: course.filter((one) => one.startsWith('commit')),
    polledAt,
    cuts,
    jobs: stage.known.jobs,
    endedAtMs: clock.now(),
    listeners: getEventListeners(interrupt.signal, 'abort').length,
  }
}

const importing = answered('Importing', { progress: 50, importedRows: 2, totalRows: 5 })
const atUncommitted = answered('Uncommitted', { progress: 99, importedRows: 5, totalRows: 5 })
const completed = answered('Completed', { progress: 100, importedRows: 5, totalRows: 5 })
const failed = answered('Failed')
const DONE: CommitResult = { kind: 'done' }
const REFUSED = declined()
const LOST = outage()
const COMMIT = { onUncommitted: 'commit' } as const

/** These polls in turn, the last one for ever. */
const polls = (...all: readonly PollResult[]): Play => ({
  poll: (_, nth) => ({ answer: all[Math.min(nth, all.length - 1)]! }),
})
/** By the clock: each from its moment on. */
const from = (...all: readonly (readonly [atMs: number, result: PollResult])[]): Play => ({
  poll: (now) => ({ answer: all.findLast(([atMs]) => atMs <= now)![1] }),
})
/** A job that stays at Uncommitted until it has been asked to commit. */
function committable(commit: (atMs: number, nth: number) => Reply<CommitResult> = () => ({ answer: DONE })): Play {
  let isCommitted = false
  return {
    poll: () => ({ answer: isCommitted ? completed : atUncommitted }),
    commit(atMs, nth) {
      const reply = commit(atMs, nth)
      isCommitted ||= reply.answer.kind === 'done'
      return reply
    },
  }
}

describe('the polls', () => {
  it('are asked for all jobs together, and each is reported', async () => {
    const { polledAt, course, events, conclusion, endedAtMs } = await watch({
      a: { poll: () => ({ answer: completed, tookMs: 300 }) },
      b: polls(importing, completed),
    })
    expect(polledAt).toEqual(['a', 'b'])
    expect(course).toEqual(['poll a 0', 'poll b 110', 'poll b 2110'])
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(endedAtMs).toBe(2_110)
    expect(
      events.map((event) => event.kind === 'polled' && [event.job, event.result, event.tookMs, event.view.nowMs]),
    ).toEqual([
      [1, importing, 0, 110],
      [0, completed, 300, 300],
      [1, completed, 0, 2_110],
    ])
  })

  it('come less often while an outage lasts, and as long as the service may take that has answered', async () => {
    const { course, conclusion, endedAtMs } = await watch(
      { a: from([0, importing], [2_000, outage()]) },
      { timeoutMs: 600_000 },
    )
    expect(conclusion).toMatchObject({ kind: 'unreachable', outageMs: 302_000 })
    expect(course.slice(0, 6)).toEqual([
      'poll a 0',
      'poll a 2000',
      'poll a 4000',
      'poll a 6200',
      'poll a 8620',
      'poll a 11282',
    ])
    expect([course.length, endedAtMs]).toEqual([32, 302_000])
  })

  it('that are cut at the deadline are reported together', async () => {
    const hangs: Play = { poll: (atMs) => ({ answer: importing, tookMs: atMs < 1_000 ? 0 : Infinity }) }
    const { events, endedAtMs } = await watch({ a: hangs, b: hangs, c: hangs }, { timeoutMs: 60_000 })
    const last = events.slice(-3)
    expect(endedAtMs).toBe(62_000)
    expect(last.map((event) => event.kind === 'polled' && [event.job, event.result.kind, event.more])).toEqual([
      [0, 'outage', false],
      [1, 'outage', true],
      [2, 'outage', false],
    ])
    expect(last.map(({ view }) => view.jobs.map(({ outage: lost }) => lost !== undefined))).toEqual([
      [true, false, false],
      [true, true, true],
      [true, true, true],
    ])
  })

  it('that had no turn before the end are not reported', async () => {
    const plays = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`job-${i}`, polls(importing)]))
    const { events, jobs, course } = await watch(plays, { timeoutMs: 5_000 })
    const last = course.filter((one) => one.endsWith('last')).length
    expect(last).toBeGreaterThan(0)
    expect(last).toBeLessThan(30)
    expect(events.map((event) => event.kind === 'polled' && event.result.kind)).toEqual(course.map(() => 'answered'))
    expect(jobs.reduce((sum, job) => sum + job.polls, 0)).toBe(course.length)
  })

  it('that are cut by an interrupt are not reported', async () => {
    const { kinds, conclusion, cuts, endedAtMs, listeners } = await watch(
      { a: { poll: () => ({ answer: completed, tookMs: 10_000 }) }, b: polls(importing) },
      {},
      { interruptAtMs: 50 },
    )
    expect(conclusion).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGTERM' })
    expect(kinds).toEqual([])
    expect(cuts).toEqual(['interrupted'])
    expect([endedAtMs, listeners]).toEqual([50, 0])
  })

  it('are dropped once the results are not needed', async () => {
    const { cuts, listeners } = await watch(
      { a: { poll: () => ({ answer: completed, tookMs: 10_000 }) }, b: polls(importing) },
      {},
      { leavesWith: ({ kind }) => kind === 'polled' },
    )
    expect(cuts).toEqual(['the stage is over'])
    expect(listeners).toBe(0)
  })

  it('are the last ones when time is up, and only then', async () => {
    const { course, conclusion } = await watch({ a: polls(importing), b: polls(completed) }, { timeoutMs: 3_000 })
    expect(course).toEqual(['poll a 0', 'poll b 110', 'poll a 2000', 'poll a 3000 last'])
    expect(conclusion).toMatchObject({ kind: 'timed-out', jobs: [0] })
  })
})

describe('a heartbeat', () => {
  it('comes each minute in which nothing was new', async () => {
    const { beats } = await watch({ a: from([0, importing]) }, { timeoutMs: 190_000 })
    expect(beats).toEqual([60_000, 120_000, 180_000])
  })

  it('is put off by changes', async () => {
    const { beats, events } = await watch(
      { a: from([0, importing], [30_000, atUncommitted]) },
      {
        timeoutMs: 190_000,
        onUncommitted: 'wait',
      },
    )
    const changes = events.flatMap((event) =>
      event.kind === 'polled' && event.changes.length > 0 ? [event.view.nowMs] : [],
    )
    expect(changes).toHaveLength(2)
    expect(beats).toEqual([changes[1]! + 60_000, changes[1]! + 120_000])
  })
})

describe('a fixed interval', () => {
  const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, polls(completed)]))

  it.each([
    [
      'is said to be shorter than the rate allows',
      549,
      [{ kind: 'interval-stretched', askedMs: 549, effectiveMs: 550 }],
    ],
    ['may be as short as the rate allows', 550, []],
    ['may be longer', 60_000, []],
    ['is nothing to speak of where there is none', undefined, []],
  ])('%s', async (_, pollIntervalMs, reported) => {
    const { events } = await watch(five, { pollIntervalMs })
    expect(events.filter(({ kind }) => kind !== 'polled')).toMatchObject(reported)
    expect(events).toHaveLength(5 + reported.length)
  })
})

describe('whose imported rows are unknown', () => {
  const silent = answered('Completed')
  it.each([
    ['is said where the jobs are through', silent, {}, ['polled', 'rows-unknown']],
    ['is not said where they are known', completed, {}, ['polled']],
    ['is not said where they are known and asked for', completed, { expectedRows: { min: 5, max: 5 } }, ['polled']],
    ['is not said where that is why the gate fails', silent, { expectedRows: { min: 5, max: 5 } }, ['polled']],
    ['is not said where time is up', answered('Importing'), { timeoutMs: 10 }, ['polled']],
    ['is not said of jobs that rest', answered('Uncommitted'), { onUncommitted: 'pass' }, ['polled']],
  ] as const)('%s', async (_, poll, policy, reported) => {
    expect((await watch({ a: polls(poll) }, policy)).kinds.slice(0, 2)).toEqual(reported)
  })
})

describe('once one job has decided', () => {
  const still = answered('Importing', { progress: 50 })
  it.each<[kind: string, play: Play, policy: Partial<Policy>, isPolledAt: boolean]>([
    ['failed', from([0, still], [9_000, failed]), {}, true],
    ['uncommitted', from([0, still], [9_000, atUncommitted]), {}, true],
    ['stalled', polls(still), { stallTimeoutMs: 9_000 }, true],
    ['not-found', from([0, still], [9_000, unknownJob()]), {}, true],
    [
      'wrong-collection',
      from([0, still], [9_000, answered('Importing', { collectionName: 'other' })]),
      { expectedCollection: 'mine' },
      true,
    ],
    ['rejected', from([0, still], [9_000, refused()]), {}, false],
  ])('the others are polled once more, or not where it is %s', async (kind, play, policy, isPolledAt) => {
    // Its progress moves all the time, and so slowly that polls are rare.
    const other: Play = { poll: (atMs) => ({ answer: answered('Importing', { progress: 10, importedRows: atMs }) }) }
    const { conclusion, course, endedAtMs } = await watch({ a: play, b: other }, { pollIntervalMs: 3_500, ...policy })
    expect(conclusion).toMatchObject({ kind, jobs: [0] })
    const decidedAtMs = Number(course.findLast((one) => one.startsWith('poll a'))?.split(' ')[2])
    expect(course.filter((one) => one.endsWith('last'))).toEqual(isPolledAt ? [`poll b ${endedAtMs} last`] : [])
    expect(endedAtMs).toBe(isPolledAt ? decidedAtMs + 110 : decidedAtMs)
  })

  it('a job alone that gets no usable response runs into the deadline, since the host gives one about the others', async () => {
    const other: Play = { poll: (atMs) => ({ answer: answered('Importing', { progress: 10, importedRows: atMs }) }) }
    const { conclusion, endedAtMs } = await watch({ a: polls(outage()), b: other }, { maxOutageMs: 9_000 })
    expect(conclusion).toMatchObject({ kind: 'unreachable', jobs: [0] })
    expect(endedAtMs).toBeGreaterThanOrEqual(300_000)
  })

  it('one more reset of a job is no outage of a host that has come back', async () => {
    const broken = from(
      [0, importing],
      [20_000, outage()],
      [90_000, importing],
      [95_000, outage()],
      [97_000, completed],
    )
    const { conclusion } = await watch(
      { a: broken, b: from([0, importing], [20_000, outage()], [89_000, completed]) },
      { maxOutageMs: 75_000, pollIntervalMs: 3_000 },
    )
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })

  it('nothing is polled again where the rows of jobs that rest do not hold', async () => {
    const { conclusion, course } = await watch(
      { a: polls(atUncommitted), b: polls(atUncommitted) },
      { onUncommitted: 'pass', expectedRows: { min: 11, max: undefined } },
    )
    expect(conclusion).toMatchObject({ kind: 'rows-not-met', imported: 10 })
    expect(course).toEqual(['poll a 0', 'poll b 110'])
  })

  it('a poll under way is not waited for where the key is refused', async () => {
    const { endedAtMs, cuts } = await watch({
      a: { poll: () => ({ answer: importing, tookMs: 20_000 }) },
      b: polls(refused()),
    })
    expect(endedAtMs).toBe(2_110)
    expect(cuts).toEqual(['the stage is over'])
  })

  it('a poll under way is waited for, five seconds at most, where a job has failed', async () => {
    const { endedAtMs, cuts } = await watch({
      a: { poll: () => ({ answer: importing, tookMs: 20_000 }) },
      b: polls(failed),
    })
    expect(endedAtMs).toBe(5_110)
    expect(cuts).toEqual([TIME_IS_UP])
  })

  it('no poll begins at the deadline or after it', async () => {
    const plays: Record<string, Play> = {
      a: { poll: () => ({ answer: failed, tookMs: 10_000 }) },
      b: { poll: (_, nth) => ({ answer: nth === 0 ? importing : completed }) },
    }
    const { course, conclusion } = await watch(plays, { timeoutMs: 10_000, pollIntervalMs: 60_000 })
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
    expect(course).toEqual(['poll a 0', 'poll b 110'])
  })

  it('the others are polled, also at the very moment from which the service may be asked again', async () => {
    const busy = [outage('http-429', 2_500)]
    const plays: Record<string, Play> = {
      a: { poll: (atMs) => ({ answer: atMs < 100_000 ? importing : (busy.shift() ?? failed) }) },
      b: polls(atUncommitted),
    }
    const { course, conclusion } = await watch(plays, { onUncommitted: 'wait' })
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
    expect(course.slice(-4)).toEqual(['poll b 102428', 'poll a 107987', 'poll a 110487', 'poll b 110597 last'])
  })

  it('a poll that waits for its turn is taken back while the service is to be left alone', async () => {
    const plays: Record<string, Play> = {
      a: { poll: () => ({ answer: failed, tookMs: 300 }) },
      b: { poll: () => ({ answer: outage('http-429', 50_000), tookMs: 50 }) },
      c: polls(importing),
    }
    const { course, endedAtMs, kinds } = await watch(plays)
    expect(course).toEqual(['poll a 0', 'poll b 110'])
    expect(endedAtMs).toBe(300)
    expect(kinds).toEqual(['polled', 'polled'])
  })

  it('it stands, although others would be late by then', async () => {
    const policy = { ...COMMIT, expectedRows: { min: 9, max: 9 }, onTimeout: 'pass' } as const
    expect((await watch({ a: polls(atUncommitted) }, policy)).conclusion).toMatchObject({
      kind: 'rows-not-met',
      passes: false,
    })
  })
})

describe('commits', () => {
  it('are reported as they come, and the job is then asked about alone', async () => {
    const { events, course, conclusion, jobs } = await watch(
      { a: committable(() => ({ answer: DONE, tookMs: 400 })) },
      COMMIT,
    )
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(course).toEqual(['poll a 0', 'commit a 110', 'poll a 2510 closer'])
    expect(events[1]).toMatchObject({
      kind: 'acted',
      job: 0,
      act: 'commit',
      result: DONE,
      tookMs: 400,
      changes: [{ kind: 'act-done', act: 'commit' }],
      more: false,
      view: { nowMs: 510 },
    })
    expect(jobs[0]?.commit).toEqual({
      state: 'done',
      times: 1,
      endedAtMs: 510,
      isPolledSince: true,
      error: undefined,
      outage: undefined,
    })
  })

  it('go on, in their turn, while others are answered', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => `job-${i}`)
    const { course, commits, conclusion } = await watch(
      Object.fromEntries(ids.map((id) => [id, committable()])),
      COMMIT,
    )
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(commits).toHaveLength(25)
    const last = commits.at(-1)
    // A poll the first is due long before, and waits behind them.
    expect(course.slice(course.indexOf(last ?? '')).slice(0, 2)).toEqual([
      'commit job-18 7480',
      'poll job-0 7590 closer',
    ])
  })

  it('that wait for their turn are not sent once one is refused', async () => {
    const plays = {
      a: committable(),
      b: committable(() => ({ answer: REFUSED })),
      c: committable(),
      d: committable(),
    }
    const { commits, conclusion } = await watch(plays, COMMIT)
    expect(commits).toEqual(['commit a 440', 'commit b 550'])
    expect(conclusion).toMatchObject({ kind: 'partly-committed', committed: [0], jobs: [1, 2, 3] })
  })

  it('that wait for their turn are not sent once a job has failed', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => `job-${i}`)
    const plays = Object.fromEntries(ids.map((id): [string, Play] => [id, committable()]))
    const late = {
      poll: (atMs: number) => (atMs < 4_100 ? { answer: atUncommitted } : { answer: failed, tookMs: 1_120 }),
    }
    const { commits, conclusion } = await watch({ ...plays, 'job-12': late }, COMMIT)
    expect(commits).toEqual([
      'commit job-0 4070',
      'commit job-1 4950',
      'commit job-2 5060',
      'commit job-3 5170',
      'commit job-4 5280',
    ])
    expect(conclusion).toMatchObject({
      kind: 'partly-committed',
      committed: [0, 1, 2, 3, 4],
      because: { kind: 'failed' },
    })
  })

  it('that were lost are repeated a little later, once the job has been asked about', async () => {
    const { course } = await watch({ a: committable((_, nth) => ({ answer: nth < 2 ? LOST : DONE })) }, COMMIT)
    expect(course).toEqual([
      'poll a 0',
      'commit a 110',
      'poll a 2000 closer',
      'commit a 2110',
      'poll a 4000 closer',
      'commit a 5110',
      'poll a 7110 closer',
    ])
  })

  it('wait as long as the service has asked for', async () => {
    const { course } = await watch(
      { a: committable((_, nth) => ({ answer: nth === 0 ? { ...LOST, retryAfterMs: 20_000 } : DONE })) },
      COMMIT,
    )
    expect(course).toEqual(['poll a 0', 'commit a 110', 'poll a 20110 closer', 'commit a 20220', 'poll a 22220 closer'])
  })

  it('that wait for their turn at the deadline are not sent', async () => {
    const plays = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, committable()]))
    const { commits, conclusion, endedAtMs } = await watch(plays, { ...COMMIT, timeoutMs: 800 })
    expect(commits).toEqual(['commit a 550', 'commit b 660', 'commit c 770'])
    expect(conclusion).toMatchObject({ kind: 'partly-committed', because: { kind: 'timed-out' } })
    expect(endedAtMs).toBe(1_100)
  })

  it('that hang at the deadline have a second, and are then asked about once', async () => {
    const plays = { a: committable(() => ({ answer: DONE, tookMs: 60_000 })), b: committable() }
    const { course, endedAtMs } = await watch(plays, { ...COMMIT, timeoutMs: 10_000 })
    expect(course).toEqual([
      'poll a 0',
      'poll b 110',
      'commit a 220',
      'poll b 2110',
      'poll b 4310',
      'poll b 6730',
      'poll b 9392',
      'poll b 10000 last',
      'poll a 11000 last closer',
    ])
    expect(endedAtMs).toBe(11_000)
  })

  it('that are lost at the deadline are polled as often as the time allows, whatever that brings', async () => {
    const plays: Record<string, Play> = {
      a: {
        poll: (atMs) => ({ answer: atMs < 1_000 ? atUncommitted : outage() }),
        commit: () => ({ answer: LOST, tookMs: 900 }),
      },
      b: polls(atUncommitted),
    }
    const { course, endedAtMs, conclusion } = await watch(plays, { ...COMMIT, timeoutMs: 1_000 })
    expect(course.slice(0, 5)).toEqual([
      'poll a 0',
      'poll b 110',
      'commit a 220',
      'poll b 1000 last',
      'poll a 1120 last closer',
    ])
    expect([course.at(-1), endedAtMs]).toEqual(['poll a 2920 last closer', 2_920])
    expect(conclusion).toMatchObject({ kind: 'partly-committed', committed: [], jobs: [0, 1] })
  })

  it('that are cut by an interrupt past the deadline may have been carried out, which is reported', async () => {
    const plays = { a: committable(() => ({ answer: DONE, tookMs: 60_000 })) }
    const { conclusion, jobs, endedAtMs, events } = await watch(
      plays,
      { ...COMMIT, timeoutMs: 10_000 },
      {
        interruptAtMs: 10_500,
      },
    )
    expect(conclusion).toMatchObject({ kind: 'cancelled' })
    expect(endedAtMs).toBe(10_500)
    expect(events.at(-1)).toMatchObject({ kind: 'acted', job: 0, result: { kind: 'cancelled' }, tookMs: 10_390 })
    expect(jobs[0]?.commit).toMatchObject({ state: 'in-doubt', times: 1, endedAtMs: 10_500, isPolledSince: false })
  })

  it('wait for a poll under way, which may speak against the first of them', async () => {
    const plays: Record<string, Play> = {
      a: { poll: (atMs) => (atMs < 1_500 ? { answer: importing } : { answer: atUncommitted, tookMs: 300 }) },
      b: { poll: (atMs) => (atMs < 1_500 ? { answer: atUncommitted } : { answer: failed, tookMs: 500 }) },
    }
    const { conclusion, commits, course } = await watch(plays, { ...COMMIT, pollIntervalMs: 1_000 })
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [1] })
    expect(course.slice(-3)).toEqual(['poll a 2000', 'poll b 2110', 'poll a 2610 last'])
    expect(commits).toEqual([])
  })

  it('wait for another poll a job that rested long before, which begins at once', async () => {
    const late: Play = {
      ...committable(),
      poll: (atMs) => (atMs < 5_000 ? { answer: importing, tookMs: 3_000 } : { answer: atUncommitted }),
    }
    const { course } = await watch({ a: committable(), b: late }, { ...COMMIT, pollIntervalMs: 7_000 })
    expect(course.slice(0, 7)).toEqual([
      'poll a 0',
      'poll b 110',
      'poll a 7000',
      'poll b 10110',
      'poll a 10220',
      'commit a 10330',
      'commit b 10440',
    ])
  })

  it('that are in doubt are asked about where another job is refused in the meantime', async () => {
    const plays: Record<string, Play> = {
      a: { poll: () => ({ answer: atUncommitted }), commit: () => ({ answer: LOST, tookMs: 3_000 }) },
      b: { poll: (atMs) => ({ answer: atMs < 1_000 ? atUncommitted : refused() }) },
    }
    const { course, conclusion } = await watch(plays, { ...COMMIT, pollIntervalMs: 1_000 })
    expect(conclusion).toMatchObject({ kind: 'rejected', jobs: [1] })
    expect(course).toEqual([
      'poll a 0',
      'poll b 110',
      'commit a 220',
      'poll b 1110',
      'poll b 3110',
      'poll a 3220 last closer',
    ])
  })

  it('that are in doubt are asked about for five seconds at most', async () => {
    const plays: Record<string, Play> = {
      a: {
        poll: (atMs) => (atMs < 1_000 ? { answer: atUncommitted } : { answer: atUncommitted, tookMs: Infinity }),
        commit: () => ({ answer: LOST, tookMs: 4_000 }),
      },
      b: { poll: (atMs) => ({ answer: atMs < 1_000 ? atUncommitted : refused() }) },
    }
    const { course, endedAtMs, conclusion } = await watch(plays, { ...COMMIT, pollIntervalMs: 1_000 })
    expect(course).toEqual([
      'poll a 0',
      'poll b 110',
      'commit a 220',
      'poll b 1110',
      'poll b 3110',
      'poll a 4220 last closer',
    ])
    expect(endedAtMs).toBe(9_220)
    expect(conclusion).toMatchObject({ kind: 'partly-committed', committed: [], because: { kind: 'rejected' } })
  })

  it('that are in doubt are asked about after the pause that the service has asked for', async () => {
    const plays: Record<string, Play> = {
      z: committable(),
      c: committable(() => ({ answer: DONE, tookMs: 6_000 })),
      a: committable(() => ({ answer: { ...LOST, retryAfterMs: 2_000 }, tookMs: 3_000 })),
      b: committable(() => ({ answer: REFUSED })),
    }
    const { course } = await watch(plays, COMMIT)
    expect(course.slice(-3)).toEqual(['poll b 2330 closer', 'poll z 2440 last closer', 'poll a 5660 last closer'])
  })

  it('that were cut short by an interrupt may have been carried out', async () => {
    const plays = { a: committable(() => ({ answer: DONE, tookMs: 10_000, isDeaf: true })) }
    const { conclusion, jobs, endedAtMs } = await watch(plays, COMMIT, { interruptAtMs: 5_000 })
    expect(conclusion).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGTERM' })
    expect(endedAtMs).toBe(5_000)
    expect(jobs[0]).toMatchObject({ jobId: 'a', latest: { phase: 'uncommitted' } })
    expect(jobs[0]?.commit).toEqual({
      state: 'in-doubt',
      times: 1,
      endedAtMs: 5_000,
      isPolledSince: false,
      error: undefined,
      outage: undefined,
    })
  })

  it('are none where somebody else is to make them', async () => {
    const { commits, conclusion } = await watch({ a: polls(atUncommitted, completed) }, { onUncommitted: 'wait' })
    expect(commits).toEqual([])
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })
})
