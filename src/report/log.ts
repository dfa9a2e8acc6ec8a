import type { Conclusion } from '../gate/conclusion.ts'
import type { View, WatchEvent } from '../gate/events.ts'
import { totalOutageMsAt } from '../gate/history.ts'
import type { History } from '../gate/history.ts'
import { reasonOf } from '../gate/job.ts'
import type { FilePhase, FileProgress } from '../gate/job.ts'
import type { Policy } from '../gate/policy.ts'
import {
  phaseDurations,
  phaseDurationText,
  slowestOf,
  STAGE_TITLES,
  throughputOf,
  throughputText,
} from '../messages/estimates.ts'
import { failedFileFirst, failedFileOf } from '../messages/failed-file.ts'
import { bytes, count, counted, duration, percent, shortened } from '../messages/format.ts'
import { annotationOf, codedSentence, headline, serviceReason } from '../messages/outcomes.ts'
import { requestKinds } from '../messages/phrases.ts'
import type { RequestSummary } from '../messages/phrases.ts'
import { closingMessages, progressMessages } from '../messages/progress.ts'
import { whatHappened } from '../messages/service-errors.ts'
import { colored, MAX_LINE_LENGTH, timedLine, timedLines } from './log-lines.ts'
import type { Reporter } from './reporter.ts'

/** Where the lines go. */
export interface LogSink {
  info(line: string): void
  debug(line: string): void
  /** Lines that are folded away behind a title. */
  group(title: string, lines: readonly string[]): void
  error(title: string, message: string): void
  warning(title: string, message: string): void
}

export interface LogOptions {
  /** The requests so far, by kind. */
  readonly asked: () => readonly RequestSummary[]
  readonly colors: boolean
}

/** The log of the step: a line on every change, a heartbeat otherwise, and at the end the details and what happened. */
export function logReporter(sink: LogSink, policy: Policy, { asked, colors }: LogOptions): Reporter {
  const shown = (line: string) => (colors ? colored(line) : line)
  return {
    name: 'log',
    report(event) {
      const debug = debugLine(event)
      if (debug !== undefined) sink.debug(debug)
      for (const line of progressLines(event, policy)) sink.info(shown(line))
      if (event.kind !== 'ended') return
      const details = detailLines(event.view, asked())
      if (details.length > 0) sink.group(DETAILS_TITLE, details.map(shown))
      for (const line of closingBlock(event.conclusion, event.view, policy)) sink.info(shown(line))
      const annotation = annotationOf(event.conclusion, event.view, policy)
      if (annotation !== undefined) sink[annotation.level](annotation.title, annotation.message)
    },
  }
}

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

function isFailed({ latest, refusals, unknown }: History): boolean {
  return latest?.phase === 'failed' || refusals !== undefined || unknown !== undefined
}

function isFailedFile({ phase }: FileProgress): boolean {
  return phase === 'failed'
}

/** The log lines for what happened, each with the time since the start in front; none where nothing is worth a line. */
export function progressLines(event: WatchEvent, policy: Policy): readonly string[] {
  return progressMessages(event, policy).map((message) => line(event.view, message))
}

/** One line for every poll, for debug logging. */
export function debugLine(event: WatchEvent): string | undefined {
  if (event.kind !== 'polled') return undefined
  const { result, view, tookMs } = event
  const job = view.jobs[event.job]
  if (job === undefined) return undefined
  const brought =
    result.kind === 'answered'
      ? `answered ${result.snapshot.label}, ${result.snapshot.progress ?? '?'} %`
      : result.kind === 'cancelled'
        ? 'cancelled'
        : `${result.kind} (${result.error.outcome}): ${whatHappened(result.error)}`
  return line(view, `poll ${job.polls} at job ${job.jobId} took ${duration(tookMs)}: ${brought}`)
}

/** What happened, at the end of the log: a line for each of several jobs, then the conclusion and what to do next. */
export function closingBlock(conclusion: Conclusion, view: View, policy: Policy): readonly string[] {
  const told = headline(conclusion, view, policy)
  const { next, points = [], link } = told
  const reason = serviceReason(conclusion, view)
  const verdict = [
    `${conclusion.passes ? 'Passed' : 'Not passed'}: ${codedSentence(told)}`,
    ...points.map((point) => `- ${point}`),
    ...(reason === undefined ? [] : [`Reason: ${reason}`]),
    ...(next === undefined ? [] : [`Next: ${next}`]),
    ...(link === undefined ? [] : [`More: ${link}`]),
  ]
  const ends = closingMessages(view, reason)
  return [...ends.map((message) => line(view, message)), ...timedLines(view.nowMs - view.startedAtMs, ...verdict)]
}

function line(view: View, message: string): string {
  return timedLine(view.nowMs - view.startedAtMs, message)
}
