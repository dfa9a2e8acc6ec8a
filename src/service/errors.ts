import { TIME_IS_UP } from '../gate/import-service.ts'
import type { NoResponse } from '../gate/import-service.ts'
import type { AddressSource, Operation, PollResult, ServiceError, ServiceErrorKind } from '../gate/job.ts'
import { CODES, IMPORT_FAILED, UNCLASSIFIED } from './dialects.ts'
import type { CodeMeaning } from './dialects.ts'
import { isGood, isSuccess } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { HttpReply, NetworkFailure } from './http.ts'

/** What a request is for, as far as an error repeats it. */
export interface Asked {
  readonly operation: Operation
  readonly subject?: string
  readonly database?: string | undefined
  readonly address?: AddressSource
}

/** What the meaning of a response depends on. */
export interface RequestContext {
  readonly asked: Asked
  /** `host` or `host:port` of the endpoint, sanitized. */
  readonly host: string
  /** The host has sent an envelope that was no refusal: what refuses without an envelope now is something in between. */
  readonly hostHasAnswered: boolean
  /** The host is a Zilliz Cloud cluster, where there are no import jobs. */
  readonly isClusterEndpoint: boolean
  readonly sanitize: (text: unknown, maxLength?: number) => string
  /** Wall clock, for a `Retry-After` that is a date. */
  readonly nowMs: number
}

/** What a request brought; the envelope is undefined where there is no reply, or none in it. */
export type Answer =
  | { readonly reply: Extract<HttpReply, { kind: 'reply' }>; readonly envelope: Envelope }
  | { readonly reply: HttpReply; readonly envelope: undefined }

/** What a response brought that is not about the progress of a job. */
export type Response<Value> = { readonly kind: 'answered'; readonly value: Value } | NoResponse

export type Reply = Extract<HttpReply, { kind: 'reply' }>
type Failure = Extract<PollResult, { readonly error: ServiceError }>
export type Outage = Extract<Failure, { readonly kind: 'outage' }>
export type Refusal = Extract<Failure, { readonly kind: 'refused' }>
type UnknownJob = Extract<Failure, { readonly kind: 'unknown-job' }>
type Facts = Omit<Partial<ServiceError>, 'kind' | 'outcome'>

const JOB_DOES_NOT_EXIST = /import job does not exist/i
const BAD_JOB_ID = /parse job id failed/i
const PERMISSION_DENIED = /permission deny|PermissionDenied/i
const IP_NOT_ALLOWED = /\bIP\b.{0,200}\b(?:allow|white)[- ]?list|\b(?:allow|white)[- ]?list.{0,200}\bIP\b/is
const MAX_MESSAGE = 300

/** The outcome word of a success without the result that was asked for. */
const INCOMPLETE: Readonly<Partial<Record<Operation, string>>> = {
  poll: 'no-state',
  list: 'no-list',
  commit: 'unclear',
  abort: 'unclear',
  cluster: 'no-address',
}

/** The facts of an error, with those that every error of the request has. */
export function errorOf(
  kind: ServiceErrorKind,
  outcome: string,
  context: RequestContext,
  facts: Facts = {},
): ServiceError {
  const { asked, host, isClusterEndpoint } = context
  const { operation, subject, database, address = 'endpoint' } = asked
  return {
    kind,
    outcome,
    host,
    operation,
    ...(subject !== undefined && { subject }),
    ...(database && { database }),
    address,
    ...(isClusterEndpoint && isOfControlPlane(operation) && { isCluster: true }),
    ...facts,
  }
}

/** Whether on Zilliz Cloud only the control plane knows the answer. */
function isOfControlPlane(operation: Operation): boolean {
  return ['poll', 'list', 'commit', 'abort', 'create', 'job-start', 'cluster'].includes(operation)
}

/** What `read` finds in a good envelope, or why there is nothing; where `read` finds nothing, the envelope is unusable. */
export function readResponse<Value>(
  { reply, envelope }: Answer,
  context: RequestContext,
  read: (envelope: Envelope) => Value | undefined,
): Response<Value> {
  if (envelope === undefined) return classifyReply(reply, context)
  const value = isGood(envelope, reply.status) ? read(envelope) : undefined
  return value === undefined ? classifyEnvelope(envelope, reply, context) : { kind: 'answered', value }
}

