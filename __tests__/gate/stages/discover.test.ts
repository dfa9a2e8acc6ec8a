import { getEventListeners } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { TIME_IS_UP } from '../../../src/gate/import-service.ts'
import type { RequestOptions } from '../../../src/gate/import-service.ts'
import type { Conclusion } from '../../../src/gate/conclusion.ts'
import type { Discovery } from '../../../src/gate/discovery.ts'
import type { WatchEvent } from '../../../src/gate/events.ts'
import type { PollResult, Phase } from '../../../src/gate/job.ts'
import type { CollectionIdentity, ListedJob, Listing } from '../../../src/gate/import-service.ts'
import { DEFAULT_POLICY } from '../../../src/gate/policy.ts'
import type { Policy, Since } from '../../../src/gate/policy.ts'
import { watchImports } from '../../../src/gate/gate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../../support/services.ts'
import { answered, outage, refused, unknownJob } from '../../support/watching.ts'

type Reply<A> = A | { readonly answer: A; readonly tookMs: number }
type Script<A> = (moment: { readonly atMs: number; readonly nth: number }) => Reply<A>

interface Search {
  readonly list: Script<Listing>
  /** By job; the searcher asks about ended ones, and the watch then about those that count. */
  readonly jobs?: Readonly<Record<string, Script<PollResult>>>
  readonly since?: Since
  /** Which collection a name stands for. */
  readonly identify?: (name: string) => CollectionIdentity
  readonly policy?: Partial<Policy>
  readonly interruptAtMs?: number
}

interface Searched {
  readonly conclusion: Conclusion
  readonly endedAtMs: number
  readonly events: readonly WatchEvent[]
  /** `list`, or the job asked about, and when. */
  readonly asked: readonly (readonly [what: string, atMs: number])[]
  readonly discovery: Discovery | undefined
  /** What the log reports the search. */
  readonly changes: readonly string[]
  /** The jobs that are polled together, and whether each poll is the last, in turn. */
  readonly polls: readonly (readonly [together: readonly string[], isLast: boolean])[]
  /** How many still listen for an interrupt. */
  readonly listeners: number
}

/** A whole watch in virtual time over the jobs that a service lists. */
async function search({ list, jobs = {}, since, identify, policy = {}, interruptAtMs }: Search): Promise<Searched> {
  const clock = new FakeClock()
  const interrupt = new AbortController()
  const asked: (readonly [string, number])[] = []
  const polls: (readonly [readonly string[], boolean])[] = []
  const ask = async <A extends Listing | PollResult>(
    what: string,
    script: Script<A>,
    { signal, turn }: RequestOptions,
  ) => {
    if (!(await turn())) return { kind: 'cancelled' } as const
    const nth = asked.filter(([other]) => other === what).length
    asked.push([what, clock.now()])
    const reply = script({ atMs: clock.now(), nth })
    if ('kind' in reply) return reply
    await clock.sleep(reply.tookMs, signal)
    if (!signal.aborted) return reply.answer
    return signal.reason === TIME_IS_UP ? outage('timeout') : CANCELLED
  }
  const service = serviceThat({
    list: (options) => ask('list', list, options),
    pollerFor: (together) => (jobId, options) => {
      polls.push([together, options.isLast])
      const script = jobs[jobId]
      if (script === undefined) throw new Error(`nobody should ask about ${jobId}`)
      return ask(jobId, script, options)
    },
    ...(identify && {
      collections: { ...serviceThat({}).collections, identify: (name) => Promise.resolve(identify(name)) },
    }),
  })
  const events: WatchEvent[] = []
  const watching = (async () => {
    const watch = watchImports({
      selection: { kind: 'discovered', collectionName: 'products', since },
      policy: { ...DEFAULT_POLICY, ...policy },
      service,
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: () => 0,
      interrupt: interrupt.signal,
      startedAtMs: clock.now(),
    })
    for await (const event of watch) events.push(event)
  })()
  if (interruptAtMs !== undefined) {
    void clock.sleep(interruptAtMs).then(() => {
      interrupt.abort('SIGTERM')
    })
  }
  await clock.until(watching)
  const last = events.at(-1)
  if (last?.kind !== 'ended') throw new Error('the watch did not end with its conclusion')
  return {
    conclusion: last.conclusion,
    endedAtMs: last.view.nowMs,
    events,
    asked,
    discovery: events.flatMap((event) => (event.kind === 'discovered' ? event.discovery : []))[0],
    polls,
    listeners: getEventListeners(interrupt.signal, 'abort').length,
    changes: events.flatMap((event) => (event.kind === 'searched' ? event.changes.map(({ kind }) => kind) : [])),
  }
}

