import type { JobChange, View, WatchEvent } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { FileProgress, ServiceError } from '../gate/job.ts'
import { reasonOf } from '../gate/job.ts'
import type { Policy } from '../gate/policy.ts'
import type { CommitAction } from '../gate/commit-state.ts'
import { NOT_FOUND_GRACE_MS } from '../gate/judge.ts'
import { NOTICES } from './codes.ts'
import { rowsPerSecond, timeLeftMs, isIdle, shortStallHint, stallHint } from './estimates.ts'
import { count, counted, duration, percent, roughDuration, rowRate, shortened } from './format.ts'
import { collectionMessages, collectionStand } from './collections.ts'
import { discoveredText, searchedJobs } from './outcomes.ts'
import { matchFailure } from './failure-patterns.ts'
import { progressOf } from './phrases.ts'
import { deedsTo } from './two-phase.ts'
import { nextStepFor, serviceErrorCode, whatHappened } from './service-errors.ts'

const MAX_JOB_ID_LENGTH = 40
/** With more jobs than this, lines tell how many jobs are in which state. */
const JOBS_TOLD_ONE_BY_ONE = 10
/** So many lines tell how a crowd of jobs gets through one state. */
const CROWD_STEPS = 20
/** Failures of a crowd that are told one by one. */
const FAILURES_TOLD = 10

/** How each job and collection ended; of one job alone the verdict says it. */
export function closingMessages(view: View, toldReason: string | undefined): readonly string[] {
  return [...jobEnds(view, toldReason), ...view.collections.map(collectionStand)]
}

function jobEnds(view: View, toldReason: string | undefined): readonly string[] {
  if (view.jobs.length === 1) return []
  const end = (job: History) => jobEnd(job, toldReason)
  return isCrowd(view) ? [crowd(view), ...view.jobs.filter(isBad).slice(0, FAILURES_TOLD).map(end)] : view.jobs.map(end)
}

/** What is worth a line of the log, one message a line. */
export function progressMessages(event: WatchEvent, policy: Policy): readonly string[] {
  const { view } = event
  switch (event.kind) {
    case 'started':
      return [startMessage(view, policy)]
    case 'polled':
    case 'acted': {
      const job = view.jobs[event.job]
      if (job === undefined) return []
      return event.changes.flatMap((changes) =>
        isCrowd(view) ? crowdMessages(changes, job, view, policy) : newsMessages(changes, job, view, policy),
      )
    }
    case 'searched':
      return event.changes.flatMap((changes) =>
        changes.kind === 'refused-once'
          ? [checkingAgain(changes.error)]
          : changes.kind === 'outage-began'
            ? [
                `no usable answer: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`,
                `${goesOn(view, policy)}${nextStepFor(changes.error)}`,
              ]
            : [`the service answers again, after ${duration(changes.lastedMs)}`],
      )
    case 'discovered':
      return discoveredText(event.discovery)
    case 'read': {
      const collection = view.collections[event.collection]
      return collection === undefined
        ? []
        : event.changes.flatMap((changes) => collectionMessages(changes, collection, goesOn(view, policy)))
    }
    case 'ending':
      return [`the gate does not pass: aborting ${counted(event.jobs.length, 'import job')}, as abort-uncommitted asks`]
    case 'heartbeat':
      if (view.collections.length > 0) return view.collections.map(collectionStand)
      if (view.jobs.length === 0) return ['still searching for the import jobs']
      return isCrowd(view) ? [crowd(view)] : view.jobs.filter(isUnderWay).map((job) => heartbeat(job, view))
    case 'interval-stretched':
      return [
        `poll-interval ${duration(event.askedMs)} is stretched to ${duration(event.effectiveMs)}: at most 10 requests a second over all jobs (${NOTICES.stretchedInterval})`,
      ]
    case 'rows-unknown':
      return [
        `the service does not say how many rows were imported, so nobody checked them; set expected-rows to insist (${NOTICES.rowsUnknown})`,
      ]
    case 'ended':
      return []
  }
}

function startMessage(view: View, policy: Policy): string {
  const [job] = view.jobs
  const jobs =
    job === undefined
      ? searchedJobs(view)
      : view.jobs.length === 1
        ? `import job ${job.jobId}`
        : `${count(view.jobs.length)} import jobs: ${view.jobs
            .slice(0, JOBS_TOLD_ONE_BY_ONE)
            .map(({ jobId }) => jobId)
            .join(', ')}`
  return policy.timeoutMs === 0 ? `one poll ${jobs}` : `waiting up to ${duration(policy.timeoutMs)} for ${jobs}`
}

