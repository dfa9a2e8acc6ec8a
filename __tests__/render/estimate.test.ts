import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { rowsPerSecond, timeLeftMs } from '../../src/render/estimate.ts'
import { aHistory, aJob, aTrouble } from '../support/builders.ts'
import type { Look } from '../support/builders.ts'
import { cases } from '../support/soak.ts'

/** 1,000 rows a second and one per cent every two seconds, from 40 % on. */
const steady = (looks: number): readonly Look[] =>
  Array.from({ length: looks }, (_, i) => [
    i * 10_000,
    aJob({ progress: 40 + i * 5, importedRows: 10_000 * (i + 1), totalRows: 200_000 }),
  ])

it('knows pace and time left of rows that come in steadily', () => {
  const history = aHistory({ looks: steady(4) })
  expect(rowsPerSecond(history, 30_000)).toBe(1000)
  expect(timeLeftMs(history, 30_000)).toBe(90_000)
  expect(timeLeftMs(history, 34_000)).toBe(86_000)
})

describe('says nothing', () => {
  it.each<[string, readonly Look[], number]>([
    ['before the first answer', [], 10_000],
    ['from a single answer', steady(1), 5000],
    ['from two answers that are too close', steady(2), 10_000],
    ['while progress rests', steady(4), 100_000],
    [
      'before rows come in',
      steady(4).map(([at], i) => [at, aJob({ progress: 10 + i * 5, importedRows: 0, totalRows: 0 })]),
      30_000,
    ],
    [
      'once the job is done',
      [...steady(4), [40_000, aJob({ phase: 'completed', label: 'Completed', progress: 100 })]],
      40_000,
    ],
    ['during an outage', [...steady(4), [32_000, { kind: 'outage', trouble: aTrouble() }]], 32_000],
    [
      'after rows were lost to a retry',
      [...steady(4), [32_000, aJob({ progress: 40, importedRows: 5000, totalRows: 200_000 })]],
      32_000,
    ],
  ])('%s', (_, looks, nowMs) => {
    const history = aHistory({ looks })
    expect(rowsPerSecond(history, nowMs)).toBeUndefined()
    expect(timeLeftMs(history, nowMs)).toBeUndefined()
  })

  it('about the time left once all rows are in', () => {
    const looks: readonly Look[] = [
      ...steady(4),
      [40_000, aJob({ progress: 80, importedRows: 200_000, totalRows: 200_000 })],
    ]
    expect(timeLeftMs(aHistory({ looks }), 40_000)).toBeUndefined()
  })
})

it('is positive and finite, or silent, whatever the service says', () => {
  const rows = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined })
  const look = fc.record({
    pauseMs: fc.integer({ min: 0, max: 90_000 }),
    progress: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    importedRows: rows,
    totalRows: rows,
  })
  fc.assert(
    fc.property(fc.array(look, { maxLength: 30 }), fc.integer({ min: 0, max: 200_000 }), (steps, laterMs) => {
      let atMs = 0
      const history = aHistory({ looks: steps.map(({ pauseMs, ...job }) => [(atMs += pauseMs), aJob(job)]) })
      for (const estimate of [rowsPerSecond(history, atMs + laterMs), timeLeftMs(history, atMs + laterMs)]) {
        expect(estimate === undefined || (estimate > 0 && Number.isFinite(estimate))).toBe(true)
      }
    }),
    cases(500),
  )
})
