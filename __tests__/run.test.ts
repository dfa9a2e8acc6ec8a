import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { HttpConnection, HttpReply, HttpRequest } from '../src/connection.ts'
import { runStep, turnsOfTheLoop } from './hostile/whole-gate.ts'
import type { Left, Step } from './hostile/whole-gate.ts'
import { FakeClock } from './support/fake-clock.ts'

const JOB = '448761313698322011'

function reply(status: number, envelope: unknown): HttpReply {
  const body = JSON.stringify(envelope)
  return { kind: 'reply', status, headers: {}, body, sizeBytes: body.length }
}

const says = (state: string, fields: Readonly<Record<string, unknown>> = {}) =>
  reply(200, { code: 0, data: { jobId: JOB, state, importedRows: 5, ...fields } })

/** A service that gives one answer for ever; `onClose` is called when the watch over it has ended. */
const serviceThat =
  (answer: HttpReply, onClose: () => void = () => undefined) =>
  (): HttpConnection => ({
    send: () => Promise.resolve(answer),
    close: () => {
      onClose()
      return Promise.resolve()
    },
  })

function stepOver(openExchange: () => HttpConnection, but: Partial<Step> = {}): Promise<Left> {
  const inputs = { 'job-id': JOB, endpoint: 'http://localhost:19530', timeout: '1m', ...but.inputs }
  return runStep({ ...but, inputs, openExchange })
}

