import { readFileSync } from 'node:fs'

/** One moment at which a job, as the service shows it, changed. */
export interface TraceChange {
  /** Seconds since the import was created. */
  readonly at: number
  readonly state: string
  readonly progress: number
  readonly importedRows: number
  readonly totalRows: number
}

/** How an import went, as the service showed it; the last change is the terminal one. */
export interface Trace {
  readonly name: string
  readonly changes: readonly TraceChange[]
}

/** When the trace's terminal change came. */
export function durationSecondsOf(trace: Trace): number {
  return trace.changes.at(-1)?.at ?? 0
}

/** What the service shows at a moment; before the first change, what the first one shows. */
export function changeAt(trace: Trace, atSeconds: number): TraceChange {
  const { changes } = trace
  let [low, high] = [0, changes.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((changes[middle]?.at ?? Infinity) <= atSeconds) low = middle
    else high = middle - 1
  }
  const change = changes[low]
  if (change === undefined) throw new Error(`The trace ${trace.name} has no changes.`)
  return change
}

/** The traces in a JSON text; throws a sentence that names what is wrong. */
export function parseTraces(json: string): readonly Trace[] {
  const traces = JSON.parse(json) as unknown
  if (!Array.isArray(traces))
    throw new Error('Traces are a JSON array of {"name", "changes": [{"at", "state", …}, …]}.')
  return traces.map((trace: Partial<Trace>, i) => {
    const { name = `trace ${i + 1}`, changes } = trace
    if (!Array.isArray(changes) || changes.length === 0) throw new Error(`The trace ${name} has no changes.`)
    const sorted = changes.map((change: Partial<TraceChange>) => {
      if (typeof change.at !== 'number')
        throw new Error(`A change of the trace ${name} has no time (\`at\`, in seconds).`)
      return {
        at: change.at,
        state: change.state ?? 'Importing',
        progress: change.progress ?? 0,
        importedRows: change.importedRows ?? 0,
        totalRows: change.totalRows ?? 0,
      }
    })
    return { name, changes: sorted.sort((a, b) => a.at - b.at) }
  })
}

/** The server's state machine moves once in two seconds. */
export const TICK_SECONDS = 2

/** The tick of the server at which something shows. */
export function ticked(seconds: number): number {
  return Math.ceil(seconds / TICK_SECONDS) * TICK_SECONDS
}

/** Of several changes in one tick only the last was ever to be seen. */
export function withoutRepeats(changes: readonly TraceChange[]): readonly TraceChange[] {
  return changes.filter((change, i) => changes[i + 1]?.at !== change.at)
}

/** An import that a real server ran, as a poller every 250 ms saw it. */
export interface RecordedTrace extends Trace {
  /** Of Milvus, such as `2.6`. */
  readonly version: string
}

/** The fixture has one import a line, its changes as `SECONDS STATE PROGRESS IMPORTED/TOTAL`, separated by commas. */
export function recordedTraces(): readonly RecordedTrace[] {
  const file = new URL('../__fixtures__/recorded-traces.json', import.meta.url)
  const lines = JSON.parse(readFileSync(file, 'utf8')) as readonly Readonly<Record<string, string>>[]
  return lines.map(({ version = '', name = '', changes = '' }) => ({
    version,
    name: `${version}: ${name}`,
    changes: changes.split(', ').map(changeOf),
  }))
}

function changeOf(text: string) {
  const [at, state = '', progress, rows = ''] = text.split(' ')
  const [importedRows, totalRows] = rows.split('/')
  return {
    at: Number(at),
    state,
    progress: Number(progress),
    importedRows: Number(importedRows),
    totalRows: Number(totalRows),
  }
}

/** Numbers from 0 to 1 that are the same in every run: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
