import { pipeline } from 'node:stream'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { errors } from 'undici'
import type { Dispatcher } from 'undici'
import type { HttpConnection, HttpReply, HttpRequest, Transport } from '../connection.ts'
import { proxyFor } from '../proxy.ts'
import { addressesIn, addressesTried, earlierError, openerOf } from './connections.ts'
import type { Connections } from './connections.ts'

/** A reply of 10,000 files with long reasons has a tenth of this. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024

/** Opens a pool that honors the proxy and TLS settings; throws where the TLS material does not fit together. */
export function createExchange(transport: Transport): HttpConnection {
  const proxy = proxyFor(transport.endpoint, transport.proxy)
  if (proxy.kind === 'unusable') return unusableProxy(proxy.variable)
  const open = openerOf(transport, proxy.kind === 'proxy' ? proxy.url : '')
  const opened = new Set<Connections>()
  const openNew = () => {
    const connections = { ...open(), underWay: 0 }
    opened.add(connections)
    return connections
  }
  let current = openNew()
  let hasAnswered = false
  return {
    async send(request) {
      const connections = current
      connections.underWay += 1
      const reply = withAddresses(await send(connections.dispatcher, request), connections)
      connections.underWay -= 1
      if (reply.kind === 'reply') hasAnswered = true
      // A connection that hangs while it is set up would keep the next request waiting too.
      if (reply.kind !== 'reply' && connections === current) current = openNew()
      const isDone = connections !== current && connections.underWay === 0
      if (isDone && opened.delete(connections)) void connections.drop()
      const mayBeStale = reply.kind === 'network' && reply.mayBeStale === true
      return mayBeStale && !hasAnswered ? { ...reply, mayBeStale: false } : reply
    },
    async close() {
      await Promise.all([...opened].map(({ drop }) => drop()))
    },
  }
}

/** The way to another address: the same trust, identity and proxies, but the certificate has to name that address. */
export function transportTo(endpoint: string, transport: Transport): Transport {
  return { ...transport, endpoint, tls: { ...transport.tls, serverName: undefined } }
}

/** Every request fails at once: without its proxy it must not be sent. */
function unusableProxy(variable: string): HttpConnection {
  const reply: HttpReply = { kind: 'network', code: 'BAD_PROXY', message: variable, isUnsent: true }
  return { send: () => Promise.resolve(reply), close: () => Promise.resolve() }
}

/** A time-out, with the addresses that had been tried by then for connections that are not there yet. */
function withAddresses(reply: HttpReply, connections: Connections): HttpReply {
  if (reply.kind !== 'timeout' && reply.kind !== 'aborted') return reply
  const addresses = addressesIn(connections.connecting)
  return addresses.length === 0 ? reply : { ...reply, addresses }
}

/** One exchange; settles at once where its time is up or it is aborted, whatever undici is waiting for. */
async function send(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpReply> {
  const { signal, timeoutMs } = request
  const startedMs = performance.now()
  const stop = new AbortController()
  const onAbort = () => {
    stop.abort()
  }
  // undici observes a signal only once it has a connection.
  const stopped = new Promise<HttpReply>((resolve) => {
    stop.signal.addEventListener('abort', () => {
      const afterMs = performance.now() - startedMs
      resolve(signal.aborted ? { kind: 'aborted', reason: signal.reason, afterMs } : { kind: 'timeout', timeoutMs })
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

async function converse(dispatcher: Dispatcher, request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
  const { origin, pathname } = new URL(request.url)
  const { headers: sent, body: content = null } = request
  let hasHeaders = false
  try {
    const method = content === null ? 'GET' : 'POST'
    const response = await dispatcher.request({ origin, path: pathname, method, headers: sent, body: content, signal })
    hasHeaders = true
    const { statusCode: status } = response
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, [value].flat()[0] ?? '']),
    )
    const body = await readBounded(decoded(response.body, headers['content-encoding']))
    if (body === undefined) return { kind: 'too-large', status }
    return { kind: 'reply', status, headers, body: body.toString('utf8'), sizeBytes: body.length }
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
function decoded(body: Readable, encoding = ''): AsyncIterable<Buffer> {
  const names = encoding.split(',').map((name) => name.trim().toLowerCase())
  return names.toReversed().reduce((stream, name) => {
    const decoder = DECODERS[name]?.()
    // Whichever of the two ends early ends the other, and with it the connection.
    return decoder === undefined ? stream : pipeline(stream, decoder, () => undefined)
  }, body)
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
  const { code, message } = rootCause(earlierError(error) ?? error)
  const status = PROXY_REFUSAL.exec(message)
  if (status !== null) return { kind: 'proxy-refused', status: Number(status[1] ?? status[2]) }
  const addresses = addressesTried(error)
  const isUnsent = !hasHeaders && (addresses !== undefined || NEVER_CONNECTED.test(code))
  const mayBeStale = !hasHeaders && !isUnsent && LOST_CONNECTION.has(code)
  return {
    kind: 'network',
    code,
    message,
    ...(addresses !== undefined && addresses.length > 1 && { addresses }),
    ...(isUnsent && { isUnsent }),
    ...(mayBeStale && { mayBeStale }),
  }
}

/** The innermost error that has a code: undici wraps the socket's, and a host with several addresses brings a list. */
function rootCause(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message, cause, errors: several } = error as Partial<NodeJS.ErrnoException> & { errors?: Error[] }
  const refused = several?.find((one: NodeJS.ErrnoException) => one.code === 'ECONNREFUSED')
  const inner: unknown = cause ?? refused ?? several?.[0]
  const root = inner instanceof Error ? rootCause(inner) : undefined
  if (root !== undefined && root.code !== 'UNKNOWN') return root
  // That of a DOMException is a number.
  return { code: typeof code === 'string' ? code : 'UNKNOWN', message: message ?? String(error) }
}
