import type { Mistake } from '../gate/conclusion.ts'
import type { RowRange, Since } from '../gate/policy.ts'
import { exampleOf } from './inputs.ts'
import type { InputName, Inputs } from './inputs.ts'

/** What reading inputs brought: their value, or everything the reader has to correct. */
export type Parsed<T> =
  { readonly kind: 'value'; readonly value: T } | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake[] }

export function parsed<T>(value: T): Parsed<T> {
  return { kind: 'value', value }
}

export function mistaken(...mistakes: Mistake[]): Parsed<never> {
  return { kind: 'mistakes', mistakes }
}

/** One mistake in an input, whose own example is shown unless another one helps more. */
export function mistakeIn(input: InputName, got: string, takes: string, example = exampleOf(input)): Mistake {
  return { input, got, takes, example }
}

export function wrong(...mistake: Parameters<typeof mistakeIn>): Parsed<never> {
  return mistaken(mistakeIn(...mistake))
}

/** An object out of parts that are parsed one by one, or the mistakes of all of them. */
export function all<T extends object>(parts: { readonly [K in keyof T]: Parsed<T[K]> }): Parsed<T> {
  const entries = Object.entries<Parsed<unknown>>(parts)
  const mistakes = entries.flatMap(([, part]) => (part.kind === 'mistakes' ? part.mistakes : []))
  if (mistakes.length > 0) return mistaken(...mistakes)
  const values = entries.map(([key, part]) => [key, part.kind === 'value' ? part.value : undefined] as const)
  return parsed(Object.fromEntries(values) as T)
}

/** `undefined` for an empty text, else what `parse` makes of it. */
export function optional<T>(text: string, parse: (text: string) => Parsed<T>): Parsed<T | undefined> {
  return text === '' ? parsed(undefined) : parse(text)
}

/** Of two inputs that need each other: a mistake where only the partner is given, else `own`. */
export function withPartner<T>(inputs: Inputs, input: InputName, partner: InputName, own: Parsed<T>): Parsed<T> {
  if (inputs[input] !== '' || inputs[partner] === '') return own
  return wrong(input, 'nothing', `a value, since ${partner} has one; give both or neither`)
}

const LONGEST_QUOTE = 60

/** How a mistake shows what it got: in quotes, cut, with invisible characters spelled out. Never for secrets. */
export function quoted(text: string): string {
  if (text === '') return 'nothing'
  const characters = Array.from(text)
  const cut = characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('')}…` : text
  const codeOf = (character: string) => (character.codePointAt(0) ?? 0).toString(16)
  return JSON.stringify(cut).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${codeOf(hidden)}}`)
}

/** How a mistake speaks of a secret: by its length alone. */
export function sized(secret: string): string {
  if (secret === '') return 'nothing'
  return secret.length === 1 ? 'a value of 1 character' : `a value of ${secret.length} characters`
}

