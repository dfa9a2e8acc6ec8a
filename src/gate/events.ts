import type { CollectionHistory, CollectionResult } from './collection.ts'
import type { Conclusion } from './conclusion.ts'
import type { Discovery } from './discovery.ts'
import type { FaultChange, OutageChange } from './faults.ts'
import type { History } from './history.ts'
import type { CommitAction, CommitResult } from './import-service.ts'
import type { FileProgress, PollResult, Phase, ServiceError } from './job.ts'
import type { ImportStart, StartChange } from './start.ts'

/** What a poll changed, in the terms of somebody who reads the log. */
export type JobChange =
  | FaultChange
  | { readonly kind: 'state'; readonly from: string | undefined; readonly to: string; readonly phase: Phase }
  | { readonly kind: 'unknown-state'; readonly label: string }
  | { readonly kind: 'progress'; readonly from: number; readonly to: number }
  | { readonly kind: 'file-failed'; readonly file: FileProgress }
  | { readonly kind: 'job-unknown'; readonly error: ServiceError; readonly seenBefore: boolean }
  | { readonly kind: 'idle'; readonly idleMs: number }
  | { readonly kind: 'act-done'; readonly act: CommitAction }
  | { readonly kind: 'act-refused'; readonly act: CommitAction; readonly error: ServiceError }
  /** The answer was lost: the job is asked about, and the act repeated where it was not carried out. */
  | { readonly kind: 'act-in-doubt'; readonly act: CommitAction; readonly error: ServiceError }
  /** The service had asked for a pause, and there was no time to wait for its end. */
  | { readonly kind: 'act-not-sent'; readonly act: CommitAction }

/** What a question about a collection changed, in the terms of somebody who reads the log. */
export type CollectionChange =
  | OutageChange
  | { readonly kind: 'indexes'; readonly pendingRows: number | undefined }
  | { readonly kind: 'indexes-ready'; readonly indexes: number }
  | { readonly kind: 'load'; readonly state: 'not-loaded' | 'loading' | 'loaded'; readonly percent: number | undefined }
  | { readonly kind: 'refreshed' }
  /** `count(*)` changed; `rowCount` rows are stored, deleted ones included until they are compacted. */
  | { readonly kind: 'counted'; readonly rows: number; readonly rowCount: number }
  /** One refusal proves nothing: the request is repeated. */
  | { readonly kind: 'refused'; readonly error: ServiceError }
  | { readonly kind: 'idle'; readonly idleMs: number }

/** Everything known at one moment. `startedAtMs` and `nowMs` are the clock's. */
export interface View {
  readonly startedAtMs: number
  readonly nowMs: number
  /** One a job, in the order given. */
  readonly jobs: readonly History[]
  /** One a collection that is waited for to be searchable, once the jobs are through. */
  readonly collections: readonly CollectionHistory[]
  /** How the jobs were found, where they were not named. */
  readonly discovery: Discovery | undefined
  /** The import that this step starts, where it starts one. */
  readonly start?: ImportStart | undefined
}

/** What happens in a gate. */
export type EventBody =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'polled'
      readonly job: number
      readonly result: PollResult
      readonly tookMs: number
      readonly changes: readonly JobChange[]
    }
  | {
      readonly kind: 'acted'
      readonly job: number
      readonly act: CommitAction
      readonly result: CommitResult
      readonly tookMs: number
      readonly changes: readonly JobChange[]
    }
  /** A step on the way to the job of an import that is to be started. */
  | { readonly kind: 'starting'; readonly changes: readonly StartChange[] }
  /** The job of the import is known. */
  | { readonly kind: 'import-started'; readonly start: ImportStart }
  /** The service was asked for the jobs of a collection, or about one of them. */
  | { readonly kind: 'searched'; readonly changes: readonly FaultChange[] }
  /** The jobs to wait for are known; those that appear later are not waited for. */
  | { readonly kind: 'discovered'; readonly discovery: Discovery }
  /** A collection was asked about. */
  | {
      readonly kind: 'read'
      readonly collection: number
      readonly answer: CollectionResult
      readonly tookMs: number
      readonly changes: readonly CollectionChange[]
    }
  | { readonly kind: 'heartbeat' }
  /** The gate does not pass, and aborts what is left of two-phase jobs before it ends. */
  | { readonly kind: 'ending'; readonly conclusion: Conclusion; readonly jobs: readonly number[] }
  /** A fixed interval is shorter than the rate limit allows for so many jobs. */
  | { readonly kind: 'interval-stretched'; readonly askedMs: number; readonly effectiveMs: number }
  /** The jobs completed, and the service did not say how many rows it imported. */
  | { readonly kind: 'rows-unknown' }
  | { readonly kind: 'ended'; readonly conclusion: Conclusion }

/** An event and what is known by then. */
export type WatchEvent = EventBody & {
  readonly view: View
  /** More events of the same moment follow: to write things down, wait for the last. */
  readonly more?: boolean
}
