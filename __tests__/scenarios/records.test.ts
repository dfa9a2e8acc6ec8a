import { once } from 'node:events'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders, runAction } from '../runner/runner.ts'
import { json, text } from '../simulator/faults.ts'
import { fileSeries } from '../simulator/scenarios.ts'
import { actionAfter, aMilvus, anImport, API_KEY, COMPLETED, HALFWAY, JOB_ID, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

const LARGEST_JSON_BYTES = 64 * 1024

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'records-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

const completed = aMilvus([anImport(COMPLETED)])
const onePoll = { timeout: '0' }

function listIn(output: string | undefined): readonly Readonly<Record<string, unknown>>[] {
  return JSON.parse(output ?? '') as readonly Readonly<Record<string, unknown>>[]
}

describe('the outputs', () => {
  it.concurrent('tell of every file what the service tells, failed files first', async () => {
    const failure = {
      phase: 'Failed',
      within: [0.9, 0.9],
      reason: 'disk quota exceeded',
      failedFiles: ['b.parquet'],
    } as const
    const files = ['a', 'b', 'c'].map((name) => ({ path: `${name}.parquet`, rows: 1000, sizeBytes: 4_000_000 }))
    const run = await runGate(aMilvus([anImport([{ phase: 'Importing', lasts: 0 }, failure], { files })]), {
      inputs: onePoll,
    })
    expect(expectSoundRun(run)).toBe('failed')
    const details = listIn(run.outputs['details'])
    expect(details.map(({ fileName, state }) => [fileName, state])).toEqual([
      ['b.parquet', 'Failed'],
      ['a.parquet', 'Completed'],
      ['c.parquet', 'InProgress'],
    ])
    expect(details[0]).toMatchObject({
      jobId: JOB_ID,
      fileSize: 4_000_000,
      totalRows: 1000,
      reason: 'disk quota exceeded',
    })
    expect(run.outputs).toMatchObject({ failedFileCount: '1', fileCount: '3', fileSize: '12000000' })
  })

  it.concurrent('sum several jobs up, and tell the state that wants attention most', async () => {
    const jobs = [
      anImport(COMPLETED, { jobId: '1' }),
      anImport([{ reply: json({ code: 0, data: { jobId: '2', state: 'Pending', progress: 9 } }) }], { jobId: '2' }),
      anImport(HALFWAY, { jobId: '3', collectionName: 'reviews' }),
    ]
    const run = await runGate(aMilvus(jobs), { inputs: { ...onePoll, 'job-id': '["3", "1", "2", "1"]' } })
    expect(expectSoundRun(run)).toBe('timed-out')
    expect(run.outputs).toMatchObject({
      state: 'Pending',
      jobId: '3,1,2',
      collectionName: 'reviews,products',
      progress: '54',
      importedRows: '4500',
      totalRows: '6000',
      fileCount: '6',
    })
    expect(run.outputs['completeTime']).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/)
    expect(listIn(run.outputs['jobs']).map(({ jobId, state, progress }) => [jobId, state, progress])).toEqual([
      ['3', 'Importing', 55],
      ['1', 'Completed', 100],
      ['2', 'Pending', 9],
    ])
  })

  it.concurrent('leave to the report what is too much for them', async () => {
    const files = fileSeries({ count: 1024, path: 'export/2026/part-{n}.parquet', rows: 10, sizeBytes: 4096 })
    const run = await runGate(aMilvus([anImport(COMPLETED, { files })]), { inputs: onePoll })
    expect(expectSoundRun(run)).toBe('completed')
    const { details = '', fileCount } = run.outputs
    expect(Buffer.byteLength(details)).toBeLessThanOrEqual(LARGEST_JSON_BYTES)
    expect(Buffer.byteLength(details)).toBeGreaterThan(LARGEST_JSON_BYTES - 1024)
    expect(listIn(details)[0]).toMatchObject({ fileName: 'export/2026/part-0.parquet' })
    expect(fileCount).toBe('1024')
    const { jobs } = run.report as { jobs: readonly { details: readonly unknown[] }[] }
    expect(jobs[0]?.details).toHaveLength(1024)
    expect(run.summary.text).toContain('part-1023.parquet')
  })
})

