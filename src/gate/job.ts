/** What a job's state means to somebody who waits for it. `unknown` is a word that this version does not know: still running, never success. */
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

/** What went wrong with a request, by what can be done about it: one row of `messages/service-errors.ts` each. */
export type ServiceErrorKind =
  // The service itself says so, in its envelope.
  | 'credentials'
  | 'permission'
  | 'ip-not-allowed'
  | 'no-collection'
  | 'no-database'
  | 'bad-job-id'
  | 'wrong-place'
  | 'bad-request'
  | 'rate-limited'
  | 'service-error'
  | 'unknown-job'
  | 'declined'
  | 'gone'
  // A success that cannot be one.
  | 'incomplete'
  | 'wrong-job'
  | 'too-many-files'
  | 'unreadable-list'
  | 'partial-list'
  | 'too-many-jobs'
  | 'cluster-address'
  // An HTTP response without an envelope.
  | 'redirect'
  | 'no-api'
  | 'no-operation'
  | 'no-refresh'
  | 'http-rejected'
  | 'gateway-rejected'
  | 'https-wanted'
  | 'grpc'
  | 'web-page'
  | 'empty-body'
  | 'not-json'
  | 'too-large'
  | 'http-status'
  // GitHub, which knows when the workflow run began.
  | 'github-rejected'
  | 'github-outage'
  // No HTTP response from the service.
  | 'bad-proxy'
  | 'proxy-credentials'
  | 'proxy-rejected'
  | 'timeout'
  | 'no-such-host'
  | 'dns'
  | 'connection-refused'
  | 'reset'
  | 'not-http'
  | 'network'
  | 'tls-wrong-name'
  | 'tls-expired'
  | 'tls-not-yet-valid'
  | 'tls-untrusted'
  | 'tls-unsupported'
  | 'tls-client-certificate'
  | 'tls-unknown-name'
  | 'tls-version'
  | 'tls-no-http'
  | 'tls-handshake'

/** What a request is for. */
export type Operation =
  | 'poll'
  | 'list'
  | 'commit'
  | 'abort'
  | 'create'
  | 'job-start'
  | 'run-start'
  | 'cluster'
  | 'list-indexes'
  | 'describe-indexes'
  | 'load-state'
  | 'refresh'
  | 'count'
  | 'stored'
  | 'identify'

/** The input that the address of a request comes from; `named`: the control plane names the address of the cluster. */
export type AddressSource = 'endpoint' | 'cluster-endpoint' | 'named'

/** Why a request got no usable response: facts only, all text sanitized. The sentences are in `messages/service-errors.ts`. */
export interface ServiceError {
  readonly kind: ServiceErrorKind
  /** A short stable word for counting: `http-503`, `dns`, `timeout`, `code-1800`, … */
  readonly outcome: string
  /** `host` or `host:port`. */
  readonly host: string
  readonly operation: Operation
  /** The id of the job, or the name of the collection, where the operation changes or reads just that. */
  readonly subject?: string
  /** Undefined: the default one, or it does not matter. */
  readonly database?: string
  readonly address: AddressSource
  /** Import jobs were asked for at the address of a Zilliz Cloud cluster, which has none. */
  readonly isCluster?: boolean
  readonly httpStatus?: number
  /** The code of the envelope. */
  readonly code?: number
  /** What the service says. */
  readonly message?: string
  /** What only this kind has: an origin, an address, a protocol, an error code of TLS. */
  readonly detail?: string
  readonly timeoutMs?: number
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
  | { readonly kind: 'refused'; readonly error: ServiceError; readonly hostHasAnswered: boolean }
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
