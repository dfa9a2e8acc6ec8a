import type { ServiceRequest } from './dialects.ts'
import type { Reply } from './faults.ts'
import type { CollectionOperation } from './routes.ts'
import type { Disturbance } from './script.ts'

/** A figure, or where it is at the start and the end of a step. */
export type Figure = number | readonly [from: number, to: number]

/** One index at one step. */
export interface IndexScript {
  readonly name: string
  /** The index's own name by default. */
  readonly field?: string
  /** `Finished` by default; says nothing of the rows: https://github.com/milvus-io/milvus/issues/40580 */
  readonly state?: 'IndexStateNone' | 'Unissued' | 'InProgress' | 'Finished' | 'Failed' | 'Retry'
  readonly totalRows: number
  /** None by default. */
  readonly pendingRows?: Figure
  readonly failReason?: string
}

/** Whether a collection is in memory; a `loading` of -1 is a progress that the service could not find out. */
export type LoadScript = 'NotLoad' | 'Loaded' | { readonly loading: Figure }

/** One stretch of a collection's life; what it does not name stays as it was at the end of the one before. Without `lasts` it is the last one and stays. */
export type CollectionStep = { readonly lasts?: number } & (
  | {
      /** At first none. */
      readonly indexes?: readonly IndexScript[]
      /** At first `Loaded`. */
      readonly load?: LoadScript
      /** What `count(*)` says; at first 0. */
      readonly rows?: number
      /** What `get_stats` says; as many as `rows` by default. */
      readonly stored?: number
    }
  /** The collection has been dropped. */
  | { readonly gone: true }
)

/** One collection and how it goes. */
export interface CollectionScript {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly partitions?: readonly string[]
  /** Above 2^53, as a real one; derived from the name by default. */
  readonly collectionId?: string
  /** Milvus' `default` by default. */
  readonly database?: string
  /** Rows come from the imports of the service; without it, from the course. */
  readonly imports?: ImportedRows
  /**
   * What `lasts`, `from` and `until` count: milliseconds since the first request about the collection, or polls: how often its
   * own request has been sent before (each index has its own), so that the nth reading sees the nth position of everything.
   */
  readonly clock?: 'milliseconds' | 'polls'
  readonly course: readonly CollectionStep[]
  /**
   * What is otherwise after a refresh, on the same clock, counted from the last one; what it does not name takes the first
   * course. Without it a refresh changes nothing that can be read, as on a real Milvus, whose load progress stays at 100.
   */
  readonly afterRefresh?: readonly CollectionStep[]
  /** Faults of all answers about the collection, refreshes included; they go by the clock of the first course. */
  readonly faults?: readonly Disturbance[]
  /** Answers in place of the script; undefined lets the script answer. The first request of an operation is 0. */
  readonly answer?: (request: ServiceRequest, nth: number, operation: CollectionOperation) => Reply | undefined
}

/**
 * When the rows of an import show up, as recorded: stored from about 70% on, found by `count(*)` only some time after the job is
 * Completed, sooner after a refresh, while the load state says 100% all the time.
 */
export interface ImportedRows {
  /** Rows that a search finds before the first import. */
  readonly before?: number
  /** Deleted rows that are stored until they are compacted. */
  readonly deleted?: number
  /** From `refresh_load` on; 2,000 to 10,000 on a real server, longer with more data. */
  readonly visibleAfterRefreshMs: number
  /** From Completed on, without a refresh; 8,000 to 18,000 and more on a real server. */
  readonly visibleAfterMs: number
}

/** What a client can learn of a collection at one moment. */
export interface CollectionStanding {
  readonly indexes: readonly IndexStanding[]
  /** 0 to 100, or -1 for a progress that the service could not find out. */
  readonly load: 'NotLoad' | number
  readonly rows: number
  readonly stored?: number
}

/** An index whose figures are those of the moment. */
export type IndexStanding = IndexScript & { readonly pendingRows: number }

/** How a collection stands before its script says anything. */
export const AT_FIRST: CollectionStanding = { indexes: [], load: 100, rows: 0 }

/** What a course has said up to a position of its clock; undefined once the collection is gone. */
export function saidAt(course: readonly CollectionStep[], position: number): Partial<CollectionStanding> | undefined {
  let said: Partial<CollectionStanding> = {}
  let since = 0
  for (const step of course) {
    const { lasts = Infinity } = step
    const isOn = position < since + lasts
    if ('gone' in step) {
      if (isOn) return undefined
    } else {
      said = { ...said, ...standingOf(step, isOn ? Math.max(0, position - since) / lasts : 1) }
      if (isOn) return said
    }
    since += lasts
  }
  throw new RangeError('A course needs a last step without "lasts", which lasts for good.')
}

function standingOf(
  { indexes, load, rows, stored }: Exclude<CollectionStep, { gone: true }>,
  done: number,
): Partial<CollectionStanding> {
  return {
    ...(indexes && {
      indexes: indexes.map((index) => ({ ...index, pendingRows: figureAt(index.pendingRows ?? 0, done) })),
    }),
    ...(load !== undefined && { load: loadAt(load, done) }),
    ...(rows !== undefined && { rows }),
    ...(stored !== undefined && { stored }),
  }
}

/** A number as Milvus gives them: above 2^53. */
export function collectionIdOf({ name, collectionId }: Pick<CollectionScript, 'name' | 'collectionId'>): string {
  const hash = Array.from(name).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_000_007, 7)
  return collectionId ?? String(470_801_000_000_000_001n + BigInt(hash) * 7919n)
}

function loadAt(load: LoadScript, done: number): CollectionStanding['load'] {
  if (load === 'NotLoad') return load
  return load === 'Loaded' ? 100 : figureAt(load.loading, done)
}

function figureAt(figure: Figure, done: number) {
  return typeof figure === 'number' ? figure : Math.floor(figure[0] + (figure[1] - figure[0]) * done)
}
