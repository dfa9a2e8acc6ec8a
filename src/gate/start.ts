import type { Span } from './clock.ts'
import {
  isConfirmed,
  isTooLong,
  maxOutageMs,
  nextAttemptAtMs,
  prolonged,
  recordRefusal,
  withoutAbsence,
} from './faults.ts'
import type { Outage, Refusals } from './faults.ts'
import { countsSince, hasEnded, isAgeKnown } from './discovery.ts'
import { filesMatch, namesFile } from './import-files.ts'
import type { FileGroups } from './import-files.ts'
import type { CreateResult, JobStart, Listing, NoResponse } from './import-service.ts'
import type { JobSnapshot, PollResult, ServiceError, ServiceErrorKind } from './job.ts'
import { pauseInOutageMs } from './pace.ts'
import type { ImportPlan, Policy } from './policy.ts'
import { REFUSED_CREATE_PAUSE_MS, SEARCH_MS, SEARCH_PAUSE_MS, TIMED_OUT_SEARCH_MS, TIME_LEFT_MS } from './timing.ts'

/** When the first attempt of the workflow run began, by the wall clock, as GitHub says. */
export type RunStart =
  | { readonly kind: 'began'; readonly wallMs: number }
  | { readonly kind: 'unknown'; readonly error: ServiceError | undefined }
  | { readonly kind: 'outage'; readonly error: ServiceError; readonly retryAfterMs?: number }
  | { readonly kind: 'cancelled' }

/** Why the import was not started, or why that is unknown. */
export type StartFailure =
  | 'refused'
  /** The response to the request was lost, and the list does not show exactly one job that is this import. */
  | 'lost'
  /** Several jobs of this run import these files, or one cannot be compared. */
  | 'ambiguous'
  /** The list of jobs was refused or keeps changing, and an earlier attempt may have started the import. */
  | 'no-list'
  /** GitHub does not say when the run began. */
  | 'no-run-start'
  /** Time ran out after a request was sent. */
  | 'deadline'

/** How the start ends. */
export type StartEnd =
  | {
      readonly kind: 'job'
      readonly jobId: string
      /** This step started the import. */
      readonly started: boolean
      readonly how: 'created' | 'created-earlier' | 'found' | 'taken-over'
    }
  | {
      readonly kind: 'start-failed'
      readonly why: StartFailure
      /** The jobs that may be this import. */
      readonly jobIds: readonly string[]
      readonly error: ServiceError | undefined
    }
  | { readonly kind: 'unreachable'; readonly error: ServiceError | undefined; readonly outageMs: number }

/** What is known of the import that this step starts. */
export interface ImportStart {
  readonly collectionName: string
  /** As the request names them. */
  readonly files: FileGroups
  /** A request may have been received. */
  readonly wasSent: boolean
  /** Its job, once that is known. */
  readonly job: Extract<StartEnd, { kind: 'job' }> | undefined
}

/** What a step of the start changed, in the terms of somebody who reads the log. */
export type StartChange =
  | { readonly kind: 'outage-began'; readonly error: ServiceError }
  | { readonly kind: 'outage-ended'; readonly lastedMs: number }
  | { readonly kind: 'refused-once'; readonly error: ServiceError }
  /** The start goes on without a list. */
  | { readonly kind: 'no-list'; readonly error: ServiceError }
  | { readonly kind: 'response-lost'; readonly error: ServiceError; readonly searchMs: number }
  | { readonly kind: 'failed-earlier'; readonly jobIds: readonly string[] }

