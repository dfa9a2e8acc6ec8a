import { describe, expect, it } from '@jest/globals'
import { withoutAbsence } from '../../src/gate/faults.ts'
import { newHistory, record, totalOutageMsAt } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import { importedRowsOf, reasonOf } from '../../src/gate/job.ts'
import type { JobSnapshot, PollResult } from '../../src/gate/job.ts'
import { answered, outage, unknownJob } from '../support/watching.ts'
import { aTrouble } from '../support/builders.ts'

function after(...observations: readonly PollResult[]): History {
  return observations.reduce(
    (history, result, i) => record(history, result, { startedAtMs: i * 2000, endedAtMs: i * 2000 }),
    newHistory('1'),
  )
}

const file = (name: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  fileName: name,
  state: 'InProgress',
  ...fields,
})

describe('what is known of a job', () => {
  it.each([undefined, false, true])('is nothing at first, but for whether it was listed: %s', (wasListed) => {
    expect(newHistory('1', wasListed === undefined ? undefined : { wasListed })).toEqual({
      jobId: '1',
      wasListed: wasListed ?? false,
      wasUncommitted: false,
      isOwnTwoPhase: false,
      polls: 0,
      polledAtMs: undefined,
      latest: undefined,
      progress: 0,
      importedRows: undefined,
      totalRows: undefined,
      answeredAtMs: undefined,
      changedAtMs: undefined,
      idleMs: 0,
      outageSinceAnswerMs: 0,
      totalOutageMs: 0,
      outage: undefined,
      unknown: undefined,
      refusals: undefined,
      commit: undefined,
      abort: undefined,
      timeline: [],
    })
    expect(newHistory('1', {}).wasListed).toBe(false)
  })

  it('keeps progress and rows that the failure reset', () => {
    const history = after(
      answered('Importing', { progress: 62, importedRows: 500, totalRows: 900 }),
      answered('Failed', { progress: 0, importedRows: 0, totalRows: 0, reason: 'disk quota exceeded' }),
    )
    expect(history).toMatchObject({ progress: 62, importedRows: 500, totalRows: 900 })
    expect(history.latest).toMatchObject({
      phase: 'failed',
      progress: 62,
      importedRows: 500,
      reason: 'disk quota exceeded',
    })
  })

  it('reports what a first poll says, also where that is already a failure', () => {
    expect(after(answered('Failed', { progress: 0, importedRows: 0, totalRows: 0 }))).toMatchObject({
      progress: 0,
      importedRows: 0,
      totalRows: 0,
    })
  })

  it('keeps the files where the failure has none', () => {
    const history = after(answered('Importing', { details: [file('a.parquet')] }), answered('Failed', { details: [] }))
    expect(history.latest?.files.map(({ name }) => name)).toEqual(['a.parquet'])
  })

  it('keeps the rows of a file that the failure reset, and takes its reason', () => {
    const history = after(
      answered('Importing', { details: [file('a.parquet', { importedRows: 40, totalRows: 90, progress: 44 })] }),
      answered('Failed', {
        details: [
          file('a.parquet', { state: 'Failed', importedRows: 0, totalRows: 0, progress: 0, reason: 'bad row' }),
        ],
      }),
    )
    expect(history.latest?.files).toMatchObject([
      { phase: 'failed', importedRows: 40, totalRows: 90, progress: 44, reason: 'bad row' },
    ])
  })

  it('keeps the sizes, the totals and the time of creation that the failure reset', () => {
    const created = '2026-11-23T06:12:50Z'
    const known = { fileSize: 70, totalRows: 90, createTime: created }
    const history = after(
      answered('Importing', { ...known, details: [file('a', { fileSize: 30, totalRows: 40, importedRows: 3 })] }),
      answered('Failed', {
        details: [file('a', { state: 'Failed', totalRows: 50, importedRows: 4 }), file('b', { fileSize: 0 })],
      }),
    )
    expect(history.latest).toMatchObject({ sizeBytes: 70, totalRows: 90, createTime: created })
    expect(history.latest?.files).toMatchObject([
      { name: 'a', sizeBytes: 30, totalRows: 50, importedRows: 4 },
      { name: 'b', sizeBytes: 0 },
    ])
  })

  it('takes the sizes that the failure says', () => {
    const history = after(
      answered('Importing', { fileSize: 70, details: [file('a', { fileSize: 30, progress: 10 })] }),
      answered('Failed', { fileSize: 80, details: [file('a', { fileSize: 40, progress: 20 })] }),
    )
    expect(history.latest).toMatchObject({ sizeBytes: 80, files: [{ sizeBytes: 40, progress: 20 }] })
  })

  it('keeps the rows summed over the files, where the failure has other sums', () => {
    const history = after(
      answered('Importing', { details: [file('a', { importedRows: 40, totalRows: 90 })] }),
      answered('Failed', { details: [file('a', { importedRows: 0, totalRows: 7 })] }),
    )
    expect(history).toMatchObject({ importedRows: 40, totalRows: 90 })
    expect(history.timeline.map(({ importedRows, label }) => [label, importedRows])).toEqual([
      ['Importing', 40],
      ['Failed', 40],
    ])
  })

  it('counts the polls that brought anything, and says when the last one ended', () => {
    const refusal = { kind: 'refused', hostHasAnswered: false, error: aTrouble({ outcome: 'code-1800' }) } as const
    const history = after(answered('Pending'), outage(), unknownJob(), outage(), refusal)
    expect(history).toMatchObject({
      jobId: '1',
      polls: 5,
      polledAtMs: 8000,
      refusals: { error: refusal.error, count: 1 },
    })
    // A refusal neither ends nor prolongs an outage.
    expect(history.outage).toMatchObject({ sinceMs: 6000, untilMs: 6000 })
  })

  it('counts the answers of who does not know the job, from the first on, across an outage', () => {
    const history = after(answered('Pending'), unknownJob(), outage(), unknownJob())
    expect(history.unknown).toMatchObject({ sinceMs: 2000, answers: 2, error: { outcome: 'unknown-job' } })
    expect(history.outage).toBeUndefined()
    expect(record(history, answered('Pending'), { startedAtMs: 9000, endedAtMs: 9000 }).unknown).toBeUndefined()
  })

  it('counts no outage into a standstill, wherever it lies', () => {
    const still = answered('Importing', { progress: 40 })
    expect(after(still, still, still).idleMs).toBe(4000)
    expect(after(still, outage(), outage(), still).idleMs).toBe(2000)
    expect(after(still, outage(), unknownJob(), outage(), still, still)).toMatchObject({
      idleMs: 6000,
      outageSinceAnswerMs: 0,
    })
    expect(after(still, outage(), unknownJob())).toMatchObject({
      idleMs: 0,
      outageSinceAnswerMs: 2000,
      answeredAtMs: 0,
    })
    expect(after(still, still, answered('Importing', { progress: 41 })).idleMs).toBe(0)
  })

  it('adds up for how long nothing usable was answered', () => {
    const still = answered('Importing', { progress: 40 })
    expect(after(still, outage(), outage(), still).totalOutageMs).toBe(4000)
    expect(after(still, outage(), unknownJob(), outage(), still).totalOutageMs).toBe(4000)
    const history = after(still, outage(), still, outage())
    expect([history.totalOutageMs, totalOutageMsAt(history, 9000)]).toEqual([2000, 5000])
    expect(totalOutageMsAt(after(still), 9000)).toBe(0)
    // Before the first answer there is nothing that it could have hidden.
    expect([after(outage(), outage(), still).totalOutageMs, totalOutageMsAt(after(outage()), 9000)]).toEqual([0, 0])
  })

  it('counts a poll that only passed by as an answer where it changes anything', () => {
    const sighting = (state: string) => ({ ...answered(state), isFromList: true }) as PollResult
    const history = after(answered('Pending'), outage(), sighting('Pending'), sighting('Importing'))
    expect(history).toMatchObject({ answeredAtMs: 6000, changedAtMs: 6000, outageSinceAnswerMs: 0 })
    expect(after(answered('Pending'), outage(), sighting('Pending'))).toMatchObject({
      answeredAtMs: 0,
      outageSinceAnswerMs: 2000,
    })
  })

  it.each([
    ['the state', answered('Uncommitted', { progress: 40, importedRows: 5, totalRows: 9 })],
    ['a word that is not known', answered('Resharding', { progress: 40, importedRows: 5, totalRows: 9 })],
    ['the progress', answered('Importing', { progress: 41, importedRows: 5, totalRows: 9 })],
    ['the rows', answered('Importing', { progress: 40, importedRows: 6, totalRows: 9 })],
    ['the rows to come', answered('Importing', { progress: 40, importedRows: 5, totalRows: 10 })],
  ])('changes with %s', (_what, now) => {
    const before = answered('Importing', { progress: 40, importedRows: 5, totalRows: 9 })
    expect(after(before, now)).toMatchObject({ changedAtMs: 2000, timeline: [{ atMs: 0 }, { atMs: 2000 }] })
  })

  it('remembers the rows to come and the time of creation that a later answer leaves out', () => {
    const history = after(answered('Importing', { totalRows: 9, createTime: '2026-11-23' }), answered('Importing'))
    expect(history.totalRows).toBe(9)
    expect(history.latest?.createTime).toBe('2026-11-23')
    expect(after(answered('Importing', { progress: 40 }), answered('Sorting')).progress).toBe(40)
  })

  it('follows progress and rows that fall back while the import is retried', () => {
    expect(
      after(
        answered('Importing', { progress: 62, importedRows: 500 }),
        answered('Importing', { progress: 40, importedRows: 0 }),
      ),
    ).toMatchObject({ progress: 40, importedRows: 0 })
  })

  it('remembers what a later answer leaves out', () => {
    const history = after(
      answered('Importing', { progress: 40, importedRows: 500, collectionName: 'docs' }),
      answered('Importing'),
    )
    expect(history).toMatchObject({ progress: 40, importedRows: 500 })
    expect(history.latest?.collectionName).toBe('docs')
  })

  it('takes a completed job for whole where nobody says its progress', () => {
    expect(after(answered('Importing', { progress: 80 }), answered('Completed')).progress).toBe(100)
  })

  it('changes when state, progress or rows change, and not with another word for the same state', () => {
    const once = after(answered('Importing', { progress: 40 }))
    const same = record(once, answered('InProgress', { progress: 40 }), {
      startedAtMs: 9,
      endedAtMs: 9,
    })
    const moved = record(same, answered('Importing', { progress: 41 }), { startedAtMs: 20, endedAtMs: 20 })
    expect([once.changedAtMs, same.changedAtMs, moved.changedAtMs]).toEqual([0, 0, 20])
    expect(moved.timeline.map(({ atMs, progress }) => [atMs, progress])).toEqual([
      [0, 40],
      [20, 41],
    ])
  })

  it('moves with the progress or rows of a file, in whatever order the files come, and the timeline stays as it is', () => {
    const files = (progress: number, importedRows: number) =>
      answered('Importing', { progress: 40, details: [file('a'), file('b', { progress, importedRows })] })
    const shuffled = answered('Importing', {
      progress: 40,
      details: [file('b', { progress: 5, importedRows: 1 }), file('a')],
    })
    const history = after(files(5, 1), shuffled)
    expect(history).toMatchObject({ changedAtMs: 0, idleMs: 2000 })
    expect(after(files(5, 1), files(6, 1))).toMatchObject({ changedAtMs: 2000, idleMs: 0 })
    expect(after(files(5, 1), files(5, 2))).toMatchObject({ changedAtMs: 2000, idleMs: 0 })
    expect(after(files(5, 1), files(5, 2)).timeline).toHaveLength(1)
  })

  it('counts a time in which the process did not run neither as an outage nor as a stall', () => {
    const down = record(after(answered('Importing')), outage(), { startedAtMs: 2_000, endedAtMs: 2_000 })
    const woken = withoutAbsence(down, 600_000)
    expect(woken.outage).toMatchObject({ silentSinceMs: 600_000, judgedSinceMs: 602_000 })
    const back = record(woken, answered('Importing'), { startedAtMs: 603_000, endedAtMs: 603_000 })
    expect(back.idleMs).toBe(2_000)
  })

  it('measures an outage from its first answer to the start of the last', () => {
    const first = record(newHistory('1'), outage(), { startedAtMs: 0, endedAtMs: 30_000 })
    const second = record(first, outage('http-503'), { startedAtMs: 32_000, endedAtMs: 62_000 })
    expect(second.outage).toMatchObject({ sinceMs: 30_000, untilMs: 32_000, error: { outcome: 'http-503' } })
  })

  it('forgets an outage and an unknown job with the next good answer', () => {
    expect(after(outage(), answered('Pending'))).toMatchObject({ outage: undefined, unknown: undefined })
  })

  it('measures no standstill between two sightings, which hold no rows, but all of it when a whole answer comes', () => {
    const times = (atMs: number) => ({ startedAtMs: atMs, endedAtMs: atMs })
    const whole = answered('Importing', { progress: 40, importedRows: 5 })
    const sighting = { ...whole, isFromList: true } as PollResult
    const seenTwice = [10_000, 20_000].reduce(
      (history, atMs) => record(history, sighting, times(atMs)),
      record(newHistory('1'), whole, times(0)),
    )
    expect(seenTwice.idleMs).toBe(0)
    expect(record(seenTwice, whole, times(30_000)).idleMs).toBe(30_000)
    const moved = answered('Importing', { progress: 40, importedRows: 6 })
    expect(record(seenTwice, moved, times(30_000)).idleMs).toBe(0)
  })

  it('is not touched by a poll that was cancelled', () => {
    const before = after(answered('Pending'))
    expect(record(before, { kind: 'cancelled' }, { startedAtMs: 1, endedAtMs: 2 })).toBe(before)
  })

  it('keeps its timeline within a thousand points, changes of state among them', () => {
    let history = newHistory('1')
    for (let i = 0; i < 5000; i += 1) {
      const state = i === 0 ? 'Pending' : i === 4999 ? 'Completed' : 'Importing'
      history = record(history, answered(state, { importedRows: i }), { startedAtMs: i, endedAtMs: i })
    }
    expect(history.timeline.length).toBeLessThanOrEqual(1001)
    expect([...new Set(history.timeline.map(({ label }) => label))]).toEqual(['Pending', 'Importing', 'Completed'])
    expect(history.timeline.at(-1)?.atMs).toBe(4999)
  })

  it('gives up every second point of a full timeline, and none at which the state changed', () => {
    const at = (polls: number) => {
      let history = newHistory('1')
      for (let i = 0; i < polls; i += 1) {
        const state = i === 501 || i === 502 ? 'Sorting' : 'Importing'
        history = record(history, answered(state, { importedRows: i }), { startedAtMs: i, endedAtMs: i })
      }
      return history.timeline.map(({ atMs }) => atMs)
    }
    expect(at(1000)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    const even = Array.from({ length: 500 }, (_, i) => 2 * i)
    expect(at(1001)).toEqual([...even, 501, 503, 1000].sort((a, b) => a - b))
  })

  it('gives up the older half of a timeline where every point is a change of state', () => {
    let history = newHistory('1')
    for (let i = 0; i <= 1000; i += 1) {
      history = record(history, answered(i % 2 === 0 ? 'Pending' : 'Importing'), { startedAtMs: i, endedAtMs: i })
    }
    expect(history.timeline.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 501 }, (_, i) => 500 + i))
  })
})

