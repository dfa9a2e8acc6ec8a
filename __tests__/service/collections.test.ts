import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { HttpReply } from '../../src/connection.ts'
import type { Collections, Reading } from '../../src/gate/import-service.ts'
import { htmlPage, json, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { inWords, asking, asMany, closeAll, inTurn, KEY, played } from './asked-service.ts'
import type { Answering } from './asked-service.ts'

const INDEXES = '/v2/vectordb/indexes/list'
const INDEX = '/v2/vectordb/indexes/describe'
const LOAD = '/v2/vectordb/collections/get_load_state'
const REFRESH = '/v2/vectordb/collections/refresh_load'
const STATS = '/v2/vectordb/collections/get_stats'
const QUERY = '/v2/vectordb/entities/query'

const good = (data: unknown) => json({ code: 0, data })
const anIndex = (but: Readonly<Record<string, unknown>> = {}) => ({
  indexName: 'vector',
  fieldName: 'v',
  totalRows: 1_000,
  indexedRows: 1_000,
  pendingRows: 0,
  indexState: 'Finished',
  failReason: '',
  ...but,
})
const LOADED = good({ loadState: 'LoadStateLoaded', loadProgress: 100 })

afterEach(closeAll)

/** A collection with one index that is loaded, but for what is said otherwise. */
function collection(replies: Readonly<Record<string, Reply | ((nth: number) => Reply)>> = {}): Answering {
  const seen = new Map<string, number>()
  const usual: Readonly<Record<string, Reply>> = {
    [INDEXES]: good(['vector']),
    [INDEX]: good([anIndex()]),
    [LOAD]: LOADED,
    [REFRESH]: good({}),
    [QUERY]: good([{ 'count(*)': 1_000 }]),
    [STATS]: good({ rowCount: 1_200 }),
  }
  return ({ path }) => {
    const nth = seen.get(path) ?? 0
    seen.set(path, nth + 1)
    const reply = replies[path] ?? usual[path] ?? text(404, '404 page not found')
    return typeof reply === 'function' ? reply(nth) : reply
  }
}

async function reading(replies: Parameters<typeof collection>[0] = {}): Promise<Reading> {
  const { service } = await asking(collection(replies))
  return service.collections.read('books', asMany())
}

/** What is read of an index and of the load state, where the collection can be read. */
const indexOf = async (index: unknown) => {
  const answer = await reading({ [INDEX]: good([index]) })
  return answer.kind === 'read' ? answer.indexes : answer.kind
}
const loadOf = async (data: unknown) => {
  const answer = await reading({ [LOAD]: good(data) })
  return answer.kind === 'read' ? answer.load : answer.kind
}

describe('reading a collection', () => {
  it('asks for its indexes, for each of them, and for its load state, with no place but the database', async () => {
    const { service, requests, exchanges } = await asking(collection({ [INDEXES]: good(['vector', 'id']) }), {
      dbName: 'shop',
      clusterId: 'in01-abc',
    })
    expect(await service.collections.read('books', asMany())).toMatchObject({ kind: 'read', indexes: [{}, {}] })
    const scope = { dbName: 'shop', collectionName: 'books' }
    expect(requests.map(({ method, path, body }) => [method, path, JSON.parse(body) as unknown])).toEqual([
      ['POST', INDEXES, scope],
      ['POST', INDEX, { ...scope, indexName: 'vector' }],
      ['POST', INDEX, { ...scope, indexName: 'id' }],
      ['POST', LOAD, scope],
    ])
    expect(exchanges.map(({ jobId, path, outcome }) => [jobId, path, outcome])).toEqual(
      [INDEXES, INDEX, INDEX, LOAD].map((path) => [undefined, path, 'answered']),
    )
  })

  it('tells what is there', async () => {
    expect(await reading()).toEqual({
      kind: 'read',
      indexes: [{ name: 'vector', label: 'Finished', isFailed: false, failReason: undefined, pendingRows: 0 }],
      load: { state: 'loaded', percent: 100 },
    })
  })

  it('may find no indexes', async () => {
    expect(await reading({ [INDEXES]: good([]) })).toMatchObject({ kind: 'read', indexes: [] })
  })

  it('tells all entries of one answer', async () => {
    const several = [anIndex(), anIndex({ indexName: 'other', pendingRows: 7 })]
    expect(await reading({ [INDEX]: good(several) })).toMatchObject({
      indexes: [{ name: 'vector' }, { name: 'other', pendingRows: 7 }],
    })
  })

  it.each<[what: string, rows: Readonly<Record<string, unknown>>, pendingRows: number | undefined]>([
    ['as they are told, also beside Finished', { pendingRows: 1_000_000 }, 1_000_000],
    ['from a string', { pendingRows: '12' }, 12],
    ['from the others where they are not told', { pendingRows: undefined, indexedRows: 400 }, 600],
    ['from the others, as strings', { pendingRows: null, indexedRows: '1', totalRows: '3' }, 2],
    ['never below zero', { pendingRows: undefined, indexedRows: 1_001 }, 0],
    ['not from half of it', { pendingRows: undefined, indexedRows: undefined }, undefined],
    ['not from nonsense', { pendingRows: 'none', totalRows: {} }, undefined],
  ])('counts the rows that are missing in an index %s', async (_what, rows, pendingRows) => {
    expect(await indexOf(anIndex(rows))).toMatchObject([{ pendingRows }])
  })

  it.each([
    ['Failed', true],
    ['failed', false],
    ['InProgress', false],
    ['Failed ', false],
  ])('takes the state %j for failed: %s', async (indexState, isFailed) => {
    expect(await indexOf(anIndex({ indexState }))).toMatchObject([{ isFailed }])
  })

  it('tells why an index failed', async () => {
    expect(await indexOf(anIndex({ failReason: 'out of memory' }))).toMatchObject([{ failReason: 'out of memory' }])
  })

  it('shows an index without secrets and commands', async () => {
    const text = `##[error] ${KEY}`
    const told = JSON.stringify(await indexOf(anIndex({ indexName: text, indexState: text, failReason: text })))
    expect(told).toContain('***')
    expect(told).not.toMatch(/##\[|Passw0rd/)
  })

  it.each<[what: string, data: unknown, load: unknown]>([
    ['loaded', { loadState: 'LoadStateLoaded', loadProgress: 100 }, { state: 'loaded', percent: 100 }],
    ['loaded, in keys of any case', { LoadState: 'LoadStateLoaded' }, { state: 'loaded', percent: undefined }],
    ['loading', { loadState: 'LoadStateLoading', loadProgress: 42.9 }, { state: 'loading', percent: 42 }],
    ['a string', { loadState: 'LoadStateLoading', loadProgress: '42' }, { state: 'loading', percent: 42 }],
    ['loading at zero', { loadState: 'LoadStateLoading', loadProgress: 0 }, { state: 'loading', percent: 0 }],
    ['loaded at zero', { loadState: 'LoadStateLoaded', loadProgress: 0 }, { state: 'loaded', percent: 0 }],
    ['no progress', { loadState: 'LoadStateLoading', loadProgress: -1 }, { state: 'loading', percent: undefined }],
    [
      'loaded without progress',
      { loadState: 'LoadStateLoaded', loadProgress: -1 },
      { state: 'loading', percent: undefined },
    ],
    ['loaded without a figure', { loadState: 'LoadStateLoaded' }, { state: 'loaded', percent: undefined }],
    ['too much', { loadState: 'LoadStateLoading', loadProgress: 400 }, { state: 'loading', percent: 100 }],
    ['not loaded', { loadState: 'LoadStateNotLoad', loadProgress: 9 }, { state: 'not-loaded', percent: undefined }],
    ['a new word', { loadState: 'LoadStateReloading' }, { state: 'loading', percent: undefined }],
    ['a word like it', { loadState: 'loadstateloaded' }, { state: 'loading', percent: undefined }],
    ['gone', { loadState: 'LoadStateNotExist' }, 'gone'],
    ['no word', { loadProgress: 100 }, 'outage'],
    ['an empty word', { loadState: '' }, 'outage'],
    ['a list', [{ loadState: 'LoadStateLoaded' }], 'outage'],
  ])('reads a load state: %s', async (_what, data, load) => {
    expect(await loadOf(data)).toEqual(load)
  })

  it.each<[what: string, replies: Parameters<typeof collection>[0]]>([
    ['an object for the indexes', { [INDEXES]: good({}) }],
    ['nothing for the indexes', { [INDEXES]: json({ code: 0 }) }],
    ['indexes whose names are no text', { [INDEXES]: good([7]) }],
    ['an index without a name', { [INDEXES]: good(['']) }],
    ['no entry for an index', { [INDEX]: good([]) }],
    ['an object for an index', { [INDEX]: good(anIndex()) }],
    ['an index without a state', { [INDEX]: good([anIndex(), anIndex({ indexState: undefined })]) }],
    ['an index with an empty state', { [INDEX]: good([anIndex({ indexState: '' })]) }],
    ['an entry that is no object', { [INDEX]: good([null]) }],
    ['nothing for an index', { [INDEX]: json({ code: 0 }) }],
    ['nothing for the load state', { [LOAD]: json({ code: 0 }) }],
  ])('cannot make anything of %s', async (_what, replies) => {
    expect(await reading(replies)).toMatchObject({ kind: 'outage', error: { outcome: 'unusable' } })
  })

  it('begins again where an index has been dropped in between', async () => {
    const { service, bodiesOf } = await asking(
      collection({
        [INDEXES]: (nth) => good(nth === 0 ? ['old'] : ['vector']),
        [INDEX]: (nth) => (nth === 0 ? json({ code: 700, message: 'index not found' }) : good([anIndex()])),
      }),
    )
    expect(await service.collections.read('books', asMany())).toMatchObject({ indexes: [{ name: 'vector' }] })
    expect(bodiesOf(INDEXES)).toHaveLength(2)
  })

  it('begins again only once', async () => {
    expect(await reading({ [INDEX]: json({ code: 700, message: 'index not found' }) })).toMatchObject({
      kind: 'outage',
      error: { outcome: 'code-700' },
    })
  })

  it('does not begin again after any other error', async () => {
    const { service, bodiesOf } = await asking(
      collection({ [INDEX]: (nth) => (nth === 0 ? json({ code: 4711, message: 'no' }) : good([anIndex()])) }),
    )
    expect(await service.collections.read('books', asMany())).toMatchObject({
      kind: 'outage',
      error: { outcome: 'code-4711' },
    })
    expect(bodiesOf(INDEXES)).toHaveLength(1)
  })

  it.each([INDEXES, INDEX, LOAD])(
    'is no use where %s is not known, or fails for a reason that nobody knows',
    async (path) => {
      expect(await reading({ [path]: text(404, '404 page not found') })).toMatchObject({
        error: { outcome: 'http-404' },
      })
      expect(await reading({ [path]: json({ code: 4711 }) })).toMatchObject({ error: { outcome: 'code-4711' } })
    },
  )

  it('takes a turn before each request', async () => {
    for (const turns of [0, 1, 2]) {
      const { service, requests } = await asking(collection())
      expect(await service.collections.read('books', asMany({ turns }))).toEqual({ kind: 'cancelled' })
      expect(requests).toHaveLength(turns)
    }
  })

  it('never breaks, whatever is answered', async () => {
    let data: unknown
    let last = ''
    const exchange = played(
      () => (last.endsWith(INDEXES) ? ['vector'] : data),
      (url) => (last = url),
    )
    const { service } = await asking(collection(), { exchange })
    const { collections } = service
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.array(fc.anything(), { maxLength: 2 })), async (anything) => {
        data = anything
        expect(['read', 'gone', 'outage']).toContain((await collections.read('books', asMany())).kind)
        expect((await collections.refresh('books', asMany())).kind).toBe('done')
        expect(['counted', 'outage']).toContain((await collections.count('books', asMany())).kind)
      }),
    )
  })
})

