import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { closingBlock, debugLine, progressLines } from '../../src/report/log.ts'
import { linesFor } from '../support/log-lines.ts'
import type { JobChange, View, WatchEvent } from '../../src/gate/events.ts'
import { attempted } from '../../src/gate/commits.ts'
import type { CommitAction } from '../../src/gate/import-service.ts'
import { newDiscovery } from '../../src/gate/discovery.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import {
  aCompletedJob,
  aFailedJob,
  aFile,
  aHistory,
  aJob,
  aPolicy,
  aSearch,
  aTrouble,
  aView,
  files,
} from '../support/builders.ts'

const policy = aPolicy()
const running = aHistory({ jobId: '11', polls: [[2000, aJob()]] })
const done = aHistory({ jobId: '12', polls: [[2000, aCompletedJob()]] })
const failed = aHistory({
  jobId: '13',
  polls: [
    [1000, aJob()],
    [2000, aFailedJob()],
  ],
})
const cut = aHistory({ jobId: '14', polls: [[2000, { kind: 'outage', error: aTrouble() }]] })

const polled = (view: View, job: number, changes: readonly JobChange[]): WatchEvent => ({
  kind: 'polled',
  view,
  job,
  result: { kind: 'cancelled' },
  tookMs: 120,
  more: false,
  changes,
})
const reported = (changes: JobChange, view = aView([running]), job = 0) =>
  linesFor(polled(view, job, [changes]), policy)

const acted = (view: View, act: CommitAction, changes: JobChange): WatchEvent => ({
  kind: 'acted',
  view,
  job: 0,
  act,
  result: { kind: 'done' },
  tookMs: 120,
  more: false,
  changes: [changes],
})
const searching = (dbName?: string): View => ({
  ...aView([]),
  discovery: newDiscovery({ kind: 'discovered', collectionName: 'docs', since: undefined }, { dbName }, 0),
})

