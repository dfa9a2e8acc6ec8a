import type { Target } from '../connection.ts'
import { hasEnded } from '../gate/discovery.ts'
import type { ImportService, ListedJob, NoResponse, RequestOptions } from '../gate/import-service.ts'
import type { Sanitize } from '../messages/format.ts'
import type { Client } from './client.ts'
import { count, decodeJob, rememberName } from './decode.ts'
import type { Names } from './decode.ts'
import { dialectOf, PATHS } from './dialects.ts'
import { isObject, valueOf } from './envelope.ts'
import { readSuccess, unusable } from './errors.ts'

/** What a list says of one job: neither rows nor files. All text has been sanitized. */
export interface ListEntry extends ListedJob {
  readonly progress: number | undefined
  readonly collectionName: string | undefined
}

export interface ListOptions extends Target {
  readonly collectionName: string | undefined
  readonly sanitize: Sanitize
}

/** Where a walk over the pages stands; `partial`: the service has fewer records on its pages than it counts. */
interface Progress {
  readonly kind: 'more' | 'end' | 'partial'
}

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
  next(options: RequestOptions): Promise<Progress | NoResponse>
}

/** What the input `job-id` takes, but no start of a command of the runner (`::error::`): ids stand in the log as they are. */
const JOB_ID = /^\w[\w.:~-]{0,255}$/
/** No service has shorter pages unless it is asked for them: what is shorter is the last one. */
const SHORTEST_FULL_PAGE = 10
const MOST_PAGES = 100
const MOST_WALKS = 5

/** Starts walks over the list of import jobs: Milvus answers in one piece, Zilliz Cloud in pages. */
function walks(client: Client, options: ListOptions, names: Names): () => Walk {
  const { dbName, collectionName, sanitize } = options
  const { pageSize, place } = dialectOf(options)
  const scope = { ...(dbName && { dbName }), ...(collectionName && { collectionName }), ...place(options) }

  const readPage = (currentPage: number, request: RequestOptions) => {
    const body = { ...scope, ...(pageSize !== undefined && { pageSize, currentPage }) }
    return client.request({ operation: 'list', path: PATHS.list, body }, request, (answer) =>
      readSuccess(answer, ({ envelope: { data = {} } }) => {
        const records = valueOf(data, 'records')
        // Records on all pages, where the service says so and means it; zero where it says nothing.
        const total = count(valueOf(data, 'count')) ?? 0
        return Array.isArray(records) ? ({ kind: 'page', records: records as unknown[], total } as const) : undefined
      }),
    )
  }

  return () => {
    const entries = new Map<string, ListEntry>()
    const seen = new Set<string>()
    const unfinished = new Map<string, ListEntry>()
    let counted: number | undefined
    const walk = { entries, unfinished, pages: 0, filledPages: 0, hasUnreadable: false }
    const takeRecord = (record: unknown, index: number) => {
      const jobId = isObject(record) ? valueOf(record, 'jobId') : undefined
      seen.add(typeof jobId === 'string' ? jobId : `${walk.pages}/${index}`)
      const entry = entryOf(record, sanitize, names)
      if (entry !== undefined) {
        entries.set(entry.jobId, entry)
        if (!hasEnded(entry)) unfinished.set(entry.jobId, entry)
      } else if (pageSize === undefined || !isOfAnother(record, collectionName)) {
        // Where all jobs of a cluster may be listed, those of other collections are not needed.
        walk.hasUnreadable = true
      }
    }
    const take = (records: readonly unknown[], total: number): Progress['kind'] => {
      const seenBefore = seen.size
      walk.pages += 1
      for (const [index, record] of records.entries()) takeRecord(record, index)
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
    const next: Walk['next'] = async (request) => {
      const page = await readPage(walk.pages + 1, request)
      return page.kind === 'page' ? { kind: take(page.records, page.total) } : page
    }
    return Object.assign(walk, { next })
  }
}

function isOfAnother(record: unknown, collectionName: string | undefined): boolean {
  const name = isObject(record) ? valueOf(record, 'collectionName') : undefined
  return collectionName !== undefined && typeof name === 'string' && name !== '' && name !== collectionName
}

/** Undefined where there is no id or state. */
function entryOf(record: unknown, sanitize: Sanitize, names: Names): ListEntry | undefined {
  if (!isObject(record)) return undefined
  const sent = valueOf(record, 'jobId')
  const jobId = sanitize(sent)
  const job = decodeJob(record, sanitize)
  // An id with a secret in it would carry it past the sanitizer, and a number is no id.
  if (jobId !== sent || !JOB_ID.test(jobId) || job === undefined) return undefined
  rememberName(names, record, job)
  const { phase, label, progress, collectionName } = job
  return { jobId, phase, label, progress, collectionName }
}

/**
 * All import jobs of a collection, whatever has become of them: a list with a gap would open the gate too early. Between two
 * pages jobs come and go, so that others move from page to page, and one may be missed: several pages are believed once two
 * walks in a row show the same unfinished jobs.
 */
export function createDiscovery(client: Client, options: ListOptions, names: Names): ImportService['list'] {
  const startWalk = walks(client, options, names)
  const isPaged = dialectOf(options).pageSize !== undefined
  /** A job that was once seen unfinished is waited for, whatever it has become by the last page. */
  const unfinished = new Map<string, ListEntry>()

  return async (request) => {
    let before: string | undefined
    for (let walked = 1; ; walked += 1) {
      const walk = startWalk()
      let end = await walk.next(request)
      while (end.kind === 'more' && walk.pages < MOST_PAGES) end = await walk.next(request)
      if (end.kind === 'cancelled' || 'error' in end) return end
      const context = client.context({ operation: 'list' })
      if (walk.hasUnreadable) return unusable('unreadable-list', context)
      if (end.kind === 'more') return unusable('too-many-jobs', context, { detail: String(MOST_PAGES) })
      for (const [jobId, job] of walk.unfinished) unfinished.set(jobId, job)
      const ids = JSON.stringify([...walk.unfinished.keys()].sort())
      const isLastWalk = !isPaged || walked === MOST_WALKS
      if (end.kind === 'partial' && isLastWalk) {
        return unusable('partial-list', context, isPaged ? {} : { detail: 'unpaged' })
      }
      const isSettled = end.kind === 'end' && (walk.filledPages <= 1 || ids === before)
      if (isSettled || isLastWalk) {
        return { kind: 'listed', jobs: [...new Map([...walk.entries, ...unfinished]).values()], isSettled }
      }
      before = ids
    }
  }
}

/** What asking for a list of many jobs brought. */
export type Listed = { readonly kind: 'listed'; readonly entries: ReadonlyMap<string, ListEntry> } | NoResponse

/** A server or gateway that does not know this path says so without an envelope, at any time. */
const NO_LIST = /^http-(?:400|403|404|405)$/

/** Whether the service does not list for us and will not, rather than just not now. */
export function neverLists(listed: Listed): boolean {
  if (listed.kind !== 'outage') return listed.kind === 'refused'
  return listed.error.kind === 'incomplete' || NO_LIST.test(listed.error.outcome)
}

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
export function createList(client: Client, options: ListOptions, names: Names): List {
  const startWalk = walks(client, options, names)
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
      const { entries, pages } = walk
      const isOver = step.kind !== 'more' || pages >= mostPages || [...wanted].every((jobId) => entries.has(jobId))
      if (isOver) walk = startWalk()
      if (step.kind === 'cancelled' || 'error' in step) return step
      if (isOver) {
        before = entries
        return { kind: 'listed', entries }
      }
      if (known !== undefined) return { kind: 'listed', entries: new Map([...known, ...entries]) }
    }
  }
}
