import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { RowRange } from '../gate/policy.ts'
import type { FailurePattern } from './failure-patterns.ts'
import { count, counted, percent, shortCount, shortened } from './format.ts'

/** What a sentence of the gate consists of. */
export interface Message {
  /** What happened, to what. */
  readonly sentence: string
  /** What to do now. */
  readonly next?: string
  /** Single points that belong to the sentence, one a line. */
  readonly points?: readonly string[]
  /** What is behind a failure of the service. */
  readonly diagnosis?: FailurePattern
}

/** So much of a name is told. */
export const MAX_NAME_LENGTH = 200
/** So many of many are told by name. */
export const MOST_NAMED = 3

/** Where a job stands: `Importing, 80 %, 1.2 M of 3 M rows`. */
export function progressOf(job: History): string {
  if (job.latest === undefined) return 'Unknown'
  return [job.latest.label, percent(job.progress), rowsText(job)].filter((part) => part !== '').join(', ')
}

/** Rows as far as they are known, for a glance: `1.2 M of 3 M rows`. */
export function rowsText({ importedRows, totalRows }: Pick<History, 'importedRows' | 'totalRows'>): string {
  if (importedRows === undefined || (importedRows === 0 && !totalRows)) return ''
  const of = totalRows === undefined ? '' : ` of ${shortCount(totalRows)}`
  return `${shortCount(importedRows)}${of} row${importedRows === 1 && totalRows === undefined ? '' : 's'}`
}

/** Who a sentence is about. */
export interface Subject {
  readonly subject: string
  readonly is: string
}

/** How to wait on without a second import: a job that has ended by then is not found again by its collection alone. */
export function waitAgain({ jobs, discovery }: View): string {
  if (discovery === undefined) return 're-run this job with the same job id, without starting the import a second time.'
  return jobs.length === 0
    ? 're-run this job.'
    : 're-run this job with these jobs in `job-id`, or with `since`, without starting the import a second time.'
}

/** Job ids for a sentence, at most three of them by name. */
export function subjectOf(view: View, indices: readonly number[]): Subject {
  const ids = indices.flatMap((i) => view.jobs[i]?.jobId ?? [])
  const [only, ...others] = ids
  if (only === undefined) return { subject: `The import jobs of ${searchedCollection(view)}`, is: 'are' }
  if (others.length === 0) return { subject: `Import job ${only}`, is: 'is' }
  return { subject: `${count(ids.length)} of ${counted(view.jobs.length, 'import job')} (${named(ids)})`, is: 'are' }
}

/** All jobs, at the start of a sentence. */
export function allJobs(view: View): string {
  const [only, ...others] = view.jobs
  return only !== undefined && others.length === 0
    ? `Import job ${only.jobId} is`
    : `All ${count(view.jobs.length)} import jobs are`
}

/** Collections for a sentence, at most three of them by name. */
export function collectionsOf(view: View, indices: readonly number[]): Subject {
  const names = indices.flatMap((i) => view.collections[i]?.name ?? [])
  const [only, ...others] = names
  return only !== undefined && others.length === 0
    ? { subject: `Collection ${shortened(only, MAX_NAME_LENGTH)}`, is: 'is' }
    : {
        subject: `${count(names.length)} of ${counted(view.collections.length, 'collection')} (${named(names)})`,
        is: 'are',
      }
}

/** A few of many names, and how many more there are. */
export function named(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${count(names.length - MOST_NAMED)} more` : ''
  return `${names
    .slice(0, MOST_NAMED)
    .map((name) => shortened(name, MAX_NAME_LENGTH))
    .join(', ')}${more}`
}

/** The collection whose jobs were polled for. */
export function searchedCollection({ discovery }: View): string {
  return `collection ${shortened(discovery?.collectionName ?? '', MAX_NAME_LENGTH)}`
}

/** A demand on rows in words: `1,000 rows`, `at least 5 rows`, `5 to 10 rows`. */
export function rangeText(range: RowRange | undefined): string {
  if (range === undefined) return 'at least 1 row'
  const { min, max } = range
  if (max === undefined) return `at least ${counted(min, 'row')}`
  return min === max ? counted(min, 'row') : `${count(min)} to ${counted(max, 'row')}`
}

/** A job in the middle of a sentence. */
export function jobName({ jobId }: History): string {
  return `import job ${jobId}`
}

/** A subject in the middle of a sentence. */
export function lowerFirst(subject: string): string {
  return /^(?:Import|Collection|The) /.test(subject) ? `${subject.charAt(0).toLowerCase()}${subject.slice(1)}` : subject
}

/** The first of the jobs that have the deciding end. */
export function first(view: View, indices: readonly number[]): History | undefined {
  return indices.map((i) => view.jobs[i])[0]
}

/** Requests of one kind, and what came of them. */
export interface RequestSummary {
  /** The path of the operation. */
  readonly path: string
  /** How often each outcome came, by the short word that the report has for it. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Each kind of request, how often it was made and what came of it: `/v2/… 68 times (67 answered, 1 http-503)`. */
export function requestKinds(asked: readonly RequestSummary[]): readonly string[] {
  return asked.map(({ path, outcomes }) => {
    const times = Object.values(outcomes).reduce((sum, amount) => sum + amount, 0)
    const words = Object.entries(outcomes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([outcome, amount]) => `${count(amount)} ${outcome}`)
    return `${path} ${times === 1 ? 'once' : `${count(times)} times`} (${words.join(', ')})`
  })
}
