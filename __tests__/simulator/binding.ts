import { refuse, type Refusal } from './answers.ts'
import { failure } from './faults.ts'

/** The Go type of a field in a body. */
type FieldType = 'string' | '[]string' | '[][]string' | 'map[string]string'

/** A request's type in Milvus, and what may be in its body, by name; the rest of a body is ignored. */
export interface BodyType {
  readonly type: string
  readonly fields: Readonly<Record<string, FieldType>>
  readonly required: readonly string[]
}

/** What was in a body; an absent value is an empty one. */
export interface Bound {
  readonly kind: 'bound'
  readonly text: (name: string) => string
  readonly texts: (name: string) => readonly string[]
  readonly groups: (name: string) => readonly (readonly string[])[]
  readonly map: (name: string) => Readonly<Record<string, string>>
}

/**
 * Go's JSON binding: names in any case, the last one counts, null is an absent value, a number is no string, an empty value is not
 * there where one is required, and what follows the first value is not read.
 */
export function bind({ type, fields, required }: BodyType, body: string, sonic: boolean): Bound | Refusal {
  const malformed = (problem: string) => refuse(failure(1801, `can only accept json format request, ${problem}`))
  const parsed = parseJson(body)
  if (body === '' || (sonic && parsed === undefined)) {
    return malformed('the request body should be nil, however {} is valid')
  }
  if (parsed === undefined) return malformed(`error: ${syntaxProblem(body)}`)
  const sent = parsed.value ?? {}
  if (!isObject(sent)) {
    return malformed(`error: ${mismatch(sent, `httpserver.${type}`, `Go value of type httpserver.${type}`)}`)
  }
  const values = new Map<string, unknown>()
  for (const [name, wanted] of Object.entries(fields)) {
    const found = Object.entries(sent).findLast(([key]) => key.toLowerCase() === name.toLowerCase())
    const value = found?.[1] ?? undefined
    const wrong = value === undefined ? undefined : misfit(value, wanted)
    if (wrong !== undefined) {
      const place = `Go struct field ${type}.${name} of type ${wrong.wanted}`
      return malformed(`error: ${mismatch(wrong.value, wrong.wanted, place)}`)
    }
    values.set(name, value)
  }
  for (const name of required) {
    const value = values.get(name)
    if (value !== undefined && value !== '') continue
    const field = goName(name)
    const rule = `Key: '${type}.${field}' Error:Field validation for '${field}' failed on the 'required' tag`
    return refuse(failure(1802, `missing required parameters, error: ${rule}`))
  }
  const get = <Value>(name: string, empty: Value) => (values.get(name) as Value | undefined) ?? empty
  return {
    kind: 'bound',
    text: (name) => get(name, ''),
    texts: (name) => get<readonly string[]>(name, []),
    groups: (name) => get<readonly (readonly string[])[]>(name, []),
    map: (name) => get<Readonly<Record<string, string>>>(name, {}),
  }

  /** `sonic` shows where in the body it was, too; that part is left out here. */
  function mismatch(value: unknown, wanted: string, place: string) {
    return sonic
      ? `Mismatch type ${wanted} with value ${goType(value)} "at index ${body.indexOf(JSON.stringify(value))}: mismatched type with value\\n"`
      : `json: cannot unmarshal ${goType(value)} into ${place}`
  }
}

/** The first JSON value of a text, in a wrapper of its own, since it may be null; undefined where there is none. */
export function parseJson(body: string): { readonly value: unknown } | undefined {
  const end = body.trimStart().startsWith('{') ? endOfObject(body) : body.length
  try {
    return { value: JSON.parse(body.slice(0, end)) }
  } catch {
    return undefined
  }
}

/** Whether a JSON value has members. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function endOfObject(body: string) {
  let depth = 0
  for (const { 0: token, index } of body.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{') depth++
    if (token === '}' && --depth === 0) return index + 1
  }
  return body.length
}

function syntaxProblem(body: string) {
  const first = body.trimStart().slice(0, 1)
  return first === '{' || first === '['
    ? 'unexpected EOF'
    : `invalid character '${first}' looking for beginning of value`
}

/** The first part of a value that has not the wanted type. */
function misfit(value: unknown, wanted: FieldType): { readonly value: unknown; readonly wanted: string } | undefined {
  if (wanted === 'string') return typeof value === 'string' ? undefined : { value, wanted }
  if (wanted === 'map[string]string') {
    if (!isObject(value)) return { value, wanted }
    return Object.values(value).flatMap((each) => misfit(each, 'string') ?? [])[0]
  }
  if (!Array.isArray(value)) return { value, wanted }
  const inner = wanted === '[]string' ? 'string' : '[]string'
  return value.flatMap((each) => misfit(each, inner) ?? [])[0]
}

/** `JobID` for `jobId`, as Milvus names it. */
function goName(name: string) {
  return name.replace(/^./, (letter) => letter.toUpperCase()).replace(/Id$/, 'ID')
}

/** The name that Go's decoder has for the type of a JSON value. */
function goType(value: unknown) {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
