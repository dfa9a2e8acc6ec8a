import { seeded } from './random.ts'
import { ticked, withoutRepeats } from './trace.ts'
import type { Trace, TraceChange } from './trace.ts'

/** The server's stretches: what they are worth in progress, their usual share of the time, how often one stands still. */
const STRETCHES = [
  { state: 'Pending', from: 0, to: 10, weight: 0.05, rests: 0.7 },
  { state: 'Importing', from: 10, to: 40, weight: 0.3, rests: 0.25 },
  { state: 'Importing', from: 40, to: 70, weight: 0.8, rests: 0.05, countsRows: true },
  { state: 'Importing', from: 70, to: 80, weight: 0.15, rests: 0.3 },
  { state: 'Importing', from: 80, to: 90, weight: 0.3, rests: 0.35 },
  { state: 'Importing', from: 99, to: 99, weight: 0.03, rests: 1 },
] as const
const STEPS = 60
const ROWS_A_SECOND = 1_000

/**
 * Imports that the pace was not tuned on, others with every seed: durations from 10 s to 5 h, evenly over the orders of
 * magnitude; shares of the stretches at random, so that any of them may take nearly everything; a speed that rises or falls
 * within a stretch; a tenth that fail at any moment, some without rows, some that end at Uncommitted.
 */
export function unseen(amount: number, seed: number): readonly Trace[] {
  const random = seeded(seed)
  const traces = Array.from({ length: amount }, (_, i) => traceOf(`unseen-${i + 1}`, random))
  return traces.map((trace) => ({ ...trace, files: Math.round(1_024 ** random()) }))
}

function traceOf(name: string, random: () => number): Trace {
  const seconds = 10 * 1_800 ** random()
  const kind = random()
  const hasNoRows = kind >= 0.1 && kind < 0.14
  const totalRows = hasNoRows ? 0 : Math.round(seconds * ROWS_A_SECOND)
  const weights = STRETCHES.map(({ weight }) => weight * -Math.log(1 - random()))
  const sum = weights.reduce((total, weight) => total + weight, 0)

  const changes: TraceChange[] = []
  let at = 0
  // Without rows there is nothing to do after the pre-import.
  for (const [i, stretch] of (hasNoRows ? STRETCHES.slice(0, 2) : STRETCHES).entries()) {
    const lasts = ((weights[i] ?? 0) / sum) * seconds
    changes.push(...changesOf(stretch, at, lasts, totalRows, random))
    at += lasts
  }
  if (kind < 0.1) return ending(name, changes, random() * at, { state: 'Failed', progress: 0, rows: 0 })
  return kind > 0.95
    ? ending(name, changes, at - ((weights[5] ?? 0) / sum) * seconds, {
        state: 'Uncommitted',
        progress: 99,
        rows: totalRows,
      })
    : ending(name, changes, at, { state: 'Completed', progress: 100, rows: totalRows })
}

function changesOf(
  stretch: (typeof STRETCHES)[number],
  startsAt: number,
  lasts: number,
  totalRows: number,
  random: () => number,
): readonly TraceChange[] {
  const { state, from, to } = stretch
  const steps = random() < stretch.rests ? 1 : STEPS
  const curve = 0.5 + random()
  return Array.from({ length: steps }, (_, step) => {
    const share = step / steps
    return {
      at: ticked(startsAt + lasts * share ** curve),
      state,
      progress: Math.floor(from + (to - from) * share),
      importedRows: 'countsRows' in stretch ? Math.floor(totalRows * share) : from < 70 ? 0 : totalRows,
      totalRows: from < 40 ? 0 : totalRows,
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
