import type { RequestOptions } from '../gate/import-service.ts'
import type { ImportService, ListedJob, NoResponse } from '../gate/import-service.ts'
import { hasEnded } from '../gate/discovery.ts'
import type { Client } from './client.ts'
import { count, decodeJob } from './decode.ts'
import { readResponse, unusable } from './errors.ts'
import type { Response } from './errors.ts'
import { isObject, valueOf } from './envelope.ts'
import type { Envelope, JsonObject } from './envelope.ts'
import { comesInPages, LIST_PATH, PAGE_SIZE, scopeOf } from './list.ts'
import type { ListOptions } from './list.ts'

const MOST_PAGES = 100
/** No name begins with a digit. */
const NO_COLLECTION = '0'
/** No service has shorter pages unless it is asked for them: what is shorter is the last one. */
const SHORTEST_FULL_PAGE = 10
/** What the input `job-id` takes, but that no command of the runner (`::error::`) begins so: ids stand in the log as they are. */
const JOB_ID = /^\w[\w.:~-]{0,255}$/

/** One page as it was sent. */
interface Page {
  readonly records: readonly unknown[]
  /** Records on all pages, where the service says so, and means it; zero where it says nothing. */
  readonly count: number
}

/** Every job on every page, or why they are not to be had. */
type Walk = { readonly kind: 'walked'; readonly jobs: readonly ListedJob[] } | { readonly kind: 'changed' } | NoResponse

/** All import jobs of a collection, whatever has become of them: a list with a gap would open the gate too early. */
export function createDiscovery(client: Client, options: ListOptions): ImportService['list'] {
  const { collectionName, sanitize } = options
  const isPaged = comesInPages(options)
  const context = () => client.context({ operation: 'list' })
  /** Who was once seen under way is to be waited for, whatever has become of it by the last page. */
  const underWay = new Map<string, ListedJob>()

  const askForPage = async (
    currentPage: number,
    { signal, turn }: RequestOptions,
    scope = scopeOf(options),
  ): Promise<Response<Page>> => {
    if (!(await turn())) return { kind: 'cancelled' }
    const body = { ...scope, ...(isPaged && { pageSize: PAGE_SIZE, currentPage }) }
    return client.ask({ path: LIST_PATH, jobId: undefined, body, signal }, (answer) =>
      readResponse(answer, context(), pageOf),
    )
  }

  /**
   * Whether what was listed may be of any collection. Whoever lists in pages may list all jobs that there are. A Milvus lists
   * those of the collection, each by the name that its import was started with, its own or an alias
   * (https://github.com/milvus-io/milvus/blob/master/internal/datacoord/services.go, ListImports): names prove nothing there,
   * unless it lists jobs of a collection that cannot exist, too.
   */
  const isOfAnyCollection = async ({ records }: Page, ask: RequestOptions): Promise<Response<boolean>> => {
    const isInDoubt = records.some((record) => isObject(record) && isOfAnother(record, collectionName))
    if (isPaged || !isInDoubt) return { kind: 'answered', value: isPaged }
    const answer = await askForPage(1, ask, scopeOf({ ...options, collectionName: NO_COLLECTION }))
    if (answer.kind === 'refused') return { kind: 'answered', value: false }
    return answer.kind === 'answered' ? { kind: 'answered', value: answer.value.records.length > 0 } : answer
  }

  /** All pages from the first to the last, unless their number changes on the way; `mayGrow` lets pass that they become more. */
  const walk = async (mayGrow: boolean, ask: RequestOptions): Promise<Walk> => {
    const jobs = new Map<string, ListedJob>()
    const seen = new Set<string>()
    let counted: number | undefined
    let countedFirst: number | undefined
    for (let number = 1; number <= MOST_PAGES; number += 1) {
      const answer = await askForPage(number, ask)
      if (answer.kind !== 'answered') return answer
      const page = answer.value
      const mayBeOfOthers = await isOfAnyCollection(page, ask)
      if (mayBeOfOthers.kind !== 'answered') return mayBeOfOthers
      const seenBefore = seen.size
      for (const [index, record] of page.records.entries()) {
        if (!isObject(record)) return unusable('unreadable-list', context())
        const jobId = valueOf(record, 'jobId')
        seen.add(typeof jobId === 'string' ? jobId : `${number}/${index}`)
        if (mayBeOfOthers.value && isOfAnother(record, collectionName)) continue
        const job = jobOf(record, sanitize)
        if (job === undefined) return unusable('unreadable-list', context())
        if (!hasEnded(job)) underWay.set(job.jobId, job)
        jobs.set(job.jobId, job)
      }
      const walked = { kind: 'walked', jobs: [...new Map([...jobs, ...underWay]).values()] } as const
      if (!isPaged)
        return page.count > page.records.length ? unusable('partial-list', context(), { detail: 'unpaged' }) : walked
      // Less than what was seen is the length of one page, or nothing at all.
      const total = page.count >= seen.size ? page.count : undefined
      if (total !== undefined) {
        const before = counted ?? total
        if (total < before || (total > before && !mayGrow)) return { kind: 'changed' }
        counted = total
        countedFirst ??= total
      }
      if (seen.size === seenBefore)
        return seen.size < (countedFirst ?? 0) ? unusable('partial-list', context()) : walked
      // The number of all, or merely that of a page which may be full.
      if (seen.size === total && (total > page.records.length || total < SHORTEST_FULL_PAGE)) return walked
    }
    return unusable('too-many-jobs', context(), { detail: String(MOST_PAGES) })
  }

  return async (ask) => {
    const first = await walk(false, ask)
    // Jobs came or went, so that others moved from page to page, and one of them may have been missed.
    const answer = first.kind === 'changed' ? await walk(true, ask) : first
    if (answer.kind === 'changed') return unusable('changing-list', context())
    if (answer.kind !== 'walked') return answer
    return { kind: 'listed', jobs: answer.jobs }
  }
}

function pageOf({ data = {} }: Envelope): Page | undefined {
  const records = valueOf(data, 'records')
  return Array.isArray(records) ? { records, count: count(valueOf(data, 'count')) ?? 0 } : undefined
}

/** Whether a record says that it belongs to a collection of another name. */
function isOfAnother(record: JsonObject, collectionName: string | undefined): boolean {
  const name = valueOf(record, 'collectionName')
  return collectionName !== undefined && typeof name === 'string' && name !== '' && name !== collectionName
}

function jobOf(record: JsonObject, sanitize: ListOptions['sanitize']): ListedJob | undefined {
  const told = valueOf(record, 'jobId')
  const jobId = sanitize(told)
  const job = decodeJob(record, sanitize)
  // An id with a secret in it would carry it past the sanitizer, and a number is none.
  if (jobId !== told || !JOB_ID.test(jobId) || job === undefined) return undefined
  return { jobId, phase: job.phase, label: job.label }
}
