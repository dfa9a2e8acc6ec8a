import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { PollResult } from '../../src/gate/job.ts'
import { removeRunnerFolders, runAction } from '../runner/runner.ts'
import { fixtureReply } from '../simulator/fixtures.ts'
import { startSimulator } from '../simulator/server.ts'
import type { Simulator } from '../simulator/server.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { makeCertificates } from '../support/certificates.ts'
import type { Certificates } from '../support/certificates.ts'
import { anImport, COMPLETED, runGate } from '../support/gating.ts'
import { API_KEY, JOB, pollOf, pollsOf } from './asking.ts'
import { closedPort, startProxy } from './servers.ts'
import type { Proxy, ProxyManners } from './servers.ts'

let certificates: Certificates
let secure: Simulator
let mutual: Simulator
let plain: Simulator

beforeAll(async () => {
  certificates = await makeCertificates()
  const gateway = () => fixtureReply('milvus-2.6-completed', JOB)
  const rules = { dialect: 'milvus', version: '2.6', jobs: [], gateway } as const
  secure = await startSimulator(rules, { tls: certificates.server })
  const { server, ca } = certificates
  mutual = await startSimulator(rules, { tls: { ...server, ca: ca.cert, requestClientCert: true } })
  plain = await startSimulator(rules)
})

const proxies: Proxy[] = []
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
})
afterAll(async () => {
  removeRunnerFolders()
  await Promise.all([secure, mutual, plain].map((service) => service.close()))
})

/** A running proxy and its URL, with what stands before the `@`, if anything. */
async function proxied(manners: ProxyManners, isSecure = false) {
  const proxy = await startProxy(manners, isSecure ? certificates.server : undefined)
  proxies.push(proxy)
  const url = (credentials = '') =>
    `${isSecure ? 'https' : 'http'}://${credentials === '' ? '' : `${credentials}@`}localhost:${proxy.port}`
  return { ...proxy, url }
}

const toSecure = () => ({ endpoint: secure.url, 'ca-cert': certificates.ca.cert })
const hostOf = ({ url }: Simulator) => new URL(url).host
const LOCKED = { kind: 'asks for credentials', user: 'runner', password: 'p@ss/word%' } as const

describe('an https endpoint behind a proxy', () => {
  it('is reached through a tunnel, in which the proxy can read nothing', async () => {
    const { url, seen, bytes } = await proxied({ kind: 'forwards' })
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: url() } })).toBe('answered')
    expect(seen).toEqual([{ method: 'CONNECT', target: hostOf(secure) }])
    expect(bytes()).toContain('CONNECT')
    for (const secret of [API_KEY, Buffer.from(API_KEY).toString('base64'), JOB, 'authorization', 'Bearer']) {
      expect(bytes().toLowerCase()).not.toContain(secret.toLowerCase())
    }
  })

  it('is reached through a proxy that speaks TLS itself', async () => {
    const { url, seen, bytes } = await proxied({ kind: 'forwards' }, true)
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: url() } })).toBe('answered')
    expect(seen).toEqual([{ method: 'CONNECT', target: hostOf(secure) }])
    expect(bytes()).not.toContain(API_KEY)
  })

  it('is reached with the credentials of the variable, percent-encoded ones too', async () => {
    const { url } = await proxied(LOCKED)
    const right = url(`runner:${encodeURIComponent(LOCKED.password)}`)
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: right } })).toBe('answered')
  })

  it.each(['', 'runner:wrong'])('is out of reach with the credentials %j', async (credentials) => {
    const { url } = await proxied(LOCKED)
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: url(credentials) } })).toBe('refused: proxy-407')
  })

  it.each([
    [403, 'refused: proxy-403'],
    [407, 'refused: proxy-407'],
    [502, 'outage: proxy-502'],
    [503, 'outage: proxy-503'],
  ])('is out of reach where the proxy answers %i', async (status, told) => {
    const { url, seen } = await proxied({ kind: 'refuses', status })
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: url() } })).toBe(told)
    expect(seen).toHaveLength(1)
  })

  it('is given up with the request where the proxy hangs', async () => {
    const { url } = await proxied({ kind: 'hangs' })
    const asked = { inputs: toSecure(), env: { HTTPS_PROXY: url() }, timeoutMs: 100 }
    expect(await pollsOf(asked, 2)).toEqual(['outage: timeout', 'outage: timeout'])
  })

  it('is asked for once a poll where the proxy hangs up', async () => {
    const { url, seen } = await proxied({ kind: 'cuts' })
    const asked = { inputs: toSecure(), env: { HTTPS_PROXY: url() } }
    expect(await pollsOf(asked, 3)).toEqual(['outage: reset', 'outage: reset', 'outage: reset'])
    expect(seen).toHaveLength(3)
  })

  it('is out of reach where there is no proxy', async () => {
    const HTTPS_PROXY = `http://127.0.0.1:${await closedPort()}`
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY } })).toBe('outage: connection-refused')
  })

  it.each(['the proxy', 'no proxy'])('misses a client certificate by name, through %s', async (way) => {
    const { url } = await proxied({ kind: 'forwards' })
    const inputs = { ...toSecure(), endpoint: mutual.url }
    const env = way === 'the proxy' ? { HTTPS_PROXY: url() } : {}
    const wording = (result: PollResult) => ('error' in result ? `${result.kind}: ${result.error.kind}` : result.kind)
    expect(await pollOf({ inputs, env, wording })).toBe('outage: tls-client-certificate')
    const client = { 'client-cert': certificates.client.cert, 'client-key': certificates.client.key }
    expect(await pollOf({ inputs: { ...inputs, ...client }, env })).toBe('answered')
  })

  it('is reached without the proxy for http', async () => {
    const { url, seen } = await proxied({ kind: 'forwards' })
    expect(await pollOf({ inputs: toSecure(), env: { HTTP_PROXY: url() } })).toBe('answered')
    expect(seen).toEqual([])
  })
})

