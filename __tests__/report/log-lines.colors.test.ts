import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { colored } from '../../src/report/log-lines.ts'

/** Colors in words, to be read. */
const shown = (line: string) =>
  colored(line)
    .replaceAll('\u001b[31m', '<red>')
    .replaceAll('\u001b[32m', '<green>')
    .replaceAll('\u001b[33m', '<yellow>')
    .replaceAll('\u001b[0m', '</>')

describe('a color', () => {
  it.each([
    ['   5:05  Gate passed: all is well.', '   5:05  <green>Gate passed:</> all is well.'],
    ['1:05:05  Gate failed: it failed.', '1:05:05  <red>Gate failed:</> it failed.'],
    ['   5:05  Importing → Failed, 56%', '   5:05  Importing → <red>Failed</>, 56%'],
    ['   5:05  Committing → Completed, 100%', '   5:05  Committing → <green>Completed</>, 100%'],
    ['   5:05  job 12: still Uncommitted, 99%', '   5:05  job 12: still <yellow>Uncommitted</>, 99%'],
    ['   5:05  no usable response: HTTP 503', '   5:05  <yellow>no usable response</>: HTTP 503'],
    ['   5:05  job 1: the service is responding again', '   5:05  job 1: <green>the service is responding again</>'],
    ['   5:05  12 jobs: Importing → Failed', '   5:05  12 jobs: Importing → <red>Failed</>'],
    ['   5:05  2 jobs (a, b): Completed', '   5:05  2 jobs (a, b): <green>Completed</>'],
    ['   5:05  file failed: a.parquet', '   5:05  <red>file failed</>: a.parquet'],
    ['  ✔ Completed  100 %  a.parquet', '  <green>✔</> Completed  100 %  a.parquet'],
    ['  ✘ Failed  0 %  a.parquet', '  <red>✘</> Failed  0 %  a.parquet'],
  ])('is on what decides: %s', (line, painted) => {
    expect(shown(line)).toBe(painted)
  })

  it.each([
    '   5:05  Importing, 45%, 6,000 of 36,000 rows',
    '   5:05  Pending → Importing, 10%',
    '   5:05  waiting up to 1 h for import job Failed',
    '   5:05  "Completed" is a state this version does not know',
    '   5:05  Failed-over, 10%',
    '      │  Reason: Failed, Gate failed: ✘',
    '  time: pending 2 s',
  ])('is on nothing else: %s', (line) => {
    expect(colored(line)).toBe(line)
  })

  it('changes no character of a line, and stands only around words of our own', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('##', '##[x]', ': Failed', 'Completed', '✘', '::error::'))
    const start = fc.constantFrom('   0:05  ', '      │  ', '  ', '   0:05  job a: still ', '   0:05  a → ')
    fc.assert(
      fc.property(start, fc.array(text, { maxLength: 5 }), (before, texts) => {
        const line = before + texts.join('')
        const [head = '', word, ...rest] = shown(line).split(/<(?:red|green|yellow|\/)>/)
        if (word === undefined) return
        expect(head + word + rest.join('')).toBe(line)
        expect(word).toMatch(
          /^(?:Gate passed:|Gate failed:|Completed|Failed|Uncommitted|no usable response|file failed|the service is responding again|✔|✘)$/,
        )
      }),
    )
  })
})
