import type { Asked } from '../render/asked.ts'
import { renderSummary } from '../render/summary.ts'
import type { SummaryContext } from '../render/summary.ts'
import type { Clock } from '../watch/clock.ts'
import type { WatchEvent } from '../watch/events.ts'
import type { Policy } from '../watch/policy.ts'
import { keepFile } from './kept-file.ts'
import type { Reporter } from './reporter.ts'

export interface SummaryOptions extends Pick<SummaryContext, 'endpoint' | 'readme'> {
  readonly policy: Policy
  readonly clock: Clock
  readonly asked: () => readonly Asked[]
}

/** The job summary, rewritten at every change, so that a step that is killed leaves its last one. */
export function summaryReporter(path: string, { policy, clock, asked, ...known }: SummaryOptions): Reporter {
  const textOf = (event: WatchEvent) => {
    const conclusion = 'conclusion' in event ? event.conclusion : undefined
    return renderSummary(event.view, conclusion, policy, { ...known, writtenAt: new Date(), asked: asked() })
  }
  return { name: 'job summary', tell: keepFile({ path, clock, textOf }) }
}
