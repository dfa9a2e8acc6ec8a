import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Listed, ListEntry } from '../../src/service/list.ts'
import { pollByList } from '../../src/service/poll-by-list.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import type { PollResult, Phase } from '../../src/gate/job.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { aJob } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { answered, declined, outage, unknownJob } from '../support/watching.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'
import { cases, IS_SOAK } from '../support/soak.ts'

const JOBS = 8

/** How a service answers at a moment; undefined leaves it to the state of the job. */
interface Script {
  readonly jobs?: number
  /** The word for a job, in descriptions and in lists. */
  readonly state?: (job: number, atMs: number) => string
  readonly describe?: (job: number, atMs: number) => PollResult | undefined
  readonly list?: (atMs: number) => Listed | undefined
  readonly listTakesMs?: number
  /** The collection that all jobs should belong to. */
  readonly collectionName?: string
}

/** One request as the service saw it; of a list, `job` is undefined. */
interface Asked {
  readonly job: number | undefined
  readonly atMs: number
}

/** A service, its list and somebody who polls its jobs, in virtual time. */
function aService({
  jobs = JOBS,
  state = () => 'Importing',
  describe,
  list,
  listTakesMs = 0,
  collectionName,
}: Script = {}) {
  const clock = new FakeClock()
  const asked: Asked[] = []
  const jobIds = Array.from({ length: jobs }, (_, job) => `job-${job}`)
  const numberOf = (jobId: string) => Number(jobId.slice('job-'.length))
  const poll = pollByList(
    async (jobId, { turn }) => {
      if (!(await turn())) return { kind: 'cancelled' }
      const job = numberOf(jobId)
      asked.push({ job, atMs: clock.now() })
      const rows = { importedRows: 500, totalRows: 1_000, details: [{ fileName: 'a.parquet', state: 'InProgress' }] }
      return describe?.(job, clock.now()) ?? answered(state(job, clock.now()), { progress: 50, ...rows })
    },
    async (_, { signal, turn }) => {
      if (!(await turn())) return { kind: 'cancelled' }
      asked.push({ job: undefined, atMs: clock.now() })
      await clock.sleep(listTakesMs, signal)
      if (signal.aborted) return { kind: 'cancelled' }
      return list?.(clock.now()) ?? listing(jobIds.map((_id, job) => [job, state(job, clock.now())]))
    },
    { jobIds, collectionName },
    clock,
  )
  return {
    asked,
    clock,
    jobIds,
    poll,
    lists: () => asked.filter(({ job }) => job === undefined).length,
    described: () => asked.flatMap(({ job }) => job ?? []),
    /** Polls these jobs at the same moment, at all of them unless told otherwise. */
    round: async ({
      isLast = false,
      of = jobIds.map((_id, job) => job),
      signal = new AbortController().signal,
    } = {}) => {
      const turn = () => Promise.resolve(!signal.aborted)
      return clock.until(Promise.all(of.map((job) => poll(`job-${job}`, { signal, turn, isLast }))))
    },
    pass: async (ms: number) => {
      await clock.until(clock.sleep(ms))
    },
  }
}

function listing(jobs: readonly (readonly [job: number, label: string])[]): Listed {
  const entries = jobs.map(([job, label]): [string, ListEntry] => [
    `job-${job}`,
    { jobId: `job-${job}`, phase: phaseOf(label), label, progress: 60, collectionName: 'books' },
  ])
  return { kind: 'listed', entries: new Map(entries) }
}

const phases = new Map<string, Phase>()

function phaseOf(label: string): Phase {
  const known = phases.get(label)
  if (known !== undefined) return known
  const seen = answered(label)
  if (seen.kind !== 'answered') throw new Error('no state')
  phases.set(label, seen.snapshot.phase)
  return seen.snapshot.phase
}

const labels = (observations: readonly PollResult[]) =>
  observations.map((one) => (one.kind === 'answered' ? one.snapshot.label : one.kind))

