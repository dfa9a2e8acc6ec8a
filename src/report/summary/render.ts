import type { Conclusion } from '../../gate/conclusion.ts'
import type { View } from '../../gate/events.ts'
import type { History } from '../../gate/history.ts'
import type { FilePhase, FileProgress, Phase } from '../../gate/job.ts'
import { reasonOf } from '../../gate/job.ts'
import type { Policy } from '../../gate/policy.ts'
import type { RequestSummary } from '../../messages/phrases.ts'
import { requestKinds, first, rangeText, progressOf } from '../../messages/phrases.ts'
import type { Code, HttpsUrl } from '../../messages/codes.ts'
import { collectionsTable } from './collection-table.ts'
import { searchText } from '../../messages/collections.ts'
import { phaseSection } from './phases.ts'
import { failedFileFirst, failedFileOf } from '../../messages/failed-file.ts'
import {
  bytes,
  count,
  counted,
  duration,
  momentOf,
  NOTHING,
  percent,
  shortened,
  unbroken,
  utcTime,
} from '../../messages/format.ts'
import { searchedJobs, headline, serviceReason } from '../../messages/outcomes.ts'
import type { AlertKind, Column, Table } from './markdown.ts'
import { alert, code, joined, link, Markup, markup, prose, tableOf } from './markdown.ts'
import { isIdle, stallHint, watchedMs } from '../../messages/estimates.ts'
import { deedsTo } from '../../messages/two-phase.ts'
import { whatHappened } from '../../messages/service-errors.ts'

/** What the summary tells besides the view. */
export interface SummaryContext {
  /** The README of this version, where the codes are explained. */
  readonly readme?: HttpsUrl | undefined
  /** The service's host, as the user knows it. */
  readonly endpoint?: string | undefined
  /** The wall clock's time. */
  readonly writtenAt: Date
  /** The requests so far, by kind. */
  readonly asked?: readonly RequestSummary[]
}

/** The runner drops a summary of more than 1,048,576 bytes as a whole; masking may still make it longer. */
export const MAX_SUMMARY_BYTES = 1_000_000

/** For the few lines that say what was left out. */
const RESERVED_BYTES = 10_000
/** A longer table starts folded, but for what failed. */
const ROWS_IN_SIGHT = 25
const FAILURES_IN_SIGHT = 10
const NAME_LENGTH = 300
const WORD_LENGTH = 60
const DETAILS_END = markup`</details>\n`

/** How much is told; each step tells less than the one before. */
interface Detail {
  readonly reasonLength: number
  readonly completed: 'listed' | 'counted'
}

const DETAILS: readonly Detail[] = [
  { reasonLength: 4000, completed: 'listed' },
  { reasonLength: 500, completed: 'listed' },
  { reasonLength: 120, completed: 'listed' },
  { reasonLength: 120, completed: 'counted' },
]

/**
 * The job summary as Markdown, at most a million bytes: long reasons give way first, then completed files and jobs, and
 * what failed last of all. Without a conclusion it is the one that a killed step leaves behind.
 */
export function renderSummary(
  view: View,
  conclusion: Conclusion | undefined,
  policy: Policy,
  context: SummaryContext,
): string {
  const head = markup`### Milvus import gate\n\n${headlineBox(view, conclusion, policy, context)}`
  const foot = markup`\n${footer(view, policy, context)}\n`
  const course = phaseSection(view)
  const collections = collectionsTable(view)
  const sizeOfRest = [head, course, collections, foot].reduce((sum, part) => sum + sizeOf(part), 0)
  const space = MAX_SUMMARY_BYTES - RESERVED_BYTES - sizeOfRest
  let body = markup``
  for (const detail of DETAILS) {
    const budget = createBudget(space)
    const jobs = jobsTable(view, detail, budget)
    const files = fileSections(view, conclusion, detail, budget)
    // Where something failed, which file it was is what matters; else where the time went.
    body = joined(view.jobs.some(hasFailed) ? [jobs, files, course] : [jobs, collections, course, files])
    if (!budget.isSpent()) break
  }
  return joined([head, body, foot]).source
}

