import type { Socket } from 'node:net'
import type { Transport } from '../../src/connection.ts'
import type { Certificates } from '../support/certificates.ts'
import { closedPort, listen, pipeTo, startProxy } from './servers.ts'
import { startSimulator } from '../simulator/server.ts'
import type { Simulator } from '../simulator/server.ts'

/** What may be wrong on the way to a service. */
export type WayName = (typeof DETOURS)[number] | keyof typeof TLS_FAULTS | keyof typeof PROXY_FAULTS

/** The way of one client to the service; while the fault is on it leads elsewhere. */
export interface Way {
  /** Origin of the service. */
  readonly origin: string
  readonly transport: Transport
  /** Lets the fault come or go; what is asked meanwhile. */
  readonly turn: (isFaulty: boolean) => string
  readonly close: () => Promise<void>
}

/** The places to which ways lead: opened once, shared by all clients. */
export interface Crossroads {
  readonly openWay: (name: WayName) => Promise<Way>
  readonly close: () => Promise<void>
}

const DETOURS = ['a closed port', 'a host that DNS does not know'] as const

/** What answers a TLS handshake in the place of the service. */
const TLS_FAULTS = {
  'a certificate of an unknown authority': 'stranger',
  'a certificate that has expired': 'expired',
  'a certificate for another host': 'wrongHost',
  'a client certificate demanded': 'mutual',
  'plain HTTP where TLS is spoken': 'plain',
  'TLS cut in the handshake': 'cut',
  'TLS that hangs in the handshake': 'hang',
} as const

const PROXY_FAULTS = {
  'a proxy that hangs': { kind: 'hangs' },
  'a proxy that cuts the connection': { kind: 'cuts' },
  'a proxy that answers 403': { kind: 'refuses', status: 403 },
  'a proxy that answers 502': { kind: 'refuses', status: 502 },
  'a proxy that answers 503': { kind: 'refuses', status: 503 },
  'a proxy that asks for credentials': { kind: 'asks for credentials', user: 'u', password: 'p' },
  'a proxy that asks for credentials, plain http': { kind: 'asks for credentials', user: 'u', password: 'p' },
  'a proxy that hangs, plain http': { kind: 'hangs' },
  'a proxy that cuts the connection, plain http': { kind: 'cuts' },
  'a proxy that answers 403, plain http': { kind: 'refuses', status: 403 },
  'a proxy that answers 502, plain http': { kind: 'refuses', status: 502 },
} as const

/** No name has a label of more than 63 characters, and none is asked for: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4 */
const NO_SUCH_HOST = `${'x'.repeat(64)}.test`

type Gateway = NonNullable<Parameters<typeof startSimulator>[0]['gateway']>

/** Opens everything that ways may lead to; `gateway` is what the good service says, and what the bad ones must not be believed. */
export async function openCrossroads(
  gateway: Gateway,
  certificates: Certificates,
  strangers: Certificates,
): Promise<Crossroads> {
  const rules = { dialect: 'milvus', version: '2.6', jobs: [], gateway } as const
  const { ca, server, expired, wrongHost } = certificates
  const services: Record<Exclude<(typeof TLS_FAULTS)[keyof typeof TLS_FAULTS], 'cut' | 'hang'> | 'good', Simulator> = {
    good: await startSimulator(rules, { tls: server }),
    stranger: await startSimulator(rules, { tls: strangers.server }),
    expired: await startSimulator(rules, { tls: expired }),
    wrongHost: await startSimulator(rules, { tls: wrongHost }),
    mutual: await startSimulator(rules, { tls: { ...server, ca: ca.cert, requestClientCert: true } }),
    plain: await startSimulator(rules),
  }
  const goodProxy = await startProxy({ kind: 'forwards' })
  const badProxies = new Map(
    await Promise.all(
      Object.entries(PROXY_FAULTS).map(async ([name, manners]) => [name, await startProxy(manners)] as const),
    ),
  )
  const closedOrigin = `https://127.0.0.1:${await closedPort()}`

  const transport = (endpoint: string, proxy: string | undefined): Transport => ({
    endpoint,
    tls: {
      ca: { kind: 'pem', pem: ca.cert },
      clientCert: undefined,
      clientKey: undefined,
      serverName: undefined,
      extraCaPath: undefined,
    },
    proxy: { httpProxy: proxy, httpsProxy: proxy, noProxy: '' },
  })

  const openWay = async (name: WayName): Promise<Way> => {
    if (isDetour(name)) {
      const { url } = services.good
      const elsewhere = name === 'a closed port' ? closedOrigin : `https://${NO_SUCH_HOST}`
      const turn = (isFaulty: boolean) => (isFaulty ? elsewhere : url)
      return { origin: url, transport: transport(url, undefined), turn, close: () => Promise.resolve() }
    }
    const badProxy = badProxies.get(name)
    if (badProxy !== undefined) {
      const origin = name.endsWith('plain http') ? services.plain.url : services.good.url
      const road = await openRoad(goodProxy.port, leadTo(badProxy.port))
      return { ...road, origin, transport: transport(origin, `http://127.0.0.1:${road.port}`), turn: road.turn(origin) }
    }
    const fault = TLS_FAULTS[name as keyof typeof TLS_FAULTS]
    const road = await openRoad(
      portOf(services.good),
      fault === 'cut' ? cutAtFirstByte : fault === 'hang' ? () => undefined : leadTo(portOf(services[fault])),
    )
    const origin = `https://127.0.0.1:${road.port}`
    return { ...road, origin, transport: transport(origin, undefined), turn: road.turn(origin) }
  }

  return {
    openWay,
    close: async () => {
      await Promise.all([...Object.values(services), goodProxy, ...badProxies.values()].map((opened) => opened.close()))
    },
  }
}

function isDetour(name: WayName): name is (typeof DETOURS)[number] {
  return (DETOURS as readonly string[]).includes(name)
}

/** A port that leads to another one, but while it is faulty. */
async function openRoad(goodPort: number, whileFaulty: (socket: Socket) => void) {
  let isFaulty = false
  const { port, close } = await listen((socket) => {
    if (isFaulty) whileFaulty(socket)
    else pipeTo(goodPort, socket)
  })
  const turn = (origin: string) => (faulty: boolean) => {
    isFaulty = faulty
    return origin
  }
  return { port, close, turn }
}

const leadTo = (port: number) => (socket: Socket) => {
  pipeTo(port, socket)
}

function cutAtFirstByte(socket: Socket): void {
  socket.once('data', () => {
    socket.resetAndDestroy()
  })
}

function portOf({ url }: Simulator): number {
  return Number(new URL(url).port)
}