const CANCELLED = { kind: 'cancelled' } as const
const HANGS = { tookMs: Infinity } as const
const minutes = (n: number) => n * 60_000

const listed = (...jobs: readonly (readonly [jobId: string, phase: Phase])[]): Listing => ({
  kind: 'listed',
  jobs: jobs.map(([jobId, phase]): ListedJob => ({ jobId, phase, label: LABELS[phase], collectionName: 'products' })),
})
const LABELS: Readonly<Record<Phase, string>> = {
  pending: 'Pending',
  importing: 'Importing',
  uncommitted: 'Uncommitted',
  committing: 'Committing',
  completed: 'Completed',
  failed: 'Failed',
  unknown: 'Resharding',
}
const fault = (outcome?: string, retryAfterMs?: number) => outage(outcome, retryAfterMs)
const refusal = () => refused() as Extract<PollResult, { kind: 'refused' }>

const running = answered('Importing', { progress: 50, importedRows: 5 })
const done = answered('Completed', { progress: 100, importedRows: 10 })
const doneAt = (time: string) => answered('Completed', { progress: 100, importedRows: 10, createTime: time })
const failedAt = (time: string) => answered('Failed', { progress: 0, reason: 'bad file', createTime: time })
const always =
  <A>(answer: A): (() => A) =>
  () =>
    answer
/** A minute before and after the watch that polls an hour back begins. */
const AN_HOUR = { kind: 'ago', durationMs: 3_600_000 } as const
const BEFORE = '2026-11-24T10:58:00Z'
const AFTER = '2026-11-24T11:01:00Z'

describe('the search for jobs', () => {
  it('finds those that have not ended, and waits for each of them', async () => {
    const { conclusion, discovery, asked } = await search({
      list: always(listed(['a', 'importing'], ['b', 'completed'], ['c', 'failed'], ['d', 'unknown'], ['e', 'pending'])),
      jobs: { a: always(done), d: always(done), e: always(done) },
    })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(discovery).toMatchObject({ jobIds: ['a', 'd', 'e'] })
    expect(discovery?.ended.map(({ jobId }) => jobId)).toEqual(['b', 'c'])
    expect(asked.map(([what]) => what)).toEqual(['list', 'a', 'd', 'e'])
  })

  it('does not wait for a job that appears later: it lists once', async () => {
    const { conclusion, asked } = await search({
      list: ({ nth }) => listed(['a', 'importing'], ...(nth > 0 ? [['late', 'importing'] as const] : [])),
      jobs: { a: ({ nth }) => (nth < 20 ? running : done) },
    })
    expect(conclusion.kind).toBe('completed')
    expect(asked.filter(([what]) => what === 'list')).toHaveLength(1)
    expect(asked.map(([what]) => what)).not.toContain('late')
  })

  it('reports once which jobs it waits for', async () => {
    const { events } = await search({ list: always(listed(['a', 'importing'])), jobs: { a: always(done) } })
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'discovered', 'polled', 'ended'])
    expect(events[0]?.view.discovery).toMatchObject({ collectionName: 'products', jobIds: [] })
    expect(events[2]?.view.discovery).toMatchObject({ jobIds: ['a'] })
  })

  it.each(['fail', 'pass'] as const)('ends without jobs as on-no-jobs says: %s', async (onNoJobs) => {
    const { conclusion, discovery } = await search({ list: always(listed(['b', 'completed'])), policy: { onNoJobs } })
    expect(conclusion).toEqual({ kind: 'no-jobs', passes: onNoJobs === 'pass' })
    expect(discovery?.ended).toHaveLength(1)
  })

  it('does not open the gate for a job that failed after it was listed', async () => {
    const { conclusion } = await search({
      list: always(listed(['a', 'importing'])),
      jobs: { a: always(failedAt(AFTER)) },
    })
    expect(conclusion).toMatchObject({ kind: 'failed', passes: false })
  })

  it('says that a job is gone which vanished between the list and the first poll', async () => {
    const { conclusion } = await search({ list: always(listed(['a', 'importing'])), jobs: { a: always(unknownJob()) } })
    expect(conclusion).toMatchObject({ kind: 'not-found', passes: false, jobs: [0] })
  })
})

