import { afterEach, describe, expect, it } from '@jest/globals'
import { aJob, closeAll, cloudJobId, clusterId, jobId, parsed, send, start, type Sent } from './asking.ts'
import type { Listing, ServiceRules } from './dialects.ts'
import { text } from './faults.ts'
import type { Step } from './script.ts'
import type { ServiceScript } from './server.ts'

afterEach(closeAll)

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
    ['takes a poll', open, {}, 200, 0],
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
    ['has no describe before 2.4.13', { dialect: 'milvus', version: '2.4.12' }, {}, 404, '404 page not found'],
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
      'looks the job up before it checks privileges',
      guarded,
      { headers: { ...key, 'db-name': 'hr' }, body: { jobId: '1' } },
      200,
      2101,
    ],
    [
      'checked privileges first up to 2.5',
      { ...guarded, version: '2.5' },
      { headers: { ...key, 'db-name': 'hr' }, body: { jobId: '1' } },
      403,
      65535,
    ],
    ['takes the key without a scheme', guarded, { headers: { authorization: 'root:Milvus' } }, 200, 0],
    ['refuses a scheme in lower case', guarded, { headers: { authorization: 'bearer root:Milvus' } }, 401, 1800],
    ['asks for the key before it knows the path', guarded, { path: '/v2/vectordb/nothing' }, 401, 1800],
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
    expect(got.headers['www-authenticate']).toBe('Basic realm="restricted", charset="UTF-8"')
  })

  it('asks for the default database where its user may import nowhere else', async () => {
    const { url } = await start({ ...guarded, databases: ['shop'], jobs: [aJob()] })
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
    ['shows all databases', {}, {}, ['1', '2', '3', '4', '6']],
    ['then ignores the database', { dbName: 'shop' }, {}, ['1', '2', '3', '4', '6']],
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
    ['a page that is too long', { clusterId, pageSize: 101 }, 96008],
    ['a page of nothing', { clusterId, pageSize: 0 }, 96008],
    ['a page before the first', { clusterId, currentPage: 0 }, 96009],
  ])('of a Zilliz Cloud refuses %s', async (_, body, code) => {
    expect((await listed(cloud, body)).code).toBe(code)
  })

  it('of a Zilliz Cloud may show the jobs of all collections', async () => {
    const jobs = [aJob({ jobId: 'job-1' }), aJob({ jobId: 'job-2', collectionName: 'books' })]
    const asked = { clusterId, collectionName: 'books' }
    expect(idsIn(await listed({ ...cloud, jobs }, asked))).toEqual(['job-2'])
    expect(idsIn(await listed({ ...cloud, jobs, listing: { ignoresCollection: true } }, asked))).toEqual([
      'job-1',
      'job-2',
    ])
  })

  it('in pages is no poll of the jobs on other pages', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 1 }, { phase: 'Completed' }]
    const jobs = ['1', '2'].map((n) => aJob({ jobId: `job-${n}`, clock: 'polls', course }))
    const { url } = await start({ ...cloud, jobs })
    const states: unknown[] = []
    for (const currentPage of [1, 2, 2]) {
      const body = { clusterId, pageSize: 1, currentPage }
      const { data } = parsed(await send(url, { path: list, body, headers: { authorization: 'Bearer k' } }))
      states.push((data?.['records'] as readonly { state: string }[])[0]?.state)
    }
    expect(states).toEqual(['Pending', 'Pending', 'Completed'])
  })

  it('is a poll of every job that it shows', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 1 }, { phase: 'Completed' }]
    const { url } = await start({ dialect: 'milvus', version: '2.6', jobs: [aJob({ clock: 'polls', course })] })
    expect(parsed(await send(url, { path: list, body: {} })).data).toMatchObject({ records: [{ state: 'Pending' }] })
    expect(parsed(await send(url)).data).toMatchObject({ state: 'Completed' })
  })
})
