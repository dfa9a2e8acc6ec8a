import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { admit, maySee, success, unknownCollection, unknownJob } from './dialects.ts'
import type { ListQuery, ServiceRequest, ServiceRules } from './dialects.ts'
import { play, text, type Reply } from './faults.ts'
import { fixtureReply } from './fixtures.ts'
import { project, recordOf, type JobData, type TimeOf } from './projection.ts'
import { databaseOf, DEFAULT_DATABASE, lineAt, type JobScript } from './script.ts'

/** A service and the jobs that it knows. */
export type ServiceScript = ServiceRules & {
  readonly jobs: readonly JobScript[]
  /** Collections of the default database that no job is about. */
  readonly collections?: readonly string[]
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

/** A service whose jobs begin to play when they are first looked at, by themselves or in a list. */
function openService(script: ServiceScript, speed: number): (request: ServiceRequest) => Answer {
  const jobs = new Map(script.jobs.map((job) => [job.jobId, openJob(job, script, speed)]))
  let count = 0
  return (request) => {
    const inFront = script.gateway?.(request, count++)
    if (inFront !== undefined) return { reply: inFront }
    const admission = admit(request, script)
    switch (admission.kind) {
      case 'refused':
        return admission
      case 'list':
        return { reply: listReply(admission, script, [...jobs.values()]) }
      case 'describe': {
        const { jobId } = admission
        return { jobId, ...(jobs.get(jobId)?.describe(request) ?? { reply: unknownJob(script, jobId) }) }
      }
    }
  }
}

function listReply(query: ListQuery, script: ServiceScript, jobs: readonly OpenJob[]): Reply {
  const { database, collectionName, page } = query
  const isKnown = (name: string) =>
    (database === DEFAULT_DATABASE && script.collections?.includes(name) === true) ||
    script.jobs.some((job) => job.collectionName === name && databaseOf(job) === database)
  if (script.dialect === 'milvus' && collectionName !== undefined && !isKnown(collectionName)) {
    return unknownCollection(database ?? DEFAULT_DATABASE, collectionName)
  }
  const records = jobs
    .filter(({ job }) => maySee(script, databaseOf(job)))
    .filter(({ job }) => database === undefined || databaseOf(job) === database)
    .filter(({ job }) => collectionName === undefined || job.collectionName === collectionName)
    .flatMap((job) => job.sight() ?? [])
    .map((data) => recordOf(data, script))
  if (page === undefined) return success(script, { records })
  const { size, current } = page
  return success(script, {
    count: records.length,
    currentPage: current,
    pageSize: size,
    records: records.slice((current - 1) * size, current * size),
  })
}

/** What a look counts for where a script that counts looks needs wall-clock time: the server's own tick. */
const tickMs = 2000

/** A job and the ways to look at it. */
interface OpenJob {
  readonly job: JobScript
  readonly describe: (request: ServiceRequest) => Answer
  /** For a list; undefined where the job is gone, or where its script has a ready answer in the place of a state. */
  readonly sight: () => JobData | undefined
}

function openJob(job: JobScript, service: ServiceRules, speed: number): OpenJob {
  const unitMs = job.clock === 'looks' ? tickMs : 1
  let firstLookAt: number | undefined
  let looks = 0
  const look = () => {
    const nth = looks++
    const now = Date.now()
    const startedAt = (firstLookAt ??= now)
    const position = job.clock === 'looks' ? nth : (now - startedAt) * speed
    return { nth, position, timeOf: (at: number) => new Date(startedAt + at * unitMs) }
  }
  return {
    job,
    describe(request) {
      const { nth, position, timeOf } = look()
      return { look: nth, reply: job.answer?.(request, nth) ?? replyAt(job, position, service, timeOf) }
    },
    sight() {
      const { position, timeOf } = look()
      // What spoils the answers about one job does not spoil a list of all.
      const line = lineAt({ ...job, faults: [] }, position)
      return line.kind === 'standing' ? project(job, line.standing, service, timeOf) : undefined
    },
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
