import { readFileSync } from 'node:fs'

/** The lines of Milvus whose replies were recorded; see `__fixtures__/recorded/README.md`. */
export const RECORDED_VERSIONS = ['2.4', '2.5', '2.6', '3.0'] as const

export type RecordedVersion = (typeof RECORDED_VERSIONS)[number]

/** One request to a real server and its response. */
export interface Exchange {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** 0 where no response came; then `error` says why. */
  readonly status: number
  readonly replyHeaders: Readonly<Record<string, string>>
  /** The parsed JSON body. */
  readonly reply: unknown
  /** The body where it is not JSON. */
  readonly text: string | undefined
  readonly error: string | undefined
}

/** One import on a real server: what `describe` said, at which time after the first poll. */
export interface Trace {
  readonly name: string
  readonly jobId: string
  /** The last state; null where the recording stopped before the end. */
  readonly ends: string | null
  readonly replies: readonly {
    readonly atMs: number
    readonly body: { readonly code: 0; readonly data: RecordedData }
  }[]
}

/** The `data` of a `describe`. */
export interface RecordedData {
  readonly jobId: string
  readonly collectionName: string
  readonly state: string
  readonly progress: number
  readonly importedRows: number
  readonly totalRows: number
  readonly reason?: string
  readonly details: readonly RecordedFile[]
}

export interface RecordedFile {
  readonly fileName: string
  readonly fileSize: number
  readonly state: string
  readonly totalRows: number
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' }

interface StoredExchange {
  readonly name: string
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly status: number
  readonly replyHeaders?: Readonly<Record<string, string>>
  readonly reply?: object
  /** The records of a list, as positions in the file's table. */
  readonly records?: readonly number[]
  readonly text?: string
  readonly error?: string
}

interface StoredExchanges {
  readonly records: readonly object[]
  readonly exchanges: readonly StoredExchange[]
}

interface StoredTraces {
  readonly traces: readonly (Omit<Trace, 'replies'> & {
    /** The time and the fields that changed. */
    readonly replies: readonly (readonly [atMs: number, changes: Partial<RecordedData>])[]
  })[]
}

/** All requests to a server of that line, in order. */
export function loadExchanges(version: RecordedVersion): readonly Exchange[] {
  const { records: table, exchanges } = load(`exchanges-${version}`) as StoredExchanges
  return exchanges.map(
    ({ name, request, headers = {}, body = '', status, replyHeaders, reply, records, text, error }) => {
      const [method = '', path = ''] = request.split(' ')
      return {
        name,
        method,
        path,
        headers,
        body,
        status,
        replyHeaders: { ...(reply === undefined ? {} : JSON_HEADERS), ...replyHeaders },
        reply: records === undefined ? reply : { ...reply, data: { records: records.map((at) => table[at]) } },
        text,
        error,
      }
    },
  )
}

/** All imports that were recorded on a server of that line. */
export function loadTraces(version: RecordedVersion): readonly Trace[] {
  const { traces } = load(`traces-${version}`) as StoredTraces
  return traces.map((trace) => {
    let data = {} as RecordedData
    const replies = trace.replies.map(([atMs, changes]) => {
      data = { ...data, ...changes }
      return { atMs, body: { code: 0 as const, data } }
    })
    return { ...trace, replies }
  })
}

function load(name: string): unknown {
  const file = new URL(`../__fixtures__/recorded/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
