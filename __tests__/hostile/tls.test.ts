import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders, runAction } from '../runner/runner.ts'
import { fixtureReply } from '../simulator/fixtures.ts'
import { startSimulator } from '../simulator/server.ts'
import type { Simulator, Wiring } from '../simulator/server.ts'
import { makeCertificates } from '../support/certificates.ts'
import type { Certificates } from '../support/certificates.ts'
import { API_KEY, JOB, pollOf, pollsOf } from './asking.ts'
import { listen } from './servers.ts'

let folder: string
let own: Certificates
let foreign: Certificates
let services: Record<'plain' | 'server' | 'foreign' | 'mutual' | 'expired' | 'wrongHost', Simulator>

const starting = (wiring: NonNullable<Wiring['tls']>) =>
  startSimulator(
    { dialect: 'milvus', version: '2.6', jobs: [], gateway: () => fixtureReply('milvus-2.6-completed', JOB) },
    { tls: wiring },
  )

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  ;[own, foreign] = await Promise.all([makeCertificates(), makeCertificates('Another root of the tests')])
  const { ca, server, expired, wrongHost } = own
  services = {
    plain: await startSimulator({ dialect: 'milvus', version: '2.6', jobs: [] }),
    server: await starting(server),
    foreign: await starting(foreign.server),
    mutual: await starting({ ...server, ca: ca.cert, requestClientCert: true }),
    expired: await starting(expired),
    wrongHost: await starting(wrongHost),
  }
  writeFileSync(join(folder, 'own.pem'), ca.cert)
  writeFileSync(join(folder, 'foreign.pem'), foreign.ca.cert)
  writeFileSync(join(folder, 'client.pem'), own.client.cert)
  writeFileSync(join(folder, 'client.key'), own.client.key)
})

afterAll(async () => {
  removeRunnerFolders()
  rmSync(folder, { recursive: true })
  await Promise.all(Object.values(services).map((service) => service.close()))
})

describe('trust', () => {
  it('is refused to a certificate that nobody knows', async () => {
    expect(await pollOf({ inputs: { endpoint: services.server.url } })).toBe('refused: tls')
    expect(await pollOf({ inputs: { endpoint: services.foreign.url, 'ca-cert': own.ca.cert } })).toBe('refused: tls')
    expect(services.foreign.requests).toEqual([])
  })

  it('comes with ca-cert as text', async () => {
    expect(await pollOf({ inputs: { endpoint: services.server.url, 'ca-cert': own.ca.cert } })).toBe('answered')
  })

  it('comes with ca-cert as a path in the workspace', async () => {
    const inputs = { endpoint: services.server.url, 'ca-cert': 'own.pem' }
    expect(await pollOf({ inputs, env: { GITHUB_WORKSPACE: folder } })).toBe('answered')
  })

  it('comes with each certificate of a bundle', async () => {
    const bundle = `${foreign.ca.cert}\n${own.ca.cert}`
    for (const { url } of [services.server, services.foreign]) {
      expect(await pollOf({ inputs: { endpoint: url, 'ca-cert': bundle } })).toBe('answered')
    }
  })

  it('is refused to a certificate that has expired', async () => {
    expect(await pollOf({ inputs: { endpoint: services.expired.url, 'ca-cert': own.ca.cert } })).toBe('refused: tls')
  })

  it('is refused to a certificate for another host, unless tls-server-name names it', async () => {
    const inputs = { endpoint: services.wrongHost.url, 'ca-cert': own.ca.cert }
    expect(await pollOf({ inputs })).toBe('refused: tls')
    const name = { 'tls-server-name': 'elsewhere.example' }
    expect(await pollOf({ inputs: { ...inputs, ...name } })).toBe('answered')
    expect(await pollOf({ inputs: { ...inputs, ...name, endpoint: services.server.url } })).toBe('refused: tls')
  })

  it('is no matter of plain http on the port of TLS, or the other way round', async () => {
    expect(await pollOf({ inputs: { endpoint: services.plain.url.replace('http', 'https') } })).toBe('outage: tls')
    expect(await pollOf({ inputs: { endpoint: services.server.url.replace('https', 'http') } })).toBe('outage: reset')
  })
})

