import type { Arrival } from './ask-pool.ts'
import { attempted, isCommitInDoubt } from './commit-state.ts'
import type { Span } from './clock.ts'
import { interrupted } from './conclusion.ts'
import type { Conclusion } from './conclusion.ts'
import type { WatchEvent } from './events.ts'
import { conclude, judgeAll, rowCount, rowsHold, serviceHasAnswered } from './conclude.ts'
import { record } from './history.ts'
import type { PollResult } from './job.ts'
import type { CommitResult } from './import-service.ts'
import type { Verdict } from './judge.ts'
import { jobChanges, commitChanges } from './changes.ts'
import { pollAfterCommitAtMs, nextPollAtMs } from './pace.ts'
import { SPACING_MS } from './turnstile.ts'
import { commitsHaveBegun, dueCommits, outdatedJobs } from './commits.ts'
import type { Vigil } from './vigil.ts'

/** What the last poll may take once the deadline has passed. */
export const LAST_POLL_MS = 2_000
/** What the polls the other jobs may take once one job has decided. */
const FAREWELL_POLL_MS = 5_000

type Brought =
  { readonly of: 'poll'; readonly answer: PollResult } | { readonly of: 'commit'; readonly answer: CommitResult }

/**
 * Watches import jobs until they have a conclusion, and commits them where that is asked for. One poll is one request and the
 * watch itself is the retry.
 */
