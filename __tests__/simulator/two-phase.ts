import { unknownJob } from './answers.ts'
import { failure, type Reply } from './faults.ts'
import type { TwoPhaseOperation } from './routes.ts'
import type { JobScript, RequestFault, Standing, Step } from './script.ts'
import type { ServiceRequest } from './dialects.ts'
import type { ServiceKind } from './versions.ts'

/** What a commit or an abort comes to. */
export type Outcome =
  /** The import takes another course from here on. */
  | { readonly kind: 'turned'; readonly next: readonly Step[] }
  /** It has been done before; asking again is harmless. */
  | { readonly kind: 'done-before' }
  | { readonly kind: 'refused'; readonly reply: Reply }

/** What the service makes of it, by the rules of Milvus 3.0, where a job stands so. */
export function outcomeOf(operation: TwoPhaseOperation, job: JobScript, { phase, done }: Standing): Outcome {
  const { jobId, autoCommit = true, afterCommit = [{ phase: 'Completed' }] } = job
  const isCommitted = phase === 'Committing' || phase === 'Completed'
  if (isCommitted) {
    return operation === 'commit'
      ? { kind: 'done-before' }
      : refused(`job ${jobId} is in terminal/committed state ${phase}, abort not allowed`)
  }
  if (operation === 'commit' && phase !== 'Uncommitted') {
    return refused(`job ${jobId} is in state ${phase}, expected Uncommitted`)
  }
  if (autoCommit) return refused(`job ${jobId} is auto-commit, manual commit/abort not allowed`)
  if (operation === 'commit') return { kind: 'turned', next: afterCommit }
  // Of a job that failed by itself, too, which keeps its own reason: https://github.com/milvus-io/milvus/pull/51083
  return phase === 'Failed'
    ? { kind: 'done-before' }
    : { kind: 'turned', next: aborted(phase === 'Importing' ? done : 1) }
}

/** What the script has in place of the answer to the nth request of a kind; undefined where no fault is on. */
export function faultFor(
  request: ServiceRequest,
  nth: number,
  faults: readonly RequestFault[] = [],
  answer?: (request: ServiceRequest, nth: number) => Reply | undefined,
): { readonly reply: Reply; readonly takesEffect: boolean } | undefined {
  const answered = answer?.(request, nth)
  if (answered !== undefined) return { reply: answered, takesEffect: false }
  const fault = faults.find(({ from = 0, until = Infinity }) => from <= nth && nth < until)
  return fault && { reply: fault.reply, takesEffect: fault.takesEffect === true }
}

/** The answer to a commit or an abort of a job that the service does not know; a check of privileges looks it up first. */
export function noJobToCommit(service: ServiceKind, jobId: string, isChecked: boolean): Reply {
  return isChecked || service.dialect === 'zilliz'
    ? unknownJob(service, jobId)
    : failure(2101, `job ${jobId} not found: importing data failed on server side`)
}

/** The files stay as they were. */
function aborted(done: number): readonly Step[] {
  return [{ phase: 'Failed', reason: 'aborted by user', within: [done, done], failedFiles: [] }]
}

function refused(problem: string): Outcome {
  return { kind: 'refused', reply: failure(2100, `${problem}: importing data failed`) }
}
