import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../support/any-character.ts'
import { Masker } from './masking.ts'

function masker(...values: string[]): Masker {
  const made = new Masker()
  for (const value of values) made.add(value)
  return made
}

describe('a masked value', () => {
  const value = `p"a's<s>&wörd/1`

  it.each([
    ['as it is', value],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 behind one byte', Buffer.from(value).subarray(1).toString('base64')],
    ['in base64 behind two bytes', Buffer.from(value).subarray(2).toString('base64')],
    ['on a command line', value.replaceAll('"', '\\"')],
    ['in an expression', value.replaceAll("'", "''")],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['in a URL', 'p%22a%27s%3Cs%3E%26w%C3%B6rd%2F1'],
    ['in XML', 'p&quot;a&apos;s&lt;s&gt;&amp;wörd/1'],
    ['up to an ampersand', `p"a's<s>&`],
    ['after an ampersand', 'wörd/1'],
  ])('is hidden %s', (_encoding, encoded) => {
    expect(masker(value).mask(`a ${encoded} b`)).toBe('a *** b')
  })

  it('is hidden without its quotes', () => {
    expect(masker('"12345678"').mask('12345678')).toBe('***')
  })

  it('is hidden past the letter that PowerShell colors', () => {
    expect(masker('secret1&+secret2').mask('secret1&+ s ecret2')).toBe('*** s ***')
  })

  it('stays visible where a part is shorter than six characters', () => {
    expect(masker('ab&cd').mask('ab& cd')).toBe('ab& cd')
  })
})

it.each([
  [['a'], 'banana', 'b***n***n***'],
  [['ab', 'bc'], 'abc', '***'],
  [['ab', 'cd'], 'abcd', '***'],
  [['aa'], 'aaa', '***'],
  [[''], 'abc', 'abc'],
  [['x'], '', ''],
])('hides %j in %j as %j', (values, text, shown) => {
  expect(masker(...values).mask(text)).toBe(shown)
})

it('hides the lines of a secret one by one, without the white space around it', () => {
  const secrets = masker()
  secrets.addSecret(' line one\r\n line two \n')
  expect(secrets.mask('[line two]')).toBe('[***]')
})

it('never shows a value or fails, whatever the value', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, minLength: 1 }), fc.string(), (value, around) => {
      const shown = masker(value).mask(around + value + around)
      expect(shown.replaceAll('***', '')).not.toContain(value)
    }),
  )
})
