import { describe, expect, it } from '@jest/globals'
import { TIME_IS_UP } from '../../../src/gate/import-service.ts'
import type { RequestOptions } from '../../../src/gate/import-service.ts'
import type { PollResult } from '../../../src/gate/job.ts'
import type { CommitResult } from '../../../src/gate/import-service.ts'
import type { Policy } from '../../../src/gate/policy.ts'
import { watchImports } from '../../../src/gate/gate.ts'
import { aPolicy } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../../support/services.ts'
import { answered, outage, refused, declined } from '../../support/watching.ts'

/** What a request brings that comes in at a moment, and how long that takes. */
interface Reply<Answer> {
  readonly answer: Answer
  readonly tookMs?: number
}

/** One job: what a poll it brings, and what a commit does, which is reported how often it was tried before. */
interface Play {
  readonly poll: (atMs: number) => Reply<PollResult>
  readonly commit?: (atMs: number, nth: number) => Reply<CommitResult>
}

const atUncommitted = answered('Uncommitted', { progress: 99, importedRows: 5, totalRows: 5 })
const committing = answered('Committing', { progress: 99, importedRows: 5, totalRows: 5 })
const completed = answered('Completed', { progress: 100, importedRows: 5, totalRows: 5 })
const failed = answered('Failed')
const DONE: CommitResult = { kind: 'done' }

/** A job that stays at Uncommitted until a commit has been carried out, which takes so long to be answered. */
function committable(tookMs = 0, answer: CommitResult = DONE): Play {
  let committedAtMs = Infinity
  return {
    poll: (atMs) => ({ answer: atMs > committedAtMs ? completed : atUncommitted }),
    commit: (atMs) => {
      committedAtMs = Math.min(committedAtMs, atMs)
      return { answer, tookMs }
    },
  }
}

async function watch(plays: Readonly<Record<string, Play>>, but: Partial<Policy> = {}) {
  const clock = new FakeClock()
  const requests: string[] = []
  const tried = new Map<string, number>()
  const ask = async <Answer extends PollResult | CommitResult>(
    name: string,
    { signal, turn }: RequestOptions,
    reply: (atMs: number) => Reply<Answer>,
  ): Promise<Answer> => {
    if (!(await turn())) return { kind: 'cancelled' } as Answer
    requests.push(name)
    const { answer, tookMs = 0 } = reply(clock.now())
    if (tookMs > 0) await clock.sleep(tookMs, signal)
    if (!signal.aborted) return answer
    return signal.reason === TIME_IS_UP ? (outage('timeout') as Answer) : ({ kind: 'cancelled' } as Answer)
  }
  const watching = (async () => {
    const events = watchImports({
      selection: { kind: 'given', jobIds: Object.keys(plays) },
      policy: aPolicy({ onUncommitted: 'commit', timeoutMs: 300_000, ...but }),
      service: serviceThat({
        pollerFor: () => (jobId, options) => ask(`poll ${jobId}`, options, (atMs) => plays[jobId]!.poll(atMs)),
        commit: (jobId, options) =>
          ask(`commit ${jobId}`, options, (atMs) => {
            const nth = tried.get(jobId) ?? 0
            tried.set(jobId, nth + 1)
            return plays[jobId]!.commit!(atMs, nth)
          }),
      }),
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: () => 0,
      interrupt: new AbortController().signal,
      startedAtMs: 0,
    })
    for await (const event of events) if (event.kind === 'ended') return event.conclusion
    throw new Error('the watch ended without a conclusion')
  })()
  const conclusion = await clock.until(watching)
  const commits = requests.filter((request) => request.startsWith('commit')).map((request) => request.slice(7))
  return { conclusion, requests, commits, endedAtMs: clock.now() }
}

