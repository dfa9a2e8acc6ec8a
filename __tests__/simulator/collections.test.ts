import { afterEach, describe, expect, it } from '@jest/globals'
import { aJob, closeAll, clusterId, parsed, send, start, type Sent } from './asking.ts'
import type { CollectionScript } from './collection-script.ts'
import type { ServiceRules } from './dialects.ts'
import { text } from './faults.ts'
import { startSimulators, type ServiceScript } from './server.ts'

afterEach(closeAll)

const PATHS = {
  'list-indexes': '/v2/vectordb/indexes/list',
  'describe-index': '/v2/vectordb/indexes/describe',
  'get-load-state': '/v2/vectordb/collections/get_load_state',
  'refresh-load': '/v2/vectordb/collections/refresh_load',
  query: '/v2/vectordb/entities/query',
  'describe-collection': '/v2/vectordb/collections/describe',
  'get-stats': '/v2/vectordb/collections/get_stats',
} as const

type Question = keyof typeof PATHS
const QUESTIONS = Object.keys(PATHS) as readonly Question[]

const milvus: ServiceRules = { dialect: 'milvus', version: '2.6' }
const products: CollectionScript = {
  name: 'products',
  clock: 'polls',
  course: [{ indexes: [{ name: 'vector', totalRows: 100 }], rows: 100 }],
}

const CLOUD: Partial<ServiceScript> = { dialect: 'zilliz', version: '2026', apiKey: 'k' }
const INDEX = { name: 'vector', totalRows: 100 }
const WHOLE_QUESTION = { collectionName: 'products', indexName: 'vector', outputFields: ['count(*)'] }

async function serving(collection: Partial<CollectionScript> = {}, more: Partial<ServiceScript> = {}) {
  const script = { ...milvus, jobs: [], collectionScripts: [{ ...products, ...collection }], ...more } as ServiceScript
  const service = await start(script)
  const asked = (question: Question, body: object = {}, headers: Sent['headers'] = {}) =>
    send(service.url, { path: PATHS[question], body: { ...WHOLE_QUESTION, ...body }, headers })
  const data = async (question: Question, body: object = {}, headers: Sent['headers'] = {}) =>
    parsed(await asked(question, body, headers)).data as unknown
  const code = async (question: Question, body: object = {}, headers: Sent['headers'] = {}) =>
    parsed(await asked(question, body, headers)).code
  return { ...service, asked, data, code }
}