/** What an envelope that is no success means, judged before the HTTP status: the same error may come at 200 or at its own. */
export function meaningOf(envelope: Envelope, status: number): CodeMeaning {
  const { code, message } = envelope
  const known = CODES.get(code)
  const kind = IP_NOT_ALLOWED.test(message) ? 'ip-not-allowed' : undefined
  // Milvus up to 2.5 says this with the code of "importing data failed".
  const isBadJobId = (known === undefined || known.kind === 'bad-request') && BAD_JOB_ID.test(message)
  if (status === 401 || status === 403) {
    const denied = status === 401 ? 'credentials' : 'permission'
    return {
      means: 'refused',
      kind: isBadJobId ? 'bad-job-id' : known?.kind === 'credentials' ? known.kind : (kind ?? denied),
    }
  }
  if (isBadJobId) return { means: 'refused', kind: 'bad-job-id' }
  if (known !== undefined) return { means: known.means, kind: kind ?? known.kind }
  if (code === UNCLASSIFIED && PERMISSION_DENIED.test(message)) return { means: 'refused', kind: kind ?? 'permission' }
  if (!isSuccess(envelope) && saysJobIsUnknown(message)) return { means: 'unknown-job', kind: 'unknown-job' }
  if (status === 400 && !IMPORT_FAILED.has(code)) return { means: 'refused', kind: 'bad-request' }
  return { means: 'outage', kind: kind ?? 'service-error' }
}

/** What an envelope without a snapshot says about a job: it may also be unknown. */
export function classifyJobEnvelope(envelope: Envelope, reply: Reply, context: RequestContext): Failure {
  const { means } = meaningOf(envelope, reply.status)
  return means === 'unknown-job' ? unknownJob(envelope.message, context) : classifyEnvelope(envelope, reply, context)
}

/** What an envelope means that is no success, or one without the result that was asked for. */
export function classifyEnvelope(envelope: Envelope, reply: Reply, context: RequestContext): Outage | Refusal {
  const { means } = meaningOf(envelope, reply.status)
  const error = envelopeError(envelope, reply, context)
  return means === 'refused' ? refused(error, context) : outage(error, retryAfter(reply.retryAfter, context.nowMs))
}

/** The facts of such an envelope. */
export function envelopeError(envelope: Envelope, { status }: Reply, context: RequestContext): ServiceError {
  const { code, message } = envelope
  const { kind } = meaningOf(envelope, status)
  const isEmpty = isSuccess(envelope)
  const outcome = isEmpty ? (INCOMPLETE[context.asked.operation] ?? 'unusable') : `code-${code}`
  const facts = { httpStatus: status, code, ...messageIn(message, context) }
  return errorOf(isEmpty ? 'incomplete' : kind, outcome, context, facts)
}

/** The first line of the service's message for an error, without a full stop: Milvus may send a stack trace behind it. */
export function messageIn(message: string, { sanitize }: RequestContext): { readonly message?: string } {
  // The sanitizer puts this sign for a line break.
  const [line = ''] = sanitize(message).split(/ ⏎ |[\r\n]+/)
  const text = sanitize(line, MAX_MESSAGE).trim().replace(/\.$/, '')
  return text === '' ? {} : { message: text }
}

/** Whether an envelope is neither a refusal nor about a moment that passes, so that its text may decide. */
export function isParticular(envelope: Envelope, status: number): boolean {
  const { means, kind } = meaningOf(envelope, status)
  return kind === 'bad-request'
    ? !CODES.has(envelope.code)
    : means !== 'refused' && CODES.get(envelope.code)?.means !== 'outage'
}

/** Whether the collection, or its database, is said to be not there. */
export function isGone(envelope: Envelope, status: number): boolean {
  const { kind } = meaningOf(envelope, status)
  return kind === 'no-collection' || kind === 'no-database'
}

/** In two steps: one pattern would scan for its second half again from each first one, in a message of any length. */
function saysJobIsUnknown(message: string): boolean {
  const fromJob = /\bjob\b.*/is.exec(message)?.[0] ?? ''
  return JOB_DOES_NOT_EXIST.test(message) || /\bnot found\b/i.test(fromJob)
}

/** A Failed whose reason is that the job does not exist: its record was collected in the middle of the call. */
export function saysJobDoesNotExist(reason: string | undefined): reason is string {
  return reason !== undefined && JOB_DOES_NOT_EXIST.test(reason)
}

/** The service does not know the job; `message` is what it said. */
export function unknownJob(message: string, context: RequestContext): UnknownJob {
  return { kind: 'unknown-job', error: errorOf('unknown-job', 'unknown-job', context, messageIn(message, context)) }
}

