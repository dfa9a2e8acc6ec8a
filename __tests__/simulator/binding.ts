import { failure, refuse, type Refusal } from './answers.ts'

/** What may be in a body, by name; the rest of it is ignored. */
export type Fields = Readonly<Record<string, 'string' | 'strings'>>

/** What was in a body; an absent value is an empty one. */
export interface Bound {
  readonly kind: 'bound'
  readonly text: (name: string) => string
  readonly texts: (name: string) => readonly string[]
}

/**
 * Go's JSON binding: names in any case, the last one counts, null is an absent value, a number is no string, and an empty
 * string is not there where one is required. `type` is Milvus' name for the request.
 */
export function bind(type: string, fields: Fields, required: readonly string[], body: string): Bound | Refusal {
  const malformed = (problem: string) => refuse(failure(1801, `can only accept json format request, ${problem}`))
  const parsed = parseJson(body)
  if (body === '') return malformed('the request body should be nil, however {} is valid')
  if (parsed === undefined) return malformed(`error: invalid character ${JSON.stringify(body.slice(0, 1))} in the body`)
  const sent = parsed.value ?? {}
  if (!isObject(sent)) {
    return malformed(`error: json: cannot unmarshal ${goType(sent)} into Go value of type httpserver.${type}`)
  }
  const texts = new Map<string, readonly string[]>()
  for (const [name, wanted] of Object.entries(fields)) {
    const value =
      Object.entries(sent).findLast(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? EMPTY[wanted]
    if (!IS[wanted](value)) {
      const place = `Go struct field ${type}.${name} of type ${GO_TYPES[wanted]}`
      return malformed(`error: json: cannot unmarshal ${goType(value)} into ${place}`)
    }
    texts.set(name, [value].flat())
  }
  const text = (name: string) => texts.get(name)?.[0] ?? ''
  for (const name of required.filter((each) => text(each) === '')) {
    const field = goName(name)
    const rule = `Key: '${type}.${field}' Error:Field validation for '${field}' failed on the 'required' tag`
    return refuse(failure(1802, `missing required parameters, error: ${rule}`))
  }
  return { kind: 'bound', text, texts: (name) => texts.get(name) ?? [] }
}

/** The value in a wrapper of its own, since it may be null; undefined where the text is no JSON. */
export function parseJson(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) }
  } catch {
    return undefined
  }
}

/** Whether a JSON value has members. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const EMPTY = { string: '', strings: [] } as const
const GO_TYPES = { string: 'string', strings: '[]string' } as const
const IS = {
  string: (value: unknown) => typeof value === 'string',
  strings: (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
} as const

/** `JobID` for `jobId`, as Milvus names it. */
function goName(name: string) {
  return name.replace(/^./, (letter) => letter.toUpperCase()).replace(/Id$/, 'ID')
}

/** The name that Go's decoder has for the type of a JSON value. */
function goType(value: unknown) {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
