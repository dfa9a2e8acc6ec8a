import type { GitHub as Octokit } from '@actions/github/lib/utils'
import type { HttpConnection, HttpReply, Transport } from '../connection.ts'
import { badProxyText } from '../messages/commit-status.ts'

/** What GitHub's API is asked with; the connection comes from the world. */
export interface GitHubOptions {
  readonly apiUrl: string
  readonly token: string
  readonly userAgent: string
  readonly proxy: Transport['proxy']
  readonly openExchange: (transport: Transport) => HttpConnection
  readonly wallClockMs: () => number
}

/** The repository of a run, as far as a token can ask about it; a string says why it cannot. */
export function repositoryOf(token: string, fullName: string): Repository | string {
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(fullName) ?? []
  if (token === '') return 'github-token is empty'
  return owner === undefined || repo === undefined ? 'GITHUB_REPOSITORY does not name a repository' : { owner, repo }
}

interface Repository {
  readonly owner: string
  readonly repo: string
}

/** A commit and the status that is kept on it. */
export interface StatusTarget extends Repository {
  readonly sha: string
  /** The status' name. */
  readonly context: string
  /** Where its link leads to. */
  readonly targetUrl: string
}

/** What a commit's status says. */
export interface CommitStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  /** At most 140 characters. */
  readonly description: string
}

/** Why GitHub did not do what it was asked for. */
export type GitHubFailure =
  /** Another attempt would fare no better. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** GitHub asks for this pause. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  | { readonly kind: 'failed'; readonly cause: string }

/** The outcome of setting a status. */
export type Delivery = { readonly kind: 'set' } | GitHubFailure

/** Sets the status of a commit. Settles as soon as it is aborted, and never rejects. */
export async function setStatus(
  options: GitHubOptions,
  { owner, repo, sha, context, targetUrl }: StatusTarget,
  status: CommitStatus,
  signal: AbortSignal,
): Promise<Delivery> {
  const reply = await callGitHub(options, signal, ({ repos }) =>
    repos.createCommitStatus.endpoint({ owner, repo, sha, ...status, context, target_url: targetUrl }),
  )
  const isSet = reply.kind === 'reply' && reply.status === 201
  return isSet ? { kind: 'set' } : failureOf(reply, options.wallClockMs())
}

/** When the first attempt of a run began, as GitHub writes it. Settles as soon as it is aborted, and never rejects. */
export async function firstAttemptBegan(
  options: GitHubOptions,
  { owner, repo, runId }: Repository & { readonly runId: number },
  signal: AbortSignal,
): Promise<{ readonly kind: 'began'; readonly time: string | undefined } | GitHubFailure> {
  const reply = await callGitHub(options, signal, ({ actions }) =>
    actions.getWorkflowRunAttempt.endpoint({ owner, repo, run_id: runId, attempt_number: 1 }),
  )
  if (reply.kind !== 'reply' || reply.status !== 200) return failureOf(reply, options.wallClockMs())
  return { kind: 'began', time: /"run_started_at"\s*:\s*"([^"]{1,64})"/.exec(reply.body)?.[1] }
}

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = '2022-11-28'
/** Callers abort earlier. */
const TIMEOUT_MS = 30_000
/** `ca-cert` and the client's certificate are for the service alone. */
const NODE_TRUST: Transport['tls'] = {
  ca: undefined,
  clientCert: undefined,
  clientKey: undefined,
  serverName: undefined,
  extraCaPath: undefined,
}

type Api = InstanceType<typeof Octokit>['rest']

interface ApiRequest {
  readonly method: string
  readonly url: string
  readonly headers: object
  readonly body?: unknown
}

/** One request over a connection of its own, since minutes may pass before the next. Octokit knows the address and fields. */
async function callGitHub(
  { apiUrl, token, userAgent, proxy, openExchange }: GitHubOptions,
  signal: AbortSignal,
  requestOf: (api: Api) => ApiRequest,
): Promise<HttpReply> {
  try {
    const connection = openExchange({ endpoint: apiUrl, tls: NODE_TRUST, proxy })
    try {
      // Most steps never need it, and it is a fifth of all code.
      const { GitHub } = await import(/* webpackMode: "eager" */ '@actions/github/lib/utils')
      const { method, url, headers, body } = requestOf(new GitHub({ baseUrl: apiUrl, userAgent }).rest)
      // `token …`, which octokit sends for most, is refused for a token that is a JWT.
      const own = { authorization: `Bearer ${token}`, 'x-github-api-version': API_VERSION }
      const content = body === undefined ? {} : { body: JSON.stringify(body) }
      const request = { url, headers: { ...headers, ...own }, signal, timeoutMs: TIMEOUT_MS, ...content }
      const reply = await connection.send(request)
      const next = redirectOf(reply, url, method)
      return next === undefined ? reply : await connection.send({ ...request, url: next })
    } finally {
      void connection.close()
    }
  } catch (error) {
    return { kind: 'network', code: 'UNKNOWN', message: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * A repository that was renamed or moved, on the same origin: the token must not go elsewhere.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
function redirectOf(reply: HttpReply, url: string, method: string): string | undefined {
  if (reply.kind !== 'reply') return undefined
  const location = reply.headers['location'] ?? ''
  const isFollowed = [307, 308, ...(method === 'GET' ? [301, 302] : [])].includes(reply.status)
  if (!isFollowed || location === '' || !URL.canParse(location, url)) return undefined
  const next = new URL(location, url)
  return next.origin === new URL(url).origin ? next.href : undefined
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
const DEFAULT_WAIT_MS = 60_000
/** The secondary limit may come without a header that distinguishes it from a missing permission. */
const LIMITED = /rate limit|abuse/i

function failureOf(reply: HttpReply, nowMs: number): GitHubFailure {
  if (reply.kind === 'aborted' || reply.kind === 'timeout') {
    return { kind: 'failed', cause: 'GitHub did not answer in time' }
  }
  if (reply.kind === 'network') {
    const { code, message } = reply
    return { kind: 'failed', cause: code === 'BAD_PROXY' ? badProxyText(message) : message || code }
  }
  const { status, headers, body } = reply.kind === 'reply' ? reply : { ...reply, headers: {}, body: '' }
  const message = messageIn(body)
  const waitMs = waitMsOf(headers, nowMs)
  if (status === 429 || (status === 403 && (waitMs !== undefined || LIMITED.test(message)))) {
    return { kind: 'limited', waitMs: waitMs ?? DEFAULT_WAIT_MS }
  }
  if (status < 500 && status !== 408) return { kind: 'refused', status, message }
  return { kind: 'failed', cause: `GitHub returned HTTP ${status}` }
}

function messageIn(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? ''
  } catch {
    return ''
  }
}

function waitMsOf(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const retryAfter = headers['retry-after']
  if (retryAfter !== undefined) return secondsInMs(retryAfter) ?? DEFAULT_WAIT_MS
  if (headers['x-ratelimit-remaining'] !== '0') return undefined
  const resetMs = secondsInMs(headers['x-ratelimit-reset'])
  return resetMs === undefined ? DEFAULT_WAIT_MS : Math.max(0, resetMs - nowMs)
}

function secondsInMs(header: string | undefined): number | undefined {
  return /^\d+$/.test(header ?? '') ? Number(header) * 1_000 : undefined
}
