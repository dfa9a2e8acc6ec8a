import type { View } from '../gate/events.ts'
import { totalOutageMsAt } from '../gate/history.ts'
import type { History } from '../gate/history.ts'
import type { FilePhase, FileProgress } from '../gate/job.ts'
import { reasonOf } from '../gate/job.ts'
import type { RequestSummary } from './asked.ts'
import { requestKinds } from './asked.ts'
import { failedFileFirst, failedFileOf } from './failed-file.ts'
import { bytes, count, counted, duration, percent, shortened } from './format.ts'
import { MAX_LINE_LENGTH } from './log-lines.ts'
import { throughputOf, throughputText } from './throughput.ts'
import { slowestOf, STAGE_TITLES, phaseDurationText, phaseDurations } from './timeline.ts'

/** Above the details, where the log folds them away. */
export const DETAILS_TITLE = 'Details: times, files, requests'

const MAX_NAME_LENGTH = 80
const MAX_ID_LENGTH = 40
/** More is in the summary and in the report. */
const MOST_FILES = 100
const MOST_JOBS = 10

/**
 * What somebody looks up who wants to know more than how it ended: times and files by job, failed ones first, and the
 * requests. Every line begins with a word or a mark of our own.
 */
export function detailLines(view: View, asked: readonly RequestSummary[]): readonly string[] {
  const failedFirst = view.jobs.toSorted((a, b) => Number(isFailed(b)) - Number(isFailed(a)))
  const told = failedFirst.slice(0, MOST_JOBS)
  const perJob = Math.ceil(MOST_FILES / Math.max(1, told.length))
  const lines = [
    ...told.flatMap((job) => jobLines(job, view, perJob)),
    ...(told.length < view.jobs.length
      ? [`… and ${counted(view.jobs.length - told.length, 'more job')}: see the summary`]
      : []),
    ...requestKinds(asked).map((kind) => `asked ${kind}`),
  ]
  return lines.map((line) => shortened(`  ${line}`, MAX_LINE_LENGTH))
}

function jobLines(job: History, view: View, mostFiles: number): readonly string[] {
  const stays = phaseDurations(job, view.nowMs)
  const totalOutageMs = totalOutageMsAt(job, view.nowMs)
  const slowest = slowestOf(stays, totalOutageMs)
  const times = stays.map(
    (stay) =>
      `${STAGE_TITLES[stay.stage].toLowerCase()} ${phaseDurationText(stay)}${stay === slowest && stays.length > 1 ? ' (slowest)' : ''}`,
  )
  const silence = totalOutageMs < 1000 ? '' : `; for ${duration(totalOutageMs)} of it no usable answer`
  const throughput = throughputOf(job)
  const lines = [
    ...(times.length === 0 ? [] : [`time: ${times.join(', ')}${silence}`]),
    ...(throughput === undefined ? [] : [`rows: ${throughputText(throughput).replace(/^Rows /, '')}`]),
    ...fileLines(job, mostFiles),
  ]
  return view.jobs.length === 1 || lines.length === 0 ? lines : [`job ${shortened(job.jobId, MAX_ID_LENGTH)}`, ...lines]
}

/** In columns, each as wide as it has to be. */
function fileLines({ latest }: History, most: number): readonly string[] {
  if (latest === undefined) return []
  const failedFirst = failedFileFirst(
    latest.files.toSorted((a, b) => Number(isFailedFile(b)) - Number(isFailedFile(a))),
    failedFileOf(latest.files, reasonOf(latest)),
  )
  const told = failedFirst.slice(0, most)
  const rows = told.map((file) => ({
    reason: file.reason,
    cells: [
      `${MARKS[file.phase]} ${shortened(file.label === '' ? file.phase : file.label, 12)}`,
      file.progress === undefined ? '' : percent(file.progress),
      rowsOf(file),
      file.sizeBytes ? bytes(file.sizeBytes) : '',
      shortened(file.name, MAX_NAME_LENGTH),
    ],
  }))
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map(({ cells }) => cells[column]?.length ?? 0)))
  const lines = rows.map(({ cells, reason }) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    const isNew = reason !== undefined && reason !== reasonOf(latest)
    return padded.filter((cell) => cell !== '').join('  ') + (isNew ? `: ${reason}` : '')
  })
  const left = latest.files.length - told.length
  return left === 0 ? lines : [...lines, `… and ${counted(left, 'more file')}: see the summary`]
}

const MARKS: Readonly<Record<FilePhase, string>> = {
  pending: '·',
  running: '·',
  completed: '✔',
  failed: '✘',
  unknown: '?',
}

function rowsOf({ importedRows, totalRows }: FileProgress): string {
  if (importedRows === undefined && totalRows === undefined) return ''
  const imported = importedRows === undefined ? '?' : count(importedRows)
  return totalRows ? `${imported} of ${count(totalRows)} rows` : `${imported} rows`
}

function isFailed({ latest, refusal, unknown }: History): boolean {
  return latest?.phase === 'failed' || refusal !== undefined || unknown !== undefined
}

function isFailedFile({ phase }: FileProgress): boolean {
  return phase === 'failed'
}
