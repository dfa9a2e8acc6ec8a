import type { RequestOptions } from '../gate/import-service.ts'
import type { Operation } from '../gate/job.ts'
import type {
  CollectionIdentity,
  Collections,
  Gone,
  IndexProgress,
  LoadProgress,
  NoResponse,
  Reading,
  Refresh,
} from '../gate/import-service.ts'
import type { Sanitize } from '../messages/format.ts'
import type { HttpReply } from './http.ts'
import type { DataPlaneResolver, ResolvedDataPlane } from './data-plane.ts'
import { count, numberOf, percentage, text } from './decode.ts'
import { errorOf, isGone, isParticular, messageIn, readResponse } from './errors.ts'
import type { Answer, RequestContext, Response } from './errors.ts'
import { PATHS } from './dialects.ts'
import { isObject, isSuccess, valueOf } from './envelope.ts'
import type { Envelope, JsonObject } from './envelope.ts'

export interface CollectionsOptions {
  readonly dbName: string | undefined
  readonly sanitize: Sanitize
  /** What the service calls a collection, by what is told of it. */
  readonly nameOf: (told: string) => string
}

/** Asks about collections where they are searched. Never rejects; all text that comes back has been sanitized. */
export function createCollections(
  reach: DataPlaneResolver,
  { dbName, sanitize, nameOf }: CollectionsOptions,
): Collections {
  const contextOf = ({ client, address }: ResolvedDataPlane, collection: string, operation: Operation) =>
    client.context({ operation, subject: sanitize(collection), database: dbName && sanitize(dbName), address })

  /** One request about a collection; what `other` makes of an error is what it means, not error. */
  async function ask<Value, Other extends { readonly kind: string } = never>(
    reached: ResolvedDataPlane,
    collection: string,
    wish: Wish<Value, Other>,
    options: RequestOptions,
  ): Promise<Response<Value> | Gone | Other> {
    const { path, body, headers, read, other, pathless } = wish
    const request = {
      path: `${PATHS.data}${path}`,
      body: { ...(dbName && { dbName }), collectionName: nameOf(collection), ...body },
      ...(headers && { headers }),
    }
    return reached.client.ask(request, options, (answer): Response<Value> | Gone | Other => {
      const context = contextOf(reached, collection, wish.operation)
      return (
        goneIn(answer, context) ??
        otherIn(answer, other) ??
        pathlessIn(answer, context, pathless) ??
        readResponse(answer, context, (envelope) => read(envelope, answer.reply))
      )
    })
  }

  async function describeAll(
    reached: ResolvedDataPlane,
    collection: string,
    names: readonly string[],
    mayVanish: boolean,
    options: RequestOptions,
  ): Promise<Response<readonly IndexProgress[]> | Gone | typeof VANISHED> {
    const indexes: IndexProgress[] = []
    for (const name of names) {
      const described = await ask(reached, collection, describeIndex(name, sanitize, mayVanish), options)
      if (described.kind !== 'answered') return described
      indexes.push(...described.value)
    }
    return { kind: 'answered', value: indexes }
  }

  async function readIndexes(reached: ResolvedDataPlane, collection: string, options: RequestOptions) {
    for (let mayVanish = true; ; mayVanish = false) {
      const names = await ask(reached, collection, INDEX_NAMES, options)
      if (names.kind !== 'answered') return names
      const indexes = await describeAll(reached, collection, names.value, mayVanish, options)
      if (indexes.kind !== 'vanished') return indexes
    }
  }

  async function readAll(reached: ResolvedDataPlane, collection: string, options: RequestOptions): Promise<Reading> {
    const indexes = await readIndexes(reached, collection, options)
    if (indexes.kind !== 'answered') return indexes
    const load = await ask(reached, collection, LOAD_STATE, options)
    if (load.kind !== 'answered') return load
    if (load.value !== 'gone') return { kind: 'read', indexes: indexes.value, load: load.value }
    const error = errorOf('gone', 'not-exist', contextOf(reached, collection, 'load-state'))
    // The list of indexes was a good response.
    return { kind: 'gone', error, hostHasAnswered: true }
  }

  const reaching =
    <Result>(then: (reached: ResolvedDataPlane, collection: string, options: RequestOptions) => Promise<Result>) =>
    async (collection: string, options: RequestOptions): Promise<Result | NoResponse> => {
      const reached = await reach.reach(options)
      return reached.kind === 'reached' ? then(reached, collection, options) : reached
    }

  return {
    isElsewhere: reach.isElsewhere,
    read: reaching(readAll),
    refresh: reaching(async (reached, collection, options) => {
      const answer = await ask(reached, collection, REFRESH, options)
      return answer.kind === 'answered' ? { kind: 'done' } : answer
    }),
    count: reaching(async (reached, collection, options) => {
      const answer = await ask(reached, collection, COUNT, options)
      return answer.kind === 'answered' ? { kind: 'counted', rows: answer.value } : answer
    }),
    stored: reaching(async (reached, collection, options) => {
      const answer = await ask(reached, collection, STORED, options)
      return answer.kind === 'answered' ? { kind: 'stored', rowCount: answer.value } : answer
    }),
    identify: reaching(async (reached, name, options): Promise<CollectionIdentity> => {
      const answer = await ask(reached, name, IDENTITY, options)
      if (answer.kind !== 'answered') return answer
      const { collectionId } = answer.value
      return collectionId === undefined ? { kind: 'unidentified' } : { kind: 'identified', collectionId }
    }),
  }
}

