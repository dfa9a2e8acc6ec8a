/** What a job's state means to somebody who waits for it. `unknown` is a word nobody knows: still running, never success. */
export type Phase = 'pending' | 'importing' | 'uncommitted' | 'committing' | 'completed' | 'failed' | 'unknown'

/** What a file's state means; files have a vocabulary of their own on the wire. */
export type FilePhase = 'pending' | 'running' | 'completed' | 'failed' | 'unknown'

/** One file (or one group of files that is imported as one) as the service reports it. All text has been sanitized. */
export interface FileProgress {
  readonly name: string
  readonly phase: FilePhase
  /** The service's own word, possibly empty. */
  readonly label: string
  /** 0 to 100, a whole number. */
  readonly progress: number | undefined
  /** An estimate of the server's until the file is done. */
  readonly importedRows: number | undefined
  readonly totalRows: number | undefined
  readonly sizeBytes: number | undefined
  /** RFC 3339, as reported. */
  readonly completeTime: string | undefined
  readonly reason: string | undefined
}

/** What one good answer says of a job. All text has been sanitized; what the service left out is `undefined`. */
export interface JobSnapshot {
  readonly phase: Phase
  /** The service's own word: `Pending`, `Importing`, `Completed`, … */
  readonly label: string
  /** 0 to 100, a whole number. */
  readonly progress: number | undefined
  readonly importedRows: number | undefined
  /** The service sent a number of imported rows that is none. */
  readonly isRowCountUnreadable?: boolean
  readonly totalRows: number | undefined
  readonly sizeBytes: number | undefined
  readonly collectionName: string | undefined
  /** RFC 3339, as reported. */
  readonly completeTime: string | undefined
  /** RFC 3339, as reported. */
  readonly createTime: string | undefined
  readonly reason: string | undefined
  readonly files: readonly FileProgress[]
}

/** Why a poll brought no snapshot: what happened and what to do about it, in sanitized plain sentences. */
export interface ServiceError {
  /** A short stable word for counting: `http-503`, `dns`, `timeout`, `code-1800`, … */
  readonly outcome: string
  /** One sentence: what happened, to what. */
  readonly what: string
  /** One or two sentences: the next step. */
  readonly advice: string
}

/** What one poll a job brought. A poll never rejects. */
export type PollResult =
  | {
      readonly kind: 'answered'
      readonly snapshot: JobSnapshot
      /** Only seen in passing: state and progress are new, rows and files are those of an earlier answer. */
      readonly isFromList?: boolean
    }
  | { readonly kind: 'outage'; readonly error: ServiceError; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly error: ServiceError; readonly hostHasAnswered?: boolean }
  | { readonly kind: 'unknown-job'; readonly error: ServiceError }
  | { readonly kind: 'cancelled' }

/**
 * Rows imported so far, as far as the service says: `importedRows`; else `totalRows`, which Zilliz Cloud sends alone, once
 * the job is through; else the sum over the files where each of them says.
 */
export function importedRowsOf(job: JobSnapshot): number | undefined {
  if (job.importedRows !== undefined) return job.importedRows
  // What was said of the rows, whatever it was, is not to be replaced by what merely stands in the files.
  if (job.isRowCountUnreadable) return undefined
  if (job.totalRows !== undefined && (job.phase === 'completed' || job.phase === 'uncommitted')) return job.totalRows
  return sumOverFiles(job.files, (file) => file.importedRows)
}

/** Rows the job's files hold, as far as the service says. */
export function totalRowsOf(job: JobSnapshot): number | undefined {
  return job.totalRows ?? sumOverFiles(job.files, (file) => file.totalRows)
}

/** The service's reason for a failure: the job's, else that of the first file that has one. */
export function reasonOf(job: JobSnapshot): string | undefined {
  return job.reason ?? job.files.find((file) => file.phase === 'failed' && file.reason !== undefined)?.reason
}

function sumOverFiles(files: readonly FileProgress[], rows: (file: FileProgress) => number | undefined) {
  if (files.length === 0) return undefined
  let sum = 0
  for (const file of files) {
    const count = rows(file)
    if (count === undefined) return undefined
    sum += count
  }
  return sum
}
