import { mean } from './score.ts'
import { durationSecondsOf } from './trace.ts'
import type { Trace } from './trace.ts'

/** Where the phases of Milvus 2.5 to 3.0 begin. */
export const PHASES = [
  { name: 'pending', from: 0 },
  { name: 'pre-import', from: 10 },
  { name: 'import', from: 40 },
  { name: 'sort', from: 70 },
  { name: 'index', from: 80 },
  { name: 'commit', from: 90 },
] as const

/** The names of the phases in which a trace was seen, in order. */
export function phasesOf({ changes }: Trace): readonly string[] {
  const names = changes.slice(0, -1).map(({ progress }) => PHASES[phaseOf(progress)]?.name ?? '')
  return names.filter((name, i) => name !== names[i - 1])
}

/** The mean share of each phase in the durations of the traces that completed with rows. */
export function phaseShares(traces: readonly Trace[]): readonly number[] {
  const shares = traces.filter(hasRows).map(sharesOf)
  return PHASES.map((_, phase) => mean(shares.map((all) => all[phase] ?? 0)))
}

/** Without rows, an import ends after the pre-import. */
export function hasRows({ changes }: Trace): boolean {
  const { state, importedRows } = changes.at(-1) ?? { state: '', importedRows: 0 }
  return state === 'Completed' && importedRows > 0
}

function sharesOf(trace: Trace): readonly number[] {
  const seconds = PHASES.map(() => 0)
  for (const [i, { at, progress }] of trace.changes.slice(0, -1).entries()) {
    const phase = phaseOf(progress)
    seconds[phase] = (seconds[phase] ?? 0) + (trace.changes[i + 1]?.at ?? at) - at
  }
  return seconds.map((inPhase) => inPhase / durationSecondsOf(trace))
}

function phaseOf(progress: number): number {
  return PHASES.findLastIndex(({ from }) => progress >= from)
}
