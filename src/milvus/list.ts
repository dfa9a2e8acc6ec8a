import type { Phase } from '../watch/import-job.ts'
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
  | { readonly kind: 'outage' }
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

const PATH = '/jobs/import/list'
/** The largest page is nowhere documented: one that holds all is asked for first, and a usual one where that is refused. */
const PAGE_SIZES = { all: 1_000, usual: 100 }
/** A list that never ends would never be one. */
const MOST_PAGES = 120

/** The list of both services: Milvus answers in one piece, Zilliz Cloud in pages. */
export function createList(client: Client, options: ListOptions): List {
  const { dbName, collectionName, sanitise } = options
  const isPaged = options.clusterId !== undefined || options.projectId !== undefined
  const scope = { ...(dbName && { dbName }), ...(collectionName && { collectionName }) }

  let pageSize = PAGE_SIZES.all

  return async (wanted, { signal, turn }) => {
    const sightings = new Map<string, Sighting>()
    let seen = 0
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      if (!(await turn())) return { kind: 'cancelled' }
      const paging = isPaged ? { pageSize, currentPage: page } : {}
      const request = { path: PATH, jobId: undefined, body: { ...scope, ...paging }, signal }
      const answer = await client.ask(request, (raw) => readPage(raw, client, sanitise))
      if (answer.kind === 'refused' && isPaged && pageSize > PAGE_SIZES.usual) {
        pageSize = PAGE_SIZES.usual
        page = 0
        continue
      }
      if (answer.kind !== 'page') return answer
      for (const sighting of answer.sightings) sightings.set(sighting.jobId, sighting)
      seen += answer.records
      const isLast = !isPaged || answer.records === 0 || seen >= (answer.count ?? Infinity)
      if (isLast || [...wanted].every((jobId) => sightings.has(jobId))) break
    }
    return { kind: 'listed', sightings }
  }
}

interface Page {
  readonly kind: 'page'
  readonly sightings: readonly Sighting[]
  /** Records on this page, readable or not. */
  readonly records: number
  /** Records on all pages, where the service says. */
  readonly count: number | undefined
}

function readPage(
  { reply, envelope }: Answer,
  client: Client,
  sanitise: ListOptions['sanitise'],
): Page | Exclude<Listed, { kind: 'listed' }> {
  if (reply.kind === 'aborted') return { kind: 'cancelled' }
  const around = client.around()
  if (reply.kind !== 'reply' || envelope === undefined) {
    // A server or gateway that does not know this path says so without an envelope, at any time.
    const isMissing = reply.kind === 'reply' && [400, 403, 404, 405].includes(reply.status)
    return { kind: isMissing || diagnoseReply(reply, around).kind === 'refused' ? 'refused' : 'outage' }
  }
  const records = isSuccess(envelope) && reply.status < 300 && envelope.data && valueOf(envelope.data, 'records')
  if (!Array.isArray(records)) {
    const isPassing = !isSuccess(envelope) && diagnoseEnvelope(envelope, reply, around).kind === 'outage'
    return { kind: isPassing ? 'outage' : 'refused' }
  }
  const count = envelope.data && valueOf(envelope.data, 'count')
  return {
    kind: 'page',
    sightings: records.filter(isObject).flatMap((record) => sightingOf(record, sanitise)),
    records: records.length,
    count: typeof count === 'number' ? count : undefined,
  }
}

function sightingOf(record: JsonObject, sanitise: ListOptions['sanitise']): readonly Sighting[] {
  const jobId = valueOf(record, 'jobId')
  const job = decodeJob(record, sanitise)
  if (typeof jobId !== 'string' || job === undefined) return []
  const { phase, label, progress, collectionName } = job
  return [{ jobId, phase, label, progress, collectionName }]
}
