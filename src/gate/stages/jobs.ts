import { namesToIdentify } from '../aliases.ts'
import { checkBaselines } from '../baselines.ts'
import { attempted, commitsHaveBegun, dueCommits, isCommitInDoubt, outdatedJobs } from '../commits.ts'
import type { Span } from '../clock.ts'
import { conclude, judgeAll, rowCount, rowsHold, serviceHasAnswered } from '../conclude.ts'
import { indicesOf, interrupted } from '../conclusion.ts'
import type { Conclusion, Verdict } from '../conclusion.ts'
import { commitChanges, jobChanges } from '../changes.ts'
import { once, planned, whenSent } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import { record } from '../history.ts'
import type { History } from '../history.ts'
import type { PollResult } from '../job.ts'
import type { CommitResult, Poll } from '../import-service.ts'
import { excuseOthers, maxOutageMs, nextAttemptAtMs } from '../faults.ts'
import { pollAfterCommitAtMs, nextPollAtMs } from '../pace.ts'
import { finalBudgetMs, finalEndMs, finalRequests, identityOf } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { planBaselines } from './baselines.ts'
import type { BaselinePlan } from './baselines.ts'
import { CLOSING_POLL_MS, REQUEST_SPACING_MS } from '../timing.ts'

interface JobsStage extends Stage {
  readonly poll: Poll
  readonly baselines: BaselinePlan
  /** When each job is to be polled next. */
  readonly pollAtMs: number[]
  /** Whether the result of a poll is recorded. */
  counts: Counts
}

type Counts = (job: number, result: PollResult, span: Span) => boolean

/** Polls the jobs until they have a conclusion, and commits them where that is asked for. */
export async function* waitForJobs(stage: Stage): AsyncGenerator<WatchEvent, Conclusion> {
  const { policy, known, engine, interrupt } = stage
  const jobs: JobsStage = {
    ...stage,
    poll: stage.service.pollerFor(known.jobs.map(({ jobId }) => jobId)),
    baselines: planBaselines(stage),
    pollAtMs: [],
    counts: () => true,
  }
  const { pollIntervalMs: askedMs = Infinity } = policy
  const effectiveMs = known.jobs.length * REQUEST_SPACING_MS
  if (askedMs < effectiveMs) yield engine.report({ kind: 'interval-stretched', askedMs, effectiveMs })

  yield* engine.run({ plan: () => planUntilDecided(jobs) })
  jobs.baselines.stop()
  const decided = decisionOf(jobs, verdictsOf(jobs))
  if (!interrupt.aborted) {
    if (decided === undefined) yield* finalPolls(jobs)
    else if (!decided.passes) yield* closingPolls(jobs, decided)
  }
  doubtCommitsInFlight(jobs)
  if (interrupt.aborted) return interrupted(interrupt)
  // What was decided in time stands, whatever time it is now; the other jobs may have added to it.
  const conclusion = conclude(known.jobs, verdictsOf(jobs, decided === undefined), policy) ?? decided
  if (conclusion === undefined) throw new Error('the jobs stage ended without a conclusion')
  if (conclusion.kind === 'completed' && rowCount(known.jobs).known === undefined) {
    yield engine.report({ kind: 'rows-unknown' })
  }
  return conclusion
}

function verdictsOf({ known, policy }: JobsStage, timeIsUp = false): readonly Verdict[] {
  return judgeAll(known.jobs, policy, timeIsUp, policy.timeoutMs === 0 ? undefined : known.identities)
}

function outdatedOf({ known, policy }: JobsStage, verdicts: readonly Verdict[]): readonly number[] {
  return outdatedJobs(known.jobs, verdicts, rowsHold(known.jobs, policy))
}

/** Undecided while a job that waits at Uncommitted has to be polled once more: it may have been aborted since. */
function decisionOf(stage: JobsStage, verdicts: readonly Verdict[]): Conclusion | undefined {
  const { known, policy } = stage
  return outdatedOf(stage, verdicts).length > 0 ? undefined : conclude(known.jobs, verdicts, policy)
}

