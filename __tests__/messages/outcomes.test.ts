import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { annotationOf, headline, reasonLine } from '../../src/messages/outcomes.ts'
import { rangeText } from '../../src/messages/phrases.ts'
import { attempted } from '../../src/gate/commits.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { newDiscovery } from '../../src/gate/discovery.ts'
import type { View } from '../../src/gate/events.ts'
import { newHistory } from '../../src/gate/history.ts'
import type { JobSnapshot } from '../../src/gate/job.ts'
import {
  aCompletedJob,
  aFailedJob,
  aFile,
  aHistory,
  aJob,
  aPolicy,
  aTrouble,
  aView,
  files,
} from '../support/builders.ts'

const policy = aPolicy()
const SEARCH = { kind: 'discovered', collectionName: 'docs', since: undefined } as const
const viewOf = (...snapshots: readonly JobSnapshot[]) =>
  aView(snapshots.map((snapshot, i) => aHistory({ jobId: `j${i}`, polls: [[2000, snapshot]] })))
const words = (conclusion: Conclusion, view: View, but = policy) => {
  const { sentence, next = '' } = headline(conclusion, view, but)
  return { sentence, next }
}

const withAbort = (job = aHistory({})) => ({
  ...job,
  abort: attempted(undefined, { kind: 'done' }, { startedAtMs: 3000, endedAtMs: 3000 }),
})

