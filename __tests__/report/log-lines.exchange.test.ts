import { expect, it } from '@jest/globals'
import { exchangeLine } from '../../src/report/log-lines.ts'
import type { RequestRecord } from '../../src/gate/import-service.ts'

const described: RequestRecord = {
  jobId: '470592730169344001',
  method: 'POST',
  path: '/v2/vectordb/jobs/import/describe',
  startedAt: Date.UTC(2026, 10, 23, 6, 17, 55, 123),
  tookMs: 42,
  httpStatus: 200,
  code: 0,
  sizeBytes: 1234,
  outcome: 'answered',
}

it.each<[string, Partial<RequestRecord>, string]>([
  ['an answer', {}, 'describe, job 470592730169344001: HTTP 200, code 0, 1.2 kB, 42 ms: answered'],
  [
    'one without an envelope',
    { httpStatus: 502, code: undefined, sizeBytes: 0, outcome: 'http-502' },
    'describe, job 470592730169344001: HTTP 502, 0 B, 42 ms: http-502',
  ],
  [
    'none at all, about no single job',
    { jobId: undefined, httpStatus: undefined, code: undefined, sizeBytes: undefined, tookMs: 0, outcome: 'dns' },
    'describe: no HTTP response, 0 ms: dns',
  ],
])('an exchange is reported on one line: %s', (_, but, line) => {
  expect(exchangeLine({ ...described, ...but })).toBe(`06:17:55.123 POST /v2/vectordb/jobs/import/${line}`)
})
