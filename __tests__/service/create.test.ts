import { afterEach, describe, expect, it } from '@jest/globals'
import type { CreateResult } from '../../src/gate/import-service.ts'
import { closedPort } from '../hostile/servers.ts'
import { htmlPage, json, rawNumber, redirect, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { asking, asMany, closeAll, inTurn, KEY } from './asked-service.ts'

afterEach(closeAll)

const REQUEST = {
  body: '{"collectionName":"books","files":[["a.json"]],"n":12345678901234567890}',
  idempotencyKey: 'k:1',
}
const JOB = '470801415555595009'
const CREATE = '/v2/vectordb/jobs/import/create'
const CREATED = json({ code: 0, data: { jobId: JOB } })
const LISTED = json({ code: 0, data: { records: [] } })
const error = (code: number, message = 'boom', status = 200) => json({ code, message }, status)
const DENIED =
  'rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to u in the `default` database'

async function created(reply: Reply, options: Parameters<typeof asking>[1] = {}): Promise<CreateResult> {
  const { service } = await asking(inTurn(reply), options)
  return service.create(REQUEST, asMany())
}

describe('starting an import', () => {
  it('sends the body as it is, once, with its key', async () => {
    const { service, requests } = await asking(inTurn(CREATED), { clusterId: 'in01-abc', dbName: 'shop' })
    expect(await service.create(REQUEST, asMany())).toEqual({ kind: 'created', jobId: JOB })
    expect(requests).toMatchObject([
      { method: 'POST', path: CREATE, body: REQUEST.body, headers: { 'idempotency-key': 'k:1', 'db-name': 'shop' } },
    ])
  })

  it('takes a turn first', async () => {
    const { service, requests } = await asking(inTurn(CREATED))
    expect(await service.create(REQUEST, asMany({ turns: 0 }))).toEqual({ kind: 'cancelled' })
    expect(requests).toEqual([])
  })

  // The texts are those of real servers.
  it.each<[what: string, reply: Reply, expected: object]>([
    ['success as 200', json({ code: 200, data: { jobId: JOB } }), { kind: 'created' }],
    ['no job id', json({ code: 0, data: {} }), { kind: 'lost', timedOut: false }],
    ['a number for an id', json({ code: 0, data: { jobId: rawNumber(JOB) } }), { kind: 'lost' }],
    ['an id with a key in it', json({ code: 0, data: { jobId: KEY } }), { kind: 'lost' }],
    ['success at HTTP 500', json({ code: 0, data: { jobId: JOB } }, 500), { kind: 'lost' }],
    ['an unknown partition', error(200, 'partition not found[partition=nopart]'), { kind: 'refused', mayPass: false }],
    [
      'a wrong file type',
      error(2100, 'unexpected file type, files=[a.txt]: importing data failed'),
      { kind: 'refused', mayPass: false },
    ],
    ['a wrong file type at HTTP 400', error(2100, 'unexpected file type', 400), { kind: 'refused', mayPass: false }],
    [
      'an empty request',
      error(1100, 'import request is empty: invalid parameter'),
      { kind: 'refused', mayPass: false },
    ],
    ['a field that is missing', error(1802), { kind: 'refused', mayPass: false }],
    ['an unknown collection', error(100, 'collection not found'), { kind: 'refused', mayPass: true }],
    ['an unknown database', error(800, 'database not found[database=nodb]'), { kind: 'refused', mayPass: true }],
    ['a wrong password', error(1800, "user hasn't authenticated", 401), { kind: 'refused', mayPass: true }],
    ['1800 at HTTP 200', error(1800), { kind: 'refused', mayPass: true }],
    ['a missing privilege', error(65535, DENIED, 403), { kind: 'refused', mayPass: true }],
    ['a missing privilege at HTTP 200', error(65535, DENIED), { kind: 'refused', mayPass: true }],
    ['an unknown cluster', error(96018, 'Cluster not found.'), { kind: 'refused', mayPass: false }],
    ['a code that nobody knows', error(4711), { kind: 'refused', mayPass: false }],
    ['65535 without a permission', error(65535, 'context deadline exceeded'), { kind: 'lost' }],
    ['2101', error(2101, 'importing data failed on server side'), { kind: 'lost' }],
    ['a server that is not ready', error(1), { kind: 'lost' }],
    ['a server that shuts down', error(901, 'stack trace:\ngoroutine 1'), { kind: 'lost' }],
    ['a timeout of the server', error(10001, 'request timeout', 408), { kind: 'lost', timedOut: false }],
    ['a panic', error(500, '', 500), { kind: 'lost' }],
    ['a full server', error(9), { kind: 'not-carried-out' }],
    [
      'a rate limit',
      json({ code: 1807 }, 429, { 'Retry-After': '7' }),
      { kind: 'not-carried-out', retryAfterMs: 7000 },
    ],
    ['HTTP 429 of a gateway', htmlPage(429, 'Slow down'), { kind: 'not-carried-out' }],
    ['HTTP 502', htmlPage(502, 'Bad gateway'), { kind: 'lost' }],
    ['a web page', htmlPage(200, 'Log in'), { kind: 'lost' }],
    ['no such path', text(404, '404 page not found'), { kind: 'refused', mayPass: false }],
    ['a gateway that forbids it', htmlPage(403, 'Forbidden'), { kind: 'refused', mayPass: true }],
    ['a redirect', redirect('https://elsewhere.example/x'), { kind: 'refused', mayPass: false }],
    ['a cut connection', { kind: 'cut', when: 'before-headers', by: 'reset' }, { kind: 'lost', timedOut: false }],
    ['a cut body', { kind: 'cut', when: 'in-body', by: 'reset' }, { kind: 'lost' }],
  ])('knows what became of it: %s', async (_what, reply, expected) => {
    expect(await created(reply)).toMatchObject(expected)
  })

  it('may have been received where the response does not come in time', async () => {
    const hang: Reply = { kind: 'hang', when: 'before-headers' }
    expect(await created(hang, { requestTimeoutMs: 100 })).toMatchObject({ kind: 'lost', timedOut: true })
  })

  it.each<[what: string, endpoint: () => Promise<string>]>([
    ['a closed port', async () => `http://127.0.0.1:${await closedPort()}`],
    ['no such host', () => Promise.resolve('http://milvus.invalid')],
  ])('was not sent at all to %s', async (_what, endpoint) => {
    const { service } = await asking(inTurn(CREATED), { endpoint: await endpoint() })
    expect(await service.create(REQUEST, asMany())).toMatchObject({ kind: 'not-sent' })
  })

  it.each<[what: string, reply: Reply]>([
    ['a reset connection', { kind: 'cut', when: 'before-headers', by: 'reset' }],
    ['a closed connection', { kind: 'cut', when: 'before-headers', by: 'end' }],
    ['404 of a gateway', text(404, '')],
  ])('is never sent a second time after %s, also by a service that has answered', async (_what, reply) => {
    const { service, requests } = await asking(inTurn(LISTED, reply))
    await service.list(asMany())
    expect(await service.create(REQUEST, asMany())).toMatchObject({ kind: 'lost' })
    expect(requests.filter(({ path }) => path === CREATE)).toHaveLength(1)
  })
})

describe('the start of a job', () => {
  const CLUSTER = { clusterId: 'in01-abc' }

  it('is asked of Zilliz Cloud', async () => {
    const reply = json({ code: 0, data: { jobId: 'job-1', startTime: '2026-11-23T06:12:50Z' } })
    const { service, requests } = await asking(inTurn(reply), CLUSTER)
    expect(await service.jobStart('job-1', asMany())).toEqual({ kind: 'answered', startTime: '2026-11-23T06:12:50Z' })
    expect(requests).toMatchObject([{ method: 'GET', path: '/v2/jobs/job-1' }])
  })

  it('cannot be asked of a Milvus', async () => {
    const { service, requests } = await asking(inTurn(CREATED))
    expect(await service.jobStart('1', asMany())).toEqual({ kind: 'answered', startTime: undefined })
    expect(requests).toEqual([])
  })

  it.each<[what: string, reply: Reply, expected: object]>([
    ['no time', json({ code: 0, data: { jobId: 'job-1' } }), { kind: 'answered', startTime: undefined }],
    ['no such job', error(96026, 'Job not found.'), { kind: 'answered', startTime: undefined }],
    ['no data', json({ code: 0 }), { kind: 'outage' }],
    ['a bad key', error(80001), { kind: 'refused', hostHasAnswered: false }],
    ['HTTP 503', htmlPage(503, 'Sorry'), { kind: 'outage' }],
  ])('is unknown or not to be had after %s', async (_what, reply, expected) => {
    const { service } = await asking(inTurn(reply), CLUSTER)
    expect(await service.jobStart('job-1', asMany())).toMatchObject(expected)
  })
})

describe('a collection', () => {
  const STATS = '/v2/vectordb/collections/get_stats'
  const DESCRIBE = '/v2/vectordb/collections/describe'

  it('says how many rows it stores', async () => {
    const { service, requests } = await asking(inTurn(json({ code: 0, data: { rowCount: 36_000 } })), {
      dbName: 'shop',
    })
    expect(await service.collections.stored('books', asMany())).toEqual({ kind: 'stored', rowCount: 36_000 })
    expect(requests[0]).toMatchObject({ path: STATS, body: '{"dbName":"shop","collectionName":"books"}' })
  })

  it.each<[what: string, reply: Reply, expected: object]>([
    ['no row count', json({ code: 0, data: {} }), { kind: 'outage', error: { outcome: 'unusable' } }],
    ['a negative row count', json({ code: 0, data: { rowCount: -1 } }), { kind: 'outage' }],
    ['a row count as text', json({ code: 0, data: { rowCount: '7' } }), { kind: 'stored', rowCount: 7 }],
    ['a missing privilege', error(65535, DENIED, 403), { kind: 'refused', error: { kind: 'permission' } }],
    ['a collection that is gone', error(100, 'collection not found'), { kind: 'gone' }],
  ])('says nothing else of its stored rows than %s', async (_what, reply, expected) => {
    const { service } = await asking(inTurn(reply))
    expect(await service.collections.stored('books', asMany())).toMatchObject(expected)
  })

  it.each<[what: string, data: object, expected: object]>([
    ['a number above 2^53', { collectionID: rawNumber('470802406310412494') }, { collectionId: '470802406310412494' }],
    ['its neighbor', { collectionID: rawNumber('470802406310412495') }, { collectionId: '470802406310412495' }],
    ['text', { collectionID: '470802406310412494' }, { collectionId: '470802406310412494' }],
    [
      'a description that quotes another',
      { description: '"collectionID": 470802406310412495,', collectionID: rawNumber('470802406310412494') },
      { collectionId: '470802406310412494' },
    ],
    ['none', { collectionName: 'books' }, { kind: 'unidentified' }],
    ['something else', { collectionID: [1] }, { kind: 'unidentified' }],
  ])('is known by its id, digit by digit: %s', async (_what, data, expected) => {
    const { service, requests } = await asking(inTurn(json({ code: 0, data })))
    expect(await service.collections.identify('books_alias', asMany())).toMatchObject(expected)
    expect(requests[0]).toMatchObject({ path: DESCRIBE, body: '{"collectionName":"books_alias"}' })
  })

  it('is not known by a name that stands for none', async () => {
    const { service } = await asking(inTurn(error(100, 'collection not found')))
    expect(await service.collections.identify('nothere', asMany())).toMatchObject({ kind: 'gone' })
  })
})