describe('with since, the search', () => {
  it.each<[string, Since]>([
    ['a time ago', AN_HOUR],
    ['a moment', { kind: 'at', timeMs: WALL_CLOCK_MS - 3_600_000 }],
  ])('counts ended jobs that were created from %s on', async (_, since) => {
    const { conclusion, discovery } = await search({
      since,
      list: always(listed(['old', 'failed'], ['young', 'failed'], ['a', 'importing'])),
      jobs: { old: always(failedAt(BEFORE)), young: always(failedAt(AFTER)), a: always(running) },
    })
    expect(conclusion).toMatchObject({ kind: 'failed', passes: false, jobs: [0] })
    expect(discovery).toMatchObject({ jobIds: ['young', 'a'] })
    expect(discovery?.ended.map(({ jobId }) => jobId)).toEqual(['old'])
  })

  it('passes where all that was imported since then is complete', async () => {
    const { conclusion, discovery } = await search({
      since: AN_HOUR,
      list: always(listed(['old', 'failed'], ['young', 'completed'])),
      jobs: { old: always(failedAt(BEFORE)), young: always(doneAt(AFTER)) },
    })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
    expect(discovery?.jobIds).toEqual(['young'])
  })

  it('does not ask when jobs were created that are still under way, however old they are', async () => {
    const { asked } = await search({
      since: AN_HOUR,
      list: always(listed(['a', 'uncommitted'])),
      jobs: { a: always(done) },
    })
    expect(asked.map(([what]) => what)).toEqual(['list', 'a'])
  })

  it('finds no jobs where all ended before', async () => {
    const { conclusion } = await search({
      since: AN_HOUR,
      list: always(listed(['old', 'failed'])),
      jobs: { old: always(failedAt(BEFORE)) },
    })
    expect(conclusion).toEqual({ kind: 'no-jobs', passes: false })
  })

  it('counts an ended job whose age nobody reports', async () => {
    const { conclusion } = await search({
      since: AN_HOUR,
      list: always(listed(['job-x', 'failed'])),
      jobs: { 'job-x': always(answered('Failed', { progress: 0 })) },
    })
    expect(conclusion).toMatchObject({ kind: 'failed', passes: false })
  })

  it.each([
    [
      'are waited for where they are aliases of one collection',
      { kind: 'identified', collectionId: '449' } as const,
      ['a', 'b'],
      [],
    ],
    [
      'are left out where they cannot be identified, which is reported',
      { kind: 'unidentified' } as const,
      ['a'],
      ['books'],
    ],
  ])('jobs under another name %s', async (_, identity, jobIds, leftOut) => {
    const list: Listing = {
      kind: 'listed',
      jobs: [
        ['a', 'products'],
        ['b', 'books'],
      ].map(([jobId = '', collectionName]) => ({ jobId, phase: 'importing', label: 'Importing', collectionName })),
    }
    const { discovery } = await search({
      list: always(list),
      jobs: { a: always(done), b: always(done) },
      identify: () => identity,
    })
    expect(discovery).toMatchObject({ jobIds, leftOut })
  })

  it('does not go green over a job that vanished and whose age nobody reports', async () => {
    const { conclusion } = await search({
      since: AN_HOUR,
      list: always(listed(['job-x', 'completed'], ['a', 'importing'])),
      jobs: { 'job-x': always(unknownJob()), a: always(done) },
    })
    expect(conclusion).toMatchObject({ kind: 'not-found', passes: false, jobs: [0] })
  })
})