describe('a single job', () => {
  it.each<[string, JobChange, readonly string[]]>([
    [
      'its first state',
      { kind: 'state', from: undefined, to: 'Importing', phase: 'importing' },
      ['   5:05  Importing, 45%, 6,000 of 36,000 rows'],
    ],
    [
      'a change of state',
      { kind: 'state', from: 'Pending', to: 'Importing', phase: 'importing' },
      ['   5:05  Pending → Importing, 45%, 6,000 of 36,000 rows'],
    ],
    ['progress', { kind: 'progress', from: 39, to: 45 }, ['   5:05  Importing, 45%, 6,000 of 36,000 rows']],
    [
      'a file that failed',
      { kind: 'file-failed', file: aFile({ phase: 'failed', reason: 'no such file' }) },
      ['   5:05  file failed: a/1.parquet: no such file (MIG-100)'],
    ],
    [
      'an unknown word',
      { kind: 'unknown-state', label: 'Importing' },
      ['   5:05  "Importing" is a state that this version does not know; it counts as running (MIG-051)'],
    ],
    [
      'the start of an outage',
      { kind: 'outage-began', error: aTrouble() },
      [
        '   5:05  no usable response: milvus.example returned HTTP 503. (MIG-026)',
        '   5:05  The gate keeps polling. If this lasts, check the status page or the logs of the service.',
      ],
    ],
    [
      'the end of an outage',
      { kind: 'outage-ended', lastedMs: 12_000 },
      ['   5:05  the service is responding again after 12 s'],
    ],
    [
      'a job not listed yet',
      { kind: 'job-unknown', error: aTrouble(), seenBefore: false },
      ['   5:05  the service does not know this job; waiting 30 s for it to appear (MIG-040)'],
    ],
    [
      'a job that is gone',
      { kind: 'job-unknown', error: aTrouble(), seenBefore: true },
      ['   5:05  the service no longer has a record of the job; polling once more (MIG-040)'],
    ],
    [
      'a standstill',
      { kind: 'idle', idleMs: 1_800_000 },
      [
        '   5:05  no progress for 30 min; to fail on this, set stall-timeout (MIG-044)',
        '   5:05  ~import: usually a data node runs out of memory and starts again; check the data nodes for restarts',
      ],
    ],
  ])('gets a line for %s', (_, changes, lines) => {
    expect(reported(changes)).toEqual(lines)
  })

  it.each<[string, JobChange, readonly string[]]>([
    ['a commit', { kind: 'act-done', act: 'commit' }, ['   5:05  commit accepted']],
    ['an abort', { kind: 'act-done', act: 'abort' }, ['   5:05  aborted']],
    [
      'a commit that is refused',
      {
        kind: 'act-refused',
        act: 'commit',
        error: aTrouble({ kind: 'service-error', operation: 'commit', subject: '11', code: 2100, httpStatus: 200 }),
      },
      [
        '   5:05  commit rejected: milvus.example returned an error to the request to commit job 11: code 2100. (MIG-027)',
      ],
    ],
    [
      'an abort that is refused',
      {
        kind: 'act-refused',
        act: 'abort',
        error: aTrouble({ kind: 'no-operation', operation: 'abort', httpStatus: 404 }),
      },
      [
        '   5:05  not aborted: milvus.example does not support abort (HTTP 404): two-phase imports need Milvus 3.0 or newer. (MIG-018)',
      ],
    ],
    [
      'a commit whose answer was lost',
      {
        kind: 'act-in-doubt',
        act: 'commit',
        error: aTrouble({ kind: 'timeout', outcome: 'timeout', timeoutMs: 30_000 }),
      },
      [
        '   5:05  the response to the commit was lost: milvus.example did not respond within 30 s. (MIG-022)',
        '   5:05  the gate polls the job, and commits again if it is still at Uncommitted',
      ],
    ],
    [
      'an abort whose answer was lost',
      {
        kind: 'act-in-doubt',
        act: 'abort',
        error: aTrouble({ kind: 'timeout', outcome: 'timeout', timeoutMs: 30_000 }),
      },
      [
        '   5:05  the response to the abort was lost: milvus.example did not respond within 30 s. (MIG-022)',
        '   5:05  the gate aborts the job again while there is time',
      ],
    ],
    [
      'an abort that there was no time for',
      { kind: 'act-not-sent', act: 'abort' },
      ['   5:05  not aborted: the service asked for a pause that is longer than the time left (MIG-025)'],
    ],
  ])('gets a line for %s', (_, changes, lines) => {
    expect(linesFor(acted(aView([running]), 'commit', changes), policy)).toEqual(lines)
  })

  it('gets no cause for a standstill in an unknown state', () => {
    const odd = aHistory({ polls: [[0, aJob({ label: 'Odd', phase: 'unknown' })]] })
    expect(reported({ kind: 'idle', idleMs: 1_800_000 }, aView([odd]))).toEqual([
      '   5:05  no progress for 30 min; to fail on this, set stall-timeout (MIG-044)',
    ])
  })

  it('reports when a standstill ends the wait, where it does', () => {
    const event = polled(aView([running]), 0, [{ kind: 'idle', idleMs: 1_800_000 }])
    expect(linesFor(event, aPolicy({ stallTimeoutMs: 7_200_000 }))[0]).toBe(
      '   5:05  no progress for 30 min; the step fails after 2 h without progress (MIG-044)',
    )
  })

  it.each([
    [3_599_999, '  59:59  The gate keeps polling. If this lasts, check the status page or the logs of the service.'],
    [3_600_000, '1:00:00  If this lasts, check the status page or the logs of the service.'],
  ])('does not say that the gate goes on asking once time is up: after %i ms', (waitedMs, line) => {
    const view = { ...aView([running], 1_000_000 + waitedMs), startedAtMs: 1_000_000 }
    expect(reported({ kind: 'outage-began', error: aTrouble() }, view)[1]).toBe(line)
  })

  it('does not say that the gate polls before the import has started', () => {
    const start = { collectionName: 'docs', files: [], wasSent: false, job: undefined }
    const changes = [{ kind: 'outage-began', error: aTrouble() }] as const
    expect(linesFor({ kind: 'starting', changes, view: { ...aView([], 5_000), start } }, aPolicy())).toEqual([
      '   0:05  no usable response: milvus.example returned HTTP 503. (MIG-026)',
      '   0:05  The gate tries again. If this lasts, check the status page or the logs of the service.',
    ])
  })

  it('gets a line for a file that failed without a reason', () => {
    const file = aFile({ phase: 'failed', reason: undefined })
    expect(reported({ kind: 'file-failed', file })).toEqual(['   5:05  file failed: a/1.parquet (MIG-101)'])
  })

  it('is polled once where there is no patience', () => {
    expect(linesFor({ kind: 'started', view: aView([running], 0) }, aPolicy({ timeoutMs: 0 }))).toEqual([
      '   0:00  polling once: import job 11',
    ])
  })

  it('that is not in the view gets no line', () => {
    expect(reported({ kind: 'progress', from: 39, to: 45 }, aView([running]), 1)).toEqual([])
    expect(debugLine(polled(aView([running]), 1, []))).toBeUndefined()
  })

  it('gets no line for files that failed with it: the details list them', () => {
    expect(reported({ kind: 'file-failed', file: aFile({ phase: 'failed' }) }, aView([failed]))).toEqual([])
  })

  it('gets a line at the start, and heartbeats with pace and time left', () => {
    const steady = aHistory({
      polls: [0, 1, 2, 3].map((i) => [
        i * 10_000,
        aJob({ progress: 40 + i * 5, importedRows: 10_000 * (i + 1), totalRows: 200_000 }),
      ]),
    })
    expect(linesFor({ kind: 'started', view: aView([steady], 0) }, policy)).toEqual([
      '   0:00  waiting up to 1 h for import job 453761313698322011',
    ])
    expect(linesFor({ kind: 'heartbeat', view: aView([steady], 34_000) }, policy)).toEqual([
      '   0:34  still Importing, 55%, 40,000 of 200,000 rows, 1,000 rows/s, about 2 min left',
    ])
  })

  it('is reported to be out of reach as long as it is', () => {
    expect(linesFor({ kind: 'heartbeat', view: aView([cut], 62_000) }, policy)).toEqual([
      '   1:02  still no usable response, for 1 min: milvus.example returned HTTP 503.',
    ])
  })
})

