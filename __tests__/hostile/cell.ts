import { isObject } from '../../src/service/envelope.ts'
import type { JsonObject } from '../../src/service/envelope.ts'
import { createExchange } from '../../src/service/http.ts'
import type { HttpConnection } from '../../src/connection.ts'
import { createService } from '../../src/service/service.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy, Selection } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
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
import { WALL_CLOCK_MS } from '../support/services.ts'

const JOB = '470592729907200001'

/** One fault at one moment for one duration. */
export interface Cell {
  readonly fault: Fault
  readonly moment: Moment
  readonly duration: Duration
}

/** One fault at a commit, once or whenever it is repeated, which the service carries out all the same or does not. */
export interface CommitCell {
  readonly fault: Fault
  readonly isCarriedOut: boolean
  readonly lasts: 'once' | 'for good'
}

/** The questions of a gate that finds its jobs and waits until they can be searched, by the end of their paths. */
export const SEARCH_ANSWERS = {
  '/import/list': { records: [{ jobId: JOB, collectionName: 'docs', state: 'Importing' }] },
  '/indexes/list': ['vector'],
  '/indexes/describe': [{ indexName: 'vector', indexState: 'Finished', totalRows: 5, indexedRows: 5, pendingRows: 0 }],
  '/get_load_state': { loadState: 'LoadStateLoaded', loadProgress: 100 },
  '/refresh_load': {},
  '/entities/query': [{ 'count(*)': 5 }],
  '/get_stats': { rowCount: 5 },
} as const
export type Question = keyof typeof SEARCH_ANSWERS

/** One fault at such a question, once or for good. */
export interface SearchCell {
  readonly fault: Fault
  readonly at: Question
  readonly lasts: 'once' | 'for good'
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
  readonly playCommit: (cell: CommitCell) => Promise<Ended>
  readonly playSearch: (cell: SearchCell) => Promise<Ended>
  readonly close: () => Promise<void>
}

/** Only a request that meets a fault that hangs is given up so soon: a busy machine must not spoil the others. */
const PATIENCE_WITH_A_HANG_MS = 60
const PATIENCE_MS = 30_000

/** One fault and the service around it. */
interface Performance {
  readonly fault: Fault
  readonly isFaulty: (path: string) => boolean
  readonly good: (path: string) => JsonObject
  readonly policy: Partial<Policy>
  readonly selection?: Selection
  readonly onRequest?: (path: string) => void
}

/** No fault outlasts it. */
export const DEADLINE_MS = 600_000
const COMMITTING_MS = 30_000
const COMPLETED = {
  jobId: JOB,
  state: 'Completed',
  progress: 100,
  importedRows: 5,
  totalRows: 5,
  collectionName: 'docs',
}