describe('what happened', () => {
  const error = aTrouble()
  const uncommitted = aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })
  const forgotten = (latest: readonly JobSnapshot[]) =>
    aView([
      aHistory({
        jobId: 'j0',
        polls: [
          ...latest.map((snapshot) => [1000, snapshot] as const),
          [2000, { kind: 'unknown-job', error }],
          [32_000, { kind: 'unknown-job', error }],
        ],
      }),
    ])

  it.each<[string, Conclusion, View, string, RegExp]>([
    [
      'completed',
      { kind: 'completed', passes: true },
      viewOf(aCompletedJob()),
      'Import job j0 is complete: 36,000 rows from 3 files in collection docs, after 5 min 5 s.',
      /^$/,
    ],
    [
      'completed, several',
      { kind: 'completed', passes: true },
      viewOf(aCompletedJob(), aCompletedJob({ collectionName: 'b' })),
      'Both import jobs are complete: 72,000 rows from 6 files in 2 collections, after 5 min 5 s.',
      /^$/,
    ],
    [
      'completed without a count',
      { kind: 'completed', passes: true },
      viewOf(
        aJob({
          phase: 'completed',
          label: 'Completed',
          importedRows: undefined,
          totalRows: undefined,
          collectionName: undefined,
        }),
      ),
      'Import job j0 is complete: row count unknown, after 5 min 5 s.',
      /^$/,
    ],
    [
      'uncommitted',
      { kind: 'uncommitted', passes: false, jobs: [0] },
      viewOf(uncommitted),
      'Import job j0 stays at Uncommitted: the rows are imported, but invisible until a commit.',
      /import\/commit.*import\/abort.*`on-uncommitted`.*`commit`.*`wait`.*`pass`/,
    ],
    [
      'uncommitted and passed',
      { kind: 'uncommitted', passes: true, jobs: [0, 1] },
      viewOf(uncommitted, uncommitted),
      'Both import jobs (j0, j1) are ready to be committed, and `on-uncommitted` is `pass`.',
      /visible only after a commit/,
    ],
    [
      'failed before import',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob()),
      'Import job j0 failed: export/part-02.parquet was not found.',
      /Check the path.*a failed job cannot be resumed\.$/,
    ],
    [
      'failed before import, for an unknown reason',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'torn' })),
      'Import job j0 failed.',
      /Fix what the reason names.*lists no files/,
    ],
    [
      'failed before import, for a reason that is known and names no file',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'disk quota exceeded' })),
      'Import job j0 failed: the disk quota is exceeded.',
      /^(?!.*lists no files).*a failed job cannot be resumed\.$/,
    ],
    [
      'failed without a reason',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: undefined })),
      'Import job j0 failed.',
      /gives no reason.*logs/,
    ],
    [
      'failed with its only file',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'torn', files: files(1, { phase: 'failed' }) })),
      'Import job j0 failed: file export/part-01.parquet.',
      /Fix what the reason names/,
    ],
    [
      'failed in one file',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'torn', files: [...files(2), aFile({ name: 'x', phase: 'failed' })] })),
      'Import job j0 failed: 1 of 3 files failed, x.',
      /Fix what the reason names/,
    ],
    [
      'failed in some files',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'torn', files: [aFile(), ...files(2, { phase: 'failed' })] })),
      'Import job j0 failed: 2 of 3 files failed, the first is export/part-01.parquet.',
      /Fix what the reason names/,
    ],
    [
      'failed in all files',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ reason: 'torn', files: files(2, { phase: 'failed' }) })),
      'Import job j0 failed: both files are marked as failed (the first is export/part-01.parquet); the service does not say which one caused it.',
      /Fix what the reason names/,
    ],
    [
      'failed in all files, of which the reason names one',
      { kind: 'failed', passes: false, jobs: [0] },
      viewOf(aFailedJob({ files: files(2, { phase: 'failed' }) })),
      'Import job j0 failed: export/part-02.parquet was not found.',
      /Check the path/,
    ],
    [
      'failed on the way',
      { kind: 'failed', passes: false, jobs: [0] },
      aView([
        aHistory({
          jobId: 'j0',
          polls: [
            [1000, aJob()],
            [2000, aFailedJob({ reason: 'torn' })],
          ],
        }),
      ]),
      'Import job j0 failed at 45%.',
      /^Fix what the reason names\. The job failed before its import phase/,
    ],
    [
      'failed on the way, several',
      { kind: 'failed', passes: false, jobs: [0, 1] },
      viewOf(...[1, 2].map(() => aFailedJob({ reason: 'torn', progress: 45 }))),
      'Both import jobs (j0, j1) failed.',
      /Fix what the reason names/,
    ],
    [
      'failed, several',
      { kind: 'failed', passes: false, jobs: [0, 1, 2, 3] },
      viewOf(...[1, 2, 3, 4].map(() => aFailedJob({ reason: 'torn' })), aJob()),
      '4 of 5 import jobs (j0, j1, j2 and 1 more) failed.',
      /Fix what the reason names/,
    ],
    [
      'wrong collection',
      { kind: 'wrong-collection', passes: false, jobs: [0], expected: 'docs' },
      viewOf(aJob({ collectionName: 'other' })),
      'Import job j0 belongs to collection other, not to docs.',
      /`job-id` or `collection-name`/,
    ],
    [
      'wrong collection, two of them',
      { kind: 'wrong-collection', passes: false, jobs: [0, 1], expected: 'docs' },
      viewOf(aJob({ collectionName: 'other' }), aJob({ collectionName: 'another' })),
      'Import job j0 belongs to collection other, not to docs; 1 other job does not match either.',
      /`job-id` or `collection-name`/,
    ],
    [
      'wrong collection, three of them',
      { kind: 'wrong-collection', passes: false, jobs: [0, 1, 2], expected: 'docs' },
      viewOf(aJob({ collectionName: 'other' }), aJob(), aJob()),
      'Import job j0 belongs to collection other, not to docs; 2 other jobs do not match either.',
      /`job-id` or `collection-name`/,
    ],
    [
      'no rows that are known, and some that are not',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: undefined, imported: 0 },
      viewOf(
        aCompletedJob({ importedRows: 0, totalRows: 0 }),
        aCompletedJob({ importedRows: undefined, totalRows: undefined, files: [] }),
      ),
      '0 rows imported. An import without rows does not pass.',
      /empty/,
    ],
    [
      'rows of which some are not known',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 40_000, max: 40_000 }, imported: 36_000 },
      viewOf(aCompletedJob(), aCompletedJob({ importedRows: undefined, totalRows: undefined, files: [] })),
      'Both import jobs are complete, but the service does not report the row count of every job, and `expected-rows` is `40000`.',
      /Leave `expected-rows` empty/,
    ],
    [
      'rows that are not reported, where none were asked for',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: undefined, imported: undefined },
      viewOf(aCompletedJob()),
      'Import job j0 is complete, but the service does not report how many rows it imported, and `expected-rows` is `>=1`.',
      /Leave `expected-rows` empty/,
    ],
    [
      'too few rows, not committed',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 40_000, max: 40_000 }, imported: 36_000 },
      viewOf(uncommitted),
      '36,000 rows ready to be committed, but `expected-rows` is `40000`.',
      /missing/,
    ],
    [
      'too few rows, of which some are committed',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 90_000, max: undefined }, imported: 72_000 },
      viewOf(aCompletedJob(), uncommitted),
      '72,000 rows ready to be committed, but `expected-rows` is `>=90000`.',
      /missing/,
    ],
    [
      'no rows',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: undefined, imported: 0 },
      viewOf(aCompletedJob({ importedRows: 0, totalRows: 0 })),
      '0 rows imported. An import without rows does not pass.',
      /empty.*filtered.*`>=0`/,
    ],
    [
      'too few rows',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 40_000, max: 40_000 }, imported: 36_000 },
      viewOf(aCompletedJob()),
      '36,000 rows imported, but `expected-rows` is `40000`.',
      /missing/,
    ],
    [
      'too many rows',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 1, max: 10 }, imported: 36_000 },
      viewOf(aCompletedJob()),
      '36,000 rows imported, but `expected-rows` is `1..10`.',
      /twice.*duplicate/,
    ],
    [
      'unknown rows',
      { kind: 'rows-not-met', passes: false, of: 'jobs', expected: { min: 1, max: undefined }, imported: undefined },
      viewOf(aCompletedJob({ importedRows: undefined, totalRows: undefined, files: [] })),
      'Import job j0 is complete, but the service does not report how many rows it imported, and `expected-rows` is `>=1`.',
      /Leave `expected-rows` empty/,
    ],
    [
      'not found, never seen',
      { kind: 'not-found', passes: false, jobs: [0], error },
      forgotten([]),
      'The service does not know import job j0, even after 30 s. milvus.example returned HTTP 503.',
      /`job-id`.*quoted.*`endpoint`, `cluster-id` and `db-name`.*3 hours/,
    ],
    [
      'not found, expired',
      { kind: 'not-found', passes: false, jobs: [0], error },
      forgotten([aJob()]),
      'The service no longer has a record of import job j0; last seen Importing, 45%, 6,000 of 36,000 rows.',
      /has not expired.*How the import ended is unknown/,
    ],
    [
      'not found, though it was listed',
      { kind: 'not-found', passes: false, jobs: [0], error },
      aView([
        aHistory({
          jobId: 'j0',
          wasListed: true,
          polls: [
            [2000, { kind: 'unknown-job', error }],
            [32_000, { kind: 'unknown-job', error }],
          ],
        }),
      ]),
      'The service lists import job j0, but does not know it when asked, even after 30 s. milvus.example returned HTTP 503.',
      /expired in between.*Check the collection/,
    ],
    [
      'not found, several that were seen',
      { kind: 'not-found', passes: false, jobs: [0, 1], error },
      aView([...forgotten([aJob()]).jobs, ...forgotten([aJob()]).jobs]),
      'The service no longer has a record of both import jobs (j0, j0); last seen Importing, 45%, 6,000 of 36,000 rows.',
      /expired/,
    ],
    [
      'not found, several that were listed, at once',
      { kind: 'not-found', passes: false, jobs: [0, 1], error: aTrouble() },
      aView(
        ['j0', 'j1'].map((jobId) =>
          aHistory({
            jobId,
            wasListed: true,
            polls: [
              [2000, { kind: 'unknown-job', error }],
              [2999, { kind: 'unknown-job', error }],
            ],
          }),
        ),
      ),
      'The service lists both import jobs (j0, j1), but does not know them when asked. milvus.example returned HTTP 503.',
      /expired in between/,
    ],
    [
      'not found after a second',
      { kind: 'not-found', passes: false, jobs: [0], error },
      aView([
        aHistory({
          jobId: 'j0',
          polls: [
            [2000, { kind: 'unknown-job', error }],
            [3000, { kind: 'unknown-job', error }],
          ],
        }),
      ]),
      'The service does not know import job j0, even after 1 s. milvus.example returned HTTP 503.',
      /quoted/,
    ],
    [
      'not found, never asked about',
      { kind: 'not-found', passes: false, jobs: [0], error },
      aView([aHistory({ jobId: 'j0' })]),
      'The service does not know import job j0. milvus.example returned HTTP 503.',
      /quoted/,
    ],
    [
      'rejected',
      { kind: 'rejected', passes: false, jobs: [0], error },
      viewOf(),
      'milvus.example returned HTTP 503.',
      /^If this lasts, check the status page or the logs of the service\.$/,
    ],
    [
      'unreachable',
      { kind: 'unreachable', passes: false, jobs: [0], error, outageMs: 300_000 },
      viewOf(aJob()),
      'No usable response for import job j0 for 5 min: milvus.example returned HTTP 503.',
      /^If this lasts, check the status page or the logs of the service\. The import may still be running\. When the service is reachable, re-run this workflow job; do not start the import again\.$/,
    ],
    [
      'unreachable, where only the second may still be running',
      { kind: 'unreachable', passes: false, jobs: [0, 1], error, outageMs: 300_000 },
      viewOf(aCompletedJob(), aJob()),
      'No usable response for both import jobs (j0, j1) for 5 min: milvus.example returned HTTP 503.',
      / 1 of 2 imports may still be running\. When the service is reachable, re-run this workflow job; do not start the import again\.$/,
    ],
    [
      'unreachable, where both may still be running',
      { kind: 'unreachable', passes: false, jobs: [0, 1], error, outageMs: 300_000 },
      viewOf(aJob(), aJob()),
      'No usable response for both import jobs (j0, j1) for 5 min: milvus.example returned HTTP 503.',
      / Both imports may still be running\. When the service is reachable, re-run this workflow job; do not start the import again\.$/,
    ],
    [
      'unreachable in time',
      { kind: 'unreachable', passes: false, jobs: [0], error: undefined, outageMs: 0 },
      aView([aHistory({ jobId: 'j0' })]),
      'No usable response for import job j0.',
      /endpoint.*network.*timeout/,
    ],
    [
      'unreachable for a second',
      { kind: 'unreachable', passes: false, jobs: [0], error, outageMs: 1000 },
      viewOf(aJob()),
      'No usable response for import job j0 for 1 s: milvus.example returned HTTP 503.',
      /^If this lasts, check the status page or the logs of the service\. The import may still be running\. When the service is reachable, re-run this workflow job; do not start the import again\.$/,
    ],
    [
      'stalled early',
      { kind: 'stalled', passes: false, jobs: [0], idleMs: 1_800_000 },
      viewOf(aJob()),
      'Import job j0 made no progress for 30 min at Importing, 45%, 6,000 of 36,000 rows.',
      /may still continue.*Zilliz Cloud.*support.*stall-timeout/,
    ],
    [
      'stalled where no percentage shows at what',
      { kind: 'stalled', passes: false, jobs: [0], idleMs: 1_800_000 },
      viewOf(aJob({ progress: 0, importedRows: undefined, totalRows: undefined })),
      'Import job j0 made no progress for 30 min at Importing, 0%.',
      /data nodes.*free slots.*stall-timeout/,
    ],
    [
      'timed out',
      { kind: 'timed-out', passes: false, jobs: [0] },
      viewOf(aJob()),
      'Timed out after 1 h: import job j0 is at Importing, 45%, 6,000 of 36,000 rows.',
      /The import continues.*timeout.*same job ID/,
    ],
    [
      'timed out, several',
      { kind: 'timed-out', passes: true, jobs: [0, 1] },
      viewOf(aJob(), aJob(), aCompletedJob()),
      'Timed out after 1 h: 2 of 3 import jobs (j0, j1) are not done. The first is at Importing, 45%, 6,000 of 36,000 rows.',
      /^2 of 3 imports continue\. The step passes, because `on-timeout` is `pass`\. Later steps must not rely on the rows\.$/,
    ],
    [
      'timed out, several of which only the first has all rows',
      { kind: 'timed-out', passes: false, jobs: [0, 1] },
      viewOf(aJob({ importedRows: 7, totalRows: 7 }), aJob()),
      'Timed out after 1 h: 2 of 2 import jobs (j0, j1) are not done. The first is at Importing, 45%, 7 rows.',
      /^Both imports continue\. Raise `timeout`/,
    ],
    [
      'timed out, several that have all rows',
      { kind: 'timed-out', passes: false, jobs: [0, 1] },
      viewOf(aJob({ importedRows: 7, totalRows: 7 }), aJob({ importedRows: 8, totalRows: 8 })),
      'Timed out after 1 h: 2 of 2 import jobs (j0, j1) are not done. The first is at Importing, 45%, 7 rows.',
      /^Both imports continue: all rows are in,/,
    ],
    [
      'cancelled',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      viewOf(aJob()),
      'The gate was stopped by SIGINT while import job j0 was at Importing, 45%, 6,000 of 36,000 rows.',
      /The import continues.*same job ID/,
    ],
    [
      'cancelled before the first response',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      aView([newHistory('j0')]),
      'The gate was stopped by SIGINT before the first response about import job j0.',
      /^To wait for it again/,
    ],
    [
      'cancelled, several',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      viewOf(aJob(), aCompletedJob()),
      'The gate was stopped by SIGTERM while 1 of 2 import jobs was not done.',
      /^1 of 2 imports continues\. /,
    ],
    [
      'cancelled, most of several',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      aView([aHistory({ jobId: 'j0' }), ...viewOf(aJob(), aCompletedJob(), aFailedJob()).jobs]),
      'The gate was stopped by SIGTERM while 2 of 4 import jobs were not done.',
      /^1 of 4 imports continues\. To wait for it again, re-run/,
    ],
    [
      'cancelled at the end',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      viewOf(aCompletedJob()),
      'The gate was stopped by SIGTERM.',
      /^All import jobs have ended\. To get a verdict, re-run this workflow job with the same job ID/,
    ],
    [
      'cancelled at the end, with jobs that were found',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      { ...viewOf(aCompletedJob(), aFailedJob()), discovery: newDiscovery(SEARCH, {}, 0) },
      'The gate was stopped by SIGTERM.',
      /^All import jobs have ended/,
    ],
    [
      'cancelled before anything',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      aView([]),
      'The gate was stopped by SIGTERM.',
      /^To wait for it again, re-run this workflow job/,
    ],
    [
      'cancelled before jobs were found',
      { kind: 'cancelled', passes: false, signal: 'SIGINT' },
      { ...aView([]), discovery: newDiscovery(SEARCH, {}, 0) },
      'The gate was stopped by SIGINT while it searched for the import jobs of collection docs.',
      /^To wait for it again, re-run this workflow job/,
    ],
    [
      'cancelled with a job that was aborted',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      aView([withAbort(viewOf(uncommitted).jobs[0])]),
      'The gate was stopped by SIGTERM while import job j0 was at Uncommitted, 99%, 36,000 rows.',
      /^The step aborted import job j0, because `abort-uncommitted` is set\.$/,
    ],
    [
      'cancelled with some jobs that were aborted',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      aView([withAbort(viewOf(uncommitted).jobs[0]), aHistory({ jobId: 'j1', polls: [[0, aJob()]] })]),
      'The gate was stopped by SIGTERM while 2 of 2 import jobs were not done.',
      /^1 of 2 imports continues.* The step aborted import job j0, because `abort-uncommitted` is set\.$/,
    ],
    [
      'completed, of which not all is reported',
      { kind: 'completed', passes: true },
      {
        ...aView(
          [
            ...viewOf(aCompletedJob({ files: files(1), importedRows: 1, totalRows: 1 })).jobs,
            aHistory({ jobId: 'j1' }),
          ],
          90_000,
        ),
        startedAtMs: 30_000,
      },
      'Both import jobs are complete: at least 1 row from 1 file in collection docs, after 1 min.',
      /^$/,
    ],
    [
      'broken',
      { kind: 'internal-error', passes: false, message: 'x is not a function' },
      viewOf(),
      'Internal error of the gate: x is not a function',
      /bug.*debug/,
    ],
  ])('reports %s', (_, conclusion, view, sentence, next) => {
    expect(words(conclusion, view).sentence).toBe(sentence)
    expect(words(conclusion, view).next).toMatch(next)
  })

  const withoutJobs = { ...aView([]), discovery: newDiscovery(SEARCH, {}, 0) }

  it.each<[string, Conclusion, string]>([
    ['failed', { kind: 'failed', passes: false, jobs: [] }, 'The import jobs of collection docs failed.'],
    [
      'not-found',
      { kind: 'not-found', passes: false, jobs: [], error },
      'The service does not know the import jobs of collection docs. milvus.example returned HTTP 503.',
    ],
    [
      'unreachable',
      { kind: 'unreachable', passes: false, jobs: [], error, outageMs: 300_000 },
      'No usable response for the import jobs of collection docs for 5 min: milvus.example returned HTTP 503.',
    ],
    [
      'stalled',
      { kind: 'stalled', passes: false, jobs: [], idleMs: 300_000 },
      'The import jobs of collection docs made no progress for 5 min.',
    ],
    [
      'timed-out',
      { kind: 'timed-out', passes: false, jobs: [] },
      'Timed out after 1 h: the import jobs of collection docs are not done.',
    ],
  ])('reports no job at all: %s', (_, conclusion, sentence) => {
    expect(words(conclusion, withoutJobs).sentence).toBe(sentence)
  })

  it('reports a job that has not answered', () => {
    const view = aView([aHistory({ jobId: 'j0' })])
    expect(words({ kind: 'failed', passes: false, jobs: [0] }, view).sentence).toBe('Import job j0 failed.')
    expect(words({ kind: 'wrong-collection', passes: false, jobs: [0], expected: 'docs' }, view).sentence).toBe(
      'The service does not name the collection of import job j0; expected docs.',
    )
    expect(words({ kind: 'timed-out', passes: false, jobs: [0] }, view)).toEqual({
      sentence: 'Timed out after 1 h: import job j0 is at Unknown.',
      next: 'Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.',
    })
  })

  it.each([
    ['that is not all in', aJob({ importedRows: 5, totalRows: 7 }), false],
    ['of no rows', aJob({ importedRows: 0, totalRows: 0 }), false],
    ['without a row count', aJob({ importedRows: undefined, totalRows: undefined }), false],
    ['that is all in', aJob({ importedRows: 7, totalRows: 7 }), true],
  ])('says of an import %s what is left after a timeout', (_, snapshot, areIn) => {
    const { next } = words({ kind: 'timed-out', passes: false, jobs: [0] }, viewOf(snapshot))
    expect(next).toBe(
      areIn
        ? 'The import continues: all rows are in, but sorting, building indexes or the commit is not done yet. Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.'
        : 'The import continues. Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.',
    )
  })

  it('has no point where a job is not idle, or the cause is unknown', () => {
    const odd = aJob({ label: 'Odd', phase: 'unknown' })
    const stalled: Conclusion = { kind: 'stalled', passes: false, jobs: [0], idleMs: 1_800_000 }
    expect(Object.keys(headline(stalled, viewOf(odd), policy))).toEqual(['title', 'sentence', 'next', 'code'])
    expect(headline({ kind: 'timed-out', passes: false, jobs: [0] }, viewOf(aJob()), policy).points).toBeUndefined()
  })

  const odd = (label: string, reason?: string) => aJob({ label, phase: 'unknown', reason })
  const CHECK =
    'This version does not know the state Odd of import job j1: check the job at the service. Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.'

  it.each<[string, Conclusion, View, string, readonly string[]]>([
    [
      'after a timeout that fails',
      { kind: 'timed-out', passes: false, jobs: [0, 1] },
      viewOf(aJob(), odd('Odd', 'waits for a slot')),
      CHECK,
      ['Reason from the service about import job j1: waits for a slot'],
    ],
    [
      'after a timeout that passes',
      { kind: 'timed-out', passes: true, jobs: [0, 1] },
      viewOf(aJob(), odd('Odd', 'waits for a slot')),
      'This version does not know the state Odd of import job j1: check the job at the service. The step passes, because `on-timeout` is `pass`. Later steps must not rely on the rows.',
      ['Reason from the service about import job j1: waits for a slot'],
    ],
    [
      'beside a job that waits for a commit',
      { kind: 'timed-out', passes: false, jobs: [0, 1] },
      viewOf(uncommitted, odd('Odd', 'waits for a slot')),
      `Import job j0 is waiting for a commit (POST /v2/vectordb/jobs/import/commit). ${CHECK} Still at Uncommitted: import job j0. Commit (POST /v2/vectordb/jobs/import/commit) or abort (POST /v2/vectordb/jobs/import/abort).`,
      ['Reason from the service about import job j1: waits for a slot'],
    ],
    [
      'in several words',
      { kind: 'timed-out', passes: false, jobs: [0, 1, 2, 3, 4, 5] },
      viewOf(odd('Odd', 'x'), odd('Odd', 'x'), odd('Strange'), odd('New', 'y'), odd('Fresh', 'z'), odd('Own', 'w')),
      'This version does not know the state Odd of import jobs j0, j1: check the jobs at the service. This version does not know the state Strange of import job j2: check the job at the service. This version does not know the state New of import job j3: check the job at the service. 2 more states are unknown. Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.',
      [
        'Reason from the service about import jobs j0, j1: x',
        'Reason from the service about import job j3: y',
        'Reason from the service about import job j4: z',
      ],
    ],
    [
      'after a signal',
      { kind: 'cancelled', passes: false, signal: 'SIGTERM' },
      viewOf(aJob(), odd('Odd', 'waits for a slot'), aCompletedJob()),
      'This version does not know the state Odd of import job j1: check the job at the service. To wait for it again, re-run this workflow job with the same job ID; do not start the import again.',
      ['Reason from the service about import job j1: waits for a slot'],
    ],
    [
      'without progress',
      { kind: 'stalled', passes: false, jobs: [0], idleMs: 1_800_000 },
      viewOf(odd('Odd', 'waits for a slot')),
      'This version does not know the state Odd: check the job at the service. Check whether the data nodes are up and have free slots for import tasks. To wait longer, raise `stall-timeout`.',
      ['Reason from the service: waits for a slot'],
    ],
  ])(
    'names every unknown state and its reason, and says of no job that it continues: %s',
    (_, conclusion, view, next, points) => {
      expect(headline(conclusion, view, policy)).toMatchObject({ next, points })
    },
  )

  it('has neither a code nor a link where the import is complete', () => {
    expect(Object.keys(headline({ kind: 'completed', passes: true }, viewOf(aCompletedJob()), policy))).toEqual([
      'title',
      'sentence',
    ])
  })

  it.each([
    ['rows that are all in', aJob({ progress: 80, importedRows: 36_000 }), /all rows are in.*building indexes/],
    ['a job that waits for a commit', uncommitted, /is waiting for a commit/],
  ])('says after a timeout what is left of %s', (_, snapshot, next) => {
    expect(words({ kind: 'timed-out', passes: false, jobs: [0] }, viewOf(snapshot)).next).toMatch(next)
  })

  it('names a timeout of nothing for what it is', () => {
    expect(
      words({ kind: 'timed-out', passes: false, jobs: [0] }, viewOf(aJob()), aPolicy({ timeoutMs: 0 })).sentence,
    ).toMatch(/^Not done at the only poll \(`timeout` is `0`\): import job j0 is at/)
  })

  it('lists every mistake in the inputs', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    const conclusion: Conclusion = {
      kind: 'invalid-input',
      passes: false,
      mistakes: [mistake, { ...mistake, input: 'max-outage' }],
    }
    expect(headline(conclusion, aView([]), policy)).toEqual({
      code: 'MIG-001',
      title: '2 invalid inputs',
      sentence: '2 invalid inputs. No request was sent.',
      points: [
        '`timeout`: got "60"; expected a duration, for example `60s`.',
        '`max-outage`: got "60"; expected a duration, for example `60s`.',
      ],
    })
  })
})

