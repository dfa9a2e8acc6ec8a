import { describe, expect, it } from '@jest/globals'
import type { CollectionResult } from '../../../src/gate/collection.ts'
import type { CollectionIdentity } from '../../../src/gate/import-service.ts'
import type { Policy } from '../../../src/gate/policy.ts'
import {
  aCollection,
  anIndex,
  DONE,
  GONE,
  inTurn,
  NO,
  NO_REFRESH,
  noAnswer,
  NOT_LOADED,
  reading,
  rows,
  stored,
  watchSearch,
} from '../../support/searching.ts'
import type { CollectionPlay, Searched, SearchOptions } from '../../support/searching.ts'

const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const pending = (pendingRows: number | undefined) => reading({ indexes: [anIndex({ pendingRows })] })
const MINUTE = 60_000

const search = (play: CollectionPlay, policy: Partial<Policy> = {}, options: SearchOptions = {}) =>
  watchSearch({ books: play }, policy, options)
const newsOf = ({ events }: Searched) =>
  events.flatMap((event) => (event.kind === 'read' ? event.changes.map(({ kind }) => kind) : []))
const beatsOf = ({ events }: Searched) =>
  events.filter(({ kind }) => kind === 'heartbeat').map(({ view }) => view.nowMs)
const asked = ({ questions }: Searched, question: string) => questions.filter((one) => one.question === question)

