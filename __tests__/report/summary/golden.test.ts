import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { createSanitizer } from '../../../src/report/sanitize.ts'
import { renderSummary } from '../../../src/report/summary/render.ts'
import type { SummaryContext } from '../../../src/report/summary/render.ts'
import { classifyJob } from '../../../src/service/errors.ts'
import type { RequestContext } from '../../../src/service/errors.ts'
import type { Conclusion } from '../../../src/gate/conclusion.ts'
import type { View } from '../../../src/gate/events.ts'
import { record } from '../../../src/gate/history.ts'
import type { ServiceError } from '../../../src/gate/job.ts'
import type { CommitResult } from '../../../src/gate/import-service.ts'
import type { Policy } from '../../../src/gate/policy.ts'
import { attempted } from '../../../src/gate/commits.ts'
import type { Milestone } from '../../support/builders.ts'
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
  pollsAlong,
} from '../../support/builders.ts'
import { anIndex, DONE, reading, rows, measured } from '../../support/searching.ts'

interface Case {
  readonly view: View
  readonly conclusion: Conclusion | undefined
  readonly policy?: Partial<Policy>
  readonly context?: Partial<SummaryContext>
}

const DIMENSION =
  "expected dim '5' for field 'posterVector' with type 'FloatVector', got dim '8': importing data failed"
const indexing = aJob({ progress: 80, importedRows: 36_000, files: files(3) })
const sanitize = createSanitizer([])
const hostile = sanitize(
  [
    '::add-mask::e ##[set-output name=state;]Completed\u202e',
    '| <img src=x onerror=alert(1)> <!-- --> </code></td></table>',
    '[a](http://evil.example) ![b](https://evil.example/x.png) www.evil.example mail@evil.example @octocat #12 GH-12',
    '**bold** _it_ `code` ~~no~~ $x^2$ :tada: \\ ```mermaid',
    '> [!TIP]',
    '# Title',
  ].join('\n\n'),
)

/** What the gate makes of such an answer of the service, or of none. */
function troubleIn(
  answer: { readonly code: number; readonly message: string } | { readonly network: string; readonly message: string },
  { status = 200, ...but }: Partial<RequestContext> & { readonly status?: number } = {},
): ServiceError {
  const context: RequestContext = {
    host: 'milvus.example',
    hostHasAnswered: false,
    isClusterEndpoint: false,
    operation: 'poll',
    address: 'endpoint',
    sanitize,
    nowMs: 0,
    ...but,
  }
  if ('network' in answer) {
    const network = { kind: 'network', code: answer.network, message: answer.message } as const
    return errorIn(classifyJob({ reply: network, envelope: undefined, context }))
  }
  const body = JSON.stringify(answer)
  const reply = { kind: 'reply', status, headers: {}, body, sizeBytes: 0 } as const
  return errorIn(classifyJob({ reply, envelope: { ...answer, data: undefined }, context }))
}

function errorIn(result: ReturnType<typeof classifyJob>): ServiceError {
  if (result.kind === 'cancelled') throw new Error('this was not cancelled')
  return result.error
}

/** Pending, then pre-import, import, sort, indexes and the automatic commit, all in a bit less than five minutes. */
const STEADY: readonly Milestone[] = [
  [2_000, 'pending', 0],
  [14_000, 'importing', 10],
  [62_000, 'importing', 40],
  [182_000, 'importing', 70],
  [212_000, 'importing', 80],
  [280_000, 'importing', 89],
  [290_000, 'importing', 99],
]
const AT_THE_END = { startedAtMs: 302_000, endedAtMs: 302_100 }
const REFUSED_DEED = {
  kind: 'refused',
  hostHasAnswered: false,
  error: troubleIn(
    { code: 65535, message: 'PrivilegeImport: permission deny to loader in the `default` database' },
    { status: 403, operation: 'commit', subject: '453761313698322012' },
  ),
} as const
const UNKNOWN_JOB = troubleIn({
  code: 2100,
  message: 'import job does not exist, jobID=453761313698322011: importing data failed',
})
const REFUSED_KEY = troubleIn(
  { code: 80001, message: 'Token not found or unauthorized' },
  { host: 'api.cloud.zilliz.com' },
)
const NO_CONNECTION = troubleIn({ network: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.7:19530' })
/** A two-phase job whose rows are in, and what came of the gate's commit. */
const uncommittedJob = (jobId: string, result?: CommitResult) => {
  const job = aHistory({
    jobId,
    polls: [
      ...pollsAlong(STEADY.slice(0, 6)),
      [298_000, aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99, completeTime: undefined })],
    ],
  })
  return result === undefined ? job : { ...job, commit: attempted(undefined, result, AT_THE_END) }
}
const through = (jobId: string, result: CommitResult) => {
  const job = record(uncommittedJob(jobId, result), { kind: 'answered', snapshot: aCompletedJob() }, AT_THE_END)
  return { ...job, commit: attempted(undefined, result, AT_THE_END) }
}
const LARGE_FILES = files(3, { importedRows: 4_000_000, totalRows: 4_000_000, sizeBytes: 1_600_000_000 })
/** A job that was through after 4 min 50 s, and the collections of its rows. */
const searching = (nowMs: number, ...collections: View['collections']) =>
  aView([aHistory({ polls: [...pollsAlong(STEADY), [290_000, aCompletedJob()]] })], nowMs, collections)
