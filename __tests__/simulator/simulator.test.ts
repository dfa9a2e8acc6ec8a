import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { makeCertificates, type Certificates } from '../support/certificates.ts'
import type { Listing, ServiceRules } from './dialects.ts'
import { cutJson, htmlPage, json, redirect, text, type Reply } from './faults.ts'
import { fixtureNames, fixtureReply, loadFixture } from './fixtures.ts'
import { project } from './projection.ts'
import { fileSeries, loadScenario, scenarioNames } from './scenarios.ts'
import { lineAt, type JobScript, type Step } from './script.ts'
import { startSimulator, startSimulators, type ServiceScript, type Simulator, type Wiring } from './server.ts'
import { declaredInputs, parseOutputs, runStep } from './step.ts'
import { asOnGitHub, inColumns } from './terminal.ts'

const jobId = '470592729907200001'
const cloudJobId = 'job-0123456789abcdefghijk'
const clusterId = 'in01-0a1b2c3d4e5f678'

const running: Simulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.close()))
})

async function start(script: ServiceScript, wiring?: Wiring) {
  const service = await startSimulator(script, wiring)
  running.push(service)
  return service
}

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function send(url: string, sent: Sent = {}, tls: RequestOptions = {}): Promise<Got> {
  const { path = '/v2/vectordb/jobs/import/describe', method = 'POST', headers = {}, body = { jobId } } = sent
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url + path, {
      ...tls,
      method,
      headers,
      agent: false,
    })
    request.once('response', resolve).once('error', reject)
    request.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  return { status: response.statusCode, headers: response.headers, body: await readText(response) }
}

function aJob(changes: Partial<JobScript> = {}): JobScript {
  return {
    jobId,
    collectionName: 'products',
    files: fileSeries({ count: 3, path: 'catalog/part-{n}.parquet', rows: 1000, sizeBytes: 5000 }),
    course: [{ phase: 'Completed' }],
    ...changes,
  }
}

function parsed(got: Got) {
  return JSON.parse(got.body) as { code: number; message?: string; data?: Record<string, unknown> }
}

describe('a Milvus', () => {
  const open: ServiceRules = { dialect: 'milvus', version: '2.6' }
  const guarded: ServiceRules = {
    dialect: 'milvus',
    version: '2.6',
    apiKey: 'root:Milvus',
    databases: ['default', 'shop'],
  }
  const key = { authorization: 'Bearer root:Milvus' }
  const described = `/v2/vectordb/jobs/import/describe`
  const getProgress = `/v2/vectordb/jobs/import/get_progress`

  it.each<[title: string, rules: ServiceRules, sent: Sent, status: number, code: number | string]>([
    ['takes a look', open, {}, 200, 0],
    ['takes the older path', open, { path: getProgress }, 200, 0],
    ['ignores a query', open, { path: `${described}?x=1` }, 200, 0],
    ['takes the key of the id in any case', open, { body: { jobID: jobId } }, 200, 0],
    ['ignores keys that it does not know', open, { body: { jobId, clusterId, dbName: 'x' } }, 200, 0],
    [
      'says 200 for success in its first releases',
      { dialect: 'milvus', version: '2.4.0' },
      { path: getProgress },
      200,
      200,
    ],
    ['takes no GET', open, { method: 'GET', body: '' }, 404, '404 page not found'],
    ['has no path in camel case', open, { path: '/v2/vectordb/jobs/import/getProgress' }, 404, '404 page not found'],
    ['has no describe in 2.4', { dialect: 'milvus', version: '2.4' }, {}, 404, '404 page not found'],
    ['has nothing at its root', open, { path: '/' }, 404, '404 page not found'],
    ['wants JSON', open, { body: '{"jobId"' }, 200, 1801],
    ['wants a body', open, { body: '' }, 200, 1801],
    ['wants an object', open, { body: [jobId] }, 200, 1801],
    ['wants the id as a string', open, { body: { jobId: 470592729907200 } }, 200, 1801],
    ['wants one id', open, { body: { jobId: [jobId] } }, 200, 1801],
    ['wants an id', open, { body: {} }, 200, 1802],
    ['takes a body of null for an empty one', open, { body: 'null' }, 200, 1802],
    ['takes null for nothing', open, { body: { jobId: null } }, 200, 1802],
    ['takes "" for nothing', open, { body: { jobId: '' } }, 200, 1802],
    ['wants an id of digits', open, { body: { jobId: 'job-1' } }, 200, 1100],
    ['wants an id of 64 bits', open, { body: { jobId: '9223372036854775808' } }, 200, 1100],
    ['had another code for that', { dialect: 'milvus', version: '2.5' }, { body: { jobId: 'job-1' } }, 200, 2100],
    ['does not know every job', open, { body: { jobId: '1' } }, 200, 2101],
    ['had another code for that too', { dialect: 'milvus', version: '2.5' }, { body: { jobId: '1' } }, 200, 2100],
    [
      'wants a Request-Timeout of digits',
      { dialect: 'milvus', version: '3.0' },
      { headers: { 'request-timeout': '30s' } },
      200,
      1100,
    ],
    ['lets a key pass that it does not ask for', open, { headers: { authorization: 'Bearer x' } }, 200, 0],
    ['takes the right key', guarded, { headers: key }, 200, 0],
    ['takes the right key by Basic', guarded, { headers: { authorization: `Basic ${btoa('root:Milvus')}` } }, 200, 0],
    ['refuses no key', guarded, {}, 401, 1800],
    ['refuses a wrong key', guarded, { headers: { authorization: 'Bearer root:milvus' } }, 401, 1800],
    ['asks for the key before it reads the body', guarded, { body: '' }, 401, 1800],
    ['knows databases by their header', guarded, { headers: { ...key, 'db-name': 'shop' } }, 200, 0],
    ['refuses another database', guarded, { headers: { ...key, 'db-name': 'hr' } }, 403, 65535],
    [
      'checks the database before it knows the job',
      guarded,
      { headers: { ...key, 'db-name': 'hr' }, body: { jobId: '1' } },
      403,
      65535,
    ],
  ])('%s', async (_, rules, sent, status, code) => {
    const { url } = await start({ ...rules, jobs: [aJob()] })
    const got = await send(url, sent)
    expect(got.status).toBe(status)
    if (typeof code === 'string') expect(got.body).toBe(code)
    else expect(parsed(got).code).toBe(code)
  })

  it('challenges a wrong password that came by Basic', async () => {
    const { url } = await start({ ...guarded, jobs: [] })
    const got = await send(url, { headers: { authorization: `Basic ${btoa('root:wrong')}` } })
    expect(got.headers['www-authenticate']).toBe('Basic realm="restricted"')
  })

  it('asks for the default database where its user may import nowhere else', async () => {
    const { url } = await start({ ...guarded, databases: ['shop'], jobs: [] })
    const got = await send(url, { headers: key })
    expect(parsed(got).message).toContain('permission deny to root in the `default` database')
  })
})