describe('the reason of a failure', () => {
  const reason = (fields: Readonly<Record<string, unknown>>) => {
    const result = answered('Failed', fields) as { snapshot: JobSnapshot }
    return reasonOf(result.snapshot)
  }
  const bad = (name: string, why?: string) => file(name, { state: 'Failed', reason: why })

  it.each([
    ['the job’s', { reason: 'quota', details: [bad('a', 'row')] }, 'quota'],
    ['that of the first failed file that has one', { details: [bad('a'), bad('b', 'row'), bad('c', 'x')] }, 'row'],
    ['not that of a file that goes on', { details: [file('a', { reason: 'retried' }), bad('b', 'row')] }, 'row'],
    ['nothing where nobody says', { details: [bad('a')] }, undefined],
  ])('is %s', (_what, fields, expected) => {
    expect(reason(fields)).toBe(expected)
  })
})

describe('rows to come', () => {
  it('are what the job says, else the sum over the files where each of them says', () => {
    const total = (fields: Readonly<Record<string, unknown>>) => after(answered('Importing', fields)).totalRows
    const details = [file('a', { totalRows: 1 }), file('b', { totalRows: 2 })]
    expect(total({ totalRows: 9, details })).toBe(9)
    expect(total({ details })).toBe(3)
    expect(total({ details: [...details, file('c')] })).toBeUndefined()
    expect(total({})).toBeUndefined()
  })
})

