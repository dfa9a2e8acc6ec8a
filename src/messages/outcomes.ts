import { isAborted, isCommitInDoubt } from '../gate/commits.ts'
import { rowCount } from '../gate/conclude.ts'
import type { Conclusion, Mistake } from '../gate/conclusion.ts'
import { idTimeMs } from '../gate/discovery.ts'
import type { Discovery } from '../gate/discovery.ts'
import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { FileProgress } from '../gate/job.ts'
import { reasonOf } from '../gate/job.ts'
import type { Policy } from '../gate/policy.ts'
import { codeOf, docsUrl, linkOf } from './codes.ts'
import type { Code, HttpsUrl } from './codes.ts'
import {
  collectionRowsNotMet,
  notReady,
  PASSES,
  searchableText,
  searchCancelled,
  searchTimedOut,
  stalledCollections,
} from './collections.ts'
import { isIdle, stallHint } from './estimates.ts'
import { failedFileOf } from './failed-file.ts'
import { matchFailure, whatFailed } from './failure-patterns.ts'
import { count, counted, duration, percent, shortened, utcTime } from './format.ts'
import {
  allJobs,
  amongAll,
  collectionsOf,
  collectionsText,
  first,
  groupBy,
  jobName,
  lowerFirst,
  MAX_NAME_LENGTH,
  MOST_NAMED,
  progressOf,
  rangeText,
  rangeWords,
  searchedCollection,
  subjectOf,
  named,
  waitAgain,
} from './phrases.ts'
import type { Message } from './phrases.ts'
import { nextStepFor, statusIn, whatHappened } from './service-errors.ts'
import { started, startFailed, startInterrupted, startUnreachable } from './start.ts'
import {
  areAborted,
  COMMIT,
  jobList,
  partlyCommitted,
  uncommitted,
  withoutAborted,
  withWhatIsLeft,
} from './two-phase.ts'

/** How the gate ended, in plain sentences of one line each, and where the docs explain it. */
export interface Headline extends Message {
  /** None for a completed import. */
  readonly code?: Code
  /** A page of another project that explains more. */
  readonly link?: HttpsUrl
}

/** The one annotation of a step. */
export interface Annotation {
  readonly level: 'error' | 'warning'
  readonly title: string
  readonly message: string
}

// The runner cuts a message at 4,096 characters, masking included.
const MAX_MESSAGE_LENGTH = 4000
const MAX_REASON_LENGTH = 2000
const MAX_TITLE_LENGTH = 250
const MAX_STATE_LENGTH = 60

/** What happened and what to do next: the text that log, summary, annotation and the output `reason` share. */
export function headline(conclusion: Conclusion, view: View, policy: Policy): Headline {
  const message = withWhatIsLeft(messageFor(conclusion, view, policy), conclusion, view)
  const code = message.diagnosis?.code ?? codeOf(conclusion)
  const link = message.diagnosis?.link ?? (code && linkOf(code))
  return { ...message, ...(code !== undefined && { code }), ...(link !== undefined && { link }) }
}

/** The sentence with its code behind it, for text without links. */
export function codedSentence({ sentence, code }: Headline): string {
  return code === undefined ? sentence : `${sentence} (${code})`
}

/** Where to read on: the explanation of the code in the docs of this version, then a page of another project. */
export function linksOf({ code, link }: Headline, troubleshooting: HttpsUrl | undefined): readonly HttpsUrl[] {
  const explanation = code === undefined || troubleshooting === undefined ? [] : [docsUrl(troubleshooting, code)]
  return [...explanation, ...(link === undefined ? [] : [link])]
}

