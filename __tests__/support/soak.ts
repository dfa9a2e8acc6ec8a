/** `SOAK=20 npm test -- FILE` tries twenty times as many cases, and all that otherwise take turns. */
export const IS_SOAK = process.env['SOAK'] !== undefined
const TIMES = Number(process.env['SOAK'] ?? 1)

const SEED = 20_261_125

/**
 * So many made-up cases for a property: the same ones in every run of the tests, so that a change is judged by what it
 * changes; new ones, and more of them, in the soak.
 */
export function cases(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  return IS_SOAK ? { numRuns: numRuns * TIMES } : { numRuns, seed: SEED }
}

/** How long so many cases may take, in milliseconds. */
export function timeFor(ms: number): number {
  return ms * TIMES
}
