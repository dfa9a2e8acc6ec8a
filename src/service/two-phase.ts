import type { CommitResult, ImportService, NoResponse } from '../gate/import-service.ts'
import type { Answer, Client } from './client.ts'
import { diagnoseEnvelope, IMPORT_FAILED, isParticular, quoted, unknownJob } from './diagnose.ts'
import type { RequestContext } from './diagnose.ts'
import { isSuccess } from './envelope.ts'
import type { JsonObject } from './envelope.ts'
import { readResponse, noEnvelope } from './found.ts'
import type { Response } from './found.ts'
import { toEnd } from './question.ts'

type Verb = 'commit' | 'abort'
type UnknownJob = Extract<CommitResult, { readonly kind: 'unknown-job' }>
type Refusal = Extract<NoResponse, { readonly kind: 'refused' }>

/** Ends two-phase imports. Never rejects; all text that comes back has been sanitized. */
export function createTwoPhase(client: Client, sanitize: RequestContext['sanitize']): Pick<ImportService, Verb> {
  const end =
    (verb: Verb): ImportService[Verb] =>
    async (jobId, { signal, turn }) => {
      if (!(await turn())) return { kind: 'cancelled' }
      const question = toEnd(verb, sanitize(jobId))
      const request = { path: `/v2/vectordb/jobs/import/${verb}`, jobId, body: { jobId }, signal }
      const meaning = await client.ask(request, (answer) => judge(answer, verb, client.around(question)))
      return meaning.kind === 'answered' ? { kind: 'done' } : meaning
    }
  return { commit: end('commit'), abort: end('abort') }
}

function judge(answer: Answer, verb: Verb, around: RequestContext): Response<JsonObject> | UnknownJob {
  const { reply, envelope } = answer
  if (envelope === undefined) {
    // Unlike a describe, which every server has: a gateway in between is less likely than a Milvus before 3.0.
    const isMissing = reply.kind === 'reply' && (reply.status === 404 || reply.status === 405)
    return isMissing ? noSuchPath(verb, reply.status, around) : noEnvelope(reply, around)
  }
  // The documents of Milvus 2.3 and 2.4 show failures with the code of a success, and no data.
  if (isSuccess(envelope)) return readResponse(answer, around, ({ data }) => data)
  const { code, message } = envelope
  // The code of a failed import, which is what Milvus also says of a job in another state than is wanted.
  if (IMPORT_FAILED.has(code) && isParticular(envelope, reply.status)) {
    return JOB_UNKNOWN.test(message) ? unknownJob(message, around) : wrongState(verb, code, message, around)
  }
  return diagnoseEnvelope(envelope, reply, around)
}

/** A reason for which a job has failed may also be that something was not found. */
const JOB_UNKNOWN = /\bjob(?: \S+)? (?:not found|does not exist)\b/i

function noSuchPath(verb: Verb, status: number, { host }: RequestContext): Refusal {
  return {
    kind: 'refused',
    error: {
      outcome: `no-${verb}`,
      what: `${host} knows no ${verb} (HTTP ${status}): two-phase imports need Milvus 3.0 or newer.`,
      advice:
        verb === 'commit'
          ? 'Commit the import with what started it, or set `on-uncommitted` to `pass` or `fail`.'
          : 'Abort the import with what started it, or leave out `abort-uncommitted`.',
    },
  }
}

function wrongState(verb: Verb, code: number, message: string, around: RequestContext): Refusal {
  const { host, question, sanitize } = around
  return {
    kind: 'refused',
    error: {
      outcome: `code-${code}`,
      what: `${host} ${question.refused} with code ${code}${quoted(message, sanitize)}.`,
      advice:
        verb === 'commit'
          ? 'Only a two-phase import (`auto_commit=false`) that rests at Uncommitted can be committed: poll its state, and whether something else has ended it.'
          : 'Only a two-phase import (`auto_commit=false`) that has not been committed can be aborted.',
    },
  }
}