function messageFor(conclusion: Conclusion, view: View, policy: Policy): Message {
  switch (conclusion.kind) {
    case 'completed':
      return completed(view)
    case 'started':
      return started(view)
    case 'start-failed':
      return startFailed(conclusion)
    case 'no-jobs':
      return noJobs(conclusion.passes, view)
    case 'uncommitted':
      return uncommitted(conclusion, view)
    case 'partly-committed':
      return partlyCommitted(conclusion, messageFor(conclusion.because, view, policy), view)
    case 'failed':
      return failed(conclusion, view)
    case 'wrong-collection':
      return wrongCollection(conclusion, view)
    case 'rows-not-met':
      return conclusion.of === 'jobs' ? rowsNotMet(conclusion, view) : collectionRowsNotMet(conclusion, view)
    case 'not-ready':
      return notReady(conclusion, view)
    case 'not-found':
      return notFound(conclusion, view)
    case 'rejected':
      return rejected(conclusion)
    case 'unreachable':
      if (view.start !== undefined && view.jobs.length === 0) return startUnreachable(conclusion, view.start)
      return (conclusion.outageMs === 0 ? searchTooSlow(view, policy) : undefined) ?? unreachable(conclusion, view)
    case 'stalled':
      return stalled(conclusion, view)
    case 'timed-out':
      return timedOut(conclusion, view, policy)
    case 'cancelled':
      return cancelled(conclusion.signal, view)
    case 'invalid-input':
      return invalidInput(conclusion.mistakes)
    case 'internal-error':
      return {
        title: 'Internal error of the gate',
        sentence: `Internal error of the gate: ${conclusion.message}`,
        next: 'This is a bug in the gate; it does not affect the import. Run the step again with debug logging and report the output.',
      }
  }
}

/**
 * The output `reason`: the service's own for a failed import, else the gate's sentence, without backticks since the output
 * may be pasted into a shell; empty for an import that is complete.
 */
export function reasonLine(conclusion: Conclusion, view: View, policy: Policy): string {
  if (isPlainSuccess(conclusion)) return ''
  const { sentence, points = [] } = headline(conclusion, view, policy)
  return serviceReason(conclusion, view) ?? [sentence, ...points].join(' ').replaceAll('`', '')
}

/** What the service says about the failure that decided; undefined for any other end and where it says nothing. */
export function serviceReason(conclusion: Conclusion, view: View): string | undefined {
  if (conclusion.kind !== 'failed') return undefined
  const latest = first(view, conclusion.jobs)?.latest
  return latest && reasonOf(latest)
}

/** The annotation that says how the gate ended; none where the import simply completed. */
export function annotationOf(
  conclusion: Conclusion,
  view: View,
  policy: Policy,
  troubleshooting?: HttpsUrl,
): Annotation | undefined {
  if (isPlainSuccess(conclusion)) return undefined
  const message = headline(conclusion, view, policy)
  const { title, next, points = [] } = message
  const reason = serviceReason(conclusion, view)
  const paragraphs = [
    codedSentence(message),
    ...points,
    ...(reason === undefined ? [] : [`Reason from the service: ${shortened(reason, MAX_REASON_LENGTH)}`]),
    ...(next === undefined ? [] : [`What to do: ${next}`]),
    ...linksOf(message, troubleshooting).map((url) => `More: ${url}`),
  ]
  return {
    level: conclusion.passes ? 'warning' : 'error',
    title: shortened(`Milvus Import Gate: ${title}`, MAX_TITLE_LENGTH),
    message: shortened(paragraphs.join('\n'), MAX_MESSAGE_LENGTH),
  }
}

/** The end that was asked for, which needs no warning. */
export function isPlainSuccess({ kind }: Conclusion): boolean {
  return kind === 'completed' || kind === 'started'
}

const IMPORT_IS_COMPLETE = 'The import itself is complete.'

function completed(view: View): Message {
  const { known, complete } = rowCount(view.jobs)
  const files = view.jobs.reduce((sum, { latest }) => sum + (latest?.files.length ?? 0), 0)
  const rows = known === undefined ? undefined : `${complete ? '' : 'at least '}${counted(known, 'row')}`
  const [where, inCollection] = collectionsText(view)
  const search = searchableText(view)
  const subject = view.jobs.length === 1 ? 'Import' : `${count(view.jobs.length)} imports`
  const facts = [...(rows === undefined ? [] : [rows]), ...(where === '' ? [] : [`in ${where}`])].join(' ')
  return {
    title: `${subject} complete${search === '' ? '' : ' and searchable'}${facts === '' ? '' : `: ${facts}`}`,
    sentence: `${allJobs(view)} complete: ${rows ?? 'row count unknown'}${files === 0 ? '' : ` from ${counted(files, 'file')}`}${inCollection}, after ${duration(view.nowMs - view.startedAtMs)}${search}.`,
  }
}

