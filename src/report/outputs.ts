import { randomUUID } from 'node:crypto'
import { reasonLine } from '../messages/outcomes.ts'
import type { Clock } from '../gate/clock.ts'
import type { Conclusion } from '../gate/conclusion.ts'
import type { View, WatchEvent } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import { reasonOf } from '../gate/job.ts'
import type { FileProgress, Phase } from '../gate/job.ts'
import type { Policy } from '../gate/policy.ts'
import { rowsIn } from '../gate/searchable.ts'
import { keepFile } from './files.ts'
import { hasChanges } from './reporter.ts'
import type { Reporter } from './reporter.ts'

/** The action's outputs, by name. */
export type Outputs = Readonly<Record<OutputName, string>>

export const OUTPUT_NAMES = [
  'state',
  'conclusion',
  'started',
  'jobId',
  'collectionName',
  'progress',
  'importedRows',
  'totalRows',
  'collectionRows',
  'fileSize',
  'fileCount',
  'failedFileCount',
  'completeTime',
  'reason',
  'details',
  'jobs',
  'elapsedSeconds',
  'reportPath',
] as const

type OutputName = (typeof OUTPUT_NAMES)[number]

/** A larger value breaks later steps that take it into an environment variable. */
const MAX_JSON_BYTES = 64 * 1024

/** The step's outputs, rewritten at every change, so that a step that is killed leaves its last ones. */
export function outputsReporter(path: string, policy: Policy, reportPath: string | undefined, clock: Clock): Reporter {
  const textOf = (event: WatchEvent) => {
    const conclusion = 'conclusion' in event ? event.conclusion : undefined
    return fileCommand(outputsOf(event.view, conclusion, policy, reportPath))
  }
  return { name: 'outputs', report: keepFile({ path, clock, textOf, isNews: isChange }) }
}

/** Rows that move are no changes, but the outputs hold them. */
function isChange(event: WatchEvent): boolean {
  const job = event.kind === 'polled' ? event.view.jobs[event.job] : undefined
  return hasChanges(event) || (job !== undefined && job.changedAtMs === job.polledAtMs)
}

/** The outputs at one moment; `conclusion` is undefined while the gate runs. */
export function outputsOf(
  view: View,
  conclusion: Conclusion | undefined,
  policy: Policy,
  reportPath: string | undefined,
): Outputs {
  const { jobs } = view
  const seen = jobs.flatMap((job) => job.latest ?? [])
  const fileCount = (isCounted: (file: FileProgress) => boolean) =>
    String(sum(seen.map(({ files }) => files.reduce((amount, file) => (isCounted(file) ? amount + 1 : amount), 0))))
  const known = seen.length > 0
  return {
    state: stateOf(jobs),
    conclusion: conclusion?.kind ?? '',
    started: String(view.start?.job?.started ?? ''),
    jobId: jobs.map((job) => job.jobId).join(','),
    collectionName: [...new Set(seen.flatMap((job) => job.collectionName ?? []))].join(','),
    progress: jobs.length === 0 ? '' : String(Math.floor(sum(jobs.map((job) => job.progress)) / jobs.length)),
    importedRows: sumOfKnown(jobs.map((job) => job.importedRows)),
    totalRows: sumOfKnown(jobs.map((job) => job.totalRows)),
    collectionRows: String(rowsIn(view.collections) ?? ''),
    fileSize: sumOfKnown(seen.map((job) => job.sizeBytes)),
    fileCount: known ? fileCount(() => true) : '',
    failedFileCount: known ? fileCount(({ phase }) => phase === 'failed') : '',
    completeTime: latestTime(seen.flatMap((job) => job.completeTime ?? [])),
    reason: conclusion === undefined ? '' : reasonLine(conclusion, view, policy),
    details: jsonArray(failedFirst(jobs)),
    jobs: jsonArray(jobs.map(jobRecord)),
    elapsedSeconds: String(Math.floor((view.nowMs - view.startedAtMs) / 1_000)),
    reportPath: reportPath ?? '',
  }
}

/** One job as the service names things, without its files. */
export function jobRecord(job: History): Readonly<Record<string, unknown>> {
  const { latest } = job
  return {
    jobId: job.jobId,
    collectionName: latest?.collectionName,
    state: latest?.label ?? UNANSWERED,
    progress: job.progress,
    importedRows: job.importedRows,
    totalRows: job.totalRows,
    fileSize: latest?.sizeBytes,
    completeTime: latest?.completeTime,
    reason: latest && reasonOf(latest),
  }
}

/** One file as the service names things. */
export function fileRecord(jobId: string, file: FileProgress): Readonly<Record<string, unknown>> {
  return {
    jobId,
    fileName: file.name,
    fileSize: file.sizeBytes,
    progress: file.progress,
    completeTime: file.completeTime,
    state: file.label,
    importedRows: file.importedRows,
    totalRows: file.totalRows,
    reason: file.reason,
  }
}

const UNANSWERED = 'Unknown'

/** Of several jobs the state that most needs attention; a job that never answered ranks with the unknown words. */
const ATTENTION: readonly Phase[] = [
  'failed',
  'unknown',
  'pending',
  'importing',
  'uncommitted',
  'committing',
  'completed',
]

function stateOf(jobs: readonly History[]): string {
  const rank = (job: History) => ATTENTION.indexOf(job.latest?.phase ?? 'unknown')
  const [first, ...rest] = jobs
  if (first === undefined) return UNANSWERED
  return rest.reduce((worst, job) => (rank(job) < rank(worst) ? job : worst), first).latest?.label ?? UNANSWERED
}

/** Made one by one, since of very many files only the first fit. */
function* failedFirst(jobs: readonly History[]): Generator<unknown, void> {
  for (const areFailed of [true, false]) {
    for (const { jobId, latest } of jobs) {
      for (const file of latest?.files ?? []) {
        if ((file.phase === 'failed') === areFailed) yield fileRecord(jobId, file)
      }
    }
  }
}

/** As many items as fit, in order; the rest is in the report file. */
function jsonArray(items: Iterable<unknown>): string {
  const kept: string[] = []
  let sizeBytes = 2
  for (const item of items) {
    const json = JSON.stringify(item)
    sizeBytes += Buffer.byteLength(json) + 1
    if (sizeBytes > MAX_JSON_BYTES) break
    kept.push(json)
  }
  return `[${kept.join(',')}]`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function sumOfKnown(numbers: readonly (number | undefined)[]): string {
  const known = numbers.filter((number) => number !== undefined)
  return known.length === 0 ? '' : String(sum(known))
}

function latestTime(times: readonly string[]): string {
  const moment = (time: string) => Date.parse(time) || 0
  return times.reduce((latest, time) => (latest === '' || moment(time) > moment(latest) ? time : latest), '')
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions#multiline-strings */
function fileCommand(outputs: Outputs): string {
  const delimiter = `ghadelimiter_${randomUUID()}`
  return OUTPUT_NAMES.map((name) => `${name}<<${delimiter}\n${outputs[name]}\n${delimiter}\n`).join('')
}