describe('on the way to being searchable', () => {
  it('counts, reads, refreshes once, and believes two good readings of the rows over two seconds', async () => {
    const searched = await search(aCollection())
    expect(searched.conclusion).toEqual({ kind: 'completed', passes: true })
    expect(searched.course).toEqual([
      ...['count 0 s', 'read 0.1 s', 'refresh 0.2 s'],
      ...['count 2.2 s', 'stored 2.3 s', 'count 4.3 s', 'stored 4.4 s'],
    ])
  })

  it('counts what is visible before what is stored: rows that appear in between are not believed yet', async () => {
    const searched = await search(
      aCollection({
        count: ({ atMs }) => rows(atMs < 30_000 ? 0 : 5),
        stored: ({ atMs }) => stored(atMs < 2_300 ? 0 : 5),
      }),
    )
    expect(searched.endedAtMs).toBeGreaterThan(32_000)
  })

  it('does not believe Finished beside rows that are pending', async () => {
    const searched = await search(aCollection({ read: inTurn(pending(100), pending(1), reading()) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(
      searched.questions
        .map(({ question }) => question)
        .slice(0, 5)
        .join(' '),
    ).toBe('count read read read refresh')
  })

  it('does not take an index for ready whose pending rows nobody reports', async () => {
    const searched = await search(aCollection({ read: () => pending(undefined) }), { timeoutMs: MINUTE })
    expect(searched.conclusion).toEqual({
      kind: 'timed-out',
      passes: false,
      jobs: [],
      collections: [0],
    })
    expect(asked(searched, 'refresh')).toEqual([])
  })

  it('starts over where a bad reading comes between two good ones', async () => {
    const searched = await search(aCollection({ count: inTurn(rows(5), rows(5), rows(4), rows(5), rows(5)) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'stored')).toHaveLength(4)
    expect(asked(searched, 'refresh')).toHaveLength(1)
  })

  it('waits after the refresh until the imported rows are visible, whatever the load state says', async () => {
    const searched = await search(aCollection({ count: ({ atMs }) => rows(atMs < 30_000 ? 0 : 5) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(32_000)
    expect(searched.endedAtMs).toBeLessThan(40_000)
    expect([asked(searched, 'read'), asked(searched, 'refresh')].map(({ length }) => length)).toEqual([1, 1])
  })

  it.each([
    ['it loads', reading({ load: 70 })],
    ['it loads with no figure for the progress', reading({ load: { state: 'loading', percent: undefined } })],
    ['it is loaded below 100 %', reading({ load: { state: 'loaded', percent: 99 } })],
  ])('waits before the refresh while %s', async (_what, read) => {
    const searched = await search(aCollection({ read: ({ atMs }) => (atMs < 30_000 ? read : reading()) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'refresh').map(({ startedAtMs }) => startedAtMs > 30_000)).toEqual([true])
  })

  it('takes a collection without an index for what its load state says', async () => {
    expect((await search(aCollection({ read: () => reading({ indexes: [] }) }))).conclusion.kind).toBe('completed')
  })

  it('asks ever less often while a long index build goes on', async () => {
    const searched = await search(
      aCollection({ read: ({ atMs }) => pending(Math.max(0, Math.ceil(3_600_000 - atMs))) }),
      { timeoutMs: 7_200_000 },
    )
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'read').length).toBeLessThan(150)
  })

  it('reports everything that changes, once', async () => {
    const play = aCollection({
      read: inTurn(pending(100), pending(100), reading({ load: 40 }), reading()),
      count: inTurn(rows(0), rows(4), rows(4), rows(5)),
    })
    const searched = await search(play)
    expect(newsOf(searched)).toEqual(['indexes', 'indexes-ready', 'load', 'load', 'refreshed', 'counted', 'counted'])
  })

  it('says now and then that it still waits', async () => {
    const searched = await search(aCollection({ read: () => pending(7) }), { timeoutMs: 9.5 * MINUTE })
    const first = 110
    expect(beatsOf(searched)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => first + minute * MINUTE))
  })

  it('says so later where there was changes', async () => {
    const searched = await search(aCollection({ read: ({ atMs }) => pending(atMs < 30_000 ? 9 : 7) }), {
      timeoutMs: 2.2 * MINUTE,
    })
    const [, changes] = searched.events.flatMap((event) =>
      event.kind === 'read' && event.changes.length > 0 ? [event.view.nowMs] : [],
    )
    expect(changes).toBeGreaterThan(30_000)
    expect(beatsOf(searched)).toEqual([changes! + MINUTE])
  })

  it('asks at the interval that the user has fixed', async () => {
    const searched = await search(aCollection(), { pollIntervalMs: 7_000 })
    expect(searched.course.filter((request) => !request.startsWith('stored'))).toEqual([
      ...['count 0 s', 'read 0.1 s', 'refresh 0.2 s', 'count 7.2 s', 'count 14.3 s'],
    ])
  })

  it('asks for nothing where only Completed was asked for', async () => {
    expect((await search(aCollection(), { waitFor: 'completed' })).course).toEqual([])
  })
})

describe('a collection that is not loaded', () => {
  it('is red after two readings that are ten seconds apart', async () => {
    const searched = await search(aCollection({ read: () => UNLOADED }))
    expect(searched.conclusion).toEqual({
      kind: 'not-ready',
      passes: false,
      collections: [0],
      cause: { kind: 'not-loaded', hasIndex: true },
    })
    expect(searched.course).toEqual(['count 0 s', 'read 0.1 s', 'read 10.1 s'])
  })

  it('is known to have no index', async () => {
    const read = () => reading({ indexes: [], load: UNLOADED.load })
    expect((await search(aCollection({ read }))).conclusion).toMatchObject({
      cause: { kind: 'not-loaded', hasIndex: false },
    })
  })

  it('passes where the second reading finds it loaded', async () => {
    const searched = await search(aCollection({ read: inTurn(UNLOADED, reading()) }))
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('is waited for while somebody loads it', async () => {
    const read: CollectionPlay = ({ atMs }) =>
      atMs < 5_000 ? UNLOADED : atMs < 600_000 ? reading({ load: Math.floor(atMs / 6_000) }) : reading()
    const searched = await search(aCollection({ read }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(600_000)
  })

  it('is not judged by an outage in the place of the second reading', async () => {
    const searched = await search(
      aCollection({ read: inTurn(UNLOADED, noAnswer(), noAnswer(), noAnswer(), reading()) }),
    )
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('is red also where it is released after the refresh', async () => {
    const play = aCollection({
      read: ({ refreshedAtMs }) => (refreshedAtMs === undefined ? reading() : UNLOADED),
      count: ({ refreshedAtMs }) => (refreshedAtMs === undefined ? rows(0) : NOT_LOADED),
    })
    expect((await search(play)).conclusion).toMatchObject({ kind: 'not-ready' })
  })

  it('is counted again, but not refreshed, once it has been loaded anew', async () => {
    const searched = await search(
      aCollection({
        read: inTurn(reading(), UNLOADED, reading({ load: 50 }), reading()),
        count: inTurn(rows(5), NOT_LOADED, rows(5)),
      }),
    )
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'read')).toHaveLength(4)
    expect(asked(searched, 'refresh')).toHaveLength(1)
  })

  it('has no baseline, so that all that is stored must be visible', async () => {
    const play = aCollection({ count: inTurn(NOT_LOADED, rows(5)), stored: () => stored(6) })
    const searched = await search(play, { timeoutMs: MINUTE })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
  })

  it('is read again where only the refresh says so', async () => {
    const searched = await search(aCollection({ refresh: inTurn(NOT_LOADED, DONE) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.course.slice(1, 5)).toEqual(['read 0.1 s', 'refresh 0.2 s', 'read 2.2 s', 'refresh 2.3 s'])
  })

  it.each<[question: 'refresh' | 'count']>([['refresh'], ['count']])(
    'is not asked in haste where readings and the %s contradict each other for good',
    async (question) => {
      const searched = await search(aCollection({ [question]: () => NOT_LOADED }), {
        timeoutMs: 10 * MINUTE,
        expectedCollectionRows: { min: 5, max: 5 },
      })
      expect(searched.conclusion).toMatchObject({ kind: 'timed-out', passes: false })
      const reads = asked(searched, 'read')
      expect(
        reads.every(
          ({ startedAtMs }, i) => i === 0 || i === reads.length - 1 || startedAtMs - reads[i - 1]!.endedAtMs >= 2_000,
        ),
      ).toBe(true)
      expect(asked(searched, question).length).toBeLessThanOrEqual(reads.length)
    },
  )

  it('is read again where only the count says so', async () => {
    const searched = await search(aCollection({ count: inTurn(rows(0), NOT_LOADED, rows(5)) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.questions.map(({ question }) => question).slice(3, 6)).toEqual(['count', 'read', 'count'])
  })
})

describe('a service without refresh_load', () => {
  it('is red once a good reading has come between two such answers', async () => {
    const searched = await search(aCollection({ refresh: () => NO_REFRESH }))
    expect(searched.conclusion).toMatchObject({
      kind: 'rejected',
      collections: [0],
      error: { outcome: 'no-refresh' },
    })
    expect(searched.course.slice(1)).toEqual(['read 0.1 s', 'refresh 0.2 s', 'read 2.2 s', 'refresh 2.3 s'])
  })

  it('was none where the second answer is good', async () => {
    const searched = await search(aCollection({ refresh: inTurn(NO_REFRESH, DONE) }))
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('was an outage where the next reading fails, too', async () => {
    const play = aCollection({
      read: inTurn(reading(), noAnswer(), reading()),
      refresh: inTurn(NO_REFRESH, NO_REFRESH, DONE),
    })
    expect((await search(play)).conclusion.kind).toBe('completed')
  })
})

describe('what waiting does not mend', () => {
  it('is an index that failed', async () => {
    const failed = anIndex({ name: 'sparse', isFailed: true, label: 'Failed', failReason: 'out of memory' })
    const searched = await search(aCollection({ read: () => reading({ indexes: [anIndex(), failed] }) }))
    expect(searched.conclusion).toMatchObject({ kind: 'not-ready', cause: { kind: 'index-failed', index: failed } })
    expect(asked(searched, 'read')).toHaveLength(1)
  })

  const ALL = ['read', 'refresh', 'count', 'stored'] as const

  it.each(ALL)('is a collection that is gone by the %s, three times over ten seconds', async (question) => {
    const searched = await search(aCollection({ [question]: () => GONE }))
    expect(searched.conclusion).toMatchObject({ kind: 'not-ready', cause: { kind: 'gone' } })
    expect(asked(searched, question)).toHaveLength(3)
  })

  it.each(ALL)('is a refusal of the %s, three times over ten seconds', async (question) => {
    const searched = await search(aCollection({ [question]: () => NO }), { pollIntervalMs: 1_000 })
    expect(searched.conclusion).toMatchObject({ kind: 'rejected', collections: [0], error: { outcome: 'code-1800' } })
    const times = asked(searched, question).map(({ endedAtMs }) => endedAtMs)
    expect(times).toHaveLength(3)
    expect(times[2]! - times[0]!).toBeGreaterThanOrEqual(10_000)
    expect(newsOf(searched).filter((kind) => kind === 'refused')).toHaveLength(1)
  })

  it.each([
    ['refusal', NO],
    ['word that it is gone', GONE],
  ])('is no stray %s', async (_what, stray) => {
    const usual = aCollection()
    const searched = await search((moment) => (moment.nth === 1 ? stray : usual(moment)))
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('is no two refusals with a good response between them', async () => {
    const searched = await search(aCollection({ stored: inTurn(NO, NO, stored(5), NO, NO, stored(5)) }))
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('is two refusals by an address that never answered well', async () => {
    const play = aCollection({ count: () => NO, read: () => NO })
    const searched = await search(play, {}, { isElsewhere: true })
    expect(searched.conclusion).toMatchObject({ kind: 'rejected' })
    expect(searched.course).toEqual(['count 0 s', 'count 2 s'])
  })

  it('is refusals and outages in turn, which end as an outage', async () => {
    const searched = await search(aCollection({ count: ({ nth }) => (nth % 2 === 0 ? noAnswer() : NO) }))
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable' })
  })

  it.each<[when: string, policy: Partial<Policy>, isElsewhere: boolean, conclusion: object]>([
    ['the host never answered well', { timeoutMs: 1_000 }, true, { kind: 'rejected' }],
    ['there is but one poll', { timeoutMs: 0 }, false, { kind: 'rejected' }],
    [
      'nothing ever answered about the collection',
      { timeoutMs: 8_000, onTimeout: 'pass' },
      false,
      { kind: 'unreachable', error: { outcome: 'code-1800' } },
    ],
  ])('is a refusal without time to confirm it where %s', async (_when, policy, isElsewhere, conclusion) => {
    const searched = await search(() => NO, policy, { isElsewhere })
    expect(searched.conclusion).toMatchObject({ ...conclusion, passes: false })
  })

  it('is no refusal that was not confirmed by the deadline, where the collection was known', async () => {
    const searched = await search(aCollection({ stored: () => NO }), { timeoutMs: 8_000 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', collections: [0] })
  })

  it('is a collection that is gone where there is but one poll', async () => {
    const searched = await search(() => GONE, { timeoutMs: 0 })
    expect(searched.conclusion).toMatchObject({ kind: 'not-ready', cause: { kind: 'gone' } })
  })

  it.each([
    ['nobody names the collection', [undefined], {}],
    ['the collection of one of the jobs is not named', ['books', undefined], {}],
  ])('is that %s', async (_what, collectionsOfJobs, policy) => {
    const searched = await search(aCollection(), policy, { collectionsOfJobs })
    expect(searched.conclusion).toEqual({
      kind: 'not-ready',
      passes: false,
      collections: [],
      cause: { kind: 'unnamed' },
    })
    expect(searched.course).toEqual([])
  })
})

describe('jobs that name one collection differently', () => {
  const ONE = { kind: 'identified', collectionId: '449' } as const
  const collectionsOfJobs = ['books', 'books_v2', 'books']
  const visible = (atMs: number) => (atMs < MINUTE ? 5 : 15)
  // Nothing is there before, and of 15 imported rows 5 are visible at first: enough for each name alone.
  const growing = aCollection({
    count: ({ atMs, nth }) => rows(nth === 0 ? 0 : visible(atMs)),
    stored: () => stored(15),
  })
  const searchBoth = (identify: SearchOptions['identify'], policy: Partial<Policy> = {}) =>
    watchSearch({ books: growing, books_v2: growing }, policy, { collectionsOfJobs, ...(identify && { identify }) })

  it('import into one, whose rows must all be visible, and which is asked by one name', async () => {
    const searched = await searchBoth(() => ONE)
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(MINUTE)
    expect(searched.questions.filter(({ collection }) => collection === 'books_v2')).toEqual([])
  })

  it('have its rows counted once', async () => {
    const expected = { expectedCollectionRows: { min: 15, max: 15 } }
    expect((await searchBoth(() => ONE, expected)).conclusion.kind).toBe('completed')
  })

  it.each<[why: string, answer: CollectionIdentity]>([
    ['the service shows no id', { kind: 'unidentified' }],
    ['the collection is not found', { kind: 'gone', error: noAnswer('code-100').error }],
    ['the request is refused', { kind: 'refused', hostHasAnswered: false, error: noAnswer('code-1800').error }],
  ])('count by their names where %s', async (_why, answer) => {
    const searched = await searchBoth(() => answer)
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.questions.some(({ collection }) => collection === 'books_v2')).toBe(true)
  })

  it('are told apart by the last digit', async () => {
    const searched = await searchBoth((name) => ({
      kind: 'identified',
      collectionId: name === 'books' ? '449876131369832201' : '449876131369832202',
    }))
    expect(searched.questions.some(({ collection }) => collection === 'books_v2')).toBe(true)
  })

  it('wait out an outage of that request', async () => {
    const searched = await searchBoth((_, atMs) => (atMs < 30_000 ? noAnswer() : ONE))
    expect(searched.questions[0]?.startedAtMs).toBeGreaterThanOrEqual(30_000)
    expect(newsOf(searched).slice(0, 2)).toEqual(['outage-began', 'outage-began'])
    expect(searched.endedAtMs).toBeGreaterThan(MINUTE)
  })

  it('end as unreachable where such an outage exceeds max-outage, also for one name alone', async () => {
    for (const identify of [() => noAnswer(), (name: string) => (name === 'books' ? ONE : noAnswer())]) {
      const searched = await searchBoth(identify, { maxOutageMs: 20_000 })
      expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
      expect(searched.endedAtMs).toBeLessThan(25_000)
    }
  })

  it('are read once by their names where that outage lasts until the deadline, and are never green then', async () => {
    const searched = await searchBoth(() => noAnswer(), { timeoutMs: 30_000 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', passes: false })
    expect(searched.questions.map(({ question }) => question)).toEqual(['read', 'read'])
  })
})

describe('jobs that were found', () => {
  const selection = { kind: 'discovered', collectionName: 'books', since: undefined } as const

  it('are of one collection, which is asked once, also where some were imported by an alias', async () => {
    const searched = await search(
      aCollection({ count: () => rows(5) }),
      { expectedCollectionRows: { min: 6, max: undefined } },
      {
        selection,
        collectionsOfJobs: ['books_v2', 'books'],
        identify: () => ({ kind: 'identified', collectionId: '449' }),
      },
    )
    expect(searched.conclusion).toMatchObject({ kind: 'rows-not-met', of: 'collections', imported: 5 })
  })

  it('are of the collection that the service names where it names but one', async () => {
    const searched = await watchSearch(
      { books_v2: aCollection() },
      {},
      { selection, collectionsOfJobs: ['books_v2'], identify: () => ({ kind: 'identified', collectionId: '449' }) },
    )
    expect(searched.conclusion.kind).toBe('completed')
  })
})

describe('the rows of a collection', () => {
  const exactly = (amount: number): Partial<Policy> => ({ expectedCollectionRows: { min: amount, max: amount } })
  const atLeast = (amount: number): Partial<Policy> => ({ expectedCollectionRows: { min: amount, max: undefined } })
  const after = (count: CollectionPlay) => aCollection({ count, stored: () => stored(99) })

  it.each<[what: string, counts: number[], expected: Policy['expectedCollectionRows'], conclusion: string]>([
    ['exactly met', [5], { min: 5, max: 5 }, 'completed'],
    ['within the range', [5], { min: 1, max: 9 }, 'completed'],
    ['below, then met', [4, 5], { min: 5, max: 5 }, 'completed'],
    ['above, then met', [6, 5], { min: 5, max: 5 }, 'completed'],
    ['below for good', [4], { min: 5, max: 5 }, 'rows-not-met'],
    ['above for good', [6], { min: 5, max: 5 }, 'rows-not-met'],
    ['all there, as long as they go on arriving', [1, 3, 5], { min: 5, max: 5 }, 'completed'],
  ])('prove by themselves that it is searchable where they are %s', async (_what, counts, expected, conclusion) => {
    const [first, ...others] = counts.map(rows)
    const searched = await search(after(inTurn(rows(0), first ?? rows(0), ...others)), {
      expectedCollectionRows: expected,
      timeoutMs: 5 * MINUTE,
    })
    expect(searched.conclusion.kind).toBe(conclusion)
  })

  it('that are at least so many prove nothing by themselves', async () => {
    const searched = await search(
      after(() => rows(5)),
      { ...atLeast(5), timeoutMs: MINUTE },
    )
    expect(searched.conclusion.kind).toBe('timed-out')
  })

  it('that are at least so many must be there as well', async () => {
    const play = aCollection({ count: ({ atMs }) => rows(atMs < MINUTE ? 5 : 8) })
    const searched = await search(play, atLeast(8))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(MINUTE)
  })

  it('that are too few are waited for until the deadline, and fail whatever on-timeout says', async () => {
    const searched = await search(aCollection(), { ...atLeast(7), timeoutMs: MINUTE, onTimeout: 'pass' })
    expect(searched.conclusion).toEqual({
      kind: 'rows-not-met',
      passes: false,
      of: 'collections',
      expected: { min: 7, max: undefined },
      imported: 5,
    })
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(MINUTE)
  })

  it('that are too many fail after two readings that are ten seconds apart', async () => {
    const searched = await search(aCollection(), exactly(4))
    expect(searched.conclusion).toMatchObject({ kind: 'rows-not-met', imported: 5 })
    const [first] = asked(searched, 'count').slice(1)
    expect(searched.endedAtMs - first!.endedAtMs).toBeGreaterThanOrEqual(10_000)
    expect(searched.endedAtMs - first!.endedAtMs).toBeLessThan(16_000)
  })

  it('are counted again after an outage', async () => {
    const play = after(inTurn(rows(0), noAnswer(), rows(4), noAnswer(), rows(5)))
    expect((await search(play, exactly(5))).conclusion.kind).toBe('completed')
  })

  it('are summed over all collections', async () => {
    const searched = await watchSearch({ books: aCollection(), films: aCollection() }, exactly(10))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'stored')).toHaveLength(4)
  })

  it('are summed over all collections where they do not hold', async () => {
    const policy = { ...exactly(11), timeoutMs: MINUTE }
    const searched = await watchSearch({ books: aCollection(), films: aCollection() }, policy)
    expect(searched.conclusion).toMatchObject({ kind: 'rows-not-met', imported: 10 })
  })
})

describe('several collections', () => {
  it('have to be searchable, all of them', async () => {
    const slow = aCollection({ read: ({ atMs }) => pending(atMs < 100_000 ? 9 : 0) })
    const searched = await watchSearch({ books: aCollection(), films: slow })
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(100_000)
    expect(searched.questions.filter(({ collection }) => collection === 'books')).toHaveLength(7)
  })

  it('reports only where they were asked, not where the service has asked for patience before', async () => {
    const busy = aCollection({ count: inTurn(noAnswer('http-429', 45_000), rows(5)) })
    const { events, course } = await watchSearch({ books: busy, films: aCollection() })
    const read = events
      .flatMap((event) => (event.kind === 'read' ? [[event.collection, event.answer.kind]] : []))
      .filter(([, kind]) => kind !== 'identified')
    expect(read.slice(0, 3)).toEqual([
      [0, 'outage'],
      [1, 'counted'],
      [0, 'counted'],
    ])
    expect(course.slice(0, 3)).toEqual(['count 0 s', 'count 45 s', 'count 45.1 s'])
  })

  it('are asked about once where several jobs belong to one', async () => {
    const play = aCollection({ count: () => rows(15), stored: () => stored(15) })
    const searched = await search(play, {}, { collectionsOfJobs: ['books', 'books', 'books'] })
    expect(searched.questions).toHaveLength(7)
  })

  it('are not asked any more once one has decided', async () => {
    const hangs = aCollection({ read: () => ({ answer: reading(), tookMs: Infinity }) })
    const failed = reading({ indexes: [anIndex({ isFailed: true })] })
    const { questions, endedAtMs } = await watchSearch({ books: hangs, films: aCollection({ read: () => failed }) })
    expect(questions.slice(2).map(({ collection, answer }) => [collection, answer.kind])).toEqual([
      ['films', 'read'],
      ['books', 'cancelled'],
    ])
    expect(endedAtMs).toBe(330)
  })

  it('end with the first that never will be', async () => {
    const searched = await watchSearch({ books: aCollection(), films: aCollection({ read: () => GONE }) })
    expect(searched.conclusion).toMatchObject({ kind: 'not-ready', collections: [1], cause: { kind: 'gone' } })
  })

  it('are those that are late at the deadline', async () => {
    const searched = await watchSearch(
      { books: aCollection(), films: aCollection({ read: () => pending(9) }) },
      { timeoutMs: MINUTE },
    )
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', collections: [1] })
  })
})

describe('an outage', () => {
  it('is waited out, whatever was asked', async () => {
    const usual = aCollection()
    const play: CollectionPlay = (moment) => (moment.nth === 0 ? noAnswer() : usual(moment))
    const searched = await search(play)
    expect(searched.conclusion.kind).toBe('completed')
    expect(newsOf(searched).filter((kind) => kind === 'outage-began')).toHaveLength(4)
    expect(newsOf(searched).filter((kind) => kind === 'outage-ended')).toHaveLength(4)
  })

  it.each<[what: string, isElsewhere: boolean, answersFirst: boolean, mostMs: number]>([
    ['a minute at an address that never answered', true, false, MINUTE],
    ['five minutes at an address that has answered', true, true, 5 * MINUTE],
    ['five minutes where the jobs were answered', false, false, 5 * MINUTE],
  ])('is put up with for %s', async (_what, isElsewhere, answersFirst, mostMs) => {
    const usual = aCollection()
    const play: CollectionPlay = (moment) => (answersFirst && moment.question === 'count' ? usual(moment) : noAnswer())
    const searched = await search(play, {}, { isElsewhere })
    expect(searched.conclusion).toMatchObject({
      kind: 'unreachable',
      collections: [0],
      error: { outcome: 'http-502' },
    })
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(mostMs)
    expect(searched.endedAtMs).toBeLessThanOrEqual(mostMs + 5_000)
  })

  it('is put up with for five minutes at an address that has answered about another collection', async () => {
    const searched = await watchSearch(
      { books: aCollection({ read: () => noAnswer() }), films: () => noAnswer() },
      {},
      { isElsewhere: true },
    )
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(5 * MINUTE)
  })

  it('is put up with for five minutes at an address that has answered about the names', async () => {
    const searched = await watchSearch({ books: () => noAnswer(), films: () => noAnswer() }, {}, { isElsewhere: true })
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(5 * MINUTE)
  })

  const outUntil =
    (endMs: number): CollectionPlay =>
    ({ atMs }) =>
      atMs < endMs ? noAnswer() : reading()

  it('is not judged by max-outage while the host answers about another collection', async () => {
    const slow = aCollection({ read: ({ atMs }) => pending(atMs < 2 * MINUTE ? 9 : 0) })
    const policy = { maxOutageMs: 20_000 }
    const searched = await watchSearch({ books: slow, films: aCollection({ read: outUntil(MINUTE) }) }, policy)
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(2 * MINUTE)
  })

  it('of one collection alone runs into the deadline', async () => {
    const policy: Partial<Policy> = { maxOutageMs: 20_000, timeoutMs: 2 * MINUTE }
    const plays = { books: aCollection({ read: () => pending(9) }), films: aCollection({ read: () => noAnswer() }) }
    const searched = await watchSearch(plays, policy)
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', collections: [0, 1] })
  })

  it('starts anew for all collections once the host answers about one of them', async () => {
    // Each is out for less than it takes, but there is no moment at which both answer.
    const books = outUntil(18_000)
    const films: CollectionPlay = (moment) => (moment.atMs < 22_000 ? noAnswer() : pending(9))
    const late: CollectionPlay = (moment) => (moment.atMs > 19_000 && moment.atMs < 30_000 ? noAnswer() : books(moment))
    const searched = await watchSearch(
      { books: aCollection({ read: late }), films: aCollection({ read: films }) },
      { maxOutageMs: 20_000, timeoutMs: MINUTE, pollIntervalMs: 1_000 },
    )
    expect(searched.conclusion.kind).toBe('timed-out')
  })

  it('ends the wait where nothing is left to request about the others', async () => {
    const plays = { books: aCollection(), films: aCollection({ read: () => noAnswer() }) }
    const searched = await watchSearch(plays, { maxOutageMs: 20_000 })
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', collections: [1] })
    expect(searched.endedAtMs).toBeLessThan(40_000)
  })

  it('is put up with as long as the user says', async () => {
    const searched = await search(aCollection({ read: () => noAnswer() }), { maxOutageMs: 20_000 })
    expect(searched.conclusion.kind).toBe('unreachable')
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(20_000)
    expect(searched.endedAtMs).toBeLessThan(23_000)
  })

  it('that asks for patience gets it', async () => {
    const searched = await search(aCollection({ count: inTurn(noAnswer('http-429', 45_000), rows(5)) }))
    expect(searched.course.slice(0, 2)).toEqual(['count 0 s', 'count 45 s'])
  })

  it('does not change a fixed interval', async () => {
    const searched = await search(aCollection({ read: inTurn(noAnswer(), noAnswer(), reading()) }), {
      pollIntervalMs: 1_000,
    })
    expect(searched.course.slice(1, 4)).toEqual(['read 0.1 s', 'read 1.1 s', 'read 2.1 s'])
  })
})

describe('a standstill', () => {
  const patient: Partial<Policy> = { stallTimeoutMs: 5 * MINUTE, timeoutMs: 60 * MINUTE }

  it('ends the wait where pending rows rest', async () => {
    const searched = await search(aCollection({ read: () => pending(9) }), patient)
    expect(searched.conclusion).toMatchObject({ kind: 'stalled', passes: false, jobs: [], collections: [0] })
    expect(searched.endedAtMs).toBeLessThan(6 * MINUTE)
  })

  it('ends the wait where the load progress stands still', async () => {
    expect((await search(aCollection({ read: () => reading({ load: 99 }) }), patient)).conclusion.kind).toBe('stalled')
  })

  it.each<[what: string, at: (minute: number) => ReturnType<typeof reading>]>([
    ['pending rows', (minute) => pending(100 - minute)],
    ['the load progress', (minute) => reading({ load: minute })],
  ])('is none while %s move now and then', async (_what, at) => {
    const read: CollectionPlay = ({ atMs }) => at(Math.floor(atMs / (4 * MINUTE)))
    expect((await search(aCollection({ read }), patient)).conclusion.kind).toBe('timed-out')
  })

  it('is none where nothing is missing any more', async () => {
    const searched = await search(aCollection(), { pollIntervalMs: 30_000, stallTimeoutMs: MINUTE })
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('does not count an outage', async () => {
    const read: CollectionPlay = ({ atMs }) => (atMs > 2 * MINUTE && atMs < 6.5 * MINUTE ? noAnswer() : pending(9))
    const searched = await search(aCollection({ read }), patient)
    expect(searched.conclusion.kind).toBe('stalled')
    expect(searched.endedAtMs).toBeGreaterThan(9 * MINUTE)
  })

  it('is reported after half an hour where it ends nothing', async () => {
    expect(newsOf(await search(aCollection({ read: () => pending(9) })))).toEqual(['indexes', 'idle'])
  })
})

describe('the deadline', () => {
  it.each([
    ['fail', false],
    ['pass', true],
  ] as const)('ends the wait: on-timeout %s', async (onTimeout, passes) => {
    const searched = await search(aCollection({ read: () => pending(9) }), { timeoutMs: MINUTE, onTimeout })
    expect(searched.conclusion).toEqual({ kind: 'timed-out', passes, jobs: [], collections: [0] })
    expect(searched.endedAtMs).toBeLessThanOrEqual(MINUTE + 2_000)
  })

  it('is met by one last reading', async () => {
    const read: CollectionPlay = ({ atMs }) => pending(atMs < MINUTE - 50 ? 9 : 0)
    const searched = await search(aCollection({ read }), { timeoutMs: MINUTE })
    expect(searched.questions.at(-1)).toMatchObject({ question: 'read', answer: { indexes: [{ pendingRows: 0 }] } })
    expect(searched.conclusion.kind).toBe('timed-out')
  })

  it('may be met by the second good reading', async () => {
    const count: CollectionPlay = ({ atMs }) => rows(atMs < 4_000 ? 0 : 5)
    const searched = await search(aCollection({ count }), { timeoutMs: 6_500, pollIntervalMs: 3_000 })
    expect(searched.course.at(-1)).toBe('stored 6.7 s')
    expect(searched.conclusion.kind).toBe('timed-out')
    const again = await search(aCollection({ count: ({ atMs }) => rows(atMs < 3_000 ? 0 : 5) }), {
      timeoutMs: 6_500,
      pollIntervalMs: 3_000,
    })
    expect(again.conclusion.kind).toBe('completed')
  })

  it('brings no second good reading on the heels of the first', async () => {
    const searched = await search(aCollection(), { timeoutMs: 2_600 })
    expect(searched.course.slice(3)).toEqual(['count 2.2 s', 'stored 2.3 s', 'count 2.6 s', 'stored 2.7 s'])
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
  })

  it.each<[what: string, failure: CollectionResult]>([
    ['fails', noAnswer()],
    ['is refused', NO],
    ['says that the collection is gone', GONE],
  ])('sends the last request again after 0.3 s where it %s', async (_what, failure) => {
    const stray: CollectionPlay = ({ atMs }) => (atMs >= 6_000 && atMs < 6_750 ? failure : rows(5))
    const count: CollectionPlay = (moment) => (moment.atMs < 3_000 ? rows(0) : stray(moment))
    const policy = { timeoutMs: 6_500, pollIntervalMs: 3_000 }
    const searched = await search(aCollection({ count }), policy)
    expect(searched.course.slice(-3)).toEqual(['count 6.5 s', 'count 6.8 s', 'stored 6.9 s'])
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('sends the last request as often as its time allows, and no longer', async () => {
    const read: CollectionPlay = ({ atMs }) => (atMs < 6_000 ? pending(9) : noAnswer())
    const searched = await search(aCollection({ read }), { timeoutMs: 6_500, pollIntervalMs: 3_000 })
    expect(asked(searched, 'read').filter(({ startedAtMs }) => startedAtMs >= 6_450).length).toBeGreaterThan(4)
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
    expect(searched.endedAtMs).toBeLessThanOrEqual(8_500)
  })

  it('is no time for a refresh', async () => {
    const searched = await search(aCollection(), { timeoutMs: 0 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
    expect(searched.course).toEqual(['read 0 s'])
  })

  it('is no time for a refresh that has just come due', async () => {
    const searched = await search(aCollection({ read: () => ({ answer: reading(), tookMs: 80 }) }), { timeoutMs: 200 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
    expect(searched.course).toEqual(['count 0 s', 'read 0.1 s'])
  })

  it('lets each of many be asked once where the timeout is 0, however long the rate makes that', async () => {
    const plays = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`c${i}`, aCollection({ read: () => pending(9) })]),
    )
    const searched = await watchSearch(plays, { timeoutMs: 0 })
    expect(searched.questions).toHaveLength(60)
    expect(searched.endedAtMs).toBe(59 * 110)
  })

  it('cuts what hangs at one moment, and reports it together', async () => {
    const hangs = aCollection({ read: ({ atMs }) => ({ answer: pending(9), tookMs: atMs < 1_000 ? 0 : Infinity }) })
    const { events } = await watchSearch({ books: hangs, films: hangs, songs: hangs }, { timeoutMs: MINUTE })
    const last = events.flatMap((event) => (event.kind === 'read' ? [event] : [])).slice(-3)
    expect(last.map(({ collection, answer, more }) => [collection, answer.kind, more])).toEqual([
      [0, 'outage', false],
      [1, 'outage', true],
      [2, 'outage', false],
    ])
    expect(last.map(({ view }) => view.collections.map(({ outage }) => outage !== undefined))).toEqual([
      [true, false, false],
      [true, true, true],
      [true, true, true],
    ])
  })

  it('cuts a last question short', async () => {
    const slow: CollectionPlay = () => ({ answer: pending(9), tookMs: 20_000 })
    const searched = await search(aCollection({ read: slow }), { timeoutMs: MINUTE, onTimeout: 'pass' })
    expect(searched.endedAtMs).toBe(MINUTE + 2_000)
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', passes: true })
  })

  it.each<[what: string, play: CollectionPlay]>([
    ['never answers', () => noAnswer()],
    ['is never done answering', () => ({ answer: noAnswer(), tookMs: 90_000 })],
  ])('is red for a collection that %s, whatever on-timeout says', async (_what, play) => {
    const searched = await search(play, { timeoutMs: 30_000, onTimeout: 'pass' })
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
  })

  it('is red for a collection that was first asked two seconds before, and has not answered', async () => {
    const play: CollectionPlay = () => ({ answer: noAnswer(), tookMs: 90_000 })
    const searched = await search(play, { timeoutMs: 2_000, onTimeout: 'pass' })
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
  })

  it('is not held against a collection that was first asked a moment before, and is cut short', async () => {
    const read: CollectionPlay = () => ({ answer: pending(9), tookMs: 90_000 })
    const policy: Partial<Policy> = { timeoutMs: 3_000, pollIntervalMs: 1_500, onTimeout: 'pass' }
    const searched = await search(aCollection({ read }), policy, { importedAtMs: 1_500 })
    expect(searched.questions[0]?.startedAtMs).toBe(1_500)
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', passes: true })
  })

  it.each<[what: string, answer: ReturnType<typeof noAnswer>, conclusion: string]>([
    ['that is cut short by the deadline', noAnswer('timeout'), 'timed-out'],
    ['that brings error of its own', noAnswer('connection-refused'), 'unreachable'],
  ])('leaves no time for more than one question, %s', async (_what, answer, conclusion) => {
    const searched = await search(aCollection({ read: () => answer }), { timeoutMs: 0, onTimeout: 'pass' })
    expect(searched.conclusion).toMatchObject({ kind: conclusion, passes: conclusion === 'timed-out' })
  })

  it('is no outage where there was no time to ask about all of very many', async () => {
    const plays = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`c${i}`, aCollection({ read: () => pending(9) })]),
    )
    const searched = await watchSearch(plays, { timeoutMs: 1_000 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out', passes: false })
    expect(searched.endedAtMs).toBeLessThanOrEqual(3_000)
  })
})

describe('an interrupt', () => {
  it('ends the wait at once', async () => {
    const slow: CollectionPlay = () => ({ answer: pending(9), tookMs: 20_000 })
    const searched = await search(aCollection({ read: slow }), {}, { interruptAtMs: 3_000 })
    expect(searched.conclusion).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGINT' })
    expect(searched.endedAtMs).toBe(3_000)
    expect(searched.events.map(({ kind }) => kind)).toEqual(['started', 'polled', 'read', 'ended'])
  })

  it('ends the last question at once, and says nothing of it', async () => {
    const hangs = aCollection({ read: ({ atMs }) => ({ answer: pending(9), tookMs: atMs < 1_000 ? 0 : Infinity }) })
    const policy: Partial<Policy> = { timeoutMs: MINUTE, pollIntervalMs: 120_000 }
    const { events, endedAtMs } = await search(hangs, policy, { interruptAtMs: MINUTE + 500 })
    expect(endedAtMs).toBe(MINUTE + 500)
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'polled', 'read', 'read', 'ended'])
  })
})