function failed(conclusion: Extract<Conclusion, { kind: 'failed' }>, view: View): Message {
  const { subject } = subjectOf(view, conclusion.jobs)
  const job = first(view, conclusion.jobs)
  const files = job?.latest?.files ?? []
  const reason = serviceReason(conclusion, view)
  const diagnosis = matchFailure(reason)
  const at = conclusion.jobs.length === 1 && job !== undefined && job.progress > 0 ? ` at ${percent(job.progress)}` : ''
  const isWithoutTrace = diagnosis.what === undefined && diagnosis.file === undefined && files.length === 0
  const file = failedFileOf(files, reason)
  const failures = files.filter(({ phase }) => phase === 'failed').length
  const failedFiles = file ?? (failures > 0 ? `${count(failures)} of ${counted(files.length, 'file')}` : undefined)
  const shortName = file === undefined ? undefined : shortened(file, MAX_NAME_LENGTH)
  const what = conclusion.jobs.length === 1 ? whatFailed(diagnosis, shortName) : undefined
  const which = what ?? failedFilesText(files, reason)
  const imports = view.jobs.length === 1 ? 'Import' : amongAll(conclusion.jobs.length, view.jobs.length, 'import')
  const detail = what ?? (failedFiles === undefined ? undefined : shortened(failedFiles, MAX_NAME_LENGTH))
  return {
    title: `${imports} failed${detail === undefined ? '' : `: ${detail}`}`,
    sentence: `${subject} failed${at}${which === undefined ? '' : `: ${which}`}.`,
    next: [
      diagnosis.advice,
      ...(isWithoutTrace
        ? ['The job failed before its import phase, so the service lists no files; only the reason can name one.']
        : []),
      'Then start a new import: a failed job cannot be resumed.',
    ].join(' '),
    diagnosis,
  }
}

/** Which files failed: the service's list says how many, and the reason at best which one caused it. */
function failedFilesText(files: readonly FileProgress[], reason: string | undefined): string | undefined {
  const failures = files.filter(({ phase }) => phase === 'failed')
  const failedFile = failedFileOf(files, reason)
  const name = shortened(failedFile ?? failures[0]?.name ?? '', MAX_NAME_LENGTH)
  if (name === '') return undefined
  if (failures.length === 0 || files.length === 1) return `file ${name}`
  if (failures.length === 1) return `1 of ${counted(files.length, 'file')} failed, ${name}`
  const areAll = failures.length === files.length
  const amount = `${amongAll(failures.length, files.length, 'file').toLowerCase()} ${areAll ? 'are marked as failed' : 'failed'}`
  if (failedFile !== undefined) return `${amount}, and the reason is about ${name}`
  return areAll
    ? `${amount} (the first is ${name}); the service does not say which one caused it`
    : `${amount}, the first is ${name}`
}

function wrongCollection({ jobs, expected }: Extract<Conclusion, { kind: 'wrong-collection' }>, view: View): Message {
  const { subject } = subjectOf(view, jobs.slice(0, 1))
  const actual = first(view, jobs)?.latest?.collectionName
  const others =
    jobs.length > 1
      ? `; ${counted(jobs.length - 1, 'other job')} ${jobs.length === 2 ? 'does' : 'do'} not match either`
      : ''
  if (actual === undefined) {
    return {
      title: `Collection unknown, expected ${expected}`,
      sentence: `The service does not name the collection of ${lowerFirst(subject)}; expected ${expected}${others}.`,
      next: 'Check the job at the service. To wait for the job whatever its collection is, leave `collection-name` empty.',
    }
  }
  const name = shortened(actual, MAX_NAME_LENGTH)
  return {
    title: `Wrong collection: ${name}, not ${expected}`,
    sentence: `${subject} belongs to collection ${name}, not to ${expected}${others}.`,
    next: 'Correct `job-id` or `collection-name`. If one name is an alias or an earlier name of the other, set `collection-name` to the name that the import was started with.',
  }
}

