import type { CommitResult, ImportService, NoResponse } from '../gate/import-service.ts'
import type { Client } from './client.ts'
import {
  classifyJobEnvelope,
  classifyReply,
  errorOf,
  IMPORT_FAILED,
  isParticular,
  messageIn,
  readResponse,
  unknownJob,
} from './errors.ts'
import type { Answer, RequestContext, Response } from './errors.ts'
import { isSuccess } from './envelope.ts'
import type { Envelope, JsonObject } from './envelope.ts'

type Verb = 'commit' | 'abort'
type UnknownJob = Extract<CommitResult, { readonly kind: 'unknown-job' }>
type Refusal = Extract<NoResponse, { readonly kind: 'refused' }>

/** Ends two-phase imports. Never rejects; all text that comes back has been sanitized. */
export function createTwoPhase(client: Client, sanitize: RequestContext['sanitize']): Pick<ImportService, Verb> {
  const end =
    (verb: Verb): ImportService[Verb] =>
    async (jobId, { signal, turn }) => {
      if (!(await turn())) return { kind: 'cancelled' }
      const context = () => client.context({ operation: verb, subject: sanitize(jobId) })
      const request = { path: `/v2/vectordb/jobs/import/${verb}`, jobId, body: { jobId }, signal }
      const meaning = await client.ask(request, (answer) => judge(answer, verb, context()))
      return meaning.kind === 'answered' ? { kind: 'done' } : meaning
    }
  return { commit: end('commit'), abort: end('abort') }
}

function judge(answer: Answer, verb: Verb, context: RequestContext): Response<JsonObject> | UnknownJob {
  const { reply, envelope } = answer
  if (envelope === undefined) {
    // Unlike a describe, which every server has: a gateway in between is less likely than a Milvus before 3.0.
    const isMissing = reply.kind === 'reply' && (reply.status === 404 || reply.status === 405)
    return isMissing ? noSuchPath(verb, reply.status, context) : classifyReply(reply, context)
  }
  // The documents of Milvus 2.3 and 2.4 show failures with the code of a success, and no data.
  if (isSuccess(envelope)) return readResponse(answer, context, ({ data }) => data)
  const { code, message } = envelope
  // The code of a failed import, which is what Milvus also says of a job in another state than is wanted.
  if (IMPORT_FAILED.has(code) && isParticular(envelope, reply.status)) {
    return JOB_UNKNOWN.test(message) ? unknownJob(message, context) : declined(envelope, reply.status, context)
  }
  return classifyJobEnvelope(envelope, reply, context)
}

/** A reason for which a job has failed may also be that something was not found. */
const JOB_UNKNOWN = /\bjob(?: \S+)? (?:not found|does not exist)\b/i

function noSuchPath(verb: Verb, httpStatus: number, context: RequestContext): Refusal {
  const error = errorOf('no-operation', `no-${verb}`, context, { httpStatus })
  return { kind: 'refused', error, hostHasAnswered: context.hostHasAnswered }
}

function declined({ code, message }: Envelope, httpStatus: number, context: RequestContext): Refusal {
  const error = errorOf('declined', `code-${code}`, context, { httpStatus, code, ...messageIn(message, context) })
  return { kind: 'refused', error, hostHasAnswered: context.hostHasAnswered }
}
