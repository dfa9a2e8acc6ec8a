import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { CommitStatus, Delivery } from '../../src/report/github.ts'
import {
  commitStatusReporter,
  handedOver,
  handOverTo,
  KILLED,
  statusSender,
  type Deliver,
  type StatusRequest,
} from '../../src/report/commit-status.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import { aHistory, aJob, aPolicy, aView } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'

const COMPLETED: Conclusion = { kind: 'completed', passes: true }
const FAILED: Conclusion = { kind: 'stalled', passes: false, jobs: [0], idleMs: 60_000 }
const CANCELLED: Conclusion = { kind: 'cancelled', passes: false, signal: 'SIGINT' }

const SET: Delivery = { kind: 'set' }
const REFUSED: Delivery = { kind: 'refused', status: 403, message: 'Resource not accessible by integration' }

/** How long GitHub takes, and what it answers. */
type Answer = { readonly afterMs?: number; readonly delivery?: Delivery }

/** A reporter and everything that it does, in virtual time. */
function reporting(answerTo: (status: CommitStatus, nth: number) => Answer = () => ({}), handOver?: () => void) {
  const clock = new FakeClock()
  const interrupt = new AbortController()
  const sent: { readonly atMs: number; readonly status: CommitStatus }[] = []
  const owed: (CommitStatus | undefined)[] = []
  const warnings: string[] = []
  const lines: string[] = []
  const deliver: Deliver = async (status, signal) => {
    const { afterMs = 0, delivery = SET } = answerTo(status, sent.length)
    sent.push({ atMs: clock.now(), status })
    if (afterMs > 0) await clock.sleep(afterMs, signal)
    return signal.aborted ? { kind: 'failed', cause: 'GitHub did not answer in time' } : delivery
  }
  const reporter = commitStatusReporter({
    deliver,
    handOver: handOver ?? ((status) => owed.push(status)),
    policy: aPolicy(),
    clock,
    interrupt: interrupt.signal,
    sanitize: createSanitizer(['s3cret-value']),
    notice: (text) => lines.push(text),
    warn: (_, message) => warnings.push(message),
  })
  const view = (progress: number) => aView([aHistory({ polls: [[0, aJob({ progress })]] })], clock.now())
  const tell = (event: WatchEvent) => Promise.resolve(reporter.report(event))
  return {
    clock,
    interrupt,
    sent,
    owed,
    warnings,
    lines,
    start: () => tell({ kind: 'started', view: aView([aHistory({})], clock.now()) }),
    heartbeat: (progress: number) => tell({ kind: 'heartbeat', view: view(progress) }),
    ending: (conclusion: Conclusion) => tell({ kind: 'ending', view: view(50), conclusion, jobs: [0] }),
    end: (conclusion: Conclusion) => tell({ kind: 'ended', view: view(50), conclusion }),
    states: () => sent.map(({ status }) => status.state),
  }
}

