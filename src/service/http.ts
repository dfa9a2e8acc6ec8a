import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import * as tls from 'node:tls'
import { EnvHttpProxyAgent, errors, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { Transport } from '../connection.ts'

export interface HttpRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  /** Connect to last byte. */
  readonly timeoutMs: number
}

/** What one HTTP exchange brought: a whole reply, or why there is none. */
export type HttpReply =
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly retryAfter: string | undefined
      readonly location: string | undefined
      /** By lower-case name. */
      readonly headers?: Readonly<Record<string, string>>
      readonly body: string
      readonly sizeBytes: number
    }
  | { readonly kind: 'too-large'; readonly status: number }
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'aborted'; readonly reason: unknown; readonly afterMs: number }
  /** The proxy did not open a tunnel. */
  | { readonly kind: 'proxy-refused'; readonly status: number }
  /** `code` is Node's, OpenSSL's or undici's error code. */
  | { readonly kind: 'network'; readonly code: string; readonly message: string }

/** A connection pool to one service. */
export interface HttpConnection {
  /** One POST; never rejects. */
  post(request: HttpRequest): Promise<HttpReply>
  /** One GET; never rejects. */
  get(request: Omit<HttpRequest, 'body'>): Promise<HttpReply>
  /** Drops all connections, so that nothing keeps the process alive. */
  close(): Promise<void>
}

/** A reply of 10,000 files with long reasons has a tenth of this. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024
/** Longer than the longest pause between two polls, so that they share a connection. */
const KEEP_ALIVE_MS = 45_000

/** Opens a pool that honors the proxy and TLS settings; throws where the TLS material does not fit together. */
export function createExchange(transport: Transport): HttpConnection {
  const open = dispatchersOf(transport)
  const opened = new Set<Generation>()
  const newGeneration = () => {
    const end = new AbortController()
    // Every connection listens, and a slow service has many open at a time: Node would warn of a leak in the step's log.
    setMaxListeners(0, end.signal)
    const generation = { dispatcher: open(end.signal), end, underWay: 0 }
    opened.add(generation)
    return generation
  }
  let current = newGeneration()
  const exchange = async (request: Sendable) => {
    const generation = current
    generation.underWay += 1
    const reply = await send(generation.dispatcher, request)
    generation.underWay -= 1
    // A connection that hangs while it is set up would keep the next request waiting too.
    if (reply.kind !== 'reply' && generation === current) current = newGeneration()
    if (generation !== current && generation.underWay === 0 && opened.delete(generation)) void drop(generation)
    return reply
  }
  return {
    post: (request) => exchange({ ...request, method: 'POST' }),
    get: (request) => exchange({ ...request, method: 'GET', body: null }),
    async close() {
      await Promise.all([...opened].map(drop))
    },
  }
}

/** The way to another address: the same trust, identity and proxies, but the certificate has to name that address. */
export function transportTo(endpoint: string, transport: Transport): Transport {
  return { ...transport, endpoint, tls: { ...transport.tls, serverName: undefined } }
}

type Sendable = Omit<HttpRequest, 'body'> &
  ({ readonly method: 'POST'; readonly body: string } | { readonly method: 'GET'; readonly body: null })

/** Connections that requests share until one of them meets error. */
interface Generation {
  readonly dispatcher: Dispatcher
  readonly end: AbortController
  underWay: number
}

/** Also those connections that are still being set up, which undici leaves to themselves. */
function drop({ dispatcher, end }: Generation): Promise<void> {
  end.abort()
  return dispatcher.destroy()
}

