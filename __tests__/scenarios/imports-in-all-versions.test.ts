import { describe, expect, it } from '@jest/globals'
import type { HttpConnection, HttpReply } from '../../src/connection.ts'
import type { Clock } from '../../src/gate/clock.ts'
import { runStep, turnsOfTheLoop } from '../hostile/whole-gate.ts'
import { json, wholeReply } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { openService } from '../simulator/open-service.ts'
import type { Operation } from '../simulator/routes.ts'
import type { Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/service-script.ts'
import { RELEASES } from '../simulator/versions.ts'
import type { MilvusVersion } from '../simulator/versions.ts'
import { anImport, COMPLETED, HALFWAY } from '../support/gating.ts'
import { aCloudToImport, aMilvusToImport, FILES, withChanges } from '../support/import-places.ts'
import type { ImportPlace } from '../support/import-places.ts'

const PLACES = [
  ...(Object.keys(RELEASES) as MilvusVersion[]).map(aMilvusToImport),
  aCloudToImport('2024'),
  aCloudToImport('2026'),
]

const URL_OF_SERVICE = 'http://milvus.test'
const URL_OF_GITHUB = 'http://github.test'
const RUN = {
  GITHUB_API_URL: URL_OF_GITHUB,
  GITHUB_REPOSITORY: 'octocat/hello-world',
  GITHUB_RUN_ID: '7',
  GITHUB_JOB: 'load',
}
const AGAIN = { GITHUB_RUN_ATTEMPT: '2' }
const RESET: Reply = { kind: 'cut', when: 'before-headers', by: 'reset' }
const HANG: Reply = { kind: 'hang', when: 'before-headers' }
const RUNNING = { clock: 'polls', course: HALFWAY } as const
const FAILED: readonly Step[] = [
  { phase: 'Importing', lasts: 0 },
  { phase: 'Failed', reason: 'disk quota exceeded' },
]

interface Request {
  readonly operation: Operation
  readonly atMs: number
  readonly key: string | undefined
  readonly jobId: string | undefined
}

/** How a step differs from one that imports the files. */
interface Changes {
  readonly service?: Partial<ServiceScript>
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** A step with `import` in this process, without a network and in virtual time; GitHub says that the run began an hour ago. */
async function start(place: ImportPlace, { service = {}, inputs, env }: Changes = {}) {
  const requests: Request[] = []
  let askedOfGitHub = 0
  let underWay = 0
  const answer = openService(withChanges(place, service), 1, () => URL_OF_SERVICE)
  const toService = (clock: Clock): HttpConnection => ({
    async send({ url, headers: sent, body = '', timeoutMs }) {
      const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]))
      const path = url.slice(URL_OF_SERVICE.length)
      const { reply, operation, jobId } = answer({ method: body === '' ? 'GET' : 'POST', path, headers, body })
      if (operation !== undefined) {
        requests.push({ operation, atMs: clock.now(), key: headers['idempotency-key'], jobId })
      }
      if (reply.kind === 'hang') await clock.sleep(timeoutMs)
      return onTheWire(reply, timeoutMs)
    },
    close: () => Promise.resolve(),
  })
  const toGitHub = (): HttpConnection => {
    underWay += 1
    return {
      send() {
        askedOfGitHub += 1
        return Promise.resolve(onTheWire(json({ run_started_at: new Date(Date.now() - 3_600_000).toISOString() })))
      },
      close() {
        underWay -= 1
        return Promise.resolve()
      },
    }
  }
  const left = await runStep({
    inputs: {
      endpoint: URL_OF_SERVICE,
      import: place.bodyOf(FILES),
      'github-token': 'ghs_x',
      ...place.inputs,
      ...inputs,
    },
    env: { ...RUN, ...env },
    openExchange: (clock, { endpoint }) => (endpoint === URL_OF_GITHUB ? toGitHub() : toService(clock)),
    idle: async () => {
      do await turnsOfTheLoop()
      while (underWay > 0)
    },
  })
  const operations = requests.map(({ operation }) => operation)
  return {
    ...left,
    requests,
    operations,
    creates: requests.filter(({ operation }) => operation === 'create'),
    askedOfGitHub,
  }
}