describe('an http endpoint behind a proxy', () => {
  it('is asked for in absolute form, without a tunnel', async () => {
    const { url, seen } = await proxied({ kind: 'forwards' })
    expect(await pollOf({ inputs: { endpoint: plain.url }, env: { HTTP_PROXY: url() } })).toBe('answered')
    expect(seen).toEqual([{ method: 'POST', target: `${plain.url}/v2/vectordb/jobs/import/describe` }])
  })

  it('is reached with the credentials of the variable, and not without', async () => {
    const { url } = await proxied(LOCKED)
    const poll = (HTTP_PROXY: string) => pollOf({ inputs: { endpoint: plain.url }, env: { HTTP_PROXY } })
    expect(await poll(url(`runner:${encodeURIComponent(LOCKED.password)}`))).toBe('answered')
    expect(await poll(url('runner:wrong'))).toBe('refused: proxy-407')
    expect(await poll(url())).toBe('refused: proxy-407')
  })

  it('is reached without the proxy for https', async () => {
    const { url, seen } = await proxied({ kind: 'forwards' })
    expect(await pollOf({ inputs: { endpoint: plain.url }, env: { HTTPS_PROXY: url() } })).toBe('answered')
    expect(seen).toEqual([])
  })
})

describe('the variables', () => {
  it('win in lower case', async () => {
    const [lower, upper] = [await proxied({ kind: 'forwards' }), await proxied({ kind: 'forwards' })]
    const env = { https_proxy: lower.url(), HTTPS_PROXY: upper.url() }
    expect(await pollOf({ inputs: toSecure(), env })).toBe('answered')
    expect([lower.seen.length, upper.seen.length]).toEqual([1, 0])
  })

  it.each([
    ['*', false],
    ['localhost', false],
    ['LOCALHOST', false],
    ['other.example, localhost', false],
    ['other.example localhost', false],
    ['localhost:{port}', false],
    ['localhost:1', true],
    ['host', true],
    ['ocalhost', true],
    ['localhost.example', true],
    ['', true],
    ['127.0.0.0/8', true],
  ])('keep from the proxy what NO_PROXY %j names', async (noProxy, isProxied) => {
    const { url, seen } = await proxied({ kind: 'forwards' })
    const { port } = new URL(secure.url)
    const env = { HTTPS_PROXY: url(), NO_PROXY: noProxy.replace('{port}', port) }
    expect(await pollOf({ inputs: { ...toSecure(), endpoint: `https://localhost:${port}` }, env })).toBe('answered')
    expect(seen).toHaveLength(isProxied ? 1 : 0)
  })

  it.each([
    ['127.0.0.0/8', '127.0.0.1', false],
    ['127.0.0.1/32', '127.0.0.1', false],
    ['10.0.0.0/8 127.0.0.0/8:{port}', '127.0.0.1', false],
    ['127.0.0.0/8:1', '127.0.0.1', true],
    ['10.0.0.0/8', '127.0.0.1', true],
    ['127.0.0.0/33', '127.0.0.1', true],
    ['::/0', '127.0.0.1', true],
    ['::/64', '[::1]', false],
    ['[::1]', '[::1]', false],
    ['[::1]:{port}', '[::1]', false],
    ['::1', '[::1]', false],
    ['2001:db8::/32', '[::1]', true],
  ])('keep from the proxy the addresses in NO_PROXY %j: %s', async (noProxy, address, isProxied) => {
    const { url, seen } = await proxied({ kind: 'refuses', status: 502 })
    const { port } = new URL(plain.url)
    const env = { HTTP_PROXY: url(), NO_PROXY: noProxy.replace('{port}', port) }
    await pollOf({ inputs: { endpoint: `http://${address}:${port}` }, env })
    expect(seen).toHaveLength(isProxied ? 1 : 0)
  })

  it('need no scheme', async () => {
    const { url, seen } = await proxied(LOCKED)
    const bare = url(`runner:${encodeURIComponent(LOCKED.password)}`).replace('http://', '')
    expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: bare } })).toBe('answered')
    expect(await pollOf({ inputs: { endpoint: plain.url }, env: { http_proxy: bare } })).toBe('answered')
    expect(seen).toHaveLength(2)
  })

  it.each(['not a proxy', 'socks5://proxy.example.com', 'http://user:50%off@proxy.example.com:3128'])(
    'stop no request that they do not apply to: %j',
    async (bad) => {
      const { host, hostname } = new URL(secure.url)
      expect(await pollOf({ inputs: toSecure(), env: { HTTP_PROXY: bad } })).toBe('answered')
      expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: bad, NO_PROXY: host } })).toBe('answered')
      expect(await pollOf({ inputs: toSecure(), env: { HTTPS_PROXY: bad, no_proxy: hostname } })).toBe('answered')
      expect(await pollOf({ inputs: { endpoint: plain.url }, env: { HTTPS_PROXY: bad } })).toBe('answered')
    },
  )

  it('reject requests to an address that is learned later, without sending one', async () => {
    const proxy = { httpProxy: 'socks5://proxy.example.com', httpsProxy: undefined, noProxy: '' }
    const polls = await pollsOf({ inputs: { endpoint: plain.url }, change: (transport) => ({ ...transport, proxy }) })
    expect(polls).toEqual(['refused: bad-proxy'])
  })

  it.each([
    ['.localhost', false],
    ['*.localhost', false],
    ['localhost', false],
    ['b.localhost', true],
  ])('keep from the proxy the names below NO_PROXY %j', async (noProxy, isProxied) => {
    const { url, seen } = await proxied({ kind: 'refuses', status: 502 })
    const { port } = new URL(plain.url)
    const env = { HTTP_PROXY: url(), no_proxy: noProxy }
    await pollOf({ inputs: { endpoint: `http://a.localhost:${port}` }, env })
    expect(seen).toHaveLength(isProxied ? 1 : 0)
  })

  it.each([
    'proxy.example.com:port',
    'socks5://proxy.example.com',
    'http://',
    'http://a b',
    'http://user:50%off@proxy.example.com:3128',
  ])('are a mistake in the inputs where they hold %j', async (HTTPS_PROXY) => {
    expect(await pollsOf({ inputs: toSecure(), env: { HTTPS_PROXY } })).toEqual(['a mistake in HTTPS_PROXY'])
  })
})

