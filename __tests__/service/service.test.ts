import { afterEach, describe, expect, it } from '@jest/globals'
import { createExchange } from '../../src/service/http.ts'
import { createPoll } from '../support/poller.ts'
import type { RequestRecord } from '../../src/gate/import-service.ts'
import type { ClientOptions } from '../../src/service/client.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { fixtureNames, fixtureReply, loadFixture } from '../simulator/fixtures.ts'
import { cutJson, htmlPage, json, redirect, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { startSimulator } from '../simulator/server.ts'
import type { Simulator } from '../simulator/server.ts'
import { inWords } from './asked-service.ts'

const JOB = '448761313698322011'
const KEY = 'root:Milvus-Passw0rd'
const GOOD = json({ code: 0, data: { jobId: JOB, state: 'Importing', progress: 40 } })
const GIN_404 = text(404, '404 page not found')

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((opened) => opened.close()))
})

interface Asked {
  readonly poll: (jobId?: string) => Promise<PollResult>
  readonly service: Simulator
  readonly exchanges: readonly RequestRecord[]
}

/** A service that gives these replies in turn, the last one for ever, and somebody who polls it. */
async function asking(replies: readonly Reply[], options: Partial<ClientOptions> = {}): Promise<Asked> {
  const service = await startSimulator({
    dialect: 'milvus',
    version: '2.6',
    jobs: [],
    gateway: (_request, nth) => replies[Math.min(nth, replies.length - 1)],
  })
  const exchange = createExchange({
    endpoint: service.url,
    tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
  })
  open.push(exchange, service)
  const exchanges: RequestRecord[] = []
  const poll = createPoll({
    endpoint: service.url,
    apiKey: KEY,
    headers: [],
    clusterId: undefined,
    projectId: undefined,
    regionId: undefined,
    dbName: undefined,
    requestTimeoutMs: 5000,
    userAgent: 'milvus-import-gate/test',
    exchange,
    sanitize: createSanitizer([KEY]),
    onExchange: (record) => exchanges.push(record),
    ...options,
  })
  const { signal } = new AbortController()
  return {
    poll: (jobId = JOB) => poll(jobId, { signal, turn: () => Promise.resolve(true), isLast: false }),
    service,
    exchanges,
  }
}

async function observed(...replies: readonly Reply[]): Promise<readonly PollResult[]> {
  const { poll } = await asking(replies)
  const observations: PollResult[] = []
  for (let i = 0; i < replies.length; i += 1) observations.push(await poll())
  return observations
}

const error = (code: number | string, message = 'boom', status = 200) => json({ code, message }, status)

