import { describe, expect, it } from '@jest/globals'
import { hasChanges, reportToAll } from '../../src/report/reporter.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import { aFile, aHistory, aJob, aView } from '../support/builders.ts'

const view = aView([aHistory({ polls: [[0, aJob()]] })])
const polled = (options: { changes?: boolean } = {}): WatchEvent => ({
  kind: 'polled',
  view,
  job: 0,
  result: { kind: 'answered', snapshot: aJob() },
  tookMs: 5,
  changes: options.changes === true ? [{ kind: 'file-failed', file: aFile() }] : [],
  more: false,
})
const ended: WatchEvent = { kind: 'ended', view, conclusion: { kind: 'completed', passes: true } }

describe('telling everybody', () => {
  it('goes on after a reporter that breaks, and says so once', async () => {
    const reported: string[] = []
    const broken: string[] = []
    const tell = reportToAll(
      [
        {
          name: 'throws',
          report: () => {
            throw new Error('disk full')
          },
        },
        { name: 'rejects', report: () => Promise.reject(new Error('no network')) },
        { name: 'works', report: (event) => void reported.push(event.kind) },
      ],
      (name, error) => broken.push(`${name}: ${String(error)}`),
    )
    await tell(polled())
    await tell(ended)
    expect(reported).toEqual(['polled', 'ended'])
    expect(broken).toEqual(['throws: Error: disk full', 'rejects: Error: no network'])
  })
})

describe('changes', () => {
  it('is the beginning, the end, and a poll that changed something', () => {
    expect(
      [polled(), polled({ changes: true }), ended, { kind: 'rows-unknown', view } as const].map(hasChanges),
    ).toEqual([false, true, true, false])
  })
})