describe('several jobs', () => {
  it('are distinguished by their ids', () => {
    expect(reported({ kind: 'progress', from: 39, to: 45 }, aView([running, done]))).toEqual([
      '   5:05  job 11: Importing, 45%, 6,000 of 36,000 rows',
    ])
  })

  it('get heartbeats only while they are under way', () => {
    expect(linesFor({ kind: 'heartbeat', view: aView([running, done, failed]) }, policy)).toEqual([
      '   5:05  job 11: still Importing, 45%, 6,000 of 36,000 rows',
    ])
  })

  it.each([
    [2, '2 import jobs: j0, j1'],
    [11, '11 import jobs: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9, …'],
  ])('are named at the start, up to ten: %i jobs', (amount, text) => {
    const jobs = Array.from({ length: amount }, (_, i) => aHistory({ jobId: `j${i}` }))
    expect(linesFor({ kind: 'started', view: aView(jobs, 0) }, policy)).toEqual([
      `   0:00  waiting up to 1 h for ${text}`,
    ])
  })

  it('are distinguished up to ten, and are a crowd from eleven on', () => {
    const heartbeat = (amount: number) => {
      const jobs = Array.from({ length: amount }, (_, i) => aHistory({ jobId: `j${i}` }))
      return linesFor({ kind: 'heartbeat', view: aView(jobs) }, policy)
    }
    expect(heartbeat(10)).toHaveLength(10)
    expect(heartbeat(11)).toEqual(['   5:05  11 jobs, 0% on average: 11 Unknown'])
  })

  it('share one outage', () => {
    const other = aHistory({ jobId: '15', polls: [[2000, { kind: 'outage', error: aTrouble() }]] })
    expect(reported({ kind: 'outage-began', error: aTrouble() }, aView([cut, other]))).toEqual([])
    expect(reported({ kind: 'outage-ended', lastedMs: 1000 }, aView([running, cut]))).toEqual([])
    expect(reported({ kind: 'outage-ended', lastedMs: 1000 }, aView([running, done]))).toHaveLength(1)
  })
})

