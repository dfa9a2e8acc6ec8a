import { describe, expect, it } from '@jest/globals'
import { OUTPUT_NAMES, outputsOf } from '../../src/report/outputs.ts'
import type { History } from '../../src/gate/history.ts'
import {
  aCompletedJob,
  aFailedJob,
  aFile,
  aHistory,
  aJob,
  aPolicy,
  aTrouble,
  aView,
  files,
} from '../support/builders.ts'

const outputs = (jobs: readonly History[], nowMs?: number) =>
  outputsOf(aView(jobs, nowMs), undefined, aPolicy(), '/tmp/report.json')
const jobIn = (label: string, but: Parameters<typeof aJob>[0] = {}, jobId = label) =>
  aHistory({ jobId, polls: [[0, aJob({ label, ...but })]] })

describe('the outputs while the gate runs', () => {
  it('are all there, and empty where nothing is known', () => {
    const { elapsedSeconds, ...rest } = outputs([])
    expect(Object.keys({ ...rest, elapsedSeconds }).sort()).toEqual([...OUTPUT_NAMES].sort())
    expect(elapsedSeconds).toBe('305')
    expect(rest).toEqual({
      ...Object.fromEntries(OUTPUT_NAMES.filter((name) => name !== 'elapsedSeconds').map((name) => [name, ''])),
      state: 'Unknown',
      details: '[]',
      jobs: '[]',
      reportPath: '/tmp/report.json',
    })
  })

  it('know nothing of a job before its first answer', () => {
    const unseen = aHistory({ jobId: '1', polls: [[0, { kind: 'outage', error: aTrouble() }]] })
    expect(outputs([unseen])).toMatchObject({
      state: 'Unknown',
      jobId: '1',
      progress: '0',
      importedRows: '',
      totalRows: '',
      fileSize: '',
      fileCount: '',
      failedFileCount: '',
      details: '[]',
    })
  })

  it.each([
    [['Completed', 'completed'], ['Importing', 'importing'], 'Importing'],
    [['Completed', 'completed'], ['Committing', 'committing'], 'Committing'],
    [['Committing', 'committing'], ['Uncommitted', 'uncommitted'], 'Uncommitted'],
    [['Uncommitted', 'uncommitted'], ['InProgress', 'importing'], 'InProgress'],
    [['Importing', 'importing'], ['Pending', 'pending'], 'Pending'],
    [['Pending', 'pending'], ['Planning', 'unknown'], 'Planning'],
    [['Planning', 'unknown'], ['Failed', 'failed'], 'Failed'],
  ] as const)('tell of %j and %j the state %s, in either order', (one, other, state) => {
    const jobs = [one, other].map(([label, phase]) => jobIn(label, { phase }))
    expect(outputs(jobs).state).toBe(state)
    expect(outputs(jobs.toReversed()).state).toBe(state)
  })

  it('rank a job that never answered with the unknown words', () => {
    expect(outputs([jobIn('Pending', { phase: 'pending' }), aHistory({ jobId: '2' })]).state).toBe('Unknown')
    expect(outputs([jobIn('Failed', { phase: 'failed' }), aHistory({ jobId: '2' })]).state).toBe('Failed')
  })

  it('round the mean of the progress down, and count a job that never answered as 0', () => {
    expect(outputs([jobIn('a', { progress: 99 }), jobIn('b', { progress: 100 })]).progress).toBe('99')
    expect(outputs([jobIn('a', { progress: 99 }), aHistory({ jobId: 'b' })]).progress).toBe('49')
  })

  it('sum what the jobs say and leave out those that say nothing', () => {
    const said = jobIn('a', { importedRows: 5, totalRows: 9, sizeBytes: 100 })
    const unsaid = jobIn('b', { importedRows: undefined, totalRows: undefined, sizeBytes: undefined })
    expect(outputs([said, said])).toMatchObject({ importedRows: '10', totalRows: '18', fileSize: '200' })
    expect(outputs([said, unsaid])).toMatchObject({ importedRows: '5', totalRows: '9', fileSize: '100' })
    expect(outputs([unsaid])).toMatchObject({ importedRows: '', totalRows: '', fileSize: '' })
  })

  it('name each collection once', () => {
    const of = (collectionName: string) => jobIn(collectionName, { collectionName })
    expect(outputs([of('b'), of('a'), of('b')]).collectionName).toBe('b,a')
  })

  it('tell the latest completion as it was reported, in whatever zone', () => {
    const at = (completeTime: string) => jobIn('a', { completeTime })
    expect(outputs([at('2026-11-23T06:17:55Z'), at('2026-11-23T13:00:00+08:00')]).completeTime).toBe(
      '2026-11-23T06:17:55Z',
    )
  })

  it('tell whole seconds', () => {
    expect(outputs([], 1_999).elapsedSeconds).toBe('1')
  })
})

describe('the lists', () => {
  const list = (json: string) => JSON.parse(json) as readonly Record<string, unknown>[]

  it('tell failed files first, with the names of the service', () => {
    const job = aJob({
      files: [aFile({ name: 'a' }), aFile({ name: 'b', phase: 'failed', label: 'Failed', reason: 'bad' })],
    })
    const [first, second] = list(outputs([aHistory({ jobId: '7', polls: [[0, job]] })]).details)
    expect(first).toEqual({
      jobId: '7',
      fileName: 'b',
      fileSize: 4_800_000,
      progress: 100,
      completeTime: '2026-11-23T06:17:55Z',
      state: 'Failed',
      importedRows: 12_000,
      totalRows: 12_000,
      reason: 'bad',
    })
    expect(second).not.toHaveProperty('reason')
  })

  it('hold as much as fits into 64 KiB of UTF-8, and are whole JSON', () => {
    const long = files(1024, { reason: 'ß'.repeat(300), phase: 'failed' })
    const { details, jobs } = outputs(
      Array.from({ length: 900 }, (_, i) =>
        aHistory({ jobId: `job-${i}`, polls: [[0, aJob({ files: i === 0 ? long : [] })]] }),
      ),
    )
    for (const json of [details, jobs]) {
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(64 * 1024)
      expect(list(json).length).toBeGreaterThan(50)
    }
  })

  it('tell of each job what there is to tell but its files', () => {
    expect(
      list(outputs([aHistory({ jobId: '7', polls: [[0, aFailedJob()]] }), aHistory({ jobId: '8' })]).jobs),
    ).toMatchObject([
      { jobId: '7', state: 'Failed', reason: aFailedJob().reason },
      { jobId: '8', state: 'Unknown', progress: 0 },
    ])
  })
})

describe('the outputs at the end', () => {
  it('tell the conclusion, and no reason where all is well', () => {
    const job = aHistory({ polls: [[0, aCompletedJob()]] })
    const { conclusion, reason } = outputsOf(aView([job]), { kind: 'completed', passes: true }, aPolicy(), undefined)
    expect([conclusion, reason]).toEqual(['completed', ''])
  })

  it('tell the service’s reason of the first job that failed, in the order given', () => {
    const failedBy = (reason: string) => aHistory({ polls: [[0, aFailedJob({ reason })]] })
    const view = aView([aHistory({ polls: [[0, aCompletedJob()]] }), failedBy('one'), failedBy('two')])
    expect(outputsOf(view, { kind: 'failed', passes: false, jobs: [1, 2] }, aPolicy(), undefined).reason).toBe('one')
  })
})
