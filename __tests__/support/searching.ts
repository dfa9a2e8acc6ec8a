import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { CollectionResult } from '../../src/gate/collection.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import type {
  CollectionIdentity,
  Collections,
  IndexProgress,
  LoadProgress,
  StoredRows,
} from '../../src/gate/import-service.ts'
import { TIME_IS_UP } from '../../src/gate/import-service.ts'
import type { RequestOptions } from '../../src/gate/import-service.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy, Selection } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { FakeClock } from './fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from './services.ts'
import { answered } from './watching.ts'
import { aTrouble } from './builders.ts'

/** What a collection can be asked. */
export type Question = 'read' | 'refresh' | 'count' | 'stored'

/** What a question brings, and how many milliseconds it takes; none unless told otherwise. */
export type Told = Answer | { readonly answer: Answer; readonly tookMs: number }

/** What a request about a collection brings. */
export type Answer = CollectionResult | StoredRows

/** What a collection says at a moment to the nth question of that kind. The first is 0. */
export type CollectionPlay = (moment: {
  readonly atMs: number
  readonly question: Question
  readonly nth: number
  /** When it was last refreshed. */
  readonly refreshedAtMs: number | undefined
}) => Told

/** One question as the service saw it. */
export interface SeenQuestion {
  readonly collection: string
  readonly question: Question
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly answer: Answer
}

export interface Searched {
  readonly conclusion: Conclusion
  readonly endedAtMs: number
  readonly events: readonly WatchEvent[]
  readonly questions: readonly SeenQuestion[]
  /** In turn: `read 0 s`. */
  readonly course: readonly string[]
}

export interface SearchOptions {
  readonly random?: () => number
  readonly interruptAtMs?: number
  readonly isElsewhere?: boolean
  /** Which collection a name stands for; each for its own unless told otherwise. */
  readonly identify?: (name: string, atMs: number) => CollectionIdentity
  /** The collection of each job, as the service says it; one job for each that is played unless told otherwise. */
  readonly collectionsOfJobs?: readonly (string | undefined)[]
  readonly selection?: Selection
  /** When the jobs are through; from the beginning unless told otherwise. */
  readonly importedAtMs?: number
}

/** A whole watch in virtual time, over jobs that are through and collections that play. */
export async function watchSearch(
  plays: Readonly<Record<string, CollectionPlay>>,
  policy: Partial<Policy> = {},
  options: SearchOptions = {},
): Promise<Searched> {
  const clock = new FakeClock()
  const interrupt = new AbortController()
  const questions: SeenQuestion[] = []
  const refreshedAtMs = new Map<string, number>()
  const names = options.collectionsOfJobs ?? Object.keys(plays)

  const ask = async (collection: string, question: Question, { signal, turn }: RequestOptions) => {
    if (!(await turn())) return { kind: 'cancelled' } as const
    const startedAtMs = clock.now()
    const nth = questions.filter((one) => one.collection === collection && one.question === question).length
    const play = plays[collection]
    if (play === undefined) throw new Error(`nobody plays ${collection}`)
    const told = play({ atMs: startedAtMs, question, nth, refreshedAtMs: refreshedAtMs.get(collection) })
    const { answer: said, tookMs } = 'answer' in told ? told : { answer: told, tookMs: 0 }
    if (tookMs > 0) await clock.sleep(tookMs, signal)
    const isHostKnown = !(options.isElsewhere ?? false) || questions.some(({ answer }) => isGood(answer))
    const answer = signal.aborted ? cut(signal) : asRefused(said, question, isHostKnown)
    if (answer.kind === 'done') refreshedAtMs.set(collection, clock.now())
    questions.push({ collection, question, startedAtMs, endedAtMs: clock.now(), answer })
    return answer
  }
  const collections: Collections = {
    isElsewhere: options.isElsewhere ?? false,
    read: async (name, asked) => only(await ask(name, 'read', asked), ['read', 'gone', ...NO_ANSWER]),
    refresh: async (name, asked) =>
      only(await ask(name, 'refresh', asked), ['done', 'not-loaded', 'no-refresh', 'gone', ...NO_ANSWER]),
    count: async (name, asked) =>
      only(await ask(name, 'count', asked), ['counted', 'not-loaded', 'gone', ...NO_ANSWER]),
    stored: async (name, asked) => only(await ask(name, 'stored', asked), ['stored', 'gone', ...NO_ANSWER]),
    identify: (name) =>
      Promise.resolve(options.identify?.(name, clock.now()) ?? { kind: 'identified', collectionId: `449 ${name}` }),
  }
  const jobIds = names.map((_, i) => `job-${i}`)
  const observed = (jobId: string) => {
    const collectionName = names[jobIds.indexOf(jobId)]
    if (clock.now() < (options.importedAtMs ?? 0)) return answered('Importing')
    return answered('Completed', { progress: 100, importedRows: 5, ...(collectionName && { collectionName }) })
  }
  const events: WatchEvent[] = []
  const watching = (async () => {
    const watch = watchImports({
      selection: options.selection ?? { kind: 'given', jobIds },
      policy: { ...DEFAULT_POLICY, waitFor: 'searchable', ...policy },
      service: serviceThat({
        pollerFor: () => async (jobId) => Promise.resolve(observed(jobId)),
        list: () =>
          Promise.resolve({
            kind: 'listed',
            jobs: jobIds.map((jobId) => ({ jobId, phase: 'importing', label: 'Importing' })),
          }),
        collections,
      }),
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: options.random ?? (() => 0),
      interrupt: interrupt.signal,
      startedAtMs: clock.now(),
    })
    for await (const event of watch) events.push(event)
  })()
  if (options.interruptAtMs !== undefined) {
    void clock.sleep(options.interruptAtMs).then(() => {
      interrupt.abort('SIGINT')
    })
  }
  await clock.until(watching)
  const last = events.at(-1)
  if (last?.kind !== 'ended') throw new Error('the watch did not end with its conclusion')
  const course = questions.map(({ question, startedAtMs }) => `${question} ${Math.round(startedAtMs / 100) / 10} s`)
  return { conclusion: last.conclusion, endedAtMs: last.view.nowMs, events, questions, course }
}

