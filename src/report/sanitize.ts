import { shortened } from '../messages/format.ts'
import type { Sanitize } from '../messages/format.ts'

export type { Sanitize } from '../messages/format.ts'

const MAX_LENGTH = 4000
const MASK = '***'
/** An encoding of a shorter secret would be found in innocent text. */
const MIN_ENCODED_LENGTH = 6

// Text that no rule below can touch: nearly all names and states, of which a poll brings tens of thousands.
const PLAIN = /^[\w.,/()-]*$/

const ANSI_SEQUENCE =
  /(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\u009d\r\n]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/g
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/** The one sanitizer: applied once, where text of the service enters. `secrets` are cut with their usual encodings. */
export function createSanitizer(secrets: readonly string[]): Sanitize {
  const mask = maskOf(secrets.map(printable))
  return (raw, maxLength = MAX_LENGTH) => {
    const text = textOf(raw)
    if (PLAIN.test(text)) return shortened(mask(text), maxLength)
    // Secrets before the cuts, which could leave a part of one, and after them, since they join what stood apart.
    const clean = mask(withoutCredentials(mask(printable(text)))).trim()
    return shortened(withoutCommands(clean), maxLength)
  }
}

function textOf(raw: unknown): string {
  if (typeof raw !== 'object' || raw === null) return String(raw)
  try {
    // String() would call the object's own toString, which JSON can replace by a number.
    return JSON.stringify(raw)
  } catch {
    return ''
  }
}

/** One line of characters that can be seen. Lone surrogates go first: what stands between two halves could join them. */
function printable(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(ANSI_SEQUENCE, '')
    .replace(/\t/g, ' ')
    .replace(LINE_BREAKS, '\n')
    .replace(INVISIBLE, (character) => (character === '\n' ? '\n' : ''))
    .trim()
    .replace(/\n+/g, ' ⏎ ')
}

/**
 * The runner takes `##[command]` anywhere in a line for a command, and `::command::` at a line's start.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
function withoutCommands(text: string): string {
  return text.replaceAll('##[', '## [').replace(/^::/, ': :')
}

/** What one cut leaves may look like another credential; nothing needs more than a few. */
const MOST_CUTS = 5

function withoutCredentials(text: string): string {
  let clean = text
  for (let cuts = 0; cuts < MOST_CUTS; cuts += 1) {
    const before = clean
    clean = cutCredentials(before)
    if (clean === before) break
  }
  return clean
}