describe('a Zilliz Cloud', () => {
  const cloud: ServiceScript = {
    dialect: 'zilliz',
    version: '2026',
    apiKey: 'cloud-key',
    clusterId,
    projectId: 'proj-1',
    regionId: 'aws-us-west-2',
    jobs: [aJob({ jobId: cloudJobId })],
  }
  const key = { authorization: 'Bearer cloud-key' }
  const byProject = { projectId: 'proj-1', regionId: 'aws-us-west-2' }

  it.each<[title: string, sent: Sent, code: number]>([
    ['takes the cluster', { body: { jobId: cloudJobId, clusterId } }, 0],
    ['takes project and region', { body: { jobId: cloudJobId, ...byProject } }, 0],
    ['takes "" for nothing', { body: { jobId: cloudJobId, clusterId, projectId: '', regionId: '' } }, 0],
    ['wants one of both', { body: { jobId: cloudJobId } }, 96025],
    ['wants only one of both', { body: { jobId: cloudJobId, clusterId, ...byProject } }, 96036],
    ['wants the form of a cluster id', { body: { jobId: cloudJobId, clusterId: 'mine' } }, 96036],
    ['wants a cluster that is there', { body: { jobId: cloudJobId, clusterId: 'in01-ffffffffffff' } }, 96018],
    ['wants the right project', { body: { jobId: cloudJobId, ...byProject, projectId: 'proj-2' } }, 96005],
    ['wants the right region', { body: { jobId: cloudJobId, projectId: 'proj-1' } }, 96001],
    ['wants a job', { body: { clusterId } }, 96026],
    ['wants the key of the id in its own spelling', { body: { jobID: cloudJobId, clusterId } }, 96026],
    ['does not know every job', { body: { jobId: 'job-9', clusterId } }, 96026],
    ['refuses no key', { headers: { authorization: '' }, body: {} }, 80001],
    ['refuses a password', { headers: { authorization: 'Bearer root:Milvus' }, body: {} }, 80001],
    ['refuses a wrong key', { headers: { authorization: 'Bearer other' }, body: {} }, 21119],
  ])('%s', async (_, sent, code) => {
    const { url } = await start(cloud)
    const got = await send(url, { headers: key, ...sent })
    expect([got.status, parsed(got).code]).toEqual([200, code])
  })

  it.each([
    ['2026', ['describe', 'get_progress', 'getProgress']],
    ['2024', ['getProgress']],
  ] as const)('of %s answers on %j', async (version, operations) => {
    const { url } = await start({ ...cloud, version })
    const answered = ['describe', 'get_progress', 'getProgress'].map(async (operation) => {
      const body = { jobId: cloudJobId, clusterId }
      const { status } = await send(url, { path: `/v2/vectordb/jobs/import/${operation}`, headers: key, body })
      return status === 200 ? [operation] : []
    })
    expect((await Promise.all(answered)).flat()).toEqual(operations)
  })
})

