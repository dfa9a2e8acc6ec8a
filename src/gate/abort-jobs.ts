import { createAskPool } from './ask-pool.ts'
import { TIME_IS_UP } from './import-service.ts'
import { attempted } from './commit-state.ts'
import type { Conclusion } from './conclusion.ts'
import type { WatchEvent } from './events.ts'
import type { CommitResult } from './import-service.ts'
import { commitChanges } from './changes.ts'
import { SPACING_MS } from './turnstile.ts'
import { abortableJobs } from './commits.ts'
import type { Vigil } from './vigil.ts'

/** What the aborts may take past the end, besides the time that the rate limit makes of many. */
const PATIENCE_MS = 6_000
/** Of a step that was told to stop: half of what may be spent before it is killed, the rest is for a commit status. */
const INTERRUPTED_PATIENCE_MS = 3_000
/** An abort whose answer was lost is asked for again: to repeat it is harmless. */
const MOST_ATTEMPTS = 3

/**
 * Aborts the two-phase jobs that the gate leaves behind: nobody else collects them. The service refuses it for ordinary jobs,
 * which then go on. What goes wrong is told and changes nothing.
 */
export async function* abortJobs(vigil: Vigil, conclusion: Conclusion): AsyncGenerator<WatchEvent, void> {
  const { jobs, policy, clock, interrupt, service, turnstile, view } = vigil
  const targets = abortableJobs(jobs, policy)
  if (targets.length === 0) return
  yield { kind: 'ending', view: view(), conclusion, jobs: targets }

  const pool = createAskPool<CommitResult>(turnstile, clock)
  let untilMs = clock.now() + PATIENCE_MS + targets.length * SPACING_MS
  const hurry = () => {
    untilMs = Math.min(untilMs, clock.now() + INTERRUPTED_PATIENCE_MS)
    pool.wake()
  }
  const start = (job: number) => {
    const { jobId = '' } = jobs[job] ?? {}
    pool.start(job, (options) => service.abort(jobId, options))
  }

  if (interrupt.aborted) hurry()
  else interrupt.addEventListener('abort', hurry)
  try {
    targets.forEach(start)
    while (pool.size() > 0) {
      const arrived = await pool.arrivals(untilMs)
      if (clock.now() >= untilMs) pool.abort(TIME_IS_UP)
      const taken = arrived.flatMap(({ subject: job, brought: result, span }) => {
        const before = jobs[job]
        if (before === undefined || result.kind === 'cancelled') return []
        const abort = attempted(before.abort, result, span)
        jobs[job] = { ...before, abort }
        if (abort.state === 'in-doubt' && abort.times < MOST_ATTEMPTS && clock.now() < untilMs) start(job)
        const changes = commitChanges('abort', before.abort, result)
        return [
          { kind: 'acted', job, act: 'abort', result, tookMs: span.endedAtMs - span.startedAtMs, changes } as const,
        ]
      })
      const now = view()
      for (const [i, event] of taken.entries()) yield { ...event, view: now, more: i < taken.length - 1 }
    }
    const unsent = targets.filter((job) => jobs[job]?.abort === undefined)
    for (const [i, job] of unsent.entries()) {
      const changes = [{ kind: 'act-not-sent', act: 'abort' } as const]
      const more = i < unsent.length - 1
      yield { kind: 'acted', job, act: 'abort', result: { kind: 'cancelled' }, tookMs: 0, changes, view: view(), more }
    }
  } finally {
    interrupt.removeEventListener('abort', hurry)
    pool.abort('the gate has ended')
  }
}
