import type { Arrival } from './ask-pool.ts'
import { newCollection, recordAnswer } from './collection-history.ts'
import type { CollectionResult } from './collection-history.ts'
import { interrupted } from './conclusion.ts'
import type { Conclusion } from './conclusion.ts'
import type { WatchEvent } from './events.ts'
import { collectionChanges } from './changes.ts'
import { concludeCollections, nextStep, nextStepAtMs } from './readiness.ts'
import type { Step } from './readiness.ts'
import type { Vigil } from './vigil.ts'
import { LAST_POLL_MS } from './watch-jobs.ts'

interface Brought {
  readonly answer: CollectionResult
}

/** Watches the collections of completed jobs until their rows can be searched, under the same deadline and patience. */
export async function* watchCollections(vigil: Vigil): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, clock, interrupt, deadlineMs, collections, view } = vigil
  const service = vigil.service.collections
  collections.push(...namesOf(vigil).map(newCollection))
  const inquiry = vigil.openInquiry<Brought>(
    () => !service.isElsewhere || collections.some(({ answeredAtMs }) => answeredAtMs !== undefined),
  )
  const jitter = vigil.random()
  const hadTime = deadlineMs - clock.now() >= LAST_POLL_MS

  const conclude = (timeIsUp = false) =>
    concludeCollections(collections, policy, { timeIsUp, hadTime, mostOutageMs: inquiry.mostOutageMs() })
  const idle = () =>
    collections.flatMap((collection, i) => {
      const step = nextStep(collection, collections, policy)
      if (inquiry.isBusy(i) || step === 'nothing') return []
      const pace = { pollIntervalMs: policy.pollIntervalMs, mostOutageMs: inquiry.mostOutageMs() }
      return [{ i, step, atMs: Math.max(nextStepAtMs(collection, step, pace, jitter), vigil.pausedUntilMs()) }]
    })
  const start = (i: number, step: Exclude<Step, 'nothing'>) => {
    const { name = '' } = collections[i] ?? {}
    inquiry.start(i, async (options) => ({ answer: await service[step](name, options) }))
  }

  function* told(arrived: readonly Arrival<Brought>[]) {
    const taken = arrived.flatMap(({ subject: collection, brought: { answer }, span }) => {
      const before = collections[collection]
      if (before === undefined || answer.kind === 'cancelled') return []
      const after = recordAnswer(before, answer, span)
      collections[collection] = after
      const changes = collectionChanges(before, after, answer)
      return [{ kind: 'read', collection, answer, tookMs: span.endedAtMs - span.startedAtMs, changes } as const]
    })
    if (taken.some(({ changes }) => changes.length > 0)) vigil.putOffHeartbeat()
    const now = view()
    for (const [i, event] of taken.entries()) yield { ...event, view: now, more: i < taken.length - 1 }
  }

  try {
    while (vigil.timeIsLeft() && !interrupt.aborted && conclude() === undefined) {
      for (const { i, step, atMs } of idle()) if (atMs <= clock.now()) start(i, step)
      const nextMs = Math.min(...idle().map(({ atMs }) => atMs), deadlineMs)
      yield* told(await inquiry.arrivals(Math.min(nextMs, vigil.heartbeatAtMs())))
      if (clock.now() >= vigil.heartbeatAtMs()) {
        vigil.putOffHeartbeat()
        yield { kind: 'heartbeat', view: view() }
      }
    }
    if (conclude() === undefined && !interrupt.aborted) {
      // A refresh that starts now could not be waited for.
      for (const { i, step } of idle()) if (step !== 'refresh') start(i, step)
      const budgetMs = Math.min(policy.requestTimeoutMs, LAST_POLL_MS)
      inquiry.limit(budgetMs)
      for await (const arrived of inquiry.drain(policy.timeoutMs === 0 ? Infinity : deadlineMs + budgetMs)) {
        yield* told(arrived)
      }
    }
    if (interrupt.aborted) return interrupted(interrupt)
    const conclusion = conclude(true)
    if (conclusion === undefined) throw new Error('the watch over the collections ended without a conclusion')
    return conclusion
  } finally {
    inquiry.close()
  }
}

/**
 * Every collection that a job belongs to, by what the service says, else by what the user does; none where that is not
 * known of one job, whose rows nobody would poll for. Jobs that were found are all of one collection, which goes by the name
 * that it was asked for where some were imported by an alias: it must not be counted twice.
 */
function namesOf({ jobs, policy, selection }: Vigil): readonly string[] {
  const asked = selection.kind === 'discovered' ? selection.collectionName : policy.expectedCollection
  const names = jobs.flatMap(({ latest }) => latest?.collectionName ?? asked ?? [])
  if (names.length < jobs.length) return []
  const distinct = [...new Set(names)]
  return distinct.length > 1 && selection.kind === 'discovered' ? [selection.collectionName] : distinct
}
