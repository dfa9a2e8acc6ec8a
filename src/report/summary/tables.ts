import type { Conclusion } from '../../gate/conclusion.ts'
import type { View } from '../../gate/events.ts'
import type { History } from '../../gate/history.ts'
import type { FilePhase, FileProgress, Phase } from '../../gate/job.ts'
import { reasonOf } from '../../gate/job.ts'
import { importDuration } from '../../messages/estimates.ts'
import { failedFileFirst, failedFileOf } from '../../messages/failed-file.ts'
import {
  bytes,
  count,
  counted,
  momentOf,
  percent,
  shortened,
  unbroken,
  UNKNOWN_NUMBER,
  utcTime,
} from '../../messages/format.ts'
import { serviceReason } from '../../messages/outcomes.ts'
import { first, groupBy } from '../../messages/phrases.ts'
import { whatHappened } from '../../messages/service-errors.ts'
import { commitNotes } from '../../messages/two-phase.ts'
import { code, joined, Markup, markup, tableOf } from './markdown.ts'
import type { Column, Table } from './markdown.ts'

/** A longer table starts folded, but for what failed. */
const MOST_UNFOLDED_ROWS = 25
const MOST_UNFOLDED_FAILURES = 10
const NAME_LENGTH = 300
const WORD_LENGTH = 60
const DETAILS_END = markup`</details>\n`

/** How much is shown; each level shows less than the one before. */
interface Detail {
  readonly reasonLength: number
  readonly completed: 'listed' | 'counted'
}

const REASON_LENGTHS = [4000, 500, 120]

/** The levels that differ for these jobs: without long reasons there is no point in cutting them. */
export function detailLevels({ jobs }: View): readonly Detail[] {
  const longest = jobs.reduce((most, { latest }) => {
    const inFiles = latest?.files.reduce((length, { reason = '' }) => Math.max(length, reason.length), 0)
    return Math.max(most, latest?.reason?.length ?? 0, inFiles ?? 0)
  }, 0)
  const cuts = REASON_LENGTHS.filter((_, i) => i === 0 || longest > (REASON_LENGTHS[i] ?? 0))
  const listed = cuts.map((reasonLength) => ({ reasonLength, completed: 'listed' }) as const)
  return [...listed, { reasonLength: Math.min(...REASON_LENGTHS), completed: 'counted' }]
}

/** Bytes left to spend. Everything after the first refusal is refused too, so that the most urgent comes first. */
export interface Budget {
  take(...pieces: readonly Markup[]): boolean
  isSpent(): boolean
}

export function createBudget(sizeBytes: number): Budget {
  let left = sizeBytes
  return {
    take: (...pieces) => {
      for (const piece of pieces) left -= sizeOf(piece)
      return left >= 0
    },
    isSpent: () => left < 0,
  }
}

export function sizeOf({ source }: Markup): number {
  return Buffer.byteLength(source)
}

/** One row a job, where there are several. */
export function jobsTable(view: View, detail: Detail, budget: Budget): Markup {
  if (view.jobs.length < 2) return markup``
  const columns: readonly Column<History>[] = [
    { title: 'Job', cell: ({ jobId }) => code(shortened(jobId, NAME_LENGTH)) },
    { title: 'Collection', cell: ({ latest }) => optionalCode(latest?.collectionName) },
    { title: 'State', cell: jobState },
    {
      title: 'Progress',
      align: 'right',
      cell: ({ latest, progress }) => (latest === undefined ? '' : percent(progress)),
    },
    {
      title: 'Rows',
      align: 'right',
      cell: ({ importedRows, totalRows }) => unbroken(rowsCell(importedRows, totalRows)),
    },
    { title: 'Size', align: 'right', cell: ({ latest }) => unbroken(sizeCell(latest?.sizeBytes)) },
    { title: 'Files', align: 'right', cell: ({ latest }) => unbroken(filesCell(latest?.files ?? [])) },
    { title: 'Duration', align: 'right', cell: (job) => unbroken(importDuration(job, view.nowMs) ?? '') },
  ]
  const list = { rows: byUrgency(view.jobs, jobPhase), columns, noun: 'job', phaseOf: jobPhase }
  return markup`\n${longTable(list, detail, budget)}`
}