const OPERATIONS = { read: 'load-state', refresh: 'refresh', count: 'count', stored: 'stored' } as const

/** A refusal as the service would describe it. */
function asRefused(answer: Answer, question: Question, hostHasAnswered: boolean): Answer {
  if (answer.kind !== 'refused' && answer.kind !== 'gone') return answer
  return { ...answer, error: { ...answer.error, operation: OPERATIONS[question] }, hostHasAnswered }
}

function isGood({ kind }: Answer): boolean {
  return !['outage', 'refused', 'gone', 'cancelled', 'no-refresh'].includes(kind)
}

const NO_ANSWER = ['outage', 'refused', 'cancelled'] as const

function only<Kind extends Answer['kind']>(
  answer: Answer,
  kinds: readonly Kind[],
): Extract<Answer, { readonly kind: Kind }> {
  const isMeant = (one: Answer): one is Extract<Answer, { readonly kind: Kind }> =>
    kinds.some((kind) => kind === one.kind)
  if (!isMeant(answer)) throw new Error(`the play says ${answer.kind}, which answers another question`)
  return answer
}

function cut(signal: AbortSignal): Answer {
  return signal.reason === TIME_IS_UP ? noAnswer('timeout') : { kind: 'cancelled' }
}

const A_TROUBLE = aTrouble({ outcome: 'http-502', host: 'cluster.test', httpStatus: 502 })

/** No usable answer. */
export function noAnswer(outcome = 'http-502', retryAfterMs?: number): Extract<CollectionResult, { kind: 'outage' }> {
  return { kind: 'outage', error: { ...A_TROUBLE, outcome }, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** The service says no. */
export const NO: CollectionResult = {
  kind: 'refused',
  hostHasAnswered: false,
  error: { ...A_TROUBLE, outcome: 'code-1800' },
}
/** The collection is not there. */
export const GONE: CollectionResult = { kind: 'gone', error: { ...A_TROUBLE, outcome: 'code-100' } }
/** The service has no `refresh_load`. */
export const NO_REFRESH: CollectionResult = { kind: 'no-refresh', error: { ...A_TROUBLE, outcome: 'no-refresh' } }
/** Another answer than the last reading led to expect. */
export const NOT_LOADED: CollectionResult = { kind: 'not-loaded' }
/** The collection has been told to take in the new rows. */
export const DONE: CollectionResult = { kind: 'done' }

/** So many rows are visible to a search. */
export function rows(amount: number): Extract<CollectionResult, { kind: 'counted' }> {
  return { kind: 'counted', rows: amount }
}

/** So many rows are stored. */
export function stored(rowCount: number): Extract<StoredRows, { kind: 'stored' }> {
  return { kind: 'stored', rowCount }
}

/** Both, in one reading; as many are stored as are visible unless said otherwise. */
export function measured(rows: number, rowCount = rows): Extract<CollectionResult, { kind: 'measured' }> {
  return { kind: 'measured', rows, rowCount }
}

/** An index that is ready, but for what is said. */
export function anIndex(but: Partial<IndexProgress> = {}): IndexProgress {
  return { name: 'vector', label: 'Finished', isFailed: false, failReason: undefined, pendingRows: 0, ...but }
}

/** A reading of a collection with one index that is loaded, but for what is said; a number is a progress of loading. */
export function reading(
  but: { readonly indexes?: readonly IndexProgress[]; readonly load?: LoadProgress | number } = {},
): Extract<CollectionResult, { kind: 'read' }> {
  const { indexes = [anIndex()], load = { state: 'loaded', percent: 100 } } = but
  return { kind: 'read', indexes, load: typeof load === 'number' ? { state: 'loading', percent: load } : load }
}

/** A collection that has been there all along: ready, refreshed at once, with five rows; but for what is said. */
export function aCollection(but: Partial<Record<Question, CollectionPlay>> = {}): CollectionPlay {
  const usual = { read: reading(), refresh: DONE, count: rows(5), stored: stored(5) }
  return (moment) => but[moment.question]?.(moment) ?? usual[moment.question]
}

/** These in turn, the last one for ever. */
export function inTurn(...told: readonly [Told, ...Told[]]): CollectionPlay {
  return ({ nth }) => told[Math.min(nth, told.length - 1)] ?? told[0]
}
