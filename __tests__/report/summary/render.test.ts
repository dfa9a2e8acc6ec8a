import { describe, expect, it } from '@jest/globals'
import { MAX_SUMMARY_BYTES, renderSummary } from '../../../src/report/summary/render.ts'
import type { HttpsUrl } from '../../../src/messages/codes.ts'
import type { SummaryContext } from '../../../src/report/summary/render.ts'
import type { Conclusion } from '../../../src/gate/conclusion.ts'
import type { View } from '../../../src/gate/events.ts'
import type { History } from '../../../src/gate/history.ts'
import { attempted } from '../../../src/gate/commits.ts'
import { newDiscovery } from '../../../src/gate/discovery.ts'
import type { FileProgress } from '../../../src/gate/job.ts'
import type { CommitResult } from '../../../src/gate/import-service.ts'
import type { Policy } from '../../../src/gate/policy.ts'
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
  pollsAlong,
} from '../../support/builders.ts'
import { recordsOf, rowsOf } from '../../support/tables.ts'

const FAILED: Conclusion = { kind: 'failed', passes: false, jobs: [0] }
const context = { writtenAt: new Date('2026-11-23T06:17:56Z') }

const summaryOf = (all: readonly FileProgress[], conclusion: Conclusion = FAILED) =>
  renderSummary(aView([aHistory({ polls: [[0, aFailedJob({ files: all })]] })]), conclusion, aPolicy(), context)
/** `failed` of the files failed, each with a reason of its own of so many bytes, the last of all the files. */
const withFailures = (amount: number, failed: number, reasonBytes: number) =>
  files(amount).map((file, i): FileProgress =>
    i < amount - failed
      ? file
      : { ...file, phase: 'failed', label: 'Failed', reason: `${i} ${'é'.repeat(reasonBytes / 2)}` },
  )
const rowsWith = (text: string, summary: string) =>
  summary.split('\n').filter((line) => line.startsWith('<tr><td>') && line.includes(text))