function rowsNotMet({ expected, imported }: Extract<Conclusion, { kind: 'rows-not-met' }>, view: View): Message {
  const demand = `\`expected-rows\` is \`${rangeText(expected)}\``
  if (imported === undefined || (expected !== undefined && !rowCount(view.jobs).complete)) {
    const whose = view.jobs.length === 1 ? 'how many rows it imported' : 'the row count of every job'
    return {
      title: 'Row count unknown',
      sentence: `${allJobs(view)} complete, but the service does not report ${whose}, and ${demand}.`,
      next: 'Leave `expected-rows` empty for this service, or count the rows of the collection in a later step.',
    }
  }
  const isStaged = view.jobs.some(({ latest }) => latest?.phase === 'uncommitted')
  const rows = `${counted(imported, 'row')} ${isStaged ? 'ready to be committed' : 'imported'}`
  const sentence = expected === undefined ? `${rows}. An import without rows does not pass.` : `${rows}, but ${demand}.`
  if (imported === 0) {
    return {
      title: 'No rows imported',
      sentence,
      next: 'The files may be empty, or all rows were filtered out: a file without rows counts as imported. Check the files. If 0 rows are fine, set `expected-rows` to `>=0`.',
    }
  }
  const title = `${rows}, expected ${rangeWords(expected)}`
  return imported < (expected?.min ?? 1)
    ? { title, sentence, next: 'Rows are missing. Compare the files with the export, or correct `expected-rows`.' }
    : {
        title,
        sentence,
        next: 'A file may be imported twice: an import does not remove duplicate primary keys. Compare the files with the export, or correct `expected-rows`.',
      }
}

/** How long a Milvus keeps the record of a job that has ended. */
const RETENTION = 'By default, Milvus keeps finished jobs for 48 hours; before 2.6.24 and 3.0.2, for 3 hours.'
/** A record that was there this shortly before has not expired. */
const SHORTEST_RETENTION_MS = 3_600_000

function notFound({ jobs, error }: Extract<Conclusion, { kind: 'not-found' }>, view: View): Message {
  const { subject } = subjectOf(view, jobs)
  const job = first(view, jobs)
  if (job?.latest !== undefined) return recordLost(job, subject)
  const waitedMs = job?.unknown === undefined ? 0 : (job.polledAtMs ?? 0) - job.unknown.sinceMs
  const response = whatHappened(error) === '' ? '' : ` ${whatHappened(error)}`
  const stillUnknown = waitedMs >= 1000 ? `, even after ${duration(waitedMs)}` : ''
  const title = jobs.length === 1 ? 'Import job not found' : 'Import jobs not found'
  if (job?.wasListed === true) {
    const lists = view.start?.job === undefined ? 'lists' : 'has started'
    return {
      title,
      sentence: `The service ${lists} ${lowerFirst(subject)}, but does not know ${jobs.length === 1 ? 'it' : 'them'} when asked${stillUnknown}.${response}`,
      next: 'The record may have expired in between, so the end of the import is unknown. Check the collection, then re-run this workflow job: an expired job is no longer listed.',
    }
  }
  return {
    title,
    sentence: `The service does not know ${lowerFirst(subject)}${stillUnknown}.${response}`,
    next: `Check that \`job-id\` is complete and quoted, and that \`endpoint\`, \`cluster-id\` and \`db-name\` are those that the import was started with. The record may also have expired. ${RETENTION}`,
  }
}

function recordLost(job: History, subject: string): Message {
  const unseenMs = (job.unknown?.sinceMs ?? job.polledAtMs ?? 0) - (job.answeredAtMs ?? 0)
  const why =
    unseenMs >= SHORTEST_RETENTION_MS
      ? `The record has probably expired. ${RETENTION}`
      : `The record existed ${duration(unseenMs)} earlier, so it has not expired. Check whether the service was reset or restored, and whether \`endpoint\` still leads to the same one.`
  return {
    title: 'The service no longer has a record of the import job',
    sentence: `The service no longer has a record of ${lowerFirst(subject)}; last seen ${progressOf(job)}.`,
    next: `${why} How the import ended is unknown: check the collection.`,
  }
}

function rejected({ error, collections }: Extract<Conclusion, { kind: 'rejected' }>): Message {
  return {
    title: `Request rejected${statusIn(error)}`,
    sentence: whatHappened(error),
    next: collections === undefined ? nextStepFor(error) : `${nextStepFor(error)} ${IMPORT_IS_COMPLETE}`,
  }
}

const WHEN_REACHABLE = 'When the service is reachable, re-run this workflow job; do not start the import again.'