it('puts a demand on rows in words', () => {
  expect([undefined, { min: 5, max: undefined }, { min: 1, max: 1 }, { min: 5, max: 1000 }].map(rangeText)).toEqual([
    '>=1',
    '>=5',
    '1',
    '5..1000',
  ])
})

describe('the start of an import', () => {
  const failed = (but: Partial<Extract<Conclusion, { kind: 'start-failed' }>>): Conclusion => ({
    kind: 'start-failed',
    passes: false,
    cause: 'lost',
    jobIds: [],
    error: undefined,
    ...but,
  })

  it('is not worth an annotation or a reason where it was all that was waited for', () => {
    const started: Conclusion = { kind: 'started', passes: true }
    expect(headline(started, viewOf(aJob()), policy)).toEqual({
      title: 'Import started in docs',
      sentence: 'Import job j0 has started: Importing, 45%, 6,000 of 36,000 rows.',
    })
    expect(annotationOf(started, viewOf(aJob()), policy)).toBeUndefined()
    expect(reasonLine(started, viewOf(aJob()), policy)).toBe('')
  })

  it('names the jobs that may be the import, and what to do with them', () => {
    const jobIds = Array.from({ length: 12 }, (_, n) => `j${n}`)
    for (const cause of ['lost', 'ambiguous', 'no-run-start'] as const) {
      const { points, next, code } = headline(failed({ cause, jobIds }), aView([]), policy)
      expect(code).toBe('MIG-049')
      expect(points).toEqual(['Jobs that may be this import: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9 and 2 more'])
      expect(next).toMatch(
        /If one of these jobs is this import, set `job-id` to its ID instead of `import`\. If none is, start a new run of the workflow, with another `idempotency-key` if you set one: a re-run compares the same jobs again\.$/,
      )
      expect(next).not.toContain('re-run this workflow job')
    }
  })

  it('advises another attempt where no job may be the import', () => {
    const { title, points, next } = headline(failed({}), aView([]), policy)
    expect({ title, points }).toEqual({ title: 'Unclear whether the import started', points: undefined })
    expect(next).toBe(
      'Check the jobs of the collection. If one of them is this import, set `job-id` to its ID instead of `import`. If none is, re-run this workflow job.',
    )
  })

  it('shows what the service said where it was refused', () => {
    const error = aTrouble({ kind: 'permission', httpStatus: 403, code: 65535, message: 'permission deny' })
    const { title, sentence } = headline(failed({ cause: 'refused', error }), aView([]), policy)
    expect(title).toBe('Import not started: HTTP 403, code 65535')
    expect(sentence).toMatch(/^The service did not start the import\. .*permission deny/)
  })

  it('says which permission a re-run needs', () => {
    expect(headline(failed({ cause: 'no-run-start' }), aView([]), policy).next).toContain(
      '`permissions: actions: read`',
    )
  })
})