describe('a thousand jobs', () => {
  it('share one line for what happens to many of them', () => {
    const jobs = Array.from({ length: 12 }, (_, i) => aHistory({ jobId: `j${i}`, polls: [[2000, aCompletedJob()]] }))
    const change: JobChange = { kind: 'state', from: 'Importing', to: 'Completed', phase: 'completed' }
    const events = jobs.map((_, i) => polled(aView(jobs), i, [change]))
    expect(progressLines(events, policy)).toEqual(['   5:05  12 jobs: Importing → Completed'])
    expect(progressLines(events.slice(0, 2), policy)).toEqual(['   5:05  2 jobs (j0, j1): Importing → Completed'])
    expect(progressLines(events.slice(0, 1), policy)).toEqual(['   5:05  job j0: Importing → Completed'])
  })

  it('still name what failed, up to ten', () => {
    const jobs = Array.from({ length: 40 }, (_, i) =>
      aHistory({ jobId: `j${i}`, polls: [[2000, i < 25 ? aFailedJob() : aJob()]] }),
    )
    const one = aView([...jobs.slice(0, 1), ...jobs.slice(25)])
    expect(reported({ kind: 'state', from: 'Importing', to: 'Failed', phase: 'failed' }, one)).toEqual([
      expect.stringMatching(/^ {3}5:05 {2}job j0: Failed, 0%, failed to get file size of/),
    ])
    const block = closingBlock({ kind: 'failed', passes: false, jobs: [0] }, aView(jobs), policy)
    expect(block.filter((line) => line.includes('  job j'))).toHaveLength(10)
  })
})

describe('a crowd of jobs', () => {
  const unknown = { kind: 'unknown-job', error: aTrouble() } as const
  const crowd = (amount: number, brought: PollResult | ReturnType<typeof aJob>, others: number) =>
    aView([
      ...Array.from({ length: amount }, (_, i) => aHistory({ jobId: `j${i}`, polls: [[2000, brought]] })),
      ...Array.from({ length: others }, (_, i) => aHistory({ jobId: `k${i}`, polls: [[2000, aJob()]] })),
    ])

  it('gets one heartbeat', () => {
    expect(linesFor({ kind: 'heartbeat', view: crowd(3, unknown, 20) }, policy)).toEqual([
      '   5:05  23 jobs, 39% on average: 20 Importing, 3 Unknown',
    ])
  })

  it.each<[string, JobChange, PollResult]>([
    ['an outage', { kind: 'outage-began', error: aTrouble() }, { kind: 'outage', error: aTrouble() }],
    [
      'an unknown word',
      { kind: 'unknown-state', label: 'Odd' },
      { kind: 'answered', snapshot: aJob({ label: 'Odd', phase: 'unknown' }) },
    ],
  ])('reports %s once', (_, changes, brought) => {
    expect(reported(changes, crowd(1, brought, 20))).not.toEqual([])
    expect(reported(changes, crowd(2, brought, 20))).toEqual([])
  })

  it('reports its first ten failures one by one, and then how many there are', () => {
    const changes: JobChange = { kind: 'state', from: 'Importing', to: 'Failed', phase: 'failed' }
    const failed: PollResult = { kind: 'answered', snapshot: aFailedJob({ reason: 'torn' }) }
    expect(reported(changes, crowd(10, failed, 9))).toEqual(['   5:05  job j0: Failed, 0%, torn'])
    expect(reported(changes, crowd(11, failed, 9))).toEqual(['   5:05  job j0: Importing → Failed'])
  })

  it('does not report single files', () => {
    const view = crowd(0, unknown, 20)
    expect(reported({ kind: 'file-failed', file: aFile({ phase: 'failed' }) }, view)).toEqual([])
    expect(reported({ kind: 'progress', from: 39, to: 45 }, view)).toEqual([])
  })

  it('reports an unknown word although some jobs have not answered', () => {
    const odd = aHistory({ jobId: 'odd', polls: [[2000, aJob({ label: 'Odd', phase: 'unknown' })]] })
    expect(reported({ kind: 'unknown-state', label: 'Odd' }, aView([odd, ...crowd(11, unknown, 0).jobs]))).toEqual([
      '   5:05  job odd: "Odd" is a state that this version does not know; it counts as running (MIG-051)',
    ])
  })

  it('reports the end of an outage once', () => {
    const changes: JobChange = { kind: 'outage-ended', lastedMs: 12_000 }
    expect(reported(changes, crowd(0, unknown, 20))).toEqual([
      '   5:05  job k0: the service is responding again after 12 s',
    ])
    expect(reported(changes, crowd(1, { kind: 'outage', error: aTrouble() }, 20))).toEqual([])
  })

  it.each<[string, JobChange, readonly string[]]>([
    ['commits', { kind: 'act-done', act: 'commit' }, ['   5:05  20 jobs: commit accepted']],
    ['aborts', { kind: 'act-done', act: 'abort' }, ['   5:05  20 jobs: aborted']],
    [
      'rejected commits',
      { kind: 'act-refused', act: 'commit', error: aTrouble() },
      ['   5:05  20 jobs: commit rejected: milvus.example returned HTTP 503. (MIG-026)'],
    ],
    [
      'jobs that are not known',
      { kind: 'job-unknown', error: aTrouble(), seenBefore: false },
      ['   5:05  20 jobs: the service does not know this job; waiting 30 s for it to appear (MIG-040)'],
    ],
  ])('shares one line for %s', (_, change, lines) => {
    const view = crowd(0, unknown, 20)
    const events = view.jobs.map((_job, i) => polled(view, i, [change]))
    expect(progressLines(events, policy)).toEqual(lines)
  })
})