/** What one step of the start changed; `error` is that of its result. */
export function startChanges(before: StartState, after: StartState, error: ServiceError | undefined, nowMs: number) {
  const changes: StartChange[] = []
  const { outage, search, failedEarlier } = after
  const isRefusedOnce = (
    one: { refusals: Refusals | undefined },
    other: { refusals: Refusals | undefined } | undefined,
  ) => other?.refusals === undefined && one.refusals !== undefined
  const wasRefused =
    (before.refusal === undefined && after.refusal !== undefined) ||
    isRefusedOnce(after, before) ||
    after.candidates.some((one, i) => isRefusedOnce(one, before.candidates[i]))
  if (before.outage === undefined && outage !== undefined) changes.push({ kind: 'outage-began', error: outage.error })
  if (before.outage !== undefined && outage === undefined) {
    changes.push({ kind: 'outage-ended', lastedMs: nowMs - before.outage.silentSinceMs })
  }
  if (wasRefused && after.end === undefined && error !== undefined) changes.push({ kind: 'refused-once', error })
  if (before.phase === 'list' && after.phase === 'create' && error !== undefined) {
    changes.push({ kind: 'no-list', error })
  }
  if (before.search === undefined && search !== undefined) {
    changes.push({ kind: 'response-lost', error: search.error, searchMs: Math.round(search.untilMs - nowMs) })
  }
  if (before.failedEarlier !== failedEarlier && failedEarlier.length > 0) {
    changes.push({ kind: 'failed-earlier', jobIds: failedEarlier })
  }
  return changes
}

/** What to do next, and when at the earliest. */
export type StartStep =
  | { readonly kind: 'list'; readonly atMs: number }
  | { readonly kind: 'create'; readonly atMs: number; readonly key: string }
  | { readonly kind: 'describe'; readonly jobId: string; readonly atMs: number }
  | { readonly kind: 'ask-job-start'; readonly jobId: string; readonly atMs: number }
  | { readonly kind: 'ask-run-start'; readonly atMs: number }

/** What one step brought. */
export type StartResult =
  | { readonly kind: 'list'; readonly result: Listing }
  | { readonly kind: 'create'; readonly result: CreateResult }
  | { readonly kind: 'describe'; readonly jobId: string; readonly result: PollResult }
  | { readonly kind: 'ask-job-start'; readonly jobId: string; readonly result: JobStart }
  | { readonly kind: 'ask-run-start'; readonly result: RunStart }

/** What is known of a job that may be this import. */
interface Candidate {
  readonly jobId: string
  /** `open`: it lists no files yet, or was not described; `undated`: its files fit, and its age is to be asked for. */
  readonly verdict: 'open' | 'undated' | 'ours' | 'ours-failed' | 'other' | 'unclear'
  readonly snapshot: JobSnapshot | undefined
  readonly atMs: number
  readonly refusals: Refusals | undefined
}

/** The search for an import whose response was lost. */
interface Search {
  readonly untilMs: number
  /** Why there was no response. */
  readonly error: ServiceError
  /** The reading in progress began when time was up. */
  readonly isLast: boolean
}

/** How far the start has come. */
export interface StartState {
  readonly phase: 'list' | 'run-start' | 'compare' | 'create' | 'search' | 'ended'
  /** When the next request of the phase is due. */
  readonly atMs: number
  readonly outage: Outage | undefined
  readonly usableAtMs: number | undefined
  readonly refusals: Refusals | undefined
  /** The jobs that the list showed before the request; undefined: there was no list. */
  readonly before: ReadonlySet<string> | undefined
  readonly candidates: readonly Candidate[]
  readonly runBeganMs: number | undefined
  /** Imports of earlier attempts of this run, which failed: their key would bring one back. */
  readonly failedEarlier: readonly string[]
  /** The request has been refused once, in a way that may pass. */
  readonly refusal: ServiceError | undefined
  /** A request may have been received. */
  readonly wasSent: boolean
  readonly search: Search | undefined
  readonly end: StartEnd | undefined
}

type Limits = Pick<Policy, 'timeoutMs' | 'maxOutageMs'>

/** The start before its first request. */
export function newStart(nowMs: number): StartState {
  return {
    phase: 'list',
    atMs: nowMs,
    outage: undefined,
    usableAtMs: undefined,
    refusals: undefined,
    before: undefined,
    candidates: [],
    runBeganMs: undefined,
    failedEarlier: [],
    refusal: undefined,
    wasSent: false,
    search: undefined,
    end: undefined,
  }
}

