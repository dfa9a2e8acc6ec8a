import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isObject } from '../../src/service/envelope.ts'
import type { JsonObject } from '../../src/service/envelope.ts'
import type { ConclusionKind } from '../../src/gate/conclusion.ts'
import { json } from '../simulator/faults.ts'
import { DEADLINE_MS, inParallel, openStage, SEARCH_ANSWERS } from './cell.ts'
import type { Question, SearchCell, Stage } from './cell.ts'
import { FAULTS } from './faults.ts'
import type { Fault } from './faults.ts'
import { IS_SOAK } from '../support/soak.ts'

const AT_A_TIME = 24
const QUESTIONS = Object.keys(SEARCH_ANSWERS) as readonly Question[]

/** What has to come of a fault at a question: by its sort, by whether the service has answered before, and by how long it lasts. */
function expectedOf({ fault, at, lasts }: SearchCell): ConclusionKind {
  const isFirst = at === '/import/list'
  const passes = lasts === 'once' ? 'completed' : 'unreachable'
  switch (fault.sort) {
    case 'harmless':
      return 'completed'
    case 'passing':
    // No question here is about a job.
    case 'unknown job':
      return passes
    case 'refusal':
      if (lasts === 'once') return 'completed'
      return saysGone(fault) && !isFirst ? 'not-ready' : 'rejected'
    case 'refusal without envelope':
      if (lasts === 'once') return 'completed'
      return isFirst || (saysUnknownPath(fault) && at === '/refresh_load') ? 'rejected' : passes
  }
}

/** The collection, or its database, is not there. */
function saysGone({ name }: Fault): boolean {
  return /^code (?:100|800) /.test(name)
}

/** Milvus 2.4 does not know how to refresh. */
function saysUnknownPath({ name }: Fault): boolean {
  return name === 'HTTP 404' || name === 'HTTP 405'
}

/** Those that spoil the answer about a job say nothing here; each answer is spoilt in its own way below. */
function isOfJobs({ name, isHeavy }: Fault): boolean {
  return isHeavy === true || /deep nesting|another job|in the middle of the call/.test(name)
}

const GENERAL = Object.entries<readonly Fault[]>(FAULTS)
  .filter(([where]) => where !== 'the type of a field')
  .flatMap(([, faults]) => faults.filter((fault) => !isOfJobs(fault)))

const WRONG: readonly unknown[] = [null, 7, 'seven', true, [], {}, [null], -1]

function spoilt(at: Question, name: string, spoil: (data: unknown) => unknown): readonly Fault[] {
  return WRONG.map((value) => ({
    name: `${at} with ${name} ${JSON.stringify(value)}`,
    sort: 'passing',
    where: {
      kind: 'answer',
      instead: (good: JsonObject) => json({ ...good, data: put(spoil(good['data']), value) }),
    },
  }))
}

const HERE = Symbol('here')

/** The text with a value in the marked place. */
function put(data: unknown, value: unknown): unknown {
  if (data === HERE) return value
  if (Array.isArray(data)) return data.map((item) => put(item, value))
  return isObject(data) ? Object.fromEntries(Object.entries(data).map(([key, item]) => [key, put(item, value)])) : data
}

const firstOf = (data: unknown) => (Array.isArray(data) && isObject(data[0]) ? data[0] : {})

/** What must not open the gate, nor break it: the wrong type for every part of an answer that decides. */
const SPOILT: readonly { readonly at: Question; readonly faults: readonly Fault[] }[] = [
  { at: '/import/list', faults: spoilt('/import/list', 'records', (data) => ({ ...(data as object), records: HERE })) },
  { at: '/indexes/list', faults: spoilt('/indexes/list', 'data', () => HERE) },
  {
    at: '/indexes/describe',
    faults: [
      ...spoilt('/indexes/describe', 'data', () => HERE),
      ...spoilt('/indexes/describe', 'indexState', (data) => [{ ...firstOf(data), indexState: HERE }]),
    ],
  },
  {
    at: '/get_load_state',
    faults: spoilt('/get_load_state', 'loadState', (data) => ({ ...(data as object), loadState: HERE })),
  },
  { at: '/get_stats', faults: spoilt('/get_stats', 'rowCount', () => ({ rowCount: HERE })) },
  {
    at: '/entities/query',
    faults: [
      ...spoilt('/entities/query', 'data', () => HERE),
      ...spoilt('/entities/query', 'count(*)', () => [{ 'count(*)': HERE }]),
    ],
  },
]

/** Values that are as good as any there. */
const GOOD_AFTER_ALL = new Set([
  '/import/list with records []',
  '/indexes/list with data []',
  '/indexes/list with data "seven"',
  '/indexes/describe with indexState "seven"',
  '/get_load_state with loadState "seven"',
  '/entities/query with count(*) 7',
  '/get_stats with rowCount 7',
])

const DURATIONS = ['once', 'for good'] as const
const cells: readonly SearchCell[] = [
  ...QUESTIONS.flatMap((at, i) =>
    GENERAL.flatMap((fault, nth) =>
      DURATIONS.filter(
        (_, d) => IS_SOAK || (nth + i) % (2 * QUESTIONS.length) === 2 * ((nth + d) % QUESTIONS.length),
      ).map((lasts): SearchCell => ({ fault, at, lasts })),
    ),
  ),
  ...SPOILT.flatMap(({ at, faults }) =>
    faults
      .filter(({ name }) => !GOOD_AFTER_ALL.has(name))
      .flatMap((fault, nth) =>
        DURATIONS.filter((_, d) => IS_SOAK || nth % 4 === 3 * d).map((lasts): SearchCell => ({ fault, at, lasts })),
      ),
  ),
]

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

describe(`a fault at a question about jobs of a collection or its search, in ${cells.length} cells:`, () => {
  it.each(QUESTIONS)(
    'at %s',
    async (at) => {
      const here = cells.filter((cell) => cell.at === at)
      const ends = await inParallel(here, AT_A_TIME, (cell) => stage.playSearch(cell))
      const told = ({ fault, lasts }: SearchCell, kind: ConclusionKind) => `${fault.name}, ${lasts}: ${kind}`
      expect(ends.map(({ conclusion }, i) => told(here[i]!, conclusion.kind))).toEqual(
        here.map((cell) => told(cell, expectedOf(cell))),
      )
      expect(ends.filter(({ metFault }) => metFault === 0)).toEqual([])
      expect(ends.filter(({ endedAtMs }) => endedAtMs > DEADLINE_MS)).toEqual([])
    },
    120_000,
  )
})
