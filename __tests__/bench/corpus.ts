import { seeded, TICK_SECONDS, ticked, withoutRepeats } from './trace.ts'
import type { Trace, TraceChange } from './trace.ts'

/** A phase of an import: from one progress to another, in so many seconds, in equal steps or all at once at its end. */
interface Phase {
  readonly state: string
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly rows?: boolean
  /** Stands still until its end. */
  readonly stands?: boolean
}

interface Shape {
  readonly name: string
  /** Shares of the whole duration: pending, pre-import, import, sort, index, commit. */
  readonly shares: readonly [number, number, number, number, number, number]
  readonly standsAt?: readonly number[]
  /** Where the server's weights differ: 2.4 has no sorting, V3 another split. */
  readonly bounds?: readonly [number, number, number, number, number]
  readonly end?: 'Completed' | 'Failed' | 'Uncommitted'
  /** The progress at which it ends early: failures, and imports of zero rows. */
  readonly endsAt?: number
  readonly zeroRows?: boolean
  /** Falls back once, from the middle of the import to its beginning. */
  readonly retries?: boolean
}

const V1 = [10, 40, 70, 80, 90] as const

/**
 * How imports go. The shares follow what users report: most of the time in the import for small files, in the index for
 * large ones; a queue before it where many jobs wait.
 */
const SHAPES: readonly Shape[] = [
  { name: 'even', shares: [0.03, 0.15, 0.5, 0.12, 0.17, 0.03] },
  { name: 'import-heavy', shares: [0.02, 0.13, 0.72, 0.06, 0.05, 0.02] },
  { name: 'many-files', shares: [0.05, 0.35, 0.45, 0.07, 0.06, 0.02] },
  { name: 'index-moves', shares: [0.02, 0.08, 0.3, 0.1, 0.48, 0.02] },
  { name: 'index-stands-at-80', shares: [0.02, 0.1, 0.45, 0.1, 0.31, 0.02], standsAt: [80] },
  { name: 'sort-stands-at-70', shares: [0.02, 0.1, 0.5, 0.28, 0.08, 0.02], standsAt: [70] },
  { name: 'pre-import-stands-at-10', shares: [0.02, 0.4, 0.42, 0.06, 0.08, 0.02], standsAt: [10] },
  { name: 'commit-stands-at-99', shares: [0.02, 0.12, 0.56, 0.1, 0.12, 0.08] },
  { name: 'commit-stays-at-99', shares: [0.02, 0.1, 0.38, 0.08, 0.1, 0.32] },
  { name: 'queued', shares: [0.4, 0.1, 0.35, 0.06, 0.07, 0.02] },
  { name: 'no-index', shares: [0.03, 0.22, 0.65, 0.09, 0, 0.01] },
  { name: 'milvus-2.4', shares: [0.03, 0.2, 0.55, 0, 0.2, 0.02], bounds: [10, 40, 70, 70, 90] },
  { name: 'import-v3', shares: [0.05, 0.1, 0.4, 0.1, 0.33, 0.02], bounds: [10, 15, 45, 60, 90] },
  { name: 'retried', shares: [0.03, 0.15, 0.55, 0.12, 0.13, 0.02], retries: true },
  { name: 'failed-before-import', shares: [0.1, 0.9, 0, 0, 0, 0], end: 'Failed', endsAt: 25 },
  { name: 'failed-late', shares: [0.03, 0.17, 0.6, 0.1, 0.1, 0], end: 'Failed', endsAt: 80 },
  { name: 'zero-rows', shares: [0.15, 0.85, 0, 0, 0, 0], endsAt: 40, zeroRows: true },
  { name: 'uncommitted', shares: [0.03, 0.15, 0.5, 0.12, 0.2, 0], end: 'Uncommitted' },
]

/** From ten seconds to five hours. */
const DURATIONS_SECONDS = [10, 35, 120, 400, 1_300, 4_500, 18_000]

/** Imports of every shape and duration, the same in every run; `seed` gives others of the same kinds. */
export function corpus(seed = 1): readonly Trace[] {
  const random = seeded(seed)
  return SHAPES.flatMap((shape) =>
    DURATIONS_SECONDS.map((seconds) => traceOf(shape, seconds * (0.7 + 0.6 * random()), random)),
  )
}

function traceOf(shape: Shape, seconds: number, random: () => number): Trace {
  const totalRows = shape.zeroRows === true ? 0 : Math.round(seconds * 800 * (0.5 + random()))
  const phases = phasesOf(shape, seconds, random)
  const changes: TraceChange[] = []
  let at = 0
  for (const phase of phases) {
    changes.push(...changesOf(phase, at, totalRows))
    at += phase.seconds
  }
  const end = shape.end ?? 'Completed'
  const failed = end === 'Failed'
  const rows = failed ? 0 : totalRows
  const progress = failed ? 0 : end === 'Uncommitted' ? 99 : 100
  changes.push({ at: ticked(at), state: end, progress, importedRows: rows, totalRows: rows })
  return { name: `${shape.name}-${Math.round(seconds)}s`, changes: withoutRepeats(changes) }
}

function phasesOf(shape: Shape, seconds: number, random: () => number): readonly Phase[] {
  const wobbly = shape.shares.map((share) => share * (0.6 + 0.8 * random()))
  const sum = wobbly.reduce((total, share) => total + share, 0)
  const [pending = 0, preImport = 0, importing = 0, sorting = 0, indexing = 0, committing = 0] = wobbly.map(
    (share) => (share / sum) * seconds,
  )
  const [a, b, c, d, e] = shape.bounds ?? V1
  const stands = (at: number) => shape.standsAt?.includes(at) === true
  const until = shape.endsAt ?? 100
  const importPhasees: readonly Phase[] =
    shape.retries === true
      ? [
          { state: 'Importing', from: b, to: Math.round((b + c) / 2), seconds: importing * 0.35, rows: true },
          { state: 'Importing', from: b, to: c, seconds: importing * 0.65, rows: true },
        ]
      : [{ state: 'Importing', from: b, to: c, seconds: importing, rows: true }]
  const all: readonly Phase[] = [
    { state: 'Pending', from: 0, to: a, seconds: pending, stands: true },
    { state: 'Importing', from: a, to: Math.min(b, until), seconds: preImport, stands: stands(10) },
    ...importPhasees,
    { state: 'Importing', from: c, to: d, seconds: sorting, stands: stands(70) },
    { state: 'Importing', from: d, to: e, seconds: indexing, stands: stands(80) },
    { state: 'Importing', from: 99, to: 99, seconds: committing },
  ]
  return all.filter((phase) => phase.seconds > 0 && phase.from < until)
}

function changesOf(phase: Phase, startsAt: number, totalRows: number): readonly TraceChange[] {
  const { state, from, to, seconds, rows = false, stands = false } = phase
  const steps = stands || to === from ? 1 : Math.min(to - from, Math.max(1, Math.floor(seconds / TICK_SECONDS)))
  return Array.from({ length: steps }, (_, i) => {
    const share = i / steps
    const progress = Math.floor(from + (to - from) * share)
    const imported = rows ? Math.round(totalRows * share) : from >= 60 ? totalRows : 0
    const known = rows || from >= 60 ? totalRows : 0
    return { at: ticked(startsAt + seconds * share), state, progress, importedRows: imported, totalRows: known }
  })
}