describe('the code of an ending', () => {
  const badge = (troubleshooting?: HttpsUrl) =>
    renderSummary(aView([]), { kind: 'timed-out', passes: false, jobs: [] }, aPolicy(), {
      ...context,
      troubleshooting,
    }).match(/^(?!###).* (<a .*|MIG-\d+)$/m)?.[1]

  it('leads to its explanation, where the docs of this version are known', () => {
    expect(badge('https://github.com/o/r/blob/v1/docs/troubleshooting.md')).toBe(
      '<a href="https://github.com/o/r/blob/v1/docs/troubleshooting.md#mig-045">MIG-045</a>',
    )
    expect(badge()).toBe('MIG-045')
  })
})

describe('a timeout', () => {
  it('shows state, progress and rows of a single job once', () => {
    const view = aView([aHistory({ polls: [[0, aJob({ importedRows: 40, totalRows: 70 })]] })])
    const summary = renderSummary(view, { kind: 'timed-out', passes: false, jobs: [0] }, aPolicy(), context)
    expect(summary).toContain('the import is at 45% and continues')
    expect(summary.match(/45%/g)).toHaveLength(1)
    expect(summary.match(/40 of 70 rows/g)).toHaveLength(1)
  })
})

describe('the file to blame', () => {
  const summary = (reason: string) => {
    const all = files(3, { phase: 'failed', label: 'Failed', reason })
    const view = aView([aHistory({ polls: [[0, aFailedJob({ files: all, reason })]] })])
    return rowsWith('.parquet', renderSummary(view, FAILED, aPolicy(), context))
  }

  it('is the first of many that failed, and marked', () => {
    const rows = summary("failed to get file size of 'export/part-02.parquet', error:The specified key does not exist.")
    expect(rows.map((row) => /part-\d+/.exec(row)?.[0])).toEqual(['part-02', 'part-01', 'part-03'])
    expect(rows.map((row) => row.includes('the reason above is about this file'))).toEqual([true, false, false])
  })

  it('is none where the reason names none, and the reason is not said again for each', () => {
    const rows = summary('torn page')
    expect(rows.map((row) => /part-\d+/.exec(row)?.[0])).toEqual(['part-01', 'part-02', 'part-03'])
    expect(rows.join('')).not.toMatch(/is about this file|torn page/)
  })
})

describe('the million bytes', () => {
  it.each([
    [1, 1, 100],
    [106, 1, 2000],
    [1024, 3, 2000],
    [10_000, 0, 0],
    [10_000, 10, 2000],
    [10_000, 10_000, 2000],
  ])('hold %p files of which %p failed with reasons of %p bytes', (amount, failed, reasonBytes) => {
    const summary = summaryOf(withFailures(amount, failed, reasonBytes))
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(summary.match(/<table>/g)?.length).toBe(summary.match(/<\/table>/g)?.length)
    expect(summary.match(/<details/g)?.length).toBe(summary.match(/<\/details>/g)?.length)
  })

  it('has every file while they fit, with the first and last words of a long reason', () => {
    const summary = summaryOf(withFailures(1024, 3, 2000))
    expect(rowsWith('.parquet', summary)).toHaveLength(1024)
    expect(summary).toMatch(/<code>1023 é{245}…é{249}<\/code>/)
  })

  it('has the failed files first, and says how many others are only in the report file', () => {
    const summary = summaryOf(withFailures(10_000, 500, 2000))
    const listed = rowsWith('.parquet', summary).length
    expect(rowsWith('❌ Failed', summary)).toHaveLength(500)
    const left = /… and (.*) more files: see the report file/.exec(summary)?.[1]
    expect(left).toBe((10_000 - listed).toLocaleString('en'))
  })

  it('says how many failed files are only in the report file', () => {
    const summary = summaryOf(withFailures(10_000, 10_000, 2000))
    const listed = rowsWith('❌ Failed', summary).length
    expect(listed).toBeGreaterThan(700)
    const left = (10_000 - listed).toLocaleString('en')
    expect(summary).toContain(`… and ${left} more files, ${left} of them failed: see the report file`)
  })
})

describe('the million bytes with much besides', () => {
  it('are kept where what stands around the tables is long', () => {
    const view = aView([aHistory({ polls: [[0, aFailedJob({ files: withFailures(10_000, 10_000, 2000) })]] })])
    const summary = renderSummary(view, FAILED, aPolicy(), { ...context, endpoint: 'e'.repeat(50_000) })
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(Buffer.byteLength(summary)).toBeGreaterThan(MAX_SUMMARY_BYTES - 60_000)
  })

  it('leave no table at all where nothing fits', () => {
    const view = aView([aHistory({ polls: [[0, aFailedJob({ files: files(2) })]] })])
    const summary = renderSummary(view, FAILED, aPolicy(), { ...context, endpoint: 'e'.repeat(1_000_000) })
    expect(rowsOf(summary).filter(([cell = '']) => cell.startsWith('<code>'))).toEqual([])
    expect(summary.match(/<tr><td.*see the report file.*/g)).toEqual([
      '<tr><td colspan="5">… and 2 more files: see the report file</td></tr>',
    ])
  })

  it('say how many files are only in the report file where none of these failed', () => {
    const all = files(10_000, { phase: 'running', label: 'InProgress', name: 'n'.repeat(300) })
    const summary = renderSummary(
      aView([aHistory({ polls: [[0, aJob({ files: all })]] })]),
      undefined,
      aPolicy(),
      context,
    )
    const left = (10_000 - rowsWith('nnn', summary).length).toLocaleString('en')
    expect(summary.match(/<tr><td.*see the report file.*/g)).toEqual([
      `<tr><td colspan="6">… and ${left} more files: see the report file</td></tr>`,
    ])
  })
})

describe('what is in sight', () => {
  it('is every file of a short list, failed ones first', () => {
    const summary = summaryOf(withFailures(25, 1, 20))
    expect(summary).not.toContain('<details')
    expect(rowsWith('.parquet', summary)[0]).toContain('part-25.parquet')
  })

  it('is what failed of a long list', () => {
    const [inSight = '', folded = ''] = summaryOf(withFailures(1024, 3, 20)).split('<details>')
    expect(rowsWith('.parquet', inSight)).toHaveLength(3)
    expect(folded).toContain('<summary>The other 1,021 files: 1,021 completed</summary>')
  })
})

describe('many jobs', () => {
  const jobs = [
    ...Array.from({ length: 999 }, (_, i) =>
      aHistory({ jobId: `job-${i}`, polls: [[0, aCompletedJob({ files: files(20) })]] }),
    ),
    aHistory({ jobId: 'job-999', polls: [[0, aFailedJob({ reason: 'torn' })]] }),
  ]
  const summary = renderSummary(aView(jobs), { kind: 'failed', passes: false, jobs: [999] }, aPolicy(), context)

  it('stay within the million bytes, what failed first', () => {
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(rowsWith('<code>job-', summary)[0]).toContain('job-999')
    expect(summary).toContain('<summary>The other 999 jobs: 999 completed</summary>')
    expect(summary).toContain('<p>The files of 974 more jobs are in the report file.</p>')
  })

  it('stay within it where all of them failed, each with many files', () => {
    const half = [...files(20), ...files(20, { phase: 'failed', reason: 'x'.repeat(2000) })]
    const all = Array.from({ length: 1000 }, (_, i) =>
      aHistory({ jobId: `job-${i}`, polls: [[0, aFailedJob({ reason: 'y'.repeat(2000), files: half })]] }),
    )
    const text = renderSummary(aView(all), FAILED, aPolicy(), context)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(rowsWith('<code>job-', text)).toHaveLength(1000)
    expect(text).toMatch(/<p>The files of \d+ more jobs are in the report file\.<\/p>/)
  })

  it('show the reason of each that failed, but for the one above', () => {
    const failed = (jobId: string, reason: string, all: readonly FileProgress[] = []) =>
      aHistory({ jobId, polls: [[0, aFailedJob({ reason, files: all })]] })
    const summaryOfBoth = (all?: readonly FileProgress[]) =>
      renderSummary(aView([failed('a', 'torn', all), failed('b', 'torn')]), FAILED, aPolicy(), context)
    const section =
      '<summary>Job <code>b</code>: no files listed</summary>\n<p>Reason from the service: <code>torn</code></p>'
    expect(summaryOfBoth()).toContain(`<details open>\n${section}`)
    expect(summaryOfBoth()).not.toContain('<summary>Job <code>a</code>')
    expect(summaryOfBoth(files(1))).toContain('<summary>Job <code>a</code>: 1 file</summary>\n<table>')
  })

  it('show what is wrong with those that have no state', () => {
    const lost = aHistory({ jobId: 'lost', polls: [[0, { kind: 'outage', error: aTrouble() }]] })
    const forgotten = aHistory({
      jobId: 'gone',
      polls: [
        [0, aJob()],
        [1, { kind: 'unknown-job', error: aTrouble({ kind: 'unknown-job' }) }],
      ],
    })
    const refused = aHistory({
      jobId: 'refused',
      polls: [[0, { kind: 'refused', hostHasAnswered: false, error: aTrouble({ httpStatus: 418 }) }]],
    })
    const text = renderSummary(aView([lost, forgotten, refused]), undefined, aPolicy(), context)
    for (const reported of [
      '❔ Unknown',
      '❓ record lost, was Importing',
      '⛔ rejected',
      'milvus.example does not know this import job.',
      '<p>milvus.example returned HTTP 418.</p>',
      'HTTP 503',
    ]) {
      expect(text).toContain(reported)
    }
  })
})

describe('the files of many jobs', () => {
  const jobs = (amount: number, failed: number) =>
    Array.from({ length: amount }, (_, i) =>
      aHistory({
        jobId: `j${i}`,
        polls: [[0, i < failed ? aFailedJob({ reason: 'torn', files: files(1) }) : aCompletedJob({ files: files(2) })]],
      }),
    )
  const sections = (all: readonly History[]) => {
    const text = renderSummary(aView(all), undefined, aPolicy(), context)
    return Array.from(
      text.matchAll(/<details( open)?>\n<summary>(Job .*)<\/summary>\n(?!.*<\/table>)/g),
      ([, open = '', title]) => `${title ?? ''}${open}`.replace(/<\/?code>/g, ''),
    )
  }

  it('are those of 25 jobs at most, failed ones first', () => {
    expect(sections([...jobs(25, 0), ...jobs(2, 1)])).toEqual([
      'Job j0: 1 file open',
      ...Array.from({ length: 24 }, (_, i) => `Job j${i}: 2 files`),
    ])
  })

  it('make a section only where there is something to say', () => {
    const silent = aHistory({ jobId: 'silent', polls: [[0, { kind: 'outage', error: aTrouble() }]] })
    const all = [
      aHistory({ jobId: 'unasked' }),
      aHistory({ jobId: 'bare', polls: [[0, aJob()]] }),
      aHistory({ jobId: 'done', polls: [[0, aCompletedJob({ files: [] })]] }),
      aHistory({ jobId: 'failed', polls: [[0, aFailedJob()]] }),
      silent,
    ]
    expect(sections(all)).toEqual(['Job failed: no files listed open', 'Job silent: no files listed'])
  })

  it('make a section that says what is wrong, and lists the files', () => {
    const all = [
      aHistory({ jobId: 'a', polls: [[0, aCompletedJob({ files: [aFile({ progress: undefined, label: '' })] })]] }),
      aHistory({
        jobId: 'b',
        polls: [
          [0, aJob()],
          [1, { kind: 'outage', error: aTrouble() }],
        ],
      }),
    ]
    const text = renderSummary(aView(all), undefined, aPolicy(), context)
    expect(text.slice(text.indexOf('<details>'), text.indexOf('\n\n<', text.indexOf('<details>'))).split('\n')).toEqual(
      [
        '<details>',
        '<summary>Job <code>b</code>: no files listed</summary>',
        '<p>milvus.example returned HTTP 503.</p>',
        '</details>',
        '<details>',
        '<summary>Job <code>a</code>: 1 file</summary>',
        '<table>',
        '<tr><th align="left">File</th><th align="left">State</th><th align="right">Rows</th><th align="right">Size</th><th align="left">Completed &#40;UTC&#41;</th></tr>',
        '<tr><td><code>a/1.parquet</code></td><td>✅ completed</td><td align="right">12,000</td><td align="right">4.8 MB</td><td>2026-11-23 06:17:55</td></tr>',
        '</table>',
        '</details>',
      ],
    )
  })
})

describe('the row of a job', () => {
  const row = (job: History) => {
    const view = aView([{ ...job, jobId: 'this' }, aHistory({ jobId: 'other' })])
    const text = renderSummary(view, undefined, aPolicy(), context)
    const records = recordsOf(text.slice(0, text.indexOf('</table>')))
    return records.find(({ Job }) => Job === '<code>this</code>') ?? {}
  }
  const uncommitted = aHistory({
    polls: [[0, aJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99, sizeBytes: 0 })]],
  })
  const span = { startedAtMs: 1000, endedAtMs: 1000 }
  const committed = (result: CommitResult, job = uncommitted) => ({
    ...job,
    commit: attempted(undefined, result, span),
  })

  it.each<[string, History, string]>([
    ['rests', uncommitted, '⏸️ Uncommitted'],
    ['was committed', committed({ kind: 'done' }), '⏸️ Uncommitted, commit accepted'],
    [
      'is refused its commit',
      committed({ kind: 'refused', hostHasAnswered: false, error: aTrouble() }),
      '⏸️ Uncommitted, commit rejected',
    ],
    ['may be committed', committed({ kind: 'outage', error: aTrouble() }), '⏸️ Uncommitted, commit unconfirmed'],
    [
      'was committed and aborted',
      { ...committed({ kind: 'done' }), abort: attempted(undefined, { kind: 'done' }, span) },
      '⏸️ Uncommitted, aborted',
    ],
    [
      'could not be aborted',
      {
        ...uncommitted,
        abort: attempted(undefined, { kind: 'refused', hostHasAnswered: false, error: aTrouble() }, span),
      },
      '⏸️ Uncommitted',
    ],
    [
      'is through after a commit',
      committed({ kind: 'done' }, aHistory({ polls: [[0, aCompletedJob({ files: [] })]] })),
      '✅ Completed',
    ],
    ['waits', aHistory({ polls: [[0, aJob({ phase: 'pending', label: 'Pending' })]] }), '🕒 Pending'],
    ['is not known', aHistory({ polls: [[0, { kind: 'unknown-job', error: aTrouble() }]] }), '❓ not found'],
    ['has not answered', aHistory({}), '❔ Unknown'],
  ])('shows that it %s', (_, job, state) => {
    expect(row(job)['State']).toBe(state)
  })

  it.each<[number | undefined, number | undefined, string | undefined]>([
    [undefined, undefined, undefined],
    [5, undefined, '5'],
    [undefined, 7, '– of 7'],
    [5, 0, '5'],
    [1200, 7000, '1,200 of 7,000'],
  ])('shows %p of %p rows', (importedRows, totalRows, text) => {
    expect(row(aHistory({ polls: [[0, aJob({ importedRows, totalRows })]] }))['Rows']).toBe(text)
  })

  it.each<[readonly FileProgress[], string | undefined]>([
    [[], undefined],
    [files(2), '2'],
    [[...files(2), aFile({ phase: 'failed' })], '1 of 3 failed'],
  ])('counts its files: %#', (all, text) => {
    expect(row(aHistory({ polls: [[0, aJob({ files: all })]] }))['Files']).toBe(text)
  })
})

