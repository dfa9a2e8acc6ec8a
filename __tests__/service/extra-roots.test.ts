import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { createExchange as CreateExchange } from '../../src/service/http.ts'
import type { Transport } from '../../src/connection.ts'
import { makeCertificates } from '../support/certificates.ts'
import type { Certificates } from '../support/certificates.ts'

let createExchange: typeof CreateExchange
let own: Certificates
let foreign: Certificates
let folder: string
let server: Server

beforeAll(async () => {
  // A Node before 22.15, which cannot list the certificates that it trusts.
  const tls = createRequire(import.meta.url)('node:tls') as { getCACertificates?: unknown }
  const { getCACertificates } = tls
  delete tls.getCACertificates
  ;({ createExchange } = await import('../../src/service/http.ts'))
  if (getCACertificates !== undefined) tls.getCACertificates = getCACertificates
  ;[own, foreign] = await Promise.all([makeCertificates(), makeCertificates('Another root of the tests')])
  folder = mkdtempSync(join(tmpdir(), 'extra-roots-'))
  writeFileSync(join(folder, 'own.pem'), own.ca.cert)
  server = createServer({ ...own.server }, (_request, response) => response.end('{}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

const pem = (text: string) => ({ kind: 'pem', pem: text }) as const
const UNTRUSTED = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'

it.each<[what: string, tls: () => Partial<Transport['tls']>, told: string]>([
  ['ca-cert', () => ({ ca: pem(own.ca.cert) }), 'reply'],
  ['the extra roots too', () => ({ ca: pem(foreign.ca.cert), extraCaPath: join(folder, 'own.pem') }), 'reply'],
  ['the extra roots beside a store', () => ({ ca: { kind: 'system' }, extraCaPath: join(folder, 'own.pem') }), 'reply'],
  ['no other root', () => ({ ca: pem(foreign.ca.cert) }), UNTRUSTED],
  ['no other root without a store', () => ({ ca: { kind: 'system' } }), UNTRUSTED],
  ['no file that is not there', () => ({ ca: pem(foreign.ca.cert), extraCaPath: '/no/such/file' }), UNTRUSTED],
])('without a list of the roots of Node, %s is what is trusted', async (_what, options, told) => {
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const none = { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined }
  const exchange = createExchange({
    endpoint,
    tls: { ...none, extraCaPath: undefined, ...options() },
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
  })
  const { signal } = new AbortController()
  const reply = await exchange.send({ url: endpoint, headers: {}, signal, timeoutMs: 20_000 })
  await exchange.close()
  expect(reply.kind === 'network' ? reply.code : reply.kind).toBe(told)
})
