import type { Observation } from '../watch/import-job.ts'
import { TIME_IS_UP } from '../watch/ask-pool.ts'
import type { Look } from '../watch/ask-pool.ts'
import type { Answer, Client } from './client.ts'
import { decodeJob, MOST_FILES } from './decode.ts'
import { diagnoseEnvelope, diagnoseReply, saysJobDoesNotExist, timedOut, unknownJob, unusable } from './diagnose.ts'
import type { Circumstances } from './diagnose.ts'
import { isSuccess, valueOf } from './envelope.ts'

/**
 * The three names of one question. `describe` is what all SDKs ask, `get_progress` is the one that every Milvus since 2.4.0
 * knows, `getProgress` is what the documents of Zilliz Cloud once showed.
 */
const PATHS = ['describe', 'get_progress', 'getProgress'].map((name) => `/v2/vectordb/jobs/import/${name}`)

/**
 * Looks at import jobs one by one. Never rejects; all text that comes back has been sanitised. `onCollection` hears what the
 * service itself calls a collection that is told of in other words.
 */
export function createDescribe(
  client: Client,
  onCollection: (told: string, name: string) => void = () => undefined,
): Look {
  let pathIndex = 0
  let hasAnswered = false

  return async (jobId, { signal, turn }) => {
    for (;;) {
      if (!(await turn())) return { kind: 'cancelled' }
      const index = pathIndex
      const request = { path: PATHS[index] ?? '', jobId, body: { jobId }, signal }
      const meaning = await client.ask(request, (answer): Observation | typeof NO_SUCH_PATH => {
        const around = client.around()
        const isMissing = answer.reply.kind === 'reply' && answer.reply.status === 404 && answer.envelope === undefined
        const mayFallBack = isMissing && !hasAnswered && index < PATHS.length - 1
        if (mayFallBack) return NO_SUCH_PATH
        const observation = observe(answer, jobId, around)
        const name = answer.envelope?.data && valueOf(answer.envelope.data, 'collectionName')
        const told = observation.kind === 'answered' ? observation.snapshot.collectionName : undefined
        if (told !== undefined && typeof name === 'string') onCollection(told, name)
        hasAnswered ||= answer.envelope !== undefined && observation.kind !== 'refused'
        return observation
      })
      if (meaning.kind !== 'no-such-path') return meaning
      // Once per service: looks at other jobs go on from here.
      pathIndex = Math.max(pathIndex, index + 1)
    }
  }
}

const NO_SUCH_PATH = { kind: 'no-such-path' } as const

function observe({ reply, envelope }: Answer, jobId: string, around: Circumstances): Observation {
  if (reply.kind === 'aborted') {
    return reply.reason === TIME_IS_UP ? timedOut(reply.afterMs, around) : { kind: 'cancelled' }
  }
  if (reply.kind !== 'reply' || envelope === undefined) return diagnoseReply(reply, around)
  const isGood = isSuccess(envelope) && reply.status >= 200 && reply.status < 300
  const details = envelope.data && valueOf(envelope.data, 'details')
  if (isGood && Array.isArray(details) && details.length > MOST_FILES) {
    return unusable('too-large', `with ${details.length} files, more than an import job can have`, around)
  }
  const snapshot = isGood && envelope.data !== undefined ? decodeJob(envelope.data, around.sanitise) : undefined
  if (snapshot === undefined || envelope.data === undefined) return diagnoseEnvelope(envelope, reply, around)
  const echoed = valueOf(envelope.data, 'jobId')
  if (typeof echoed === 'string' && echoed !== jobId) {
    return unusable('wrong-job', 'about another job than the one asked for', around)
  }
  if (snapshot.phase === 'failed' && saysJobDoesNotExist(snapshot.reason)) {
    return unknownJob(snapshot.reason ?? '', around)
  }
  return { kind: 'answered', snapshot }
}
