import { afterEach, describe, expect, it } from '@jest/globals'
import { createClient } from '../../src/service/client.ts'
import type { RequestRecord } from '../../src/gate/import-service.ts'
import type { ClientOptions } from '../../src/service/client.ts'
import { createExchange } from '../../src/service/http.ts'
import type { HttpReply } from '../../src/connection.ts'
import { createList, neverLists } from '../../src/service/list.ts'
import { createPoll } from '../support/poller.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { Listing } from '../simulator/dialects.ts'
import { htmlPage, json, text, type Reply } from '../simulator/faults.ts'
import { fixtureReply } from '../simulator/fixtures.ts'
import type { JobScript } from '../simulator/script.ts'
import { startSimulator, type ServiceScript } from '../simulator/server.ts'
import { FakeClock } from '../support/fake-clock.ts'

const CLUSTER = 'in01-0a1b2c3d4e5f678'
const LIST = '/v2/vectordb/jobs/import/list'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((opened) => opened.close()))
})

interface Asked {
  /** Polls all jobs of the service at the same moment. */
  readonly round: (options?: { readonly isLast: boolean }) => Promise<readonly PollResult[]>
  /** Bodies of the lists asked for so far. */
  readonly lists: () => readonly unknown[]
  readonly described: () => readonly string[]
  readonly exchanges: readonly RequestRecord[]
  readonly clock: FakeClock
}

/** A service and somebody who polls all its jobs, or at those that are named. */
async function asking(
  script: ServiceScript,
  options: Partial<ClientOptions> & {
    readonly collectionName?: string | undefined
    readonly jobIds?: readonly string[]
  } = {},
): Promise<Asked> {
  const service = await startSimulator(script)
  const exchange = createExchange({
    endpoint: service.url,
    tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
  })
  open.push(exchange, service)
  const exchanges: RequestRecord[] = []
  const clock = new FakeClock()
  const { collectionName, jobIds = service.jobIds, ...rest } = options
  const poll = createPoll(
    {
      endpoint: service.url,
      apiKey: script.apiKey ?? '',
      headers: [],
      clusterId: script.clusterId,
      projectId: undefined,
      regionId: undefined,
      dbName: undefined,
      requestTimeoutMs: 5_000,
      userAgent: 'milvus-import-gate/test',
      exchange,
      sanitize: createSanitizer([]),
      onExchange: (record) => exchanges.push(record),
      ...rest,
    },
    { jobIds, clock, collectionName },
  )
  const { signal } = new AbortController()
  const turn = () => Promise.resolve(true)
  return {
    round: ({ isLast } = { isLast: false }) =>
      Promise.all(jobIds.map((jobId) => poll(jobId, { signal, turn, isLast }))),
    lists: () => service.requests.filter(({ path }) => path === LIST).map(({ body }) => JSON.parse(body) as unknown),
    described: () => service.requests.flatMap(({ jobId }) => jobId ?? []),
    exchanges,
    clock,
  }
}

function jobs(amount: number, but: Partial<JobScript> = {}): readonly JobScript[] {
  return Array.from({ length: amount }, (_, n) => ({
    jobId: (470592730169344000n + BigInt(n)).toString(),
    collectionName: 'products',
    files: [{ path: 'a.parquet', rows: 1_000, sizeBytes: 1 }],
    course: [{ phase: 'Importing', within: [0.5, 0.5] }],
    ...but,
  }))
}

function aMilvus(amount: number, but: Partial<JobScript> = {}, gateway?: ServiceScript['gateway']): ServiceScript {
  return { dialect: 'milvus', version: '2.6', jobs: jobs(amount, but), ...(gateway && { gateway }) }
}

function aCloud(amount: number, listing: Listing = {}): ServiceScript {
  return { dialect: 'zilliz', version: '2026', apiKey: 'k', clusterId: CLUSTER, listing, jobs: jobs(amount) }
}

/** A Milvus that answers so where it is asked for a list. */
function listingSo(reply: (nth: number) => Reply, amount = 8): ServiceScript {
  let nth = 0
  return aMilvus(amount, {}, ({ path }) => (path === LIST ? reply(nth++) : undefined))
}

const words = (observations: readonly PollResult[]) =>
  new Set(observations.map((one) => (one.kind === 'answered' ? one.snapshot.label : one.kind)))