describe('the report', () => {
  it.concurrent('tells the inputs, the jobs, their course and what was asked, and no secret', async () => {
    const busy = text(503, 'Service Unavailable')
    const service = aMilvus([
      anImport([
        { phase: 'Importing', within: [0.5, 0.5], lasts: 1 },
        { reply: busy, lasts: 1 },
        { phase: 'Completed' },
      ]),
    ])
    const run = await runGate(service, {
      inputs: { 'poll-interval': '1s', headers: 'X-Access: t0ken-of-the-proxy', 'expected-rows': '>=3000' },
    })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.report).toMatchObject({
      action: 'milvus-import-gate',
      conclusion: 'completed',
      passes: true,
      inputs: { 'job-id': JOB_ID, timeout: '1h', 'poll-interval': '1s', 'expected-rows': '>=3000' },
      jobs: [
        {
          jobId: JOB_ID,
          collectionName: 'products',
          state: 'Completed',
          polls: 3,
          details: [{ fileName: 'catalog/part-0.parquet' }, {}, {}],
          timeline: [
            { state: 'Importing', progress: 55 },
            { state: 'Completed', progress: 100 },
          ],
        },
      ],
      requests: {
        total: 3,
        byOutcome: { answered: 2, 'http-503': 1 },
        last: [
          { path: '/v2/vectordb/jobs/import/describe', httpStatus: 200, code: 0, outcome: 'answered' },
          { httpStatus: 503, outcome: 'http-503' },
          { outcome: 'answered' },
        ],
      },
    })
    const written = JSON.stringify(run.report)
    for (const secret of [API_KEY, API_KEY.slice(5), 't0ken']) expect(written).not.toContain(secret)
  })

  it.concurrent('lies in a folder of its own below the temporary folder of the runner', async () => {
    const { outputs, runnerTemp } = await runGate(completed, { inputs: onePoll })
    expect(dirname(dirname(outputs['reportPath'] ?? ''))).toBe(runnerTemp)
  })
})

