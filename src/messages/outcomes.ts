import type { Conclusion, ConclusionKind, Mistake } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import { isAborted, isCommitInDoubt } from '../gate/commit-state.ts'
import { rowCount } from '../gate/conclude.ts'
import type { History } from '../gate/history.ts'
import type { FileProgress } from '../gate/job.ts'
import { reasonOf } from '../gate/job.ts'
import type { Policy } from '../gate/policy.ts'
import { codeOf, linkOf } from './codes.ts'
import type { Code, HttpsUrl } from './codes.ts'
import {
  collectionRowsNotMet,
  notReady,
  searchableText,
  searchCancelled,
  searchTimedOut,
  stalledCollections,
} from './collections.ts'
import { failedFileOf } from './failed-file.ts'
import { matchFailure, whatFailed } from './failure-patterns.ts'
import { count, counted, duration, percent, shortened, utcTime } from './format.ts'
import { isIdle, stallHint, stageNow } from './estimates.ts'
import {
  allJobs,
  collectionsOf,
  first,
  jobName,
  lowerFirst,
  MAX_NAME_LENGTH,
  rangeText,
  subjectOf,
  waitAgain,
  progressOf,
  MOST_NAMED,
  searchedCollection,
} from './phrases.ts'
import type { Message } from './phrases.ts'
import { areAborted, COMMIT, partlyCommitted, uncommitted, withoutAborted, withWhatIsLeft } from './two-phase.ts'
import { nextStepFor, whatHappened } from './service-errors.ts'
import { createdAtMs } from '../gate/discovery.ts'
import type { Discovery } from '../gate/discovery.ts'

/** How the gate ended, in plain sentences of one line each, and where the README explains it. */
export interface Headline extends Message {
  /** Where the README explains it; none for a completed import. */
  readonly code?: Code
  /** Where somebody else explains more of it. */
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

/** What happened and what to do next: the words that log, summary, annotation and the output `reason` share. */
export function headline(conclusion: Conclusion, view: View, policy: Policy): Headline {
  const words = withWhatIsLeft(wordsFor(conclusion, view, policy), conclusion, view)
  const code = words.diagnosis?.code ?? codeOf(conclusion)
  const link = words.diagnosis?.link ?? (code && linkOf(code))
  return { ...words, ...(code !== undefined && { code }), ...(link !== undefined && { link }) }
}

/** The sentence with its code behind it, as everybody who reads text alone should see it. */
export function codedSentence({ sentence, code }: Headline): string {
  return code === undefined ? sentence : `${sentence} (${code})`
}

function wordsFor(conclusion: Conclusion, view: View, policy: Policy): Message {
  switch (conclusion.kind) {
    case 'completed':
      return { sentence: `${allJobs(view)} complete: ${importedIn(view)}${searchableText(view)}.` }
    case 'no-jobs':
      return noJobs(conclusion.passes, view)
    case 'uncommitted':
      return uncommitted(conclusion, view)
    case 'partly-committed':
      return partlyCommitted(conclusion, wordsFor(conclusion.because, view, policy), view)
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
      return {
        sentence: whatHappened(conclusion.error),
        next:
          conclusion.collections === undefined
            ? nextStepFor(conclusion.error)
            : `${nextStepFor(conclusion.error)} ${IMPORT_IS_COMPLETE}`,
      }
    case 'unreachable':
      return (conclusion.outageMs === 0 ? outOfTime(view, policy) : undefined) ?? unreachable(conclusion, view)
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
        sentence: `The gate itself broke: ${conclusion.message}`,
        next: 'This is a bug in the gate, and the import goes on without it. Run the step again with debug logging and report what it says.',
      }
  }
}

/** The output `reason`: the service's own for a failed import, else the gate's sentence; empty for a completed one. */
export function reasonLine(conclusion: Conclusion, view: View, policy: Policy): string {
  if (conclusion.kind === 'completed') return ''
  const { sentence, points = [] } = headline(conclusion, view, policy)
  return serviceReason(conclusion, view) ?? [sentence, ...points].join(' ')
}

