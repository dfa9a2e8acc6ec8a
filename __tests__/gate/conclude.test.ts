import { describe, expect, it } from '@jest/globals'
import { conclude, judgeAll, rowCount, rowsHold, serviceHasAnswered } from '../../src/gate/conclude.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

/** A job after polls one second apart. */
function jobAfter(...observations: readonly PollResult[]): History {
  return observations.reduce(
    (history, result, i) => record(history, result, { startedAtMs: i * 1000, endedAtMs: i * 1000 }),
    newHistory('1'),
  )
}

function concludeFor(jobs: readonly History[], policy: Partial<Policy> = {}, timeIsUp = false) {
  const full = { ...DEFAULT_POLICY, ...policy }
  return conclude(jobs, judgeAll(jobs, full, timeIsUp), full)
}

const running = answered('Importing', { progress: 40 })
const completed = (rows?: { importedRows?: number; totalRows?: number }) =>
  jobAfter(answered('Completed', { collectionName: 'mine', ...rows }))
const uncommitted = (importedRows = 5) => jobAfter(answered('Uncommitted', { importedRows }))

// One job for each end, in the order of precedence.
const ENDS: readonly (readonly [kind: string, job: History])[] = [
  ['rejected', jobAfter(refused(), refused(), refused())],
  ['failed', jobAfter(answered('Failed'))],
  ['wrong-collection', jobAfter(answered('Importing', { collectionName: 'other' }))],
  ['not-found', jobAfter(running, unknownJob(), unknownJob())],
  ['stalled', jobAfter(running, running, running, running)],
  ['unreachable', jobAfter(outage(), outage(), outage())],
  ['uncommitted', uncommitted()],
  ['timed-out', jobAfter(running)],
]
const ENDING: Partial<Policy> = { expectedCollection: 'mine', stallTimeoutMs: 3000, maxOutageMs: 2000 }