describe('where the service fails, the search', () => {
  it('sits out an outage of the list, and reports its beginning and its end once each', async () => {
    const { conclusion, changes, discovery } = await search({
      list: ({ atMs }) => (atMs < 40_000 ? fault() : listed(['a', 'importing'])),
      jobs: { a: always(done) },
    })
    expect(conclusion.kind).toBe('completed')
    expect(changes).toEqual(['outage-began', 'outage-ended'])
    expect(discovery?.jobIds).toEqual(['a'])
  })

  it('gives up after a minute on a service that never answered', async () => {
    const { conclusion, endedAtMs } = await search({ list: always(fault()) })
    expect(conclusion).toMatchObject({
      kind: 'unreachable',
      passes: false,
      jobs: [],
      error: { outcome: 'http-502' },
      outageMs: minutes(1),
    })
    expect(endedAtMs).toBe(minutes(1))
  })

  it('gives up after max-outage, where that is given', async () => {
    const { conclusion, endedAtMs } = await search({ list: always(fault()), policy: { maxOutageMs: 13_000 } })
    expect(conclusion.kind).toBe('unreachable')
    expect(endedAtMs).toBeGreaterThanOrEqual(13_000)
    expect(endedAtMs).toBeLessThan(15_000)
  })

  it('is patient for five minutes with a service that has listed its jobs', async () => {
    const { conclusion, endedAtMs } = await search({
      since: AN_HOUR,
      list: always(listed(['young', 'completed'])),
      jobs: { young: always(outage()) },
    })
    expect(conclusion.kind).toBe('unreachable')
    expect(endedAtMs).toBeGreaterThanOrEqual(minutes(5))
    expect(endedAtMs).toBeLessThan(minutes(6))
  })

  it('hands its patience on: a service that has listed its jobs has answered', async () => {
    const { conclusion, endedAtMs } = await search({
      list: always(listed(['a', 'importing'])),
      jobs: { a: ({ atMs }) => (atMs < minutes(4) ? outage() : done) },
    })
    expect(conclusion.kind).toBe('completed')
    expect(endedAtMs).toBeGreaterThanOrEqual(minutes(4))
  })

  it('sits out an outage in which it asks about an ended job', async () => {
    const { conclusion, changes } = await search({
      since: AN_HOUR,
      list: always(listed(['young', 'completed'])),
      jobs: { young: ({ atMs }) => (atMs < minutes(2) ? outage() : doneAt(AFTER)) },
    })
    expect(conclusion.kind).toBe('completed')
    expect(changes).toEqual(['outage-began', 'outage-ended'])
  })

  it('leaves the service alone for as long as it asks', async () => {
    const { asked } = await search({
      list: ({ nth }) => (nth === 0 ? fault('http-429', 25_000) : listed(['a', 'importing'])),
      jobs: { a: always(done) },
    })
    expect(asked.slice(0, 2)).toEqual([
      ['list', 0],
      ['list', 25_000],
    ])
  })

  it.each([
    ['the list', { list: always(refusal()), jobs: {} }],
    ['a job', { list: always(listed(['young', 'completed'])), jobs: { young: always<PollResult>(refusal()) } }],
  ])('ends with the second refusal in a row of %s', async (_, service) => {
    const { conclusion, endedAtMs } = await search({ since: AN_HOUR, ...service })
    expect(conclusion).toMatchObject({ kind: 'rejected', passes: false, jobs: [], error: { outcome: 'code-1800' } })
    expect(endedAtMs).toBeGreaterThanOrEqual(2_000)
    expect(endedAtMs).toBeLessThan(3_000)
  })

  it('knows of how many ended jobs it has yet to ask when they were created, where time is up', async () => {
    const jobIds = ['a', 'b', 'c', 'd'] as const
    const { conclusion, events } = await search({
      since: AN_HOUR,
      list: always(listed(...jobIds.map((jobId) => [jobId, 'completed'] as const))),
      jobs: Object.fromEntries(jobIds.map((jobId) => [jobId, always({ answer: doneAt(AFTER), tookMs: 4_000 })])),
      policy: { timeoutMs: 10_000, onTimeout: 'pass' },
    })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false, outageMs: 3_890 })
    expect(events.at(-1)?.view.discovery).toMatchObject({ undated: 2, jobIds: [] })
  })

  it('says now and then that it is still polling', async () => {
    const { events } = await search({
      list: ({ nth }) => (nth === 0 ? { answer: listed(['a', 'importing']), tookMs: 150_000 } : listed()),
      jobs: { a: always(done) },
    })
    expect(events.filter(({ kind }) => kind === 'heartbeat').map(({ view }) => view.nowMs)).toEqual([60_000, 120_000])
  })

  it('fails with its own words where asking itself breaks', async () => {
    const broken = () => {
      throw new Error('a bug in the list')
    }
    await expect(search({ list: broken })).rejects.toThrow('a bug in the list')
  })
})

