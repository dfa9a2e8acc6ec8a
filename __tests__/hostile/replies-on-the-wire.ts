import type { HttpConnection, HttpReply } from '../../src/connection.ts'
import type { Clock, Span } from '../../src/gate/clock.ts'
import type { PlayedList, PlayedPoll } from './promises.ts'
import { segmentAt } from './scripts.ts'
import type { ListReply, Play, Reply, Segment } from './scripts.ts'

/** What a service was asked, in the order in which it ended. */
export interface Seen {
  readonly polls: PlayedPoll[]
  readonly lists: PlayedList[]
}

/** What a request brought, or how it was cut. */
type Brought<Said> =
  | { readonly span: Span; readonly reply: Said; readonly cut?: undefined }
  | { readonly span: Span; readonly reply?: undefined; readonly cut: HttpReply }

/** A service that plays scripts over an imagined wire, and remembers what it was asked. */
export function playedExchange(play: Play, clock: Clock, { polls, lists }: Seen): HttpConnection {
  const { jobs, list, policy } = play

  const exchanged = async <Said>({ reply, tookMs }: Segment<Said>, signal: AbortSignal): Promise<Brought<Said>> => {
    const startedAtMs = clock.now()
    const isTooSlow = tookMs >= policy.requestTimeoutMs
    const budgetMs = isTooSlow ? policy.requestTimeoutMs : tookMs
    if (budgetMs > 0) await clock.sleep(budgetMs, signal)
    const span = { startedAtMs, endedAtMs: clock.now() }
    if (!signal.aborted && !isTooSlow) return { span, reply }
    const cut: HttpReply = signal.aborted
      ? { kind: 'aborted', reason: signal.reason, afterMs: span.endedAtMs - startedAtMs }
      : { kind: 'timeout', timeoutMs: policy.requestTimeoutMs }
    return { span, cut }
  }

  return {
    async send({ url, body = '', signal }) {
      const nowMs = clock.now()
      if (url.endsWith('/list')) {
        const { span, reply, cut } = await exchanged(segmentAt(list, nowMs), signal)
        const shown = reply?.kind === 'listed' ? recordsOf(play, reply, nowMs) : []
        const retryAfterS = reply?.kind === 'outage' ? reply.retryAfterS : undefined
        lists.push({ ...span, jobs: shown.map(({ jobId }) => Number(jobId)), retryAfterS })
        return reply === undefined ? cut : listOnTheWire(reply, shown)
      }
      if (url.endsWith('/collections/describe')) {
        const { collectionName } = JSON.parse(body) as { readonly collectionName: string }
        return http(200, { code: 0, data: { collectionID: collectionName === 'docs' ? 1 : 2 } })
      }
      const job = Number((JSON.parse(body) as { readonly jobId: string }).jobId)
      const { span, reply, cut } = await exchanged(segmentAt(jobs[job] ?? [], nowMs), signal)
      const isWaitedFor = !signal.aborted || signal.reason === 'time is up'
      if (isWaitedFor) polls.push({ job, ...span, reply: reply ?? { kind: 'outage' } })
      return reply === undefined ? cut : onTheWire(reply)
    },
    close: () => Promise.resolve(),
  }
}

/** A list has the jobs that the service would answer about, with neither rows nor files. */
function recordsOf({ jobs }: Play, { lagMs, hidesEvery }: Extract<ListReply, { kind: 'listed' }>, nowMs: number) {
  return jobs.flatMap((script, job) => {
    const { reply } = segmentAt(script, Math.max(0, nowMs - lagMs))
    if (reply.kind !== 'answered' || (job + 1) % hidesEvery === 0) return []
    const { state, progress, collectionName } = reply
    return [{ jobId: String(job), state, progress, collectionName }]
  })
}

function listOnTheWire(reply: ListReply, records: readonly object[]): HttpReply {
  switch (reply.kind) {
    case 'listed':
      return http(200, { code: 0, data: { records } })
    case 'unreadable':
      return http(200, { code: 0, data: { records: 'none' } })
    case 'unknown-path':
      return { ...http(404, ''), body: '404 page not found' }
    case 'outage':
    case 'refused':
      return onTheWire(reply)
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

function http(status: number, envelope: unknown, retryAfterS?: number): Extract<HttpReply, { kind: 'reply' }> {
  const body = JSON.stringify(envelope)
  const headers = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return { kind: 'reply', status, headers, body, sizeBytes: body.length }
}
