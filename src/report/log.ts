import { annotationOf } from '../render/headline.ts'
import { closingBlock, debugLine, progressLines } from '../render/progress-line.ts'
import type { Policy } from '../watch/policy.ts'
import type { Reporter } from './reporter.ts'

/** Where the lines go. */
export interface LogSink {
  info(line: string): void
  debug(line: string): void
  error(title: string, message: string): void
  warning(title: string, message: string): void
}

/** The log of the step: a line on every change, a heartbeat otherwise, and at the end what happened. */
export function logReporter(sink: LogSink, policy: Policy): Reporter {
  return {
    name: 'log',
    tell(event) {
      const debug = debugLine(event)
      if (debug !== undefined) sink.debug(debug)
      for (const line of progressLines(event, policy)) sink.info(line)
      if (event.kind !== 'ended') return
      for (const line of closingBlock(event.conclusion, event.view, policy)) sink.info(line)
      const annotation = annotationOf(event.conclusion, event.view, policy)
      if (annotation !== undefined) sink[annotation.level](annotation.title, annotation.message)
    },
  }
}
