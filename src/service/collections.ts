import type {
  CollectionIdentity,
  Collections,
  Gone,
  IndexProgress,
  LoadProgress,
  NoResponse,
  Reading,
  Refresh,
  RequestOptions,
  RowsCounted,
  StoredRows,
} from '../gate/import-service.ts'
import type { Operation } from '../gate/job.ts'
import type { Sanitize } from '../messages/format.ts'
import type { Client } from './client.ts'
import type { DataPlaneResolver } from './data-plane.ts'
import { count, numberOf, percentage, text } from './decode.ts'
import type { Names } from './decode.ts'
import { PATHS } from './dialects.ts'
import { isObject, valueOf } from './envelope.ts'
import type { JsonObject } from './envelope.ts'
import { errorOf, isParticular, meaningOf, messageIn, readSuccess, statusWithoutPath } from './errors.ts'
import type { Answer, Enveloped } from './errors.ts'

/** Asks about collections where they are searched. Never rejects; all text that comes back has been sanitized. */
export function createCollections(plane: DataPlaneResolver, dbName: string | undefined, names: Names): Collections {
  const ask = <Result extends { readonly kind: string }>(
    client: Client,
    collection: string,
    { path, operation, body, headers, read, other }: Query<Result>,
    options: RequestOptions,
  ): Promise<Result | Gone | NoResponse> => {
    const request = {
      operation,
      subject: collection,
      database: dbName,
      path: `${PATHS.data}${path}`,
      body: { ...(dbName && { dbName }), collectionName: names.get(collection) ?? collection, ...body },
      ...(headers && { headers }),
    }
    return client.request(request, options, (answer) => goneIn(answer) ?? other?.(answer) ?? readSuccess(answer, read))
  }

  const readIndexes = async (
    client: Client,
    collection: string,
    options: RequestOptions,
    mayVanish = true,
  ): Promise<Indexes | Gone | NoResponse> => {
    const listed = await ask(client, collection, INDEX_NAMES, options)
    if (listed.kind !== 'names') return listed
    const indexes: IndexProgress[] = []
    for (const name of listed.names) {
      const described = await ask(client, collection, describeIndex(name, mayVanish), options)
      if (described.kind === 'vanished') return readIndexes(client, collection, options, false)
      if (described.kind !== 'indexes') return described
      indexes.push(...described.indexes)
    }
    return { kind: 'indexes', indexes }
  }

  const readAll = async (client: Client, collection: string, options: RequestOptions): Promise<Reading> => {
    const read = await readIndexes(client, collection, options)
    if (read.kind !== 'indexes') return read
    const loaded = await ask(client, collection, LOAD_STATE, options)
    return loaded.kind === 'load' ? { kind: 'read', indexes: read.indexes, load: loaded.load } : loaded
  }

  const reaching =
    <Result>(then: (client: Client, collection: string, options: RequestOptions) => Promise<Result>) =>
    async (collection: string, options: RequestOptions): Promise<Result | NoResponse> => {
      const reached = await plane.reach(options)
      return reached.kind === 'reached' ? then(reached.client, collection, options) : reached
    }
  const asking = <Result extends { readonly kind: string }>(query: Query<Result>) =>
    reaching((client, collection, options) => ask(client, collection, query, options))

  return {
    isElsewhere: plane.isElsewhere,
    read: reaching(readAll),
    refresh: asking(REFRESH),
    count: asking(COUNT),
    stored: asking(STORED),
    identify: asking(IDENTITY),
  }
}

/** One request about a collection. */
interface Query<Result> {
  /** Below `/v2/vectordb`. */
  readonly path: string
  readonly operation: Operation
  readonly body?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Finds the result in a success. */
  readonly read: (answer: Enveloped) => Result | undefined
  /** What an answer means to this request alone. */
  readonly other?: (answer: Answer) => Result | undefined
}

interface Indexes {
  readonly kind: 'indexes'
  readonly indexes: readonly IndexProgress[]
}

/** Without it some versions send numbers as strings. */
const INT64 = { 'Accept-Type-Allow-Int64': 'true' }
const INDEX_NOT_FOUND = 700
const COLLECTION_NOT_LOADED = 101
const MAX_WORD = 64
const MAX_NAME = 256

const INDEX_NAMES: Query<{ readonly kind: 'names'; readonly names: readonly string[] }> = {
  path: '/indexes/list',
  operation: 'list-indexes',
  read: ({ envelope: { items } }) => {
    const isUsable = items?.every((name) => typeof name === 'string' && name !== '') ?? false
    return isUsable ? { kind: 'names', names: items as string[] } : undefined
  },
}

function describeIndex(indexName: string, mayVanish: boolean): Query<Indexes | { readonly kind: 'vanished' }> {
  return {
    path: '/indexes/describe',
    operation: 'describe-indexes',
    body: { indexName },
    read: ({ envelope: { items = [] }, context }) => {
      const indexes = items.map((item) => indexOf(item, indexName, context.sanitize))
      const isUsable = indexes.length > 0 && indexes.every((index) => index !== undefined)
      return isUsable ? { kind: 'indexes', indexes } : undefined
    },
    other: (answer) => {
      const isUnknown = isParticular(answer) && answer.envelope.code === INDEX_NOT_FOUND
      return mayVanish && isUnknown ? { kind: 'vanished' } : undefined
    },
  }
}

