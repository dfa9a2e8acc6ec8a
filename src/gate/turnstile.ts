import type { Clock } from './clock.ts'

/**
 * At most 10 requests in any second. A tenth of a second apart would do on paper; the rest is for a request that is late on
 * its way, which brings it closer to the next one.
 */
export const SPACING_MS = 110

/** Lets requests through one at a time, in the order they came. */
export interface Turnstile {
  /** Waits for a turn; false where `signal` aborted before it came. */
  pass(signal: AbortSignal): Promise<boolean>
  /** Lets nobody through before this moment on the clock. */
  hold(untilMs: number): void
}

export function createTurnstile(clock: Clock): Turnstile {
  let lastMs = Number.NEGATIVE_INFINITY
  let heldUntilMs = Number.NEGATIVE_INFINITY
  let queue: Promise<unknown> = Promise.resolve()

  // From the moment the last one really passed: a stalled process must not catch up in a burst.
  const waitMs = () => Math.max(lastMs + SPACING_MS, heldUntilMs) - clock.now()
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    while (waitMs() > 0 && !signal.aborted) await clock.sleep(waitMs(), signal)
    if (signal.aborted) return false
    lastMs = clock.now()
    return true
  }
  return {
    pass(signal) {
      const passed = queue.then(() => turn(signal))
      queue = passed
      return passed
    },
    hold(untilMs) {
      heldUntilMs = Math.max(heldUntilMs, untilMs)
    },
  }
}