/** What an input demands of its duration. */
interface DurationRule {
  readonly leastMs: number
  /** Words that the input takes besides a duration, in back quotes; empty where there are none. */
  readonly besides: string
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

const LONGEST_MS = 5 * 86_400_000

const DURATION = new RegExp(`^${UNITS.map(([unit]) => String.raw`(?:(\d+(?:\.\d+)?)${unit})?`).join('')}$`)

/** Milliseconds of `1h30m`, `1.5h` or `500ms`; undefined for anything that is not written like that. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text)
  if (text === '' || match === null) return undefined
  return Math.round(UNITS.reduce((sumMs, [, unitMs], i) => sumMs + Number(match[i + 1] ?? 0) * unitMs, 0))
}

/** A duration within what its input allows and 5 days. */
export function parseDuration(input: InputName, text: string, but: Partial<DurationRule> = {}): Parsed<number> {
  const rule = { leastMs: 1, besides: '', ...but }
  const ms = durationMs(text)
  if (ms !== undefined && isAllowed(rule, ms)) return parsed(ms)
  const besides = rule.besides === '' ? '' : `${rule.besides} or `
  return wrong(input, quoted(text), `${besides}${whatIsMissing(rule, text, ms)}`)
}

function isAllowed(rule: DurationRule, ms: number): boolean {
  return ms >= rule.leastMs && ms <= LONGEST_MS
}

function whatIsMissing(rule: DurationRule, text: string, ms: number | undefined): string {
  if (ms !== undefined && ms > LONGEST_MS) return 'a duration of at most 5 days (`5d`)'
  if (ms !== undefined || /^0+(?:\.0+)?$/.test(text)) {
    return rule.leastMs > 1 ? `a duration of at least ${rule.leastMs / 1000}s` : 'a duration longer than zero'
  }
  if (/^\d+(?:\.\d+)?$/.test(text)) return `a duration with its unit${unitHint(text)}`
  return `a duration: digits with d, h, m, s or ms, larger units first, lower case, no blanks${spellingHint(rule, text)}`
}

const LONGEST_HINT = 12

function unitHint(number: string): string {
  return number.length > LONGEST_HINT ? '' : ` (\`${number}s\` or \`${number}m\`?)`
}

function spellingHint(rule: DurationRule, text: string): string {
  const tidy = text.toLowerCase().replace(/\s/g, '')
  const ms = durationMs(tidy)
  if (ms === undefined || !isAllowed(rule, ms) || tidy.length > LONGEST_HINT) return ''
  return ` (did you mean \`${tidy}\`?)`
}

/** A demand on a number of rows: `N`, `>=N` or `A..B`. */
export function parseRows(input: InputName, text: string): Parsed<RowRange> {
  const range = rangeOf(text)
  if (typeof range !== 'string') return parsed(range)
  return wrong(input, quoted(text), `${range}${rowsHint(text)}`)
}

/** The range, or what the input takes instead. */
function rangeOf(text: string): RowRange | string {
  const match = /^(?:(?<exactly>\d+)|>=(?<atLeast>\d+)|(?<from>\d+)\.\.(?<to>\d+))$/.exec(text)
  if (match?.groups === undefined) return 'digits only, as `N`, `>=N` or `A..B`'
  const { exactly, atLeast, from, to } = match.groups
  const min = Number(exactly ?? atLeast ?? from)
  const max = atLeast === undefined ? Number(exactly ?? to) : undefined
  if (![min, max ?? min].every(Number.isSafeInteger)) return `numbers up to ${Number.MAX_SAFE_INTEGER}`
  return max !== undefined && max < min ? '`A..B` with the smaller number first' : { min, max }
}

const LONGEST_ROWS_HINT = 40

/** Numbers are often pasted the way people read them: `1,000,000`, `1_000_000`, `>= 10`. */
function rowsHint(text: string): string {
  const tidy = text.replace(/[\s,_']/g, '')
  const helps = tidy !== text && tidy.length <= LONGEST_ROWS_HINT && typeof rangeOf(tidy) !== 'string'
  return helps ? ` (did you mean \`${tidy}\`?)` : ''
}

/** One of a few exact words. */
export function parseWord<W extends string>(input: InputName, text: string, words: readonly [W, ...W[]]): Parsed<W> {
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return parsed(word)
  const near = nearestWord(text, words)
  const hint = near === undefined ? '' : ` (did you mean \`${near}\`?)`
  return wrong(input, quoted(text), `${listed(words)}${hint}`)
}

/** A boolean as `@actions/core` reads it: the words of YAML 1.2's core schema, https://yaml.org/spec/1.2.2/#10212-boolean */
export function parseBoolean(input: InputName, text: string): Parsed<boolean> {
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return parsed(text.toLowerCase() === 'true')
  return wrong(input, quoted(text), '`true` or `false`')
}

/** The word that the fewest edits make of `text`, whatever its case. */
export function nearestWord<W extends string>(text: string, words: readonly W[], mostEdits: 1 | 2 = 2): W | undefined {
  const lower = text.toLowerCase()
  return [0, 1, mostEdits].flatMap((slips) => words.filter((word) => isWithin(slips, lower, word)))[0]
}

/** Whether that many insertions, deletions and replacements are enough to turn `a` into `b`. */
function isWithin(slips: number, a: string, b: string): boolean {
  if (a === '' || b === '') return a.length + b.length <= slips
  const [restOfA, restOfB] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return isWithin(slips, restOfA, restOfB)
  if (slips === 0) return false
  return isWithin(slips - 1, restOfA, b) || isWithin(slips - 1, a, restOfB) || isWithin(slips - 1, restOfA, restOfB)
}

function listed(words: readonly string[]): string {
  const marked = words.map((word) => `\`${word}\``)
  return [marked.slice(0, -1).join(', '), ...marked.slice(-1)].filter((part) => part !== '').join(' or ')
}

const EXAMPLE_TIME = '2026-11-23T08:00:00Z'

/** A moment: an RFC 3339 time with its zone, or how long ago. */
export function parseSince(text: string): Parsed<Since> {
  if (!/^\d{4}-\d/.test(text)) {
    const ago = parseDuration('since', text, { besides: `a time like \`${EXAMPLE_TIME}\`` })
    return ago.kind === 'mistakes' ? ago : parsed({ kind: 'ago', durationMs: ago.value })
  }
  const time = timeOf(text)
  if (typeof time === 'number') return parsed({ kind: 'at', timeMs: time })
  return wrong('since', quoted(text), `an RFC 3339 time${time}${timeHint(text)}`, EXAMPLE_TIME)
}

const DATE = String.raw`(?<date>\d{4}-\d\d-\d\d)`
const CLOCK = String.raw`(?<minute>\d\d:\d\d)(?<second>:\d\d(?<fraction>\.\d+)?)?`
const ZONE = String.raw`(?<zone>Z|(?<sign>[+-])(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d))`
const TIME = new RegExp(`^${DATE}(?:T${CLOCK})?${ZONE}?$`, 'i')

/** Milliseconds since the epoch, or what is to be said of the time instead. */
// https://www.rfc-editor.org/rfc/rfc3339#section-5.6
function timeOf(text: string): number | string {
  const parts = TIME.exec(text)?.groups
  if (parts === undefined) return ': date, `T`, time of day and zone, without blanks'
  const { date, minute, second, fraction = '', zone, sign, hours, minutes } = parts
  const missing = [
    ...(minute === undefined ? ['the time of day'] : second === undefined ? ['the seconds'] : []),
    ...(zone === undefined ? ['the zone (`Z`, or an offset like `+02:00`)'] : []),
  ]
  if (missing.length > 0) return `; missing: ${missing.join(' and ')}`
  const clock = `${date}T${minute}${second?.replace(fraction, '')}`
  const localMs = Date.parse(`${clock}Z`)
  // Date.parse makes the 2nd of March of a 30th of February.
  const isReal = !Number.isNaN(localMs) && new Date(localMs).toISOString().startsWith(clock)
  if (!isReal) return ' that the calendar and the clock have'
  const offsetMs = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000
  return localMs + Math.floor(Number(`0${fraction}`) * 1_000) - offsetMs
}

/** What `date --rfc-3339`, `date +%z` and `git log` write comes close. */
function timeHint(text: string): string {
  const tidy = text
    .replace(' ', 'T')
    .replaceAll(' ', '')
    .replace(/(?<hours>[+-]\d\d)(?<minutes>\d\d)$/, '$<hours>:$<minutes>')
  return tidy !== text && typeof timeOf(tidy) === 'number' ? ` (did you mean \`${tidy}\`?)` : ''
}

const LONGEST_ID = 256

/** The ids of the jobs to watch, each once, in the order given; always strings, since a number would lose digits. */
export function parseJobIds(text: string): Parsed<readonly string[]> {
  const ids = idsOf(text)
  if (!Array.isArray(ids)) return wrong('job-id', quoted(text), ids)
  const bad = ids.find((id) => faultOfId(id) !== undefined)
  return bad === undefined ? parsed([...new Set(ids)]) : wrong('job-id', quoted(bad), faultOfId(bad) ?? '')
}

/** The ids, or what the input takes instead. */
function idsOf(text: string): string[] | string {
  if (/^[[{"]/.test(text)) return idsInJson(text)
  const ids = text.split(/[\s,]+/).filter((id) => id !== '')
  return ids.length > 0
    ? ids
    : 'import job IDs separated by white space or commas (or as a JSON array of strings), or the word `discover`'
}

const QUOTED_ID =
  'ID in quotes in the workflow: without them it is read as a number, whose last digits are lost (in `jq`, keep the ID a string)'

function idsInJson(text: string): string[] | string {
  const json = jsonOf(text)
  if (typeof json === 'string') return [json]
  if (!Array.isArray(json)) return 'valid JSON where it starts like JSON: an array of strings'
  if (json.length === 0) return 'at least one import job ID: the step that starts the import may have started none'
  if (json.every((id) => typeof id === 'string')) return json
  if (json.some((id) => typeof id === 'number')) return `a JSON array of strings, with each ${QUOTED_ID}`
  return 'a JSON array of strings and nothing else'
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What an expression makes of a value that is not there, or that is no text. */
// https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#literals
const NOT_AN_ID: readonly string[] = ['null', 'undefined', 'Object', 'Array']

function faultOfId(id: string): string | undefined {
  if (id === '') return 'import job IDs that are not empty'
  if (NOT_AN_ID.includes(id)) {
    return 'import job IDs: the expression does not lead to one (of an object name the field, for a list use `toJSON(…)`)'
  }
  if (/^discover$/i.test(id)) return 'the word `discover` alone and in lower case, or import job IDs'
  if (/^\d+(?:\.\d+)?e\+?\d+$/i.test(id)) return `the ${QUOTED_ID}`
  if (/[\s\p{C}]/u.test(id)) return 'import job IDs without white space or invisible characters'
  // Ids stand in the log as they are, where the runner would obey a `##[command]`.
  if (!/^[\w.:~-]+$/.test(id)) return 'import job IDs of letters, digits, `-`, `_`, `.`, `:` and `~`, without quotes'
  return id.length > LONGEST_ID ? `import job IDs of at most ${LONGEST_ID} characters` : undefined
}

/** A name on a single line. */
export function parseName(input: InputName, name: string): Parsed<string> {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)
    ? wrong(input, quoted(name), 'one name, without line breaks or control characters')
    : parsed(name)
}

/** A name on a single line, `undefined` where it is empty. */
export function parseOptionalName(input: InputName, text: string): Parsed<string | undefined> {
  return optional(text, (name) => parseName(input, name))
}

/** Whether HTTP can carry the text as the value of a header. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}
