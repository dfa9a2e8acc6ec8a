import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import type { Readable, Transform } from 'node:stream'
import * as tls from 'node:tls'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { buildConnector, EnvHttpProxyAgent, errors, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { Transport } from '../connection.ts'
import { proxyFor } from '../proxy.ts'

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
  /** With the addresses of a host with several that were tried in vain by then. */
  | { readonly kind: 'timeout'; readonly timeoutMs: number; readonly addresses?: readonly string[] }
  | {
      readonly kind: 'aborted'
      readonly reason: unknown
      readonly afterMs: number
      readonly addresses?: readonly string[]
    }
  /** The proxy did not open a tunnel. */
  | { readonly kind: 'proxy-refused'; readonly status: number }
  | NetworkFailure

/** There is no response, or only a part of one. */
export interface NetworkFailure {
  readonly kind: 'network'
  /** Node's, OpenSSL's or undici's error code; `NOT_HTTP` where the response is none of HTTP/1.1. */
  readonly code: string
  readonly message: string
  /** Every address that was tried, where a host has several. */
  readonly addresses?: readonly string[]
  /** The first bytes of what is not HTTP. */
  readonly received?: string
  /** No byte of the request can have reached the service. */
  readonly isUnsent?: boolean
  /** Reset before the response began, by a host that has answered before: a kept-alive connection may just have expired. */
  readonly mayBeStale?: boolean
}

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
/** For each address of a host with several: Node's 250 ms are too short for a handshake with a far one. */
const ATTEMPT_TIMEOUT_MS = 3_000

/** Opens a pool that honors the proxy and TLS settings; throws where the TLS material does not fit together. */
export function createExchange(transport: Transport): HttpConnection {
  const proxy = proxyFor(transport.endpoint, transport.proxy)
  if (proxy.kind === 'unusable') return unusableProxy(proxy.variable)
  const open = dispatchersOf(transport, proxy.kind === 'proxy' ? proxy.url : '')
  const opened = new Set<Generation>()
  const newGeneration = () => {
    const end = new AbortController()
    // Every connection listens, and a slow service has many open at a time: Node would warn of a leak in the step's log.
    setMaxListeners(0, end.signal)
    const connecting = new Set<Tried>()
    const generation = { dispatcher: open(end.signal, connecting), end, connecting, underWay: 0 }
    opened.add(generation)
    return generation
  }
  let current = newGeneration()
  let hasAnswered = false
  const exchange = async (request: Sendable) => {
    const generation = current
    generation.underWay += 1
    const reply = withAddresses(await send(generation.dispatcher, request), generation.connecting)
    generation.underWay -= 1
    if (reply.kind === 'reply') hasAnswered = true
    // A connection that hangs while it is set up would keep the next request waiting too.
    if (reply.kind !== 'reply' && generation === current) current = newGeneration()
    if (generation !== current && generation.underWay === 0 && opened.delete(generation)) void drop(generation)
    return reply.kind === 'network' && reply.mayBeStale === true && !hasAnswered
      ? { ...reply, mayBeStale: false }
      : reply
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
  /** What has been tried so far, for each connection that is being set up to a host with several addresses. */
  readonly connecting: ReadonlySet<Tried>
  underWay: number
}

/** Also those connections that are still being set up, which undici leaves to themselves. */
function drop({ dispatcher, end }: Generation): Promise<void> {
  end.abort()
  return dispatcher.destroy()
}

/** Every request fails at once: without its proxy it must not be sent. */
function unusableProxy(variable: string): HttpConnection {
  const failed = () =>
    Promise.resolve<HttpReply>({ kind: 'network', code: 'BAD_PROXY', message: variable, isUnsent: true })
  return { post: failed, get: failed, close: () => Promise.resolve() }
}

function dispatchersOf(
  { endpoint, tls: options }: Transport,
  proxyUrl: string,
): (signal: AbortSignal, connecting: Set<Tried>) => Dispatcher {
  // To read the roots takes longer than all else of a gate that speaks plain http.
  const speaksTls = endpoint.startsWith('https:') || proxyUrl.startsWith('https:')
  const trust = speaksTls && { secureContext: secureContextOf(options) }
  // The exchange has one timeout of its own, connect to last byte; undici's would fire late and beside it.
  const own = { ...trust, timeout: 0, rejectUnauthorized: true, ...PATIENT }
  const toService = { ...own, ...(options.serverName && { servername: options.serverName }) }
  return (signal, connecting) =>
    new EnvHttpProxyAgent({
      httpProxy: proxyUrl,
      httpsProxy: proxyUrl,
      noProxy: '',
      connect: connectorOf({ ...toService, signal }, connecting),
      requestTls: { ...toService, signal },
      proxyTls: { ...own, signal },
      proxyTunnel: endpoint.startsWith('https:'),
      factory: poolOf,
      clientFactory: (origin, poolOptions) => new TunnelPool(origin, poolOptions),
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
}

const PATIENT = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS }

/** The addresses that were tried, as a sentence shows them, with what became of each. */
type Tried = Map<string, string>

/** Errors of connections that were never there. */
const connectErrors = new WeakMap<object, Tried>()
/**
 * The error of a socket that came before the one that undici reports: under TLS 1.3 a server that misses a client certificate
 * says so after the handshake, and then closes.
 */
const earlierErrors = new WeakMap<Error, Error>()

function connectorOf(
  options: buildConnector.BuildOptions & { readonly signal: AbortSignal },
  connecting: Set<Tried>,
): buildConnector.connector {
  // The types of undici leave out that it returns the socket.
  const connect = buildConnector(options) as (...args: Parameters<buildConnector.connector>) => Socket
  return (target, callback) => {
    const tried: Tried = new Map()
    const socket = connect(target, (...result) => {
      connecting.delete(tried)
      const [error] = result
      if (error !== null) connectErrors.set(error, tried)
      callback(...result)
    })
    watchAttempts(socket, tried, () => connecting.add(tried))
  }
}

/** A pool of connections to the service, through a tunnel too, each of which keeps its first error. */
function poolOf(origin: string | URL, options: object): Pool {
  const { connect } = options as { readonly connect: buildConnector.connector }
  const keepingErrors: buildConnector.connector = (target, callback) => {
    connect(target, (...result) => {
      let earlier: Error | undefined
      result[1]?.prependListener('error', (later: Error) => {
        if (earlier === undefined) earlier = later
        else earlierErrors.set(later, earlier)
      })
      callback(...result)
    })
  }
  return new Pool(origin, { ...options, connect: keepingErrors })
}

/** Notes which addresses are tried, and ends the last attempt as Node ends the others: it has no timeout of its own. */
function watchAttempts(socket: Socket, tried: Tried, onSeveral: () => void): void {
  let timer: NodeJS.Timeout | undefined
  let found = 0
  const note = (what: string) => (address: string, port: number, _family: number, error?: NodeJS.ErrnoException) => {
    const at = `${address.includes(':') ? `[${address}]` : address}:${port}`
    tried.set(at, error?.code ?? what)
    return at
  }
  socket.on('lookup', () => {
    if ((found += 1) === 2) onSeveral()
  })
  socket.on('connectionAttempt', (address, port, family) => {
    const at = note('no response')(address, port, family)
    if (found < 2 || tried.size < found) return
    timer = setTimeout(() => {
      tried.set(at, 'ETIMEDOUT')
      socket.destroy(Object.assign(new Error(`connect ETIMEDOUT ${at}`), { code: 'ETIMEDOUT' }))
    }, ATTEMPT_TIMEOUT_MS)
  })
  socket.on('connectionAttemptFailed', note('failed'))
  socket.on('connectionAttemptTimeout', note('ETIMEDOUT'))
  for (const end of ['connect', 'close'])
    socket.on(end, () => {
      clearTimeout(timer)
    })
}

/** A time-out, with the addresses that had been tried by then for connections that are not there yet. */
function withAddresses(reply: HttpReply, connecting: ReadonlySet<Tried>): HttpReply {
  if (reply.kind !== 'timeout' && reply.kind !== 'aborted') return reply
  const addresses = shown(new Map([...connecting].flatMap((tried) => [...tried])))
  return addresses.length === 0 ? reply : { ...reply, addresses }
}

function shown(tried: Tried): readonly string[] {
  return [...tried].map(([address, result]) => `${address} (${result})`)
}

/**
 * Connections to a proxy. undici takes an error with the code of a lost connection for one that another attempt fixes, and
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
      if (cause instanceof errors.SocketError) {
        const error = new Error('the proxy hung up', { cause })
        connectErrors.set(error, new Map())
        throw error
      }
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
  // undici observes a signal only once it has a connection.
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
  let hasHeaders = false
  try {
    const { method, headers: sent } = request
    const options = { origin, path: pathname, method, headers: sent, body: request.body, signal }
    const { statusCode, headers, body } = await dispatcher.request(options)
    hasHeaders = true
    const content = await readBounded(decoded(body, single(headers['content-encoding'])))
    if (content === undefined) return { kind: 'too-large', status: statusCode }
    return {
      kind: 'reply',
      status: statusCode,
      retryAfter: single(headers['retry-after']),
      location: single(headers.location),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, single(value) ?? ''])),
      body: content.toString('utf8'),
      sizeBytes: content.length,
    }
  } catch (error) {
    return failure(error, hasHeaders)
  }
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The body without the compression that some gateways apply although none was asked for. */
function decoded(body: Readable, encoding: string | undefined): AsyncIterable<Buffer> {
  const names = (encoding ?? '').split(',').map((name) => name.trim().toLowerCase())
  let stream: Readable = body
  for (const name of names.toReversed()) {
    const decoder = DECODERS[name]?.()
    // Whichever of the two ends early ends the other, and with it the connection.
    if (decoder !== undefined) stream = pipeline(stream, decoder, () => undefined)
  }
  return stream
}

/** The whole body; undefined, and the rest unread, where it is larger than anything the service sends. */
async function readBounded(body: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
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

/** undici gives the status of a proxy's refusal only in the text of its error. */
const PROXY_REFUSAL = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/
const LOST_CONNECTION = new Set(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'])
/** Errors of DNS, of a handshake that was cut, and of one that the other side ended with an alert about the certificate. */
const NEVER_CONNECTED = /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|CERT_.*|ERR_TLS_.*|ERR_SSL_.*CERTIFICATE.*|.*_CERT.*)$/
const MAX_RECEIVED = 200

function failure(error: unknown, hasHeaders: boolean): HttpReply {
  if (error instanceof errors.HTTPParserError && !hasHeaders) {
    const { message, data = '' } = error as Error & { readonly data?: string }
    return { kind: 'network', code: 'NOT_HTTP', message, received: data.slice(0, MAX_RECEIVED) }
  }
  const { code, message } = rootCause((error instanceof Error && earlierErrors.get(error)) || error)
  const status = PROXY_REFUSAL.exec(message)
  if (status !== null) return { kind: 'proxy-refused', status: Number(status[1] ?? status[2]) }
  const tried = triedFor(error)
  const addresses = tried === undefined ? [] : shown(tried)
  const isUnsent = !hasHeaders && (tried !== undefined || NEVER_CONNECTED.test(code))
  const mayBeStale = !hasHeaders && !isUnsent && LOST_CONNECTION.has(code)
  return {
    kind: 'network',
    code,
    message,
    ...(addresses.length > 1 && { addresses }),
    ...(isUnsent && { isUnsent }),
    ...(mayBeStale && { mayBeStale }),
  }
}

interface Cause {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/** Undefined where there was a connection. */
function triedFor(error: unknown): Tried | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  return connectErrors.get(error) ?? triedFor((error as Cause).cause)
}

/** The innermost error that has a code: undici wraps the socket's, and a host with several addresses brings a list. */
function rootCause(error: unknown): { code: string; message: string } {
  const own = error as Cause
  const inner = own.cause ?? own.errors?.find((one) => (one as Cause).code === 'ECONNREFUSED') ?? own.errors?.[0]
  if (inner instanceof Error) {
    const cause = rootCause(inner)
    if (cause.code !== 'UNKNOWN') return cause
  }
  return {
    code: typeof own.code === 'string' ? own.code : 'UNKNOWN',
    message: typeof own.message === 'string' ? own.message : String(error),
  }
}
