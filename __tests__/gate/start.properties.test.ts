import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { endAtDeadline, newStart, nextSteps, recordStep } from '../../src/gate/start.ts'
import type { ImportPlan } from '../../src/gate/policy.ts'
import type { StartEnd, StartResult, StartStep } from '../../src/gate/start.ts'
import type { CreateResult, Listing, NoResponse } from '../../src/gate/import-service.ts'
import type { JobSnapshot, PollResult } from '../../src/gate/job.ts'
import { aFile, aJob, aTrouble } from '../support/builders.ts'
import { cases, timeFor } from '../support/soak.ts'

const FILES = [['a/1.parquet'], ['a/2.parquet']]
const LIMITS = { timeoutMs: 600_000, maxOutageMs: undefined }
const WALL_MS = Date.UTC(2026, 10, 23, 6, 0)
const error = aTrouble()

/** What happens to one create request. */
const CREATES = ['good', 'lost-before', 'lost-after', 'timed-out-after', 'not-sent', 'busy', 'refused-once'] as const

/** A service, and what befalls its requests; times in milliseconds. */
interface World {
  readonly honorsKey: boolean
  readonly showsFolders: boolean
  readonly createTimes: boolean
  /** How long a new job is missing in the list. */
  readonly lagMs: number
  /** How long a job runs, and when it lists its files, from its creation on. */
  readonly runsMs: number
  readonly filesAfterMs: number
  /** How the jobs of this run end, in the order in which they were created. */
  readonly fails: readonly boolean[]
  readonly creates: readonly (typeof CREATES)[number][]
  readonly faults: readonly ('good' | 'outage' | 'refused')[]
  /** Imports of others: when, and whether with files of the same names in another folder. */
  readonly others: readonly { readonly atMs: number; readonly isAlike: boolean }[]
  readonly knowsRunStart: boolean
}

interface Made {
  readonly jobId: string
  readonly isOurs: boolean
  readonly files: readonly string[]
  readonly atMs: number
  readonly fails: boolean
}

const worlds: fc.Arbitrary<World> = fc.record({
  honorsKey: fc.boolean(),
  showsFolders: fc.boolean(),
  createTimes: fc.boolean(),
  lagMs: fc.constantFrom(0, 0, 3_000, 12_000, 50_000),
  runsMs: fc.constantFrom(0, 8_000, 40_000, 1_000_000),
  filesAfterMs: fc.constantFrom(0, 2_000, 20_000),
  fails: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  creates: fc.array(fc.constantFrom('good', ...CREATES), { minLength: 1, maxLength: 6 }),
  faults: fc.array(fc.constantFrom('good', 'good', 'good', 'outage', 'refused'), { minLength: 1, maxLength: 12 }),
  others: fc.array(fc.record({ atMs: fc.nat(200_000), isAlike: fc.boolean() }), { maxLength: 4 }),
  knowsRunStart: fc.boolean(),
})

/** Plays attempts of a run, one after the other, until one has its job. */
class Service {
  readonly jobs: Made[] = []
  readonly duplicates: string[] = []
  private creations = 0
  private requests = 0
  private readonly keys = new Map<string, string>()
  private readonly world: World

  constructor(world: World) {
    this.world = world
    for (const { atMs, isAlike } of world.others) {
      this.make({ isOurs: false, files: [isAlike ? 'b/1.parquet' : 'b/9.parquet', 'b/2.parquet'], atMs, fails: false })
    }
  }

  private make(job: Omit<Made, 'jobId'>): string {
    const jobId = String(100 + this.jobs.length)
    this.jobs.push({ ...job, jobId })
    return jobId
  }

  private hasEnded({ atMs }: Made, nowMs: number): boolean {
    return nowMs >= atMs + this.world.runsMs
  }

  private carryOut(key: string, nowMs: number): string {
    const known = this.world.honorsKey ? this.keys.get(key) : undefined
    if (known !== undefined) return known
    const alive = this.jobs.find((job) => job.isOurs && !(job.fails && this.hasEnded(job, nowMs)))
    if (alive !== undefined) this.duplicates.push(alive.jobId)
    const ours = this.jobs.filter(({ isOurs }) => isOurs).length
    const files = FILES.flat()
    const jobId = this.make({ isOurs: true, files, atMs: nowMs, fails: this.world.fails[ours] ?? false })
    this.keys.set(key, jobId)
    return jobId
  }

  create(key: string, nowMs: number): CreateResult {
    const fate = this.world.creates[this.creations++ % this.world.creates.length]
    switch (fate) {
      case 'not-sent':
        return { kind: 'not-sent', error }
      case 'busy':
        return { kind: 'not-carried-out', error }
      case 'refused-once':
        return { kind: 'refused', error, mayPass: true }
      case 'lost-before':
        return { kind: 'lost', error, timedOut: false }
      case 'lost-after':
      case 'timed-out-after':
        this.carryOut(key, nowMs)
        return { kind: 'lost', error, timedOut: fate === 'timed-out-after' }
      case 'good':
      case undefined:
        return { kind: 'created', jobId: this.carryOut(key, nowMs) }
      default:
        return fate satisfies never
    }
  }