describe('the output reason', () => {
  it("is the service's own for the first job that failed", () => {
    const view = viewOf(
      aJob(),
      aFailedJob({ reason: undefined, files: files(2, { phase: 'failed', reason: 'torn' }) }),
      aFailedJob(),
    )
    expect(reasonLine({ kind: 'failed', passes: false, jobs: [1, 2] }, view, policy)).toBe('torn')
  })

  it("is the gate's where the service gives none, and for every other end", () => {
    expect(
      reasonLine({ kind: 'failed', passes: false, jobs: [0] }, viewOf(aFailedJob({ reason: undefined })), policy),
    ).toBe('Import job j0 failed.')
    expect(reasonLine({ kind: 'timed-out', passes: true, jobs: [0] }, viewOf(aJob()), policy)).toMatch(/^Timed out/)
  })

  it('holds every mistake in the inputs', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    const conclusion: Conclusion = { kind: 'invalid-input', passes: false, mistakes: [mistake, mistake] }
    expect(reasonLine(conclusion, viewOf(), policy)).toBe(
      '2 invalid inputs. No request was sent. timeout: got "60"; expected a duration, for example 60s. timeout: got "60"; expected a duration, for example 60s.',
    )
  })

  it('is empty for a completed import', () => {
    expect(reasonLine({ kind: 'completed', passes: true }, viewOf(aCompletedJob()), policy)).toBe('')
  })
})

