import { abortableJobs, attempted } from '../commits.ts'
import type { Span } from '../clock.ts'
import type { Conclusion } from '../conclusion.ts'
import { commitChanges } from '../changes.ts'
import { planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import type { CommitResult } from '../import-service.ts'
import type { Stage } from '../stage.ts'
import {
  ABORT_TIME_MS,
  CANCELLED_ABORT_TIME_MS,
  MAX_ABORT_ATTEMPTS,
  REFUSED_ABORT_PAUSE_MS,
  REQUEST_SPACING_MS,
} from '../timing.ts'

/**
 * Aborts the two-phase jobs that the gate leaves behind, since no other step ends them. The service refuses it for ordinary
 * jobs, which then go on. What goes wrong is reported and changes nothing.
 */
export async function* abortJobs(stage: Stage, conclusion: Conclusion): AsyncGenerator<WatchEvent, void> {
  const { known, policy, engine, interrupt } = stage
  const targets = abortableJobs(known.jobs, policy, known.identities)
  if (targets.length === 0) return
  yield engine.report({ kind: 'ending', conclusion, jobs: targets })

  const endMs = engine.now() + ABORT_TIME_MS + targets.length * REQUEST_SPACING_MS
  let cancelledEndMs = interrupt.aborted ? engine.now() + CANCELLED_ABORT_TIME_MS : undefined
  yield* engine.run({
    plan: () => targets.filter((job) => isToAbort(stage, job)).map((job) => abortOf(stage, job)),
    final: {
      untilMs() {
        if (interrupt.aborted) cancelledEndMs ??= engine.now() + CANCELLED_ABORT_TIME_MS
        return Math.min(endMs, cancelledEndMs ?? Infinity)
      },
      budgetMs: () => Infinity,
      ignoresInterrupt: true,
    },
  })
  const unsent = targets.filter((job) => known.jobs[job]?.abort === undefined)
  for (const [i, job] of unsent.entries()) {
    const event = aborted(job, { kind: 'cancelled' }, 0, [{ kind: 'act-not-sent', act: 'abort' }])
    yield engine.report(event, i < unsent.length - 1)
  }
}

/** An abort that was refused, or whose response was lost, is sent again: to repeat it does no harm. */
function isToAbort({ known }: Stage, job: number): boolean {
  const { state, times = 0 } = known.jobs[job]?.abort ?? {}
  return state === undefined || (state !== 'done' && state !== 'declined' && times < MAX_ABORT_ATTEMPTS)
}

function abortOf(stage: Stage, job: number): PlannedRequest {
  const { jobId = '', abort } = stage.known.jobs[job] ?? {}
  const atMs = abort?.state === 'refused' ? abort.endedAtMs + REFUSED_ABORT_PAUSE_MS : stage.engine.now()
  return planned(
    { about: `job ${job}`, action: 'abort', atMs },
    (options) => stage.service.abort(jobId, options),
    (result, span) => recordAbort(stage, job, result, span),
  )
}

function recordAbort({ known }: Stage, job: number, result: CommitResult, span: Span): readonly EventBody[] {
  const before = known.jobs[job]
  if (before === undefined || result.kind === 'cancelled') return []
  known.jobs[job] = { ...before, abort: attempted(before.abort, result, span) }
  const changes = commitChanges('abort', before.abort, result)
  return [aborted(job, result, span.endedAtMs - span.startedAtMs, changes)]
}

function aborted(
  job: number,
  result: CommitResult,
  tookMs: number,
  changes: Extract<EventBody, { kind: 'acted' }>['changes'],
): EventBody {
  return { kind: 'acted', job, act: 'abort', result, tookMs, changes }
}
