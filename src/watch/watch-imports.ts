import type { Clock } from './clock.ts'
import type { Conclusion } from './conclusion.ts'
import type { View, WatchEvent } from './events.ts'
import { conclude, judgeAll, rowCount, serviceHasAnswered } from './gate.ts'
import { newHistory, record } from './history.ts'
import type { History } from './history.ts'
import { maxOutageMs } from './judge.ts'
import type { Verdict } from './judge.ts'
import { createLookPool, TIME_IS_UP } from './look-pool.ts'
import type { Arrival, Look } from './look-pool.ts'
import { newsOf } from './news.ts'
import { nextLookAtMs } from './pace.ts'
import type { Policy } from './policy.ts'
import { createTurnstile, SPACING_MS } from './turnstile.ts'

/** What a watch needs to know and the world it lives in. */
export interface Watch {
  /** At least one. */
  readonly jobIds: readonly string[]
  readonly policy: Policy
  readonly look: Look
  readonly clock: Clock
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
  /** Aborted with the name of the signal that asks to stop, or with the error that no one caught. */
  readonly interrupt: AbortSignal
  readonly startedAtMs: number
}

const HEARTBEAT_MS = 60_000
/** Less is no time: a look that starts now is the last one. */
const TIME_LEFT_MS = 50
/** What the last look may take once the deadline has passed. */
const LAST_LOOK_MS = 2_000
/** What the looks at the other jobs may take once one job has decided. */
const FAREWELL_LOOK_MS = 5_000
const MAX_RETRY_AFTER_MS = 60_000

/**
 * Watches import jobs until the gate has a conclusion, and tells everything that happens on the way; the last event carries
 * the conclusion. One look is one request and the watch itself is the retry. Ends by the deadline plus two seconds.
 */