describe('the step', () => {
  it.each<[outcome: string, answer: HttpReply, inputs: Readonly<Record<string, string>>, passes: boolean, as: string]>([
    ['passes where the import is through', says('Completed'), {}, true, 'completed'],
    ['fails where the import failed', says('Failed', { reason: 'no' }), {}, false, 'failed'],
    ['fails where nothing was imported', says('Completed', { importedRows: 0 }), {}, false, 'rows-not-met'],
    ['fails where the key is refused', reply(401, { code: 1800 }), {}, false, 'rejected'],
    ['fails where time is up', says('Importing'), {}, false, 'timed-out'],
    ['passes where time may be up', says('Importing'), { 'on-timeout': 'pass' }, true, 'timed-out'],
    ['fails at Uncommitted', says('Uncommitted'), {}, false, 'uncommitted'],
    ['passes at Uncommitted where asked to', says('Uncommitted'), { 'on-uncommitted': 'pass' }, true, 'uncommitted'],
    ['fails at a word that nobody knows', says('Finished'), {}, false, 'timed-out'],
    ['fails without an answer', reply(503, {}), { 'on-timeout': 'pass' }, false, 'unreachable'],
  ])('%s', async (_outcome, answer, inputs, passes, as) => {
    const left = await stepOver(serviceThat(answer), { inputs })
    expect(left).toMatchObject({ passes, outputs: { conclusion: as } })
    expect(JSON.parse(left.report)).toMatchObject({ conclusion: as, passes })
  })

  it('fails for a mistake in the inputs, and asks nobody', async () => {
    const left = await stepOver(
      () => {
        throw new Error('somebody was asked')
      },
      { inputs: { timeout: '10' } },
    )
    expect(left).toMatchObject({ passes: false, annotations: ['error'], outputs: { conclusion: 'invalid-input' } })
    expect(left.log.join('\n')).toMatch(/timeout/)
  })

  it('fails where the gate itself is broken, and tells no secret of it', async () => {
    const inputs = { 'api-key': 'root:Milvus-Passw0rd' }
    const left = await stepOver(
      () => {
        throw new Error('it broke at root:Milvus-Passw0rd')
      },
      { inputs },
    )
    expect(left).toMatchObject({ passes: false, annotations: ['error'], outputs: { conclusion: 'internal-error' } })
    expect(left.outputs['reason']).toMatch(/it broke at \*\*\*/)
    expect(JSON.stringify({ ...left, masked: [] })).not.toContain('Passw0rd')
  })

  it('fails where an error that nobody caught comes in, and tells no secret of it', async () => {
    const stop = new AbortController()
    const service = serviceThat(says('Completed'), () => {
      stop.abort(new Error('it broke at root:Milvus-Passw0rd'))
    })
    const left = await stepOver(service, { interrupt: stop.signal, inputs: { 'api-key': 'root:Milvus-Passw0rd' } })
    expect(left).toMatchObject({ passes: false, annotations: ['error'], outputs: { conclusion: 'internal-error' } })
    expect(left.outputs['reason']).toMatch(/it broke at \*\*\*/)
    expect(JSON.stringify({ ...left, masked: [] })).not.toContain('Passw0rd')
  })

  it('fails where a signal comes between the last answer and the verdict', async () => {
    const stop = new AbortController()
    const service = serviceThat(says('Completed'), () => {
      setImmediate(() => {
        stop.abort('SIGTERM')
      })
    })
    const left = await stepOver(service, { interrupt: stop.signal })
    expect(left).toMatchObject({ passes: false, annotations: ['error'], outputs: { conclusion: 'cancelled' } })
    expect(left.outputs['reason']).toMatch(/SIGTERM/)
  })

  it('says nothing of a verdict that a signal has overtaken', async () => {
    const stop = new AbortController()
    const service = serviceThat(says('Completed'), () => {
      stop.abort('SIGTERM')
    })
    const { log } = await stepOver(service, { interrupt: stop.signal })
    expect(log.filter((line) => /\bGate passed:/.test(line))).toEqual([])
    expect(log.filter((line) => /\bGate failed:/.test(line))).toHaveLength(1)
  })

  it('fails where a signal comes while the verdict is told, and says so after it', async () => {
    const stop = new AbortController()
    const left = await stepOver(serviceThat(says('Completed')), {
      interrupt: stop.signal,
      onLine: (line) => {
        if (line.includes('Gate passed: '))
          setImmediate(() => {
            stop.abort('SIGINT')
          })
      },
    })
    expect(left).toMatchObject({ passes: false, outputs: { conclusion: 'cancelled' } })
    expect(left.annotations).toEqual(['error'])
    expect(JSON.parse(left.report)).toMatchObject({ conclusion: 'cancelled', passes: false })
  })

  it('says why the import failed rather than that a signal came later, and says it once', async () => {
    const stop = new AbortController()
    const service = serviceThat(says('Failed', { reason: 'a bad file' }), () => {
      stop.abort('SIGTERM')
    })
    const left = await stepOver(service, { interrupt: stop.signal })
    expect(left).toMatchObject({ passes: false, annotations: ['error'], outputs: { conclusion: 'failed' } })
  })
})

