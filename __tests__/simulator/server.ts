import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { play, text } from './faults.ts'
import { openService } from './open-service.ts'
import type { Operation } from './routes.ts'
import type { ServiceScript } from './service-script.ts'

export type { ServiceScript }

/** How the service is reached. */
export interface Wiring {
  /** 0, the default, takes any free port. */
  readonly port?: number
  /** How many times faster than real time the scripts go. */
  readonly speed?: number
  /** PEM texts; with it the service speaks HTTPS. */
  readonly tls?: {
    readonly cert: string
    readonly key: string
    /** Whose client certificates are good. */
    readonly ca?: string
    readonly requestClientCert?: boolean
  }
}

/** One request as the service saw it. */
export interface SeenRequest {
  readonly method: string
  /** With the place where the service is mounted, and with the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** What it was, granted or not; undefined where the service knows no such path. */
  readonly operation: Operation | undefined
  /** The job that was asked for and how often it had been polled before, if this is a poll; undefined where the checks did not get so far. */
  readonly jobId: string | undefined
  readonly poll: number | undefined
}

/** A running import service. */
export interface Simulator {
  /** Without a trailing slash; a mounted service is below it. */
  readonly url: string
  readonly requests: readonly SeenRequest[]
  readonly jobIds: readonly string[]
  /** How many connections clients have opened so far. */
  readonly connectionCount: () => number
  readonly close: () => Promise<void>
}

/** Starts one service on loopback. */
export function startSimulator(script: ServiceScript, wiring: Wiring = {}): Promise<Simulator> {
  return startSimulators({ '': script }, wiring)
}

/** Starts several services on one port of loopback, each below a path prefix of its own (`/completed`). */
export async function startSimulators(
  scripts: Readonly<Record<string, ServiceScript>>,
  wiring: Wiring = {},
): Promise<Simulator> {
  const { port = 0, speed = 1, tls } = wiring
  const services = Object.entries(scripts).map(([prefix, script]) => ({
    prefix,
    answer: openService(script, speed, () => url + prefix),
  }))
  const requests: SeenRequest[] = []

  const serve: RequestListener = (incoming, response) => {
    void readText(incoming)
      .then((body) => {
        const { method = '', url: path = '', headers } = incoming
        const mount = services.find(({ prefix }) => path.startsWith(`${prefix}/`))
        const request = { method, path: path.slice(mount?.prefix.length).replace(/\?.*$/s, ''), headers, body }
        const answer = mount?.answer(request)
        const { operation, jobId, poll } = answer ?? {}
        requests.push({ ...request, path, operation, jobId, poll })
        return play(answer?.reply ?? text(404, 'No service is mounted here.'), response, goDown)
      })
      .catch((error: unknown) => {
        // A client that leaves in the middle is an everyday event; a script that cannot be played is not.
        if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' })
        response.end(`This script cannot be played: ${String(error)}`)
      })
  }
  const server = tls === undefined ? createServer(serve) : createTlsServer(tlsOptions(tls), serve)
  let connectionCount = 0
  server.on('connection', () => connectionCount++)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  let restart: NodeJS.Timeout | undefined
  /** Refuses connections for a while, then listens on the same port again. */
  const goDown = (forMs: number) => {
    if (!server.listening) return
    const { port: ownPort } = server.address() as AddressInfo
    server.close()
    server.closeAllConnections()
    restart = setTimeout(() => server.listen(ownPort, '127.0.0.1'), forMs / speed)
  }
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    requests,
    jobIds: Object.values(scripts).flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId)),
    connectionCount: () => connectionCount,
    close: async () => {
      clearTimeout(restart)
      server.closeAllConnections()
      if (server.listening) await promisify(server.close.bind(server))()
    },
  }
}

function tlsOptions({ cert, key, ca, requestClientCert = false }: NonNullable<Wiring['tls']>): ServerOptions {
  return {
    cert,
    key,
    requestCert: requestClientCert,
    rejectUnauthorized: requestClientCert,
    ...(ca === undefined ? {} : { ca }),
  }
}
