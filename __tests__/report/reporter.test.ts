import { describe, expect, it } from '@jest/globals'
import { hasNews, onNews, tellAll } from '../../src/report/reporter.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { aFile, aHistory, aJob, aView } from '../support/builders.ts'

const view = aView([aHistory({ looks: [[0, aJob()]] })])
const looked = (options: { news?: boolean; more?: boolean } = {}): WatchEvent => ({
  kind: 'looked',
  view,
  job: 0,
  observation: { kind: 'answered', snapshot: aJob() },
  tookMs: 5,
  news: options.news === true ? [{ kind: 'file-failed', file: aFile() }] : [],
  more: options.more ?? false,
})
const ended: WatchEvent = { kind: 'ended', view, conclusion: { kind: 'completed', passes: true } }

/** How often something is written down while these events are told. */
function writings(...events: readonly WatchEvent[]): number {
  let count = 0
  const tell = onNews(() => (count += 1))
  for (const event of events) void tell(event)
  return count
}

describe('writing things down', () => {
  it('happens at the beginning, at every change and at the end, and not at a look that brought nothing new', () => {
    expect(writings({ kind: 'started', view }, looked(), looked({ news: true }), looked(), ended)).toBe(3)
    expect(writings(looked(), { kind: 'heartbeat', view }, looked())).toBe(0)
  })

  it('happens once for all looks that arrived together, wherever among them the news is', () => {
    expect(writings(looked({ news: true, more: true }), looked({ more: true }), looked())).toBe(1)
    expect(writings(looked({ more: true }), looked({ news: true }))).toBe(1)
    expect(writings(looked({ more: true }), looked())).toBe(0)
  })

  it('happens at the end, whatever was to follow', () => {
    expect(writings(looked({ news: true, more: true }), ended)).toBe(1)
  })
})

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
