import type { CommitAction } from '../gate/import-service.ts'
import type { JobChange, View, WatchEvent } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { FileProgress, ServiceError } from '../gate/job.ts'
import { reasonOf } from '../gate/job.ts'
import { NOT_FOUND_GRACE_MS } from '../gate/timing.ts'
import type { Policy } from '../gate/policy.ts'
import { NOTICES } from './codes.ts'
import { collectionMessages, collectionState } from './collections.ts'
import { isIdle, rowsPerSecond, shortStallHint, stallHint, timeLeftMs } from './estimates.ts'
import { matchFailure } from './failure-patterns.ts'
import { count, counted, duration, percent, roughDuration, rowRate, shortened } from './format.ts'
import { discoveredText, searchedJobs } from './outcomes.ts'
import { groupBy, named, progressOf } from './phrases.ts'
import { nextStepFor, serviceErrorCode, whatHappened } from './service-errors.ts'
import { importToStart, startedMessage, startMessages, startState } from './start.ts'
import { commitNotes } from './two-phase.ts'

const MAX_JOB_ID_LENGTH = 40
/** Of more jobs than this the log counts how many are in which state. */
const MOST_JOBS_ONE_BY_ONE = 10
/** Further failures of many jobs are counted. */
const MOST_FAILURES = 10

/** A message about one job; messages of several jobs with the same `shared` text become one line with a count. */
interface JobMessage {
  readonly jobId: string
  readonly text: string
  readonly shared?: string
}

type JobEvent = Extract<WatchEvent, { kind: 'polled' | 'acted' }>

/** What is worth a line of the log, one message a line; `events` are of one moment, or of many jobs in one short time. */
export function progressMessages(events: readonly WatchEvent[], policy: Policy): readonly string[] {
  const jobEvents = events.filter(isJobEvent)
  const many = jobEvents.at(-1)?.view.jobs.length ?? 0
  return [
    ...grouped(
      jobEvents.flatMap((event) => jobMessages(event, policy)),
      many > 1,
    ),
    ...events.flatMap((event) => (isJobEvent(event) ? [] : messagesOf(event, policy))),
  ]
}

/** Whether the lines for this event may wait a little for equal ones of other jobs. */
export function mayWait(event: WatchEvent): boolean {
  if (!isJobEvent(event) || !areMany(event.view)) return false
  return event.changes.every((change) => {
    if (change.kind === 'state') return change.phase !== 'failed' || countOf(event.view, isFailed) > MOST_FAILURES
    return change.kind !== 'unknown-state' && change.kind !== 'outage-began' && change.kind !== 'outage-ended'
  })
}

/** How each job and collection ended; of one job alone the verdict says it. */
export function closingMessages(view: View, shownReason: string | undefined): readonly string[] {
  const end = (job: History) => `${prefixOf(job.jobId)}${endText(job, shownReason)}`
  const jobs =
    view.jobs.length === 1
      ? []
      : areMany(view)
        ? [jobCounts(view), ...view.jobs.filter(needsAttention).slice(0, MOST_FAILURES).map(end)]
        : view.jobs.map(end)
  return [...jobs, ...view.collections.map(collectionState)]
}

function isJobEvent(event: WatchEvent): event is JobEvent {
  return event.kind === 'polled' || event.kind === 'acted'
}

/** Equal messages of several jobs as one line, where the first of them stands. */
function grouped(messages: readonly JobMessage[], areSeveral: boolean): readonly string[] {
  const sharing = groupBy(messages, ({ shared }) => shared)
  const seen = new Set<string>()
  return messages.flatMap(({ jobId, text, shared }) => {
    const equal = shared === undefined ? [] : (sharing.get(shared) ?? [])
    if (shared === undefined || equal.length < 2) return [`${areSeveral ? prefixOf(jobId) : ''}${text}`]
    if (seen.has(shared)) return []
    seen.add(shared)
    const jobs = equal.map((message) => shortened(message.jobId, MAX_JOB_ID_LENGTH))
    return [`${count(jobs.length)} jobs${jobs.length > 3 ? '' : ` (${named(jobs)})`}: ${shared}`]
  })
}