describe('the conclusion over all jobs', () => {
  const pairs = ENDS.flatMap(([first, one], i) =>
    ENDS.slice(i).map(([second, other]) => ({ first, second, one, other })),
  )

  it.each(pairs)(
    'is $first where one job ends $first and another $second, in either order',
    ({ first, one, other }) => {
      expect(concludeFor([one, other], ENDING, true)?.kind).toBe(first)
      expect(concludeFor([other, one], ENDING, true)?.kind).toBe(first)
    },
  )

  it.each(ENDS)('names the job that is %s', (_kind, job) => {
    expect(concludeFor([completed({ importedRows: 1 }), job], ENDING, true)).toMatchObject({ jobs: [1], passes: false })
  })

  it('says what the deciding job has that the others have not', () => {
    const fine = completed({ importedRows: 1 })
    const facts = (job: History, policy = ENDING) => concludeFor([fine, job, job], policy, true)
    const [rejected, , elsewhere, notFound, stalled, unreachable] = ENDS.map(([, job]) => facts(job))
    expect(rejected).toMatchObject({ jobs: [1, 2], error: { outcome: 'code-1800' } })
    expect(elsewhere).toMatchObject({ jobs: [1, 2], expected: 'mine' })
    expect(notFound).toMatchObject({ jobs: [1, 2], error: { outcome: 'unknown-job' } })
    expect(stalled).toMatchObject({ jobs: [1, 2], idleMs: 3000 })
    expect(unreachable).toMatchObject({ jobs: [1, 2], outageMs: 2000, error: { outcome: 'http-502' } })
  })

  it('counts an outage from the last usable response up to the last poll', () => {
    const job = jobAfter(running, running, outage(), outage(), outage(), outage())
    expect(concludeFor([job], { maxOutageMs: 3000 })).toMatchObject({ kind: 'unreachable', outageMs: 4000 })
  })

  it('knows neither an outage nor its cause where nobody has polled', () => {
    expect(concludeFor([newHistory('1')], {}, true)).toEqual({
      kind: 'unreachable',
      passes: false,
      jobs: [0],
      error: undefined,
      outageMs: 0,
    })
  })

  it('fails for a job of another collection even where no collection was asked for', () => {
    const verdicts = [{ kind: 'ended', as: 'wrong-collection' }] as const
    expect(conclude([jobAfter(running)], verdicts, DEFAULT_POLICY)).toEqual({
      kind: 'wrong-collection',
      passes: false,
      jobs: [0],
      expected: '',
    })
  })

  it.each(['rejected', 'not-found'] as const)('is none where a job is said to be %s and nobody said why', (as) => {
    expect(conclude([jobAfter(running)], [{ kind: 'ended', as }], DEFAULT_POLICY)).toBeUndefined()
  })

  it('is none where not every job has been judged', () => {
    const ready = { kind: 'ready', as: 'completed' } as const
    const one = completed({ importedRows: 1 })
    expect(conclude([one, one], [ready], DEFAULT_POLICY)).toBeUndefined()
    expect(conclude([one, one], [ready, ready], DEFAULT_POLICY)).toEqual({ kind: 'completed', passes: true })
  })

  it('waits while any job is unfinished', () => {
    expect(concludeFor([completed({ importedRows: 1 }), jobAfter(running)])).toBeUndefined()
    expect(concludeFor([completed({ importedRows: 1 }), newHistory('2')])).toBeUndefined()
  })

  it('never takes an empty list for success', () => {
    expect(concludeFor([])).toBeUndefined()
    expect(concludeFor([], {}, true)).toBeUndefined()
  })

  it('passes a timeout only where the user says so', () => {
    expect(concludeFor([jobAfter(running)], { onTimeout: 'fail' }, true)).toMatchObject({
      kind: 'timed-out',
      passes: false,
    })
    expect(concludeFor([jobAfter(running)], { onTimeout: 'pass' }, true)).toMatchObject({
      kind: 'timed-out',
      passes: true,
    })
  })

  it.each([['unreachable', jobAfter(outage())] as const, ['not-found', jobAfter(unknownJob())] as const])(
    'does not pass a timeout of a job that nobody ever saw: %s',
    (kind, job) => {
      expect(concludeFor([job], { onTimeout: 'pass' }, true)).toMatchObject({ kind, passes: false })
    },
  )

  it('passes Uncommitted jobs, together with Completed ones, where asked', () => {
    const policy = { onUncommitted: 'pass' } as const
    expect(concludeFor([uncommitted(), completed({ importedRows: 1 })], policy)).toEqual({
      kind: 'uncommitted',
      passes: true,
      jobs: [0],
    })
    expect(concludeFor([uncommitted(), jobAfter(answered('Committing'))], policy)).toBeUndefined()
    expect(concludeFor([uncommitted(0)], policy)?.kind).toBe('rows-not-met')
  })
})

