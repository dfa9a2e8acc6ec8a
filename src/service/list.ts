import type { ImportService, ListedJob, NoResponse, RequestOptions } from '../gate/import-service.ts'
import { hasEnded } from '../gate/discovery.ts'
import type { PollResult } from '../gate/job.ts'
import type { Target } from '../connection.ts'
import type { Client } from './client.ts'
import { count, decodeJob } from './decode.ts'
import { dialectOf, PATHS } from './dialects.ts'
import { isObject, valueOf } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { readResponse, unusable } from './errors.ts'
import type { RequestContext, Response } from './errors.ts'

/** What a list says of one job: neither rows nor files. All text has been sanitized. */
export interface ListEntry extends ListedJob {
  readonly progress: number | undefined
  readonly collectionName: string | undefined
}

export interface ListOptions extends Target {
  readonly collectionName: string | undefined
  readonly sanitize: RequestContext['sanitize']
  /** Hears what the service itself calls a collection whose name is shown in other words. */
  readonly onCollection?: (shown: string, name: string) => void
}

interface Page {
  readonly records: readonly unknown[]
  /** Records on all pages, where the service says so and means it; zero where it says nothing. */
  readonly count: number
}

/** Where a walk over the pages stands; `partial`: the service has fewer records on its pages than it counts. */
type Progress = 'more' | 'end' | 'partial'

/** One walk over the list, a request for each page. */
interface Walk {
  readonly entries: ReadonlyMap<string, ListEntry>
  /** Those that any page showed as unfinished. */
  readonly unfinished: ReadonlyMap<string, ListEntry>
  readonly pages: number
  /** The page after the last one may have been asked for too, and is empty. */
  readonly filledPages: number
  /** Some records have no id or state that could be waited for. */
  readonly hasUnreadable: boolean
  next(options: RequestOptions): Promise<Response<Progress>>
}

/** What the input `job-id` takes, but no start of a command of the runner (`::error::`): ids stand in the log as they are. */
const JOB_ID = /^\w[\w.:~-]{0,255}$/
/** No service has shorter pages unless it is asked for them: what is shorter is the last one. */
const SHORTEST_FULL_PAGE = 10

/** Starts walks over the list of import jobs: Milvus answers in one piece, Zilliz Cloud in pages. */
function walks(client: Client, options: ListOptions): () => Walk {
  const { dbName, collectionName, sanitize, onCollection } = options
  const { pageSize, place } = dialectOf(options)
  const scope = { ...(dbName && { dbName }), ...(collectionName && { collectionName }), ...place(options) }

  const readPage = (currentPage: number, request: RequestOptions): Promise<Response<Page>> => {
    const body = { ...scope, ...(pageSize !== undefined && { pageSize, currentPage }) }
    return client.ask({ path: PATHS.list, body }, request, (answer) =>
      readResponse(answer, client.context({ operation: 'list' }), pageOf),
    )
  }

  return () => {
    const entries = new Map<string, ListEntry>()
    const seen = new Set<string>()
    const unfinished = new Map<string, ListEntry>()
    let counted: number | undefined
    const walk = { entries, unfinished, pages: 0, filledPages: 0, hasUnreadable: false }
    const take = ({ records, count: total }: Page): Progress => {
      const seenBefore = seen.size
      walk.pages += 1
      for (const [index, record] of records.entries()) {
        const jobId = isObject(record) ? valueOf(record, 'jobId') : undefined
        seen.add(typeof jobId === 'string' ? jobId : `${walk.pages}/${index}`)
        const entry = entryOf(record, sanitize, onCollection)
        if (entry !== undefined) {
          entries.set(entry.jobId, entry)
          if (!hasEnded(entry)) unfinished.set(entry.jobId, entry)
        }
        // Where all jobs of a cluster may be listed, those of other collections are not needed.
        if (entry === undefined && (pageSize === undefined || !isOfAnother(record, collectionName)))
          walk.hasUnreadable = true
      }
      if (seen.size > seenBefore) walk.filledPages += 1
      if (pageSize === undefined) return total > records.length ? 'partial' : 'end'
      // Less than what was seen is the length of one page, or nothing at all.
      const isTotal = total >= seen.size
      // Jobs that come meanwhile are on pages that were read before.
      if (isTotal) counted = Math.min(counted ?? total, total)
      if (seen.size === seenBefore) return seen.size < (counted ?? 0) ? 'partial' : 'end'
      // The number of all, or merely that of a page which may be full.
      const isComplete = isTotal && seen.size === total && (total > records.length || total < SHORTEST_FULL_PAGE)
      return isComplete ? 'end' : 'more'
    }
    return Object.assign(walk, {
      async next(request: RequestOptions): Promise<Response<Progress>> {
        const page = await readPage(walk.pages + 1, request)
        return page.kind === 'answered' ? { kind: 'answered', value: take(page.value) } : page
      },
    })
  }
}

function pageOf({ data = {} }: Envelope): Page | undefined {
  const records = valueOf(data, 'records')
  return Array.isArray(records) ? { records, count: count(valueOf(data, 'count')) ?? 0 } : undefined
}

function isOfAnother(record: unknown, collectionName: string | undefined): boolean {
  const name = isObject(record) ? valueOf(record, 'collectionName') : undefined
  return collectionName !== undefined && typeof name === 'string' && name !== '' && name !== collectionName
}