describe('a collection that is gone', () => {
  const GONE = json({ code: 100, message: "can't find collection[database=shop][collection=books]" })

  it.each([INDEXES, INDEX, LOAD])('is seen wherever %s says so', async (path) => {
    expect(await reading({ [path]: GONE })).toMatchObject({ kind: 'gone', error: { outcome: 'code-100' } })
  })

  it('is named, with its database', async () => {
    const { service } = await asking(collection({ [REFRESH]: GONE, [QUERY]: json({ code: 800 }, 400) }), {
      dbName: 'shop',
    })
    for (const answer of [
      await service.collections.refresh('books', asMany()),
      await service.collections.count('books', asMany()),
    ]) {
      expect(inWords(answer)).toMatchObject({
        kind: 'gone',
        error: {
          what: expect.stringMatching(/has no collection “books” in the database “shop”/),
          next: expect.stringContaining('`db-name`'),
        },
      })
    }
  })

  it.each<[dbName: string | undefined, where: string]>([
    [undefined, 'the default database'],
    ['', 'the default database'],
    ['shop', 'the database “shop”'],
    ['bookstore_hr', 'the database “***_hr”'],
  ])('is told so, with what was said, where the database is %j', async (dbName, where) => {
    const options = { sanitize: createSanitizer(['bookstore']), dbName }
    const next = 'The collection was dropped or renamed, or lives in another database: check `db-name`.'
    const answers = [
      { reply: good({ loadState: 'LoadStateNotExist' }), outcome: 'not-exist', said: '' },
      { reply: json({ code: 100, message: 'no bookstore.' }), outcome: 'code-100', said: ': “no ***”' },
    ]
    for (const { reply, outcome, said } of answers) {
      const { service, url } = await asking(collection({ [LOAD]: reply }), options)
      const what = `${new URL(url).host} has no collection “books” in ${where}${said}.`
      expect(inWords(await service.collections.read('books', asMany()))).toEqual({
        kind: 'gone',
        error: { outcome, what, next },
        hostHasAnswered: true,
      })
    }
  })

  it('is not told by somebody who forbids to ask', async () => {
    expect(await reading({ [LOAD]: json({ code: 100 }, 403) })).toMatchObject({ kind: 'refused' })
  })
})

