import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createExchange, MAX_BODY_BYTES } from '../../src/service/http.ts'
import type { HttpConnection, HttpRequest } from '../../src/connection.ts'
import type { Transport } from '../../src/connection.ts'
import { closedPort, listen } from '../hostile/servers.ts'

const DIRECT: Transport = {
  endpoint: 'http://127.0.0.1',
  tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
  proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
}

const toClose: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()))
})

function exchangeWith(but: Partial<Transport> = {}): HttpConnection {
  const exchange = createExchange({ ...DIRECT, ...but })
  toClose.push(() => exchange.close())
  return exchange
}

/** A server over http that answers so; its connections in the order in which they came. */
async function answering(answer: (path: string, response: ServerResponse) => void) {
  const connections: Socket[] = []
  const server = createServer((request, response) => {
    answer(request.url ?? '', response)
  })
  server.on('connection', (socket) => connections.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toClose.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { connections, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Connections that never say a word. */
async function silence() {
  const sockets: Socket[] = []
  const { port, close } = await listen((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.resume()
  })
  toClose.push(() => {
    for (const socket of sockets) socket.destroy()
    return close()
  })
  return { sockets, url: `https://127.0.0.1:${port}` }
}

const ask = (url: string, but: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  headers: {},
  body: '{}',
  signal: new AbortController().signal,
  timeoutMs: 20_000,
  ...but,
})

/** Waits until it is so, and fails with the test's time where it never is. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const closed = (socket: Socket | undefined) => until(() => socket?.destroyed === true)

describe('one exchange', () => {
  it('brings the whole reply', async () => {
    const { url } = await answering((_path, response) => {
      response.writeHead(503, { 'Retry-After': '7', Location: '/x' }).end('ü')
    })
    expect(await exchangeWith().send(ask(`${url}/x`))).toMatchObject({
      kind: 'reply',
      status: 503,
      headers: { 'retry-after': '7', location: '/x' },
      body: 'ü',
      sizeBytes: 2,
    })
  })

  it('takes a body of 32 MiB, and not a byte more', async () => {
    const { url } = await answering((path, response) => {
      response.end(Buffer.alloc(MAX_BODY_BYTES + (path === '/more' ? 1 : 0), ' '))
    })
    const exchange = exchangeWith()
    expect(await exchange.send(ask(`${url}/whole`))).toMatchObject({ kind: 'reply', sizeBytes: 33_554_432 })
    expect(await exchange.send(ask(`${url}/more`))).toEqual({ kind: 'too-large', status: 200 })
  }, 30_000)

  it('is over before it begins where it has been aborted', async () => {
    const { url, connections } = await answering((_path, response) => response.end('{}'))
    const reply = await exchangeWith().send(ask(url, { signal: AbortSignal.abort('interrupted') }))
    expect(reply).toMatchObject({ kind: 'aborted', reason: 'interrupted' })
    expect(connections.length).toBeLessThanOrEqual(1)
  })

  it('tells how long it took until it was aborted, and leaves nothing behind', async () => {
    const { url } = await answering(() => undefined)
    const stop = new AbortController()
    const startedMs = performance.now()
    const asked = exchangeWith().send(ask(url, { signal: stop.signal }))
    setTimeout(() => {
      stop.abort('interrupted')
    }, 50)
    const reply = await asked
    const elapsedMs = performance.now() - startedMs
    expect(reply).toMatchObject({ kind: 'aborted', reason: 'interrupted' })
    expect(reply.kind === 'aborted' && reply.afterMs > 0 && reply.afterMs <= elapsedMs).toBe(true)
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0)
  })

  it('names the error of the socket where there is no connection', async () => {
    const port = await closedPort()
    expect(await exchangeWith().send(ask(`http://127.0.0.1:${port}`))).toEqual({
      kind: 'network',
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
      isUnsent: true,
    })
  })

  it('names the error of the one who sends where there is no other', async () => {
    const { url } = await answering((_path, response) => response.end('{}'))
    const reply = await exchangeWith().send(ask(url, { headers: { 'x y': 'z' } }))
    expect(reply).toMatchObject({ kind: 'network', code: 'UND_ERR_INVALID_ARG' })
  })
})

describe('connections', () => {
  it('are shared until one of them is in error', async () => {
    const { url, connections } = await answering((_path, response) => response.end('{}'))
    const exchange = exchangeWith()
    for (let i = 0; i < 3; i += 1) {
      expect((await exchange.send(ask(url))).kind).toBe('reply')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(connections).toHaveLength(1)
  })

  it('that hang while they are set up are closed, and the next request has one of its own', async () => {
    const { sockets, url } = await silence()
    const exchange = exchangeWith({ endpoint: url })
    for (let nth = 0; nth < 2; nth += 1) {
      expect(await exchange.send(ask(url, { timeoutMs: 100 }))).toEqual({ kind: 'timeout', timeoutMs: 100 })
      await until(() => sockets.length === nth + 1)
      await closed(sockets[nth])
    }
  })

  it('are left to the others that are under way, and closed after the last of them', async () => {
    const { url, connections } = await answering((path, response) => {
      if (path === '/slow') setTimeout(() => response.end('{}'), 400)
      if (path === '/quick') response.end('{}')
    })
    const exchange = exchangeWith()
    const slow = exchange.send(ask(`${url}/slow`))
    expect((await exchange.send(ask(`${url}/never`, { timeoutMs: 100 }))).kind).toBe('timeout')
    expect((await slow).kind).toBe('reply')
    await Promise.all(connections.map(closed))
    expect((await exchange.send(ask(`${url}/quick`))).kind).toBe('reply')
  })

  it('that are new stay where older ones meet error later', async () => {
    const served = new Set<unknown>()
    const { url } = await answering((path, response) => {
      if (path !== '/quick') return
      served.add(response.socket)
      response.end('{}')
    })
    const exchange = exchangeWith()
    const later = exchange.send(ask(`${url}/never`, { timeoutMs: 500 }))
    expect((await exchange.send(ask(`${url}/never`, { timeoutMs: 100 }))).kind).toBe('timeout')
    expect((await exchange.send(ask(`${url}/quick`))).kind).toBe('reply')
    expect((await later).kind).toBe('timeout')
    expect((await exchange.send(ask(`${url}/quick`))).kind).toBe('reply')
    expect(served.size).toBe(1)
  })

  it('are all closed in the end', async () => {
    const { url, connections } = await answering((_path, response) => response.end('{}'))
    const { sockets, url: hanging } = await silence()
    const [plain, secure] = [exchangeWith(), exchangeWith({ endpoint: hanging })]
    await plain.send(ask(url))
    const pending = secure.send(ask(hanging))
    await until(() => sockets.length === 1)
    await Promise.all([plain.close(), secure.close()])
    expect((await pending).kind).toBe('network')
    await Promise.all([...connections, ...sockets].map(closed))
  })
})

describe('trust and identity', () => {
  const broken = { ...DIRECT.tls, clientCert: 'no PEM' }

  it.each<[what: string, transport: Partial<Transport>]>([
    ['https', { endpoint: 'https://milvus.example' }],
    ['a proxy over https', { proxy: { httpProxy: 'https://proxy.example', httpsProxy: undefined, noProxy: '' } }],
  ])('are polled for %s', (_what, transport) => {
    expect(() => createExchange({ ...DIRECT, ...transport, tls: broken })).toThrow()
  })

  it.each([undefined, 'http://proxy.example'])('are no matter of http, with the proxy %s', async (httpProxy) => {
    const proxy = { httpProxy, httpsProxy: 'https://proxy.example', noProxy: '' }
    const exchange = createExchange({ ...DIRECT, proxy, tls: broken })
    await exchange.close()
  })
})
