import { fold, NameMap, trim, trimStart } from './dotnet.ts'

/** A command found in a line of output. */
export interface Command {
  /** As written: names are compared without regard to case. */
  readonly name: string
  readonly properties: NameMap
  readonly data: string
}

/** Names that make a command; anything else in a line's brackets is text. */
type Registered = ReadonlySet<string>

// Undone in this order, so that %25 comes last; only upper-case hex counts.
// https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs#L9-L32
const V1_ESCAPES = [
  ['%3B', ';'],
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%5D', ']'],
  ['%25', '%'],
] as const
const DATA_ESCAPES = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%25', '%'],
] as const
const PROPERTY_ESCAPES = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%3A', ':'],
  ['%2C', ','],
  ['%25', '%'],
] as const

function unescape(text: string, escapes: readonly (readonly [escaped: string, character: string])[]): string {
  return escapes.reduce((unescaped, [escaped, character]) => unescaped.replaceAll(escaped, character), text)
}

/**
 * The command of a line, if a registered one is in it; the newer grammar goes first.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L68-L74
 */
export function parseCommand(line: string, registered: Registered): Command | undefined {
  return parseV2(line, registered) ?? parseV1(line, registered)
}

// The runner searches for its markers under the rules of a culture, and there characters without weight do not count, so that a
// soft hyphen between the closing colons hides nothing. Elsewhere it would shift the name and thereby spoil the command.
// https://learn.microsoft.com/en-us/dotnet/standard/base-types/string-comparison-net-5-plus
const CLOSING_COLONS = /:[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\p{Default_Ignorable_Code_Point}]*:/u

/**
 * `::name key=value,key=value::data`, at the start of the line but for white space.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs#L51-L119
 */
function parseV2(line: string, registered: Registered): Command | undefined {
  const text = trimStart(line)
  if (!text.startsWith('::')) return undefined
  const end = text.slice(2).search(CLOSING_COLONS)
  if (end < 0) return undefined
  const head = splitHead(text.slice(2, 2 + end))
  if (!registered.has(fold(head.name))) return undefined
  return {
    name: head.name,
    properties: parseProperties(trim(head.rest), ',', (value) => unescape(value, PROPERTY_ESCAPES)),
    data: unescape(text.slice(2 + end + 2), DATA_ESCAPES),
  }
}

/**
 * `##[name key=value;key=value]data`, anywhere in the line; only the first `##[` is polled.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs#L121-L189
 */
function parseV1(line: string, registered: Registered): Command | undefined {
  const start = line.indexOf('##[')
  if (start < 0) return undefined
  const end = line.indexOf(']', start)
  if (end < 0) return undefined
  const head = splitHead(line.slice(start + 3, end))
  if (!registered.has(fold(head.name))) return undefined
  const unescapeV1 = (text: string): string => unescape(text, V1_ESCAPES)
  return {
    name: head.name,
    properties: parseProperties(head.rest, ';', unescapeV1),
    data: unescapeV1(line.slice(end + 1)),
  }
}

function splitHead(head: string): { name: string; rest: string } {
  const space = head.indexOf(' ')
  return space < 0 ? { name: head, rest: '' } : { name: head.slice(0, space), rest: head.slice(space + 1) }
}

/**
 * Pairs without a name or a value are passed over, and repeated equals signs count as one.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ActionCommand.cs#L97-L109
 */
function parseProperties(text: string, separator: string, unescapeValue: (value: string) => string): NameMap {
  const properties = new NameMap()
  for (const pair of text.split(separator)) {
    const [, name, value] = /^=*([^=]+)=+([^=].*)$/s.exec(pair) ?? []
    if (name !== undefined && value !== undefined) properties.set(name, unescapeValue(value))
  }
  return properties
}