/** What to send until the jobs are decided; undefined once they are. */
function planUntilDecided(stage: JobsStage): readonly PlannedRequest[] | undefined {
  const { known, policy, engine } = stage
  const verdicts = verdictsOf(stage)
  if (decisionOf(stage, verdicts) !== undefined) return undefined
  // A fixed interval stays fixed, unless a commit follows, which cannot be undone.
  const mayHurry = policy.onUncommitted === 'commit' || policy.pollIntervalMs === undefined
  const hurried = new Set(mayHurry ? outdatedOf(stage, verdicts) : [])
  const polls = jobsToPoll(stage, verdicts).map((job) =>
    pollOf(stage, job, hurried.has(job) ? engine.now() : (stage.pollAtMs[job] ?? 0)),
  )
  const isFirst = !commitsHaveBegun(known.jobs)
  const baseline = stage.baselines.next(polls)
  const commits = baseline.holdsCommits ? [] : commitsDue(stage, verdicts)
  return [
    ...commits.map(({ job, atMs }) => commitOf(stage, job, atMs, isFirst)),
    ...polls,
    ...identityRequests(stage),
    ...baseline.requests,
  ]
}

function jobsToPoll({ known }: JobsStage, verdicts: readonly Verdict[]): readonly number[] {
  return indicesOf(verdicts, wantsPoll).filter((job) => !isThrough(known.jobs[job]))
}

/** A job in a final state is not polled again, also while its collection is still compared. */
function isThrough(job: History | undefined): boolean {
  if (job === undefined || job.outage !== undefined || job.refusals !== undefined || job.unknown !== undefined)
    return false
  return job.latest?.phase === 'completed' || job.latest?.phase === 'failed'
}

function identityRequests(stage: JobsStage): readonly PlannedRequest[] {
  const { known, policy } = stage
  const { expectedCollection } = policy
  if (expectedCollection === undefined || policy.timeoutMs === 0) return []
  const names = known.jobs.flatMap(({ latest, listedCollection }) => latest?.collectionName ?? listedCollection ?? [])
  return namesToIdentify(known.identities, names, expectedCollection).map((name) => identityOf(stage, name))
}

function commitsDue({ known, policy }: JobsStage, verdicts: readonly Verdict[]) {
  return policy.onUncommitted === 'commit' ? dueCommits(known.jobs, verdicts, rowsHold(known.jobs, policy)) : []
}

/** A job at Uncommitted is ready, but it may still be aborted by others. */
function wantsPoll(verdict: Verdict): boolean {
  return verdict.kind === 'poll-again' || (verdict.kind === 'ready' && verdict.as === 'uncommitted')
}

function pollOf(stage: JobsStage, job: number, atMs: number, isLast = false): PlannedRequest {
  const { jobId = '', commit } = stage.known.jobs[job] ?? {}
  return planned(
    { about: `job ${job}`, action: 'poll', atMs },
    (options) => stage.poll(jobId, { ...options, isLast, isCloser: commit?.isPolledSince === false }),
    (result, span) => recordPoll(stage, job, result, span),
  )
}

/** The first commit is sent alone: what a poll in flight brings may speak against it. */
function commitOf(stage: JobsStage, job: number, atMs: number, isExclusive: boolean): PlannedRequest {
  const { jobId = '' } = stage.known.jobs[job] ?? {}
  return planned(
    { about: `job ${job}`, action: 'commit', atMs, isExclusive },
    (options) => stage.service.commit(jobId, options),
    (result, span) => recordCommit(stage, job, result, span),
  )
}

function recordPoll(stage: JobsStage, job: number, result: PollResult, span: Span): readonly EventBody[] {
  const { known, policy, pollAtMs } = stage
  const before = known.jobs[job]
  if (before === undefined || result.kind === 'cancelled' || !stage.counts(job, result, span)) return []
  const after = record(before, result, span)
  known.jobs[job] = after
  known.baselines = checkBaselines(known.baselines, job, result, span, after)
  if (result.kind === 'answered' || result.kind === 'unknown-job') known.jobs = excuseOthers(known.jobs, job)
  const pace = { ...policy, maxOutageMs: maxOutageMs(policy, serviceHasAnswered(known.jobs)) }
  const { refusals } = after
  pollAtMs[job] = refusals === undefined ? nextPollAtMs(after, pace, stage.random()) : nextAttemptAtMs(refusals)
  const changes = jobChanges(before, after, result)
  return [{ kind: 'polled', job, result, tookMs: span.endedAtMs - span.startedAtMs, changes }]
}

