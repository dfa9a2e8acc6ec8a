import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Listing } from '../../src/gate/import-service.ts'
import { htmlPage, json, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { inWords, asking, asMany, closeAll, inTurn, KEY, played } from './asked-service.ts'
import type { Answering } from './asked-service.ts'

const CLUSTER = { clusterId: 'in01-abc' }
const LIST = '/v2/vectordb/jobs/import/list'
const record = (n: number, but: Readonly<Record<string, unknown>> = {}) => ({
  jobId: `job-${n}`,
  collectionName: 'books',
  state: 'Importing',
  ...but,
})
const records = (amount: number, from = 0) => Array.from({ length: amount }, (_, n) => record(from + n))
const listOf = (list: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) =>
  json({ code: 0, data: { records: list, ...more } })

afterEach(closeAll)

async function listed(answering: Answering, options: Parameters<typeof asking>[1] = {}): Promise<Listing> {
  const { service } = await asking(answering, options)
  return service.list(asMany())
}

const idsOf = (listing: Listing) => (listing.kind === 'listed' ? listing.jobs.map(({ jobId }) => jobId) : listing.kind)

/** A service whose jobs may change before each request; `tells` makes of the page what is sent with it. */
function paging(
  jobsAt: (nth: number) => readonly unknown[],
  tells: (page: {
    readonly total: number
    readonly length: number
    readonly size: number
  }) => Readonly<Record<string, unknown>>,
  longest = 100,
): Answering {
  return ({ body }, nth) => {
    const { pageSize, currentPage } = JSON.parse(body) as { pageSize: number; currentPage: number }
    const size = Math.min(longest, pageSize)
    const jobs = jobsAt(nth)
    const page = jobs.slice((currentPage - 1) * size, currentPage * size)
    return listOf(page, tells({ total: jobs.length, length: page.length, size }))
  }
}

const honest: Parameters<typeof paging>[1] = ({ total, size }) => ({ count: total, pageSize: size })

describe('all jobs of a collection, of a Milvus', () => {
  it('are asked for by the names of collection and database, in one request', async () => {
    const { service, bodiesOf, exchanges } = await asking(inTurn(listOf(records(2))), { dbName: 'shop' })
    expect(await service.list(asMany())).toEqual({
      kind: 'listed',
      jobs: [
        { jobId: 'job-0', phase: 'importing', label: 'Importing', progress: undefined, collectionName: 'books' },
        { jobId: 'job-1', phase: 'importing', label: 'Importing', progress: undefined, collectionName: 'books' },
      ],
      isSettled: true,
    })
    expect(bodiesOf(LIST)).toEqual([{ dbName: 'shop', collectionName: 'books' }])
    expect(exchanges).toMatchObject([{ jobId: undefined, path: LIST, outcome: 'answered' }])
  })

  it('may be none', async () => {
    expect(await listed(inTurn(listOf([])))).toEqual({ kind: 'listed', jobs: [], isSettled: true })
  })

  const ofAll = [
    record(0),
    ...['books_v2', undefined, ''].map((collectionName, n) => record(n + 1, { collectionName })),
  ]

  it('come with the name that each was started with, an alias or another collection perhaps', async () => {
    const { service, requests } = await asking(inTurn(listOf(ofAll)))
    const listing = await service.list(asMany())
    expect(listing.kind === 'listed' && listing.jobs.map(({ collectionName }) => collectionName)).toEqual([
      'books',
      'books_v2',
      undefined,
      undefined,
    ])
    expect(requests).toHaveLength(1)
  })

  it('are those of any collection where none is named', async () => {
    const jobs = [record(1, { collectionName: 'films' }), record(2, { collectionName: undefined })]
    const { service, bodiesOf } = await asking(inTurn(listOf(jobs)), { collectionName: undefined })
    expect(idsOf(await service.list(asMany()))).toEqual(['job-1', 'job-2'])
    expect(bodiesOf(LIST)).toEqual([{}])
  })

  it('are all there where the service counts as many', async () => {
    expect(idsOf(await listed(inTurn(listOf(records(2), { count: 2 }))))).toEqual(['job-0', 'job-1'])
  })

  it('have the words of the service, and keys in any case', async () => {
    const odd = { jobID: 'job-1', State: 'Resting ##[error]' }
    expect(await listed(inTurn(listOf([odd])))).toMatchObject({
      kind: 'listed',
      jobs: [{ jobId: 'job-1', phase: 'unknown', label: expect.not.stringContaining('##[') }],
    })
  })

  it.each<[what: string, record: unknown]>([
    ['that is no object', 'job-1'],
    ['that is null', null],
    ['with a number for an id', record(1, { jobId: 7 })],
    ['without an id', record(1, { jobId: undefined })],
    ['with an empty id', record(1, { jobId: '' })],
    ['with a command for an id', record(1, { jobId: '::error::x' })],
    ['with the key for an id', record(1, { jobId: KEY })],
    ['with two lines for an id', record(1, { jobId: 'a\nb' })],
    ['with an id that is too long', record(1, { jobId: '1'.repeat(257) })],
    ['without a state', record(1, { state: undefined })],
    ['with an empty state', record(1, { state: '' })],
    ['with a number for a state', record(1, { state: 4 })],
  ])('are not known where there is a record %s', async (_what, odd) => {
    expect(await listed(inTurn(listOf([record(5), odd])))).toMatchObject({
      kind: 'outage',
      error: { outcome: 'unreadable-list' },
    })
  })

  it.each<[what: string, reply: Reply, kind: Listing['kind'], outcome: string]>([
    ['a gone collection', json({ code: 100, message: 'collection not found' }), 'refused', 'code-100'],
    ['a gone database', json({ code: 800, message: 'database not found' }), 'refused', 'code-800'],
    ['a bad key', json({ code: 1800 }), 'refused', 'code-1800'],
    ['the 404 of gin', text(404, '404 page not found'), 'refused', 'http-404'],
    ['a server that is not ready', json({ code: 1 }), 'outage', 'code-1'],
    ['a job that is not found', json({ code: 96026, message: 'Job not found.' }), 'outage', 'code-96026'],
    ['HTTP 502', htmlPage(502, 'Bad gateway'), 'outage', 'http-502'],
    ['success without records', json({ code: 0, data: {} }), 'outage', 'no-list'],
    ['records that are no list', json({ code: 0, data: { records: {} } }), 'outage', 'no-list'],
    ['success at HTTP 500', json({ code: 0, data: { records: [] } }, 500), 'outage', 'no-list'],
    ['a count of more than there is', listOf(records(2), { count: 3 }), 'outage', 'partial-list'],
  ])('are not known after %s', async (_what, reply, kind, outcome) => {
    expect(await listed(inTurn(reply))).toMatchObject({ kind, error: { outcome } })
  })

  it('are not known where there is no turn', async () => {
    const { service, requests } = await asking(inTurn(listOf([])))
    expect(await service.list(asMany({ turns: 0 }))).toEqual({ kind: 'cancelled' })
    expect(requests).toEqual([])
  })

  it('names the inputs to check where the collection is gone', async () => {
    expect(inWords(await listed(inTurn(json({ code: 100, message: 'collection not found' }))))).toMatchObject({
      error: { next: expect.stringMatching(/`collection-name` and `db-name`/) },
    })
  })
})

describe('all jobs of a collection, of Zilliz Cloud', () => {
  it('are asked for with their place, in the longest pages that there are', async () => {
    const { service, bodiesOf } = await asking(
      paging(() => records(99), honest),
      CLUSTER,
    )
    expect(idsOf(await service.list(asMany()))).toHaveLength(99)
    expect(bodiesOf(LIST)).toEqual([
      { collectionName: 'books', pageSize: 100, currentPage: 1, clusterId: 'in01-abc' },
      // The number of all that was told may be merely that of a page.
      { collectionName: 'books', pageSize: 100, currentPage: 2, clusterId: 'in01-abc' },
    ])
  })

  it.each([
    [9, 1],
    [10, 2],
  ])('that are %i take %i requests, since any page may be full from ten on', async (amount, asked) => {
    const { service, requests } = await asking(
      paging(() => records(amount), honest),
      CLUSTER,
    )
    expect(idsOf(await service.list(asMany()))).toHaveLength(amount)
    expect(requests).toHaveLength(asked)
  })

  it.each<[what: string, tells: Parameters<typeof paging>[1]]>([
    ['what is so', honest],
    ['no length of pages', ({ total }) => ({ count: total })],
    ['nothing', () => ({})],
    ['the length of the page for the number of all', ({ length }) => ({ count: length })],
    ['that length, and the length of pages', ({ length, size }) => ({ count: length, pageSize: size })],
    ['zero', () => ({ count: 0, pageSize: 0 })],
    ['a longer page than it sends, and that page’s length', ({ length }) => ({ count: length, pageSize: 1_000 })],
    ['its numbers as strings', ({ total, size }) => ({ count: `${total}`, pageSize: `${size}` })],
  ])('are all there, however many pages, where the service tells %s', async (_what, tells) => {
    for (const amount of [0, 3, 100, 101, 300]) {
      const { service } = await asking(
        paging(() => records(amount), tells),
        CLUSTER,
      )
      expect(idsOf(await service.list(asMany()))).toEqual(records(amount).map(({ jobId }) => jobId))
    }
  })

  it('are each there once, and none is lost, where another comes while the pages are read', async () => {
    const before = records(250)
    const { service } = await asking(
      paging((nth) => (nth === 0 ? before : [record(999), ...before]), honest),
      CLUSTER,
    )
    expect(new Set(idsOf(await service.list(asMany())))).toEqual(
      new Set([...before, record(999)].map(({ jobId }) => jobId)),
    )
  })

  it('are none the fewer where one goes while the pages are read', async () => {
    const before = records(250)
    const { service, bodiesOf } = await asking(
      paging((nth) => (nth === 0 ? before : before.slice(1)), honest),
      CLUSTER,
    )
    // The one that went had not ended: what became of it is still to be polled.
    expect(idsOf(await service.list(asMany()))).toEqual([...before.slice(1), record(0)].map(({ jobId }) => jobId))
    const pages = bodiesOf(LIST).map((body) => (body as { currentPage: number }).currentPage)
    expect(pages).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3])
  })

  it('on several pages are believed once two walks in a row show the same unfinished jobs', async () => {
    const { service, requests } = await asking(
      paging(() => records(250), honest),
      CLUSTER,
    )
    expect(await service.list(asMany())).toMatchObject({ kind: 'listed', isSettled: true })
    expect(requests).toHaveLength(6)
  })

  it('that moved to an earlier page are found by the next walk', async () => {
    const jobs = records(150)
    const ended = record(0, { state: 'Completed' })
    // One ends and moves to the end of the list while page 1 is read: the first of page 2 is then on page 1.
    const { service } = await asking(
      paging((nth) => (nth === 0 ? jobs : [...jobs.slice(1), ended]), honest),
      CLUSTER,
    )
    expect(idsOf(await service.list(asMany()))).toContain('job-100')
  })

  it.each<[what: string, jobsAt: (nth: number) => readonly object[]]>([
    ['ever more come', (nth) => [...records(nth, 1_000), ...records(250)]],
    ['ever more go', (nth) => records(300).slice(nth)],
  ])('are all that were seen, and said to be unsettled, where in five walks %s', async (_what, jobsAt) => {
    const { service } = await asking(paging(jobsAt, honest), CLUSTER)
    const listing = await service.list(asMany())
    expect(listing).toMatchObject({ kind: 'listed', isSettled: false })
    expect(idsOf(listing)).toEqual(expect.arrayContaining(records(250).map(({ jobId }) => jobId)))
  })

  const labelOf = (listing: Listing, id: string) =>
    listing.kind === 'listed' ? listing.jobs.find(({ jobId }) => jobId === id)?.label : listing.kind

  it('have not ended where they had not when they were first seen, whatever comes of them while the pages are read', async () => {
    const first = [...records(98), record(500, { state: 'Uncommitted' }), record(501, { state: 'Failed' })]
    const second = [record(500, { state: 'Failed' }), record(501, { state: 'Importing' }), ...records(20, 200)]
    const { service } = await asking(inTurn(listOf(first), listOf(second), listOf([])), CLUSTER)
    const listing = await service.list(asMany())
    expect([labelOf(listing, 'job-500'), labelOf(listing, 'job-501')]).toEqual(['Uncommitted', 'Importing'])
  })

  it.each(['Failed', 'Completed'])(
    'have not ended where one is %s by the time the list is read anew',
    async (state) => {
      const jobs = (of: string) => [record(500, { state: of }), ...records(149)]
      const { service } = await asking(
        paging((nth) => (nth === 0 ? jobs('Importing') : [...jobs(state), record(999)]), honest),
        CLUSTER,
      )
      expect(labelOf(await service.list(asMany()), 'job-500')).toBe('Importing')
    },
  )

  it('have not ended where one has by the time the list is asked for again', async () => {
    const pages = [listOf([record(1)], { count: 500 }), listOf([], { count: 500 })] as const
    const { service } = await asking(
      (_request, nth) => (nth < 10 ? pages[nth % 2 === 0 ? 0 : 1] : listOf([record(1, { state: 'Failed' })])),
      CLUSTER,
    )
    expect(await service.list(asMany())).toMatchObject({ kind: 'outage' })
    expect(labelOf(await service.list(asMany()), 'job-1')).toBe('Importing')
  })

  it('may lack those of other collections that cannot be read', async () => {
    const others = [record(8, { collectionName: 'films' }), { collectionName: 'films', jobId: 7 }]
    const nameless = [record(2, { collectionName: undefined }), record(3, { collectionName: '' })]
    expect(idsOf(await listed(inTurn(listOf([record(1), ...others, ...nameless]), listOf([])), CLUSTER))).toEqual([
      'job-1',
      'job-8',
      'job-2',
      'job-3',
    ])
  })

  it('are not known where any page is not to be had', async () => {
    const answering = paging(() => records(250), honest)
    const { service } = await asking(
      (request, nth) => (nth === 2 ? htmlPage(502, 'Bad gateway') : answering(request, nth)),
      CLUSTER,
    )
    expect(await service.list(asMany())).toMatchObject({ kind: 'outage', error: { outcome: 'http-502' } })
  })

  it('are not known where the turns end before the pages', async () => {
    const { service } = await asking(
      paging(() => records(250), honest),
      CLUSTER,
    )
    expect(await service.list(asMany({ turns: 2 }))).toEqual({ kind: 'cancelled' })
  })

  it('are told apart where they are others, without an id', async () => {
    const others = listOf(Array(20).fill({ collectionName: 'films' }))
    const walk = [others, others, listOf([record(1)]), listOf([])] as const
    const { service, requests } = await asking(inTurn(...walk, ...walk), CLUSTER)
    expect(idsOf(await service.list(asMany()))).toEqual(['job-1'])
    expect(requests).toHaveLength(8)
  })

  it('are not read for ever', async () => {
    const { service, requests } = await asking((_request, nth) => listOf([record(nth)]), CLUSTER)
    expect(await service.list(asMany())).toMatchObject({ kind: 'outage', error: { outcome: 'too-many-jobs' } })
    expect(requests).toHaveLength(100)
  })

  it('are not read further where a page repeats itself', async () => {
    const { service, requests } = await asking(inTurn(listOf(records(20))), CLUSTER)
    expect(idsOf(await service.list(asMany()))).toHaveLength(20)
    expect(requests).toHaveLength(2)
  })

  it.each([
    ['repeats itself', listOf(records(20), { count: 500 })],
    ['is empty', listOf([], { count: 500 })],
  ])('are not known where there are said to be more, and a page %s', async (_what, second) => {
    const { service } = await asking(inTurn(listOf(records(20), { count: 500 }), second), CLUSTER)
    expect(await service.list(asMany())).toMatchObject({ kind: 'outage', error: { outcome: 'partial-list' } })
  })
})

