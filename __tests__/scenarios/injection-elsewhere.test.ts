import { afterAll, describe, expect, it } from '@jest/globals'
import { startGitHub } from '../report/github-stand-in.ts'
import { removeRunnerFolders } from '../runner/runner.ts'
import { json, type Reply } from '../simulator/faults.ts'
import type { Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { anImport, API_KEY, COMPLETED, HALFWAY, runGate } from '../support/gating.ts'
import { render } from '../support/github-markdown.ts'
import { HOSTILE, hostileFrom, type Words, wordsFrom } from '../support/hostile-texts.ts'
import { IS_SOAK } from '../support/soak.ts'
import { expectNothingSmuggled } from './nothing-smuggled.ts'

afterAll(removeRunnerFolders)

const WORDS = wordsFrom(HOSTILE)
/** All of them in one text, beginning with one of them. */
const allFrom = (first: number) => hostileFrom(first).join(' ')

/** A service whose job goes like this; below each of the paths it says what it is told to. */
function aService(course: readonly Step[], answers: Readonly<Record<string, Reply>>): ServiceScript {
  return {
    dialect: 'milvus',
    version: '3.0',
    apiKey: API_KEY,
    jobs: [anImport(course, { autoCommit: false })],
    collectionScripts: [
      {
        name: 'products',
        course: [{ indexes: [{ name: 'vector', totalRows: 3000 }], load: 'Loaded', rows: 3000 }],
      },
    ],
    gateway: ({ path }) => Object.entries(answers).find(([end]) => path.endsWith(end))?.[1],
  }
}

const UNCOMMITTED: readonly Step[] = [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }]
const SEARCHABLE = {
  'wait-for': 'searchable',
  'expected-collection-rows': '3000',
  // A refusal by a host that has answered is confirmed over ten seconds.
  timeout: '15s',
  'poll-interval': '1s',
}
const COMMIT = { 'on-uncommitted': 'commit', timeout: '15s', 'poll-interval': '1s' }
const ABORT = { 'abort-uncommitted': 'true', timeout: '1s' }
const DISCOVER = { 'job-id': 'discover', 'collection-name': 'products', timeout: '1s' }

const refusal = (first: number) => json({ code: 1100, message: allFrom(first) })
const passing = (first: number) => json({ code: 1, message: allFrom(first) })
const data = (value: unknown) => json({ code: 0, data: value })
const texts = (words: Words) => HOSTILE.map((_, n) => words(n))

/** Jobs of the collection that have ended, as a list has them. */
function records(jobId: Words) {
  const ended = { state: 'Failed', collectionName: 'products', progress: 100 }
  return texts(WORDS).map((reason, n) => ({ ...ended, jobId: jobId(n), reason }))
}

type Row = readonly [
  what: string,
  conclusion: string,
  course: readonly Step[],
  inputs: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, Reply>>,
]

const ROWS: readonly Row[] = [
  ['that refuses a list of indexes', 'rejected', COMPLETED, SEARCHABLE, { '/indexes/list': refusal(0) }],
  ['that refuses an index', 'rejected', COMPLETED, SEARCHABLE, { '/indexes/describe': refusal(8) }],
  ['that refuses the load state', 'rejected', COMPLETED, SEARCHABLE, { '/get_load_state': refusal(16) }],
  ['that does not refresh a load', 'rejected', COMPLETED, SEARCHABLE, { '/refresh_load': refusal(24) }],
  ['that refuses to count', 'rejected', COMPLETED, SEARCHABLE, { '/entities/query': refusal(32) }],
  ['that cannot list indexes now', 'timed-out', COMPLETED, SEARCHABLE, { '/indexes/list': passing(40) }],
  ['of indexes with names', 'timed-out', COMPLETED, SEARCHABLE, { '/indexes/list': data(texts(WORDS)) }],
  [
    'of an index that failed',
    'not-ready',
    COMPLETED,
    SEARCHABLE,
    {
      '/indexes/describe': data([
        { indexName: 'vector', fieldName: WORDS(1), indexState: 'Failed', failReason: allFrom(20), totalRows: 1 },
      ]),
    },
  ],
  [
    'of an index in a state',
    'timed-out',
    COMPLETED,
    SEARCHABLE,
    { '/indexes/describe': data(texts(WORDS).map((indexState) => ({ indexName: 'vector', indexState }))) },
  ],
  ['of a load state', 'timed-out', COMPLETED, SEARCHABLE, { '/get_load_state': data({ loadState: allFrom(4) }) }],
  ['of a count', 'timed-out', COMPLETED, SEARCHABLE, { '/entities/query': data([{ 'count(*)': allFrom(12) }]) }],
  ['that refuses a commit', 'rejected', UNCOMMITTED, COMMIT, { '/commit': refusal(28) }],
  ['that loses a commit', 'timed-out', UNCOMMITTED, COMMIT, { '/commit': passing(36) }],
  ['that refuses an abort', 'uncommitted', UNCOMMITTED, ABORT, { '/abort': refusal(44) }],
  ['that loses an abort', 'uncommitted', UNCOMMITTED, ABORT, { '/abort': passing(2) }],
  ['that refuses to find jobs', 'rejected', HALFWAY, DISCOVER, { '/import/list': refusal(10) }],
  ['that cannot find jobs now', 'unreachable', HALFWAY, { ...DISCOVER, timeout: '0' }, { '/import/list': passing(18) }],
  ['of jobs with ids', 'unreachable', HALFWAY, DISCOVER, { '/import/list': data({ records: records(WORDS) }) }],
  [
    'of jobs that have ended',
    'no-jobs',
    HALFWAY,
    DISCOVER,
    { '/import/list': data({ records: records((n) => String(n + 1)) }) },
  ],
]

describe('text in an answer', () => {
  // Neighbours go the same way through the gate: outside the soak one of two stands for both.
  it.concurrent.each(ROWS.filter((_, nth) => IS_SOAK || nth % 2 === 0))(
    'stays text: %s',
    async (_, conclusion, course, inputs, answers) => {
      const run = await runGate(aService(course, answers), { inputs })
      expect(Object.keys(answers).filter((end) => run.requests.every(({ path }) => !path.endsWith(end)))).toEqual([])
      expectNothingSmuggled(run, conclusion)
    },
    30_000,
  )
})

describe('text in an answer of GitHub', () => {
  it('stays text in the one warning that it costs', async () => {
    const gitHub = await startGitHub(() => json({ message: allFrom(0) }, 403))
    const run = await runGate(aService(COMPLETED, {}), {
      github: { api_url: gitHub.url },
      inputs: { 'commit-status': 'Milvus import' },
    }).finally(gitHub.close)
    const { conclusion } = run.outputs
    expect([conclusion, run.exitCode, run.annotations.map(({ type }) => type)]).toEqual(['completed', 0, ['warning']])
    expect(
      run.commands.filter(({ name }) => !['add-mask', 'debug', 'warning', 'group', 'endgroup'].includes(name)),
    ).toEqual([])
    expect(run.rawStdout).not.toContain('##[')
    expect(render(run.summary.text).finds).toEqual([])
  })
})