describe('a list', () => {
  const list = '/v2/vectordb/jobs/import/list'
  const inCloud = ['1', '2', '3'].map((n) => aJob({ jobId: `job-${n}` }))
  const cloud: ServiceScript = { dialect: 'zilliz', version: '2026', apiKey: 'k', clusterId, jobs: inCloud }
  const milvus: ServiceScript = {
    dialect: 'milvus',
    version: '2.6',
    apiKey: 'u:p',
    databases: ['default', 'shop'],
    collections: ['empty'],
    jobs: [
      aJob({ jobId: '1' }),
      aJob({ jobId: '2', collectionName: 'books', course: [{ phase: 'Failed', reason: 'no' }] }),
      aJob({ jobId: '3', database: 'shop', course: [{ phase: 'IndexBuilding', within: [0, 0] }] }),
      aJob({ jobId: '4', database: 'hr' }),
      aJob({ jobId: '5', course: [{ phase: 'Gone' }] }),
      aJob({ jobId: '6', faults: [{ from: 0, reply: text(502, 'bad') }] }),
    ],
  }

  async function listed(script: ServiceScript, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const { url } = await start(script)
    const authorization = `Bearer ${script.apiKey ?? ''}`
    return parsed(await send(url, { path: list, body, headers: { authorization, ...headers } }))
  }

  const idsIn = ({ data }: Awaited<ReturnType<typeof listed>>) =>
    (data?.['records'] as readonly { jobId: string }[] | undefined)?.map((record) => record.jobId)

  it('of a Milvus has records without rows and files, and a reason only where there is one', async () => {
    const { data } = await listed(milvus, { collectionName: 'books' })
    expect(data).toEqual({
      records: [{ collectionName: 'books', jobId: '2', progress: 0, state: 'Failed', reason: 'no' }],
    })
    expect((await listed(milvus, { COLLECTIONNAME: 'products', dbname: 'shop' })).data).toEqual({
      records: [{ collectionName: 'products', jobId: '3', progress: 80, state: 'Importing' }],
    })
  })

  it.each<[title: string, body: unknown, headers: Readonly<Record<string, string>>, ids: readonly string[]]>([
    ['shows all databases that the user may see', {}, {}, ['1', '2', '3', '6']],
    ['then ignores the database', { dbName: 'shop' }, {}, ['1', '2', '3', '6']],
    ['takes the database from the header', { collectionName: 'products' }, { 'db-name': 'shop' }, ['3']],
    ['leaves out silently what is hidden', { collectionName: 'products', dbName: 'hr' }, {}, []],
    ['of a collection without jobs is empty', { collectionName: 'empty' }, {}, []],
  ])('of a Milvus %s', async (_, body, headers, ids) => {
    expect(idsIn(await listed(milvus, body, headers))).toEqual(ids)
  })

  it.each<[title: string, body: unknown, code: number]>([
    ['a collection that is not there', { collectionName: 'nothing' }, 100],
    ['a name that is a number', { collectionName: 1 }, 1801],
    ['no body', '', 1801],
  ])('of a Milvus refuses %s', async (_, body, code) => {
    expect((await listed(milvus, body)).code).toBe(code)
  })

  it.each<[title: string, body: Readonly<Record<string, unknown>>, listing: Listing, data: unknown]>([
    ['has pages of ten', {}, {}, { count: 3, currentPage: 1, pageSize: 10 }],
    ['goes on', { pageSize: 2, currentPage: 2 }, {}, { count: 3, currentPage: 2, records: [{ jobId: 'job-3' }] }],
    ['may cut a page', { pageSize: 9 }, { longestPage: 2 }, { pageSize: 2, records: [{}, {}] }],
    ['ends', { currentPage: 2 }, {}, { count: 3, records: [] }],
  ])('of a Zilliz Cloud %s', async (_, body, listing, data) => {
    expect(await listed({ ...cloud, listing }, { clusterId, ...body })).toMatchObject({ code: 0, data })
  })

  it('of a Zilliz Cloud may have no progress', async () => {
    const { data } = await listed({ ...cloud, listing: { omitsProgress: true } }, { clusterId, pageSize: 1 })
    expect(data?.['records']).toEqual([{ collectionName: 'products', jobId: 'job-1', state: 'Completed' }])
  })

  it.each<[title: string, body: unknown, code: number]>([
    ['no cluster', {}, 96025],
    ['a page that is too long', { clusterId, pageSize: 101 }, 96050],
    ['a page of nothing', { clusterId, pageSize: 0 }, 96050],
    ['a page before the first', { clusterId, currentPage: 0 }, 96050],
  ])('of a Zilliz Cloud refuses %s', async (_, body, code) => {
    expect((await listed({ ...cloud, listing: { refusedAbove: 100 } }, body)).code).toBe(code)
  })

  it('is a look at every job that it shows', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 1 }, { phase: 'Completed' }]
    const { url } = await start({ dialect: 'milvus', version: '2.6', jobs: [aJob({ clock: 'looks', course })] })
    expect(parsed(await send(url, { path: list, body: {} })).data).toMatchObject({ records: [{ state: 'Pending' }] })
    expect(parsed(await send(url)).data).toMatchObject({ state: 'Completed' })
  })
})