function unreachable(
  { jobs, collections, error, outageMs }: Extract<Conclusion, { kind: 'unreachable' }>,
  view: View,
): Message {
  const { subject } = collections === undefined ? subjectOf(view, jobs) : collectionsOf(view, collections)
  const since = outageMs >= 1000 ? ` for ${duration(outageMs)}` : ''
  const state =
    collections !== undefined
      ? [IMPORT_IS_COMPLETE]
      : [
          ...ongoing(view, () => 'may still be running'),
          ...(view.jobs.some(({ latest }) => latest !== undefined) ? [WHEN_REACHABLE] : []),
        ]
  return {
    title: `No usable response${since}`,
    sentence: `No usable response for ${lowerFirst(subject)}${since}${error === undefined ? '.' : `: ${whatHappened(error)}`}`,
    next: [
      (error && nextStepFor(error)) ??
        'Check `endpoint` and the network between this runner and the service, or raise `timeout`.',
      ...state,
    ].join(' '),
  }
}

function runningIn({ jobs }: View): readonly History[] {
  return jobs.filter((job) => continues(job) && !isAborted(job))
}

/** The imports that went on when they were last seen, as the subject of `verb`; none where all have ended. */
function ongoing(view: View, verb: (isOne: boolean) => string): readonly string[] {
  const running = runningIn(view).length
  if (running === 0) return []
  const subject = view.jobs.length === 1 ? 'The import' : amongAll(running, view.jobs.length, 'import')
  return [`${subject} ${verb(running === 1)}.`]
}

/** The job works on at the service: the last response said so, in a state that this version knows. */
function continues(job: History | undefined): boolean {
  const phase = job?.latest?.phase
  return phase === 'pending' || phase === 'importing' || phase === 'committing'
}

function stalled({ jobs, collections, idleMs }: Extract<Conclusion, { kind: 'stalled' }>, view: View): Message {
  if (collections !== undefined) return stalledCollections(collections, idleMs, view)
  const { subject } = subjectOf(view, jobs)
  const job = first(view, jobs)
  const affected = indexed(jobs, view)
  const unknown = unknownStates(affected, view)
  const hint = job && stallHint(job)
  const at = job === undefined ? '' : ` at ${progressOf(job)}`
  return {
    title: `No progress for ${duration(idleMs)}${job === undefined ? '' : ` at ${percent(job.progress)}`}`,
    sentence: `${subject} made no progress for ${duration(idleMs)}${at}.`,
    ...pointsOn(affected, hint),
    next: [
      ...(areAborted(jobs, view) || unknown.length > 0
        ? unknown
        : [`The import${jobs.length === 1 ? ' has' : 's have'} not failed and may still continue.`]),
      hint === undefined
        ? 'Check whether the data nodes are up and have free slots for import tasks.'
        : 'On Zilliz Cloud, contact its support: its nodes are not visible to you.',
      'To wait longer, raise `stall-timeout`.',
    ].join(' '),
  }
}

/** How the wait ended: `Timed out after 1 h`. */
export function timeoutText({ timeoutMs }: Policy): string {
  return timeoutMs === 0 ? 'Not done at the only poll (`timeout` is `0`)' : `Timed out after ${duration(timeoutMs)}`
}

