import { describe, expect, it } from '@jest/globals'
import type { HttpConnection } from '../../src/connection.ts'
import type { Clock } from '../../src/gate/clock.ts'
import { runStep } from './whole-gate.ts'
import type { Left } from './whole-gate.ts'
import { IS_SOAK } from '../support/soak.ts'

/** As many as the soak has would take a tenth of the time of all tests. */
const JOBS = IS_SOAK ? 1_000 : 200
const FILES = IS_SOAK ? 10_000 : 4_000

describe('a large import', () => {
  it(`is watched over ${JOBS} jobs at once, and nothing that is told grows beyond its limits`, async () => {
    const jobIds = Array.from({ length: JOBS }, (_, i) => `4487613136983${i}`)
    const left = await runStep({
      inputs: { ...LOCAL, 'job-id': jobIds.join(','), 'expected-rows': String(1000 * JOBS) },
      openExchange: (clock) =>
        service(
          clock,
          (nowMs) =>
            nowMs < 60_000
              ? { state: 'Importing', progress: 40, importedRows: 400 }
              : { state: 'Completed', progress: 100, importedRows: 1000, details: filesOf(2, 'Completed') },
          jobIds,
        ),
    })
    expect(left.passes).toBe(true)
    expect(left.outputs).toMatchObject({
      conclusion: 'completed',
      importedRows: String(1000 * JOBS),
      fileCount: String(2 * JOBS),
    })
    expectWithinLimits(left)
    expect((JSON.parse(left.report) as { readonly jobs: unknown }).jobs).toHaveLength(JOBS)
  }, 300_000)

  it(`tells of ${FILES} failed files with long reasons within its limits, and of everything in the report`, async () => {
    const left = await failedFiles(FILES)
    expect(left.outputs).toMatchObject({ conclusion: 'failed', failedFileCount: String(FILES) })
    expectWithinLimits(left)
    const { jobs } = JSON.parse(left.report) as { readonly jobs: readonly { readonly details: unknown }[] }
    expect(jobs[0]?.details).toHaveLength(FILES)
  }, 60_000)
})

const LOCAL = { endpoint: 'http://localhost:19530' }

function failedFiles(amount: number): Promise<Left> {
  const details = filesOf(
    amount,
    'Failed',
    `the data of this file does not fit the schema: ${'å field is missing, '.repeat(100)}`,
  )
  return runStep({
    inputs: { ...LOCAL, 'job-id': '1' },
    openExchange: (clock) =>
      service(clock, (nowMs) =>
        nowMs < 10_000
          ? { state: 'Importing', progress: 50, details: filesOf(amount, 'Importing') }
          : { state: 'Failed', reason: 'some files failed', details },
      ),
  })
}

function filesOf(amount: number, state: string, reason = ''): readonly unknown[] {
  return Array.from({ length: amount }, (_, i) => ({
    fileName: `export/part-${i}.parquet`,
    fileSize: 4_800_000,
    state,
    progress: 50,
    importedRows: 500,
    totalRows: 1000,
    reason,
  }))
}

interface State {
  readonly state: string
  readonly progress?: number
  readonly [field: string]: unknown
}

/** A service that says the same of all jobs, and lists them. */
function service(clock: Clock, stateAt: (nowMs: number) => State, jobIds: readonly string[] = []): HttpConnection {
  return {
    send({ url }) {
      const says = stateAt(clock.now())
      const { state, progress } = says
      const data = url.endsWith('/list') ? { records: jobIds.map((jobId) => ({ jobId, state, progress })) } : says
      const body = JSON.stringify({ code: 0, data })
      const sizeBytes = Buffer.byteLength(body)
      return Promise.resolve({
        kind: 'reply',
        status: 200,
        headers: {},
        body,
        sizeBytes,
      })
    },
    close: () => Promise.resolve(),
  }
}

function expectWithinLimits({ outputs, summary }: Left): void {
  for (const name of ['details', 'jobs']) {
    const text = outputs[name] ?? ''
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024)
    expect(JSON.parse(text)).not.toEqual([])
  }
  expect(Buffer.byteLength(Object.values(outputs).join(''))).toBeLessThan(1_000_000)
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1_000_000)
}
