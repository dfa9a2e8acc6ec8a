import type { ServiceKind } from '../simulator/dialects.ts'

/** A real service that is put to the test. */
export interface Target {
  readonly kind: ServiceKind
  /** Base URL, without a trailing slash. */
  readonly endpoint: string
  /** Empty where the service asks for none. */
  readonly apiKey: string
  /** Zilliz Cloud only. */
  readonly clusterId: string | undefined
  /** What exactly was asked, as a stored reply names it. */
  readonly source: string
}

/** An answer as it came. */
export interface Answer {
  readonly httpStatus: number
  /** A text where the body is no JSON. */
  readonly body: unknown
}

type Environment = Readonly<Record<string, string | undefined>>

/** The service that `ENDPOINT`, `API_KEY`, and `MILVUS_VERSION` or `CLUSTER_ID` speak of. */
export function targetFrom(env: Environment): Target {
  const endpoint = variable(env, 'ENDPOINT').replace(/\/+$/, '')
  const apiKey = env['API_KEY'] ?? ''
  const { CLUSTER_ID: clusterId } = env
  if (clusterId) return { kind: { dialect: 'zilliz', version: '2026' }, endpoint, apiKey, clusterId, source: endpoint }
  const source = `milvusdb/milvus:${variable(env, 'MILVUS_VERSION')}`
  return { kind: kindOf(source), endpoint, apiKey, clusterId: undefined, source }
}

/** The value of an environment variable that has to be there. */
export function variable(env: Environment, name: string): string {
  const value = env[name]
  if (!value) throw new Error(`The environment variable ${name} is empty. Set it as CONTRIBUTING says.`)
  return value
}

/** Which service, in which version, the source of a stored reply speaks of. */
export function kindOf(source: string): ServiceKind {
  const line = /^milvusdb\/milvus:v(\d+\.\d+)\./.exec(source)?.[1]
  switch (line) {
    case '2.4':
    case '2.5':
    case '2.6':
    case '3.0':
      return { dialect: 'milvus', version: line }
    case undefined:
      return { dialect: 'zilliz', version: '2026' }
    default:
      throw new Error(`The embedded service does not know Milvus ${line}. Teach it, or test another version.`)
  }
}

/** Sends one request of the REST API, `path` being below `/v2/vectordb`. */
export async function ask({ endpoint, apiKey, clusterId }: Target, path: string, body: object): Promise<Answer> {
  const response = await fetch(`${endpoint}/v2/vectordb${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(apiKey !== '' && { Authorization: `Bearer ${apiKey}` }) },
    body: JSON.stringify({ ...body, ...(clusterId !== undefined && { clusterId }) }),
    signal: AbortSignal.timeout(60_000),
  })
  return { httpStatus: response.status, body: parsed(await response.text()) }
}

/** The data of an answer; throws what else it says. */
export function dataOf({ httpStatus, body }: Answer): unknown {
  if (typeof body === 'object' && body !== null && 'code' in body && 'data' in body && body.code === 0) return body.data
  throw new Error(`The service answered HTTP ${httpStatus}: ${JSON.stringify(body)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
