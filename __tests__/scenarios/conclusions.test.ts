import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { htmlPage, json } from '../simulator/faults.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { aMilvus, anImport, COMPLETED, HALFWAY, JOB_ID, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

afterAll(removeRunnerFolders)

const completed = aMilvus([anImport(COMPLETED)])
const halfway = aMilvus([anImport(HALFWAY)])
const uncommitted = aMilvus([
  anImport([{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }], { autoCommit: false }),
])
const empty = aMilvus([anImport(COMPLETED, { files: [] })])
const failed = aMilvus([
  anImport([
    ...HALFWAY.map((step) => ({ ...step, lasts: 1 })),
    { phase: 'Failed', reason: 'disk quota exceeded', failedFiles: ['catalog/part-1.parquet'] },
  ]),
])
const forgetful = aMilvus([anImport([...HALFWAY.map((step) => ({ ...step, lasts: 1 })), { phase: 'Gone' }])])
const committedMeanwhile = aMilvus([
  anImport(
    [
      { phase: 'Importing', lasts: 0 },
      { phase: 'Uncommitted', lasts: 1 },
      { phase: 'Committing', lasts: 1 },
      { phase: 'Completed' },
    ],
    { autoCommit: false },
  ),
])
const down = aMilvus([anImport(COMPLETED)], { gateway: () => htmlPage(502, 'Bad Gateway') })
const downLater = aMilvus([anImport(HALFWAY)], {
  gateway: (_, nth) => (nth === 0 ? undefined : htmlPage(502, 'Bad Gateway')),
})
const withoutRows = aMilvus([
  anImport([{ reply: json({ code: 0, data: { jobId: JOB_ID, state: 'Completed', progress: 100 } }) }]),
])
const unknownWord = aMilvus([
  anImport([{ reply: json({ code: 0, data: { jobId: JOB_ID, state: 'Succeeded', progress: 100, importedRows: 5 } }) }]),
])

interface Row {
  readonly title: string
  readonly service: ServiceScript
  readonly inputs: Readonly<Record<string, string>>
  readonly conclusion: string
  readonly passes: boolean
  readonly outputs: Readonly<Record<string, unknown>>
}

const once = { timeout: '0' }
const quick = { timeout: '20s', 'poll-interval': '1s' }
const seen = { state: 'Importing', progress: '55', importedRows: '1500', totalRows: '3000' }
const nothing = { state: 'Unknown', progress: '0', importedRows: '', totalRows: '', fileCount: '', details: '[]' }