describe('an import', () => {
  const timeOf = (position: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, position))

  function seen(course: readonly Step[], position: number, service: ServiceRules, changes: Partial<JobScript> = {}) {
    const job = aJob({ course, clock: 'looks', ...changes })
    const line = lineAt(job, position)
    if (line.kind !== 'standing') throw new Error(`a ${line.kind} where a state was expected`)
    return project(job, line.standing, service, timeOf)
  }

  const v26: ServiceRules = { dialect: 'milvus', version: '2.6' }
  const course: Step[] = [
    { phase: 'Pending', lasts: 10 },
    { phase: 'PreImporting', lasts: 10 },
    { phase: 'Importing', lasts: 10 },
    { phase: 'Sorting', lasts: 10 },
    { phase: 'IndexBuilding', lasts: 10 },
    { phase: 'Uncommitted', lasts: 10 },
    { phase: 'Committing', lasts: 10 },
    { phase: 'Completed' },
  ]

  it.each<[position: number, state: string, progress: number, imported: number, total: number, files: number]>([
    [0, 'Pending', 0, 0, 0, 0],
    [9, 'Pending', 9, 0, 0, 0],
    [10, 'Importing', 10, 0, 0, 0],
    [15, 'Importing', 25, 0, 0, 0],
    [20, 'Importing', 40, 0, 3000, 3],
    [25, 'Importing', 55, 1500, 3000, 3],
    [30, 'Importing', 70, 3000, 3000, 3],
    [45, 'Importing', 85, 3000, 3000, 3],
    [55, 'Importing', 99, 3000, 3000, 3],
    [65, 'Importing', 99, 3000, 3000, 3],
    [70, 'Completed', 100, 3000, 3000, 3],
    [999, 'Completed', 100, 3000, 3000, 3],
  ])('shows at %d as %s, %d %%, %d of %d rows, %d files', (at, state, progress, importedRows, totalRows, files) => {
    const data = seen(course, at, v26)
    expect(data).toMatchObject({ state, progress, importedRows, totalRows, fileSize: files * 5000 })
    expect(data['details']).toHaveLength(files)
  })

  it('shows files that are through, running and waiting, in words of their own', () => {
    expect(seen(course, 25, v26)['details']).toMatchObject([
      { fileName: '[catalog/part-0.parquet]', state: 'Completed', progress: 100, completeTime: '2026-11-20T10:00:25Z' },
      { state: 'InProgress', progress: 50, importedRows: 500, totalRows: 1000, completeTime: '' },
      { state: 'Pending', progress: 0, importedRows: 0, totalRows: 1000 },
    ])
  })

  it('is at 99 in words of its own where it waits for a commit', () => {
    const states = [55, 65].map((at) => seen(course, at, v26, { autoCommit: false }))
    expect(states).toMatchObject([
      { state: 'Uncommitted', progress: 99 },
      { state: 'Committing', progress: 99 },
    ])
  })

  it('takes everything back when it fails, and says why at the job and the files', () => {
    const failing: Step[] = [
      { phase: 'Importing', lasts: 10 },
      { phase: 'Failed', reason: 'disk quota exceeded' },
    ]
    const data = seen(failing, 10, v26)
    expect(data).toMatchObject({
      state: 'Failed',
      progress: 0,
      importedRows: 0,
      totalRows: 0,
      reason: 'disk quota exceeded',
      completeTime: '',
    })
    expect(data['details']).toMatchObject(Array(3).fill({ state: 'Failed', reason: 'disk quota exceeded' }))
  })

  it('can fail by one of its files', () => {
    const failing: Step[] = [
      { phase: 'Importing', lasts: 10, within: [0, 0.5] },
      { phase: 'Failed', within: [0.5, 0.5], failedFiles: ['catalog/part-1.parquet'], reason: 'no' },
    ]
    const states = (seen(failing, 10, v26)['details'] as { state: string }[]).map(({ state }) => state)
    expect(states).toEqual(['Completed', 'Failed', 'Pending'])
  })

  it('lists no file when it fails before the import itself', () => {
    const failing: Step[] = [
      { phase: 'PreImporting', lasts: 10 },
      { phase: 'Failed', reason: 'NoSuchKey' },
    ]
    expect(seen(failing, 10, v26)).toMatchObject({ state: 'Failed', fileSize: 0, details: [], reason: 'NoSuchKey' })
  })

  it('has neither rows nor a time when there was nothing to import', () => {
    const empty: Step[] = [{ phase: 'PreImporting', lasts: 10 }, { phase: 'Completed' }]
    expect(seen(empty, 10, v26)).toMatchObject({
      state: 'Completed',
      progress: 100,
      totalRows: 0,
      completeTime: '',
      details: [],
    })
  })

  it('rests, and falls back, where its script says so', () => {
    const uneven: Step[] = [
      { phase: 'IndexBuilding', lasts: 10, within: [0, 0] },
      { phase: 'Importing', lasts: 10, within: [0.8, 0] },
      { phase: 'Completed' },
    ]
    expect([0, 9, 10, 15].map((at) => seen(uneven, at, v26).progress)).toEqual([80, 80, 64, 52])
  })

  it.each<
    [version: '2.4.0' | '2.4' | '2.5' | '2.6' | '3.0', fileName: string, atIndex: number, hasCreateTime: boolean]
  >([
    ['2.4.0', `id:470592729907200002 paths:"catalog/part-0.parquet" `, 80, false],
    ['2.4', '[catalog/part-0.parquet]', 80, false],
    ['2.5', '[catalog/part-0.parquet]', 85, false],
    ['2.6', '[catalog/part-0.parquet]', 85, true],
    ['3.0', '[catalog/part-0.parquet]', 85, true],
  ])('looks different in %s', (version, fileName, progress, hasCreateTime) => {
    const data = seen(course, 45, { dialect: 'milvus', version })
    expect(data).toMatchObject({ progress, details: [{ fileName }, {}, {}] })
    expect('createTime' in data).toBe(hasCreateTime)
    expect('reason' in data).toBe(false)
  })

  it('looks different in Zilliz Cloud', () => {
    const data = seen(course, 25, { dialect: 'zilliz', version: '2026' }, { jobId: cloudJobId })
    expect(data).toMatchObject({ jobId: cloudJobId, fileName: 'catalog/part-0.parquet', reason: '', totalRows: 3000 })
    expect(data).not.toHaveProperty('importedRows')
    expect(data['details']).toMatchObject([
      { state: 'Completed', reason: '' },
      { state: 'Importing' },
      { state: 'Pending' },
    ])
  })

  it('of a thousand files is a thousand rows', () => {
    const files = fileSeries({ count: 1024, path: 'shard-{n}.parquet', rows: 10, sizeBytes: 1 })
    expect(seen(course, 70, v26, { files })['details']).toHaveLength(1024)
  })

  it('needs an end', () => {
    expect(() => seen([{ phase: 'Pending', lasts: 1 }], 1, v26)).toThrow('last step')
  })
})

