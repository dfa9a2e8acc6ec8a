import { after } from '../gate/clock.ts'
import type { Clock } from '../gate/clock.ts'
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
import { annotationOf, codedSentence, headline, linksOf, serviceReason } from '../messages/outcomes.ts'
import type { HttpsUrl } from '../messages/codes.ts'
import { requestKinds } from '../messages/phrases.ts'
import type { RequestSummary } from '../messages/phrases.ts'
import { closingMessages, mayWait, progressMessages } from '../messages/progress.ts'
import { notAborted } from '../messages/two-phase.ts'
import { whatHappened } from '../messages/service-errors.ts'
import { colored, MAX_LINE_LENGTH, timedLine, timedLines } from './log-lines.ts'
import type { Reporter } from './reporter.ts'

/** Where the lines go. */
export interface LogSink {
  info(line: string): void
  /** Shown only where the runner's debug log is on. */
  debug(line: string): void
  /** Lines that are folded behind a title. */
  group(title: string, lines: readonly string[]): void
  error(title: string, message: string): void
  warning(title: string, message: string): void
}

export interface LogOptions {
  /** The requests so far, by path. */
  readonly asked: () => readonly RequestSummary[]
  readonly colors: boolean
  readonly clock: Clock
  /** The page of this version that explains the codes, where it is known. */
  readonly troubleshooting?: HttpsUrl | undefined
}

/** Lines about many jobs wait this long for equal ones, and longer the longer the gate runs. */
const MIN_WAIT_MS = 5_000
const SHARE_OF_ELAPSED = 0.1

/** The log of the step: a line on every change, a heartbeat otherwise, and at the end the details and what happened. */
export function logReporter(
  sink: LogSink,
  policy: Policy,
  { asked, colors, clock, troubleshooting }: LogOptions,
): Reporter {
  const shown = (line: string) => (colors ? colored(line) : line)
  let held: WatchEvent[] = []
  let cancelWait: (() => void) | undefined

  const flush = () => {
    cancelWait?.()
    cancelWait = undefined
    const events = held
    held = []
    for (const line of progressLines(events, policy)) sink.info(shown(line))
  }

  return {
    name: 'log',
    report(event) {
      const debug = debugLine(event)
      if (debug !== undefined) sink.debug(debug)
      held.push(event)
      if (event.kind !== 'ended' && event.more === true) return
      if (held.every(mayWait)) {
        const { nowMs, startedAtMs } = event.view
        const waitMs = Math.max(MIN_WAIT_MS, SHARE_OF_ELAPSED * (nowMs - startedAtMs))
        cancelWait ??= after(clock, waitMs, flush)
        return
      }
      flush()
      if (event.kind !== 'ended') return
      const details = detailLines(event.view, asked())
      if (details.length > 0) sink.group(DETAILS_TITLE, details.map(shown))
      for (const line of closingBlock(event.conclusion, event.view, policy, troubleshooting)) sink.info(shown(line))
      const annotation = annotationOf(event.conclusion, event.view, policy, troubleshooting)
      if (annotation !== undefined) sink[annotation.level](annotation.title, annotation.message)
    },
  }
}

/** The log lines for what happened, each with the time since the start in front. */
export function progressLines(events: readonly WatchEvent[], policy: Policy): readonly string[] {
  const view = events.at(-1)?.view
  return view === undefined ? [] : progressMessages(events, policy).map((message) => lineAt(view, message))
}

/** One line for every poll, for debug logging. */
export function debugLine(event: WatchEvent): string | undefined {
  if (event.kind !== 'polled') return undefined
  const { result, view, tookMs } = event
  const job = view.jobs[event.job]
  if (job === undefined) return undefined
  const outcome =
    result.kind === 'answered'
      ? `${result.snapshot.label}, ${result.snapshot.progress ?? '?'}%`
      : result.kind === 'cancelled'
        ? 'cancelled'
        : `${result.kind} (${result.error.outcome}): ${whatHappened(result.error)}`
  return lineAt(view, `poll ${job.polls} of job ${job.jobId} took ${duration(tookMs)}: ${outcome}`)
}

