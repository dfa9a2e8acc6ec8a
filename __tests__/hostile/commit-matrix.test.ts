import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ConclusionKind } from '../../src/gate/conclusion.ts'
import { DEADLINE_MS, inParallel, openStage } from './cell.ts'
import type { CommitCell, Stage } from './cell.ts'
import { FAULTS } from './faults.ts'
import type { Fault } from './faults.ts'
import { IS_SOAK } from '../support/soak.ts'

const AT_A_TIME = 24

/** What has to come of a fault at the commit of a job: whatever was answered, what was carried out is seen by the poll after it. */
function expectedOf({ fault, isCarriedOut, lasts }: CommitCell): ConclusionKind {
  if (isCarriedOut) return 'completed'
  if (isDeclined(fault)) return 'rejected'
  if (fault.sort === 'refusal' && lasts === 'for good') return 'rejected'
  return lasts === 'once' ? 'completed' : 'unreachable'
}

/**
 * One response decides only where it says what only a commit says: that there is no such path, that the job is unknown, and with
 * the code of a failed import that it is in the wrong state. Other refusals without an envelope come from something in between.
 */
function isDeclined({ name, sort }: Fault): boolean {
  return sort === 'unknown job' || /^HTTP 40[45]\b/.test(name) || /^code 2100\b(?!.*parse job id)/.test(name)
}

const GOOD_ANSWERS = [
  'an answer about another job',
  'deep nesting in state',
  'a record collected in the middle of the call',
]

/** The answer to a commit has no members that could be wrong. */
function isGoodAnswer({ name, sort }: Fault): boolean {
  return sort === 'harmless' || name.startsWith('data.') || GOOD_ANSWERS.includes(name)
}

/** A good answer to a commit that is not carried out would be a lie, and a way that leads elsewhere carries out nothing. */
function cellsOf(fault: Fault): readonly CommitCell[] {
  const carriedOut = fault.where.kind === 'answer' ? [true] : []
  const leftUndone = isGoodAnswer(fault) ? [] : [false]
  return [...carriedOut, ...leftUndone].flatMap((isCarriedOut) =>
    (['once', 'for good'] as const).map((lasts) => ({ fault, isCarriedOut, lasts })),
  )
}

/** Nobody polls the members of an answer to a commit: some of those that could be wrong stand for all. */
const isOneOfMany = (where: string, nth: number) => where === 'the type of a field' && nth % 4 > 0

const MATRIX = Object.entries<readonly Fault[]>(FAULTS).map(([where, faults]) => ({
  where,
  rows: faults
    .filter(({ isHeavy }, nth) => IS_SOAK || (isHeavy !== true && !isOneOfMany(where, nth)))
    .map((fault, nth) => ({ fault, cells: cellsOf(fault).filter((_, i, all) => IS_SOAK || i === nth % all.length) })),
}))

function told({ isCarriedOut, lasts }: CommitCell, kind: ConclusionKind): string {
  return `${isCarriedOut ? 'carried out' : 'left undone'}, ${lasts}: ${kind}`
}

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const amount = MATRIX.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells)).length

describe(`a fault at a commit, in ${amount} cells of whether it is carried out and how long the fault lasts:`, () => {
  it.each(MATRIX.map(({ where, rows }) => [where, rows] as const))(
    'in %s',
    async (_where, rows) => {
      const cells = rows.flatMap((row) => row.cells)
      const ends = await inParallel(cells, AT_A_TIME, (cell) => stage.playCommit(cell))
      const named = (cell: CommitCell, kind: ConclusionKind) => `${cell.fault.name}, ${told(cell, kind)}`
      expect(ends.map(({ conclusion }, i) => named(cells[i]!, conclusion.kind))).toEqual(
        cells.map((cell) => named(cell, expectedOf(cell))),
      )
      expect(ends.filter(({ metFault }) => metFault === 0)).toEqual([])
      expect(ends.filter(({ endedAtMs }) => endedAtMs > DEADLINE_MS)).toEqual([])
    },
    120_000,
  )
})
