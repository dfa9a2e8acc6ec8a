import { describe, expect, it } from '@jest/globals'
import { DEFAULT_POLICY } from '../src/gate/policy.ts'
import type { PollResult } from '../src/gate/job.ts'
import { failurePatterns, matchFailure } from '../src/messages/failure-patterns.ts'
import { headline } from '../src/messages/outcomes.ts'
import { createSanitizer } from '../src/report/sanitize.ts'
import type { HttpReply } from '../src/connection.ts'
import { createPoll } from './support/poller.ts'
import { loadExchanges, loadTraces, RECORDED_VERSIONS, type Exchange, type Trace } from './simulator/recordings.ts'
import { asMany } from './service/asked-service.ts'
import { watchScripts } from './support/watching.ts'

const JOB_ID = '470801518653663527'

describe.each(RECORDED_VERSIONS)('a recorded reply of Milvus %s', (version) => {
  // Of one reply only the start was recorded.
  const polls = loadExchanges(version).filter(({ name, method, path, status }) => {
    return (
      method === 'POST' &&
      /jobs\/import\/(describe|get_progress)$/.test(path) &&
      status !== 0 &&
      !/huge jobId/.test(name)
    )
  })

  it('to a poll means what its code says', async () => {
    const results = await Promise.all(polls.map(async (exchange) => [exchange.name, (await polled(exchange)).kind]))
    expect(results).toEqual(polls.map((exchange) => [exchange.name, meaningOf(exchange)]))
  })

  it('keeps state, progress, rows and files', async () => {
    for (const exchange of polls.filter((each) => meaningOf(each) === 'answered')) {
      const result = await polled(exchange)
      if (result.kind !== 'answered') throw new Error(exchange.name)
      const { state, progress, importedRows, totalRows, details } = dataOf(exchange)
      expect(result.snapshot).toMatchObject({ label: state, progress, importedRows, totalRows })
      expect(result.snapshot.files.map(({ name }) => `[${name}]`)).toEqual(details.map(({ fileName }) => fileName))
    }
  })
})

it('of a server that shuts down shows the first line of its stack trace', async () => {
  const isTrace = ({ reply }: Exchange) => (reply as { code?: number } | undefined)?.code === 901
  const result = await polled(loadExchanges('3.0').find(isTrace)!)
  if (result.kind !== 'outage') throw new Error(result.kind)
  expect(result.error.message).toMatch(/^stack trace: \S+ \S+$/)
})

describe.each(
  RECORDED_VERSIONS.flatMap((version) => loadTraces(version).map((trace) => [version, trace.name, trace] as const)),
)('on Milvus %s, the recorded import "%s"', (_, __, trace) => {
  it('ends in the gate as it ended on the server', async () => {
    const { conclusion, endedAtMs, events } = await play(trace)
    const expected = endOf(trace)
    expect(conclusion.kind).toBe(expected)
    if (expected === 'timed-out') return

    const lastChangeMs = trace.replies.at(-1)!.atMs
    expect(endedAtMs).toBeGreaterThanOrEqual(lastChangeMs)
    expect(endedAtMs).toBeLessThan(lastChangeMs + Math.max(10_000, lastChangeMs / 4))

    if (expected !== 'failed') return
    const { sentence, code } = headline(conclusion, events.at(-1)!.view, DEFAULT_POLICY)
    const { reason } = trace.replies.at(-1)!.body.data
    expect(code).toBe(matchFailure(reason).code)
    expect(code).not.toBe(UNKNOWN)
    expect(sentence).toMatch(/\S: \S/)
  })
})

/** The code of a reason that no pattern knows. */
const UNKNOWN = failurePatterns()[0]!.code

function endOf({ ends, replies }: Trace) {
  const { importedRows } = replies.at(-1)!.body.data
  if (ends === null) return 'timed-out'
  if (ends === 'Completed') return importedRows === 0 ? 'rows-not-met' : 'completed'
  return ends.toLowerCase()
}

/** The import at its own times; the gate starts with the first reply. */
async function play({ jobId, replies, ends }: Trace) {
  const timeline: { atMs: number; result: PollResult }[] = []
  for (const { atMs, body } of replies) timeline.push({ atMs, result: await readReply(jobId, JSON.stringify(body)) })
  const script = ({ atMs }: { readonly atMs: number }) => timeline.findLast((each) => each.atMs <= atMs) ?? timeline[0]!
  const onUncommitted = ends === 'Uncommitted' ? 'fail' : 'wait'
  return watchScripts({ [jobId]: script }, { timeoutMs: 300_000, onUncommitted })
}

function meaningOf({ status, reply }: Exchange): PollResult['kind'] {
  const { code, message = '' } = (reply ?? {}) as { code?: number; message?: string }
  if (message.startsWith('import job does not exist')) return 'unknown-job'
  if (code === 901 || status === 408) return 'outage'
  return code === 0 ? 'answered' : 'refused'
}

function dataOf({ reply }: Exchange) {
  return (reply as Trace['replies'][number]['body']).data
}

/** What the gate makes of a recorded reply to the poll that was sent. */
function polled({ status, reply, text = JSON.stringify(reply) }: Exchange) {
  const jobId = reply !== undefined && 'data' in Object(reply) ? dataOf({ reply } as Exchange).jobId : JOB_ID
  return readReply(jobId, text, status)
}

function readReply(jobId: string, body: string, status = 200): Promise<PollResult> {
  const sizeBytes = Buffer.byteLength(body)
  const reply: HttpReply = { kind: 'reply', status, headers: {}, body, sizeBytes }
  const answering = () => Promise.resolve(reply)
  const poll = createPoll({
    endpoint: 'http://127.0.0.1:19530',
    apiKey: '',
    headers: [],
    clusterId: undefined,
    projectId: undefined,
    regionId: undefined,
    dbName: undefined,
    requestTimeoutMs: 5_000,
    userAgent: 'milvus-import-gate/test',
    exchange: { send: answering, close: () => Promise.resolve() },
    sanitize: createSanitizer([]),
    onExchange: () => undefined,
  })
  return poll(jobId, { ...asMany(), isLast: false })
}