const SEARCHABLE = { waitFor: 'searchable' } as const
const pending = (pendingRows: number | undefined) =>
  reading({ indexes: [anIndex({ pendingRows }), anIndex({ name: 'id' })] })
const READY = [
  [290_900, rows(12_000)],
  [291_000, pending(36_000)],
  [310_000, reading({ indexes: [anIndex(), anIndex({ name: 'id' })] })],
  [310_100, DONE],
  [312_000, measured(12_000, 48_000)],
  [320_000, measured(48_000)],
  [322_000, measured(48_000)],
] as const
const UNLOADED = reading({ load: { state: 'not-loaded', percent: undefined } })
const GONE_TROUBLE = aTrouble({
  kind: 'gone',
  outcome: 'code-100',
  operation: 'count',
  subject: 'films',
  code: 100,
})
const FAILED_INDEX = anIndex({
  name: 'vector',
  label: 'Failed',
  isFailed: true,
  failReason: 'memory limit exceeded: 32 GiB needed, 16 GiB free',
})

/** All rows are in after a quarter of an hour, and the index is not done when the hour is over. */
const STUCK_AT_THE_INDEX: readonly Milestone[] = [
  [2_000, 'pending', 0],
  [130_000, 'importing', 10],
  [410_000, 'importing', 40],
  [820_000, 'importing', 70],
  [900_000, 'importing', 80],
  [3_600_500, 'importing', 80],
]
const STUCK = { everyMs: 30_000, but: { files: files(3) } }

