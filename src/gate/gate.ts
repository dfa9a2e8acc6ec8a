import { abortJobs } from './abort-jobs.ts'
import type { Conclusion } from './conclusion.ts'
import { discoverJobs } from './discover-jobs.ts'
import { newDiscovery } from './discovery.ts'
import type { WatchEvent } from './events.ts'
import { newHistory } from './history.ts'
import { createVigil } from './vigil.ts'
import type { Vigil, Watch } from './vigil.ts'
import { watchCollections } from './watch-collections.ts'
import { watchJobs } from './watch-jobs.ts'

/**
 * Watches over imports until the gate has a conclusion, and tells everything that happens on the way; the last event carries
 * the conclusion. Ends by the deadline plus two seconds, but for the aborts that are due then.
 */
export async function* watchImports(watch: Watch): AsyncGenerator<WatchEvent, void> {
  const vigil = createVigil(watch)
  const conclusion = yield* decide(vigil)
  if (!conclusion.passes && vigil.policy.abortUncommitted) yield* abortJobs(vigil, conclusion)
  yield { kind: 'ended', view: vigil.view(), conclusion }
}

/** One stage after the other: which jobs, until they are through, until their rows can be searched. */
async function* decide(vigil: Vigil): AsyncGenerator<WatchEvent, Conclusion> {
  const { selection, policy, jobs, view } = vigil
  const waitFor = (jobIds: readonly string[], wasListed: boolean) =>
    jobs.push(...jobIds.map((jobId) => newHistory(jobId, { wasListed })))
  if (selection.kind === 'given') waitFor(selection.jobIds, false)
  else vigil.discovery = newDiscovery(selection, vigil, vigil.wallClockMs())
  yield { kind: 'started', view: view() }
  if (vigil.discovery !== undefined) {
    const found = yield* discoverJobs(vigil, vigil.discovery)
    if (found.kind === 'end') return found.conclusion
    waitFor(found.jobIds, true)
  }
  const imported = yield* watchJobs(vigil)
  const isSearchNext = policy.waitFor === 'searchable' && imported.kind === 'completed'
  return isSearchNext ? yield* watchCollections(vigil) : imported
}
