import type { Asked } from '../render/asked.ts'
import { renderSummary } from '../render/summary.ts'
import type { Clock } from '../watch/clock.ts'
import type { WatchEvent } from '../watch/events.ts'
import type { Policy } from '../watch/policy.ts'
import { keepFile } from './kept-file.ts'
import type { Reporter } from './reporter.ts'

/** The job summary, rewritten at every change, so that a step that is killed leaves its last one. */
export function summaryReporter(
  path: string,
  policy: Policy,
  endpoint: string | undefined,
  asked: () => readonly Asked[],
  clock: Clock,
): Reporter {
  const textOf = (event: WatchEvent) => {
    const conclusion = 'conclusion' in event ? event.conclusion : undefined
    const context = { ...(endpoint !== undefined && { endpoint }), writtenAt: new Date(), asked: asked() }
    return renderSummary(event.view, conclusion, policy, context)
  }
  return { name: 'job summary', tell: keepFile({ path, clock, textOf }) }
}