describe('the list of a Milvus', () => {
  it('is not asked for below eight jobs', async () => {
    const { round, lists, described } = await asking(aMilvus(7))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([0, 7])
  })

  it('serves all polls of a round from eight jobs on', async () => {
    const { round, lists, described, exchanges } = await asking(aMilvus(8))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists(), described().length]).toEqual([[{}], 2])
    expect(exchanges.map(({ path, jobId }) => [path, jobId])).toContainEqual([LIST, undefined])
  })

  it('is asked for the collection and the database that are known', async () => {
    const { round, lists } = await asking(aMilvus(8, { database: 'shop' }), {
      collectionName: 'products',
      dbName: 'shop',
    })
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect(lists()).toEqual([{ dbName: 'shop', collectionName: 'products' }])
  })

  it('of another collection leaves the jobs to descriptions', async () => {
    const script = { ...aMilvus(8), collections: ['books'] }
    const { round, described } = await asking(script, { collectionName: 'books' })
    const [first] = await round()
    expect(first).toMatchObject({ kind: 'answered', snapshot: { collectionName: 'products' } })
    expect(described()).toHaveLength(8)
  })

  it.each([
    ['with success as 200 and the 404 of a describe', '2.4.0'],
    ['before there was a describe', '2.4.12'],
  ] as const)('works %s', async (_, version) => {
    const { round, lists, described } = await asking({ dialect: 'milvus', version, jobs: jobs(8) })
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([1, 2])
  })

  it('describes what it shows as ended', async () => {
    const { round, described } = await asking(aMilvus(9, { course: [{ phase: 'Completed' }] }))
    expect(words(await round())).toEqual(new Set(['Completed']))
    expect(described()).toHaveLength(9)
  })

  it.each<[what: string, record: (job: JobScript) => unknown]>([
    ['keys in other case', ({ jobId }) => ({ jobID: jobId, State: 'Importing', PROGRESS: '55' })],
    ['more than it should', ({ jobId }) => ({ jobId, state: 'Importing', progress: 55, details: 'none', x: [null] })],
  ])('may have %s', async (_, record) => {
    const records = [null, 7, 'job', [], {}, ...jobs(8).map(record)]
    const { round, described } = await asking(listingSo(() => json({ code: 0, data: { records } })))
    const observations = await round()
    expect(words(observations)).toEqual(new Set(['Importing']))
    expect(observations.at(-1)).toMatchObject({ snapshot: { progress: 55 } })
    expect(described()).toHaveLength(2)
  })

  it.each<[what: string, record: (job: JobScript) => unknown]>([
    ['ids that are numbers', ({ jobId }) => ({ jobId: Number(jobId), state: 'Completed' })],
    ['no ids', () => ({ state: 'Completed' })],
    ['no states', ({ jobId }) => ({ jobId })],
  ])('is of no use where it has %s', async (_, record) => {
    const records = jobs(8).map(record)
    const { round, described } = await asking(listingSo(() => json({ code: 0, data: { records } })))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect(described()).toHaveLength(8)
  })

  it('that hides the jobs from this user is done without, and tried again later', async () => {
    const { round, lists, described, clock } = await asking(listingSo(() => json({ code: 0, data: { records: [] } })))
    await round()
    await clock.until(clock.sleep(3_600_000))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([2, 16])
  })

  it.each<[what: string, reply: Reply]>([
    ['the 404 of gin', text(404, '404 page not found')],
    ['an HTML page at 404', htmlPage(404, 'Not found')],
    ['a gateway that forbids it', htmlPage(403, 'Forbidden')],
    ['HTTP 405', text(405, 'no')],
    ['a denied permission', json({ code: 65535, message: 'PrivilegeImport: permission deny to u' }, 403)],
    ['code 100', fixtureReply('error-milvus-collection-gone', '')],
    ['code 1801', json({ code: 1801, message: 'can only accept json format request' })],
    ['success without records', json({ code: 0, data: {} })],
    ['records that are no list', json({ code: 0, data: { records: {} } })],
  ])('is never asked for again after %s', async (_, reply) => {
    const { round, lists, described, clock } = await asking(listingSo(() => reply))
    expect(words(await round())).toEqual(new Set(['Importing']))
    await clock.until(clock.sleep(3_600_000))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([1, 16])
  })

  it.each<[what: string, reply: Reply]>([
    ['HTTP 502', htmlPage(502, 'Bad gateway')],
    ['HTTP 503 with an envelope', json({ code: 1, message: 'not ready' }, 503)],
    ['code 10001', json({ code: 10001, message: 'request timeout' }, 408)],
    ['a login page at 200', htmlPage(200, 'Log in')],
    ['a cut connection', { kind: 'cut', when: 'before-headers', by: 'reset' }],
    ['silence', { kind: 'hang', when: 'before-headers' }],
  ])('is asked for again a minute after %s', async (_, reply) => {
    const script = listingSo((nth) => (nth === 0 ? reply : fixtureReply('docs-milvus-list', '')))
    const { round, lists, described, clock } = await asking(script, { requestTimeoutMs: 1_000 })
    expect(words(await round())).toEqual(new Set(['Importing']))
    await clock.until(clock.sleep(59_000))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([1, 16])
    await clock.until(clock.sleep(1_000))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect(lists()).toHaveLength(2)
  })
})

