import type { Connection, HttpConnection, HttpReply, Target } from '../connection.ts'
import type { RequestOptions, RequestRecord } from '../gate/import-service.ts'
import type { AddressSource, Operation } from '../gate/job.ts'
import type { Sanitize } from '../messages/format.ts'
import { lacksJobs } from './dialects.ts'
import { readEnvelope } from './envelope.ts'
import type { Answer, RequestContext } from './errors.ts'

/** Which service to ask about which database, and how. */
export interface ClientOptions extends Target, Pick<Connection, 'endpoint' | 'apiKey' | 'headers'> {
  readonly requestTimeoutMs: number
  readonly userAgent: string
  readonly exchange: HttpConnection
  readonly sanitize: Sanitize
  /** Called after every exchange, good or bad. */
  readonly onExchange: (exchange: RequestRecord) => void
  /** The input that the endpoint comes from; `endpoint` by default. */
  readonly address?: AddressSource
}

/** What a request is for, as far as an error repeats it. */
interface Purpose {
  readonly operation: Operation
  readonly subject?: string
  readonly database?: string | undefined
}

/** One request to the service. */
export interface Request extends Purpose {
  /** Below the endpoint: `/v2/…`. */
  readonly path: string
  /** Undefined where it is about no single job. */
  readonly jobId?: string | undefined
  /** Text is sent as it is; undefined sends a GET. */
  readonly body: Readonly<Record<string, unknown>> | string | undefined
  /** Those that no other request has. */
  readonly headers?: Readonly<Record<string, string>>
  /** To be sent once and never again, whatever becomes of the connection. */
  readonly isOnce?: boolean
}

/** A call got no turn, or was cut short. */
export interface Cancelled {
  readonly kind: 'cancelled'
}

/** Sends requests to one service, and remembers whether it has answered well. */
export interface Client {
  /**
   * Takes a turn and sends a request; `judge` says what the response means, which goes to `onExchange` and decides whether the
   * service has answered well.
   */
  request<Meaning extends { readonly kind: string }>(
    request: Request,
    options: RequestOptions,
    judge: (answer: Answer) => Meaning,
  ): Promise<Meaning | Cancelled>
  /** What the meaning of a bad response depends on, at this moment. */
  context(purpose: Purpose): RequestContext
}

export function createClient(options: ClientOptions): Client {
  const { endpoint, address = 'endpoint', exchange, onExchange, sanitize, requestTimeoutMs } = options
  const headers = requestHeaders(options)
  const { host, hostname } = new URL(endpoint)
  const shownHost = sanitize(host)
  let hostHasAnswered = false

  const context: Client['context'] = ({ operation, subject, database }) => ({
    operation,
    ...(subject !== undefined && { subject: sanitize(subject) }),
    ...(database && { database: sanitize(database) }),
    address,
    host: shownHost,
    hostHasAnswered,
    isClusterEndpoint: lacksJobs(hostname),
    sanitize,
    nowMs: Date.now(),
  })

  const send = ({ path, body, headers: own }: Request, signal: AbortSignal): Promise<HttpReply> => {
    const request = { url: `${endpoint}${path}`, headers: { ...headers, ...own }, signal, timeoutMs: requestTimeoutMs }
    if (body === undefined) return exchange.send(request)
    return exchange.send({ ...request, body: typeof body === 'string' ? body : JSON.stringify(body) })
  }

  return {
    context,
    async request(request, { signal, turn }, judge) {
      let stale: ReturnType<typeof judge> | undefined
      for (;;) {
        if (!(await turn())) return stale ?? { kind: 'cancelled' }
        const startedAt = Date.now()
        const startedMs = performance.now()
        const reply = await send(request, signal)
        const tookMs = Math.round(performance.now() - startedMs)
        const answer = answerIn(reply, context(request))
        const { envelope } = answer
        const meaning = judge(answer)
        if (envelope !== undefined && meaning.kind !== 'refused' && meaning.kind !== 'gone') hostHasAnswered = true
        onExchange({
          jobId: request.jobId,
          method: request.body === undefined ? 'GET' : 'POST',
          path: sanitize(request.path),
          startedAt,
          tookMs,
          httpStatus: 'status' in reply ? reply.status : undefined,
          code: envelope?.code,
          sizeBytes: reply.kind === 'reply' ? reply.sizeBytes : undefined,
          outcome: outcomeOf(meaning),
        })
        const isStale = reply.kind === 'network' && reply.mayBeStale === true
        if (!isStale || stale !== undefined || request.isOnce === true) return meaning
        stale = meaning
      }
    },
  }
}

function answerIn(reply: HttpReply, context: RequestContext): Answer {
  const envelope = reply.kind === 'reply' ? readEnvelope(reply.body) : undefined
  return reply.kind === 'reply' && envelope !== undefined
    ? { reply, envelope, context }
    : { reply, envelope: undefined, context }
}

/** Meanings without an error that are no answer to what was asked. */
const NO_ANSWER = new Set(['cancelled', 'no-such-path', 'not-loaded', 'vanished'])

function outcomeOf({ kind, error }: { readonly kind: string; readonly error?: { readonly outcome: string } }): string {
  return error?.outcome ?? (NO_ANSWER.has(kind) ? kind : 'answered')
}

function requestHeaders(options: ClientOptions): Record<string, string> {
  const { apiKey, dbName } = options
  const headers = {
    ...Object.fromEntries(options.headers),
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': options.userAgent,
    ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
    ...(dbName && { 'DB-Name': dbName }),
  }
  // HTTP headers carry bytes, which Node writes from a string's Latin-1 characters; Milvus reads them as UTF-8.
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
  )
}