/** What the service says about the failure that decided; undefined for any other end and where it says nothing. */
export function serviceReason(conclusion: Conclusion, view: View): string | undefined {
  if (conclusion.kind !== 'failed') return undefined
  const latest = first(view, conclusion.jobs)?.latest
  return latest && reasonOf(latest)
}

/** The annotation that says how the gate ended; none for a completed import. */
export function annotationOf(conclusion: Conclusion, view: View, policy: Policy): Annotation | undefined {
  if (conclusion.kind === 'completed') return undefined
  const told = headline(conclusion, view, policy)
  const { next, points = [], link } = told
  const reason = serviceReason(conclusion, view)
  const paragraphs = [
    codedSentence(told),
    ...points,
    ...(reason === undefined ? [] : [`Reason: ${shortened(reason, MAX_REASON_LENGTH)}`]),
    ...(next === undefined ? [] : [next]),
    ...(link === undefined ? [] : [`More: ${link}`]),
  ]
  return {
    level: conclusion.passes ? 'warning' : 'error',
    title: `Milvus import: ${titleOf(conclusion, view)}`,
    message: shortened(paragraphs.join('\n'), MAX_MESSAGE_LENGTH),
  }
}

function titleOf(conclusion: Conclusion, view: View): string {
  return conclusion.kind === 'uncommitted' && areAborted(conclusion.jobs, view) ? 'aborted' : TITLES[conclusion.kind]
}

const IMPORT_IS_COMPLETE = 'The import itself is complete.'

const TITLES: Readonly<Record<ConclusionKind, string>> = {
  completed: 'completed',
  'no-jobs': 'no jobs to wait for',
  uncommitted: 'waits for a commit',
  'partly-committed': 'only partly committed',
  failed: 'failed',
  'wrong-collection': 'wrong collection',
  'rows-not-met': 'number of rows not as expected',
  'not-ready': 'not searchable',
  'not-found': 'job not found',
  rejected: 'request refused',
  unreachable: 'service gives no answer',
  stalled: 'stalled',
  'timed-out': 'not done in time',
  cancelled: 'gate was stopped',
  'invalid-input': 'inputs are not right',
  'internal-error': 'the gate broke',
}

function failed(conclusion: Extract<Conclusion, { kind: 'failed' }>, view: View): Message {
  const { subject } = subjectOf(view, conclusion.jobs)
  const job = first(view, conclusion.jobs)
  const files = job?.latest?.files ?? []
  const reason = serviceReason(conclusion, view)
  const diagnosis = matchFailure(reason)
  const at = conclusion.jobs.length === 1 && job !== undefined && job.progress > 0 ? ` at ${percent(job.progress)}` : ''
  const file = failedFileOf(files, reason)
  const what =
    conclusion.jobs.length === 1
      ? whatFailed(diagnosis, file === undefined ? undefined : shortened(file, MAX_NAME_LENGTH))
      : undefined
  const which = what ?? failedFilesText(files, reason)
  const isRiddle = diagnosis.what === undefined && diagnosis.file === undefined && files.length === 0
  return {
    sentence: `${subject} failed${at}${which === undefined ? '' : `: ${which}`}.`,
    next: [
      diagnosis.advice,
      ...(isRiddle
        ? [
            'It failed before the import phase, so the service lists no files: if one is to blame, only the reason names it.',
          ]
        : []),
      'Then start a new import: a failed job never goes on.',
    ].join(' '),
    diagnosis,
  }
}

/** Which files failed: the service's list says how many, and the reason at best which one. */
function failedFilesText(files: readonly FileProgress[], reason: string | undefined): string | undefined {
  const failures = files.filter(({ phase }) => phase === 'failed')
  const culprit = failedFileOf(files, reason)
  const name = shortened(culprit ?? failures[0]?.name ?? '', MAX_NAME_LENGTH)
  if (name === '') return undefined
  if (failures.length === 0 || files.length === 1) return `file ${name}`
  if (failures.length === 1) return `1 of ${counted(files.length, 'file')} failed, ${name}`
  const areAll = failures.length === files.length
  const amount = areAll
    ? `all ${counted(files.length, 'file')} are marked as failed`
    : `${count(failures.length)} of ${counted(files.length, 'file')} failed`
  if (culprit !== undefined) return `${amount}, and the reason is about ${name}`
  return areAll
    ? `${amount}, from ${name} on, and the service does not say which one is to blame`
    : `${amount}, the first is ${name}`
}

