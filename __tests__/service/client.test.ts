import { describe, expect, it } from '@jest/globals'
import { createClient } from '../../src/service/client.ts'
import type { RequestRecord } from '../../src/gate/import-service.ts'
import type { ClientOptions } from '../../src/service/client.ts'
import { dialectOf } from '../../src/service/dialects.ts'
import { createPoller } from '../../src/service/poll.ts'
import type { HttpReply, HttpRequest } from '../../src/connection.ts'
import { TIME_IS_UP } from '../../src/gate/import-service.ts'
import { asMany, inWords } from './asked-service.ts'

const JOB = '448761313698322011'

function reply(status: number, body: unknown): HttpReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'reply', status, headers: {}, body: text, sizeBytes: text.length }
}

const state = (status = 200, data: Readonly<Record<string, unknown>> = {}) =>
  reply(status, { code: 0, data: { state: 'Importing', ...data } })

/** A service on an imagined wire that gives these replies in turn, the last one for ever. */
function serviceOf(replies: readonly HttpReply[], but: Partial<ClientOptions> = {}) {
  const requests: HttpRequest[] = []
  const records: RequestRecord[] = []
  const client = createClient({
    endpoint: 'http://milvus.test:19530',
    apiKey: '',
    headers: [],
    clusterId: undefined,
    projectId: undefined,
    regionId: undefined,
    dbName: undefined,
    requestTimeoutMs: 30_000,
    userAgent: 'test',
    sanitize: String,
    onExchange: (record) => records.push(record),
    exchange: {
      send: (request) => {
        requests.push(request)
        return Promise.resolve(replies[Math.min(requests.length, replies.length) - 1] ?? reply(500, ''))
      },
      close: () => Promise.resolve(),
    },
    ...but,
  })
  const target = { clusterId: undefined, projectId: undefined, regionId: undefined, dbName: undefined, ...but }
  const describeJob = createPoller(client, dialectOf(target).place(target), new Map())
  const { signal } = new AbortController()
  const poll = (turns = Infinity) => {
    let left = turns
    return describeJob(JOB, { signal, turn: () => Promise.resolve(left-- > 0), isLast: false })
  }
  return { client, poll, requests, records, signal }
}

const missing = reply(404, '404 page not found')

describe('a request', () => {
  it.each<[given: Partial<ClientOptions>, place: Readonly<Record<string, string>>]>([
    [{}, {}],
    [{ clusterId: '' }, {}],
    [{ clusterId: 'in01' }, { clusterId: 'in01' }],
    [{ projectId: 'proj-1' }, {}],
    [{ regionId: 'aws-us-west-2' }, {}],
    [
      { projectId: 'proj-1', regionId: 'aws' },
      { projectId: 'proj-1', regionId: 'aws' },
    ],
  ])('of %j names the place %j', async (given, place) => {
    const { poll, requests } = serviceOf([state()], given)
    await poll()
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ jobId: JOB, ...place })
  })

  it('has no header for a key and a database that are not given', async () => {
    const { poll, requests, signal } = serviceOf([state()])
    await poll()
    expect(requests[0]).toMatchObject({ signal, timeoutMs: 30_000 })
    expect(requests[0]?.headers).toEqual({
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'Accept-Encoding': 'identity',
      'User-Agent': 'test',
    })
  })

  it('is recorded, whatever it brings', async () => {
    const before = Date.now()
    const startedMs = performance.now()
    const unavailable = reply(502, '<html>')
    const { poll, records } = serviceOf([
      state(),
      reply(200, { code: 1800, message: 'no' }),
      unavailable,
      { kind: 'too-large', status: 200 },
      { kind: 'timeout', timeoutMs: 30_000 },
      { kind: 'aborted', reason: 'interrupted', afterMs: 5 },
    ])
    for (let i = 0; i < 6; i += 1) await poll()
    const elapsedMs = Math.ceil(performance.now() - startedMs)
    const path = '/v2/vectordb/jobs/import/describe'
    const nothing = { httpStatus: undefined, code: undefined, sizeBytes: undefined }
    expect(records).toMatchObject([
      { jobId: JOB, path, httpStatus: 200, code: 0, sizeBytes: 39, outcome: 'answered' },
      { jobId: JOB, path, httpStatus: 200, code: 1800, sizeBytes: 28, outcome: 'code-1800' },
      { jobId: JOB, path, httpStatus: 502, code: undefined, sizeBytes: 6, outcome: 'http-502' },
      { jobId: JOB, path, httpStatus: 200, code: undefined, sizeBytes: undefined, outcome: 'too-large' },
      { jobId: JOB, path, ...nothing, outcome: 'timeout' },
      { jobId: JOB, path, ...nothing, outcome: 'cancelled' },
    ])
    const hourMs = 3_600_000
    for (const { startedAt, tookMs } of records) {
      expect(startedAt - before).toBeGreaterThanOrEqual(0)
      expect(startedAt - before).toBeLessThan(hourMs)
      expect(tookMs).toBeGreaterThanOrEqual(0)
      expect(tookMs).toBeLessThanOrEqual(elapsedMs)
    }
  })

  it.each([
    [undefined, 'GET'],
    [{}, 'POST'],
  ])('with the body %j is recorded as a %s', async (body, method) => {
    const answer = () => Promise.resolve(state())
    const exchange = { send: answer, close: () => Promise.resolve() }
    const { client, records, signal } = serviceOf([], { exchange })
    await client.request({ operation: 'poll', path: '/v2/x', body }, asMany({ signal }), () => ({ kind: 'answered' }))
    expect(records).toMatchObject([{ method, path: '/v2/x' }])
  })
})

