import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { removeRunnerFolders } from '../runner/runner.ts'
import { json, type Reply } from '../simulator/faults.ts'
import type { JobScript } from '../simulator/script.ts'
import { type ServiceScript, type Simulator, startSimulator } from '../simulator/server.ts'
import { actionAfter, aMilvus, anImport, API_KEY, COMPLETED, type Gated, HALFWAY, runGate } from '../support/gating.ts'
import { render, type Rendered } from '../support/github-markdown.ts'
import { HOSTILE, hostileFrom, KIND, type Words, wordsFrom } from '../support/hostile-texts.ts'
import { expectNothingSmuggled } from './nothing-smuggled.ts'
import { cases, IS_SOAK, timeFor } from '../support/soak.ts'

/** Where nobody has any business. */
let elsewhere: Simulator
/** What runs leave behind where the service is kind. */
let kindFailure: Rendered
let kindStates: Rendered
let kindList: Rendered

beforeAll(async () => {
  elsewhere = await startSimulator(aMilvus([anImport(COMPLETED)]))
  const runs = await Promise.all([
    runWith([failedImport(KIND)]),
    runWith(strangeImports(KIND)),
    runWithList(MILVUS, listing(KIND)),
  ])
  ;[kindFailure, kindStates, kindList] = [
    render(runs[0].summary.text),
    render(runs[1].summary.text),
    render(runs[2].summary.text),
  ]
}, 30_000)

afterAll(async () => {
  expect(elsewhere.requests).toEqual([])
  await elsewhere.close()
  removeRunnerFolders()
})

const FILES = 150

/** So that the summary never has to tell how long it watched, which no two runs agree upon. */
const TIMES = { createTime: '2026-11-23T06:12:50Z', completeTime: '2026-11-23T06:17:55Z' }

/** A failed import, every text of which is the service's. */
function failedImport(words: Words): JobScript {
  const details = Array.from({ length: FILES }, (_, n) => ({
    fileName: words(3 * n),
    state: n % 2 === 0 ? 'Failed' : words(3 * n + 1),
    completeTime: words(n),
    reason: words(3 * n + 2),
    progress: 1,
    importedRows: 1,
    totalRows: 2,
    fileSize: 3,
  }))
  const data = {
    state: 'Failed',
    reason: words(1),
    collectionName: words(2),
    progress: 1,
    details,
    ...TIMES,
  }
  return anImport([{ reply: json({ code: 0, data }) }])
}

/** A gate of one poll asks about each by itself. */
const JOBS = 21

/** Several imports, each in a state that nobody has heard of. */
function strangeImports(words: Words): readonly JobScript[] {
  return Array.from({ length: JOBS }, (_, n) => {
    const data = {
      state: words(n),
      reason: words(n + JOBS),
      collectionName: words(n + 2 * JOBS),
      progress: n,
      ...TIMES,
    }
    return anImport([{ reply: json({ code: 0, data }) }], { jobId: String(n + 1) })
  })
}

/** As many imports, each with another answer. */
function importsWith(reply: (text: string, n: number) => Reply, words: Words): readonly JobScript[] {
  return Array.from({ length: JOBS }, (_, n) => anImport([{ reply: reply(words(n), n) }], { jobId: String(n + 1) }))
}

function headersOnly(status: number, headers: Readonly<Record<string, string>>): Reply {
  return { kind: 'raw', status, headers, chunks: [] }
}

/** What of a text a header can carry. */
function inHeader(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, '')
}

/** So many that the service is asked for a list of them; two such lists hold the whole corpus. */
const LISTED = Math.ceil(HOSTILE.length / 2)

/** Both answer alike, but that a list of Zilliz Cloud has pages. */
interface Dialect {
  readonly isPaged: boolean
  readonly inputs: Readonly<Record<string, string>>
}
const MILVUS: Dialect = { isPaged: false, inputs: {} }
const ZILLIZ: Dialect = { isPaged: true, inputs: { 'cluster-id': 'in01-0a1b2c3d4e5f678' } }

/** The answer to a request for the list of all jobs; `isPaged` as the service does it. */
type Listing = (isPaged: boolean) => Reply

/** A list of the jobs, in states that somebody has heard of and others, and of jobs that are nobody's. */
function listing(words: Words): Listing {
  const foreign = HOSTILE.map((_, n) => ({
    jobId: words(n),
    state: 'Completed',
    collectionName: words(n + 1),
    progress: 100,
    reason: words(n + 2),
  }))
  const ours = Array.from({ length: LISTED }, (_, n) => ({
    ...listedJob(n, words),
    collectionName: words(n + LISTED),
    reason: words(n + 2 * LISTED),
  }))
  const records = [...foreign, { ...ours[0], jobId: '__proto__' }, ...ours]
  return (isPaged) => {
    const page = isPaged ? { count: records.length, currentPage: 1, pageSize: 1_000 } : {}
    return json({ code: 0, message: words(LISTED), data: { ...page, records } })
  }
}