describe('refreshing a collection', () => {
  it('is one request', async () => {
    const { service, bodiesOf } = await asking(collection())
    expect(await service.collections.refresh('books', asMany())).toEqual({ kind: 'done' })
    expect(bodiesOf(REFRESH)).toEqual([{ collectionName: 'books' }])
  })
})

describe('a service that does not know what it is asked for', () => {
  it.each<[what: string, reply: Reply, kind: string]>([
    ['the 404 of gin', text(404, '404 page not found'), 'no-refresh'],
    ['another 404', htmlPage(404, 'Not found'), 'no-refresh'],
    ['a 405', text(405, ''), 'no-refresh'],
    ['a 404 with an envelope', json({ code: 4711, message: 'no' }, 404), 'outage'],
    ['a 502', htmlPage(502, 'Bad gateway'), 'outage'],
  ])('is told from one that cannot answer now: a refresh that brings %s', async (_what, reply, kind) => {
    const { service } = await asking(collection({ [REFRESH]: reply }))
    await service.collections.read('books', asMany())
    expect((await service.collections.refresh('books', asMany())).kind).toBe(kind)
  })

  it.each<HttpReply>([
    { kind: 'proxy-refused', status: 404 },
    { kind: 'too-large', status: 405 },
  ])('is not met where there is no answer of its own: %j', async (answer) => {
    const exchange = {
      send: () => Promise.resolve(answer),
      close: () => Promise.resolve(),
    }
    const { service } = await asking(collection(), { exchange })
    expect((await service.collections.refresh('books', asMany())).kind).toBe('outage')
  })

  it('has its sentence', async () => {
    const { service, url } = await asking(collection({ [REFRESH]: text(404, '404 page not found') }))
    expect(inWords(await service.collections.refresh('books', asMany()))).toEqual({
      kind: 'no-refresh',
      error: {
        outcome: 'no-refresh',
        what: `${new URL(url).host} cannot refresh a loaded collection (HTTP 404 at refresh_load, which older versions lack), so the gate cannot determine when its new rows are searchable.`,
        next: expect.stringContaining('pymilvus'),
      },
    })
  })

  it('is refused or in error where it is asked for anything else', async () => {
    const { service } = await asking(collection({ [QUERY]: text(404, '404 page not found') }))
    expect((await service.collections.count('books', asMany())).kind).toBe('refused')
    await service.collections.read('books', asMany())
    expect((await service.collections.count('books', asMany())).kind).toBe('outage')
  })
})

