import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../support/any-character.ts'
import { parsePairs } from './file-commands.ts'

describe('a file of pairs', () => {
  it.each([
    [
      'a=1\nb=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['\n\na=1=2\n', [['a', '1=2']]],
    ['a=\r\n', [['a', '\r']]],
    ['a=x<<EOF\n', [['a', 'x<<EOF']]],
    ['=x', [['', 'x']]],
    [
      'a<<EOF\n1\n2\nEOF\nb=3',
      [
        ['a', '1\n2'],
        ['b', '3'],
      ],
    ],
    ['a<<EOF\nEOF', [['a', '']]],
    ['a<<EOF\n\nEOF', [['a', '']]],
    ['a<<EOF\n1\n\nEOF\n', [['a', '1\n']]],
    ['a<<E=F\nb=1\nE=F', [['a', 'b=1']]],
  ])('%j holds %j', (text, pairs) => {
    expect([...parsePairs(text)]).toEqual(pairs)
  })

  it.each([
    ['a', "Invalid format 'a'"],
    ['<<EOF\n1\nEOF', 'Name must not be empty'],
    ['a<<\n1\n', 'delimiter must not be empty'],
    ['a<<EOF\n1\n', "Matching delimiter not found 'EOF'"],
    ['a<<EOF', "Matching delimiter not found 'EOF'"],
    ['a<<EOF\n1', 'EOF marker missing new line'],
    ['a<<EOF\n1\nEOF\r\n', "Matching delimiter not found 'EOF'"],
  ])('%j is an error: %s', (text, message) => {
    expect(() => [...parsePairs(text)]).toThrow(message)
  })

  it('gives back any value without the delimiter as a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (value) => {
        fc.pre(!value.split('\n').includes('EOF'))
        expect([...parsePairs(`a<<EOF\n${value}\nEOF\n`)]).toEqual([['a', value]])
      }),
    )
  })
})