  private fault(): NoResponse | undefined {
    const fate = this.world.faults[this.requests++ % this.world.faults.length] ?? 'good'
    if (fate === 'refused') return { kind: 'refused', error, hostHasAnswered: false }
    return fate === 'good' ? undefined : { kind: 'outage', error }
  }

  list(nowMs: number): Listing {
    const visible = this.jobs.filter(({ atMs }) => atMs + this.world.lagMs <= nowMs)
    const jobs = visible.map(({ jobId }) => ({ jobId, phase: 'importing', label: 'Importing' }) as const)
    return this.fault() ?? { kind: 'listed', jobs }
  }

  describe(jobId: string, nowMs: number): PollResult {
    return this.fault() ?? { kind: 'answered', snapshot: this.snapshot(jobId, nowMs) }
  }

  snapshot(jobId: string, nowMs: number): JobSnapshot {
    const job = this.jobs.find((one) => one.jobId === jobId)!
    const { showsFolders, filesAfterMs, createTimes } = this.world
    const ended = this.hasEnded(job, nowMs)
    const shown = job.files.map((name) => (showsFolders ? name : name.slice(name.lastIndexOf('/') + 1)))
    return aJob({
      phase: !ended ? 'importing' : job.fails ? 'failed' : 'completed',
      createTime: createTimes ? new Date(WALL_MS + job.atMs).toISOString() : undefined,
      files: ended || nowMs >= job.atMs + filesAfterMs ? shown.map((name) => aFile({ name })) : [],
    })
  }
}

function played(step: StartStep, service: Service, world: World, atMs: number): StartResult {
  switch (step.kind) {
    case 'list':
      return { kind: 'list', result: service.list(atMs) }
    case 'create':
      return { kind: 'create', result: service.create(step.key, atMs) }
    case 'describe':
      return { kind: 'describe', jobId: step.jobId, result: service.describe(step.jobId, atMs) }
    case 'ask-job-start':
      return { kind: step.kind, jobId: step.jobId, result: { kind: 'answered', startTime: undefined } }
    case 'ask-run-start':
      return {
        kind: step.kind,
        result: world.knowsRunStart ? { kind: 'began', wallMs: WALL_MS } : { kind: 'unknown', error },
      }
  }
}

/** One attempt of the run: its end, and when it came. */
function attempted(service: Service, world: World, attempt: number, fromMs: number) {
  const plan: ImportPlan = { key: 'key', files: FILES, attempt }
  let state = newStart(fromMs)
  let nowMs = fromMs
  let requests = 0
  for (;;) {
    const [step] = nextSteps(state, plan).toSorted((a, b) => a.atMs - b.atMs)
    if (step === undefined) return { end: state.end!, nowMs, requests }
    const startedAtMs = Math.max(nowMs, step.atMs)
    if (startedAtMs >= fromMs + LIMITS.timeoutMs) return { end: endAtDeadline(state, nowMs), nowMs, requests }
    nowMs = startedAtMs + 100
    requests += 1
    if (requests > 10_000) throw new Error('never ends')
    const brought = played(step, service, world, nowMs)
    state = recordStep(state, plan, LIMITS, brought, { startedAtMs, endedAtMs: nowMs })
  }
}

function judge(world: World, service: Service, end: StartEnd, nowMs: number): void {
  if (end.kind === 'job') expect(service.jobs.find(({ jobId }) => jobId === end.jobId)).toMatchObject({ isOurs: true })
  if (end.kind !== 'start-failed' || (end.why !== 'ambiguous' && end.why !== 'no-run-start')) return
  const ours = service.jobs.filter((job) => job.isOurs && job.atMs + world.lagMs < nowMs && !job.fails)
  for (const { jobId } of ours) expect(end.jobIds).toContain(jobId)
}

describe('a start, with any service and any faults', () => {
  it(
    'never makes two imports of one, never takes the import of others, and names the ids where it cannot tell',
    () => {
      fc.assert(
        fc.property(worlds, (world) => {
          const service = new Service(world)
          let fromMs = 1_000
          for (let attempt = 1; attempt <= 4; attempt++) {
            const { end, nowMs } = attempted(service, world, attempt, fromMs)
            judge(world, service, end, nowMs)
            // A person re-runs the job, later than any list lags behind.
            fromMs = nowMs + 60_000
          }
          expect(service.duplicates).toEqual([])
        }),
        cases(1_000),
      )
    },
    timeFor(60_000),
  )

  it(
    'has its job on the first attempt where nothing goes wrong',
    () => {
      fc.assert(
        fc.property(worlds, (world) => {
          const calm = { ...world, faults: ['good'] as const, creates: ['good'] as const }
          expect(attempted(new Service(calm), calm, 1, 1_000).end).toMatchObject({ kind: 'job', started: true })
        }),
        cases(200),
      )
    },
    timeFor(60_000),
  )

  it(
    'finds an import whose response was lost, where the service shows folders and the list does not lag too long',
    () => {
      fc.assert(
        fc.property(worlds, (world) => {
          const lost = { ...world, faults: ['good'] as const, creates: ['lost-after'] as const, showsFolders: true }
          const kind = { ...lost, lagMs: 3_000, filesAfterMs: 2_000, others: [] }
          expect(attempted(new Service(kind), kind, 1, 1_000).end).toMatchObject({ kind: 'job', how: 'found' })
        }),
        cases(200),
      )
    },
    timeFor(60_000),
  )
})
