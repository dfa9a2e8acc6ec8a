import { describe, expect, it } from '@jest/globals'
import type { PollResult } from '../../src/gate/job.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { answered, outage, refused, unknownJob, watchScripts } from '../support/watching.ts'
import type { Script } from '../support/watching.ts'

/** Plays the last result whose moment has come. */
function timeline(...changes: readonly (readonly [atMs: number, result: PollResult])[]): Script {
  return ({ atMs }) => {
    const [first] = changes
    if (first === undefined) throw new Error('an empty timeline')
    return { result: changes.findLast(([fromMs]) => fromMs <= atMs)?.[1] ?? first[1] }
  }
}

const always = (result: PollResult): Script => timeline([0, result])
const running = answered('Importing', { progress: 40, importedRows: 10 })
const done = answered('Completed', { progress: 100, importedRows: 10 })
const failed = answered('Failed', { progress: 0 })
const minutes = (n: number) => n * 60_000

describe('the watch', () => {
  it('ends with the poll that sees the job completed', async () => {
    const { conclusion, polls } = await watchScripts({ a: timeline([0, running], [60_000, done]) })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(polls.filter(({ startedAtMs }) => startedAtMs >= 60_000)).toHaveLength(1)
  })

  it('waits until the last of several jobs has completed', async () => {
    const { conclusion, endedAtMs } = await watchScripts({
      a: timeline([0, running], [10_000, done]),
      b: timeline([0, running], [100_000, done]),
    })
    expect(conclusion.kind).toBe('completed')
    expect(endedAtMs).toBeGreaterThanOrEqual(100_000)
  })

  it('does not poll again at a job that completed', async () => {
    const { polls } = await watchScripts({ a: always(done), b: timeline([0, running], [100_000, done]) })
    expect(polls.filter(({ jobId }) => jobId === 'a')).toHaveLength(1)
  })

  it('does not die of an outage, however often the service goes away and comes back', async () => {
    const flaky: Script = ({ atMs }) => ({
      result: atMs > 1_800_000 ? done : Math.floor(atMs / 60_000) % 2 === 1 ? outage() : running,
    })
    expect((await watchScripts({ a: flaky })).conclusion.kind).toBe('completed')
  })

  it('gives up on a service that stays away, once the outage has lasted too long', async () => {
    const { conclusion, endedAtMs } = await watchScripts({ a: timeline([0, running], [20_000, outage()]) })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false, error: { outcome: 'http-502' } })
    expect(endedAtMs).toBeGreaterThanOrEqual(20_000 + minutes(5))
    expect(endedAtMs).toBeLessThan(20_000 + minutes(5) + 20_000)
  })

  it('gives up after a minute on a service that never answered', async () => {
    const { conclusion, endedAtMs } = await watchScripts({ a: always(outage()) })
    expect(conclusion.kind).toBe('unreachable')
    expect(endedAtMs).toBe(minutes(1))
  })

  it('polls when a poll would decide that the outage has lasted too long, and not a whole pause later', async () => {
    const { endedAtMs } = await watchScripts({ a: always(outage()) }, { maxOutageMs: 13_000 })
    expect(endedAtMs).toBeGreaterThanOrEqual(13_000)
    expect(endedAtMs).toBeLessThan(15_000)
  })

  it('ends with the second refusal in a row of a host that has never answered well', async () => {
    const { conclusion, polls, endedAtMs } = await watchScripts({ a: always(refused()) }, { pollIntervalMs: 60_000 })
    expect(conclusion).toMatchObject({ kind: 'rejected', passes: false })
    expect([polls.length, endedAtMs]).toEqual([2, 2_000])
  })

  it('ends with the third refusal in a row of a host that has answered well, over ten seconds', async () => {
    const scripts = { a: timeline([0, running], [2_000, refused(true)]) }
    const { conclusion, endedAtMs } = await watchScripts(scripts, { pollIntervalMs: 2_000 })
    expect(conclusion).toMatchObject({ kind: 'rejected', passes: false })
    expect(endedAtMs).toBe(12_000)
  })

  it.each([1, 2])('goes on after %i stray refusals', async (strays) => {
    const stray = (atMs: number) => [atMs, refused(true)] as const
    const scripts = { a: timeline([0, running], stray(4_000), [4_000 + 5_000 * strays - 100, running], [60_000, done]) }
    const { conclusion } = await watchScripts(scripts, { pollIntervalMs: 4_000 })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })

  it('ends as unreachable where refusals and outages alternate', async () => {
    let nth = 0
    const flapping = () => ({ result: (nth += 1) % 2 === 0 ? refused(true) : outage() })
    const { conclusion } = await watchScripts({ a: flapping }, { maxOutageMs: 60_000, pollIntervalMs: 5_000 })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false })
  })

  it('grants a new job thirty seconds to appear', async () => {
    const late = await watchScripts({ a: timeline([0, unknownJob()], [25_000, running], [50_000, done]) })
    expect(late.conclusion.kind).toBe('completed')
    const never = await watchScripts({ a: always(unknownJob()) })
    expect(never.conclusion.kind).toBe('not-found')
    expect(never.endedAtMs).toBe(30_000)
  })

  it('confirms two seconds later that a job it has seen is gone, even at a fixed interval', async () => {
    const { conclusion, polls } = await watchScripts(
      { a: timeline([0, running], [60_000, unknownJob()]) },
      { pollIntervalMs: 30_000 },
    )
    expect(conclusion.kind).toBe('not-found')
    expect(polls.map(({ startedAtMs }) => startedAtMs)).toEqual([0, 30_000, 60_000, 62_000])
  })

  it('keeps a fixed interval fixed, through an outage too', async () => {
    const { polls } = await watchScripts(
      { a: timeline([0, running], [20_000, outage()], [40_000, running], [50_000, done]) },
      { pollIntervalMs: 10_000 },
    )
    expect(polls.map(({ startedAtMs }) => startedAtMs)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000])
  })

  it('fails a job that stands still for the stall timeout', async () => {
    const { conclusion, endedAtMs } = await watchScripts({ a: always(running) }, { stallTimeoutMs: minutes(10) })
    expect(conclusion).toMatchObject({ kind: 'stalled', passes: false, jobs: [0] })
    expect(endedAtMs).toBeGreaterThanOrEqual(minutes(10))
  })

  it('fails with its own words where the watch itself breaks', async () => {
    const broken: Script = () => {
      throw new Error('a bug in the poll')
    }
    await expect(watchScripts({ a: broken })).rejects.toThrow('a bug in the poll')
  })
})