describe('a list of jobs, whatever is in it', () => {
  it('never breaks the one who reads it, and shows no id that is not safe', async () => {
    const odd = fc.oneof(
      fc.anything({ withNullPrototype: false }),
      fc.record({ jobId: fc.oneof(fc.string(), fc.integer()), state: fc.oneof(fc.string(), fc.constant('Completed')) }),
    )
    let data: unknown
    const { service } = await asking(inTurn(listOf([])), { ...CLUSTER, exchange: played(() => data) })
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 5 }), odd, async (list, counted) => {
        data = { records: list, count: counted }
        const listing = await service.list(asMany())
        for (const id of listing.kind === 'listed' ? listing.jobs.map(({ jobId }) => jobId) : []) {
          expect(id).toMatch(/^\w[\w.:~-]{0,255}$/)
        }
        expect(['listed', 'outage']).toContain(listing.kind)
      }),
    )
  })
})

describe('why the jobs of a collection are not known', () => {
  const INTACT =
    'Check that `endpoint` is the address of Milvus or Zilliz Cloud, and that nothing in between rewrites responses.'
  const NAMED = 'If this lasts, name the jobs with `job-id`.'

  it.each<[outcome: string, answering: Answering, options: object, what: (host: string) => string, next: string]>([
    [
      'unreadable-list',
      inTurn(listOf([null])),
      {},
      (host) => `${host} returned a list of import jobs with entries that cannot be read.`,
      INTACT,
    ],
    [
      'unreadable-list',
      inTurn(listOf([record(1, { state: '' })])),
      {},
      (host) => `${host} returned a list of import jobs with entries that cannot be read.`,
      INTACT,
    ],
    [
      'partial-list',
      inTurn(listOf(records(2), { count: 3 })),
      {},
      (host) => `${host} returned only a part of its list of import jobs.`,
      'Lists of Zilliz Cloud come in pages: set `cluster-id`, or `project-id` and `region-id`.',
    ],
    [
      'partial-list',
      inTurn(listOf(records(20), { count: 500 })),
      CLUSTER,
      (host) => `${host} returned only a part of its list of import jobs.`,
      NAMED,
    ],
    [
      'too-many-jobs',
      (_request, nth) => listOf([record(nth)]),
      CLUSTER,
      (host) => `${host} lists import jobs on more than 100 pages.`,
      'Name the jobs to wait for with `job-id`.',
    ],
  ])('is told in words: %s, %#', async (outcome, answering, options, what, next) => {
    const { service, url } = await asking(answering, options)
    expect(inWords(await service.list(asMany()))).toEqual({
      kind: 'outage',
      error: { outcome, what: what(new URL(url).host), next },
    })
  })
})
