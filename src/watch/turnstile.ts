import type { Clock } from './clock.ts'

/**
 * At most 10 requests in any second. A tenth of a second apart would do on paper; the rest is for a request that is late on
 * its way, which brings it closer to the next one.
 */
export const SPACING_MS = 110

/** Lets requests through one at a time, in the order they came; false where `signal` aborted before their turn. */
export type Turnstile = (signal: AbortSignal) => Promise<boolean>

export function createTurnstile(clock: Clock): Turnstile {
  let lastMs = Number.NEGATIVE_INFINITY
  let queue: Promise<unknown> = Promise.resolve()
  const pass = async (signal: AbortSignal): Promise<boolean> => {
    // From the moment the last one really passed: a stalled process must not catch up in a burst.
    const waitMs = lastMs + SPACING_MS - clock.now()
    if (waitMs > 0 && !signal.aborted) await clock.sleep(waitMs, signal)
    if (signal.aborted) return false
    lastMs = clock.now()
    return true
  }
  return (signal) => {
    const turn = queue.then(() => pass(signal))
    queue = turn
    return turn
  }
}
