import type { PollResult } from '../gate/job.ts'
import type { Poll } from '../gate/import-service.ts'
import type { Client } from './client.ts'
import { decodeJob, MOST_FILES } from './decode.ts'
import { classifyJobEnvelope, classifyReply, saysJobDoesNotExist, unknownJob, unusable } from './errors.ts'
import type { Answer, RequestContext } from './errors.ts'
import { isGood, valueOf } from './envelope.ts'

/**
 * The three names of one question, and which to try after which. `describe` is what all SDKs ask, `get_progress` is the one
 * that every Milvus since 2.4.0 knows, `getProgress` is what the documents of Zilliz Cloud once showed.
 */
const FIRST_NAME = 'describe'
const NEXT_NAME = new Map([
  [FIRST_NAME, 'get_progress'],
  ['get_progress', 'getProgress'],
])

/** Hears what the service itself calls a collection that is told of in other words. */
type OnCollection = (told: string, name: string) => void

/** Polls import jobs one by one. Never rejects; all text that comes back has been sanitized. */
export function createDescribe(client: Client, onCollection: OnCollection = () => undefined): Poll {
  let name = FIRST_NAME
  let hasAnswered = false

  return async (jobId, { signal, turn }) => {
    for (;;) {
      if (!(await turn())) return { kind: 'cancelled' }
      const asked = name
      const request = { path: `/v2/vectordb/jobs/import/${asked}`, jobId, body: { jobId }, signal }
      const meaning = await client.ask(request, (answer): PollResult | NoSuchPath => {
        const { reply, envelope } = answer
        const isMissing = reply.kind === 'reply' && reply.status === 404 && envelope === undefined
        const next = isMissing && !hasAnswered ? NEXT_NAME.get(asked) : undefined
        if (next !== undefined) return { kind: 'no-such-path', next }
        const result = observe(answer, jobId, client.context(), onCollection)
        hasAnswered ||= envelope !== undefined && result.kind !== 'refused'
        return result
      })
      if (meaning.kind !== 'no-such-path') return meaning
      // Once per service: polls other jobs go on from here.
      if (name === asked) name = meaning.next
    }
  }
}

interface NoSuchPath {
  readonly kind: 'no-such-path'
  readonly next: string
}

function observe(
  { reply, envelope }: Answer,
  jobId: string,
  context: RequestContext,
  onCollection: OnCollection,
): PollResult {
  if (envelope === undefined) return classifyReply(reply, context)
  const { data } = envelope
  if (data === undefined || !isGood(envelope, reply.status)) return classifyJobEnvelope(envelope, reply, context)
  const details = valueOf(data, 'details')
  if (Array.isArray(details) && details.length > MOST_FILES) {
    return unusable('too-many-files', context, { detail: String(details.length) }, 'too-large')
  }
  const snapshot = decodeJob(data, context.sanitize)
  if (snapshot === undefined) return classifyJobEnvelope(envelope, reply, context)
  const echoed = valueOf(data, 'jobId')
  if (typeof echoed === 'string' && echoed !== jobId) {
    return unusable('wrong-job', context)
  }
  if (snapshot.phase === 'failed' && saysJobDoesNotExist(snapshot.reason)) {
    return unknownJob(snapshot.reason, context)
  }
  const { collectionName } = snapshot
  if (collectionName !== undefined) onCollection(collectionName, String(valueOf(data, 'collectionName')))
  return { kind: 'answered', snapshot }
}