/** What a reply without an envelope, or no reply at all, means. */
export function classifyReply(reply: HttpReply, context: RequestContext): NoResponse {
  switch (reply.kind) {
    case 'aborted':
      return reply.reason === TIME_IS_UP ? timedOut(reply.afterMs, context) : { kind: 'cancelled' }
    case 'timeout':
      return timedOut(reply.timeoutMs, context)
    case 'too-large':
      return outage(errorOf('too-large', 'too-large', context, { httpStatus: reply.status }))
    case 'reply':
      return classifyStatus(reply, context)
    case 'proxy-refused':
      return classifyProxy(reply.status, context)
    case 'network':
      return classifyNetwork(reply, context)
  }
}

/** The service did not respond in time. */
export function timedOut(timeoutMs: number, context: RequestContext): Outage {
  return outage(errorOf('timeout', 'timeout', context, { timeoutMs }))
}

/** A success that cannot be one. */
export function unusable(
  kind: ServiceErrorKind,
  context: RequestContext,
  facts: Facts = {},
  outcome: string = kind,
): Outage {
  return outage(errorOf(kind, outcome, context, facts))
}

/** Statuses that are about the request and not about the moment. */
const REFUSED_STATUS = new Set([400, 401, 403, 405, 407])

function classifyStatus(reply: Reply, context: RequestContext): Outage | Refusal {
  const { status } = reply
  if (status === 407) return classifyProxy(status, context)
  const [kind, facts] = statusKind(reply, context)
  const isNoJson = status >= 200 && status < 300
  const error = errorOf(kind, isNoJson ? 'not-json' : `http-${status}`, context, { httpStatus: status, ...facts })
  const isRefused = REFUSED_STATUS.has(status) || status === 404 || (status >= 300 && status < 400)
  return isRefused && !context.hostHasAnswered
    ? refused(error, context)
    : outage(error, retryAfter(reply.retryAfter, context.nowMs))
}

function statusKind(reply: Reply, { sanitize }: RequestContext): readonly [ServiceErrorKind, Facts?] {
  const { status, body, location, headers = {} } = reply
  if (GRPC_STATUS.has(status) || /^application\/grpc/i.test(headers['content-type'] ?? '')) return ['grpc']
  if (status === 400 && HTTPS_WANTED.test(body)) return ['https-wanted']
  if (status >= 200 && status < 300) {
    if (/^\s*</.test(body)) return ['web-page']
    return [body.trim() === '' ? 'empty-body' : 'not-json']
  }
  if (status >= 300 && status < 400) {
    const origin = originOf(location, sanitize)
    return ['redirect', origin === undefined ? {} : { detail: origin }]
  }
  if (status === 404) return ['no-api']
  if (status === 429) return ['rate-limited']
  if (status === 401 || status === 403) return ['gateway-rejected']
  return [status === 400 || status === 405 ? 'http-rejected' : 'http-status']
}

/** What servers and load balancers of gRPC answer to HTTP/1.1 or to JSON. */
const GRPC_STATUS = new Set([415, 426, 464])
/** The words of Go and nginx. */
const HTTPS_WANTED = /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port/i

function classifyProxy(status: number, context: RequestContext): Outage | Refusal {
  const kind = status === 407 ? 'proxy-credentials' : 'proxy-rejected'
  const error = errorOf(kind, `proxy-${status}`, context, { httpStatus: status })
  return REFUSED_STATUS.has(status) && !context.hostHasAnswered ? refused(error, context) : outage(error)
}

/** How an error of the network is known: by Node's, OpenSSL's or undici's code, and what its message adds to that. */
interface NetworkRow {
  readonly match: RegExp
  readonly kind: ServiceErrorKind
  readonly outcome: string
  /** What of the message belongs to the sentence, in place of the code. */
  readonly named?: RegExp
  /** A certificate or name that does not hold: about the request, not about the moment. */
  readonly isRefusal?: boolean
}

