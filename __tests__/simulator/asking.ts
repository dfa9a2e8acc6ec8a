import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { text as readText } from 'node:stream/consumers'
import { fileSeries } from './scenarios.ts'
import type { JobScript } from './script.ts'
import { startSimulator, type ServiceScript, type Simulator, type Wiring } from './server.ts'

/** The id of {@link aJob}. */
export const jobId = '470592729907200001'

/** Ids as Zilliz Cloud has them. */
export const cloudJobId = 'job-0123456789abcdefghijk'
export const clusterId = 'in01-0a1b2c3d4e5f678'

const running: Simulator[] = []

/** Starts a service that {@link closeAll} ends. */
export async function start(script: ServiceScript, wiring?: Wiring): Promise<Simulator> {
  const service = await startSimulator(script, wiring)
  running.push(service)
  return service
}

/** Ends the services that a test has started. */
export async function closeAll(): Promise<void> {
  await Promise.all(running.splice(0).map((service) => service.close()))
}

/** A request; a poll {@link aJob} unless told otherwise. */
export interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: unknown
}

/** What came back. */
export interface Got {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Sends a request by itself, on a connection of its own. */
export async function send(url: string, sent: Sent = {}, tls: RequestOptions = {}): Promise<Got> {
  const { path = '/v2/vectordb/jobs/import/describe', method = 'POST', headers = {}, body = { jobId } } = sent
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url + path, {
      ...tls,
      method,
      headers,
      agent: false,
    })
    request.once('response', resolve).once('error', reject)
    request.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  return { status: response.statusCode, headers: response.headers, body: await readText(response) }
}

/** A completed job of three files, but for what is said. */
export function aJob(changes: Partial<JobScript> = {}): JobScript {
  return {
    jobId,
    collectionName: 'products',
    files: fileSeries({ count: 3, path: 'catalog/part-{n}.parquet', rows: 1000, sizeBytes: 5000 }),
    course: [{ phase: 'Completed' }],
    ...changes,
  }
}

/** The envelope in an answer. */
export function parsed(got: Got) {
  return JSON.parse(got.body) as { code: number; message?: string; data?: Record<string, unknown> }
}
