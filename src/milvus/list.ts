import type { Observation, Phase, Trouble } from '../watch/import-job.ts'
import type { Answer, Client } from './client.ts'
import { decodeJob } from './decode.ts'
import { diagnoseEnvelope, diagnoseReply } from './diagnose.ts'
import { isObject, isSuccess, valueOf } from './envelope.ts'
import type { JsonObject } from './envelope.ts'

/** What a list says of one job: neither rows nor files. All text has been sanitised. */
export interface Sighting {
  readonly jobId: string
  readonly phase: Phase
  /** The service's own word. */
  readonly label: string
  readonly progress: number | undefined
  readonly collectionName: string | undefined
}

/** What asking for a list brought. */
export type Listed =
  | { readonly kind: 'listed'; readonly sightings: ReadonlyMap<string, Sighting> }
  /** The service does not list for us and will not, or just not now. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'outage'; readonly observation: Observation }
  | { readonly kind: 'cancelled' }

/** Lists the import jobs that the service shows, until all that are `wanted` have been seen. Never rejects. */
export type List = (
  wanted: ReadonlySet<string>,
  options: { readonly signal: AbortSignal; readonly turn: () => Promise<boolean> },
) => Promise<Listed>

export interface ListOptions {
  readonly clusterId: string | undefined
  readonly projectId: string | undefined
  readonly dbName: string | undefined
  readonly collectionName: string | undefined
  readonly sanitise: (text: unknown, maxLength?: number) => string
}

/** Both services know the list by this name. */
export const LIST_PATH = '/v2/vectordb/jobs/import/list'
/** The largest page is nowhere documented: one that holds all is asked for first, and a usual one where that is refused. */
export const PAGE_SIZES = { all: 1_000, usual: 100 }
/** A page that stands for fewer descriptions is not worth its request; who is on none of the pages is described. */
const JOBS_WORTH_A_PAGE = 4

/** The list of both services: Milvus answers in one piece, Zilliz Cloud in pages. */
export function createList(client: Client, options: ListOptions): List {
  const { sanitise } = options
  const isPaged = comesInPages(options)
  const scope = scopeOf(options)

  let pageSize = PAGE_SIZES.all

  return async (wanted, { signal, turn }) => {
    const mostPages = Math.max(1, Math.ceil(wanted.size / JOBS_WORTH_A_PAGE))
    const sightings = new Map<string, Sighting>()
    let size = pageSize
    let records = 0
    for (let page = 1; page <= mostPages; page += 1) {
      if (!(await turn())) return { kind: 'cancelled' }
      const paging = isPaged ? { pageSize: size, currentPage: page } : {}
      const request = { path: LIST_PATH, jobId: undefined, body: { ...scope, ...paging }, signal }
      const answer = await client.ask(request, (raw) => readPage(raw, client, sanitise))
      if (isPaged && size > PAGE_SIZES.usual && answer.kind !== 'answered' && answer.mayBeTooLong) {
        size = PAGE_SIZES.usual
        page = 0
        continue
      }
      if (answer.kind !== 'answered') return answer.listed
      pageSize = size
      const seenBefore = sightings.size
      for (const sighting of answer.sightings) sightings.set(sighting.jobId, sighting)
      records += answer.records
      const isLast = !isPaged || sightings.size === seenBefore || records >= (answer.count ?? Infinity)
      if (isLast || [...wanted].every((jobId) => sightings.has(jobId))) break
    }
    return { kind: 'listed', sightings }
  }
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
  readonly sightings: readonly Sighting[]
  /** Records on this page, readable or not. */
  readonly records: number
  /** Records on all pages, where the service says. */
  readonly count: number | undefined
}

/** No page, and whether a shorter one may be had: no code is documented for a page that is too long. */
interface NoPage {
  readonly kind: 'refused' | 'outage' | 'cancelled'
  readonly listed: Exclude<Listed, { kind: 'listed' }>
  readonly trouble?: Trouble
  readonly mayBeTooLong: boolean
}

function readPage({ reply, envelope }: Answer, client: Client, sanitise: ListOptions['sanitise']): Page | NoPage {
  if (reply.kind === 'aborted') return { kind: 'cancelled', listed: { kind: 'cancelled' }, mayBeTooLong: false }
  const around = client.around()
  if (reply.kind !== 'reply' || envelope === undefined) {
    // A server or gateway that does not know this path says so without an envelope, at any time.
    const isMissing = reply.kind === 'reply' && [400, 403, 404, 405].includes(reply.status)
    return noPage(diagnoseReply(reply, around), isMissing, false)
  }
  const records = isSuccess(envelope) && reply.status < 300 && envelope.data && valueOf(envelope.data, 'records')
  if (!Array.isArray(records)) {
    return noPage(diagnoseEnvelope(envelope, reply, around), isSuccess(envelope), !isSuccess(envelope))
  }
  const count = envelope.data && valueOf(envelope.data, 'count')
  return {
    kind: 'answered',
    sightings: records.filter(isObject).flatMap((record) => sightingOf(record, sanitise)),
    records: records.length,
    count: typeof count === 'number' ? count : undefined,
  }
}

function noPage(observation: ReturnType<typeof diagnoseEnvelope>, isFinal: boolean, mayBeTooLong: boolean): NoPage {
  const isOutage = observation.kind === 'outage' && !isFinal
  const listed = isOutage ? ({ kind: 'outage', observation } as const) : ({ kind: 'refused' } as const)
  return { kind: listed.kind, listed, trouble: observation.trouble, mayBeTooLong }
}

function sightingOf(record: JsonObject, sanitise: ListOptions['sanitise']): readonly Sighting[] {
  const jobId = valueOf(record, 'jobId')
  const job = decodeJob(record, sanitise)
  if (typeof jobId !== 'string' || job === undefined) return []
  const { phase, label, progress, collectionName } = job
  return [{ jobId, phase, label, progress, collectionName }]
}
