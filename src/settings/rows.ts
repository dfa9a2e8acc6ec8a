import { mistaken, parsed, quoted } from './parsed.ts'
import type { RowRange } from '../gate/policy.ts'
import type { InputName } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** A demand on a number of rows: `N`, `>=N` or `A..B`. */
export function parseRows(input: InputName, text: string): Parsed<RowRange> {
  const range = rangeOf(text)
  if (typeof range !== 'string') return parsed(range)
  return mistaken({ input, got: quoted(text), takes: `${range}${hintFor(text)}`, example: '>=1000' })
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

const LONGEST_HINT = 40

/** Numbers are often pasted the way people read them: `1,000,000`, `1_000_000`, `>= 10`. */
function hintFor(text: string): string {
  const tidy = text.replace(/[\s,_']/g, '')
  const helps = tidy !== text && tidy.length <= LONGEST_HINT && typeof rangeOf(tidy) !== 'string'
  return helps ? ` (did you mean \`${tidy}\`?)` : ''
}
