import type { ServiceError } from './job.ts'
import type { IndexProgress } from './import-service.ts'
import type { RowRange } from './policy.ts'
import type { StartFailure } from './start.ts'

/** One mistake in the inputs, with all that the reader needs to correct it. */
export interface Mistake {
  /** The input's or environment variable's name, as the user writes it. */
  readonly input: string
  /** What it got, quoted and cut; never a secret's value. */
  readonly got: string
  /** What it takes. */
  readonly takes: string
  readonly example: string
}

/** Why a collection cannot be searched, and will not be by waiting. */
export type NotReady =
  | { readonly kind: 'index-failed'; readonly index: IndexProgress }
  | { readonly kind: 'not-loaded'; readonly hasIndex: boolean }
  | { readonly kind: 'gone'; readonly error: ServiceError }
  /** The service has not said which collection the jobs belong to, nor has the user. */
  | { readonly kind: 'unnamed' }

/**
 * Why the gate ended: facts only, the words are made elsewhere. `jobs` are indices, in the order given, of the jobs that
 * have the deciding end, and `collections` those of the collections, where the jobs were through; both are empty where the
 * jobs were still being polled for. `passes` decides the exit status.
 */
export type Conclusion =
  | { readonly kind: 'completed'; readonly passes: true }
  /** The service has accepted the import, and no more was waited for. */
  | { readonly kind: 'started'; readonly passes: true }
  | {
      readonly kind: 'start-failed'
      readonly passes: false
      readonly cause: StartFailure
      /** The jobs that may be this import. */
      readonly jobIds: readonly string[]
      readonly error: ServiceError | undefined
    }
  | { readonly kind: 'uncommitted'; readonly passes: boolean; readonly jobs: readonly number[] }
  | {
      readonly kind: 'partly-committed'
      readonly passes: false
      /** Those that the gate has committed; none where all that is known is that one may have been. */
      readonly committed: readonly number[]
      /** Those that it could not commit, or whose commit is unconfirmed. */
      readonly jobs: readonly number[]
      /** How the gate would have ended had no job been committed. */
      readonly because: Conclusion
    }
  | { readonly kind: 'no-jobs'; readonly passes: boolean }
  | { readonly kind: 'failed'; readonly passes: false; readonly jobs: readonly number[] }
  | {
      readonly kind: 'wrong-collection'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly expected: string
    }
  | {
      readonly kind: 'rows-not-met'
      readonly passes: false
      /** Rows imported by the jobs, or rows in the collections. */
      readonly of: 'jobs' | 'collections'
      /** Undefined: the default, at least one. */
      readonly expected: RowRange | undefined
      /** Undefined: the service does not say. */
      readonly imported: number | undefined
    }
  | {
      readonly kind: 'not-ready'
      readonly passes: false
      readonly collections: readonly number[]
      /** Of the first of them. */
      readonly cause: NotReady
    }
  | {
      readonly kind: 'not-found'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly error: ServiceError
    }
  | {
      readonly kind: 'rejected'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly collections?: readonly number[]
      readonly error: ServiceError
    }
  | {
      readonly kind: 'unreachable'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly collections?: readonly number[]
      readonly error: ServiceError | undefined
      readonly outageMs: number
    }
  | {
      readonly kind: 'stalled'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly collections?: readonly number[]
      readonly idleMs: number
    }
  | {
      readonly kind: 'timed-out'
      readonly passes: boolean
      readonly jobs: readonly number[]
      readonly collections?: readonly number[]
    }
  | { readonly kind: 'cancelled'; readonly passes: false; readonly signal: string }
  | { readonly kind: 'invalid-input'; readonly passes: false; readonly mistakes: readonly Mistake[] }
  | { readonly kind: 'internal-error'; readonly passes: false; readonly message: string }

export type ConclusionKind = Conclusion['kind']

/** How a gate ends that was interrupted, by a signal or by a bug elsewhere in the process. */
export function interrupted(interrupt: AbortSignal): Conclusion {
  const reason: unknown = interrupt.reason
  return reason instanceof Error
    ? { kind: 'internal-error', passes: false, message: reason.message }
    : { kind: 'cancelled', passes: false, signal: String(reason) }
}
