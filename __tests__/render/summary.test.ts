import { describe, expect, it } from '@jest/globals'
import { MAX_SUMMARY_BYTES, renderSummary } from '../../src/render/summary.ts'
import type { HttpsUrl } from '../../src/render/markdown.ts'
import type { SummaryContext } from '../../src/render/summary.ts'
import type { Conclusion } from '../../src/watch/conclusion.ts'
import type { History } from '../../src/watch/history.ts'
import type { FileProgress } from '../../src/watch/import-job.ts'
import {
  aCompletedJob,
  aFailedJob,
  aHistory,
  aJob,
  aPolicy,
  aTrouble,
  aView,
  files,
  looksAlong,
} from '../support/builders.ts'

const FAILED: Conclusion = { kind: 'failed', passes: false, jobs: [0] }
const context = { writtenAt: new Date('2026-11-23T06:17:56Z') }

const summaryOf = (all: readonly FileProgress[], conclusion: Conclusion = FAILED) =>
  renderSummary(aView([aHistory({ looks: [[0, aFailedJob({ files: all })]] })]), conclusion, aPolicy(), context)
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
  const badge = (readme?: HttpsUrl) =>
    renderSummary(aView([]), { kind: 'timed-out', passes: false, jobs: [] }, aPolicy(), { ...context, readme }).match(
      /<\/b> (.*)$/m,
    )?.[1]

  it('leads to its explanation, where the README is known', () => {
    expect(badge('https://github.com/o/r/blob/v1/README.md')).toBe(
      '<a href="https://github.com/o/r/blob/v1/README.md#mig-045"><kbd>MIG-045</kbd></a>',
    )
    expect(badge()).toBe('<kbd>MIG-045</kbd>')
  })
})