describe('the deadline', () => {
  it('polls one last time exactly when time is up', async () => {
    const { conclusion, polls, endedAtMs } = await watchScripts({ a: always(running) }, { timeoutMs: minutes(3) })
    expect(conclusion).toMatchObject({ kind: 'timed-out', passes: false })
    expect(polls.at(-1)?.startedAtMs).toBe(minutes(3))
    expect(endedAtMs).toBe(minutes(3))
  })

  it('takes a poll that comes due a moment before for the last one', async () => {
    const { polls } = await watchScripts({ a: always(running) }, { timeoutMs: 10_030, pollIntervalMs: 10_000 })
    expect(polls.map(({ startedAtMs }) => startedAtMs)).toEqual([0, 10_000])
  })

  it('believes the last poll', async () => {
    const { conclusion } = await watchScripts(
      { a: timeline([0, running], [minutes(3), done]) },
      { timeoutMs: minutes(3) },
    )
    expect(conclusion.kind).toBe('completed')
  })

  it('takes a poll in flight for the last one and cuts it two seconds later', async () => {
    const { conclusion, polls, endedAtMs } = await watchScripts(
      { a: ({ poll }) => ({ result: running, tookMs: poll === 0 ? 0 : 25_000 }) },
      { timeoutMs: 10_000 },
    )
    expect(conclusion.kind).toBe('timed-out')
    expect(polls).toHaveLength(2)
    expect(endedAtMs).toBe(12_000)
  })

  it('gives the last poll no more than the request timeout', async () => {
    const { endedAtMs } = await watchScripts(
      { a: ({ poll }) => ({ result: running, tookMs: poll === 0 ? 0 : 25_000 }) },
      { timeoutMs: 10_000, requestTimeoutMs: 500 },
    )
    expect(endedAtMs).toBe(10_500)
  })

  it('passes a timeout only where asked', async () => {
    const { conclusion } = await watchScripts({ a: always(running) }, { timeoutMs: 5000, onTimeout: 'pass' })
    expect(conclusion).toMatchObject({ kind: 'timed-out', passes: true })
  })

  it.each([
    ['unreachable', outage()],
    ['not-found', unknownJob()],
  ])('is %s, and red, where the service never said anything good', async (kind, result) => {
    const { conclusion } = await watchScripts({ a: always(result) }, { timeoutMs: 5000, onTimeout: 'pass' })
    expect(conclusion).toMatchObject({ kind, passes: false })
  })

  it('polls once at every job where the timeout is 0, however long the rate makes that', async () => {
    const scripts = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`job-${i}`, always(done)]))
    const { conclusion, polls, endedAtMs } = await watchScripts(scripts, { timeoutMs: 0 })
    expect(conclusion.kind).toBe('completed')
    expect(polls).toHaveLength(100)
    expect(endedAtMs).toBeGreaterThan(9000)
  })

  it('records all polls of a timeout of 0 before it decides', async () => {
    const { conclusion } = await watchScripts({ a: always(failed), b: always(refused()) }, { timeoutMs: 0 })
    expect(conclusion.kind).toBe('rejected')
  })

  it('cuts each poll of a timeout of 0 after two seconds', async () => {
    const { conclusion, endedAtMs } = await watchScripts(
      { a: () => ({ result: running, tookMs: 20_000 }) },
      { timeoutMs: 0 },
    )
    expect(conclusion.kind).toBe('unreachable')
    expect(endedAtMs).toBe(2000)
  })

  it('gives as many of many jobs a last poll as the rate allows', async () => {
    const scripts = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`job-${i}`, always(running)]))
    const { conclusion, polls, endedAtMs } = await watchScripts(scripts, { timeoutMs: 60_000 })
    expect(conclusion.kind).toBe('timed-out')
    expect(endedAtMs).toBeLessThanOrEqual(62_000)
    expect(polls.filter(({ startedAtMs }) => startedAtMs >= 60_000).length).toBeGreaterThanOrEqual(18)
  })
})