describe('a collection', () => {
  it('has indexes with names and rows', async () => {
    const { data } = await serving()
    expect(await data('list-indexes')).toEqual(['vector'])
    expect(await data('describe-index')).toMatchObject([
      {
        indexName: 'vector',
        fieldName: 'vector',
        indexType: 'AUTOINDEX',
        metricType: 'COSINE',
        totalRows: 100,
        pendingRows: 0,
        indexedRows: 100,
        indexState: 'Finished',
        failReason: '',
      },
    ])
  })

  it.each([
    ['NotLoad', { loadState: 'LoadStateNotLoad' }],
    ['Loaded', { loadState: 'LoadStateLoaded', loadProgress: 100 }],
    [{ loading: 40 }, { loadState: 'LoadStateLoading', loadProgress: 40 }],
    [{ loading: 100 }, { loadState: 'LoadStateLoaded', loadProgress: 100 }],
    [{ loading: -1 }, { loadState: 'LoadStateLoading', loadProgress: -1 }],
  ] as const)('that is %j in memory says %j', async (load, state) => {
    const { data } = await serving({ course: [{ load }] })
    expect(await data('get-load-state')).toEqual(state)
  })

  it('says why its load progress could not be had', async () => {
    const { asked } = await serving({ course: [{ load: { loading: -1 } }] })
    expect(parsed(await asked('get-load-state')).message).toMatch(/./)
  })

  it.each([
    ['a Milvus', {}, {}, 100],
    ['a cluster of Zilliz Cloud', CLOUD, { 'Accept-Type-Allow-Int64': 'true' }, 100],
    ['a cluster of Zilliz Cloud', CLOUD, {}, '100'],
  ])('of %s %j counts its rows with %j as %j', async (_, rules, headers, rows) => {
    const { data } = await serving({}, rules)
    expect(await data('query', {}, { authorization: 'Bearer k', ...headers })).toEqual([{ 'count(*)': rows }])
  })

  it.each<[title: string, load: 'NotLoad' | { loading: number }, message: string]>([
    ['not', 'NotLoad', 'collection not loaded[collection=4708]'],
    ['not fully', { loading: 99 }, 'collection not fully loaded: collection not loaded[collection=4708]'],
  ])('that is %s loaded can neither be searched nor refreshed', async (_, load, message) => {
    const { asked } = await serving({ collectionId: '4708', course: [{ load, indexes: [INDEX] }] })
    expect(parsed(await asked('query'))).toEqual({ code: 101, message: `failed to query: ${message}` })
    const refused = { code: 101, message: `call query coordinator LoadCollection: ${message}` }
    expect(parsed(await asked('refresh-load'))).toEqual(refused)
  })

  it('has no index by another name', async () => {
    const { code } = await serving()
    expect(await code('describe-index', { indexName: 'price' })).toBe(700)
  })

  it.each<[title: string, question: Question, body: object, code: number]>([
    ['no name', 'list-indexes', { collectionName: '' }, 1802],
    ['a name that is a number', 'get-load-state', { collectionName: 1 }, 1801],
    ['no index', 'describe-index', { indexName: '' }, 1802],
    ['outputs that are a text', 'query', { outputFields: 'count(*)' }, 1801],
    ['other outputs than a count', 'query', { outputFields: ['id'] }, 1100],
    ['a level of consistency that there is not', 'query', { consistencyLevel: 'strong' }, 1100],
    ['a level of consistency', 'query', { consistencyLevel: 'Strong', filter: '' }, 0],
  ])('asked with %s answers with %s %j %d', async (_, question, body, code) => {
    expect(await (await serving()).code(question, body)).toBe(code)
  })

  describe.each(QUESTIONS)('asked for %s', (question) => {
    it('is sought in the database of the body, else of the header', async () => {
      const { code } = await serving({ database: 'shop' })
      expect(await code(question)).toBe(100)
      expect(await code(question, {}, { 'db-name': 'shop' })).toBe(0)
      expect(await code(question, { dbName: 'shop' }, { 'db-name': 'elsewhere' })).toBe(0)
      expect(await code(question, { dbName: 'elsewhere' })).toBe(800)
    })

    it('is behind the key, and in a database that the user may see', async () => {
      const { asked, code } = await serving(
        {},
        { apiKey: 'u:p', databases: ['default'], jobs: [aJob({ database: 'hr' })] },
      )
      const key = { authorization: 'Bearer u:p' }
      expect(await code(question, {}, key)).toBe(0)
      expect((await asked(question)).status).toBe(401)
      const elsewhere = parsed(await asked(question, { dbName: 'hr' }, key))
      // Every user may ask for the schema and the indexes.
      if (['get-load-state', 'refresh-load', 'query', 'get-stats'].includes(question))
        expect(elsewhere.message).toMatch(/Privilege\w+: permission deny to u/)
      else expect(elsewhere.code).not.toBe(65535)
    })

    it('is not found under another name, nor once it has been dropped', async () => {
      const { code } = await serving({ course: [{ lasts: 1 }, { gone: true }] })
      expect(await code(question, { collectionName: 'nothing' })).toBe(100)
      expect(await code(question)).toBe(question === 'describe-index' ? 700 : 0)
      // A refresh meets it as it was last read.
      if (question === 'refresh-load') await code('get-load-state').then(() => code('get-load-state'))
      expect(await code(question)).toBe(100)
    })

    it('can be spoiled for a while, and by a function', async () => {
      const { asked } = await serving({
        faults: [{ from: 1, until: 2, reply: text(502, 'bad') }],
        answer: (_, nth, operation) => (nth === 2 && operation === question ? text(503, 'busy') : undefined),
      })
      const statuses: unknown[] = []
      for (let n = 0; n < 4; n++) statuses.push((await asked(question)).status)
      expect(statuses).toEqual([200, 502, 503, 200])
    })

    it('is seen as that', async () => {
      const { asked, requests } = await serving()
      await asked(question)
      expect(requests).toMatchObject([{ operation: question, jobId: undefined }])
    })
  })

  it('of which only jobs are known is not in memory and has no index', async () => {
    const { data } = await serving({ name: 'other' }, { jobs: [aJob()] })
    expect(await data('get-load-state')).toEqual({ loadState: 'LoadStateNotLoad' })
    expect(await data('list-indexes')).toEqual([])
  })

  it('cannot be refreshed in 2.4', async () => {
    const { asked } = await serving({}, { dialect: 'milvus', version: '2.4' })
    expect(await asked('refresh-load')).toMatchObject({ status: 404, body: '404 page not found' })
    expect(await asked('get-load-state')).toMatchObject({ status: 200 })
  })
})

