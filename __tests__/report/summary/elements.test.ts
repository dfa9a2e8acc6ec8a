import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { rowsOf } from '../../support/tables.ts'

const folder = new URL('../../__outputs__/', import.meta.url)
/** The goldens that are summaries, and not lists of messages. */
const summaries = readdirSync(folder)
  .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const)
  .filter(([, text]) => text.includes('<sub>'))

/** GitHub shows no others as they are meant. */
const ELEMENTS =
  'table thead tbody tr th td code span sub kbd details summary p ul ol li b strong em br hr h3 h4 blockquote a'.split(
    ' ',
  )
const ATTRIBUTES = ['open', 'align', 'colspan', 'href']

it('there are summaries', () => {
  expect(summaries.length).toBeGreaterThan(20)
})

describe.each(summaries)('%s', (_, text) => {
  it('uses the elements and attributes that GitHub shows', () => {
    const tags = Array.from(text.matchAll(/<\/?([a-z]\w*)([^>]*)>/gi))
    expect(tags.map(([, name]) => name).filter((name = '') => !ELEMENTS.includes(name))).toEqual([])
    const attributes = tags.flatMap(([, , rest = '']) =>
      Array.from(rest.matchAll(/([\w-]+)(?:="[^"]*")?/g), ([, name]) => name),
    )
    expect(attributes.filter((name = '') => !ATTRIBUTES.includes(name))).toEqual([])
  })

  it('begins with how it ended, as a heading', () => {
    expect(text).toMatch(/^### \p{Emoji}\S* \S/u)
  })

  it('has backticks only around the chart', () => {
    expect(text.replace(/^```(?:mermaid)?$/gm, '')).not.toContain('`')
  })

  it('has tables only with columns that have a value', () => {
    for (const table of text.match(/<table>[^]*?<\/table>/g) ?? []) {
      const [titles = [], ...rows] = rowsOf(table)
      expect(titles.filter((title, i) => title !== '' && rows.every((row) => (row[i] ?? '') === ''))).toEqual([])
    }
  })

  it('ends in one plain line', () => {
    expect(text).toMatch(/\n\n<sub>(?:[^<\n]|<\/?(?:code|span)>)+<\/sub>\n$/)
  })
})
