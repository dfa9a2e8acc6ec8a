import type { HttpsUrl } from '../../messages/codes.ts'

/** Text that is safe to stand in a summary: built by `markup` alone, so that nothing gets there unescaped. */
export class Markup {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }

  toString(): string {
    return this.source
  }
}

/** Our own markup, with every interpolated text escaped: markup`<b>${name}</b>`. */
export function markup(parts: TemplateStringsArray, ...values: readonly (string | number | Markup)[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + sourceOf(values[i - 1] ?? '') + part))
}

/** Pieces one after the other. */
export function joined(pieces: readonly Markup[], separator = ''): Markup {
  return new Markup(pieces.map(sourceOf).join(separator))
}

/** A name, an id or a text shown as the service wrote it. HTML instead of backticks, since a backtick cannot be escaped. */
export function code(text: string): Markup {
  return markup`<code>${text}</code>`
}

/** A sentence of ours, with names of inputs and literal values between backticks. */
export function prose(sentence: string): Markup {
  const [start = '', ...rest] = sentence.split(/`([^`\s](?:[^`\n]{0,198}[^`\s])?)`/)
  return joined([
    markup`${start}`,
    ...rest.map((piece, i) => (i % 2 === 0 ? code(piece) : new Markup(escapedInside(piece)))),
  ])
}

/** A link to one of our own addresses: an escaped one would be no address any more. */
export function link(url: HttpsUrl, text: string | Markup): Markup {
  return markup`<a href="${new Markup(url)}">${text}</a>`
}

/** A column of a table: its title, and what stands in it for a row. */
export interface Column<Row> {
  readonly title: string
  readonly align?: 'right'
  readonly cell: (row: Row) => string | Markup
}

/** A table's parts, so that a long one can be cut between two rows. */
export interface Table<Row> {
  readonly head: Markup
  readonly row: (row: Row) => Markup
  /** A row that is one cell, over all columns. */
  readonly note: (text: string | Markup) => Markup
  readonly foot: Markup
}

/**
 * An HTML table: Markdown is not parsed inside, and it needs no blank line. Columns that are empty in every row of `rows`
 * are left out.
 */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Table<Row> {
  const used = columns.filter(({ cell }) => rows.some((row) => String(cell(row)) !== ''))
  const aligned = ({ align }: Column<Row>) => new Markup(align === undefined ? '' : ` align="${align}"`)
  // Browsers center a heading that says nothing else.
  const heads = used.map((column) => markup`<th align="${column.align ?? 'left'}">${column.title}</th>`)
  return {
    head: markup`<table>\n<tr>${joined(heads)}</tr>\n`,
    row: (row) =>
      markup`<tr>${joined(used.map((column) => markup`<td${aligned(column)}>${column.cell(row)}</td>`))}</tr>\n`,
    note: (text) => markup`<tr><td colspan="${used.length}">${text}</td></tr>\n`,
    foot: markup`</table>\n`,
  }
}

/** One paragraph for each piece. */
export function paragraphs(pieces: readonly Markup[]): Markup {
  return new Markup(pieces.map(({ source }) => `${source}\n`).join('\n'))
}

function sourceOf(value: string | number | Markup): string {
  return value instanceof Markup ? value.source : escaped(String(value))
}

/** Text without special meaning, also at the start of a line, where spaces, list items and underlines would have one. */
function escaped(text: string): string {
  // Most cells: names, numbers and words.
  if (/^[\w./]*$/.test(text) && !/_|^\d+\.|www\./i.test(text)) return text
  return escapedInside(text)
    .replace(/^\s+/, '')
    .replace(/^(?:[-+](?=\s|$)|=)|(?<=^\d{1,9})\.(?=\s|$)/, entity)
}

/**
 * Text without special meaning to Markdown, to HTML, or to GitHub's own filters. These filters (e-mail addresses, mentions,
 * issue numbers, emoji, formulas) run when an entity is text again, so a `span` keeps their first character apart.
 */
function escapedInside(text: string): string {
  return text
    .replace(/[\r\n\u2028\u2029]+/g, ' ')
    .replace(SPECIAL, (character, beginsMore?: string) =>
      beginsMore === undefined ? entity(character) : `<span>${entity(character)}</span>`,
    )
}

/** First characters of something longer (`www.`, `GH-12`, `://`, `:emoji:`, `@name`, `#12`, `$x$`), then single special ones. */
const SPECIAL = /((?<=www)\.|(?<=GH)-(?=\d)|:(?=\/\/|[\w+-]+:)|[@#$])|[&<>"'|`*_~[\]()!:\\]/gi

const NAMED_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function entity(character: string): string {
  return NAMED_ENTITIES[character] ?? `&#${character.charCodeAt(0)};`
}