/** The key of an import: what the user gave, or what is the same in every attempt of a run; `hash` is of the body as sent. */
export function importKey(
  given: string | undefined,
  run: { readonly repository: string; readonly runId: string; readonly job: string } | undefined,
  hash: string,
  random: string,
): string {
  return given ?? (run === undefined ? random : `${run.repository}:${run.runId}:${run.job}:${hash}`)
}

/** The requests to send as things stand; none once the start has ended. */
export function nextSteps(state: StartState, plan: ImportPlan): readonly StartStep[] {
  const { phase, atMs, failedEarlier, candidates } = state
  const asked = candidates.flatMap(({ jobId, verdict, atMs: dueMs }): readonly StartStep[] => {
    if (verdict === 'open') return [{ kind: 'describe', jobId, atMs: dueMs }]
    return verdict === 'undated' ? [{ kind: 'ask-job-start', jobId, atMs: dueMs }] : []
  })
  // A reading is the list, and then a description of every new job that is not decided.
  const rest = asked.filter((step) => step.atMs < atMs)
  switch (phase) {
    case 'list':
      return [{ kind: 'list', atMs }]
    case 'run-start':
      return [{ kind: 'ask-run-start', atMs }]
    case 'create':
      return [{ kind: 'create', atMs, key: failedEarlier.length > 0 ? `${plan.key}:${plan.attempt}` : plan.key }]
    case 'compare':
      return asked
    case 'search':
      return rest.length > 0 ? rest : [{ kind: 'list', atMs }]
    case 'ended':
      return []
    default:
      return phase satisfies never
  }
}

/** The state after what one step brought. */
export function recordStep(
  state: StartState,
  plan: ImportPlan,
  limits: Limits,
  step: StartResult,
  span: Span,
): StartState {
  if (state.end !== undefined) return state
  // A create request that was cut by a signal may have been received.
  if (step.result.kind === 'cancelled') return step.kind === 'create' ? { ...state, wasSent: true } : state
  const at = { plan, limits, span }
  switch (step.kind) {
    case 'list':
      return state.phase === 'search' ? afterReading(state, step.result, at) : afterList(state, step.result, at)
    case 'ask-run-start':
      return afterRunStart(state, step.result, at)
    case 'describe':
      return decided(afterDescription(state, step.jobId, step.result, at), at)
    case 'ask-job-start':
      return decided(afterJobStart(state, step.jobId, step.result, at), at)
    case 'create':
      return afterCreate(state, step.result, at)
    default:
      return step satisfies never
  }
}

/** The start without a time in which the process did not run: neither the search nor an outage goes on in it. */
export function startWithoutAbsence(state: StartState, absentMs: number): StartState {
  const { search, candidates } = state
  return {
    ...withoutAbsence(state, absentMs),
    search: search && { ...search, untilMs: search.untilMs + absentMs, isLast: false },
    candidates: candidates.map((one) => withoutAbsence(one, absentMs)),
  }
}

/** How the start ends where time is up before a job is known. */
export function endAtDeadline(state: StartState, nowMs: number): StartEnd {
  const { end, wasSent, search, refusal, outage, candidates } = state
  if (end !== undefined) return end
  const error = search?.error ?? refusal ?? outage?.error
  if (!wasSent) return { kind: 'unreachable', error, outageMs: outage === undefined ? 0 : nowMs - outage.silentSinceMs }
  const why = search !== undefined ? 'lost' : refusal !== undefined ? 'refused' : 'deadline'
  return { kind: 'start-failed', why, jobIds: idsOf(candidates.filter(isPossible)), error }
}

/** What every transition is given. */
interface At {
  readonly plan: ImportPlan
  readonly limits: Limits
  readonly span: Span
}

function ended(state: StartState, end: StartEnd): StartState {
  return { ...state, phase: 'ended', end }
}