describe('when one job has decided', () => {
  it('polls once more at the others, and ends', async () => {
    const { conclusion, polls, events } = await watchScripts({
      a: timeline([0, running], [30_000, failed]),
      b: timeline([0, answered('Importing', { progress: 10 })], [30_001, answered('Importing', { progress: 66 })]),
    })
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
    expect(polls.at(-1)?.jobId).toBe('b')
    expect(events.at(-1)?.view.jobs[1]?.progress).toBe(66)
  })

  it('does not mind what goes wrong with that poll', async () => {
    for (const fault of [outage(), refused(), unknownJob()]) {
      const { conclusion } = await watchScripts({
        a: timeline([0, running], [30_000, failed]),
        b: timeline([0, running], [30_001, fault]),
      })
      expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
    }
  })

  it('waits at most five seconds for that poll, and never past the deadline', async () => {
    const slow: Script = ({ poll }) => ({ result: running, tookMs: poll === 0 ? 0 : 60_000 })
    const scripts = { a: timeline([0, running], [30_000, failed]), b: slow }
    const early = await watchScripts(scripts)
    const failedAtMs = early.polls.findLast(({ jobId }) => jobId === 'a')?.endedAtMs ?? 0
    expect(early.endedAtMs).toBeLessThanOrEqual(failedAtMs + 5200)
    const late = await watchScripts(scripts, { timeoutMs: failedAtMs + 1000 })
    expect(late.conclusion.kind).toBe('failed')
    expect(late.endedAtMs).toBeLessThanOrEqual(failedAtMs + 1000)
  })

  it('names every job that has failed by then', async () => {
    const { conclusion } = await watchScripts({
      a: timeline([0, running], [30_000, failed]),
      b: timeline([0, running], [30_001, failed]),
    })
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0, 1] })
  })

  it('ends at once at Uncommitted, unless another job has failed', async () => {
    const uncommittedJob = answered('Uncommitted', { progress: 99 })
    expect((await watchScripts({ a: always(uncommittedJob), b: always(running) })).conclusion).toMatchObject({
      kind: 'uncommitted',
      jobs: [0],
      passes: false,
    })
    expect((await watchScripts({ a: always(uncommittedJob), b: always(failed) })).conclusion).toMatchObject({
      kind: 'failed',
      jobs: [1],
    })
  })
})

