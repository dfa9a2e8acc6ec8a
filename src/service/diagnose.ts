import type { PollResult, ServiceError } from '../gate/job.ts'
import { isSuccess } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { HttpReply } from './http.ts'
import type { Question } from './question.ts'

/** What the meaning of a bad answer depends on. */
export interface RequestContext {
  /** `host` or `host:port` of the endpoint, sanitized. */
  readonly host: string
  /** The service has sent any envelope but a refusal: what refuses now is something in between. */
  readonly answeredWell: boolean
  /** The host is a Zilliz Cloud cluster, where there are no import jobs. */
  readonly isClusterEndpoint: boolean
  readonly question: Question
  readonly sanitize: (text: unknown, maxLength?: number) => string
  /** Wall clock, for a `Retry-After` that is a date. */
  readonly nowMs: number
}

type Reply = Extract<HttpReply, { kind: 'reply' }>
type Failure = Extract<PollResult, { readonly error: ServiceError }>
type Outage = Extract<Failure, { readonly kind: 'outage' }>
type Refusal = Extract<Failure, { readonly kind: 'refused' }>

const CREDENTIALS = new Set([1800, 21119, 80001, 80002])
const PERMISSIONS = new Set([80020, 96012, 96013, 96014, 96015, 96016, 96027])
const BAD_REQUESTS = new Set([1801, 1802, 1100])
const GONE = new Set([100, 800])
/** Not ready, overloaded, rate limited, timed out: https://github.com/milvus-io/milvus/blob/master/pkg/util/merr/errors.go */
const PASSING = new Set([1, 2, 3, 4, 8, 9, 10, 901, 902, 904, 1807, 10000, 10001])
const ZILLIZ_JOB_NOT_FOUND = 96026
/** "importing data failed", which is also how Milvus says that it does not know a job. */
export const IMPORT_FAILED: ReadonlySet<number> = new Set([2100, 2101])

const JOB_DOES_NOT_EXIST = /import job does not exist/i
const BAD_JOB_ID = /parse job id failed/i
const PERMISSION_DENIED = /permission|privilege/i
const MAX_QUOTE = 300

/**
 * What an envelope that is no snapshot means: refused, an unknown job, or an outage. Judged before the HTTP status, since
 * the same error comes at 200 or, where the server is set so, at the status that it stands for.
 */
export function diagnoseEnvelope(envelope: Envelope, reply: Reply, around: RequestContext): Failure {
  const { code, message } = envelope
  const isOfJob = code === ZILLIZ_JOB_NOT_FOUND || (!isSuccess(envelope) && saysJobIsUnknown(message))
  if (isOfJob && isParticular(envelope, reply.status)) return unknownJob(message, around)
  return diagnoseJoblessEnvelope(envelope, reply, around)
}