describe('at the deadline, the search', () => {
  it.each(['fail', 'pass'] as const)(
    'sends final requests for two seconds, and is red whatever on-timeout says: %s',
    async (onTimeout) => {
      const { conclusion, asked, endedAtMs } = await search({
        list: always(fault()),
        policy: { timeoutMs: 30_000, onTimeout },
      })
      expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false })
      expect(asked.slice(-7).map(([, atMs]) => atMs)).toEqual([30_000, 30_300, 30_600, 30_900, 31_200, 31_500, 31_800])
      expect(endedAtMs).toBe(31_800)
    },
  )

  it('gives a list that is under way two seconds more, and asks for no other', async () => {
    const { conclusion, asked, endedAtMs } = await search({
      list: always({ answer: listed(['a', 'importing']), ...HANGS }),
      policy: { timeoutMs: 20_000 },
    })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false, error: { outcome: 'timeout' } })
    expect(asked).toEqual([['list', 0]])
    expect(endedAtMs).toBe(22_000)
  })

  it('is over two seconds later, however many jobs there are still to ask about', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `job-${i}`)
    const { conclusion, endedAtMs } = await search({
      since: AN_HOUR,
      list: always(listed(...ids.map((id) => [id, 'completed'] as const))),
      jobs: Object.fromEntries(ids.map((id) => [id, always({ answer: doneAt(AFTER), tookMs: 1_500 })])),
      policy: { timeoutMs: 10_000, onTimeout: 'pass' },
    })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false })
    expect(endedAtMs).toBeLessThanOrEqual(12_000)
  })

  it('has found the jobs in time that a late list shows, and each gets its poll', async () => {
    const { conclusion } = await search({
      list: always({ answer: listed(['a', 'importing']), tookMs: 11_000 }),
      jobs: { a: always(done) },
      policy: { timeoutMs: 10_000 },
    })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })

  it('takes one poll everything where there is no patience at all', async () => {
    const { conclusion, asked } = await search({
      since: AN_HOUR,
      list: always({ answer: listed(['young', 'completed'], ['a', 'importing']), tookMs: 5_000 }),
      jobs: { young: always(doneAt(AFTER)), a: always(running) },
      policy: { timeoutMs: 0 },
    })
    expect(conclusion).toMatchObject({ kind: 'timed-out', passes: false, jobs: [1] })
    expect(asked.map(([what]) => what)).toEqual(['list', 'young', 'young', 'a'])
  })

  it('does not ask again where there is no patience at all', async () => {
    const { conclusion, asked } = await search({ list: always(fault()), policy: { timeoutMs: 0 } })
    expect(conclusion).toMatchObject({ kind: 'unreachable', passes: false, outageMs: 0 })
    expect(asked).toHaveLength(1)
  })
})

describe('interrupted, the search', () => {
  it.each<[string, Search]>([
    ['while a list is under way', { list: always({ answer: listed(), ...HANGS }) }],
    ['between two lists', { list: always(fault()) }],
    ['while the service wants to be left alone', { list: always(fault('http-429', 60_000)) }],
    [
      'while it asks about a job',
      {
        since: AN_HOUR,
        list: always(listed(['young', 'completed'])),
        jobs: { young: always({ answer: done, ...HANGS }) },
      },
    ],
  ])('ends at once and asks nothing more: %s', async (_, service) => {
    const { conclusion, endedAtMs, asked } = await search({ ...service, interruptAtMs: 7_000 })
    expect(conclusion).toEqual({ kind: 'cancelled', passes: false, signal: 'SIGTERM' })
    expect(endedAtMs).toBe(7_000)
    expect(asked.every(([, atMs]) => atMs < 7_000)).toBe(true)
  })
})

