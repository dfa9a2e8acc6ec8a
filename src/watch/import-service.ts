import type { Phase, Trouble } from './import-job.ts'
import type { AskOptions, Look } from './ask-pool.ts'

/** The service could not or would not answer, or was not asked any more. */
export type NoAnswer =
  | { readonly kind: 'outage'; readonly trouble: Trouble; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly trouble: Trouble }
  | { readonly kind: 'cancelled' }

/** One job as a list shows it. All text has been sanitised. */
export interface ListedJob {
  readonly jobId: string
  readonly phase: Phase
  /** The service's own word. */
  readonly label: string
}

/** What asking for all jobs of a collection brought: every page of them, or none. */
export type Listing = { readonly kind: 'listed'; readonly jobs: readonly ListedJob[] } | NoAnswer

/** What a commit or an abort of a two-phase job brought; asking for it again is harmless. */
export type Deed = { readonly kind: 'done' } | { readonly kind: 'unknown-job'; readonly trouble: Trouble } | NoAnswer

/** How far one index of a collection has come. All text has been sanitised. */
export interface IndexProgress {
  readonly name: string
  /** The service's own word, which is not to be relied on: `Finished` was seen beside pending rows (milvus-io/milvus#40580). */
  readonly label: string
  readonly isFailed: boolean
  readonly failReason: string | undefined
  /** Rows that are not in the index yet; undefined where the service does not say. */
  readonly pendingRows: number | undefined
}

/** Whether a collection is in memory, where it can be searched. */
export interface LoadProgress {
  readonly state: 'not-loaded' | 'loading' | 'loaded'
  /** 0 to 100; undefined where the service does not say. */
  readonly percent: number | undefined
}

/** The collection, or its database, is not there (any more). */
export interface Gone {
  readonly kind: 'gone'
  readonly trouble: Trouble
}

/** What reading a collection's indexes and load state brought. */
export type Reading =
  { readonly kind: 'read'; readonly indexes: readonly IndexProgress[]; readonly load: LoadProgress } | Gone | NoAnswer

/** What asking a loaded collection to take in new segments brought. */
export type Refresh =
  | { readonly kind: 'done' }
  | { readonly kind: 'not-loaded' }
  /** The service seems to know of no such thing. */
  | { readonly kind: 'no-refresh'; readonly trouble: Trouble }
  | Gone
  | NoAnswer

/** What counting a collection's rows brought. */
export type RowsCounted =
  { readonly kind: 'counted'; readonly rows: number } | { readonly kind: 'not-loaded' } | Gone | NoAnswer

/** The collections as those who search them see them: the data plane. No call ever rejects. */
export interface Collections {
  /** They are asked at another address than the jobs. */
  readonly isElsewhere: boolean
  /** Indexes and load state, read anew. */
  read(collection: string, options: AskOptions): Promise<Reading>
  /** Lets a loaded collection take in segments that an import has added. */
  refresh(collection: string, options: AskOptions): Promise<Refresh>
  /** `count(*)` with strong consistency. */
  count(collection: string, options: AskOptions): Promise<RowsCounted>
}

/** What the watch asks of an import service. No call ever rejects, and each takes a turn before every request it sends. */
export interface ImportService {
  /** The way to look at these jobs, one by one or, where they are many, together. */
  lookAt(jobIds: readonly string[]): Look
  /** All import jobs of the collection, ended or not. */
  list(options: AskOptions): Promise<Listing>
  /** Makes the rows of a job that rests at Uncommitted visible. */
  commit(jobId: string, options: AskOptions): Promise<Deed>
  /** Gives up a two-phase job that has not been committed. */
  abort(jobId: string, options: AskOptions): Promise<Deed>
  readonly collections: Collections
}
