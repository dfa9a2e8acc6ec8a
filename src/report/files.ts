import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after } from '../gate/clock.ts'
import type { Clock } from '../gate/clock.ts'
import type { WatchEvent } from '../gate/events.ts'
import { hasChanges } from './reporter.ts'
import type { Reporter } from './reporter.ts'

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

/** A file that always holds all that is known. */
export interface KeptFile {
  readonly path: string
  readonly clock: Clock
  readonly textOf: (event: WatchEvent) => string
  /** What the file is rewritten for; otherwise the state, the progress, a file, an outage, the beginning and the end. */
  readonly isNews?: (event: WatchEvent) => boolean
}

/** A file about very many jobs or files is long, and may change with every answer: it pauses before the next write. */
const REST_MS_PER_KILOBYTE = 3
/** How long a killed step can have kept a change to itself. */
const LONGEST_REST_MS = 2_000

/**
 * Rewrites a file at every change and at the end. Of changes that come together, or while a long file pauses, only the last
 * is written down: it holds them all, and never waits for another event.
 */
export function keepFile({ path, clock, textOf, isNews = hasChanges }: KeptFile): Reporter['report'] {
  let isDue = false
  let restsUntilMs = Number.NEGATIVE_INFINITY
  let latest: WatchEvent
  let cancelRest: (() => void) | undefined

  const write = () => {
    cancelRest?.()
    cancelRest = undefined
    const text = textOf(latest)
    restsUntilMs = clock.now() + restMs(text)
    writeWholeFile(path, text)
    // What could not be written stays due.
    isDue = false
  }

  const writeRested = () => {
    try {
      write()
    } catch {
      // An error has no handler here: the next event tries again and throws it to the caller.
      restsUntilMs = Number.NEGATIVE_INFINITY
    }
  }

  return (event) => {
    isDue ||= isNews(event)
    latest = event
    if (!isDue || ('more' in event && event.more)) return
    if ('conclusion' in event || clock.now() >= restsUntilMs) write()
    else cancelRest ??= after(clock, restsUntilMs - clock.now(), writeRested)
  }
}

function restMs(text: string): number {
  return Math.min(LONGEST_REST_MS, Math.floor((Buffer.byteLength(text) / 1_000) * REST_MS_PER_KILOBYTE))
}