function failed(state: StartState, why: StartFailure, error?: ServiceError): StartState {
  return ended(state, { kind: 'start-failed', why, jobIds: idsOf(state.candidates.filter(isPossible)), error })
}

function isPossible({ verdict }: Candidate): boolean {
  return verdict !== 'other'
}

function idsOf(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ jobId }) => jobId)
}

/** A usable response ends an outage. */
function usable(state: StartState, { span }: At): StartState {
  return { ...state, outage: undefined, refusals: undefined, usableAtMs: span.endedAtMs }
}

/** A request without a usable response is repeated, until that has lasted too long. */
function inOutage(state: StartState, error: ServiceError, { limits, span }: At): StartState {
  const outage = prolonged(state.outage, error, span, state.usableAtMs)
  const atMs = span.endedAtMs + pauseInOutageMs(span.endedAtMs - outage.sinceMs)
  const after = { ...state, outage, atMs, refusals: undefined }
  const isOver = isTooLong(outage, maxOutageMs(limits, state.usableAtMs !== undefined))
  return isOver ? ended(after, { kind: 'unreachable', error, outageMs: span.endedAtMs - outage.silentSinceMs }) : after
}

/** A list that comes, but not as a whole. */
const UNSETTLED: ReadonlySet<ServiceErrorKind> = new Set(['unreadable-list', 'partial-list', 'too-many-jobs'])

function afterList(state: StartState, result: Listing, at: At): StartState {
  const { plan, limits, span } = at
  if (result.kind === 'cancelled') return state
  if (result.kind === 'listed') {
    const before = new Set(result.jobs.map(({ jobId }) => jobId))
    const isNeeded = plan.attempt > 1 && before.size > 0
    return { ...usable(state, at), before, phase: isNeeded ? 'run-start' : 'create', atMs: span.endedAtMs }
  }
  const isUnsettled = result.kind === 'outage' && UNSETTLED.has(result.error.kind)
  if (result.kind === 'outage' && !isUnsettled) return inOutage(state, result.error, at)
  // A first attempt needs the list only where the response to its request is lost.
  if (plan.attempt === 1) return { ...state, phase: 'create', atMs: span.endedAtMs }
  const refusals = recordRefusal(state.refusals, result, span)
  if (isUnsettled || isConfirmed(refusals) || limits.timeoutMs === 0) return failed(state, 'no-list', result.error)
  return { ...state, refusals, atMs: refusals === undefined ? span.endedAtMs : nextAttemptAtMs(refusals) }
}

function afterRunStart(state: StartState, result: RunStart, at: At): StartState {
  switch (result.kind) {
    case 'cancelled':
      return state
    case 'outage': {
      const after = inOutage(state, result.error, at)
      return after.end === undefined ? after : failed(state, 'no-run-start', result.error)
    }
    case 'unknown':
      return failed({ ...state, candidates: candidatesOf(state.before ?? [], at) }, 'no-run-start', result.error)
    case 'began': {
      const candidates = candidatesOf(state.before ?? [], at)
      return { ...usable(state, at), phase: 'compare', runBeganMs: result.wallMs, candidates }
    }
    default:
      return result satisfies never
  }
}

function candidatesOf(jobIds: Iterable<string>, { span }: At): readonly Candidate[] {
  return [...jobIds].map((jobId) => ({
    jobId,
    verdict: 'open',
    snapshot: undefined,
    atMs: span.endedAtMs,
    refusals: undefined,
  }))
}

function withCandidate(state: StartState, jobId: string, but: Partial<Candidate>): StartState {
  const candidates = state.candidates.map((one) => (one.jobId === jobId ? { ...one, ...but } : one))
  return { ...state, candidates }
}

