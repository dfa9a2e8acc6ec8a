import { describe, expect, it } from '@jest/globals'
import { newHistory, record } from '../../src/watch/history.ts'
import type { Observation } from '../../src/watch/import-job.ts'
import { newsOf } from '../../src/watch/news.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

/** The news of each look, where looks are `stepMs` apart. */
function newsAfter(observations: readonly Observation[], stepMs = 2000) {
  let history = newHistory('1')
  return observations.map((observation, i) => {
    const before = history
    history = record(before, observation, { startedAtMs: i * stepMs, endedAtMs: i * stepMs })
    return newsOf(before, history, observation)
  })
}

const at = (progress: number) => answered('Importing', { progress })
const file = (name: string, state: string) => ({ fileName: name, state })

describe('the news of a look', () => {
  it('tells every change of state, the first answer among them', () => {
    expect(newsAfter([answered('Pending'), answered('Pending'), answered('Importing')])).toEqual([
      [{ kind: 'state', from: undefined, to: 'Pending', phase: 'pending' }],
      [],
      [{ kind: 'state', from: 'Pending', to: 'Importing', phase: 'importing' }],
    ])
  })

  it('tells progress when it has crossed five points, in either direction', () => {
    expect(newsAfter([at(40), at(44), at(45), at(46), at(39)]).slice(1)).toEqual([
      [],
      [{ kind: 'progress', from: 44, to: 45 }],
      [],
      [{ kind: 'progress', from: 46, to: 39 }],
    ])
  })

  it('tells a word that nobody knows once', () => {
    const kinds = newsAfter([answered('Planning'), answered('Importing'), answered('Planning')]).map((news) =>
      news.map(({ kind }) => kind),
    )
    expect(kinds).toEqual([['state', 'unknown-state'], ['state'], ['state']])
  })

  it('tells each failed file once', () => {
    const news = newsAfter([
      answered('Importing', { details: [file('a', 'InProgress'), file('b', 'InProgress')] }),
      answered('Importing', { details: [file('a', 'Failed'), file('b', 'InProgress')] }),
      answered('Importing', { details: [file('a', 'Failed'), file('b', 'Failed')] }),
    ])
    expect(news.slice(1)).toMatchObject([
      [{ kind: 'file-failed', file: { name: 'a' } }],
      [{ kind: 'file-failed', file: { name: 'b' } }],
    ])
  })

  it('does not tell a thousand files that failed with their job one by one', () => {
    const details = Array.from({ length: 1024 }, (_, i) => file(`${i}.parquet`, 'Failed'))
    expect(newsAfter([answered('Failed', { details })])[0]).toHaveLength(11)
  })

  it('tells the beginning and the end of an outage, and how long it was', () => {
    expect(newsAfter([at(1), outage(), outage(), at(1)]).slice(1)).toMatchObject([
      [{ kind: 'outage-began', trouble: { outcome: 'http-502' } }],
      [],
      [{ kind: 'outage-ended', lastedMs: 4000 }],
    ])
  })

  it('tells that a job is unknown, once, and whether it had been seen', () => {
    expect(newsAfter([unknownJob(), unknownJob()])).toMatchObject([[{ kind: 'job-unknown', seenBefore: false }], []])
    expect(newsAfter([at(1), unknownJob()])[1]).toMatchObject([{ kind: 'job-unknown', seenBefore: true }])
  })

  it('tells once that nothing has moved for half an hour', () => {
    const kinds = newsAfter([at(80), at(80), at(80), at(80)], 15 * 60_000).map((news) => news.map(({ kind }) => kind))
    expect(kinds).toEqual([['state'], [], ['quiet'], []])
  })

  it('tells a state again after a state between, and no progress beside it', () => {
    const news = newsAfter([at(10), answered('Sorting', { progress: 80 }), at(40)])
    expect(news.slice(1)).toEqual([
      [{ kind: 'state', from: 'Importing', to: 'Sorting', phase: 'importing' }],
      [{ kind: 'state', from: 'Sorting', to: 'Importing', phase: 'importing' }],
    ])
  })

  it('names the word that nobody knows', () => {
    expect(newsAfter([answered('Planning')])[0]).toEqual([
      { kind: 'state', from: undefined, to: 'Planning', phase: 'unknown' },
      { kind: 'unknown-state', label: 'Planning' },
    ])
  })

  it('tells no failed file twice, and none that goes on', () => {
    const details = [file('a', 'Failed'), file('b', 'InProgress'), file('c', 'Completed')]
    const news = newsAfter([
      answered('Importing', { details }),
      answered('Importing', { details }),
      answered('Failed', { details: [] }),
    ])
    expect(news.map((told) => told.filter(({ kind }) => kind === 'file-failed').length)).toEqual([1, 0, 0])
  })

  it('tells the end of an outage also where the job is unknown then, in this order', () => {
    expect(newsAfter([outage(), outage(), unknownJob()])[2]).toMatchObject([
      { kind: 'outage-ended', lastedMs: 4000 },
      { kind: 'job-unknown', seenBefore: false, trouble: { outcome: 'unknown-job' } },
    ])
    expect(newsAfter([unknownJob(), outage(), unknownJob()])[2]).toEqual([{ kind: 'outage-ended', lastedMs: 2000 }])
  })

  it('tells for how long nothing has moved, from half an hour on', () => {
    const quiet = (stepMs: number) => newsAfter([at(80), at(80)], stepMs)[1]
    expect(quiet(30 * 60_000 - 1)).toEqual([])
    expect(quiet(30 * 60_000)).toEqual([{ kind: 'quiet', quietMs: 1_800_000 }])
    expect(quiet(60 * 60_000)).toEqual([{ kind: 'quiet', quietMs: 3_600_000 }])
  })

  it('tells nothing of a refusal, which is the end, nor of a look that was cancelled', () => {
    expect(newsAfter([at(1), refused()])[1]).toEqual([])
    expect(newsAfter([outage(), { kind: 'cancelled' }])[1]).toEqual([])
  })
})