describe('counting a collection', () => {
  it('asks for the number of all rows that were ever acknowledged', async () => {
    const { service, bodiesOf, requests } = await asking(collection())
    expect(await service.collections.count('books', asMany())).toEqual({ kind: 'counted', rows: 1_000 })
    expect(bodiesOf(QUERY)).toEqual([
      { collectionName: 'books', filter: '', outputFields: ['count(*)'], consistencyLevel: 'Strong' },
    ])
    expect(requests[0]?.headers).toMatchObject({ 'accept-type-allow-int64': 'true' })
  })

  it('sends its header with no other request', async () => {
    const { service, requests } = await asking(collection())
    await service.collections.refresh('books', asMany())
    expect(requests[0]?.headers).not.toHaveProperty('accept-type-allow-int64')
  })

  it.each<[data: unknown, rows: number | undefined]>([
    [[{ 'count(*)': 0 }], 0],
    [[{ 'count(*)': '9007199254740991' }], 9_007_199_254_740_991],
    [[{ 'count(*)': '9007199254740992' }], undefined],
    [[{ 'count(*)': -1 }], undefined],
    [[{ 'count(*)': 1.5 }], undefined],
    [[{ 'count(*)': 'many' }], undefined],
    [[{ 'count(*)': null }], undefined],
    [[{ count: 7 }], undefined],
    [[{ 'count(*)': 1 }, { 'count(*)': 2 }], undefined],
    [[], undefined],
    [{ 'count(*)': 7 }, undefined],
    [[7], undefined],
  ])('reads %j as %s', async (data, rows) => {
    const { service } = await asking(collection({ [QUERY]: good(data) }))
    const answer = await service.collections.count('books', asMany())
    expect(answer).toMatchObject(rows === undefined ? { kind: 'outage' } : { kind: 'counted', rows })
  })
})