describe('a question of the search', () => {
  const ended = listed(['a', 'completed'], ['b', 'failed'])
  const old = { a: always(doneAt(BEFORE)), b: always(failedAt(BEFORE)) }

  it('is about one job alone, and never the last about it', async () => {
    const { polls } = await search({ list: always(ended), jobs: old, since: AN_HOUR })
    expect(polls).toEqual([
      [['a'], false],
      [['b'], false],
    ])
  })

  it('leaves nobody listening for an interrupt', async () => {
    expect((await search({ list: always(ended) })).listeners).toBe(0)
  })

  it('is repeated ever less often while nobody answers, and reports how long that was', async () => {
    const { asked, events } = await search({
      list: ({ nth }) => ({ answer: nth < 3 ? fault() : ended, tookMs: 1_000 }),
    })
    expect(asked).toEqual([
      ['list', 0],
      ['list', 3_000],
      ['list', 6_300],
      ['list', 9_930],
    ])
    expect(events.flatMap((event) => (event.kind === 'searched' ? event.changes : []))).toEqual([
      { kind: 'outage-began', error: (fault() as { error: object }).error },
      { kind: 'outage-ended', lastedMs: 10_930 },
    ])
  })

  it('is given up with the error that it met, and for how long', async () => {
    const { conclusion, endedAtMs } = await search({
      list: always({ answer: fault(), tookMs: 1_000 }),
      policy: { maxOutageMs: 10_000 },
    })
    expect(conclusion).toEqual({
      kind: 'unreachable',
      passes: false,
      jobs: [],
      error: (fault() as { error: object }).error,
      outageMs: endedAtMs,
    })
  })

  it.each<[when: string, tookMs: number]>([
    ['at the deadline', 1_000],
    ['after it', 1_500],
  ])(
    'whose error comes in %s is sent again within the two seconds, and a cut one does not replace its error',
    async (_, tookMs) => {
      const { conclusion, asked } = await search({
        list: always({ answer: fault(), tookMs }),
        policy: { timeoutMs: 1_000 },
      })
      expect(conclusion).toMatchObject({ kind: 'unreachable', error: { outcome: 'http-502' }, outageMs: 3_000 })
      expect(asked).toEqual([
        ['list', 0],
        ['list', tookMs === 1_000 ? 1_300 : 1_800],
        ...(tookMs === 1_000 ? [['list', 2_600]] : []),
      ])
    },
  )

  it('that begins just before the deadline has two seconds after it', async () => {
    const { conclusion, asked, endedAtMs } = await search({ list: always(fault()), policy: { timeoutMs: 40 } })
    expect(conclusion).toMatchObject({ kind: 'unreachable', error: { outcome: 'http-502' } })
    expect(asked).toHaveLength(7)
    expect(endedAtMs).toBeLessThanOrEqual(2_040)
  })

  it('is cut two seconds after the deadline, however late its turn came', async () => {
    const { conclusion, endedAtMs, asked } = await search({
      list: always(ended),
      jobs: { a: always({ answer: doneAt(BEFORE), ...HANGS }) },
      since: AN_HOUR,
      policy: { timeoutMs: 1_000 },
    })
    expect(conclusion).toMatchObject({ kind: 'unreachable', error: { outcome: 'timeout' } })
    expect(endedAtMs).toBe(3_000)
    expect(asked).toEqual([
      ['list', 0],
      ['a', 110],
    ])
  })

  it('is not asked any more where an answer has come at the very end', async () => {
    const { conclusion, asked } = await search({
      list: always({ answer: ended, tookMs: 3_000 }),
      since: AN_HOUR,
      policy: { timeoutMs: 1_000 },
    })
    expect(conclusion).toEqual({ kind: 'unreachable', passes: false, jobs: [], error: undefined, outageMs: 0 })
    expect(asked).toEqual([['list', 0]])
  })
})