const CASES: Readonly<Record<string, Case>> = {
  completed: {
    view: aView([
      aHistory({
        polls: [
          ...pollsAlong(STEADY, { rows: 12_000_000, but: { sizeBytes: 4_800_000_000 } }),
          [
            304_000,
            aCompletedJob({
              files: LARGE_FILES,
              importedRows: 12_000_000,
              totalRows: 12_000_000,
              sizeBytes: 4_800_000_000,
            }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'completed', passes: true },
    context: { asked: [{ path: '/v2/vectordb/jobs/import/describe', outcomes: { answered: 32 } }] },
  },
  'completed-of-1024-files': {
    view: aView([
      aHistory({
        polls: [
          ...pollsAlong(STEADY, { rows: 12_288_000, but: { sizeBytes: 4_915_200_000 } }),
          [304_000, aCompletedJob({ files: files(1024) })],
        ],
      }),
    ]),
    conclusion: { kind: 'completed', passes: true },
    policy: { expectedRows: { min: 12_288_000, max: 12_288_000 } },
  },
  'failed-before-import': {
    view: aView(
      [
        aHistory({
          polls: [
            [2000, aJob({ progress: 12, importedRows: 0, totalRows: 0, sizeBytes: 0 })],
            [30_000, aFailedJob()],
          ],
        }),
      ],
      30_000,
    ),
    conclusion: { kind: 'failed', passes: false, jobs: [0] },
  },
  'failed-in-one-of-106-files': {
    view: aView([
      aHistory({
        polls: [
          [2000, aJob({ progress: 62, importedRows: 938_400, totalRows: 1_272_000, sizeBytes: 508_800_000 })],
          [
            30_000,
            aFailedJob({
              reason: DIMENSION,
              files: files(106).map((file, i) =>
                i === 56
                  ? {
                      ...file,
                      phase: 'failed',
                      label: 'Failed',
                      progress: 0,
                      importedRows: 0,
                      completeTime: undefined,
                      reason: DIMENSION,
                    }
                  : i > 80
                    ? {
                        ...file,
                        phase: 'running',
                        label: 'InProgress',
                        progress: 40,
                        importedRows: 4800,
                        completeTime: undefined,
                      }
                    : file,
              ),
            }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'failed', passes: false, jobs: [0] },
  },
  'timed-out-at-80-percent': {
    view: aView([aHistory({ polls: pollsAlong(STUCK_AT_THE_INDEX, STUCK) })], 3_600_500),
    conclusion: { kind: 'timed-out', passes: false, jobs: [0] },
  },
  'timed-out-and-passed': {
    view: aView([aHistory({ polls: pollsAlong(STUCK_AT_THE_INDEX, STUCK) })], 3_600_500),
    conclusion: { kind: 'timed-out', passes: true, jobs: [0] },
    policy: { onTimeout: 'pass' },
  },
  uncommitted: {
    view: aView([
      aHistory({
        polls: [
          ...pollsAlong(STEADY.slice(0, 6)),
          [
            300_000,
            aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99, completeTime: undefined }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'uncommitted', passes: false, jobs: [0] },
  },
  'partly-committed': {
    view: aView([through('453761313698322011', { kind: 'done' }), uncommittedJob('453761313698322012', REFUSED_DEED)]),
    conclusion: {
      kind: 'partly-committed',
      passes: false,
      committed: [0],
      jobs: [1],
      because: { kind: 'rejected', passes: false, jobs: [1], error: REFUSED_DEED.error },
    },
    policy: { onUncommitted: 'commit' },
  },
  aborted: {
    view: aView([
      { ...uncommittedJob('453761313698322011'), abort: attempted(undefined, { kind: 'done' }, AT_THE_END) },
      aHistory({ jobId: '453761313698322012', polls: [...pollsAlong(STEADY.slice(0, 4)), [300_000, aFailedJob()]] }),
    ]),
    conclusion: { kind: 'failed', passes: false, jobs: [1] },
    policy: { onUncommitted: 'commit', abortUncommitted: true },
  },
  searchable: {
    view: searching(322_500, aSearch('docs', ...READY)),
    conclusion: { kind: 'completed', passes: true },
    policy: { ...SEARCHABLE, expectedCollectionRows: { min: 48_000, max: undefined } },
  },
  'searching-still': {
    view: searching(312_500, aSearch('docs', ...READY.slice(0, 5)), aSearch('films', [291_000, pending(12)])),
    conclusion: undefined,
    policy: SEARCHABLE,
  },
  'timed-out-while-searching': {
    view: searching(600_000, aSearch('docs', ...READY), aSearch('films', [291_000, pending(1_200_000)])),
    conclusion: { kind: 'timed-out', passes: false, jobs: [], collections: [1] },
    policy: { ...SEARCHABLE, timeoutMs: 600_000 },
  },
  'timed-out-while-rows-are-not-visible': {
    view: searching(600_000, { ...aSearch('docs', ...READY.slice(0, 5)), importedRows: 36_000 }),
    conclusion: { kind: 'timed-out', passes: false, jobs: [], collections: [0] },
    policy: { ...SEARCHABLE, timeoutMs: 600_000 },
  },
  'not-ready-index-failed': {
    view: searching(292_000, aSearch('docs', [291_000, reading({ indexes: [FAILED_INDEX, anIndex({ name: 'id' })] })])),
    conclusion: {
      kind: 'not-ready',
      passes: false,
      collections: [0],
      cause: { kind: 'index-failed', index: FAILED_INDEX },
    },
    policy: SEARCHABLE,
  },
  'not-ready-not-loaded': {
    view: searching(302_000, aSearch('docs', [291_000, UNLOADED], [301_000, UNLOADED])),
    conclusion: { kind: 'not-ready', passes: false, collections: [0], cause: { kind: 'not-loaded', hasIndex: true } },
    policy: SEARCHABLE,
  },
  'not-ready-of-several': {
    view: searching(
      302_000,
      aSearch('docs', ...READY),
      aSearch(
        'films',
        [291_000, { kind: 'gone', error: GONE_TROUBLE }],
        [293_000, { kind: 'gone', error: GONE_TROUBLE }],
      ),
      aSearch('songs', [291_000, UNLOADED], [301_000, UNLOADED]),
    ),
    conclusion: {
      kind: 'not-ready',
      passes: false,
      collections: [1, 2],
      cause: { kind: 'gone', error: GONE_TROUBLE },
    },
    policy: SEARCHABLE,
  },
  'rows-not-met-in-the-collection': {
    view: searching(
      333_000,
      aSearch('docs', ...READY.slice(0, 5), [322_400, measured(47_000)], [332_400, measured(47_999)]),
    ),
    conclusion: {
      kind: 'rows-not-met',
      passes: false,
      of: 'collections',
      expected: { min: 48_000, max: 48_000 },
      imported: 47_999,
    },
    policy: { ...SEARCHABLE, expectedCollectionRows: { min: 48_000, max: 48_000 } },
  },
  'not-found-never-seen': {
    view: aView(
      [
        aHistory({
          polls: [
            [
              400,
              {
                kind: 'unknown-job',
                error: UNKNOWN_JOB,
              },
            ],
            [30_600, { kind: 'unknown-job', error: UNKNOWN_JOB }],
          ],
        }),
      ],
      30_600,
    ),
    conclusion: {
      kind: 'not-found',
      passes: false,
      jobs: [0],
      error: UNKNOWN_JOB,
    },
  },
  'not-found-record-expired': {
    view: aView([
      aHistory({
        polls: [
          [400, indexing],
          [300_000, { kind: 'unknown-job', error: UNKNOWN_JOB }],
          [302_000, { kind: 'unknown-job', error: UNKNOWN_JOB }],
        ],
      }),
    ]),
    conclusion: { kind: 'not-found', passes: false, jobs: [0], error: UNKNOWN_JOB },
  },
  rejected: {
    view: aView([aHistory({ polls: [[400, { kind: 'refused', hostHasAnswered: false, error: REFUSED_KEY }]] })], 400),
    conclusion: { kind: 'rejected', passes: false, jobs: [0], error: REFUSED_KEY },
    context: { endpoint: 'api.cloud.zilliz.com' },
  },
  unreachable: {
    view: aView(
      [
        aHistory({
          polls: [
            [400, { kind: 'outage', error: NO_CONNECTION }],
            [60_400, { kind: 'outage', error: NO_CONNECTION }],
          ],
        }),
      ],
      60_400,
    ),
    conclusion: {
      kind: 'unreachable',
      passes: false,
      jobs: [0],
      outageMs: 60_000,
      error: NO_CONNECTION,
    },
    context: { asked: [{ path: '/v2/vectordb/jobs/import/describe', outcomes: { 'connection-refused': 9 } }] },
  },
  cancelled: {
    view: aView(
      [
        aHistory({
          polls: [
            [
              2000,
              aJob({
                files: files(3, {
                  phase: 'running',
                  label: 'InProgress',
                  progress: 45,
                  importedRows: 5400,
                  completeTime: undefined,
                }),
              }),
            ],
          ],
        }),
      ],
      95_000,
    ),
    conclusion: { kind: 'cancelled', passes: false, signal: 'SIGINT' },
  },
  'rows-not-met': {
    view: aView(
      [aHistory({ polls: [[2000, aCompletedJob({ importedRows: 0, totalRows: 0, sizeBytes: 0, files: [] })]] })],
      2000,
    ),
    conclusion: { kind: 'rows-not-met', passes: false, of: 'jobs', expected: undefined, imported: 0 },
  },
  'no-jobs': {
    view: {
      ...aView([], 400),
      discovery: {
        collectionName: 'docs',
        dbName: 'shop',
        sinceMs: Date.UTC(2026, 10, 23, 4, 17, 55),
        place: 'milvus.example.com:19530',
        undated: 0,
        ofUnknownAge: [],
        leftOut: [],
        jobIds: [],
        ended: [4, 3, 2, 1].map((n) => ({
          jobId: `45376131369832201${n}`,
          phase: n === 2 ? 'failed' : 'completed',
          label: n === 2 ? 'Failed' : 'Completed',
        })),
      },
    },
    conclusion: { kind: 'no-jobs', passes: false },
    context: { asked: [{ path: '/v2/vectordb/jobs/import/list', outcomes: { answered: 1 } }] },
  },
  'wrong-collection': {
    view: aView([aHistory({ polls: [[2000, aJob({ collectionName: 'docs_staging' })]] })], 2000),
    conclusion: { kind: 'wrong-collection', passes: false, jobs: [0], expected: 'docs' },
    policy: { expectedCollection: 'docs' },
  },
  stalled: {
    view: aView([aHistory({ polls: pollsAlong([...STEADY.slice(0, 1), [60_000, 'importing', 10]]) })], 1_860_000),
    conclusion: { kind: 'stalled', passes: false, jobs: [0], idleMs: 1_800_000 },
    policy: { stallTimeoutMs: 1_800_000 },
  },
  'invalid-input': {
    view: aView([], 0),
    conclusion: {
      kind: 'invalid-input',
      passes: false,
      mistakes: [
        { input: 'timeout', got: '"60"', takes: 'a duration with its unit (`60s` or `60m`?)', example: '1h30m' },
        {
          input: 'job-id',
          got: 'nothing',
          takes: 'import job IDs separated by white space or commas',
          example: '453761313698322011',
        },
      ],
    },
  },
  'one-of-three-jobs-failed': {
    view: aView([
      aHistory({
        jobId: '453761313698322011',
        polls: [...pollsAlong(STEADY.map(([atMs, ...rest]) => [atMs / 2, ...rest])), [152_000, aCompletedJob()]],
      }),
      aHistory({
        jobId: '453761313698322012',
        polls: [
          ...pollsAlong(STEADY.slice(0, 3), { but: { files: files(4) } }),
          [
            250_000,
            aFailedJob({
              reason: DIMENSION,
              files: files(4, { phase: 'failed', label: 'Failed', reason: DIMENSION, completeTime: undefined }),
            }),
          ],
        ],
      }),
      aHistory({
        jobId: '453761313698322013',
        polls: pollsAlong([...STEADY.slice(0, 3), [290_000, 'importing', 55]], {
          but: { files: files(30, { phase: 'running', label: 'InProgress', progress: 55, completeTime: undefined }) },
        }),
      }),
    ]),
    conclusion: { kind: 'failed', passes: false, jobs: [1] },
    context: {
      asked: [{ path: '/v2/vectordb/jobs/import/describe', outcomes: { answered: 61, 'http-503': 2, timeout: 1 } }],
    },
  },
  'still-polling': {
    view: {
      ...aView([], 65_000),
      discovery: {
        collectionName: 'docs',
        dbName: undefined,
        sinceMs: undefined,
        jobIds: [],
        ended: [],
        place: undefined,
        undated: 0,
        ofUnknownAge: [],
        leftOut: [],
      },
    },
    conclusion: undefined,
  },
  'still-running': {
    view: aView(
      [
        aHistory({
          polls: [
            [
              2000,
              aJob({
                files: files(2, {
                  phase: 'running',
                  label: 'InProgress',
                  progress: 45,
                  importedRows: 3000,
                  completeTime: undefined,
                }),
              }),
            ],
          ],
        }),
      ],
      65_000,
    ),
    conclusion: undefined,
  },
  'hostile-text': {
    view: aView([
      aHistory({
        jobId: hostile.slice(0, 60),
        polls: [
          [
            2000,
            aFailedJob({
              label: 'Failed',
              reason: hostile,
              collectionName: hostile,
              files: [
                aFile({
                  name: hostile,
                  label: hostile,
                  phase: 'failed',
                  reason: `${hostile} again`,
                  completeTime: hostile,
                }),
              ],
            }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'failed', passes: false, jobs: [0] },
  },
}

it.each(Object.entries(CASES))('renders %s', (name, { view, conclusion, policy, context }) => {
  const rendered = renderSummary(view, conclusion, aPolicy(policy), {
    endpoint: 'milvus.example',
    troubleshooting: 'https://github.com/octocat/milvus-import-gate/blob/v1/docs/troubleshooting.md',
    writtenAt: new Date('2026-11-23T06:17:56Z'),
    ...context,
  })
  const golden = new URL(`../../__outputs__/${name}.md`, import.meta.url)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rendered)
  expect(rendered).toBe(readFileSync(golden, 'utf8'))
})
