import type { FileProgress, JobSnapshot } from '../gate/job.ts'
import type { Sanitize } from '../messages/format.ts'
import { isObject, valueOf } from './envelope.ts'
import type { JsonObject } from './envelope.ts'
import { FILE_STATES, JOB_STATES } from './states.ts'

/** A job of more files does not exist: Milvus takes 1,024 unless configured otherwise, Zilliz Cloud 1,000. */
export const MOST_FILES = 50_000
const MAX_WORD = 64
const MAX_NAME = 1_024

/** The snapshot in an envelope's data; undefined where there is no state in it. Forgives drift, never guesses meaning. */
export function decodeJob(data: JsonObject, sanitize: Sanitize): JobSnapshot | undefined {
  const state = valueOf(data, 'state')
  if (typeof state !== 'string' || state === '') return undefined
  const details = valueOf(data, 'details')
  const imported = valueOf(data, 'importedRows')
  const importedRows = count(imported)
  return {
    phase: JOB_STATES.get(state) ?? 'unknown',
    label: stateLabel(state, sanitize),
    progress: percentage(valueOf(data, 'progress')),
    importedRows,
    ...(importedRows === undefined && isSent(imported) && { isRowCountUnreadable: true }),
    totalRows: count(valueOf(data, 'totalRows')),
    sizeBytes: count(valueOf(data, 'fileSize')),
    collectionName: text(valueOf(data, 'collectionName'), sanitize, MAX_NAME),
    completeTime: text(valueOf(data, 'completeTime'), sanitize, MAX_WORD),
    createTime: text(valueOf(data, 'createTime'), sanitize, MAX_WORD),
    reason: text(valueOf(data, 'reason'), sanitize),
    files: Array.isArray(details) ? details.filter(isObject).map((file) => decodeFile(file, sanitize)) : [],
  }
}

/** What the service calls its collections, by the names that are shown: one may hold a secret. */
export type Names = Map<string, string>

/** Keeps the name of a job's collection as the service has it. */
export function rememberName(names: Names, data: JsonObject, job: Pick<JobSnapshot, 'collectionName'>): void {
  const { collectionName } = job
  if (collectionName !== undefined) names.set(collectionName, String(valueOf(data, 'collectionName')))
}

function decodeFile(file: JsonObject, sanitize: Sanitize): FileProgress {
  const state = valueOf(file, 'state')
  const word = typeof state === 'string' ? state : ''
  return {
    name: fileName(valueOf(file, 'fileName'), sanitize),
    phase: FILE_STATES.get(word) ?? 'unknown',
    label: FILE_STATES.has(word) ? word : sanitize(word, MAX_WORD),
    progress: percentage(valueOf(file, 'progress')),
    importedRows: count(valueOf(file, 'importedRows')),
    totalRows: count(valueOf(file, 'totalRows')),
    sizeBytes: count(valueOf(file, 'fileSize')),
    completeTime: text(valueOf(file, 'completeTime'), sanitize, MAX_WORD),
    reason: text(valueOf(file, 'reason'), sanitize),
  }
}

/** Only the exact word reads as itself: one that merely looks like `Completed` must not be taken for it downstream. */
function stateLabel(state: string, sanitize: Sanitize): string {
  if (JOB_STATES.has(state)) return state
  const label = sanitize(state, MAX_WORD)
  return label === '' || JOB_STATES.has(label) ? `${label}?` : label
}

/**
 * The four shapes of `fileName`: `a.parquet`, `[a.parquet]`, `[id.npy vector.npy]`, `id:1 paths:"a.parquet"`. Paths may hold
 * blanks, so that a list of them is never split; a signed query string goes.
 */
function fileName(value: unknown, sanitize: Sanitize): string {
  if (typeof value !== 'string') return ''
  const bare = value.trim()
  const quoted = [...bare.matchAll(/\bpaths:"(?:[^"\\]|\\.)*"/g)].map(([part]) => part.slice('paths:"'.length, -1))
  const paths = quoted.map((path) => path.replace(/\\(.)/g, '$1'))
  const listed = paths.filter((path) => path !== '').join(' ')
  const unwrapped = listed !== '' ? listed : /^\[.*\]$/s.test(bare) ? bare.slice(1, -1) : bare
  return sanitize(unwrapped.replace(/\?\S*/g, ''), MAX_NAME)
}

/** Text that says something, made fit to be shown. */
export function text(value: unknown, sanitize: Sanitize, maxLength?: number): string | undefined {
  if (typeof value !== 'string') return undefined
  const clean = sanitize(value, maxLength)
  return clean === '' ? undefined : clean
}

function isSent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** A whole number of rows or bytes, which some answers send as a string. */
export function count(value: unknown): number | undefined {
  const number = numberOf(value) ?? NaN
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** Progress was seen negative (milvus-io/milvus#31221) and as a string. */
export function percentage(value: unknown): number | undefined {
  const number = numberOf(value)
  return number === undefined ? undefined : Math.floor(Math.min(100, Math.max(0, number)))
}

/** A number, also where it was sent as a string. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && /^-?\d{1,16}(\.\d{1,16})?$/.test(value.trim()) ? Number(value) : undefined
}
