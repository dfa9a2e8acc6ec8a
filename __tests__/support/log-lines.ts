import type { WatchEvent } from '../../src/gate/events.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { progressLines } from '../../src/report/log.ts'

/** The lines of the log for one event alone. */
export function linesFor(event: WatchEvent, policy: Policy): readonly string[] {
  return progressLines([event], policy)
}