function headlineBox(
  view: View,
  conclusion: Conclusion | undefined,
  policy: Policy,
  { readme }: SummaryContext,
): Markup {
  if (conclusion === undefined) {
    const rest = view.jobs.filter(isIdle).flatMap((job) => stallHint(job) ?? [])[0]
    return alert('NOTE', [
      markup`<b>${waitingFor(view)}</b>`,
      ...(rest === undefined ? [] : [markup`${rest}`]),
      markup`If the step has ended without another word, it was killed: this is the last it saw${whatGoesOn(view)}.`,
    ])
  }
  const told = headline(conclusion, view, policy)
  const { next, points = [] } = told
  const more = told.link === undefined ? markup`` : markup` ${link(told.link, 'More about this')}`
  const reason = serviceReason(conclusion, view)
  return alert(alertKind(conclusion), [
    markup`<b>${told.sentence}</b>${codeBadge(told.code, readme)}`,
    ...(points.length === 0 ? [] : [markup`<ul>${joined(points.map((point) => markup`<li>${point}</li>`))}</ul>`]),
    ...(reason === undefined ? [] : [markup`Reason: ${code(reason)}`]),
    ...(next === undefined ? [] : [markup`${prose(next)}${more}`]),
  ])
}

/** Behind the sentence, and never broken into two lines; it leads to its explanation. */
function codeBadge(name: Code | undefined, readme: HttpsUrl | undefined): Markup {
  if (name === undefined) return markup``
  const badge = markup`<kbd>${name}</kbd>`
  return markup` ${readme === undefined ? badge : link(`${readme}#${name.toLowerCase()}`, badge)}`
}

function whatGoesOn({ jobs, collections }: View): string {
  if (collections.length > 0) return ', and indexing and loading go on at the service'
  return jobs.length === 0 ? '' : `, and the import${jobs.length === 1 ? ' goes' : 's go'} on at the service`
}

function waitingFor(view: View): string {
  if (view.collections.length > 0) return `Imported, and still waiting for a search: ${searchText(view)}.`
  const [job, ...others] = view.jobs
  if (job === undefined && view.discovery !== undefined) return `Still searching for ${searchedJobs(view)}.`
  return job !== undefined && others.length === 0
    ? `Still waiting for import job ${job.jobId}, which is at ${progressOf(job)}.`
    : `Still waiting for ${counted(view.jobs.length, 'import job')}.`
}

function alertKind({ kind, passes }: Conclusion): AlertKind {
  if (kind === 'completed') return 'TIP'
  return passes ? 'WARNING' : 'CAUTION'
}

function footer(view: View, policy: Policy, { endpoint, writtenAt, asked = [] }: SummaryContext): Markup {
  const polls = view.jobs.reduce((sum, job) => sum + job.polls, 0)
  const at = endpoint === undefined ? '' : markup` at ${code(endpoint)}`
  const waited =
    view.jobs.length > 0
      ? markup`Waited ${duration(view.nowMs - view.startedAtMs)} of at most ${duration(policy.timeoutMs)} for ${goal(view, policy)}, with ${counted(polls, 'poll')}${at}. `
      : view.discovery === undefined
        ? markup``
        : markup`Polled for the import jobs of ${code(view.discovery.collectionName)}${at}. `
  const requests = asked.length === 0 ? markup`` : markup`Asked ${requestKinds(asked).join(', ')}. `
  return markup`<sub>${waited}${requests}Written ${new Markup(utcTime(writtenAt.toISOString()))} UTC.</sub>`
}

function goal(view: View, policy: Policy): Markup {
  const { expectedRows, expectedCollection, expectedCollectionRows, onUncommitted, waitFor } = policy
  const into = expectedCollection === undefined ? markup`` : markup` into ${code(expectedCollection)}`
  const end = onUncommitted === 'pass' ? 'Completed or Uncommitted' : 'Completed'
  const inAll = expectedCollectionRows === undefined ? '' : ` among ${rangeText(expectedCollectionRows)} in all`
  const search = waitFor === 'searchable' ? `, and to be found by a search${inAll}` : ''
  return markup`${counted(view.jobs.length, 'import job')}${into} to be ${end} with ${rangeText(expectedRows)}${search}`
}