function dispatchersOf({ endpoint, tls: options, proxy }: Transport): (end: AbortSignal) => Dispatcher {
  // With no proxy for https undici would take the one for http.
  const proxyUrl = (endpoint.startsWith('https:') ? proxy.httpsProxy : proxy.httpProxy) ?? ''
  // To read the roots takes longer than all else of a gate that speaks plain http.
  const speaksTls = endpoint.startsWith('https:') || proxyUrl.startsWith('https:')
  const trust = speaksTls && { secureContext: secureContextOf(options) }
  // The exchange has one timeout of its own, connect to last byte; undici's would fire late and beside it.
  const own = { timeout: 0, ...trust }
  const toService = { ...own, ...(options.serverName && { servername: options.serverName }) }
  return (signal) =>
    new EnvHttpProxyAgent({
      httpProxy: proxyUrl,
      httpsProxy: proxyUrl,
      noProxy: proxy.noProxy,
      connect: { ...toService, signal },
      requestTls: { ...toService, signal },
      proxyTls: { ...own, signal },
      proxyTunnel: endpoint.startsWith('https:'),
      clientFactory: (origin, poolOptions) => new TunnelPool(origin, poolOptions),
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
}

/**
 * Connections to a proxy. undici takes an error with the code of a lost connection for one that another attempt mends, and
 * would ask a proxy that hangs up on CONNECT again and again, without a pause:
 * https://github.com/nodejs/undici/blob/v7.30.2/lib/dispatcher/client.js
 */
class TunnelPool extends Pool {
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>
  override connect(
    options: Dispatcher.ConnectOptions,
    callback: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): void
  override connect(
    options: Dispatcher.ConnectOptions,
    callback?: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ) {
    if (callback !== undefined) {
      super.connect(options, callback)
      return
    }
    return super.connect(options).catch((cause: unknown) => {
      if (cause instanceof errors.SocketError) throw new Error('the proxy hung up', { cause })
      throw cause
    })
  }
}

function secureContextOf(options: Transport['tls']): tls.SecureContext {
  return tls.createSecureContext({ ca: trustedRoots(options), cert: options.clientCert, key: options.clientKey })
}

/** The given roots added to the ones that Node trusts anyway; undefined leaves Node's own in place. */
function trustedRoots({ ca, extraCaPath }: Transport['tls']): string[] | undefined {
  if (ca === undefined) return undefined
  const added = ca.kind === 'pem' ? [ca.pem] : (storeOf('system') ?? [])
  return [...(storeOf('default') ?? [...tls.rootCertificates, ...extraRoots(extraCaPath)]), ...added]
}

/** https://nodejs.org/api/tls.html#tlsgetcacertificatestype, since Node 22.15. */
function storeOf(type: 'default' | 'system'): readonly string[] | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (type: string) => string[] }
  return getCACertificates?.(type)
}

function extraRoots(path: string | undefined): readonly string[] {
  if (path === undefined) return []
  try {
    return [readFileSync(path, 'utf8')]
  } catch {
    // As Node itself does with a file that it cannot read.
    return []
  }
}

/** One exchange; settles at once where its time is up or it is aborted, whatever undici is waiting for. */
async function send(dispatcher: Dispatcher, request: Sendable): Promise<HttpReply> {
  const { signal, timeoutMs } = request
  const startedMs = performance.now()
  const stop = new AbortController()
  const onAbort = () => {
    stop.abort()
  }
  // undici heeds a signal only once it has a connection.
  const stopped = new Promise<HttpReply>((resolve) => {
    stop.signal.addEventListener('abort', () => {
      resolve(
        signal.aborted
          ? { kind: 'aborted', reason: signal.reason, afterMs: performance.now() - startedMs }
          : { kind: 'timeout', timeoutMs },
      )
    })
  })
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  const timer = setTimeout(onAbort, timeoutMs)
  try {
    return await Promise.race([stopped, converse(dispatcher, request, stop.signal)])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

async function converse(dispatcher: Dispatcher, request: Sendable, signal: AbortSignal): Promise<HttpReply> {
  const { origin, pathname } = new URL(request.url)
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin,
      path: pathname,
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal,
    })
    const text = await readBounded(body)
    if (text === undefined) return { kind: 'too-large', status: statusCode }
    return {
      kind: 'reply',
      status: statusCode,
      retryAfter: single(headers['retry-after']),
      location: single(headers.location),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, single(value) ?? ''])),
      body: text.toString('utf8'),
      sizeBytes: text.length,
    }
  } catch (error) {
    return failure(error)
  }
}

/** The whole body; undefined, and the rest unread, where it is larger than anything the service sends. */
async function readBounded(body: Dispatcher.ResponseData['body']): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // Leaving the loop destroys the stream.
    if (sizeBytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/** undici tells the status of a proxy's refusal only in the text of its error. */
const PROXY_REFUSAL = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/

function failure(error: unknown): HttpReply {
  const { code, message } = rootCause(error)
  const status = PROXY_REFUSAL.exec(message)
  if (status !== null) return { kind: 'proxy-refused', status: Number(status[1] ?? status[2]) }
  return { kind: 'network', code, message }
}

/** The innermost error that has a code: undici wraps the socket's, and a host with several addresses brings a list. */
function rootCause(error: unknown): { code: string; message: string } {
  const own = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: readonly unknown[] }
  const inner = own.cause ?? own.errors?.[0]
  if (inner instanceof Error) {
    const cause = rootCause(inner)
    if (cause.code !== 'UNKNOWN') return cause
  }
  return {
    code: typeof own.code === 'string' ? own.code : 'UNKNOWN',
    message: typeof own.message === 'string' ? own.message : String(error),
  }
}