describe('what goes over the wire', () => {
  it('is one POST with the job, the key and the headers', async () => {
    const { poll, service } = await asking([GOOD], {
      dbName: 'prod',
      clusterId: 'in01-abc',
      headers: [['X-Team', 'search']],
    })
    await poll()
    const [request] = service.requests
    expect(request).toMatchObject({ method: 'POST', path: '/v2/vectordb/jobs/import/describe' })
    expect(JSON.parse(request?.body ?? '')).toEqual({ jobId: JOB, clusterId: 'in01-abc' })
    // On Milvus 2.4 it changes the server for everybody.
    expect(request?.headers).not.toHaveProperty('request-timeout')
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'db-name': 'prod',
      'user-agent': 'milvus-import-gate/test',
      'x-team': 'search',
    })
  })

  it('names project and region where there is no cluster', async () => {
    const { poll, service } = await asking([GOOD], { projectId: 'proj-1', regionId: 'aws-us-west-2' })
    await poll()
    expect(JSON.parse(service.requests[0]?.body ?? '')).toEqual({
      jobId: JOB,
      projectId: 'proj-1',
      regionId: 'aws-us-west-2',
    })
  })

  it('carries no key where there is none', async () => {
    const { poll, service } = await asking([GOOD], { apiKey: '' })
    await poll()
    expect(service.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it('carries a key of any language as UTF-8', async () => {
    const { poll, service } = await asking([GOOD], { apiKey: 'root:pässwörd' })
    await poll()
    const header = service.requests[0]?.headers.authorization ?? ''
    expect(Buffer.from(header, 'latin1').toString('utf8')).toBe('Bearer root:pässwörd')
  })

  it('shares one connection between polls', async () => {
    const { poll, service } = await asking([GOOD])
    for (let i = 0; i < 5; i += 1) {
      await poll()
      // The pool takes a connection back a moment after the answer.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(service.connectionCount()).toBe(1)
  })

  it('keeps a path prefix of the endpoint', async () => {
    const { service } = await asking([GOOD])
    const { poll } = await asking([GOOD], { endpoint: `${service.url}/milvus/eu` })
    await poll()
    expect(service.requests[0]?.path).toBe('/milvus/eu/v2/vectordb/jobs/import/describe')
  })
})

describe('an answer with an envelope', () => {
  const UNKNOWN = `import job does not exist, jobID=${JOB}: importing data failed`
  const CASES: readonly (readonly [what: string, reply: Reply, kind: PollResult['kind'], outcome?: string])[] = [
    ['a state at 200', GOOD, 'answered'],
    ['code 200', json({ code: 200, data: { state: 'Pending' } }), 'answered'],
    ['code as a string', json({ code: '0', data: { state: 'Pending' } }), 'answered'],
    ['a state at 201', json({ code: 0, data: { state: 'Pending' } }, 201), 'answered'],
    ['a jobId that is a number', json({ code: 0, data: { jobId: 448761313698322000, state: 'Pending' } }), 'answered'],
    [
      'another content type',
      {
        kind: 'raw',
        status: 200,
        headers: { 'Content-Type': 'text/plain' },
        chunks: ['{"code":0,"data":{"state":"Pending"}}'],
      },
      'answered',
    ],
    ...[401, 403].map(
      (status) =>
        [`code 0 at HTTP ${status}`, json({ code: 0, data: { state: 'Completed' } }, status), 'refused'] as const,
    ),
    ['code 2100 at HTTP 403', error(2100, UNKNOWN, 403), 'refused'],
    ...[1800, 1801, 1802, 1100, 21119, 80001, 80002, 80020, 96001, 96013, 96018, 96025, 96027, 96036, 100, 800].map(
      (code) => [`code ${code}`, error(code), 'refused', `code-${code}`] as const,
    ),
    [
      'permission denied',
      error(65535, 'rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to u'),
      'refused',
    ],
    ['65535 for another reason', error(65535, 'rpc error: code = Unavailable'), 'outage'],
    ['a job id that is no number, up to 2.5', error(2100, 'parse job id failed: invalid syntax'), 'refused'],
    ['a refusal as a string', error('1800'), 'refused'],
    ['an unnamed code at HTTP 400', error(1234, 'boom', 400), 'refused'],
    ['code 2100 at HTTP 400', error(2100, 'boom', 400), 'outage'],
    ...[1, 2, 3, 4, 8, 9, 10, 901, 902, 904, 1807, 10000, 10001].flatMap((code) => [
      [`code ${code}`, error(code), 'outage', `code-${code}`] as const,
      [`code ${code} at HTTP 400`, error(code, 'boom', 400), 'outage', `code-${code}`] as const,
      [`code ${code} with the text of an unknown job`, error(code, UNKNOWN), 'outage', `code-${code}`] as const,
    ]),
    ['96026', error(96026, 'Job not found. Please check your request parameter.'), 'unknown-job'],
    ...[2100, 2101, 7777].flatMap((code) => [
      [`code ${code} with the text of an unknown job`, error(code, UNKNOWN), 'unknown-job'] as const,
      [`code ${code} with the text of an unknown job at HTTP 400`, error(code, UNKNOWN, 400), 'unknown-job'] as const,
      [`code ${code} with the text of an unknown job at HTTP 500`, error(code, UNKNOWN, 500), 'unknown-job'] as const,
    ]),
    [
      'the longer text of an unknown job',
      error(2100, `import job does not exist, jobID=${JOB}, dbID=1: importing data failed`),
      'unknown-job',
    ],
    ['the text of commit about an unknown job', error(2101, `job ${JOB} not found`), 'unknown-job'],
    ['2100 about something else', error(2100, 'importing data failed'), 'outage'],
    ['a code nobody knows', error(4711), 'outage', 'code-4711'],
    ['a panic', json({ code: 500 }, 500), 'outage', 'code-500'],
    ['success at HTTP 500', json({ code: 0, data: { state: 'Completed' } }, 500), 'outage', 'no-state'],
    ['success at HTTP 404', json({ code: 0, data: { state: 'Completed' } }, 404), 'outage', 'no-state'],
    ['success without data', error(0, 'The token is illegal.'), 'outage', 'no-state'],
    ['success with empty data', json({ code: 0, data: {} }), 'outage', 'no-state'],
    ['success with an empty state', json({ code: 0, data: { state: '' } }), 'outage', 'no-state'],
    ['success with a list for data', json({ code: 0, data: [{ state: 'Completed' }] }), 'outage', 'no-state'],
    [
      'more files than there can be',
      json({ code: 0, data: { jobId: JOB, state: 'Completed', details: Array(50_001).fill({}) } }),
      'outage',
      'too-large',
    ],
    ['another job', json({ code: 0, data: { jobId: '1', state: 'Completed' } }), 'outage', 'wrong-job'],
    [
      'a job whose record was collected in the middle of the call',
      json({ code: 0, data: { jobId: JOB, state: 'Failed', reason: `import job does not exist, jobID=${JOB}` } }),
      'unknown-job',
    ],
    [
      'a job that failed',
      json({ code: 0, data: { jobId: JOB, state: 'Failed', reason: 'job 1: file not found' } }),
      'answered',
    ],
  ]

  it.each(CASES.map(([what, ...rest]) => [what, rest] as const))('%s', async (_what, [reply, kind, outcome]) => {
    const [result] = await observed(reply)
    expect(result).toMatchObject({ kind, ...(outcome !== undefined && { error: { outcome } }) })
  })

  it('names db-name where the collection or the database is gone', async () => {
    for (const code of [100, 800]) {
      const [result] = await observed(error(code))
      expect(inWords(result ?? {})).toMatchObject({ error: { next: expect.stringContaining('`db-name`') } })
    }
  })

  it('quotes the service without its secrets', async () => {
    const [result] = await observed(error(1, `key ${KEY} at https://u:p4ssw0rd@h/x?sig=1 ##[error]x`))
    const told = JSON.stringify(result)
    expect(told).toContain('key *** at')
    for (const secret of [KEY, 'p4ssw0rd', 'sig=1', '##[']) expect(told).not.toContain(secret)
  })
})

describe('an answer as it was really seen', () => {
  const stored = fixtureNames().flatMap((name) => {
    const { result } = loadFixture(name)
    return result === undefined ? [] : [[name, result] as const]
  })

  it.each(stored)('%s is %s', async (name, kind) => {
    expect((await observed(fixtureReply(name, JOB)))[0]?.kind).toBe(kind)
  })
})

describe('an answer without an envelope', () => {
  const REFUSALS: readonly (readonly [what: string, reply: Reply])[] = [
    ...[400, 401, 403, 405, 407].map((status) => [`HTTP ${status}`, text(status, 'no')] as const),
    ['a redirect', redirect('https://login.example/sso?token=1')],
    ['404 on all three paths', GIN_404],
  ]
  const OUTAGES: readonly (readonly [what: string, reply: Reply])[] = [
    ...[408, 425, 429, 500, 502, 503, 504].map((status) => [`HTTP ${status}`, htmlPage(status, 'Sorry')] as const),
    ['a web page', htmlPage(200, 'Welcome')],
    ['an empty body', text(200, '')],
    ['204', { kind: 'raw', status: 204, chunks: [] }],
    ['cut JSON', cutJson({ code: 0, data: { state: 'Completed' } })],
    ['JSON that is no envelope', json({ statusCode: 500, message: 'x' })],
    ['a reset before the headers', { kind: 'cut', when: 'before-headers', by: 'reset' }],
    ['a reset in the headers', { kind: 'cut', when: 'in-headers', by: 'reset' }],
    ['a reset in the body', { kind: 'cut', when: 'in-body', by: 'reset' }],
    ['an end in the body', { kind: 'cut', when: 'in-body', by: 'end' }],
    ['no HTTP at all', { kind: 'bytes', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' }],
  ]

  it.each(REFUSALS)('%s is a refusal while the service has never answered well', async (_what, reply) => {
    expect((await observed(reply))[0]?.kind).toBe('refused')
  })

  it.each([
    ['a state', GOOD],
    ['an outage with an envelope', error(1)],
    ['an unknown job', error(96026)],
  ])('is an outage once the service has answered with %s', async (_what, good) => {
    for (const [, reply] of REFUSALS) {
      expect((await observed(good, reply)).at(-1)?.kind).toBe('outage')
    }
  })

  it.each(OUTAGES)('%s is an outage', async (_what, reply) => {
    expect((await observed(reply))[0]?.kind).toBe('outage')
  })

  it('names where a redirect points, without the rest of the address', async () => {
    const [result] = await observed(redirect('https://login.example/sso?token=1'))
    const told = JSON.stringify(result)
    expect(told).toContain('https://login.example')
    expect(told).not.toMatch(/sso|token/)
  })

  it('is not followed where it redirects', async () => {
    const { service: elsewhere } = await asking([GOOD])
    await observed(redirect(`${elsewhere.url}/v2/vectordb/jobs/import/describe`, 307))
    expect(elsewhere.requests).toEqual([])
  })

  it('is cut where its body is larger than 32 MiB', async () => {
    const [result] = await observed({ kind: 'endless', chunk: ' '.repeat(1 << 20) })
    expect(result).toMatchObject({ kind: 'outage', error: { outcome: 'too-large' } })
  })

  it.each(['before-headers', 'in-headers', 'in-body'] as const)('times out where it hangs %s', async (when) => {
    const { poll } = await asking([{ kind: 'hang', when }], { requestTimeoutMs: 100 })
    expect(await poll()).toMatchObject({ kind: 'outage', error: { outcome: 'timeout' } })
  })

  it('is cancelled with its poll', async () => {
    const { service } = await asking([{ kind: 'hang', when: 'in-body' }])
    const { exchanges } = await asking([GOOD])
    expect(exchanges).toEqual([])
    const stop = new AbortController()
    const exchange = createExchange({
      endpoint: service.url,
      tls: {
        ca: undefined,
        clientCert: undefined,
        clientKey: undefined,
        serverName: undefined,
        extraCaPath: undefined,
      },
      proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    })
    open.push(exchange)
    const reply = exchange.send({
      url: `${service.url}/x`,
      headers: {},
      body: '',
      signal: stop.signal,
      timeoutMs: 60_000,
    })
    stop.abort('interrupted')
    expect(await reply).toMatchObject({ kind: 'aborted', reason: 'interrupted' })
  })
})

describe('Retry-After', () => {
  it.each([
    ['7', 7000],
    ['0', undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['99999999', 99_999_999_000],
    [new Date(0).toUTCString(), undefined],
  ])('%j', async (header, retryAfterMs) => {
    const [result] = await observed(text(429, 'slow down', { 'Retry-After': header }))
    const { kind, retryAfterMs: read } = result as { kind: string; retryAfterMs?: number }
    expect([kind, read]).toEqual(['outage', retryAfterMs])
  })

  it('may be a date', async () => {
    const [result] = await observed(text(503, 'later', { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() }))
    const { retryAfterMs = 0 } = result as { retryAfterMs?: number }
    expect(retryAfterMs).toBeGreaterThan(30_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  it('counts with an envelope too', async () => {
    const [result] = await observed(json({ code: 1807, message: 'rejected by limiter' }, 429, { 'Retry-After': '3' }))
    expect(result).toMatchObject({ kind: 'outage', retryAfterMs: 3000 })
  })
})

describe('the fallback of the path', () => {
  const paths = (service: Simulator) => service.requests.map(({ path }) => path.split('/').at(-1))

  it('goes from describe over get_progress to getProgress within one poll, and stays', async () => {
    const { poll, service } = await asking([GIN_404, GIN_404, GOOD])
    expect((await poll()).kind).toBe('answered')
    await poll()
    expect(paths(service)).toEqual(['describe', 'get_progress', 'getProgress', 'getProgress'])
  })

  it('happens once per service, not once per job', async () => {
    const { poll, service } = await asking([GIN_404, GOOD, json({ code: 0, data: { state: 'Pending' } })])
    await poll()
    await poll('2')
    expect(paths(service)).toEqual(['describe', 'get_progress', 'get_progress'])
  })

  it('never happens after a good answer', async () => {
    const { poll, service } = await asking([GOOD, GIN_404])
    await poll()
    expect((await poll()).kind).toBe('outage')
    expect(paths(service)).toEqual(['describe', 'describe'])
  })

  it('does not happen where the 404 has an envelope', async () => {
    const { poll, service } = await asking([error(2100, 'import job does not exist', 404)])
    expect((await poll()).kind).toBe('unknown-job')
    expect(paths(service)).toEqual(['describe'])
  })

  it('takes a turn before each request', async () => {
    const { service } = await asking([GIN_404])
    const exchange = createExchange({
      endpoint: service.url,
      tls: {
        ca: undefined,
        clientCert: undefined,
        clientKey: undefined,
        serverName: undefined,
        extraCaPath: undefined,
      },
      proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    })
    open.push(exchange)
    const { signal } = new AbortController()
    const poll = createPoll({
      endpoint: service.url,
      apiKey: '',
      headers: [],
      clusterId: undefined,
      projectId: undefined,
      regionId: undefined,
      dbName: undefined,
      requestTimeoutMs: 1000,
      userAgent: '',
      exchange,
      sanitize: String,
      onExchange: () => undefined,
    })
    let turns = 2
    expect(await poll(JOB, { signal, turn: () => Promise.resolve(turns-- > 0), isLast: false })).toEqual({
      kind: 'cancelled',
    })
    expect(service.requests).toHaveLength(2)
  })
})

describe('the record of an exchange', () => {
  it('tells what was asked and what came, without secrets', async () => {
    const { poll, exchanges } = await asking([GOOD, error(1800, KEY)])
    await poll()
    await poll()
    expect(exchanges).toMatchObject([
      { jobId: JOB, path: '/v2/vectordb/jobs/import/describe', httpStatus: 200, code: 0, outcome: 'answered' },
      { httpStatus: 200, code: 1800, outcome: 'code-1800' },
    ])
    expect(JSON.stringify(exchanges)).not.toContain(KEY)
  })
})
