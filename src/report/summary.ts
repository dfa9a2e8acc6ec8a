import { renderSummary } from '../render/summary.ts'
import type { Policy } from '../watch/policy.ts'
import { onNews } from './reporter.ts'
import type { Reporter } from './reporter.ts'
import { writeWholeFile } from './whole-file.ts'

/** The job summary, rewritten at every change, so that a step that is killed leaves its last one. */
export function summaryReporter(path: string, policy: Policy, endpoint: string | undefined): Reporter {
  return {
    name: 'job summary',
    tell: onNews((event) => {
      const conclusion = event.kind === 'ended' ? event.conclusion : undefined
      const context = { ...(endpoint !== undefined && { endpoint }), writtenAt: new Date() }
      writeWholeFile(path, renderSummary(event.view, conclusion, policy, context))
    }),
  }
}
