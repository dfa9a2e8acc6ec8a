/** Time as a dependency: monotonic, so that a wall clock that jumps can neither end nor prolong a wait. */
export interface Clock {
  /** Milliseconds since an arbitrary point; never goes back. */
  now(): number
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** When something began and when it ended, on the clock. */
export interface Span {
  readonly startedAtMs: number
  readonly endedAtMs: number
}
