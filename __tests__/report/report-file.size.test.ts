import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { createRequestLog, reportFileReporter } from '../../src/report/report-file.ts'
import { aFile, aHistory, aJob, aPolicy, aView, files } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'

interface Report {
  readonly jobs: readonly { readonly details: readonly { readonly state: string }[]; readonly unlistedFiles?: number }[]
}

function reportOf(jobs: Parameters<typeof aView>[0]): { readonly bytes: number; readonly report: Report } {
  const path = join(mkdtempSync(join(tmpdir(), 'report-')), 'report.json')
  const context = { version: '1', inputs: {}, policy: aPolicy(), journal: createRequestLog(), wallClockMs: () => 0 }
  const reporter = reportFileReporter(path, context, new FakeClock())
  void reporter.report({ kind: 'ended', view: aView(jobs), conclusion: { kind: 'completed', passes: true } })
  return { bytes: statSync(path).size, report: JSON.parse(readFileSync(path, 'utf8')) as Report }
}

it('the report lists every file where it may', () => {
  const { report } = reportOf([aHistory({ polls: [[0, aJob({ files: files(1024) })]] })])
  expect(report.jobs[0]?.details).toHaveLength(1024)
  expect(report.jobs[0]?.unlistedFiles).toBeUndefined()
})

it('the report of 1,024 jobs of 1,024 files is at most 32 MiB: completed files are counted, not listed', () => {
  const all = [...files(1023), aFile({ name: 'torn.parquet', phase: 'failed', label: 'Failed' })]
  const jobs = Array.from({ length: 1024 }, (_, i) => aHistory({ jobId: `j${i}`, polls: [[0, aJob({ files: all })]] }))
  const { bytes, report } = reportOf(jobs)
  expect(bytes).toBeLessThanOrEqual(32 * 1024 * 1024)
  expect(report.jobs.map(({ details, unlistedFiles }) => [details.length, unlistedFiles])).toEqual(
    jobs.map(() => [1, 1023]),
  )
})

it('the report is at most 32 MiB also where nothing completed', () => {
  const all = files(1024, { phase: 'running', label: 'InProgress', name: 'n'.repeat(300) })
  const jobs = Array.from({ length: 200 }, (_, i) => aHistory({ jobId: `j${i}`, polls: [[0, aJob({ files: all })]] }))
  const { bytes, report } = reportOf(jobs)
  expect(bytes).toBeLessThanOrEqual(32 * 1024 * 1024)
  expect(report.jobs[0]?.details).toHaveLength(1024)
  expect(report.jobs.at(-1)).toMatchObject({ details: [], unlistedFiles: 1024 })
})