describe('the list of a Zilliz Cloud', () => {
  it('is read in pages also where it is one of a project', async () => {
    const script = aCloud(8)
    const gateway: ServiceScript['gateway'] = ({ path }) =>
      path === LIST ? json({ code: 0, data: { records: [] } }) : undefined
    const { round, lists } = await asking(
      { ...script, gateway },
      { clusterId: undefined, projectId: 'proj-1', regionId: 'aws' },
    )
    await round()
    expect(lists()).toEqual([{ projectId: 'proj-1', regionId: 'aws', pageSize: 100, currentPage: 1 }])
  })

  it('is read page by page', async () => {
    const { round, lists, described } = await asking(aCloud(250))
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect(lists()).toEqual([1, 2, 3].map((currentPage) => ({ clusterId: CLUSTER, pageSize: 100, currentPage })))
    expect(described()).toHaveLength(2)
  })

  it('is read one page at a time once all pages were seen, and shows no job of which it has not heard for long', async () => {
    const script = aCloud(250)
    let isShort = false
    const { round, lists, described, clock } = await asking({
      ...script,
      gateway: ({ path }) => (isShort && path === LIST ? json({ code: 0, data: { records: [] } }) : undefined),
    })
    const rounds = async (times: number) => {
      for (let i = 0; i < times; i += 1) {
        await clock.until(clock.sleep(3_000))
        expect(words(await round())).toEqual(new Set(['Importing']))
      }
    }
    await round()
    expect(lists()).toHaveLength(3)
    await rounds(4)
    expect(lists().slice(3)).toMatchObject([1, 2, 3, 1].map((currentPage) => ({ currentPage })))
    expect(described()).toHaveLength(2 * 5)
    // All jobs vanish from the list: what it showed on the way is good for that way alone.
    isShort = true
    await rounds(2)
    expect(described().length).toBeGreaterThan(200)
  })

  it('is read as a whole for the last polls', async () => {
    const script = aCloud(250)
    const { round, lists, clock } = await asking(script)
    await round()
    await clock.until(clock.sleep(3_000))
    await round()
    await clock.until(clock.sleep(3_000))
    await round({ isLast: true })
    expect(lists()).toMatchObject([1, 2, 3, 1, 1, 2, 3].map((currentPage) => ({ currentPage })))
  })

  it('may have records without progress', async () => {
    const { round } = await asking(aCloud(8, { omitsProgress: true }))
    await round()
    const [described, , , seen] = await round()
    expect(described).toMatchObject({ snapshot: { progress: 55 } })
    expect(seen).toMatchObject({ kind: 'answered', snapshot: { progress: undefined, label: 'Importing' } })
  })

  it('is not read any further once all jobs were seen', async () => {
    const script = aCloud(300)
    const { round, lists } = await asking(script, { jobIds: script.jobs.slice(0, 8).map(({ jobId }) => jobId) })
    await round()
    expect(lists()).toHaveLength(1)
  })

  it('costs no more pages than it is worth where the jobs are far behind', async () => {
    const script = aCloud(3_000, { longestPage: 10 })
    const { round, lists, described } = await asking(script, {
      jobIds: script.jobs.slice(-8).map(({ jobId }) => jobId),
    })
    expect(words(await round())).toEqual(new Set(['Importing']))
    expect([lists().length, described().length]).toEqual([2, 8])
  })

  it('that repeats itself without a count is read no more than twice', async () => {
    const records = jobs(8).map(({ jobId }) => ({ jobId, state: 'Importing' }))
    const script = aCloud(40)
    const { round, lists } = await asking({
      ...script,
      gateway: ({ path }) => (path === LIST ? json({ code: 0, data: { records } }) : undefined),
    })
    await round()
    expect(lists()).toHaveLength(2)
  })
})