function jobsTable(view: View, detail: Detail, budget: Budget): Markup {
  if (view.jobs.length === 0) return markup``
  const columns: readonly Column<History>[] = [
    { title: 'Job', cell: ({ jobId }) => code(shortened(jobId, NAME_LENGTH)) },
    { title: 'Collection', cell: ({ latest }) => optionalCode(latest?.collectionName) },
    { title: 'State', cell: jobState },
    {
      title: 'Progress',
      align: 'right',
      cell: ({ latest, progress }) => (latest === undefined ? '' : unbroken(percent(progress))),
    },
    {
      title: 'Rows',
      align: 'right',
      cell: ({ importedRows, totalRows }) => unbroken(rowsCell(importedRows, totalRows)),
    },
    { title: 'Size', align: 'right', cell: ({ latest }) => unbroken(sizeCell(latest?.sizeBytes)) },
    { title: 'Files', align: 'right', cell: ({ latest }) => unbroken(filesCell(latest?.files ?? [])) },
    { title: 'Took', align: 'right', cell: (job) => unbroken(tookCell(job, view)) },
  ]
  const list = { rows: byUrgency(view.jobs, jobPhase), columns, noun: 'job', phaseOf: jobPhase }
  return markup`\n${longTable(list, detail, budget)}`
}

/** What the service says file by file, for every job that has something to say. */
function fileSections(view: View, conclusion: Conclusion | undefined, detail: Detail, budget: Budget): Markup {
  const [only, ...others] = view.jobs
  if (only !== undefined && others.length === 0) {
    const files = only.latest?.files ?? []
    if (files.length === 0) return markup``
    const told = conclusion && serviceReason(conclusion, view)
    return markup`\n${filesTable(files, told, detail, budget)}`
  }
  const told = conclusion?.kind === 'failed' ? first(view, conclusion.jobs) : undefined
  const worthASection = byUrgency(view.jobs, jobPhase).filter(
    (job) => hasDetails(job, job === told) && (detail.completed === 'listed' || jobPhase(job) !== 'completed'),
  )
  const failures = worthASection.filter((job) => jobPhase(job) === 'failed').length
  const inSight = worthASection.length <= ROWS_IN_SIGHT ? worthASection.length : Math.min(failures, FAILURES_IN_SIGHT)
  const sections = worthASection.map((job) => fileSection(job, job === told, detail, budget))
  const folded = joined(sections.slice(inSight).flatMap((section) => section ?? []))
  const missing = sections.filter((section) => section === undefined).length
  return joined([
    markup`\n`,
    ...sections.slice(0, inSight).flatMap((section) => section ?? []),
    ...(folded.source === ''
      ? []
      : [
          markup`<details>\n<summary>Files of ${counted(worthASection.length - inSight, 'more job')}</summary>\n${folded}${DETAILS_END}`,
        ]),
    ...(missing === 0 ? [] : [markup`<p>The files of ${counted(missing, 'more job')} are in the report file.</p>\n`]),
  ])
}

function fileSection(
  job: History,
  /** Its reason stands in the headline already. */
  isTold: boolean,
  detail: Detail,
  budget: Budget,
): Markup | undefined {
  const files = job.latest?.files ?? []
  const reason = job.latest?.phase === 'failed' ? reasonOf(job.latest) : undefined
  const error = job.refusals?.error ?? job.outage?.error ?? job.unknown?.error
  const open = new Markup(jobPhase(job) === 'failed' ? ' open' : '')
  const start = joined([
    markup`<details${open}>\n<summary>Job ${code(shortened(job.jobId, NAME_LENGTH))}: ${files.length === 0 ? 'no files listed' : counted(files.length, 'file')}</summary>\n`,
    ...(reason === undefined || isTold
      ? []
      : [markup`<p>Reason: ${code(shortened(reason, detail.reasonLength))}</p>\n`]),
    ...(error === undefined ? [] : [markup`<p>${shortened(whatHappened(error), detail.reasonLength)}</p>\n`]),
  ])
  if (!budget.take(start, DETAILS_END)) return undefined
  return joined([start, ...(files.length === 0 ? [] : [filesTable(files, reason, detail, budget)]), DETAILS_END])
}