function messagesOf(event: Exclude<WatchEvent, JobEvent>, policy: Policy): readonly string[] {
  const { view } = event
  switch (event.kind) {
    case 'started':
      return [startMessage(view, policy)]
    case 'starting':
      return event.changes.flatMap((change) =>
        change.kind === 'outage-began' ? outageMessages(change.error, view, policy) : startMessages(change),
      )
    case 'import-started':
      return startedMessage(event.start)
    case 'searched':
      return event.changes.flatMap((change) => {
        if (change.kind === 'refused-once') return [checkingAgain(change.error)]
        if (change.kind === 'outage-began') return outageMessages(change.error, view, policy)
        return [`the service is responding again after ${duration(change.lastedMs)}`]
      })
    case 'discovered':
      return discoveredText(event.discovery)
    case 'read': {
      const collection = view.collections[event.collection]
      return collection === undefined
        ? []
        : event.changes.flatMap((change) => collectionMessages(change, collection, retries(view, policy)))
    }
    case 'ending':
      return [
        `the gate does not pass: aborting ${counted(event.jobs.length, 'import job')}, because abort-uncommitted is set`,
      ]
    case 'heartbeat':
      if (view.collections.length > 0) return view.collections.map(collectionState)
      if (view.jobs.length === 0 && view.start !== undefined) return [`still ${startState(view.start)}`]
      if (view.jobs.length === 0) return ['still searching for the import jobs']
      return areMany(view) ? [jobCounts(view)] : view.jobs.filter(isRunning).map((job) => heartbeat(job, view))
    case 'interval-stretched':
      return [
        `poll-interval ${duration(event.askedMs)} becomes ${duration(event.effectiveMs)}: at most 10 requests a second over all jobs (${NOTICES.stretchedInterval})`,
      ]
    case 'rows-unknown':
      return [
        `the service does not report how many rows were imported, so the row count was not checked; to require it, set expected-rows (${NOTICES.rowsUnknown})`,
      ]
    case 'ended':
      return []
  }
}

function startMessage(view: View, policy: Policy): string {
  const [job] = view.jobs
  if (view.start !== undefined) {
    return `${importToStart(view.start)}${policy.timeoutMs === 0 ? '' : `; waiting up to ${duration(policy.timeoutMs)} in total`}`
  }
  const ids = view.jobs.slice(0, MOST_JOBS_ONE_BY_ONE).map(({ jobId }) => jobId)
  const more = view.jobs.length > ids.length ? ', …' : ''
  const jobs =
    job === undefined
      ? searchedJobs(view)
      : view.jobs.length === 1
        ? `import job ${job.jobId}`
        : `${count(view.jobs.length)} import jobs: ${ids.join(', ')}${more}`
  return policy.timeoutMs === 0 ? `polling once: ${jobs}` : `waiting up to ${duration(policy.timeoutMs)} for ${jobs}`
}

function jobMessages(event: JobEvent, policy: Policy): readonly JobMessage[] {
  const { view } = event
  const job = view.jobs[event.job]
  if (job === undefined) return []
  const { jobId } = job
  return event.changes.flatMap((change) =>
    change.kind === 'state' || change.kind === 'progress'
      ? movement(change, job, view)
      : sharedTexts(change, job, view, policy).map((text) => ({ jobId, text, shared: text })),
  )
}