describe('asking for the stored rows of a collection', () => {
  it('is one request', async () => {
    const { service, bodiesOf } = await asking(collection())
    expect(await service.collections.stored('books', asMany())).toEqual({ kind: 'stored', rowCount: 1_200 })
    expect(bodiesOf(STATS)).toEqual([{ collectionName: 'books' }])
  })

  it.each<[data: unknown, rowCount: number | undefined]>([
    [{ rowCount: 0 }, 0],
    [{ rowCount: '1200' }, 1_200],
    [{ rowCount: -1 }, undefined],
    [{ rowCount: 1.5 }, undefined],
    [{ rowCount: null }, undefined],
    [{}, undefined],
    [[{ rowCount: 7 }], undefined],
  ])('reads %j as %s', async (data, rowCount) => {
    const { service } = await asking(collection({ [STATS]: good(data) }))
    const response = await service.collections.stored('books', asMany())
    expect(response).toMatchObject(rowCount === undefined ? { kind: 'outage' } : { kind: 'stored', rowCount })
  })
})

describe.each([
  ['refreshing', REFRESH, 'refresh'],
  ['counting', QUERY, 'count'],
] as const)('%s', (_what, path, verb) => {
  it.each<[what: string, reply: Reply, kind: string]>([
    ['code 101', json({ code: 101, message: 'boom' }), 'not-loaded'],
    ['code 101 at HTTP 400', json({ code: 101, message: 'collection not loaded' }, 400), 'not-loaded'],
    ['a text of another code', json({ code: 65535, message: 'collection Not Loaded' }), 'not-loaded'],
    ['a collection that recovers', json({ code: 103, message: 'collection not fully loaded' }), 'outage'],
    ['a server that is not ready', json({ code: 2, message: 'node not loaded' }), 'outage'],
    ['a missing permission', json({ code: 65535, message: 'permission deny: not loaded' }), 'refused'],
    ['a bad key', json({ code: 1800 }), 'refused'],
    ['a code nobody knows', json({ code: 4711 }), 'outage'],
    ['success at HTTP 500', json({ code: 0, data: [{ 'count(*)': 1 }] }, 500), 'outage'],
    ['HTTP 502', htmlPage(502, 'Bad gateway'), 'outage'],
  ])('after %s', async (_case, reply, kind) => {
    const { service } = await asking(collection({ [path]: reply }))
    expect((await service.collections[verb]('books', asMany())).kind).toBe(kind)
  })
})

describe('a collection whose name holds a secret', () => {
  const SECRETIVE = { sanitize: createSanitizer(['bookstore']), collectionName: undefined }

  it('is asked about by its name, and told of without the secret', async () => {
    const answering: Answering = ({ path }) => (path.endsWith('/describe') ? importInto('bookstore_items') : COUNTED)
    const { service, bodiesOf } = await asking(answering, SECRETIVE)
    const poll = await service.pollerFor(['1'])('1', { ...asMany(), isLast: false })
    expect(poll).toMatchObject({ kind: 'answered', snapshot: { collectionName: '***_items' } })
    await service.collections.count('***_items', asMany())
    expect(bodiesOf('/v2/vectordb/entities/query')).toMatchObject([{ collectionName: 'bookstore_items' }])
  })

  it('is asked about by its name where the user alone knows it', async () => {
    const { service, bodiesOf } = await asking(inTurn(COUNTED), { ...SECRETIVE, collectionName: 'bookstore_items' })
    await service.collections.count('***_items', asMany())
    expect(bodiesOf('/v2/vectordb/entities/query')).toMatchObject([{ collectionName: 'bookstore_items' }])
  })
})