function wrongCollection({ jobs, expected }: Extract<Conclusion, { kind: 'wrong-collection' }>, view: View): Message {
  const { subject } = subjectOf(view, jobs.slice(0, 1))
  const actual = first(view, jobs)?.latest?.collectionName ?? 'another one'
  const others =
    jobs.length > 1
      ? `, and ${counted(jobs.length - 1, 'other job')} ${jobs.length === 2 ? 'does' : 'do'} not match either`
      : ''
  return {
    sentence: `${subject} belongs to collection ${shortened(actual, MAX_NAME_LENGTH)}, not to ${expected}${others}.`,
    next: 'Correct `job-id` or `collection-name`: an import into another collection must not open this gate.',
  }
}

function rowsNotMet({ expected, imported }: Extract<Conclusion, { kind: 'rows-not-met' }>, view: View): Message {
  if (imported === undefined || (expected !== undefined && !rowCount(view.jobs).complete)) {
    return {
      sentence: `${allJobs(view)} through, but the service does not say of every job how many rows it imported, and expected-rows asks for ${rangeText(expected)}.`,
      next: 'Leave `expected-rows` empty for this service, or count the rows of the collection in a step of your own.',
    }
  }
  const demand =
    expected === undefined
      ? 'and an import without rows does not pass'
      : `but expected-rows asks for ${rangeText(expected)}`
  const isStaged = view.jobs.some(({ latest }) => latest?.phase === 'uncommitted')
  const sentence = `${allJobs(view)} ${isStaged ? 'ready to be committed' : 'complete'} with ${counted(imported, 'row')}, ${demand}.`
  if (imported === 0) {
    return {
      sentence,
      next: 'The files may be empty, or their rows were filtered out: a file without rows counts as imported. Poll into them; if no rows are fine, set `expected-rows` to ">=0".',
    }
  }
  return imported < (expected?.min ?? 1)
    ? { sentence, next: 'Rows are missing: compare the files with what was exported, or correct `expected-rows`.' }
    : {
        sentence,
        next: 'There are rows too many: a file may be in there twice, since an import does not remove duplicate primary keys. Compare the files with what was exported, or correct `expected-rows`.',
      }
}

function notFound({ jobs, error }: Extract<Conclusion, { kind: 'not-found' }>, view: View): Message {
  const { subject } = subjectOf(view, jobs)
  const job = first(view, jobs)
  if (job?.latest !== undefined) {
    return {
      sentence: `${subject} ${jobs.length === 1 ? 'is' : 'are'} not known to the service any more; last seen ${progressOf(job)}.`,
      next: 'The record has expired, so nobody can say any more how the import ended: a Milvus keeps finished jobs for 3 hours unless it is told otherwise (dataCoord.import.taskRetention). Check the collection itself, and let the gate start right after the import.',
    }
  }
  const waitedMs = job?.unknown === undefined ? 0 : (job.polledAtMs ?? 0) - job.unknown.sinceMs
  const answer = whatHappened(error) === '' ? '' : ` ${whatHappened(error)}`
  const stillUnknown = waitedMs >= 1000 ? `, also after ${duration(waitedMs)}` : ''
  if (job?.wasListed === true) {
    return {
      sentence: `The service listed ${lowerFirst(subject)}, but does not know ${jobs.length === 1 ? 'it' : 'them'} when asked${stillUnknown}.${answer}`,
      next: 'The record may have expired in between, so nobody can say how the import ended. Check the collection itself, then run this step again: a job that is forgotten is not listed any more.',
    }
  }
  return {
    sentence: `The service does not know ${lowerFirst(subject)}${stillUnknown}.${answer}`,
    next: 'Check that `job-id` is whole and quoted, and that `endpoint`, `cluster-id` and `db-name` are those the import was started with. A job that finished long ago is forgotten too: a Milvus keeps finished jobs for 3 hours unless it is told otherwise.',
  }
}

