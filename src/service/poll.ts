import type { Poll } from '../gate/import-service.ts'
import type { PollResult } from '../gate/job.ts'
import type { Client } from './client.ts'
import { decodeJob, MOST_FILES, rememberName } from './decode.ts'
import type { Names } from './decode.ts'
import { PATHS } from './dialects.ts'
import { valueOf } from './envelope.ts'
import { classifyJob, isGood, saysJobDoesNotExist, statusWithoutPath, unknownJob, unusable } from './errors.ts'
import type { Answer } from './errors.ts'

/** Polls import jobs one by one. Never rejects; all text that comes back has been sanitized. */
export function createPoller(client: Client, place: Readonly<Record<string, string>>, names: Names): Poll {
  /** The path that has answered well: until there is one, each poll tries all of them. */
  let proven: string | undefined

  return async (jobId, options) => {
    for (let nth = 0; ; nth += 1) {
      const path = proven ?? PATHS.polls[nth] ?? PATHS.polls[0]
      const request = { operation: 'poll', path, jobId, body: { jobId, ...place } } as const
      const result = await client.request(request, options, (answer) => {
        const mayFallBack = proven === undefined && nth < PATHS.polls.length - 1
        if (mayFallBack && statusWithoutPath(answer) === 404) return { kind: 'no-such-path' } as const
        const polled = readPoll(answer, jobId, names)
        if (answer.envelope !== undefined && polled.kind !== 'refused') proven ??= path
        return polled
      })
      if (result.kind !== 'no-such-path') return result
    }
  }
}

function readPoll(answer: Answer, jobId: string, names: Names): PollResult {
  const { context } = answer
  const data = answer.envelope !== undefined && isGood(answer) ? answer.envelope.data : undefined
  if (data === undefined) return classifyJob(answer)
  const details = valueOf(data, 'details')
  if (Array.isArray(details) && details.length > MOST_FILES) {
    return unusable('too-many-files', context, { detail: String(details.length) }, 'too-large')
  }
  const snapshot = decodeJob(data, context.sanitize)
  if (snapshot === undefined) return classifyJob(answer)
  if (isOfAnotherJob(valueOf(data, 'jobId'), jobId)) return unusable('wrong-job', context)
  if (snapshot.phase === 'failed' && saysJobDoesNotExist(snapshot.reason)) return unknownJob(snapshot.reason, context)
  rememberName(names, data, snapshot)
  return { kind: 'answered', snapshot }
}

/** Some proxies send the id as a number, which has lost its last digits by then. */
function isOfAnotherJob(echoed: unknown, jobId: string): boolean {
  return typeof echoed === 'number' ? echoed !== Number(jobId) : typeof echoed === 'string' && echoed !== jobId
}