describe('besides', () => {
  it.each<[string, WatchEvent, readonly string[]]>([
    [
      'a stretched interval',
      { kind: 'interval-stretched', view: aView([running], 0), askedMs: 1000, effectiveMs: 11_000 },
      ['   0:00  poll-interval 1 s becomes 11 s: at most 10 requests a second over all jobs (MIG-054)'],
    ],
    [
      'rows without a count',
      { kind: 'rows-unknown', view: aView([done]) },
      [
        '   5:05  the service does not report how many rows were imported, so the row count was not checked; to require it, set expected-rows (MIG-052)',
      ],
    ],
    [
      'the end, which has a block of its own',
      { kind: 'ended', view: aView([done]), conclusion: { kind: 'completed', passes: true } },
      [],
    ],
    [
      'the start of an outage while the jobs are polled for',
      { kind: 'searched', view: searching(), changes: [{ kind: 'outage-began', error: aTrouble() }] },
      [
        '   5:05  no usable response: milvus.example returned HTTP 503. (MIG-026)',
        '   5:05  The gate keeps polling. If this lasts, check the status page or the logs of the service.',
      ],
    ],
    [
      'the end of an outage while the jobs are polled for',
      { kind: 'searched', view: searching(), changes: [{ kind: 'outage-ended', lastedMs: 12_000 }] },
      ['   5:05  the service is responding again after 12 s'],
    ],
    [
      'the start of a search for jobs',
      { kind: 'started', view: searching('stage') },
      ['   5:05  waiting up to 1 h for the import jobs of collection docs in database stage'],
    ],
    [
      'a search that goes on',
      { kind: 'heartbeat', view: searching() },
      ['   5:05  still searching for the import jobs'],
    ],
    [
      'the jobs that are about to be aborted',
      {
        kind: 'ending',
        view: aView([running, done]),
        conclusion: { kind: 'timed-out', passes: false, jobs: [0] },
        jobs: [0, 1],
      },
      ['   5:05  the gate does not pass: aborting 2 import jobs, because abort-uncommitted is set'],
    ],
    [
      'collections that are waited for',
      { kind: 'heartbeat', view: aView([done], 305_000, [aSearch('docs'), aSearch('more')]) },
      ['   5:05  collection docs: no response yet', '   5:05  collection more: no response yet'],
    ],
  ])('there is a line for %s', (_, event, lines) => {
    expect(linesFor(event, policy)).toEqual(lines)
  })

  it.each([
    [0, ['   5:05  collection docs: 12 rows visible of 15 stored']],
    [1, []],
  ])('there is a line for what is new of a collection in the view: %i', (collection, lines) => {
    const event: WatchEvent = {
      kind: 'read',
      view: aView([done], 305_000, [aSearch('docs')]),
      collection,
      answer: { kind: 'measured', rows: 12, rowCount: 15 },
      tookMs: 120,
      more: false,
      changes: [{ kind: 'counted', rows: 12, rowCount: 15 }],
    }
    expect(linesFor(event, policy)).toEqual(lines)
  })

  it('a job that is not known yet and one without an answer have heartbeats too', () => {
    const forgotten = aHistory({ jobId: '21', polls: [[0, { kind: 'unknown-job', error: aTrouble() }]] })
    expect(linesFor({ kind: 'heartbeat', view: aView([forgotten, aHistory({ jobId: '22' })]) }, policy)).toEqual([
      '   5:05  job 21: still not known to the service',
      '   5:05  job 22: no response yet',
    ])
  })
})