/** A new state or more progress, with rows and rate; of many jobs only a new state. */
function movement(
  change: Extract<JobChange, { kind: 'state' | 'progress' }>,
  job: History,
  view: View,
): readonly JobMessage[] {
  const { jobId } = job
  if (change.kind === 'progress') return areMany(view) ? [] : [{ jobId, text: progressAndRate(job, view) }]
  const from = change.from === undefined ? '' : `${change.from} → `
  const shared = `${from}${change.to}`
  if (!areMany(view)) return [{ jobId, text: `${from}${progressAndRate(job, view)}`, shared }]
  const isShown = change.phase === 'failed' && countOf(view, isFailed) <= MOST_FAILURES
  return [isShown ? { jobId, text: endText(job) } : { jobId, text: shared, shared }]
}

/** Whatever else happens to a job: several jobs may share the text. */
function sharedTexts(
  change: Exclude<JobChange, { kind: 'state' | 'progress' }>,
  job: History,
  view: View,
  policy: Policy,
): readonly string[] {
  switch (change.kind) {
    case 'unknown-state':
      return isFirstWith(view, job, ({ latest }) => latest?.label === change.label)
        ? [
            `"${change.label}" is a state that this version does not know; it counts as running (${NOTICES.unknownState})`,
          ]
        : []
    case 'file-failed':
      // A job that fails marks all its files as failed: the details at the end list them.
      return isFailed(job) || areMany(view) ? [] : [fileFailed(change.file)]
    case 'refused-once':
      return [checkingAgain(change.error)]
    case 'outage-began':
      // An outage hits all jobs at once.
      return isFirstWith(view, job, ({ outage }) => outage !== undefined)
        ? outageMessages(change.error, view, policy)
        : []
    case 'outage-ended':
      return view.jobs.every(({ outage }) => outage === undefined)
        ? [`the service is responding again after ${duration(change.lastedMs)}`]
        : []
    case 'job-unknown':
      return [jobUnknown(change.seenBefore, view, policy)]
    case 'idle':
      return [
        `no progress for ${duration(change.idleMs)}${idleAdvice(policy)} (${NOTICES.quiet})`,
        ...[stallHint(job) ?? []].flat(),
      ]
    case 'act-done':
      return [change.act === 'commit' ? 'commit accepted' : 'aborted']
    case 'act-refused':
      return [`${REJECTED[change.act]}: ${whatHappened(change.error)} (${serviceErrorCode(change.error)})`]
    case 'act-not-sent':
      return [`not aborted: the service asked for a pause that is longer than the time left (${NOTICES.limited})`]
    case 'act-in-doubt':
      return [
        `the response to the ${change.act} was lost: ${whatHappened(change.error)} (${serviceErrorCode(change.error)})`,
        IN_DOUBT[change.act],
      ]
  }
}

const REJECTED: Readonly<Record<CommitAction, string>> = { commit: 'commit rejected', abort: 'not aborted' }

const IN_DOUBT: Readonly<Record<CommitAction, string>> = {
  commit: 'the gate polls the job, and commits again if it is still at Uncommitted',
  abort: 'the gate aborts the job again while there is time',
}

function outageMessages(error: ServiceError, view: View, policy: Policy): readonly string[] {
  return [
    `no usable response: ${whatHappened(error)} (${serviceErrorCode(error)})`,
    `${retries(view, policy)}${nextStepFor(error)}`,
  ]
}

/** One refusal never ends the gate. */
function checkingAgain(error: ServiceError): string {
  return `${whatHappened(error)} Checking again. (${serviceErrorCode(error)})`
}

function retries(view: View, policy: Policy): string {
  if (view.nowMs - view.startedAtMs >= policy.timeoutMs) return ''
  return view.start !== undefined && view.jobs.length === 0 ? 'The gate tries again. ' : 'The gate keeps polling. '
}

function jobUnknown(seenBefore: boolean, view: View, { timeoutMs }: Policy): string {
  if (seenBefore) return `the service no longer has a record of the job; polling once more (${NOTICES.jobUnknown})`
  const graceMs = Math.min(NOT_FOUND_GRACE_MS, timeoutMs - (view.nowMs - view.startedAtMs))
  const wait = graceMs < 1000 ? '' : `; waiting ${duration(graceMs)} for it to appear`
  return `the service does not know this job${wait} (${NOTICES.jobUnknown})`
}

