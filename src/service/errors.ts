import { TIME_IS_UP } from '../gate/import-service.ts'
import type { NoResponse } from '../gate/import-service.ts'
import type { AddressSource, Operation, PollResult, ServiceError, ServiceErrorKind } from '../gate/job.ts'
import { isGood, isSuccess } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { HttpReply } from './http.ts'

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

type Reply = Extract<HttpReply, { kind: 'reply' }>
type Failure = Extract<PollResult, { readonly error: ServiceError }>
type Outage = Extract<Failure, { readonly kind: 'outage' }>
type Refusal = Extract<Failure, { readonly kind: 'refused' }>
type UnknownJob = Extract<Failure, { readonly kind: 'unknown-job' }>
type Facts = Omit<Partial<ServiceError>, 'kind' | 'outcome'>

const CREDENTIALS = new Set([1800, 21119, 80001, 80002])
const PERMISSIONS = new Set([80020, 96012, 96013, 96014, 96015, 96016, 96027])
const BAD_REQUESTS = new Set([1801, 1802, 1100])
const GONE = new Set([100, 800])
/** Not ready, overloaded, rate limited, timed out: https://github.com/milvus-io/milvus/blob/master/pkg/util/merr/errors.go */
const PASSING = new Set([1, 2, 3, 4, 8, 9, 10, 901, 902, 904, 1807, 10000, 10001])
const RATE_LIMITS = new Set([8, 1807])
const ZILLIZ_JOB_NOT_FOUND = 96026
/** "importing data failed", which is also how Milvus says that it does not know a job. */
export const IMPORT_FAILED: ReadonlySet<number> = new Set([2100, 2101])

const JOB_DOES_NOT_EXIST = /import job does not exist/i
const BAD_JOB_ID = /parse job id failed/i
const PERMISSION_DENIED = /permission|privilege/i
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

/** What an envelope without a snapshot says about a job: it may also be unknown. */
export function classifyJobEnvelope(envelope: Envelope, reply: Reply, context: RequestContext): Failure {
  const { code, message } = envelope
  const isOfJob = code === ZILLIZ_JOB_NOT_FOUND || (!isSuccess(envelope) && saysJobIsUnknown(message))
  return isOfJob && isParticular(envelope, reply.status)
    ? unknownJob(message, context)
    : classifyEnvelope(envelope, reply, context)
}

/**
 * What an envelope that is no success means. Judged before the HTTP status, since the same error comes at 200 or, where the
 * server is set so, at the status that it stands for.
 */
export function classifyEnvelope(envelope: Envelope, reply: Reply, context: RequestContext): Outage | Refusal {
  const kind = kindOf(envelope, reply.status)
  const outcome = isSuccess(envelope) ? (INCOMPLETE[context.asked.operation] ?? 'unusable') : `code-${envelope.code}`
  const error = errorOf(isSuccess(envelope) ? 'incomplete' : kind, outcome, context, {
    httpStatus: reply.status,
    code: envelope.code,
    ...messageIn(envelope.message, context),
  })
  const isRefused = isRefusal(envelope, reply.status) || isBadRequest(envelope, reply.status)
  return isRefused ? refused(error, context) : outage(error, retryAfter(reply.retryAfter, context.nowMs))
}

/** The service's message for an error: undefined where it says nothing. */
export function messageIn(message: string, { sanitize }: RequestContext): { readonly message?: string } {
  // A Milvus that shuts down sends a stack trace of many lines.
  const shown = message.startsWith('stack trace:') ? message.replace(/\n.*/s, '') : message
  const text = sanitize(shown, MAX_MESSAGE).trim().replace(/\.$/, '')
  return text === '' ? {} : { message: text }
}

function kindOf(envelope: Envelope, status: number): ServiceErrorKind {
  const { code, message } = envelope
  if (CREDENTIALS.has(code) || (status === 401 && !BAD_JOB_ID.test(message))) return 'credentials'
  if (BAD_JOB_ID.test(message) && (isRefusal(envelope, status) || isBadRequest(envelope, status))) return 'bad-job-id'
  if (isPermissionDenied(envelope) || status === 403) return 'permission'
  if (code === 100) return 'no-collection'
  if (code === 800) return 'no-database'
  if (code >= 96001 && code <= 96036) return 'wrong-place'
  if (isBadRequest(envelope, status)) return 'bad-request'
  return RATE_LIMITS.has(code) ? 'rate-limited' : 'service-error'
}