describe('what a list brings', () => {
  /** One list, with each reply for one request, of jobs `a` and `b` in pages unless told otherwise. */
  async function listed(
    replies: readonly HttpReply[],
    {
      isPaged = true,
      turns = Infinity,
      wanted = ['a', 'b'],
    }: Partial<{ isPaged: boolean; turns: number; wanted: string[] }> = {},
  ) {
    const outcomes: string[] = []
    let [asked, left] = [0, turns]
    const answer = () => Promise.resolve(replies[asked++] ?? reply(200, { code: 0, data: { records: [] } }))
    const options = {
      endpoint: 'http://milvus.test:19530',
      apiKey: '',
      headers: [],
      clusterId: isPaged ? CLUSTER : undefined,
      projectId: undefined,
      regionId: undefined,
      dbName: undefined,
      collectionName: undefined,
      requestTimeoutMs: 30_000,
      userAgent: 'test',
      sanitize: createSanitizer([]),
      onExchange: ({ outcome }: RequestRecord) => outcomes.push(outcome),
      exchange: { send: answer, close: () => Promise.resolve() },
    }
    const list = createList(createClient(options), options, new Map())
    const { signal } = new AbortController()
    const turn = () => Promise.resolve(left-- > 0)
    const brought = await list(new Set(wanted), { signal, turn, isLast: false })
    return {
      asked,
      outcomes,
      brought:
        brought.kind === 'listed'
          ? [...brought.entries.values()].map(({ jobId }) => jobId)
          : neverLists(brought)
            ? 'refused'
            : brought.kind,
    }
  }

  function reply(status: number, envelope: unknown): HttpReply {
    const body = typeof envelope === 'string' ? envelope : JSON.stringify(envelope)
    return { kind: 'reply', status, headers: {}, body, sizeBytes: body.length }
  }

  const record = (jobId: unknown) => ({ jobId, state: 'Importing' })
  const page = (ids: readonly unknown[], more: Readonly<Record<string, unknown>> = {}, status = 200) =>
    reply(status, { code: 0, data: { records: ids.map(record), ...more } })

  const MANY = Array.from({ length: 40 }, (_, n) => `job-${n}`)

  it.each<[what: string, answer: HttpReply, brought: unknown]>([
    ['a page', page(['a', 'b']), ['a', 'b']],
    ['a page at HTTP 299', page(['a', 'b'], {}, 299), ['a', 'b']],
    ['a page at HTTP 300', page(['a', 'b'], {}, 300), 'refused'],
    ['a page at HTTP 199', page(['a', 'b'], {}, 199), 'refused'],
    ['a page at HTTP 500', page(['a', 'b'], {}, 500), 'refused'],
    ['a page with an error', reply(200, { code: 4711, data: { records: [record('a')] } }), 'outage'],
    ['an id that is a number', page([7]), []],
    ['no data', reply(200, { code: 0 }), 'refused'],
    ['a cut poll', { kind: 'aborted', reason: 'interrupted', afterMs: 5 }, 'cancelled'],
    ['no answer', { kind: 'timeout', timeoutMs: 5 }, 'outage'],
    ['a proxy that refuses for now', { kind: 'proxy-refused', status: 502 }, 'outage'],
    ['a proxy that refuses', { kind: 'proxy-refused', status: 403 }, 'refused'],
    ['too much at a status of refusals', { kind: 'too-large', status: 404 }, 'outage'],
    ...[400, 403, 404, 405].map((status): [string, HttpReply, string] => [
      `HTTP ${status} without an envelope`,
      reply(status, ''),
      'refused',
    ]),
    ['HTTP 502 without an envelope', reply(502, ''), 'outage'],
  ])('is read from %s', async (_what, answer, brought) => {
    expect((await listed([answer], { isPaged: false })).brought).toEqual(brought)
  })

  it.each([400, 403, 404, 405])(
    'is final at HTTP %i also where the service has answered well before',
    async (status) => {
      expect(await listed([page(['x']), reply(status, '')], { wanted: MANY })).toMatchObject({
        brought: 'refused',
        asked: 2,
      })
      expect(await listed([page(['x']), reply(401, '')], { wanted: MANY })).toMatchObject({
        brought: 'outage',
        asked: 2,
      })
    },
  )

  it.each<[outcome: string, answer: HttpReply]>([
    ['answered', page([])],
    ['cancelled', { kind: 'aborted', reason: 'interrupted', afterMs: 5 }],
    ['timeout', { kind: 'timeout', timeoutMs: 5 }],
    ['http-404', reply(404, '')],
  ])('is recorded as %s', async (outcome, answer) => {
    expect((await listed([answer], { isPaged: false })).outcomes).toEqual([outcome])
  })

  it('is nothing without a turn', async () => {
    expect(await listed([page(['a', 'b'])], { turns: 0 })).toMatchObject({ brought: 'cancelled', asked: 0 })
  })

  it.each<[what: string, pages: readonly HttpReply[], asked: number]>([
    ['all records that there are said to be', [page(['x', 'y'], { count: 3 }), page(['z'], { count: 3 })], 2],
    ['more records than there are said to be', [page(['x', 'y'], { count: 3 }), page(['z', 'u'], { count: 3 })], 3],
    ['all of which some cannot be read', [page(['x', 7], { count: 3 }), page(['z'], { count: 3 })], 2],
    ['nothing new', [page(['x', 'y'], { count: 9 }), page(['y', 'x'], { count: 9 })], 2],
    [
      'what a count that is no number says nothing of',
      [page(['x'], { count: 'one' }), page(['y'], { count: 'one' })],
      3,
    ],
    ['what nobody has counted', [page(['x']), page(['y'])], 3],
  ])('is read on until the pages have shown %s', async (_what, pages, asked) => {
    expect((await listed(pages, { wanted: MANY })).asked).toBe(asked)
  })
})