describe('a script', () => {
  const v25 = { dialect: 'milvus', version: '2.5' } as const

  async function looks(count: number, job: Partial<JobScript>, wiring?: Wiring) {
    const { url } = await start({ ...v25, jobs: [aJob(job)] }, wiring)
    const gists: string[] = []
    for (let look = 0; look < count; look++) gists.push(gistOf((await send(url)).body))
    return gists
  }

  function gistOf(body: string) {
    return /"state":"(\w+)","progress"/.exec(body)?.[1] ?? /"code":(\d+)/.exec(body)?.[1] ?? body
  }

  it('goes on with each look', async () => {
    const course: Step[] = [
      { phase: 'Pending', lasts: 1 },
      { fixture: 'milvus-2.5-failed', lasts: 1 },
      { reply: text(503, 'busy'), lasts: 1 },
      { phase: 'Gone' },
    ]
    expect(await looks(4, { clock: 'looks', course })).toEqual(['Pending', 'Failed', 'busy', '2100'])
  })

  it('goes on with time', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 1 }, { phase: 'Completed' }]
    const { url } = await start({ ...v25, jobs: [aJob({ course })] }, { speed: 1e6 })
    await send(url)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(parsed(await send(url)).data).toMatchObject({ state: 'Completed' })
  })

  it('is disturbed for a while, and goes on regardless', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 2 }, { phase: 'Completed' }]
    const faults = [{ from: 1, until: 3, reply: text(502, 'bad') }]
    expect(await looks(4, { clock: 'looks', course, faults })).toEqual(['Pending', 'bad', 'bad', 'Completed'])
  })

  it('can be a function', async () => {
    const answer = (_: unknown, look: number) => (look === 1 ? text(500, 'once') : undefined)
    expect(await looks(3, { answer })).toEqual(['Completed', 'once', 'Completed'])
  })

  it('lets a gateway answer before the service checks anything', async () => {
    const { url, requests } = await start({
      ...v25,
      jobs: [aJob()],
      gateway: (_, nth) => (nth === 0 ? htmlPage(403, 'Log in') : undefined),
    })
    const statuses = [await send(url, { path: '/elsewhere' }), await send(url)].map(({ status }) => status)
    expect(statuses).toEqual([403, 200])
    expect(requests).toMatchObject([
      { path: '/elsewhere', jobId: undefined },
      { path: '/v2/vectordb/jobs/import/describe', jobId, look: 0, headers: { host: url.slice('http://'.length) } },
    ])
  })

  it('says so when it cannot be played', async () => {
    const { url } = await start({ ...v25, jobs: [aJob({ course: [{ fixture: 'nothing' }] })] })
    expect(await send(url)).toMatchObject({ status: 500, body: expect.stringContaining('cannot be played') })
  })

  it('runs beside others below a path of its own', async () => {
    const service = await startSimulators({ '/a': { ...v25, jobs: [aJob()] }, '/b': { ...v25, jobs: [] } })
    running.push(service)
    const bodies = await Promise.all(['/a', '/b', '/c', ''].map((mount) => send(service.url + mount)))
    expect(bodies.map(({ body }) => body.slice(0, 12))).toEqual([
      '{"code":0,"d',
      '{"code":2100',
      'No service i',
      'No service i',
    ])
    expect(service.jobIds).toEqual([jobId])
  })
})

