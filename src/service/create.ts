import type { CreateResult, ImportService, JobStart } from '../gate/import-service.ts'
import type { ServiceError } from '../gate/job.ts'
import type { Target } from '../connection.ts'
import type { Client } from './client.ts'
import { text } from './decode.ts'
import { CODES, dialectOf, PATHS, UNCLASSIFIED } from './dialects.ts'
import { isGood, isSuccess, valueOf } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { classifyReply, envelopeError, meaningOf, readResponse, retryAfter } from './errors.ts'
import type { Answer, Reply, RequestContext } from './errors.ts'

/** Starts imports. Never rejects; all text that comes back has been sanitized. */
export function createStart(client: Client): ImportService['create'] {
  const context = () => client.context({ operation: 'create' })
  return ({ body, idempotencyKey }, options) =>
    client.ask(
      { path: PATHS.create, body, headers: { 'Idempotency-Key': idempotencyKey }, isOnce: true },
      options,
      (answer) => readCreate(answer, context()),
    )
}

/** What is certain of the import. Only what surely was not carried out may ever be sent again. */
function readCreate({ reply, envelope }: Answer, context: RequestContext): CreateResult {
  if (envelope !== undefined) return readEnvelopeOfCreate(envelope, reply, context)
  const result = classifyReply(reply, context)
  if (result.kind === 'cancelled') return result
  const { error } = result
  if (result.kind === 'refused') return { kind: 'refused', error, mayPass: isDenied(error.httpStatus) }
  if (reply.kind === 'reply' && reply.status === 429) return notCarriedOut(error, reply, context)
  const isUnsent = reply.kind === 'proxy-refused' || (reply.kind === 'network' && reply.isUnsent === true)
  return isUnsent ? { kind: 'not-sent', error } : lost(error)
}

function readEnvelopeOfCreate(envelope: Envelope, reply: Reply, context: RequestContext): CreateResult {
  const { code, data = {} } = envelope
  const { status } = reply
  const error = envelopeError(envelope, reply, context)
  const { means, kind } = meaningOf(envelope, status)
  const refused = (mayPass: boolean): CreateResult => ({ kind: 'refused', error, mayPass })
  if (isDenied(status)) return refused(true)
  if (isSuccess(envelope)) {
    const jobId = valueOf(data, 'jobId')
    const isId = typeof jobId === 'string' && JOB_ID.test(jobId) && context.sanitize(jobId) === jobId
    if (isId && isGood(envelope, status)) return { kind: 'created', jobId }
    // The code of Milvus for a partition that does not exist.
    return code === 200 && jobId === undefined ? refused(false) : lost(error)
  }
  if (status === 429 || NOT_CARRIED_OUT.has(code)) return notCarriedOut(error, reply, context)
  if (CODES.get(code)?.means === 'outage' || MAY_BE_CARRIED_OUT.has(code)) {
    return means === 'refused' && kind === 'permission' ? refused(true) : lost(error)
  }
  if (means === 'refused') return refused(MAY_PASS.has(code))
  return status >= 500 || status === 408 || status === 425 ? lost(error) : refused(false)
}

/** What the input `job-id` takes. */
const JOB_ID = /^\w[\w.:~-]{0,255}$/
/** Milvus says so before it does anything: overloaded or rate limited. */
const NOT_CARRIED_OUT = new Set([8, 9, 1807])
/** An error of any kind, unless its text is about permissions; and a failure of the coordinator in the middle of it. */
const MAY_BE_CARRIED_OUT = new Set([UNCLASSIFIED, 2101])
/** Milvus also says so where a lookup of its own failed, and for a moment after a fail-over. */
const MAY_PASS = new Set([1800, 100, 800])

function isDenied(httpStatus: number | undefined): boolean {
  return httpStatus === 401 || httpStatus === 403
}

function notCarriedOut(error: ServiceError, reply: Reply, { nowMs }: RequestContext): CreateResult {
  const retryAfterMs = retryAfter(reply.retryAfter, nowMs)
  return { kind: 'not-carried-out', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

function lost(error: ServiceError): CreateResult {
  return { kind: 'lost', error, timedOut: error.kind === 'timeout' }
}

const MAX_TIME = 64

/** Asks when a job was started, where a service can be asked: Zilliz Cloud documents no `createTime`. */
export function createJobStart(
  client: Client,
  target: Target,
  sanitize: RequestContext['sanitize'],
): ImportService['jobStart'] {
  const { jobStartPath } = dialectOf(target)
  return async (jobId, options): Promise<JobStart> => {
    if (jobStartPath === undefined) return UNKNOWN_START
    const context = () => client.context({ operation: 'job-start', subject: sanitize(jobId) })
    return client.ask({ path: jobStartPath(jobId), jobId, body: undefined }, options, (answer): JobStart => {
      const { reply, envelope } = answer
      const isUnknown = envelope !== undefined && meaningOf(envelope, reply.status).means === 'unknown-job'
      if (isUnknown) return UNKNOWN_START
      const data = readResponse(answer, context(), (said) => said.data)
      if (data.kind !== 'answered') return data
      return { kind: 'answered', startTime: text(valueOf(data.value, 'startTime'), sanitize, MAX_TIME) }
    })
  }
}

const UNKNOWN_START: JobStart = { kind: 'answered', startTime: undefined }
