import { describe, expect, it } from '@jest/globals'
import { baselineOf, checkBaselines, nextBaseline, recordBaseline } from '../../src/gate/baselines.ts'
import type { Baselines } from '../../src/gate/baselines.ts'
import { attempted } from '../../src/gate/commits.ts'
import type { JobSnapshot } from '../../src/gate/job.ts'
import { aHistory, aJob, aTrouble } from '../support/builders.ts'
import { rows, stored } from '../support/searching.ts'

const job = (but: Partial<JobSnapshot>) =>
  aHistory({ jobId: '1', polls: [[0, aJob({ totalRows: undefined, ...but })]] })
const PENDING = job({ phase: 'pending', importedRows: 0 })
const RUNNING = job({ phase: 'importing', importedRows: 7 })
const at = (endedAtMs: number) => ({ startedAtMs: endedAtMs, endedAtMs })
const count = { name: 'books', step: 'count', atMs: 0, isFirst: true } as const
const rowCount = { ...count, step: 'stored' } as const

/** `count(*)` at 1 s and `rowCount` at 2 s, while all jobs are pending. */
const TAKEN: Baselines = recordBaseline(
  recordBaseline([], count, rows(10), at(1_000), [PENDING, PENDING]),
  rowCount,
  stored(12),
  at(2_000),
  [PENDING, PENDING],
)
const poll = (but: Partial<JobSnapshot>, isFromList = false) =>
  ({ kind: 'answered', snapshot: aJob({ totalRows: undefined, ...but }), isFromList }) as const

describe('the next request for an early baseline', () => {
  it.each([
    ['to count, while no job is Completed or Committing', [PENDING, RUNNING], 'count'],
    ['none before every job was polled', [PENDING, aHistory({ jobId: '2' })], undefined],
    ...(['committing', 'completed', 'unknown'] as const).map(
      (phase) => [`none once a job is ${phase}`, [PENDING, job({ phase })], undefined] as const,
    ),
  ] as const)('is %s', (_, jobs, step) => {
    expect(nextBaseline([], ['books'], jobs)?.step).toBe(step)
  })

  it.each([
    ['while every job says that no row is imported', PENDING, 'stored'],
    ['while a job that says nothing is pending', job({ phase: 'pending', importedRows: undefined }), 'stored'],
    ['not once a row is imported', RUNNING, undefined],
    ['not once a job that says nothing runs', job({ importedRows: undefined }), undefined],
  ])('is for the stored rows %s', (_, one, step) => {
    const counted = recordBaseline([], count, rows(10), at(1_000), [PENDING])
    expect(nextBaseline(counted, ['books'], [one])?.step).toBe(step)
  })

  it('is tried again after ten seconds, three times in all', () => {
    const outage = { kind: 'outage', error: aTrouble() } as const
    const once = recordBaseline([], count, outage, at(1_000), [PENDING])
    expect(nextBaseline(once, ['books'], [PENDING])).toMatchObject({ atMs: 11_000, isFirst: false })
    const thrice = [2_000, 3_000].reduce((all, ms) => recordBaseline(all, count, outage, at(ms), [PENDING]), once)
    expect(nextBaseline(thrice, ['books'], [PENDING])).toBeUndefined()
    const counted = recordBaseline(once, count, rows(10), at(11_000), [PENDING])
    expect(nextBaseline(counted, ['books'], [PENDING])).toMatchObject({ step: 'stored', isFirst: true })
  })
})

describe('an early baseline', () => {
  it('has no count that came once a job was through', () => {
    const late = recordBaseline([], count, rows(10), at(1_000), [job({ phase: 'completed' })])
    expect(baselineOf(late, ['books'])).toBeUndefined()
  })

  it.each([
    [
      'once a later poll of every job confirms them',
      [0, 1].map((i) => [i, poll({ phase: 'pending', importedRows: 0 }), 3_000] as const),
      12,
    ],
    ['not before', [[0, poll({ phase: 'pending', importedRows: 0 }), 3_000]], undefined],
    [
      'not by polls that began earlier',
      [0, 1].map((i) => [i, poll({ phase: 'pending', importedRows: 0 }), 1_900] as const),
      undefined,
    ],
    [
      'not where a row was imported by the next poll',
      [
        [0, poll({ importedRows: 1 }), 3_000],
        [0, poll({ importedRows: 0 }), 4_000],
        [1, poll({ importedRows: 0 }), 4_000],
      ],
      undefined,
    ],
    [
      'not by a list that has rows of an earlier poll',
      [0, 1].map((i) => [i, poll({ importedRows: 0 }, true), 3_000] as const),
      undefined,
    ],
  ] as const)('has stored rows that count %s', (_, polls, expected) => {
    const checked = polls.reduce((all, [i, result, ms]) => checkBaselines(all, i, result, at(ms), PENDING), TAKEN)
    expect(baselineOf(checked, ['books'])).toMatchObject({ rows: 10, rowCount: expected })
  })

  const COMMITTED = { commit: attempted(undefined, { kind: 'done' }, at(2_500)) }
  it.each([
    ['says that it imports', poll({}), 3_000, PENDING, true],
    ['says so in a list', poll({}, true), 3_000, PENDING, true],
    ['says that it is through, as it may have been before', poll({ phase: 'completed' }), 3_000, PENDING, false],
    ['says a word that is not known', poll({ phase: 'unknown' }), 3_000, PENDING, false],
    ['began before the count', poll({}), 900, PENDING, false],
    ['brings no answer', { kind: 'outage', error: aTrouble() }, 3_000, PENDING, false],
    ['follows a commit by the gate', poll({ phase: 'completed' }), 3_000, COMMITTED, true],
  ] as const)('counts as early or not where the next poll %s', (_, result, ms, history, isEarly) => {
    const counted = recordBaseline([], count, rows(10), at(1_000), [PENDING])
    const checked = checkBaselines(counted, 0, result, at(ms), history)
    expect(baselineOf(checked, ['books'])).toEqual({ rows: 10, rowCount: undefined, isEarly })
  })

  it('is that of any name of the collection, of one with stored rows where there is one', () => {
    const alias = { name: 'alias', atMs: 0, isFirst: true } as const
    const counted = recordBaseline(TAKEN, { ...alias, step: 'count' }, rows(10), at(1_000), [PENDING])
    const confirmed = [0, 1].reduce(
      (all, i) => checkBaselines(all, i, poll({ phase: 'pending', importedRows: 0 }), at(3_000), PENDING),
      counted,
    )
    const expected = { rows: 10, rowCount: 12, isEarly: true }
    expect(baselineOf(confirmed, ['alias', 'books'])).toEqual(expected)
    expect(baselineOf(confirmed, ['untried', 'alias'])).toEqual({ ...expected, rowCount: undefined })
    const recounted = recordBaseline(confirmed, { ...alias, step: 'count' }, rows(9), at(4_000), [PENDING])
    const early = recordBaseline(recounted, { ...alias, name: 'other', step: 'count' }, rows(10), at(2_000), [])
    expect(baselineOf(early, ['alias', 'other'])).toEqual({ ...expected, rowCount: undefined })
  })
})