/** What is wanted of a collection. */
interface Wish<Value, Other> {
  /** Below `/v2/vectordb`. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly operation: Operation
  readonly read: (envelope: Envelope, reply: HttpReply) => Value | undefined
  readonly other?: (envelope: Envelope) => Other | undefined
  /** What it means that whoever answers has no such path. */
  readonly pathless?: (status: number, context: RequestContext) => Other
}

type NoRefresh = Extract<Refresh, { readonly kind: 'no-refresh' }>

/** Without it some versions send numbers as strings. */
const INT64 = { 'Accept-Type-Allow-Int64': 'true' }
const VANISHED = { kind: 'vanished' } as const
const NOT_LOADED = { kind: 'not-loaded' } as const
const INDEX_NOT_FOUND = 700
const COLLECTION_NOT_LOADED = 101

const INDEX_NAMES: Wish<readonly string[], never> = {
  path: '/indexes/list',
  operation: 'list-indexes',
  read: ({ items }) =>
    items?.every((name) => typeof name === 'string' && name !== '') ? (items as string[]) : undefined,
}

const LOAD_STATE: Wish<LoadProgress | 'gone', never> = {
  path: '/collections/get_load_state',
  operation: 'load-state',
  read: ({ data = {} }) => {
    const state = valueOf(data, 'loadState')
    if (typeof state !== 'string' || state === '') return undefined
    if (state === 'LoadStateNotExist') return 'gone'
    if (state === 'LoadStateNotLoad') return { state: 'not-loaded', percent: undefined }
    const progress = numberOf(valueOf(data, 'loadProgress'))
    // -1 where the service could not find out how much is loaded, whatever the state says.
    const isKnown = progress === undefined || progress >= 0
    return {
      state: state === 'LoadStateLoaded' && isKnown ? 'loaded' : 'loading',
      percent: isKnown ? percentage(progress) : undefined,
    }
  },
}

const REFRESH: Wish<Envelope, typeof NOT_LOADED | NoRefresh> = {
  path: '/collections/refresh_load',
  operation: 'refresh',
  read: (envelope) => envelope,
  other: notLoadedIn,
  pathless: (httpStatus, context) => ({
    kind: 'no-refresh',
    error: errorOf('no-refresh', 'no-refresh', context, { httpStatus }),
  }),
}

const COUNT: Wish<number, typeof NOT_LOADED> = {
  path: '/entities/query',
  body: { filter: '', outputFields: ['count(*)'], consistencyLevel: 'Strong' },
  headers: INT64,
  operation: 'count',
  read: ({ items }) => (items?.length === 1 && isObject(items[0]) ? count(valueOf(items[0], 'count(*)')) : undefined),
  other: notLoadedIn,
}

const STORED: Wish<number, never> = {
  path: '/collections/get_stats',
  headers: INT64,
  operation: 'stored',
  read: ({ data = {} }) => count(valueOf(data, 'rowCount')),
}

const IDENTITY: Wish<{ readonly collectionId: string | undefined }, never> = {
  path: '/collections/describe',
  operation: 'identify',
  read: ({ data }, reply) => data && { collectionId: collectionIdIn(data, reply) },
}

/** The id as it was sent: as a number it lies beyond 2^53, so that two of them may look alike. */
function collectionIdIn(data: JsonObject, reply: HttpReply): string | undefined {
  const id = valueOf(data, 'collectionID')
  if (typeof id === 'string') return /^\d{1,32}$/.test(id) ? id : undefined
  if (typeof id !== 'number' || reply.kind !== 'reply') return undefined
  // A name or a description that quotes such a member has backslashes before its quotes.
  const found = [...reply.body.matchAll(/(?<!\\)"collectionID"\s*:\s*(\d{1,32})(?=\s*[,}])/gi)].map(
    ([, digits = '']) => digits,
  )
  const [digits, ...others] = new Set(found.filter((digits) => Number(digits) === id))
  return others.length === 0 ? digits : undefined
}

function describeIndex(
  indexName: string,
  sanitize: Sanitize,
  mayVanish: boolean,
): Wish<readonly IndexProgress[], typeof VANISHED> {
  return {
    path: '/indexes/describe',
    body: { indexName },
    operation: 'describe-indexes',
    read: ({ items }) => {
      const indexes = items?.map((item) => indexOf(item, indexName, sanitize)) ?? []
      return indexes.length > 0 && indexes.every((index) => index !== undefined) ? indexes : undefined
    },
    other: ({ code }) => (mayVanish && code === INDEX_NOT_FOUND ? VANISHED : undefined),
  }
}

const MAX_WORD = 64
const MAX_NAME = 256

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

function notLoadedIn({ code, message }: Envelope): typeof NOT_LOADED | undefined {
  return code === COLLECTION_NOT_LOADED || /not loaded/i.test(message) ? NOT_LOADED : undefined
}

function otherIn<Other>({ reply, envelope }: Answer, other: Wish<unknown, Other>['other']): Other | undefined {
  if (envelope === undefined || isSuccess(envelope)) return undefined
  return isParticular(envelope, reply.status) ? other?.(envelope) : undefined
}

function pathlessIn<Other>(
  { reply, envelope }: Answer,
  context: RequestContext,
  pathless: Wish<unknown, Other>['pathless'],
): Other | undefined {
  const hasNoPath = reply.kind === 'reply' && envelope === undefined && (reply.status === 404 || reply.status === 405)
  return hasNoPath ? pathless?.(reply.status, context) : undefined
}

function goneIn({ reply, envelope }: Answer, context: RequestContext): Gone | undefined {
  if (envelope === undefined || !isGone(envelope, reply.status)) return undefined
  const { code, message } = envelope
  const error = errorOf('gone', `code-${code}`, context, { code, ...messageIn(message, context) })
  return { kind: 'gone', error, hostHasAnswered: context.hostHasAnswered }
}
