/** Every fixed time and limit of the gate. What adapts to the job is in `pace.ts`. */

/** How often the log says that the gate is still waiting. */
export const HEARTBEAT_MS = 60_000

/** At most 10 requests in any second; 110 ms and not 100, since a request that is delayed on its way comes closer to the next. */
export const REQUEST_SPACING_MS = 110

/** The longest `Retry-After` that is honored. */
export const MAX_RETRY_AFTER_MS = 60_000

/** Timers may fire a little early: with less time left than this, the next request is the final one. */
export const TIME_LEFT_MS = 50

/** The time that a request has left once the deadline has passed. */
export const FINAL_POLL_MS = 2_000
/** When a final poll that failed early is tried again. */
export const FINAL_RETRY_MS = 300

/** The time for one more poll of the other jobs once one job has decided the gate. */
export const CLOSING_POLL_MS = 5_000

/** The time for aborts after the end, besides what the rate limit takes for many jobs. */
export const ABORT_TIME_MS = 6_000
/** The same for a cancelled step, which the runner kills 7.5 s after the signal; the rest is for a commit status. */
export const CANCELLED_ABORT_TIME_MS = 3_000
export const MAX_ABORT_ATTEMPTS = 3
/** When an abort that was refused is sent again. */
export const REFUSED_ABORT_PAUSE_MS = 1_000

/** By how much the clocks of two machines may differ. */
export const CLOCK_SKEW_MS = 60_000
/** When a create request is sent once more that was refused in a way that may pass. */
export const REFUSED_CREATE_PAUSE_MS = 2_000
/** How long a create request in flight still has for its response after a signal. */
export const CREATE_GRACE_MS = 1_000
/** How often the list is read for an import whose response was lost, and for how long: longer where the server was slow. */
export const SEARCH_PAUSE_MS = 5_000
export const SEARCH_MS = 30_000
export const TIMED_OUT_SEARCH_MS = 60_000

/** Imported rows have to be visible for so long, in two readings or more. */
export const VISIBLE_FOR_MS = 2_000
/** A collection that is not loaded, or has too many rows, is so in two readings that are so far apart. */
export const SECOND_READING_MS = 10_000
/** When a baseline that could not be taken is tried again. */
export const BASELINE_RETRY_MS = 10_000
export const MAX_BASELINE_FAILURES = 3

/** How long a job that was never seen may stay unknown: it is listed a moment after it was created. */
export const NOT_FOUND_GRACE_MS = 30_000