describe('what the step tells', () => {
  it('begins before it ends', async () => {
    const { log, report } = await stepOver(serviceThat(says('Completed')))
    expect(log.findIndex((line) => line.includes('waiting up to 1 min '))).toBe(0)
    expect(log.filter((line) => /\bGate passed:/.test(line))).toHaveLength(1)
    expect(JSON.parse(report)).toMatchObject({
      inputs: { 'job-id': JOB, timeout: '1m' },
      requests: { last: [{ path: '/v2/vectordb/jobs/import/describe', outcome: 'answered' }] },
    })
  })

  it.each([
    ['http://milvus.example', 'root:Milvus', 1],
    ['http://milvus.example', '', 0],
    ['https://milvus.example', 'root:Milvus', 0],
    ['http://10.0.0.5', 'root:Milvus', 0],
  ])('warns of a key that others can read: %s with the key %j', async (endpoint, apiKey, times) => {
    const { log } = await stepOver(serviceThat(says('Completed')), { inputs: { endpoint, 'api-key': apiKey } })
    expect(log.filter((line) => line.includes('The key travels over plain http'))).toHaveLength(times)
  })

  it.each([
    ['a cluster that is asked nothing', { 'cluster-endpoint': 'http://cluster.example' }, 0],
    ['a cluster', { 'cluster-endpoint': 'http://cluster.example', 'wait-for': 'searchable' }, 1],
  ])('warns of a key that others can read on the way to %s', async (_what, inputs, times) => {
    const { log } = await stepOver(serviceThat(says('Completed', { collectionName: 'docs' })), {
      inputs: { 'api-key': 'root:Milvus', timeout: '0', ...inputs },
    })
    expect(log.filter((line) => line.includes('The key travels over plain http'))).toHaveLength(times)
  })

  it('compares a collection with what is shown of it', async () => {
    const asked = (name: string, answer = 'docs') =>
      stepOver(serviceThat(says('Completed', { collectionName: answer })), { inputs: { 'collection-name': name } })
    expect(await asked('docs')).toMatchObject({ passes: true })
    expect(await asked('other')).toMatchObject({ passes: false, outputs: { conclusion: 'wrong-collection' } })
    expect(await asked('docs\u200b', 'docs\u200b')).toMatchObject({ passes: true })
  })

  it('shows no secret that is a word of a collection’s name', async () => {
    const name = 'of-Milvus-Passw0rd'
    const left = await stepOver(serviceThat(says('Completed', { collectionName: name })), {
      inputs: { 'collection-name': name, 'api-key': 'root:Milvus-Passw0rd' },
    })
    expect(left).toMatchObject({ passes: true, outputs: { collectionName: 'of-***' } })
    expect(left.summary).toContain('in of-&#42;&#42;&#42;')
    expect(JSON.stringify({ ...left, masked: [] })).not.toContain('Passw0rd')
  })

  it('goes where the runner wants it, and nowhere else', async () => {
    const told = (env: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>> = {}) =>
      stepOver(serviceThat(says('Completed')), { env, inputs })
    const everything = await told({})
    expect(everything.summary).toContain('localhost&#58;19530')
    expect(everything.log.join('\n')).not.toMatch(/could not be written|There is no/)

    const withoutOutputs = await told({ GITHUB_OUTPUT: '' })
    expect(withoutOutputs).toMatchObject({ passes: true, outputs: {} })
    const withoutSummary = await told({ GITHUB_STEP_SUMMARY: '' })
    expect(withoutSummary).toMatchObject({ passes: true, summary: '', outputs: { conclusion: 'completed' } })
    const unwanted = await told({}, { summary: 'false' })
    expect(unwanted).toMatchObject({ passes: true, summary: '', outputs: { conclusion: 'completed' } })
    for (const { log } of [withoutOutputs, withoutSummary, unwanted]) {
      expect(log.join('\n')).not.toMatch(/could not be written|There is no/)
    }
  })

  it('says what it cannot write, and goes on', async () => {
    const { passes, log, outputs } = await stepOver(serviceThat(says('Completed')), {
      env: { RUNNER_TEMP: '/no/such/folder', GITHUB_STEP_SUMMARY: '/no/such/folder/summary' },
    })
    expect(passes).toBe(true)
    expect(outputs).toMatchObject({ conclusion: 'completed', reportPath: '' })
    expect(log.filter((line) => line.includes('could not be written'))).toHaveLength(1)
    expect(log.filter((line) => /^ +0:00 {2}There is no report file: .*ENOENT/.test(line))).toHaveLength(1)
    expect(log.filter((line) => /^ +0:00 {2}The job summary could not be written: .*ENOENT/.test(line))).toHaveLength(1)
  })

  it('says why there is no commit status', async () => {
    const { passes, log } = await stepOver(serviceThat(says('Completed')), {
      inputs: { 'commit-status': 'Milvus import' },
    })
    expect(passes).toBe(true)
    expect(log.filter((line) => / {2}There is no commit status: .+\. \(MIG-050\)$/.test(line))).toHaveLength(1)
    expect(log.join('\n')).not.toContain('could not be written')
  })

  it('is about the inputs where they are mistaken, under the policy of the defaults', async () => {
    const { summary, report } = await stepOver(serviceThat(says('Completed')), { inputs: { timeout: 'soon' } })
    expect(summary).toContain('timeout')
    expect(JSON.parse(report)).toMatchObject({ inputs: {}, conclusion: 'invalid-input', passes: false })
  })

  it('warns once of a key that others can read on two ways', async () => {
    const { log } = await stepOver(serviceThat(says('Completed', { collectionName: 'docs' })), {
      inputs: {
        endpoint: 'http://milvus.example',
        'cluster-endpoint': 'http://cluster.example',
        'wait-for': 'searchable',
        'api-key': 'root:Milvus',
        timeout: '0',
      },
    })
    expect(log.filter((line) => line.includes('The key travels over plain http'))).toHaveLength(1)
  })

  it('counts the time of its notices from its own start', async () => {
    const clock = new FakeClock()
    await clock.until(clock.sleep(90_000))
    const inputs = { 'job-id': JOB, endpoint: 'http://localhost:19530' }
    const env = { RUNNER_TEMP: '/no/such/folder' }
    const { log } = await runStep({ inputs, env, openExchange: serviceThat(says('Completed')) }, clock)
    expect(log.filter((line) => /^ +0:00 {2}There is no report file: /.test(line))).toHaveLength(1)
  })

  it('shows every exchange, without secrets, only where the runner shows lines for debugging', async () => {
    const exchangesTold = async (RUNNER_DEBUG: string) => {
      const step = { inputs: { 'api-key': JOB.slice(0, 7) }, env: { RUNNER_DEBUG } }
      const { debugLog } = await stepOver(serviceThat(says('Completed')), step)
      return debugLog.filter((line) => line.includes('POST'))
    }
    expect(await exchangesTold('')).toEqual([])
    expect(await exchangesTold('1')).toEqual([
      expect.stringMatching(
        /^[\d:.]{12} POST \/v2\/vectordb\/jobs\/import\/describe, job \*\*\*13698322011: HTTP 200, code 0, .+: answered$/,
      ),
    ])
  })

  it('is masked by the runner where it is a secret', async () => {
    const { masked } = await stepOver(serviceThat(says('Completed')), { inputs: { 'api-key': 'root:Milvus-Passw0rd' } })
    expect(masked).toEqual(expect.arrayContaining(['root:Milvus-Passw0rd', 'Milvus-Passw0rd']))
  })
})

