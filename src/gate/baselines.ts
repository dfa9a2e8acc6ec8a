import type { Span } from './clock.ts'
import type { Baseline } from './collection.ts'
import type { History } from './history.ts'
import { importedRowsOf } from './job.ts'
import type { JobSnapshot, PollResult } from './job.ts'
import type { RowsCounted, StoredRows } from './import-service.ts'
import { BASELINE_RETRY_MS, MAX_BASELINE_FAILURES } from './timing.ts'

/**
 * The early baselines of the collections: `count(*)` before imported rows can be visible, and `rowCount` before there are any.
 * The jobs stage takes them while it polls. Nothing depends on them but the proof that comes later, so their requests never
 * delay a poll and their errors have no consequence. With `wait-for: searchable` the jobs stage
 * - calls `nextBaseline` whenever no poll is in flight or due, and sends the request that it names;
 * - calls `recordBaseline` with the result, whatever it is;
 * - calls `checkBaselines` with every result of a poll;
 * - sends the first commit only once `nextBaseline` has nothing to try for the first time.
 * The collections stage reads them with `baselineOf`.
 */
export type Baselines = readonly EarlyBaseline[]

interface EarlyBaseline {
  readonly name: string
  readonly failures: number
  readonly triedAtMs: number
  /** `count(*)` while no job was Completed or Committing. */
  readonly rows: number | undefined
  /** `rowCount` while no job had imported a row. */
  readonly stored: StoredBaseline | undefined
}

interface StoredBaseline {
  readonly rowCount: number
  readonly takenAtMs: number
  /** The jobs of which no later poll has said yet that they still have imported no row. */
  readonly unconfirmed: ReadonlySet<number>
}

/** A request for a part of a baseline. */
export interface BaselineRequest {
  readonly name: string
  readonly step: 'count' | 'stored'
  readonly atMs: number
  /** It has not failed before. */
  readonly isFirst: boolean
}

/** The next request for a baseline of one of these collections; undefined where none is left, or it is too late for one. */
export function nextBaseline(
  baselines: Baselines,
  names: readonly string[],
  jobs: readonly History[],
): BaselineRequest | undefined {
  if (jobs.length === 0 || !jobs.every(isInvisible)) return undefined
  const isBeforeImport = jobs.every(({ latest }) => latest !== undefined && hasNoRows(latest))
  const requests = names.flatMap((name): readonly BaselineRequest[] => {
    const { rows, stored, failures, triedAtMs } = entryOf(baselines, name)
    const isDone = rows !== undefined && (stored !== undefined || !isBeforeImport)
    if (isDone || failures >= MAX_BASELINE_FAILURES) return []
    const atMs = failures === 0 ? Number.NEGATIVE_INFINITY : triedAtMs + BASELINE_RETRY_MS
    return [{ name, step: rows === undefined ? 'count' : 'stored', atMs, isFirst: failures === 0 }]
  })
  return requests.toSorted((a, b) => a.atMs - b.atMs)[0]
}

/** The baselines after one more request; one that may have come too late does not count. */
export function recordBaseline(
  baselines: Baselines,
  { name }: BaselineRequest,
  result: RowsCounted | StoredRows,
  { endedAtMs }: Span,
  jobs: readonly History[],
): Baselines {
  if (result.kind === 'cancelled') return baselines
  const before = { ...entryOf(baselines, name), triedAtMs: endedAtMs }
  const others = baselines.filter((one) => one.name !== name)
  if (result.kind === 'counted' && jobs.every(isInvisible)) return [...others, { ...before, rows: result.rows }]
  if (result.kind === 'stored') {
    const unconfirmed = new Set(jobs.keys())
    return [...others, { ...before, stored: { rowCount: result.rowCount, takenAtMs: endedAtMs, unconfirmed } }]
  }
  return [...others, { ...before, failures: before.failures + 1 }]
}

/** The baselines after a poll: `rowCount` counts only if the next poll of every job still says that no row is imported. */
export function checkBaselines(
  baselines: Baselines,
  job: number,
  result: PollResult,
  { startedAtMs }: Pick<Span, 'startedAtMs'>,
): Baselines {
  if (result.kind !== 'answered') return baselines
  const { snapshot, isFromList = false } = result
  // A list has the rows of an earlier poll: of them only that a job is pending says anything.
  if (isFromList && snapshot.phase !== 'pending') return baselines
  return baselines.map((baseline) => {
    const { stored } = baseline
    if (stored === undefined || startedAtMs < stored.takenAtMs || !stored.unconfirmed.has(job)) return baseline
    if (!hasNoRows(snapshot)) return { ...baseline, stored: undefined, failures: MAX_BASELINE_FAILURES }
    const unconfirmed = new Set([...stored.unconfirmed].filter((other) => other !== job))
    return { ...baseline, stored: { ...stored, unconfirmed } }
  })
}

/** The early baseline of a collection, by any of its names, as far as it counts; undefined where there is none. */
export function baselineOf(baselines: Baselines, names: readonly string[]): Baseline | undefined {
  const taken = names.flatMap((name): readonly Baseline[] => {
    const { rows, stored } = entryOf(baselines, name)
    const rowCount = stored?.unconfirmed.size === 0 ? stored.rowCount : undefined
    return rows === undefined ? [] : [{ rows, rowCount, isEarly: true }]
  })
  return taken.find(({ rowCount }) => rowCount !== undefined) ?? taken[0]
}

function entryOf(baselines: Baselines, name: string): EarlyBaseline {
  const known = baselines.find((one) => one.name === name)
  return known ?? { name, failures: 0, triedAtMs: 0, rows: undefined, stored: undefined }
}

/** The rows of the job are imported, but no search can see them yet. */
function isInvisible({ latest, commit }: History): boolean {
  return commit === undefined && ['pending', 'importing', 'uncommitted'].includes(latest?.phase ?? 'unknown')
}

/** The service says so, or that the import has not begun. */
function hasNoRows(job: JobSnapshot): boolean {
  const rows = importedRowsOf(job)
  return rows === undefined ? job.phase === 'pending' && !job.isRowCountUnreadable : rows === 0
}
