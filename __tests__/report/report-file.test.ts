import { expect, it } from '@jest/globals'
import { createRequestLog } from '../../src/report/report-file.ts'

it('a journal counts every exchange by its outcome and keeps the last 200 whole', () => {
  const journal = createRequestLog()
  for (let n = 0; n < 250; n += 1) {
    journal.add({
      jobId: String(n),
      method: 'POST',
      path: '/v2/vectordb/jobs/import/describe',
      startedAt: Date.UTC(2026, 10, 23, 6, 0, n),
      tookMs: 12,
      httpStatus: 200,
      code: 0,
      sizeBytes: 480,
      outcome: n % 5 === 0 ? 'http-502' : 'answered',
    })
  }
  const { total, byOutcome, last } = journal.toJSON() as { total: number; byOutcome: unknown; last: unknown[] }
  expect([total, byOutcome]).toEqual([250, { answered: 200, 'http-502': 50 }])
  expect(journal.asked()).toEqual([
    { path: '/v2/vectordb/jobs/import/describe', outcomes: { answered: 200, 'http-502': 50 } },
  ])
  expect(last).toHaveLength(200)
  expect(last[0]).toMatchObject({ jobId: '50', at: '2026-11-23T06:00:50.000Z' })
  expect(last[199]).toMatchObject({ jobId: '249' })
})
