import { afterEach, describe, expect, it } from '@jest/globals'
import { createExchange, transportTo } from '../../src/service/http.ts'
import type { Transport } from '../../src/connection.ts'
import type { DataPlane } from '../../src/connection.ts'
import { isControlPlane, isZillizCloud } from '../../src/hosts.ts'
import { htmlPage, json, redirect, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { inWords, asking, asMany, closeAll, inTurn, KEY, played, serving } from './asked-service.ts'

const CLUSTER = { clusterId: 'in01-abc', dataPlane: { kind: 'cluster' } } as const
const COUNTED = json({ code: 0, data: [{ 'count(*)': 7 }] })
const addressed = (connectAddress: unknown) => json({ code: 0, data: { clusterId: 'in01-abc', connectAddress } })

afterEach(closeAll)

describe('the data plane', () => {
  it('of a Milvus is where the jobs are, over the same connections', async () => {
    const { service, requests, opened } = await asking(inTurn(COUNTED))
    expect(await service.collections.count('books', asMany())).toEqual({ kind: 'counted', rows: 7 })
    expect([requests.length, opened]).toEqual([1, []])
  })

  it('at another address is asked there, with the key and without the place, over connections of its own', async () => {
    const elsewhere = await serving(inTurn(COUNTED))
    const { service, requests, opened } = await asking(inTurn(htmlPage(500, 'no')), {
      clusterId: 'in01-abc',
      dataPlane: { kind: 'address', endpoint: `${elsewhere.url}/eu` },
    })
    expect(opened).toEqual([])
    await service.collections.count('books', asMany())
    expect(await service.collections.count('books', asMany())).toEqual({ kind: 'counted', rows: 7 })
    expect([requests, opened]).toEqual([[], [`${elsewhere.url}/eu`]])
    const [request] = elsewhere.requests
    expect(request).toMatchObject({
      path: '/eu/v2/vectordb/entities/query',
      headers: { authorization: `Bearer ${KEY}` },
    })
    expect(JSON.parse(request?.body ?? '')).not.toHaveProperty('clusterId')
  })

  it('at an address of the user’s own gets the user’s own headers too', async () => {
    const elsewhere = await serving(inTurn(COUNTED))
    const { service } = await asking(inTurn(htmlPage(500, 'no')), {
      headers: [['X-Access-Token', 'of the gateway']],
      dataPlane: { kind: 'address', endpoint: elsewhere.url },
    })
    await service.collections.count('books', asMany())
    expect(elsewhere.requests[0]?.headers).toMatchObject({ 'x-access-token': 'of the gateway' })
  })

  it('below another path of the endpoint shares its connections', async () => {
    const server = await serving(inTurn(COUNTED))
    const { service, opened } = await asking(inTurn(COUNTED), {
      endpoint: `${server.url}/jobs`,
      dataPlane: { kind: 'address', endpoint: `${server.url}/data` },
    })
    await service.collections.count('books', asMany())
    expect([server.requests.map(({ path }) => path), opened]).toEqual([['/data/v2/vectordb/entities/query'], []])
  })

  it.each<[dataPlane: (url: string) => DataPlane, isElsewhere: boolean]>([
    [() => ({ kind: 'same' }), false],
    [() => ({ kind: 'cluster' }), true],
    [(url) => ({ kind: 'address', endpoint: `${url}/data` }), false],
    [() => ({ kind: 'address', endpoint: 'http://cluster.example' }), true],
  ])('is known to be elsewhere or not before it is asked: %#', async (dataPlane, isElsewhere) => {
    const { url } = await serving(inTurn(COUNTED))
    const { service } = await asking(inTurn(COUNTED), { endpoint: url, dataPlane: dataPlane(url) })
    expect(service.collections.isElsewhere).toBe(isElsewhere)
  })

  it('names `cluster-endpoint` where it cannot be reached', async () => {
    const { service } = await asking(inTurn(COUNTED), {
      dataPlane: { kind: 'address', endpoint: 'http://127.0.0.1:9' },
    })
    expect(inWords(await service.collections.count('books', asMany()))).toMatchObject({
      kind: 'outage',
      error: { next: expect.stringMatching(/`cluster-endpoint`/) },
    })
  })
})

describe('the address of a cluster', () => {
  it('is asked for by a GET, once, and only where it is needed', async () => {
    const cluster = await serving(inTurn(COUNTED))
    const { service, requests, opened, exchanges } = await asking(inTurn(addressed(`${cluster.url}/path/`)), CLUSTER)
    expect(requests).toEqual([])
    await service.collections.count('books', asMany())
    expect(await service.collections.count('books', asMany())).toEqual({ kind: 'counted', rows: 7 })
    expect(requests).toMatchObject([
      { method: 'GET', path: '/v2/clusters/in01-abc', body: '', headers: { authorization: `Bearer ${KEY}` } },
    ])
    expect(opened).toEqual([`${cluster.url}/path`])
    expect(cluster.requests.map(({ path }) => path)).toEqual(Array(2).fill('/path/v2/vectordb/entities/query'))
    expect(exchanges[0]).toMatchObject({ jobId: undefined, path: '/v2/clusters/in01-abc', outcome: 'answered' })
  })

  it('gets the key, and no headers that are meant for the endpoint', async () => {
    const cluster = await serving(inTurn(COUNTED))
    const headers = [['X-Access-Token', 'of the gateway']] as const
    const { service, requests } = await asking(inTurn(addressed(cluster.url)), { ...CLUSTER, headers })
    await service.collections.count('books', asMany())
    expect(requests[0]?.headers).toMatchObject({ 'x-access-token': 'of the gateway' })
    expect(cluster.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${KEY}` })
    expect(cluster.requests[0]?.headers).not.toHaveProperty('x-access-token')
  })

  it('is asked for again where it was not to be had, and takes a turn', async () => {
    const cluster = await serving(inTurn(COUNTED))
    const { service, requests } = await asking(inTurn(htmlPage(502, 'no'), addressed(cluster.url)), CLUSTER)
    expect(await service.collections.count('books', asMany())).toMatchObject({ kind: 'outage' })
    expect(await service.collections.count('books', asMany({ turns: 0 }))).toEqual({ kind: 'cancelled' })
    expect(await service.collections.count('books', asMany({ turns: 1 }))).toEqual({ kind: 'cancelled' })
    expect(await service.collections.count('books', asMany({ turns: 1 }))).toEqual({ kind: 'counted', rows: 7 })
    expect([requests.length, cluster.requests.length]).toEqual([2, 1])
  })

  it('opens connections once, also for two who ask at the same time', async () => {
    const cluster = await serving(inTurn(COUNTED))
    const { service, opened } = await asking(inTurn(addressed(cluster.url)), CLUSTER)
    await Promise.all([1, 2].map(() => service.collections.count('books', asMany())))
    expect(opened).toHaveLength(1)
  })

  it('is used without the blanks around it', async () => {
    const cluster = await serving(inTurn(COUNTED))
    const { service, opened } = await asking(inTurn(addressed(` ${cluster.url}\n`)), CLUSTER)
    expect(await service.collections.count('books', asMany())).toEqual({ kind: 'counted', rows: 7 })
    expect(opened).toEqual([cluster.url])
  })

  const NO_URL = 'is not a URL that starts with https://'
  const USER = 'contains a user name'
  it.each<[what: string, address: string, shown: string, fault: string]>([
    ['no scheme', 'in01-abc.vectordb.zillizcloud.com:19530', 'in01-abc.vectordb.zillizcloud.com:19530', NO_URL],
    ['another scheme', 'ftp://cluster.example', 'ftp://cluster.example', NO_URL],
    ['a scheme that ends alike', 'xhttps://cluster.example', 'xhttps://cluster.example', NO_URL],
    ['a user name', 'https://user@cluster.example', 'https://***@cluster.example', USER],
    ['a user name and a password', 'https://u:p4ss@cluster.example', 'https://***@cluster.example', USER],
    ['a password', 'https://:p4ss@cluster.example', 'https://***@cluster.example', USER],
    ['no host', 'https://', 'https://', NO_URL],
    ['a blank', 'https://cluster.example /x', 'https://cluster.example /x', NO_URL],
    ['a backslash', 'https:\\\\cluster.example', 'https:\\\\cluster.example', NO_URL],
    ['a port that is none', 'https://cluster.example:99999', 'https://cluster.example:99999', NO_URL],
  ])('is not used with %s', async (_what, address, shown, fault) => {
    const { service, opened, url } = await asking(inTurn(addressed(address)), CLUSTER)
    const answer = await service.collections.count('books', asMany())
    expect(inWords(answer)).toEqual({
      kind: 'refused',
      hostHasAnswered: false,
      error: {
        outcome: 'cluster-address',
        what: `${new URL(url).host} names “${shown}” as the address of the cluster, but that ${fault}. The key was not sent there.`,
        next: 'Check `cluster-id` and `endpoint`. Or set `cluster-endpoint` to the address of the cluster, as the console shows it.',
      },
    })
    expect(JSON.stringify(answer)).not.toContain('p4ss')
    expect(opened).toEqual([])
  })

  it.each<[what: string, reply: Reply, kind: string]>([
    ['no address', addressed(undefined), 'outage'],
    ['an empty address', addressed(' '), 'outage'],
    ['a number for an address', addressed(7), 'outage'],
    ['a list', json({ code: 0, data: [] }), 'outage'],
    ['HTTP 503', htmlPage(503, 'Sorry'), 'outage'],
    ['a bad key', json({ code: 80001 }), 'refused'],
    ['an unknown cluster', json({ code: 96018, message: 'Cluster not found.' }), 'refused'],
    ['a redirect', redirect('https://elsewhere.example'), 'refused'],
    ['no such path', text(404, 'no'), 'refused'],
  ])('is not there after %s', async (_what, reply, kind) => {
    const { service, opened } = await asking(inTurn(reply), CLUSTER)
    const answer = await service.collections.count('books', asMany())
    expect([answer.kind, opened]).toEqual([kind, []])
    expect(inWords(answer)).toMatchObject({ error: { next: expect.stringContaining('`cluster-endpoint`') } })
  })
})

describe('the address that a control plane names', () => {
  /** Whom a control plane at this endpoint makes the key go to: an origin, or nobody. */
  async function keyGoesTo(endpoint: string, connectAddress: string): Promise<string | undefined> {
    const asked: string[] = []
    const tell = (url: string) => asked.push(new URL(url).origin)
    const { service } = await asking(inTurn(COUNTED), {
      ...CLUSTER,
      endpoint,
      exchange: played(() => ({ connectAddress }), tell),
      openExchange: () => played(() => [{ 'count(*)': 7 }], tell),
    })
    await service.collections.count('books', asMany())
    return asked[1]
  }

  const WORLD = 'https://api.cloud.zilliz.com'
  const CHINA = 'https://api.cloud.zilliz.com.cn'
  it.each<[endpoint: string, address: string, origin: string | undefined]>([
    [
      WORLD,
      'https://in01-abc.aws-us-west-2.vectordb.zillizcloud.com:19530',
      'https://in01-abc.aws-us-west-2.vectordb.zillizcloud.com:19530',
    ],
    [WORLD, 'https://in03-abc.api.gcp-us-west1.zillizcloud.com/', 'https://in03-abc.api.gcp-us-west1.zillizcloud.com'],
    [
      WORLD,
      'https://in03-abc.serverless.gcp-us-west1.cloud.zilliz.com',
      'https://in03-abc.serverless.gcp-us-west1.cloud.zilliz.com',
    ],
    [
      CHINA,
      'https://in05-abc.api.ali-cn-hangzhou.cloud.zilliz.com.cn',
      'https://in05-abc.api.ali-cn-hangzhou.cloud.zilliz.com.cn',
    ],
    [
      CHINA,
      'https://in01-abc.ali-cn-hangzhou.vectordb.zilliz.com.cn:19530',
      'https://in01-abc.ali-cn-hangzhou.vectordb.zilliz.com.cn:19530',
    ],
    [WORLD, 'https://zillizcloud.com.evil.example', undefined],
    [WORLD, 'https://evilzillizcloud.com', undefined],
    [WORLD, 'https://evil.example/zillizcloud.com', undefined],
    [WORLD, 'https://evil.example#.zillizcloud.com', undefined],
    [WORLD, 'https://zillizcloud.com@evil.example', undefined],
    [WORLD, 'http://in01-abc.vectordb.zillizcloud.com', undefined],
    [`${WORLD}.`, 'https://evil.example', undefined],
    [CHINA, 'https://10.0.0.7', undefined],
    ['https://gateway.example', 'https://cluster.example', 'https://cluster.example'],
    ['https://gateway.example', 'http://cluster.example', undefined],
    ['http://gateway.internal', 'http://cluster.internal:19530/x?y#z', 'http://cluster.internal:19530'],
  ])('at %s may be %s: %s', async (endpoint, address, origin) => {
    expect(await keyGoesTo(endpoint, address)).toBe(origin)
  })

  it.each([
    ['https://gateway.example', 'http://cluster.example', 'is not encrypted'],
    [WORLD, 'https://cluster.example', 'is not an address of Zilliz Cloud'],
  ])('at %s may not be %s, %s', async (endpoint, connectAddress, fault) => {
    const { service } = await asking(inTurn(COUNTED), {
      ...CLUSTER,
      endpoint,
      exchange: played(() => ({ connectAddress })),
    })
    expect(inWords(await service.collections.count('books', asMany()))).toMatchObject({
      error: {
        what: `${new URL(endpoint).host} names “${connectAddress}” as the address of the cluster, but that ${fault}. The key was not sent there.`,
      },
    })
  })

  it('is told from a mere likeness', () => {
    expect(['api.cloud.zilliz.com', 'api.cloud.zilliz.com.cn.'].map(isControlPlane)).toEqual([true, true])
    expect(['xapi.cloud.zilliz.com', 'api.cloud.zilliz.company'].map(isControlPlane)).toEqual([false, false])
    expect(['cloud.zilliz.com.', 'cloud.zilliz.com.cn', 'vectordb.zilliz.com.cn'].map(isZillizCloud)).toEqual([
      true,
      true,
      true,
    ])
    expect(['cloud.zilliz.company', 'zillizcloud.com.evil.example'].map(isZillizCloud)).toEqual([false, false])
    expect(['cloud.zilliz.com', 'a.zillizcloud.com', 'zilliz.com', 'a.zilliz.com.cn'].map(isZillizCloud)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('the way to another address', () => {
  const transport: Transport = {
    endpoint: 'https://a.example',
    tls: { ca: { kind: 'system' }, clientCert: 'c', clientKey: 'k', serverName: 'b.example', extraCaPath: 'e' },
    proxy: { httpProxy: 'http://p', httpsProxy: 'http://p', noProxy: 'x' },
  }

  it('is the same, but for the name in the certificate', () => {
    expect(transportTo('https://c.example', transport)).toEqual({
      ...transport,
      endpoint: 'https://c.example',
      tls: { ...transport.tls, serverName: undefined },
    })
  })
})

describe('a GET', () => {
  const plain: Transport = {
    endpoint: 'http://127.0.0.1',
    tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
  }

  it.each<[what: string, reply: Reply, kind: string]>([
    ['times out', { kind: 'hang', when: 'in-body' }, 'timeout'],
    ['is cut where it is too large', { kind: 'endless', chunk: ' '.repeat(1 << 20) }, 'too-large'],
    ['tells of a lost connection', { kind: 'cut', when: 'in-headers', by: 'reset' }, 'network'],
    ['does not follow a redirect', redirect('/elsewhere'), 'reply'],
  ])('%s as a POST does', async (_what, reply, kind) => {
    const server = await serving(inTurn(reply))
    const exchange = createExchange(plain)
    const { signal } = new AbortController()
    const timeoutMs = kind === 'timeout' ? 200 : 20_000
    const answer = await exchange.send({ url: `${server.url}/x`, headers: {}, signal, timeoutMs })
    await exchange.close()
    expect([answer.kind, server.requests.map(({ method }) => method)]).toEqual([kind, ['GET']])
  })
})