describe('polls many jobs', () => {
  it('share one list, and two of them are described', async () => {
    const { round, lists, described } = aService({ jobs: 100 })
    expect(labels(await round())).toEqual(Array(100).fill('Importing'))
    expect([lists(), described()]).toEqual([1, [0, 1]])
  })

  it('share a list for as long as the server takes to move', async () => {
    const { round, pass, lists } = aService()
    for (const job of [0, 1, 2]) {
      await round({ of: [job] })
      await pass(500)
    }
    expect(lists()).toBe(1)
    await pass(1_000)
    await round({ of: [3] })
    expect(lists()).toBe(2)
  })

  it('share a list for a little longer where they are many', async () => {
    const { round, pass, lists } = aService({ jobs: 1_000 })
    await round({ of: [0] })
    await pass(3_000)
    await round({ of: [1] })
    expect(lists()).toBe(1)
    await pass(1)
    await round({ of: [2] })
    expect(lists()).toBe(2)
  })

  it('share the last list with those that begin within a tenth of a second', async () => {
    const { round, pass, lists } = aService()
    await round()
    await pass(100)
    await round({ isLast: true })
    expect(lists()).toBe(1)
    await pass(1)
    await round({ isLast: true })
    expect(lists()).toBe(2)
  })

  it('ask about a job itself where they are closer', async () => {
    const { poll, clock, asked } = aService()
    const { signal } = new AbortController()
    const options = { signal, turn: () => Promise.resolve(true), isLast: false, isCloser: true }
    await clock.until(poll('job-5', options))
    expect(asked).toEqual([{ job: 5, atMs: 0 }])
  })

  it('share a list that is under way', async () => {
    const { poll, clock, lists } = aService({ listTakesMs: 2_900 })
    const options = { signal: new AbortController().signal, turn: () => Promise.resolve(true), isLast: false }
    const first = poll('job-0', options)
    const second = clock.sleep(2_800).then(() => poll('job-1', options))
    await clock.until(Promise.all([first, second]))
    expect(lists()).toBe(1)
  })

  it('want a list of their own when they are the last ones, and share that', async () => {
    const { round, pass, lists } = aService()
    await round()
    await pass(500)
    await round({ isLast: true })
    expect(lists()).toBe(2)
  })

  it('ask for no list once fewer than eight have not ended', async () => {
    const { round, pass, lists, described, asked } = aService({
      jobs: 9,
      state: (job) => ['Completed', 'Failed'][job] ?? 'Importing',
    })
    await round()
    expect(described()).toEqual(expect.arrayContaining([0, 1]))
    asked.splice(0)
    await pass(60_000)
    await round({ of: [2, 3, 4, 5, 6, 7, 8] })
    expect([lists(), described()]).toEqual([0, [2, 3, 4, 5, 6, 7, 8]])
  })

  it('keep the rows and files of the last description', async () => {
    const { round, pass } = aService()
    await round()
    await pass(2_500)
    const [first, , third] = await round()
    expect(first).toMatchObject({
      kind: 'answered',
      snapshot: {
        progress: 60,
        collectionName: 'books',
        importedRows: 500,
        totalRows: 1_000,
        files: [{ name: 'a.parquet' }],
      },
    })
    expect(third).toMatchObject({ snapshot: { progress: 50 } })
  })

  it('show what the list says of a job that was never described', async () => {
    const [, , third] = await aService().round()
    expect(third).toEqual({
      kind: 'answered',
      isFromList: true,
      snapshot: expect.objectContaining({
        label: 'Importing',
        progress: 60,
        importedRows: undefined,
        files: [],
      }) as object,
    })
  })

  it('ask for a list again after one that was cancelled', async () => {
    const controller = new AbortController()
    const { round, pass, clock, lists } = aService({ listTakesMs: 1_000 })
    void clock.sleep(500).then(() => {
      controller.abort('interrupted')
    })
    await round({ signal: controller.signal })
    await pass(5_000)
    await round()
    expect(lists()).toBe(2)
  })

  it('are cancelled with their list', async () => {
    const controller = new AbortController()
    const { round, clock, described } = aService({ listTakesMs: 5_000 })
    void clock.sleep(1_000).then(() => {
      controller.abort('interrupted')
    })
    expect(labels(await round({ signal: controller.signal }))).toEqual(Array(JOBS).fill('cancelled'))
    expect(described()).toEqual([])
  })
})

describe('a job that the list shows as ended', () => {
  it.each(['Completed', 'Failed'])('is %s only if its description says so', async (word) => {
    const { round, described } = aService({
      list: () => listing(Array.from({ length: JOBS }, (_, job) => [job, job === 5 ? word : 'Importing'])),
    })
    expect(labels(await round())[5]).toBe('Importing')
    expect(described()).toContain(5)
  })

  it.each(['Completed', 'Failed'])('as %s is asked about each time until it is described as ended', async (word) => {
    const { round, pass, described } = aService({
      describe: () => ({ kind: 'answered', snapshot: aJob({ phase: 'unknown', label: word }) }),
      list: () => listing(Array.from({ length: JOBS }, (_, job) => [job, job === 5 ? word : 'Importing'])),
    })
    await round()
    await pass(2_500)
    await round()
    expect(described().filter((job) => job === 5)).toHaveLength(2)
  })

  it('is described whatever the quota is', async () => {
    const { round, described } = aService({ jobs: 50, state: (job) => (job < 40 ? 'Completed' : 'Importing') })
    expect(labels(await round()).slice(0, 40)).toEqual(Array(40).fill('Completed'))
    expect(new Set(described())).toEqual(new Set(Array.from({ length: 40 }, (_, job) => job)))
  })

  it.each(['Uncommitted', 'Committing', 'Resharding'])('or as %s is described once', async (word) => {
    const { round, pass, described } = aService({ state: (job) => (job === 7 ? word : 'Importing') })
    for (let i = 0; i < 2; i += 1) {
      expect(labels(await round())[7]).toBe(word)
      await pass(2_500)
    }
    expect(described().filter((job) => job === 7)).toHaveLength(1)
  })
})

