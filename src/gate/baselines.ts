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
  readonly counted: Amount | undefined
  /** `rowCount` while no job had imported a row. */
  readonly stored: Amount | undefined
}

interface Amount {
  readonly rows: number
  readonly takenAtMs: number
  /** The jobs of which no later poll has confirmed yet that this came early enough. */
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
    const { counted, stored, failures, triedAtMs } = entryOf(baselines, name)
    const isDone = counted !== undefined && (stored !== undefined || !isBeforeImport)
    if (isDone || failures >= MAX_BASELINE_FAILURES) return []
    const atMs = failures === 0 ? Number.NEGATIVE_INFINITY : triedAtMs + BASELINE_RETRY_MS
    return [{ name, step: counted === undefined ? 'count' : 'stored', atMs, isFirst: failures === 0 }]
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
  const amount = (rows: number): Amount => ({ rows, takenAtMs: endedAtMs, unconfirmed: new Set(jobs.keys()) })
  if (result.kind === 'counted' && jobs.every(isInvisible)) {
    return [...others, { ...before, failures: 0, counted: amount(result.rows) }]
  }
  if (result.kind === 'stored') return [...others, { ...before, stored: amount(result.rowCount) }]
  return [...others, { ...before, failures: before.failures + 1 }]
}

/**
 * The baselines after a poll: each amount counts only if the next poll of every job still says that it came early enough. No row
 * was visible before the gate's own commit.
 */
export function checkBaselines(
  baselines: Baselines,
  job: number,
  result: PollResult,
  { startedAtMs }: Pick<Span, 'startedAtMs'>,
  { commit }: Pick<History, 'commit'>,
): Baselines {
  if (result.kind !== 'answered') return baselines
  const { snapshot, isFromList = false } = result
  const isFor = (amount: Amount | undefined): amount is Amount =>
    amount?.unconfirmed.has(job) === true && startedAtMs >= amount.takenAtMs
  return baselines.map((baseline) => {
    const { counted, stored } = baseline
    const isCounted = isFor(counted) && (commit !== undefined || isInvisible({ latest: snapshot, commit }))
    const after = isCounted ? { ...baseline, counted: confirmed(counted, job) } : baseline
    // A list has the rows of an earlier poll: of them only that a job is pending says anything.
    if (!isFor(stored) || (isFromList && snapshot.phase !== 'pending')) return after
    return hasNoRows(snapshot)
      ? { ...after, stored: confirmed(stored, job) }
      : { ...after, stored: undefined, failures: MAX_BASELINE_FAILURES }
  })
}

function confirmed(amount: Amount, job: number): Amount {
  return { ...amount, unconfirmed: new Set([...amount.unconfirmed].filter((other) => other !== job)) }
}

/** The early baseline of a collection, by any of its names, as far as it counts; undefined where there is none. */
export function baselineOf(baselines: Baselines, names: readonly string[]): Baseline | undefined {
  const taken = names.flatMap((name): readonly Baseline[] => {
    const { counted, stored } = entryOf(baselines, name)
    const rowCount = stored?.unconfirmed.size === 0 ? stored.rows : undefined
    return counted === undefined ? [] : [{ rows: counted.rows, rowCount, isEarly: counted.unconfirmed.size === 0 }]
  })
  return taken.find(({ rowCount }) => rowCount !== undefined) ?? taken.find(({ isEarly }) => isEarly) ?? taken[0]
}

function entryOf(baselines: Baselines, name: string): EarlyBaseline {
  const known = baselines.find((one) => one.name === name)
  return known ?? { name, failures: 0, triedAtMs: 0, counted: undefined, stored: undefined }
}

/** The rows of the job are imported, but no search can see them yet. */
function isInvisible({ latest, commit }: Pick<History, 'latest' | 'commit'>): boolean {
  return commit === undefined && ['pending', 'importing', 'uncommitted'].includes(latest?.phase ?? 'unknown')
}

/** The service says so, or that the import has not begun. */
function hasNoRows(job: JobSnapshot): boolean {
  const rows = importedRowsOf(job)
  return rows === undefined ? job.phase === 'pending' && !job.isRowCountUnreadable : rows === 0
}