/** Undefined where there is no id or state. */
function entryOf(
  record: unknown,
  sanitize: ListOptions['sanitize'],
  onCollection: ListOptions['onCollection'],
): ListEntry | undefined {
  if (!isObject(record)) return undefined
  const sent = valueOf(record, 'jobId')
  const jobId = sanitize(sent)
  const job = decodeJob(record, sanitize)
  // An id with a secret in it would carry it past the sanitizer, and a number is no id.
  if (jobId !== sent || !JOB_ID.test(jobId) || job === undefined) return undefined
  const { phase, label, progress, collectionName } = job
  if (collectionName !== undefined) onCollection?.(collectionName, String(valueOf(record, 'collectionName')))
  return { jobId, phase, label, progress, collectionName }
}

const MOST_PAGES = 100
const MOST_WALKS = 5

/**
 * All import jobs of a collection, whatever has become of them: a list with a gap would open the gate too early. Between two
 * pages jobs come and go, so that others move from page to page, and one may be missed: several pages are believed once two
 * walks in a row show the same unfinished jobs.
 */
export function createDiscovery(client: Client, options: ListOptions): ImportService['list'] {
  const startWalk = walks(client, options)
  const context = () => client.context({ operation: 'list' })
  /** A job that was once seen unfinished is waited for, whatever it has become by the last page. */
  const unfinished = new Map<string, ListEntry>()

  const walkToEnd = async (walk: Walk, request: RequestOptions): Promise<Response<Progress>> => {
    for (;;) {
      const step = await walk.next(request)
      if (step.kind !== 'answered' || step.value !== 'more' || walk.pages >= MOST_PAGES) return step
    }
  }

  return async (request) => {
    let before: string | undefined
    for (let walked = 1; ; walked += 1) {
      const walk = startWalk()
      const end = await walkToEnd(walk, request)
      if (end.kind !== 'answered') return end
      if (walk.hasUnreadable) return unusable('unreadable-list', context())
      if (end.value === 'more') return unusable('too-many-jobs', context(), { detail: String(MOST_PAGES) })
      for (const [jobId, job] of walk.unfinished) unfinished.set(jobId, job)
      const ids = JSON.stringify([...walk.unfinished.keys()].sort())
      const isPaged = dialectOf(options).pageSize !== undefined
      const isLastWalk = !isPaged || walked === MOST_WALKS
      if (end.value === 'partial' && isLastWalk) {
        return unusable('partial-list', context(), isPaged ? {} : { detail: 'unpaged' })
      }
      const isSettled = end.value === 'end' && (walk.filledPages <= 1 || ids === before)
      if (isSettled || isLastWalk) {
        return { kind: 'listed', jobs: [...new Map([...walk.entries, ...unfinished]).values()], isSettled }
      }
      before = ids
    }
  }
}

/** What asking for a list of many jobs brought. */
export type Listed =
  | { readonly kind: 'listed'; readonly entries: ReadonlyMap<string, ListEntry> }
  /** The service does not list for us and will not, or just not now. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'outage'; readonly result: Extract<PollResult, { readonly kind: 'outage' }> }
  | { readonly kind: 'cancelled' }

/** What a list is asked for with. */
export interface ListRequest extends RequestOptions {
  /** The newest word on all of them, whatever it costs. */
  readonly isLast: boolean
}

/**
 * Lists the import jobs that the service shows, until all that are `wanted` have been seen. Where that takes several pages
 * only the first list brings all of them: each later one reads on where the one before ended, and has the rest from there.
 * Never rejects.
 */
export type List = (wanted: ReadonlySet<string>, request: ListRequest) => Promise<Listed>

/** A page that stands for fewer descriptions is not worth its request; who is on none of the pages is described. */
const JOBS_WORTH_A_PAGE = 4
/** At one page every three seconds, so many show every job once a minute. */
const MOST_PAGES_OF_A_ROUND = 20

/** The list for polls of many jobs together. */
export function createList(client: Client, options: ListOptions): List {
  const startWalk = walks(client, options)
  const isPaged = dialectOf(options).pageSize !== undefined
  let before: ReadonlyMap<string, ListEntry> | undefined
  let walk = startWalk()

  return async (wanted, request) => {
    if (request.isLast) walk = startWalk()
    // With these one more page is enough.
    const known = request.isLast || !isPaged ? undefined : before
    const mostPages = Math.min(MOST_PAGES_OF_A_ROUND, Math.max(1, Math.ceil(wanted.size / JOBS_WORTH_A_PAGE)))
    for (;;) {
      const step = await walk.next(request)
      if (step.kind !== 'answered') {
        walk = startWalk()
        return notListed(step)
      }
      const { entries, pages } = walk
      const isOver = step.value !== 'more' || pages >= mostPages || [...wanted].every((jobId) => entries.has(jobId))
      if (isOver) {
        before = entries
        walk = startWalk()
        return { kind: 'listed', entries }
      }
      if (known !== undefined) return { kind: 'listed', entries: new Map([...known, ...entries]) }
    }
  }
}

/** A server or gateway that does not know this path says so without an envelope, at any time. */
const NO_LIST = /^http-(?:400|403|404|405)$/

function notListed(result: NoResponse): Listed {
  if (result.kind !== 'outage') return { kind: result.kind }
  const { kind, outcome } = result.error
  const isFinal = kind === 'incomplete' || NO_LIST.test(outcome)
  return isFinal ? { kind: 'refused' } : { kind: 'outage', result }
}