describe('running jobs', () => {
  it.each(['Pending', 'Importing'])('are described in turn also where all of them are %s', async (word) => {
    const { round, described } = aService({ state: () => word })
    expect(labels(await round())).toEqual(Array(JOBS).fill(word))
    expect(described()).toEqual([0, 1])
  })

  it.each([2_500, 10_000, 60_000])('are described in turn, two every %d ms, none twice before all', async (pauseMs) => {
    const { round, pass, described, asked } = aService({ jobs: 20 })
    for (let turn = 0; turn < 3; turn += 1) {
      for (let i = 0; i < 10; i += 1) {
        await round()
        await pass(pauseMs)
      }
      expect(described().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, job) => job))
      asked.splice(0)
    }
  })

  it('are described oldest first, also those that are polled seldom', async () => {
    const { round, pass, described } = aService({ jobs: 20 })
    const often = Array.from({ length: 16 }, (_, job) => job)
    for (let i = 0; i < 40; i += 1) {
      await round({ of: i % 4 === 3 ? [...often, 16, 17, 18, 19] : often })
      await pass(2_500)
    }
    const gaps = described().map((job, i, all) => i - all.lastIndexOf(job, i - 1))
    expect(Math.max(...gaps.slice(20))).toBeLessThanOrEqual(20 + 8)
    expect(new Set(described()).size).toBe(20)
  })

  it('go on being described when one of them cannot be', async () => {
    const { round, pass, described } = aService({ describe: (job) => (job === 0 ? outage() : undefined) })
    for (let i = 0; i < 8; i += 1) {
      await round()
      await pass(2_500)
    }
    expect(described().filter((job) => job === 1)).toHaveLength(2)
    expect(described().filter((job) => job === 0)).toHaveLength(2)
  })

  it('wait while descriptions of ended ones are being saved up for', async () => {
    const { round, pass, described, asked } = aService({
      jobs: 20,
      state: (job) => (job < 10 ? 'Completed' : 'Importing'),
    })
    await round()
    asked.splice(0)
    const running = { of: Array.from({ length: 10 }, (_, i) => 10 + i) }
    for (let i = 0; i < 4; i += 1) {
      await pass(2_500)
      await round(running)
    }
    expect(described()).toEqual([])
    await pass(2_500)
    await round(running)
    expect(described()).toEqual([10, 11])
  })

  it('do not wait for ever where others are missing in the list for long', async () => {
    const late = 3_600_000
    const shown = (atMs: number) => (atMs < late ? [4, 5, 6, 7] : [0, 1, 2, 3, 4, 5, 6, 7])
    const { round, pass, described, clock, asked } = aService({
      list: (atMs) => listing(shown(atMs).map((job) => [job, 'Importing'])),
    })
    while (clock.now() < late) {
      await round()
      await pass(10_000)
    }
    asked.splice(0)
    for (let i = 0; i < 12; i += 1) {
      await round()
      await pass(10_000)
    }
    expect(new Set(described())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]))
  })
})