const COUNTED = json({ code: 0, data: [{ 'count(*)': 7 }] })
const importInto = (collectionName: string) =>
  json({ code: 0, data: { jobId: '1', state: 'Completed', collectionName } })

type Ask = (collections: Collections) => Promise<object>

describe('the words about a collection', () => {
  const PERMISSION =
    'Grant the user or API key the privileges to read and search the collection (Milvus: IndexDetail, GetLoadState, Load, Query, GetStatistics and DescribeCollection), and set `db-name` if it is not in the default database.'
  const LASTING = 'If this lasts, check the logs of the service.'
  const DENIED = json({ code: 65535, message: 'permission deny' })
  const NOTHING = json({ code: 0 })
  const read: Ask = (collections) => collections.read('books', asMany())
  const refresh: Ask = (collections) => collections.refresh('books', asMany())
  const count: Ask = (collections) => collections.count('books', asMany())

  it.each<[ask: Ask, path: string, reply: Reply, said: string, next: string]>([
    [
      read,
      INDEXES,
      DENIED,
      'rejected the request to list the indexes of the collection “books”: code 65535: “permission deny”.',
      PERMISSION,
    ],
    [
      read,
      INDEX,
      DENIED,
      'rejected the request to describe the indexes of the collection “books”: code 65535: “permission deny”.',
      PERMISSION,
    ],
    [
      read,
      LOAD,
      DENIED,
      'rejected the request to get the load state of the collection “books”: code 65535: “permission deny”.',
      PERMISSION,
    ],
    [
      refresh,
      REFRESH,
      DENIED,
      'rejected the request to refresh the collection “books”: code 65535: “permission deny”.',
      PERMISSION,
    ],
    [
      count,
      QUERY,
      DENIED,
      'rejected the request to count the rows of the collection “books”: code 65535: “permission deny”.',
      PERMISSION,
    ],
    [read, INDEXES, NOTHING, 'returned code 0, but not the names of the indexes.', LASTING],
    [read, INDEX, NOTHING, 'returned code 0, but not the state of an index.', LASTING],
    [read, LOAD, NOTHING, 'returned code 0, but not a load state.', LASTING],
    [count, QUERY, NOTHING, 'returned code 0, but not a row count.', LASTING],
    [
      refresh,
      REFRESH,
      json({ code: 0 }, 500),
      'returned HTTP 500, code 0, but not a confirmation of the refresh.',
      LASTING,
    ],
    [
      count,
      QUERY,
      json({ code: 4711 }),
      'returned an error to the request to count the rows of the collection “books”: code 4711.',
      LASTING,
    ],
    [
      count,
      QUERY,
      json({ code: 1801 }),
      'rejected the request to count the rows of the collection “books”: code 1801.',
      'Check `collection-name` and `db-name`.',
    ],
    [
      count,
      QUERY,
      json({ code: 100 }, 401),
      'rejected the request to count the rows of the collection “books”: HTTP 401, code 100.',
      'Check `api-key`: for Zilliz Cloud an API key, for Milvus `user:password` or an API key. Secrets are not available to workflows triggered from forks or by Dependabot.',
    ],
    [
      count,
      QUERY,
      text(404, '404 page not found'),
      'has no REST API of Milvus below this address (HTTP 404).',
      'Check `endpoint`: it takes the address of the Milvus, or of the cluster as the console of Zilliz Cloud shows it.',
    ],
  ])('are about what was asked, and about the right input: %#', async (ask, path, reply, said, next) => {
    const { service, url } = await asking(collection({ [path]: reply }))
    const { host } = new URL(url)
    expect(inWords(await ask(service.collections))).toMatchObject({ error: { what: `${host} ${said}`, next } })
  })

  it('do not send the user of a cluster to the control plane', async () => {
    const body = JSON.stringify({ code: 1800 })
    const answer = () =>
      Promise.resolve({
        kind: 'reply' as const,
        status: 200,
        headers: {},
        body,
        sizeBytes: body.length,
      })
    const { service } = await asking(collection(), {
      endpoint: 'https://in01-abc.aws-us-west-2.vectordb.zillizcloud.com:19530',
      exchange: { send: answer, close: () => Promise.resolve() },
    })
    expect(inWords(await service.collections.count('books', asMany()))).toMatchObject({
      kind: 'refused',
      error: { next: expect.stringMatching(/^Check `api-key`: /) },
    })
  })
})
