import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { startGitHub, type GitHubStandIn } from '../report/github-stand-in.ts'
import { loadManifest } from '../runner/manifest.ts'
import { removeRunnerFolders, runAction } from '../runner/runner.ts'
import { json, type Reply } from '../simulator/faults.ts'
import type { JobScript } from '../simulator/script.ts'
import { makeCertificates } from '../support/certificates.ts'
import { aMilvus, anImport, COMPLETED, type Gated, type GateOptions, HALFWAY, runGate } from '../support/gating.ts'

const HEAD = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
const NAME = 'Milvus import'
const { main, post = '' } = loadManifest('action.yml')

// Several whole runs at a time, on a machine that may be busy.
jest.setTimeout(30_000)

afterAll(() => {
  removeRunnerFolders()
})

interface Shown extends Gated {
  readonly gitHub: GitHubStandIn
  /** What the commit shows, in order. */
  readonly states: readonly string[]
}

/** A run for a pull request that keeps a commit status, with its post step. */
async function show(
  job: JobScript,
  options: GateOptions = {},
  inFront?: Parameters<typeof startGitHub>[0],
): Promise<Shown> {
  const gitHub = await startGitHub(inFront)
  const run = await runGate(aMilvus([job]), {
    post: true,
    event: { pull_request: { head: { sha: HEAD } } },
    ...options,
    github: { event_name: 'pull_request', api_url: gitHub.url, ...options.github },
    inputs: { 'commit-status': NAME, ...options.inputs },
  }).finally(gitHub.close)
  expect(gitHub.faults).toEqual([])
  expect([run.commandErrors, run.rawStderr, run.post?.rawStderr]).toEqual([[], '', ''])
  expect(run.post?.exitCode).toBe(0)
  return { ...run, gitHub, states: gitHub.statuses.map(({ state }) => state) }
}

const warningsOf = (run: Gated) =>
  [...run.annotations, ...(run.post?.annotations ?? [])].filter(({ type }) => type === 'warning')

const FAILURE = anImport([
  { phase: 'Importing', lasts: 0 },
  { phase: 'Failed', reason: 'no such field' },
])

describe('a commit', () => {
  it.concurrent(
    'shows progress and then success, on the head of the pull request, with a link to the run',
    async () => {
      const {
        gitHub,
        states,
        exitCode,
        state,
        post: after,
      } = await show(anImport([{ phase: 'Importing', within: [0.5, 0.5], lasts: 1 }, { phase: 'Completed' }]))
      expect([exitCode, states]).toEqual([0, ['pending', 'success']])
      const shared = {
        sha: HEAD,
        context: NAME,
        target_url: 'https://github.com/octocat/hello-world/actions/runs/1658821493/attempts/1',
      }
      expect(gitHub.statuses).toEqual([
        { ...shared, state: 'pending', description: expect.stringMatching(/^55%, 1,500 of 3,000 rows/) },
        { ...shared, state: 'success', description: expect.stringMatching(/is complete: 3,000 rows/) },
      ])
      expect([state, after?.log]).toEqual([{}, []])
    },
  )

  it.concurrent.each<[string, JobScript, GateOptions['inputs'], readonly string[]]>([
    ['failure', FAILURE, {}, ['pending', 'failure']],
    ['failure', anImport(HALFWAY), { timeout: '0' }, ['pending', 'failure']],
    ['success', anImport(HALFWAY), { timeout: '0', 'on-timeout': 'pass' }, ['pending', 'success']],
    ['error', anImport(COMPLETED), { timeout: '10' }, ['error']],
  ])('shows %s where the step ends so', async (_, job, inputs = {}, expected) => {
    expect((await show(job, { inputs })).states).toEqual(expected)
  })

  it.concurrent('shows an error where the gate is cancelled', async () => {
    const run = await show(anImport(HALFWAY), { interruption: { kind: 'cancel', when: /Importing, 55%/ } })
    expect([run.states, run.state]).toEqual([['pending', 'error'], {}])
    expect([run.outputs['conclusion'], run.signalsSent]).toEqual(['cancelled', ['SIGINT']])
    expect(run.gitHub.statuses.at(-1)?.description).toContain('SIGINT')
  })

  it.concurrent('is not left pending by a gate that is killed', async () => {
    const run = await show(anImport(HALFWAY), { interruption: { kind: 'kill', when: /Importing, 55%/ } })
    expect(run.signal).toBe('SIGKILL')
    expect(run.states.at(-1)).toBe('error')
    expect(run.gitHub.statuses.at(-1)).toMatchObject({
      sha: HEAD,
      description: 'The gate was killed before it could say how the import ended.',
    })
    expect(run.post?.log.join('\n')).toContain('The commit status was still due: error')
  })

  it.concurrent('shows the verdict later where GitHub was down at the end', async () => {
    const run = await show(anImport(COMPLETED), {}, (nth, state) =>
      state === 'success' && nth < 2 ? json({ message: 'Server Error' }, 502) : undefined,
    )
    expect([run.exitCode, run.states]).toEqual([0, ['pending', 'success']])
    expect(run.log.join('\n')).toContain('left to the post step')
    expect(warningsOf(run)).toEqual([])
  })
})

