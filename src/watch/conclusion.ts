import type { Trouble } from './import-job.ts'
import type { RowRange } from './policy.ts'

/** One mistake in the inputs, told so that the reader can mend it without looking anything up. */
export interface Mistake {
  /** The input's or environment variable's name, as the user writes it. */
  readonly input: string
  /** What it got, quoted and cut; never a secret's value. */
  readonly got: string
  /** What it takes. */
  readonly takes: string
  readonly example: string
}

/**
 * Why the gate ended: facts only, the words are made elsewhere. `jobs` are indices, in the order given, of the jobs that
 * have the deciding end; `passes` decides the exit status.
 */
export type Conclusion =
  | { readonly kind: 'completed'; readonly passes: true }
  | { readonly kind: 'uncommitted'; readonly passes: boolean; readonly jobs: readonly number[] }
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
      /** Undefined: the default, at least one. */
      readonly expected: RowRange | undefined
      /** Undefined: the service does not say. */
      readonly imported: number | undefined
    }
  | { readonly kind: 'not-found'; readonly passes: false; readonly jobs: readonly number[]; readonly trouble: Trouble }
  | { readonly kind: 'rejected'; readonly passes: false; readonly jobs: readonly number[]; readonly trouble: Trouble }
  | {
      readonly kind: 'unreachable'
      readonly passes: false
      readonly jobs: readonly number[]
      readonly trouble: Trouble | undefined
      readonly outageMs: number
    }
  | { readonly kind: 'stalled'; readonly passes: false; readonly jobs: readonly number[]; readonly quietMs: number }
  | { readonly kind: 'timed-out'; readonly passes: boolean; readonly jobs: readonly number[] }
  | { readonly kind: 'cancelled'; readonly passes: false; readonly signal: string }
  | { readonly kind: 'invalid-input'; readonly passes: false; readonly mistakes: readonly Mistake[] }
  | { readonly kind: 'internal-error'; readonly passes: false; readonly message: string }

export type ConclusionKind = Conclusion['kind']
