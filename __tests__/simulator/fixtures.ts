import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reply } from './faults.ts'

/** One stored answer of a service. */
export interface StoredReply {
  readonly source: string
  /** What is worth knowing about it, in a sentence or two. */
  readonly note: string
  readonly service: 'milvus' | 'zilliz'
  readonly operation: string
  /** 200 where the source prints none. */
  readonly httpStatus: number
  /** A JSON body; a text where the body is no JSON. */
  readonly reply: unknown
  /** What a poll that gets this answer brings; absent where the answer is to another question than a poll. */
  readonly result?: 'answered' | 'outage' | 'refused' | 'unknown-job'
}

const folder = new URL('../__fixtures__/replies/', import.meta.url)

/** The names of all stored replies, in order. */
export function fixtureNames(): readonly string[] {
  return namesIn(folder)
}

/** The stored reply of that name. */
export function loadFixture(name: string): StoredReply {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as StoredReply
}

/** The stored reply of that name as the answer about a job, whose id takes the place of the stored one. */
export function fixtureReply(name: string, jobId: string): Reply {
  const { httpStatus, reply } = loadFixture(name)
  if (typeof reply === 'string') {
    return {
      kind: 'raw',
      status: httpStatus,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      chunks: [reply],
    }
  }
  return { kind: 'json', status: httpStatus, body: aboutJob(reply, jobId) }
}

/** The names, without `.json`, of the files in a folder of fixtures. */
export function namesIn(fixtures: URL): readonly string[] {
  return readdirSync(fileURLToPath(fixtures))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace(/\.json$/, ''))
    .sort()
}

function aboutJob(reply: unknown, jobId: string): unknown {
  if (typeof reply !== 'object' || reply === null || !('data' in reply)) return reply
  const { data } = reply
  if (typeof data !== 'object' || data === null) return reply
  const renamed = Object.entries(data).map(([key, value]) => [key, /^jobid$/i.test(key) ? jobId : (value as unknown)])
  return { ...reply, data: Object.fromEntries(renamed) as unknown }
}
