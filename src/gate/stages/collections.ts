import type { Span } from '../clock.ts'
import { baselineOf } from '../baselines.ts'
import { collectionsOf, importedInto, newCollection, recordResult } from '../collection.ts'
import type { CollectionHistory, CollectionResult, Measured } from '../collection.ts'
import type { CollectionIdentity, Collections, RequestOptions } from '../import-service.ts'
import { indicesOf, interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { collectionChanges } from '../changes.ts'
import { planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import { excuseOthers, maxOutageMs } from '../faults.ts'
import { concludeCollections, nextStep, nextStepAtMs } from '../searchable.ts'
import type { Step } from '../searchable.ts'
import { finalBudgetMs, finalEndMs, finalRequests, identityOf } from '../stage.ts'
import type { FinalRequests, Stage } from '../stage.ts'
import { FINAL_POLL_MS } from '../timing.ts'

interface CollectionsStage extends Stage {
  readonly jitter: number
  /** A service that answers at all could have done so before the deadline. */
  readonly hadTime: boolean
  /** The host has answered about a name, which says nothing yet about the rows behind it. */
  hasNamed: boolean
  /** Whether a result is recorded. */
  counts: FinalRequests['counts']
}

/** Waits until the rows of completed jobs can be searched, under the same deadline. */
export async function* waitForCollections(stage: Stage): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, engine, interrupt, known } = stage
  const hadTime = engine.deadlineMs - engine.now() >= FINAL_POLL_MS
  const collections: CollectionsStage = {
    ...stage,
    jitter: stage.random(),
    hadTime,
    hasNamed: false,
    counts: () => true,
  }

  const end = yield* groupJobs(collections)
  if (end !== undefined) return end
  yield* engine.run({ plan: () => (conclude(collections) === undefined ? plan(collections) : undefined) })
  if (conclude(collections) === undefined && !interrupt.aborted) {
    const final = finalRequests(collections, [...known.collections.keys()], (i, atMs) =>
      finalStepOf(collections, i, atMs),
    )
    collections.counts = final.counts
    yield* engine.run({
      plan: final.plan,
      final: { untilMs: () => finalEndMs(stage), budgetMs: () => finalBudgetMs(policy) },
    })
  }
  if (interrupt.aborted) return interrupted(interrupt)
  const conclusion = conclude(collections, true)
  if (conclusion === undefined) throw new Error('the collections stage ended without a conclusion')
  return conclusion
}

/**
 * Jobs may name one collection differently, by an alias: for each name alone, its rows would be counted as if only the jobs of
 * that name had imported any. So several names are identified first; where that is not possible, the names decide.
 */
async function* groupJobs(stage: CollectionsStage): AsyncGenerator<WatchEvent, Conclusion | undefined> {
  const { known, engine } = stage
  known.collections = grouped(stage)
  if (known.collections.length < 2) return undefined
  const isOpen = ({ name }: CollectionHistory) => known.identities.get(name)?.isSettled !== true
  const record = (i: number) => (result: CollectionIdentity, span: Span) =>
    // A refusal of this request says nothing about those that follow.
    result.kind === 'identified' || result.kind === 'outage' ? recordStep(stage, i, result, span) : []
  const end = () => conclude(stage, false, isOpen)
  yield* engine.run({
    plan() {
      const open = end() === undefined ? indicesOf(known.collections, isOpen) : []
      return open.length === 0
        ? undefined
        : open.map((i) => identityOf(stage, known.collections[i]?.name ?? '', record(i)))
    },
  })
  engine.abandon()
  const conclusion = end()
  stage.hasNamed = known.collections.some(({ answeredAtMs }) => answeredAtMs !== undefined)
  if (conclusion === undefined) known.collections = grouped(stage)
  return conclusion
}

/** The collections of the jobs, by what is known of their names. */
function grouped(stage: Stage): CollectionHistory[] {
  const { jobs, identities, baselines } = stage.known
  return collectionsOf(jobs, stage, identities).map((one) =>
    newCollection(one.name, {
      importedRows: importedInto(one),
      baseline: baselineOf(baselines, one.names),
    }),
  )
}

function conclude(
  stage: CollectionsStage,
  timeIsUp = false,
  isPolled = (one: CollectionHistory) => nextStep(one, stage.known.collections, stage.policy) !== 'nothing',
): Conclusion | undefined {
  const { known, policy, hadTime } = stage
  return concludeCollections(known.collections, policy, {
    timeIsUp,
    hadTime,
    mostOutageMs: mostOutageMs(stage),
    isPolled,
  })
}

function mostOutageMs({ known, policy, service, hasNamed }: CollectionsStage): number {
  const hasAnswered =
    !service.collections.isElsewhere ||
    hasNamed ||
    known.collections.some(({ answeredAtMs }) => answeredAtMs !== undefined)
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

/** A refresh that starts now could not be waited for, and a late baseline says nothing about what is missing. */
function finalStepOf(stage: CollectionsStage, i: number, atMs: number): PlannedRequest | undefined {
  const { known, policy } = stage
  const collection = known.collections[i]
  const step = collection && nextStep(collection, known.collections, policy)
  if (step === undefined || step === 'nothing' || step === 'refresh') return undefined
  return stepOf(stage, i, step === 'count' ? 'read' : step, atMs)
}

function stepOf(stage: CollectionsStage, i: number, step: Exclude<Step, 'nothing'>, atMs: number): PlannedRequest {
  const { name = '' } = stage.known.collections[i] ?? {}
  return planned<CollectionResult>(
    { about: `collection ${i}`, action: step, atMs },
    (options) =>
      step === 'measure'
        ? measure(stage.service.collections, name, options)
        : stage.service.collections[step](name, options),
    (result, span) => recordStep(stage, i, result, span),
  )
}

/** `count(*)` comes first: rows that appear in between then count as not visible yet. */
async function measure(collections: Collections, name: string, options: RequestOptions): Promise<Measured> {
  const counted = await collections.count(name, options)
  if (counted.kind !== 'counted') return counted
  const stored = await collections.stored(name, options)
  return stored.kind === 'stored' ? { kind: 'measured', rows: counted.rows, rowCount: stored.rowCount } : stored
}

function recordStep(stage: CollectionsStage, i: number, result: CollectionResult, span: Span): readonly EventBody[] {
  const { known } = stage
  const before = known.collections[i]
  if (before === undefined || result.kind === 'cancelled' || !stage.counts(i, result, span)) return []
  const after = recordResult(before, result, span)
  known.collections[i] = after
  if (after.answeredAtMs === span.endedAtMs) known.collections = excuseOthers(known.collections, i)
  const changes = collectionChanges(before, after, result)
  return [{ kind: 'read', collection: i, answer: result, tookMs: span.endedAtMs - span.startedAtMs, changes }]
}
