import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders, runAction } from '../runner/runner.ts'
import type { StoredReply } from '../simulator/fixtures.ts'
import { type Simulator, startSimulator } from '../simulator/server.ts'
import { parseOutputs } from '../simulator/step.ts'
import { casesFor } from './cases.ts'
import { driftOf } from './drift.ts'
import { authorizationOf } from './s3.ts'
import { type StandIn, standInForMilvus } from './stand-in.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'e2e-'))
const replies = join(folder, 'replies')
const API_KEY = 'root:Milvus'
const cases = casesFor({ dialect: 'milvus', version: '3.0' })

interface Ended {
  readonly exitCode: number
  readonly output: string
}

/** Runs a script of this folder as the workflow does. */
function run(script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', './__tests__/support/typescript.mjs', `__tests__/e2e/${script}.ts`, ...args],
      { cwd: root, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
      },
    )
  })
}

function recorded(name: string): StoredReply {
  return JSON.parse(readFileSync(join(replies, `${name}.json`), 'utf8')) as StoredReply
}

describe('the scripts that put a real service to the test', () => {
  let standIn: StandIn
  let service: Simulator
  let env: Readonly<Record<string, string>>
  let jobIds: Readonly<Record<string, string>>
  let started: Ended

  beforeAll(async () => {
    standIn = standInForMilvus(API_KEY)
    service = await startSimulator(standIn.script)
    const outputPath = join(folder, 'outputs')
    env = {
      ENDPOINT: service.url,
      API_KEY,
      MILVUS_VERSION: 'v3.0.2',
      S3_ENDPOINT: service.url,
      GITHUB_OUTPUT: outputPath,
    }
    writeFileSync(outputPath, '')
    started = await run('start-imports', [], env)
    jobIds = Object.fromEntries(parseOutputs(readFileSync(outputPath, 'utf8')))
  })

  afterAll(async () => {
    await service.close()
    removeRunnerFolders()
    rmSync(folder, { recursive: true })
  })

  it('write the files, start an import of each kind and hand its id on', () => {
    expect(started).toMatchObject({ exitCode: 0 })
    expect(Object.keys(jobIds)).toEqual(['good', 'missing-file', 'wrong-dimension', 'zero-rows', 'two-phase'])
    expect(Object.values(jobIds)).toEqual(service.jobIds)
    const rowsOf = (name: string) =>
      JSON.parse(standIn.objects.get(`/a-bucket/milvus-import-gate/${name}.json`)!) as { vector: unknown[] }[]
    expect(rowsOf('good-0')).toHaveLength(10)
    expect(rowsOf('zero-rows')).toEqual([])
    expect(rowsOf('wrong-dimension')[0]?.vector).toHaveLength(5)
    expect([...standIn.objects.keys()]).not.toContain('/a-bucket/milvus-import-gate/missing.json')
  })

  it('store what the service says of each, which is what the embedded service says', async () => {
    const pairs = Object.entries(jobIds).map(([name, jobId]) => `${name}=${jobId}`)
    expect(await run('record-replies', ['--into', replies, '--for', '30', ...pairs], env)).toMatchObject({
      exitCode: 0,
    })
    expect(readdirSync(replies).sort()).toEqual([
      'bad-job-id.json',
      'good-Completed.json',
      'good-Importing.json',
      'good-Pending.json',
      'missing-file-Failed.json',
      'no-job-id.json',
      'numeric-job-id.json',
      'two-phase-Importing.json',
      'two-phase-Uncommitted.json',
      'unknown-job.json',
      'wrong-dimension-Failed.json',
      'wrong-key.json',
      'zero-rows-Completed.json',
    ])
    expect(recorded('wrong-key')).toMatchObject({
      source: 'milvusdb/milvus:v3.0.2',
      service: 'milvus',
      operation: 'get_progress',
      httpStatus: 401,
      reply: { code: 1800 },
    })
    expect(await run('compare-fixtures', [replies])).toEqual({
      exitCode: 0,
      output: '13 replies, 0 departures from the embedded service.\n',
    })
  })

  it.each<[string, string, (text: string) => string, readonly string[]]>([
    [
      'a field that came and one that went',
      'good-Completed',
      (text) => text.replace('"createTime"', '"startTime"'),
      ['data.createTime is missing', 'data.startTime is new, of type string'],
    ],
    [
      'a number that became a string, in every file',
      'good-Completed',
      (text) => text.replaceAll('"fileSize":', '"fileSize":"a","was":'),
      expect.arrayContaining(['data.details[].fileSize is of type string, not number']) as unknown as string[],
    ],
    [
      'a word for a job',
      'good-Importing',
      (text) => text.replace('"Importing"', '"Tidying"'),
      [
        'data.state is "Tidying", a word that the gate does not know',
        'data.state is "Tidying", which the embedded service never says as Milvus 3.0',
      ],
    ],
    [
      'a word for a file',
      'good-Importing',
      (text) => text.replaceAll('"Pending"', '"Chewing"'),
      ['data.details[].state is "Chewing", a word that the gate does not know'],
    ],
    ['another code', 'unknown-job', (text) => text.replace('2101', '2100'), ['code is 2100, not 2101']],
    ['another HTTP status', 'unknown-job', (text) => text.replace('200', '404'), ['HTTP 404, not 200']],
    [
      'a reply without data',
      'good-Pending',
      (text) => text.replace('"data"', '"date"'),
      [expect.stringContaining('says nothing of the job') as unknown as string],
    ],
  ])('find %s', (_, name, doctor, drift) => {
    const text = JSON.stringify(recorded(name))
    expect(doctor(text)).not.toBe(text)
    expect(driftOf(JSON.parse(doctor(text)) as StoredReply)).toEqual(drift)
  })

  it('tell each departure with its file, and fail', async () => {
    const doctored = mkdtempSync(join(folder, 'doctored-'))
    const text = JSON.stringify(recorded('good-Completed')).replace('"totalRows"', '"rows"')
    writeFileSync(join(doctored, 'good-Completed.json'), text)
    const { exitCode, output } = await run('compare-fixtures', [doctored])
    expect(exitCode).toBe(1)
    expect(output.split('\n')).toEqual([
      'good-Completed.json: data.totalRows is missing',
      'good-Completed.json: data.rows is new, of type number',
      '1 replies, 2 departures from the embedded service.',
      '',
    ])
  })

  it('fail where nothing was recorded', async () => {
    expect(await run('compare-fixtures', [mkdtempSync(join(folder, 'empty-'))])).toMatchObject({ exitCode: 1 })
  })

  it('hold the gates to what each import has to bring', async () => {
    const gates = cases.map(async ({ name }) => {
      const inputs = { 'job-id': jobIds[name] ?? '', endpoint: service.url, 'api-key': API_KEY }
      const { outcome, outputs } = await runAction({ inputs, workspace: root })
      return [name, { outcome, outputs }] as const
    })
    const steps = { imports: { outputs: jobIds }, ...Object.fromEntries(await Promise.all(gates)) }
    const open = { ...steps, 'zero-rows': { ...steps['zero-rows' as keyof typeof steps], outcome: 'success' } }
    const checked = await run('check-gates', [], { ...env, STEPS: JSON.stringify(open) })
    const verdict = (name: string) =>
      name === 'zero-rows' ? 'the step has outcome success in place of failure' : 'as expected'
    expect(checked).toEqual({ exitCode: 1, output: cases.map(({ name }) => `${name}: ${verdict(name)}\n`).join('') })
  }, 30_000)

  it('write certificates and files that can be handed to a service', async () => {
    const [certificates, files] = [join(folder, 'certificates'), join(folder, 'files')]
    await Promise.all([run('write-certificates', [certificates]), run('write-files', [files])])
    expect(readdirSync(certificates).sort()).toEqual(['ca.pem', 'server.key', 'server.pem'])
    expect(readdirSync(join(files, 'milvus-import-gate')).sort()).toEqual([
      'good-0.json',
      'good-1.json',
      'wrong-dimension.json',
      'zero-rows.json',
    ])
  })
})

describe('a request to the bucket', () => {
  it('is signed as the example in the reference of S3', () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object"
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt')
    const headers = {
      host: url.host,
      range: 'bytes=0-9',
      'x-amz-content-sha256': empty,
      'x-amz-date': '20130524T000000Z',
    }
    const credentials = {
      region: 'us-east-1',
      accessKey: 'AKIAIOSFODNN7EXAMPLE',
      secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    }
    expect(authorizationOf({ method: 'GET', url, headers, bodySha256: empty }, credentials)).toContain(
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    )
  })
})
