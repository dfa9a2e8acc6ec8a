import type { Connection } from '../connection.ts'
import { isHeaderText, mistaken, mistakeIn, parsed } from './values.ts'
import type { Parsed } from './values.ts'

type Header = Connection['headers'][number]

/** Headers that the gate or HTTP itself sets. */
const REFUSED: readonly string[] = [
  'authorization',
  'content-type',
  'content-length',
  'accept',
  'accept-encoding',
  'accept-type-allow-int64',
  'db-name',
  'request-timeout',
  'user-agent',
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]

/** Extra request headers, one `Name: value` a line; every line that does not hold is a mistake of its own. */
export function parseHeaders(text: string): Parsed<readonly Header[]> {
  const lines = linesOf(text)
  const headers = lines.map((line) => headerOf(line.text))
  const mistakes = headers.flatMap((header, i) => {
    const [got, takes] = faultOf(header, headers.slice(0, i)) ?? []
    return takes === undefined ? [] : [mistakeIn('headers', `on line ${lines[i]?.number} ${got}`, takes)]
  })
  return mistakes.length > 0 ? mistaken(...mistakes) : parsed(headers)
}

/** What follows the colon of every line (or the whole line where there is none), and each word of it: what must not be shown. */
export function headerSecretsOf(text: string): readonly string[] {
  return linesOf(text).flatMap((line) => {
    const value = line.text.includes(':') ? headerOf(line.text)[1] : line.text
    return [value, ...value.split(/[\s,;="']+/)]
  })
}

function linesOf(text: string): readonly { readonly number: number; readonly text: string }[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, text: line.trim() }))
    .filter((line) => line.text !== '')
}

function headerOf(line: string): Header {
  const colon = line.indexOf(':')
  return colon === -1 ? ['', ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** What a line holds and what it should; shows a name only once it can be no part of a value. */
function faultOf([name, value]: Header, before: readonly Header[]): readonly [got: string, takes: string] | undefined {
  // https://www.rfc-editor.org/rfc/rfc9110#name-tokens
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    const takes = '`Name: value`, one header a line, the name without blanks'
    return ['text without a header name and a colon at its start', takes]
  }
  const lowerName = name.toLowerCase()
  if (REFUSED.includes(lowerName)) {
    const instead = INSTEAD.get(lowerName)
    const why = instead === undefined ? 'the gate sets itself' : `has an input of its own, ${instead}`
    return [`\`${lowerName}\``, `other headers: this one ${why}`]
  }
  if (before.some(([earlier]) => earlier.toLowerCase() === lowerName)) {
    return ['a header that an earlier line has given already', 'each header once, in upper or lower case']
  }
  if (value === '') return ['a header without a value', 'a value after the colon: is the secret set?']
  if (isHeaderText(value)) return undefined
  return ['a value that no header can carry', 'plain characters, without line breaks or control characters']
}

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['authorization', '`api-key`'],
  ['db-name', '`db-name`'],
  ['request-timeout', '`request-timeout`'],
])
