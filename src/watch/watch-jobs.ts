import type { Arrival } from './ask-pool.ts'
import { attempted, isCommitInDoubt } from './attempt.ts'
import type { Span } from './clock.ts'
import { interrupted } from './conclusion.ts'
import type { Conclusion } from './conclusion.ts'
import type { WatchEvent } from './events.ts'
import { conclude, judgeAll, rowCount, rowsHold, serviceHasAnswered } from './gate.ts'
import { record } from './history.ts'
import type { Observation } from './import-job.ts'
import type { Deed } from './import-service.ts'
import type { Verdict } from './judge.ts'
import { newsOf, newsOfDeed } from './news.ts'
import { lookAfterCommitAtMs, nextLookAtMs } from './pace.ts'
import { SPACING_MS } from './turnstile.ts'
import { commitsHaveBegun, dueCommits, outdatedJobs } from './two-phase.ts'
import type { Vigil } from './vigil.ts'

/** What the last look may take once the deadline has passed. */
export const LAST_LOOK_MS = 2_000
/** What the looks at the other jobs may take once one job has decided. */
const FAREWELL_LOOK_MS = 5_000

type Brought = { readonly of: 'look'; readonly answer: Observation } | { readonly of: 'commit'; readonly answer: Deed }

/**
 * Watches import jobs until they have a conclusion, and commits them where that is asked for. One look is one request and the
 * watch itself is the retry.
 */