describe('the first commit', () => {
  it('waits for a poll under way, which may speak against it', async () => {
    // The second rested when it was last heard of; when the first comes to rest, a poll it is on its way back.
    const runs = answered('Importing', { progress: 95 })
    const plays = {
      a: { poll: (atMs: number) => (atMs < 100 ? { answer: runs } : { answer: atUncommitted, tookMs: 500 }) },
      b: { poll: (atMs: number) => ({ answer: atMs < 1_000 ? atUncommitted : failed, tookMs: 300 }) },
    }
    const { conclusion, commits } = await watch(plays)
    expect(commits).toEqual([])
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [1] })
  })

  it('waits until a job that came to rest long ago has been asked again', async () => {
    const plays = {
      a: { poll: (atMs: number) => ({ answer: atMs < 60_000 ? atUncommitted : failed }) },
      b: {
        poll: (atMs: number) => ({ answer: atMs < 60_000 ? answered('Importing', { progress: 50 }) : atUncommitted }),
      },
    }
    const { conclusion, commits } = await watch(plays)
    expect(commits).toEqual([])
    expect(conclusion).toMatchObject({ kind: 'failed', jobs: [0] })
  })

  it('comes off a fixed interval, and so does the poll before it', async () => {
    const committedAtMs: number[] = []
    const plays = {
      a: {
        poll: () => ({ answer: committedAtMs.length === 0 ? atUncommitted : completed }),
        commit: (atMs: number) => {
          committedAtMs.push(atMs)
          return { answer: DONE }
        },
      },
      b: {
        poll: (atMs: number) =>
          atMs < 60_000 ? { answer: answered('Importing', { progress: 50 }) } : { answer: completed, tookMs: 20_000 },
      },
    }
    const { conclusion } = await watch(plays, { pollIntervalMs: 60_000 })
    expect(conclusion).toMatchObject({ kind: 'completed', passes: true })
    expect(committedAtMs).toHaveLength(1)
    expect(committedAtMs[0]).toBeLessThan(90_000)
  })

  it('is asked about, and the others follow, where it is refused although it was carried out', async () => {
    const { conclusion, commits } = await watch({ a: committable(0, declined()), b: committable() })
    expect(conclusion).toMatchObject({ kind: 'completed', passes: true })
    expect(commits).toEqual(['a', 'b'])
  })
})

describe('a commit under way', () => {
  it('is waited for where another job is refused, since it may leave the import half done', async () => {
    const plays = {
      a: committable(4_000),
      b: { poll: (atMs: number) => ({ answer: atMs < 1_000 ? atUncommitted : refused() }) },
    }
    const { conclusion } = await watch(plays)
    expect(conclusion).toMatchObject({ kind: 'partly-committed', committed: [0], jobs: [1] })
    expect(conclusion).toMatchObject({ because: { kind: 'rejected' } })
  })

  it('is asked about where its answer is lost while another job is refused', async () => {
    const plays = {
      a: committable(4_000, outage()),
      b: { poll: (atMs: number) => ({ answer: atMs < 1_000 ? atUncommitted : refused() }) },
    }
    const { conclusion, requests } = await watch(plays)
    expect(conclusion).toMatchObject({ kind: 'partly-committed', committed: [0], jobs: [1] })
    expect(requests.slice(requests.indexOf('commit a')).filter((request) => request === 'poll a')).toHaveLength(1)
  })

  it('that hangs when time is up is cut short, and asked about in what is left', async () => {
    const plays = { a: committable(60_000), b: committable() }
    const { conclusion, endedAtMs, requests } = await watch(plays, { timeoutMs: 10_000, onTimeout: 'pass' })
    expect(conclusion).toMatchObject({ kind: 'partly-committed', passes: false, committed: [0], jobs: [1] })
    expect(conclusion).toMatchObject({ because: { kind: 'timed-out' } })
    expect(requests.at(-1)).toBe('poll a')
    expect(endedAtMs).toBeLessThanOrEqual(12_000)
  })

  it('of which nobody learns anything when time is up leaves the import half done, for all that anybody knows', async () => {
    const isAway = (atMs: number) => atMs > 1_000
    const plays = {
      a: {
        poll: (atMs: number) => ({ answer: isAway(atMs) ? outage() : atUncommitted }),
        commit: () => ({ answer: outage() as CommitResult, tookMs: 2_000 }),
      },
      b: { poll: () => ({ answer: atUncommitted }) },
    }
    const { conclusion } = await watch(plays, { timeoutMs: 10_000, onTimeout: 'pass' })
    expect(conclusion).toMatchObject({ kind: 'partly-committed', passes: false, committed: [], jobs: [0, 1] })
  })
})

describe('a job whose commit was accepted', () => {
  it('stands still while it goes on resting', async () => {
    const plays = { a: { poll: () => ({ answer: atUncommitted }), commit: () => ({ answer: DONE }) } }
    const { conclusion } = await watch(plays, { stallTimeoutMs: 20_000 })
    expect(conclusion).toMatchObject({ kind: 'stalled', jobs: [0] })
  })

  it('does not stand still while it waits for another to come to rest', async () => {
    const plays = {
      a: committable(),
      b: { ...committable(), poll: (atMs: number) => ({ answer: importing(atMs) }) },
    }
    const { conclusion } = await watch(plays, { stallTimeoutMs: 20_000 })
    expect(conclusion).toMatchObject({ kind: 'completed' })
  })
})

/** Comes on steadily for a minute, and is then committed by whoever asks. */
function importing(atMs: number): PollResult {
  if (atMs < 60_000) return answered('Importing', { progress: Math.floor(atMs / 1_000), importedRows: atMs })
  return atMs < 70_000 ? atUncommitted : atMs < 80_000 ? committing : completed
}