describe('what the step asks for', () => {
  /** A service with these jobs, and what it was asked, in turn. */
  function serviceWith(jobs: readonly Readonly<Record<string, unknown>>[]) {
    const lists: unknown[] = []
    const answer = ({ url, body = '' }: { readonly url: string; readonly body?: string }) => {
      const asked = JSON.parse(body) as { readonly jobId?: string }
      if (!url.endsWith('/list')) {
        return Promise.resolve(reply(200, { code: 0, data: jobs.find(({ jobId }) => jobId === asked.jobId) }))
      }
      lists.push(asked)
      return Promise.resolve(reply(200, { code: 0, data: { records: jobs } }))
    }
    const openExchange = (): HttpConnection => ({ send: answer, close: () => Promise.resolve() })
    return { openExchange, lists }
  }

  const jobsOf = (collectionName: string, amount: number) =>
    Array.from({ length: amount }, (_, n) => ({ jobId: `${n + 1}`, collectionName, state: 'Importing' }))

  it('are the jobs of the collection by its own name, which is shown and compared as it may be shown', async () => {
    const { openExchange, lists } = serviceWith(jobsOf('docs\u200b', 1))
    const { log, outputs } = await stepOver(openExchange, {
      inputs: {
        'job-id': 'discover',
        'collection-name': 'docs\u200b',
        'db-name': 'shop_of_books',
        'api-key': 'root:shop_of_books',
      },
    })
    expect(outputs['conclusion']).toBe('timed-out')
    expect(lists).toEqual([{ collectionName: 'docs\u200b', dbName: 'shop_of_books' }])
    expect(log.filter((line) => line.includes('has 1 import job'))).toEqual([
      '   0:00  collection docs in database *** has 1 import job to wait for',
    ])
  })

  it.each([
    [{ 'collection-name': 'docs' }, { collectionName: 'docs' }],
    [{}, {}],
  ])('is a list of many jobs by what the inputs say of their collection: %j', async (inputs, asked) => {
    const jobs = jobsOf('docs', 8)
    const { openExchange, lists } = serviceWith(jobs)
    await stepOver(openExchange, { inputs: { 'job-id': jobs.map(({ jobId }) => jobId).join(' '), ...inputs } })
    expect(lists[0]).toEqual(asked)
  })

  it.each([
    [{}, 'is running at localhost:19530.'],
    [{ 'cluster-id': 'in01-abc' }, 'is running at localhost:19530, cluster in01-abc.'],
    [{ 'project-id': 'proj-1', 'region-id': 'aws' }, 'is running at localhost:19530, project proj-1, region aws.'],
    [{ 'db-name': 'shop' }, 'in database shop is running at localhost:19530.'],
  ])('is named where there is nothing: %j', async (inputs, where) => {
    const { outputs } = await stepOver(serviceWith([]).openExchange, {
      inputs: { 'job-id': 'discover', 'collection-name': 'docs', ...inputs },
    })
    expect(outputs).toMatchObject({ conclusion: 'no-jobs' })
    expect(outputs['reason']).toContain(where)
  })
})