describe('the annotation', () => {
  it('is there for every end but a completed one, an error where the step fails', () => {
    const level = (conclusion: Conclusion) => annotationOf(conclusion, viewOf(aJob()), policy)?.level
    expect(level({ kind: 'completed', passes: true })).toBeUndefined()
    expect(level({ kind: 'timed-out', passes: true, jobs: [0] })).toBe('warning')
    expect(level({ kind: 'timed-out', passes: false, jobs: [0] })).toBe('error')
  })

  it('says what failed, in which file, why, and what to do', () => {
    const view = viewOf(aFailedJob({ reason: 'torn', files: [aFile({ name: 'x.npy', phase: 'failed' }), aFile()] }))
    expect(annotationOf({ kind: 'failed', passes: false, jobs: [0] }, view, policy)).toEqual({
      level: 'error',
      title: 'Milvus Import Gate: Import failed: x.npy',
      message:
        'Import job j0 failed: 1 of 2 files failed, x.npy. (MIG-100)\nReason from the service: torn\nWhat to do: Fix what the reason names. Then start a new import: a failed job cannot be resumed.',
    })
  })

  it('says no more than there is to say', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    expect(annotationOf({ kind: 'invalid-input', passes: false, mistakes: [mistake] }, viewOf(), policy)).toEqual({
      level: 'error',
      title: 'Milvus Import Gate: 1 invalid input',
      message:
        '1 invalid input. No request was sent. (MIG-001)\n`timeout`: got "60"; expected a duration, for example `60s`.',
    })
  })

  it('ends with the link of a failure that is known', () => {
    const annotation = annotationOf({ kind: 'failed', passes: false, jobs: [0] }, viewOf(aFailedJob()), policy)
    expect(annotation?.message).toMatch(
      /^Import job j0 failed: \S+ was not found\. \(MIG-112\)\nReason from the service: /,
    )
    expect(annotation?.message).toMatch(/\nMore: https:\/\/github\.com\/milvus-io\/milvus\/issues\/24028$/)
  })

  it('leads to the explanation of its code in the docs of the version that runs', () => {
    const docs = 'https://github.com/o/r/blob/v1/docs/troubleshooting.md'
    const conclusion = { kind: 'timed-out', passes: false, jobs: [0] } as const
    const { message } = annotationOf(conclusion, viewOf(aJob()), policy, docs)!
    expect(message).toMatch(/\nMore: https:\/\/github\.com\/o\/r\/blob\/v1\/docs\/troubleshooting\.md#mig-045$/)
  })

  it('fits into what the runner keeps, with the advice, however long the texts are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 5000 }), (reason, name) => {
        const failure = aFailedJob({
          reason: 'r'.repeat(reason),
          files: [aFile({ name: 'n'.repeat(name), phase: 'failed' })],
        })
        const { message } = annotationOf({ kind: 'failed', passes: false, jobs: [0] }, viewOf(failure), policy)!
        expect(message.length).toBeLessThanOrEqual(4000)
        expect(message).toMatch(/a failed job cannot be resumed\.$/)
      }),
    )
  })
})