describe('Uncommitted under `pass`', () => {
  it('passes only while the job still rests there when the others are ready', async () => {
    const uncommittedJob = answered('Uncommitted', { importedRows: 5 })
    const others = timeline([0, running], [minutes(2), uncommittedJob])
    const policy = { onUncommitted: 'pass' } as const
    expect((await watchScripts({ a: always(uncommittedJob), b: others }, policy)).conclusion).toMatchObject({
      kind: 'uncommitted',
      passes: true,
    })
    const aborted = timeline([0, uncommittedJob], [minutes(1), answered('Failed', { reason: 'aborted by user' })])
    expect((await watchScripts({ a: aborted, b: others }, policy)).conclusion).toMatchObject({ kind: 'failed' })
  })

  it('passes no job that was aborted since it was last polled, however long the others took to answer', async () => {
    const uncommittedJob = answered('Uncommitted', { importedRows: 5 })
    const policy = { onUncommitted: 'pass', pollIntervalMs: minutes(1) } as const
    const b: Script = ({ atMs }) => (atMs < minutes(1) ? { result: running } : { result: done, tookMs: 20_000 })
    const passed = await watchScripts({ a: always(uncommittedJob), b }, policy)
    expect(passed.conclusion).toMatchObject({ kind: 'uncommitted', passes: true, jobs: [0] })
    const pollsAtA = passed.polls.filter(({ jobId }) => jobId === 'a').map(({ startedAtMs }) => startedAtMs)
    expect(pollsAtA).toEqual([0, minutes(1), minutes(2)])
    const a = timeline([0, uncommittedJob], [minutes(1) + 1, answered('Failed', { reason: 'aborted by user' })])
    expect((await watchScripts({ a, b }, policy)).conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
  })

  it('has a job polled once more as soon as the others are ready, where the interval is not fixed', async () => {
    const uncommittedJob = answered('Uncommitted', { importedRows: 5 })
    const b: Script = ({ atMs }) => (atMs < minutes(10) ? { result: running } : { result: done, tookMs: 20_000 })
    const { conclusion, polls } = await watchScripts({ a: always(uncommittedJob), b }, { onUncommitted: 'pass' })
    expect(conclusion).toMatchObject({ kind: 'uncommitted', passes: true })
    const [ofB, ofA] = polls.slice(-2)
    expect([ofB?.jobId, ofA?.jobId]).toEqual(['b', 'a'])
    expect(ofA?.startedAtMs).toBe(ofB?.endedAtMs)
  })

  it.each([53_000, 56_000, 59_000])(
    'passes where time is up before all of many have been polled again: %i',
    async (atMs) => {
      const uncommittedJob = answered('Uncommitted', { importedRows: 5 })
      const slowly =
        (script: Script): Script =>
        (moment) => ({ ...script(moment), tookMs: 300 })
      const others = Array.from({ length: 59 }, (_, i): [string, Script] => [
        `job-${i}`,
        slowly(always(uncommittedJob)),
      ])
      const scripts = { ...Object.fromEntries(others), last: slowly(timeline([0, running], [atMs, uncommittedJob])) }
      const policy = { onUncommitted: 'pass', timeoutMs: minutes(1) } as const
      const { conclusion, polls } = await watchScripts(scripts, policy)
      expect(conclusion).toMatchObject({ kind: 'uncommitted', passes: true })
      // What a last poll brings counts all the same.
      const { jobId: lastPolled = '' } = polls.findLast((poll) => poll.endedAtMs - poll.startedAtMs >= 300) ?? {}
      const aborted = slowly(
        timeline([0, uncommittedJob], [minutes(1) - 500, answered('Failed', { reason: 'aborted by user' })]),
      )
      expect((await watchScripts({ ...scripts, [lastPolled]: aborted }, policy)).conclusion.kind).toBe('failed')
    },
  )
})

describe('the last poll of a job at Uncommitted under `pass`', () => {
  const uncommittedJob = answered('Uncommitted', { importedRows: 5 })
  const policy = { onUncommitted: 'pass', timeoutMs: minutes(1), pollIntervalMs: 20_000 } as const
  const others = timeline([0, running], [minutes(1), uncommittedJob])
  const lastly = (result: PollResult, tookMs = 0): Script => {
    const before = always(uncommittedJob)
    return (moment) => (moment.atMs < minutes(1) ? before(moment) : { result, tookMs })
  }

  it.each<[string, Script, string, boolean]>([
    ['finds it there', lastly(uncommittedJob), 'uncommitted', true],
    ['is not answered in time', lastly(uncommittedJob, 5_000), 'timed-out', false],
    ['has no usable answer', lastly(outage()), 'timed-out', false],
    ['finds it failed', lastly(failed), 'failed', false],
    ['finds it forgotten', lastly(unknownJob()), 'not-found', false],
  ])('%s', async (_, a, kind, passes) => {
    expect((await watchScripts({ a, b: others }, policy)).conclusion).toMatchObject({ kind, passes })
  })
})

describe('the rate', () => {
  it('never asks about a job twice at a time, nor more than ten times in any second', async () => {
    const scripts = Object.fromEntries(
      Array.from({ length: 40 }, (_, i): [string, Script] => [
        `job-${i}`,
        ({ poll }) => ({ result: poll < 5 ? running : done, tookMs: (i % 7) * 700 }),
      ]),
    )
    const { polls } = await watchScripts(scripts, { pollIntervalMs: 1000 })
    const starts = polls.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b)
    expect(starts.filter((at, i) => at - (starts[i - 10] ?? -Infinity) < 1000)).toEqual([])
    for (const jobId of Object.keys(scripts)) {
      const own = polls.filter((poll) => poll.jobId === jobId)
      expect(own.filter((poll, i) => i > 0 && poll.startedAtMs < (own[i - 1]?.endedAtMs ?? 0) + 1000)).toEqual([])
    }
  })

  it('says once that a fixed interval is shorter than so many jobs allow', async () => {
    const scripts = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`job-${i}`, always(done)]))
    const { events } = await watchScripts(scripts, { pollIntervalMs: 1000 })
    expect(events.filter(({ kind }) => kind === 'interval-stretched')).toMatchObject([
      { askedMs: 1000, effectiveMs: 2200 },
    ])
  })

  it('leaves all jobs alone for as long as Retry-After says', async () => {
    const { polls } = await watchScripts({
      a: timeline([0, running], [10_000, outage('http-429', 20_000)], [30_000, done]),
      b: timeline([0, running], [60_000, done]),
    })
    const refusedAtMs = polls.find(({ jobId, startedAtMs }) => jobId === 'a' && startedAtMs >= 10_000)?.endedAtMs ?? 0
    expect(polls.filter((l) => l.startedAtMs > refusedAtMs && l.startedAtMs < refusedAtMs + 20_000)).toEqual([])
  })

  it('sends no request that was already waiting for its turn when Retry-After came', async () => {
    const busy = always(outage('http-429', 20_000))
    const { polls } = await watchScripts({ a: busy, b: busy, c: busy }, { timeoutMs: 30_000 })
    expect(polls.map(({ startedAtMs }) => startedAtMs).slice(0, 3)).toEqual([0, 20_000, 30_000])
  })

  it('takes leave without the jobs that Retry-After protects', async () => {
    const { conclusion, polls, endedAtMs } = await watchScripts({
      a: timeline([0, running], [10_000, outage('http-429', 50_000)]),
      b: timeline([0, running], [10_000, failed]),
      c: always(running),
    })
    expect(conclusion.kind).toBe('failed')
    const heldFromMs =
      polls.find(({ jobId, startedAtMs }) => jobId === 'a' && startedAtMs >= 10_000)?.endedAtMs ?? Infinity
    expect(polls.filter(({ startedAtMs }) => startedAtMs > heldFromMs && startedAtMs < heldFromMs + 50_000)).toEqual([])
    expect(endedAtMs).toBeLessThan(120_000)
  })

  it.each([
    ['a minute', {}, 60_000],
    ['the longest outage', { maxOutageMs: 5000 }, 5000],
  ])('does not wait longer than %s, whatever Retry-After says', async (_what, policy, longestMs) => {
    const { polls } = await watchScripts(
      { a: timeline([0, running], [2000, outage('http-503', 86_400_000)], [4000, running], [200_000, done]) },
      policy,
    )
    const gaps = polls.slice(1).map((poll, i) => poll.startedAtMs - (polls[i]?.endedAtMs ?? 0))
    expect(Math.max(...gaps.slice(0, 3))).toBe(longestMs)
  })

  it('polls the deadline, whatever Retry-After says', async () => {
    const { conclusion, endedAtMs } = await watchScripts(
      { a: timeline([0, running], [2000, outage('http-429', 50_000)], [20_000, done]) },
      { timeoutMs: 20_000 },
    )
    expect(conclusion.kind).toBe('completed')
    expect(endedAtMs).toBe(20_000)
  })
})

