import { isObject } from '../../src/milvus/envelope.ts'
import type { JsonObject } from '../../src/milvus/envelope.ts'
import { createExchange } from '../../src/milvus/exchange.ts'
import type { Exchange } from '../../src/milvus/exchange.ts'
import { createLook } from '../../src/milvus/service.ts'
import { createSanitiser } from '../../src/render/untrusted.ts'
import type { Conclusion } from '../../src/watch/conclusion.ts'
import { DEFAULT_POLICY } from '../../src/watch/policy.ts'
import { watchImports } from '../../src/watch/watch-imports.ts'
import { json } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { loadFixture } from '../simulator/fixtures.ts'
import { startSimulator } from '../simulator/server.ts'
import { makeCertificates } from '../support/certificates.ts'
import { FakeClock, quiescence } from '../support/fake-clock.ts'
import type { Fault } from './faults.ts'
import { fixtureAt, INTERVAL_MS, MAX_OUTAGE_MS } from './moments.ts'
import type { Duration, Moment } from './moments.ts'
import { openCrossroads } from './ways.ts'
import type { Way } from './ways.ts'

/** One fault at one moment for one duration. */
export interface Cell {
  readonly fault: Fault
  readonly moment: Moment
  readonly duration: Duration
}

/** How the wait of a cell ended. */
export interface Ended {
  readonly conclusion: Conclusion
  readonly endedAtMs: number
  /** Requests that met the fault. */
  readonly metFault: number
}

/** Real servers, which play one cell for each path prefix. */
export interface Stage {
  readonly play: (cell: Cell) => Promise<Ended>
  readonly close: () => Promise<void>
}

const JOB = '470592729907200001'
/** Only a request that meets a fault that hangs is given up so soon: a busy machine must not spoil the others. */
const PATIENCE_WITH_A_HANG_MS = 60
const PATIENCE_MS = 30_000

/** Opens the servers. */
export async function openStage(): Promise<Stage> {
  const answers = new Map<string, () => Reply>()
  const gateway = ({ path }: { readonly path: string }) => answers.get(path.split('/')[1] ?? '')?.()
  const [service, crossroads] = await Promise.all([
    startSimulator({ dialect: 'milvus', version: '2.6', jobs: [], gateway }),
    Promise.all([makeCertificates(), makeCertificates('Another root of the tests')]).then(([known, strangers]) =>
      openCrossroads(gateway, known, strangers),
    ),
  ])
  const straight: Way = {
    origin: service.url,
    transport: {
      endpoint: service.url,
      tls: {
        ca: undefined,
        clientCert: undefined,
        clientKey: undefined,
        serverName: undefined,
        extraCaPath: undefined,
      },
      proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    },
    turn: () => service.url,
    close: () => Promise.resolve(),
  }
  let cells = 0

  const play = async ({ fault, moment, duration }: Cell): Promise<Ended> => {
    const { where, hangs } = fault
    const id = `cell-${(cells += 1)}`
    const clock = new FakeClock()
    const span = moment.spans[duration]
    const isFaulty = () => clock.now() >= span.fromMs && clock.now() < span.untilMs
    answers.set(id, () => {
      const good = goodAnswer(clock.now(), moment.completesAtMs)
      if (where.kind === 'answer') return isFaulty() ? where.instead(good) : json(good)
      // Each look is to take the way anew.
      return json(good, 200, { Connection: 'close' })
    })
    const way = where.kind === 'way' ? await crossroads.openWay(where.way) : straight
    const exchange = createExchange(way.transport)
    const traffic = createTraffic()
    let metFault = 0
    const post: Exchange['post'] = (request) => {
      const faulty = isFaulty()
      if (faulty) metFault += 1
      const url = request.url.replace(way.origin, way.turn(faulty))
      const timeoutMs = faulty && hangs === true ? PATIENCE_WITH_A_HANG_MS : request.timeoutMs
      return traffic.counted(exchange.post({ ...request, url, timeoutMs }))
    }
    const look = createLook({
      endpoint: `${way.origin}/${id}`,
      apiKey: 'root:Milvus',
      headers: [],
      clusterId: undefined,
      projectId: undefined,
      regionId: undefined,
      dbName: undefined,
      requestTimeoutMs: PATIENCE_MS,
      userAgent: 'milvus-import-gate/test',
      exchange: { ...exchange, post },
      sanitise: createSanitiser([]),
      onExchange: () => undefined,
    })
    const watch = watchImports({
      jobIds: [JOB],
      policy: {
        ...DEFAULT_POLICY,
        timeoutMs: moment.timeoutMs,
        // The greener setting, so that a wrong end shows.
        onTimeout: 'pass',
        pollIntervalMs: INTERVAL_MS,
        maxOutageMs: MAX_OUTAGE_MS,
      },
      look,
      clock,
      random: () => 0,
      interrupt: new AbortController().signal,
      startedAtMs: clock.now(),
    })
    try {
      const conclusion = await clock.until(conclusionOf(watch), traffic.idle)
      return { conclusion, endedAtMs: clock.now(), metFault }
    } finally {
      answers.delete(id)
      await Promise.all([exchange.close(), way.close()])
    }
  }

  return {
    play,
    close: async () => {
      await Promise.all([service.close(), crossroads.close()])
    },
  }
}

function goodAnswer(nowMs: number, completesAtMs: number): JsonObject {
  const name = fixtureAt(nowMs, completesAtMs)
  const known = replies.get(name) ?? loadFixture(name).reply
  replies.set(name, known)
  if (!isObject(known)) throw new Error(`${name} is no good answer`)
  return known
}

const replies = new Map<string, unknown>()

async function conclusionOf(watch: ReturnType<typeof watchImports>): Promise<Conclusion> {
  for await (const event of watch) if (event.kind === 'ended') return event.conclusion
  throw new Error('the watch ended without a conclusion')
}

/** Real requests under way, during which virtual time has to stand still. */
function createTraffic() {
  const underWay = new Set<Promise<unknown>>()
  return {
    counted: <T>(request: Promise<T>): Promise<T> => {
      const counted = request.finally(() => underWay.delete(counted))
      underWay.add(counted)
      return counted
    },
    idle: async (): Promise<void> => {
      await quiescence()
      while (underWay.size > 0) {
        await Promise.all(underWay)
        await quiescence()
      }
    },
  }
}

/** Runs `work` over all items, at most `limit` at a time; results in the order given. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  const worker = async () => {
    for (const [i, item] of rest) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: limit }, worker))
  return results
}