describe('the closing block', () => {
  it('says of each job how it ended, then what decided and what to do', () => {
    expect(closingBlock({ kind: 'failed', passes: false, jobs: [1] }, aView([done, failed]), policy)).toEqual([
      '   5:05  job 12: Completed, 100%, 36,000 rows, 3 files',
      '   5:05  job 13: Failed, 45%, 6,000 of 36,000 rows',
      '   5:05  Gate failed: Import job 13 failed at 45%: export/part-02.parquet was not found. (MIG-112)',
      "      │  Reason from the service: failed to get file size of 'export/part-02.parquet', error:The specified key does not exist.",
      '      │  What to do: Check the path letter by letter: it starts inside the bucket that the service itself reads, without host or bucket name. Upload the file',
      '      │  through the API of the storage: MinIO does not see a file that was copied into its folder. Then start a new import: a failed job cannot be resumed.',
      '      │  More: https://github.com/milvus-io/milvus/issues/24028',
    ])
  })

  it('does not say twice how a job alone ended, but reports other reasons than the one that decided', () => {
    const other = aHistory({ jobId: '16', polls: [[2000, aFailedJob({ reason: 'torn' })]] })
    const conclusion = { kind: 'failed', passes: false, jobs: [0] } as const
    expect(closingBlock(conclusion, aView([failed]), policy)[0]).toMatch(/^ {3}5:05 {2}Gate failed: /)
    expect(closingBlock(conclusion, aView([failed, other]), policy)[1]).toBe('   5:05  job 16: Failed, 0%, torn')
  })

  it.each<[string, History, string]>([
    ['is out of reach', cut, 'no usable response'],
    [
      'is refused',
      aHistory({ polls: [[0, { kind: 'refused', hostHasAnswered: false, error: aTrouble() }]] }),
      'rejected',
    ],
    [
      'is not known',
      aHistory({ polls: [[0, { kind: 'unknown-job', error: aTrouble() }]] }),
      'not known to the service',
    ],
    [
      'has files that failed',
      aHistory({ polls: [[0, aJob({ reason: 'slow', files: [...files(2), aFile({ phase: 'failed' })] })]] }),
      'Importing, 45%, 6,000 of 36,000 rows, 3 files, 1 failed',
    ],
  ])('says of one of several jobs that it %s', (_, job, end) => {
    const view = aView([{ ...job, jobId: '17' }, done])
    expect(closingBlock({ kind: 'timed-out', passes: false, jobs: [0] }, view, policy)[0]).toBe(
      `   5:05  job 17: ${end}`,
    )
  })

  it('says of a job that was aborted that it was', () => {
    const failed = aHistory({ jobId: '15', polls: [[0, aFailedJob()]] })
    const running = aHistory({ jobId: '16', polls: [[0, aJob({ progress: 29, importedRows: undefined })]] })
    const abort = attempted(undefined, { kind: 'done' }, { startedAtMs: 0, endedAtMs: 0 })
    const view = aView([failed, { ...running, abort }])
    const lines = closingBlock({ kind: 'failed', passes: false, jobs: [0] }, view, policy)
    expect(lines[1]).toBe('   5:05  job 16: Importing, 29%, aborted')
  })

  it('names the running jobs that are not aborted although abort-uncommitted is set', () => {
    const jobs = ['16', '17'].map((jobId) => aHistory({ jobId, polls: [[0, aJob()]] }))
    const view = aView([failed, done, ...jobs])
    const linesWith = (abortUncommitted: boolean, passes = false) =>
      closingBlock({ kind: 'timed-out', passes, jobs: [2] }, view, aPolicy({ abortUncommitted })).filter((line) =>
        line.includes('Not aborted'),
      )
    expect(linesWith(true)).toEqual([
      '      │  Not aborted, because they were never seen at Uncommitted and may not be two-phase: import jobs 16, 17.',
    ])
    expect([linesWith(false), linesWith(true, true)]).toEqual([[], []])
  })

  it('names all of many running jobs that are not aborted, in lines that fit', () => {
    const jobs = Array.from({ length: 60 }, (_, i) => aHistory({ jobId: `45${i + 100}`, polls: [[0, aJob()]] }))
    const conclusion = { kind: 'timed-out', passes: false, jobs: [0] } as const
    const lines = closingBlock(conclusion, aView(jobs), aPolicy({ abortUncommitted: true }))
    expect(jobs.filter(({ jobId }) => !lines.slice(-7).some((line) => line.includes(jobId)))).toEqual([])
    expect(lines.filter((line) => line.length > 160)).toEqual([])
  })

  it('reports a crowd how many jobs are in which state, and names those that are not well', () => {
    const wells = Array.from({ length: 9 }, (_, i) => aHistory({ jobId: `w${i}`, polls: [[0, aJob()]] }))
    const ills = [
      { ...cut, jobId: 'a' },
      aHistory({ jobId: 'b', polls: [[0, { kind: 'refused', hostHasAnswered: false, error: aTrouble() }]] }),
      aHistory({ jobId: 'c', polls: [[0, { kind: 'unknown-job', error: aTrouble() }]] }),
    ]
    const view = aView([...wells, ...ills])
    expect(closingBlock({ kind: 'timed-out', passes: false, jobs: [0] }, view, policy).slice(0, 5)).toEqual([
      '   5:05  12 jobs, 33% on average: 9 Importing, 3 Unknown',
      '   5:05  job a: no usable response',
      '   5:05  job b: rejected',
      '   5:05  job c: not known to the service',
      expect.stringMatching(/^ {3}5:05 {2}Gate failed: /),
    ])
  })

  it('says of each collection where it stands', () => {
    const view = aView([done], 305_000, [aSearch('docs')])
    expect(closingBlock({ kind: 'timed-out', passes: true, jobs: [] }, view, policy)[0]).toBe(
      '   5:05  collection docs: no response yet',
    )
  })

  it('has a line for each wrong input', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    expect(closingBlock({ kind: 'invalid-input', passes: false, mistakes: [mistake] }, aView([]), policy)).toEqual([
      '   5:05  Gate failed: 1 invalid input. No request was sent. (MIG-001)',
      '      │  - `timeout`: got "60"; expected a duration, for example `60s`.',
    ])
  })
})

