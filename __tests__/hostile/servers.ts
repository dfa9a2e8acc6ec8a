import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import type { KeyPair } from '../support/certificates.ts'

/** Something that listens on loopback. */
export interface Listener {
  readonly port: number
  readonly close: () => Promise<void>
}

/** A server of bare connections, which does with each what it is told. */
export async function listen(onConnection: (socket: Socket) => void): Promise<Listener> {
  return opened(createServer(onConnection))
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await listen(() => undefined)
  await close()
  return port
}

/** Connects a connection that came in with a port of loopback, and ends both together. */
export function pipeTo(port: number, client: Socket): void {
  const service = connect(port, '127.0.0.1')
  for (const [from, to] of [
    [client, service],
    [service, client],
  ] as const) {
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
    from.pipe(to)
  }
}

/** What a proxy does with a request, for a tunnel or in absolute form. */
export type ProxyManners =
  | { readonly kind: 'forwards' }
  | { readonly kind: 'asks for credentials'; readonly user: string; readonly password: string }
  | { readonly kind: 'refuses'; readonly status: number }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'cuts' }

/** One request as the proxy saw it; `target` is `host:port` of a tunnel, else a whole URL. */
export interface Proxied {
  readonly method: string
  readonly target: string
}

export interface Proxy extends Listener {
  readonly seen: readonly Proxied[]
  /** Every byte that clients sent, in the tunnels too; of a proxy that speaks TLS, once it is decrypted. */
  readonly bytes: () => string
}

/** Starts an HTTP proxy on loopback, over TLS where it is given a certificate. */
export async function startProxy(manners: ProxyManners, tls?: KeyPair): Promise<Proxy> {
  const seen: Proxied[] = []
  const chunks: Buffer[] = []
  const server = tls === undefined ? createHttpServer() : createHttpsServer(tls)
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  })
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const { url = '' } = request
    client.on('error', () => undefined)
    client.on('data', (chunk: Buffer) => chunks.push(chunk))
    seen.push({ method: 'CONNECT', target: url })
    const verdict = judged(manners, request)
    if (verdict === 'cut') client.destroy()
    if (typeof verdict === 'number') client.end(`HTTP/1.1 ${verdict} No\r\nContent-Length: 0\r\n\r\n`)
    if (verdict === 'forward') {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.unshift(head)
      pipeTo(Number(url.split(':').at(-1)), client)
    }
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { url = '', method = '' } = request
    seen.push({ method, target: url })
    const verdict = judged(manners, request)
    if (verdict === 'cut') request.socket.destroy()
    if (typeof verdict === 'number') response.writeHead(verdict, { Connection: 'close' }).end('No')
    if (verdict === 'forward') {
      void forwarded(request, response)
    }
  })
  return { ...(await opened(server)), seen, bytes: () => Buffer.concat(chunks).toString('latin1') }
}

function judged(manners: ProxyManners, { headers }: IncomingMessage): 'forward' | 'cut' | 'hang' | number {
  switch (manners.kind) {
    case 'forwards':
      return 'forward'
    case 'asks for credentials': {
      const credentials = Buffer.from(`${manners.user}:${manners.password}`).toString('base64')
      return headers['proxy-authorization'] === `Basic ${credentials}` ? 'forward' : 407
    }
    case 'refuses':
      return manners.status
    case 'hangs':
      return 'hang'
    case 'cuts':
      return 'cut'
  }
}

async function forwarded(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', method = '', headers } = request
  const body = await readText(request)
  httpRequest(url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  }).end(body)
}

async function opened(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    // Whoever leaves in the middle has his reasons.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}
