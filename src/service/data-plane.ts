import type { RequestOptions } from '../gate/import-service.ts'
import type { NoResponse } from '../gate/import-service.ts'
import type { DataPlane } from '../connection.ts'
import type { AddressSource } from '../gate/job.ts'
import { createClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { errorOf, readResponse } from './errors.ts'
import type { RequestContext, Response } from './errors.ts'
import { clusterPath } from './dialects.ts'
import { valueOf } from './envelope.ts'
import type { HttpConnection } from './http.ts'
import { isControlPlane, isZillizCloud } from '../hosts.ts'

/** Whom to ask about collections, and the input that says where that is. */
export interface ResolvedDataPlane {
  readonly kind: 'reached'
  readonly client: Client
  readonly address: AddressSource
}

/** The way to the data plane. */
export interface DataPlaneResolver {
  /** It is at another address than the jobs, as far as can be known before it is asked for. */
  readonly isElsewhere: boolean
  /** May take a request the first time. */
  reach(options: RequestOptions): Promise<ResolvedDataPlane | NoResponse>
}

/** The way to the data plane; `openExchange` is called at most once, and only for an address that is not the endpoint's. */
export function createReach(
  control: Client,
  options: ClientOptions,
  dataPlane: DataPlane,
  openExchange: (endpoint: string) => HttpConnection,
): DataPlaneResolver {
  let reached: ResolvedDataPlane | undefined
  const isElsewhere = (endpoint: string) => new URL(endpoint).origin !== new URL(options.endpoint).origin
  const reachAt = (endpoint: string, but: Partial<ClientOptions> = {}): Client =>
    createClient({
      ...options,
      endpoint,
      exchange: isElsewhere(endpoint) ? openExchange(endpoint) : options.exchange,
      ...but,
    })

  const reach: DataPlaneResolver['reach'] = async (ask) => {
    if (reached !== undefined) return reached
    switch (dataPlane.kind) {
      case 'same':
        reached = { kind: 'reached', client: control, address: 'endpoint' }
        return reached
      case 'address':
        reached = { kind: 'reached', client: reachAt(dataPlane.endpoint), address: 'cluster-endpoint' }
        return reached
      case 'cluster': {
        const address = await askForAddress(control, options, ask)
        if (address.kind !== 'answered') return address
        // Two calls may have asked at the same time. Headers of the user's own are for the addresses of the user's own.
        reached ??= { kind: 'reached', client: reachAt(address.value, { headers: [] }), address: 'named' }
        return reached
      }
    }
  }
  const isElsewhereFirst =
    dataPlane.kind === 'cluster' || (dataPlane.kind === 'address' && isElsewhere(dataPlane.endpoint))
  return { isElsewhere: isElsewhereFirst, reach }
}

async function askForAddress(
  control: Client,
  { clusterId = '', endpoint }: ClientOptions,
  options: RequestOptions,
): Promise<Response<string>> {
  return control.ask({ path: clusterPath(clusterId), body: undefined }, options, (raw) => {
    const context = control.context({ operation: 'cluster' })
    const said = readResponse(raw, context, ({ data }) => data && wordOf(valueOf(data, 'connectAddress')))
    return said.kind === 'answered' ? addressIn(said.value, new URL(endpoint), context) : said
  })
}

const MAX_ADDRESS = 200

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function addressIn(text: string, asked: URL, context: RequestContext): Response<string> {
  const fault = faultOf(text, asked)
  if (fault === undefined) {
    const { origin, pathname } = new URL(text)
    return { kind: 'answered', value: origin + pathname.replace(/\/+$/, '') }
  }
  const facts = { message: context.sanitize(text, MAX_ADDRESS), detail: fault }
  const error = errorOf('cluster-address', 'cluster-address', context, facts)
  return { kind: 'refused', error, hostHasAnswered: context.hostHasAnswered }
}

/** Why a key must not go to an address that the service at `asked` has named. */
function faultOf(text: string, asked: URL): 'no-url' | 'userinfo' | 'plain' | 'foreign' | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\\\p{C}]/u.test(text) || !URL.canParse(text)) return 'no-url'
  const { protocol, username, password, hostname } = new URL(text)
  if (username !== '' || password !== '') return 'userinfo'
  if (protocol !== 'https:' && asked.protocol !== 'http:') return 'plain'
  return isControlPlane(asked.hostname) && !isZillizCloud(hostname) ? 'foreign' : undefined
}