describe('the whole step', () => {
  const step = (env: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>> = {}) =>
    runAction({ inputs: { 'job-id': JOB, 'api-key': API_KEY, ...toSecure(), ...inputs }, env })

  it('takes its proxy from the environment, and shows the password nowhere', async () => {
    const { url } = await proxied(LOCKED)
    const password = encodeURIComponent(LOCKED.password)
    const { outcome, outputs, rawStdout, rawStderr, summary } = await step({ HTTPS_PROXY: url(`runner:${password}`) })
    expect(outcome).toBe('success')
    expect(rawStdout).toContain(`Requests to ${hostOf(secure)} go through the proxy ${url()}.`)
    expect(JSON.parse(readFileSync(outputs['reportPath'] ?? '', 'utf8'))).toMatchObject({ proxy: url() })
    const told = JSON.stringify([rawStdout.replace(/^::add-mask::.*$/gm, ''), rawStderr, summary])
    for (const secret of [password, LOCKED.password, API_KEY]) expect(told).not.toContain(secret)
  })

  it('fails and says why where the proxy asks for credentials', async () => {
    const { url } = await proxied(LOCKED)
    const { outcome, outputs, annotations } = await step({ https_proxy: url() })
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'rejected'])
    expect(JSON.stringify(annotations)).toContain('Put the credentials into the proxy variable')
  })

  it('fails without a second poll where the address that it learns later needs a proxy that cannot be used', async () => {
    const clusterId = 'in01-0123456789abcde'
    const cloud: ServiceScript = {
      dialect: 'zilliz',
      version: '2026',
      apiKey: 'zilliz-key-of-32-characters-0123',
      clusterId,
      connectAddress: 'https://cluster.example:19540',
      jobs: [anImport(COMPLETED)],
    }
    const { outcome, outputs, annotations, requests, report } = await runGate(cloud, {
      inputs: { 'cluster-id': clusterId, 'wait-for': 'searchable' },
      env: { HTTPS_PROXY: 'socks5://proxy.example.com' },
    })
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'rejected'])
    expect(annotations.map(({ message }) => message).join()).toContain('HTTPS_PROXY')
    expect(requests.filter(({ operation }) => operation === 'describe-cluster')).toHaveLength(1)
    expect(report).toMatchObject({ requests: { byOutcome: { 'bad-proxy': 1 } } })
  })

  it('checks certificates whatever NODE_TLS_REJECT_UNAUTHORIZED says, and says so once', async () => {
    const { outcome, outputs, rawStdout } = await step(
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      { 'ca-cert': '', timeout: '0' },
    )
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'rejected'])
    expect(rawStdout.split('NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect')).toHaveLength(2)
  })

  it('ends in time where the proxy hangs', async () => {
    const { url } = await proxied({ kind: 'hangs' })
    const { outcome, outputs } = await step({ HTTPS_PROXY: url() }, { timeout: '0', 'request-timeout': '200ms' })
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'unreachable'])
  })
})
