/** What a service says of a job of so many files at so much progress. */
export function bodyOf(fileCount: number, progress: number): string {
  const state = progress === 100 ? 'Completed' : 'Importing'
  const details = Array.from({ length: fileCount }, (_, i) => ({
    fileName: `export/part-${i}.parquet`,
    fileSize: 4_800_000,
    state,
    progress,
    importedRows: 120 * progress,
    totalRows: 12_000,
  }))
  return JSON.stringify({ code: 0, data: { state, progress, importedRows: 120 * progress * fileCount, details } })
}