function newsMessages(changes: JobChange, job: History, view: View, policy: Policy): readonly string[] {
  const name = prefix(job, view)
  switch (changes.kind) {
    case 'state':
      return [`${name}${changes.from === undefined ? '' : `${changes.from} → `}${standing(job, view)}`]
    case 'unknown-state':
      return isFirstWith(view, job, ({ latest }) => latest?.label === changes.label)
        ? [
            `${name}"${changes.label}" is a state this version does not know; it counts as still running (${NOTICES.unknownState})`,
          ]
        : []
    case 'progress':
      return [`${name}${standing(job, view)}`]
    case 'file-failed':
      // A job that fails marks all its files as failed: the details at the end list them.
      return isFailed(job) ? [] : [`${name}${fileFailed(changes.file)}`]
    case 'refused-once':
      return [`${name}${checkingAgain(changes.error)}`]
    case 'outage-began':
      // An outage hits all jobs at once.
      return isFirstWith(view, job, ({ outage }) => outage !== undefined)
        ? [
            `${name}no usable answer: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`,
            `${goesOn(view, policy)}${nextStepFor(changes.error)}`,
          ]
        : []
    case 'outage-ended':
      return view.jobs.every(({ outage }) => outage === undefined)
        ? [`${name}the service answers again, after ${duration(changes.lastedMs)}`]
        : []
    case 'job-unknown':
      return [
        changes.seenBefore
          ? `${name}the service does not know this job any more; a second answer will tell (${NOTICES.jobUnknown})`
          : `${name}the service does not know this job yet; it has ${duration(NOT_FOUND_GRACE_MS)} to show up (${NOTICES.jobUnknown})`,
      ]
    case 'idle':
      return [
        `${name}nothing has moved for ${duration(changes.idleMs)}${quietAdvice(policy)} (${NOTICES.quiet})`,
        ...[stallHint(job) ?? []].flat().map((rest) => `${name}${rest}`),
      ]
    case 'act-done':
      return [`${name}${changes.act === 'commit' ? 'commit accepted' : 'aborted'}`]
    case 'act-refused':
      return [`${name}${REFUSED[changes.act]}: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`]
    case 'act-not-sent':
      return [
        `${name}not aborted: the service asked for a pause, and there is no time to wait for its end (${NOTICES.limited})`,
      ]
    case 'act-in-doubt':
      return [
        `${name}the answer to the ${changes.act} was lost: ${whatHappened(changes.error)} (${serviceErrorCode(changes.error)})`,
        `the job is ${DOUBT[changes.act]}`,
      ]
  }
}

const REFUSED: Readonly<Record<CommitAction, string>> = { commit: 'commit refused', abort: 'not aborted' }

const DOUBT: Readonly<Record<CommitAction, string>> = {
  commit: 'asked about, and committed again if it has not been',
  abort: 'aborted again, while there is time',
}

function goesOn(view: View, policy: Policy): string {
  return view.nowMs - view.startedAtMs < policy.timeoutMs ? 'the gate goes on asking. ' : ''
}

function quietAdvice({ stallTimeoutMs }: Policy): string {
  return stallTimeoutMs === undefined
    ? '; stall-timeout would end the wait'
    : `; the step fails after ${duration(stallTimeoutMs)} of this`
}

/** Of a crowd each failure is told, up to a number, and otherwise how many jobs are in which state, now and then. */
function crowdMessages(changes: JobChange, job: History, view: View, policy: Policy): readonly string[] {
  switch (changes.kind) {
    case 'state': {
      if (changes.phase === 'failed' && countOf(view, isFailed) <= FAILURES_TOLD) {
        return [`${prefix(job, view)}${jobEndText(job)}`]
      }
      const there = countOf(view, ({ latest }) => latest?.label === changes.to)
      return isCrowdStep(view, there) ? [crowd(view)] : []
    }
    case 'progress':
    case 'file-failed':
      return []
    case 'job-unknown':
      return countOf(view, ({ unknown }) => unknown !== undefined) <= FAILURES_TOLD
        ? newsMessages(changes, job, view, policy)
        : []
    case 'idle':
      return isFirstWith(view, job, ({ idleMs }) => idleMs >= changes.idleMs)
        ? newsMessages(changes, job, view, policy)
        : []
    case 'act-done':
      return acts(view, changes.act)
    case 'act-not-sent':
      return isFirstWith(view, job, (other) => other.abort === undefined)
        ? newsMessages(changes, job, view, policy)
        : []
    case 'act-refused':
    case 'act-in-doubt':
      return countOf(view, (other) => (other[changes.act]?.state ?? 'done') !== 'done') <= FAILURES_TOLD
        ? newsMessages(changes, job, view, policy)
        : []
    case 'unknown-state':
    case 'refused-once':
    case 'outage-began':
    case 'outage-ended':
      return newsMessages(changes, job, view, policy)
  }
}