/** What a list and an answer about the job itself agree upon. A state that nobody has heard of is asked about. */
function listedJob(n: number, words: Words) {
  return { jobId: String(n + 1), state: n % 6 === 0 ? words(n) : 'Importing', progress: n }
}

/** Runs a gate for as long as it takes to ask for a list at the beginning and another one at the end. */
async function runWithList(
  { isPaged, inputs }: Dialect,
  list: Listing,
  words: Words = KIND,
  jobCount = LISTED,
): Promise<Gated> {
  const jobs = Array.from({ length: jobCount }, (_, n) => anImport(HALFWAY, { jobId: String(n + 1) }))
  const gateway: ServiceScript['gateway'] = ({ path, body }) => {
    if (path.endsWith('/list')) return list(isPaged)
    const { jobId } = JSON.parse(body) as { readonly jobId: string }
    const n = Number(jobId) - 1
    return json({ code: 0, data: { ...listedJob(n, words), collectionName: words(n + 3 * LISTED), ...TIMES } })
  }
  return runGate(aMilvus(jobs, { gateway }), { inputs: { timeout: '3s', ...inputs } })
}

/** Of these names only a list knows. */
function expectListRead(run: Gated): void {
  expect(run.requests.filter(({ path }) => path.endsWith('/list')).length).toBeGreaterThan(1)
  const ofList = Array.from({ length: LISTED }, (_, n) => `w${n + LISTED}`)
  expect(ofList.filter((word) => run.outputs['collectionName']?.includes(word))).not.toEqual([])
}

const once = { timeout: '0' }

async function runWith(jobs: readonly JobScript[]): Promise<Gated> {
  return runGate(aMilvus(jobs), { inputs: once })
}

/** The elements of a summary but for the bare ones that keep characters apart. */
function shapeOf({ elements }: Rendered): readonly string[] {
  return elements.filter((element) => element !== '<span>')
}

function expectShapeOf(kind: Rendered, run: Gated): void {
  expect(shapeOf(render(run.summary.text))).toEqual(shapeOf(kind))
}