/** The files of every job that lists some, or of which the reason names one. */
export function fileSections(view: View, conclusion: Conclusion | undefined, detail: Detail, budget: Budget): Markup {
  const [only, ...others] = view.jobs
  if (only !== undefined && others.length === 0) {
    const table = filesTable(only, conclusion && serviceReason(conclusion, view), detail, budget)
    return table.source === '' ? table : markup`\n${table}`
  }
  const decisive = conclusion?.kind === 'failed' ? first(view, conclusion.jobs) : undefined
  const withSection = byUrgency(view.jobs, jobPhase).filter(
    (job) => hasDetails(job, job === decisive) && (detail.completed === 'listed' || jobPhase(job) !== 'completed'),
  )
  const failures = withSection.filter((job) => jobPhase(job) === 'failed').length
  const unfolded =
    withSection.length <= MOST_UNFOLDED_ROWS ? withSection.length : Math.min(failures, MOST_UNFOLDED_FAILURES)
  const sections: Markup[] = []
  for (const job of withSection) {
    const section = fileSection(job, job === decisive, detail, budget)
    if (section === undefined) break
    sections.push(section)
  }
  const folded = joined(sections.slice(unfolded))
  const missing = withSection.length - sections.length
  return joined([
    ...(withSection.length === 0 ? [] : [markup`\n`]),
    ...sections.slice(0, unfolded),
    ...(folded.source === ''
      ? []
      : [
          markup`<details>\n<summary>Files of ${counted(withSection.length - unfolded, 'more job')}</summary>\n${folded}${DETAILS_END}`,
        ]),
    ...(missing === 0 ? [] : [markup`<p>The files of ${counted(missing, 'more job')} are in the report file.</p>\n`]),
  ])
}

function fileSection(
  job: History,
  /** Its reason stands above already. */
  isDecisive: boolean,
  detail: Detail,
  budget: Budget,
): Markup | undefined {
  const files = job.latest?.files ?? []
  const reason = job.latest?.phase === 'failed' ? reasonOf(job.latest) : undefined
  const error = job.refusals?.error ?? job.outage?.error ?? job.unknown?.error
  const open = new Markup(jobPhase(job) === 'failed' ? ' open' : '')
  const start = joined([
    markup`<details${open}>\n<summary>Job ${code(shortened(job.jobId, NAME_LENGTH))}: ${files.length === 0 ? 'no files listed' : counted(files.length, 'file')}</summary>\n`,
    ...(reason === undefined || isDecisive
      ? []
      : [markup`<p>Reason from the service: ${code(shortened(reason, detail.reasonLength))}</p>\n`]),
    ...(error === undefined ? [] : [markup`<p>${shortened(whatHappened(error), detail.reasonLength)}</p>\n`]),
  ])
  if (!budget.take(start, DETAILS_END)) return undefined
  return joined([start, filesTable(job, reason, detail, budget), DETAILS_END])
}

function filesTable(
  { latest }: History,
  /** Stands above the table. */
  shownReason: string | undefined,
  detail: Detail,
  budget: Budget,
): Markup {
  const files = latest?.files ?? []
  const failedFile = failedFileOf(files, shownReason)
  if (files.length === 0) return failedFile === undefined ? markup`` : namedFile(failedFile, budget)
  const isOneOfMany = files.filter(({ phase }) => phase === 'failed').length > 1
  const reasonCell = ({ name, reason }: FileProgress) => {
    if (reason !== undefined && reason !== shownReason) return code(shortened(reason, detail.reasonLength))
    return isOneOfMany && name === failedFile ? 'the reason above is about this file' : ''
  }
  const areDone = files.every(({ phase, progress }) => phase === 'completed' && (progress ?? 100) === 100)
  const columns: readonly Column<FileProgress>[] = [
    { title: 'File', cell: ({ name }) => code(shortened(name, NAME_LENGTH)) },
    { title: 'State', cell: ({ phase, label }) => `${FILE_ICONS[phase]} ${label === '' ? phase : word(label)}` },
    {
      title: 'Progress',
      align: 'right',
      cell: ({ progress }) => (progress === undefined || areDone ? '' : percent(progress)),
    },
    { title: 'Rows', align: 'right', cell: ({ importedRows, totalRows }) => rowsCell(importedRows, totalRows) },
    { title: 'Size', align: 'right', cell: ({ sizeBytes }) => sizeCell(sizeBytes) },
    { title: 'Completed (UTC)', cell: ({ completeTime }) => timeCell(completeTime) },
    { title: 'Reason', cell: reasonCell },
  ]
  const phaseOf = ({ phase }: FileProgress) => phase
  const rows = failedFileFirst(byUrgency(files, phaseOf), failedFile)
  return longTable({ rows, columns, noun: 'file', phaseOf }, detail, budget)
}

