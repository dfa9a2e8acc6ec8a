import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { decodeJob } from '../../src/service/decode.ts'
import type { RequestOptions } from '../../src/gate/import-service.ts'
import { TIME_IS_UP } from '../../src/gate/import-service.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { aPolicy } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'
import { declined, outage } from '../support/watching.ts'

/** How a two-phase job goes where nobody touches it, in milliseconds since the start. */
export interface TwoPhaseJob {
  readonly restsFromMs: number
  readonly rows: number
  /** Failed by itself, wherever it is then, unless it is through. */
  readonly failsAtMs: number | undefined
  /** Committed by somebody else. */
  readonly committedAtMs: number | undefined
  readonly committingMs: number
}

/** What becomes of a request: as it should, lost before or after it was carried out, or declined. */
export type Fate = 'well' | 'lost' | 'carried out and lost' | 'refused'

/** Two-phase jobs, what happens to the requests in turn, and what the user asked for. */
export interface World {
  readonly jobs: readonly TwoPhaseJob[]
  /** Of the polls and of the commits and aborts, one after the other; afterwards all goes well. */
  readonly polls: readonly Fate[]
  readonly acts: readonly Fate[]
  readonly tookMs: number
  readonly policy: Policy
  readonly interruptAtMs: number | undefined
}

/** One request, and what the service did and said. */
export interface PlayedRequest {
  readonly kind: 'poll' | 'commit' | 'abort'
  readonly job: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** Its place among all starts and ends: much can happen at the same moment of virtual time. */
  readonly startedNth: number
  readonly endedNth: number
  /** The state of the job when the request came in, and its rows. */
  readonly state: string
  readonly said: PollResult['kind'] | CommitResult['kind']
}

export interface PlayedWorld {
  readonly world: World
  readonly requests: readonly PlayedRequest[]
  readonly conclusion: Conclusion
  readonly endedAtMs: number
  /** Who has committed each job; undefined where nobody has. */
  readonly committed: readonly ('by the gate' | 'by somebody else' | undefined)[]
}

const fates = (weights: Readonly<Record<Fate, number>>): Arbitrary<readonly Fate[]> =>
  fc.array(
    fc.oneof(...Object.entries(weights).map(([fate, weight]) => ({ weight, arbitrary: fc.constant(fate as Fate) }))),
    { maxLength: 12 },
  )

const rarely = (ms: Arbitrary<number>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ms })

const aJob: Arbitrary<TwoPhaseJob> = fc.record({
  restsFromMs: fc.oneof(fc.constant(0), fc.nat(20_000)),
  rows: fc.oneof({ weight: 9, arbitrary: fc.constant(10) }, { weight: 1, arbitrary: fc.constant(0) }),
  failsAtMs: rarely(fc.nat(60_000)),
  committedAtMs: rarely(fc.nat(60_000)),
  committingMs: fc.oneof(fc.constant(0), fc.nat(10_000)),
})

/** Any two-phase imports, for any user who lets the gate commit. */
export const anyWorld: Arbitrary<World> = fc.record({
  jobs: fc.array(aJob, { minLength: 1, maxLength: 4 }),
  polls: fates({ well: 8, lost: 2, 'carried out and lost': 0, refused: 0 }),
  acts: fates({ well: 4, lost: 2, 'carried out and lost': 2, refused: 1 }),
  tookMs: fc.constantFrom(0, 0, 50, 700),
  policy: fc
    .record({
      timeoutMs: fc.oneof(fc.constant(0), fc.nat(30_000), fc.constant(300_000)),
      onTimeout: fc.constantFrom('fail' as const, 'pass' as const),
      maxOutageMs: fc.constantFrom(undefined, 10_000),
      expectedRows: fc.constantFrom(undefined, { min: 20, max: undefined }),
      onUncommitted: fc.constantFrom('commit' as const, 'commit' as const, 'wait' as const, 'fail' as const),
      abortUncommitted: fc.boolean(),
    })
    .map(aPolicy),
  interruptAtMs: rarely(fc.nat(40_000)),
})

/** A world in which the jobs come to rest, and whose requests are sometimes lost, but not for long: the gate passes. */
export const kindWorld: Arbitrary<World> = fc.record({
  jobs: fc.array(
    aJob.map((job) => ({ ...job, rows: 10, failsAtMs: undefined })),
    { minLength: 1, maxLength: 4 },
  ),
  polls: fates({ well: 3, lost: 1, 'carried out and lost': 0, refused: 0 }),
  acts: fates({ well: 2, lost: 1, 'carried out and lost': 1, refused: 0 }),
  tookMs: fc.constantFrom(0, 50, 700),
  policy: fc
    .boolean()
    .map((abortUncommitted) =>
      aPolicy({ timeoutMs: 3_600_000, maxOutageMs: 300_000, onUncommitted: 'commit', abortUncommitted }),
    ),
  interruptAtMs: fc.constant(undefined),
})

