/** Makes text of the service fit to be shown: one line, no commands, no secrets, at most `maxLength` characters. */
export type Sanitize = (text: unknown, maxLength?: number) => string

/** What stands where a number is not known. */
export const UNKNOWN_NUMBER = '–'

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
const COUNT_UNITS = ['', 'k', 'M', 'B', 'T']

/** A size with its decimal unit: `1.2 MB`. */
export function bytes(sizeBytes: number): string {
  return scaled(sizeBytes, SIZE_UNITS, ' ')
}

/** Every digit of a count, in groups of three: `1,234,567`. */
export function count(amount: number): string {
  if (!Number.isFinite(amount)) return UNKNOWN_NUMBER
  return BigInt(Math.round(amount))
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** A count for a glance: every digit below a million, then `12.3M`. */
export function shortCount(amount: number): string {
  return amount < 1_000_000 ? count(amount) : scaled(amount, COUNT_UNITS, '')
}

/** A count and its noun: `1 file`, `1,024 files`. */
export function counted(amount: number, noun: string, plural = `${noun}s`): string {
  return `${count(amount)} ${amount === 1 ? noun : plural}`
}

/** A length of time in at most two units: `400 ms`, `12 s`, `2 min 5 s`, `1 h 4 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN_NUMBER
  if (ms > 0 && ms < 1000) return `${Math.round(ms)} ms`
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return inTwoUnits(seconds, 60, 'min', 1, 's')
  if (seconds < 86_400) return inTwoUnits(seconds, 3600, 'h', 60, 'min')
  return inTwoUnits(seconds, 86_400, 'd', 3600, 'h')
}

/** An estimated time in one unit, rounded up: `40 s`, `4 min`, `2 h`. */
export function roughDuration(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.ceil(ms / 10_000)) * 10} s`
  const minutes = Math.ceil(ms / 60_000)
  return minutes < 90 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}

/** Time since the start as a stop watch shows it: `0:05`, `1:02:05`. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = twoDigits(seconds % 60)
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${twoDigits(minutes)}:${tail}`
}

/** Throughput: `12,300 rows/s`. */
export function rowRate(rowsPerSecond: number): string {
  if (rowsPerSecond < 10) return `${oneDecimal(rowsPerSecond)} rows/s`
  const magnitude = 10 ** Math.max(0, Math.floor(Math.log10(rowsPerSecond)) - 2)
  return `${count(Math.round(rowsPerSecond / magnitude) * magnitude)} rows/s`
}

/** A share of a hundred: `45%`. */
export function percent(progress: number): string {
  return `${Math.floor(progress)}%`
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** The moment that an RFC 3339 text names, in milliseconds since 1970; undefined where it names none. */
export function momentOf(rfc3339: string): number | undefined {
  const ms = RFC_3339.test(rfc3339) ? Date.parse(rfc3339.replace(' ', 'T').toUpperCase()) : NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** An RFC 3339 time as the same moment in UTC, `2024-04-01 06:17:55`; any other text stays as it is. */
export function utcTime(rfc3339: string): string {
  const ms = momentOf(rfc3339)
  return ms === undefined ? rfc3339 : new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** At most `maxLength` characters: an ellipsis replaces the middle; a surrogate pair is never split. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  if (maxLength < 1) return ''
  const headEnd = Math.ceil((maxLength - 1) / 2)
  const tailStart = text.length - Math.floor((maxLength - 1) / 2)
  const head = text.slice(0, isHighSurrogate(text, headEnd - 1) ? headEnd - 1 : headEnd)
  return `${head}…${text.slice(isLowSurrogate(text, tailStart) ? tailStart + 1 : tailStart)}`
}

function scaled(amount: number, units: readonly string[], blank: string): string {
  if (!Number.isFinite(amount)) return UNKNOWN_NUMBER
  let [value, unit] = [amount, 0]
  // 999.95 would be shown as 1000.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value < 1000 ? oneDecimal(value) : count(value)}${blank}${units[unit] ?? ''}`
}

function oneDecimal(value: number): string {
  return String(Number(value.toFixed(1)))
}

function inTwoUnits(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small)
  const head = `${Math.floor(seconds / large)} ${largeUnit}`
  return rest === 0 ? head : `${head} ${rest} ${smallUnit}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function isHighSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800
}

function isLowSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xdc00
}

/** Keeps a number and its unit on one line. */
export function unbroken(text: string): string {
  return text.replaceAll(' ', '\u00a0')
}
