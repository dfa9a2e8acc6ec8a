import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Replaces a file's content as a whole, synchronously, so that a process that is killed leaves the old content or the new
 * one and never half of it. What is no regular file (`/dev/stdout`) is written to in one go.
 */
export function writeWholeFile(path: string, content: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isFile() === false) {
    writeFileSync(path, content)
    return
  }
  const temporary = join(dirname(path), `.milvus-import-gate-${process.pid}.tmp`)
  try {
    writeFileSync(temporary, content, { mode: stats?.mode ?? 0o644 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    // A full disk would take the old content and leave half of the new one.
    if (FULL.has((error as NodeJS.ErrnoException).code)) throw error
    // The folder may be read-only, or the file a mount of its own.
    writeFileSync(path, content)
  }
}

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'])
