import { shortened, stopwatch } from './format.ts'

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
