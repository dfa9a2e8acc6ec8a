import type { Answer, Asked, RequestContext } from './errors.ts'
import { readEnvelope } from './envelope.ts'
import type { HttpConnection, HttpReply } from './http.ts'
import { isZillizCloud } from '../hosts.ts'

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
  readonly exchange: HttpConnection
  readonly sanitize: (text: unknown, maxLength?: number) => string
  /** Told of every exchange, good or bad. */
  readonly onExchange: (exchange: RequestRecord) => void
}

/** One HTTP exchange as the report and the debug log tell it. */
export interface RequestRecord {
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

/** One request to the service: which operation, about which job, with what besides the place where it lives. */
export interface Request {
  /** Below the endpoint: `/v2/…`. */
  readonly path: string
  /** Undefined where it is about no single job. */
  readonly jobId: string | undefined
  /** Undefined asks by GET. */
  readonly body: Readonly<Record<string, unknown>> | undefined
  /** Those that no other request has. */
  readonly headers?: Readonly<Record<string, string>>
  /** Cluster, project and region are no business of whoever is asked. */
  readonly isPlaceless?: boolean
  readonly signal: AbortSignal
}

/** Sends requests to one service, and remembers what kind of service it has shown itself to be. */
export interface Client {
  /**
   * One request; `judge` says what the answer means, which is told to `onExchange` and decides whether the service has answered
   * well.
   */
  ask<Meaning extends { readonly kind: string }>(request: Request, judge: (answer: Answer) => Meaning): Promise<Meaning>
  /** What the meaning of a bad response depends on, at this moment. */
  context(asked?: Asked): RequestContext
}

export function createClient(options: ClientOptions): Client {
  const headers = requestHeaders(options)
  const { host, hostname } = new URL(options.endpoint)
  const place = placeOf(options)
  const shownHost = options.sanitize(host)
  let hostHasAnswered = false

  return {
    context: (asked = { operation: 'poll' }) => ({
      asked,
      host: shownHost,
      hostHasAnswered,
      isClusterEndpoint: isZillizCluster(hostname),
      sanitize: options.sanitize,
      nowMs: Date.now(),
    }),
    async ask({ path, jobId, body, headers: own, isPlaceless = false, signal }, judge) {
      const startedAt = Date.now()
      const startedMs = performance.now()
      const request = {
        url: `${options.endpoint}${path}`,
        headers: { ...headers, ...own },
        signal,
        timeoutMs: options.requestTimeoutMs,
      }
      const reply =
        body === undefined
          ? await options.exchange.get(request)
          : await options.exchange.post({ ...request, body: JSON.stringify({ ...body, ...(!isPlaceless && place) }) })
      const tookMs = Math.round(performance.now() - startedMs)
      const answer = answerIn(reply)
      const { envelope } = answer
      const meaning = judge(answer)
      if (envelope !== undefined && meaning.kind !== 'refused') hostHasAnswered = true
      options.onExchange({
        jobId,
        method: body === undefined ? 'GET' : 'POST',
        path: options.sanitize(path),
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

function answerIn(reply: HttpReply): Answer {
  if (reply.kind !== 'reply') return { reply, envelope: undefined }
  const envelope = readEnvelope(reply.body)
  return envelope === undefined ? { reply, envelope } : { reply, envelope }
}

function outcomeOf(meaning: { readonly kind: string; readonly error?: { readonly outcome: string } }): string {
  return meaning.error?.outcome ?? meaning.kind
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
  return Buffer.from(value).toString('latin1')
}

/** Of the hosts of Zilliz Cloud only `api.` and the older `controller.api.` know import jobs; the others are clusters. */
function isZillizCluster(hostname: string): boolean {
  return isZillizCloud(hostname) && !/^(controller\.)?api\./i.test(hostname)
}
