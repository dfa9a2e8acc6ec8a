import type { Clock, Span } from './clock.ts'
import { TIME_IS_UP } from './import-service.ts'
import type { RequestOptions } from './import-service.ts'
import type { Turnstile } from './turnstile.ts'

/** What a question about a subject (a job, a collection) brought, and when. */
export interface Arrival<Brought> {
  readonly subject: number
  readonly brought: Brought
  readonly span: Span
}

/** The questions under way: never two at a time about one subject. */
export interface AskPool<Brought> {
  start(subject: number, ask: (options: RequestOptions) => Promise<Brought>): void
  isBusy(subject: number): boolean
  size(): number
  /** Gives such questions under way at most `budgetMs` from now, or from their first request if that is still to come. */
  limit(budgetMs: number, isMeant?: (subject: number) => boolean): void
  /**
   * Waits until something arrived, the moment has come, or `wake` was called; brings what arrived, possibly nothing. Throws
   * what a question threw.
   */
  arrivals(untilMs: number): Promise<readonly Arrival<Brought>[]>
  wake(): void
  /** Takes back the questions that have sent no request yet, those about such subjects. */
  recall(isMeant?: (subject: number) => boolean): void
  /** Aborts all questions under way; with `TIME_IS_UP` they still tell what they saw. */
  abort(reason: string): void
}

interface UnderWay {
  readonly controller: AbortController
  readonly done: AbortController
  startedAtMs: number | undefined
  budgetMs: number | undefined
}

export function createAskPool<Brought>(turnstile: Turnstile, clock: Clock): AskPool<Brought> {
  const underWay = new Map<number, UnderWay>()
  const inbox: Arrival<Brought>[] = []
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

  const run = async (subject: number, entry: UnderWay, ask: (options: RequestOptions) => Promise<Brought>) => {
    const turn = async () => {
      const granted = await turnstile.pass(entry.controller.signal)
      if (granted && entry.startedAtMs === undefined) {
        entry.startedAtMs = clock.now()
        spend(entry)
      }
      return granted
    }
    const brought = await ask({ signal: entry.controller.signal, turn })
    entry.done.abort('done')
    const endedAtMs = clock.now()
    inbox.push({ subject, brought, span: { startedAtMs: entry.startedAtMs ?? endedAtMs, endedAtMs } })
    wake()
  }

  return {
    start(subject, ask) {
      const entry = {
        controller: new AbortController(),
        done: new AbortController(),
        startedAtMs: undefined,
        budgetMs: undefined,
      }
      underWay.set(subject, entry)
      run(subject, entry, ask).catch((error: unknown) => {
        bug = { error }
        wake()
      })
    },
    isBusy: (subject) => underWay.has(subject),
    size: () => underWay.size,
    limit(budgetMs, isMeant = () => true) {
      for (const [subject, entry] of underWay) {
        if (!isMeant(subject)) continue
        entry.budgetMs = budgetMs
        spend(entry)
      }
    },
    async arrivals(untilMs) {
      await clock.sleep(untilMs - clock.now(), nap.signal)
      if (bug !== undefined) throw bug.error
      nap = new AbortController()
      const arrived = inbox.splice(0)
      // A question whose answer nobody has read yet must not be asked again.
      for (const { subject } of arrived) underWay.delete(subject)
      return arrived
    },
    wake,
    recall(isMeant = () => true) {
      for (const [subject, { controller, startedAtMs }] of underWay) {
        if (startedAtMs === undefined && isMeant(subject)) controller.abort('recalled')
      }
    },
    abort(reason) {
      for (const { controller } of underWay.values()) controller.abort(reason)
    },
  }
}
