import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import * as tls from 'node:tls'
import { Worker } from 'node:worker_threads'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { PollResult } from '../../src/gate/job.ts'
import { MAX_BODY_BYTES } from '../../src/service/http.ts'
import { closedPort, listen } from '../hostile/servers.ts'
import { json } from '../simulator/faults.ts'
import { makeCertificates } from '../support/certificates.ts'
import type { Certificates } from '../support/certificates.ts'
import { asking, asMany, closeAll, inTurn, inWords } from './asked-service.ts'

const JOB = '470801415555595009'
const GOOD = JSON.stringify({ code: 0, data: { jobId: JOB, state: 'Importing' } })

const toClose: (() => unknown)[] = []
afterEach(async () => {
  await closeAll()
  await Promise.all(toClose.splice(0).map((close) => close()))
})

async function started(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toClose.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const answering = (answer: (response: ServerResponse, nth: number) => void): Promise<number> => {
  let nth = 0
  return started(
    createServer((_request, response) => {
      answer(response, nth++)
    }),
  )
}

/** A port of all addresses of this machine that takes no more connections and refuses none. */
async function unresponsivePort(): Promise<number> {
  // The worker stops accepting, and what waits to be accepted fills the queue.
  const worker = new Worker(
    `const server = require('node:net').createServer()
     server.listen({ port: 0, host: '0.0.0.0', backlog: 1 }, () => {
       require('node:worker_threads').parentPort.postMessage(server.address().port)
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
     })`,
    { eval: true },
  )
  const [port] = (await once(worker, 'message')) as [number]
  const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  toClose.push(() => {
    for (const socket of sockets) socket.destroy()
    return worker.terminate()
  })
  await once(sockets[0] as Socket, 'connect')
  await once(sockets[1] as Socket, 'connect')
  return port
}

async function pollerAt(endpoint: string, options: Parameters<typeof asking>[1] = {}) {
  const { service, exchanges } = await asking(inTurn(json({})), { endpoint, requestTimeoutMs: 3_000, ...options })
  const poll = service.pollerFor([JOB])
  return {
    exchanges,
    poll: (turns = Infinity): Promise<PollResult> => poll(JOB, { ...asMany({ turns }), isLast: false }),
  }
}

describe('a kept-alive connection that the other side has closed', () => {
  /** Answers once on each connection, and resets it at the second request. */
  const resetting = async (good: (nth: number) => boolean) => {
    let requests = 0
    const port = await started(
      createServer((_request, response) => {
        requests += 1
        if (good(requests)) response.end(GOOD)
        else response.socket?.resetAndDestroy()
      }),
    )
    return { port, requests: () => requests }
  }

  it('costs a second request, but no poll', async () => {
    const { port, requests } = await resetting((nth) => nth !== 2)
    const { poll, exchanges } = await pollerAt(`http://127.0.0.1:${port}`)
    expect([(await poll()).kind, (await poll()).kind, requests()]).toEqual(['answered', 'answered', 3])
    expect(exchanges.map(({ outcome }) => outcome)).toEqual(['answered', 'reset', 'answered'])
  })

  it('is tried again once', async () => {
    const { port, requests } = await resetting((nth) => nth === 1)
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    await poll()
    expect(await poll()).toMatchObject({ kind: 'outage', error: { outcome: 'reset' } })
    expect(requests()).toBe(3)
  })

  it('takes a turn for the second request, and is an outage without', async () => {
    const { port, requests } = await resetting((nth) => nth !== 2)
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    await poll()
    expect(await poll(1)).toMatchObject({ kind: 'outage', error: { outcome: 'reset' } })
    expect(requests()).toBe(2)
  })

  it('is not presumed of a host that has never answered', async () => {
    const { port, requests } = await resetting(() => false)
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect(await poll()).toMatchObject({ kind: 'outage', error: { outcome: 'reset' } })
    expect(requests()).toBe(1)
  })

  it('is not presumed where the response had begun', async () => {
    const port = await answering((response, nth) => {
      if (nth === 0) response.end(GOOD)
      else response.writeHead(200, { 'Content-Length': 99 }).write('{', () => response.socket?.resetAndDestroy())
    })
    const { poll, exchanges } = await pollerAt(`http://127.0.0.1:${port}`)
    await poll()
    expect((await poll()).kind).toBe('outage')
    expect(exchanges).toHaveLength(2)
  })
})

describe('a body that comes compressed', () => {
  it.each([
    ['gzip', gzipSync(GOOD)],
    ['X-GZIP', gzipSync(GOOD)],
    ['deflate', deflateSync(GOOD)],
    ['br', brotliCompressSync(GOOD)],
    ['deflate, gzip', gzipSync(deflateSync(GOOD))],
    ['identity', Buffer.from(GOOD)],
  ])('is read: %s', async (encoding, body) => {
    const port = await answering((response) => response.writeHead(200, { 'Content-Encoding': encoding }).end(body))
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect(await poll()).toMatchObject({ kind: 'answered', snapshot: { label: 'Importing' } })
  })

  it.each([
    ['cut short', gzipSync(GOOD).subarray(0, 20)],
    ['no gzip at all', Buffer.from(GOOD)],
  ])('is an outage where it is %s', async (_what, body) => {
    const port = await answering((response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(body))
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect((await poll()).kind).toBe('outage')
  })

  it('is not read to its end where it becomes larger than 32 MiB', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1, ' '))
    const port = await answering((response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb))
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect(await poll()).toMatchObject({ kind: 'outage', error: { outcome: 'too-large' } })
  })
})