describe('debugging', () => {
  it.each<[PollResult, string]>([
    [{ kind: 'answered', snapshot: aJob() }, 'Importing, 45%'],
    [{ kind: 'answered', snapshot: aJob({ progress: undefined }) }, 'Importing, ?%'],
    [{ kind: 'cancelled' }, 'cancelled'],
    [{ kind: 'outage', error: aTrouble() }, 'outage (http-503): milvus.example returned HTTP 503.'],
  ])('reports every poll: %#', (result, text) => {
    const event = { ...polled(aView([running]), 0, []), result } as WatchEvent
    expect(debugLine(event)).toBe(`   5:05  poll 1 of job 11 took 120 ms: ${text}`)
  })

  it('says nothing else', () => {
    expect(debugLine({ kind: 'heartbeat', view: aView([running]) })).toBeUndefined()
  })
})

it('keeps every line short, and never starts one with text of the service', () => {
  const text = fc.string({ minLength: 1, maxLength: 3000 })
  fc.assert(
    fc.property(text, text, fc.boolean(), (long, other, many) => {
      const error = aTrouble({ kind: 'network', host: other, message: long })
      const snapshot = aFailedJob({
        label: long,
        reason: other,
        files: files(2, { phase: 'failed', label: other, reason: long, name: long }),
      })
      const job = aHistory({
        jobId: long,
        polls: [
          [0, aJob({ label: other })],
          [1000, snapshot],
        ],
      })
      const view = aView(many ? [job, running] : [job])
      const changes: readonly JobChange[] = [
        { kind: 'state', from: other, to: long, phase: 'failed' },
        { kind: 'unknown-state', label: long },
        { kind: 'file-failed', file: aFile({ name: long, reason: other }) },
        { kind: 'outage-began', error },
      ]
      const lines = [
        ...linesFor({ kind: 'started', view }, policy),
        ...linesFor(polled(view, 0, changes), policy),
        ...closingBlock({ kind: 'failed', passes: false, jobs: [0] }, view, policy),
        ...closingBlock({ kind: 'rejected', passes: false, jobs: [0], error }, view, policy),
      ]
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(160)
        expect(line).toMatch(/^(?: {3}5:05| {6}│) {2}/)
      }
    }),
  )
})