function unreachable(
  { jobs, collections, error, outageMs }: Extract<Conclusion, { kind: 'unreachable' }>,
  view: View,
): Message {
  const { subject } = collections === undefined ? subjectOf(view, jobs) : collectionsOf(view, collections)
  const since = outageMs >= 1000 ? ` for ${duration(outageMs)}` : ''
  const goesOn =
    collections !== undefined
      ? [IMPORT_IS_COMPLETE]
      : first(view, jobs)?.latest === undefined || areAborted(jobs, view)
        ? []
        : ['The import itself may well go on.']
  return {
    sentence: `No usable answer about ${lowerFirst(subject)}${since}${error === undefined ? '.' : `: ${whatHappened(error)}`}`,
    next: [
      (error && nextStepFor(error)) ??
        'Check `endpoint` and the network between this runner and the service, or raise `timeout`.',
      ...goesOn,
    ].join(' '),
  }
}

function stalled({ jobs, collections, idleMs }: Extract<Conclusion, { kind: 'stalled' }>, view: View): Message {
  if (collections !== undefined) return stalledCollections(collections, idleMs, view)
  const { subject } = subjectOf(view, jobs)
  const job = first(view, jobs)
  const rest = job && stallHint(job)
  const advice =
    rest === undefined
      ? 'Poll whether the data nodes are up and have free slots for import tasks.'
      : 'On Zilliz Cloud, whose nodes only its support can poll, ask there.'
  return {
    sentence: `${subject} stood still for ${duration(idleMs)}${job === undefined ? '' : ` at ${progressOf(job)}`}.`,
    ...(rest !== undefined && { points: [rest] }),
    next: [
      ...(areAborted(jobs, view) ? [] : ['The import has not failed and may still move at the service.']),
      advice,
      'To be more patient, raise `stall-timeout`.',
    ].join(' '),
  }
}

function timedOut(
  { passes, jobs, collections }: Extract<Conclusion, { kind: 'timed-out' }>,
  view: View,
  policy: Policy,
): Message {
  if (collections !== undefined) return searchTimedOut(collections, passes, view, policy)
  const { subject, is } = subjectOf(view, jobs)
  const job = first(view, jobs)
  const patience =
    policy.timeoutMs === 0 ? 'One poll, no waiting (timeout is 0)' : `Time is up after ${duration(policy.timeoutMs)}`
  if (areAborted(jobs, view)) {
    const at = jobs.length === 1 && job !== undefined ? ` at ${progressOf(job)}` : ''
    return {
      sentence: `${patience}: ${lowerFirst(subject)} ${jobs.length === 1 ? 'was' : 'were'} aborted${at}, as abort-uncommitted asks.`,
      ...whereItRests(job),
      next: `The rows are given up. To have them, import once more${policy.timeoutMs === 0 ? '' : ', and raise `timeout`'}.`,
    }
  }
  const left = withoutAborted(jobs, view)
  const stand =
    job === undefined
      ? `${is} not done`
      : jobs.length === 1
        ? `is still at ${progressOf(job)}`
        : `${is} not done, the first is at ${progressOf(job)}`
  return {
    sentence: `${patience}: ${lowerFirst(subject)} ${stand}${passes ? '; the step passes, as on-timeout asks' : ''}.`,
    ...whereItRests(job),
    next: passes
      ? `${IMPORT_GOES_ON}: what follows must not rely on its rows.`
      : [...whatIsLeft(first(view, left), view, policy), afterTimeout(left.length < jobs.length, view)].join(' '),
  }
}

function afterTimeout(areSomeAborted: boolean, view: View): string {
  return areSomeAborted
    ? 'Raise `timeout`, and import once more what was aborted.'
    : `Raise \`timeout\`, or ${waitAgain(view)}`
}

/** Where a job has stood still for long, that belongs to any end that leaves it there. */
function whereItRests(job: History | undefined): Pick<Message, 'points'> {
  const rest = job !== undefined && isIdle(job) ? stallHint(job) : undefined
  return rest === undefined ? {} : { points: [rest] }
}

