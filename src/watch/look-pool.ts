import type { Clock } from './clock.ts'
import type { LookTimes } from './history.ts'
import type { Observation } from './import-job.ts'
import type { Turnstile } from './turnstile.ts'

/** The reason with which a look is aborted when its time is up; any other abort is a cancellation. */
export const TIME_IS_UP = 'time is up'

/** What a look is given. */
export interface LookOptions {
  readonly signal: AbortSignal
  /** To be awaited before each request; false where there is to be none any more. */
  readonly turn: () => Promise<boolean>
  /** There will be no other look at this job: only what the service says now will do. */
  readonly isLast: boolean
}

/**
 * One look at one job. Takes a turn before each request that it sends, and gives up as `cancelled` where it gets none;
 * never rejects.
 */
export type Look = (jobId: string, options: LookOptions) => Promise<Observation>

/** What a look brought, and when. */
export interface Arrival {
  readonly job: number
  readonly observation: Observation
  readonly times: LookTimes
}

/** The looks under way: never two at a time for one job. */
export interface LookPool {
  start(job: number, jobId: string, isLast: boolean): void
  isBusy(job: number): boolean
  size(): number
  /** Gives every look under way at most `budgetMs` from now, or from its first request if that is still to come. */
  limit(budgetMs: number): void
  /**
   * Waits until something arrived, the moment has come, or `wake` was called; brings what arrived, possibly nothing. Throws
   * what a look threw.
   */
  arrivals(untilMs: number): Promise<readonly Arrival[]>
  wake(): void
  /** Takes back the looks that have sent no request yet. */
  recall(): void
  /** Aborts all looks under way; with `TIME_IS_UP` they still tell what they saw. */
  abort(reason: string): void
}

interface UnderWay {
  readonly controller: AbortController
  readonly done: AbortController
  startedAtMs: number | undefined
  budgetMs: number | undefined
}

export function createLookPool(look: Look, turnstile: Turnstile, clock: Clock): LookPool {
  const underWay = new Map<number, UnderWay>()
  const inbox: Arrival[] = []
  let bug: { readonly error: unknown } | undefined
  let nap = new AbortController()
  const wake = () => {
    nap.abort('woken')
  }

  const spend = (entry: UnderWay) => {
    if (entry.budgetMs === undefined || entry.startedAtMs === undefined) return
    void clock.sleep(entry.budgetMs, entry.done.signal).then(() => {
      if (!entry.done.signal.aborted) entry.controller.abort(TIME_IS_UP)
    })
  }

  const run = async (job: number, jobId: string, entry: UnderWay, isLast: boolean) => {
    const turn = async () => {
      const granted = await turnstile.pass(entry.controller.signal)
      if (granted && entry.startedAtMs === undefined) {
        entry.startedAtMs = clock.now()
        spend(entry)
      }
      return granted
    }
    const observation = await look(jobId, { signal: entry.controller.signal, turn, isLast })
    entry.done.abort('done')
    underWay.delete(job)
    const endedAtMs = clock.now()
    inbox.push({ job, observation, times: { startedAtMs: entry.startedAtMs ?? endedAtMs, endedAtMs } })
    wake()
  }

  return {
    start(job, jobId, isLast) {
      const entry = {
        controller: new AbortController(),
        done: new AbortController(),
        startedAtMs: undefined,
        budgetMs: undefined,
      }
      underWay.set(job, entry)
      run(job, jobId, entry, isLast).catch((error: unknown) => {
        bug = { error }
        wake()
      })
    },
    isBusy: (job) => underWay.has(job),
    size: () => underWay.size,
    limit(budgetMs) {
      for (const entry of underWay.values()) {
        entry.budgetMs = budgetMs
        spend(entry)
      }
    },
    async arrivals(untilMs) {
      if (inbox.length === 0 && !nap.signal.aborted) await clock.sleep(untilMs - clock.now(), nap.signal)
      if (bug !== undefined) throw bug.error
      nap = new AbortController()
      return inbox.splice(0)
    },
    wake,
    recall() {
      for (const { controller, startedAtMs } of underWay.values()) {
        if (startedAtMs === undefined) controller.abort('recalled')
      }
    },
    abort(reason) {
      for (const { controller } of underWay.values()) controller.abort(reason)
    },
  }
}