describe('the row of a file', () => {
  const row = (file: FileProgress) => {
    const text = renderSummary(
      aView([aHistory({ polls: [[0, aJob({ files: [file] })]] })]),
      undefined,
      aPolicy(),
      context,
    )
    return recordsOf(/<table>\n<tr><th align="left">File.*?<\/table>/s.exec(text)?.[0] ?? '')[0]
  }

  it.each<[string, Partial<FileProgress>, Readonly<Record<string, string>>]>([
    [
      'what the service says',
      {},
      {
        State: '✅ Completed',
        Rows: '12,000',
        Size: '4.8 MB',
        'Completed &#40;UTC&#41;': '2026-11-23 06:17:55',
      },
    ],
    [
      'what that means, where the service has no word for it, and nothing of what it does not say',
      {
        phase: 'failed',
        label: '',
        progress: undefined,
        importedRows: undefined,
        totalRows: undefined,
        sizeBytes: undefined,
        completeTime: undefined,
      },
      { State: '❌ failed' },
    ],
    [
      'the reason, and a time that is none as it is',
      { phase: 'failed', reason: 'torn', completeTime: 'soon', sizeBytes: 0, progress: 0 },
      {
        State: '❌ Completed',
        Progress: '0%',
        Rows: '12,000',
        'Completed &#40;UTC&#41;': 'soon',
        Reason: '<code>torn</code>',
      },
    ],
  ])('shows %s', (_, but, cells) => {
    expect(row(aFile(but))).toEqual({ File: '<code>a/1.parquet</code>', ...cells })
  })
})