describe('the file to blame', () => {
  const summary = (reason: string) => {
    const all = files(3, { phase: 'failed', label: 'Failed', reason })
    const view = aView([aHistory({ looks: [[0, aFailedJob({ files: all, reason })]] })])
    return rowsWith('.parquet', renderSummary(view, FAILED, aPolicy(), context))
  }

  it('is the first of many that failed, and marked', () => {
    const rows = summary("failed to get file size of 'export/part-02.parquet', error:The specified key does not exist.")
    expect(rows.map((row) => /part-\d+/.exec(row)?.[0])).toEqual(['part-02', 'part-01', 'part-03'])
    expect(rows.map((row) => row.includes('👈 the reason above is about this one'))).toEqual([true, false, false])
  })

  it('is none where the reason names none, and the reason is not said again for each', () => {
    const rows = summary('torn page')
    expect(rows.map((row) => /part-\d+/.exec(row)?.[0])).toEqual(['part-01', 'part-02', 'part-03'])
    expect(rows.join('')).not.toMatch(/👈|torn page/)
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

  it('tells everything while it fits', () => {
    const summary = summaryOf(withFailures(1024, 3, 2000))
    expect(rowsWith('.parquet', summary)).toHaveLength(1024)
    expect(summary).toContain('é'.repeat(1000))
  })

  it('shortens reasons before it folds anything', () => {
    const summary = summaryOf(withFailures(1500, 700, 2000))
    expect(summary).not.toContain('é'.repeat(1000))
    expect(rowsWith('.parquet', summary)).toHaveLength(1500)
  })

  it('folds completed files into one row before it leaves out a failed one', () => {
    const summary = summaryOf(withFailures(10_000, 1000, 2000))
    expect(rowsWith('❌ Failed', summary)).toHaveLength(1001)
    expect(rowsWith('✅', summary)).toHaveLength(0)
    expect(summary).toContain('<tr><td colspan="7">✅ 9,000 completed files: see the report file</td></tr>')
  })

  it('says how many failed files are only in the report file', () => {
    const summary = summaryOf(withFailures(10_000, 10_000, 2000))
    const listed = rowsWith('❌ Failed', summary).length - 1
    expect(listed).toBeGreaterThan(1500)
    const left = (10_000 - listed).toLocaleString('en')
    expect(summary).toContain(`… and ${left} more files, ${left} of them failed: see the report file`)
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
      aHistory({ jobId: `job-${i}`, looks: [[0, aCompletedJob({ files: files(20) })]] }),
    ),
    aHistory({ jobId: 'job-999', looks: [[0, aFailedJob({ reason: 'torn' })]] }),
  ]
  const summary = renderSummary(aView(jobs), { kind: 'failed', passes: false, jobs: [999] }, aPolicy(), context)

  it('stay within the million bytes, what failed first', () => {
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(rowsWith('<code>job-', summary)[0]).toContain('job-999')
    expect(summary).toContain('✅ 999 completed jobs: see the report file')
  })

  it('stay within it where all of them failed, each with many files', () => {
    const half = [...files(20), ...files(20, { phase: 'failed', reason: 'x'.repeat(2000) })]
    const all = Array.from({ length: 1000 }, (_, i) =>
      aHistory({ jobId: `job-${i}`, looks: [[0, aFailedJob({ reason: 'y'.repeat(2000), files: half })]] }),
    )
    const text = renderSummary(aView(all), FAILED, aPolicy(), context)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_SUMMARY_BYTES)
    expect(rowsWith('<code>job-', text)).toHaveLength(1000)
    expect(text).toMatch(/<p>The files of \d+ more jobs are in the report file\.<\/p>/)
  })

  it('show the reason of each that failed, but for the one above', () => {
    const failed = (jobId: string, reason: string, all: readonly FileProgress[] = []) =>
      aHistory({ jobId, looks: [[0, aFailedJob({ reason, files: all })]] })
    const summaryOfBoth = (all?: readonly FileProgress[]) =>
      renderSummary(aView([failed('a', 'torn', all), failed('b', 'torn')]), FAILED, aPolicy(), context)
    const section = '<summary>Job <code>b</code>: no files listed</summary>\n<p>Reason: <code>torn</code></p>'
    expect(summaryOfBoth()).toContain(`<details open>\n${section}`)
    expect(summaryOfBoth()).not.toContain('<summary>Job <code>a</code>')
    expect(summaryOfBoth(files(1))).toContain('<summary>Job <code>a</code>: 1 file</summary>\n<table>')
  })

  it('show what is wrong with those that have no state', () => {
    const lost = aHistory({ jobId: 'lost', looks: [[0, { kind: 'outage', trouble: aTrouble() }]] })
    const forgotten = aHistory({
      jobId: 'gone',
      looks: [
        [0, aJob()],
        [1, { kind: 'unknown-job', trouble: aTrouble({ what: 'Never heard.' }) }],
      ],
    })
    const refused = aHistory({
      jobId: 'refused',
      looks: [[0, { kind: 'refused', trouble: aTrouble({ what: 'No.' }) }]],
    })
    const text = renderSummary(aView([lost, forgotten, refused]), undefined, aPolicy(), context)
    for (const told of [
      '❔ Unknown',
      '❓ gone, was Importing',
      '⛔ refused',
      'Never heard.',
      '<p>No.</p>',
      'HTTP 503',
    ]) {
      expect(text).toContain(told)
    }
  })
})

describe('while the gate runs', () => {
  it('says when it was written and what a killed step leaves behind', () => {
    const summary = renderSummary(aView([aHistory({ looks: [[0, aJob()]] })]), undefined, aPolicy(), context)
    expect(summary).toContain('[!NOTE]')
    expect(summary).toContain('it was killed')
    expect(summary).toContain('Written 2026-11-23 06:17:56 UTC.')
  })
})

describe('where the time went', () => {
  const steady = looksAlong([
    [0, 'pending', 0],
    [10_000, 'importing', 10],
    [40_000, 'importing', 40],
    [100_000, 'importing', 70],
  ])
  const rendered = (jobs: readonly History[], but: Partial<SummaryContext> = {}) =>
    renderSummary(aView(jobs, 120_000), undefined, aPolicy(), { ...context, ...but })

  it('comes after the files where one failed, and before them else', () => {
    const order = (all: readonly FileProgress[]) => {
      const text = rendered([aHistory({ looks: [...steady, [110_000, aJob({ files: all })]] })])
      return text.indexOf('Where the time went') < text.indexOf('part-01.parquet')
    }
    expect(order(files(2))).toBe(true)
    expect(order(files(2, { phase: 'failed' }))).toBe(false)
  })

  it('names the slowest stage of a job', () => {
    expect(rendered([aHistory({ looks: steady })])).toContain('Slowest: <b>import</b>, &#126; 1 min, 50 % of the time.')
  })

  it('tells for how long the service gave no usable answer, which counts as time in some stage', () => {
    const outage = { kind: 'outage', trouble: aTrouble() } as const
    const silent = aHistory({ looks: [...steady, [104_000, outage]] })
    const back = aHistory({ looks: [...steady, [104_000, outage], [108_000, aJob({ progress: 71 })]] })
    expect(rendered([silent])).toContain('For 16 s of it the service gave no usable answer.')
    expect(rendered([back])).toContain('For 4 s of it the service gave no usable answer.')
    expect(rendered([aHistory({ looks: steady }), silent])).toContain('For 16 s of it')
    expect(rendered([aHistory({ looks: steady })])).not.toContain('usable answer')
  })

  it('is not worth a word after a few seconds, nor where the one stage is short', () => {
    const brief = looksAlong([
      [111_000, 'pending', 0],
      [113_000, 'importing', 40],
    ])
    const short = looksAlong([[90_000, 'pending', 0]])
    for (const looks of [brief, short]) expect(rendered([aHistory({ looks })])).not.toContain('Where the time went')
  })

  it('is told of the 25 jobs that took longest', () => {
    const jobs = Array.from({ length: 100 }, (_, i) =>
      aHistory({ jobId: `job-${i}`, looks: [...steady, [110_000 + i, aCompletedJob()]] }),
    )
    const [, section = ''] = rendered(jobs).split('Where the time went')
    expect(section).toContain('The 25 longest of 100 jobs.')
    expect(section.match(/<code>job-\d+<\/code><\/td><td align="right">10/g)).toHaveLength(25)
    expect(section.indexOf('job-99<')).toBeLessThan(section.indexOf('job-75<'))
    expect(section.split('</table>')[0]).not.toContain('job-74<')
  })

  it('is followed by what was asked, and how often', () => {
    const asked = [
      { path: '/v2/vectordb/jobs/import/list', outcomes: { listed: 1 } },
      { path: '/v2/vectordb/jobs/import/describe', outcomes: { 'http-503': 2, answered: 1200 } },
    ]
    expect(rendered([aHistory({ looks: steady })], { asked })).toContain(
      'Asked /v2/vectordb/jobs/import/list once &#40;1 listed&#41;, ' +
        '/v2/vectordb/jobs/import/describe 1,202 times &#40;1,200 answered, 2 http-503&#41;. Written',
    )
  })
})

describe('the time a job took', () => {
  const took = (looks: Parameters<typeof aHistory>[0]['looks']) => {
    const text = renderSummary(aView([aHistory({ looks: looks ?? [] })]), undefined, aPolicy(), context)
    return /<td align="right">([^<]*)<\/td><\/tr>/.exec(text)?.[1]?.replaceAll('\u00a0', ' ')
  }

  it.each([
    ["by the service's clock", [[0, aCompletedJob({ files: [] })]] as const, '5 min 05 s'],
    [
      'at least what was seen of it',
      [
        [0, aJob()],
        [60_000, aCompletedJob({ createTime: undefined, files: [] })],
      ] as const,
      '≥ 1 min',
    ],
    ['up to now where it goes on', [[5000, aJob()]] as const, '≥ 5 min'],
  ])('is told %s', (_, looks, text) => {
    expect(took(looks)).toBe(text)
  })
})
