import type { NoResponse } from '../gate/import-service.ts'
import type { PollResult, Phase, ServiceError } from '../gate/job.ts'
import type { Client } from './client.ts'
import { decodeJob } from './decode.ts'
import { classifyEnvelope, classifyReply } from './errors.ts'
import type { Answer } from './errors.ts'
import { isGood, isObject, isSuccess, valueOf } from './envelope.ts'
import type { JsonObject } from './envelope.ts'

/** What a list says of one job: neither rows nor files. All text has been sanitized. */
export interface ListEntry {
  readonly jobId: string
  readonly phase: Phase
  /** The service's own word. */
  readonly label: string
  readonly progress: number | undefined
  readonly collectionName: string | undefined
}

/** What asking for a list brought. */
export type Listed =
  | { readonly kind: 'listed'; readonly sightings: ReadonlyMap<string, ListEntry> }
  /** The service does not list for us and will not, or just not now. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'outage'; readonly result: Extract<PollResult, { readonly kind: 'outage' }> }
  | { readonly kind: 'cancelled' }

/** What a list is asked for with. */
export interface ListRequest {
  readonly signal: AbortSignal
  readonly turn: () => Promise<boolean>
  /** The newest word on all of them, whatever it costs. */
  readonly isLast: boolean
}

/**
 * Lists the import jobs that the service shows, until all that are `wanted` have been seen. Where that takes several pages
 * only the first list brings all of them: each later one reads on where the one before ended, and has the rest from there.
 * Never rejects.
 */
export type List = (wanted: ReadonlySet<string>, request: ListRequest) => Promise<Listed>

export interface ListOptions {
  readonly clusterId: string | undefined
  readonly projectId: string | undefined
  readonly dbName: string | undefined
  readonly collectionName: string | undefined
  readonly sanitize: (text: unknown, maxLength?: number) => string
}

/** Both services know the list by this name. */
export const LIST_PATH = '/v2/vectordb/jobs/import/list'
/** The largest that Zilliz Cloud takes: https://docs.zilliz.com/reference/restful/error-codes-v2, 96008. */
export const PAGE_SIZE = 100
/** A page that stands for fewer descriptions is not worth its request; who is on none of the pages is described. */
const JOBS_WORTH_A_PAGE = 4
/** At one page every three seconds, so many show every job once a minute. */
const MOST_PAGES = 20

/** One way through all pages. */
interface Walk {
  readonly sightings: Map<string, ListEntry>
  nextPage: number
  records: number
}

/** The list of both services: Milvus answers in one piece, Zilliz Cloud in pages. */
export function createList(client: Client, options: ListOptions): List {
  const { sanitize } = options
  const isPaged = comesInPages(options)
  const scope = scopeOf(options)

  let before: ReadonlyMap<string, ListEntry> | undefined
  let walk = newWalk()

  return async (wanted, { signal, turn, isLast }) => {
    if (isLast) walk = newWalk()
    // With these one more page is enough.
    const known = isLast || !isPaged ? undefined : before
    const mostPages = Math.min(MOST_PAGES, Math.max(1, Math.ceil(wanted.size / JOBS_WORTH_A_PAGE)))
    for (;;) {
      if (!(await turn())) return { kind: 'cancelled' }
      const paging = isPaged ? { pageSize: PAGE_SIZE, currentPage: walk.nextPage } : {}
      const request = { path: LIST_PATH, jobId: undefined, body: { ...scope, ...paging }, signal }
      const answer = await client.ask(request, (raw) => readPage(raw, client, sanitize))
      if (answer.kind !== 'answered') {
        walk = newWalk()
        return answer.listed
      }
      const seenBefore = walk.sightings.size
      for (const sighting of answer.sightings) walk.sightings.set(sighting.jobId, sighting)
      walk.records += answer.records
      const isLastPage =
        !isPaged ||
        walk.sightings.size === seenBefore ||
        walk.records >= (answer.count ?? Infinity) ||
        walk.nextPage >= mostPages
      if (isLastPage || [...wanted].every((jobId) => walk.sightings.has(jobId))) {
        before = walk.sightings
        walk = newWalk()
        return { kind: 'listed', sightings: before }
      }
      walk.nextPage += 1
      if (known !== undefined) return { kind: 'listed', sightings: new Map([...known, ...walk.sightings]) }
    }
  }
}

function newWalk(): Walk {
  return { sightings: new Map(), nextPage: 1, records: 0 }
}

/** Only Zilliz Cloud pages. */
export function comesInPages({ clusterId, projectId }: ListOptions): boolean {
  return clusterId !== undefined || projectId !== undefined
}

/** Whose jobs are asked for. */
export function scopeOf({ dbName, collectionName }: ListOptions): Readonly<Record<string, string>> {
  return { ...(dbName && { dbName }), ...(collectionName && { collectionName }) }
}

interface Page {
  readonly kind: 'answered'
  readonly sightings: readonly ListEntry[]
  /** Records on this page, readable or not. */
  readonly records: number
  /** Records on all pages, where the service says. */
  readonly count: number | undefined
}

interface NoPage {
  readonly kind: 'refused' | 'outage' | 'cancelled'
  readonly listed: Exclude<Listed, { kind: 'listed' }>
  readonly error?: ServiceError
}

function readPage({ reply, envelope }: Answer, client: Client, sanitize: ListOptions['sanitize']): Page | NoPage {
  if (reply.kind === 'aborted') return { kind: 'cancelled', listed: { kind: 'cancelled' } }
  const context = client.context({ operation: 'list' })
  if (envelope === undefined) {
    // A server or gateway that does not know this path says so without an envelope, at any time.
    const isMissing = reply.kind === 'reply' && [400, 403, 404, 405].includes(reply.status)
    return noPage(classifyReply(reply, context), isMissing)
  }
  const { data = {} } = envelope
  const records = valueOf(data, 'records')
  if (!isGood(envelope, reply.status) || !Array.isArray(records)) {
    return noPage(classifyEnvelope(envelope, reply, context), isSuccess(envelope))
  }
  const count = valueOf(data, 'count')
  return {
    kind: 'answered',
    sightings: records.filter(isObject).flatMap((record) => sightingOf(record, sanitize)),
    records: records.length,
    count: typeof count === 'number' ? count : undefined,
  }
}

function noPage(result: NoResponse, isFinal: boolean): NoPage {
  if (result.kind === 'cancelled') return { kind: 'cancelled', listed: result }
  const listed: NoPage['listed'] =
    result.kind === 'outage' && !isFinal ? { kind: 'outage', result } : { kind: 'refused' }
  return { kind: listed.kind, listed, error: result.error }
}

function sightingOf(record: JsonObject, sanitize: ListOptions['sanitize']): readonly ListEntry[] {
  const jobId = valueOf(record, 'jobId')
  const job = decodeJob(record, sanitize)
  if (typeof jobId !== 'string' || job === undefined) return []
  const { phase, label, progress, collectionName } = job
  return [{ jobId, phase, label, progress, collectionName }]
}