function idleAdvice({ stallTimeoutMs }: Policy): string {
  return stallTimeoutMs === undefined
    ? '; to fail on this, set stall-timeout'
    : `; the step fails after ${duration(stallTimeoutMs)} without progress`
}

/** How many of the jobs are in which state. */
export function jobCounts(view: View): string {
  const states = groupBy(view.jobs, ({ latest }) => latest?.label ?? 'Unknown')
  const mean = view.jobs.reduce((sum, { progress }) => sum + progress, 0) / view.jobs.length
  const parts = [...states]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([label, jobs]) => `${count(jobs.length)} ${shortened(label, 20)}`)
  return `${counted(view.jobs.length, 'job')}, ${percent(mean)} on average: ${parts.join(', ')}`
}

function heartbeat(job: History, view: View): string {
  const name = view.jobs.length === 1 ? '' : prefixOf(job.jobId)
  if (job.outage !== undefined) {
    return `${name}still no usable response, for ${duration(view.nowMs - job.outage.sinceMs)}: ${whatHappened(job.outage.error)}`
  }
  if (job.unknown !== undefined) return `${name}still not known to the service`
  if (job.latest === undefined) return `${name}no response yet`
  const hint = isIdle(job) ? shortStallHint(job) : undefined
  return `${name}still ${progressAndRate(job, view)}${hint === undefined ? '' : `; ${hint}`}`
}

/** State, progress, rows, rate and time left, as far as they are known. */
function progressAndRate(job: History, view: View): string {
  const rate = rowsPerSecond(job, view.nowMs)
  const left = timeLeftMs(job, view.nowMs)
  return [
    progressOf(job),
    ...(rate === undefined ? [] : [rowRate(rate)]),
    ...(left === undefined ? [] : [`about ${roughDuration(left)} left`]),
  ].join(', ')
}

function endText(job: History, shownReason?: string): string {
  const files = job.latest?.files ?? []
  const failed = files.filter(({ phase }) => phase === 'failed').length
  const reason = job.latest?.phase === 'failed' ? reasonOf(job.latest) : undefined
  return [
    job.latest === undefined ? withoutResponse(job) : progressOf(job),
    ...commitNotes(job),
    ...(files.length === 0
      ? []
      : [`${counted(files.length, 'file')}${failed === 0 ? '' : `, ${count(failed)} failed`}`]),
    ...(reason === undefined || reason === shownReason ? [] : [reason]),
  ].join(', ')
}

function withoutResponse({ refusals, unknown }: History): string {
  if (refusals !== undefined) return 'rejected'
  return unknown === undefined ? 'no usable response' : 'not known to the service'
}

function fileFailed({ name, reason }: FileProgress): string {
  return `file failed: ${shortened(name, 60)}${reason === undefined ? '' : `: ${reason}`} (${matchFailure(reason).code})`
}

function prefixOf(jobId: string): string {
  return `job ${shortened(jobId, MAX_JOB_ID_LENGTH)}: `
}

function areMany(view: View): boolean {
  return view.jobs.length > MOST_JOBS_ONE_BY_ONE
}

function isRunning({ latest }: History): boolean {
  return latest?.phase !== 'completed' && latest?.phase !== 'failed'
}

function isFailed({ latest }: History): boolean {
  return latest?.phase === 'failed'
}

function needsAttention(job: History): boolean {
  return isFailed(job) || job.refusals !== undefined || job.unknown !== undefined || job.outage !== undefined
}

function isFirstWith(view: View, job: History, holds: (job: History) => boolean): boolean {
  return view.jobs.every((other) => other.jobId === job.jobId || !holds(other))
}

function countOf(view: View, holds: (job: History) => boolean): number {
  return view.jobs.filter(holds).length
}
