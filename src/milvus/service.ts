import { TIME_IS_UP } from '../watch/look-pool.ts'
import type { Look } from '../watch/look-pool.ts'
import type { Observation } from '../watch/import-job.ts'
import { decodeJob } from './decode.ts'
import { diagnoseEnvelope, diagnoseReply, saysJobDoesNotExist, timedOut, unknownJob, unusable } from './diagnose.ts'
import type { Circumstances } from './diagnose.ts'
import { isSuccess, readEnvelope, valueOf } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { Exchange, HttpReply } from './exchange.ts'

/** Which service to ask about which database, and how. */
export interface ServiceOptions {
  /** Origin plus path prefix, without a trailing slash. */
  readonly endpoint: string
  /** Empty: no `Authorization` header. */
  readonly apiKey: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly clusterId: string | undefined
  readonly projectId: string | undefined
  readonly regionId: string | undefined
  readonly dbName: string | undefined
  readonly requestTimeoutMs: number
  readonly userAgent: string
  readonly exchange: Exchange
  readonly sanitise: (text: unknown, maxLength?: number) => string
  /** Told of every exchange, good or bad. */
  readonly onExchange: (exchange: ExchangeRecord) => void
}

/** One HTTP exchange as the report and the debug log tell it. */
export interface ExchangeRecord {
  readonly jobId: string
  readonly path: string
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number
  readonly tookMs: number
  readonly httpStatus: number | undefined
  readonly code: number | undefined
  readonly sizeBytes: number | undefined
  /** `answered`, or the short word of the trouble. */
  readonly outcome: string
}

/**
 * The three names of one question. `describe` is what all SDKs ask, `get_progress` is the one that every Milvus since 2.4.0
 * knows, `getProgress` is what the documents of Zilliz Cloud once showed.
 */
const PATHS = ['describe', 'get_progress', 'getProgress'].map((name) => `/v2/vectordb/jobs/import/${name}`)

/** Looks at import jobs of one service. Never rejects; all text that comes back has been sanitised. */
export function createLook(options: ServiceOptions): Look {
  const headers = requestHeaders(options)
  const host = options.sanitise(new URL(options.endpoint).host)
  const isClusterEndpoint = isZillizCluster(new URL(options.endpoint).hostname)
  let answeredWell = false
  let pathIndex = 0

  const around = (): Circumstances => ({
    host,
    answeredWell,
    isClusterEndpoint,
    sanitise: options.sanitise,
    nowMs: Date.now(),
  })

  const ask = async (jobId: string, path: string, signal: AbortSignal): Promise<Observation | 'no-such-path'> => {
    const startedAt = Date.now()
    const startedMs = performance.now()
    const reply = await options.exchange.post({
      url: options.endpoint + path,
      headers,
      body: JSON.stringify(requestBody(jobId, options)),
      signal,
      timeoutMs: options.requestTimeoutMs,
    })
    const tookMs = Math.round(performance.now() - startedMs)
    const envelope = reply.kind === 'reply' ? readEnvelope(reply.body) : undefined
    const observation = observe(reply, envelope, jobId, around())
    if (envelope !== undefined && observation.kind !== 'refused') answeredWell = true
    options.onExchange({
      jobId,
      path,
      startedAt,
      tookMs,
      httpStatus: 'status' in reply ? reply.status : undefined,
      code: envelope?.code,
      sizeBytes: reply.kind === 'reply' ? reply.sizeBytes : undefined,
      outcome: 'trouble' in observation ? observation.trouble.outcome : observation.kind,
    })
    const isMissing = reply.kind === 'reply' && reply.status === 404 && envelope === undefined
    return isMissing && !answeredWell ? 'no-such-path' : observation
  }

  return async (jobId, { signal, turn }) => {
    for (;;) {
      if (!(await turn())) return { kind: 'cancelled' }
      const index = pathIndex
      const observation = await ask(jobId, PATHS[index] ?? '', signal)
      if (observation !== 'no-such-path') return observation
      if (index === PATHS.length - 1) return diagnoseReply(NOT_FOUND, around())
      // Once per service: looks at other jobs go on from here.
      pathIndex = Math.max(pathIndex, index + 1)
    }
  }
}

const NOT_FOUND: HttpReply & { kind: 'reply' } = {
  kind: 'reply',
  status: 404,
  retryAfter: undefined,
  location: undefined,
  body: '',
  sizeBytes: 0,
}

function observe(reply: HttpReply, envelope: Envelope | undefined, jobId: string, around: Circumstances): Observation {
  if (reply.kind === 'aborted') {
    return reply.reason === TIME_IS_UP ? timedOut(reply.afterMs, around) : { kind: 'cancelled' }
  }
  if (reply.kind !== 'reply' || envelope === undefined) return diagnoseReply(reply, around)
  const isGood = isSuccess(envelope) && reply.status >= 200 && reply.status < 300
  const snapshot = isGood && envelope.data !== undefined ? decodeJob(envelope.data, around.sanitise) : undefined
  if (snapshot === undefined || envelope.data === undefined) return diagnoseEnvelope(envelope, reply, around)
  const echoed = valueOf(envelope.data, 'jobId')
  if (typeof echoed === 'string' && echoed !== jobId) {
    return unusable('wrong-job', 'about another job than the one asked for', around)
  }
  if (snapshot.phase === 'failed' && saysJobDoesNotExist(snapshot.reason)) {
    return unknownJob(snapshot.reason ?? '', around)
  }
  return { kind: 'answered', snapshot }
}

function requestBody(jobId: string, { clusterId, projectId, regionId }: ServiceOptions): Record<string, string> {
  return { jobId, ...(clusterId && { clusterId }), ...(projectId && regionId && { projectId, regionId }) }
}

function requestHeaders(options: ServiceOptions): Record<string, string> {
  const { apiKey, dbName, requestTimeoutMs } = options
  const headers = {
    ...Object.fromEntries(options.headers),
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': options.userAgent,
    'Request-Timeout': String(Math.max(1, Math.ceil(requestTimeoutMs / 1_000))),
    ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
    ...(dbName && { 'DB-Name': dbName }),
  }
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, utf8(value)]))
}

/** HTTP headers carry bytes, which Node writes from a string's Latin-1 characters; Milvus reads them as UTF-8. */
function utf8(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}

/** Of the hosts of Zilliz Cloud only `api.` and the older `controller.api.` know import jobs; the others are clusters. */
function isZillizCluster(hostname: string): boolean {
  const isZilliz = /(^|\.)(zillizcloud\.com|cloud\.zilliz\.com(\.cn)?)$/i.test(hostname)
  return isZilliz && !/^(controller\.)?api\./i.test(hostname)
}
