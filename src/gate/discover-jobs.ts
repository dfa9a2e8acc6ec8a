import type { RequestOptions } from './import-service.ts'
import { interrupted } from './conclusion.ts'
import type { Conclusion } from './conclusion.ts'
import { countsSince, createdAtMs, hasEnded, latestFirst } from './discovery.ts'
import type { Discovery } from './discovery.ts'
import type { WatchEvent } from './events.ts'
import type { PollResult } from './job.ts'
import type { Listing } from './import-service.ts'
import { isTooLong, prolonged } from './outage.ts'
import type { Outage } from './outage.ts'
import { pauseInOutageMs } from './pace.ts'
import type { Vigil } from './vigil.ts'
import { LAST_POLL_MS } from './watch-jobs.ts'

/** What the search for jobs brought: those to wait for, or an end. */
export type Discovered =
  | { readonly kind: 'jobs'; readonly jobIds: readonly string[] }
  | { readonly kind: 'end'; readonly conclusion: Conclusion }

type Answer = Listing | PollResult
type Usable<A extends Answer> = Exclude<A, { readonly kind: 'outage' | 'refused' | 'cancelled' }>

/**
 * Finds the jobs of a collection that have not ended, and with `since` also those that have. An answer is asked for until
 * there is one, as with a poll.
 */
export async function* discoverJobs(vigil: Vigil, search: Discovery): AsyncGenerator<WatchEvent, Discovered> {
  const { service, policy, view } = vigil
  const { sinceMs } = search
  const questions = openQuestions(vigil)
  try {
    const listing = yield* questions.answerTo((options) => service.list(options))
    if (listing.kind === 'end') return listing
    const isToWaitFor = new Map(listing.jobs.map((job) => [job, !hasEnded(job)]))
    const undated = sinceMs === undefined ? [] : listing.jobs.filter(hasEnded)
    for (const [i, job] of undated.entries()) {
      vigil.discovery = { ...search, undated: undated.length - i }
      const poll = service.pollerFor([job.jobId])
      const seen = yield* questions.answerTo((options) => poll(job.jobId, { ...options, isLast: false }))
      if (seen.kind === 'end') return seen
      const createTime = seen.kind === 'answered' ? seen.snapshot.createTime : undefined
      isToWaitFor.set(job, countsSince(sinceMs, createdAtMs(job.jobId, createTime)))
    }
    const jobIds = listing.jobs.filter((job) => isToWaitFor.get(job)).map(({ jobId }) => jobId)
    const ended = latestFirst(listing.jobs.filter((job) => !isToWaitFor.get(job)))
    const discovery = { ...search, jobIds, ended }
    vigil.discovery = discovery
    yield { kind: 'discovered', view: view(), discovery }
    return jobIds.length > 0
      ? { kind: 'jobs', jobIds }
      : { kind: 'end', conclusion: { kind: 'no-jobs', passes: policy.onNoJobs === 'pass' } }
  } finally {
    questions.close()
  }
}

/** Questions that are asked one at a time, each until it is answered or the gate ends. */
function openQuestions(vigil: Vigil) {
  const { clock, interrupt, policy, deadlineMs, view } = vigil
  const isUnlimited = policy.timeoutMs === 0
  /** After the deadline all questions together have as long as one last poll. */
  const lastAnswerMs = isUnlimited ? Infinity : deadlineMs + Math.min(policy.requestTimeoutMs, LAST_POLL_MS)
  const mayAsk = () => !interrupt.aborted && clock.now() < lastAnswerMs
  let hasAnswered = false
  const inquiry = vigil.openInquiry<{ readonly answer: Answer }>(() => hasAnswered)

  async function* arrivals(untilMs: number) {
    const arrived = await inquiry.arrivals(Math.min(untilMs, vigil.heartbeatAtMs()))
    if (clock.now() >= vigil.heartbeatAtMs()) {
      vigil.putOffHeartbeat()
      yield { kind: 'heartbeat', view: view() } as const
    }
    return arrived
  }

  /** One attempt; undefined where the gate was interrupted, or there is no time for it. */
  async function* attempt<A extends Answer>(ask: (options: RequestOptions) => Promise<A>) {
    if (!mayAsk()) return undefined
    inquiry.start(0, async (options) => ({ answer: await ask(options) }))
    let isLimited = isUnlimited
    while (!interrupt.aborted) {
      if (!isLimited && !vigil.timeIsLeft()) {
        isLimited = true
        inquiry.limit(lastAnswerMs - clock.now())
      }
      const [arrival] = yield* arrivals(isLimited ? Infinity : deadlineMs)
      if (arrival !== undefined) return { answer: arrival.brought.answer as A, span: arrival.span }
    }
    return undefined
  }

  async function* pause(untilMs: number) {
    while (clock.now() < untilMs && !interrupt.aborted) yield* arrivals(untilMs)
  }

  async function* answerTo<A extends Answer>(
    ask: (options: RequestOptions) => Promise<A>,
  ): AsyncGenerator<WatchEvent, Usable<A> | Extract<Discovered, { kind: 'end' }>> {
    let outage: Outage | undefined
    for (;;) {
      const startsLast = !vigil.timeIsLeft()
      const attempted = yield* attempt(ask)
      if (attempted === undefined || attempted.answer.kind === 'cancelled') {
        return end(interrupt.aborted ? interrupted(interrupt) : unreachable(outage, clock.now()))
      }
      const { answer, span } = attempted
      if (answer.kind === 'refused') {
        return end({ kind: 'rejected', passes: false, jobs: [], error: answer.error })
      }
      if (answer.kind !== 'outage') {
        hasAnswered = true
        if (outage !== undefined) {
          const lastedMs = span.endedAtMs - outage.sinceMs
          yield { kind: 'searched', view: view(), changes: [{ kind: 'outage-ended', lastedMs }] }
        }
        return answer as Usable<A>
      }
      const { error } = answer
      if (outage === undefined) yield { kind: 'searched', view: view(), changes: [{ kind: 'outage-began', error }] }
      outage = prolonged(outage, error, span)
      const wasLast = startsLast || clock.now() >= deadlineMs
      if (wasLast || isTooLong(outage, inquiry.mostOutageMs())) return end(unreachable(outage, span.endedAtMs))
      const decidesAtMs = outage.sinceMs + inquiry.mostOutageMs()
      const nextMs = clock.now() + pauseInOutageMs(clock.now() - outage.sinceMs)
      yield* pause(Math.min(deadlineMs, Math.max(vigil.pausedUntilMs(), Math.min(nextMs, decidesAtMs))))
    }
  }

  return { answerTo, close: inquiry.close }
}

function end(conclusion: Conclusion): Extract<Discovered, { kind: 'end' }> {
  return { kind: 'end', conclusion }
}

function unreachable(outage: Outage | undefined, nowMs: number): Conclusion {
  const outageMs = outage === undefined ? 0 : nowMs - outage.sinceMs
  return { kind: 'unreachable', passes: false, jobs: [], error: outage?.error, outageMs }
}
