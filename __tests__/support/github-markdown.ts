import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

/** A Markdown text as GitHub would show it, as far as it matters to somebody who wants to smuggle something in. */
export interface Rendered {
  /** Opening tags with their attributes, in order, and everything else that is markup. */
  readonly elements: readonly string[]
  /** What GitHub turns into something else in text outside of code: mentions, references, addresses, emoji, formulas. */
  readonly finds: readonly string[]
}

/** Renders GitHub-flavoured Markdown, raw HTML included, and polls through the text as GitHub's filters do afterwards. */
export function render(markdown: string): Rendered {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  const elements: string[] = []
  const finds: string[] = []
  let codeDepth = 0
  for (const [, markup, text] of html.matchAll(/(<[^>]*>)|([^<]+)/g)) {
    if (markup === undefined) {
      if (codeDepth === 0) finds.push(...FILTERS.flatMap((filter) => plain(text ?? '').match(filter) ?? []))
    } else {
      if (/^<\/?(?:code|pre)\b/.test(markup)) codeDepth += markup.startsWith('</') ? -1 : 1
      if (!markup.startsWith('</')) elements.push(markup)
    }
  }
  return { elements, finds }
}

/**
 * Mentions, references to issues, web and mail addresses, emoji, formulas; code is left alone.
 * https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
 */
const FILTERS: readonly RegExp[] = [
  /(?<![\w`])@\w[\w/-]*/g,
  /#\d+/g,
  /\bGH-\d+/gi,
  /\b[a-z][a-z+.-]*:\/\/\S+/gi,
  /\bwww\.\S+/gi,
  /[\w.+-]+@[\w-]+\.\w+/g,
  // No emoji has a name of two digits, as the minutes of a time have.
  /:(?!\d\d:)[\w+-]+:/g,
  /\$\S[^$]*\$/g,
]

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function plain(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (entity, number?: string, name = '') =>
    number === undefined ? (NAMED[name as string] ?? entity) : String.fromCodePoint(Number(number)),
  )
}