describe('the job summary', () => {
  it.concurrent('is there unless it is unwanted', async () => {
    const wanted = await runGate(completed, { inputs: onePoll })
    expect(wanted.summary.text).toMatch(/^### ✅ Import complete&#58; 3,000 rows in products\n/)
    const unwanted = await runGate(completed, { inputs: { ...onePoll, summary: 'false' } })
    expect(expectSoundRun(unwanted)).toBe('completed')
    expect(unwanted.summary.text).toBe('')
  })
})

/** The action on a machine where variables of the runner are different; undefined stands for one that is missing. */
async function runWith(
  variables: Readonly<Record<string, string | undefined>>,
  inputs: Readonly<Record<string, string>> = onePoll,
) {
  const changes = Object.entries(variables).map(([name, value]) =>
    value === undefined ? `delete process.env.${name}` : `process.env.${name} = ${JSON.stringify(value)}`,
  )
  return runGate(completed, { inputs, ...actionAfter(changes.join('\n'), folder) })
}

describe('a runner file that', () => {
  it.concurrent.each([
    ['is not named', undefined],
    ['has an empty name', ''],
  ])('%s is passed over in silence', async (_, path) => {
    const run = await runWith({ GITHUB_OUTPUT: path, GITHUB_STEP_SUMMARY: path })
    expect(run.exitCode).toBe(0)
    expect([run.outputs, run.summary.text]).toEqual([{}, ''])
    expect(run.log.filter((line) => line.includes('written'))).toEqual([])
  })

  it.concurrent('cannot be written costs one line, once, and nothing else', async () => {
    const path = join(folder, 'no', 'such', 'folder')
    const run = await runWith({ GITHUB_OUTPUT: path, GITHUB_STEP_SUMMARY: path, RUNNER_TEMP: path })
    expect(run.exitCode).toBe(0)
    const texts = run.log.flatMap((line) => /^ *[\d:]+ {2}(.*: ENOENT)/.exec(line)?.[1] ?? [])
    expect(texts).toEqual([
      'There is no report file: ENOENT',
      'The outputs could not be written: ENOENT',
      'The job summary could not be written: ENOENT',
    ])
  })

  it.concurrent('cannot be written does not make a bad end good', async () => {
    const path = join(folder, 'no', 'such', 'folder')
    const run = await runWith({ GITHUB_OUTPUT: path }, { ...onePoll, 'expected-rows': '1' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toHaveLength(1)
  })

  it.concurrent('is a link stays one', async () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')]
    writeFileSync(target, '')
    symlinkSync(target, link)
    const run = await runWith({ GITHUB_OUTPUT: link })
    expect(run.exitCode).toBe(0)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(target, 'utf8')).toMatch(/^state<<ghadelimiter_.*\nCompleted\n/)
  })

  it.concurrent('is a device stays one', async () => {
    const device = join(folder, 'device')
    symlinkSync('/dev/null', device)
    const run = await runWith({ GITHUB_OUTPUT: device, GITHUB_STEP_SUMMARY: device })
    expect(run.exitCode).toBe(0)
    expect(run.log.filter((line) => line.includes('written'))).toEqual([])
    expect(lstatSync(device).isSymbolicLink()).toBe(true)
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

it('leaves nothing of its own beside the files of the runner', async () => {
  const { runnerTemp } = await runGate(completed, { inputs: onePoll })
  const names = readdirSync(join(runnerTemp, '_runner_file_commands'))
  expect(names.filter((name) => name.includes('milvus'))).toEqual([])
})

describe('the log', () => {
  const EXCHANGE = /^[\d:.]{12} POST /

  it.concurrent(
    'shows every exchange with its time, status, code and size where debug logging is on',
    async () => {
      const run = await runGate(completed, { inputs: onePoll, debug: true, env: { NO_COLOR: '1' } })
      const exchanges = run.debugLines.filter((line) => EXCHANGE.test(line))
      expect(exchanges).toHaveLength(run.requests.length)
      expect(exchanges[0]).toMatch(
        new RegExp(
          `POST /v2/vectordb/jobs/import/describe, job ${JOB_ID}: HTTP 200, code 0, [\\d.]+ k?B, [\\d.]+ m?s: answered$`,
        ),
      )
      expect(run.debugLines.join()).not.toContain(API_KEY)
      expect(run.rawStdout).not.toContain('\u001b')
    },
    30_000,
  )

  it.concurrent(
    'folds the details away and ends with the verdict, in colors',
    async () => {
      const run = await runGate(completed, { inputs: onePoll })
      expect(run.groups).toHaveLength(1)
      expect(run.log.filter((line) => line.startsWith('  ✔ Completed'))).toHaveLength(3)
      expect(run.log.at(-2)).toBe('##[endgroup]')
      expect(run.log.at(-1)).toMatch(/^ +0:\d\d {2}Gate passed: /)
      expect(run.log.filter((line) => line.length > 160)).toEqual([])
      expect(run.rawStdout).toContain('\u001b[32mGate passed:\u001b[0m')
      // Not even hidden, where nobody asked for them.
      expect(run.commands.filter(({ name, data }) => name === 'debug' && EXCHANGE.test(data))).toEqual([])
    },
    30_000,
  )

  it.concurrent(
    'holds no warning of Node where a slow service has many questions to answer at a time',
    async () => {
      const jobIds = Array.from({ length: 12 }, (_, n) => `47059273016934400${n}`)
      const waiting: ServerResponse[] = []
      const service = createServer((request, response) => {
        if (request.url?.endsWith('/list')) {
          response.writeHead(404).end()
          return
        }
        waiting.push(response)
        if (waiting.length < jobIds.length) return
        for (const each of waiting) each.end('{"code":0,"data":{"state":"Completed","progress":100,"importedRows":1}}')
      })
      service.listen(0, '127.0.0.1')
      await once(service, 'listening')
      const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
      const run = await runAction({ inputs: { 'job-id': jobIds.join(), endpoint } })
      service.closeAllConnections()
      service.close()
      expect(expectSoundRun(run)).toBe('completed')
      expect(waiting).toHaveLength(jobIds.length)
    },
    30_000,
  )
})