export async function* watchJobs(vigil: Vigil): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, clock, interrupt, deadlineMs, service, jobs, view } = vigil
  const look = service.lookAt(jobs.map(({ jobId }) => jobId))
  const inquiry = vigil.openInquiry<Brought>(() => serviceHasAnswered(jobs))
  const dueAtMs: number[] = []
  const underCommit = new Map<number, number>()

  const verdicts = (timeIsUp = false) => judgeAll(jobs, policy, timeIsUp)
  const outdated = (all: readonly Verdict[]) => outdatedJobs(jobs, all, rowsHold(jobs, policy))
  /** Nothing is decided while a job that rests has to be looked at once more: somebody may have aborted it. */
  const decision = (all = verdicts()) => (outdated(all).length > 0 ? undefined : conclude(jobs, all, policy))
  const idleJobs = (all = verdicts()) =>
    all.flatMap((verdict, i) => (!inquiry.isBusy(i) && wantsLook(verdict) ? [i] : []))
  const lookAtMs = (job: number) => Math.max(dueAtMs[job] ?? 0, vigil.quietUntilMs())

  const startLook = (job: number, isLast: boolean) => {
    const { jobId = '', commit } = jobs[job] ?? {}
    const isCloser = commit?.isAskedAbout === false
    inquiry.start(job, async (options) => ({ of: 'look', answer: await look(jobId, { ...options, isLast, isCloser }) }))
  }
  const startCommit = (job: number) => {
    const { jobId = '' } = jobs[job] ?? {}
    underCommit.set(job, clock.now())
    inquiry.start(job, async (options) => ({ of: 'commit', answer: await service.commit(jobId, options) }))
  }

  const takeLook = ({ subject: job, span }: Arrival<Brought>, observation: Observation) => {
    const before = jobs[job]
    if (before === undefined || observation.kind === 'cancelled') return []
    const after = record(before, observation, span)
    jobs[job] = after
    const pace = { ...policy, maxOutageMs: inquiry.mostOutageMs() }
    dueAtMs[job] = nextLookAtMs(after, pace, vigil.random())
    const news = newsOf(before, after, observation)
    return [{ kind: 'looked', job, observation, tookMs: span.endedAtMs - span.startedAtMs, news } as const]
  }

  const takeCommit = ({ subject: job, span }: Arrival<Brought>, deed: Deed) => {
    underCommit.delete(job)
    const before = jobs[job]
    const wasSent = span.startedAtMs < span.endedAtMs || deed.kind !== 'cancelled'
    if (before === undefined || !wasSent) return []
    const commit = attempted(before.commit, deed, span)
    const after = { ...before, commit }
    jobs[job] = after
    dueAtMs[job] = lookAfterCommitAtMs(after, commit, policy)
    const news = newsOfDeed('commit', before.commit, deed)
    return [{ kind: 'acted', job, act: 'commit', deed, tookMs: span.endedAtMs - span.startedAtMs, news } as const]
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
    return counts(brought.answer, arrival) ? takeLook(arrival, brought.answer) : []
  }

  /** All that arrived together, told when all of it has been recorded. */
  function* told(arrived: readonly Arrival<Brought>[], counts: Counts) {
    const taken = arrived.flatMap((arrival) => [...take(arrival, counts)])
    if (underCommit.size > 0) recallCommits()
    if (taken.some(({ news }) => news.length > 0)) vigil.putOffHeartbeat()
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
      // What a look under way brings may speak against the first commit, so that it waits for all of them, and for no more.
      const waits = dueNow.length > 0 && !commitsHaveBegun(jobs) && inquiry.size() > 0
      if (!waits) for (const { job } of dueNow) startCommit(job)
      const idle = waits ? [] : idleJobs(all)
      for (const job of idle) if (lookAtMs(job) <= clock.now()) startLook(job, false)
      const nextMs = Math.min(
        ...idle.filter((job) => !inquiry.isBusy(job)).map(lookAtMs),
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
      .map(({ job, atMs }) => ({ job, atMs: Math.max(atMs, vigil.quietUntilMs()) }))
  }

  /** Takes in what is under way, and asks each job once whose commit may have been carried out for all that came in. */
  async function* drained(untilMs: number, counts = everyObservation): AsyncGenerator<WatchEvent, void> {
    const asked = new Set<number>()
    for await (const arrived of inquiry.drain(untilMs)) {
      yield* told(arrived, counts)
      if (clock.now() >= untilMs || clock.now() < vigil.quietUntilMs() || interrupt.aborted) continue
      for (const job of jobsInDoubt()) {
        if (asked.has(job)) continue
        asked.add(job)
        startLook(job, true)
        inquiry.limit(FAREWELL_LOOK_MS, (subject) => subject === job)
      }
    }
  }

  /** When time is up every unfinished job gets its last look: the one in flight, or else one that starts now. */
  async function* lastLooks(): AsyncGenerator<WatchEvent, void> {
    const budgetMs = Math.min(policy.requestTimeoutMs, LAST_LOOK_MS)
    const ready = new Set(verdicts().flatMap(({ kind }, i) => (kind === 'ready' ? [i] : [])))
    // A look that had its turn too late to be answered says nothing against a job that was ready before.
    const isCut = (seen: Observation, { startedAtMs, endedAtMs }: Span) =>
      seen.kind === 'outage' && seen.trouble.outcome === 'timeout' && endedAtMs - startedAtMs < budgetMs / 2
    const counts: Counts = (seen, { subject: job, span }) => !(ready.has(job) && isCut(seen, span))
    recallAllCommits()
    // Of many only some have their turn: those first that still have to say anything.
    for (const job of idleJobs().toSorted((a, b) => Number(ready.has(a)) - Number(ready.has(b)))) startLook(job, true)
    inquiry.limit(budgetMs)
    // What became of a commit is still to be asked.
    inquiry.limit(budgetMs / 2, (job) => underCommit.has(job))
    yield* drained(policy.timeoutMs === 0 ? Infinity : deadlineMs + budgetMs, counts)
  }

  /**
   * One job has decided: the others are looked at once more, for the report; what goes wrong then changes nothing. Where a
   * look can bring nothing, only the commits under way are waited for.
   */
  async function* farewell(decided: Conclusion): AsyncGenerator<WatchEvent, void> {
    const nowMs = clock.now()
    recallAllCommits()
    const worthLooks = deservesFarewell(decided) ? idleJobs() : jobsInDoubt()
    if (!deservesFarewell(decided) && worthLooks.length === 0 && underCommit.size === 0) return
    if (nowMs < deadlineMs) for (const job of worthLooks) startLook(job, true)
    inquiry.limit(FAREWELL_LOOK_MS)
    if (nowMs < vigil.quietUntilMs()) inquiry.recall()
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
    if (decided === undefined && !interrupt.aborted) yield* lastLooks()
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

/** Whether what a look brought is taken in. */
type Counts = (seen: Observation, arrival: Arrival<Brought>) => boolean
const everyObservation: Counts = () => true

/** A job that rests at Uncommitted is ready, but somebody may still abort it. */
function wantsLook(verdict: Verdict): boolean {
  return verdict.kind === 'look-again' || (verdict.kind === 'ready' && verdict.as === 'uncommitted')
}

function deservesFarewell({ kind }: Conclusion): boolean {
  return kind !== 'rejected' && kind !== 'unreachable' && kind !== 'rows-not-met'
}
