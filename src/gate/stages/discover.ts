import { aliasOf, namesToIdentify } from '../aliases.ts'
import type { Span } from '../clock.ts'
import { interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { countsSince, hasEnded, isAgeKnown, latestFirst } from '../discovery.ts'
import type { Discovery, JobAge } from '../discovery.ts'
import { once, planned } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import {
  faultChanges,
  isConfirmed,
  isRefusedAtDeadline,
  isTooLong,
  maxOutageMs,
  nextAttemptAtMs,
  recordFaults,
  silentMs,
} from '../faults.ts'
import { newHistory } from '../history.ts'
import type { ListedJob, NoResponse, RequestOptions } from '../import-service.ts'
import { pauseInOutageMs } from '../pace.ts'
import { finalEndMs, identityOf } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { FINAL_RETRY_MS } from '../timing.ts'

type Usable<R> = Exclude<R, NoResponse>

/** One request that is repeated until it has a usable response or the gate ends. */
interface Attempts<R> {
  isFinal: boolean
  /** When the last final request failed. */
  failedAtMs: number | undefined
  nextAtMs: number
  response: Usable<R> | undefined
}

/**
 * Finds the jobs of a collection that have not ended, and with `since` also those that have. Returns a conclusion where the gate
 * ends here.
 */
export async function* discoverJobs(
  stage: Stage,
  discovery: Discovery,
): AsyncGenerator<WatchEvent, Conclusion | undefined> {
  const { service, policy, engine, known } = stage
  const listing = yield* untilAnswered(stage, (options) => service.list(options))
  if ('passes' in listing) return listing
  const leftOut = yield* namesLeftOut(stage, listing.jobs)
  if ('passes' in leftOut) return leftOut
  const jobs = listing.jobs.filter(({ collectionName }) => !leftOut.names.has(collectionName))
  const ended = new Set<ListedJob>(jobs.filter(hasEnded))
  const undated = discovery.sinceMs === undefined ? [] : [...ended]
  const ofUnknownAge: string[] = []
  for (const [i, job] of undated.entries()) {
    known.discovery = { ...discovery, undated: undated.length - i }
    const age = yield* ageOf(stage, job)
    if ('passes' in age) return age
    if (!countsSince(discovery.sinceMs, age)) continue
    ended.delete(job)
    if (!isAgeKnown(age)) ofUnknownAge.push(job.jobId)
  }
  const current = jobs.filter((job) => !ended.has(job))
  const jobIds = current.map(({ jobId }) => jobId)
  const seen = { jobIds, ended: latestFirst([...ended]), ofUnknownAge, leftOut: leftOut.unidentified }
  known.discovery = { ...discovery, ...seen }
  known.jobs = current.map(({ jobId, collectionName }) =>
    newHistory(jobId, { wasListed: true, listedCollection: collectionName }),
  )
  yield engine.report({ kind: 'discovered', discovery: known.discovery })
  return jobIds.length > 0 ? undefined : { kind: 'no-jobs', passes: policy.onNoJobs === 'pass' }
}

/**
 * The names of a list that do not stand for the collection that was asked for, and those of them that could not be identified. A job
 * is listed by the name that its import was started with, possibly an alias.
 */
async function* namesLeftOut(
  stage: Stage,
  jobs: readonly ListedJob[],
): AsyncGenerator<
  WatchEvent,
  Conclusion | { names: ReadonlySet<string | undefined>; unidentified: readonly string[] }
> {
  const { known, policy, engine, interrupt } = stage
  const { expectedCollection = '' } = policy
  const others = [...new Set(jobs.flatMap(({ collectionName = expectedCollection }) => collectionName))].filter(
    (name) => name !== expectedCollection,
  )
  const pending = () => namesToIdentify(known.identities, others, expectedCollection)
  if (policy.timeoutMs > 0) {
    yield* engine.run({
      plan: () => (pending().length > 0 ? pending().map((name) => identityOf(stage, name)) : undefined),
    })
  }
  if (interrupt.aborted) return interrupted(interrupt)
  const names = new Set(others.filter((name) => aliasOf(known.identities, name, expectedCollection) !== 'same'))
  const isUnidentified = (name: string) => aliasOf(known.identities, name, expectedCollection) !== 'different'
  return { names, unidentified: [...names].filter(isUnidentified) }
}

/** A key that may not ask when the job was started leaves its age unknown. */
async function* ageOf(stage: Stage, { jobId, phase }: ListedJob): AsyncGenerator<WatchEvent, JobAge | Conclusion> {
  const { service } = stage
  const poll = service.pollerFor([jobId])
  const seen = yield* untilAnswered(stage, (options) => poll(jobId, { ...options, isLast: false }))
  if ('passes' in seen) return seen
  if (seen.kind !== 'answered') return { phase, created: undefined, completed: undefined }
  const { createTime: created, completeTime: completed } = seen.snapshot
  const age = { phase: seen.snapshot.phase, created, completed }
  if (isAgeKnown(age)) return age
  const start = yield* untilAnswered(stage, (options) => service.jobStart(jobId, options))
  if ('passes' in start) return start.kind === 'rejected' ? age : start
  return { ...age, created: start.startTime }
}

async function* untilAnswered<R extends { readonly kind: string }>(
  stage: Stage,
  send: (options: RequestOptions) => Promise<R>,
): AsyncGenerator<WatchEvent, Usable<R> | Conclusion> {
  const { engine, interrupt, policy, known } = stage
  const attempts: Attempts<R> = { isFinal: false, failedAtMs: undefined, nextAtMs: engine.now(), response: undefined }
  known.search = { ...known.search, outage: undefined, refusals: undefined }
  const requestAt = (atMs: number) =>
    planned({ about: 'discovery', action: 'read', atMs }, send, (result, span) =>
      recordAttempt(stage, attempts, result, span),
    )
  yield* engine.run({ plan: () => (isOver(stage, attempts) ? undefined : [requestAt(attempts.nextAtMs)]) })
  if (!isOver(stage, attempts)) {
    Object.assign(attempts, { isFinal: true, failedAtMs: undefined })
    // One that fails early is sent again.
    const again = () => [requestAt((attempts.failedAtMs ?? Number.NEGATIVE_INFINITY) + FINAL_RETRY_MS)]
    const requests = policy.timeoutMs === 0 ? once(engine, [requestAt(engine.now())]) : again
    yield* engine.run({
      plan: () => (isOver(stage, attempts) ? undefined : requests()),
      // After the deadline all requests together have as long as one final poll.
      final: { untilMs: () => finalEndMs(stage), budgetMs: () => policy.requestTimeoutMs },
    })
  }
  if (attempts.response !== undefined) return attempts.response
  if (interrupt.aborted) return interrupted(interrupt)
  const { refusals, outage } = known.search
  if (refusals !== undefined && isRefusedAtDeadline(refusals, policy)) {
    return { kind: 'rejected', passes: false, jobs: [], error: refusals.error }
  }
  const outageMs = silentMs(known.search, engine.now())
  return { kind: 'unreachable', passes: false, jobs: [], error: refusals?.error ?? outage?.error, outageMs }
}

function isOver(stage: Stage, { response }: Attempts<unknown>): boolean {
  const { outage, refusals } = stage.known.search
  return isConfirmed(refusals) || response !== undefined || isTooLong(outage, mostOutageMs(stage))
}

function mostOutageMs({ policy, known }: Stage): number {
  return maxOutageMs(policy, known.search.usableAtMs !== undefined)
}

function recordAttempt<R extends { readonly kind: string }>(
  stage: Stage,
  attempts: Attempts<R>,
  result: R,
  span: Span,
): readonly EventBody[] {
  const { known } = stage
  const before = known.search
  const failure = result as unknown as NoResponse
  if (failure.kind === 'cancelled') return []
  // A final request that was cut does not replace the error of an earlier one.
  const isCut = failure.kind === 'outage' && failure.error.outcome === 'timeout'
  if (isCut && attempts.isFinal && attempts.failedAtMs !== undefined) return []
  const after = { ...before, ...recordFaults(before, failure, span) }
  known.search = after
  attempts.failedAtMs = span.endedAtMs
  switch (failure.kind) {
    case 'refused':
      if (after.refusals !== undefined) attempts.nextAtMs = nextAttemptAtMs(after.refusals)
      break
    case 'outage': {
      const { sinceMs = span.endedAtMs, judgedSinceMs = Infinity } = after.outage ?? {}
      const nextMs = span.endedAtMs + pauseInOutageMs(span.endedAtMs - sinceMs)
      attempts.nextAtMs = Math.min(nextMs, judgedSinceMs + mostOutageMs(stage))
      break
    }
    default:
      known.search = { ...after, usableAtMs: span.endedAtMs }
      attempts.response = result as Usable<R>
  }
  const changes = faultChanges(before, after, span.endedAtMs)
  return changes.length > 0 ? [{ kind: 'searched', changes }] : []
}
