import type { Conclusion } from './conclusion.ts'
import { newDiscovery } from './discovery.ts'
import type { WatchEvent } from './events.ts'
import { newHistory } from './history.ts'
import { createStage } from './stage.ts'
import type { GateOptions, Stage } from './stage.ts'
import { abortJobs } from './stages/abort.ts'
import { waitForCollections } from './stages/collections.ts'
import { discoverJobs } from './stages/discover.ts'
import { waitForJobs } from './stages/jobs.ts'
import { orderImport, startJob } from './stages/start.ts'

/**
 * Waits for imports until the gate has a conclusion, and reports everything on the way; the last event carries the
 * conclusion. Ends by the deadline plus two seconds, except for the aborts that are due then.
 */
export async function* watchImports(options: GateOptions): AsyncGenerator<WatchEvent, void> {
  const stage = createStage(options)
  const { engine, policy } = stage
  try {
    const conclusion = yield* decide(stage, options)
    engine.abandon()
    if (!conclusion.passes && policy.abortUncommitted) yield* abortJobs(stage, conclusion)
    yield engine.report({ kind: 'ended', conclusion })
  } finally {
    engine.close()
  }
}

/** One stage after the other: which jobs, until they are complete, until their rows can be searched. */
async function* decide(stage: Stage, options: GateOptions): AsyncGenerator<WatchEvent, Conclusion> {
  const { selection, policy, engine, known } = stage
  if (selection.kind === 'given') known.jobs = selection.jobIds.map((jobId) => newHistory(jobId))
  else if (selection.kind === 'import') known.start = orderImport(selection.order)
  else known.discovery = newDiscovery(selection, options, options.wallClockMs())
  yield engine.report({ kind: 'started' })
  if (known.discovery !== undefined) {
    const end = yield* discoverJobs(stage, known.discovery)
    if (end !== undefined) return end
  }
  if (selection.kind === 'import') {
    const end = yield* startJob(stage, selection.order)
    if (end !== undefined) return end
  }
  const conclusion = yield* waitForJobs(stage)
  engine.abandon()
  const isSearchNext = policy.waitFor === 'searchable' && conclusion.kind === 'completed'
  return isSearchNext ? yield* waitForCollections(stage) : conclusion
}
