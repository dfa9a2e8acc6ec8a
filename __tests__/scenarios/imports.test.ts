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
import {
  actionAfter,
  anImport,
  COMPLETED,
  type Gated,
  type GateOptions,
  HALFWAY,
  runGate,
  runGates,
} from '../support/gating.ts'
import { aCloudToImport, aMilvusToImport, FILES, withChanges } from '../support/import-places.ts'
import type { ImportPlace } from '../support/import-places.ts'
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

const RUNNING: ImportScript = { clock: 'polls', course: HALFWAY }
const FAILING: ImportScript = {
  clock: 'polls',
  course: [
    { phase: 'Importing', lasts: 0 },
    { phase: 'Failed', reason: 'disk quota exceeded' },
  ],
}
const READY: ImportScript = { clock: 'polls', course: [{ phase: 'Importing', lasts: 1 }, { phase: 'Uncommitted' }] }
const TWO_PHASE = { options: { auto_commit: 'false' } }
const OTHER_FILES = [{ path: 'other.parquet', rows: 1, sizeBytes: 1 }]
/** Less than a search takes. */
const BRIEFLY = { timeout: '4s', 'on-timeout': 'pass' }
const RESET: Reply = { kind: 'cut', when: 'before-headers', by: 'reset' }

const V26 = aMilvusToImport('2.6')
const V30 = aMilvusToImport('3.0')
const PLACES = [V30, aCloudToImport('2026')]

type Changes = Partial<ServiceScript>

const REFUSED_LIST: ServiceScript['gateway'] = ({ path }) =>
  path.endsWith('/list') ? json({ code: 1800, message: 'user has no right to list' }, 403) : undefined

/** A step with `import` against a service of its own. */
function start(place: ImportPlace, changes: Changes = {}, options: GateOptions = {}): Promise<Gated> {
  return runGate(withChanges(place, changes), stepIn(place, options))
}

