/** A table in Markdown that also reads well as text: numbers to the right, the first column to the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** The middle number; of two middle ones their mean. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

/** With so many decimals that two figures show, but none from 100 on. */
export function figure(number: number): string {
  if (!Number.isFinite(number)) return '–'
  const decimals = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2
  return number.toFixed(decimals)
}

/** As a factor. */
export function times(number: number): string {
  return Number.isFinite(number) ? `${figure(number)}×` : '–'
}

/** A share as a percentage. */
export function share(number: number): string {
  return Number.isFinite(number) ? `${Math.round(number * 100)}%` : '–'
}
