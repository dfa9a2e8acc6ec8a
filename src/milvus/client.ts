import type { Circumstances } from './diagnose.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { Exchange, HttpReply } from './exchange.ts'

/** Which service to ask about which database, and how. */
export interface ClientOptions {
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
  /** Undefined where it was about no single job. */
  readonly jobId: string | undefined
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

/** One request to the service: which operation, about which job, with what besides the place where it lives. */
export interface Request {
  /** Below `/v2/vectordb`. */
  readonly path: string
  /** Undefined where it is about no single job. */
  readonly jobId: string | undefined
  readonly body: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
}

/** What a request brought; the envelope is undefined where the reply has none. */
export interface Answer {
  readonly reply: HttpReply
  readonly envelope: Envelope | undefined
}

/** Sends requests to one service, and remembers what kind of service it has shown itself to be. */
export interface Client {
  /**
   * One POST; `judge` says what the answer means, which is told to `onExchange` and decides whether the service has answered
   * well.
   */
  ask<Meaning extends { readonly kind: string }>(request: Request, judge: (answer: Answer) => Meaning): Promise<Meaning>
  /** What the meaning of a bad answer depends on, at this moment. */
  around(): Circumstances
}

export function createClient(options: ClientOptions): Client {
  const headers = requestHeaders(options)
  const { host, hostname } = new URL(options.endpoint)
  const place = placeOf(options)
  const shownHost = options.sanitise(host)
  let answeredWell = false

  return {
    around: () => ({
      host: shownHost,
      answeredWell,
      isClusterEndpoint: isZillizCluster(hostname),
      sanitise: options.sanitise,
      nowMs: Date.now(),
    }),
    async ask({ path, jobId, body, signal }, judge) {
      const startedAt = Date.now()
      const startedMs = performance.now()
      const reply = await options.exchange.post({
        url: `${options.endpoint}/v2/vectordb${path}`,
        headers,
        body: JSON.stringify({ ...body, ...place }),
        signal,
        timeoutMs: options.requestTimeoutMs,
      })
      const tookMs = Math.round(performance.now() - startedMs)
      const envelope = reply.kind === 'reply' ? readEnvelope(reply.body) : undefined
      const meaning = judge({ reply, envelope })
      if (envelope !== undefined && meaning.kind !== 'refused') answeredWell = true
      options.onExchange({
        jobId,
        path: `/v2/vectordb${path}`,
        startedAt,
        tookMs,
        httpStatus: 'status' in reply ? reply.status : undefined,
        code: envelope?.code,
        sizeBytes: reply.kind === 'reply' ? reply.sizeBytes : undefined,
        outcome: outcomeOf(meaning),
      })
      return meaning
    },
  }
}

function outcomeOf(meaning: { readonly kind: string; readonly trouble?: { readonly outcome: string } }): string {
  return meaning.trouble?.outcome ?? meaning.kind
}

/** Where on Zilliz Cloud the jobs live; a Milvus has one place only. */
function placeOf({ clusterId, projectId, regionId }: ClientOptions): Readonly<Record<string, string>> {
  return { ...(clusterId && { clusterId }), ...(projectId && regionId && { projectId, regionId }) }
}

function requestHeaders(options: ClientOptions): Record<string, string> {
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
