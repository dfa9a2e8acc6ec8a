import { seeded, ticked, withoutRepeats } from './trace.ts'
import type { Trace, TraceChange } from './trace.ts'

/** Makes so many imports; another seed gives others of the same kind. */
type Generator = (amount: number, seed: number) => readonly Trace[]

/** What the pace has to reach, in the figures of a score. */
export interface Goal {
  readonly ratio: number
  readonly polls: number
  readonly meanDelaySeconds: number
  readonly shortMeanDelaySeconds: number
  readonly inTime: number
}

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

/** How far imports are from the usual one. */
interface Variety {
  /** What the usual share of a phase is multiplied with. */
  readonly weight: (random: () => number) => number
  readonly shortestCommitSeconds: number
  /** Shares of the imports: those that fail at any moment, that have no rows, that end at Uncommitted. */
  readonly failed: number
  readonly noRows: number
  readonly uncommitted: number
}

/** A progress without milestones: in how many steps, with what pauses between them, of which only the proportions count. */
interface Steps {
  readonly count: (random: () => number) => number
  readonly pause: (random: () => number) => number
  readonly failed: number
}

/** Every phase takes its share, more or less, and the commit takes a few seconds. Nearly all imports complete. */
const USUAL: Variety = {
  weight: (random) => 0.3 + 1.4 * random(),
  shortestCommitSeconds: 8,
  failed: 0.01,
  noRows: 0,
  uncommitted: 0,
}
/** Any phase may take nearly everything or nothing, the commit too, and one import in five does not complete with rows. */
const HARD: Variety = {
  weight: (random) => -Math.log(1 - random()),
  shortestCommitSeconds: 0,
  failed: 0.1,
  noRows: 0.04,
  uncommitted: 0.05,
}
/** Tens of steps, some after a standstill ten times as long; one import in seven shows three steps at most. */
const MANY_STEPS: Steps = {
  count: (random) => (random() < 0.15 ? 1 + 3 * random() : 20 + 40 * random()),
  pause: (random) => (random() < 0.15 ? 10 : 1) * random(),
  failed: 0,
}
/** Few steps, close together or after very long standstills. */
const FEW_STEPS: Steps = {
  count: (random) => 2 + 30 * random(),
  pause: (random) => Math.exp(3 * random()) - 1,
  failed: 0.1,
}

const WITH_MILESTONES: Goal = { ratio: 6, polls: 0.4, meanDelaySeconds: 3, shortMeanDelaySeconds: 1.5, inTime: 0.95 }
const WITHOUT: Goal = { ratio: 3, polls: 0.5, meanDelaySeconds: 4, shortMeanDelaySeconds: 2.5, inTime: 0.9 }

/**
 * The first three are imports as they usually go, and the goals are for these. The hard ones show where the pace is late:
 * most of their delay comes from imports that end at a progress from which they usually go on for long.
 */
export const GENERATORS: readonly { readonly name: string; readonly generate: Generator; readonly goal?: Goal }[] = [
  { name: 'Milvus 2.5 and 2.6', generate: withPhases(V1, USUAL), goal: WITH_MILESTONES },
  { name: 'Import V3', generate: withPhases(V3, USUAL), goal: { ...WITH_MILESTONES, polls: 0.34 } },
  { name: 'no milestones', generate: withSteps(MANY_STEPS), goal: WITHOUT },
  { name: 'Milvus 2.5 and 2.6, hard', generate: withPhases(V1, HARD) },
  { name: 'Import V3, hard', generate: withPhases(V3, HARD) },
  { name: 'no milestones, hard', generate: withSteps(FEW_STEPS) },
]

function withPhases(phases: readonly Phase[], variety: Variety): Generator {
  return generator((name, random) => traceOf(name, phases, variety, random))
}

function withSteps(steps: Steps): Generator {
  return generator((name, random) => steppedTrace(name, steps, random))
}

function generator(make: (name: string, random: () => number) => Trace): Generator {
  return (amount, seed) => {
    const random = seeded(seed)
    return Array.from({ length: amount }, (_, i) => make(`generated-${i + 1}`, random))
  }
}

/** From 10 s to 5 h, evenly over the orders of magnitude. */
function durationSeconds(random: () => number): number {
  return 10 * 1_800 ** random()
}

const ROWS_A_SECOND = 1_000

function traceOf(name: string, phases: readonly Phase[], variety: Variety, random: () => number): Trace {
  const seconds = durationSeconds(random)
  const kind = random()
  const hasNoRows = kind >= variety.failed && kind < variety.failed + variety.noRows
  const totalRows = hasNoRows ? 0 : Math.round(seconds * ROWS_A_SECOND)
  const weights = phases.map(({ weight }) => weight * variety.weight(random))
  const sum = weights.reduce((total, weight) => total + weight, 0)

  const changes: TraceChange[] = []
  let at = 0
  // Without rows there is nothing to do after the pre-import.
  for (const [i, phase] of (hasNoRows ? phases.slice(0, 2) : phases).entries()) {
    const share = ((weights[i] ?? 0) / sum) * seconds
    const lasts = phase.from === 99 ? Math.max(variety.shortestCommitSeconds, share) : share
    changes.push(...changesOf(phase, at, lasts, totalRows, random))
    at += lasts
  }
  if (kind < variety.failed) return ending(name, changes, random() * at, { state: 'Failed', progress: 0, rows: 0 })
  const commitSeconds = ((weights.at(-1) ?? 0) / sum) * seconds
  return kind > 1 - variety.uncommitted
    ? ending(name, changes, at - commitSeconds, { state: 'Uncommitted', progress: 99, rows: totalRows })
    : ending(name, changes, at, { state: 'Completed', progress: 100, rows: totalRows })
}

const STEPS = 60

/** The speed rises or falls within a phase. */
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

/** The progress rises by any amount at each step, and the end comes from whatever was shown last. */
function steppedTrace(name: string, steps: Steps, random: () => number): Trace {
  const seconds = durationSeconds(random)
  const count = Math.floor(steps.count(random))
  const pauses = Array.from({ length: count }, () => steps.pause(random))
  const sum = pauses.reduce((total, pause) => total + pause, 0)
  const percents = Array.from({ length: count }, () => Math.floor(random() * 100)).sort((a, b) => a - b)
  let at = 0
  const changes = percents.map((percent, step) => {
    const progress = step === 0 ? 0 : percent
    const change = { at: ticked(at), state: 'Importing', progress, importedRows: 0, totalRows: 0 }
    at += ((pauses[step] ?? 0) / sum) * seconds
    return change
  })
  return random() < steps.failed
    ? ending(name, changes, random() * at, { state: 'Failed', progress: 0, rows: 0 })
    : ending(name, changes, at, { state: 'Completed', progress: 100, rows: 0 })
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