describe('the row gate', () => {
  const exactly = (rows: number) => ({ min: rows, max: rows })
  const CASES: readonly {
    when: string
    jobs: readonly History[]
    expectedRows?: Policy['expectedRows']
    kind: string
  }[] = [
    { when: 'rows came in', jobs: [completed({ importedRows: 1 })], kind: 'completed' },
    { when: 'nothing came in', jobs: [completed({ importedRows: 0 })], kind: 'rows-not-met' },
    { when: 'nothing came in of many', jobs: [completed({ importedRows: 0, totalRows: 9 })], kind: 'rows-not-met' },
    { when: 'only the total is said', jobs: [completed({ totalRows: 9 })], kind: 'completed' },
    { when: 'the total is zero', jobs: [completed({ totalRows: 0 })], kind: 'rows-not-met' },
    { when: 'nothing is said', jobs: [completed()], kind: 'completed' },
    {
      when: 'one job has rows',
      jobs: [completed({ importedRows: 0 }), completed({ importedRows: 3 })],
      kind: 'completed',
    },
    {
      when: 'one job says zero and one says nothing',
      jobs: [completed({ importedRows: 0 }), completed()],
      kind: 'rows-not-met',
    },
    {
      when: 'exactly what was expected',
      jobs: [completed({ importedRows: 9 })],
      expectedRows: exactly(9),
      kind: 'completed',
    },
    { when: 'one too few', jobs: [completed({ importedRows: 8 })], expectedRows: exactly(9), kind: 'rows-not-met' },
    { when: 'one too many', jobs: [completed({ importedRows: 10 })], expectedRows: exactly(9), kind: 'rows-not-met' },
    {
      when: 'an expected nothing',
      jobs: [completed({ importedRows: 0 })],
      expectedRows: exactly(0),
      kind: 'completed',
    },
    {
      when: 'the sum over the jobs',
      jobs: [completed({ importedRows: 4 }), completed({ totalRows: 5 })],
      expectedRows: exactly(9),
      kind: 'completed',
    },
    {
      when: 'at least',
      jobs: [completed({ importedRows: 9 })],
      expectedRows: { min: 9, max: undefined },
      kind: 'completed',
    },
    {
      when: 'less than at least',
      jobs: [completed({ importedRows: 8 })],
      expectedRows: { min: 9, max: undefined },
      kind: 'rows-not-met',
    },
    {
      when: 'below the range',
      jobs: [completed({ importedRows: 8 })],
      expectedRows: { min: 9, max: 11 },
      kind: 'rows-not-met',
    },
    {
      when: 'at the top of the range',
      jobs: [completed({ importedRows: 11 })],
      expectedRows: { min: 9, max: 11 },
      kind: 'completed',
    },
    {
      when: 'above the range',
      jobs: [completed({ importedRows: 12 })],
      expectedRows: { min: 9, max: 11 },
      kind: 'rows-not-met',
    },
    {
      when: 'a demand and no number',
      jobs: [completed()],
      expectedRows: { min: 0, max: undefined },
      kind: 'rows-not-met',
    },
    {
      when: 'a demand and one job without a number',
      jobs: [completed({ importedRows: 99 }), completed()],
      expectedRows: { min: 1, max: undefined },
      kind: 'rows-not-met',
    },
  ]

  it.each(CASES)('$when: $kind', ({ jobs, expectedRows, kind }) => {
    expect(concludeFor(jobs, { expectedRows })?.kind).toBe(kind)
  })

  it('counts what the last answer said, not what an earlier one did', () => {
    const job = jobAfter(answered('Importing', { importedRows: 7 }), answered('Completed', { importedRows: 0 }))
    expect(concludeFor([job])?.kind).toBe('rows-not-met')
  })
})

describe('the rows of all jobs', () => {
  it.each([
    ['are those of all together', [completed({ importedRows: 4 }), completed({ totalRows: 5 })], 9, true],
    ['are those of the jobs that say', [completed({ importedRows: 4 }), completed()], 4, false],
    ['are unknown where none says', [completed(), completed()], undefined, false],
    ['are unknown where nobody has polled', [newHistory('1')], undefined, false],
  ] as const)('%s', (_, jobs, known, complete) => {
    expect(rowCount(jobs)).toEqual({ known, complete })
  })

  it('do not hold where nobody knows them and rows are asked for, even none', () => {
    expect(rowsHold([], { ...DEFAULT_POLICY, expectedRows: { min: 0, max: 0 } })).toBe(false)
  })
})

describe('the service has answered', () => {
  it.each([
    ['not where nobody has polled', newHistory('1'), false],
    ['not where there was only an outage', jobAfter(outage()), false],
    ['not where it only refuses', jobAfter(refused()), false],
    ['where it says anything of a job', jobAfter(running), true],
    ['where it does not know a job', jobAfter(unknownJob()), true],
    ['where it has listed a job', newHistory('1', { wasListed: true }), true],
  ])('%s', (_, job, expected) => {
    expect(serviceHasAnswered([job])).toBe(expected)
    expect(serviceHasAnswered([newHistory('2'), job])).toBe(expected)
  })
})