/** The same where the question was about no single job, which then cannot be unknown. */
export function diagnoseJoblessEnvelope(envelope: Envelope, reply: Reply, around: RequestContext): Outage | Refusal {
  const isRefused = isRefusal(envelope, reply.status) || isBadRequest(envelope, reply.status)
  const error = envelopeTrouble(envelope, reply, around)
  return isRefused ? refused(error) : outage(error, retryAfter(reply.retryAfter, around.nowMs))
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

/** In two steps, since one pattern would poll for its second half again from each first one, in a message of any length. */
function saysJobIsUnknown(message: string): boolean {
  const fromJob = /\bjob\b.*/is.exec(message)?.[0] ?? ''
  return JOB_DOES_NOT_EXIST.test(message) || /\bnot found\b/i.test(fromJob)
}

/** A Failed whose reason is that the job does not exist: its record was collected in the middle of the call. */
export function saysJobDoesNotExist(reason: string | undefined): reason is string {
  return reason !== undefined && JOB_DOES_NOT_EXIST.test(reason)
}

/** The service does not know the job; `message` is what it said. */
export function unknownJob(
  message: string,
  { host, sanitize, isClusterEndpoint }: RequestContext,
): Extract<Failure, { readonly kind: 'unknown-job' }> {
  return {
    kind: 'unknown-job',
    error: {
      outcome: 'unknown-job',
      what: message === '' ? `${host} does not know this import job.` : `${host} says${quoted(message, sanitize)}.`,
      advice: isClusterEndpoint
        ? CONTROL_PLANE
        : 'Check `job-id`, and that `endpoint` and `cluster-id` (or `project-id` and `region-id`) name the service where the import was started.',
    },
  }
}

/** What a reply without an envelope, or no reply at all, means. */
export function diagnoseReply(
  reply: Exclude<HttpReply, { kind: 'aborted' }>,
  around: RequestContext,
): Outage | Refusal {
  const { host, answeredWell } = around
  switch (reply.kind) {
    case 'reply':
      return diagnoseStatus(reply, around)
    case 'too-large':
      return outage({
        outcome: 'too-large',
        what: `${host} sent more than 32 MiB in answer to one question (HTTP ${reply.status}).`,
        advice: `Check that ${around.question.addressInput} is the address of Milvus or Zilliz Cloud.`,
      })
    case 'timeout':
      return timedOut(reply.timeoutMs, around)
    case 'proxy-refused':
      return REFUSED_STATUS.has(reply.status) && !answeredWell
        ? refused(proxyTrouble(reply.status, host))
        : outage(proxyTrouble(reply.status, host))
    case 'network': {
      const error = networkTrouble(reply, around)
      return isUntrusted(reply.code) && !answeredWell ? refused(error) : outage(error)
    }
  }
}

/** The service did not answer in time. */
export function timedOut(timeoutMs: number, { host }: RequestContext): Outage {
  const seconds = Math.round(timeoutMs / 100) / 10
  return outage({
    outcome: 'timeout',
    what: `${host} did not answer ${seconds === 0 ? 'in the moment that was left' : `within ${seconds} s`}.`,
    advice:
      'Check that the runner may reach it (firewall, IP allow list, private endpoint), or raise `request-timeout`.',
  })
}

/** An answer that says success but cannot be one; `what` completes "HOST answered …". */
export function unusable(outcome: string, what: string, around: RequestContext): Outage {
  return outage({
    outcome,
    what: `${around.host} answered ${what}.`,
    advice: `Check that ${around.question.addressInput} is the address of Milvus or Zilliz Cloud, without anything that rewrites answers in between.`,
  })
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

function envelopeTrouble(envelope: Envelope, reply: Reply, around: RequestContext): ServiceError {
  const { host, sanitize, question } = around
  const { code, message } = envelope
  const status = reply.status === 200 ? '' : ` at HTTP ${reply.status}`
  const refusal = isRefusal(envelope, reply.status)
  return {
    outcome: isSuccess(envelope) ? question.lacking.outcome : `code-${code}`,
    what: isSuccess(envelope)
      ? `${host} answered code ${code}${status} ${question.lacking.what}${quoted(message, sanitize)}.`
      : `${host} ${refusal ? question.refused : question.answered} with code ${code}${status}${quoted(message, sanitize)}.`,
    advice: refusal && isLostAtCluster(around) ? CONTROL_PLANE : envelopeAdvice(envelope, reply.status, question),
  }
}

const CONTROL_PLANE =
  'This is the address of a cluster, and import jobs live on the control plane: leave `endpoint` empty (or set https://api.cloud.zilliz.com) and give `cluster-id`.'
const CHECK_CREDENTIALS =
  'Check `api-key`: for Zilliz Cloud an API key, for Milvus `user:password` or an API key. Secrets are not there in runs from forks and Dependabot.'

/** Asked of a cluster what only the control plane knows. */
function isLostAtCluster({ isClusterEndpoint, question }: RequestContext): boolean {
  return isClusterEndpoint && !question.isForClusters
}

function envelopeAdvice(envelope: Envelope, status: number, question: Question): string {
  const { code, message } = envelope
  if (CREDENTIALS.has(code) || (status === 401 && !BAD_JOB_ID.test(message))) return CHECK_CREDENTIALS
  if (BAD_JOB_ID.test(message)) {
    return 'Check `job-id`: on Milvus it is a whole number; ids like `job-…` belong to Zilliz Cloud (set `cluster-id`, leave `endpoint` empty).'
  }
  if (isPermissionDenied(envelope) || status === 403) return question.permission
  if (code === 100) return question.collection
  if (code === 800) return 'There is no such database: check `db-name`.'
  if (code >= 96001 && code <= 96036)
    return 'Check `cluster-id`, or `project-id` and `region-id`, in the Zilliz Cloud console.'
  if (isBadRequest(envelope, status)) return question.inputs
  if (code === 8 || code === 1807)
    return 'The service limits the rate of requests; a longer `poll-interval` or fewer gates at a time help.'
  return 'If this lasts, see the logs of the service.'
}

/** Statuses that are an answer about the request and not about the moment. */
const REFUSED_STATUS = new Set([400, 401, 403, 405, 407])

function diagnoseStatus(reply: Reply, around: RequestContext): Outage | Refusal {
  const { status } = reply
  const error = statusTrouble(reply, around)
  const isRefused = REFUSED_STATUS.has(status) || status === 404 || (status >= 300 && status < 400)
  return isRefused && !around.answeredWell ? refused(error) : outage(error, retryAfter(reply.retryAfter, around.nowMs))
}

function statusTrouble(reply: Reply, around: RequestContext): ServiceError {
  const { host, sanitize, question } = around
  const { addressInput } = question
  const { status } = reply
  const outcome = `http-${status}`
  if (status >= 300 && status < 400) {
    const origin = originOf(reply.location, sanitize)
    return {
      outcome,
      what: `${host} redirects (HTTP ${status})${origin === undefined ? '' : ` to ${origin}`}, and a key is not sent to another address.`,
      advice:
        origin === undefined
          ? `Set ${addressInput} to the final address.`
          : `If that is the service, set ${addressInput} to ${origin}.`,
    }
  }
  if (status === 404) {
    return {
      outcome,
      what: `${host} has no ${question.api.name} below this address (HTTP 404).`,
      advice: isLostAtCluster(around) ? CONTROL_PLANE : question.api.address,
    }
  }
  if (status === 401 || status === 403) {
    return {
      outcome,
      what: `${host} ${question.refused} (HTTP ${status}), and not in the way of Milvus or Zilliz Cloud.`,
      advice: isLostAtCluster(around)
        ? CONTROL_PLANE
        : `A proxy or gateway in front of the service may want credentials of its own (set them with \`headers\`) or forbid the address. Else check \`api-key\` and ${addressInput}.`,
    }
  }
  if (status === 407) return proxyTrouble(status, host)
  if (status >= 200 && status < 300) {
    const kind = /^\s*</.test(reply.body) ? 'a web page' : reply.body.trim() === '' ? 'an empty body' : 'something else'
    return {
      outcome: 'not-json',
      what: `${host} answered HTTP ${status} with ${kind} in place of JSON.`,
      advice: `Check ${addressInput}: it seems to be the address of a web site, a console or a login page, not of the REST API.`,
    }
  }
  return {
    outcome,
    what: `${host} answered HTTP ${status}.`,
    advice:
      status === 400 || status === 405
        ? `Check ${addressInput}: what answers there is not the ${question.api.name}.`
        : 'If this lasts, see the status page or the logs of the service.',
  }
}

function proxyTrouble(status: number, host: string): ServiceError {
  return {
    outcome: `proxy-${status}`,
    what: `The proxy refused to connect to ${host} (HTTP ${status}).`,
    advice:
      status === 407
        ? 'Put the credentials into the proxy variable (`http://user:password@proxy:3128`), or list the host in `NO_PROXY`.'
        : 'Allow the host on the proxy, or list it in `NO_PROXY`.',
  }
}

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
])