function afterDescription(state: StartState, jobId: string, result: PollResult, at: At): StartState {
  const { plan, span } = at
  const candidate = state.candidates.find((one) => one.jobId === jobId)
  if (candidate === undefined) return state
  if (result.kind === 'answered') {
    const verdict = verdictOf(result.snapshot, state, plan)
    const atMs = verdict === 'undated' ? span.endedAtMs : nextReadingMs(state, span)
    return withCandidate(usable(state, at), jobId, { verdict, snapshot: result.snapshot, atMs, refusals: undefined })
  }
  if (result.kind === 'unknown-job') {
    // The record of an ended job expires, and that of a new one may come a moment later than its entry in the list.
    const isNew = state.phase === 'search'
    return withCandidate(usable(state, at), jobId, isNew ? { atMs: state.atMs } : { verdict: 'other' })
  }
  return withoutResponse(state, candidate, result, at)
}

/** An undecided job is described again: in a search with the next reading, else after the same time. */
function nextReadingMs({ phase, atMs }: StartState, { endedAtMs }: Span): number {
  return phase === 'search' ? atMs : endedAtMs + SEARCH_PAUSE_MS
}

function withoutResponse(state: StartState, candidate: Candidate, result: NoResponse, at: At): StartState {
  const { jobId } = candidate
  if (result.kind === 'cancelled') return state
  if (result.kind === 'refused') {
    const refusals = recordRefusal(candidate.refusals, result, at.span)
    const isOver = isConfirmed(refusals)
    const atMs = dueMs(state, nextAttemptAtMs(refusals))
    return withCandidate(state, jobId, { refusals, ...(isOver && { verdict: 'unclear' }), atMs })
  }
  // A search has an end of its own.
  if (state.phase === 'search') return withCandidate(state, jobId, { atMs: state.atMs })
  const after = inOutage(state, result.error, at)
  return withCandidate({ ...after, atMs: state.atMs }, jobId, { atMs: after.atMs, refusals: undefined })
}

function dueMs({ phase, atMs }: StartState, wantedMs: number): number {
  return phase === 'search' ? atMs : wantedMs
}

function afterJobStart(state: StartState, jobId: string, result: JobStart, at: At): StartState {
  const candidate = state.candidates.find((one) => one.jobId === jobId)
  if (candidate?.snapshot === undefined) return state
  if (result.kind !== 'answered') return withoutResponse(state, candidate, result, at)
  const snapshot = { ...candidate.snapshot, createTime: result.startTime ?? '' }
  const verdict = verdictOf(snapshot, state, at.plan, true)
  return withCandidate(usable(state, at), jobId, { verdict, snapshot, atMs: nextReadingMs(state, at.span) })
}

function verdictOf(
  job: JobSnapshot,
  { phase, runBeganMs }: StartState,
  plan: ImportPlan,
  isDated = false,
): Candidate['verdict'] {
  const isOver = hasEnded(job)
  const isNamed = isOver && job.files.length === 0 && namesFile(plan.files, job.reason)
  const names = job.files.map(({ name }) => name)
  const match = isNamed ? 'same' : job.files.length > 0 ? filesMatch(plan.files, names) : undefined
  if (match === 'different' || (match === undefined && isOver)) return 'other'
  if (phase === 'compare' && runBeganMs !== undefined) {
    const age = { phase: job.phase, created: job.createTime, completed: job.completeTime }
    if (!countsSince(runBeganMs, age)) return 'other'
    if (!isAgeKnown(age) && !isDated) return 'undated'
  }
  if (match === undefined) return 'open'
  if (match === 'unclear') return 'unclear'
  return job.phase === 'failed' ? 'ours-failed' : 'ours'
}

/** Whether the jobs that were described decide: those of earlier attempts, or those that a search found. */
function decided(state: StartState, at: At): StartState {
  if (state.end !== undefined) return state
  if (state.phase === 'search') return afterSearch(state)
  return state.phase === 'compare' ? afterComparison(state, at) : state
}

