import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { startGitHub } from '../report/github-stand-in.ts'
import { removeRunnerFolders } from '../runner/runner.ts'
import type { ImportScript } from '../simulator/create.ts'
import { json, type Reply } from '../simulator/faults.ts'
import type { Step } from '../simulator/script.ts'
import type { SeenRequest, ServiceScript } from '../simulator/server.ts'
import type { MilvusVersion } from '../simulator/versions.ts'
import {
  actionAfter,
  anImport,
  API_KEY,
  COMPLETED,
  type Gated,
  type GateOptions,
  HALFWAY,
  runGate,
  runGates,
} from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imports-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

// Several whole runs at a time, on a machine that may be busy.
jest.setTimeout(60_000)

const FILES = [['catalog/part-0.parquet'], ['catalog/part-1.parquet'], ['catalog/part-2.parquet']]
const QUICK: ImportScript = { clock: 'polls', course: COMPLETED }
const RUNNING: ImportScript = { clock: 'polls', course: HALFWAY }
const FAILING: ImportScript = {
  clock: 'polls',
  course: [
    { phase: 'Importing', lasts: 0 },
    { phase: 'Failed', reason: 'disk quota exceeded' },
  ],
}
const RESET: Reply = { kind: 'cut', when: 'before-headers', by: 'reset' }

/** A service, and what a step gives to start an import there. */
interface Place {
  readonly title: string
  readonly service: ServiceScript
  readonly inputs: Readonly<Record<string, string>>
  readonly bodyOf: (files: readonly (readonly string[])[], more?: object) => string
}

function milvus(version: MilvusVersion): Place {
  return {
    title: `Milvus ${version}`,
    service: { dialect: 'milvus', version, apiKey: API_KEY, jobs: [], collections: ['products'], imports: [QUICK] },
    inputs: { 'api-key': API_KEY },
    bodyOf: (files, more) => JSON.stringify({ collectionName: 'products', files, ...more }),
  }
}

const ZILLIZ_CLOUD: Place = {
  title: 'Zilliz Cloud',
  service: {
    dialect: 'zilliz',
    version: '2026',
    apiKey: '3f9c1d0e5ab84c27simulatedservicekey',
    clusterId: 'in01-0a1b2c3d4e5f678',
    jobs: [],
    collections: ['products'],
    imports: [QUICK],
  },
  inputs: { 'cluster-id': 'in01-0a1b2c3d4e5f678' },
  bodyOf: (files) => JSON.stringify({ collectionName: 'products', objectUrls: files }),
}

const PLACES = [milvus('2.4'), milvus('2.5'), milvus('2.6'), milvus('3.0'), ZILLIZ_CLOUD]
const V26 = milvus('2.6')
const V30 = milvus('3.0')

type Changes = Partial<ServiceScript>

function withChanges({ service }: Place, changes: Changes): ServiceScript {
  return { ...service, ...changes } as ServiceScript
}

/** A step with `import` against a service of its own. */
function start(place: Place, changes: Changes = {}, options: GateOptions = {}): Promise<Gated> {
  return runGate(withChanges(place, changes), stepIn(place, options))
}

function stepIn({ inputs, bodyOf }: Place, { inputs: more, ...options }: GateOptions = {}): GateOptions {
  return { ...options, inputs: { 'job-id': '', import: bodyOf(FILES), ...inputs, ...more } }
}

function operationsOf({ requests }: { readonly requests: readonly SeenRequest[] }) {
  return requests.map(({ operation }) => operation)
}

function createsIn(run: Gated): readonly SeenRequest[] {
  return run.requests.filter(({ operation }) => operation === 'create')
}

/** The imports that the service has carried out. */
function importsOf(run: Gated): readonly string[] {
  return [...new Set(createsIn(run).flatMap(({ jobId }) => jobId ?? []))]
}

