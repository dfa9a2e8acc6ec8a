import { describe, expect, it } from '@jest/globals'
import { DEFAULT_POLICY } from '../../../src/gate/policy.ts'
import type { Policy } from '../../../src/gate/policy.ts'
import { createStage } from '../../../src/gate/stage.ts'
import { startImport } from '../../../src/gate/stages/start.ts'
import type { CreateResult, Listing, RequestOptions } from '../../../src/gate/import-service.ts'
import { TIME_IS_UP } from '../../../src/gate/import-service.ts'
import type { PollResult } from '../../../src/gate/job.ts'
import { aFile, aJob, aTrouble } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../../support/services.ts'

const error = aTrouble()
const TIMED_OUT: CreateResult = {
  kind: 'lost',
  error: aTrouble({ kind: 'timeout', outcome: 'timeout' }),
  timedOut: true,
}
const listed = (...jobIds: readonly string[]): Listing => ({
  kind: 'listed',
  jobs: jobIds.map((jobId) => ({ jobId, phase: 'importing', label: 'Importing' })),
})
const OURS: PollResult = {
  kind: 'answered',
  snapshot: aJob({
    createTime: new Date(WALL_CLOCK_MS).toISOString(),
    files: [aFile({ name: 'a/1.parquet' })],
  }),
}

/** Results in turn, the last one again and again; a number is how long a request hangs. */
interface Script {
  readonly list: readonly Listing[]
  readonly create: readonly (CreateResult | number)[]
  readonly policy?: Partial<Policy>
  readonly attempt?: number
  readonly interruptAtMs?: number
}

/** A start in virtual time: how it ended, and what was sent when. */
async function started({ list, create, policy = {}, attempt = 1, interruptAtMs }: Script) {
  const clock = new FakeClock()
  const interrupt = new AbortController()
  const sent: (readonly [what: string, atMs: number])[] = []
  const next = async <R>(what: string, script: readonly (R | number)[], { turn, signal }: RequestOptions, cut: R) => {
    if (!(await turn())) return { kind: 'cancelled' } as const
    const nth = sent.filter(([other]) => other.split(' ')[0] === what.split(' ')[0]).length
    sent.push([what, clock.now()])
    const result = script[Math.min(nth, script.length - 1)]!
    if (typeof result !== 'number') return result
    await clock.sleep(result, signal)
    return signal.reason === TIME_IS_UP ? cut : ({ kind: 'cancelled' } as const)
  }
  const stage = createStage({
    selection: { kind: 'given', jobIds: ['unused'] },
    policy: { ...DEFAULT_POLICY, ...policy },
    service: serviceThat({
      list: (options) => next('list', list, options, { kind: 'outage', error }),
      create: ({ idempotencyKey }, options) => next(`create ${idempotencyKey}`, create, options, TIMED_OUT),
      pollerFor: () => (jobId, options) => next(`describe ${jobId}`, [OURS], options, { kind: 'outage', error }),
    }),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0,
    interrupt: interrupt.signal,
    startedAtMs: 0,
    runStart: () => Promise.resolve({ kind: 'began', wallMs: WALL_CLOCK_MS }),
  })
  const run = (async () => {
    const start = startImport(stage, {
      body: '{}',
      collectionName: 'docs',
      key: 'k',
      files: [['a/1.parquet']],
      isTwoPhase: false,
      attempt,
    })
    for (;;) {
      const step = await start.next()
      if (step.done === true) return step.value
    }
  })()
  if (interruptAtMs !== undefined) {
    void clock.sleep(interruptAtMs).then(() => {
      interrupt.abort('SIGINT')
    })
  }
  await clock.until(run)
  stage.engine.close()
  return { end: await run, sent }
}

describe('the start of an import', () => {
  it('lists the jobs, then sends one request', async () => {
    const { end, sent } = await started({ list: [listed('1')], create: [{ kind: 'created', jobId: '2' }] })
    expect(end).toEqual({ kind: 'job', jobId: '2', started: true, how: 'created' })
    expect(sent.map(([what]) => what)).toEqual(['list', 'create k'])
  })

  it('finds the import whose response was lost, and never sends the request again', async () => {
    const { end, sent } = await started({
      list: [listed('1'), listed('1'), listed('1', '2')],
      create: [{ kind: 'lost', error, timedOut: false }],
    })
    expect(end).toMatchObject({ kind: 'job', jobId: '2', how: 'found' })
    expect(sent.map(([what]) => what)).toEqual(['list', 'create k', 'list', 'list', 'describe 2'])
    expect(sent[3]![1] - sent[2]![1]).toBe(5_000)
  })

  it('takes over the import of an earlier attempt', async () => {
    const { end, sent } = await started({ list: [listed('1')], create: [], attempt: 2 })
    expect(end).toEqual({ kind: 'job', jobId: '1', started: false, how: 'taken-over' })
    expect(sent.map(([what]) => what)).toEqual(['list', 'describe 1'])
  })

  it('sends again what was not sent, until the service is unreachable', async () => {
    const { end } = await started({ list: [listed()], create: [{ kind: 'not-sent', error }] })
    expect(end).toMatchObject({ kind: 'unreachable', error })
  })

  it('has failed at the deadline where a request is still in flight, which gets two seconds more', async () => {
    const policy = { timeoutMs: 10_000 }
    const { end, sent } = await started({ list: [listed()], create: [1_000_000], policy })
    expect(end).toMatchObject({ kind: 'start-failed', why: 'lost', jobIds: [] })
    expect(sent.map(([what]) => what)).toEqual(['list', 'create k'])
  })

  it('sends one list and one request with timeout: 0', async () => {
    const policy = { timeoutMs: 0 }
    const good = await started({ list: [listed()], create: [{ kind: 'created', jobId: '2' }], policy })
    expect(good.end).toMatchObject({ kind: 'job', jobId: '2' })
    const busy = await started({ list: [listed()], create: [{ kind: 'not-carried-out', error }], policy })
    expect(busy.end).toMatchObject({ kind: 'start-failed', why: 'deadline' })
    expect(busy.sent.map(([what]) => what)).toEqual(['list', 'create k'])
  })

  it('stops on a signal', async () => {
    const { end } = await started({ list: [listed()], create: [1_000_000], interruptAtMs: 3_000 })
    expect(end).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGINT' })
  })
})
