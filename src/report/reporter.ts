import type { WatchEvent } from '../gate/events.ts'

/** Receives everything that happens. */
export interface Reporter {
  readonly name: string
  report(event: WatchEvent): void | Promise<void>
}

/**
 * Calls all reporters, one after the other. A broken one costs a line, `onBroken`, the first time, and never ends the gate.
 */
export function reportToAll(
  reporters: readonly Reporter[],
  onBroken: (name: string, error: unknown) => void,
): (event: WatchEvent) => Promise<void> {
  const broken = new Set<Reporter>()
  return async (event) => {
    for (const reporter of reporters) {
      try {
        await reporter.report(event)
      } catch (error) {
        if (!broken.has(reporter)) onBroken(reporter.name, error)
        broken.add(reporter)
      }
    }
  }
}

/** The event brings something that was not known before. */
export function hasChanges(event: WatchEvent): boolean {
  switch (event.kind) {
    case 'started':
    case 'discovered':
    case 'import-started':
    case 'ending':
    case 'ended':
      return true
    case 'polled':
    case 'acted':
    case 'searched':
    case 'starting':
    case 'read':
      return event.changes.length > 0
    case 'heartbeat':
    case 'interval-stretched':
    case 'rows-unknown':
      return false
  }
}
