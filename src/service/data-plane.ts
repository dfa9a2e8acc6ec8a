import type { RequestOptions } from '../gate/import-service.ts'
import type { NoResponse } from '../gate/import-service.ts'
import type { DataPlane } from '../connection.ts'
import { createClient } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import type { RequestContext } from './diagnose.ts'
import { valueOf } from './envelope.ts'
import type { HttpConnection } from './http.ts'
import { readResponse } from './found.ts'
import type { Response } from './found.ts'
import { ABOUT_THE_CLUSTER } from './question.ts'
import type { Question } from './question.ts'
import { isControlPlane, isZillizCloud } from '../hosts.ts'

/** Whom to ask about collections, and the input that says where that is. */
export interface ResolvedDataPlane {
  readonly kind: 'reached'
  readonly client: Client
  readonly addressInput: Question['addressInput']
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
        reached = { kind: 'reached', client: control, addressInput: '`endpoint`' }
        return reached
      case 'address':
        reached = { kind: 'reached', client: reachAt(dataPlane.endpoint), addressInput: '`cluster-endpoint`' }
        return reached
      case 'cluster': {
        const address = await askForAddress(control, options, ask)
        if (address.kind !== 'answered') return address
        // Two calls may have asked at the same time. Headers of the user's own are for the addresses of the user's own.
        reached ??= { kind: 'reached', client: reachAt(address.value, { headers: [] }), addressInput: NAMED_ADDRESS }
        return reached
      }
    }
  }
  const isElsewhereFirst =
    dataPlane.kind === 'cluster' || (dataPlane.kind === 'address' && isElsewhere(dataPlane.endpoint))
  return { isElsewhere: isElsewhereFirst, reach }
}

const NAMED_ADDRESS = '`cluster-endpoint` (empty: the address that the control plane names)'

async function askForAddress(
  control: Client,
  { clusterId = '', endpoint }: ClientOptions,
  { signal, turn }: RequestOptions,
): Promise<Response<string>> {
  if (!(await turn())) return { kind: 'cancelled' }
  const path = `/v2/clusters/${encodeURIComponent(clusterId)}`
  const answer = await control.ask({ path, jobId: undefined, body: undefined, signal }, (raw) => {
    const around = control.around(ABOUT_THE_CLUSTER)
    const said = readResponse(raw, around, ({ data }) => data && wordOf(valueOf(data, 'connectAddress')))
    return said.kind === 'answered' ? addressIn(said.value, new URL(endpoint), around) : said
  })
  if (answer.kind !== 'refused') return answer
  const advice = `${answer.error.advice} Or set \`cluster-endpoint\` to the address of the cluster, as the console shows it.`
  return { kind: 'refused', error: { ...answer.error, advice } }
}

const MAX_ADDRESS = 200

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function addressIn(text: string, asked: URL, { host, sanitize }: RequestContext): Response<string> {
  const fault = faultOf(text, asked)
  if (fault === undefined) {
    const { origin, pathname } = new URL(text)
    return { kind: 'answered', value: origin + pathname.replace(/\/+$/, '') }
  }
  return {
    kind: 'refused',
    error: {
      outcome: 'cluster-address',
      what: `${host} names “${sanitize(text, MAX_ADDRESS)}” as the address of the cluster, ${fault}, so that the key is not sent there.`,
      advice: 'Check `cluster-id` and `endpoint`.',
    },
  }
}

/** Why a key must not go to an address that the service at `asked` has named; completes a sentence. */
function faultOf(text: string, asked: URL): string | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\\\p{C}]/u.test(text) || !URL.canParse(text)) {
    return 'which is no URL that starts with https://'
  }
  const { protocol, username, password, hostname } = new URL(text)
  if (username !== '' || password !== '') return 'which has a user name in it'
  if (protocol !== 'https:' && asked.protocol !== 'http:') return 'which is not encrypted'
  if (isControlPlane(asked.hostname) && !isZillizCloud(hostname)) return 'which is not one of Zilliz Cloud'
  return undefined
}