function stepIn({ inputs, bodyOf }: ImportPlace, { inputs: more, ...options }: GateOptions = {}): GateOptions {
  return {
    ...options,
    inputs: { 'job-id': '', import: bodyOf(FILES), 'poll-interval': '1s', timeout: '40s', ...inputs, ...more },
  }
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

const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString()
/** What GitHub is asked for. */
const ASKED = 'GET /api/v3/repos/octocat/hello-world/actions/runs/1658821493/attempts/1'

/** A later attempt of the run against a service that has these jobs, with a GitHub that says when the first one began. */
async function startAgain(place: ImportPlace, changes: Changes, options: GateOptions = {}, answer?: () => Reply) {
  const gitHub = await startGitHub(undefined, answer ?? (() => json({ id: 1, run_started_at: AN_HOUR_AGO })))
  const github = { api_url: gitHub.url, run_attempt: '2' }
  const run = await start(place, changes, { ...options, github }).finally(gitHub.close)
  expect(gitHub.faults).toEqual([])
  return { run, gitHub: gitHub.requests, statuses: gitHub.statuses }
}

const ID = V26.jobId
const OTHER_ID = '470592730169344055'

/** A job with the files of the import. */
function earlier({ jobId }: ImportPlace, course: readonly Step[] = COMPLETED) {
  return anImport(course, { jobId })
}

/** The first list does not show the job yet. */
const LATER = { clock: 'milliseconds', listedFrom: 1 } as const
const LOST = { reply: RESET, takesEffect: true }

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

// One block, since jest starts the next one only when all runs of a block have ended; those that wait come first.
describe('a step that starts an import', () => {
  it.concurrent(
    'searches again for a lost job where the list comes late, and does not take one with other files for it',
    async () => {
      const other = anImport(COMPLETED, { ...LATER, files: OTHER_FILES })
      const late: ImportScript = { course: COMPLETED, listedFrom: 1500 }
      const run = await start(V26, { jobs: [other], imports: [late], createFaults: [LOST] })
      expect(expectSoundRun(run)).toBe('completed')
      expect(operationsOf(run).filter((operation) => operation === 'list')).toHaveLength(3)
      expect([createsIn(run).length, run.outputs['jobId']]).toEqual([1, importsOf(run)[0]])
      expect(run.requests.filter(({ operation }) => operation === 'describe').map(({ jobId }) => jobId)).toContain(ID)
    },
  )

  it.concurrent('in a later attempt asks GitHub again after an outage and a limit', async () => {
    const replies = [json({}, 503), json({}, 429, { 'Retry-After': '1' }), json({ run_started_at: AN_HOUR_AGO })]
    const { run, gitHub } = await startAgain(V26, { jobs: [earlier(V26)] }, {}, () => replies.shift() ?? json({}, 500))
    expect([expectSoundRun(run), run.outputs['started'], gitHub]).toEqual(['completed', 'false', [ASKED, ASKED, ASKED]])
    expect(run.log.join('\n')).toContain('GitHub does not say when the run began')
  })

  it.concurrent('aborts a two-phase import at a timeout, also while it runs', async () => {
    const inputs = { import: V30.bodyOf(FILES, TWO_PHASE), 'abort-uncommitted': 'true', timeout: '4s' }
    const run = await start(V30, { imports: [RUNNING] }, { inputs })
    expect([expectSoundRun(run), run.exitCode]).toEqual(['timed-out', 1])
    expect(run.requests.filter(({ operation }) => operation === 'abort').map(({ jobId }) => jobId)).toEqual(
      importsOf(run),
    )
  })

  it.concurrent(
    'fails with the ids where the response was lost and another import of the same files appears',
    async () => {
      const lost = { jobs: [anImport(COMPLETED, LATER)], createFaults: [LOST] }
      const run = await start(V26, lost, { inputs: BRIEFLY })
      expect([expectSoundRun(run), run.exitCode, createsIn(run).length]).toEqual(['start-failed', 1, 1])
      for (const jobId of [ID, ...importsOf(run)]) expect(run.summary.text).toContain(jobId)
    },
  )

  it.concurrent.each(PLACES)(
    'commits a two-phase import once it is ready, where that is asked for, on $title',
    async (place) => {
      const inputs = { import: place.bodyOf(FILES, TWO_PHASE), 'on-uncommitted': 'commit', 'abort-uncommitted': 'true' }
      const run = await start(place, { imports: [READY] }, { inputs })
      expect(expectSoundRun(run)).toBe('completed')
      expect(operationsOf(run)).toEqual(['list', 'create', 'describe', 'describe', 'commit', 'describe'])
    },
  )

  it.concurrent('is unreachable where the address refuses connections', async () => {
    const inputs = { endpoint: 'http://127.0.0.1:1', 'max-outage': '1s' }
    const run = await start(V26, {}, { inputs })
    expect([expectSoundRun(run), run.exitCode, run.outputs['started']]).toEqual(['unreachable', 1, ''])
    expect(run.summary.text).toContain('was not started')
    expect(run.log.join('\n')).toContain('The gate tries again.')
  })

  it.concurrent('shares a job with a step that has the same key, and imports again with another one', async () => {
    const runs = await runGates(withChanges(aMilvusToImport('3.0.2'), { imports: [RUNNING] }), [
      stepIn(V30, { inputs: { 'wait-for': 'started' } }),
      stepIn(V30, { inputs: { 'wait-for': 'started' } }),
      stepIn(V30, { inputs: { 'wait-for': 'started', 'idempotency-key': 'tuesday' } }),
    ])
    expect(runs.map(expectSoundRun)).toEqual(['started', 'started', 'started'])
    expect(runs.map(({ outputs }) => outputs['started'])).toEqual(['true', 'false', 'true'])
    const [first, second, third] = runs.map(({ outputs }) => outputs['jobId'])
    expect([second, third === first]).toEqual([first, false])
    expect(runs[1]?.log.join('\n')).toContain('was started by an earlier request with the same idempotency key')
    const keys = createsIn(runs.at(-1)!).map(({ headers }) => headers['idempotency-key'])
    expect([keys[0] === keys[1], keys[2]]).toEqual([true, 'tuesday'])
  })

  it.concurrent('in a later attempt fails where the list is refused, also on the commit', async () => {
    const inputs = { 'commit-status': 'Milvus import' }
    const { run, statuses } = await startAgain(V26, { jobs: [earlier(V26)], gateway: REFUSED_LIST }, { inputs })
    expect([expectSoundRun(run), run.exitCode]).toEqual(['start-failed', 1])
    expect(operationsOf(run)).toEqual(['list', 'list'])
    expect(run.log.join('\n')).toContain('the list of jobs is not available')
    expect(statuses.map(({ state }) => state)).toEqual(['pending', 'failure'])
    expect(statuses.map(({ description }) => description)).toEqual([
      'Starting the import into collection products',
      expect.stringContaining('An earlier attempt may have started the import'),
    ])
  })

  it.concurrent('searches longer for the job of a request that timed out', async () => {
    const timedOut = { reply: { kind: 'hang', when: 'before-headers' }, takesEffect: true, until: 1 } as const
    const run = await start(V26, { createFaults: [timedOut] }, { inputs: { 'request-timeout': '1s' } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    expect(operationsOf(run)).toEqual(['list', 'create', 'list', 'describe', 'describe'])
    expect(run.log.join('\n')).toContain('looking for the job in the list for up to 1 min')
  })

  it.concurrent('in a later attempt starts again what failed in an earlier one, with a key of its own', async () => {
    const job = earlier(V26, FAILING.course)
    const { run } = await startAgain(V26, { jobs: [job] }, { inputs: { 'idempotency-key': 'catalog' } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(createsIn(run).map(({ headers }) => headers['idempotency-key'])).toEqual(['catalog:2'])
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    expect(run.log.join('\n')).toContain(`it failed (${job.jobId})`)
  })

  it.concurrent('in a later attempt fails with the ids where several jobs may be the import', async () => {
    const jobs = [earlier(V26), anImport(HALFWAY, { jobId: OTHER_ID })]
    const { run } = await startAgain(V26, { jobs })
    expect(expectSoundRun(run)).toBe('start-failed')
    expect([run.exitCode, createsIn(run).length]).toEqual([1, 0])
    for (const text of [run.log.join('\n'), run.summary.text]) {
      expect(text).toContain(ID)
      expect(text).toContain(OTHER_ID)
    }
    expect(run.log.join(' ').replace(/\s+│\s+/g, ' ')).toContain('set `job-id` to its ID instead of `import`')
  })

  it.concurrent(
    'in a later attempt fails where GitHub refuses to say when the run began, and names the permission',
    async () => {
      const answer = () => json({ message: 'Resource not accessible by integration', status: '403' }, 403)
      const { run } = await startAgain(V26, { jobs: [earlier(V26)] }, {}, answer)
      expect(expectSoundRun(run)).toBe('start-failed')
      expect([run.exitCode, createsIn(run).length]).toEqual([1, 0])
      expect(run.log.join('\n')).toContain('`permissions: actions: read`')
      expect(run.summary.text).toContain(ID)
    },
  )

  it.concurrent(
    'in a later attempt starts the import where the jobs are older than the run or have other files',
    async () => {
      const createTime = new Date(Date.now() - 2 * 3_600_000).toISOString()
      const others = [{ ...earlier(V26), createTime }, anImport(COMPLETED, { jobId: OTHER_ID, files: OTHER_FILES })]
      const { run } = await startAgain(V26, { jobs: others })
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    },
  )

  it.concurrent('finds a lost job by its groups of NumPy files', async () => {
    const groups = ['catalog/0', 'catalog/1'].map((folder) => [`${folder}/id.npy`, `${folder}/vector.npy`])
    const run = await start(V26, { createFaults: [LOST] }, { inputs: { import: V26.bodyOf(groups) } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0], fileCount: '2' })
  })

  it.concurrent('counts a two-phase import as started at Uncommitted', async () => {
    const inputs = { import: V30.bodyOf(FILES, TWO_PHASE), 'wait-for': 'started' }
    const run = await start(V30, { imports: [{ clock: 'polls', course: [{ phase: 'Uncommitted' }] }] }, { inputs })
    expect([expectSoundRun(run), run.outputs['state'], run.annotations]).toEqual(['started', 'Uncommitted', []])
  })

  it.concurrent.each(PLACES)(
    'lists, sends one request with the key of the run, and waits for the job, on $title',
    async (place) => {
      const run = await start(place)
      expect(expectSoundRun(run)).toBe('completed')
      const [jobId] = importsOf(run)
      expect(run.outputs).toMatchObject({ started: 'true', jobId, totalRows: '3000', collectionName: 'products' })
      expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
      const [create] = createsIn(run)
      expect(create?.headers['idempotency-key']).toMatch(/^octocat\/hello-world:1658821493:deploy:[\da-f]{16}$/)
      expect(JSON.parse(create?.body ?? '')).toMatchObject(JSON.parse(place.bodyOf(FILES)) as object)
      expect(run.log.join('\n')).toContain(`import job ${jobId} started`)
    },
  )

  it.concurrent.each(PLACES)(
    'fails where the service refuses, in the words of the service, with advice, on $title',
    async (place) => {
      const run = await start(place, {}, { inputs: { import: place.bodyOf([['catalog/part-0.txt']]) } })
      expect(expectSoundRun(run)).toBe('start-failed')
      expect(run.exitCode).toBe(1)
      expect(run.outputs).toMatchObject({ started: '', jobId: '', state: 'Unknown' })
      expect(run.outputs['reason']).toContain('unexpected file type, files=[catalog/part-0.txt]')
      expect(operationsOf(run)).toEqual(['list', 'create'])
      expect(run.log.join('\n')).toMatch(/What to do: .+Then re-run this workflow job\./)
      expect(run.summary.text).toContain('Import not started')
    },
  )

  it.concurrent.each(PLACES)(
    'finds the job whose response was lost, and starts no second one, on $title',
    async (place) => {
      const run = await start(place, { createFaults: [{ reply: RESET, takesEffect: true }] })
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
      expect([createsIn(run).length, importsOf(run).length]).toEqual([1, 1])
      expect(run.log.join('\n')).toContain('found in the list')
    },
  )

  it.concurrent.each(PLACES)('takes over the import of an earlier attempt, on $title', async (place) => {
    const job = earlier(place)
    const { run, gitHub } = await startAgain(place, { jobs: [job] })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'false', jobId: job.jobId })
    expect(createsIn(run)).toEqual([])
    expect(gitHub).toEqual([ASKED])
  })

  it.concurrent('passes with wait-for: started as soon as the job has been described, without annotation', async () => {
    const run = await start(V26, { imports: [RUNNING] }, { inputs: { 'wait-for': 'started' } })
    expect(expectSoundRun(run)).toBe('started')
    expect([run.exitCode, run.annotations]).toEqual([0, []])
    expect(run.outputs).toMatchObject({ started: 'true', state: 'Importing', jobId: importsOf(run)[0] })
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
  })

  it.concurrent('sends one list, one create and one describe with timeout: 0', async () => {
    const run = await start(V26, { imports: [RUNNING] }, { inputs: { timeout: '0' } })
    expect(expectSoundRun(run)).toBe('timed-out')
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
    expect(run.outputs).toMatchObject({ started: 'true', progress: '55' })
  })

  it.concurrent('starts it without a list on the first attempt, and says so', async () => {
    const run = await start(V26, { gateway: REFUSED_LIST })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: importsOf(run)[0] })
    expect(operationsOf(run)).toEqual(['list', 'create', 'describe'])
    expect(run.log.join('\n')).toContain('the import is started without it')
  })

  it.concurrent('leaves the id that comes within a second of a signal', async () => {
    const run = await stopped((jobId) => ({ kind: 'late', byMs: 200, reply: json({ code: 0, data: { jobId } }) }))
    expect([expectSoundRun(run), run.exitCode]).toEqual(['cancelled', 1])
    expect(run.outputs).toMatchObject({ started: 'true', jobId: ID })
    expect(run.report).toMatchObject({ conclusion: 'cancelled' })
    expect(run.log.join('\n')).toContain(ID)
    expect(run.summary.text).toContain(ID)
  })

  it.concurrent('says that the import may have started where no id comes after a signal', async () => {
    const run = await stopped(() => ({ kind: 'hang', when: 'before-headers' }))
    expect([expectSoundRun(run), run.exitCode]).toEqual(['cancelled', 1])
    expect(run.outputs).toMatchObject({ started: '', jobId: '' })
    expect(run.summary.text).toContain('the import may have started')
  })

  it.concurrent('shows no secret of the body in log, summary, outputs or report', async () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG'
    const body = V26.bodyOf(FILES, { options: { deep: [{ SecretKey: secret }] } })
    // The refusal of a Milvus may quote what it got.
    const answerCreate = () => json({ code: 1801, message: `cannot read ${secret}` })
    const run = await start(V26, { answerCreate }, { inputs: { import: body } })
    expect([expectSoundRun(run), run.masks.includes(secret)]).toEqual(['start-failed', true])
    const shown = run.rawStdout.replace(/^::add-mask::.*$/gm, '')
    for (const text of [shown, run.summary.text, JSON.stringify(run.outputs), JSON.stringify(run.report)]) {
      expect(text).not.toContain(secret)
    }
  })
})