/** Opens the servers. */
export async function openStage(): Promise<Stage> {
  const answers = new Map<string, (path: string) => Reply>()
  const gateway = ({ path }: { readonly path: string }) => answers.get(path.split('/')[1] ?? '')?.(path)
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

  const perform = async (
    { fault, isFaulty, good, policy, selection, onRequest }: Performance,
    clock: FakeClock,
  ): Promise<Ended> => {
    const { where, hangs } = fault
    const id = `cell-${(cells += 1)}`
    answers.set(id, (path) => {
      const answer = good(path)
      if (where.kind === 'answer') return isFaulty(path) ? where.instead(answer) : json(answer)
      // Each request is to take the way anew.
      return json(answer, 200, { Connection: 'close' })
    })
    const way = where.kind === 'way' ? await crossroads.openWay(where.way) : straight
    const exchange = createExchange(way.transport)
    const traffic = createTraffic()
    let metFault = 0
    const send: HttpConnection['send'] = (request) => {
      onRequest?.(request.url)
      const faulty = isFaulty(request.url)
      if (faulty) metFault += 1
      const url = request.url.replace(way.origin, way.turn(faulty))
      const timeoutMs = faulty && hangs === true ? PATIENCE_WITH_A_HANG_MS : request.timeoutMs
      return traffic.counted(exchange.send({ ...request, url, timeoutMs }))
    }
    const service = createService({
      endpoint: `${way.origin}/${id}`,
      apiKey: 'root:Milvus',
      headers: [],
      clusterId: undefined,
      projectId: undefined,
      regionId: undefined,
      dbName: undefined,
      requestTimeoutMs: PATIENCE_MS,
      userAgent: 'milvus-import-gate/test',
      exchange: { ...exchange, send },
      sanitize: createSanitizer([]),
      onExchange: () => undefined,
      clock,
      collectionName: selection?.kind === 'discovered' ? selection.collectionName : undefined,
      dataPlane: { kind: 'same' },
      openExchange: () => exchange,
    })
    const watch = watchImports({
      selection: selection ?? { kind: 'given', jobIds: [JOB] },
      policy: {
        ...DEFAULT_POLICY,
        // The greener setting, so that a wrong end shows.
        onTimeout: 'pass',
        pollIntervalMs: INTERVAL_MS,
        maxOutageMs: MAX_OUTAGE_MS,
        ...policy,
      },
      service,
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
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

  const play = ({ fault, moment, duration }: Cell): Promise<Ended> => {
    const clock = new FakeClock()
    const { fromMs, untilMs } = moment.spans[duration]
    const isFaulty = () => clock.now() >= fromMs && clock.now() < untilMs
    const good = () => goodAnswer(clock.now(), moment.completesAtMs)
    return perform({ fault, isFaulty, good, policy: { timeoutMs: moment.timeoutMs } }, clock)
  }

  const playCommit = ({ fault, isCarriedOut, lasts }: CommitCell): Promise<Ended> => {
    const clock = new FakeClock()
    let commits = 0
    let committedAtMs = Infinity
    const isCommit = (path: string) => path.endsWith('/commit')
    const isFaulty = (path: string) => isCommit(path) && (lasts === 'for good' || commits <= 1)
    const good = (path: string): JsonObject => {
      if (!isCommit(path)) return twoPhaseAnswer(clock.now() - committedAtMs)
      if (isCarriedOut || !isFaulty(path)) committedAtMs = Math.min(committedAtMs, clock.now())
      return { code: 0, data: {} }
    }
    const onRequest = (path: string) => {
      if (isCommit(path)) commits += 1
    }
    const policy = { timeoutMs: DEADLINE_MS, onUncommitted: 'commit' } as const
    return perform({ fault, isFaulty, good, policy, onRequest }, clock)
  }

  const playSearch = ({ fault, at, lasts }: SearchCell): Promise<Ended> => {
    const clock = new FakeClock()
    let asked = 0
    const isFaulty = (path: string) => path.endsWith(at) && (lasts === 'for good' || asked <= 1)
    const good = (path: string): JsonObject => {
      const question = Object.entries(SEARCH_ANSWERS).find(([end]) => path.endsWith(end))
      return { code: 0, data: question === undefined ? COMPLETED : question[1] }
    }
    const onRequest = (path: string) => {
      if (path.endsWith(at)) asked += 1
    }
    const policy = {
      timeoutMs: DEADLINE_MS,
      waitFor: 'searchable',
      expectedCollectionRows: { min: 5, max: 5 },
    } as const
    const selection = { kind: 'discovered', collectionName: 'docs', since: undefined } as const
    return perform({ fault, isFaulty, good, policy, onRequest, selection }, clock)
  }

  return {
    play,
    playCommit,
    playSearch,
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

/** A job so long after its commit. */
function twoPhaseAnswer(committedForMs: number): JsonObject {
  const state = committedForMs < 0 ? 'Uncommitted' : committedForMs < COMMITTING_MS ? 'Committing' : 'Completed'
  const progress = state === 'Completed' ? 100 : 99
  return { code: 0, data: { jobId: JOB, state, progress, importedRows: 5, totalRows: 5, details: [] } }
}

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