export async function* watchImports(watch: Watch): AsyncGenerator<WatchEvent, void> {
  const { policy, clock, interrupt, startedAtMs } = watch
  const deadlineMs = startedAtMs + policy.timeoutMs
  const jobs: History[] = watch.jobIds.map(newHistory)
  const dueAtMs = jobs.map(() => startedAtMs)
  const turnstile = createTurnstile(clock)
  const pool = createLookPool(watch.look, turnstile, clock)
  let holdUntilMs = startedAtMs
  let heartbeatAtMs = startedAtMs + HEARTBEAT_MS

  const view = (): View => ({ startedAtMs, nowMs: clock.now(), jobs: [...jobs] })
  const verdicts = (timeIsUp = false) => judgeAll(jobs, policy, timeIsUp)
  const idleJobs = (all = verdicts()) =>
    jobs.flatMap((job, i) => (!pool.isBusy(i) && wantsLook(all[i]) ? [{ i, job }] : []))

  const onInterrupt = () => {
    pool.abort('interrupted')
    pool.wake()
  }
  interrupt.addEventListener('abort', onInterrupt)

  /** `Retry-After` is for all jobs, but never longer than the patience: the last look is not put off. */
  const heed = ({ observation, times }: Arrival) => {
    if (observation.kind !== 'outage' || observation.retryAfterMs === undefined) return
    const longestMs = Math.min(MAX_RETRY_AFTER_MS, maxOutageMs(policy, serviceHasAnswered(jobs)))
    const untilMs = times.endedAtMs + Math.min(observation.retryAfterMs, longestMs)
    holdUntilMs = Math.max(holdUntilMs, Math.min(untilMs, deadlineMs))
    turnstile.hold(holdUntilMs)
  }

  const take = ({ job, observation, times }: Arrival) => {
    const before = jobs[job]
    if (before === undefined || observation.kind === 'cancelled') return []
    const after = record(before, observation, times)
    jobs[job] = after
    const outageMs = maxOutageMs(policy, serviceHasAnswered(jobs))
    dueAtMs[job] = nextLookAtMs(after, { ...policy, maxOutageMs: outageMs }, watch.random())
    const news = newsOf(before, after, observation)
    if (news.length > 0) heartbeatAtMs = clock.now() + HEARTBEAT_MS
    return [{ kind: 'looked', job, observation, tookMs: times.endedAtMs - times.startedAtMs, news } as const]
  }

  /** What arrived by `untilMs`, told when all of it has been recorded. */
  async function* arrivals(untilMs: number, counts: (arrival: Arrival) => boolean): AsyncGenerator<WatchEvent, void> {
    const arrived = await pool.arrivals(untilMs)
    arrived.forEach(heed)
    const looked = arrived.filter(counts).flatMap(take)
    const now = view()
    for (const [i, look] of looked.entries()) yield { ...look, view: now, more: i < looked.length - 1 }
  }

  /** Everything still under way, until it has arrived or `untilMs` has come; a look cut then still tells what it saw. */
  async function* drain(untilMs: number, counts = everyArrival): AsyncGenerator<WatchEvent, void> {
    while (pool.size() > 0 && !interrupt.aborted) {
      yield* arrivals(untilMs, counts)
      if (clock.now() >= untilMs) pool.abort(TIME_IS_UP)
      if (clock.now() < holdUntilMs) pool.recall()
    }
    yield* arrivals(clock.now(), counts)
  }

  /** The wait itself: until something is decided, the deadline has come, or the gate is interrupted. */
  async function* untilDecided(): AsyncGenerator<WatchEvent, void> {
    while (deadlineMs - clock.now() >= TIME_LEFT_MS && !interrupt.aborted) {
      const all = verdicts()
      if (conclude(jobs, all, policy) !== undefined) return
      const idle = idleJobs(all)
      for (const { i, job } of idle) if (lookAtMs(i) <= clock.now()) pool.start(i, job.jobId, false)
      const nextMs = Math.min(...idle.filter(({ i }) => !pool.isBusy(i)).map(({ i }) => lookAtMs(i)), deadlineMs)
      yield* arrivals(Math.min(nextMs, heartbeatAtMs), everyArrival)
      if (clock.now() >= heartbeatAtMs) {
        heartbeatAtMs = clock.now() + HEARTBEAT_MS
        yield { kind: 'heartbeat', view: view() }
      }
    }
  }
  const lookAtMs = (job: number) => Math.max(dueAtMs[job] ?? 0, holdUntilMs)

  /** When time is up every unfinished job gets its last look: the one in flight, or else one that starts now. */
  async function* lastLooks(): AsyncGenerator<WatchEvent, void> {
    const budgetMs = Math.min(policy.requestTimeoutMs, LAST_LOOK_MS)
    for (const { i, job } of idleJobs()) pool.start(i, job.jobId, true)
    pool.limit(budgetMs)
    yield* drain(policy.timeoutMs === 0 ? Infinity : deadlineMs + budgetMs)
  }

  /** One job has decided: the others are looked at once more, for the report; what goes wrong then changes nothing. */
  async function* farewellLooks(): AsyncGenerator<WatchEvent, void> {
    const nowMs = clock.now()
    if (nowMs >= holdUntilMs && nowMs < deadlineMs) {
      for (const { i, job } of idleJobs()) pool.start(i, job.jobId, true)
    }
    pool.limit(FAREWELL_LOOK_MS)
    if (nowMs < holdUntilMs) pool.recall()
    yield* drain(deadlineMs, ({ observation }) => observation.kind === 'answered')
  }

  try {
    yield { kind: 'started', view: view() }
    const effectiveMs = jobs.length * SPACING_MS
    if (policy.pollIntervalMs !== undefined && policy.pollIntervalMs < effectiveMs) {
      yield { kind: 'interval-stretched', view: view(), askedMs: policy.pollIntervalMs, effectiveMs }
    }
    yield* untilDecided()
    const decided = conclude(jobs, verdicts(), policy)
    if (decided === undefined && !interrupt.aborted) yield* lastLooks()
    if (decided !== undefined && deservesFarewell(decided)) yield* farewellLooks()
    const conclusion = interrupt.aborted ? interrupted(interrupt) : conclude(jobs, verdicts(true), policy)
    if (conclusion === undefined) throw new Error('the watch ended without a conclusion')
    if (conclusion.kind === 'completed' && policy.expectedRows === undefined && rowCount(jobs).known === undefined) {
      yield { kind: 'rows-unknown', view: view() }
    }
    yield { kind: 'ended', view: view(), conclusion }
  } finally {
    interrupt.removeEventListener('abort', onInterrupt)
    pool.abort('the watch has ended')
  }
}

const everyArrival: (arrival: Arrival) => boolean = () => true

/** A job that rests at Uncommitted is ready, but somebody may still abort it. */
function wantsLook(verdict: Verdict | undefined): boolean {
  return verdict?.kind === 'look-again' || (verdict?.kind === 'ready' && verdict.as === 'uncommitted')
}

function deservesFarewell({ kind, passes }: Conclusion): boolean {
  return !passes && kind !== 'rejected' && kind !== 'unreachable' && kind !== 'rows-not-met'
}

/** How a gate ends that was interrupted, by a signal or by a bug elsewhere in the process. */
export function interrupted(interrupt: AbortSignal): Conclusion {
  const reason: unknown = interrupt.reason
  return reason instanceof Error
    ? { kind: 'internal-error', passes: false, message: reason.message }
    : { kind: 'cancelled', passes: false, signal: String(reason) }
}
