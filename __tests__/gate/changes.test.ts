import { describe, expect, it } from '@jest/globals'
import { newHistory, record } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { newCollection, recordResult } from '../../src/gate/collection.ts'
import type { CollectionResult } from '../../src/gate/collection.ts'
import { attempted } from '../../src/gate/commits.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import { jobChanges, collectionChanges, commitChanges } from '../../src/gate/changes.ts'
import {
  anIndex,
  DONE,
  GONE,
  measured,
  NO,
  NO_REFRESH,
  noAnswer,
  NOT_LOADED,
  reading,
  rows,
} from '../support/searching.ts'
import { answered, outage, refused, unknownJob, declined } from '../support/watching.ts'

/** The changes of each poll, where polls are `stepMs` apart. */
function newsAfter(observations: readonly PollResult[], stepMs = 2000) {
  let history = newHistory('1')
  return observations.map((result, i) => {
    const before = history
    history = record(before, result, { startedAtMs: i * stepMs, endedAtMs: i * stepMs })
    return jobChanges(before, history, result)
  })
}

const at = (progress: number) => answered('Importing', { progress })
const file = (name: string, state: string) => ({ fileName: name, state })

describe('the changes of a poll', () => {
  it('reports every change of state, the first answer among them', () => {
    expect(newsAfter([answered('Pending'), answered('Pending'), answered('Importing')])).toEqual([
      [{ kind: 'state', from: undefined, to: 'Pending', phase: 'pending' }],
      [],
      [{ kind: 'state', from: 'Pending', to: 'Importing', phase: 'importing' }],
    ])
  })

  it('reports progress when it has crossed five points, in either direction', () => {
    expect(newsAfter([at(40), at(44), at(45), at(46), at(39)]).slice(1)).toEqual([
      [],
      [{ kind: 'progress', from: 44, to: 45 }],
      [],
      [{ kind: 'progress', from: 46, to: 39 }],
    ])
  })

  it('reports an unknown word once', () => {
    const kinds = newsAfter([answered('Planning'), answered('Importing'), answered('Planning')]).map((changes) =>
      changes.map(({ kind }) => kind),
    )
    expect(kinds).toEqual([['state', 'unknown-state'], ['state'], ['state']])
  })

  it('reports each failed file once', () => {
    const changes = newsAfter([
      answered('Importing', { details: [file('a', 'InProgress'), file('b', 'InProgress')] }),
      answered('Importing', { details: [file('a', 'Failed'), file('b', 'InProgress')] }),
      answered('Importing', { details: [file('a', 'Failed'), file('b', 'Failed')] }),
    ])
    expect(changes.slice(1)).toMatchObject([
      [{ kind: 'file-failed', file: { name: 'a' } }],
      [{ kind: 'file-failed', file: { name: 'b' } }],
    ])
  })

  it('does not tell a thousand files that failed with their job one by one', () => {
    const details = Array.from({ length: 1024 }, (_, i) => file(`${i}.parquet`, 'Failed'))
    expect(newsAfter([answered('Failed', { details })])[0]).toHaveLength(11)
  })

  it('reports the beginning and the end of an outage, and how long it was', () => {
    expect(newsAfter([at(1), outage(), outage(), at(1)]).slice(1)).toMatchObject([
      [{ kind: 'outage-began', error: { outcome: 'http-502' } }],
      [],
      [{ kind: 'outage-ended', lastedMs: 6000 }],
    ])
  })

  it('reports that a job is unknown, once, and whether it had been seen', () => {
    expect(newsAfter([unknownJob(), unknownJob()])).toMatchObject([[{ kind: 'job-unknown', seenBefore: false }], []])
    expect(newsAfter([at(1), unknownJob()])[1]).toMatchObject([{ kind: 'job-unknown', seenBefore: true }])
  })

  it('reports once that nothing has moved for half an hour', () => {
    const kinds = newsAfter([at(80), at(80), at(80), at(80)], 15 * 60_000).map((changes) =>
      changes.map(({ kind }) => kind),
    )
    expect(kinds).toEqual([['state'], [], ['idle'], []])
  })

  it('reports a state again after a state between, and no progress beside it', () => {
    const changes = newsAfter([at(10), answered('Pending', { progress: 80 }), at(40)])
    expect(changes.slice(1)).toEqual([
      [{ kind: 'state', from: 'Importing', to: 'Pending', phase: 'pending' }],
      [{ kind: 'state', from: 'Pending', to: 'Importing', phase: 'importing' }],
    ])
  })

  it('does not report another word for the same state', () => {
    expect(newsAfter([at(10), answered('InProgress', { progress: 10 })])[1]).toEqual([])
  })

  it('reports an unknown word also after one that is known', () => {
    expect(newsAfter([answered('Importing'), answered('Planning')])[1]).toEqual([
      { kind: 'state', from: 'Importing', to: 'Planning', phase: 'unknown' },
      { kind: 'unknown-state', label: 'Planning' },
    ])
  })

  it('names the unknown word', () => {
    expect(newsAfter([answered('Planning')])[0]).toEqual([
      { kind: 'state', from: undefined, to: 'Planning', phase: 'unknown' },
      { kind: 'unknown-state', label: 'Planning' },
    ])
  })

  it('reports no failed file twice, and none that goes on', () => {
    const details = [file('a', 'Failed'), file('b', 'InProgress'), file('c', 'Completed')]
    const changes = newsAfter([
      answered('Importing', { details }),
      answered('Importing', { details }),
      answered('Failed', { details: [] }),
    ])
    expect(changes.map((reported) => reported.filter(({ kind }) => kind === 'file-failed').length)).toEqual([1, 0, 0])
  })

  it('reports the end of an outage also where the job is unknown then, in this order', () => {
    expect(newsAfter([outage(), outage(), unknownJob()])[2]).toMatchObject([
      { kind: 'outage-ended', lastedMs: 4000 },
      { kind: 'job-unknown', seenBefore: false, error: { outcome: 'unknown-job' } },
    ])
    expect(newsAfter([unknownJob(), outage(), unknownJob()])[2]).toEqual([{ kind: 'outage-ended', lastedMs: 2000 }])
  })

  it('reports for how long nothing has moved, from half an hour on', () => {
    const quiet = (stepMs: number) => newsAfter([at(80), at(80)], stepMs)[1]
    expect(quiet(30 * 60_000 - 1)).toEqual([])
    expect(quiet(30 * 60_000)).toEqual([{ kind: 'idle', idleMs: 1_800_000 }])
    expect(quiet(60 * 60_000)).toEqual([{ kind: 'idle', idleMs: 3_600_000 }])
  })

  it('reports the first refusal in a row, and nothing of a poll that was cancelled', () => {
    expect(newsAfter([at(1), refused(true), refused(true)]).slice(1)).toMatchObject([[{ kind: 'refused-once' }], []])
    expect(newsAfter([outage(), { kind: 'cancelled' }])[1]).toEqual([])
  })
})