function filesTable(
  files: readonly FileProgress[],
  /** Already told above the table. */
  toldReason: string | undefined,
  detail: Detail,
  budget: Budget,
): Markup {
  const culprit = failedFileOf(files, toldReason)
  const isOneOfMany = files.filter(({ phase }) => phase === 'failed').length > 1
  const reasonCell = ({ name, reason }: FileProgress) => {
    if (reason !== undefined && reason !== toldReason) return code(shortened(reason, detail.reasonLength))
    return isOneOfMany && name === culprit ? '👈 the reason above is about this one' : ''
  }
  const columns: readonly Column<FileProgress>[] = [
    { title: 'File', cell: ({ name }) => code(shortened(name, NAME_LENGTH)) },
    { title: 'State', cell: ({ phase, label }) => `${FILE_ICONS[phase]} ${label === '' ? phase : word(label)}` },
    { title: 'Progress', align: 'right', cell: ({ progress }) => (progress === undefined ? '' : percent(progress)) },
    { title: 'Rows', align: 'right', cell: ({ importedRows, totalRows }) => rowsCell(importedRows, totalRows) },
    { title: 'Size', align: 'right', cell: ({ sizeBytes }) => sizeCell(sizeBytes) },
    { title: 'Completed at (UTC)', cell: ({ completeTime }) => timeCell(completeTime) },
    { title: 'Reason', cell: reasonCell },
  ]
  const phaseOf = ({ phase }: FileProgress) => phase
  const rows = failedFileFirst(byUrgency(files, phaseOf), culprit)
  return longTable({ rows, columns, noun: 'file', phaseOf }, detail, budget)
}

/** Rows of any number, the most urgent first. */
interface LongList<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly noun: string
  readonly phaseOf: (row: Row) => Phase | FilePhase
}

/** A short list as it is; of a long one what failed, and the rest folded. What the budget refuses is counted in a last row. */
function longTable<Row>({ rows, columns, noun, phaseOf }: LongList<Row>, detail: Detail, budget: Budget): Markup {
  const table = tableOf(columns, rows)
  const isFailure = (row: Row) => phaseOf(row) === 'failed'
  const listed = detail.completed === 'listed' ? rows : rows.filter((row) => phaseOf(row) !== 'completed')
  const isShort = rows.length <= ROWS_IN_SIGHT
  const inSight = isShort ? rows.length : Math.min(listed.filter(isFailure).length, FAILURES_IN_SIGHT)
  const which = `${inSight === 0 ? 'All' : 'The other'} ${counted(rows.length - inSight, noun)}`
  const fold = markup`<details>\n<summary>${which}: ${tally(rows.slice(inSight), phaseOf)}</summary>\n`
  const completed = listed.length === rows.length ? [] : [table.note(completedNote(rows.length - listed.length, noun))]
  const tables = [table.head, table.foot, table.head, table.foot]
  const fitting = budget.take(...tables, ...completed, fold, DETAILS_END) ? takeRows(table, listed, budget) : []
  const unlisted = listed.slice(fitting.length)
  const left =
    unlisted.length === 0 ? [] : [table.note(unlistedNote(unlisted.length, unlisted.filter(isFailure).length, noun))]
  const tableWith = (body: readonly Markup[]) =>
    body.length === 0 ? markup`` : joined([table.head, ...body, table.foot])
  if (isShort) return tableWith([...fitting, ...left, ...completed])
  return joined([
    tableWith(fitting.slice(0, inSight)),
    fold,
    tableWith([...fitting.slice(inSight), ...left, ...completed]),
    DETAILS_END,
  ])
}

function unlistedNote(amount: number, failures: number, noun: string): Markup {
  const failed = failures === 0 ? '' : `, ${count(failures)} of them failed`
  return markup`… and ${counted(amount, `more ${noun}`)}${failed}: see the report file`
}

function completedNote(amount: number, noun: string): Markup {
  return markup`${FILE_ICONS.completed} ${counted(amount, `completed ${noun}`)}: see the report file`
}

function takeRows<Row>(table: Table<Row>, rows: readonly Row[], budget: Budget): readonly Markup[] {
  const fitting: Markup[] = []
  for (const row of rows) {
    const rendered = table.row(row)
    if (!budget.take(rendered)) break
    fitting.push(rendered)
  }
  return fitting
}

function tally<Row>(rows: readonly Row[], phaseOf: (row: Row) => Phase | FilePhase): string {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(phaseOf(row), (counts.get(phaseOf(row)) ?? 0) + 1)
  return [...counts].map(([phase, amount]) => `${count(amount)} ${phase}`).join(', ')
}

const URGENCY: Readonly<Record<Phase | FilePhase, number>> = {
  failed: 0,
  unknown: 1,
  uncommitted: 2,
  committing: 2,
  importing: 3,
  running: 3,
  pending: 4,
  completed: 5,
}