describe('text of the service', () => {
  it.concurrent(
    'stays text in a failed import',
    async () => {
      const run = await runWith([failedImport(wordsFrom(HOSTILE))])
      expectNothingSmuggled(run, 'failed')
      expect(run.outputs).toMatchObject({ state: 'Failed', fileCount: String(FILES) })
      expectShapeOf(kindFailure, run)
    },
    30_000,
  )

  it.concurrent(
    'stays text in a state',
    async () => {
      const run = await runWith(strangeImports(wordsFrom(HOSTILE)))
      expectNothingSmuggled(run, 'timed-out')
      expectShapeOf(kindStates, run)
    },
    30_000,
  )

  it.concurrent.each([
    ['a refusal', 'rejected', 0, (text: string) => json({ code: 1100, message: text })],
    ['an error that passes', 'unreachable', 9, (text: string) => json({ code: 1, message: text })],
    [
      'an unknown job',
      'not-found',
      18,
      (text: string) => json({ code: 2101, message: `import job does not exist ${text}` }),
    ],
    [
      'an answer with odd times',
      'timed-out',
      27,
      (text: string) => json({ code: 0, data: { state: 'Importing', createTime: text, completeTime: text } }),
    ],
    ['another job', 'unreachable', 36, (text: string) => json({ code: 0, data: { state: 'Completed', jobId: text } })],
    ['an answer without a state', 'unreachable', 45, (text: string) => json({ code: 0, data: {}, message: text })],
    ['a redirect', 'rejected', 20, (text: string) => headersOnly(302, { Location: `https://${inHeader(text)}` })],
    ['a wish to wait', 'unreachable', 30, (text: string) => headersOnly(429, { 'Retry-After': inHeader(text) })],
    ['a page', 'unreachable', 54, (text: string) => ({ kind: 'raw', status: 200, chunks: [text] }) as const],
  ])(
    'stays text in %s',
    async (_, conclusion, first, reply) => {
      const run = await runWith(importsWith(reply, wordsFrom(hostileFrom(first))))
      expectNothingSmuggled(run, conclusion)
    },
    30_000,
  )

  it.concurrent.each([
    ['Milvus', 0, MILVUS],
    ['Milvus', LISTED, MILVUS],
    ['Zilliz Cloud', 0, ZILLIZ],
    ['Zilliz Cloud', LISTED, ZILLIZ],
  ])(
    'stays text in a list of %s, from %d on',
    async (_, first, dialect) => {
      const words = wordsFrom(hostileFrom(first))
      const run = await runWithList(dialect, listing(words), words)
      expectNothingSmuggled(run, 'timed-out')
      expectListRead(run)
      expectShapeOf(kindList, run)
    },
    30_000,
  )

  it.concurrent.each([
    ['that refuses', MILVUS, 1100, 200, {}],
    ['that is not to be had', ZILLIZ, 10000, 500, {}],
    ['that is to be asked for later', MILVUS, 1807, 429, { 'Retry-After': '1' }],
    ...(IS_SOAK
      ? ([
          ['that refuses', ZILLIZ, 80002, 200, {}],
          ['that is not to be had', MILVUS, 1, 200, {}],
          ['that is to be asked for later', ZILLIZ, 1807, 429, { 'Retry-After': '1' }],
        ] as const)
      : []),
  ] as const)(
    'stays text in the answer of a list %s',
    async (_, dialect, code, status, headers) => {
      const words = wordsFrom(HOSTILE)
      const message = Array.from({ length: HOSTILE.length }, (_, n) => words(n)).join(' ')
      const run = await runWithList(dialect, () => json({ code, message }, status, headers), words, 8)
      expectNothingSmuggled(run, 'timed-out')
    },
    30_000,
  )

  it.concurrent(
    'is not followed elsewhere',
    async () => {
      const headers = { Location: `${elsewhere.url}/?key=${encodeURIComponent(API_KEY)}` }
      const run = await runWith([anImport([{ reply: { kind: 'raw', status: 307, headers, chunks: [] } }])])
      expectNothingSmuggled(run, 'rejected')
      expect(run.outputs['reason']).toContain(
        `redirects (HTTP 307) to ${elsewhere.url}. The gate does not send the key`,
      )
    },
    30_000,
  )

  it(
    'stays text, whatever it is',
    async () => {
      const fragments = fc.oneof(
        fc.constantFrom(...HOSTILE.filter((text) => text.length < 60)),
        fc.constantFrom(...'##[ :: ] \r \n < > & | ` @a #1 $ :a: [ ]( ! \\ * \u200b \ud800'.split(' ')),
        fc.uint16Array({ maxLength: 12 }).map((units) => String.fromCharCode(...units)),
      )
      const texts = fc.array(
        fc.array(fragments, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
        { minLength: 100, maxLength: 100 },
      )
      await fc.assert(
        fc.asyncProperty(texts, async (hostile) => {
          const words = wordsFrom(hostile)
          const [files, jobs, ...lists] = await Promise.all([
            runWith([failedImport(words)]),
            runWith(strangeImports(words)),
            runWithList(MILVUS, listing(words), words),
            runWithList(ZILLIZ, listing(words), words),
          ])
          expectNothingSmuggled(files, 'failed')
          expectShapeOf(kindFailure, files)
          expectNothingSmuggled(jobs, 'timed-out')
          expectShapeOf(kindStates, jobs)
          for (const list of lists) {
            expectNothingSmuggled(list, 'timed-out')
            expectListRead(list)
            expectShapeOf(kindList, list)
          }
        }),
        { ...cases(1), endOnFailure: true },
      )
    },
    timeFor(60_000),
  )
})

describe('an error that nobody caught', () => {
  it('ends the gate as a bug, and what it quotes stays text', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'injection-'))
    const thrown = JSON.stringify(`broken by ${API_KEY}\n::add-mask::e ##[add-mask]e <b>@octocat`)
    const hanging = anImport([{ reply: { kind: 'hang', when: 'before-headers' } }])
    const action = actionAfter(`setTimeout(() => { throw new Error(${thrown}) }, 700)`, folder)
    const run = await runGate(aMilvus([hanging]), action)
    rmSync(folder, { recursive: true })
    expectNothingSmuggled(run, 'internal-error')
    expect(run.outputs['reason']).toMatch(
      /^Internal error of the gate: broken by \*{3} ⏎ ::add-mask::e ## \[add-mask\]e/,
    )
  }, 30_000)
})

describe('the id of a job', () => {
  it.concurrent.each(['##[add-mask]e', '</code>@octocat'])(
    'is no way in either: %s',
    async (id) => {
      const run = await runGate(aMilvus([]), { inputs: { ...once, 'job-id': id } })
      expectNothingSmuggled(run, 'invalid-input')
    },
    30_000,
  )
})

describe('the renderer of these tests', () => {
  it.each([
    ['@octocat', ['@octocat']],
    ['see &#35;1', ['#1']],
    ['a &#58;tada&#58; b', [':tada:']],
    ['costs $5 or 6$', ['$5 or 6$']],
    ['<code>@octocat #1 :a:</code>', []],
    ['<span>&#64;</span>octocat', []],
  ])('finds in %j what GitHub would', (markdown, finds) => {
    expect(render(markdown).finds).toEqual(finds)
  })

  it('sees links, images and raw HTML', () => {
    const { elements } = render('![i](a) https://x.example <b id="c">d</b>\n<!-- e -->')
    expect(elements).toEqual([
      '<p>',
      '<img src="a" alt="i" />',
      '<a href="https://x.example">',
      '<b id="c">',
      '<!-- e -->',
    ])
  })
})
