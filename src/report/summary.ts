import type { RequestSummary } from '../messages/phrases.ts'
import { renderSummary } from './summary/render.ts'
import type { SummaryContext } from './summary/render.ts'
import type { Clock } from '../gate/clock.ts'
import type { WatchEvent } from '../gate/events.ts'
import type { Policy } from '../gate/policy.ts'
import { keepFile } from './files.ts'
import type { Reporter } from './reporter.ts'

export interface SummaryOptions extends Pick<SummaryContext, 'endpoint' | 'troubleshooting'> {
  readonly policy: Policy
  readonly clock: Clock
  readonly wallClockMs: () => number
  readonly asked: () => readonly RequestSummary[]
}

/** The job summary, rewritten at every change, so that a step that is killed leaves its last one. */
export function summaryReporter(
  path: string,
  { policy, clock, wallClockMs, asked, ...known }: SummaryOptions,
): Reporter {
  const textOf = (event: WatchEvent) => {
    const conclusion = 'conclusion' in event ? event.conclusion : undefined
    return renderSummary(event.view, conclusion, policy, {
      ...known,
      writtenAt: new Date(wallClockMs()),
      asked: asked(),
    })
  }
  return { name: 'job summary', report: keepFile({ path, clock, textOf }) }
}
