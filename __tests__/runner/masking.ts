import { trim } from './dotnet.ts'

/** Hides registered values, and what common encodings make of them, in everything the runner shows. */
export class Masker {
  readonly #registered = new Set<string>()
  readonly #hidden = new Set<string>()

  /** What was registered, in the order in which it came. */
  get values(): readonly string[] {
    return [...this.#registered]
  }

  /**
   * Hides one value in every encoding.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/SecretMasker.cs#L78-L143
   */
  add(value: string): void {
    if (value === '' || this.#registered.has(value)) return
    this.#registered.add(value)
    for (const encode of [asIs, ...ENCODERS]) {
      const encoded = encode(value)
      if (encoded !== '') this.#hidden.add(encoded)
    }
  }

  /**
   * Hides a secret of the job: trimmed, as a whole and line by line.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Worker.cs#L155-L173
   */
  addSecret(secret: string): void {
    const value = trim(secret)
    this.add(value)
    this.addLines(value)
  }

  /** Hides every line of a value by itself. */
  addLines(value: string): void {
    for (const line of value.split(/[\r\n]/)) this.add(trim(line))
  }

  /**
   * The text with every stretch that touches a hidden value replaced by `***`; stretches that meet become one.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/SecretMasker.cs#L216-L297
   */
  mask(text: string): string {
    const stretches = [...this.#hidden].flatMap((value) => occurrences(text, value)).sort((a, b) => a.start - b.start)
    let masked = ''
    let end = 0
    let replaced = false
    for (const stretch of stretches) {
      if (!replaced || stretch.start > end) {
        masked += text.slice(end, stretch.start) + '***'
        replaced = true
      }
      end = Math.max(end, stretch.end)
    }
    return masked + text.slice(end)
  }
}

/**
 * Also overlapping ones: the search goes on one character after each start.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueSecret.cs#L27-L44
 */
function occurrences(text: string, value: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = []
  for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + 1)) {
    found.push({ start, end: start + value.length })
  }
  return found
}

type Encoder = (value: string) => string

const asIs: Encoder = (value) => value

/**
 * The encodings, in the runner's order; an empty result hides nothing.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/HostContext.cs#L103-L113
 */
const ENCODERS: readonly Encoder[] = [
  (value) => base64(value, 0),
  (value) => base64(value, 1),
  (value) => base64(value, 2),
  // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L42-L45
  (value) => value.replaceAll('"', '\\"'),
  // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTExpressions2/Expressions2/Sdk/ExpressionUtility.cs#L260-L263
  (value) => value.replaceAll("'", "''"),
  jsonString,
  uriData,
  xmlData,
  withoutQuotes,
  upToAmpersand,
  afterAmpersand,
]

/**
 * A longer text in base64 shows its middle shifted by one or two bytes, hence the variants; a value too short to shift stays.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L146-L159
 */
function base64(value: string, shift: number): string {
  const bytes = Buffer.from(value, 'utf8')
  return bytes.subarray(bytes.length > shift ? shift : 0).toString('base64')
}

/**
 * Newtonsoft escapes three line separators besides what JSON demands.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L52-L58
 */
function jsonString(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(/[\u0085\u2028\u2029]/g, (separator) => '\\u' + separator.charCodeAt(0).toString(16).padStart(4, '0'))
}

/**
 * Everything but letters, digits and `-._~`, as `Uri.EscapeDataString` does it.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L161-L188
 */
function uriData(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (character) => '%' + character.charCodeAt(0).toString(16).toUpperCase(),
  )
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '&': '&amp;',
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L65-L68 */
function xmlData(value: string): string {
  return value.replace(/[<>"'&]/g, (character) => XML_ENTITIES[character] ?? character)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L70-L82 */
function withoutQuotes(value: string): string {
  return value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : ''
}

/**
 * PowerShell colors what follows an ampersand, which cuts a secret in two; parts of fewer than six characters stay visible.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L84-L116
 */
function upToAmpersand(value: string): string {
  return longEnough(
    value.includes('&+') ? value.slice(0, value.indexOf('&+') + 2) : value.slice(0, value.lastIndexOf('&') + 1),
  )
}

/**
 * Past `&+` the next letter is colored as well.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTLogging/Logging/ValueEncoders.cs#L118-L144
 */
function afterAmpersand(value: string): string {
  if (value.includes('&+')) return longEnough(value.slice(value.indexOf('&+') + 3))
  return value.includes('&') ? longEnough(value.slice(value.lastIndexOf('&') + 1)) : ''
}

function longEnough(part: string): string {
  return part.length >= 6 ? part : ''
}