/** A whole gate over such a world, in virtual time. */
export async function playWorld(world: World): Promise<PlayedWorld> {
  const clock = new FakeClock()
  const requests: PlayedRequest[] = []
  const interrupt = new AbortController()
  const jobs = world.jobs.map((job) => ({ ...job, abortedAtMs: Infinity, isCommittedByGate: false }))
  const nth = { polls: 0, acts: 0, moments: 0 }

  const stateOf = (job: (typeof jobs)[number]): string => {
    const now = clock.now()
    const { restsFromMs, failsAtMs = Infinity, committedAtMs = Infinity, committingMs, abortedAtMs } = job
    // Nobody commits what does not rest.
    const committingFromMs = Math.max(restsFromMs, committedAtMs)
    const endsAtMs = Math.min(failsAtMs, abortedAtMs)
    if (now >= endsAtMs && endsAtMs <= committingFromMs) return 'Failed'
    if (now >= committingFromMs + committingMs) return 'Completed'
    if (now >= committingFromMs) return 'Committing'
    return now >= restsFromMs ? 'Uncommitted' : 'Importing'
  }
  const carryOut = (kind: 'commit' | 'abort', job: (typeof jobs)[number], state: string): CommitResult => {
    if (kind === 'commit' && state === 'Uncommitted')
      Object.assign(job, { committedAtMs: clock.now(), isCommittedByGate: true })
    if (kind === 'abort' && (state === 'Uncommitted' || state === 'Importing')) job.abortedAtMs = clock.now()
    const isDone =
      kind === 'commit'
        ? ['Uncommitted', 'Committing', 'Completed'].includes(state)
        : ['Uncommitted', 'Importing', 'Failed'].includes(state)
    return isDone ? { kind: 'done' } : declined()
  }

  /** One request: it comes in at once, and its answer goes out later. */
  const ask = async <A extends PollResult | CommitResult>(
    kind: PlayedRequest['kind'],
    index: number,
    { signal, turn }: RequestOptions,
    fate: Fate,
    answer: (state: string) => A,
  ): Promise<A> => {
    const job = jobs[index]
    if (job === undefined || !(await turn())) return { kind: 'cancelled' } as A
    const startedAtMs = clock.now()
    const startedNth = nth.moments++
    const state = stateOf(job)
    const isCarriedOut = fate === 'well' || fate === 'carried out and lost'
    const carriedOut = isCarriedOut ? answer(state) : undefined
    if (world.tookMs > 0) await clock.sleep(world.tookMs, signal)
    const isCut = signal.aborted
    const lost = outage() as A
    const said: A = isCut
      ? signal.reason === TIME_IS_UP
        ? lost
        : ({ kind: 'cancelled' } as A)
      : fate === 'refused'
        ? (declined() as unknown as A)
        : fate === 'well'
          ? (carriedOut ?? lost)
          : lost
    const endedNth = nth.moments++
    requests.push({
      kind,
      job: index,
      startedAtMs,
      endedAtMs: clock.now(),
      startedNth,
      endedNth,
      state,
      said: said.kind,
    })
    return said
  }
  const idOf = (jobId: string) => Number(jobId.slice(4))
  const act = (kind: 'commit' | 'abort') => (jobId: string, options: RequestOptions) => {
    const index = idOf(jobId)
    const job = jobs[index]
    return ask<CommitResult>(kind, index, options, world.acts[nth.acts++] ?? 'well', (state) =>
      job === undefined ? declined() : carryOut(kind, job, state),
    )
  }

  const watching = (async () => {
    const watch = watchImports({
      selection: { kind: 'given', jobIds: world.jobs.map((_, i) => `job-${i}`) },
      policy: world.policy,
      service: serviceThat({
        pollerFor: () => (jobId, options) =>
          ask<PollResult>('poll', idOf(jobId), options, world.polls[nth.polls++] ?? 'well', (state) =>
            snapshotOf(state, world.jobs[idOf(jobId)]?.rows ?? 0),
          ),
        commit: act('commit'),
        abort: act('abort'),
      }),
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: () => 0,
      interrupt: interrupt.signal,
      startedAtMs: clock.now(),
    })
    for await (const event of watch) if (event.kind === 'ended') return event.conclusion
    throw new Error('the watch ended without a conclusion')
  })()
  if (world.interruptAtMs !== undefined) {
    void clock.sleep(world.interruptAtMs).then(() => {
      interrupt.abort('SIGINT')
    })
  }
  const conclusion = await clock.until(watching)
  const committed = jobs.map((job) => {
    if (job.isCommittedByGate) return 'by the gate'
    return ['Committing', 'Completed'].includes(stateOf(job)) ? 'by somebody else' : undefined
  })
  return { world, requests, conclusion, endedAtMs: clock.now(), committed }
}

function snapshotOf(state: string, rows: number): PollResult {
  const progress = { Importing: 50, Uncommitted: 99, Committing: 99, Completed: 100, Failed: 0 }[state]
  const snapshot = decodeJob({ state, progress, importedRows: rows, totalRows: rows }, String)
  if (snapshot === undefined) throw new Error('an answer without a state')
  return { kind: 'answered', snapshot }
}
