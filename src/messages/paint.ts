const RED = 31
const GREEN = 32
const YELLOW = 33

/** The places of a line that are worth a color, each a word of our own or a state that we know; the first that fits. */
const PLACES: readonly { readonly before: RegExp; readonly words: Readonly<Record<string, number>> }[] = [
  { before: /^ *[\d:]+ {2}/, words: { 'Passed:': GREEN, 'Not passed:': RED } },
  {
    before: /^ *[\d:]+ {2}(?:job \S+: )?(?:still )?(?:\w+ → )?/,
    words: {
      Completed: GREEN,
      Failed: RED,
      Uncommitted: YELLOW,
      'no usable answer': YELLOW,
      'file failed': RED,
      'the service answers again': GREEN,
    },
  },
  { before: /^ {2}/, words: { '✔': GREEN, '✘': RED } },
]

const RULES = PLACES.map(({ before, words }) => ({
  pattern: new RegExp(`(${before.source})(${Object.keys(words).join('|')})(?![\\w-])`),
  words,
}))

/**
 * A line of the log with a color on what decides, and nothing else. The runner shows the colors of a terminal, and takes
 * them back at the end of a line.
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
