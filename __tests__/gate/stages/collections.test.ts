import { describe, expect, it } from '@jest/globals'
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
  it('reads, refreshes once, and believes two good readings in a row', async () => {
    const searched = await search(aCollection())
    expect(searched.conclusion).toEqual({ kind: 'completed', passes: true })
    expect(searched.course).toEqual(['read 0 s', 'refresh 0.1 s', 'read 2.1 s', 'read 4.1 s'])
  })

  it('counts the rows where that was asked for, at the very end', async () => {
    const searched = await search(aCollection(), { expectedCollectionRows: { min: 5, max: 5 } })
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.course.slice(2)).toEqual(['read 2.1 s', 'read 4.1 s', 'count 4.2 s'])
  })

  it('does not believe Finished beside rows that are pending', async () => {
    const searched = await search(aCollection({ read: inTurn(pending(100), pending(1), reading()) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.questions.map(({ question }) => question).join(' ')).toBe('read read read refresh read read')
  })

  it('does not take an index for ready whose pending rows nobody tells', async () => {
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
    const searched = await search(aCollection({ read: inTurn(reading(), reading(), pending(1), reading(), reading()) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'read')).toHaveLength(5)
    expect(asked(searched, 'refresh')).toHaveLength(1)
  })

  it.each([
    ['while it loads', reading({ load: 70 })],
    ['with no figure for the progress', reading({ load: { state: 'loading', percent: undefined } })],
    ['loaded below 100 %', reading({ load: { state: 'loaded', percent: 99 } })],
  ])('waits after the refresh %s', async (_what, read) => {
    const play = aCollection({
      read: ({ atMs, refreshedAtMs }) => (refreshedAtMs !== undefined && atMs < 30_000 ? read : reading()),
    })
    const searched = await search(play)
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(30_000)
    expect(asked(searched, 'refresh')).toHaveLength(1)
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

  it('tells of everything that changes, once', async () => {
    const play = aCollection({
      read: inTurn(pending(100), pending(100), reading(), reading({ load: 40 }), reading(), reading()),
      count: inTurn(rows(4), rows(5)),
    })
    const searched = await search(play, { expectedCollectionRows: { min: 5, max: undefined } })
    expect(newsOf(searched)).toEqual(['indexes', 'indexes-ready', 'refreshed', 'load', 'load', 'counted', 'counted'])
  })

  it('says now and then that it still waits', async () => {
    const searched = await search(aCollection({ read: () => pending(7) }), { timeoutMs: 9.5 * MINUTE })
    expect(beatsOf(searched)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => minute * MINUTE))
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
    expect(searched.course).toEqual(['read 0 s', 'refresh 0.1 s', 'read 7.1 s', 'read 14.1 s'])
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
    expect(searched.course).toEqual(['read 0 s', 'read 10 s'])
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
    const read: CollectionPlay = ({ refreshedAtMs }) => (refreshedAtMs === undefined ? reading() : UNLOADED)
    expect((await search(aCollection({ read }))).conclusion).toMatchObject({ kind: 'not-ready' })
  })

  it('is read again where only the refresh says so', async () => {
    const searched = await search(aCollection({ refresh: inTurn(NOT_LOADED, DONE) }))
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.course.slice(0, 4)).toEqual(['read 0 s', 'refresh 0.1 s', 'read 2.1 s', 'refresh 2.2 s'])
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

  it('is read again, twice, where only the count says so', async () => {
    const searched = await search(aCollection({ count: inTurn(NOT_LOADED, rows(5)) }), {
      expectedCollectionRows: { min: 5, max: 5 },
    })
    expect(searched.questions.map(({ question }) => question).slice(4)).toEqual(['count', 'read', 'read', 'count'])
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
    expect(searched.course).toEqual(['read 0 s', 'refresh 0.1 s', 'read 2.1 s', 'refresh 2.2 s'])
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
    expect(searched.course).toHaveLength(1)
  })

  it.each(['read', 'refresh', 'count'])('is a collection that is gone by the %s', async (question) => {
    const searched = await search(aCollection({ [question]: () => GONE }), {
      expectedCollectionRows: { min: 5, max: 5 },
    })
    expect(searched.conclusion).toMatchObject({ kind: 'not-ready', cause: { kind: 'gone' } })
    expect(asked(searched, question)).toHaveLength(1)
  })

  it.each(['read', 'refresh', 'count'])('is a refusal of the %s', async (question) => {
    const searched = await search(aCollection({ [question]: () => NO }), { expectedCollectionRows: { min: 5, max: 5 } })
    expect(searched.conclusion).toMatchObject({ kind: 'rejected', collections: [0], error: { outcome: 'code-1800' } })
    expect(asked(searched, question)).toHaveLength(1)
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

  it.each<[what: string, policy: Partial<Policy>, options: SearchOptions]>([
    ['an input', { expectedCollection: 'books' }, {}],
    ['the search for jobs', {}, { selection: { kind: 'discovered', collectionName: 'books', since: undefined } }],
  ])('is not that %s alone names the collection', async (_what, policy, options) => {
    const searched = await search(aCollection(), policy, { ...options, collectionsOfJobs: [undefined] })
    expect(searched.conclusion.kind).toBe('completed')
  })
})

describe('jobs that were found', () => {
  const selection = { kind: 'discovered', collectionName: 'books', since: undefined } as const

  it('are of one collection, which is asked once, also where some were imported by an alias', async () => {
    const searched = await search(
      aCollection({ count: () => rows(5) }),
      { expectedCollectionRows: { min: 6, max: undefined } },
      { selection, collectionsOfJobs: ['books_v2', 'books'] },
    )
    expect(searched.conclusion).toMatchObject({ kind: 'rows-not-met', of: 'collections', imported: 5 })
  })

  it('are of the collection that the service names where it names but one', async () => {
    const searched = await watchSearch({ books_v2: aCollection() }, {}, { selection, collectionsOfJobs: ['books_v2'] })
    expect(searched.conclusion.kind).toBe('completed')
  })
})

describe('the rows of a collection', () => {
  const exactly = (amount: number): Partial<Policy> => ({ expectedCollectionRows: { min: amount, max: amount } })

  it.each<
    [what: string, counts: number[], expected: Policy['expectedCollectionRows'], conclusion: string, counted: number]
  >([
    ['exactly met', [5], { min: 5, max: 5 }, 'completed', 1],
    ['within the range', [5], { min: 1, max: 9 }, 'completed', 1],
    ['at the open end', [5], { min: 5, max: undefined }, 'completed', 1],
    ['below, then met', [4, 5], { min: 5, max: 5 }, 'completed', 2],
    ['above, then met', [6, 5], { min: 5, max: 5 }, 'completed', 2],
    ['below twice', [4, 4], { min: 5, max: 5 }, 'rows-not-met', 2],
    ['above twice', [6, 6], { min: 5, max: 5 }, 'rows-not-met', 2],
    ['all there, as long as they go on arriving', [1, 3, 5], { min: 5, max: 5 }, 'completed', 3],
    ['at rest', [1, 3, 3], { min: 5, max: 5 }, 'rows-not-met', 3],
    ['none', [0], { min: 1, max: undefined }, 'rows-not-met', 2],
  ])('are counted until they are %s', async (_what, counts, expected, conclusion, counted) => {
    const [first, ...others] = counts.map(rows)
    const searched = await search(aCollection({ count: inTurn(first ?? rows(0), ...others) }), {
      expectedCollectionRows: expected,
    })
    expect(searched.conclusion.kind).toBe(conclusion)
    const times = asked(searched, 'count').map(({ startedAtMs }) => startedAtMs)
    expect(times).toHaveLength(counted)
    if (counted === 2) expect(times[1]! - times[0]!).toBe(10_000)
  })

  it('are told with the conclusion where they do not hold', async () => {
    expect((await search(aCollection(), exactly(7))).conclusion).toEqual({
      kind: 'rows-not-met',
      passes: false,
      of: 'collections',
      expected: { min: 7, max: 7 },
      imported: 5,
    })
  })

  it('are counted again after an outage', async () => {
    const searched = await search(aCollection({ count: inTurn(noAnswer(), rows(4), noAnswer(), rows(5)) }), exactly(5))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'count')).toHaveLength(4)
  })

  it('are summed over all collections', async () => {
    const searched = await watchSearch({ books: aCollection(), films: aCollection() }, exactly(10))
    expect(searched.conclusion.kind).toBe('completed')
    expect(asked(searched, 'count')).toHaveLength(2)
  })

  it('are counted twice in each collection where the sum does not hold', async () => {
    const searched = await watchSearch({ books: aCollection(), films: aCollection() }, exactly(11))
    expect(searched.conclusion).toMatchObject({ kind: 'rows-not-met', imported: 10 })
    expect(asked(searched, 'count')).toHaveLength(4)
  })
})

describe('several collections', () => {
  it('have to be searchable, all of them', async () => {
    const slow = aCollection({ read: ({ atMs }) => pending(atMs < 100_000 ? 9 : 0) })
    const searched = await watchSearch({ books: aCollection(), films: slow })
    expect(searched.conclusion.kind).toBe('completed')
    expect(searched.endedAtMs).toBeGreaterThan(100_000)
    expect(searched.questions.filter(({ collection }) => collection === 'books')).toHaveLength(4)
  })

  it('are told of only where they were asked, not where the service has asked for patience before', async () => {
    const busy = aCollection({ read: inTurn(noAnswer('http-429', 45_000), reading()) })
    const { events, course } = await watchSearch({ books: busy, films: aCollection() })
    const read = events.flatMap((event) => (event.kind === 'read' ? [[event.collection, event.answer.kind]] : []))
    expect(read.slice(0, 3)).toEqual([
      [0, 'outage'],
      [1, 'read'],
      [0, 'read'],
    ])
    expect(course.slice(0, 3)).toEqual(['read 0 s', 'read 45 s', 'read 45.1 s'])
  })

  it('are asked about once where several jobs belong to one', async () => {
    const searched = await search(aCollection(), {}, { collectionsOfJobs: ['books', 'books', 'books'] })
    expect(searched.questions).toHaveLength(4)
  })

  it('are not asked any more once one has decided', async () => {
    const hangs = aCollection({ read: () => ({ answer: reading(), tookMs: Infinity }) })
    const { questions, endedAtMs } = await watchSearch({ books: hangs, films: aCollection({ read: () => NO }) })
    expect(questions.map(({ collection, answer }) => [collection, answer.kind])).toEqual([
      ['films', 'refused'],
      ['books', 'cancelled'],
    ])
    expect(endedAtMs).toBe(110)
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
    const searched = await search(play, { expectedCollectionRows: { min: 5, max: 5 } })
    expect(searched.conclusion.kind).toBe('completed')
    expect(newsOf(searched).filter((kind) => kind === 'outage-began')).toHaveLength(3)
    expect(newsOf(searched).filter((kind) => kind === 'outage-ended')).toHaveLength(3)
  })

  it.each<[what: string, isElsewhere: boolean, answersFirst: boolean, mostMs: number]>([
    ['a minute at an address that never answered', true, false, MINUTE],
    ['five minutes at an address that has answered', true, true, 5 * MINUTE],
    ['five minutes where the jobs were answered', false, false, 5 * MINUTE],
  ])('is put up with for %s', async (_what, isElsewhere, answersFirst, mostMs) => {
    const read = answersFirst ? inTurn(pending(1), noAnswer()) : () => noAnswer()
    const searched = await search(aCollection({ read }), {}, { isElsewhere })
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
      { books: aCollection({ read: () => pending(9) }), films: aCollection({ read: () => noAnswer() }) },
      {},
      { isElsewhere: true },
    )
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', collections: [1] })
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(5 * MINUTE)
  })

  it('is put up with as long as the user says', async () => {
    const searched = await search(aCollection({ read: () => noAnswer() }), { maxOutageMs: 20_000 })
    expect(searched.conclusion.kind).toBe('unreachable')
    expect(searched.endedAtMs).toBeGreaterThanOrEqual(20_000)
    expect(searched.endedAtMs).toBeLessThan(23_000)
  })

  it('that asks for patience gets it', async () => {
    const searched = await search(aCollection({ read: inTurn(noAnswer('http-429', 45_000), reading()) }))
    expect(searched.course.slice(0, 2)).toEqual(['read 0 s', 'read 45 s'])
  })

  it('does not change a fixed interval', async () => {
    const searched = await search(aCollection({ read: inTurn(noAnswer(), noAnswer(), reading()) }), {
      pollIntervalMs: 1_000,
    })
    expect(searched.course.slice(0, 3)).toEqual(['read 0 s', 'read 1 s', 'read 2 s'])
  })
})

describe('a standstill', () => {
  const patient: Partial<Policy> = { stallTimeoutMs: 5 * MINUTE, timeoutMs: 60 * MINUTE }

  it('ends the wait where pending rows rest', async () => {
    const searched = await search(aCollection({ read: () => pending(9) }), patient)
    expect(searched.conclusion).toMatchObject({ kind: 'stalled', passes: false, jobs: [], collections: [0] })
    expect(searched.endedAtMs).toBeLessThan(6 * MINUTE)
  })

  it('ends the wait where the load progress rests', async () => {
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

  it('is told after half an hour where it ends nothing', async () => {
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
    const read: CollectionPlay = ({ atMs, refreshedAtMs }) =>
      reading(refreshedAtMs !== undefined && atMs < 4_000 ? { load: 50 } : {})
    const searched = await search(aCollection({ read }), { timeoutMs: 6_200, pollIntervalMs: 2_000 })
    expect(searched.course.at(-1)).toBe('read 6.1 s')
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('brings no second good reading on the heels of the first', async () => {
    const searched = await search(aCollection(), { timeoutMs: 2_600 })
    expect(searched.course).toEqual(['read 0 s', 'refresh 0.1 s', 'read 2.1 s', 'read 2.6 s'])
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
  })

  it('may be met by the count that holds', async () => {
    const searched = await search(aCollection({ count: inTurn(rows(4), rows(5)) }), {
      timeoutMs: 8_000,
      expectedCollectionRows: { min: 5, max: 5 },
    })
    expect(searched.conclusion.kind).toBe('completed')
  })

  it('is no time for a refresh', async () => {
    const searched = await search(aCollection(), { timeoutMs: 0 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
    expect(searched.course).toEqual(['read 0 s'])
  })

  it('is no time for a refresh that has just come due', async () => {
    const searched = await search(aCollection({ read: () => ({ answer: reading(), tookMs: 80 }) }), { timeoutMs: 100 })
    expect(searched.conclusion).toMatchObject({ kind: 'timed-out' })
    expect(searched.course).toEqual(['read 0 s'])
  })

  it('lets each of many be asked once where the timeout is 0, however long the rate makes that', async () => {
    const plays = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`c${i}`, aCollection({ read: () => pending(9) })]),
    )
    const searched = await watchSearch(plays, { timeoutMs: 0 })
    expect(searched.questions).toHaveLength(60)
    expect(searched.endedAtMs).toBe(59 * 110)
  })

  it('cuts what hangs at one moment, and tells of it together', async () => {
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
    ['is never done answering', () => ({ answer: pending(9), tookMs: 90_000 })],
  ])('is red for a collection that %s, whatever on-timeout says', async (_what, read) => {
    const searched = await search(aCollection({ read }), { timeoutMs: 30_000, onTimeout: 'pass' })
    expect(searched.conclusion).toMatchObject({ kind: 'unreachable', passes: false })
  })

  it('is red for a collection that was first asked two seconds before, and has not answered', async () => {
    const read: CollectionPlay = () => ({ answer: pending(9), tookMs: 90_000 })
    const searched = await search(aCollection({ read }), { timeoutMs: 2_000, onTimeout: 'pass' })
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
    expect(searched.events.map(({ kind }) => kind)).toEqual(['started', 'polled', 'ended'])
  })

  it('ends the last question at once, and tells nothing of it', async () => {
    const hangs = aCollection({ read: ({ atMs }) => ({ answer: pending(9), tookMs: atMs < 1_000 ? 0 : Infinity }) })
    const policy: Partial<Policy> = { timeoutMs: MINUTE, pollIntervalMs: 120_000 }
    const { events, endedAtMs } = await search(hangs, policy, { interruptAtMs: MINUTE + 500 })
    expect(endedAtMs).toBe(MINUTE + 500)
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'polled', 'read', 'heartbeat', 'ended'])
  })
})
