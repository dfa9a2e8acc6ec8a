import { seeded } from './random.ts'
import { ticked, withoutRepeats } from './trace.ts'
import type { Trace, TraceChange } from './trace.ts'

/** A phase of the server's state machine: its progress, its usual share of the time, how often progress stands still. */
interface Phase {
  readonly state?: string
  readonly from: number
  readonly to: number
  readonly weight: number
  /** The chance that the whole phase passes at its first percentage. */
  readonly stands: number
  readonly countsRows?: boolean
}

/** Milvus 2.5 and 2.6: https://github.com/milvus-io/milvus/blob/2.6/internal/datacoord/import_util.go. */
const V1: readonly Phase[] = [
  { state: 'Pending', from: 0, to: 10, weight: 0.05, stands: 0.7 },
  { from: 10, to: 40, weight: 0.3, stands: 0.25 },
  { from: 40, to: 70, weight: 0.8, stands: 0.05, countsRows: true },
  { from: 70, to: 80, weight: 0.15, stands: 0.3 },
  { from: 80, to: 90, weight: 0.3, stands: 0.35 },
  { from: 99, to: 99, weight: 0.03, stands: 1 },
]

/** Import V3 (https://github.com/milvus-io/milvus/pull/53334): pre-import, resharding, planning, import, index, commit. */
const V3: readonly Phase[] = [
  { state: 'Pending', from: 0, to: 10, weight: 0.05, stands: 0.7 },
  { from: 10, to: 15, weight: 0.1, stands: 0.25 },
  { from: 15, to: 45, weight: 0.7, stands: 0.05, countsRows: true },
  { from: 45, to: 50, weight: 0.05, stands: 0.5 },
  { from: 50, to: 60, weight: 0.3, stands: 0.2 },
  { from: 60, to: 90, weight: 0.3, stands: 0.2 },
  { from: 99, to: 99, weight: 0.03, stands: 1 },
]

const STEPS = 60
const ROWS_A_SECOND = 1_000

/** A kind of imports that differ with every seed. */
export type Generator = (amount: number, seed: number) => readonly Trace[]

/**
 * Imports with durations from 10 s to 5 h, evenly over the orders of magnitude; shares of the phases at random, so that any
 * of them may take nearly everything; a speed that rises or falls within a phase; a tenth that fail at any moment, some
 * without rows, some that end at Uncommitted.
 */
function withPhases(phases: readonly Phase[]): Generator {
  return (amount, seed) => {
    const random = seeded(seed)
    return Array.from({ length: amount }, (_, i) => traceOf(`unseen-${i + 1}`, phases, random))
  }
}

/** What people run, and what is on its way. */
export const unseen: Generator = withPhases(V1)
export const unseenV3: Generator = withPhases(V3)

/**
 * Imports whose progress has no milestones, as of a service that documents none: a few steps of any size at any time, most
 * close together and some after a long standstill, then the end from whatever was shown last.
 */
export const withoutMilestones: Generator = (amount, seed) => {
  const random = seeded(seed)
  return Array.from({ length: amount }, (_, i) => {
    const seconds = durationSeconds(random)
    const steps = 2 + Math.floor(random() * 30)
    // Most pauses are short and a few very long.
    const pauses = Array.from({ length: steps }, () => Math.exp(3 * random()) - 1)
    const sum = pauses.reduce((total, pause) => total + pause, 0)
    const progress = Array.from({ length: steps }, () => Math.floor(random() * 100)).sort((a, b) => a - b)
    let at = 0
    const changes = progress.map((percent, step) => {
      const change = {
        at: ticked(at),
        state: 'Importing',
        progress: step === 0 ? 0 : percent,
        importedRows: 0,
        totalRows: 0,
      }
      at += ((pauses[step] ?? 0) / sum) * seconds
      return change
    })
    const failed = random() < 0.1
    return ending(`unseen-${i + 1}`, changes, failed ? random() * at : at, {
      state: failed ? 'Failed' : 'Completed',
      progress: failed ? 0 : 100,
      rows: 0,
    })
  })
}

function durationSeconds(random: () => number): number {
  return 10 * 1_800 ** random()
}

function traceOf(name: string, phases: readonly Phase[], random: () => number): Trace {
  const seconds = durationSeconds(random)
  const kind = random()
  const hasNoRows = kind >= 0.1 && kind < 0.14
  const totalRows = hasNoRows ? 0 : Math.round(seconds * ROWS_A_SECOND)
  const weights = phases.map(({ weight }) => weight * -Math.log(1 - random()))
  const sum = weights.reduce((total, weight) => total + weight, 0)

  const changes: TraceChange[] = []
  let at = 0
  // Without rows there is nothing to do after the pre-import.
  for (const [i, phase] of (hasNoRows ? phases.slice(0, 2) : phases).entries()) {
    const lasts = ((weights[i] ?? 0) / sum) * seconds
    changes.push(...changesOf(phase, at, lasts, totalRows, random))
    at += lasts
  }
  if (kind < 0.1) return ending(name, changes, random() * at, { state: 'Failed', progress: 0, rows: 0 })
  return kind > 0.95
    ? ending(name, changes, at - ((weights.at(-1) ?? 0) / sum) * seconds, {
        state: 'Uncommitted',
        progress: 99,
        rows: totalRows,
      })
    : ending(name, changes, at, { state: 'Completed', progress: 100, rows: totalRows })
}

function changesOf(
  phase: Phase,
  startsAt: number,
  lasts: number,
  totalRows: number,
  random: () => number,
): readonly TraceChange[] {
  const { state = 'Importing', from, to } = phase
  const steps = random() < phase.stands ? 1 : STEPS
  const curve = 0.5 + random()
  return Array.from({ length: steps }, (_, step) => {
    const share = step / steps
    return {
      at: ticked(startsAt + lasts * share ** curve),
      state,
      progress: Math.floor(from + (to - from) * share),
      importedRows: phase.countsRows === true ? Math.floor(totalRows * share) : from < 45 ? 0 : totalRows,
      totalRows: from < 15 ? 0 : totalRows,
    }
  })
}

function ending(
  name: string,
  changes: readonly TraceChange[],
  endsAt: number,
  { state, progress, rows }: { readonly state: string; readonly progress: number; readonly rows: number },
): Trace {
  const end = { at: ticked(endsAt), state, progress, importedRows: rows, totalRows: rows }
  return { name, changes: withoutRepeats([...changes.filter(({ at }) => at < end.at), end]) }
}
