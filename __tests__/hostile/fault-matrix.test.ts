import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ConclusionKind } from '../../src/gate/conclusion.ts'
import { inParallel, openStage } from './cell.ts'
import type { Cell, Ended, Stage } from './cell.ts'
import { FAULTS } from './faults.ts'
import type { Fault, Sort } from './faults.ts'
import { DURATIONS, MOMENTS } from './moments.ts'
import type { Duration, Moment, Stage as StageOfWait } from './moments.ts'
import { IS_SOAK } from '../support/soak.ts'

/** How a wait ends that nothing disturbs: `timed-out` where the job needs longer than there is time, else `completed`. */
const AS_EVER = 'as ever'
type Expected = ConclusionKind | typeof AS_EVER

const always = (end: Expected) => [end, end, end] as const

/** What has to come of a fault: by its sort, by when it strikes, and by how long it lasts. */
const TABLE: Readonly<Record<Sort, Readonly<Record<StageOfWait, readonly [Expected, Expected, Expected]>>>> = {
  //          once, for a while, for good
  harmless: {
    first: always(AS_EVER),
    later: always(AS_EVER),
    last: always(AS_EVER),
    only: always(AS_EVER),
  },
  passing: {
    first: [AS_EVER, AS_EVER, 'unreachable'],
    later: [AS_EVER, AS_EVER, 'unreachable'],
    last: always('timed-out'),
    only: always('unreachable'),
  },
  // One refusal never ends a gate; a second one does where the host has never answered well, a third one over 10 s elsewhere.
  refusal: {
    first: [AS_EVER, 'rejected', 'rejected'],
    later: [AS_EVER, 'rejected', 'rejected'],
    last: ['timed-out', 'rejected', 'rejected'],
    only: always('rejected'),
  },
  'refusal without envelope': {
    first: [AS_EVER, 'rejected', 'rejected'],
    later: [AS_EVER, AS_EVER, 'unreachable'],
    last: always('timed-out'),
    only: always('rejected'),
  },
  'unknown job': {
    first: [AS_EVER, AS_EVER, 'not-found'],
    later: [AS_EVER, 'not-found', 'not-found'],
    last: always('not-found'),
    only: always('not-found'),
  },
}

/** The step passes; a deadline does here, since the waits have `on-timeout: pass`. */
const PASSES: readonly ConclusionKind[] = ['completed', 'timed-out']

const AT_A_TIME = 24

/**
 * Outside the soak a fault meets each moment for one duration after another. Where faults are many and alike they take turns
 * besides: of so many that stand side by side each meets other moments, until all of them are met; where there are more than
 * moments, the others are left to the soak.
 */
const SIDE_BY_SIDE: Readonly<Record<string, number>> = {
  'the way': 4,
  'the status': 4,
  'the error code': 8,
  'the type of a field': 16,
}
/** A heavy fault meets the moments at which most is at stake: the last one of each stage. */
const HEAVY_MOMENTS = MOMENTS.filter(({ stage }, i) => i === MOMENTS.findLastIndex((moment) => moment.stage === stage))

function cellsOf(fault: Fault, sideBySide: number, nth: number): readonly Cell[] {
  if (IS_SOAK) return product(fault, MOMENTS, () => DURATIONS)
  if (fault.isHeavy === true) return product(fault, HEAVY_MOMENTS, () => ['once'])
  const moments = MOMENTS.filter((_, i) => i % sideBySide === nth % sideBySide)
  return product(fault, moments, (i) => [DURATIONS[(Math.floor(nth / sideBySide) + i) % DURATIONS.length]!])
}

function product(fault: Fault, moments: readonly Moment[], durations: (nth: number) => readonly Duration[]) {
  return moments.flatMap((moment, i) => durations(i).map((duration): Cell => ({ fault, moment, duration })))
}

const MATRIX = Object.entries<readonly Fault[]>(FAULTS).map(([where, faults]) => ({
  where,
  rows: faults
    .map((fault, nth) => ({ fault, cells: cellsOf(fault, SIDE_BY_SIDE[where] ?? 1, nth) }))
    .filter(({ cells }) => cells.length > 0),
}))

function expectedOf({ fault, moment, duration }: Cell): ConclusionKind {
  const expected = TABLE[fault.sort][moment.stage][DURATIONS.indexOf(duration)] ?? AS_EVER
  if (expected !== AS_EVER) return expected
  return moment.completesAtMs <= moment.timeoutMs ? 'completed' : 'timed-out'
}

function told({ moment, duration }: Cell, kind: ConclusionKind, passes: boolean): string {
  return `${moment.name}, ${duration}: ${kind}, ${passes ? 'passes' : 'fails'}`
}

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const amount = MATRIX.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells)).length

describe(`a fault, in ${amount} cells of when and how long:`, () => {
  describe.each(MATRIX.map(({ where, rows }) => [where, rows] as const))('in %s', (_where, rows) => {
    it.each(rows.map(({ fault, cells }) => [fault.name, fault, cells] as const))(
      '%s',
      async (_name, fault, cells) => {
        const ends = await inParallel(cells, fault.isHeavy === true ? 1 : AT_A_TIME, (cell) => stage.play(cell))
        expect(ends.map(({ conclusion }, i) => told(cells[i]!, conclusion.kind, conclusion.passes))).toEqual(
          cells.map((cell) => told(cell, expectedOf(cell), PASSES.includes(expectedOf(cell)))),
        )
        expect(ends.filter((end) => end.metFault === 0)).toEqual([])
        expect(ends.filter((end, i) => isLate(end, cells[i]!))).toEqual([])
      },
      120_000,
    )
  })
})

function isLate({ endedAtMs }: Ended, { moment }: Cell): boolean {
  return endedAtMs > moment.timeoutMs + 2_000
}
