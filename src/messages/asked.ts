import { count } from './format.ts'

/** Requests of one kind, and what came of them. */
export interface RequestSummary {
  /** The path of the operation. */
  readonly path: string
  /** How often each outcome came, by the short word that the report has for it. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** Each kind of request, how often it was made and what came of it: `/v2/… 68 times (67 answered, 1 http-503)`. */
export function requestKinds(asked: readonly RequestSummary[]): readonly string[] {
  return asked.map(({ path, outcomes }) => {
    const times = Object.values(outcomes).reduce((sum, amount) => sum + amount, 0)
    const words = Object.entries(outcomes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([outcome, amount]) => `${count(amount)} ${outcome}`)
    return `${path} ${times === 1 ? 'once' : `${count(times)} times`} (${words.join(', ')})`
  })
}