describe('the status of a commit', () => {
  it('is pending at once, then says how the gate ended', async () => {
    const { clock, start, heartbeat, end, sent, owed, states, warnings } = reporting()
    await start()
    await clock.until(heartbeat(10))
    await clock.until(end(FAILED))
    expect(states()).toEqual(['pending', 'failure'])
    expect(sent.at(-1)?.status.description).toContain('made no progress')
    expect(owed).toEqual([KILLED, sent.at(-1)?.status, undefined])
    expect(warnings).toEqual([])
  })

  it('is left to the post step from the first moment on, in case the step is killed', async () => {
    const { start, owed } = reporting()
    await start()
    expect(owed).toEqual([KILLED])
  })

  it('is first set when there is something to say: how far the import is', async () => {
    const { clock, start, heartbeat, sent } = reporting()
    await start()
    await clock.until(clock.sleep(1_999))
    expect(sent).toEqual([])
    await heartbeat(42)
    expect(sent).toEqual([{ atMs: 1_999, status: { state: 'pending', description: expect.stringMatching(/^42%/) } }])
  })

  it('is never pending where the gate ends before there was anything to tell', async () => {
    const { clock, start, end, states } = reporting()
    await start()
    await clock.until(end(FAILED))
    await clock.until(clock.sleep(10_000))
    expect(states()).toEqual(['failure'])
  })

  it('changes at most once a minute, and only where there is something new', async () => {
    const { clock, heartbeat, sent } = reporting()
    for (let second = 0; second <= 600; second += 5) {
      await clock.until(clock.sleep(5_000))
      await heartbeat(second < 300 ? Math.floor(second / 10) : 30)
    }
    const times = sent.map(({ atMs }) => atMs)
    expect(times.slice(1).every((time, i) => time - times[i]! >= 60_000)).toBe(true)
    expect(times).toHaveLength(6)
  })

  it('changes at most 200 times, and then once more at the end', async () => {
    const { clock, heartbeat, end, states } = reporting()
    for (let minute = 0; minute < 300; minute += 1) {
      await clock.until(clock.sleep(61_000))
      await heartbeat(minute % 100)
    }
    await clock.until(end(COMPLETED))
    expect(states().length).toBe(201)
    expect(states().at(-1)).toBe('success')
  })

  it('never keeps the gate waiting', async () => {
    const { heartbeat, states } = reporting(() => ({ afterMs: Infinity }))
    for (const progress of [1, 2, 3]) await heartbeat(progress)
    expect(states()).toEqual(['pending'])
  })

  it('holds up the end by six seconds at most, and leaves it to the post step', async () => {
    const { clock, heartbeat, end, owed, states, lines, warnings } = reporting(() => ({ afterMs: Infinity }))
    await heartbeat(1)
    await clock.until(end(COMPLETED))
    expect(clock.now()).toBe(6_000)
    expect(states()).toEqual(['pending', 'success'])
    expect(owed.at(-1)).toMatchObject({ state: 'success' })
    expect(lines).toEqual([expect.stringContaining('left to the post step')])
    expect(warnings).toEqual([])
  })

  it('is not overtaken by a request that is still under way', async () => {
    const { clock, heartbeat, end, sent } = reporting((_, nth) => ({ afterMs: nth === 0 ? 2_000 : 0 }))
    await heartbeat(1)
    await clock.until(end(COMPLETED))
    expect(sent.map(({ atMs, status }) => [atMs, status.state])).toEqual([
      [0, 'pending'],
      [2_000, 'success'],
    ])
  })

  it('costs one warning where GitHub refuses it, and no second request', async () => {
    const { clock, heartbeat, end, owed, states, warnings } = reporting(() => ({ delivery: REFUSED }))
    for (const progress of [1, 2]) {
      await heartbeat(progress)
      await clock.until(clock.sleep(61_000))
    }
    await clock.until(end(COMPLETED))
    expect(states()).toEqual(['pending'])
    expect(warnings).toEqual([expect.stringContaining('"permissions: statuses: write"')])
    expect(owed.at(-1)).toBeUndefined()
  })

  it('costs one warning where GitHub refuses only the end', async () => {
    const { clock, end, warnings, owed, lines } = reporting(() => ({ delivery: REFUSED }))
    await clock.until(end(COMPLETED))
    expect([warnings.length, lines, owed.at(-1)]).toEqual([1, [], undefined])
  })

  it('is not given up where GitHub has taken it before', async () => {
    const { clock, heartbeat, end, owed, states, warnings, lines } = reporting((_, nth) =>
      nth === 0 ? {} : { delivery: REFUSED },
    )
    await clock.until(heartbeat(1))
    await clock.until(clock.sleep(61_000))
    await clock.until(heartbeat(2))
    await clock.until(end(FAILED))
    expect([states(), warnings]).toEqual([['pending', 'pending', 'failure'], []])
    expect(owed.at(-1)).toMatchObject({ state: 'failure' })
    expect(lines).toEqual([expect.stringContaining('left to the post step')])
  })

  it('is reported again where it was not taken, although nothing has changed', async () => {
    const { clock, heartbeat, sent } = reporting((_, nth) =>
      nth === 0 ? { delivery: { kind: 'failed', cause: 'HTTP 502' } } : {},
    )
    for (let minute = 0; minute < 4; minute += 1) {
      await clock.until(heartbeat(80))
      await clock.until(clock.sleep(61_000))
    }
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 61_000])
  })

  it('that says success is only left behind once the step can have passed', async () => {
    const { clock, heartbeat, end, owed } = reporting((_, nth) => ({ afterMs: nth === 0 ? 0 : Infinity }))
    await clock.until(heartbeat(1))
    const reported = end(COMPLETED)
    expect(owed.at(-1)).toEqual(KILLED)
    await clock.until(reported)
    expect(owed.at(-1)).toMatchObject({ state: 'success' })
  })

  it('keeps quiet for as long as GitHub asks', async () => {
    const { clock, heartbeat, end, owed, sent, lines } = reporting((_, nth) =>
      nth === 0 ? { delivery: { kind: 'limited', waitMs: 300_000 } } : {},
    )
    for (let minute = 0; minute < 7; minute += 1) {
      await heartbeat(minute)
      await clock.until(clock.sleep(60_000))
    }
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 300_000, 360_000])
    await clock.until(end(COMPLETED))
    expect([owed.at(-1), lines]).toEqual([undefined, []])
  })

  it('is left to the post step where GitHub asks for quiet at the end', async () => {
    const { clock, heartbeat, end, owed, states } = reporting(() => ({
      delivery: { kind: 'limited', waitMs: 300_000 },
    }))
    await heartbeat(1)
    await clock.until(end(COMPLETED))
    expect(states()).toEqual(['pending'])
    expect(owed.at(-1)).toMatchObject({ state: 'success' })
  })

  it('comes back after an outage of GitHub', async () => {
    const { clock, heartbeat, end, states, owed } = reporting((_, nth) =>
      nth < 2 ? { delivery: { kind: 'failed', cause: 'HTTP 502' } } : {},
    )
    for (const progress of [1, 2]) {
      await heartbeat(progress)
      await clock.until(clock.sleep(61_000))
    }
    await clock.until(end(COMPLETED))
    expect([states(), owed.at(-1)]).toEqual([['pending', 'pending', 'success'], undefined])
  })

  it('follows a signal that comes while GitHub reports success', async () => {
    const { clock, end, interrupt, sent, owed } = reporting((_, nth) => ({ afterMs: nth === 0 ? 2_000 : 0 }))
    const reported = end(COMPLETED)
    interrupt.abort('SIGINT')
    await reported
    expect(clock.now()).toBe(0)
    const ended = end(CANCELLED)
    expect(owed.at(-1)).toMatchObject({ state: 'error' })
    await clock.until(ended)
    expect(sent.map(({ status }) => status.state)).toEqual(['success', 'error'])
    expect(owed.at(-1)).toBeUndefined()
    expect(owed.filter((status) => status === undefined)).toHaveLength(1)
  })

  it('reports the end while the gate still aborts jobs, and only once', async () => {
    const { clock, ending, end, sent, owed } = reporting(() => ({ afterMs: 2_000 }))
    await ending(CANCELLED)
    expect([clock.now(), sent.length]).toEqual([0, 1])
    await clock.until(clock.sleep(1_500))
    await clock.until(end(CANCELLED))
    expect([clock.now(), sent.length]).toEqual([2_000, 1])
    expect(owed.at(-1)).toBeUndefined()
  })

  it('goes on where nothing can be left for the post step', async () => {
    const broken = () => {
      throw new Error('disk full')
    }
    const { clock, end, states, lines } = reporting(undefined, broken)
    await clock.until(end(COMPLETED))
    expect([states(), lines.length > 0]).toEqual([['success'], true])
  })

  it('holds no secret', async () => {
    const { clock, end, sent } = reporting()
    await clock.until(end({ kind: 'internal-error', passes: false, message: 's3cret-value' }))
    expect(sent[0]?.status.description).toContain('***')
  })
})

