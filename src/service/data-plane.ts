import type { DataPlane, HttpConnection } from '../connection.ts'
import type { NoResponse, RequestOptions } from '../gate/import-service.ts'
import type { AddressSource } from '../gate/job.ts'
import { isControlPlane, isZillizCloud } from '../hosts.ts'
import { createClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { dialectOf } from './dialects.ts'
import { valueOf } from './envelope.ts'
import { errorOf, readSuccess, refused } from './errors.ts'

export interface DataPlaneOptions extends ClientOptions {
  readonly dataPlane: DataPlane
  /**
   * Connections to a data plane at another address than the endpoint's, with the rest of the connection as it is
   * (`transportTo`); called at most once, when a collection is first asked for. The caller closes them.
   */
  readonly openExchange: (endpoint: string) => HttpConnection
}

/** The way to the data plane. */
export interface DataPlaneResolver {
  /** It is at another address than the jobs, as far as can be known before it is asked for. */
  readonly isElsewhere: boolean
  /** May take a request the first time. */
  reach(options: RequestOptions): Promise<{ readonly kind: 'reached'; readonly client: Client } | NoResponse>
}

export function createReach(control: Client, options: DataPlaneOptions): DataPlaneResolver {
  const { dataPlane, openExchange } = options
  const isElsewhere = (endpoint: string) => new URL(endpoint).origin !== new URL(options.endpoint).origin
  const clientAt = (endpoint: string, address: AddressSource, headers = options.headers): Client => {
    const exchange = isElsewhere(endpoint) ? openExchange(endpoint) : options.exchange
    return createClient({ ...options, endpoint, address, headers, exchange })
  }
  let client: Client | undefined
  return {
    isElsewhere: dataPlane.kind === 'cluster' || (dataPlane.kind === 'address' && isElsewhere(dataPlane.endpoint)),
    async reach(request) {
      if (client === undefined && dataPlane.kind === 'cluster') {
        const named = await askForAddress(control, options, request)
        if (named.kind !== 'named') return named
        // Two calls may have asked at the same time. Headers of the user's own are for the addresses of the user's own.
        client ??= clientAt(named.endpoint, 'named', [])
      }
      client ??= dataPlane.kind === 'address' ? clientAt(dataPlane.endpoint, 'cluster-endpoint') : control
      return { kind: 'reached', client }
    },
  }
}

const MAX_ADDRESS = 200

async function askForAddress(
  control: Client,
  options: ClientOptions,
  request: RequestOptions,
): Promise<{ readonly kind: 'named'; readonly endpoint: string } | NoResponse> {
  const { clusterId = '', endpoint } = options
  const path = dialectOf(options).clusterPath?.(clusterId) ?? ''
  return control.request({ operation: 'cluster', path, body: undefined }, request, (answer) =>
    readSuccess(answer, ({ envelope: { data = {} }, context }) => {
      const sent = valueOf(data, 'connectAddress')
      const address = typeof sent === 'string' ? sent.trim() : ''
      if (address === '') return undefined
      const detail = faultOf(address, new URL(endpoint))
      if (detail !== undefined) {
        const message = context.sanitize(address, MAX_ADDRESS)
        return refused(errorOf('cluster-address', 'cluster-address', context, { message, detail }), context)
      }
      const { origin, pathname } = new URL(address)
      return { kind: 'named', endpoint: origin + pathname.replace(/\/+$/, '') } as const
    }),
  )
}

/** Why a key must not go to an address that the service at `asked` has named. */
function faultOf(text: string, asked: URL): 'no-url' | 'userinfo' | 'plain' | 'foreign' | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\\\p{C}]/u.test(text) || !URL.canParse(text)) return 'no-url'
  const { protocol, username, password, hostname } = new URL(text)
  if (username !== '' || password !== '') return 'userinfo'
  if (protocol !== 'https:' && asked.protocol !== 'http:') return 'plain'
  return isControlPlane(asked.hostname) && !isZillizCloud(hostname) ? 'foreign' : undefined
}