/** Whether an envelope is neither a refusal nor about a moment that passes, so that its text may decide. */
export function isParticular(envelope: Envelope, status: number): boolean {
  return !isRefusal(envelope, status) && !PASSING.has(envelope.code)
}

/** Whether the collection, or its database, is said to be not there. */
export function isGone({ code }: Envelope, status: number): boolean {
  return GONE.has(code) && status !== 401 && status !== 403
}

/** A request that the server did not understand, where the code says nothing else. */
function isBadRequest({ code }: Envelope, status: number): boolean {
  return BAD_REQUESTS.has(code) || (status === 400 && !PASSING.has(code) && !IMPORT_FAILED.has(code))
}

function isPermissionDenied({ code, message }: Envelope): boolean {
  return PERMISSIONS.has(code) || (code === 65535 && PERMISSION_DENIED.test(message))
}

function isRefusal(envelope: Envelope, status: number): boolean {
  const { code, message } = envelope
  return (
    status === 401 ||
    status === 403 ||
    CREDENTIALS.has(code) ||
    isPermissionDenied(envelope) ||
    BAD_REQUESTS.has(code) ||
    GONE.has(code) ||
    (code >= 96001 && code <= 96036 && code !== ZILLIZ_JOB_NOT_FOUND) ||
    // Milvus up to 2.5 says this with the code of "importing data failed".
    (!PASSING.has(code) && BAD_JOB_ID.test(message))
  )
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

function statusKind({ status, body, location }: Reply, context: RequestContext): readonly [ServiceErrorKind, Facts?] {
  if (status >= 200 && status < 300) {
    if (/^\s*</.test(body)) return ['web-page']
    return [body.trim() === '' ? 'empty-body' : 'not-json']
  }
  if (status >= 300 && status < 400) {
    const origin = originOf(location, context.sanitize)
    return ['redirect', origin === undefined ? {} : { detail: origin }]
  }
  if (status === 404) return ['no-api']
  if (status === 401 || status === 403) return ['gateway-rejected']
  return [status === 400 || status === 405 ? 'http-rejected' : 'http-status']
}

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
  /** What of the message belongs to the sentence, beside the code. */
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
  { match: /^(?:ERR_SSL.*|EPROTO)$/, kind: 'tls-handshake', outcome: 'tls' },
  { match: /^HPE_/, kind: 'not-http', outcome: 'not-http' },
  { match: /^(?:ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, kind: 'reset', outcome: 'reset' },
  { match: /^/, kind: 'network', outcome: 'network' },
]

function classifyNetwork(
  { code, message }: { code: string; message: string },
  context: RequestContext,
): Outage | Refusal {
  const { sanitize } = context
  const row = NETWORK.find(({ match }) => match.test(code))
  const { kind, outcome, named, isRefusal = false } = row ?? { kind: 'network', outcome: 'network' }
  const detail = named === undefined ? sanitize(code, 80) : nameIn(message, named, context)
  const error = errorOf(kind, outcome, context, {
    ...(detail !== undefined && { detail }),
    ...(kind === 'network' && { message: sanitize(message, MAX_MESSAGE) }),
  })
  return isRefusal && !context.hostHasAnswered ? refused(error, context) : outage(error)
}

function nameIn(message: string, named: RegExp, { sanitize }: RequestContext): string | undefined {
  const name = named.exec(message)?.[1]
  return name && sanitize(name, MAX_MESSAGE)
}

function refused(error: ServiceError, { hostHasAnswered }: RequestContext): Refusal {
  return { kind: 'refused', error, hostHasAnswered }
}

function outage(error: ServiceError, retryAfterMs?: number): Outage {
  return { kind: 'outage', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. Anything else, the past included, says nothing. */
function retryAfter(header: string | undefined, nowMs: number): number | undefined {
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