function onTheWire(reply: Reply, timeoutMs = 0): HttpReply {
  const whole = wholeReply(reply)
  if (whole === undefined) {
    return reply.kind === 'hang'
      ? { kind: 'timeout', timeoutMs }
      : { kind: 'network', code: 'ECONNRESET', message: 'read ECONNRESET' }
  }
  const headers = Object.fromEntries(Object.entries(whole.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { kind: 'reply', status: whole.status, headers, body: whole.body, sizeBytes: whole.body.length }
}

/** When the requests of a kind were sent, in seconds after the first of them. */
function secondsOf(requests: readonly Request[], kind: Operation): readonly number[] {
  const times = requests.filter(({ operation }) => operation === kind).map(({ atMs }) => atMs)
  return times.map((atMs) => Math.round((atMs - (times[0] ?? 0)) / 1000))
}

const fiveSecondsApart = (last: number) => Array.from({ length: last / 5 + 1 }, (_, n) => 5 * n)

describe.each(PLACES)('a step that starts an import on $title', (place) => {
  it('lists, sends one request and waits for its job', async () => {
    const { outputs, creates, operations } = await start(place)
    const [create] = creates
    expect(outputs).toMatchObject({ conclusion: 'completed', started: 'true', jobId: create?.jobId, totalRows: '3000' })
    expect(create?.key).toMatch(/^octocat\/hello-world:7:load:[\da-f]{16}$/)
    expect(operations).toEqual(['list', 'create', 'describe'])
  })

  it('fails where the service refuses, in its words', async () => {
    const { outputs, operations } = await start(place, { inputs: { import: place.bodyOf([['catalog/part-0.txt']]) } })
    expect(outputs).toMatchObject({ conclusion: 'start-failed', started: '', jobId: '' })
    expect(outputs['reason']).toMatch(/unexpect(?:ed)? file type, files=\[catalog\/part-0\.txt\]/)
    expect(operations).toEqual(['list', 'create'])
  })

  it('sends once more, 2 s later, what was denied', async () => {
    const denied = { reply: json({ code: 1800, message: 'no' }, 401) }
    const { outputs, requests, creates } = await start(place, { service: { createFaults: [denied] } })
    expect([outputs['conclusion'], secondsOf(requests, 'create')]).toEqual(['start-failed', [0, 2]])
    const once = await start(place, { service: { createFaults: [{ ...denied, until: 1 }] } })
    expect(once.outputs).toMatchObject({ conclusion: 'completed', started: 'true' })
    expect(new Set([...once.creates, ...creates].map(({ key }) => key)).size).toBe(1)
  })

  it.each([json({ code: 1807 }), json({ code: 8 }), json({ code: 9 }), json({}, 429)])(
    'sends again what was not carried out: %j',
    async (reply) => {
      const { outputs, creates } = await start(place, { service: { createFaults: [{ reply, until: 2 }] } })
      expect([outputs['conclusion'], outputs['started'], creates.length]).toEqual(['completed', 'true', 3])
    },
  )

  it.each([RESET, HANG])('finds the job whose response was lost: $kind', async (reply) => {
    const { outputs, creates, operations } = await start(place, {
      service: { createFaults: [{ reply, takesEffect: true }] },
    })
    expect(outputs).toMatchObject({ conclusion: 'completed', started: 'true', jobId: creates[0]?.jobId })
    expect(operations).toEqual(['list', 'create', 'list', 'describe', 'describe'])
  })

  it.each([
    [RESET, 30],
    [HANG, 60],
  ])('reads the list every 5 s where the request was lost, and never sends it again: %j', async (reply, seconds) => {
    const { outputs, passes, requests, creates } = await start(place, { service: { createFaults: [{ reply }] } })
    expect([passes, outputs['conclusion'], creates.length]).toEqual([false, 'start-failed', 1])
    const search = requests.slice(1)
    expect(secondsOf(search, 'list')).toEqual(fiveSecondsApart(seconds))
  })

  it('takes over the import of an earlier attempt', async () => {
    const { jobId } = place
    const job = anImport(COMPLETED, { jobId })
    const { outputs, creates, askedOfGitHub } = await start(place, { service: { jobs: [job] }, env: AGAIN })
    expect(outputs).toMatchObject({ conclusion: 'completed', started: 'false', jobId })
    expect([creates, askedOfGitHub]).toEqual([[], 1])
  })

  it('starts again what failed in an earlier attempt, with a key of its own', async () => {
    const job = anImport(FAILED, { jobId: place.jobId })
    const { outputs, creates } = await start(place, { service: { jobs: [job] }, env: AGAIN })
    expect(outputs).toMatchObject({ conclusion: 'completed', started: 'true', jobId: creates[0]?.jobId })
    expect(creates.map(({ key }) => key)).toEqual([expect.stringMatching(/^octocat.*:2$/)])
  })

  it('does not ask GitHub in a later attempt where there are no jobs', async () => {
    const { outputs, askedOfGitHub } = await start(place, { env: AGAIN })
    expect([outputs['conclusion'], outputs['started'], askedOfGitHub]).toEqual(['completed', 'true', 0])
  })

  it('passes with wait-for: started, and polls once with timeout: 0', async () => {
    const service = { imports: [RUNNING] }
    const started = await start(place, { service, inputs: { 'wait-for': 'started' } })
    const once = await start(place, { service, inputs: { timeout: '0' } })
    expect([started.passes, started.outputs['conclusion']]).toEqual([true, 'started'])
    expect([once.passes, once.outputs['conclusion']]).toEqual([false, 'timed-out'])
    for (const { operations } of [started, once]) expect(operations).toEqual(['list', 'create', 'describe'])
  })

  it('never aborts an ordinary import', async () => {
    const inputs = { 'abort-uncommitted': 'true', timeout: '1m' }
    const { outputs, operations } = await start(place, { service: { imports: [RUNNING] }, inputs })
    expect(outputs['conclusion']).toBe('timed-out')
    expect(operations).not.toContain('abort')
  })
})