const rows: readonly Row[] = [
  {
    title: 'completed',
    service: completed,
    inputs: once,
    conclusion: 'completed',
    passes: true,
    outputs: { state: 'Completed', progress: '100', importedRows: '3000', fileCount: '3', failedFileCount: '0' },
  },
  {
    title: 'completed with the rows asked for',
    service: completed,
    inputs: { ...once, 'expected-rows': '2000..3000', 'collection-name': 'products' },
    conclusion: 'completed',
    passes: true,
    outputs: { collectionName: 'products' },
  },
  {
    title: 'completed, and the service says nothing of rows',
    service: withoutRows,
    inputs: once,
    conclusion: 'completed',
    passes: true,
    outputs: { importedRows: '', totalRows: '' },
  },
  {
    title: 'a poll on a job that goes on',
    service: halfway,
    inputs: once,
    conclusion: 'timed-out',
    passes: false,
    outputs: {
      ...seen,
      reason: `Not done at the only poll (timeout is 0): import job ${JOB_ID} is at Importing, 55%, 1,500 of 3,000 rows.`,
    },
  },
  {
    title: 'a deadline that does not fail',
    service: halfway,
    inputs: { timeout: '1s', 'on-timeout': 'pass' },
    conclusion: 'timed-out',
    passes: true,
    outputs: {
      ...seen,
      reason: expect.stringMatching(/^Timed out after 1 s: import job .* is at /),
    },
  },
  {
    title: 'a word for success that nobody knows',
    service: unknownWord,
    inputs: once,
    conclusion: 'timed-out',
    passes: false,
    outputs: { state: 'Succeeded' },
  },
  {
    title: 'a job that nobody commits',
    service: uncommitted,
    inputs: quick,
    conclusion: 'uncommitted',
    passes: false,
    outputs: { state: 'Uncommitted', importedRows: '3000', reason: expect.stringContaining('until a commit') },
  },
  {
    title: 'a job that nobody has to commit',
    service: uncommitted,
    inputs: { ...quick, 'on-uncommitted': 'pass' },
    conclusion: 'uncommitted',
    passes: true,
    outputs: { state: 'Uncommitted', importedRows: '3000' },
  },
  {
    title: 'a wait for a commit that does not come',
    service: uncommitted,
    inputs: { timeout: '1s', 'poll-interval': '1s', 'on-uncommitted': 'wait' },
    conclusion: 'timed-out',
    passes: false,
    outputs: { state: 'Uncommitted' },
  },
  {
    title: 'a wait for a commit that comes',
    service: committedMeanwhile,
    inputs: { ...quick, 'on-uncommitted': 'wait' },
    conclusion: 'completed',
    passes: true,
    outputs: { state: 'Completed' },
  },
  {
    title: 'a failure, with what was seen before it',
    service: failed,
    inputs: quick,
    conclusion: 'failed',
    passes: false,
    outputs: { ...seen, state: 'Failed', failedFileCount: '1', reason: 'disk quota exceeded' },
  },
  {
    title: 'another collection',
    service: halfway,
    inputs: { ...quick, 'collection-name': 'reviews' },
    conclusion: 'wrong-collection',
    passes: false,
    outputs: { ...seen, reason: `Import job ${JOB_ID} belongs to collection products, not to reviews.` },
  },
  {
    title: 'an import of nothing',
    service: empty,
    inputs: once,
    conclusion: 'rows-not-met',
    passes: false,
    outputs: { state: 'Completed', importedRows: '0', fileCount: '0' },
  },
  {
    title: 'an import of nothing that is fine',
    service: empty,
    inputs: { ...once, 'expected-rows': '>=0' },
    conclusion: 'completed',
    passes: true,
    outputs: { importedRows: '0' },
  },
  {
    title: 'rows too few',
    service: completed,
    inputs: { ...once, 'expected-rows': '3001' },
    conclusion: 'rows-not-met',
    passes: false,
    outputs: { reason: '3,000 rows imported, but expected-rows is 3001.' },
  },
  {
    title: 'rows asked for that the service does not count',
    service: withoutRows,
    inputs: { ...once, 'expected-rows': '>=1' },
    conclusion: 'rows-not-met',
    passes: false,
    outputs: { importedRows: '' },
  },
  {
    title: 'a job that was never there',
    service: aMilvus([]),
    inputs: { ...once, 'job-id': JOB_ID },
    conclusion: 'not-found',
    passes: false,
    outputs: { ...nothing, reason: expect.stringMatching(/^The service does not know import job \d+\. /) },
  },
  {
    title: 'a job that is forgotten meanwhile',
    service: forgetful,
    inputs: quick,
    conclusion: 'not-found',
    passes: false,
    outputs: {
      ...seen,
      reason: expect.stringContaining('; last seen Importing, 55%'),
    },
  },
  {
    title: 'a standstill',
    service: halfway,
    inputs: { ...quick, 'stall-timeout': '1s' },
    conclusion: 'stalled',
    passes: false,
    outputs: { ...seen, reason: expect.stringContaining(' made no progress for ') },
  },
  {
    title: 'a service that never answers',
    service: down,
    inputs: { ...quick, 'max-outage': '1s' },
    conclusion: 'unreachable',
    passes: false,
    outputs: { ...nothing, reason: expect.stringContaining('returned HTTP 502') },
  },
  {
    title: 'a service that answers no more',
    service: downLater,
    inputs: { ...quick, 'max-outage': '1s' },
    conclusion: 'unreachable',
    passes: false,
    outputs: seen,
  },
  {
    title: 'a deadline without one answer, whatever on-timeout says',
    service: down,
    inputs: { ...once, 'on-timeout': 'pass' },
    conclusion: 'unreachable',
    passes: false,
    outputs: nothing,
  },
  {
    title: 'a key that is refused',
    service: completed,
    inputs: { ...quick, 'api-key': 'root:another' },
    conclusion: 'rejected',
    passes: false,
    outputs: { ...nothing, reason: expect.stringContaining("user hasn't authenticated") },
  },
  {
    title: 'inputs that do not hold',
    service: completed,
    inputs: { timeout: '10', 'on-timeout': 'maybe' },
    conclusion: 'invalid-input',
    passes: false,
    outputs: {
      ...nothing,
      jobId: '',
      progress: '',
      reason: expect.stringMatching(/^2 invalid inputs\. .*timeout: got "10"; .*on-timeout: got "maybe"; /),
    },
  },
]

describe('the conclusion of', () => {
  it.concurrent.each(rows)(
    '$title: $conclusion',
    async ({ service, inputs, conclusion, passes, outputs }) => {
      const run = await runGate(service, { inputs })
      expect(expectSoundRun(run)).toBe(conclusion)
      expect(run.exitCode).toBe(passes ? 0 : 1)
      expect(run.outputs).toMatchObject(outputs)
      expect(run.report).toMatchObject({ conclusion, passes })
    },
    30_000,
  )
})
