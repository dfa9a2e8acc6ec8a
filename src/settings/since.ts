import { parseDuration } from './duration.ts'
import { mistaken, parsed, quoted } from './parsed.ts'
import type { Since } from '../gate/policy.ts'
import type { DurationRule } from './duration.ts'
import type { Parsed } from './parsed.ts'

const EXAMPLE = '2026-11-23T08:00:00Z'
const AGO: DurationRule = { input: 'since', leastMs: 1, besides: `a time like \`${EXAMPLE}\``, example: '2h' }

/** A moment: an RFC 3339 time with its zone, or how long ago. */
export function parseSince(text: string): Parsed<Since> {
  if (!/^\d{4}-\d/.test(text)) {
    const ago = parseDuration(AGO, text)
    return ago.kind === 'mistakes' ? ago : parsed({ kind: 'ago', durationMs: ago.value })
  }
  const time = timeOf(text)
  if (typeof time === 'number') return parsed({ kind: 'at', timeMs: time })
  return mistaken({
    input: 'since',
    got: quoted(text),
    takes: `an RFC 3339 time${time}${hintFor(text)}`,
    example: EXAMPLE,
  })
}

const DATE = String.raw`(?<date>\d{4}-\d\d-\d\d)`
const CLOCK = String.raw`(?<minute>\d\d:\d\d)(?<second>:\d\d(?<fraction>\.\d+)?)?`
const ZONE = String.raw`(?<zone>Z|(?<sign>[+-])(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d))`
const TIME = new RegExp(`^${DATE}(?:T${CLOCK})?${ZONE}?$`, 'i')

/** Milliseconds since the epoch, or what is to be said of the time instead. */
// https://www.rfc-editor.org/rfc/rfc3339#section-5.6
function timeOf(text: string): number | string {
  const parts = TIME.exec(text)?.groups
  if (parts === undefined) return ': date, `T`, time of day and zone, without blanks'
  const { date, minute, second, fraction = '', zone, sign, hours, minutes } = parts
  const missing = [
    ...(minute === undefined ? ['the time of day'] : second === undefined ? ['the seconds'] : []),
    ...(zone === undefined ? ['the zone (`Z`, or an offset like `+02:00`)'] : []),
  ]
  if (missing.length > 0) return `; missing: ${missing.join(' and ')}`
  const clock = `${date}T${minute}${second?.replace(fraction, '')}`
  const localMs = Date.parse(`${clock}Z`)
  // Date.parse makes the 2nd of March of a 30th of February.
  const isReal = !Number.isNaN(localMs) && new Date(localMs).toISOString().startsWith(clock)
  if (!isReal) return ' that the calendar and the clock have'
  const offsetMs = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000
  return localMs + Math.floor(Number(`0${fraction}`) * 1_000) - offsetMs
}

/** What `date --rfc-3339`, `date +%z` and `git log` write comes close. */
function hintFor(text: string): string {
  const tidy = text
    .replace(' ', 'T')
    .replaceAll(' ', '')
    .replace(/(?<hours>[+-]\d\d)(?<minutes>\d\d)$/, '$<hours>:$<minutes>')
  return tidy !== text && typeof timeOf(tidy) === 'number' ? ` (did you mean \`${tidy}\`?)` : ''
}
