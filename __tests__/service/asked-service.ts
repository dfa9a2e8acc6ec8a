import type { RequestRecord } from '../../src/gate/import-service.ts'
import { createExchange, transportTo } from '../../src/service/http.ts'
import type { HttpConnection, HttpRequest } from '../../src/connection.ts'
import type { Transport } from '../../src/connection.ts'
import { createService } from '../../src/service/service.ts'
import type { ServiceOptions } from '../../src/service/service.ts'
import type { ServiceError } from '../../src/gate/job.ts'
import { nextStepFor, whatHappened } from '../../src/messages/service-errors.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { RequestOptions } from '../../src/gate/import-service.ts'
import type { ImportService } from '../../src/gate/import-service.ts'
import type { ServiceRequest } from '../simulator/dialects.ts'
import type { Reply } from '../simulator/faults.ts'
import { startSimulator } from '../simulator/server.ts'
import type { SeenRequest, Simulator } from '../simulator/server.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** The key that no one may read anywhere. */
export const KEY = 'root:Milvus-Passw0rd'

/** What a server says to each request. */
export type Answering = (request: ServiceRequest, nth: number) => Reply

/** A server and somebody who asks it. */
export interface AskedService {
  readonly service: ImportService
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** What was sent to a path, in turn. */
  readonly bodiesOf: (path: string) => readonly unknown[]
  readonly exchanges: readonly RequestRecord[]
  /** Addresses that connections of their own were opened to. */
  readonly opened: readonly string[]
}

const toClose: { close: () => Promise<void> }[] = []

/** To be called after each test. */
export async function closeAll(): Promise<void> {
  await Promise.all(toClose.splice(0).map((opened) => opened.close()))
}

/** A server that answers like this and nothing else. */
export async function serving(answering: Answering): Promise<Simulator> {
  const server = await startSimulator({ dialect: 'milvus', version: '3.0', jobs: [], gateway: answering })
  toClose.push(server)
  return server
}

/** Somebody who asks a server that answers like this. */
export async function asking(
  answering: Answering,
  options: Partial<ServiceOptions> & { readonly connection?: Partial<Transport> } = {},
): Promise<AskedService> {
  const server = await serving(answering)
  const { connection, ...rest } = options
  const transport: Transport = {
    endpoint: rest.endpoint ?? server.url,
    tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    ...connection,
  }
  const exchange = createExchange(transport)
  toClose.push(exchange)
  const exchanges: RequestRecord[] = []
  const opened: string[] = []
  const service = createService({
    endpoint: server.url,
    apiKey: KEY,
    headers: [],
    clusterId: undefined,
    projectId: undefined,
    regionId: undefined,
    dbName: undefined,
    requestTimeoutMs: 5_000,
    userAgent: 'milvus-import-gate/test',
    exchange,
    sanitize: createSanitizer([KEY]),
    onExchange: (record) => exchanges.push(record),
    clock: new FakeClock(),
    collectionName: 'books',
    dataPlane: { kind: 'same' },
    openExchange: (endpoint) => {
      opened.push(endpoint)
      const elsewhere = createExchange(transportTo(endpoint, transport))
      toClose.push(elsewhere)
      return elsewhere
    },
    ...rest,
  })
  return {
    service,
    url: server.url,
    requests: server.requests,
    bodiesOf: (path) =>
      server.requests.filter((request) => request.path === path).map(({ body }) => JSON.parse(body) as unknown),
    exchanges,
    opened,
  }
}

/** Answers every request with these data, in no time and over no network; `asked` is told of each. */
export function played(data: () => unknown, asked: (url: string) => void = () => undefined): HttpConnection {
  const reply = ({ url }: Pick<HttpRequest, 'url'>) => {
    asked(url)
    const body = JSON.stringify({ code: 0, data: data() })
    const sizeBytes = Buffer.byteLength(body)
    return Promise.resolve({
      kind: 'reply' as const,
      status: 200,
      headers: {},
      body,
      sizeBytes,
    })
  }
  return { send: reply, close: () => Promise.resolve() }
}

/** Replies in turn, the last one for ever. */
export function inTurn(...replies: readonly [Reply, ...Reply[]]): Answering {
  return (_request, nth) => replies[Math.min(nth, replies.length - 1)] ?? replies[0]
}

/** A result with the words for its error in place of the facts. */
export function inWords(result: object): object {
  const { error, ...rest } = result as { readonly error?: ServiceError }
  if (error === undefined) return result
  return { ...rest, error: { outcome: error.outcome, what: whatHappened(error), next: nextStepFor(error) } }
}

/** With all the time and all the turns that are wanted, unless told otherwise. */
export function asMany({ turns = Infinity, signal = new AbortController().signal } = {}): RequestOptions {
  let left = turns
  return { signal, turn: () => Promise.resolve(left-- > 0) }
}