describe('what speaks no HTTP/1.1', () => {
  const H2_SETTINGS = Buffer.from([0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])

  it.each<[protocol: string, greet: (socket: Socket) => void]>([
    ['SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')],
    ['Redis', (socket) => socket.once('data', () => socket.write("-ERR unknown command 'POST'\r\n"))],
    ['HTTP/2 only', (socket) => socket.write(H2_SETTINGS)],
    ['MySQL', (socket) => socket.write(Buffer.concat([Buffer.from([74, 0, 0, 0, 10]), Buffer.from('8.0.36')]))],
    ['SMTP or FTP', (socket) => socket.write('220 mail.example ESMTP\r\n')],
  ])('is said to speak %s', async (protocol, greet) => {
    const { port, close } = await listen((socket) => {
      socket.on('error', () => undefined)
      greet(socket)
    })
    toClose.push(close)
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect(inWords(await poll())).toMatchObject({
      kind: 'outage',
      error: { outcome: 'not-http', what: `127.0.0.1:${port} does not speak HTTP/1.1 on this port (${protocol}).` },
    })
  })

  it.each([
    [415, {}],
    [426, {}],
    [464, {}],
    [200, { 'Content-Type': 'application/grpc' }],
  ])('is gRPC at HTTP %i %j', async (status, headers) => {
    const port = await answering((response) => response.writeHead(status, headers).end())
    const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
    expect(await poll()).toMatchObject({ kind: 'outage', error: { kind: 'grpc' } })
  })
})