describe('the script of a collection', () => {
  const indexes = (pendingRows: number | readonly [number, number]) => [{ name: 'vector', totalRows: 100, pendingRows }]

  it('goes on with each reading, whatever the order of its questions', async () => {
    const { data } = await serving({
      course: [{ lasts: 2, indexes: indexes([80, 0]), load: { loading: [0, 100] } }, { load: 'Loaded' }],
    })
    const pending = async () => (await data('describe-index')) as readonly { readonly pendingRows: number }[]
    expect((await pending())[0]).toMatchObject({ pendingRows: 80, indexedRows: 20 })
    expect((await pending())[0]).toMatchObject({ pendingRows: 40, indexedRows: 60 })
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 0 })
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 50 })
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 100 })
  })

  it('goes on with time', async () => {
    const { data } = await serving({ clock: 'milliseconds', course: [{ lasts: 1, rows: 1 }, { rows: 2 }] })
    expect(await data('query')).toEqual([{ 'count(*)': 1 }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await data('query')).toEqual([{ 'count(*)': 2 }])
  })

  it('keeps what a step does not name', async () => {
    const { data } = await serving({ course: [{ lasts: 1, rows: 7, load: 'Loaded' }, { indexes: [] }] })
    expect([await data('query'), await data('query')]).toEqual([[{ 'count(*)': 7 }], [{ 'count(*)': 7 }]])
  })

  it('says how it goes on after a refresh, while it can be searched', async () => {
    const { data, code } = await serving({
      course: [{ indexes: indexes(0), rows: 5 }],
      afterRefresh: [
        { lasts: 2, load: { loading: [0, 100] } },
        { load: 'Loaded', rows: 12 },
      ],
    })
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 100 })
    expect(await code('refresh-load')).toBe(0)
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 0 })
    expect(await data('query')).toEqual([{ 'count(*)': 5 }])
    expect(await data('get-load-state')).toMatchObject({ loadState: 'LoadStateLoading', loadProgress: 50 })
    expect(await code('refresh-load')).toBe(101)
    expect(await data('get-load-state')).toMatchObject({ loadState: 'LoadStateLoaded' })
    expect(await data('list-indexes')).toEqual(['vector'])
    expect([await data('query'), await data('query')]).toEqual([[{ 'count(*)': 5 }], [{ 'count(*)': 12 }]])
  })

  it('keeps going by its own course in what the refresh does not change', async () => {
    const { data, code } = await serving({
      course: [{ lasts: 2, indexes: indexes([80, 0]) }, {}],
      afterRefresh: [{ load: { loading: 10 } }],
    })
    const pending = async () => (await data('describe-index')) as readonly { readonly pendingRows: number }[]
    expect(await pending()).toMatchObject([{ pendingRows: 80 }])
    expect(await code('refresh-load')).toBe(0)
    expect(await pending()).toMatchObject([{ pendingRows: 40 }])
    expect(await pending()).toMatchObject([{ pendingRows: 0 }])
    expect(await data('get-load-state')).toMatchObject({ loadProgress: 10 })
  })

  it('shows nothing of a refresh unless told otherwise', async () => {
    const { data, code } = await serving()
    expect(await code('refresh-load')).toBe(0)
    expect(await data('get-load-state')).toEqual({ loadState: 'LoadStateLoaded', loadProgress: 100 })
  })

  it('needs an end', async () => {
    const { asked } = await serving({ course: [{ lasts: 0 }] })
    expect(await asked('query')).toMatchObject({ status: 500, body: expect.stringContaining('last step') })
  })
})

