import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { createSanitiser } from '../../src/render/untrusted.ts'
import { renderSummary } from '../../src/render/summary.ts'
import type { SummaryContext } from '../../src/render/summary.ts'
import type { Conclusion } from '../../src/watch/conclusion.ts'
import type { View } from '../../src/watch/events.ts'
import type { Policy } from '../../src/watch/policy.ts'
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

interface Case {
  readonly view: View
  readonly conclusion: Conclusion | undefined
  readonly policy?: Partial<Policy>
  readonly context?: Partial<SummaryContext>
}

const DIMENSION =
  "expected dim '5' for field 'posterVector' with type 'FloatVector', got dim '8': importing data failed"
const indexing = aJob({ progress: 80, importedRows: 36_000, files: files(3) })
const sanitise = createSanitiser([])
const hostile = sanitise(
  [
    '::add-mask::e ##[set-output name=state;]Completed\u202e',
    '| <img src=x onerror=alert(1)> <!-- --> </code></td></table>',
    '[a](http://evil.example) ![b](https://evil.example/x.png) www.evil.example mail@evil.example @octocat #12 GH-12',
    '**bold** _it_ `code` ~~no~~ $x^2$ :tada: \\ ```mermaid',
    '> [!TIP]',
    '# Title',
  ].join('\n\n'),
)

const CASES: Readonly<Record<string, Case>> = {
  completed: {
    view: aView([
      aHistory({
        looks: [
          [2000, aJob()],
          [300_000, aCompletedJob()],
        ],
      }),
    ]),
    conclusion: { kind: 'completed', passes: true },
  },
  'completed-of-1024-files': {
    view: aView([
      aHistory({
        looks: [
          [2000, aJob()],
          [300_000, aCompletedJob({ files: files(1024) })],
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
          looks: [
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
        looks: [
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
    view: aView(
      [
        aHistory({
          looks: [
            [2000, aJob()],
            [900_000, indexing],
            [3_600_500, indexing],
          ],
        }),
      ],
      3_600_500,
    ),
    conclusion: { kind: 'timed-out', passes: false, jobs: [0] },
  },
  'timed-out-and-passed': {
    view: aView(
      [
        aHistory({
          looks: [
            [2000, aJob()],
            [900_000, indexing],
            [3_600_500, indexing],
          ],
        }),
      ],
      3_600_500,
    ),
    conclusion: { kind: 'timed-out', passes: true, jobs: [0] },
    policy: { onTimeout: 'pass' },
  },
  uncommitted: {
    view: aView([
      aHistory({
        looks: [
          [2000, aJob()],
          [
            300_000,
            aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99, completeTime: undefined }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'uncommitted', passes: false, jobs: [0] },
  },
  'not-found-never-seen': {
    view: aView(
      [
        aHistory({
          looks: [
            [
              400,
              {
                kind: 'unknown-job',
                trouble: aTrouble({
                  outcome: 'code-2100',
                  what: 'It answered "import job does not exist, jobID=453761313698322011".',
                }),
              },
            ],
            [30_600, { kind: 'unknown-job', trouble: aTrouble({ outcome: 'code-2100' }) }],
          ],
        }),
      ],
      30_600,
    ),
    conclusion: {
      kind: 'not-found',
      passes: false,
      jobs: [0],
      trouble: aTrouble({
        outcome: 'code-2100',
        what: 'It answered "import job does not exist, jobID=453761313698322011".',
      }),
    },
  },
  'not-found-record-expired': {
    view: aView([
      aHistory({
        looks: [
          [400, indexing],
          [300_000, { kind: 'unknown-job', trouble: aTrouble({ outcome: 'code-2100' }) }],
          [302_000, { kind: 'unknown-job', trouble: aTrouble({ outcome: 'code-2100' }) }],
        ],
      }),
    ]),
    conclusion: { kind: 'not-found', passes: false, jobs: [0], trouble: aTrouble({ outcome: 'code-2100' }) },
  },
  rejected: {
    view: aView([aHistory({ looks: [[400, { kind: 'refused', trouble: aTrouble() }]] })], 400),
    conclusion: {
      kind: 'rejected',
      passes: false,
      jobs: [0],
      trouble: aTrouble({
        outcome: 'code-80001',
        what: 'The service refused the key: "Token not found or unauthorized" (code 80001).',
        advice: 'Check that api-key holds a Zilliz Cloud API key that is still valid and may see this cluster.',
      }),
    },
    context: { endpoint: 'api.cloud.zilliz.com' },
  },
  unreachable: {
    view: aView(
      [
        aHistory({
          looks: [
            [400, { kind: 'outage', trouble: aTrouble() }],
            [60_400, { kind: 'outage', trouble: aTrouble() }],
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
      trouble: aTrouble({
        outcome: 'refused',
        what: 'Nothing listens at milvus.example, port 19530 (ECONNREFUSED).',
        advice: 'Check host and port of endpoint, and whether this runner may reach them.',
      }),
    },
  },
  cancelled: {
    view: aView(
      [
        aHistory({
          looks: [
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
      [aHistory({ looks: [[2000, aCompletedJob({ importedRows: 0, totalRows: 0, sizeBytes: 0, files: [] })]] })],
      2000,
    ),
    conclusion: { kind: 'rows-not-met', passes: false, expected: undefined, imported: 0 },
  },
  'wrong-collection': {
    view: aView([aHistory({ looks: [[2000, aJob({ collectionName: 'docs_staging' })]] })], 2000),
    conclusion: { kind: 'wrong-collection', passes: false, jobs: [0], expected: 'docs' },
    policy: { expectedCollection: 'docs' },
  },
  stalled: {
    view: aView([aHistory({ looks: [[2000, aJob({ progress: 10, importedRows: 0, totalRows: 0 })]] })], 1_802_000),
    conclusion: { kind: 'stalled', passes: false, jobs: [0], quietMs: 1_800_000 },
    policy: { stallTimeoutMs: 1_800_000 },
  },
  'invalid-input': {
    view: aView([], 0),
    conclusion: {
      kind: 'invalid-input',
      passes: false,
      mistakes: [
        { input: 'timeout', got: '"60"', takes: 'a duration with a unit: 60s or 60m?', example: '1h30m' },
        { input: 'job-id', got: 'nothing', takes: 'one job id or several', example: '453761313698322011' },
      ],
    },
  },
  'one-of-three-jobs-failed': {
    view: aView([
      aHistory({
        jobId: '453761313698322011',
        looks: [
          [2000, aJob()],
          [200_000, aCompletedJob()],
        ],
      }),
      aHistory({
        jobId: '453761313698322012',
        looks: [
          [2100, aJob({ files: files(4) })],
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
        looks: [
          [
            2200,
            aJob({
              progress: 55,
              files: files(30, { phase: 'running', label: 'InProgress', progress: 55, completeTime: undefined }),
            }),
          ],
        ],
      }),
    ]),
    conclusion: { kind: 'failed', passes: false, jobs: [1] },
  },
  'still-running': {
    view: aView(
      [
        aHistory({
          looks: [
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
        looks: [
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
    writtenAt: new Date('2026-11-23T06:17:56Z'),
    ...context,
  })
  const golden = new URL(`../__outputs__/${name}.md`, import.meta.url)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rendered)
  expect(rendered).toBe(readFileSync(golden, 'utf8'))
})