function isUntrusted(code: string): boolean {
  return UNTRUSTED.has(code) || code.startsWith('CERT_')
}

function networkTrouble({ code, message }: { code: string; message: string }, around: RequestContext): ServiceError {
  const { host, sanitize } = around
  const { addressInput } = around.question
  const error = (outcome: string, what: string, advice: string): ServiceError => ({ outcome, what, advice })
  if (code === 'ENOTFOUND') {
    // The name that was looked up may be a proxy's.
    const name = /ENOTFOUND (\S+)$/.exec(message)?.[1] ?? host
    return error(
      'dns',
      `There is no host ${sanitize(name, MAX_QUOTE)} (DNS: ENOTFOUND).`,
      `Check ${addressInput}, or the proxy variable, for a typing mistake; a private name needs a runner in the same network.`,
    )
  }
  if (code === 'EAI_AGAIN') {
    return error('dns', `The name of ${host} could not be looked up (DNS: EAI_AGAIN).`, 'Check the DNS of the runner.')
  }
  if (code === 'ECONNREFUSED') {
    // The address may be a proxy's.
    const address = /ECONNREFUSED (\S+)$/.exec(message)?.[1] ?? host
    return error(
      'connection-refused',
      `The connection to ${host} was refused: nothing listens at ${sanitize(address, MAX_QUOTE)}.`,
      `Check host and port of ${addressInput}, or of the proxy, and that the service is up.`,
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return error(
      'tls',
      `The TLS certificate of ${host} is for another host name.`,
      addressInput === '`endpoint`'
        ? 'Set `tls-server-name` to the name in the certificate, or `endpoint` to that name.'
        : `Set ${addressInput} to the name in the certificate.`,
    )
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'
    return error(
      'tls',
      `The TLS certificate of ${host} ${when}.`,
      'Renew the certificate of the service, or check the clock of the runner.',
    )
  }
  if (isUntrusted(code)) {
    return error(
      'tls',
      `The TLS certificate of ${host} is not trusted here (${code}).`,
      'Set `ca-cert` to the certificate of the authority that signed it (PEM text or a path), or to `system`.',
    )
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return error(
      'tls',
      `${host} does not speak TLS on this port.`,
      `Set ${addressInput} to http://…, or to the port that speaks TLS.`,
    )
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return error(
      'tls',
      `The TLS handshake with ${host} failed (${sanitize(code, 80)}).`,
      'Where the service asks for a client certificate, set `client-cert` and `client-key`.',
    )
  }
  if (code.startsWith('HPE_')) {
    return error(
      'not-http',
      `${host} did not answer in HTTP (${sanitize(code, 80)}).`,
      `Check the port of ${addressInput}, and whether it wants https://.`,
    )
  }
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE') {
    return error(
      'reset',
      `The connection to ${host} was cut (${code}).`,
      'If this lasts, check the service and what stands in front of it; a port that speaks TLS wants https://.',
    )
  }
  return error(
    'network',
    `No answer from ${host}: ${sanitize(message, MAX_QUOTE)} (${sanitize(code, 80)}).`,
    'Check that the runner may reach the service (firewall, IP allow list, private endpoint).',
  )
}

function refused(error: ServiceError): Refusal {
  return { kind: 'refused', error }
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

/** Cleaned before it is read as an address, which makes a host's letters small: a secret among them would not be known again. */
function originOf(location: string | undefined, sanitize: RequestContext['sanitize']): string | undefined {
  const address = sanitize(location ?? '')
  if (!URL.canParse(address)) return undefined
  const { origin } = new URL(address)
  return origin === 'null' ? undefined : sanitize(origin, MAX_QUOTE)
}

/** What the service said, to stand at the end of a sentence; empty where it said nothing. */
export function quoted(message: string, sanitize: RequestContext['sanitize']): string {
  const text = sanitize(message, MAX_QUOTE).trim().replace(/\.$/, '')
  return text === '' ? '' : `: “${text}”`
}
