/** The rows of the HTML tables in a text, each as the cells it has, with plain spaces. */
export function rowsOf(html: string): readonly (readonly string[])[] {
  return Array.from(html.matchAll(/<tr>(.*?)<\/tr>/g), ([, row = '']) =>
    Array.from(row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g), ([, cell = '']) => cell.replaceAll('\u00a0', ' ')),
  )
}

/** What stands in each row of a table, by the titles of the columns. */
export function recordsOf(table: string): readonly Readonly<Record<string, string | undefined>>[] {
  const [titles = [], ...rows] = rowsOf(table)
  return rows.map((row) => Object.fromEntries(titles.map((title, i) => [title, row[i]])))
}
