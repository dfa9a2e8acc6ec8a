import { aliasOf, namesToIdentify } from '../aliases.ts'
import type { Span } from '../clock.ts'
import { interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { countsSince, hasEnded, isAgeKnown, latestFirst } from '../discovery.ts'
import type { Discovery, JobAge } from '../discovery.ts'
import { planned, whenSent } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import { refusalChanges } from '../changes.ts'
import type { DiscoveryChange, EventBody, WatchEvent } from '../events.ts'
import { newHistory } from '../history.ts'
import type { PollResult } from '../job.ts'
import type { ListedJob, NoResponse, RequestOptions } from '../import-service.ts'
import { isTooLong, maxOutageMs, prolonged } from '../outage.ts'
import { pauseInOutageMs } from '../pace.ts'
import { isConfirmed, isRefusedAtDeadline, nextAttemptAtMs, recordRefusal } from '../refusals.ts'
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
    const poll = service.pollerFor([job.jobId])
    const seen = yield* untilAnswered(stage, (options) => poll(job.jobId, { ...options, isLast: false }))
    if ('passes' in seen) return seen
    let age = ageOf(job, seen)
    if (seen.kind === 'answered' && !isAgeKnown(age)) {
      const start = yield* untilAnswered(stage, (options) => service.jobStart(job.jobId, options))
      // A key that may not ask this leaves the age unknown.
      if ('passes' in start && start.kind !== 'rejected') return start
      if (!('passes' in start)) age = { ...age, created: start.startTime }
    }
    if (!countsSince(discovery.sinceMs, age)) continue
    ended.delete(job)
    if (!isAgeKnown(age)) ofUnknownAge.push(job.jobId)
  }
  const current = jobs.filter((job) => !ended.has(job))
  const jobIds = current.map(({ jobId }) => jobId)
  known.discovery = {
    ...discovery,
    jobIds,
    ended: latestFirst([...ended]),
    ofUnknownAge,
    leftOut: leftOut.unidentified,
  }
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

function ageOf({ phase }: ListedJob, seen: Usable<PollResult>): JobAge {
  if (seen.kind !== 'answered') return { phase, created: undefined, completed: undefined }
  const { createTime, completeTime } = seen.snapshot
  return { phase: seen.snapshot.phase, created: createTime, completed: completeTime }
}

async function* untilAnswered<R extends { readonly kind: string }>(
  stage: Stage,
  send: (options: RequestOptions) => Promise<R>,
): AsyncGenerator<WatchEvent, Usable<R> | Conclusion> {
  const { engine, interrupt, policy, known } = stage
  const attempts: Attempts<R> = {
    isFinal: false,
    failedAtMs: undefined,
    nextAtMs: engine.now(),
    response: undefined,
  }
  known.search = { ...known.search, outage: undefined, refusals: undefined }
  const request = (): PlannedRequest =>
    planned({ about: 'discovery', action: 'read', atMs: attempts.nextAtMs }, send, (result, span) =>
      recordAttempt(stage, attempts, result, span),
    )
  yield* engine.run({ plan: () => (isOver(stage, attempts) ? undefined : [request()]) })
  if (!isOver(stage, attempts)) {
    attempts.nextAtMs = engine.now()
    attempts.failedAtMs = undefined
    attempts.isFinal = true
    let requests = engine.isInFlight('discovery') ? 1 : 0
    const isSpent = () => policy.timeoutMs === 0 && requests > 0 && !engine.isInFlight('discovery')
    yield* engine.run({
      plan: () => {
        if (isOver(stage, attempts) || isSpent()) return undefined
        return [whenSent({ ...request(), atMs: finalAtMs(attempts) }, () => (requests += 1))]
      },
      // After the deadline all requests together have as long as one final poll.
      final: { untilMs: () => finalEndMs(stage), budgetMs: () => policy.requestTimeoutMs },
    })
  }
  if (attempts.response !== undefined) return attempts.response
  if (interrupt.aborted) return interrupted(interrupt)
  const { refusals, outage } = known.search
  if (refusals !== undefined && (isConfirmed(refusals) || isRefusedAtDeadline(refusals, policy))) {
    return { kind: 'rejected', passes: false, jobs: [], error: refusals.error }
  }
  const outageMs = outage === undefined ? 0 : engine.now() - outage.silentSinceMs
  return { kind: 'unreachable', passes: false, jobs: [], error: refusals?.error ?? outage?.error, outageMs }
}

/** A final request that fails early is sent again. */
function finalAtMs({ failedAtMs, nextAtMs }: Attempts<unknown>): number {
  return failedAtMs === undefined ? nextAtMs : failedAtMs + FINAL_RETRY_MS
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
  const failure = result as unknown as NoResponse
  const { known } = stage
  const { refusals, outage: outageBefore, usableAtMs } = known.search
  // A final request that was cut does not replace the error of an earlier one.
  const isCut = failure.kind === 'outage' && failure.error.outcome === 'timeout'
  if (isCut && attempts.isFinal && attempts.failedAtMs !== undefined) return []
  known.search = { ...known.search, refusals: recordRefusal(refusals, result, span) }
  attempts.failedAtMs = span.endedAtMs
  switch (failure.kind) {
    case 'cancelled':
      return []
    case 'refused':
      if (known.search.refusals !== undefined) attempts.nextAtMs = nextAttemptAtMs(known.search.refusals)
      return searched(refusalChanges(refusals, known.search.refusals))
    case 'outage': {
      const outage = prolonged(outageBefore, failure.error, span, usableAtMs)
      known.search = { ...known.search, outage }
      const nextMs = span.endedAtMs + pauseInOutageMs(span.endedAtMs - outage.sinceMs)
      attempts.nextAtMs = Math.min(nextMs, (outage.judgedSinceMs ?? Infinity) + mostOutageMs(stage))
      return searched(outageBefore === undefined ? [{ kind: 'outage-began', error: failure.error }] : [])
    }
    default:
      known.search = { usableAtMs: span.endedAtMs, outage: undefined, refusals: undefined }
      attempts.response = result as Usable<R>
      if (outageBefore === undefined) return []
      return searched([{ kind: 'outage-ended', lastedMs: span.endedAtMs - outageBefore.silentSinceMs }])
  }
}

function searched(changes: readonly DiscoveryChange[]): readonly EventBody[] {
  return changes.length > 0 ? [{ kind: 'searched', changes }] : []
}
