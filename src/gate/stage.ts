import type { Baselines } from './baselines.ts'
import type { Clock } from './clock.ts'
import { withoutAbsenceOfCollection } from './collection.ts'
import type { CollectionHistory } from './collection.ts'
import type { Discovery } from './discovery.ts'
import { createEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import type { View } from './events.ts'
import { withoutAbsenceOf } from './history.ts'
import type { History } from './history.ts'
import type { ImportService } from './import-service.ts'
import type { Policy, Selection } from './policy.ts'
import { FINAL_POLL_MS } from './timing.ts'

/** What the gate needs to know, and the world it lives in. */
export interface GateOptions {
  readonly selection: Selection
  /** The database of the jobs; undefined: the service's default. */
  readonly dbName?: string | undefined
  /** The service and the part of it where the jobs are, for messages. */
  readonly place?: string | undefined
  readonly policy: Policy
  readonly service: ImportService
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
}

/** What every stage works with. */
export interface Stage {
  readonly policy: Policy
  readonly selection: Selection
  readonly service: ImportService
  readonly engine: Engine
  readonly known: Knowledge
  readonly interrupt: AbortSignal
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
}

/** The beginning: nothing is known, and the engine stands still. */
export function createStage(options: GateOptions): Stage {
  const { clock, policy, startedAtMs } = options
  const known: Knowledge = { jobs: [], baselines: [], collections: [], discovery: undefined }
  const view = (): View => ({
    startedAtMs,
    nowMs: clock.now(),
    jobs: [...known.jobs],
    collections: [...known.collections],
    discovery: known.discovery,
  })
  const onAbsence = (absentMs: number) => {
    known.jobs = known.jobs.map((job) => withoutAbsenceOf(job, absentMs))
    known.collections = known.collections.map((collection) => withoutAbsenceOfCollection(collection, absentMs))
  }
  return { ...options, engine: createEngine({ ...options, ...policy, view, onAbsence }), known }
}

/** How long a final request may take. */
export function finalBudgetMs({ requestTimeoutMs }: Policy): number {
  return Math.min(requestTimeoutMs, FINAL_POLL_MS)
}

/** When the last request is cut: after the deadline, or never where there is one look at all. */
export function finalEndMs({ policy, engine }: Stage): number {
  return policy.timeoutMs === 0 ? Infinity : engine.deadlineMs + finalBudgetMs(policy)
}

/** The indices of those that `is` holds for. */
export function indicesOf<T>(all: readonly T[], is: (one: T, index: number) => boolean): readonly number[] {
  return all.flatMap((one, i) => (is(one, i) ? [i] : []))
}