function timedOut(
  { passes, jobs, collections }: Extract<Conclusion, { kind: 'timed-out' }>,
  view: View,
  policy: Policy,
): Message {
  const timeout = timeoutText(policy)
  if (collections !== undefined) return searchTimedOut(collections, passes, view, policy, timeout)
  const { subject, is } = subjectOf(view, jobs)
  const job = first(view, jobs)
  const isAlone = jobs.length === 1
  if (areAborted(jobs, view)) {
    const at = isAlone && job !== undefined ? ` at ${progressOf(job)}` : ''
    // An import that the step started itself is aborted while it runs, too.
    const areReady = jobs.every((i) => view.jobs[i]?.latest?.phase === 'uncommitted')
    return {
      title: `${timeout.replaceAll('`', '')}: aborted${areReady ? ' at Uncommitted' : ''}`,
      sentence: `${timeout}: ${lowerFirst(subject)} ${isAlone ? 'was' : 'were'} aborted${at}, because \`abort-uncommitted\` is set.`,
      ...pointsOn(indexed(jobs, view), idleHint(job)),
      next: `The rows are discarded. To import them, start a new import${policy.timeoutMs === 0 ? '' : ' with a longer `timeout`'}.`,
    }
  }
  const left = withoutAborted(jobs, view)
  const names = named(indexed(jobs, view).map(({ jobId }) => jobId))
  const state =
    job === undefined
      ? `${lowerFirst(subject)} ${is} not done`
      : isAlone
        ? `${jobName(job)} is at ${progressOf(job)}`
        : `${count(jobs.length)} of ${counted(view.jobs.length, 'import job')} (${names}) are not done. The first is at ${progressOf(job)}`
  return {
    title: `${timeout.replaceAll('`', '')}: ${timedOutTitle(job, jobs.length)}`,
    sentence: `${timeout}: ${state}.`,
    isSaidByTitle: view.jobs.length === 1,
    ...pointsOn(indexed(left, view), idleHint(job)),
    next: [
      ...whatIsLeft(passes ? job : first(view, left), indexed(left, view), view, policy),
      passes ? `${PASSES} Later steps must not rely on the rows.` : afterTimeout(left.length < jobs.length, view),
    ].join(' '),
  }
}

function timedOutTitle(job: History | undefined, jobs: number): string {
  if (jobs !== 1 || job?.latest === undefined) return `${counted(jobs, 'import')} not done`
  if (job.latest.phase === 'unknown') return `unknown state ${shortened(job.latest.label, MAX_STATE_LENGTH)}`
  if (job.latest.phase === 'uncommitted') return 'waiting for a commit'
  return `the import is at ${percent(job.progress)}${continues(job) ? ' and continues' : ''}`
}

function afterTimeout(areSomeAborted: boolean, view: View): string {
  return areSomeAborted
    ? 'Raise `timeout`, and start new imports for the aborted jobs.'
    : `Raise \`timeout\`, or ${waitAgain(view)}`
}

/** Why a job is in a state that this version does not know, in the words of the service, and what may hold up an idle one. */
function pointsOn(jobs: readonly History[], hint: string | undefined): Pick<Message, 'points'> {
  const reasons = [...groupBy(jobs, ({ latest }) => (latest?.phase === 'unknown' ? latest.reason : undefined))].flatMap(
    ([reason, group]) =>
      reason === undefined ? [] : { reason, of: jobs.length === 1 ? '' : ` about ${jobList(group)}` },
  )
  const points = [
    ...reasons
      .slice(0, MOST_NAMED)
      .map(({ reason, of }) => `Reason from the service${of}: ${jobs.length === 1 ? reason : cutReason(reason)}`),
    ...(hint === undefined ? [] : [hint]),
  ]
  return points.length === 0 ? {} : { points }
}

function idleHint(job: History | undefined): string | undefined {
  return job !== undefined && isIdle(job) ? stallHint(job) : undefined
}

/** The reasons of several jobs share one annotation. */
function cutReason(reason: string): string {
  return shortened(reason, MAX_REASON_LENGTH / MOST_NAMED)
}

function isUnknown(job: History): boolean {
  return job.latest?.phase === 'unknown' && !isAborted(job)
}

/** The states that this version does not know, and the jobs in them: whether those continue is unknown as well. */
function unknownStates(jobs: readonly History[], view: View): readonly string[] {
  const states = [...groupBy(jobs.filter(isUnknown), ({ latest }) => shortened(latest?.label ?? '', MAX_STATE_LENGTH))]
  return [
    ...states
      .slice(0, MOST_NAMED)
      .map(
        ([state, group]) =>
          `This version does not know the state ${state}${view.jobs.length === 1 ? '' : ` of ${jobList(group)}`}: check the job${group.length === 1 ? '' : 's'} at the service.`,
      ),
    ...(states.length > MOST_NAMED ? [`${counted(states.length - MOST_NAMED, 'more state')} are unknown.`] : []),
  ]
}

function indexed(indices: readonly number[], { jobs }: View): readonly History[] {
  return indices.flatMap((i) => jobs[i] ?? [])
}