/** A later attempt of the run against a service that has these jobs, with a GitHub that says when the first one began. */
async function startAgain(place: Place, changes: Changes, options: GateOptions = {}, answer?: () => Reply) {
  const anHourAgo = new Date(Date.now() - 3_600_000).toISOString()
  const gitHub = await startGitHub(undefined, answer ?? (() => json({ id: 1, run_started_at: anHourAgo })))
  const github = { api_url: gitHub.url, run_attempt: '2' }
  const run = await start(place, changes, { ...options, github }).finally(gitHub.close)
  expect(gitHub.faults).toEqual([])
  return { run, gitHub: gitHub.requests }
}

const ID = '470592730169344001'
const OTHER_ID = '470592730169344055'

/** A job with the files of the import. */
function earlier(
  place: Place,
  course: readonly Step[] = COMPLETED,
  jobId = place === ZILLIZ_CLOUD ? 'job-0123456789abcdefghijk' : ID,
) {
  return anImport(course, { jobId })
}

describe.each(PLACES)('on $title, a step that starts an import', (place) => {
  it.concurrent('lists, sends one request with the key of the run, and waits for the job', async () => {
    const run = await start(place)
    expect(expectSoundRun(run)).toBe('completed')
    const [jobId] = importsOf(run)
    expect(run.outputs).toMatchObject({ started: 'true', jobId, totalRows: '3000', collectionName: 'products' })
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
    const [create] = createsIn(run)
    expect(create?.headers['idempotency-key']).toMatch(/^octocat\/hello-world:1658821493:deploy:[\da-f]{16}$/)
    expect(JSON.parse(create?.body ?? '')).toMatchObject(JSON.parse(place.bodyOf(FILES)) as object)
    expect(run.log.join('\n')).toContain(`import job ${jobId} started`)
  })

  it.concurrent('fails where the service refuses, in the words of the service, with advice', async () => {
    const run = await start(place, {}, { inputs: { import: place.bodyOf([['catalog/part-0.txt']]) } })
    expect(expectSoundRun(run)).toBe('start-failed')
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ started: '', jobId: '', state: 'Unknown' })
    expect(run.outputs['reason']).toMatch(/unexpect(?:ed)? file type, files=\[catalog\/part-0\.txt\]/)
    expect(operationsOf(run)).toEqual(['list', 'create'])
    expect(run.log.join('\n')).toMatch(/What to do: .+Then run this step again\./)
    expect(run.summary.text).toContain('Import not started')
  })

  it.concurrent('finds the job whose response was lost, and starts no second one', async () => {
    const run = await start(place, { createFaults: [{ reply: RESET, takesEffect: true }] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    expect([createsIn(run).length, importsOf(run).length]).toEqual([1, 1])
    expect(run.log.join('\n')).toContain('found in the list')
  })

  it.concurrent('fails where the request was lost, and never sends it again', async () => {
    const lost = { createFaults: [{ reply: RESET }] }
    const run = await start(place, lost, { inputs: { timeout: '4s', 'on-timeout': 'pass' } })
    expect(expectSoundRun(run)).toBe('start-failed')
    expect([run.exitCode, createsIn(run).length, importsOf(run).length]).toEqual([1, 1, 0])
    expect(run.outputs).toMatchObject({ started: '', jobId: '' })
    expect(run.summary.text).toContain('Unclear whether the import started')
  })

  it.concurrent('takes over the import of an earlier attempt', async () => {
    const job = earlier(place)
    const { run, gitHub } = await startAgain(place, { jobs: [job] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'false', jobId: job.jobId })
    expect(createsIn(run)).toEqual([])
    expect(gitHub).toEqual(['GET /api/v3/repos/octocat/hello-world/actions/runs/1658821493/attempts/1'])
  })

  it.concurrent('starts again what failed in an earlier attempt, with a key of its own', async () => {
    const job = earlier(place, FAILING.course)
    const { run } = await startAgain(place, { jobs: [job] }, { inputs: { 'idempotency-key': 'catalog' } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(createsIn(run).map(({ headers }) => headers['idempotency-key'])).toEqual(['catalog:2'])
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    expect(run.log.join('\n')).toContain(`it failed (${job.jobId})`)
  })

  it.concurrent('passes with wait-for: started as soon as the job has been described, without annotation', async () => {
    const run = await start(place, { imports: [RUNNING] }, { inputs: { 'wait-for': 'started' } })
    expect(expectSoundRun(run)).toBe('started')
    expect([run.exitCode, run.annotations]).toEqual([0, []])
    expect(run.outputs).toMatchObject({ started: 'true', state: 'Importing', jobId: importsOf(run)[0] })
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
  })

  it.concurrent('sends one list, one create and one describe with timeout: 0', async () => {
    const run = await start(place, { imports: [RUNNING] }, { inputs: { timeout: '0' } })
    expect(expectSoundRun(run)).toBe('timed-out')
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
    expect(run.outputs).toMatchObject({ started: 'true', progress: '55' })
  })
})

describe('the key of an import', () => {
  it.concurrent.each([milvus('2.6.24'), milvus('3.0.2')])(
    'makes one import of two steps of a run on $title',
    async (place) => {
      const [first, second] = await runGates(withChanges(place, { imports: [RUNNING] }), [
        stepIn(place, { inputs: { 'wait-for': 'started' } }),
        stepIn(place, { inputs: { 'wait-for': 'started' } }),
      ])
      expect([first, second].map((run) => run && expectSoundRun(run))).toEqual(['started', 'started'])
      const keys = second === undefined ? [] : createsIn(second).map(({ headers }) => headers['idempotency-key'])
      expect([keys.length, new Set(keys).size]).toEqual([2, 1])
      expect(second && importsOf(second)).toEqual([first?.outputs['jobId']])
      expect(second?.outputs).toMatchObject({ started: 'false', jobId: first?.outputs['jobId'] })
      expect(second?.log.join('\n')).toContain('was started by an earlier request with the same idempotency key')
    },
  )

  it.concurrent('that is given imports the same files twice', async () => {
    const place = milvus('3.0.2')
    const keys = ['monday', 'tuesday'].map((key) => stepIn(place, { inputs: { 'idempotency-key': key } }))
    const runs = await runGates(withChanges(place, {}), keys)
    expect(runs.map(expectSoundRun)).toEqual(['completed', 'completed'])
    expect(runs.map(({ outputs }) => outputs['started'])).toEqual(['true', 'true'])
    expect(new Set(runs.map(({ outputs }) => outputs['jobId'])).size).toBe(2)
  })
})

describe('a later attempt of a run', () => {
  it.concurrent('fails with the ids where several jobs may be the import', async () => {
    const jobs = [earlier(V26), earlier(V26, HALFWAY, OTHER_ID)]
    const { run } = await startAgain(V26, { jobs })
    expect(expectSoundRun(run)).toBe('start-failed')
    expect([run.exitCode, createsIn(run).length]).toEqual([1, 0])
    for (const text of [run.log.join('\n'), run.summary.text]) {
      expect(text).toContain(ID)
      expect(text).toContain(OTHER_ID)
    }
    expect(run.log.join('\n')).toContain('give its id as `job-id`')
  })

  it.concurrent.each<[string, () => Reply]>([
    ['refuses', () => json({ message: 'Resource not accessible by integration', status: '403' }, 403)],
    ['does not know the run', () => json({ message: 'Not Found', status: '404' }, 404)],
    ['names no time', () => json({ id: 1 })],
  ])('fails where GitHub %s, and names the permission', async (_, answer) => {
    const { run } = await startAgain(V26, { jobs: [earlier(V26)] }, {}, answer)
    expect(expectSoundRun(run)).toBe('start-failed')
    expect([run.exitCode, createsIn(run).length]).toEqual([1, 0])
    expect(run.log.join('\n')).toContain('`permissions: actions: read`')
    expect(run.summary.text).toContain(ID)
  })

  it.concurrent('fails without a token in the same way', async () => {
    const { run, gitHub } = await startAgain(
      V26,
      { jobs: [earlier(V26)] },
      { inputs: { 'github-token': '' }, github: { token: '' } },
    )
    expect([expectSoundRun(run), gitHub]).toEqual(['start-failed', []])
    expect(run.log.join('\n')).toContain('github-token')
  })

  it.concurrent('starts the import where the jobs are older than the run', async () => {
    const createTime = new Date(Date.now() - 2 * 3_600_000).toISOString()
    const { run } = await startAgain(V26, { jobs: [{ ...earlier(V26), createTime }] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
  })

  it.concurrent('starts the import where the jobs have other files', async () => {
    const job = { ...earlier(V26), files: [{ path: 'other.parquet', rows: 1, sizeBytes: 1 }] }
    const { run } = await startAgain(V26, { jobs: [job] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
  })

  it.concurrent('does not ask GitHub where there are no jobs', async () => {
    const { run, gitHub } = await startAgain(V26, {})
    expect([expectSoundRun(run), run.outputs['started'], gitHub]).toEqual(['completed', 'true', []])
  })
})

describe('a lost response', () => {
  /** The first list does not show the job yet. */
  const LATER = { clock: 'milliseconds', listedFrom: 1 } as const

  it.concurrent('is searched for again where the list comes late', async () => {
    const late: ImportScript = { course: COMPLETED, listedFrom: 1500 }
    const run = await start(V26, { imports: [late], createFaults: [{ reply: RESET, takesEffect: true }] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(operationsOf(run).filter((operation) => operation === 'list')).toHaveLength(3)
    expect([createsIn(run).length, run.outputs['started']]).toEqual([1, 'true'])
  })

  it.concurrent('is told from an import of other files that appears at the same time', async () => {
    const other = anImport(COMPLETED, { ...LATER, files: [{ path: 'other.parquet', rows: 1, sizeBytes: 1 }] })
    const lost = { jobs: [other], createFaults: [{ reply: RESET, takesEffect: true }] }
    const run = await start(V26, lost)
    expect(expectSoundRun(run)).toBe('completed')
    expect([createsIn(run).length, run.outputs['jobId']]).toEqual([1, importsOf(run)[0]])
    expect(run.requests.filter(({ operation }) => operation === 'describe').map(({ jobId }) => jobId)).toContain(ID)
  })

  it.concurrent('fails with the ids where another import of the same files appears at the same time', async () => {
    const lost = { jobs: [anImport(COMPLETED, LATER)], createFaults: [{ reply: RESET, takesEffect: true }] }
    const run = await start(V26, lost, { inputs: { timeout: '4s', 'on-timeout': 'pass' } })
    expect([expectSoundRun(run), run.exitCode, createsIn(run).length]).toEqual(['start-failed', 1, 1])
    for (const jobId of [ID, ...importsOf(run)]) expect(run.summary.text).toContain(jobId)
  })

  it.concurrent('ends the gate at once with timeout: 0', async () => {
    const faults = { createFaults: [{ reply: RESET, takesEffect: true }] }
    const run = await start(V26, faults, { inputs: { timeout: '0', 'on-timeout': 'pass' } })
    expect([expectSoundRun(run), run.exitCode]).toEqual(['start-failed', 1])
    expect(operationsOf(run)).toEqual(['list', 'create'])
  })

  it.concurrent('is not one where the rate is limited: the request is sent again', async () => {
    const limited = json({ code: 1807, message: 'rate limit exceeded' })
    const run = await start(V26, { createFaults: [{ until: 1, reply: limited }] })
    expect([expectSoundRun(run), run.outputs['started']]).toEqual(['completed', 'true'])
    expect([createsIn(run).length, importsOf(run).length]).toEqual([2, 1])
  })
})

describe('an import that cannot be started', () => {
  it.concurrent('because the address refuses connections is unreachable', async () => {
    const inputs = { endpoint: 'http://127.0.0.1:1', 'max-outage': '1s' }
    const run = await start(V26, {}, { inputs })
    expect([expectSoundRun(run), run.exitCode, run.outputs['started']]).toEqual(['unreachable', 1, ''])
    expect(run.summary.text).toContain('was not started')
  })
})

describe('a two-phase import of the step', () => {
  const twoPhase = { import: V30.bodyOf(FILES, { options: { auto_commit: 'false' } }), 'abort-uncommitted': 'true' }

  it.concurrent('is aborted at a timeout, also while it runs', async () => {
    const run = await start(V30, { imports: [RUNNING] }, { inputs: { ...twoPhase, timeout: '4s' } })
    expect([expectSoundRun(run), run.exitCode]).toEqual(['timed-out', 1])
    expect(run.requests.filter(({ operation }) => operation === 'abort').map(({ jobId }) => jobId)).toEqual(
      importsOf(run),
    )
  })

  it.concurrent('is committed once it is ready, where that is asked for', async () => {
    const ready: ImportScript = { clock: 'polls', course: [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }] }
    const run = await start(V30, { imports: [ready] }, { inputs: { ...twoPhase, 'on-uncommitted': 'commit' } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(operationsOf(run)).not.toContain('abort')
  })

  it.concurrent('counts as started at Uncommitted', async () => {
    const ready: ImportScript = { clock: 'polls', course: [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }] }
    const inputs = { import: twoPhase.import, 'wait-for': 'started' }
    const run = await start(V30, { imports: [ready] }, { inputs })
    expect([expectSoundRun(run), run.outputs['state'], run.annotations]).toEqual(['started', 'Uncommitted', []])
  })

  it.concurrent('is left alone where it is an ordinary import', async () => {
    const inputs = { 'abort-uncommitted': 'true', timeout: '4s' }
    const run = await start(V30, { imports: [RUNNING] }, { inputs })
    expect(expectSoundRun(run)).toBe('timed-out')
    expect(operationsOf(run)).not.toContain('abort')
  })
})

describe('a signal while the request to start is under way', () => {
  /** A run that gets SIGTERM as soon as the service has the request. */
  function stopped(reply: (jobId: string) => Reply) {
    let pid: number | undefined
    const script = { answerCreate: () => (process.kill(pid ?? NaN, 'SIGTERM'), reply(ID)) }
    return start(V26, script, {
      ...actionAfter(`console.log('process', process.pid)`, folder),
      onLine: (line) => {
        pid ??= Number(/^process (\d+)/.exec(line)?.[1])
      },
    })
  }

  it.concurrent('leaves the id that comes within a second', async () => {
    const run = await stopped((jobId) => ({ kind: 'late', byMs: 200, reply: json({ code: 0, data: { jobId } }) }))
    expect([expectSoundRun(run), run.exitCode]).toEqual(['cancelled', 1])
    expect(run.outputs).toMatchObject({ started: 'true', jobId: ID })
    expect(run.report).toMatchObject({ conclusion: 'cancelled' })
    expect(run.log.join('\n')).toContain(ID)
    expect(run.summary.text).toContain(ID)
  })

  it.concurrent('says that the import may have started where no id comes', async () => {
    const run = await stopped(() => ({ kind: 'hang', when: 'before-headers' }))
    expect([expectSoundRun(run), run.exitCode]).toEqual(['cancelled', 1])
    expect(run.outputs).toMatchObject({ started: '', jobId: '' })
    expect(run.summary.text).toContain('the import may have started')
  })
})

describe('secrets in the body of an import', () => {
  it.concurrent('stand in no log, summary, output or report', async () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG'
    const body = V26.bodyOf(FILES, { options: { deep: [{ SecretKey: secret }] } })
    // A map of strings is all that Milvus takes, and its refusal may quote what it got.
    const quoting = { answerCreate: () => json({ code: 1801, message: `cannot read ${secret}` }) }
    for (const changes of [{}, quoting]) {
      const run = await start(V26, changes, { inputs: { import: body } })
      expect([expectSoundRun(run), run.masks.includes(secret)]).toEqual(['start-failed', true])
      for (const text of [
        run.rawStdout.replace(/^::add-mask::.*$/gm, ''),
        run.summary.text,
        JSON.stringify(run.outputs),
        JSON.stringify(run.report),
      ]) {
        expect(text).not.toContain(secret)
      }
    }
  })
})