describe('error with GitHub', () => {
  it.concurrent.each<[string, Reply, string]>([
    ['a token that only reads', json({ message: 'Resource not accessible by integration' }, 403), 'statuses: write'],
    ['a repository out of sight', json({ message: 'Not Found' }, 404), 'statuses: write'],
    ['a limit', json({}, 403, { 'retry-after': '60' }), 'limits the rate'],
    ['an outage', json({}, 503), 'HTTP 503'],
    ['silence', { kind: 'cut', when: 'before-headers', by: 'end' }, 'not up to date'],
  ])('costs one warning and nothing else: %s', async (_, reply, text) => {
    const run = await show(anImport(COMPLETED), {}, () => reply)
    expect([run.exitCode, run.outputs['conclusion']]).toEqual([0, 'completed'])
    expect(warningsOf(run)).toEqual([
      { type: 'warning', title: 'Milvus import: commit status', message: expect.stringContaining(text) },
    ])
  })

  it.concurrent('whose proxy variable cannot be used costs one warning and nothing else', async () => {
    const { ca, server } = await makeCertificates()
    const run = await show(anImport(COMPLETED), {
      wiring: { tls: server },
      inputs: { 'ca-cert': ca.cert },
      env: { HTTP_PROXY: 'socks5://proxy.example' },
    })
    expect([run.exitCode, run.outputs['conclusion'], run.gitHub.requests]).toEqual([0, 'completed', []])
    expect(warningsOf(run).map(({ message }) => message)).toEqual([
      expect.stringContaining('HTTP_PROXY does not hold the URL of an HTTP proxy'),
    ])
  })

  it.concurrent(
    'that hangs does not keep a cancelled gate from ending in time',
    async () => {
      const run = await show(anImport(HALFWAY), { interruption: { kind: 'cancel', when: /Importing, 55%/ } }, (nth) =>
        nth < 2 ? { kind: 'hang', when: 'before-headers' } : undefined,
      )
      expect([run.outputs['conclusion'], run.exitCode, run.states]).toEqual(['cancelled', 1, ['error']])
      expect(run.signalsSent).not.toContain('SIGKILL')
    },
    30_000,
  )

  it.concurrent('is not polled for where the event does not tell the commit', async () => {
    const run = await show(anImport(COMPLETED), { event: { pull_request: null } })
    expect([run.exitCode, run.gitHub.requests, warningsOf(run)]).toEqual([0, [], []])
    expect(run.log.join('\n')).toContain('There is no commit status: the event pull_request names no commit')
  })
})

describe('the token', () => {
  it.concurrent('goes to GitHub alone, also where it is a JWT of 520 characters', async () => {
    const token = `ghs_${'e'.repeat(60)}.${'y'.repeat(400)}.${'-_'.repeat(27)}`
    const run = await show(anImport(COMPLETED), { inputs: { 'github-token': token } })
    expect(run.gitHub.authorizations).toEqual([`Bearer ${token}`, `Bearer ${token}`])
    expect(run.masks).toContain(token)
    const told = [run.outputs, run.summary.text, run.report, run.log, run.state, run.requests]
    expect(JSON.stringify(told)).not.toContain(token)
  })
})

describe('without a commit status', () => {
  it('the post step has nothing to say', async () => {
    const { exitCode, rawStdout, rawStderr } = await runAction({ script: post })
    expect({ exitCode, rawStdout, rawStderr }).toEqual({ exitCode: 0, rawStdout: '', rawStderr: '' })
  })

  it.concurrent('GitHub is not asked', async () => {
    const run = await show(anImport(COMPLETED), { inputs: { 'commit-status': '' } })
    expect([run.exitCode, run.gitHub.requests, run.state, run.post?.log]).toEqual([0, [], {}, []])
  })
})

describe('the licenses', () => {
  it.each(['@actions/core', '@actions/github', '@octokit/core', 'undici'])('name %s', (name) => {
    expect(readFileSync(join(dirname(main), 'licenses.txt'), 'utf8').split('\n')).toContain(name)
  })
})