/** What becomes of the jobs after the deadline: of the first, as far as its last state says, and of those in an unknown state. */
function whatIsLeft(job: History | undefined, left: readonly History[], view: View, policy: Policy): readonly string[] {
  const unknown = unknownStates(left, view)
  if (job?.latest === undefined || isUnknown(job)) return unknown
  return [...(fateOf(job, view, policy) ?? (unknown.length === 0 ? continuing(view) : [])), ...unknown]
}

/** What a two-phase job waits for; undefined for a job that works on. */
function fateOf(job: History, view: View, { abortUncommitted }: Policy): readonly string[] | undefined {
  const { latest, commit } = job
  const isAlone = view.jobs.length === 1
  if (commit?.state === 'done' || latest?.phase === 'committing') {
    const whose = isAlone ? 'Its commit' : `The commit of ${jobName(job)}`
    const state = commit?.state === 'done' ? 'was accepted' : 'is in progress'
    const abort =
      abortUncommitted && !view.jobs.some(isAborted) ? ' No job was aborted: a commit cannot be taken back.' : ''
    return [`${whose} ${state}: its rows become visible without another step.${abort}`]
  }
  if (latest?.phase === 'uncommitted') {
    const who = isAlone ? 'It' : `Import job ${job.jobId}`
    return isCommitInDoubt(job) ? [] : [`${who} is waiting for a commit (${COMMIT}).`]
  }
  return undefined
}

function continuing(view: View): readonly string[] {
  const areRowsIn = runningIn(view).every(allRowsAreIn)
  const left = areRowsIn ? ': all rows are in, but sorting, building indexes or the commit is not done yet' : ''
  return ongoing(view, (isOne) => `continue${isOne ? 's' : ''}${left}`)
}

function allRowsAreIn({ importedRows = 0, totalRows }: History): boolean {
  return importedRows > 0 && importedRows === totalRows
}

function cancelled(signal: string, view: View): Message {
  const title = `Stopped by ${signal}`
  if (view.collections.length > 0) return searchCancelled(signal, view)
  if (view.start !== undefined && view.jobs.length === 0) return startInterrupted(title, signal, view.start)
  const running = view.jobs.filter(({ latest }) => latest?.phase !== 'completed' && latest?.phase !== 'failed')
  const sentence = `The gate was stopped by ${signal}${meanwhile(running, view)}.`
  if (running.length > 0 && running.every(isAborted)) return { title, sentence }
  const unknown = unknownStates(running, view)
  const isOver = running.length === 0 && view.jobs.length > 0
  const state = isOver
    ? ['All import jobs have ended.']
    : unknown.length === 0
      ? ongoing(view, (isOne) => `continue${isOne ? 's' : ''}`)
      : unknown
  return {
    title,
    sentence,
    ...pointsOn(running, idleHint(running.find(isIdle))),
    next: [...state, `To ${isOver ? 'get a verdict' : 'wait for it again'}, ${waitAgain(view)}`].join(' '),
  }
}

function meanwhile(running: readonly History[], view: View): string {
  const [job] = running
  if (job === undefined) {
    const isSearching = view.jobs.length === 0 && view.discovery !== undefined
    return isSearching ? ` while it searched for ${searchedJobs(view)}` : ''
  }
  if (view.jobs.length === 1) {
    return job.latest === undefined
      ? ` before the first response about ${jobName(job)}`
      : ` while ${jobName(job)} was at ${progressOf(job)}`
  }
  return ` while ${count(running.length)} of ${counted(view.jobs.length, 'import job')} ${running.length === 1 ? 'was' : 'were'} not done`
}

function invalidInput(mistakes: readonly Mistake[]): Message {
  const title = counted(mistakes.length, 'invalid input')
  return {
    title,
    sentence: `${title}. No request was sent.`,
    points: mistakes.map(
      ({ input, got, takes, example }) => `\`${input}\`: got ${got}; expected ${takes}, for example \`${example}\`.`,
    ),
  }
}

/** Longer state words are shortened. */
const MAX_LABEL_LENGTH = 20

