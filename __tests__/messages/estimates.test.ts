import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { rowsPerSecond, timeLeftMs } from '../../src/messages/estimates.ts'
import { aHistory, aJob, aTrouble } from '../support/builders.ts'
import type { Poll } from '../support/builders.ts'
import { cases } from '../support/soak.ts'

/** 1,000 rows a second and one per cent every two seconds, from 40% on. */
const steady = (polls: number): readonly Poll[] =>
  Array.from({ length: polls }, (_, i) => [
    i * 10_000,
    aJob({ progress: 40 + i * 5, importedRows: 10_000 * (i + 1), totalRows: 200_000 }),
  ])

it('knows pace and time left of rows that come in steadily', () => {
  const history = aHistory({ polls: steady(4) })
  expect(rowsPerSecond(history, 30_000)).toBe(1000)
  expect(timeLeftMs(history, 30_000)).toBe(90_000)
  expect(timeLeftMs(history, 34_000)).toBe(86_000)
})

it('estimates no time left where the percentages of the service are not known', () => {
  const polls = steady(4).map(([atMs], i): Poll => [atMs, aJob({ progress: 40 + i * 5, importedRows: undefined })])
  const history = aHistory({ polls })
  expect([rowsPerSecond(history, 30_000), timeLeftMs(history, 30_000)]).toEqual([undefined, undefined])
})

type Steps = readonly (readonly [at: number, progress: number, rows: number | undefined])[]
const seconds = (polls: Steps) =>
  aHistory({
    polls: polls.map(([at, progress, importedRows]) => [
      at * 1000,
      aJob({ progress, importedRows, totalRows: importedRows === undefined ? undefined : 10_000_000 }),
    ]),
  })

describe('the pace', () => {
  it.each<[string, Steps, number, number | undefined, number | undefined]>([
    [
      'of twenty seconds',
      [
        [100, 40, 1000],
        [120, 44, 21_000],
      ],
      120,
      1000,
      280,
    ],
    [
      'of less',
      [
        [100, 40, 1000],
        [119.999, 44, 21_000],
      ],
      120,
      undefined,
      undefined,
    ],
    [
      'of the last ten minutes',
      [
        [0, 40, 1000],
        [300, 46, 301_000],
        [600, 58, 901_000],
      ],
      600,
      1500,
      1400,
    ],
    [
      'of no longer',
      [
        [0, 40, 1000],
        [300, 46, 301_000],
        [600, 58, 901_000],
      ],
      600.001,
      2000,
      1049.999,
    ],
    [
      'since rows are reported',
      [
        [100, 36, undefined],
        [110, 40, 1000],
        [140, 50, 31_000],
      ],
      140,
      1000,
      142.857,
    ],
    [
      'since rows come in',
      [
        [100, 10, 0],
        [110, 40, 1000],
        [140, 50, 31_000],
      ],
      140,
      1000,
      150,
    ],
    [
      'with a poll which nothing moved',
      [
        [100, 40, 1000],
        [120, 45, 1000],
        [140, 50, 21_000],
      ],
      140,
      500,
      200,
    ],
    [
      'of rows where the percentage stands still',
      [
        [100, 40, 1000],
        [120, 40, 11_000],
        [140, 40, 21_000],
      ],
      140,
      500,
      undefined,
    ],
    [
      'of three per cent',
      [
        [100, 40, 1000],
        [130, 43, 1000],
      ],
      130,
      undefined,
      570,
    ],
    [
      'of less than three per cent',
      [
        [100, 40, 1000],
        [130, 42, 1000],
      ],
      130,
      undefined,
      undefined,
    ],
    [
      'up to 98%',
      [
        [100, 88, 1000],
        [130, 98, 31_000],
      ],
      130,
      1000,
      6,
    ],
    [
      'from 99% on',
      [
        [100, 89, 1000],
        [130, 99, 31_000],
      ],
      130,
      1000,
      undefined,
    ],
    [
      'that has used up its time',
      [
        [100, 60, 1000],
        [190, 90, 91_000],
      ],
      220,
      1000,
      undefined,
    ],
    [
      'that has nearly used up its time',
      [
        [100, 60, 1000],
        [190, 90, 91_000],
      ],
      219,
      1000,
      1,
    ],
    [
      'after a pause of a minute',
      [
        [100, 40, 1000],
        [110, 50, 11_000],
        [120, 60, 21_000],
      ],
      180,
      1000,
      undefined,
    ],
    [
      'after a longer one',
      [
        [100, 40, 1000],
        [110, 41, 11_000],
        [120, 43, 21_000],
      ],
      180.001,
      undefined,
      undefined,
    ],
    [
      'after three usual pauses',
      [
        [100, 40, 1000],
        [130, 42, 31_000],
        [160, 44, 61_000],
      ],
      250,
      1000,
      750,
    ],
    [
      'after more than three',
      [
        [100, 40, 1000],
        [130, 42, 31_000],
        [160, 44, 61_000],
      ],
      250.001,
      undefined,
      undefined,
    ],
  ])('%s', (_, polls, now, rate, left) => {
    const history = seconds(polls)
    expect(rowsPerSecond(history, now * 1000)).toBe(rate)
    const leftMs = timeLeftMs(history, now * 1000)
    expect(leftMs && Math.round(leftMs)).toBe(left && Math.round(left * 1000))
  })

  it('counts from the import phase on', () => {
    const polls: readonly Poll[] = [
      [100_000, aJob({ phase: 'pending', label: 'Pending', progress: 0, importedRows: 500, totalRows: 10_000_000 })],
      [110_000, aJob({ progress: 40, importedRows: 1000, totalRows: 10_000_000 })],
      [140_000, aJob({ progress: 50, importedRows: 31_000, totalRows: 10_000_000 })],
    ]
    expect(rowsPerSecond(aHistory({ polls }), 140_000)).toBe(1000)
    expect(timeLeftMs(aHistory({ polls }), 140_000)).toBe(150_000)
  })
})

