// Where .NET, in which the runner is written, reads text otherwise than JavaScript does.

// https://learn.microsoft.com/en-us/dotnet/api/system.char.iswhitespace: unlike JavaScript's, with U+0085 and without U+FEFF.
const WHITE_SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${WHITE_SPACE}+`)
const TRAILING = new RegExp(`${WHITE_SPACE}+$`)

/** The text without .NET's white space at its start. */
export function trimStart(text: string): string {
  return text.replace(LEADING, '')
}

/** The text without .NET's white space at both ends. */
export function trim(text: string): string {
  return trimStart(text).replace(TRAILING, '')
}

/** The form under which an `OrdinalIgnoreCase` collection of ASCII names finds a name: no other letter folds into ASCII. */
export function fold(name: string): string {
  return name.replace(/[a-z]/g, (letter) => letter.toUpperCase())
}

/** A dictionary whose names differ by more than case; a name that is set again keeps its first spelling. */
export class NameMap {
  readonly #entries = new Map<string, readonly [name: string, value: string]>()

  set(name: string, value: string): void {
    const [spelling] = this.#entries.get(fold(name)) ?? [name]
    this.#entries.set(fold(name), [spelling, value])
  }

  get(name: string): string | undefined {
    return this.#entries.get(fold(name))?.[1]
  }

  has(name: string): boolean {
    return this.#entries.has(fold(name))
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.#entries.values())
  }
}

/** Bytes read as .NET reads a UTF-8 file: without a byte order mark, with U+FFFD for what is no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/**
 * Cuts a stream of bytes into lines as `StreamReader.ReadLine` does, so that a lone carriage return ends a line too.
 * https://learn.microsoft.com/en-us/dotnet/api/system.io.streamreader.readline
 */
export class LineReader {
  readonly #decoder = new TextDecoder()
  readonly #onLine: (line: string) => void
  #pending = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Uint8Array): void {
    this.#pending += this.#decoder.decode(chunk, { stream: true })
    // A carriage return at the very end may be the first half of \r\n: only the next byte tells.
    this.#emit(/\r\n|\n|\r(?!$)/g)
  }

  end(): void {
    this.#pending += this.#decoder.decode()
    this.#emit(/\r\n|\n|\r/g)
    if (this.#pending !== '') this.#onLine(this.#pending)
    this.#pending = ''
  }

  #emit(lineEnd: RegExp): void {
    const text = this.#pending
    let start = 0
    for (const match of text.matchAll(lineEnd)) {
      this.#onLine(text.slice(start, match.index))
      start = match.index + match[0].length
    }
    this.#pending = text.slice(start)
  }
}

/** All lines of a text, as `StreamReader.ReadLine` cuts them. */
export function linesOf(bytes: Uint8Array): string[] {
  const lines: string[] = []
  const reader = new LineReader((line) => lines.push(line))
  reader.push(bytes)
  reader.end()
  return lines
}
