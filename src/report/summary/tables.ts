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
import type { Column } from './markdown.ts'

/** Of a longer table only the first failures are in sight, and the rest is folded. */
const MOST_UNFOLDED_ROWS = 25
const MOST_UNFOLDED_FAILURES = 10
/** The files of more jobs are in the report file. */
const MOST_SECTIONS = 25
const NAME_LENGTH = 300
const WORD_LENGTH = 60
/** The report file has the whole reason. */
const REASON_LENGTH = 500

/** Takes a piece while there is space for it. After one that did not fit none does, so that the most urgent come first. */
export type Space = (piece: Markup) => boolean

export function spaceOf(sizeBytes: number): Space {
  let left = sizeBytes
  return ({ source }) => (left -= Buffer.byteLength(source)) >= 0
}

/** One row a job, where there are several. */
export function jobsTable(view: View, space: Space): Markup {
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
    { title: 'Rows', align: 'right', cell: (job) => unbroken(rowsCell(job)) },
    { title: 'Size', align: 'right', cell: ({ latest }) => unbroken(sizeCell(latest?.sizeBytes)) },
    { title: 'Files', align: 'right', cell: ({ latest }) => unbroken(filesCell(latest?.files ?? [])) },
    { title: 'Duration', align: 'right', cell: (job) => unbroken(importDuration(job, view.nowMs) ?? '') },
  ]
  return markup`\n${longTable({ rows: byUrgency(view.jobs, jobPhase), columns, noun: 'job', phaseOf: jobPhase }, space)}`
}

/** The files of every job that lists some, or of which the reason names one. */
export function fileSections(view: View, conclusion: Conclusion | undefined, space: Space): Markup {
  const [only, ...others] = view.jobs
  if (only !== undefined && others.length === 0) {
    const planned = view.start?.files.map((group) => group.join(' '))
    const table = filesTable(only, conclusion && serviceReason(conclusion, view), space, planned)
    return table.source === '' ? table : markup`\n${table}`
  }
  const decisive = conclusion?.kind === 'failed' ? first(view, conclusion.jobs) : undefined
  const withSection = byUrgency(view.jobs, jobPhase).filter((job) => hasDetails(job, job === decisive))
  const sections = takeWhile(withSection.slice(0, MOST_SECTIONS), (job) => fileSection(job, job === decisive, space))
  const missing = withSection.length - sections.length
  return joined([
    ...(withSection.length === 0 ? [] : [markup`\n`]),
    ...sections,
    ...(missing === 0 ? [] : [markup`<p>The files of ${counted(missing, 'more job')} are in the report file.</p>\n`]),
  ])
}

/** Undefined where there is no space. The reason of the decisive job stands above already. */
function fileSection(job: History, isDecisive: boolean, space: Space): Markup | undefined {
  const files = job.latest?.files ?? []
  const reason = job.latest?.phase === 'failed' ? reasonOf(job.latest) : undefined
  const error = job.refusals?.error ?? job.outage?.error ?? job.unknown?.error
  const open = new Markup(jobPhase(job) === 'failed' ? ' open' : '')
  const start = joined([
    markup`<details${open}>\n<summary>Job ${code(shortened(job.jobId, NAME_LENGTH))}: ${files.length === 0 ? 'no files listed' : counted(files.length, 'file')}</summary>\n`,
    ...(reason === undefined || isDecisive
      ? []
      : [markup`<p>Reason from the service: ${code(shortened(reason, REASON_LENGTH))}</p>\n`]),
    ...(error === undefined ? [] : [markup`<p>${shortened(whatHappened(error), REASON_LENGTH)}</p>\n`]),
  ])
  return space(start) ? markup`${start}${filesTable(job, reason, space)}</details>\n` : undefined
}

