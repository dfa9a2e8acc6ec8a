import { describe, expect, it } from '@jest/globals'
import { newHistory, record } from '../../src/watch/history.ts'
import type { History } from '../../src/watch/history.ts'
import { importedRowsOf } from '../../src/watch/import-job.ts'
import type { JobSnapshot, Observation } from '../../src/watch/import-job.ts'
import { answered, outage } from '../support/watching.ts'

function after(...observations: readonly Observation[]): History {
  return observations.reduce(
    (history, observation, i) => record(history, observation, { startedAtMs: i * 2000, endedAtMs: i * 2000 }),
    newHistory('1'),
  )
}

const file = (name: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  fileName: name,
  state: 'InProgress',
  ...fields,
})

describe('what is known of a job', () => {
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

  it('reports what a first look says, also where that is already a failure', () => {
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

  it('changes when state, progress or rows change, and only then', () => {
    const once = after(answered('Importing', { progress: 40 }))
    const same = record(once, answered('Importing', { progress: 40, details: [file('a')] }), {
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

  it('measures an outage from its first answer to the start of the last', () => {
    const first = record(newHistory('1'), outage(), { startedAtMs: 0, endedAtMs: 30_000 })
    const second = record(first, outage('http-503'), { startedAtMs: 32_000, endedAtMs: 62_000 })
    expect(second.outage).toMatchObject({ sinceMs: 30_000, untilMs: 32_000, trouble: { outcome: 'http-503' } })
  })

  it('forgets an outage and an unknown job with the next good answer', () => {
    expect(after(outage(), answered('Pending'))).toMatchObject({ outage: undefined, unknown: undefined })
  })

  it('measures no standstill between two sightings, which hold no rows, but all of it when a whole answer comes', () => {
    const times = (atMs: number) => ({ startedAtMs: atMs, endedAtMs: atMs })
    const whole = answered('Importing', { progress: 40, importedRows: 5 })
    const sighting = { ...whole, isSighting: true } as Observation
    const seenTwice = [10_000, 20_000].reduce(
      (history, atMs) => record(history, sighting, times(atMs)),
      record(newHistory('1'), whole, times(0)),
    )
    expect(seenTwice.quietMs).toBe(0)
    expect(record(seenTwice, whole, times(30_000)).quietMs).toBe(30_000)
    const moved = answered('Importing', { progress: 40, importedRows: 6 })
    expect(record(seenTwice, moved, times(30_000)).quietMs).toBe(0)
  })

  it('is not touched by a look that was cancelled', () => {
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
})

describe('rows imported', () => {
  const rows = (state: string, fields: Readonly<Record<string, unknown>>) => {
    const observation = answered(state, fields) as { snapshot: JobSnapshot }
    return importedRowsOf(observation.snapshot)
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
