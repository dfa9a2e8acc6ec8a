import { readFileSync } from 'node:fs'
import type { Trace } from './trace.ts'

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
