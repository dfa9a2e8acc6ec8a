import { withoutAbsence } from './faults.ts'
import type { Baselines } from './baselines.ts'
import { recordIdentity } from './aliases.ts'
import type { Identities } from './aliases.ts'
import type { Clock, Span } from './clock.ts'
import type { CollectionHistory, CollectionResult } from './collection.ts'
import type { Discovery } from './discovery.ts'
import { createEngine, planned, whenSent } from './engine.ts'
import type { Engine, PlannedRequest } from './engine.ts'
import type { EventBody, View } from './events.ts'
import type { History } from './history.ts'
import type { CollectionIdentity, ImportService, RequestOptions } from './import-service.ts'
import type { PollResult } from './job.ts'
import type { Faults } from './faults.ts'
import type { Policy, Selection } from './policy.ts'
import { startWithoutAbsence } from './start.ts'
import type { ImportStart, RunStart, StartState } from './start.ts'
import { FINAL_POLL_MS, FINAL_RETRY_MS } from './timing.ts'

/** What the gate needs to know, and the world it lives in. */
export interface GateOptions {
  readonly selection: Selection
  /** The database of the jobs; undefined: the service's default. */
  readonly dbName?: string | undefined
  /** The service and the part of it where the jobs are, for messages. */
  readonly place?: string | undefined
  readonly policy: Policy
  readonly service: ImportService
  /** Asks when the first attempt of the workflow run began, for an import that it may have started. */
  readonly runStart?: (options: RequestOptions) => Promise<RunStart>
  readonly clock: Clock
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
  /** The wall clock, in milliseconds since the epoch. */
  readonly wallClockMs: () => number
  /** Aborted with the name of the signal that asks to stop, or with an error that was not caught. */
  readonly interrupt: AbortSignal
  readonly startedAtMs: number
}

/** Everything known so far; each stage replaces entries as results arrive. */
export interface Knowledge {
  jobs: History[]
  /** What the proof that rows are visible compares with, taken while the jobs are polled. */
  baselines: Baselines
  collections: CollectionHistory[]
  discovery: Discovery | undefined
  /** The import to start, and how far its start has come. */
  start: ImportStart | undefined
  startState: StartState | undefined
  /** What goes wrong while the jobs are searched for, and when the last usable response came. */
  search: Faults & { readonly usableAtMs?: number }
  /** Which collections the names of jobs stand for. */
  identities: Identities
}

/** What every stage works with. */
export interface Stage {
  readonly policy: Policy
  readonly selection: Selection
  readonly service: ImportService
  readonly engine: Engine
  readonly known: Knowledge
  readonly interrupt: AbortSignal
  readonly runStart?: GateOptions['runStart']
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
}

/** The beginning: nothing is known, and the engine stands still. */
export function createStage(options: GateOptions): Stage {
  const { clock, selection, startedAtMs } = options
  // Discovered jobs are held to the collection that was asked for, too.
  const policy =
    selection.kind === 'discovered'
      ? { ...options.policy, expectedCollection: selection.collectionName }
      : options.policy
  const known: Knowledge = {
    jobs: [],
    baselines: [],
    collections: [],
    discovery: undefined,
    start: undefined,
    startState: undefined,
    search: {},
    identities: new Map(),
  }
  const view = (): View => ({
    startedAtMs,
    nowMs: clock.now(),
    jobs: [...known.jobs],
    collections: [...known.collections],
    discovery: known.discovery,
    start: known.start,
  })
  const onAbsence = (absentMs: number) => {
    known.jobs = known.jobs.map((job) => {
      const commit = job.commit && withoutAbsence(job.commit, absentMs)
      return { ...withoutAbsence(job, absentMs), commit }
    })
    known.collections = known.collections.map((one) => withoutAbsence(one, absentMs))
    known.search = withoutAbsence(known.search, absentMs)
    known.identities = new Map([...known.identities].map(([name, one]) => [name, withoutAbsence(one, absentMs)]))
    known.startState = known.startState && startWithoutAbsence(known.startState, absentMs)
  }
  return { ...options, policy, engine: createEngine({ ...options, ...policy, view, onAbsence }), known }
}

/** Requests which collection a name stands for; `onResult` returns what else the result changes. */
export function identityOf(
  { service, known }: Stage,
  name: string,
  onResult: (result: CollectionIdentity, span: Span) => readonly EventBody[] = () => [],
): PlannedRequest {
  const atMs = known.identities.get(name)?.nextAtMs ?? Number.NEGATIVE_INFINITY
  return planned(
    { about: `collection name ${name}`, action: 'identify', atMs },
    (options) => service.collections.identify(name, options),
    (result, span) => {
      known.identities = new Map(known.identities).set(name, recordIdentity(known.identities.get(name), result, span))
      return onResult(result, span)
    },
  )
}

/** How long a final request may take. */
export function finalBudgetMs({ requestTimeoutMs }: Policy): number {
  return Math.min(requestTimeoutMs, FINAL_POLL_MS)
}

/** When the last request is cut: after the deadline, or never where there is one look at all. */
export function finalEndMs({ policy, engine }: Stage): number {
  return policy.timeoutMs === 0 ? Infinity : engine.deadlineMs + finalBudgetMs(policy)
}

/** The final requests once time is up. */
export interface FinalRequests {
  readonly plan: () => readonly PlannedRequest[]
  /** Takes in a result; false where it does not count. */
  readonly counts: (one: number, result: PollResult | CollectionResult, span: Span) => boolean
}

/**
 * One request for each job or collection: the one in flight, or else one that starts now. One that fails early is sent again, as
 * often as its time allows.
 */
export function finalRequests(
  { engine, policy }: Stage,
  all: readonly number[],
  requestOf: (one: number, atMs: number) => PlannedRequest | undefined,
  wasReady: (one: number) => boolean = () => false,
): FinalRequests {
  const isTaken = (one: number) => engine.isInFlight(requestOf(one, engine.now())?.about ?? '')
  const dueAtMs = new Map(all.filter((one) => !isTaken(one)).map((one) => [one, engine.now()]))
  const retried = new Set<number>()
  // What was sent too late to be answered says nothing against a job that was ready before, nor replaces an earlier error.
  const isCut = (result: PollResult | CollectionResult, { startedAtMs, endedAtMs }: Span) =>
    result.kind === 'outage' &&
    result.error.outcome === 'timeout' &&
    endedAtMs - startedAtMs < finalBudgetMs(policy) / 2
  return {
    plan: () =>
      all.flatMap((one) => {
        const request = requestOf(one, dueAtMs.get(one) ?? engine.now())
        if (request === undefined || !(dueAtMs.has(one) || engine.isInFlight(request.about))) return []
        return [whenSent(request, () => dueAtMs.delete(one))]
      }),
    counts(one, result, span) {
      const isCounted = !((wasReady(one) || retried.has(one)) && isCut(result, span))
      if (['outage', 'refused', 'gone'].includes(result.kind) && policy.timeoutMs > 0) {
        dueAtMs.set(one, span.endedAtMs + FINAL_RETRY_MS)
        retried.add(one)
      }
      return isCounted
    },
  }
}
