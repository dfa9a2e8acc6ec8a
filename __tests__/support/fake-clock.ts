import type { Clock } from '../../src/gate/clock.ts'

interface Sleeper {
  readonly wakesAtMs: number
  readonly wake: () => void
}

/** More alarms than any test needs. */
const ENDLESS = 200_000

/** Virtual time: it stands still while anything runs, and jumps to the next alarm when everything sleeps. */
export class FakeClock implements Clock {
  #nowMs = 0
  #absentMs = 0
  readonly #sleepers = new Set<Sleeper>()

  now(): number {
    return this.#nowMs
  }

  absentMs(): number {
    return this.#absentMs
  }

  /** Stops the process for a while: time goes on, and no timer fires before the end of it. */
  freeze(ms: number): void {
    this.#nowMs += ms
    this.#absentMs += ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve()
        return
      }
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { wakesAtMs: this.#nowMs + Math.max(0, ms), wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /**
   * Lets time pass until `work` is done; fails where everybody sleeps for ever, and where there is no end to waking. Time
   * stands still until `idle`: where real requests are under way, until they have come back.
   */
  async until<T>(work: Promise<T>, idle: () => Promise<void> = quiescence): Promise<T> {
    const state = { isDone: false }
    const done = () => {
      state.isDone = true
    }
    work.then(done, done)
    await idle()
    for (let alarms = 0; !state.isDone; alarms += 1) {
      if (alarms === ENDLESS) throw new Error('there is no end to it')
      this.#next().wake()
      await idle()
    }
    return work
  }

  #next(): Sleeper {
    let next: Sleeper | undefined
    for (const sleeper of this.#sleepers) if (next === undefined || sleeper.wakesAtMs < next.wakesAtMs) next = sleeper
    if (next === undefined || next.wakesAtMs === Infinity) throw new Error('everybody sleeps for ever')
    this.#nowMs = Math.max(this.#nowMs, next.wakesAtMs)
    return next
  }
}

/** All promises that can settle without time passing have settled. */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