function whatIsLeft(job: History | undefined, { jobs }: View, { abortUncommitted }: Policy): readonly string[] {
  const { latest, commit } = job ?? {}
  const isAlone = jobs.length === 1
  if (job !== undefined && (commit?.state === 'done' || latest?.phase === 'committing')) {
    const whose = isAlone ? 'Its commit' : `The commit of ${jobName(job)}`
    const stand = commit?.state === 'done' ? 'was accepted' : 'is under way'
    const abort = abortUncommitted && !jobs.some(isAborted) ? ' Nothing was aborted: it is too late for that.' : ''
    return [`${whose} ${stand}, so that its rows will be seen without further ado.${abort}`]
  }
  if (job !== undefined && latest?.phase === 'uncommitted') {
    const who = isAlone ? 'It' : `Import job ${job.jobId}`
    return isCommitInDoubt(job) ? [] : [`${who} waits for somebody to commit it (${COMMIT}).`]
  }
  return [
    job !== undefined && allRowsAreIn(job)
      ? `${IMPORT_GOES_ON}: all rows are in, and ${afterTheRows(job)}.`
      : `${IMPORT_GOES_ON}.`,
  ]
}

const IMPORT_GOES_ON = 'The import goes on at the service'

function afterTheRows(job: History): string {
  const stage = stageNow(job)?.stage
  if (stage === 'committing') return 'about to become visible'
  return stage === 'indexing'
    ? 'building indexes can take as long again'
    : 'sorting and building indexes can take as long again'
}

function allRowsAreIn({ importedRows = 0, totalRows }: History): boolean {
  return importedRows > 0 && importedRows === totalRows
}

function cancelled(signal: string, view: View): Message {
  if (view.collections.length > 0) return searchCancelled(signal, view)
  const running = view.jobs.filter(({ latest }) => latest?.phase !== 'completed' && latest?.phase !== 'failed')
  const sentence = `The gate was stopped by ${signal}${meanwhile(running, view)}.`
  return running.length > 0 && running.every(isAborted)
    ? { sentence }
    : {
        sentence,
        ...whereItRests(running.find(isIdle)),
        next: `${whatIsToWaitFor(running, view)}, ${waitAgain(view)}`,
      }
}

function whatIsToWaitFor(running: readonly History[], { jobs }: View): string {
  return running.length === 0 && jobs.length > 0
    ? 'Nothing is left to wait for at the service. To have the gate decide'
    : 'The import goes on at the service. To wait for it again'
}

function meanwhile(running: readonly History[], view: View): string {
  const [job] = running
  if (job === undefined) {
    const isSearching = view.jobs.length === 0 && view.discovery !== undefined
    return isSearching ? ` while it was searching for ${searchedJobs(view)}` : ''
  }
  if (view.jobs.length === 1) return ` while ${jobName(job)} was at ${progressOf(job)}`
  return ` while ${count(running.length)} of ${counted(view.jobs.length, 'import job')} ${running.length === 1 ? 'was' : 'were'} not done`
}

function invalidInput(mistakes: readonly Mistake[]): Message {
  return {
    sentence: `${mistakes.length === 1 ? 'One input is' : `${count(mistakes.length)} inputs are`} not right, so the service was not asked.`,
    points: mistakes.map(
      ({ input, got, takes, example }) => `${input}: got ${got}; takes ${takes}; for example ${example}`,
    ),
  }
}

function importedIn(view: View): string {
  const files = view.jobs.reduce((sum, { latest }) => sum + (latest?.files.length ?? 0), 0)
  const { known, complete } = rowCount(view.jobs)
  const collections = new Set(view.jobs.flatMap(({ latest }) => latest?.collectionName ?? []))
  const [collection] = collections
  const rows = known === undefined ? 'rows not told' : `${complete ? '' : 'at least '}${counted(known, 'row')}`
  const from = files === 0 ? '' : ` from ${counted(files, 'file')}`
  const into =
    collections.size > 1
      ? ` in ${count(collections.size)} collections`
      : collection === undefined
        ? ''
        : ` in collection ${shortened(collection, MAX_NAME_LENGTH)}`
  return `${rows}${from}${into}, after ${duration(view.nowMs - view.startedAtMs)}`
}