describe('a host with several addresses', () => {
  const { lookup } = dns
  afterEach(() => {
    dns.lookup = lookup
  })
  /** The addresses of `two.test`. */
  const resolveTo = (...addresses: readonly string[]) => {
    const all = addresses.map((address) => ({ address, family: 4 }))
    const fake = (name: string, ...rest: readonly unknown[]) => {
      if (name === 'two.test') process.nextTick(rest.at(-1) as (...found: readonly unknown[]) => void, null, all)
      else Reflect.apply(lookup, dns, [name, ...rest])
    }
    dns.lookup = fake as typeof lookup
  }

  it('is reached at the second where the first refuses', async () => {
    const port = await answering((response) => response.end(GOOD))
    resolveTo('127.0.0.9', '127.0.0.1')
    const { poll } = await pollerAt(`http://two.test:${port}`)
    expect(await poll()).toMatchObject({ kind: 'answered' })
  })

  it('is named with every address that was tried', async () => {
    const port = await closedPort()
    resolveTo('127.0.0.9', '127.0.0.1')
    const { poll } = await pollerAt(`http://two.test:${port}`)
    const at = `127.0.0.9:${port} (ECONNREFUSED), 127.0.0.1:${port} (ECONNREFUSED)`
    expect(inWords(await poll())).toMatchObject({ error: { what: `Connection to two.test:${port} refused at ${at}.` } })
  })

  it('has 3 s for each address, the last one included, and names every address that gave no response', async () => {
    const port = await unresponsivePort()
    resolveTo('127.0.0.8', '127.0.0.9')
    const { poll } = await pollerAt(`http://two.test:${port}`, { requestTimeoutMs: 30_000 })
    const at = `127.0.0.8:${port} (ETIMEDOUT), 127.0.0.9:${port} (ETIMEDOUT)`
    expect(inWords(await poll())).toMatchObject({
      kind: 'outage',
      error: { outcome: 'network', what: `No response from two.test:${port} at ${at}.` },
    })
  }, 30_000)

  it('is named with the addresses that were tried by the end of `request-timeout`', async () => {
    const port = await unresponsivePort()
    resolveTo('127.0.0.8', '127.0.0.9')
    const { poll } = await pollerAt(`http://two.test:${port}`, { requestTimeoutMs: 500 })
    expect(inWords(await poll())).toMatchObject({
      error: {
        outcome: 'timeout',
        what: `two.test:${port} did not respond within 0.5 s at 127.0.0.8:${port} (no response).`,
      },
    })
  })

  it('is not sent a create that no address took, so that the import may be started again', async () => {
    const port = await unresponsivePort()
    resolveTo('127.0.0.8', '127.0.0.9')
    const endpoint = `http://two.test:${port}`
    const { service } = await asking(inTurn(json({})), { endpoint, requestTimeoutMs: 30_000 })
    const created = await service.create({ body: '{}', idempotencyKey: 'k' }, asMany())
    expect(created).toMatchObject({ kind: 'not-sent', error: { outcome: 'network' } })
  }, 30_000)
})

describe('a TLS handshake that fails', () => {
  let own: Certificates
  beforeAll(async () => {
    own = await makeCertificates()
  })
  afterAll(closeAll)

  const trusting = (): Parameters<typeof asking>[1] => ({
    connection: {
      tls: {
        ca: { kind: 'pem', pem: own.ca.cert },
        clientCert: undefined,
        clientKey: undefined,
        serverName: undefined,
        extraCaPath: undefined,
      },
    },
  })
  const secured = (options: tls.TlsOptions) => {
    const { cert, key } = own.server
    return started(tls.createServer({ cert, key, ...options }, (socket) => socket.on('error', () => undefined)))
  }

  it.each<[kind: string, options: () => tls.TlsOptions]>([
    ['tls-no-http', () => ({ ALPNProtocols: ['h2'] })],
    [
      'tls-client-certificate',
      () => ({ ca: own.ca.cert, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }),
    ],
    ['tls-version', () => ({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })],
  ])('has its own cause: %s', async (kind, options) => {
    const port = await secured(options())
    const { poll } = await pollerAt(`https://localhost:${port}`, trusting())
    expect(await poll()).toMatchObject({ kind: 'outage', error: { kind, outcome: 'tls' } })
  })

  it('for want of a certificate for this name has its own cause', async () => {
    // The alert unrecognized_name, as servers send it that choose their certificate by name.
    const { port, close } = await listen((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 112])))
    })
    toClose.push(close)
    const { poll } = await pollerAt(`https://localhost:${port}`, trusting())
    expect(await poll()).toMatchObject({ kind: 'outage', error: { kind: 'tls-unknown-name' } })
  })

  it('is checked whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const port = await secured({})
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const { poll } = await pollerAt(`https://localhost:${port}`)
      expect(await poll()).toMatchObject({ kind: 'refused', error: { outcome: 'tls' } })
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  it.each(['Client sent an HTTP request to an HTTPS server.', 'The plain HTTP request was sent to HTTPS port'])(
    'is not even begun by plain HTTP: %s',
    async (words) => {
      const port = await answering((response) => response.writeHead(400).end(words))
      const { poll } = await pollerAt(`http://127.0.0.1:${port}`)
      expect(await poll()).toMatchObject({ kind: 'refused', error: { kind: 'https-wanted' } })
    },
  )
})
