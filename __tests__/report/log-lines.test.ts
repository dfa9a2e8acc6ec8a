import { describe, expect, it } from '@jest/globals'
import { timedLine, timedLines } from '../../src/report/log-lines.ts'

describe('a text of any length', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['has the time in front', ['over'], ['   1:05  over']],
    ['is one line where it fits to the letter', [`${'a'.repeat(149)} b`], [`   1:05  ${'a'.repeat(149)} b`]],
    ['is cut between words', [`${'a'.repeat(150)} b c`], [`   1:05  ${'a'.repeat(150)}`, '      │  b c']],
    ['is one line where its only word fits to the letter', ['a'.repeat(151)], [`   1:05  ${'a'.repeat(151)}`]],
    [
      'is cut inside a word that fits no line, never inside a character',
      [`${'🎉'.repeat(80)} b`],
      [`   1:05  ${'🎉'.repeat(75)}`, `      │  ${'🎉'.repeat(5)} b`],
    ],
    ['goes on with the next text on a line of its own', ['one', 'two'], ['   1:05  one', '      │  two']],
  ])('%s', (_, texts, lines) => {
    expect(timedLines(65_000, ...texts)).toEqual(lines)
  })
})

it('a line is cut in the middle where it is too long', () => {
  expect(timedLine(65_000, 'x'.repeat(152))).toBe(`   1:05  ${'x'.repeat(71)}…${'x'.repeat(79)}`)
})