/** The first that matches the code. Certificates: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const NETWORK: readonly NetworkRow[] = [
  // The name or address may be a proxy's.
  { match: /^ENOTFOUND$/, kind: 'no-such-host', outcome: 'dns', named: /ENOTFOUND (\S+)$/ },
  { match: /^EAI_AGAIN$/, kind: 'dns', outcome: 'dns' },
  { match: /^ECONNREFUSED$/, kind: 'connection-refused', outcome: 'connection-refused', named: /ECONNREFUSED (\S+)$/ },
  { match: /^ERR_TLS_CERT_ALTNAME_INVALID$/, kind: 'tls-wrong-name', outcome: 'tls', isRefusal: true },
  { match: /^CERT_HAS_EXPIRED$/, kind: 'tls-expired', outcome: 'tls', isRefusal: true },
  { match: /^CERT_NOT_YET_VALID$/, kind: 'tls-not-yet-valid', outcome: 'tls', isRefusal: true },
  {
    match:
      /^(?:CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT(?:_LOCALLY)?|VERIFY_LEAF_SIGNATURE|DECODE_ISSUER_PUBLIC_KEY)|ERR_TLS_CERT_ALTNAME_FORMAT|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/,
    kind: 'tls-untrusted',
    outcome: 'tls',
    isRefusal: true,
  },
  { match: /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, kind: 'tls-unsupported', outcome: 'tls' },
  { match: /^ERR_SSL_.*NO_APPLICATION_PROTOCOL$/, kind: 'tls-no-http', outcome: 'tls' },
  { match: /^ERR_SSL_.*UNRECOGNIZED_NAME$/, kind: 'tls-unknown-name', outcome: 'tls' },
  { match: /^ERR_SSL_.*(?:PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)$/, kind: 'tls-version', outcome: 'tls' },
  {
    match: /^ERR_SSL_.*(?:CERTIFICATE_(?:REQUIRED|UNKNOWN|EXPIRED|REVOKED)|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/,
    kind: 'tls-client-certificate',
    outcome: 'tls',
  },
  { match: /^(?:ERR_SSL.*|EPROTO)$/, kind: 'tls-handshake', outcome: 'tls' },
  { match: /^(?:ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, kind: 'reset', outcome: 'reset' },
]

/** What speaks no HTTP/1.1, by its first bytes. */
const PROTOCOLS: readonly (readonly [match: RegExp, name: string])[] = [
  [/^SSH-/, 'SSH'],
  [/^(?:-[A-Z]+ |\+(?:OK|PONG)\r)/, 'Redis'],
  [/^\0\0[^]\x04\0/, 'HTTP/2 only'],
  [/^[^]\0\0\0\n\d/, 'MySQL'],
  [/^220[ -]/, 'SMTP or FTP'],
]
const TLS_RECORD = /^[\x15\x16]\x03/

function classifyNetwork(reply: NetworkFailure, context: RequestContext): Outage | Refusal {
  const { code, message, addresses = [] } = reply
  const { sanitize } = context
  if (code === 'NOT_HTTP') return outage(notHttp(reply, context))
  const row = NETWORK.find(({ match }) => match.test(code))
  const { kind, outcome, named, isRefusal = false } = row ?? { kind: 'network', outcome: 'network' }
  const name = named === undefined ? code : named.exec(message)?.[1]
  const detail = addresses.length > 0 ? addresses.join(', ') : name
  const error = errorOf(kind, outcome, context, {
    ...(detail && { detail: sanitize(detail, MAX_MESSAGE) }),
    ...(kind === 'network' && addresses.length === 0 && { message: sanitize(message, MAX_MESSAGE) }),
  })
  return isRefusal && !context.hostHasAnswered ? refused(error, context) : outage(error)
}

function notHttp({ received = '' }: NetworkFailure, context: RequestContext): ServiceError {
  if (TLS_RECORD.test(received)) return errorOf('https-wanted', 'not-http', context)
  const protocol = PROTOCOLS.find(([match]) => match.test(received))?.[1]
  return errorOf('not-http', 'not-http', context, protocol === undefined ? {} : { detail: protocol })
}

export function refused(error: ServiceError, { hostHasAnswered }: RequestContext): Refusal {
  return { kind: 'refused', error, hostHasAnswered }
}

export function outage(error: ServiceError, retryAfterMs?: number): Outage {
  return { kind: 'outage', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. Anything else, the past included, says nothing. */
export function retryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return ms > 0 ? ms : undefined
}

/** Sanitized before it is parsed: an address has a lower-case host, in which a secret would no longer be recognized. */
function originOf(location: string | undefined, sanitize: RequestContext['sanitize']): string | undefined {
  const address = sanitize(location ?? '')
  if (!URL.canParse(address)) return undefined
  const { origin } = new URL(address)
  return origin === 'null' ? undefined : sanitize(origin, MAX_MESSAGE)
}