describe('says nothing', () => {
  it.each<[string, readonly Poll[], number]>([
    ['before the first answer', [], 10_000],
    ['from a single answer', steady(1), 5000],
    ['from two answers that are too close', steady(2), 10_000],
    ['while progress stands still', steady(4), 100_000],
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
    ['during an outage', [...steady(4), [32_000, { kind: 'outage', error: aTrouble() }]], 32_000],
    [
      'after rows were lost to a retry',
      [...steady(4), [32_000, aJob({ progress: 40, importedRows: 5000, totalRows: 200_000 })]],
      32_000,
    ],
  ])('%s', (_, polls, nowMs) => {
    const history = aHistory({ polls })
    expect(rowsPerSecond(history, nowMs)).toBeUndefined()
    expect(timeLeftMs(history, nowMs)).toBeUndefined()
  })

  it('about the time left once all rows are in', () => {
    const polls: readonly Poll[] = [
      ...steady(4),
      [40_000, aJob({ progress: 80, importedRows: 200_000, totalRows: 200_000 })],
    ]
    expect(timeLeftMs(aHistory({ polls }), 40_000)).toBeUndefined()
  })
})

it('is positive and finite, or silent, whatever the service says', () => {
  const rows = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined })
  const poll = fc.record({
    pauseMs: fc.integer({ min: 0, max: 90_000 }),
    progress: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    importedRows: rows,
    totalRows: rows,
  })
  fc.assert(
    fc.property(fc.array(poll, { maxLength: 30 }), fc.integer({ min: 0, max: 200_000 }), (steps, laterMs) => {
      let atMs = 0
      const history = aHistory({ polls: steps.map(({ pauseMs, ...job }) => [(atMs += pauseMs), aJob(job)]) })
      for (const estimate of [rowsPerSecond(history, atMs + laterMs), timeLeftMs(history, atMs + laterMs)]) {
        expect(estimate === undefined || (estimate > 0 && Number.isFinite(estimate))).toBe(true)
      }
    }),
    cases(500),
  )
})