/** One refusal never ends the gate. */
function checkingAgain(error: ServiceError): string {
  return `${whatHappened(error)} Checking again. (${serviceErrorCode(error)})`
}

/** Every twentieth part of the crowd that gets into a state is worth a line. */
function isCrowdStep(view: View, amount: number): boolean {
  return amount % Math.ceil(view.jobs.length / CROWD_STEPS) === 0
}

function acts(view: View, act: CommitAction): readonly string[] {
  const done = countOf(view, (job) => job[act]?.state === 'done')
  if (!isCrowdStep(view, done)) return []
  return [`${count(done)} of ${counted(view.jobs.length, 'job')} ${act === 'commit' ? 'committed' : 'aborted'}`]
}

/** How many of the jobs are in which state. */
export function crowd(view: View): string {
  const states = new Map<string, number>()
  for (const { latest } of view.jobs)
    states.set(latest?.label ?? 'Unknown', (states.get(latest?.label ?? 'Unknown') ?? 0) + 1)
  const mean = view.jobs.reduce((sum, { progress }) => sum + progress, 0) / view.jobs.length
  const parts = [...states]
    .sort(([, a], [, b]) => b - a)
    .map(([label, jobs]) => `${count(jobs)} ${shortened(label, 20)}`)
  return `${counted(view.jobs.length, 'job')}, ${percent(mean)} on average: ${parts.join(', ')}`
}

function heartbeat(job: History, view: View): string {
  const name = prefix(job, view)
  if (job.outage !== undefined) {
    return `${name}still no usable answer, for ${duration(view.nowMs - job.outage.silentSinceMs)}: ${whatHappened(job.outage.error)}`
  }
  if (job.unknown !== undefined) return `${name}still not known to the service`
  if (job.latest === undefined) return `${name}no answer yet`
  const rest = isIdle(job) ? shortStallHint(job) : undefined
  return `${name}still ${standing(job, view)}${rest === undefined ? '' : `; ${rest}`}`
}

/** Where a job stands and how fast it goes, as far as that can be known. */
function standing(job: History, view: View): string {
  const rate = rowsPerSecond(job, view.nowMs)
  const left = timeLeftMs(job, view.nowMs)
  return [
    progressOf(job),
    ...(rate === undefined ? [] : [rowRate(rate)]),
    ...(left === undefined ? [] : [`about ${roughDuration(left)} left`]),
  ].join(', ')
}

function jobEnd(job: History, toldReason: string | undefined): string {
  return `job ${shortened(job.jobId, MAX_JOB_ID_LENGTH)}: ${jobEndText(job, toldReason)}`
}

function jobEndText(job: History, toldReason?: string): string {
  const files = job.latest?.files ?? []
  const failed = files.filter(({ phase }) => phase === 'failed').length
  const reason = job.latest?.phase === 'failed' ? reasonOf(job.latest) : undefined
  return [
    job.latest === undefined ? withoutAnswer(job) : progressOf(job),
    ...deedsTo(job),
    ...(files.length === 0
      ? []
      : [`${counted(files.length, 'file')}${failed === 0 ? '' : `, ${count(failed)} failed`}`]),
    ...(reason === undefined || reason === toldReason ? [] : [reason]),
  ].join(', ')
}

function withoutAnswer({ refusals, unknown }: History): string {
  if (refusals !== undefined) return 'refused'
  return unknown === undefined ? 'no usable answer' : 'not known to the service'
}

function fileFailed({ name, reason }: FileProgress): string {
  return `file failed: ${shortened(name, 60)}${reason === undefined ? '' : `: ${reason}`} (${matchFailure(reason).code})`
}

function prefix(job: History, view: View): string {
  return view.jobs.length === 1 ? '' : `job ${shortened(job.jobId, MAX_JOB_ID_LENGTH)}: `
}

function isCrowd(view: View): boolean {
  return view.jobs.length > JOBS_TOLD_ONE_BY_ONE
}

function isUnderWay({ latest }: History): boolean {
  return latest?.phase !== 'completed' && latest?.phase !== 'failed'
}

function isFailed({ latest }: History): boolean {
  return latest?.phase === 'failed'
}

function isBad(job: History): boolean {
  return isFailed(job) || job.refusals !== undefined || job.unknown !== undefined || job.outage !== undefined
}

function isFirstWith(view: View, job: History, holds: (job: History) => boolean): boolean {
  return view.jobs.every((other) => other.jobId === job.jobId || !holds(other))
}

function countOf(view: View, holds: (job: History) => boolean): number {
  return view.jobs.filter(holds).length
}
