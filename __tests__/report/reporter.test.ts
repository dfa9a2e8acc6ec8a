import { describe, expect, it } from '@jest/globals'
import { hasNews, tellAll } from '../../src/report/reporter.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { aFile, aHistory, aJob, aView } from '../support/builders.ts'

const view = aView([aHistory({ looks: [[0, aJob()]] })])
const looked = (options: { news?: boolean } = {}): WatchEvent => ({
  kind: 'looked',
  view,
  job: 0,
  observation: { kind: 'answered', snapshot: aJob() },
  tookMs: 5,
  news: options.news === true ? [{ kind: 'file-failed', file: aFile() }] : [],
  more: false,
})
const ended: WatchEvent = { kind: 'ended', view, conclusion: { kind: 'completed', passes: true } }

describe('telling everybody', () => {
  it('goes on after a reporter that breaks, and says so once', async () => {
    const told: string[] = []
    const broken: string[] = []
    const tell = tellAll(
      [
        {
          name: 'throws',
          tell: () => {
            throw new Error('disk full')
          },
        },
        { name: 'rejects', tell: () => Promise.reject(new Error('no network')) },
        { name: 'works', tell: (event) => void told.push(event.kind) },
      ],
      (name, error) => broken.push(`${name}: ${String(error)}`),
    )
    await tell(looked())
    await tell(ended)
    expect(told).toEqual(['looked', 'ended'])
    expect(broken).toEqual(['throws: Error: disk full', 'rejects: Error: no network'])
  })
})

describe('news', () => {
  it('is the beginning, the end, and a look that changed something', () => {
    expect([looked(), looked({ news: true }), ended, { kind: 'rows-unknown', view } as const].map(hasNews)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})
