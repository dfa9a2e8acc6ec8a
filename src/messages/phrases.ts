import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { RowRange } from '../gate/policy.ts'
import type { FailurePattern } from './failure-patterns.ts'
import { count, counted, percent, shortCount, shortened } from './format.ts'

/** What the gate says about one thing that happened. Names of inputs stand between backticks. */
export interface Message {
  /** A few words for a heading: `Import failed: part-1.parquet`. */
  readonly title: string
  /** What happened, to what. */
  readonly sentence: string
  /** What to do now. */
  readonly next?: string
  /** The title and the numbers of the job say all that the sentence does. */
  readonly isSaidByTitle?: boolean
  /** Single facts that belong to the sentence, one a line. */
  readonly points?: readonly string[]
  /** Cause and advice for a failure of the service. */
  readonly diagnosis?: FailurePattern
}

/** Longer names are shortened. */
export const MAX_NAME_LENGTH = 200
/** Of a longer list only the first are named. */
export const MOST_NAMED = 3

/** State, progress and rows of a job: `Importing, 80%, 1.2M of 3M rows`. */
export function progressOf(job: History): string {
  if (job.latest === undefined) return 'Unknown'
  return [job.latest.label, percent(job.progress), rowsText(job)].filter((part) => part !== '').join(', ')
}

/** Rows as far as they are known, for a glance: `1.2M of 3M rows`. */
export function rowsText({ importedRows, totalRows }: Pick<History, 'importedRows' | 'totalRows'>): string {
  if (importedRows === undefined || (importedRows === 0 && !totalRows)) return ''
  const isAll = totalRows === undefined || totalRows === importedRows
  return `${shortCount(importedRows)}${isAll ? '' : ` of ${shortCount(totalRows)}`} row${importedRows === 1 && isAll ? '' : 's'}`
}

/** The subject of a sentence. */
export interface Subject {
  readonly subject: string
  readonly is: string
}

/** How to wait again without importing again. */
export function waitAgain({ jobs, discovery, start }: View): string {
  const [job] = jobs
  if (start !== undefined && job !== undefined) {
    return `set \`job-id\` to \`${job.jobId}\` instead of \`import\`, or re-run this workflow job, which looks for the same import first.`
  }
  if (discovery === undefined) return 're-run this workflow job with the same job ID; do not start the import again.'
  return jobs.length === 0
    ? 're-run this workflow job.'
    : 're-run this workflow job with these IDs in `job-id`, or with `since`; do not start the import again.'
}

/** Job ids for a sentence, at most three of them by name. */
export function subjectOf(view: View, indices: readonly number[]): Subject {
  const ids = indices.flatMap((i) => view.jobs[i]?.jobId ?? [])
  const [only, ...others] = ids
  if (only === undefined) return { subject: `The import jobs of ${searchedCollection(view)}`, is: 'are' }
  if (others.length === 0) return { subject: `Import job ${only}`, is: 'is' }
  return { subject: `${amongAll(ids.length, view.jobs.length, 'import job')} (${named(ids)})`, is: 'are' }
}

/** All jobs, at the start of a sentence. */
export function allJobs(view: View): string {
  const [only, ...others] = view.jobs
  return only !== undefined && others.length === 0
    ? `Import job ${only.jobId} is`
    : `${amongAll(view.jobs.length, view.jobs.length, 'import job')} are`
}

/** `2 of 3 jobs`, `Both jobs`, `All 3 jobs`. */
export function amongAll(amount: number, all: number, noun: string): string {
  if (amount < all) return `${count(amount)} of ${counted(all, noun)}`
  return amount === 2 ? `Both ${noun}s` : `All ${counted(all, noun)}`
}

/** Collections for a sentence, at most three of them by name. */
export function collectionsOf(view: View, indices: readonly number[]): Subject {
  const names = indices.flatMap((i) => view.collections[i]?.name ?? [])
  const [only, ...others] = names
  return only !== undefined && others.length === 0
    ? { subject: `Collection ${shortened(only, MAX_NAME_LENGTH)}`, is: 'is' }
    : { subject: `${amongAll(names.length, view.collections.length, 'collection')} (${named(names)})`, is: 'are' }
}

/** The first names of a list, and how many more there are. */
export function named(names: readonly string[], most = MOST_NAMED): string {
  const more = names.length > most ? ` and ${count(names.length - most)} more` : ''
  return `${names
    .slice(0, most)
    .map((name) => shortened(name, MAX_NAME_LENGTH))
    .join(', ')}${more}`
}

/** The collections that the jobs belong to, by name for a heading and for a sentence. */
export function collectionsText({ jobs }: View): readonly [title: string, sentence: string] {
  const collections = new Set(jobs.flatMap(({ latest }) => latest?.collectionName ?? []))
  const [collection] = collections
  if (collection === undefined) return ['', '']
  if (collections.size > 1)
    return [`${count(collections.size)} collections`, ` in ${count(collections.size)} collections`]
  const name = shortened(collection, MAX_NAME_LENGTH)
  return [name, ` in collection ${name}`]
}

/** The collection whose jobs are searched for. */
export function searchedCollection({ discovery }: View): string {
  return `collection ${shortened(discovery?.collectionName ?? '', MAX_NAME_LENGTH)}`
}

/** An expected number of rows as the input takes it: `1000`, `>=5`, `5..10`. */
export function rangeText(range: RowRange | undefined): string {
  const { min, max } = range ?? { min: 1, max: undefined }
  if (max === undefined) return `>=${min}`
  return min === max ? String(min) : `${min}..${max}`
}

/** An expected number of rows for a heading: `1,000`, `at least 5`, `5 to 10`. */
export function rangeWords(range: RowRange | undefined): string {
  const { min, max } = range ?? { min: 1, max: undefined }
  if (max === undefined) return `at least ${count(min)}`
  return min === max ? count(min) : `${count(min)} to ${count(max)}`
}

/** A job in the middle of a sentence. */
export function jobName({ jobId }: History): string {
  return `import job ${jobId}`
}

/** A subject in the middle of a sentence. */
export function lowerFirst(subject: string): string {
  return /^(?:Import|Collection|The|Both|All) /.test(subject)
    ? `${subject.charAt(0).toLowerCase()}${subject.slice(1)}`
    : subject
}

/** The first of the jobs that have the deciding end. */
export function first(view: View, indices: readonly number[]): History | undefined {
  return indices.map((i) => view.jobs[i])[0]
}

/** The items by key, keys and items in the order in which they first appear. */
export function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** Requests to one path, and how often each outcome came. */
export interface RequestSummary {
  readonly path: string
  /** By the short word that the report has for an outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Each path, how many requests it got and with what outcome: `/v2/… 68 (67 ok, 1 http-503)`. */
export function requestKinds(asked: readonly RequestSummary[]): readonly string[] {
  return asked.map(({ path, outcomes }) => {
    const requests = Object.values(outcomes).reduce((sum, amount) => sum + amount, 0)
    const words = Object.entries(outcomes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([outcome, amount]) => `${count(amount)} ${outcome === 'answered' ? 'ok' : outcome}`)
    return `${path}: ${counted(requests, 'request')} (${words.join(', ')})`
  })
}