describe('an interruption', () => {
  it('ends the watch at once, in the middle of a request', async () => {
    const { conclusion, endedAtMs } = await watchScripts(
      { a: () => ({ result: done, tookMs: 20_000 }) },
      {},
      { interruptAtMs: 7000 },
    )
    expect(conclusion).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGINT' })
    expect(endedAtMs).toBe(7000)
  })

  it('ends the watch at once, in a pause', async () => {
    const { conclusion, endedAtMs } = await watchScripts(
      { a: always(running) },
      { pollIntervalMs: 60_000 },
      { interruptAtMs: 7000 },
    )
    expect(conclusion.kind).toBe('cancelled')
    expect(endedAtMs).toBe(7000)
  })

  it('ends the watch at once, during the last poll', async () => {
    const { conclusion, endedAtMs } = await watchScripts(
      { a: () => ({ result: done, tookMs: 1900 }) },
      { timeoutMs: 0 },
      { interruptAtMs: 500 },
    )
    expect(conclusion.kind).toBe('cancelled')
    expect(endedAtMs).toBe(500)
  })
})

describe('what the watch reports', () => {
  it('reports every poll, and that it is alive once a minute where nothing changes', async () => {
    const { events, polls } = await watchScripts({ a: always(running) }, { timeoutMs: minutes(9.5) })
    expect(events.filter(({ kind }) => kind === 'polled')).toHaveLength(polls.length)
    expect(events.filter(({ kind }) => kind === 'heartbeat')).toHaveLength(9)
  })

  it('says that the number of imported rows is unknown', async () => {
    const { events, conclusion } = await watchScripts({ a: always(answered('Completed')) })
    expect(conclusion.passes).toBe(true)
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'polled', 'rows-unknown', 'ended'])
  })
})

describe('one stage after the other', () => {
  const uncommittedJob = answered('Uncommitted', { progress: 99 })

  it.each<[what: string, policy: Partial<Policy>, aborted: string[]]>([
    ['is aborted after an end that does not pass, where that is asked for', { abortUncommitted: true }, ['a']],
    ['is left alone where that is not asked for', { abortUncommitted: false }, []],
    ['is left alone after an end that passes', { abortUncommitted: true, onUncommitted: 'pass' }, []],
  ])('what rests %s', async (_what, policy, aborted) => {
    const watched = await watchScripts({ a: always(uncommittedJob), b: always(done) }, policy)
    expect(watched.conclusion).toMatchObject({ kind: 'uncommitted', passes: policy.onUncommitted === 'pass' })
    expect(watched.aborted).toEqual(aborted)
  })

  it('asks nothing about a collection whose import has not come through', async () => {
    const { conclusion } = await watchScripts({ a: always(failed) }, { waitFor: 'searchable' })
    expect(conclusion).toMatchObject({ kind: 'failed', passes: false })
  })
})
