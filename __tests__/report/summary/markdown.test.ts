import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { code, joined, markup, paragraphs, prose, tableOf } from '../../../src/report/summary/markdown.ts'
import { cases } from '../../support/soak.ts'

/** What a reader sees of it. */
const textOf = (source: string) =>
  source
    .replace(/<\/?(?:span|code)>/g, '')
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCharCode(Number(digits)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')

const escape = (text: string) => markup`${text}`.source

describe('markup', () => {
  it('keeps what is markup and escapes what is text', () => {
    expect(markup`<b>${'a<b>'}</b> ${code('x|y')} ${3}`.source).toBe('<b>a&lt;b&gt;</b> <code>x&#124;y</code> 3')
  })

  it.each([
    ['<img src=x onerror="a">', '&lt;img src=x onerror=&quot;a&quot;&gt;'],
    ['[a](b) ![c](d)', '&#91;a&#93;&#40;b&#41; &#33;&#91;c&#93;&#40;d&#41;'],
    ['*a* _b_ ~c~ `d` \\', '&#42;a&#42; &#95;b&#95; &#126;c&#126; &#96;d&#96; &#92;'],
    ['&lt;', '&amp;lt;'],
    ['- item', '&#45; item'],
    ['+ item', '&#43; item'],
    ['===', '&#61;=='],
    ['12. item', '12&#46; item'],
    ['4.8 MB - 1.', '4.8 MB - 1.'],
    ['    code', 'code'],
    ['a\n\nb\r\nc', 'a b c'],
  ])('takes the meaning out of %j', (text, expected) => {
    expect(escape(text)).toBe(expected)
  })

  it.each([
    ['mail@evil.example', 'mail<span>&#64;</span>evil.example'],
    ['@octocat', '<span>&#64;</span>octocat'],
    ['#12', '<span>&#35;</span>12'],
    ['gh-12', 'gh<span>&#45;</span>12'],
    ['WWW.evil.example', 'WWW<span>&#46;</span>evil.example'],
    ['http://evil.example', 'http<span>&#58;</span>//evil.example'],
    [':tada:', '<span>&#58;</span>tada&#58;'],
    ['$x$', '<span>&#36;</span>x<span>&#36;</span>'],
  ])('keeps %j from being found once entities are text again', (text, expected) => {
    expect(escape(text)).toBe(expected)
  })

  it('leaves no character with a meaning, whatever the text, and loses none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const source = escape(text)
        const plain = source.replace(/<\/?span>/g, '')
        expect(plain.replace(/&#\d+;|&[a-z]+;/g, '')).not.toMatch(/[&<>"'|`*_~[\]()!#$:@\\\n\r]/)
        expect(textOf(source)).toBe(text.replace(/[\r\n\u2028\u2029]+/g, ' ').trimStart())
      }),
      cases(1_000),
    )
  })
})

describe('prose', () => {
  it.each([
    ['Set `api-key`, or leave `endpoint` empty.', 'Set <code>api-key</code>, or leave <code>endpoint</code> empty.'],
    ['`timeout` is over', '<code>timeout</code> is over'],
    ['Set `commit`', 'Set <code>commit</code>'],
    ['no word: `<b>`', 'no word&#58; <code>&lt;b&gt;</code>'],
    ['  a `b', 'a &#96;b'],
  ])('shows %j as code where a word stands between backticks', (sentence, expected) => {
    expect(prose(sentence).source).toBe(expected)
  })

  it('shows the same text as the sentence without its backticks, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('`a-b: <&|\n@1')) }), (sentence) => {
        const plain = sentence.replace(/`([^`\s](?:[^`\n]{0,198}[^`\s])?)`/g, '$1')
        const decoded = textOf(prose(sentence).source)
        expect(decoded.trimStart()).toBe(plain.replace(/\n+/g, ' ').trimStart())
      }),
      cases(1_000),
    )
  })
})

describe('table', () => {
  interface Row {
    readonly name: string
    readonly size: string
  }
  const columns = [
    { title: 'Name', cell: ({ name }: Row) => code(name) },
    { title: 'Size', align: 'right', cell: ({ size }: Row) => size },
  ] as const

  it('is HTML without a blank line, and without columns that are empty throughout', () => {
    const rows = [{ name: 'a\n\nb', size: '' }]
    const table = tableOf(columns, rows)
    expect(joined([table.head, ...rows.map(table.row), table.note('1 more'), table.foot]).source).toBe(
      '<table>\n<tr><th align="left">Name</th></tr>\n<tr><td><code>a b</code></td></tr>\n<tr><td colspan="1">1 more</td></tr>\n</table>\n',
    )
  })

  it('aligns what it is told to align', () => {
    const row = { name: 'a', size: '1 MB' }
    expect(tableOf(columns, [row]).row(row).source).toBe(
      '<tr><td><code>a</code></td><td align="right">1 MB</td></tr>\n',
    )
  })
})

it('separates paragraphs by an empty line', () => {
  expect(paragraphs([markup`a`, markup`b`]).source).toBe('a\n\nb\n')
})