describe('the changes of a commit or an abort', () => {
  const LOST = outage()
  const REFUSED = declined()
  const UNKNOWN = unknownJob() as Extract<CommitResult, { kind: 'unknown-job' }>
  const after = (result: CommitResult) => attempted(undefined, result, { startedAtMs: 0, endedAtMs: 0 })
  const inDoubt = { kind: 'act-in-doubt', act: 'commit', error: LOST.error }

  it.each<[what: string, before: CommitResult | undefined, result: CommitResult, changes: readonly object[]]>([
    ['that it was accepted', undefined, { kind: 'done' }, [{ kind: 'act-done', act: 'commit' }]],
    ['that it was refused', undefined, REFUSED, [{ kind: 'act-refused', act: 'commit', error: REFUSED.error }]],
    ['that the job is unknown', undefined, UNKNOWN, [{ kind: 'act-refused', act: 'commit', error: UNKNOWN.error }]],
    ['that its answer was lost', undefined, LOST, [inDoubt]],
    ['that its answer was lost after one that was cut short', { kind: 'cancelled' }, LOST, [inDoubt]],
    ['nothing more where it was lost again', LOST, LOST, []],
    ['nothing where it was cut short', undefined, { kind: 'cancelled' }, []],
  ])('is %s', (_, before, result, changes) => {
    expect(commitChanges('commit', before && after(before), result)).toEqual(changes)
  })

  it('says which of both it was', () => {
    expect(commitChanges('abort', undefined, { kind: 'done' })).toEqual([{ kind: 'act-done', act: 'abort' }])
  })
})

