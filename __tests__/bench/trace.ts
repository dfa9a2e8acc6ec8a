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
