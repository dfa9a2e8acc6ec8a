import type { HttpConnection } from '../../src/connection.ts'
import { createPoll } from '../support/poller.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { corpus } from './corpus.ts'
import { changeAt, durationSecondsOf, seeded } from './trace.ts'
import type { Trace } from './trace.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'

/** What a watch over several jobs asks of the service, on average until the last of them is done. */
export interface RequestRate {
  readonly jobs: number
  readonly requestsPerMinute: number
  /** Of a loop that describes every unfinished job every 5 s, however many there are. */
  readonly naiveRequestsPerMinute: number
}

const NAIVE_PAUSE_SECONDS = 5
/** What a request takes. */
const LATENCY_MS = 50

/** Imports of five minutes to half an hour that come through: one that fails would end the watch. */
const TRACES = corpus().filter((trace) => {
  const seconds = durationSecondsOf(trace)
  return seconds >= 300 && seconds <= 1_800 && trace.changes.at(-1)?.state === 'Completed'
})

/** Watches so many jobs of one database, which began together, in virtual time and down to the HTTP exchange. */
export async function requestRateOf(jobs: number): Promise<RequestRate> {
  const traces = Array.from({ length: jobs }, (_, i) => TRACES[i % TRACES.length]).filter(
    (trace) => trace !== undefined,
  )
  const jobsById = new Map(traces.map((trace, i) => [String(i + 1), trace]))
  const naivePolls = traces.map((trace) => 1 + Math.ceil(durationSecondsOf(trace) / NAIVE_PAUSE_SECONDS))
  const lastsMinutes = Math.max(...traces.map(durationSecondsOf)) / 60
  return {
    jobs,
    requestsPerMinute: (await requestsOf(jobsById)) / lastsMinutes,
    naiveRequestsPerMinute: naivePolls.reduce((sum, polls) => sum + polls, 0) / lastsMinutes,
  }
}

async function requestsOf(jobsById: ReadonlyMap<string, Trace>): Promise<number> {
  const clock = new FakeClock()
  const jobIds = [...jobsById.keys()]
  let requests = 0
  const options = {
    endpoint: 'https://milvus.test',
    apiKey: '',
    headers: [],
    clusterId: undefined,
    projectId: undefined,
    regionId: undefined,
    dbName: undefined,
    requestTimeoutMs: DEFAULT_POLICY.requestTimeoutMs,
    userAgent: 'bench',
    exchange: serviceOf(jobsById, clock),
    sanitize: String,
    onExchange: () => {
      requests += 1
    },
  }
  const events = watchImports({
    selection: { kind: 'given', jobIds },
    // The corpus has an import of zero rows.
    policy: { ...DEFAULT_POLICY, expectedRows: { min: 0, max: undefined } },
    service: serviceThat({ pollerFor: () => createPoll(options, { jobIds, clock, collectionName: undefined }) }),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: seeded(1),
    interrupt: new AbortController().signal,
    startedAtMs: clock.now(),
  })
  const conclusion = await clock.until(
    (async () => {
      for await (const event of events) if (event.kind === 'ended') return event.conclusion.kind
      return undefined
    })(),
  )
  if (conclusion !== 'completed') throw new Error(`the watch over ${jobIds.length} jobs ended as ${conclusion}`)
  return requests
}

/** A Milvus that shows every job as its trace goes. */
function serviceOf(jobsById: ReadonlyMap<string, Trace>, clock: FakeClock): HttpConnection {
  const jobAt = (jobId: string, trace: Trace) => {
    const { state, progress, importedRows, totalRows } = changeAt(trace, clock.now() / 1_000)
    return { jobId, collectionName: 'products', state, progress, importedRows, totalRows }
  }
  const dataFor = (url: string, body: string) => {
    if (url.endsWith('/list')) return { records: [...jobsById].map(([jobId, trace]) => shortened(jobAt(jobId, trace))) }
    const { jobId } = JSON.parse(body) as { jobId: string }
    const trace = jobsById.get(jobId)
    if (trace === undefined) throw new Error(`nobody knows the job ${jobId}`)
    return jobAt(jobId, trace)
  }
  return {
    send: async ({ url, body = '', signal }) => {
      await clock.sleep(LATENCY_MS, signal)
      const reply = JSON.stringify({ code: 0, data: dataFor(url, body) })
      return {
        kind: 'reply',
        status: 200,
        headers: {},
        body: reply,
        sizeBytes: reply.length,
      }
    },
    close: () => Promise.resolve(),
  }
}

/** A list shows neither rows nor files. */
function shortened({ jobId, collectionName, state, progress }: Readonly<Record<string, string | number>>) {
  return { jobId, collectionName, state, progress }
}