describe('on the wire', () => {
  const answering = (reply: Reply): ServiceScript => ({
    dialect: 'milvus',
    version: '2.6',
    jobs: [aJob({ course: [{ reply }] })],
  })

  async function look(reply: Reply, tls?: Certificates) {
    const wiring = tls === undefined ? {} : { tls: tls.server }
    const { url } = await start(answering(reply), wiring)
    return send(url, {}, tls === undefined ? {} : { ca: tls.ca.cert })
  }

  it.each<[title: string, reply: Reply, got: Partial<Got>]>([
    ['JSON', json({ code: 0 }), { status: 200, body: '{"code":0}' }],
    ['JSON at another status', json({ code: 1 }, 429, { 'Retry-After': '7' }), { status: 429, body: '{"code":1}' }],
    ['a plain text', text(408, 'timeout'), { status: 408, body: 'timeout' }],
    [
      'an HTML page',
      htmlPage(200, 'Log in'),
      { status: 200, body: expect.stringContaining('<h1>Log in</h1>') as unknown as string },
    ],
    ['half of a JSON text', cutJson({ code: 0, data: {} }), { status: 200, body: '{"code":0,' }],
    ['a redirect', redirect('https://elsewhere.example/'), { status: 301, body: '' }],
    ['no content', { kind: 'raw', status: 204, chunks: [] }, { status: 204, body: '' }],
    ['a slow body', { kind: 'raw', status: 200, chunks: ['{', '}'], gapMs: 5 }, { status: 200, body: '{}' }],
    ['a late answer', { kind: 'late', byMs: 5, reply: json({}) }, { status: 200, body: '{}' }],
    [
      'bytes as they are',
      { kind: 'bytes', bytes: 'HTTP/1.1 299 Odd\r\nConnection: close\r\n\r\nx' },
      { status: 299, body: 'x' },
    ],
    [
      'an informational answer before the real one',
      { kind: 'bytes', bytes: 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}' },
      { status: 200, body: '{}' },
    ],
  ])('comes %s', async (_, reply, got) => {
    expect(await look(reply)).toMatchObject(got)
  })

  it.each<[reply: Reply, error: string]>([
    [{ kind: 'cut', when: 'before-headers', by: 'reset' }, 'ECONNRESET'],
    [{ kind: 'cut', when: 'before-headers', by: 'end' }, 'ECONNRESET'],
    [{ kind: 'cut', when: 'in-headers', by: 'reset' }, 'ECONNRESET'],
    [{ kind: 'cut', when: 'in-headers', by: 'end' }, 'ECONNRESET'],
    [{ kind: 'cut', when: 'in-body', by: 'reset' }, 'ECONNRESET'],
    [{ kind: 'cut', when: 'in-body', by: 'end' }, 'ECONNRESET'],
    [{ kind: 'bytes', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'HPE_INVALID_CONSTANT'],
  ])('breaks by %j', async (reply, code) => {
    await expect(look(reply)).rejects.toMatchObject({ code })
  })

  async function fetchOne(reply: Reply) {
    const { url } = await start(answering(reply))
    return fetch(`${url}/v2/vectordb/jobs/import/describe`, { method: 'POST', body: JSON.stringify({ jobId }) })
  }

  it.each(['reset', 'end'] as const)('delivers the headers of an answer whose body is cut by %s', async (by) => {
    const response = await fetchOne({ kind: 'cut', when: 'in-body', by })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  })

  it.each(['before-headers', 'in-headers', 'in-body'] as const)('hangs %s until the client leaves', async (when) => {
    const { url } = await start(answering({ kind: 'hang', when }))
    const signal = AbortSignal.timeout(60)
    await expect(send(url, {}, { signal })).rejects.toThrow()
    expect(signal.aborted).toBe(true)
  })

  it('sends a body that never ends', async () => {
    const { body } = await fetchOne({ kind: 'endless', chunk: ' '.repeat(65536) })
    let sizeBytes = 0
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length
      if (sizeBytes > 2 ** 22) break
    }
    expect(sizeBytes).toBeGreaterThan(2 ** 22)
  })

  describe('by TLS', () => {
    let certificates: Certificates

    beforeAll(async () => {
      certificates = await makeCertificates()
    })

    it('answers those who trust its root', async () => {
      expect(await look(json({ code: 0 }), certificates)).toMatchObject({ status: 200, body: '{"code":0}' })
    })

    it('breaks connections as well', async () => {
      const reply: Reply = { kind: 'cut', when: 'before-headers', by: 'reset' }
      await expect(look(reply, certificates)).rejects.toMatchObject({ code: 'ECONNRESET' })
    })

    it.each<[title: string, of: 'server' | 'wrongHost' | 'expired', isTrusted: boolean, error: string]>([
      ['a root that nobody trusts', 'server', false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['a name of another host', 'wrongHost', true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['an expired certificate', 'expired', true, 'CERT_HAS_EXPIRED'],
    ])('shows %s', async (_, of, isTrusted, code) => {
      const { url } = await start(answering(json({})), { tls: certificates[of] })
      await expect(send(url, {}, isTrusted ? { ca: certificates.ca.cert } : {})).rejects.toMatchObject({ code })
    })

    it('asks for a client certificate', async () => {
      const { ca, server, client } = certificates
      const { url } = await start(answering(json({})), { tls: { ...server, ca: ca.cert, requestClientCert: true } })
      await expect(send(url, {}, { ca: ca.cert })).rejects.toThrow()
      expect(await send(url, {}, { ca: ca.cert, ...client })).toMatchObject({ status: 200 })
    })
  })

  it('counts its connections', async () => {
    const service = await start(answering(json({})))
    await send(service.url)
    await send(service.url)
    expect(service.connectionCount()).toBe(2)
  })
})

describe('the stored replies', () => {
  it.each(fixtureNames())('%s says where it comes from and can be played', (name) => {
    const { source, note, service, operation, httpStatus, observation } = loadFixture(name)
    expect(Object.values({ source, note, operation }).every((value) => value.length > 3)).toBe(true)
    expect(['milvus', 'zilliz']).toContain(service)
    expect(httpStatus).toBeGreaterThanOrEqual(200)
    expect(['answered', 'outage', 'refused', 'unknown-job', undefined]).toContain(observation)
    expect(fixtureReply(name, jobId).kind).toMatch(/^(json|raw)$/)
  })

  it('take the id of the job that they are played for', () => {
    expect(fixtureReply('issue-31237-before-2.4.0', jobId)).toMatchObject({ body: { data: { jobID: jobId } } })
  })

  it.each([
    ['2.4.0', 'milvus-2.4.0-completed'],
    ['2.5', 'milvus-2.5-completed'],
    ['3.0', 'milvus-3.0-completed'],
  ] as const)('of a finished job have the keys that a %s of ours sends', (version, name) => {
    const job = aJob({ course: [{ phase: 'Importing', lasts: 1 }, { phase: 'Completed' }] })
    const line = lineAt(job, 1)
    if (line.kind !== 'standing') throw new Error('no state')
    const ours = project(job, line.standing, { dialect: 'milvus', version }, () => new Date())
    const { data } = loadFixture(name).reply as { data: { details: object[] } }
    expect(Object.keys(ours).sort()).toEqual(Object.keys(data).sort())
    expect(Object.keys((ours['details'] as object[])[0]!).sort()).toEqual(Object.keys(data.details[0]!).sort())
  })
})

describe('the scenarios', () => {
  const phases: readonly string[] = ['Completed', 'Failed', 'Uncommitted', 'Gone']

  it.each(scenarioNames())('%s is whole', async (name) => {
    const { title, service, inputs, expected } = loadScenario(name)
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(inputs['job-id']).toMatch(/./)
    expect(expected.outputs['conclusion']).toMatch(/^[a-z-]+$/)
    const ends = service.jobs.map(({ course }) => course.at(-1)!)
    expect(ends.every((end) => 'phase' in end && phases.includes(end.phase))).toBe(true)

    const { url } = await start(service)
    const path = `/v2/vectordb/jobs/import/${service.version === '2024' ? 'getProgress' : 'get_progress'}`
    const headers = { authorization: `Bearer ${service.apiKey ?? ''}`, 'db-name': 'default' }
    const answers = service.jobs.map(
      async (job) =>
        parsed(await send(url, { path, headers, body: { jobId: job.jobId, clusterId: inputs['cluster-id'] } })).code,
    )
    expect(await Promise.all(answers)).toEqual(service.jobs.map(() => 0))
  })
})

describe('a step', () => {
  it('gets its inputs, and its log, outputs and exit status come back', async () => {
    const entry = join(mkdtempSync(join(tmpdir(), 'entry-')), 'entry.mjs')
    writeFileSync(
      entry,
      `import { appendFileSync } from 'node:fs'
       console.log(process.env['INPUT_JOB-ID'])
       appendFileSync(process.env.GITHUB_OUTPUT, 'state<<x\\nCompleted\\nx\\nreason=none\\n')
       process.exitCode = 3`,
    )
    const lines: string[] = []
    const result = await runStep({ entry, inputs: { 'job-id': jobId }, onLine: (line) => lines.push(line) })
    expect(lines).toEqual([jobId])
    expect(result.exitStatus).toBe(3)
    expect(Object.fromEntries(result.outputs)).toEqual({ state: 'Completed', reason: 'none' })
  })

  it('has the inputs that action.yml declares, with their defaults', () => {
    const yaml =
      'inputs:\n  job-id:\n    description: x\n  timeout: { default: 1h }\n  summary: { default: true }\n  token: { default: "${{ github.token }}" }\n'
    expect(declaredInputs(yaml)).toEqual({ 'job-id': '', timeout: '1h', summary: 'true', token: '' })
  })

  it('may set an output of several lines', () => {
    expect([...parseOutputs('a<<e\n1\n\n2\ne\nb=x=y\n')]).toEqual([
      ['a', '1\n\n2'],
      ['b', 'x=y'],
    ])
  })
})

describe('a terminal', () => {
  it.each([
    ['plain text', 'plain text'],
    ['::error title=Import failed::disk full%0Agone, 100%25', 'Error: disk full\ngone, 100%'],
    ['::warning::slow', 'Warning: slow'],
    ['::notice title=a::b', 'Notice: b'],
    ['::group::Files', '▼ Files'],
    ['::endgroup::', undefined],
    ['::debug::a look', undefined],
    ['::add-mask::secret', undefined],
    ['::sparkle::x', '::sparkle::x'],
  ])('shows %j as %j', (line, shown) => {
    expect(asOnGitHub(line)).toBe(shown)
  })

  it('aligns names and values, one line each', () => {
    expect(
      inColumns(
        [
          ['state', 'Completed'],
          ['details', `[\n${'x'.repeat(50)}]`],
        ],
        40,
      ),
    ).toBe(`  state    Completed\n  details  [ ${'x'.repeat(26)}…`)
  })
})
