import { parseArgs } from 'node:util'
import { nearestWord } from '../../src/settings/values.ts'

/** What the command line gives, by name. */
export type Given = Readonly<Record<string, string | boolean | undefined>>

/** Reads `--name value` and `--name`; an error says in one sentence what does not hold. */
export function readOptions(
  types: Readonly<Record<string, 'string' | 'boolean'>>,
  args: readonly string[] = process.argv.slice(2),
): Given {
  const options = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }]))
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') throw new Error(`"${token.value}" is no option: the name of one starts with "--".`)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const type = types[name]
    if (type === undefined) throw new Error(`There is no option ${rawName}${hintFor(name, Object.keys(types))}.`)
    if (type === 'boolean' && value !== undefined) throw new Error(`${rawName} takes no value.`)
    const isMissing = value === undefined || (!inlineValue && value.startsWith('--'))
    if (type === 'string' && isMissing) throw new Error(`${rawName} needs a value.`)
  }
  return values
}

function hintFor(name: string, names: readonly string[]): string {
  const near = nearestWord(name, names)
  return near === undefined ? ' (--help lists them)' : ` (did you mean --${near}?)`
}

/** A number between two others; an error says what the option takes. */
export function readNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max) return value
  throw new Error(`--${name} takes a number from ${min} to ${max}, but got "${text}".`)
}

/** Runs a script; an error becomes its message and exit status 2. */
export async function runScript(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 2
  }
}
