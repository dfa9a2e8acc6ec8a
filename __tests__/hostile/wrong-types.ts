import { isObject } from '../../src/service/envelope.ts'
import type { JsonObject } from '../../src/service/envelope.ts'
import type { Sort } from './faults.ts'

/** A good answer with one member that has a value of another type than it should, or that is not there. */
export interface WrongType {
  readonly name: string
  readonly sort: Sort
  readonly spoil: (good: JsonObject) => unknown
}

type JsonType = 'integer' | 'text' | 'object' | 'list'
type Path = readonly (string | number)[]

const FILE: Readonly<Record<string, JsonType>> = {
  fileName: 'text',
  fileSize: 'integer',
  progress: 'integer',
  completeTime: 'text',
  state: 'text',
  importedRows: 'integer',
  totalRows: 'integer',
  reason: 'text',
}

const JOB: Readonly<Record<string, JsonType>> = {
  jobId: 'text',
  collectionName: 'text',
  state: 'text',
  progress: 'integer',
  importedRows: 'integer',
  totalRows: 'integer',
  completeTime: 'text',
  createTime: 'text',
  fileSize: 'integer',
  reason: 'text',
  details: 'list',
}

const FIELDS: readonly (readonly [path: Path, type: JsonType])[] = [
  [['code'], 'integer'],
  [['message'], 'text'],
  [['data'], 'object'],
  ...Object.entries(JOB).map(([name, type]) => [['data', name], type] as const),
  [['data', 'details', 0], 'object'],
  ...Object.entries(FILE).map(([name, type]) => [['data', 'details', 0, name], type] as const),
]

const MISSING = Symbol('missing')

const VALUES: readonly (readonly [value: unknown, type: JsonType | undefined])[] = [
  [null, undefined],
  [true, undefined],
  [0.5, undefined],
  [7, 'integer'],
  ['seven', 'text'],
  [[], 'list'],
  [{}, 'object'],
  [MISSING, undefined],
]

/** Without these three an answer says nothing; every other member may be anything. */
const NEEDED: readonly Path[] = [['code'], ['data'], ['data', 'state']]

/** A number in place of the id is that of another job, unless it is equal as a double. */
function isOtherId(path: Path, value: unknown): boolean {
  return path.join() === 'data,jobId' && typeof value === 'number'
}

/** Every member of an answer with every value that it must not have. */
export const wrongTypes: readonly WrongType[] = FIELDS.flatMap(([path, type]) =>
  VALUES.filter(([, typeOfValue]) => typeOfValue !== type).map(([value]) => ({
    name: `${path.join('.')} ${value === MISSING ? 'missing' : `is ${JSON.stringify(value)}`}`,
    sort: NEEDED.some((needed) => needed.join() === path.join()) || isOtherId(path, value) ? 'passing' : 'harmless',
    spoil: (good) => replaced(good, path, value),
  })),
)

function replaced(json: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(json)) {
    const items: readonly unknown[] = json.length === 0 ? [{}] : json
    return items.map((item, i) => (i === key ? replaced(item, rest, value) : item)).filter((item) => item !== MISSING)
  }
  if (!isObject(json)) return json
  const entries = Object.entries({ ...json, [key]: replaced(json[key], rest, value) })
  return Object.fromEntries(entries.filter(([, member]) => member !== MISSING))
}