/** A job that fails before its import phase lists no files: the reason may name the one that caused it. */
function namedFile(name: string, budget: Budget): Markup {
  const columns: readonly Column<string>[] = [
    { title: 'File', cell: (file) => code(shortened(file, NAME_LENGTH)) },
    { title: 'State', cell: () => `${FILE_ICONS.failed} named by the reason` },
  ]
  const { head, row, foot } = tableOf(columns, [name])
  const table = joined([head, row(name), foot])
  return budget.take(table) ? table : markup``
}

/** Rows of any number, the most urgent first. */
interface LongList<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly noun: string
  readonly phaseOf: (row: Row) => Phase | FilePhase
}

/** A short list as it is; of a long one what failed, and the rest folded. A last row counts what the budget refuses. */
function longTable<Row>({ rows, columns, noun, phaseOf }: LongList<Row>, detail: Detail, budget: Budget): Markup {
  const table = tableOf(columns, rows)
  const isFailure = (row: Row) => phaseOf(row) === 'failed'
  const listed = detail.completed === 'listed' ? rows : rows.filter((row) => phaseOf(row) !== 'completed')
  const isShort = rows.length <= MOST_UNFOLDED_ROWS
  const unfolded = isShort ? rows.length : Math.min(listed.filter(isFailure).length, MOST_UNFOLDED_FAILURES)
  const which = `${unfolded === 0 ? 'All' : 'The other'} ${counted(rows.length - unfolded, noun)}`
  const fold = markup`<details>\n<summary>${which}: ${tally(rows.slice(unfolded), phaseOf)}</summary>\n`
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
    tableWith(fitting.slice(0, unfolded)),
    fold,
    tableWith([...fitting.slice(unfolded), ...left, ...completed]),
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
  return [...groupBy(rows, phaseOf)].map(([phase, group]) => `${count(group.length)} ${phase}`).join(', ')
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

/** A job that the service rejects or no longer knows is as urgent as a failed one. */
function jobPhase({ latest, refusals, unknown }: History): Phase {
  if (refusals !== undefined || unknown !== undefined) return 'failed'
  return latest?.phase ?? 'unknown'
}

export function hasFailed(job: History): boolean {
  return jobPhase(job) === 'failed' || job.latest?.files.some(({ phase }) => phase === 'failed') === true
}

function hasDetails(job: History, isDecisive: boolean): boolean {
  if ((job.latest?.files.length ?? 0) > 0 || job.outage !== undefined) return true
  if (jobPhase(job) !== 'failed') return false
  return !isDecisive || failedFileOf([], job.latest && reasonOf(job.latest)) !== undefined
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
  if (refusals !== undefined) return '⛔ rejected'
  if (unknown !== undefined) return latest === undefined ? '❓ not found' : `❓ record lost, was ${word(latest.label)}`
  if (latest === undefined) return '❔ Unknown'
  return `${JOB_ICONS[latest.phase]} ${[word(latest.label), ...commitNotes(job)].join(', ')}`
}

function word(text: string): string {
  return shortened(text, WORD_LENGTH)
}

function optionalCode(text: string | undefined): string | Markup {
  return text === undefined ? '' : code(shortened(text, NAME_LENGTH))
}

/** `1,000`, or `1,000 of 3,000`; empty where neither is known. */
export function rowsCell(importedRows: number | undefined, totalRows: number | undefined): string {
  if (importedRows === undefined && totalRows === undefined) return ''
  const imported = importedRows === undefined ? UNKNOWN_NUMBER : count(importedRows)
  return !totalRows || totalRows === importedRows ? imported : `${imported} of ${count(totalRows)}`
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