const MAX_LABEL_LENGTH = 20

/** Of a collection without jobs to wait for: what was polled, what ended lately, and what the list may hide. */
export function noJobs(passes: boolean, view: View): Message {
  const { discovery } = view
  const where = `${searchedCollection(view)}${databaseText(discovery)}`
  const at = discovery?.place === undefined ? '' : ` at ${discovery.place}`
  const since = discovery?.sinceMs === undefined ? '' : `, and none was created since ${moment(discovery.sinceMs)}`
  return {
    sentence: `No import job of ${where} is under way${at}${since}${passes ? '; the step passes, as on-no-jobs asks' : ''}.`,
    points: [endedText(discovery)],
    next: passes
      ? `${HIDDEN} What follows must not rely on rows that this gate has seen.`
      : `Check \`collection-name\`, \`db-name\` and \`endpoint\` or \`cluster-id\`. ${HIDDEN} ${hint(discovery)} If there may be none, set \`on-no-jobs\` to \`pass\`.`,
  }
}

const HIDDEN = 'Jobs that the user of the key may not see are left out of the list without a word.'

/** Of a search that had no time to ask all ended jobs when they were created; undefined where that was not what was missing. */
export function outOfTime(view: View, policy: Policy): Message | undefined {
  const { undated = 0 } = view.discovery ?? {}
  if (undated === 0 || view.jobs.length > 0) return undefined
  return {
    sentence: `Time is up after ${duration(policy.timeoutMs)}: ${searchedCollection(view)}${databaseText(view.discovery)} still has ${counted(undated, 'ended job')} of which nobody knows when ${undated === 1 ? 'it was' : 'they were'} created.`,
    next: 'Raise `timeout`, or name the jobs to wait for with `job-id`. The service is asked about each ended job alone, up to 9 a second.',
  }
}

function hint(discovery: Discovery | undefined): string {
  return discovery?.sinceMs === undefined
    ? 'To count jobs that ended before this step, set `since`, or name the job with `job-id`.'
    : 'To count jobs that were created earlier, set `since` further back, or name the job with `job-id`.'
}

function endedText(discovery: Discovery | undefined): string {
  const { ended = [] } = discovery ?? {}
  if (ended.length === 0) return 'The service lists no other import job of this collection.'
  const told = ended.slice(0, MOST_NAMED)
  // Of an id of Zilliz Cloud nobody knows how old it is.
  const areLatest = told.every(({ jobId }) => createdAtMs(jobId, undefined) !== undefined)
  const which = ended.length <= MOST_NAMED ? ':' : areLatest ? ', the latest are' : ', among them'
  const names = told.map(({ jobId, label }) => `${jobId} (${shortened(label, MAX_LABEL_LENGTH)})`)
  return `It lists ${counted(ended.length, 'job')} that ended before${which} ${names.join(', ')}.`
}

/** Which jobs of a collection are waited for, for the log. */
export function discoveredText(discovery: Discovery): readonly string[] {
  const { collectionName, jobIds, ended } = discovery
  if (jobIds.length === 0) return []
  const past = ended.length === 0 ? '' : `; ${counted(ended.length, 'other job')} ended before`
  return [
    `collection ${collectionName}${databaseText(discovery)} has ${counted(jobIds.length, 'import job')} to wait for${past}`,
    'jobs that appear from now on are not waited for',
  ]
}

/** What is polled for, in the middle of a sentence. */
export function searchedJobs(view: View): string {
  return `the import jobs of ${searchedCollection(view)}${databaseText(view.discovery)}`
}

function databaseText(discovery: Discovery | undefined): string {
  return discovery?.dbName === undefined ? '' : ` in database ${discovery.dbName}`
}

function moment(timeMs: number): string {
  return `${utcTime(new Date(timeMs).toISOString())} UTC`
}
