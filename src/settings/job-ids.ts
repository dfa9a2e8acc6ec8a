import { mistaken, parsed, quoted } from './parsed.ts'
import type { Parsed } from './parsed.ts'

const LONGEST_ID = 256

/** The ids of the jobs to watch, each once, in the order given; always strings, since a number would lose digits. */
export function parseJobIds(text: string): Parsed<readonly string[]> {
  const ids = idsOf(text)
  if (!Array.isArray(ids)) return wrong(quoted(text), ids)
  const bad = ids.find((id) => faultOfId(id) !== undefined)
  return bad === undefined ? parsed([...new Set(ids)]) : wrong(quoted(bad), faultOfId(bad) ?? '')
}

/** The ids, or what the input takes instead. */
function idsOf(text: string): string[] | string {
  const isJson = /^[[{"]/.test(text)
  if (isJson) return idsInJson(text)
  const ids = text.split(/[\s,]+/).filter((id) => id !== '')
  return ids.length > 0
    ? ids
    : 'one import job id or several, separated by white space or commas, or a JSON array of strings; ' +
        'or leave it empty and give `collection-name`, and the gate finds the jobs itself'
}

function idsInJson(text: string): string[] | string {
  const json = jsonOf(text)
  if (typeof json === 'string') return [json]
  if (!Array.isArray(json)) return 'valid JSON where it starts like JSON: an array of strings'
  if (json.length === 0) return 'at least one import job id: the step that starts the import may have started none'
  if (json.every((id) => typeof id === 'string')) return json
  if (json.some((id) => typeof id === 'number')) {
    return 'a JSON array of strings: quote each id, since a number this long loses its last digits'
  }
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
  if (id === '') return 'import job ids that are not empty'
  if (NOT_AN_ID.includes(id)) {
    return 'import job ids: the expression does not lead to one (of an object name the field, for a list use `toJSON(…)`)'
  }
  if (/[\s\p{C}]/u.test(id)) return 'import job ids without white space or invisible characters'
  // Ids stand in the log as they are, where the runner would obey a `##[command]`.
  if (!/^[\w.:~-]+$/.test(id)) return 'import job ids of letters, digits, `-`, `_`, `.`, `:` and `~`, without quotes'
  return id.length > LONGEST_ID ? `import job ids of at most ${LONGEST_ID} characters` : undefined
}

function wrong(got: string, takes: string): Parsed<never> {
  return mistaken({ input: 'job-id', got, takes, example: '448761313698322011' })
}