describe('a cluster of Zilliz Cloud', () => {
  const cloud: ServiceScript = {
    dialect: 'zilliz',
    version: '2026',
    apiKey: 'cloud-key',
    clusterId,
    jobs: [],
    collectionScripts: [products],
  }
  const key = { authorization: 'Bearer cloud-key' }
  const described = (path: string, headers: Sent['headers'] = key): Sent => ({ method: 'GET', path, headers, body: '' })

  it('runs where the service itself runs', async () => {
    const { url, requests } = await start(cloud)
    const { data } = parsed(await send(url, described(`/v2/clusters/${clusterId}`)))
    expect(data).toMatchObject({ clusterId, status: 'RUNNING', connectAddress: url })
    expect(requests).toMatchObject([{ operation: 'describe-cluster' }])

    const count = { path: PATHS.query, headers: key, body: WHOLE_QUESTION }
    expect(parsed(await send(String(data?.['connectAddress']), count)).data).toEqual([{ 'count(*)': '100' }])
    expect(await send(url, { ...count, headers: {} })).toMatchObject({ status: 401 })
  })

  it('runs below the path of its service where there are several', async () => {
    const service = await startSimulators({ '/a': cloud })
    const got = await send(`${service.url}/a`, described(`/v2/clusters/${clusterId}`)).finally(service.close)
    expect(parsed(got).data).toMatchObject({ connectAddress: `${service.url}/a` })
  })

  it('may run elsewhere', async () => {
    const connectAddress = 'https://in01-0a1b2c3d4e5f678.aws-us-west-2.vectordb.zillizcloud.com:19530'
    const { url } = await start({ ...cloud, connectAddress })
    expect(parsed(await send(url, described(`/v2/clusters/${clusterId}`))).data).toMatchObject({ connectAddress })
  })

  it.each<[title: string, sent: Sent, code: number]>([
    ['another cluster', described('/v2/clusters/in01-ffffffffffff'), 96018],
    ['what is no cluster', described('/v2/clusters/mine'), 96036],
    ['no key', described(`/v2/clusters/${clusterId}`, {}), 80001],
    ['a password', described(`/v2/clusters/${clusterId}`, { authorization: 'Bearer root:Milvus' }), 80001],
    ['a wrong key', described(`/v2/clusters/${clusterId}`, { authorization: 'Bearer other' }), 21119],
  ])('is not described to %s', async (_, sent, code) => {
    const { url } = await start(cloud)
    expect(parsed(await send(url, sent)).code).toBe(code)
  })

  it.each<[title: string, script: ServiceScript, sent: Sent]>([
    ['a Milvus', { ...milvus, jobs: [] }, described(`/v2/clusters/${clusterId}`)],
    ['a POST', cloud, { ...described(`/v2/clusters/${clusterId}`), method: 'POST' }],
    ['all clusters', cloud, described('/v2/clusters/')],
  ])('is no path of %s', async (_, script, sent) => {
    const { url } = await start(script)
    expect(await send(url, sent)).toMatchObject({ status: 404 })
  })
})
