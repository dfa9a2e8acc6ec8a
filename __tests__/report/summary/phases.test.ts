import { describe, expect, it } from '@jest/globals'
import { phaseSection } from '../../../src/report/summary/phases.ts'
import { newCollection } from '../../../src/gate/collection.ts'
import type { JobSnapshot } from '../../../src/gate/job.ts'
import { aCompletedJob, aHistory, aJob, aTrouble, aView } from '../../support/builders.ts'
import type { Poll } from '../../support/builders.ts'

const pending = aJob({ phase: 'pending', label: 'Pending', progress: 0, importedRows: undefined, totalRows: undefined })
const rows = (importedRows: number, but: Partial<JobSnapshot> = {}) =>
  aJob({ progress: 5, importedRows, totalRows: 100_000, sizeBytes: 0, ...but })
const course = (nowMs: number, ...jobs: readonly (readonly Poll[])[]) =>
  phaseSection(
    aView(
      jobs.map((polls, i) => aHistory({ jobId: `j${i}`, polls })),
      nowMs,
    ),
  ).source.replaceAll('\u00a0', ' ')
const LEGEND =
  '&#126; is told from the percentage, as Milvus 2.5 and 2.6 count it &#40;3.x may differ&#41;&#58; the service itself calls all of it Importing.'

describe('the course of a job alone', () => {
  it('is told in a sentence and a table', () => {
    expect(
      course(10_000, [
        [0, pending],
        [4_000, rows(0)],
      ]),
    ).toBe(
      [
        '',
        '#### Where the time went',
        '',
        'Slowest: <b>import</b>, 6 s, 60 % of the time.',
        '',
        '<table>',
        '<tr><th align="right">Pending</th><th align="right">Import</th></tr>',
        '<tr><td align="right">4 s</td><td align="right"><b>6 s</b></td></tr>',
        '</table>',
        '',
        '<sub>As far as this step saw it.</sub>',
        '',
      ].join('\n'),
    )
  })

  it.each<[string, readonly Poll[], number, boolean]>([
    [
      'after ten seconds',
      [
        [0, pending],
        [4_000, rows(0)],
      ],
      10_000,
      true,
    ],
    [
      'in less than ten seconds',
      [
        [0, pending],
        [4_000, rows(0)],
      ],
      9_999,
      false,
    ],
    ['in one stage that took a minute', [[0, pending]], 60_000, true],
    ['in one stage that took less', [[0, pending]], 59_999, false],
    ['in no stage', [[0, aCompletedJob()]], 60_000, false],
  ])('is worth a word or not: %s', (_, polls, nowMs, isTold) => {
    expect(course(nowMs, polls) !== '').toBe(isTold)
  })
})

it('no stage is called slowest where most of the time nobody saw', () => {
  const polls: readonly Poll[] = [
    [0, pending],
    [4_000, { kind: 'outage', error: aTrouble() }],
    [13_000, rows(0)],
  ]
  const alone = course(20_000, polls)
  expect(alone).toContain('\n\nFor 9 s of it the service gave no usable response.\n\n')
  expect(alone).toContain('<td align="right">13 s</td><td align="right">7 s</td>')
  const several = course(20_000, polls, polls)
  expect(several).toContain('\n\nFor 9 s of it the service gave no usable response.\n\n')
  expect(several).not.toContain('<b>')
  const seen = course(20_000, polls, [
    [0, pending],
    [4_000, rows(0)],
  ])
  expect(seen).toContain('\n\nThe slowest stage of a job is bold, where it can be told. For 9 s of it')
  expect(seen.match(/<b>/g)).toHaveLength(1)
})

it('the courses of several jobs stand in one table, with the pace of each', () => {
  const outage = { kind: 'outage', error: aTrouble() } as const
  expect(
    course(
      60_000,
      [
        [0, pending],
        [10_000, rows(0)],
        [20_000, rows(30_000)],
        [40_000, rows(50_000)],
      ],
      [
        [0, pending],
        [10_000, rows(0, { sizeBytes: 400_000_000 })],
        [20_000, outage],
        [30_000, rows(20_000, { sizeBytes: 400_000_000 })],
      ],
      [
        [0, pending],
        [30_000, aJob({ progress: 50, importedRows: undefined, totalRows: undefined })],
      ],
    ),
  ).toBe(
    [
      '',
      '#### Where the time went',
      '',
      'The slowest stage of each job is bold. For 10 s of it the service gave no usable response.',
      '',
      '<table>',
      '<tr><th>Job</th><th align="right">Pending</th><th align="right">Import</th><th align="right">Throughput</th><th align="right">At best</th></tr>',
      '<tr><td><code>j0</code></td><td align="right">10 s</td><td align="right"><b>50 s</b></td><td align="right">1,670 rows/s</td><td align="right">3,000 rows/s</td></tr>',
      '<tr><td><code>j1</code></td><td align="right">10 s</td><td align="right"><b>50 s</b></td><td align="right">≥ 1,000 rows/s<br>&#126; 4 MB/s</td><td align="right"></td></tr>',
      '<tr><td><code>j2</code></td><td align="right"><b>30 s</b></td><td align="right">&#126; 30 s</td><td align="right"></td><td align="right"></td></tr>',
      '</table>',
      '',
      `<sub>${LEGEND} As far as this step saw it.</sub>`,
      '',
    ].join('\n'),
  )
})

it('nothing is said of estimates where there are none', () => {
  const text = course(
    60_000,
    [
      [0, pending],
      [10_000, rows(0)],
    ],
    [
      [0, pending],
      [30_000, rows(0)],
    ],
  )
  expect(text).toMatch(/<\/table>\n\n<sub>As far as this step saw it\.<\/sub>\n$/)
  expect(text).not.toContain(LEGEND)
})

it('the wait for a search began when the last import was through', () => {
  const through = (jobId: string, atMs: number) =>
    aHistory({
      jobId,
      polls: [
        [0, pending],
        [10_000, rows(0)],
        [atMs, aCompletedJob()],
      ],
    })
  const view = { ...aView([through('a', 60_000), through('b', 90_000)], 120_000), collections: [newCollection('docs')] }
  expect(phaseSection(view).source).toContain('Then 30 s of waiting for a search.')
})