function byUrgency<Row>(rows: readonly Row[], phaseOf: (row: Row) => Phase | FilePhase): readonly Row[] {
  return rows.toSorted((a, b) => URGENCY[phaseOf(a)] - URGENCY[phaseOf(b)])
}

/** A job that the service refuses or has forgotten is as urgent as a failed one. */
function jobPhase({ latest, refusals, unknown }: History): Phase {
  if (refusals !== undefined || unknown !== undefined) return 'failed'
  return latest?.phase ?? 'unknown'
}

function hasFailed(job: History): boolean {
  return jobPhase(job) === 'failed' || job.latest?.files.some(({ phase }) => phase === 'failed') === true
}

function hasDetails(job: History, isTold: boolean): boolean {
  if ((job.latest?.files.length ?? 0) > 0 || job.outage !== undefined) return true
  return jobPhase(job) === 'failed' && !isTold
}

const JOB_ICONS: Readonly<Record<Phase, string>> = {
  pending: '🕒',
  importing: '⏳',
  uncommitted: '⏸️',
  committing: '⏳',
  completed: '✅',
  failed: '❌',
  unknown: '❔',
}

const FILE_ICONS: Readonly<Record<FilePhase, string>> = {
  pending: '🕒',
  running: '⏳',
  completed: '✅',
  failed: '❌',
  unknown: '❔',
}

function jobState(job: History): string {
  const { latest, refusals, unknown } = job
  if (refusals !== undefined) return '⛔ refused'
  if (unknown !== undefined) return latest === undefined ? '❓ not found' : `❓ gone, was ${word(latest.label)}`
  if (latest === undefined) return '❔ Unknown'
  return `${JOB_ICONS[latest.phase]} ${[word(latest.label), ...deedsTo(job)].join(', ')}`
}

function word(text: string): string {
  return shortened(text, WORD_LENGTH)
}

function optionalCode(text: string | undefined): string | Markup {
  return text === undefined ? '' : code(shortened(text, NAME_LENGTH))
}

function rowsCell(importedRows: number | undefined, totalRows: number | undefined): string {
  if (importedRows === undefined && totalRows === undefined) return ''
  const imported = importedRows === undefined ? NOTHING : count(importedRows)
  return totalRows === undefined || totalRows === 0 ? imported : `${imported} of ${count(totalRows)}`
}

function timeCell(time: string | undefined): string | Markup {
  if (time === undefined) return ''
  // Digits and signs of our own: to escape them would double the size of a long table.
  return momentOf(time) === undefined ? word(time) : new Markup(utcTime(time))
}

function sizeCell(sizeBytes: number | undefined): string {
  // The service says 0 before the import phase.
  return sizeBytes === undefined || sizeBytes === 0 ? '' : bytes(sizeBytes)
}

function filesCell(files: readonly FileProgress[]): string {
  if (files.length === 0) return ''
  const failed = files.filter(({ phase }) => phase === 'failed').length
  return failed === 0 ? count(files.length) : `${count(failed)} of ${count(files.length)} failed`
}

/** By the service's own clock where it says both ends; else at least as long as the gate watched. */
function tookCell(job: History, view: View): string {
  const { latest } = job
  const createdMs = latest?.createTime === undefined ? undefined : momentOf(latest.createTime)
  const completedMs = latest?.completeTime === undefined ? undefined : momentOf(latest.completeTime)
  if (createdMs !== undefined && completedMs !== undefined && completedMs >= createdMs) {
    return duration(completedMs - createdMs)
  }
  const seenMs = watchedMs(job, view.nowMs)
  return seenMs < 1000 ? '' : `≥ ${duration(seenMs)}`
}

/** Bytes left to spend. What comes after the first refusal is refused too, so that nothing overtakes what is more urgent. */
interface Budget {
  take(...pieces: readonly Markup[]): boolean
  isSpent(): boolean
}

function createBudget(sizeBytes: number): Budget {
  let left = sizeBytes
  return {
    take: (...pieces) => {
      left -= sizeOf(joined(pieces))
      return left >= 0
    },
    isSpent: () => left < 0,
  }
}

function sizeOf({ source }: Markup): number {
  return Buffer.byteLength(source)
}
