import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import * as tls from 'node:tls'
import { buildConnector, EnvHttpProxyAgent, errors, Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { Transport } from '../connection.ts'

/** Connections that requests share until one of them fails. */
export interface Connections {
  readonly dispatcher: Dispatcher
  /** What has been tried so far, for each connection that is being set up to a host with several addresses. */
  readonly connecting: ReadonlySet<Tried>
  /** Also ends those that are still being set up, which undici leaves to themselves. */
  readonly drop: () => Promise<void>
}

/** The addresses that were tried, as a sentence shows them, with what became of each. */
type Tried = Map<string, string>

/** Longer than the longest pause between two polls, so that they share a connection. */
const KEEP_ALIVE_MS = 45_000
/** For each address of a host with several: Node's 250 ms are too short for a handshake with a far one. */
const ATTEMPT_TIMEOUT_MS = 3_000

/** Opens connections to an endpoint, through a proxy where `proxyUrl` is not empty. */
export function openerOf({ endpoint, tls: options }: Transport, proxyUrl: string): () => Connections {
  const isSecure = endpoint.startsWith('https:')
  // To read the roots takes longer than all else of a gate that speaks plain http.
  const trust = (isSecure || proxyUrl.startsWith('https:')) && { secureContext: secureContextOf(options) }
  const own = {
    ...trust,
    // The exchange has one timeout of its own, connect to last byte; undici's would fire late and beside it.
    timeout: 0,
    rejectUnauthorized: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
  }
  const toService = { ...own, ...(options.serverName && { servername: options.serverName }) }
  return () => {
    const end = new AbortController()
    const { signal } = end
    // Every connection listens, and a slow service has many open at a time: Node would warn of a leak in the step's log.
    setMaxListeners(0, signal)
    const connecting = new Set<Tried>()
    const dispatcher = new EnvHttpProxyAgent({
      httpProxy: proxyUrl,
      httpsProxy: proxyUrl,
      noProxy: '',
      connect: connectorOf({ ...toService, signal }, connecting),
      requestTls: { ...toService, signal },
      proxyTls: { ...own, signal },
      proxyTunnel: isSecure,
      factory: poolOf,
      clientFactory: (origin, poolOptions) => new TunnelPool(origin, poolOptions),
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
    const drop = () => {
      end.abort()
      return dispatcher.destroy()
    }
    return { dispatcher, connecting, drop }
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

/** Errors of connections that were never there. */
const connectErrors = new WeakMap<object, Tried>()

/** The addresses that were tried for a connection that was never there; undefined where there was one. */
export function addressesTried(error: unknown): readonly string[] | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const tried = connectErrors.get(error)
  return tried === undefined ? addressesTried((error as Error).cause) : addressesIn([tried])
}

export function addressesIn(several: Iterable<Tried>): readonly string[] {
  const tried = new Map([...several].flatMap((one) => [...one]))
  return [...tried].map(([address, result]) => `${address} (${result})`)
}

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

/**
 * The error of a socket that came before the one that undici reports: under TLS 1.3 a server that misses a client certificate
 * says so after the handshake, and then closes.
 */
const earlierErrors = new WeakMap<Error, Error>()

export function earlierError(error: unknown): Error | undefined {
  return error instanceof Error ? earlierErrors.get(error) : undefined
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

/**
 * Connections to a proxy. undici takes an error with the code of a lost connection for one that another attempt fixes, and
 * would ask a proxy that hangs up on CONNECT again and again, without a pause:
 * https://github.com/nodejs/undici/blob/v7.30.2/lib/dispatcher/client.js
 */
class TunnelPool extends Pool {
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    try {
      return await super.connect(options)
    } catch (cause) {
      if (!(cause instanceof errors.SocketError)) throw cause
      const error = new Error('the proxy hung up', { cause })
      connectErrors.set(error, new Map())
      throw error
    }
  }
}
