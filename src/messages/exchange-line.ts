import { bytes, duration } from './format.ts'

/** One HTTP exchange, as report and debug log tell it. */
export interface ToldExchange {
  /** Undefined where it was about no single job. */
  readonly jobId: string | undefined
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number
  readonly tookMs: number
  readonly httpStatus: number | undefined
  readonly code: number | undefined
  readonly sizeBytes: number | undefined
  /** `answered`, or the short word of the error. */
  readonly outcome: string
}

/** A line for debugging: `06:17:55.123 POST /v2/vectordb/jobs/import/describe, job 12: HTTP 200, code 0, 1.2 kB, 120 ms: answered`. */
export function exchangeLine(exchange: ToldExchange): string {
  const { jobId, method, path, startedAt, tookMs, httpStatus, code, sizeBytes, outcome } = exchange
  const facts = [
    httpStatus === undefined ? 'no HTTP answer' : `HTTP ${httpStatus}`,
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(sizeBytes === undefined ? [] : [bytes(sizeBytes)]),
    tookMs === 0 ? '0 ms' : duration(tookMs),
  ]
  const job = jobId === undefined ? '' : `, job ${jobId}`
  return `${new Date(startedAt).toISOString().slice(11, 23)} ${method} ${path}${job}: ${facts.join(', ')}: ${outcome}`
}
