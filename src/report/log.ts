import type { RequestSummary } from '../messages/asked.ts'
import { DETAILS_TITLE, detailLines } from '../messages/details.ts'
import { annotationOf } from '../messages/outcomes.ts'
import { colored } from '../messages/paint.ts'
import { closingBlock, debugLine, progressLines } from '../messages/progress-line.ts'
import type { Policy } from '../gate/policy.ts'
import type { Reporter } from './reporter.ts'

/** Where the lines go. */
export interface LogSink {
  info(line: string): void
  debug(line: string): void
  /** Lines that are folded away behind a title. */
  group(title: string, lines: readonly string[]): void
  error(title: string, message: string): void
  warning(title: string, message: string): void
}

export interface LogOptions {
  /** The requests so far, by kind. */
  readonly asked: () => readonly RequestSummary[]
  readonly colors: boolean
}

/** The log of the step: a line on every change, a heartbeat otherwise, and at the end the details and what happened. */
export function logReporter(sink: LogSink, policy: Policy, { asked, colors }: LogOptions): Reporter {
  const shown = (line: string) => (colors ? colored(line) : line)
  return {
    name: 'log',
    report(event) {
      const debug = debugLine(event)
      if (debug !== undefined) sink.debug(debug)
      for (const line of progressLines(event, policy)) sink.info(shown(line))
      if (event.kind !== 'ended') return
      const details = detailLines(event.view, asked())
      if (details.length > 0) sink.group(DETAILS_TITLE, details.map(shown))
      for (const line of closingBlock(event.conclusion, event.view, policy)) sink.info(shown(line))
      const annotation = annotationOf(event.conclusion, event.view, policy)
      if (annotation !== undefined) sink[annotation.level](annotation.title, annotation.message)
    },
  }
}
