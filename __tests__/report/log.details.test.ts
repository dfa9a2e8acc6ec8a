import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { detailLines } from '../../src/report/log.ts'
import { record } from '../../src/gate/history.ts'
import type { Poll } from '../support/builders.ts'
import {
  aCompletedJob,
  aFailedJob,
  aFile,
  aHistory,
  aJob,
  aTrouble,
  aView,
  files,
  pollsAlong,
} from '../support/builders.ts'

const steady = pollsAlong([
  [0, 'pending', 0],
  [10_000, 'importing', 10],
  [40_000, 'importing', 40],
  [100_000, 'importing', 70],
])

describe('the details', () => {
  it('tell where the time went, file by file what was imported, and what was asked', () => {
    const [first, second] = files(2)
    const all = [first!, { ...second!, name: 'export/b.npy', importedRows: 900, totalRows: 900, sizeBytes: 1_000 }]
    const job = aHistory({ polls: [...steady, [110_000, aCompletedJob({ files: all })]] })
    const asked = [{ path: '/v2/vectordb/jobs/import/describe', outcomes: { 'http-503': 1, answered: 12 } }]
    expect(detailLines(aView([job], 120_000), asked)).toEqual([
      '  time: pending 10 s, pre-import ~30 s, import ~1 min (slowest), sort ~10 s',
      '  rows: on average 600 rows/s (~240 kB/s)',
      '  ✔ Completed  100%  12,000 rows  4.8 MB  export/part-01.parquet',
      '  ✔ Completed  100%     900 rows    1 kB  export/b.npy',
      '  /v2/vectordb/jobs/import/describe: 13 requests (12 ok, 1 http-503)',
    ])
  })

  it('blame no stage for the time in which the service gave no usable response', () => {
    const polls: readonly Poll[] = [
      [0, aJob({ progress: 16 })],
      [4_000, { kind: 'outage', error: aTrouble() }],
      [13_000, aJob({ progress: 88 })],
      [15_000, aCompletedJob({ files: [] })],
    ]
    expect(detailLines(aView([aHistory({ polls })], 15_000), [])).toEqual([
      '  time: pre-import ~13 s, index ~2 s; no usable response for 9 s',
    ])
  })

  it('begin with what failed, and leave out the reason that the verdict has', () => {
    const failed = { phase: 'failed', label: 'Failed', progress: 0, importedRows: 0 } as const
    const all = [
      ...files(1),
      ...files(1, { ...failed, name: 'b', reason: 'torn' }),
      ...files(1, { ...failed, name: 'c', reason: 'worn' }),
    ]
    const job = aHistory({ jobId: '2', polls: [[0, aFailedJob({ reason: 'torn', files: all })]] })
    const running = aHistory({ jobId: '1', polls: [[0, aJob()]] })
    expect(detailLines(aView([running, job], 1000), [])).toEqual([
      '  job 2',
      '  ✘ Failed       0%  0 of 12,000 rows  4.8 MB  b',
      '  ✘ Failed       0%  0 of 12,000 rows  4.8 MB  c: worn',
      '  ✔ Completed  100%       12,000 rows  4.8 MB  export/part-01.parquet',
      '  job 1',
      '  time: import ~1 s',
    ])
  })

  it('leave out what the service does not say', () => {
    const unsaid = { progress: undefined, importedRows: undefined, totalRows: undefined, sizeBytes: undefined }
    const all = [
      aFile({ ...unsaid, name: 'a', phase: 'pending', label: '' }),
      aFile({ name: 'b', importedRows: undefined, totalRows: 7, sizeBytes: 0 }),
      aFile({ name: 'c', importedRows: 5, totalRows: undefined }),
    ]
    const job = aHistory({ polls: [[0, aJob({ files: all })]] })
    expect(detailLines(aView([job], 0), [])).toEqual([
      '  · pending                               a',
      '  ✔ Completed  100%  ? of 7 rows          b',
      '  ✔ Completed  100%       5 rows  4.8 MB  c',
    ])
    const one = aHistory({ polls: [[0, aJob({ files: all.slice(0, 1) })]] })
    expect(detailLines(aView([one], 0), [])).toEqual(['  · pending  a'])
  })

  it('begin with jobs that are refused or forgotten, and leave out those of which nothing is known', () => {
    const running = (jobId: string) => aHistory({ jobId, polls: [[0, aJob()]] })
    const refused = record(
      running('b'),
      { kind: 'refused', hostHasAnswered: false, error: aTrouble() },
      { startedAtMs: 0, endedAtMs: 0 },
    )
    const gone = record(running('d'), { kind: 'unknown-job', error: aTrouble() }, { startedAtMs: 0, endedAtMs: 0 })
    const jobs = [running('a'), refused, aHistory({ jobId: 'c' }), gone]
    expect(detailLines(aView(jobs, 5000), [])).toEqual(
      ['b', 'd', 'a'].flatMap((jobId) => [`  job ${jobId}`, '  time: import ~5 s']),
    )
  })

  it('are cut where the summary has the rest', () => {
    const one = aHistory({ polls: [[0, aCompletedJob({ files: files(1024) })]] })
    const many = Array.from({ length: 1000 }, (_, i) =>
      aHistory({ jobId: String(i), polls: [[0, aCompletedJob({ files: files(30) })]] }),
    )
    expect(detailLines(aView([one]), [])).toHaveLength(101)
    expect(detailLines(aView([one]), []).at(-1)).toBe('  … and 924 more files: see the summary')
    expect(detailLines(aView(many), [])).toHaveLength(10 * (1 + 10 + 1) + 1)
    expect(detailLines(aView(many), []).at(-1)).toBe('  … and 990 more jobs: see the summary')
  })

  it('are none where nothing is known', () => {
    expect(detailLines(aView([]), [])).toEqual([])
  })

  it('are short lines that begin with a word or a mark of our own, whatever the service says', () => {
    const text = fc.oneof(fc.string({ maxLength: 400 }), fc.constantFrom('::add-mask::e', '##[group]x', ''))
    fc.assert(
      fc.property(text, text, text, (id, name, label) => {
        const all = files(2, { name, label, reason: label })
        const jobs = [aHistory({ jobId: id, polls: [[0, aJob({ label, files: all })]] }), aHistory({ jobId: name })]
        for (const line of detailLines(aView(jobs), [])) {
          expect(line.length).toBeLessThanOrEqual(160)
          expect(line).toMatch(/^ {2}(?:job |time: |rows: |asked |[✔✘·?] |… and )/)
        }
      }),
    )
  })
})