function afterComparison(state: StartState, { span }: At): StartState {
  const { candidates } = state
  const unclear = candidates.filter(({ verdict }) => verdict === 'unclear')
  const [ours, ...others] = candidates.filter(({ verdict }) => verdict === 'ours')
  const isSeen = ({ verdict, snapshot }: Candidate) =>
    verdict !== 'undated' && (verdict !== 'open' || snapshot !== undefined)
  if (candidates.every(isSeen) && unclear.length + others.length > 0) {
    return failed(state, 'ambiguous', unclear[0]?.refusals?.error)
  }
  if (candidates.some(isUndecided)) return state
  if (ours !== undefined) return ended(state, { kind: 'job', jobId: ours.jobId, started: false, how: 'taken-over' })
  const failedEarlier = idsOf(candidates.filter(({ verdict }) => verdict === 'ours-failed'))
  return { ...state, phase: 'create', atMs: span.endedAtMs, candidates: [], failedEarlier }
}

function isUndecided({ verdict }: Candidate): boolean {
  return verdict === 'open' || verdict === 'undated'
}

/** A reading decides once all of its new jobs were described. */
function afterSearch(state: StartState): StartState {
  const { candidates, search, atMs } = state
  if (candidates.some((one) => isUndecided(one) && one.atMs < atMs)) return state
  const [ours, ...others] = candidates.filter(isPossible)
  const isOurs = ours?.verdict === 'ours' || ours?.verdict === 'ours-failed'
  if (ours !== undefined && isOurs && others.length === 0) {
    return ended(state, { kind: 'job', jobId: ours.jobId, started: true, how: 'found' })
  }
  return search?.isLast === true ? failed(state, 'lost', search.error) : state
}

/** The list as it is while a lost import is searched for. */
function afterReading(state: StartState, result: Listing, at: At): StartState {
  const { before, candidates } = state
  const { startedAtMs, endedAtMs } = at.span
  if (state.search === undefined || before === undefined) return state
  const search = { ...state.search, isLast: startedAtMs >= state.search.untilMs - TIME_LEFT_MS }
  const atMs = Math.min(startedAtMs + SEARCH_PAUSE_MS, Math.max(search.untilMs, endedAtMs + 1))
  const next = { ...state, search, atMs: Math.max(atMs, endedAtMs + 1) }
  if (result.kind !== 'listed') return afterSearch(next)
  const known = new Set([...before, ...idsOf(candidates)])
  const added = result.jobs.map(({ jobId }) => jobId).filter((jobId) => !known.has(jobId))
  const again = candidates.map((one) => (isUndecided(one) ? { ...one, atMs: endedAtMs } : one))
  return afterSearch({ ...next, candidates: [...again, ...candidatesOf(added, at)] })
}

function afterCreate(state: StartState, result: CreateResult, at: At): StartState {
  const { limits, span } = at
  const sent = { ...state, wasSent: true }
  switch (result.kind) {
    case 'cancelled':
      return state
    case 'created': {
      const started = state.before?.has(result.jobId) !== true
      const how = started ? 'created' : 'created-earlier'
      return ended(sent, { kind: 'job', jobId: result.jobId, started, how })
    }
    case 'not-sent':
      return inOutage(state, result.error, at)
    case 'not-carried-out':
      return inOutage(sent, result.error, at)
    case 'refused': {
      const isFinal = !result.mayPass || state.refusal !== undefined || limits.timeoutMs === 0
      if (isFinal) return failed(sent, 'refused', result.error)
      return { ...sent, refusal: result.error, atMs: span.endedAtMs + REFUSED_CREATE_PAUSE_MS }
    }
    case 'lost': {
      // Without an earlier list no job is known to be new.
      if (state.before === undefined || limits.timeoutMs === 0) return failed(sent, 'lost', result.error)
      const untilMs = span.endedAtMs + (result.timedOut ? TIMED_OUT_SEARCH_MS : SEARCH_MS)
      const search = { untilMs, error: result.error, isLast: false }
      return { ...sent, phase: 'search', atMs: span.endedAtMs, outage: undefined, refusal: undefined, search }
    }
    default:
      return result satisfies never
  }
}