describe('a list', () => {
  it('that misses a job leaves it to a description', async () => {
    const { round, described } = aService({
      list: () => listing([0, 1, 2, 3, 4, 5, 6].map((job) => [job, 'Importing'])),
      describe: (job) => (job === 7 ? unknownJob() : undefined),
    })
    expect(labels(await round())[7]).toBe('unknown-job')
    expect(described()).toContain(7)
  })

  it('that is refused is given up for good', async () => {
    const { round, pass, lists, described, asked } = aService({ list: () => declined() })
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    asked.splice(0)
    await pass(7_200_000)
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    expect([lists(), described()]).toEqual([0, [0, 1, 2, 3, 4, 5, 6, 7]])
  })

  it('that shows less than half of the jobs is done without for a minute', async () => {
    const few = listing([0, 1, 2].map((job) => [job, 'Importing']))
    const { round, pass, lists, described } = aService({ list: (atMs) => (atMs < 30_000 ? few : undefined) })
    await round()
    await pass(59_000)
    await round()
    expect([lists(), described().length]).toEqual([1, JOBS - 1 + JOBS])
    await pass(1_000)
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    expect(lists()).toBe(2)
  })

  it('that shows half of the jobs is asked for again', async () => {
    const { round, pass, lists } = aService({ list: () => listing([0, 1, 2, 3].map((job) => [job, 'Importing'])) })
    await round()
    await pass(2_500)
    await round()
    expect(lists()).toBe(2)
  })

  it('that asks for quiet gets it, and no description instead', async () => {
    const { round, described } = aService({ list: () => outage('http-429', 5_000) })
    expect(labels(await round())).toEqual(Array(JOBS).fill('outage'))
    expect(described()).toEqual([])
  })

  it('is not asked for by a gate of one poll, which wants the whole answer', async () => {
    const { round, lists, described } = aService()
    expect(labels(await round({ isLast: true }))).toEqual(Array(JOBS).fill('Importing'))
    expect([lists(), described().length]).toEqual([0, JOBS])
  })

  it('that hangs is not waited for, and is done without for five minutes', async () => {
    const { round, pass, lists, described, clock } = aService({ listTakesMs: 20_000 })
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    expect(clock.now()).toBe(3_000)
    await pass(299_000)
    await round()
    expect([lists(), described().length]).toEqual([1, 2 * JOBS])
    await pass(1_000)
    await round()
    expect(lists()).toBe(2)
  })

  it('that hangs when time is up leaves time for descriptions', async () => {
    const { conclusion } = await watched(
      { state: (_, atMs) => (atMs >= 30_000 ? 'Completed' : 'Importing'), listTakesMs: 60_000 },
      { timeoutMs: 30_000 },
    )
    expect(conclusion).toMatchObject({ kind: 'completed' })
  })

  it('that says that a job is of another collection is not believed', async () => {
    const { conclusion, asked } = await watched(
      {
        collectionName: 'films',
        describe: (_, atMs) =>
          answered(atMs >= 30_000 ? 'Completed' : 'Importing', { collectionName: 'films', importedRows: 1 }),
      },
      { expectedCollection: 'films' },
    )
    expect(conclusion).toMatchObject({ kind: 'completed' })
    expect(new Set(asked.slice(0, JOBS + 1).map(({ job }) => job)).size).toBe(JOBS + 1)
  })

  it('that says that a job is of another collection has it asked, once', async () => {
    const { round, pass, described } = aService({
      collectionName: 'films',
      describe: () => answered('Importing', { collectionName: 'films' }),
    })
    await round()
    expect(described()).toHaveLength(JOBS)
    await pass(2_500)
    expect(await round()).toEqual(
      Array(JOBS).fill(expect.objectContaining({ snapshot: expect.objectContaining({ collectionName: 'films' }) })),
    )
    expect(described().length).toBeLessThanOrEqual(JOBS + 2)
  })

  it('in an outage is done without for a minute', async () => {
    const { round, pass, lists, described, asked } = aService({
      list: (atMs) => (atMs < 30_000 ? outage() : undefined),
    })
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    await pass(59_000)
    await round()
    expect([lists(), described().length]).toEqual([1, 2 * JOBS])
    await pass(1_000)
    asked.splice(0)
    expect(labels(await round())).toEqual(Array(JOBS).fill('Importing'))
    expect(lists()).toBe(1)
    expect(described().length).toBeLessThanOrEqual(2)
  })
})

/** A whole gate over a service, in virtual time. */
async function watched(script: Script, policy: Partial<Policy> = {}) {
  const service = aService(script)
  const { clock, jobIds, poll } = service
  const seenAtMs = new Map<number, number>()
  let longestUnseenMs = 0
  let last: WatchEvent | undefined
  let polls = 0
  const watching = async () => {
    const watch = watchImports({
      selection: { kind: 'given', jobIds },
      policy: { ...DEFAULT_POLICY, ...policy },
      service: serviceThat({ pollerFor: () => poll }),
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: () => (polls++ % 10) / 10,
      interrupt: new AbortController().signal,
      startedAtMs: 0,
    })
    for await (const event of watch) {
      last = event
      if (event.kind !== 'polled') continue
      longestUnseenMs = Math.max(longestUnseenMs, event.view.nowMs - (seenAtMs.get(event.job) ?? 0))
      seenAtMs.set(event.job, event.view.nowMs)
    }
    return last
  }
  const end = await clock.until(watching())
  if (end?.kind !== 'ended') throw new Error('the watch did not end with its conclusion')
  const { conclusion, view } = end
  return { ...service, conclusion, longestUnseenMs, seen: seenAtMs.size, jobs: view.jobs, endedAtMs: view.nowMs }
}

