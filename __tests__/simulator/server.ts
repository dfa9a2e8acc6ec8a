import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { admit, success, unknownJob, type ServiceRequest, type ServiceRules } from './dialects.ts'
import { play, text, type Reply } from './faults.ts'
import { fixtureReply } from './fixtures.ts'
import { project, type TimeOf } from './projection.ts'
import { lineAt, type JobScript } from './script.ts'

/** A service and the jobs that it knows. */
export type ServiceScript = ServiceRules & {
  readonly jobs: readonly JobScript[]
  /** What stands in front of the service: where it answers, the service is not asked. The first request is 0. */
  readonly gateway?: (request: ServiceRequest, nth: number) => Reply | undefined
}

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
  /** The job that was asked for and how often it had been before; undefined where the checks did not get so far. */
  readonly jobId: string | undefined
  readonly look: number | undefined
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
  const services = Object.entries(scripts).map(([prefix, script]) => ({ prefix, answer: openService(script, speed) }))
  const requests: SeenRequest[] = []

  const serve: RequestListener = (incoming, response) => {
    void readText(incoming)
      .then((body) => {
        const { method = '', url: path = '', headers } = incoming
        const mount = services.find(({ prefix }) => path.startsWith(`${prefix}/`))
        const request = { method, path: path.slice(mount?.prefix.length).replace(/\?.*$/s, ''), headers, body }
        const answer = mount?.answer(request) ?? { reply: text(404, 'No service is mounted here.') }
        requests.push({ ...request, path, jobId: answer.jobId, look: answer.look })
        return play(answer.reply, response)
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
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    jobIds: Object.values(scripts).flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId)),
    connectionCount: () => connectionCount,
    close: async () => {
      server.closeAllConnections()
      await promisify(server.close.bind(server))()
    },
  }
}

interface Answer {
  readonly reply: Reply
  readonly jobId?: string
  readonly look?: number
}

/** A service whose jobs begin to play when they are first looked at. */
function openService(script: ServiceScript, speed: number): (request: ServiceRequest) => Answer {
  const jobs = new Map(script.jobs.map((job) => [job.jobId, openJob(job, script, speed)]))
  let count = 0
  return (request) => {
    const inFront = script.gateway?.(request, count++)
    if (inFront !== undefined) return { reply: inFront }
    const admission = admit(request, script)
    if (admission.kind === 'refused') return admission
    const { jobId } = admission
    return { jobId, ...(jobs.get(jobId)?.(request) ?? { reply: unknownJob(script, jobId) }) }
  }
}

/** What a look counts for where a script that counts looks needs wall-clock time: the server's own tick. */
const tickMs = 2000

function openJob(job: JobScript, service: ServiceRules, speed: number): (request: ServiceRequest) => Answer {
  const unitMs = job.clock === 'looks' ? tickMs : 1
  let firstLookAt: number | undefined
  let looks = 0
  return (request) => {
    const look = looks++
    const now = Date.now()
    const startedAt = (firstLookAt ??= now)
    const position = job.clock === 'looks' ? look : (now - startedAt) * speed
    const timeOf = (at: number) => new Date(startedAt + at * unitMs)
    return { look, reply: job.answer?.(request, look) ?? replyAt(job, position, service, timeOf) }
  }
}

function replyAt(job: JobScript, position: number, service: ServiceRules, timeOf: TimeOf): Reply {
  const line = lineAt(job, position)
  switch (line.kind) {
    case 'reply':
      return line.reply
    case 'fixture':
      return fixtureReply(line.name, job.jobId)
    case 'gone':
      return unknownJob(service, job.jobId)
    case 'standing':
      return success(service, project(job, line.standing, service, timeOf))
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
