import type { HttpReply, NetworkFailure } from '../connection.ts'
import { TIME_IS_UP } from '../gate/import-service.ts'
import type { NoResponse } from '../gate/import-service.ts'
import type { AddressSource, Operation, PollResult, ServiceError, ServiceErrorKind } from '../gate/job.ts'
import { CODES, IMPORT_FAILED, UNCLASSIFIED } from './dialects.ts'
import type { CodeMeaning } from './dialects.ts'
import { isSuccess } from './envelope.ts'
import type { Envelope } from './envelope.ts'

/** What the meaning of a response depends on; much of it is repeated by an error. */
export interface RequestContext {
  readonly operation: Operation
  readonly subject?: string
  readonly database?: string
  readonly address: AddressSource
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

type Reply = Extract<HttpReply, { kind: 'reply' }>
/** What a request brought, and what its meaning depends on. */
export interface Enveloped {
  readonly reply: Reply
  readonly envelope: Envelope
  readonly context: RequestContext
}
/** The envelope is undefined where there is no reply, or none in it. */
export type Answer =
  Enveloped | { readonly reply: HttpReply; readonly envelope: undefined; readonly context: RequestContext }

type Failure = Extract<PollResult, { readonly error: ServiceError }>
type Outage = Extract<Failure, { readonly kind: 'outage' }>
type Refusal = Extract<Failure, { readonly kind: 'refused' }>
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
/** What on Zilliz Cloud only the control plane knows. */
const OF_CONTROL_PLANE: ReadonlySet<Operation> = new Set([
  'poll',
  'list',
  'commit',
  'abort',
  'create',
  'job-start',
  'cluster',
] as const)

/** The facts of an error, with those that every error of the request has. */
export function errorOf(
  kind: ServiceErrorKind,
  outcome: string,
  { operation, subject, database, address, host, isClusterEndpoint }: RequestContext,
  facts: Facts = {},
): ServiceError {
  return {
    kind,
    outcome,
    host,
    operation,
    ...(subject !== undefined && { subject }),
    ...(database && { database }),
    address,
    ...(isClusterEndpoint && OF_CONTROL_PLANE.has(operation) && { isCluster: true }),
    ...facts,
  }
}

/** What `read` makes of a success. Where there is none, or `read` finds nothing in it, what the answer means instead. */
export function readSuccess<Result>(
  answer: Answer,
  read: (answer: Enveloped) => Result | undefined,
): Result | Outage | Refusal | NoResponse {
  return (hasEnvelope(answer) && isGood(answer) ? read(answer) : undefined) ?? classify(answer)
}

function hasEnvelope(answer: Answer): answer is Enveloped {
  return answer.envelope !== undefined
}

/** A success that the HTTP status does not contradict. */
export function isGood({ envelope, reply: { status } }: Enveloped): boolean {
  return isSuccess(envelope) && status >= 200 && status < 300
}

/** The HTTP status where something that knows no such path answers in place of the service. */
export function statusWithoutPath({ reply, envelope }: Answer): number | undefined {
  const isMissing = reply.kind === 'reply' && envelope === undefined && (reply.status === 404 || reply.status === 405)
  return isMissing ? reply.status : undefined
}

/** What an envelope that is no success means, judged before the HTTP status: the same error may come at 200 or at its own. */
export function meaningOf({ envelope, reply: { status } }: Enveloped): CodeMeaning {
  const { code, message } = envelope
  const known = CODES.get(code)
  const kind = IP_NOT_ALLOWED.test(message) ? 'ip-not-allowed' : undefined
  // Milvus up to 2.5 says this with the code of "importing data failed".
  const isBadJobId = (known === undefined || known.kind === 'bad-request') && BAD_JOB_ID.test(message)
  if (isBadJobId) return { means: 'refused', kind: 'bad-job-id' }
  if (status === 401 || status === 403) {
    const denied = status === 401 ? 'credentials' : 'permission'
    return { means: 'refused', kind: known?.kind === 'credentials' ? known.kind : (kind ?? denied) }
  }
  if (known !== undefined) return { means: known.means, kind: kind ?? known.kind }
  if (code === UNCLASSIFIED && PERMISSION_DENIED.test(message)) return { means: 'refused', kind: kind ?? 'permission' }
  if (!isSuccess(envelope) && saysJobIsUnknown(message)) return { means: 'unknown-job', kind: 'unknown-job' }
  if (status === 400 && !IMPORT_FAILED.has(code)) return { means: 'refused', kind: 'bad-request' }
  return { means: 'outage', kind: kind ?? 'service-error' }
}

/** What an answer means that has no usable success in it. */
export function classify(answer: Answer): NoResponse {
  if (!hasEnvelope(answer)) return classifyReply(answer.reply, answer.context)
  const { reply, context } = answer
  const error = envelopeError(answer)
  return meaningOf(answer).means === 'refused'
    ? refused(error, context)
    : outage(error, retryAfter(reply, context.nowMs))
}

/** The same where the request was about one job, which may also be unknown. */
export function classifyJob(answer: Answer): NoResponse | UnknownJob {
  const isUnknown = hasEnvelope(answer) && meaningOf(answer).means === 'unknown-job'
  return isUnknown ? unknownJob(answer.envelope.message, answer.context) : classify(answer)
}

/** The facts of an envelope that is no success, or one without the result that was asked for. */
export function envelopeError(answer: Enveloped): ServiceError {
  const { envelope, reply, context } = answer
  const { code, message } = envelope
  const facts = { httpStatus: reply.status, code, ...messageIn(message, context) }
  return isSuccess(envelope)
    ? errorOf('incomplete', INCOMPLETE[context.operation] ?? 'unusable', context, facts)
    : errorOf(meaningOf(answer).kind, `code-${code}`, context, facts)
}

/** The first line of the service's message for an error, without a full stop: Milvus may send a stack trace behind it. */
export function messageIn(message: string, { sanitize }: RequestContext): { readonly message?: string } {
  // The sanitizer puts this sign for a line break.
  const [line = ''] = sanitize(message).split(/ ⏎ |[\r\n]+/)
  const text = sanitize(line, MAX_MESSAGE).trim().replace(/\.$/, '')
  return text === '' ? {} : { message: text }
}

/** Whether an error of the service is neither a refusal nor about a moment that passes, so that its text may decide. */
export function isParticular(answer: Answer): answer is Enveloped {
  if (!hasEnvelope(answer) || isSuccess(answer.envelope)) return false
  const { means, kind } = meaningOf(answer)
  const known = CODES.get(answer.envelope.code)
  return kind === 'bad-request' ? known === undefined : means !== 'refused' && known?.means !== 'outage'
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
function classifyReply(reply: HttpReply, context: RequestContext): NoResponse {
  switch (reply.kind) {
    case 'aborted':
      return reply.reason === TIME_IS_UP ? timedOut(reply.afterMs, reply.addresses, context) : { kind: 'cancelled' }
    case 'timeout':
      return timedOut(reply.timeoutMs, reply.addresses, context)
    case 'too-large':
      return unusable('too-large', context, { httpStatus: reply.status })
    case 'reply':
      return reply.status === 407 ? classifyProxy(407, context) : classifyStatus(reply, context)
    case 'proxy-refused':
      return classifyProxy(reply.status, context)
    case 'network':
      return classifyNetwork(reply, context)
  }
}

function timedOut(timeoutMs: number, addresses: readonly string[] = [], context: RequestContext): Outage {
  const detail = context.sanitize(addresses.join(', '), MAX_MESSAGE)
  return unusable('timeout', context, { timeoutMs, ...(detail && { detail }) })
}

/** No response, or a success that cannot be one. */
export function unusable(
  kind: ServiceErrorKind,
  context: RequestContext,
  facts: Facts = {},
  outcome: string = kind,
): Outage {
  return outage(errorOf(kind, outcome, context, facts))
}

export function refused(error: ServiceError, { hostHasAnswered }: RequestContext): Refusal {
  return { kind: 'refused', error, hostHasAnswered }
}

function outage(error: ServiceError, retryAfterMs?: number): Outage {
  return { kind: 'outage', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Without an envelope a refusal is one only of a service that has never answered well; later it is something in between. */
function refusedUnlessKnown(
  error: ServiceError,
  isRefusal: boolean,
  context: RequestContext,
  retryAfterMs?: number,
): Outage | Refusal {
  return isRefusal && !context.hostHasAnswered ? refused(error, context) : outage(error, retryAfterMs)
}

/** Statuses that are about the request and not about the moment. */
const REFUSED_STATUS = new Set([400, 401, 403, 404, 405, 407])

function classifyStatus(reply: Reply, context: RequestContext): Outage | Refusal {
  const { status } = reply
  const kind = statusKind(reply)
  const detail = kind === 'redirect' ? originOf(reply.headers['location'], context.sanitize) : undefined
  const outcome = isIn200s(status) ? 'not-json' : `http-${status}`
  const error = errorOf(kind, outcome, context, { httpStatus: status, ...(detail && { detail }) })
  const isRefusal = REFUSED_STATUS.has(status) || (status >= 300 && status < 400)
  return refusedUnlessKnown(error, isRefusal, context, retryAfter(reply, context.nowMs))
}

function statusKind({ status, body, headers }: Reply): ServiceErrorKind {
  if (GRPC_STATUS.has(status) || /^application\/grpc/i.test(headers['content-type'] ?? '')) return 'grpc'
  if (status === 400 && HTTPS_WANTED.test(body)) return 'https-wanted'
  if (isIn200s(status)) return /^\s*</.test(body) ? 'web-page' : body.trim() === '' ? 'empty-body' : 'not-json'
  if (status >= 300 && status < 400) return 'redirect'
  return STATUS_KINDS.get(status) ?? 'http-status'
}

function isIn200s(status: number): boolean {
  return status >= 200 && status < 300
}

const STATUS_KINDS: ReadonlyMap<number, ServiceErrorKind> = new Map([
  [400, 'http-rejected'],
  [401, 'gateway-rejected'],
  [403, 'gateway-rejected'],
  [404, 'no-api'],
  [405, 'http-rejected'],
  [429, 'rate-limited'],
])
/** What servers and load balancers of gRPC answer to HTTP/1.1 or to JSON. */
const GRPC_STATUS = new Set([415, 426, 464])
/** The words of Go and nginx. */
const HTTPS_WANTED = /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port/i

function classifyProxy(status: number, context: RequestContext): Outage | Refusal {
  const kind = status === 407 ? 'proxy-credentials' : 'proxy-rejected'
  const error = errorOf(kind, `proxy-${status}`, context, { httpStatus: status })
  return refusedUnlessKnown(error, REFUSED_STATUS.has(status) && status !== 404, context)
}

/** What of an error's message belongs to the sentence, in place of its code. */
const HOST_NAME = /ENOTFOUND (\S+)$/
const ADDRESS = /ECONNREFUSED (\S+)$/

/** The first that matches Node's, OpenSSL's, undici's or our code. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const NETWORK: readonly (readonly [code: RegExp, kind: ServiceErrorKind, outcome: string, detail?: RegExp])[] = [
  [/^BAD_PROXY$/, 'bad-proxy', 'bad-proxy', /^(.+)$/],
  // The name or address may be a proxy's.
  [/^ENOTFOUND$/, 'no-such-host', 'dns', HOST_NAME],
  [/^EAI_AGAIN$/, 'dns', 'dns'],
  [/^ECONNREFUSED$/, 'connection-refused', 'connection-refused', ADDRESS],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'tls-wrong-name', 'tls'],
  [/^CERT_HAS_EXPIRED$/, 'tls-expired', 'tls'],
  [/^CERT_NOT_YET_VALID$/, 'tls-not-yet-valid', 'tls'],
  [
    /^(?:CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER_CERT(?:_LOCALLY)?|VERIFY_LEAF_SIGNATURE|DECODE_ISSUER_PUBLIC_KEY)|ERR_TLS_CERT_ALTNAME_FORMAT|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/,
    'tls-untrusted',
    'tls',
  ],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'tls-unsupported', 'tls'],
  [/^ERR_SSL_.*NO_APPLICATION_PROTOCOL$/, 'tls-no-http', 'tls'],
  [/^ERR_SSL_.*UNRECOGNIZED_NAME$/, 'tls-unknown-name', 'tls'],
  [/^ERR_SSL_.*(?:PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)$/, 'tls-version', 'tls'],
  [
    /^ERR_SSL_.*(?:CERTIFICATE_(?:REQUIRED|UNKNOWN|EXPIRED|REVOKED)|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/,
    'tls-client-certificate',
    'tls',
  ],
  [/^(?:ERR_SSL.*|EPROTO)$/, 'tls-handshake', 'tls'],
  [/^(?:ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, 'reset', 'reset'],
]
/** A certificate, name or proxy that does not hold: about the request, not about the moment. */
const REFUSED_NETWORK: ReadonlySet<ServiceErrorKind> = new Set([
  'bad-proxy',
  'tls-wrong-name',
  'tls-expired',
  'tls-not-yet-valid',
  'tls-untrusted',
] as const)

function classifyNetwork(reply: NetworkFailure, context: RequestContext): Outage | Refusal {
  const { code, message, addresses = [] } = reply
  const { sanitize } = context
  if (code === 'NOT_HTTP') return notHttp(reply, context)
  const [, kind, outcome, named] = NETWORK.find(([match]) => match.test(code)) ?? [code, 'network', 'network']
  const name = named === undefined ? code : named.exec(message)?.[1]
  const detail = addresses.length > 0 ? addresses.join(', ') : name
  const error = errorOf(kind, outcome, context, {
    ...(detail && { detail: sanitize(detail, MAX_MESSAGE) }),
    ...(kind === 'network' && addresses.length === 0 && { message: sanitize(message, MAX_MESSAGE) }),
  })
  return refusedUnlessKnown(error, REFUSED_NETWORK.has(kind), context)
}

/** What speaks no HTTP/1.1, by its first bytes. */
const PROTOCOLS: readonly (readonly [match: RegExp, name: string])[] = [
  [/^SSH-/, 'SSH'],
  [/^(?:-[A-Z]+ |\+(?:OK|PONG)\r)/, 'Redis'],
  [/^\0\0[^]\x04\0/, 'HTTP/2 only'],
  [/^[^]\0\0\0\n\d/, 'MySQL'],
  [/^220[ -]/, 'SMTP or FTP'],
]
const TLS_RECORD = /^[\x15\x16]\x03/

function notHttp({ received = '' }: NetworkFailure, context: RequestContext): Outage {
  if (TLS_RECORD.test(received)) return unusable('https-wanted', context, {}, 'not-http')
  const detail = PROTOCOLS.find(([match]) => match.test(received))?.[1]
  return unusable('not-http', context, { ...(detail && { detail }) })
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. Anything else, the past included, says nothing. */
export function retryAfter({ headers }: Reply, nowMs: number): number | undefined {
  const header = headers['retry-after']
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
