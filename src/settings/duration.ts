import { mistaken, parsed, quoted } from './parsed.ts'
import type { InputName } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** What one input demands of its duration. */
export interface DurationRule {
  readonly input: InputName
  readonly leastMs: number
  /** Words that the input takes besides a duration, in back quotes; empty where there are none. */
  readonly besides: string
  readonly example: string
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
export function parseDuration(rule: DurationRule, text: string): Parsed<number> {
  const ms = durationMs(text)
  if (ms !== undefined && isAllowed(rule, ms)) return parsed(ms)
  const besides = rule.besides === '' ? '' : `${rule.besides} or `
  return mistaken({
    input: rule.input,
    got: quoted(text),
    takes: `${besides}${whatIsMissing(rule, text, ms)}`,
    example: rule.example,
  })
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
