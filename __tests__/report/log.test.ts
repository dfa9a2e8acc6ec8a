import { describe, expect, it } from '@jest/globals'
import { logReporter } from '../../src/report/log.ts'
import type { LogSink } from '../../src/report/log.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { aCompletedJob, aHistory, aJob, aPolicy, aView } from '../support/builders.ts'

const view = aView([
  aHistory({
    polls: [
      [0, aJob()],
      [20_000, aCompletedJob()],
    ],
  }),
])
const ended: WatchEvent = { kind: 'ended', view, conclusion: { kind: 'completed', passes: true } }

function reported(event: WatchEvent, colors: boolean): readonly string[] {
  const lines: string[] = []
  const sink: LogSink = {
    info: (line) => lines.push(line),
    debug: () => undefined,
    group: (title, folded) => lines.push(`[${title}]`, ...folded, '[end]'),
    error: (title) => lines.push(title),
    warning: (title) => lines.push(title),
  }
  void logReporter(sink, aPolicy(), {
    asked: () => [{ path: '/x', outcomes: { answered: 2 } }],
    colors,
    clock: new FakeClock(),
  }).report(event)
  return lines
}

describe('the end of the log', () => {
  it('is the details, folded away, and then the verdict in sight', () => {
    const lines = reported(ended, false)
    expect(lines[0]).toBe('[Details: times, files, requests]')
    expect(lines.at(-3)).toBe('  /x: 2 requests (2 ok)')
    expect(lines.at(-2)).toBe('[end]')
    expect(lines.at(-1)).toMatch(/^ {3}5:05 {2}Gate passed: Import job/)
  })

  it('has no empty group', () => {
    const mistakes = { kind: 'invalid-input', passes: false, mistakes: [] } as const
    const lines: string[] = []
    const sink = { info: () => undefined, debug: () => undefined, error: () => undefined, warning: () => undefined }
    const log = logReporter({ ...sink, group: (title) => lines.push(title) }, aPolicy(), {
      asked: () => [],
      colors: true,
      clock: new FakeClock(),
    })
    void log.report({ kind: 'ended', view: aView([]), conclusion: mistakes })
    expect(lines).toEqual([])
  })

  it('leads to the explanation of the code in the docs of the version that runs', () => {
    const lines: string[] = []
    const sink = { debug: () => undefined, group: () => undefined, error: () => undefined, warning: () => undefined }
    const log = logReporter({ ...sink, info: (line) => lines.push(line) }, aPolicy(), {
      asked: () => [],
      colors: false,
      clock: new FakeClock(),
      troubleshooting: 'https://github.com/o/r/blob/v1/docs/troubleshooting.md',
    })
    const mistakes = { kind: 'invalid-input', passes: false, mistakes: [] } as const
    void log.report({ kind: 'ended', view: aView([]), conclusion: mistakes })
    expect(lines.at(-1)).toContain('More: https://github.com/o/r/blob/v1/docs/troubleshooting.md#mig-001')
  })

  it('is colored where colors are wanted, and only there', () => {
    expect(reported(ended, true).at(-1)).toContain('\u001b[32mGate passed:\u001b[0m')
    expect(reported(ended, false).join('')).not.toContain('\u001b')
  })
})
