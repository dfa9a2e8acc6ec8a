import { mistaken, parsed, quoted } from './parsed.ts'
import type { InputName } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** One of a few exact words. */
export function parseWord<W extends string>(input: InputName, text: string, words: readonly [W, ...W[]]): Parsed<W> {
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return parsed(word)
  const near = nearestWord(text, words)
  const hint = near === undefined ? '' : ` (did you mean \`${near}\`?)`
  return mistaken({ input, got: quoted(text), takes: `${listed(words)}${hint}`, example: words[0] })
}

/** A boolean as `@actions/core` reads it: the words of YAML 1.2's core schema, https://yaml.org/spec/1.2.2/#10212-boolean */
export function parseBoolean(input: InputName, text: string): Parsed<boolean> {
  const value = BOOLEANS.get(text)
  if (value !== undefined) return parsed(value)
  return mistaken({ input, got: quoted(text), takes: '`true` or `false`', example: 'true' })
}

/** The word that a slip of the finger or two, or of the shift key, makes of `text`. */
export function nearestWord<W extends string>(text: string, words: readonly W[]): W | undefined {
  const lower = text.toLowerCase()
  return [0, 1, 2].flatMap((slips) => words.filter((word) => isWithin(slips, lower, word)))[0]
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
])

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
