import type { CommitResult, ImportService } from '../gate/import-service.ts'
import type { Client } from './client.ts'
import { IMPORT_FAILED, PATHS } from './dialects.ts'
import { classifyJob, envelopeError, errorOf, isGood, isParticular, statusWithoutPath, unknownJob } from './errors.ts'
import type { Answer } from './errors.ts'

type Verb = 'commit' | 'abort'

/** Ends two-phase imports. Never rejects; all text that comes back has been sanitized. */
export function createTwoPhase(client: Client, place: Readonly<Record<string, string>>): Pick<ImportService, Verb> {
  /** The service has both operations: what lacks them now is something in between. */
  let isSupported = false
  const end =
    (verb: Verb): ImportService[Verb] =>
    async (jobId, options) => {
      const request = { operation: verb, subject: jobId, path: PATHS[verb], jobId, body: { jobId, ...place } }
      const result = await client.request(request, options, (answer) => readEnd(answer, isSupported))
      isSupported ||= result.kind === 'done'
      return result
    }
  return { commit: end('commit'), abort: end('abort') }
}

function readEnd(answer: Answer, isSupported: boolean): CommitResult {
  const { envelope, context } = answer
  if (envelope === undefined) {
    const httpStatus = statusWithoutPath(answer)
    if (httpStatus === undefined || isSupported) return classifyJob(answer)
    // Unlike a poll, which every server has: a gateway in between is less likely than a Milvus before 3.0.
    return { kind: 'declined', error: errorOf('no-operation', `no-${context.operation}`, context, { httpStatus }) }
  }
  // The documents of Milvus 2.3 and 2.4 show failures with the code of a success, and no data.
  if (isGood(answer) && envelope.data !== undefined) return { kind: 'done' }
  if (isParticular(answer) && IMPORT_FAILED.has(envelope.code)) {
    if (JOB_UNKNOWN.test(envelope.message)) return unknownJob(envelope.message, context)
    if (ABOUT_A_STATE.test(envelope.message))
      return { kind: 'declined', error: { ...envelopeError(answer), kind: 'declined' } }
  }
  return classifyJob(answer)
}

/** More than that something was not found, which may also be the reason for which a job has failed. */
const JOB_UNKNOWN = /\bjob(?: \S+)? (?:not found|does not exist)\b/i
const ABOUT_A_STATE = /\bstate\b|\bnot allowed\b/i
