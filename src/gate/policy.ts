import type { FileGroups } from './import-files.ts'

/** A demand on a number of rows: exactly `min` where `max` equals it, open above where `max` is undefined. */
export interface RowRange {
  readonly min: number
  readonly max: number | undefined
}

/** The user's patience and gates: everything that decides when to stop and how it ended. */
export interface Policy {
  /** The whole step's patience; 0 means one poll. */
  readonly timeoutMs: number
  readonly onTimeout: 'fail' | 'pass'
  /** A fixed pause between two polls; undefined adapts. */
  readonly pollIntervalMs: number | undefined
  /** For one HTTP exchange, connect to last byte. */
  readonly requestTimeoutMs: number
  /** Undefined: 5 minutes, but 1 minute while the service has never answered. */
  readonly maxOutageMs: number | undefined
  /** Undefined: never fail, only say so after a while. */
  readonly stallTimeoutMs: number | undefined
  /** Undefined: at least one row, where the service says how many. */
  readonly expectedRows: RowRange | undefined
  /** `commit` commits none before all jobs are ready and the rows hold. */
  readonly onUncommitted: 'fail' | 'wait' | 'pass' | 'commit'
  /** Abort the two-phase jobs of a gate that does not pass. */
  readonly abortUncommitted: boolean
  /** What it means that a collection has no import jobs to wait for. */
  readonly onNoJobs: 'fail' | 'pass'
  /** `started`: the service has answered about the job once; `searchable`: the data can be searched, too. */
  readonly waitFor: 'completed' | 'searchable' | 'started'
  /** Rows in the collection once it is searchable; undefined: they are not counted. */
  readonly expectedCollectionRows: RowRange | undefined
  /** The collection that every job must belong to. */
  readonly expectedCollection: string | undefined
}

/** What holds where the user says nothing. */
export const DEFAULT_POLICY: Policy = {
  timeoutMs: 3_600_000,
  onTimeout: 'fail',
  pollIntervalMs: undefined,
  requestTimeoutMs: 30_000,
  maxOutageMs: undefined,
  stallTimeoutMs: undefined,
  expectedRows: undefined,
  onUncommitted: 'fail',
  abortUncommitted: false,
  onNoJobs: 'fail',
  waitFor: 'completed',
  expectedCollectionRows: undefined,
  expectedCollection: undefined,
}

/** Which jobs the gate waits for: those that are named, those that a collection has, or the one of an import that it starts. */
export type Selection =
  | { readonly kind: 'given'; /** At least one. */ readonly jobIds: readonly string[] }
  | {
      readonly kind: 'discovered'
      readonly collectionName: string
      /** Jobs created from this moment on count even if they have ended; undefined: only those that have not. */
      readonly since: Since | undefined
    }
  | { readonly kind: 'import'; readonly order: ImportOrder }

/** What an import is recognized by, and whether it may have been started before. */
export interface ImportPlan {
  /** Sent with the request, so that a service that honors it never starts the same import twice. */
  readonly key: string
  /** The files of the request; none where it does not name them one by one. */
  readonly files: FileGroups
  /** Of the workflow run: above 1 an earlier attempt may have started the import. */
  readonly attempt: number
}

/** An import to start. */
export interface ImportOrder extends ImportPlan {
  readonly collectionName: string
  /** The JSON body, as it is sent. */
  readonly body: string
  /** It waits for a commit (`auto_commit` is `"false"`). */
  readonly isTwoPhase: boolean
}

/** A moment of the wall clock. */
export type Since =
  | { readonly kind: 'at'; /** Since the epoch. */ readonly timeMs: number }
  | { readonly kind: 'ago'; readonly durationMs: number }