/** `shownReason` stands above the table; `planned` are the files of the request that started the import. */
function filesTable(
  { latest }: History,
  shownReason: string | undefined,
  space: Space,
  planned: readonly string[] = [],
): Markup {
  const files = latest?.files ?? []
  const failedFile = failedFileOf(files, shownReason)
  if (files.length === 0) {
    const named = failedFile === undefined ? [] : [failedFile]
    const names = planned.length > 0 && latest?.phase === 'failed' ? planned : named
    return names.length === 0 ? markup`` : unlistedFiles(names, failedFile, space)
  }
  const isOneOfMany = files.filter(({ phase }) => phase === 'failed').length > 1
  const reasonCell = ({ name, reason }: FileProgress) => {
    if (reason !== undefined && reason !== shownReason) return code(shortened(reason, REASON_LENGTH))
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
    { title: 'Rows', align: 'right', cell: rowsCell },
    { title: 'Size', align: 'right', cell: ({ sizeBytes }) => sizeCell(sizeBytes) },
    { title: 'Completed (UTC)', cell: ({ completeTime }) => timeCell(completeTime) },
    { title: 'Reason', cell: reasonCell },
  ]
  const phaseOf = ({ phase }: FileProgress) => phase
  const rows = failedFileFirst(byUrgency(files, phaseOf), failedFile)
  return longTable({ rows, columns, noun: 'file', phaseOf }, space)
}

/** Of a job that failed before its import phase and lists none: the files of the request, or the one that the reason names. */
function unlistedFiles(names: readonly string[], failedFile: string | undefined, space: Space): Markup {
  const isNamed = (name: string) => failedFile !== undefined && isSameFile(name, failedFile)
  const columns: readonly Column<string>[] = [
    { title: 'File', cell: (name) => code(shortened(name, NAME_LENGTH)) },
    { title: 'State', cell: (name) => (isNamed(name) ? `${FILE_ICONS.failed} named by the reason` : FROM_REQUEST) },
  ]
  const phaseOf = (name: string): FilePhase => (isNamed(name) ? 'failed' : 'unknown')
  return longTable({ rows: byUrgency(names, phaseOf), columns, noun: 'file', phaseOf }, space)
}

const FROM_REQUEST = 'from the request; not listed by the service'

/** A group is named by one of its paths, and a path by its end. */
function isSameFile(group: string, file: string): boolean {
  return [group, ...group.split(' ')].some(
    (path) => path === file || path.endsWith(`/${file}`) || file.endsWith(`/${path}`),
  )
}

/** Rows of any number, the most urgent first. */
interface LongList<Row> {
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly noun: string
  readonly phaseOf: (row: Row) => Phase | FilePhase
}

/** A short list as it is; of a long one what failed, and the rest folded. A last row counts what has no space. */
function longTable<Row>({ rows, columns, noun, phaseOf }: LongList<Row>, space: Space): Markup {
  const isFailed = (row: Row) => phaseOf(row) === 'failed'
  const part = (some: readonly Row[]) => {
    if (some.length === 0) return markup``
    const table = tableOf(columns, some)
    const fitting = takeWhile(some, (row) => {
      const rendered = table.row(row)
      return space(rendered) ? rendered : undefined
    })
    const left = some.slice(fitting.length)
    const failures = left.filter(isFailed).length
    const failed = failures === 0 ? '' : `, ${count(failures)} of them failed`
    const more = markup`… and ${counted(left.length, `more ${noun}`)}${failed}: see the report file`
    return joined([table.head, ...fitting, ...(left.length === 0 ? [] : [table.note(more)]), table.foot])
  }
  if (rows.length <= MOST_UNFOLDED_ROWS) return part(rows)
  const unfolded = Math.min(rows.filter(isFailed).length, MOST_UNFOLDED_FAILURES)
  const inSight = part(rows.slice(0, unfolded))
  const rest = rows.slice(unfolded)
  const which = `${unfolded === 0 ? 'All' : 'The other'} ${counted(rest.length, noun)}`
  return markup`${inSight}<details>\n<summary>${which}: ${tally(rest, phaseOf)}</summary>\n${part(rest)}</details>\n`
}

function takeWhile<Item>(items: readonly Item[], render: (item: Item) => Markup | undefined): readonly Markup[] {
  const rendered: Markup[] = []
  for (const item of items) {
    const one = render(item)
    if (one === undefined) break
    rendered.push(one)
  }
  return rendered
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
export function rowsCell({ importedRows, totalRows }: Pick<History, 'importedRows' | 'totalRows'>): string {
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
