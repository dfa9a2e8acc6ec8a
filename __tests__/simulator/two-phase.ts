import { failure, unknownJob } from './answers.ts'
import type { ServiceKind, ServiceRequest } from './dialects.ts'
import type { Reply } from './faults.ts'
import type { Deed } from './routes.ts'
import type { ImportPhase, JobScript, Step } from './script.ts'

/** What a commit or an abort comes to. */
export type Outcome =
  /** The import takes another course from here on. */
  | { readonly kind: 'turned'; readonly next: readonly Step[] }
  /** It has been done before; asking again is harmless. */
  | { readonly kind: 'done-before' }
  | { readonly kind: 'refused'; readonly reply: Reply }

/** What the service makes of it, by the rules of Milvus 3.0, where a job stands so. */
export function outcomeOf(result: Deed, job: JobScript, phase: ImportPhase): Outcome {
  const { jobId, autoCommit = true, afterCommit = [{ phase: 'Completed' }] } = job
  if (autoCommit) return refused(`job ${jobId} is auto-commit, manual commit/abort not allowed`)
  const isCommitted = phase === 'Committing' || phase === 'Completed'
  switch (result) {
    case 'commit':
      if (isCommitted) return { kind: 'done-before' }
      return phase === 'Uncommitted'
        ? { kind: 'turned', next: afterCommit }
        : refused(`job ${jobId} is in state ${phase}, expected Uncommitted`)
    case 'abort':
      if (isCommitted) return refused(`job ${jobId} is in state ${phase}, abort not allowed`)
      // Of a job that failed by itself, too, which keeps its own reason: https://github.com/milvus-io/milvus/pull/51083
      return phase === 'Failed' ? { kind: 'done-before' } : { kind: 'turned', next: ABORTED }
  }
}

/** What the script has in the place of the answer to the nth commit or abort; undefined where nothing spoils it. */
export function spoilerOf(
  result: Deed,
  { answerCommit, answerAbort, commitFaults = [], abortFaults = [] }: JobScript,
  request: ServiceRequest,
  nth: number,
): { readonly reply: Reply; readonly takesEffect: boolean } | undefined {
  const [answer, faults] = result === 'commit' ? [answerCommit, commitFaults] : [answerAbort, abortFaults]
  const answered = answer?.(request, nth)
  if (answered !== undefined) return { reply: answered, takesEffect: false }
  const fault = faults.find(({ from = 0, until = Infinity }) => from <= nth && nth < until)
  return fault && { reply: fault.reply, takesEffect: fault.takesEffect === true }
}

/** The answer to a commit or an abort of a job that the service does not know. */
export function unknownJobOfDeed(service: ServiceKind, jobId: string): Reply {
  return service.dialect === 'zilliz'
    ? unknownJob(service, jobId)
    : failure(2101, `job ${jobId} not found: importing data failed on server side`)
}

const ABORTED: readonly Step[] = [{ phase: 'Failed', reason: 'aborted by user' }]

function refused(problem: string): Outcome {
  return { kind: 'refused', reply: failure(2100, `${problem}: importing data failed`) }
}
