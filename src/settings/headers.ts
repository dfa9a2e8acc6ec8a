import type { Connection } from '../connection.ts'
import { isHeaderText, mistaken, parsed } from './values.ts'
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
  const headers = linesOf(text).map((line) => headerOf(line.text))
  const mistakes = linesOf(text).flatMap(({ number, text: line }, index) => {
    const fault = faultOf(headerOf(line), headers.slice(0, index))
    if (fault === undefined) return []
    const example = 'CF-Access-Client-Id: ${{ secrets.ACCESS_CLIENT_ID }}'
    return [{ input: 'headers', got: `on line ${number} ${fault.got}`, takes: fault.takes, example }]
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

/** Shows a name only once it can be no part of a value. */
function faultOf([name, value]: Header, before: readonly Header[]): { got: string; takes: string } | undefined {
  // https://www.rfc-editor.org/rfc/rfc9110#name-tokens
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    return {
      got: 'text without a header name and a colon at its start',
      takes: '`Name: value`, one header a line, the name without blanks',
    }
  }
  const lowerName = name.toLowerCase()
  if (REFUSED.includes(lowerName)) {
    const instead = INSTEAD.get(lowerName)
    const takes =
      instead === undefined
        ? 'other headers: this one the gate sets itself'
        : `other headers: this one has an input of its own, ${instead}`
    return { got: `\`${lowerName}\``, takes }
  }
  if (before.some(([earlier]) => earlier.toLowerCase() === lowerName)) {
    return { got: 'a header that an earlier line has given already', takes: 'each header once, in upper or lower case' }
  }
  if (value === '') return { got: 'a header without a value', takes: 'a value after the colon: is the secret set?' }
  if (!isHeaderText(value)) {
    return {
      got: 'a value that no header can carry',
      takes: 'plain characters, without line breaks or control characters',
    }
  }
  return undefined
}

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['authorization', '`api-key`'],
  ['db-name', '`db-name`'],
  ['request-timeout', '`request-timeout`'],
])