describe('the last line', () => {
  const line = (
    but: Partial<SummaryContext>,
    policy: Partial<Policy> = {},
    view = aView([aHistory({ polls: [[0, aJob()]] })]),
  ) =>
    renderSummary(view, undefined, aPolicy(policy), { ...context, ...but })
      .trimEnd()
      .split('\n')
      .at(-1)

  it('names the job, its collection, how long the gate waited, and the service', () => {
    expect(line({ endpoint: 'milvus.example' })).toBe(
      '<sub>Job <code>453761313698322011</code>, collection <code>docs</code>. Waited 5 min 5 s &#40;timeout 1 h&#41;, 1 poll of <code>milvus.example</code>. 2026-11-23 06:17:56 UTC</sub>',
    )
  })

  it('counts several jobs', () => {
    const jobs = ['a', 'b'].map((jobId) => aHistory({ jobId, polls: [[0, aJob()]] }))
    expect(line({}, {}, aView(jobs))).toBe(
      '<sub>2 jobs. Waited 5 min 5 s &#40;timeout 1 h&#41;, 2 polls of the service. 2026-11-23 06:17:56 UTC</sub>',
    )
  })

  it('counts the requests that failed, where some did', () => {
    const asked = [{ path: '/x', outcomes: { answered: 1200, 'http-503': 2 } }]
    expect(line({ asked })).toContain(' 2 of 1,202 requests failed. ')
  })

  it('counts from the start', () => {
    const view = { ...aView([aHistory({ polls: [[101_000, aJob()]] })]), startedAtMs: 100_000 }
    expect(line({}, {}, view)).toMatch(/ Waited 3 min 25 s &#40;timeout 1 h&#41;/)
  })

  it('says what was polled for where no job has been found', () => {
    const discovery = newDiscovery({ kind: 'discovered', collectionName: 'docs', since: undefined }, {}, 0)
    expect(line({ endpoint: 'milvus.example' }, {}, { ...aView([]), discovery })).toBe(
      '<sub>Collection <code>docs</code>. Waited 5 min 5 s &#40;timeout 1 h&#41;, searched in <code>milvus.example</code>. 2026-11-23 06:17:56 UTC</sub>',
    )
    expect(line({}, {}, aView([]))).toBe('<sub>2026-11-23 06:17:56 UTC</sub>')
  })
})

describe('while the gate runs', () => {
  const start = (view: View) => renderSummary(view, undefined, aPolicy(), context).split('\n').slice(0, 3)
  const running = aHistory({ jobId: '11', polls: [[0, aJob()]] })
  const discovery = newDiscovery({ kind: 'discovered', collectionName: 'docs', since: undefined }, {}, 0)
  const KILLED = 'If the step has ended, it was killed, and this is the last state that it saw.'
  const MAY = ' The import may continue at the service.'
  const HEADING = 'Import running&#58; Importing, 45%, 6,000 of 36,000 rows'

  it.each<[string, View, string, string]>([
    ['one job', aView([running]), HEADING, MAY],
    ['one job that was discovered', { ...aView([running]), discovery }, HEADING, MAY],
    [
      'several jobs',
      aView([running, { ...running, jobId: '12' }]),
      '2 imports running',
      ' The imports may continue at the service.',
    ],
    ['a job that never answered', aView([aHistory({})]), 'Import running&#58; Unknown', ''],
    ['no job yet', { ...aView([]), discovery }, 'Searching for the import jobs of collection docs', ''],
    ['nothing', aView([]), 'Starting', ''],
  ])('says what it waits for: %s', (_, view, heading, continues) => {
    expect(start(view)).toEqual([`### ⏳ ${heading}`, '', `${KILLED}${continues}`])
  })

  it('says what holds up a job', () => {
    const polls = [0, 3_600_000].map((atMs) => [atMs, aJob({ progress: 80 })] as const)
    expect(start(aView([running, aHistory({ jobId: '12', polls })]))[2]).toMatch(
      /^&#126;index&#58; usually the index build waits for a free node/,
    )
  })

  it('says when it was written and what a killed step leaves behind', () => {
    const summary = renderSummary(aView([aHistory({ polls: [[0, aJob()]] })]), undefined, aPolicy(), context)
    expect(summary).toContain('it was killed')
    expect(summary).toContain('2026-11-23 06:17:56 UTC</sub>')
  })
})

describe('where the time went', () => {
  const steady = pollsAlong([
    [0, 'pending', 0],
    [10_000, 'importing', 10],
    [40_000, 'importing', 40],
    [100_000, 'importing', 70],
  ])
  const rendered = (jobs: readonly History[], but: Partial<SummaryContext> = {}) =>
    renderSummary(aView(jobs, 120_000), undefined, aPolicy(), { ...context, ...but })

  it('names the slowest phase of a job, and when there was no response', () => {
    const outage = { kind: 'outage', error: aTrouble() } as const
    const silent = aHistory({ polls: [...steady, [104_000, outage]] })
    const back = aHistory({ polls: [...steady, [104_000, outage], [108_000, aJob({ progress: 71 })]] })
    expect(rendered([aHistory({ polls: steady })])).toContain('Slowest phase&#58; import, &#126;1 min of 2 min.')
    expect(rendered([silent])).toContain('No usable response for 16 s.')
    expect(rendered([back])).toContain('No usable response for 4 s.')
    expect(rendered([aHistory({ polls: steady })])).not.toContain('usable response')
  })

  it('lists the phases, but not after a few seconds, nor a single phase', () => {
    const brief = pollsAlong([
      [111_000, 'pending', 0],
      [113_000, 'importing', 40],
    ])
    const short = pollsAlong([[90_000, 'pending', 0]])
    expect(rendered([aHistory({ polls: steady })])).toContain(
      'Progress: pending 10 s, pre-import &#126;30 s, import &#126;1 min, sort or index &#126;20 s.',
    )
    for (const polls of [brief, short]) expect(rendered([aHistory({ polls })])).not.toContain('Progress:')
  })

  it('lists the 25 jobs that took longest, folded', () => {
    const jobs = Array.from({ length: 100 }, (_, i) =>
      aHistory({ jobId: `job-${i}`, polls: [...steady, [110_000 + i, aCompletedJob()]] }),
    )
    const [, section = ''] = rendered(jobs).split('<summary>Phases of the 25 longest jobs</summary>')
    expect(section.match(/<code>job-\d+<\/code><\/td><td align="right">10/g)).toHaveLength(25)
    expect(section.indexOf('job-99<')).toBeLessThan(section.indexOf('job-75<'))
    expect(section).not.toContain('job-74<')
  })
})

describe('the time a job took', () => {
  const took = (polls: Parameters<typeof aHistory>[0]['polls']) => {
    const view = aView([aHistory({ jobId: 'this', polls: polls ?? [] }), aHistory({ jobId: 'other' })])
    const text = renderSummary(view, undefined, aPolicy(), context)
    const records = recordsOf(text.slice(0, text.indexOf('</table>')))
    return records.find(({ Job }) => Job === '<code>this</code>')?.['Duration']
  }

  it.each([
    ["by the service's clock", [[0, aCompletedJob({ files: [] })]] as const, '5 min 5 s'],
    [
      'at least what was seen of it',
      [
        [0, aJob()],
        [60_000, aCompletedJob({ createTime: undefined, files: [] })],
      ] as const,
      '≥ 1 min',
    ],
    [
      'at least what was seen of it where it began after its end by that clock',
      [
        [0, aJob()],
        [60_000, aCompletedJob({ createTime: '2026-11-23T06:17:56Z', files: [] })],
      ] as const,
      '≥ 1 min',
    ],
    ['at once', [[0, aCompletedJob({ createTime: '2026-11-23T06:17:55Z', files: [] })]] as const, '0 s'],
    ['not before an answer', [] as const, undefined],
    ['not of less than a second', [[304_001, aJob()]] as const, undefined],
    ['of a second', [[304_000, aJob()]] as const, '≥ 1 s'],
    [
      'up to the failure',
      [
        [5000, aJob()],
        [8000, aFailedJob()],
      ] as const,
      '≥ 3 s',
    ],
    ['up to now where it goes on', [[5000, aJob()]] as const, '≥ 5 min'],
  ])('is reported %s', (_, polls, text) => {
    expect(took(polls)).toBe(text)
  })
})
