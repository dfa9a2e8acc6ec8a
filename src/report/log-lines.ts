import type { RequestRecord } from '../gate/import-service.ts'
import { bytes, duration, shortened, stopwatch } from '../messages/format.ts'

/** No line of ours is longer. */
export const MAX_LINE_LENGTH = 160
const STOPWATCH_WIDTH = 7
const MAX_MESSAGE_LENGTH = MAX_LINE_LENGTH - STOPWATCH_WIDTH - 2

/**
 * A line of the log, cut to its length. The time since the start comes first: a line that starts with text of the service
 * could be a command to the runner.
 */
export function timedLine(elapsedMs: number, message: string): string {
  return shortened(`${stopwatch(elapsedMs).padStart(STOPWATCH_WIDTH)}  ${message}`, MAX_LINE_LENGTH)
}

/** What belongs to the line above. The bar comes first for the same reason as the time. */
export function continuedLine(message: string): string {
  return `${'│'.padStart(STOPWATCH_WIDTH)}  ${message}`
}

/** Texts of any length in as many lines as they take, the first with the time. */
export function timedLines(elapsedMs: number, ...texts: readonly string[]): readonly string[] {
  return texts.flatMap(wrapped).map((message, i) => (i === 0 ? timedLine(elapsedMs, message) : continuedLine(message)))
}

/** A text in messages that fit, cut between words where it can be. */
export function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ').flatMap(chunked)) {
    if (current !== '' && current.length + 1 + word.length > MAX_MESSAGE_LENGTH) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current]
}

function chunked(word: string): readonly string[] {
  if (word.length <= MAX_MESSAGE_LENGTH) return [word]
  // Half as many characters as fit: each may be two units long.
  return Array.from(word.matchAll(/.{1,75}/gsu), ([chunk]) => chunk)
}

const RED = 31
const GREEN = 32
const YELLOW = 33

/** What gets a color: words of our own and known states, at one place of a line; the first match counts. */
const PLACES: readonly { readonly before: RegExp; readonly words: Readonly<Record<string, number>> }[] = [
  { before: /^ *[\d:]+ {2}/, words: { 'Gate passed:': GREEN, 'Gate failed:': RED } },
  {
    before: /^ *[\d:]+ {2}(?:job \S+: |[\d,]+ jobs(?: \([^)]*\))?: )?(?:still )?(?:\w+ → )?/,
    words: {
      Completed: GREEN,
      Failed: RED,
      Uncommitted: YELLOW,
      'no usable response': YELLOW,
      'file failed': RED,
      'the service is responding again': GREEN,
    },
  },
  { before: /^ {2}/, words: { '✔': GREEN, '✘': RED } },
]

const RULES = PLACES.map(({ before, words }) => ({
  pattern: new RegExp(`(${before.source})(${Object.keys(words).join('|')})(?![\\w-])`),
  words,
}))

/**
 * A line of the log with its decisive word in color. The runner shows the colors of a terminal, and resets them at the end
 * of a line.
 */
export function colored(line: string): string {
  for (const { pattern, words } of RULES) {
    if (pattern.test(line)) {
      return line.replace(
        pattern,
        (_, before: string, word: string) => `${before}\u001b[${words[word] ?? 0}m${word}\u001b[0m`,
      )
    }
  }
  return line
}

/** A line for debugging: `06:17:55.123 POST /v2/vectordb/jobs/import/describe, job 12: HTTP 200, code 0, 1.2 kB, 120 ms: answered`. */
export function exchangeLine(exchange: RequestRecord): string {
  const { jobId, method, path, startedAt, tookMs, httpStatus, code, sizeBytes, outcome } = exchange
  const facts = [
    httpStatus === undefined ? 'no HTTP response' : `HTTP ${httpStatus}`,
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(sizeBytes === undefined ? [] : [bytes(sizeBytes)]),
    tookMs === 0 ? '0 ms' : duration(tookMs),
  ]
  const job = jobId === undefined ? '' : `, job ${jobId}`
  return `${new Date(startedAt).toISOString().slice(11, 23)} ${method} ${path}${job}: ${facts.join(', ')}: ${outcome}`
}
