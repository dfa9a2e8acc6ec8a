import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { makeCertificates, type Certificates } from '../support/certificates.ts'
import { aJob, closeAll, jobId, send, start, type Got } from './asking.ts'
import { cutJson, htmlPage, json, redirect, text, type Reply } from './faults.ts'
import type { ServiceScript } from './server.ts'

afterEach(closeAll)

describe('on the wire', () => {
  const answering = (reply: Reply): ServiceScript => ({
    dialect: 'milvus',
    version: '2.6',
    jobs: [aJob({ course: [{ reply }] })],
  })

  async function poll(reply: Reply, tls?: Certificates) {
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
    expect(await poll(reply)).toMatchObject(got)
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
    await expect(poll(reply)).rejects.toMatchObject({ code })
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
      expect(await poll(json({ code: 0 }), certificates)).toMatchObject({ status: 200, body: '{"code":0}' })
    })

    it('breaks connections as well', async () => {
      const reply: Reply = { kind: 'cut', when: 'before-headers', by: 'reset' }
      await expect(poll(reply, certificates)).rejects.toMatchObject({ code: 'ECONNRESET' })
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