describe('what is left for the post step', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'status-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('is one line of state, and no state where nothing is due', () => {
    const path = join(folder, 'state')
    writeFileSync(path, '')
    const handOver = handOverTo({ path, name: 'due' })
    handOver({ state: 'error', description: 'a << b = "c"' })
    const [line, end] = readFileSync(path, 'utf8').split('\n')
    expect([line?.startsWith('due='), end]).toEqual([true, ''])
    expect(handedOver(line?.slice('due='.length) ?? '')).toEqual({ state: 'error', description: 'a << b = "c"' })
    handOver(undefined)
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it.each(['', 'x', 'null', '{}', '{"state":"green","description":"x"}', '{"state":"error"}', '[]'])(
    'is nothing where it reads %j',
    (text) => {
      expect(handedOver(text)).toBeUndefined()
    },
  )
})

describe('the way to a commit', () => {
  const aRequest = (run: Partial<StatusRequest['run']>, token = 'ghs_1'): StatusRequest => ({
    context: 'import',
    token,
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    run: {
      apiUrl: 'https://api.github.com',
      repository: 'octocat/hello-world',
      sha: 'a'.repeat(40),
      eventName: 'push',
      url: 'https://github.com',
      ...run,
    },
  })
  const world = {
    userAgent: 'test',
    wallClockMs: Date.now,
    openExchange: () => {
      throw new Error('no request is due yet')
    },
  }

  it('needs no request of its own', () => {
    expect(statusSender(aRequest({}), world)).toBeInstanceOf(Function)
  })

  it.each<[string, Partial<StatusRequest['run']>, string, string]>([
    ['the token', {}, '', 'github-token is empty'],
    ['the repository', { repository: '' }, 'ghs_1', 'GITHUB_REPOSITORY'],
    ['the commit', { sha: undefined }, 'ghs_1', 'event push names no commit'],
    ['the event', { eventName: 'pull_request', sha: undefined }, 'ghs_1', 'event pull_request names no commit'],
  ])('names what is missing: %s', (_, run, token, reason) => {
    expect(statusSender(aRequest(run, token), world)).toContain(reason)
  })
})
