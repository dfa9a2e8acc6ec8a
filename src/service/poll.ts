import type { Poll } from '../gate/import-service.ts'
import type { PollResult } from '../gate/job.ts'
import type { Client } from './client.ts'
import { decodeJob, MOST_FILES } from './decode.ts'
import { PATHS } from './dialects.ts'
import { isGood, valueOf } from './envelope.ts'
import { classifyJobEnvelope, classifyReply, saysJobDoesNotExist, unknownJob, unusable } from './errors.ts'
import type { Answer, RequestContext } from './errors.ts'

/** Hears what the service itself calls a collection whose name is shown in other words. */
type OnCollection = (shown: string, name: string) => void

type Place = Readonly<Record<string, string>>

/** Polls import jobs one by one. Never rejects; all text that comes back has been sanitized. */
export function createPoller(client: Client, place: Place, onCollection: OnCollection = () => undefined): Poll {
  /** The path that has answered well: until there is one, each poll tries all of them. */
  let proven: string | undefined

  return async (jobId, options) => {
    const [first, ...others] = proven === undefined ? PATHS.polls : [proven]
    let paths: readonly string[] = [first, ...others]
    for (;;) {
      const [path = first, ...rest] = paths
      const result = await client.ask({ path, jobId, body: { jobId, ...place } }, options, (answer) => {
        const { reply, envelope } = answer
        const isMissing = reply.kind === 'reply' && reply.status === 404 && envelope === undefined
        if (isMissing && rest.length > 0 && proven === undefined) return { kind: 'no-such-path' } as const
        const said = readPoll(answer, jobId, client.context(), onCollection)
        if (envelope !== undefined && said.kind !== 'refused') proven ??= path
        return said
      })
      if (result.kind !== 'no-such-path') return result
      paths = rest
    }
  }
}

function readPoll(
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
  if (isOfAnotherJob(valueOf(data, 'jobId'), jobId)) return unusable('wrong-job', context)
  if (snapshot.phase === 'failed' && saysJobDoesNotExist(snapshot.reason)) return unknownJob(snapshot.reason, context)
  const { collectionName } = snapshot
  if (collectionName !== undefined) onCollection(collectionName, String(valueOf(data, 'collectionName')))
  return { kind: 'answered', snapshot }
}

/** Some proxies send the id as a number, which has lost its last digits by then. */
function isOfAnotherJob(echoed: unknown, jobId: string): boolean {
  return typeof echoed === 'number' ? echoed !== Number(jobId) : typeof echoed === 'string' && echoed !== jobId
}
