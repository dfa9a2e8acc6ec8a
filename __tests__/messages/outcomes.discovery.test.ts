import { describe, expect, it } from '@jest/globals'
import { headline } from '../../src/messages/outcomes.ts'
import { linesFor } from '../support/log-lines.ts'
import { progressText } from '../../src/messages/commit-status.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { Discovery } from '../../src/gate/discovery.ts'
import type { History } from '../../src/gate/history.ts'
import type { ListedJob } from '../../src/gate/import-service.ts'
import { aHistory, aJob, aPolicy, aTrouble, aView } from '../support/builders.ts'

const policy = aPolicy()
const ended = (...ids: readonly string[]) =>
  ids.map((jobId): ListedJob => ({ jobId, phase: 'completed', label: 'Completed' }))
const aDiscovery = (but: Partial<Discovery> = {}): Discovery => ({
  collectionName: 'docs',
  dbName: undefined,
  sinceMs: undefined,
  jobIds: [],
  ended: [],
  place: undefined,
  undated: 0,
  ofUnknownAge: [],
  leftOut: [],
  ...but,
})
const reported = (discovery: Discovery, passes = false) => {
  const { sentence, points, next } = headline({ kind: 'no-jobs', passes }, { ...aView([], 400), discovery }, policy)
  return { sentence, point: points?.join(' '), next }
}

describe('a search without jobs', () => {
  it.each<[string, Partial<Discovery>, string, string]>([
    [
      'nothing at all',
      {},
      'No import job of collection docs is running.',
      'The service lists no other import job of this collection.',
    ],
    [
      'a database',
      { dbName: 'shop' },
      'No import job of collection docs in database shop is running.',
      'The service lists no other import job of this collection.',
    ],
    [
      'a service',
      { place: 'api.cloud.zilliz.com, cluster in01-abc' },
      'No import job of collection docs is running at api.cloud.zilliz.com, cluster in01-abc.',
      'The service lists no other import job of this collection.',
    ],
    [
      'a moment',
      { sinceMs: Date.UTC(2026, 10, 23, 4, 17, 55) },
      'No import job of collection docs is running, and none was created since 2026-11-23 04:17:55 UTC.',
      'The service lists no other import job of this collection.',
    ],
    [
      'one that has ended',
      { ended: ended('453761313698322011') },
      'No import job of collection docs is running.',
      'The service lists 1 job that ended before: 453761313698322011 (Completed).',
    ],
    [
      'many that have ended',
      { ended: ended('453761313698322014', '453761313698322013', '453761313698322012', '453761313698322011') },
      'No import job of collection docs is running.',
      'The service lists 4 jobs that ended before. The latest are 453761313698322014 (Completed), 453761313698322013 (Completed), 453761313698322012 (Completed).',
    ],
    [
      'three that have ended',
      { ended: ended('453761313698322014', '453761313698322013', '453761313698322012') },
      'No import job of collection docs is running.',
      'The service lists 3 jobs that ended before: 453761313698322014 (Completed), 453761313698322013 (Completed), 453761313698322012 (Completed).',
    ],
    [
      'many, some of which tell their age',
      { ended: ended('453761313698322014', 'job-1', 'job-2', 'job-3') },
      'No import job of collection docs is running.',
      'The service lists 4 jobs that ended before, among them 453761313698322014 (Completed), job-1 (Completed), job-2 (Completed).',
    ],
    [
      'many of Zilliz Cloud, whose ids tell no age',
      { ended: ended('job-1', 'job-2', 'job-3', 'job-4') },
      'No import job of collection docs is running.',
      'The service lists 4 jobs that ended before, among them job-1 (Completed), job-2 (Completed), job-3 (Completed).',
    ],
  ])('names what it polled and what it saw: %s', (_, but, sentence, point) => {
    expect(reported(aDiscovery(but))).toMatchObject({ sentence, point })
  })

  it('says that a missing permission hides jobs, and what to set', () => {
    expect(reported(aDiscovery()).next).toBe(
      'Check `collection-name`, `db-name` and `endpoint` or `cluster-id`. From Milvus 2.6 on, the list leaves out jobs that the user is not allowed to see. To include jobs that ended before this step, set `since`, or name the job with `job-id`. If it is fine that there are none, set `on-no-jobs` to `pass`.',
    )
    expect(reported(aDiscovery({ sinceMs: 0 })).next).toMatch(/set `since` further back/)
  })

  it('warns of what it did not see where it passes', () => {
    expect(reported(aDiscovery(), true)).toMatchObject({
      sentence: 'No import job of collection docs is running; the step passes, because `on-no-jobs` is `pass`.',
      next: 'From Milvus 2.6 on, the list leaves out jobs that the user is not allowed to see. Later steps must not rely on imported rows.',
    })
  })
})