describe('the service behind an endpoint', () => {
  it.each<[endpoint: string, isCluster: boolean]>([
    ['https://in01-abc.aws-us-west-2.vectordb.zillizcloud.com:19530', true],
    ['https://in01-abc.ali-cn.vectordb.cloud.zilliz.com.cn', true],
    ['https://IN01-abc.zillizcloud.com', true],
    ['https://in03-abc.serverless.cloud.zilliz.com', true],
    ['https://zillizcloud.com', true],
    ['https://api.cloud.zilliz.com', false],
    ['https://api.cloud.zilliz.com.cn', false],
    ['https://controller.api.aws-us-west-2.zillizcloud.com', false],
    ['https://xapi.cloud.zilliz.com', true],
    ['https://in01.api.cloud.zilliz.com', true],
    ['https://apicloud.zillizcloud.com', true],
    ['https://notzillizcloud.com', false],
    ['https://zillizcloud.com.evil.test', false],
    ['https://cloud.zilliz.com.test', false],
    ['https://cloudxzilliz.com', false],
    ['http://milvus.test:19530', false],
  ])('%s is a cluster: %j', (endpoint, isClusterEndpoint) => {
    const { client } = serviceOf([state()], { endpoint })
    expect(client.context({ operation: 'poll' })).toMatchObject({ isClusterEndpoint, host: new URL(endpoint).host })
  })

  it.each<[what: string, answer: HttpReply, hasAnsweredWell: boolean]>([
    ['a state', state(), true],
    ['an outage with an envelope', reply(500, { code: 1 }), true],
    ['a refusal', reply(200, { code: 1800 }), false],
    ['a web page', reply(200, '<html>'), false],
    ['nothing', { kind: 'timeout', timeoutMs: 1 }, false],
  ])('has answered well with %s: %j', async (_what, answer, hostHasAnswered) => {
    const { client, poll } = serviceOf([answer, reply(200, '<html>')])
    expect(client.context({ operation: 'poll' }).hostHasAnswered).toBe(false)
    await poll()
    expect(client.context({ operation: 'poll' }).hostHasAnswered).toBe(hostHasAnswered)
    await poll()
    expect(client.context({ operation: 'poll' }).hostHasAnswered).toBe(hostHasAnswered)
  })

  it('knows what time it is', () => {
    const { client } = serviceOf([state()])
    expect(Math.abs(client.context({ operation: 'poll' }).nowMs - Date.now())).toBeLessThan(3_600_000)
  })
})