function recordCommit(stage: JobsStage, job: number, result: CommitResult, span: Span): readonly EventBody[] {
  const { known, policy, pollAtMs } = stage
  const before = known.jobs[job]
  if (before === undefined) return []
  const commit = attempted(before.commit, result, span)
  const after = { ...before, commit }
  known.jobs[job] = after
  pollAtMs[job] = pollAfterCommitAtMs(after, commit, policy)
  const changes = commitChanges('commit', before.commit, result)
  return [{ kind: 'acted', job, act: 'commit', result, tookMs: span.endedAtMs - span.startedAtMs, changes }]
}

/** One poll for each job whose commit may have been carried out for all that is known. */
function pollsInDoubt(stage: JobsStage): () => readonly PlannedRequest[] {
  const { known, engine } = stage
  const polled = new Set<number>()
  return () =>
    indicesOf(known.jobs, isCommitInDoubt)
      .filter((job) => !polled.has(job) || engine.isInFlight(`job ${job}`))
      .map((job) => whenSent(pollOf(stage, job, engine.now(), true), () => polled.add(job)))
}

/** When time is up every unfinished job gets its final poll. */
async function* finalPolls(stage: JobsStage): AsyncGenerator<WatchEvent, void> {
  const { policy, engine } = stage
  const budgetMs = finalBudgetMs(policy)
  const verdicts = verdictsOf(stage)
  const ready = new Set(indicesOf(verdicts, ({ kind }) => kind === 'ready'))
  // Of many jobs only some get their turn: those that were not ready come first.
  const jobs = jobsToPoll(stage, verdicts).toSorted((a, b) => Number(ready.has(a)) - Number(ready.has(b)))
  const polls = finalRequests(
    stage,
    jobs,
    (job, atMs) => pollOf(stage, job, atMs, true),
    (job) => ready.has(job),
  )
  stage.counts = polls.counts
  const inDoubt = pollsInDoubt(stage)
  yield* engine.run({
    plan: () => [...polls.plan(), ...inDoubt()],
    final: {
      untilMs: () => finalEndMs(stage),
      // What became of a commit is still to be polled.
      budgetMs: (action) => (action === 'commit' ? budgetMs / 2 : budgetMs),
    },
  })
}

/**
 * One job has decided: the others are polled once more, for the report; what goes wrong then changes nothing. Where a poll can
 * bring nothing, only the commits in flight are waited for.
 */
async function* closingPolls(stage: JobsStage, decided: Conclusion): AsyncGenerator<WatchEvent, void> {
  const { engine, known } = stage
  const isWorthPolls = !['rejected', 'unreachable', 'rows-not-met'].includes(decided.kind)
  const isCommitting = engine.inFlight().some(({ action, sentAtMs }) => action === 'commit' && sentAtMs !== undefined)
  if (!isWorthPolls && !isCommitting && !known.jobs.some(isCommitInDoubt)) return
  stage.counts = (_, { kind }) => kind === 'answered'
  const isLate = engine.now() >= engine.deadlineMs || engine.now() < engine.pausedUntilMs()
  const jobs = isWorthPolls && !isLate ? jobsToPoll(stage, verdictsOf(stage)) : []
  const [polls, inDoubt] = [
    once(
      engine,
      jobs.map((job) => pollOf(stage, job, engine.now(), true)),
    ),
    pollsInDoubt(stage),
  ]
  yield* engine.run({
    plan: () => [...polls(), ...inDoubt()],
    final: { untilMs: () => engine.deadlineMs, budgetMs: () => CLOSING_POLL_MS },
  })
}

/** A commit that was cut short may have been carried out all the same. */
function doubtCommitsInFlight({ engine, known }: JobsStage): void {
  for (const { about, action, sentAtMs } of engine.inFlight()) {
    if (action !== 'commit' || sentAtMs === undefined) continue
    const span = { startedAtMs: sentAtMs, endedAtMs: engine.now() }
    known.jobs = known.jobs.map((job, i) =>
      about === `job ${i}` ? { ...job, commit: attempted(job.commit, { kind: 'cancelled' }, span) } : job,
    )
  }
}
