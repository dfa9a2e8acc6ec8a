import type { CommitResult, ImportService } from '../gate/import-service.ts'
import type { Client } from './client.ts'
import { IMPORT_FAILED, PATHS } from './dialects.ts'
import { isSuccess } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import {
  classifyJobEnvelope,
  classifyReply,
  errorOf,
  isParticular,
  messageIn,
  readResponse,
  unknownJob,
} from './errors.ts'
import type { Answer, RequestContext } from './errors.ts'

type Verb = 'commit' | 'abort'
type Place = Readonly<Record<string, string>>

/** Ends two-phase imports. Never rejects; all text that comes back has been sanitized. */
export function createTwoPhase(
  client: Client,
  place: Place,
  sanitize: RequestContext['sanitize'],
): Pick<ImportService, Verb> {
  /** The service has both operations: what lacks them now is something in between. */
  let isSupported = false
  const end =
    (verb: Verb): ImportService[Verb] =>
    async (jobId, options) => {
      const context = () => client.context({ operation: verb, subject: sanitize(jobId) })
      const request = { path: PATHS[verb], jobId, body: { jobId, ...place } }
      const result = await client.ask(request, options, (answer) => readEnd(answer, verb, isSupported, context()))
      isSupported ||= result.kind === 'done'
      return result
    }
  return { commit: end('commit'), abort: end('abort') }
}

function readEnd(answer: Answer, verb: Verb, isSupported: boolean, context: RequestContext): CommitResult {
  const { reply, envelope } = answer
  if (envelope === undefined) {
    const isMissing = reply.kind === 'reply' && (reply.status === 404 || reply.status === 405)
    if (!isMissing || isSupported) return classifyReply(reply, context)
    // Unlike a poll, which every server has: a gateway in between is less likely than a Milvus before 3.0.
    return { kind: 'declined', error: errorOf('no-operation', `no-${verb}`, context, { httpStatus: reply.status }) }
  }
  // The documents of Milvus 2.3 and 2.4 show failures with the code of a success, and no data.
  if (isSuccess(envelope)) {
    const response = readResponse(answer, context, ({ data }) => data)
    return response.kind === 'answered' ? { kind: 'done' } : response
  }
  if (isParticular(envelope, reply.status) && IMPORT_FAILED.has(envelope.code)) {
    if (JOB_UNKNOWN.test(envelope.message)) return unknownJob(envelope.message, context)
    if (ABOUT_A_STATE.test(envelope.message))
      return { kind: 'declined', error: declined(envelope, reply.status, context) }
  }
  return classifyJobEnvelope(envelope, reply, context)
}

/** More than that something was not found, which may also be the reason for which a job has failed. */
const JOB_UNKNOWN = /\bjob(?: \S+)? (?:not found|does not exist)\b/i
const ABOUT_A_STATE = /\bstate\b|\bnot allowed\b/i

function declined({ code, message }: Envelope, httpStatus: number, context: RequestContext) {
  return errorOf('declined', `code-${code}`, context, { httpStatus, code, ...messageIn(message, context) })
}