describe('a poll', () => {
  it.each([
    [199, 'outage'],
    [200, 'answered'],
    [299, 'answered'],
    [300, 'outage'],
  ])('believes a state at HTTP %d: %s', async (status, kind) => {
    expect((await serviceOf([state(status)]).poll()).kind).toBe(kind)
  })

  it.each<[data: Readonly<Record<string, unknown>>, kind: string]>([
    [{ jobId: JOB }, 'answered'],
    [{ jobId: 5 }, 'outage'],
    [{ jobId: Number(JOB) }, 'answered'],
    [{ jobID: '5' }, 'outage'],
    [{ state: 'Failed', reason: 'import job does not exist' }, 'unknown-job'],
    [{ state: 'Importing', reason: 'import job does not exist' }, 'answered'],
    [{ state: 'Failed' }, 'answered'],
    [{ state: '' }, 'outage'],
    [{ state: 'Completed', details: 'none' }, 'answered'],
  ])('takes %j for %s', async (data, kind) => {
    expect((await serviceOf([state(200, data)]).poll()).kind).toBe(kind)
  })

  it('believes so many files as a job can have, and not one more', async () => {
    const files = (amount: number) => state(200, { details: Array<object>(amount).fill({}) })
    expect(await serviceOf([files(50_000)]).poll()).toMatchObject({ kind: 'answered' })
    expect(inWords(await serviceOf([files(50_001)]).poll())).toMatchObject({
      kind: 'outage',
      error: {
        outcome: 'too-large',
        what: 'milvus.test:19530 returned 50,001 files, more than an import job can have.',
      },
    })
  })

  it('remembers what the service calls the collection, where it names one', async () => {
    const names = new Map<string, string>()
    const named = [' my books', '', ' ', 7, undefined].map((collectionName) => state(200, { collectionName }))
    const { client, signal } = serviceOf([...named, state(200, { jobId: '5', collectionName: 'others' })], {
      sanitize: (text) => String(text).trim().replace('my', '***'),
    })
    const poll = createPoller(client, {}, names)
    for (let i = 0; i <= named.length; i += 1) {
      await poll(JOB, { signal, turn: () => Promise.resolve(true), isLast: false })
    }
    expect([...names]).toEqual([['*** books', ' my books']])
  })

  it('says how long it had waited when time was up, and nothing where it was cut for another reason', async () => {
    const cut = (reason: unknown): HttpReply => ({ kind: 'aborted', reason, afterMs: 1500 })
    expect(inWords(await serviceOf([cut(TIME_IS_UP)]).poll())).toMatchObject({
      kind: 'outage',
      error: { outcome: 'timeout', what: 'milvus.test:19530 did not respond within 1.5 s.' },
    })
    expect(await serviceOf([cut('interrupted')]).poll()).toEqual({ kind: 'cancelled' })
  })

  it('does not ask without a turn', async () => {
    const { poll, requests } = serviceOf([state()])
    expect(await poll(0)).toEqual({ kind: 'cancelled' })
    expect(requests).toEqual([])
  })

  it('says what the service said of a job that it does not know', async () => {
    const gone = state(200, { state: 'Failed', reason: 'import job does not exist, jobID=5' })
    expect(inWords(await serviceOf([gone]).poll())).toMatchObject({
      error: { what: 'milvus.test:19530 returned: “import job does not exist, jobID=5”.' },
    })
  })

  it('names what is wrong with an answer about another job', async () => {
    expect(inWords(await serviceOf([state(200, { jobId: '5' })]).poll())).toMatchObject({
      error: {
        outcome: 'wrong-job',
        what: 'milvus.test:19530 returned the state of another job than the one asked for.',
      },
    })
  })

  it('tries the older names where the first has no envelope, and only while nothing has answered', async () => {
    const asked = async (...replies: readonly HttpReply[]) => {
      const { poll, requests } = serviceOf(replies)
      const kinds: string[] = []
      while (requests.length < replies.length) kinds.push((await poll()).kind)
      return { kinds, names: requests.map(({ url }) => url.split('/').at(-1)) }
    }
    expect(await asked(missing, missing, missing, missing)).toEqual({
      kinds: ['refused', 'refused'],
      names: ['describe', 'get_progress', 'getProgress', 'describe', 'get_progress', 'getProgress'],
    })
    expect(await asked(reply(200, { code: 1800 }), missing, state())).toEqual({
      kinds: ['refused', 'answered'],
      names: ['describe', 'describe', 'get_progress'],
    })
    expect(await asked(reply(200, '<html>'), missing, state())).toEqual({
      kinds: ['outage', 'answered'],
      names: ['describe', 'describe', 'get_progress'],
    })
    expect(await asked(reply(500, { code: 1 }), missing)).toEqual({
      kinds: ['outage', 'outage'],
      names: ['describe', 'describe'],
    })
    expect(await asked(reply(403, ''), reply(405, ''))).toMatchObject({ names: ['describe', 'describe'] })
    expect(
      await asked({ kind: 'proxy-refused', status: 404 }, { kind: 'too-large', status: 404 }, reply(200, '')),
    ).toMatchObject({ names: ['describe', 'describe', 'describe'] })
  })

  it.each<[what: string, warmingUp: readonly HttpReply[], kind: string]>([
    ['404, 404, 503', [missing, missing, reply(503, '')], 'outage'],
    ['404, then cut', [missing, { kind: 'network', code: 'ECONNRESET', message: 'read ECONNRESET' }], 'outage'],
    ['404, 404, 401', [missing, missing, reply(401, { code: 1800 })], 'refused'],
  ])('is not left on a path that the service lacks by a gateway that warms up: %s', async (_what, warmingUp, kind) => {
    const { poll, requests } = serviceOf([...warmingUp, state(), missing])
    expect((await poll()).kind).toBe(kind)
    expect((await poll()).kind).toBe('answered')
    expect(requests.at(-1)?.url).toMatch(/\/describe$/)
    // Once a path has answered well, a 404 is something in between.
    expect((await poll()).kind).toBe('outage')
    expect(requests).toHaveLength(warmingUp.length + 2)
  })

  it('keeps the first path that answers well', async () => {
    const { poll, requests } = serviceOf([missing, state(), state(), missing])
    for (let i = 0; i < 3; i += 1) await poll()
    expect(requests.map(({ url }) => url.split('/').at(-1))).toEqual([
      'describe',
      'get_progress',
      'get_progress',
      'get_progress',
    ])
  })
})
