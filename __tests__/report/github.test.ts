import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { setStatus } from '../../src/report/github.ts'
import type { Delivery, GitHubOptions } from '../../src/report/github.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import { createExchange } from '../../src/service/http.ts'
import { json, redirect, text, type Reply } from '../simulator/faults.ts'
import { startGitHub, type GitHubStandIn } from './github-stand-in.ts'

const SHA = 'c'.repeat(40)
const NO_PROXY = { httpProxy: undefined, httpsProxy: undefined, noProxy: '' }
const STATUS = { state: 'pending', description: '42%' } as const

const servers: (GitHubStandIn | Server)[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

function aGitHub(apiUrl: string, but: Partial<GitHubOptions> = {}): GitHubOptions {
  return {
    apiUrl,
    token: 'ghs_secret',
    userAgent: 'milvus-import-gate/test',
    proxy: NO_PROXY,
    openExchange: createExchange,
    wallClockMs: Date.now,
    ...but,
  }
}

const TARGET = {
  owner: 'octocat',
  repo: 'hello-world',
  sha: SHA,
  context: 'Milvus import',
  targetUrl: 'https://github.com/octocat/hello-world/actions/runs/1/attempts/1',
}

async function gitHub(reply?: Reply): Promise<GitHubStandIn> {
  const standIn = await startGitHub(() => reply)
  servers.push(standIn)
  return standIn
}

function set(gitHub: GitHubOptions, signal = new AbortController().signal): Promise<Delivery> {
  return setStatus(gitHub, TARGET, STATUS, signal)
}

describe('setting a status', () => {
  it('sends what GitHub asks for, to the address that the runner names', async () => {
    const standIn = await gitHub()
    expect(await set(aGitHub(standIn.url))).toEqual({ kind: 'set' })
    expect([standIn.faults, standIn.authorizations]).toEqual([[], ['Bearer ghs_secret']])
    expect(standIn.statuses).toEqual([
      {
        sha: SHA,
        state: 'pending',
        description: '42%',
        context: 'Milvus import',
        target_url: 'https://github.com/octocat/hello-world/actions/runs/1/attempts/1',
      },
    ])
  })

  it('goes through a proxy, but for the hosts that are excepted', async () => {
    const [proxy, standIn] = [await gitHub(), await gitHub()]
    const { origin, host } = new URL(proxy.url)
    const proxied = { ...NO_PROXY, httpProxy: origin }
    expect(await set(aGitHub('http://github.example/api/v3', { proxy: proxied }))).toEqual({ kind: 'set' })
    expect(proxy.requests).toEqual([`POST http://github.example/api/v3/repos/octocat/hello-world/statuses/${SHA}`])
    expect(host).toBe(new URL(origin).host)
    const excepted = { ...proxied, noProxy: '127.0.0.1' }
    expect(await set(aGitHub(standIn.url, { proxy: excepted }))).toEqual({ kind: 'set' })
    expect(proxy.requests).toHaveLength(1)
  })

  it.each<[string, Reply, Delivery['kind']]>([
    ['a token that GitHub does not know', json({ message: 'Bad credentials' }, 401), 'refused'],
    ['a token that only reads', json({ message: 'Resource not accessible by integration' }, 403), 'refused'],
    ['a token that sees no such repository', json({ message: 'Not Found' }, 404), 'refused'],
    ['a status that GitHub does not like', json({ message: 'Validation Failed' }, 422), 'refused'],
    ['a limit of requests', json({}, 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }), 'limited'],
    ['a second limit', json({}, 403, { 'retry-after': '30' }), 'limited'],
    ['too many requests', text(429, 'slow down'), 'limited'],
    ['an address that is another', redirect('/elsewhere', 301), 'refused'],
    ['an address on another host', redirect('https://elsewhere.example/x', 307), 'refused'],
    ['a redirect without an address', redirect('', 308), 'refused'],
    ['an answer that creates nothing', json({}, 200), 'refused'],
    ['an answer that is no JSON', text(404, 'no such page'), 'refused'],
    ['an outage', text(502, 'Bad gateway'), 'failed'],
    ['a connection that is cut', { kind: 'cut', when: 'before-headers', by: 'reset' }, 'failed'],
  ])('reports %s', async (_, reply, kind) => {
    const standIn = await gitHub(reply)
    expect((await set(aGitHub(standIn.url))).kind).toBe(kind)
    expect(standIn.requests).toHaveLength(1)
  })

  it.each([307, 308])('follows a repository that was renamed, once, with HTTP %i', async (status) => {
    const standIn = await startGitHub((nth) =>
      nth === 0 ? redirect(`/api/v3/repos/octocat/hello-world/statuses/${SHA}`, status) : undefined,
    )
    servers.push(standIn)
    expect(await set(aGitHub(standIn.url))).toEqual({ kind: 'set' })
    expect(standIn.requests).toHaveLength(2)
    const inCircles = await gitHub(redirect('/again', status))
    expect((await set(aGitHub(inCircles.url))).kind).toBe('refused')
    expect(inCircles.requests).toHaveLength(2)
  })

  it('reports that nobody listens', async () => {
    const standIn = await gitHub()
    standIn.close()
    expect(await set(aGitHub(standIn.url))).toMatchObject({
      kind: 'failed',
      cause: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it.each<Reply>([
    { kind: 'hang', when: 'before-headers' },
    { kind: 'hang', when: 'in-body' },
  ])('is given up when it is aborted: %j', async (reply) => {
    const abort = new AbortController()
    const standIn = await startGitHub(() => {
      setImmediate(() => {
        abort.abort()
      })
      return reply
    })
    servers.push(standIn)
    expect(await set(aGitHub(standIn.url), abort.signal)).toEqual({
      kind: 'failed',
      cause: 'GitHub did not answer in time',
    })
  })

  it('leaves no connection behind', async () => {
    const server = createServer()
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const abort = new AbortController()
    const setting = set(aGitHub(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), abort.signal)
    const [socket] = (await once(server, 'connection')) as [NodeJS.ReadableStream]
    const closed = once(socket.resume(), 'close')
    abort.abort()
    await setting
    await closed
    expect(socket.readable).toBe(false)
  })
})

describe('a limit', () => {
  const after = async (status: number, headers: Readonly<Record<string, string>>, message = '') =>
    set(aGitHub((await gitHub(json({ message }, status, headers))).url, { wallClockMs: () => 1_000_000 }))

  it.each<[string, number, Readonly<Record<string, string>>, number]>([
    ['for as long as it says', 403, { 'retry-after': '30' }, 30_000],
    ['until it is over', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1090' }, 90_000],
    ['no longer where it is over', 429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '900' }, 0],
    ['for a minute where it does not say', 429, {}, 60_000],
    ['for a minute where what it says is no number', 429, { 'retry-after': 'soon' }, 60_000],
  ])('is kept %s', async (_, status, headers, waitMs) => {
    expect(await after(status, headers)).toEqual({ kind: 'limited', waitMs })
  })

  it.each([
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    'You have triggered an abuse detection mechanism.',
  ])('that says so only in words is no missing permission: %s', async (message) => {
    expect(await after(403, {}, message)).toEqual({ kind: 'limited', waitMs: 60_000 })
    expect(await after(404, {}, message)).toMatchObject({ kind: 'refused' })
  })
})

describe('a token that is a JWT of 520 characters', () => {
  const token = `ghs_${'e'.repeat(60)}.${'y'.repeat(400)}.${'-_'.repeat(27)}`

  it('goes to GitHub whole', async () => {
    const standIn = await gitHub()
    expect(token).toHaveLength(520)
    expect(await set(aGitHub(standIn.url, { token }))).toEqual({ kind: 'set' })
    expect([standIn.faults, standIn.authorizations]).toEqual([[], [`Bearer ${token}`]])
  })

  it('is cut from all text, as it is and encoded', () => {
    const sanitize = createSanitizer([token])
    for (const text of [token, encodeURIComponent(token), Buffer.from(token).toString('base64')]) {
      expect(sanitize(`unknown token "${text}"`)).not.toMatch(/y{8}|eX{8}|eXl5/)
    }
  })
})
