import type { WatchEvent } from '../watch/events.ts'

/** Somebody who is told of everything that happens. */
export interface Reporter {
  readonly name: string
  tell(event: WatchEvent): void | Promise<void>
}

/**
 * Tells all reporters, one after the other. A broken one costs a line, `onBroken`, the first time, and never ends the gate.
 */
export function tellAll(
  reporters: readonly Reporter[],
  onBroken: (name: string, error: unknown) => void,
): (event: WatchEvent) => Promise<void> {
  const broken = new Set<Reporter>()
  return async (event) => {
    for (const reporter of reporters) {
      try {
        await reporter.tell(event)
      } catch (error) {
        if (!broken.has(reporter)) onBroken(reporter.name, error)
        broken.add(reporter)
      }
    }
  }
}

/**
 * Writes things down when there is something new: the state, the progress, a file, an outage, the beginning or the end. Of
 * many looks that arrived together only the last one is written down after, since the view is the same.
 */
export function onNews(write: (event: WatchEvent) => void, isNews = hasNews): Reporter['tell'] {
  let isDue = false
  return (event) => {
    isDue ||= isNews(event)
    if (!isDue || (event.kind === 'looked' && event.more)) return
    isDue = false
    write(event)
  }
}

/** The event tells something that was not known before. */
export function hasNews(event: WatchEvent): boolean {
  switch (event.kind) {
    case 'started':
    case 'ended':
      return true
    case 'looked':
      return event.news.length > 0
    case 'heartbeat':
    case 'interval-stretched':
    case 'rows-unknown':
      return false
  }
}
