import { describe, expect, it } from '@jest/globals'
import { throughputOf, throughputText } from '../../src/messages/estimates.ts'
import type { JobSnapshot } from '../../src/gate/job.ts'
import { aHistory, aJob, aTrouble } from '../support/builders.ts'

const rows = (importedRows: number | undefined, but: Partial<JobSnapshot> = {}) =>
  aJob({ importedRows, totalRows: 100_000, sizeBytes: 400_000_000, progress: undefined, ...but })
const measured = (...polls: readonly (readonly [seconds: number, job: JobSnapshot])[]) =>
  throughputOf(aHistory({ polls: polls.map(([seconds, job]) => [seconds * 1000, job]) }))

describe('the throughput', () => {
  it('is measured from the last poll without rows to the one that saw the last of them', () => {
    const throughput = measured([0, rows(0)], [60, rows(0, { progress: 40 })], [70, rows(40_000)], [100, rows(100_000)])
    expect(throughput).toEqual({
      rowsPerSecond: 2500,
      isAtLeast: false,
      bytesPerRow: 4000,
    })
    expect(throughput && throughputText(throughput)).toBe('on average 2,500 rows/s (~10 MB/s)')
  })

  it('is that of the rows seen to come in, where some were there before', () => {
    expect(measured([0, rows(50_000)], [10, rows(60_000)])).toMatchObject({ rowsPerSecond: 1000 })
  })

  it('is measured over two seconds at least', () => {
    expect(measured([100, rows(0)], [102, rows(100_000)])).toMatchObject({ rowsPerSecond: 50_000 })
    expect(measured([100, rows(0)], [101.999, rows(100_000)])).toBeUndefined()
  })

  it('has nothing to do with polls that reported no rows', () => {
    expect(
      measured([100, rows(undefined, { totalRows: undefined })], [110, rows(0)], [120, rows(10_000)]),
    ).toMatchObject({ rowsPerSecond: 1000, isAtLeast: false })
  })

  it('has no size where the service does not say how large the files are', () => {
    const throughput = measured([0, rows(0, { sizeBytes: 0 })], [10, rows(100_000, { sizeBytes: 0 })])
    expect(throughput && throughputText(throughput)).toBe('on average 10,000 rows/s')
  })

  it('is a lower bound where the service was silent for a part of the time', () => {
    const outage = { kind: 'outage', error: aTrouble() } as const
    const history = aHistory({
      polls: [
        [0, rows(0)],
        [10_000, rows(10_000)],
        [20_000, outage],
        [60_000, rows(90_000)],
      ],
    })
    expect(throughputOf(history)).toMatchObject({ rowsPerSecond: 1500, isAtLeast: true })
  })

  it('is a lower bound where the service reports rows only at the end', () => {
    const throughput = measured(
      [0, rows(undefined, { phase: 'pending', label: 'Pending', totalRows: undefined })],
      [5, rows(undefined, { totalRows: undefined })],
      [50, rows(undefined, { phase: 'completed', label: 'Completed' })],
    )
    expect(throughput).toMatchObject({ rowsPerSecond: 2000, isAtLeast: true })
    expect(throughput && throughputText(throughput)).toBe('at least 2,000 rows/s (~8 MB/s)')
  })

  it.each([
    ['no job was seen', []],
    ['no row came in', [[0, rows(0)] as const, [60, rows(0, { progress: 30 })] as const]],
    ['all rows were there at once', [[0, rows(100_000)] as const]],
    ['it was over too soon to be timed', [[0, rows(0)] as const, [1, rows(100_000)] as const]],
    [
      'rows were lost on the way',
      [[0, rows(10)] as const, [10, rows(20)] as const, [20, rows(5)] as const, [30, rows(6)] as const],
    ],
    [
      'as many rows were lost as came in',
      [[0, rows(5)] as const, [10, rows(20)] as const, [20, rows(4)] as const, [30, rows(5)] as const],
    ],
    [
      'rows are reported at the end only, and it is not the end',
      [
        [0, rows(undefined, { phase: 'pending', label: 'Pending', totalRows: undefined })] as const,
        [50, rows(9)] as const,
      ],
    ],
    [
      'rows are not even reported at the end',
      [
        [0, rows(undefined, { phase: 'pending', label: 'Pending', totalRows: undefined })] as const,
        [50, rows(undefined, { phase: 'completed', label: 'Completed', totalRows: undefined })] as const,
      ],
    ],
    [
      'the beginning was not seen and rows are reported at the end only',
      [[0, rows(undefined, { totalRows: undefined })] as const, [9, rows(9, { phase: 'completed' })] as const],
    ],
  ])('is not reported where %s', (_, polls) => {
    expect(measured(...polls)).toBeUndefined()
  })
})
