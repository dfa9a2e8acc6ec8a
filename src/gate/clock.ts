/** Time as a dependency: monotonic, so that a wall clock that jumps can neither end nor prolong a wait. */
export interface Clock {
  /** Milliseconds since an arbitrary point; never goes back. */
  now(): number
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** For how long, in all, the process did not run since it started: stopped, asleep with its machine, or blocked. */
  absentMs(): number
}

/** Calls `act` after so many milliseconds, unless the function that it returns is called before. */
export function after(clock: Clock, ms: number, act: () => void): () => void {
  const cancelled = new AbortController()
  void clock.sleep(ms, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) act()
  })
  return () => {
    cancelled.abort()
  }
}

/** When something began and when it ended, on the clock. */
export interface Span {
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** Sums of fractional milliseconds fall short by less than this. */
const ROUNDING_MS = 1

/** Whether so much time lies between two moments. */
export function isApart(fromMs: number, toMs: number, spanMs: number): boolean {
  return toMs - fromMs > spanMs - ROUNDING_MS
}