describe('the status of the commit', () => {
  const API = 'https://ghes.example/api/v3'

  /** A step that keeps a status at a GitHub that gives this answer; ends once the post step has nothing left to do. */
  async function stepWithStatus(answer: HttpReply) {
    const folder = mkdtempSync(join(tmpdir(), 'commit-status-'))
    const state = join(folder, 'state')
    const requests: HttpRequest[] = []
    const gitHub: HttpConnection = {
      send: (request) => {
        requests.push(request)
        return Promise.resolve(answer)
      },
      close: () => Promise.resolve(),
    }
    const service = serviceThat(says('Completed'))
    const isSettled = () => requests.length > 0 && existsSync(state) && readFileSync(state, 'utf8') === ''
    try {
      const left = await runStep({
        inputs: {
          'job-id': JOB,
          endpoint: 'http://localhost:19530',
          timeout: '1m',
          'commit-status': 'Milvus import',
          'github-token': 'ghs_secret',
        },
        env: {
          GITHUB_API_URL: API,
          GITHUB_REPOSITORY: 'octocat/hello-world',
          GITHUB_SHA: 'c'.repeat(40),
          GITHUB_EVENT_NAME: 'push',
          GITHUB_STATE: state,
        },
        openExchange: (_clock, { endpoint }) => (endpoint === API ? gitHub : service()),
        idle: async () => {
          do await turnsOfTheLoop()
          while (!isSettled())
          await turnsOfTheLoop()
        },
      })
      return { left, requests }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('is set where there is a way to it', async () => {
    const { left, requests } = await stepWithStatus(reply(201, {}))
    const { url, headers, body = '' } = requests.at(-1)!
    expect(url).toBe(`${API}/repos/octocat/hello-world/statuses/${'c'.repeat(40)}`)
    expect(headers).toMatchObject({ authorization: 'Bearer ghs_secret', 'x-github-api-version': '2022-11-28' })
    expect(JSON.parse(body)).toMatchObject({ state: 'success', context: 'Milvus import' })
    expect(left).toMatchObject({ passes: true, annotations: [] })
    expect(left.log.join('\n')).not.toContain('commit status')
  })

  it('costs a warning where GitHub refuses it', async () => {
    const { left } = await stepWithStatus(reply(404, { message: 'Not Found' }))
    expect(left).toMatchObject({ passes: true, annotations: ['warning'] })
  })
})