/** Each rule polls a character a bounded number of times, whatever the text. */
function cutCredentials(text: string): string {
  return text
    .replace(SIGNED_PAIR, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`)
    .replace(/[^\s"<>`]+/g, (word) => (/[?@#]/.test(word) ? withoutUrlCredentials(word) : word))
}

const SIGNED_PAIR =
  /((?:X-(?:Amz|Goog|Oss|Cos|Ms)-[A-Za-z-]{1,40}|(?:AWS|OSS)AccessKeyId|GoogleAccessId|Signature|sig)(?:=|%3D))[^\s"'<>`&,;)\]}]+/gi
const BEARER = /(Bearer +)(?!(?:tokens?|auth\w*|scheme|realm|key)\b)[^\s"'<>`,;)\]}]+/gi

/** A word without the user names, passwords and query strings of the URLs in it. */
function withoutUrlCredentials(word: string): string {
  const query = word.search(BARE_QUERY)
  // What follows a query is a part of it, also where it looks like a URL of its own.
  if (query !== -1 && query < word.indexOf('://')) return withoutBareCredentials(word)
  const lastAt = word.lastIndexOf('@')
  let kept = 0
  let result = ''
  for (let scheme = word.indexOf('://'); scheme !== -1; scheme = word.indexOf('://', kept)) {
    const authority = scheme + 3
    result += word.slice(kept, authority)
    kept = authority
    if (lastAt > authority && hasUserInfo(word, authority)) {
      result += MASK
      kept = lastAt
    }
    const end = indexOfAny(word, /[?#]|:\/\//g, kept)
    if (end !== -1 && !word.startsWith('://', end)) {
      return result + word.slice(kept, end) + closingPunctuation(word)
    }
  }
  return result === '' ? withoutBareCredentials(word) : result + word.slice(kept)
}

/**
 * A password may hold `/`, `?`, `#` and `@` although it must not: what is no port after the first colon reaches to the last
 * `@`. Better a host too few than half a password.
 */
function hasUserInfo(word: string, authority: number): boolean {
  const end = indexOfAny(word, /[/?#]/g, authority)
  const host = word.slice(authority, end === -1 ? undefined : end)
  return host.includes('@') || !/^[^:]*(?::\d{0,5})?$|^\[[\da-fA-F:.]+\](?::\d{0,5})?$/.test(host)
}

const BARE_QUERY = /\?[\w.%~-]*=/

/** `user:password@host` without a scheme, and the query of a signed path. */
function withoutBareCredentials(word: string): string {
  const query = word.search(BARE_QUERY)
  const path = query === -1 ? word : word.slice(0, query) + closingPunctuation(word)
  const at = path.lastIndexOf('@')
  const colon = path.indexOf(':')
  if (colon === -1 || colon > at) return path
  const userStart = endOfLast(`=([{,;'/`, path, colon)
  return hasUserInfo(path, userStart) ? path.slice(0, userStart) + MASK + path.slice(at) : path
}

function closingPunctuation(word: string): string {
  let start = word.length
  while (start > 0 && `)]}'.,;:`.includes(word.charAt(start - 1))) start -= 1
  return word.slice(start)
}

/** Where the last of these characters before `end` is over; 0 where there is none. */
function endOfLast(characters: string, text: string, end: number): number {
  return Math.max(...Array.from(characters, (character) => text.lastIndexOf(character, end))) + 1
}

function indexOfAny(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? -1
}

/** A text with this much of a secret is searched closely, and so many of those parts make one pattern: both have limits. */
const HINT_LENGTH = 16
const HINTS_IN_A_PATTERN = 1_000

/** Cuts the secrets in all their forms, the longest first. */
function maskOf(secrets: readonly string[]): (text: string) => string {
  const needles = needlesOf(secrets)
  const hints = [...new Set(needles.map((needle) => needle.slice(0, HINT_LENGTH)))]
  const patterns: RegExp[] = []
  for (let start = 0; start < hints.length; start += HINTS_IN_A_PATTERN) {
    const some = hints.slice(start, start + HINTS_IN_A_PATTERN)
    patterns.push(new RegExp(some.map((hint) => hint.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')))
  }
  return (text) =>
    patterns.some((pattern) => pattern.test(text))
      ? needles.reduce((masked, needle) => masked.replaceAll(needle, MASK), text)
      : text
}

function needlesOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => [
    secret,
    ...(secret.length < MIN_ENCODED_LENGTH ? [] : encodingsOf(secret)),
  ])
  // A secret of asterisks would find itself in its own mask.
  const needles = [...new Set(forms)].filter((needle) => !/^\**$/.test(needle))
  return needles.sort((a, b) => b.length - a.length)
}

/** In the forms that services, gateways and their languages give a text; the runner masks most of them in the log alone. */
function encodingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((shift) => base64Inside(bytes, shift))
  const hex = bytes.toString('hex')
  const component = encodeURIComponent(secret)
  // Go and Python escape more than JavaScript does.
  const strict = component.replace(/[!'()*]/g, percentEncoded)
  const uris = [
    encodeURI(secret),
    ...[component, strict].flatMap((uri) => [uri, uri.replaceAll('%20', '+')]),
    hex.replace(/../g, '%$&'),
  ].flatMap((uri) => [uri, withEscapes(uri, 'toUpperCase'), withEscapes(uri, 'toLowerCase')])
  const json = JSON.stringify(secret).slice(1, -1)
  // Go's encoder, which Milvus uses, and .NET's.
  const careful = [/[&<>]/g, /[&<>'+`]/g].map((special) => json.replace(special, unicodeEscape))
  return [
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    hex,
    hex.toUpperCase(),
    ...uris,
    ...uris.map((uri) => uri.replaceAll('%', '%25')),
    ...[json, ...careful].flatMap((text) => [text, text.replaceAll('/', '\\/')]),
    ...XML_FORMS.map((form) => secret.replace(/[&<>"'/]/g, form)),
  ]
}

function withEscapes(uri: string, change: 'toUpperCase' | 'toLowerCase'): string {
  return uri.replace(/%[\da-f]{2}/gi, (escape) => escape[change]())
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The characters of base64 that a secret alone decides, where `shift` bytes of a group of three stand before it. */
function base64Inside(secret: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), secret]).toString('base64')
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + secret.length) * 8) / 6))
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** By name, with Go's and Python's numbers for the quotes, and all by number. */
const XML_FORMS: readonly ((character: string) => string)[] = [
  (character) => XML_ENTITIES[character] ?? character,
  (character) => (/['"]/.test(character) ? `&#${character.charCodeAt(0)};` : (XML_ENTITIES[character] ?? character)),
  (character) => (character === "'" ? '&#x27;' : (XML_ENTITIES[character] ?? character)),
  (character) => (character === '/' ? character : `&#${character.charCodeAt(0)};`),
  (character) => (character === '/' ? character : `&#x${character.charCodeAt(0).toString(16)};`),
]
