import type { Mistake } from '../gate/conclusion.ts'

/** What reading inputs brought: their value, or everything the reader has to mend. */
export type Parsed<T> =
  { readonly kind: 'value'; readonly value: T } | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake[] }

/** Inputs that hold. */
export function parsed<T>(value: T): Parsed<T> {
  return { kind: 'value', value }
}

/** Inputs that do not hold, each with what is wrong. */
export function mistaken(...mistakes: Mistake[]): Parsed<never> {
  return { kind: 'mistakes', mistakes }
}

/** An object out of parts that are parsed one by one, or the mistakes of all of them. */
export function all<T extends object>(parts: { readonly [K in keyof T]: Parsed<T[K]> }): Parsed<T> {
  const entries = Object.entries<Parsed<unknown>>(parts)
  const mistakes = entries.flatMap(([, part]) => (part.kind === 'mistakes' ? part.mistakes : []))
  if (mistakes.length > 0) return mistaken(...mistakes)
  const values = entries.map(([key, part]) => [key, part.kind === 'value' ? part.value : undefined] as const)
  return parsed(Object.fromEntries(values) as T)
}

/** `undefined` for an empty text, else what `parse` makes of it. */
export function optional<T>(text: string, parse: (text: string) => Parsed<T>): Parsed<T | undefined> {
  return text === '' ? parsed(undefined) : parse(text)
}

const LONGEST_QUOTE = 60

/** How a mistake shows what it got: in quotes, cut, with characters that nobody sees spelled out. Never for secrets. */
export function quoted(text: string): string {
  if (text === '') return 'nothing'
  const characters = Array.from(text)
  const cut = characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('')}…` : text
  return JSON.stringify(cut).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => {
    return `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`
  })
}

/** How a mistake speaks of a secret: by its length alone. */
export function sized(secret: string): string {
  if (secret === '') return 'nothing'
  return secret.length === 1 ? 'a value of 1 character' : `a value of ${secret.length} characters`
}