describe('a gate over many jobs', () => {
  /** A hundred end one after another, in the soak over most of an hour, the others in its first minutes. */
  const oneByOne = (job: number, atMs: number) =>
    atMs >= 60_000 + job * (job >= 100 ? 200 : IS_SOAK ? 32_000 : 10_000) ? 'Completed' : 'Importing'

  it.each<[jobs: number, policy: Partial<Policy>]>([
    [IS_SOAK ? 1_000 : 150, { pollIntervalMs: 5_000 }],
    [100, {}],
  ])('of %d costs three requests a round over the whole wait, and sees each once a minute', async (jobs, policy) => {
    const { asked, lists, seen, conclusion, longestUnseenMs } = await watched({ jobs, state: oneByOne }, policy)
    expect(conclusion).toMatchObject({ kind: 'completed' })
    const lastListMs = Math.max(...asked.flatMap(({ job, atMs }) => (job === undefined ? atMs : [])))
    // What one round overdraws the next one saves.
    const whileMany = asked.filter(({ atMs }) => atMs < lastListMs)
    expect(whileMany.length / lists()).toBeLessThanOrEqual(3)
    expect(seen).toBe(jobs)
    expect(longestUnseenMs).toBeLessThanOrEqual(60_000)
  })

  it.each<[what: string, listed: Listed]>([
    ['is in an outage for good', outage()],
    ['is refused', declined()],
    ['shows nothing', listing([])],
  ])('passes although the list %s', async (_, listed) => {
    const { conclusion, jobs } = await watched({ state: oneByOne, list: () => listed }, { maxOutageMs: 30_000 })
    expect(conclusion).toMatchObject({ kind: 'completed' })
    expect(jobs.every(({ outage: error }) => error === undefined)).toBe(true)
  })

  it('asks a list again when time is up, and describes what has ended by then', async () => {
    const timeoutMs = 60_000
    const state = (job: number, atMs: number) => (job < 4 && atMs >= timeoutMs ? 'Completed' : 'Importing')
    const { conclusion, jobs, asked } = await watched({ state }, { timeoutMs })
    expect(conclusion).toMatchObject({ kind: 'timed-out' })
    expect(jobs.map(({ latest }) => latest?.label)).toEqual([
      ...Array<string>(4).fill('Completed'),
      ...Array<string>(4).fill('Importing'),
    ])
    expect(asked.filter(({ job, atMs }) => job === undefined && atMs >= timeoutMs)).toHaveLength(1)
  })

  it('says farewell by a list that is no older than the failure', async () => {
    const state = (job: number, atMs: number) => (job === 3 && atMs >= 30_000 ? 'Failed' : 'Importing')
    const { conclusion, asked, endedAtMs } = await watched({ jobs: 10, state })
    expect(conclusion).toMatchObject({ kind: 'failed' })
    const [failedAtMs = 0] = asked.flatMap(({ job, atMs }) => (job === 3 && atMs >= 30_000 ? atMs : []))
    expect(asked.some(({ job, atMs }) => job === undefined && atMs >= failedAtMs - 100 && atMs <= endedAtMs)).toBe(true)
  })

  it('passes only where the description of every job said Completed, whatever the list says', async () => {
    const word = fc.constantFrom('Completed', 'Failed', 'Importing', 'Pending', 'Uncommitted', 'completed', 'None')
    const property = fc.asyncProperty(
      fc.array(fc.array(word, { maxLength: JOBS + 2 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: JOBS, maxLength: JOBS }),
      async (lies, endsAtMs) => {
        let nth = 0
        const completed = new Set<number>()
        const { conclusion } = await watched(
          {
            describe: (job, atMs) => {
              const isCompleted = atMs >= (endsAtMs[job] ?? 0)
              if (isCompleted) completed.add(job)
              return answered(isCompleted ? 'Completed' : 'Importing', { importedRows: 1 })
            },
            list: () => listing((lies[nth++ % lies.length] ?? []).map((label, job) => [job, label])),
          },
          { timeoutMs: 60_000, onUncommitted: 'wait' },
        )
        expect(['completed', 'timed-out']).toContain(conclusion.kind)
        expect(conclusion.kind === 'completed').toBe(completed.size === JOBS)
      },
    )
    await fc.assert(property, cases(50))
  })
})