/** The end of the log: a line for each of several jobs, then the conclusion and what to do. */
export function closingBlock(
  conclusion: Conclusion,
  view: View,
  policy: Policy,
  troubleshooting?: HttpsUrl,
): readonly string[] {
  const message = headline(conclusion, view, policy)
  const { next, points = [] } = message
  const reason = serviceReason(conclusion, view)
  const verdict = [
    `Gate ${conclusion.passes ? 'passed' : 'failed'}: ${codedSentence(message)}`,
    ...points.map((point) => `- ${point}`),
    ...(reason === undefined ? [] : [`Reason from the service: ${reason}`]),
    ...(next === undefined ? [] : [`What to do: ${next}`]),
    ...(conclusion.passes ? [] : notAborted(view, policy)),
    ...linksOf(message, troubleshooting).map((url) => `More: ${url}`),
  ]
  return [
    ...closingMessages(view, reason).map((text) => lineAt(view, text)),
    ...timedLines(view.nowMs - view.startedAtMs, ...verdict),
  ]
}

function lineAt(view: View, message: string): string {
  return timedLine(view.nowMs - view.startedAtMs, message)
}

/** Above the details, where the log folds them. */
export const DETAILS_TITLE = 'Details: times, files, requests'

const MAX_NAME_LENGTH = 80
const MAX_ID_LENGTH = 40
/** More is in the summary and in the report. */
const MOST_FILES = 100
const MOST_JOBS = 10

/** Times and files by job, failed ones first, and the requests. Every line begins with a word or a mark of our own. */
export function detailLines(view: View, asked: readonly RequestSummary[]): readonly string[] {
  const failedFirst = view.jobs.toSorted((a, b) => Number(isFailed(b)) - Number(isFailed(a)))
  const listed = failedFirst.slice(0, MOST_JOBS)
  const perJob = Math.ceil(MOST_FILES / Math.max(1, listed.length))
  const lines = [
    ...listed.flatMap((job) => jobLines(job, view, perJob)),
    ...(listed.length < view.jobs.length
      ? [`… and ${counted(view.jobs.length - listed.length, 'more job')}: see the summary`]
      : []),
    ...requestKinds(asked),
  ]
  return lines.map((line) => shortened(`  ${line}`, MAX_LINE_LENGTH))
}

function jobLines(job: History, view: View, mostFiles: number): readonly string[] {
  const durations = phaseDurations(job, view.nowMs)
  const totalOutageMs = totalOutageMsAt(job, view.nowMs)
  const slowest = slowestOf(durations, totalOutageMs)
  const times = durations.map(
    (one) =>
      `${STAGE_TITLES[one.stage].toLowerCase()} ${phaseDurationText(one)}${one === slowest && durations.length > 1 ? ' (slowest)' : ''}`,
  )
  const outage = totalOutageMs < 1000 ? '' : `; no usable response for ${duration(totalOutageMs)}`
  const throughput = throughputOf(job)
  const lines = [
    ...(times.length === 0 ? [] : [`time: ${times.join(', ')}${outage}`]),
    ...(throughput === undefined ? [] : [`rows: ${throughputText(throughput)}`]),
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
  const listed = failedFirst.slice(0, most)
  const rows = listed.map((file) => ({
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
  const left = latest.files.length - listed.length
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
  return totalRows && totalRows !== importedRows ? `${imported} of ${count(totalRows)} rows` : `${imported} rows`
}

function isFailed({ latest, refusals, unknown }: History): boolean {
  return latest?.phase === 'failed' || refusals !== undefined || unknown !== undefined
}

function isFailedFile({ phase }: FileProgress): boolean {
  return phase === 'failed'
}
