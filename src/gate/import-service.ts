import type { Phase, PollResult, ServiceError } from './job.ts'

/** The abort reason of a request whose time is up: it then counts as an outage. Any other abort is a cancellation. */
export const TIME_IS_UP = 'time is up'

/** What every call to a service is given. */
export interface RequestOptions {
  readonly signal: AbortSignal
  /** To be awaited before each request; false where there is to be none any more. */
  readonly turn: () => Promise<boolean>
}

/** What a poll is given. */
export interface PollOptions extends RequestOptions {
  /** There is no later poll of this job: only what the service says now will do. */
  readonly isLast: boolean
  /** Only a description of this job alone will do, since it was just committed. */
  readonly isCloser?: boolean
}

/** Polls one job. Takes a turn before each request, resolves to `cancelled` where it gets none, and never rejects. */
export type Poll = (jobId: string, options: PollOptions) => Promise<PollResult>

/** The service could not or would not answer, or was not asked any more. */
export type NoResponse =
  | { readonly kind: 'outage'; readonly error: ServiceError; readonly retryAfterMs?: number }
  | {
      readonly kind: 'refused'
      readonly error: ServiceError
      /** The host has sent an envelope that was no refusal before: a single refusal proves less then. */
      readonly hostHasAnswered: boolean
    }
  | { readonly kind: 'cancelled' }

/** One job as a list shows it. All text has been sanitized. */
export interface ListedJob {
  readonly jobId: string
  readonly phase: Phase
  /** The service's own word. */
  readonly label: string
  /** The name that its import was started with, possibly an alias; undefined where the list does not say. */
  readonly collectionName?: string | undefined
}

/** What asking for all jobs of a collection brought: every page of them, or none. */
export type Listing =
  | {
      readonly kind: 'listed'
      readonly jobs: readonly ListedJob[]
      /** False: the pages kept changing, and the jobs are all that were seen in five walks. */
      readonly isSettled?: boolean
    }
  | NoResponse

/** What the gate can do to a two-phase job. */
export type CommitAction = 'commit' | 'abort'

/** What a commit or an abort of a two-phase job brought; asking for it again is harmless. */
export type CommitResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'unknown-job'; readonly error: ServiceError }
  /** The job is not in a state for it, or the service does not have the operation: one poll of the job decides. */
  | { readonly kind: 'declined'; readonly error: ServiceError }
  | NoResponse

/** How far one index of a collection has come. All text has been sanitized. */
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
  readonly error: ServiceError
  /** As for a refusal. */
  readonly hostHasAnswered?: boolean
}

/** What reading a collection's indexes and load state brought. */
export type Reading =
  { readonly kind: 'read'; readonly indexes: readonly IndexProgress[]; readonly load: LoadProgress } | Gone | NoResponse

/** What asking a loaded collection to take in new segments brought. */
export type Refresh =
  | { readonly kind: 'done' }
  | { readonly kind: 'not-loaded' }
  /** The service seems to know of no such thing. */
  | { readonly kind: 'no-refresh'; readonly error: ServiceError }
  | Gone
  | NoResponse

/** What counting a collection's rows brought. */
export type RowsCounted =
  { readonly kind: 'counted'; readonly rows: number } | { readonly kind: 'not-loaded' } | Gone | NoResponse

/** The collections as those who search them see them: the data plane. No call ever rejects. */
export interface Collections {
  /** They are asked at another address than the jobs. */
  readonly isElsewhere: boolean
  /** Indexes and load state, read anew. */
  read(collection: string, options: RequestOptions): Promise<Reading>
  /** Lets a loaded collection take in segments that an import has added. */
  refresh(collection: string, options: RequestOptions): Promise<Refresh>
  /** `count(*)` with strong consistency. */
  count(collection: string, options: RequestOptions): Promise<RowsCounted>
  /** The rows that are stored, whether or not a search sees them. */
  stored(collection: string, options: RequestOptions): Promise<StoredRows>
  /** Which collection a name or an alias stands for. */
  identify(name: string, options: RequestOptions): Promise<CollectionIdentity>
}

/** What the watch asks of an import service. No call ever rejects, and each takes a turn before every request it sends. */
export interface ImportService {
  /** The way to poll these jobs, one by one or, where they are many, together. */
  pollerFor(jobIds: readonly string[]): Poll
  /** All import jobs of the collection, ended or not. */
  list(options: RequestOptions): Promise<Listing>
  /** Starts an import. Sends one request, never a second one. */
  create(request: ImportRequest, options: RequestOptions): Promise<CreateResult>
  /** When a job was started, where the service can be asked (Zilliz Cloud). */
  jobStart(jobId: string, options: RequestOptions): Promise<JobStart>
  /** Makes the rows of a job that waits at Uncommitted visible. */
  commit(jobId: string, options: RequestOptions): Promise<CommitResult>
  /** Gives up a two-phase job that has not been committed. */
  abort(jobId: string, options: RequestOptions): Promise<CommitResult>
  readonly collections: Collections
}

/** An import to start. */
export interface ImportRequest {
  /** The JSON body, as it is sent. */
  readonly body: string
  readonly idempotencyKey: string
}

/** What a create request brought. It must not be sent again once it may have been received. */
export type CreateResult =
  | { readonly kind: 'created'; readonly jobId: string }
  /** No byte of it can have arrived: connection refused, DNS, or a handshake that was cut. */
  | { readonly kind: 'not-sent'; readonly error: ServiceError }
  /** The service says that it did not carry it out for now: HTTP 429, codes 8, 9 and 1807. */
  | { readonly kind: 'not-carried-out'; readonly error: ServiceError; readonly retryAfterMs?: number }
  | {
      readonly kind: 'refused'
      readonly error: ServiceError
      /** A refusal of a kind that Milvus also sends in passing (401, 403, 1800, 65535, 100, 800). */
      readonly mayPass: boolean
    }
  /** It may have been carried out. */
  | { readonly kind: 'lost'; readonly error: ServiceError; readonly timedOut: boolean }
  | { readonly kind: 'cancelled' }

/** The rows that a collection stores, deleted ones included until they are compacted. */
export type StoredRows = { readonly kind: 'stored'; readonly rowCount: number } | Gone | NoResponse

/** The id is compared as text, since it is above 2^53. */
export interface Identified {
  readonly kind: 'identified'
  readonly collectionId: string
}

/** Which collection a name (or an alias) stands for. */
export type CollectionIdentity = Identified | { readonly kind: 'unidentified' } | Gone | NoResponse

/** When a job was started by the word of Zilliz Cloud (`GET /v2/jobs/{id}`); undefined where it does not say. */
export type JobStart = { readonly kind: 'answered'; readonly startTime: string | undefined } | NoResponse

/** One HTTP exchange, for the report and the debug log. */
export interface RequestRecord {
  /** Undefined where it was about no single job. */
  readonly jobId: string | undefined
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number
  readonly tookMs: number
  readonly httpStatus: number | undefined
  readonly code: number | undefined
  readonly sizeBytes: number | undefined
  /** `answered`, or the short word of the error. */
  readonly outcome: string
}