describe('the whole step', () => {
  const step = (service: Simulator, caCert: string, env: Readonly<Record<string, string>> = {}) =>
    runAction({
      inputs: { 'job-id': JOB, 'api-key': API_KEY, endpoint: service.url, 'ca-cert': caCert },
      env,
    })

  it('trusts ca-cert and NODE_EXTRA_CA_CERTS at the same time', async () => {
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'foreign.pem') }
    const runs = await Promise.all([services.server, services.foreign].map((it) => step(it, own.ca.cert, env)))
    expect(runs.map(({ outcome, outputs }) => [outcome, outputs['conclusion']])).toEqual([
      ['success', 'completed'],
      ['success', 'completed'],
    ])
  })

  it('trusts nobody but those', async () => {
    const { outcome, outputs } = await step(services.foreign, own.ca.cert)
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'rejected'])
  })

  const canReadTheStore = 'getCACertificates' in tls
  it('trusts the store of the machine where asked to, and where Node can read it', async () => {
    const { outcome, outputs } = await step(services.server, 'system', { SSL_CERT_FILE: join(folder, 'own.pem') })
    expect([outcome, outputs['conclusion']]).toEqual(
      canReadTheStore ? ['success', 'completed'] : ['failure', 'invalid-input'],
    )
  })
})

describe('a service that asks for a client certificate', () => {
  const client = () => ({ 'client-cert': own.client.cert, 'client-key': own.client.key })
  const inputs = () => ({ endpoint: services.mutual.url, 'ca-cert': own.ca.cert })

  it('answers one that it knows, given as text or as paths', async () => {
    expect(await pollOf({ inputs: { ...inputs(), ...client() } })).toBe('answered')
    const paths = { 'client-cert': 'client.pem', 'client-key': 'client.key' }
    expect(await pollOf({ inputs: { ...inputs(), ...paths }, env: { GITHUB_WORKSPACE: folder } })).toBe('answered')
  })

  it('cuts the handshake without one, or with one of another authority', async () => {
    const wrong = { 'client-cert': foreign.client.cert, 'client-key': foreign.client.key }
    for (const given of [{}, wrong]) {
      expect(await pollOf({ inputs: { ...inputs(), ...given } })).toMatch(/^outage: (tls|reset)$/)
    }
  })

  it('is not shown the key of the service until both sides are known', async () => {
    const before = services.mutual.requests.length
    await pollOf({ inputs: inputs() })
    expect(services.mutual.requests).toHaveLength(before)
  })
})

describe('a handshake that hangs', () => {
  it('is given up with the request, and the next poll starts anew', async () => {
    let connections = 0
    const road = await listen((socket) => {
      connections += 1
      if (connections > 1) socket.destroy()
    })
    const asked = { inputs: { endpoint: `https://127.0.0.1:${road.port}` }, timeoutMs: 100 }
    expect(await pollsOf(asked, 2)).toEqual(['outage: timeout', 'outage: reset'])
    await road.close()
  })

  it('does not keep the step alive', async () => {
    const road = await listen(() => undefined)
    const { outcome, outputs } = await runAction({
      inputs: { 'job-id': JOB, endpoint: `https://127.0.0.1:${road.port}`, timeout: '0', 'request-timeout': '100ms' },
    })
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'unreachable'])
    await road.close()
  })

  it('does not outlast the deadline', async () => {
    const road = await listen(() => undefined)
    const { outcome, outputs } = await runAction({
      inputs: { 'job-id': JOB, endpoint: `https://127.0.0.1:${road.port}`, timeout: '500ms' },
    })
    expect([outcome, outputs['conclusion']]).toEqual(['failure', 'unreachable'])
    await road.close()
  }, 20_000)
})