export async function* watchJobs(vigil: Vigil): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, clock, interrupt, deadlineMs, service, jobs, view } = vigil
  const poll = service.pollerFor(jobs.map(({ jobId }) => jobId))
  const inquiry = vigil.openInquiry<Brought>(() => serviceHasAnswered(jobs))
  const dueAtMs: number[] = []
  const underCommit = new Map<number, number>()

  const verdicts = (timeIsUp = false) => judgeAll(jobs, policy, timeIsUp)
  const outdated = (all: readonly Verdict[]) => outdatedJobs(jobs, all, rowsHold(jobs, policy))
  /** Nothing is decided while a job that rests has to be polled once more: somebody may have aborted it. */
  const decision = (all = verdicts()) => (outdated(all).length > 0 ? undefined : conclude(jobs, all, policy))
  const idleJobs = (all = verdicts()) =>
    all.flatMap((verdict, i) => (!inquiry.isBusy(i) && wantsPoll(verdict) ? [i] : []))
  const pollAtMs = (job: number) => Math.max(dueAtMs[job] ?? 0, vigil.pausedUntilMs())

  const startPoll = (job: number, isLast: boolean) => {
    const { jobId = '', commit } = jobs[job] ?? {}
    const isCloser = commit?.isPolledSince === false
    inquiry.start(job, async (options) => ({ of: 'poll', answer: await poll(jobId, { ...options, isLast, isCloser }) }))
  }
  const startCommit = (job: number) => {
    const { jobId = '' } = jobs[job] ?? {}
    underCommit.set(job, clock.now())
    inquiry.start(job, async (options) => ({ of: 'commit', answer: await service.commit(jobId, options) }))
  }

  const takePoll = ({ subject: job, span }: Arrival<Brought>, result: PollResult) => {
    const before = jobs[job]
    if (before === undefined || result.kind === 'cancelled') return []
    const after = record(before, result, span)
    jobs[job] = after
    const pace = { ...policy, maxOutageMs: inquiry.mostOutageMs() }
    dueAtMs[job] = nextPollAtMs(after, pace, vigil.random())
    const changes = jobChanges(before, after, result)
    return [{ kind: 'polled', job, result, tookMs: span.endedAtMs - span.startedAtMs, changes } as const]
  }

  const takeCommit = ({ subject: job, span }: Arrival<Brought>, result: CommitResult) => {
    underCommit.delete(job)
    const before = jobs[job]
    const wasSent = span.startedAtMs < span.endedAtMs || result.kind !== 'cancelled'
    if (before === undefined || !wasSent) return []
    const commit = attempted(before.commit, result, span)
    const after = { ...before, commit }
    jobs[job] = after
    dueAtMs[job] = pollAfterCommitAtMs(after, commit, policy)
    const changes = commitChanges('commit', before.commit, result)
    return [{ kind: 'acted', job, act: 'commit', result, tookMs: span.endedAtMs - span.startedAtMs, changes } as const]
  }

  /** A commit that still waits for its turn is not sent once something speaks against it. */
  const recallCommits = () => {
    const stillDue = dueCommits(jobs, verdicts(), rowsHold(jobs, policy))
    inquiry.recall((job) => underCommit.has(job) && stillDue.every((due) => due.job !== job))
  }
  const recallAllCommits = () => {
    inquiry.recall((job) => underCommit.has(job))
  }

  const take = (arrival: Arrival<Brought>, counts: Counts) => {
    const { brought } = arrival
    if (brought.of === 'commit') return takeCommit(arrival, brought.answer)
    return counts(brought.answer, arrival) ? takePoll(arrival, brought.answer) : []
  }

  /** All that arrived together, told when all of it has been recorded. */
  function* told(arrived: readonly Arrival<Brought>[], counts: Counts) {
    const taken = arrived.flatMap((arrival) => [...take(arrival, counts)])
    if (underCommit.size > 0) recallCommits()
    if (taken.some(({ changes }) => changes.length > 0)) vigil.putOffHeartbeat()
    const now = view()
    for (const [i, event] of taken.entries()) yield { ...event, view: now, more: i < taken.length - 1 }
  }

  /** The wait itself: until something is decided, the deadline has come, or the gate is interrupted. */
  async function* untilDecided(): AsyncGenerator<WatchEvent, void> {
    while (vigil.timeIsLeft() && !interrupt.aborted) {
      const all = verdicts()
      if (decision(all) !== undefined) return
      const commits = whatToCommit(all)
      // A fixed interval stays fixed, unless there is no way back.
      const mayHurry = policy.onUncommitted === 'commit' || policy.pollIntervalMs === undefined
      if (mayHurry) for (const job of outdated(all)) dueAtMs[job] = clock.now()
      const dueNow = commits.filter(({ atMs }) => atMs <= clock.now())
      // What a poll under way brings may speak against the first commit, so that it waits for all of them, and for no more.
      const waits = dueNow.length > 0 && !commitsHaveBegun(jobs) && inquiry.size() > 0
      if (!waits) for (const { job } of dueNow) startCommit(job)
      const idle = waits ? [] : idleJobs(all)
      for (const job of idle) if (pollAtMs(job) <= clock.now()) startPoll(job, false)
      const nextMs = Math.min(
        ...idle.filter((job) => !inquiry.isBusy(job)).map(pollAtMs),
        ...commits.map(({ atMs }) => atMs).filter((atMs) => atMs > clock.now()),
        deadlineMs,
      )
      yield* told(await inquiry.arrivals(Math.min(nextMs, vigil.heartbeatAtMs())), everyObservation)
      if (clock.now() >= vigil.heartbeatAtMs()) {
        vigil.putOffHeartbeat()
        yield { kind: 'heartbeat', view: view() }
      }
    }
  }
  const whatToCommit = (all: readonly Verdict[]) => {
    if (policy.onUncommitted !== 'commit') return []
    return dueCommits(jobs, all, rowsHold(jobs, policy))
      .filter(({ job }) => !inquiry.isBusy(job))
      .map(({ job, atMs }) => ({ job, atMs: Math.max(atMs, vigil.pausedUntilMs()) }))
  }

  /** Takes in what is under way, and asks each job once whose commit may have been carried out for all that came in. */
  async function* drained(untilMs: number, counts = everyObservation): AsyncGenerator<WatchEvent, void> {
    const asked = new Set<number>()
    for await (const arrived of inquiry.drain(untilMs)) {
      yield* told(arrived, counts)
      if (clock.now() >= untilMs || clock.now() < vigil.pausedUntilMs() || interrupt.aborted) continue
      for (const job of jobsInDoubt()) {
        if (asked.has(job)) continue
        asked.add(job)
        startPoll(job, true)
        inquiry.limit(FAREWELL_POLL_MS, (subject) => subject === job)
      }
    }
  }

  /** When time is up every unfinished job gets its last poll: the one in flight, or else one that starts now. */
  async function* lastPolls(): AsyncGenerator<WatchEvent, void> {
    const budgetMs = Math.min(policy.requestTimeoutMs, LAST_POLL_MS)
    const ready = new Set(verdicts().flatMap(({ kind }, i) => (kind === 'ready' ? [i] : [])))
    // A poll that had its turn too late to be answered says nothing against a job that was ready before.
    const isCut = (seen: PollResult, { startedAtMs, endedAtMs }: Span) =>
      seen.kind === 'outage' && seen.error.outcome === 'timeout' && endedAtMs - startedAtMs < budgetMs / 2
    const counts: Counts = (seen, { subject: job, span }) => !(ready.has(job) && isCut(seen, span))
    recallAllCommits()
    // Of many only some have their turn: those first that still have to say anything.
    for (const job of idleJobs().toSorted((a, b) => Number(ready.has(a)) - Number(ready.has(b)))) startPoll(job, true)
    inquiry.limit(budgetMs)
    // What became of a commit is still to be asked.
    inquiry.limit(budgetMs / 2, (job) => underCommit.has(job))
    yield* drained(policy.timeoutMs === 0 ? Infinity : deadlineMs + budgetMs, counts)
  }

  /**
   * One job has decided: the others are polled once more, for the report; what goes wrong then changes nothing. Where a
   * poll can bring nothing, only the commits under way are waited for.
   */
  async function* farewell(decided: Conclusion): AsyncGenerator<WatchEvent, void> {
    const nowMs = clock.now()
    recallAllCommits()
    const worthPolls = deservesFarewell(decided) ? idleJobs() : jobsInDoubt()
    if (!deservesFarewell(decided) && worthPolls.length === 0 && underCommit.size === 0) return
    if (nowMs < deadlineMs) for (const job of worthPolls) startPoll(job, true)
    inquiry.limit(FAREWELL_POLL_MS)
    if (nowMs < vigil.pausedUntilMs()) inquiry.recall()
    yield* drained(deadlineMs, ({ kind }) => kind === 'answered')
  }
  const jobsInDoubt = () => jobs.flatMap((job, i) => (!inquiry.isBusy(i) && isCommitInDoubt(job) ? [i] : []))

  /** A commit that was cut short may have been carried out all the same. */
  const doubtCommitsUnderWay = () => {
    for (const [job, startedAtMs] of underCommit) {
      const before = jobs[job]
      const span = { startedAtMs, endedAtMs: clock.now() }
      if (before !== undefined) jobs[job] = { ...before, commit: attempted(before.commit, { kind: 'cancelled' }, span) }
    }
  }

  try {
    const { pollIntervalMs: askedMs = Infinity } = policy
    const effectiveMs = jobs.length * SPACING_MS
    if (askedMs < effectiveMs) yield { kind: 'interval-stretched', view: view(), askedMs, effectiveMs }
    yield* untilDecided()
    const decided = decision()
    if (decided === undefined && !interrupt.aborted) yield* lastPolls()
    if (decided !== undefined && !decided.passes) yield* farewell(decided)
    doubtCommitsUnderWay()
    if (interrupt.aborted) return interrupted(interrupt)
    // What was decided in time stands, whatever time it is now; the other jobs may have added to it.
    const conclusion = conclude(jobs, verdicts(decided === undefined), policy) ?? decided
    if (conclusion === undefined) throw new Error('the watch ended without a conclusion')
    if (conclusion.kind === 'completed' && rowCount(jobs).known === undefined) {
      yield { kind: 'rows-unknown', view: view() }
    }
    return conclusion
  } finally {
    inquiry.close()
  }
}

/** Whether what a poll brought is taken in. */
type Counts = (seen: PollResult, arrival: Arrival<Brought>) => boolean
const everyObservation: Counts = () => true

/** A job that rests at Uncommitted is ready, but somebody may still abort it. */
function wantsPoll(verdict: Verdict): boolean {
  return verdict.kind === 'poll-again' || (verdict.kind === 'ready' && verdict.as === 'uncommitted')
}

function deservesFarewell({ kind }: Conclusion): boolean {
  return kind !== 'rejected' && kind !== 'unreachable' && kind !== 'rows-not-met'
}