function indexOf(item: unknown, askedFor: string, sanitize: Sanitize): IndexProgress | undefined {
  if (!isObject(item)) return undefined
  const state = valueOf(item, 'indexState')
  if (typeof state !== 'string' || state === '') return undefined
  return {
    name: text(valueOf(item, 'indexName'), sanitize, MAX_NAME) ?? sanitize(askedFor, MAX_NAME),
    label: sanitize(state, MAX_WORD),
    isFailed: state === 'Failed',
    failReason: text(valueOf(item, 'failReason'), sanitize),
    pendingRows: count(valueOf(item, 'pendingRows')) ?? missingRows(item),
  }
}

function missingRows(index: JsonObject): number | undefined {
  const [total, indexed] = [count(valueOf(index, 'totalRows')), count(valueOf(index, 'indexedRows'))]
  // Rows that were compacted away may still be counted as indexed.
  return total === undefined || indexed === undefined ? undefined : Math.max(0, total - indexed)
}

const LOAD_STATE: Query<{ readonly kind: 'load'; readonly load: LoadProgress } | Gone> = {
  path: '/collections/get_load_state',
  operation: 'load-state',
  read: ({ envelope: { data = {} }, context }) => {
    const state = valueOf(data, 'loadState')
    if (typeof state !== 'string' || state === '') return undefined
    // The list of indexes was a good response.
    if (state === 'LoadStateNotExist')
      return { kind: 'gone', error: errorOf('gone', 'not-exist', context), hostHasAnswered: true }
    if (state === 'LoadStateNotLoad') return { kind: 'load', load: { state: 'not-loaded', percent: undefined } }
    const progress = numberOf(valueOf(data, 'loadProgress'))
    // -1 where the service could not find out how much is loaded, whatever the state says.
    const isKnown = progress === undefined || progress >= 0
    const isLoaded = state === 'LoadStateLoaded' && isKnown
    const percent = isKnown ? percentage(progress) : undefined
    return { kind: 'load', load: { state: isLoaded ? 'loaded' : 'loading', percent } }
  },
}

const REFRESH: Query<Exclude<Refresh, Gone | NoResponse>> = {
  path: '/collections/refresh_load',
  operation: 'refresh',
  read: () => ({ kind: 'done' }),
  other: (answer) => notLoadedIn(answer) ?? noRefreshIn(answer),
}

function noRefreshIn(answer: Answer): Extract<Refresh, { readonly kind: 'no-refresh' }> | undefined {
  const httpStatus = statusWithoutPath(answer)
  if (httpStatus === undefined) return undefined
  return { kind: 'no-refresh', error: errorOf('no-refresh', 'no-refresh', answer.context, { httpStatus }) }
}

const COUNT: Query<Exclude<RowsCounted, Gone | NoResponse>> = {
  path: '/entities/query',
  operation: 'count',
  body: { filter: '', outputFields: ['count(*)'], consistencyLevel: 'Strong' },
  headers: INT64,
  read: ({ envelope: { items = [] } }) => {
    const [first, ...others] = items
    const rows = isObject(first) && others.length === 0 ? count(valueOf(first, 'count(*)')) : undefined
    return rows === undefined ? undefined : { kind: 'counted', rows }
  },
  other: notLoadedIn,
}

const STORED: Query<Exclude<StoredRows, Gone | NoResponse>> = {
  path: '/collections/get_stats',
  operation: 'stored',
  headers: INT64,
  read: ({ envelope: { data = {} } }) => {
    const rowCount = count(valueOf(data, 'rowCount'))
    return rowCount === undefined ? undefined : { kind: 'stored', rowCount }
  },
}

const IDENTITY: Query<Exclude<CollectionIdentity, Gone | NoResponse>> = {
  path: '/collections/describe',
  operation: 'identify',
  read: ({ envelope: { data }, reply }) => {
    const collectionId = data && collectionIdIn(data, reply.body)
    return collectionId === undefined ? data && { kind: 'unidentified' } : { kind: 'identified', collectionId }
  },
}

/** The id as it was sent: as a number it lies beyond 2^53, so that two of them may look alike. */
function collectionIdIn(data: JsonObject, body: string): string | undefined {
  const id = valueOf(data, 'collectionID')
  if (typeof id === 'string') return /^\d{1,32}$/.test(id) ? id : undefined
  if (typeof id !== 'number') return undefined
  // A name or a description that quotes such a member has backslashes before its quotes.
  const found = [...body.matchAll(/(?<!\\)"collectionID"\s*:\s*(\d{1,32})(?=\s*[,}])/gi)].map(
    ([, digits = '']) => digits,
  )
  const [digits, ...others] = new Set(found.filter((digits) => Number(digits) === id))
  return others.length === 0 ? digits : undefined
}

function notLoadedIn(answer: Answer): { readonly kind: 'not-loaded' } | undefined {
  if (!isParticular(answer)) return undefined
  const { code, message } = answer.envelope
  return code === COLLECTION_NOT_LOADED || /not loaded/i.test(message) ? { kind: 'not-loaded' } : undefined
}

/** The collection, or its database, is said to be not there. */
function goneIn(answer: Answer): Gone | undefined {
  if (answer.envelope === undefined) return undefined
  const { kind } = meaningOf(answer)
  if (kind !== 'no-collection' && kind !== 'no-database') return undefined
  const { envelope, context } = answer
  const error = errorOf('gone', `code-${envelope.code}`, context, {
    code: envelope.code,
    ...messageIn(envelope.message, context),
  })
  return { kind: 'gone', error, hostHasAnswered: context.hostHasAnswered }
}
