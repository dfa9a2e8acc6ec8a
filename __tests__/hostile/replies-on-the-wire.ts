import type { Exchange, HttpReply } from '../../src/milvus/exchange.ts'
import type { Clock } from '../../src/watch/clock.ts'
import type { PlayedLook } from './promises.ts'
import { segmentAt } from './scripts.ts'
import type { Play, Reply } from './scripts.ts'

/** A service that plays scripts over an imagined wire, and remembers what it was asked. */
export function playedExchange({ jobs, policy }: Play, clock: Clock, looks: PlayedLook[]): Exchange {
  return {
    async post({ body, signal }) {
      const job = Number((JSON.parse(body) as { readonly jobId: string }).jobId)
      const startedAtMs = clock.now()
      const { reply, tookMs } = segmentAt(jobs[job] ?? [], startedAtMs)
      const isTooSlow = tookMs >= policy.requestTimeoutMs
      const budgetMs = isTooSlow ? policy.requestTimeoutMs : tookMs
      if (budgetMs > 0) await clock.sleep(budgetMs, signal)
      const endedAtMs = clock.now()
      const isCut = isTooSlow || signal.aborted
      if (!signal.aborted || signal.reason === 'time is up') {
        looks.push({ job, startedAtMs, endedAtMs, reply: isCut ? { kind: 'outage' } : reply })
      }
      if (signal.aborted) return { kind: 'aborted', reason: signal.reason, afterMs: endedAtMs - startedAtMs }
      return isTooSlow ? { kind: 'timeout', timeoutMs: policy.requestTimeoutMs } : onTheWire(reply)
    },
    get: () => Promise.reject(new Error('there is nothing to get')),
    close: () => Promise.resolve(),
  }
}

/** The inputs that a user would write for such a play. */
export function inputsOf({ jobs, policy }: Play): Readonly<Record<string, string>> {
  const duration = (ms: number | undefined) => (ms === undefined ? '' : `${ms}ms`)
  const { expectedRows: rows } = policy
  return {
    'job-id': jobs.map((_, job) => String(job)).join(' '),
    endpoint: 'http://localhost:19530',
    timeout: policy.timeoutMs === 0 ? '0' : duration(policy.timeoutMs),
    'on-timeout': policy.onTimeout,
    'poll-interval': duration(policy.pollIntervalMs),
    'request-timeout': duration(policy.requestTimeoutMs),
    'max-outage': duration(policy.maxOutageMs),
    'stall-timeout': duration(policy.stallTimeoutMs),
    'expected-rows': rows === undefined ? '' : rows.max === undefined ? `>=${rows.min}` : `${rows.min}..${rows.max}`,
    'on-uncommitted': policy.onUncommitted,
    'collection-name': policy.expectedCollection ?? '',
  }
}

function onTheWire(reply: Reply): HttpReply {
  switch (reply.kind) {
    case 'answered':
      return http(200, { code: 0, data: { ...reply, kind: undefined } })
    case 'outage':
      return http(503, { code: 5, message: 'service not ready' }, reply.retryAfterS)
    case 'refused':
      return http(401, { code: 1800, message: 'user hasn’t authenticated' })
    case 'unknown-job':
      return http(200, { code: 2100, message: 'import job does not exist' })
  }
}

function http(status: number, envelope: unknown, retryAfterS?: number): HttpReply {
  const body = JSON.stringify(envelope)
  const retryAfter = retryAfterS === undefined ? undefined : String(retryAfterS)
  return { kind: 'reply', status, retryAfter, location: undefined, body, sizeBytes: body.length }
}
