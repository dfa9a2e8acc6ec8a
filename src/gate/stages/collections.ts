import type { Span } from '../clock.ts'
import { newCollection, recordAnswer } from '../collection-history.ts'
import type { CollectionResult } from '../collection-history.ts'
import { interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { collectionChanges } from '../changes.ts'
import { once, planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import { maxOutageMs } from '../outage.ts'
import { concludeCollections, nextStep, nextStepAtMs } from '../readiness.ts'
import type { Step } from '../readiness.ts'
import { finalBudgetMs, finalEndMs } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { FINAL_POLL_MS } from '../timing.ts'

interface CollectionsStage extends Stage {
  readonly jitter: number
  /** A service that answers at all could have done so before the deadline. */
  readonly hadTime: boolean
}

/** Waits until the rows of completed jobs can be searched, under the same deadline. */
export async function* waitForCollections(stage: Stage): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, engine, interrupt, known } = stage
  known.collections = namesOf(stage).map(newCollection)
  const hadTime = engine.deadlineMs - engine.now() >= FINAL_POLL_MS
  const collections: CollectionsStage = { ...stage, jitter: stage.random(), hadTime }

  yield* engine.run({ plan: () => (conclude(collections) === undefined ? plan(collections) : undefined) })
  if (conclude(collections) === undefined && !interrupt.aborted) {
    // A refresh that starts now could not be waited for.
    const final = plan(collections).filter(({ action }) => action !== 'refresh')
    yield* engine.run({
      plan: once(
        engine,
        final.map((request) => ({ ...request, atMs: engine.now() })),
      ),
      final: { untilMs: () => finalEndMs(stage), budgetMs: () => finalBudgetMs(policy) },
    })
  }
  if (interrupt.aborted) return interrupted(interrupt)
  const conclusion = conclude(collections, true)
  if (conclusion === undefined) throw new Error('the collections stage ended without a conclusion')
  return conclusion
}

function conclude(stage: CollectionsStage, timeIsUp = false): Conclusion | undefined {
  const { known, policy, hadTime } = stage
  return concludeCollections(known.collections, policy, { timeIsUp, hadTime, mostOutageMs: mostOutageMs(stage) })
}

function mostOutageMs({ known, policy, service }: Stage): number {
  const hasAnswered =
    !service.collections.isElsewhere || known.collections.some(({ answeredAtMs }) => answeredAtMs !== undefined)
  return maxOutageMs(policy, hasAnswered)
}

function plan(stage: CollectionsStage): readonly PlannedRequest[] {
  const { known, policy, jitter } = stage
  const pace = { pollIntervalMs: policy.pollIntervalMs, mostOutageMs: mostOutageMs(stage) }
  return known.collections.flatMap((collection, i) => {
    const step = nextStep(collection, known.collections, policy)
    if (step === 'nothing') return []
    return [stepOf(stage, i, step, nextStepAtMs(collection, step, pace, jitter))]
  })
}

function stepOf(stage: Stage, i: number, step: Exclude<Step, 'nothing'>, atMs: number): PlannedRequest {
  const { name = '' } = stage.known.collections[i] ?? {}
  return planned<CollectionResult>(
    { about: `collection ${i}`, action: step, atMs },
    (options) => stage.service.collections[step](name, options),
    (result, span) => recordStep(stage, i, result, span),
  )
}

function recordStep({ known }: Stage, i: number, result: CollectionResult, span: Span): readonly EventBody[] {
  const before = known.collections[i]
  if (before === undefined || result.kind === 'cancelled') return []
  const after = recordAnswer(before, result, span)
  known.collections[i] = after
  const changes = collectionChanges(before, after, result)
  return [{ kind: 'read', collection: i, answer: result, tookMs: span.endedAtMs - span.startedAtMs, changes }]
}

/**
 * Every collection that a job belongs to, by what the service says, else by what the user does; none where it is not known of
 * one job. Jobs that were discovered are all of one collection, which goes by the name that the user gave where some were
 * imported by an alias: it must not be counted twice.
 */
function namesOf({ known, policy, selection }: Stage): readonly string[] {
  const given = selection.kind === 'discovered' ? selection.collectionName : policy.expectedCollection
  const names = known.jobs.flatMap(({ latest }) => latest?.collectionName ?? given ?? [])
  if (names.length < known.jobs.length) return []
  const distinct = [...new Set(names)]
  return distinct.length > 1 && selection.kind === 'discovered' ? [selection.collectionName] : distinct
}
