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

/** What one job's history means: poll again, ready as far as this job is concerned, or ended so. */
export type Verdict =
  | { readonly kind: 'poll-again' }
  | { readonly kind: 'ready'; readonly as: 'completed' | 'uncommitted' | 'started' }
  | { readonly kind: 'ended'; readonly as: Ending }

/** A job's end that decides the gate by itself. */
export type Ending =
  'rejected' | 'failed' | 'wrong-collection' | 'not-found' | 'stalled' | 'unreachable' | 'uncommitted' | 'timed-out'

/** Why a collection cannot be searched, and will not be by waiting. */
export type NotReady =
  | { readonly kind: 'index-failed'; readonly index: IndexProgress }
  | { readonly kind: 'not-loaded'; readonly hasIndex: boolean }
  | { readonly kind: 'gone'; readonly error: ServiceError }
  /** The service has not said which collection the jobs belong to, nor has the user. */
  | { readonly kind: 'unnamed' }

interface Fails {
  readonly passes: false
}
/** `jobs` are indices, in the order given, of those that have the deciding end; none where no job had been asked about yet. */
interface OfJobs {
  readonly jobs: readonly number[]
}
/** The same of collections, where the jobs were through. */
interface OfBoth extends OfJobs {
  readonly collections?: readonly number[]
}

/** Why the gate ended: facts only, the words are made elsewhere. `passes` decides the exit status. */
export type Conclusion =
  | { readonly kind: 'completed'; readonly passes: true }
  /** The service has accepted the import, and no more was waited for. */
  | { readonly kind: 'started'; readonly passes: true }
  | (Fails & {
      readonly kind: 'start-failed'
      readonly cause: StartFailure
      /** The jobs that may be this import. */
      readonly jobIds: readonly string[]
      readonly error: ServiceError | undefined
    })
  | (OfJobs & { readonly kind: 'uncommitted'; readonly passes: boolean })
  /** `jobs`: those that the gate could not commit, or whose commit is unconfirmed. */
  | (Fails &
      OfJobs & {
        readonly kind: 'partly-committed'
        /** Those that the gate has committed; none where all that is known is that one may have been. */
        readonly committed: readonly number[]
        /** How the gate would have ended had no job been committed. */
        readonly because: Conclusion
      })
  | { readonly kind: 'no-jobs'; readonly passes: boolean }
  | (Fails & OfJobs & { readonly kind: 'failed' })
  | (Fails & OfJobs & { readonly kind: 'wrong-collection'; readonly expected: string })
  | (Fails & {
      readonly kind: 'rows-not-met'
      /** Rows imported by the jobs, or rows in the collections. */
      readonly of: 'jobs' | 'collections'
      /** Undefined: the default, at least one. */
      readonly expected: RowRange | undefined
      /** Undefined: the service does not say. */
      readonly imported: number | undefined
    })
  /** `cause` is that of the first collection. */
  | (Fails & { readonly kind: 'not-ready'; readonly collections: readonly number[]; readonly cause: NotReady })
  | (Fails & OfJobs & { readonly kind: 'not-found'; readonly error: ServiceError })
  | (Fails & OfBoth & { readonly kind: 'rejected'; readonly error: ServiceError })
  | (Fails &
      OfBoth & {
        readonly kind: 'unreachable'
        readonly error: ServiceError | undefined
        readonly outageMs: number
      })
  | (Fails & OfBoth & { readonly kind: 'stalled'; readonly idleMs: number })
  | (OfBoth & { readonly kind: 'timed-out'; readonly passes: boolean })
  | (Fails & { readonly kind: 'cancelled'; readonly signal: string })
  | (Fails & { readonly kind: 'invalid-input'; readonly mistakes: readonly Mistake[] })
  | (Fails & { readonly kind: 'internal-error'; readonly message: string })

export type ConclusionKind = Conclusion['kind']

/** How a gate ends that was interrupted, by a signal or by a bug elsewhere in the process. */
export function interrupted(interrupt: AbortSignal): Conclusion {
  const reason: unknown = interrupt.reason
  return reason instanceof Error
    ? { kind: 'internal-error', passes: false, message: reason.message }
    : { kind: 'cancelled', passes: false, signal: String(reason) }
}

/** The indices of those that `is` holds for, as conclusions name jobs and collections. */
export function indicesOf<T>(all: readonly T[], is: (one: T, index: number) => boolean): readonly number[] {
  return all.flatMap((one, i) => (is(one, i) ? [i] : []))
}