describe('the changes of a collection', () => {
  const reported = (answers: readonly CollectionResult[], stepMs = 2000) => {
    let collection = newCollection('books')
    return answers.map((answer, i) => {
      const before = collection
      collection = recordResult(before, answer, { startedAtMs: i * stepMs, endedAtMs: i * stepMs })
      return collectionChanges(before, collection, answer)
    })
  }
  const pending = (...pendingRows: readonly (number | undefined)[]) =>
    reading({ indexes: pendingRows.map((amount) => anIndex({ pendingRows: amount })) })
  const indexes = (pendingRows: number | undefined) => ({ kind: 'indexes', pendingRows })
  const load = (percent: number | undefined, state = 'loading') => ({ kind: 'load', state, percent })
  const loaded = (percent: number | undefined) => reading({ load: { state: 'loaded', percent } })
  const loading = (percent: number | undefined) => reading({ load: { state: 'loading', percent } })

  it('reports what is pending at first, and then every twentieth of the most that was', () => {
    expect(reported([100, 96, 95, 95, 91, 90, 1].map((amount) => pending(amount)))).toEqual([
      [indexes(100)],
      [],
      [indexes(95)],
      [],
      [],
      [indexes(90)],
      [indexes(1)],
    ])
  })

  it('reports rows of all indexes together', () => {
    expect(reported([pending(40, 60), pending(40, 55)])).toEqual([[indexes(100)], [indexes(95)]])
  })

  it('reports once that what is pending is unknown', () => {
    expect(reported([undefined, undefined, 7].map((amount) => pending(amount)))).toEqual([
      [indexes(undefined)],
      [],
      [indexes(7)],
    ])
  })

  it('reports once that the indexes are ready, and how many, and again after more rows', () => {
    expect(reported([pending(7, 0), pending(0, 0), pending(0, 0), pending(7, 0), pending(0, 0)])).toEqual([
      [indexes(7)],
      [{ kind: 'indexes-ready', indexes: 2 }],
      [],
      [indexes(7)],
      [{ kind: 'indexes-ready', indexes: 2 }],
    ])
  })

  const ready = { kind: 'indexes-ready', indexes: 1 }
  it.each<[what: string, readings: readonly CollectionResult[], changes: readonly (readonly object[])[]]>([
    ['nothing where it is loaded at first', [loaded(100), loaded(100)], [[ready], []]],
    ['nothing where it is loaded at first, with no figure', [loaded(undefined)], [[ready]]],
    ['that it is not wholly loaded at first', [loaded(99)], [[ready, load(99, 'loaded')]]],
    ['when it has crossed five points', [loading(40), loading(44), loading(45)], [[ready, load(40)], [], [load(45)]]],
    ['when it falls back', [loading(40), loading(39)], [[ready, load(40)], [load(39)]]],
    ['once that there is no figure', [loading(undefined), loading(undefined)], [[ready, load(undefined)], []]],
    ['the first figure', [loading(undefined), loading(0)], [[ready, load(undefined)], [load(0)]]],
    ['another state', [loading(100), loaded(100)], [[ready, load(100)], [load(100, 'loaded')]]],
    [
      'that it is not loaded any more',
      [loaded(100), reading({ load: { state: 'not-loaded', percent: undefined } })],
      [[ready], [load(undefined, 'not-loaded')]],
    ],
  ])('reports the load %s', (_, readings, changes) => {
    expect(reported(readings)).toEqual(changes)
  })

  it('reports that it was refreshed, and how many rows it has where that is new', () => {
    expect(reported([rows(4), reading(), DONE, measured(4, 9), measured(4, 9), measured(5, 9)])).toEqual([
      [],
      [ready],
      [{ kind: 'refreshed' }],
      [{ kind: 'counted', rows: 4, rowCount: 9 }],
      [],
      [{ kind: 'counted', rows: 5, rowCount: 9 }],
    ])
  })

  it('reports once that an outage began, and why', () => {
    expect(reported([reading(), noAnswer('dns'), noAnswer('tls')])).toEqual([
      [ready],
      [{ kind: 'outage-began', error: noAnswer('dns').error }],
      [],
    ])
  })

  it.each<[what: string, answer: CollectionResult, changes: readonly object[]]>([
    ['a reading', reading(), []],
    ['a refresh', DONE, [{ kind: 'refreshed' }]],
    ['a count', rows(5), []],
    ['a reading of its rows', measured(5, 9), [{ kind: 'counted', rows: 5, rowCount: 9 }]],
    ['that it is not loaded', NOT_LOADED, []],
    ['that there is no refresh', NO_REFRESH, []],
  ])('reports how long an outage was, first of all, where it ends with %s', (_, answer, changes) => {
    expect(reported([reading(), noAnswer(), noAnswer(), answer])[3]).toEqual([
      { kind: 'outage-ended', lastedMs: 6000 },
      ...changes,
    ])
    expect(reported([reading(), answer])[1]).toEqual(changes)
  })

  it.each([
    ['a refusal', NO, NO],
    ['that it is gone', GONE, NO],
  ])('reports %s once, which does not end an outage', (_, first, second) => {
    const { error } = first as Extract<CollectionResult, { kind: 'refused' | 'gone' }>
    expect(reported([reading(), noAnswer(), first, second]).slice(2)).toEqual([[{ kind: 'refused', error }], []])
  })

  it('says nothing of a question that was cancelled', () => {
    expect(reported([reading(), { kind: 'cancelled' }])[1]).toEqual([])
  })

  it('reports once that nothing has moved for half an hour', () => {
    expect(reported([pending(7), pending(7), pending(7), pending(7)], 15 * 60_000)).toEqual([
      [indexes(7)],
      [],
      [{ kind: 'idle', idleMs: 1_800_000 }],
      [],
    ])
  })
})
