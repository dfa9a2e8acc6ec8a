import { afterEach, describe, expect, it } from '@jest/globals'
import type { RequestOptions } from '../../src/gate/import-service.ts'
import type { RunStart } from '../../src/gate/start.ts'
import { whatHappened } from '../../src/messages/service-errors.ts'
import { runStartOf } from '../../src/report/run-start.ts'
import { createExchange } from '../../src/service/http.ts'
import { json } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { startGitHub, type GitHubStandIn } from './github-stand-in.ts'

const servers: GitHubStandIn[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

interface Asked {
  readonly start: RunStart
  /** What the log says where there is no time. */
  readonly text: string | undefined
  readonly requests: readonly string[]
}

/** When the first attempt began, of a GitHub that gives this reply. */
async function asked(reply: Reply, but: { token?: string; repository?: string } = {}): Promise<Asked> {
  const { token = 'ghs_secret', repository = 'octocat/hello-world' } = but
  const gitHub = await startGitHub(undefined, () => reply)
  servers.push(gitHub)
  const request = {
    token,
    proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    run: { apiUrl: gitHub.url, repository, runId: '7' },
  }
  const world = { userAgent: 'milvus-import-gate/test', openExchange: createExchange, wallClockMs: Date.now }
  const options: RequestOptions = { signal: new AbortController().signal, turn: () => Promise.resolve(true) }
  const start = await runStartOf(request, world, String)(options)
  expect(gitHub.faults).toEqual([])
  const text = 'error' in start && start.error !== undefined ? whatHappened(start.error) : undefined
  return { start, text, requests: gitHub.requests }
}

describe('the start of the run', () => {
  it('is what GitHub says of the first attempt', async () => {
    const { start, requests } = await asked(json({ id: 7, run_started_at: '2026-11-23T06:00:00Z' }))
    expect(start).toEqual({ kind: 'began', wallMs: Date.UTC(2026, 10, 23, 6) })
    expect(requests).toEqual(['GET /api/v3/repos/octocat/hello-world/actions/runs/7/attempts/1'])
  })

  it.each<[what: string, reply: Reply, text: string]>([
    ['GitHub refuses', json({ message: 'Resource not accessible' }, 403), 'GitHub rejected the request: HTTP 403.'],
    ['GitHub does not know the run', json({ message: 'Not Found' }, 404), 'GitHub rejected the request: HTTP 404.'],
    ['GitHub names no time', json({ id: 7 }), 'GitHub does not say when the run began: its response names no time.'],
  ])('is unknown where %s', async (_what, reply, text) => {
    const { start, text: shown } = await asked(reply)
    expect([start.kind, shown]).toEqual(['unknown', text])
  })

  it.each<[what: string, but: { token?: string; repository?: string }, text: string]>([
    ['a token', { token: '' }, 'GitHub was not asked: github-token is empty.'],
    ['a repository', { repository: '' }, 'GitHub was not asked: GITHUB_REPOSITORY does not name a repository.'],
  ])('is not asked for without %s', async (_what, but, text) => {
    const { start, text: shown, requests } = await asked(json({}), but)
    expect([start.kind, shown, requests]).toEqual(['unknown', text, []])
  })

  it.each<[what: string, reply: Reply, retryAfterMs: number | undefined]>([
    ['HTTP 502', json({}, 502), undefined],
    ['HTTP 429', json({}, 429, { 'Retry-After': '7' }), 7_000],
    ['a 403 with Retry-After', json({}, 403, { 'Retry-After': '7' }), 7_000],
    ['a 403 of a used-up limit', json({}, 403, { 'x-ratelimit-remaining': '0' }), 60_000],
    ['a cut connection', { kind: 'cut', when: 'before-headers', by: 'reset' }, undefined],
  ])('is asked for again after %s', async (_what, reply, retryAfterMs) => {
    const { start } = await asked(reply)
    expect(start.kind).toBe('outage')
    expect('retryAfterMs' in start ? start.retryAfterMs : undefined).toBe(retryAfterMs)
  })
})