describe('rows imported', () => {
  const rows = (state: string, fields: Readonly<Record<string, unknown>>) => {
    const result = answered(state, fields) as { snapshot: JobSnapshot }
    return importedRowsOf(result.snapshot)
  }
  const files = [file('a', { importedRows: 1 }), file('b', { importedRows: 2 })]

  it.each([
    ['what the job says', 'Importing', { importedRows: 7, totalRows: 9, details: files }, 7],
    ['zero where the job says zero', 'Completed', { importedRows: 0, totalRows: 9, details: files }, 0],
    ['the total once completed', 'Completed', { totalRows: 9, details: files }, 9],
    ['the total once uncommitted', 'Uncommitted', { totalRows: 9 }, 9],
    ['the sum over the files while importing', 'Importing', { totalRows: 9, details: files }, 3],
    ['the sum over the files where nothing else is said', 'Completed', { details: files }, 3],
    ['nothing where one file does not say', 'Completed', { details: [...files, file('c')] }, undefined],
    ['nothing where there are no files', 'Completed', { details: [] }, undefined],
    ['nothing of a total that is still coming in', 'Importing', { totalRows: 9 }, undefined],
  ])('are %s', (_what, state, fields, expected) => {
    expect(rows(state, fields)).toBe(expected)
  })
})
