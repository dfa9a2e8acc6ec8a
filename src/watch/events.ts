import type { Conclusion } from './conclusion.ts'
import type { History } from './history.ts'
import type { FileProgress, Observation, Phase, Trouble } from './import-job.ts'

/** What a look changed, in the terms of somebody who reads the log. */
export type News =
  | { readonly kind: 'state'; readonly from: string | undefined; readonly to: string; readonly phase: Phase }
  | { readonly kind: 'unknown-state'; readonly label: string }
  | { readonly kind: 'progress'; readonly from: number; readonly to: number }
  | { readonly kind: 'file-failed'; readonly file: FileProgress }
  | { readonly kind: 'outage-began'; readonly trouble: Trouble }
  | { readonly kind: 'outage-ended'; readonly lastedMs: number }
  | { readonly kind: 'job-unknown'; readonly trouble: Trouble; readonly seenBefore: boolean }
  | { readonly kind: 'quiet'; readonly quietMs: number }

/** Everything known at one moment. `startedAtMs` and `nowMs` are the clock's. */
export interface View {
  readonly startedAtMs: number
  readonly nowMs: number
  /** One a job, in the order given. */
  readonly jobs: readonly History[]
}

export type WatchEvent = { readonly view: View } & (
  | { readonly kind: 'started' }
  | {
      readonly kind: 'looked'
      readonly job: number
      readonly observation: Observation
      readonly tookMs: number
      readonly news: readonly News[]
      /** More looks arrived at the same moment and follow: to write things down, wait for the last. */
      readonly more: boolean
    }
  | { readonly kind: 'heartbeat' }
  /** A fixed interval is shorter than the rate limit allows for so many jobs. */
  | { readonly kind: 'interval-stretched'; readonly askedMs: number; readonly effectiveMs: number }
  /** The jobs completed, and the service did not say how many rows it imported. */
  | { readonly kind: 'rows-unknown' }
  | { readonly kind: 'ended'; readonly conclusion: Conclusion }
)
