import type { CreateResult, ImportService, JobStart } from '../gate/import-service.ts'
import type { ServiceError } from '../gate/job.ts'
import type { Client } from './client.ts'
import { text } from './decode.ts'
import { CODES, PATHS, UNCLASSIFIED } from './dialects.ts'
import type { Dialect } from './dialects.ts'
import { isSuccess, valueOf } from './envelope.ts'
import { classify, envelopeError, isGood, meaningOf, readSuccess, retryAfter } from './errors.ts'
import type { Answer, Enveloped } from './errors.ts'

/** Starts imports. Never rejects; all text that comes back has been sanitized. */
export function createStart(client: Client): ImportService['create'] {
  return ({ body, idempotencyKey }, options) => {
    const headers = { 'Idempotency-Key': idempotencyKey }
    return client.request({ operation: 'create', path: PATHS.create, body, headers, isOnce: true }, options, readCreate)
  }
}

/** What is certain of the import. Only what surely was not carried out may ever be sent again. */
function readCreate(answer: Answer): CreateResult {
  const { reply } = answer
  if (answer.envelope !== undefined) return readEnvelopeOfCreate(answer)
  const result = classify(answer)
  if (result.kind === 'cancelled') return result
  const { error } = result
  if (result.kind === 'refused') return { kind: 'refused', error, mayPass: isDenied(error.httpStatus) }
  if (reply.kind === 'reply' && reply.status === 429) return notCarriedOut(error, answer)
  const isUnsent = reply.kind === 'proxy-refused' || (reply.kind === 'network' && reply.isUnsent === true)
  return isUnsent ? { kind: 'not-sent', error } : lost(error)
}

function readEnvelopeOfCreate(answer: Enveloped): CreateResult {
  const { envelope, context } = answer
  const { code, data = {} } = envelope
  const { status } = answer.reply
  const error = envelopeError(answer)
  const { means, kind } = meaningOf(answer)
  const refused = (mayPass: boolean): CreateResult => ({ kind: 'refused', error, mayPass })
  if (isDenied(status)) return refused(true)
  if (isSuccess(envelope)) {
    const jobId = valueOf(data, 'jobId')
    const isId = typeof jobId === 'string' && JOB_ID.test(jobId) && context.sanitize(jobId) === jobId
    if (isId && isGood(answer)) return { kind: 'created', jobId }
    // The code of Milvus for a partition that does not exist.
    return code === 200 && jobId === undefined ? refused(false) : lost(error)
  }
  if (status === 429 || NOT_CARRIED_OUT.has(code)) return notCarriedOut(error, answer)
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

function notCarriedOut(error: ServiceError, { reply, context }: Answer): CreateResult {
  const retryAfterMs = reply.kind === 'reply' ? retryAfter(reply, context.nowMs) : undefined
  return { kind: 'not-carried-out', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

function lost(error: ServiceError): CreateResult {
  return { kind: 'lost', error, timedOut: error.kind === 'timeout' }
}

const MAX_TIME = 64

/** Asks when a job was started, where a service can be asked: Zilliz Cloud documents no `createTime`. */
export function createJobStart(client: Client, { jobStartPath }: Dialect): ImportService['jobStart'] {
  return async (jobId, options): Promise<JobStart> => {
    if (jobStartPath === undefined) return UNKNOWN_START
    const request = {
      operation: 'job-start',
      subject: jobId,
      path: jobStartPath(jobId),
      jobId,
      body: undefined,
    } as const
    return client.request(request, options, (answer): JobStart => {
      if (answer.envelope !== undefined && meaningOf(answer).means === 'unknown-job') return UNKNOWN_START
      return readSuccess(answer, ({ envelope: { data }, context }) => {
        const startTime = data && text(valueOf(data, 'startTime'), context.sanitize, MAX_TIME)
        return data && { kind: 'answered', startTime }
      })
    })
  }
}

const UNKNOWN_START: JobStart = { kind: 'answered', startTime: undefined }