describe('a search that had no time to ask about all ended jobs', () => {
  const end: Conclusion = { kind: 'unreachable', passes: false, jobs: [], error: undefined, outageMs: 0 }
  const toldOf = (undated: number, conclusion = end) =>
    headline(conclusion, { ...aView([], 400), discovery: aDiscovery({ undated }) }, policy)

  it('does not blame the service, and says what to raise', () => {
    expect(toldOf(109)).toMatchObject({
      sentence: 'Timed out after 1 h: the creation time of 109 ended jobs of collection docs is not known yet.',
      next: expect.stringMatching(/^Raise `timeout`, or name the jobs/),
    })
    expect(toldOf(1).sentence).toContain('the creation time of 1 ended job')
  })

  it('reports an outage where there was one', () => {
    expect(toldOf(109, { ...end, outageMs: 5_000 }).sentence).toMatch(/^No usable response .* for 5 s/)
    expect(toldOf(0).sentence).toMatch(/^No usable response/)
  })
})

describe('jobs that were found', () => {
  const after = (conclusion: Conclusion, jobs: readonly History[]) =>
    headline(conclusion, { ...aView(jobs), discovery: aDiscovery() }, policy).next
  const found = aHistory({ wasListed: true, polls: [[2000, aJob()]] })

  it.each<[string, Conclusion, readonly History[], RegExp]>([
    [
      'a timeout',
      { kind: 'timed-out', passes: false, jobs: [0] },
      [found],
      /these IDs in `job-id`, or with `since`; do not start/,
    ],
    [
      'a signal',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      [found],
      /these IDs in `job-id`, or with `since`/,
    ],
    [
      'a signal before any was found',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      [],
      /re-run this workflow job\.$/,
    ],
  ])('are not found again once they have ended, so the advice after %s is another', (_, conclusion, jobs, next) => {
    expect(after(conclusion, jobs)).toMatch(next)
  })
})

describe('the log', () => {
  const view = { ...aView([], 400), discovery: aDiscovery() }

  it.each<[string, Partial<Discovery>, readonly string[]]>([
    [
      'some jobs, and that later ones do not count',
      { jobIds: ['1', '2'], ended: ended('3') },
      [
        '   0:00  collection docs has 2 import jobs to wait for; 1 other job ended before',
        '   0:00  the gate does not wait for jobs that start later',
      ],
    ],
    [
      'one job of a database',
      { jobIds: ['1'], dbName: 'shop' },
      [
        '   0:00  collection docs in database shop has 1 import job to wait for',
        '   0:00  the gate does not wait for jobs that start later',
      ],
    ],
    ['no jobs, which the end reports', {}, []],
  ])('reports %s', (_, but, lines) => {
    expect(linesFor({ kind: 'discovered', view, discovery: aDiscovery(but) }, policy)).toEqual(lines)
  })

  it('says what is polled for at the start, and now and then that it still is', () => {
    expect(linesFor({ kind: 'started', view }, policy)).toEqual([
      '   0:00  waiting up to 1 h for the import jobs of collection docs',
    ])
    expect(linesFor({ kind: 'heartbeat', view }, policy)).toEqual(['   0:00  still searching for the import jobs'])
  })

  it('reports an outage with its code, as of any other', () => {
    const error = aTrouble({ outcome: 'http-502', host: 'milvus.test', httpStatus: 502 })
    expect(linesFor({ kind: 'searched', view, changes: [{ kind: 'outage-began', error }] }, policy)).toEqual([
      '   0:00  no usable response: milvus.test returned HTTP 502. (MIG-026)',
      '   0:00  The gate keeps polling. If this lasts, check the status page or the logs of the service.',
    ])
  })
})

describe('a commit status', () => {
  it('says what is polled for', () => {
    expect(progressText({ ...aView([], 400), discovery: aDiscovery({ dbName: 'shop' }) })).toBe(
      'Searching for the import jobs of collection docs in database shop',
    )
  })
})
