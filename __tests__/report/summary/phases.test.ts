import { expect, it } from '@jest/globals'
import { phaseFacts, phaseSection } from '../../../src/report/summary/phases.ts'
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
const facts = (nowMs: number, ...jobs: readonly (readonly Poll[])[]) =>
  phaseFacts(
    aView(
      jobs.map((polls, i) => aHistory({ jobId: `j${i}`, polls })),
      nowMs,
    ),
  )
const outage = { kind: 'outage', error: aTrouble() } as const

it.each<[string, readonly Poll[], number, string]>([
  [
    'two phases',
    [
      [0, pending],
      [4_000, rows(0)],
    ],
    10_000,
    '\nProgress: pending 4 s, import 6 s.\n',
  ],
  [
    'less than ten seconds',
    [
      [0, pending],
      [4_000, rows(0)],
    ],
    9_999,
    '',
  ],
  ['a single phase', [[0, pending]], 60_000, ''],
  ['no phase', [[0, aCompletedJob()]], 60_000, ''],
])('the phases of a job alone: %s', (_, polls, nowMs, text) => {
  expect(course(nowMs, polls)).toBe(text)
})

it('no phase is called slowest where an outage may hide a slower one', () => {
  const polls: readonly Poll[] = [
    [0, pending],
    [4_000, outage],
    [13_000, rows(0)],
  ]
  expect(facts(20_000, polls)).toEqual(['No usable response for 9 s.'])
  expect(facts(10_000, [polls[0]!, [4_000, rows(0)]])).toEqual(['Slowest phase: import, 6 s of 10 s.'])
  expect(course(20_000, polls, polls)).not.toContain('<b>')
})

it('the phases of several jobs stand in one table, with the throughput of each', () => {
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
        [
          30_000,
          aJob({ progress: 50, createTime: '2026-11-29T15:47:02Z', importedRows: undefined, totalRows: undefined }),
        ],
      ],
    ),
  ).toBe(
    [
      '',
      '<details>',
      '<summary>Phases of 3 jobs</summary>',
      '',
      '<table>',
      '<tr><th align="left">Job</th><th align="right">Pending</th><th align="right">Import</th><th align="right">Throughput</th></tr>',
      '<tr><td><code>j0</code></td><td align="right">10 s</td><td align="right"><b>50 s</b></td><td align="right">1,670 rows/s</td></tr>',
      '<tr><td><code>j1</code></td><td align="right">10 s</td><td align="right"><b>50 s</b></td><td align="right">≥ 1,000 rows/s<br>&#126;4 MB/s</td></tr>',
      '<tr><td><code>j2</code></td><td align="right"><b>30 s</b></td><td align="right">&#126;30 s</td><td align="right"></td></tr>',
      '</table>',
      '',
      '~ = estimated from the progress percentage.',
      '',
      '</details>',
      '',
    ].join('\n'),
  )
})

it('the wait for a search begins when the last import is complete', () => {
  const complete = (jobId: string, atMs: number) =>
    aHistory({
      jobId,
      polls: [
        [0, pending],
        [10_000, rows(0)],
        [atMs, aCompletedJob()],
      ],
    })
  const jobs = [complete('a', 60_000), complete('b', 90_000)]
  const view = { ...aView(jobs, 120_000), collections: [newCollection('docs')] }
  expect(phaseFacts(view)).toEqual(['Then 30 s of waiting for the rows to become searchable.'])
})