/** Of a collection without jobs to wait for: what was searched for, what ended before, and what the list may leave out. */
function noJobs(passes: boolean, view: View): Message {
  const { discovery } = view
  const where = `${searchedCollection(view)}${databaseText(discovery)}`
  const at = discovery?.place === undefined ? '' : ` at ${discovery.place}`
  const since = discovery?.sinceMs === undefined ? '' : `, and none was created since ${moment(discovery.sinceMs)}`
  return {
    title: `No import jobs to wait for in ${shortened(discovery?.collectionName ?? '', MAX_NAME_LENGTH)}`,
    sentence: `No import job of ${where} is running${at}${since}${passes ? '; the step passes, because `on-no-jobs` is `pass`' : ''}.`,
    points: [endedText(discovery)],
    next: passes
      ? `${HIDDEN} Later steps must not rely on imported rows.`
      : `Check \`collection-name\`, \`db-name\` and \`endpoint\` or \`cluster-id\`. ${HIDDEN} ${hint(discovery)} If it is fine that there are none, set \`on-no-jobs\` to \`pass\`.`,
  }
}

const HIDDEN = 'From Milvus 2.6 on, the list leaves out jobs that the user is not allowed to see.'

/** Of a search that had no time to learn when every ended job was created; undefined where something else was missing. */
function searchTooSlow(view: View, policy: Policy): Message | undefined {
  const { undated = 0 } = view.discovery ?? {}
  if (undated === 0 || view.jobs.length > 0) return undefined
  const timeout = timeoutText(policy)
  return {
    title: `${timeout.replaceAll('`', '')}: still searching for import jobs`,
    sentence: `${timeout}: the creation time of ${counted(undated, 'ended job')} of ${searchedCollection(view)}${databaseText(view.discovery)} is not known yet.`,
    next: 'Raise `timeout`, or name the jobs with `job-id`. The gate asks about each ended job separately, at most 9 a second.',
  }
}

function hint(discovery: Discovery | undefined): string {
  return discovery?.sinceMs === undefined
    ? 'To include jobs that ended before this step, set `since`, or name the job with `job-id`.'
    : 'To include older jobs, set `since` further back, or name the job with `job-id`.'
}

function endedText(discovery: Discovery | undefined): string {
  const { ended = [] } = discovery ?? {}
  if (ended.length === 0) return 'The service lists no other import job of this collection.'
  const shown = ended.slice(0, MOST_NAMED)
  // An id of Zilliz Cloud does not tell its age.
  const areLatest = shown.every(({ jobId }) => idTimeMs(jobId) !== undefined)
  const which = ended.length <= MOST_NAMED ? ':' : areLatest ? '. The latest are' : ', among them'
  const names = shown.map(({ jobId, label }) => `${jobId} (${shortened(label, MAX_LABEL_LENGTH)})`)
  return `The service lists ${counted(ended.length, 'job')} that ended before${which} ${names.join(', ')}.`
}

/** Which jobs of a collection the gate waits for, for the log. */
export function discoveredText(discovery: Discovery): readonly string[] {
  const { collectionName, jobIds, ended, ofUnknownAge, leftOut } = discovery
  if (jobIds.length === 0) return []
  const failures = ended.filter(({ phase }) => phase === 'failed')
  const failed =
    failures.length === 0
      ? ''
      : `, ${count(failures.length)} of them failed (${failures
          .slice(0, MOST_NAMED)
          .map(({ jobId }) => jobId)
          .join(', ')})`
  const past = ended.length === 0 ? '' : `; ${counted(ended.length, 'other job')} ended before${failed}`
  return [
    `collection ${collectionName}${databaseText(discovery)} has ${counted(jobIds.length, 'import job')} to wait for${past}`,
    'the gate does not wait for jobs that start later',
    ...ofUnknownAge
      .map((jobId) => `job ${jobId} counts, since the service does not say when it was created`)
      .slice(0, MOST_NAMED),
    ...(leftOut.length === 0
      ? []
      : [`left out: jobs of ${named(leftOut)}, which may be aliases but could not be compared`]),
  ]
}

/** What a discovery searches for, in the middle of a sentence. */
export function searchedJobs(view: View): string {
  return `the import jobs of ${searchedCollection(view)}${databaseText(view.discovery)}`
}

function databaseText(discovery: Discovery | undefined): string {
  return discovery?.dbName === undefined ? '' : ` in database ${discovery.dbName}`
}

function moment(timeMs: number): string {
  return `${utcTime(new Date(timeMs).toISOString())} UTC`
}
