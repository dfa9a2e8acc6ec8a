import type { GitHub as Octokit } from '@actions/github/lib/utils'
import type { Transport } from '../connection.ts'

/** What GitHub's API is asked with; the connection comes from the world. */
export interface GitHubOptions {
  readonly apiUrl: string
  readonly token: string
  readonly userAgent: string
  readonly proxy: Transport['proxy']
  readonly openExchange: (transport: Transport) => GitHubConnection
  readonly wallClockMs: () => number
}

/** The part of an HTTP connection that GitHub needs. */
export interface GitHubConnection {
  post(request: GitHubRequest & { readonly body: string }): Promise<GitHubReply>
  get(request: GitHubRequest): Promise<GitHubReply>
  close(): Promise<void>
}

interface GitHubRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** A whole response, or why there is none. */
interface GitHubReply {
  readonly kind: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly code?: string
  readonly message?: string
}

/** A commit and the status that is kept on it. */
export interface StatusTarget {
  readonly owner: string
  readonly repo: string
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
  const reply = await callGitHub(options, signal, (octokit) =>
    octokit.rest.repos.createCommitStatus({ owner, repo, sha, ...status, context, target_url: targetUrl }),
  )
  if ('kind' in reply) return reply
  if (reply.status === CREATED) return { kind: 'set' }
  return { kind: 'refused', status: reply.status, message: 'no status was created' }
}

const CREATED = 201

type Call = (octokit: InstanceType<typeof Octokit>) => Promise<{ status: number; data: unknown }>

/** One call over a connection of its own, since minutes may pass before the next. */
async function callGitHub(
  { apiUrl, token, userAgent, proxy, openExchange, wallClockMs }: GitHubOptions,
  signal: AbortSignal,
  call: Call,
): Promise<{ readonly status: number; readonly data: unknown } | GitHubFailure> {
  const connection = openExchange({ endpoint: apiUrl, tls: NODE_TRUST, proxy })
  try {
    // Most steps never need it, and it is a fifth of all code.
    const { getOctokitOptions, GitHub } = await import(/* webpackMode: "eager" */ '@actions/github/lib/utils')
    const fetch = (url: string, init: FetchInit) => send(connection, url, init, signal)
    const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
    return await call(new GitHub(getOctokitOptions(token, { baseUrl: apiUrl, userAgent, log, request: { fetch } })))
  } catch (error) {
    return signal.aborted ? { kind: 'failed', cause: 'GitHub did not answer in time' } : failureOf(error, wallClockMs())
  } finally {
    void connection.close()
  }
}

/** `ca-cert` and the client's certificate are for the service alone. */
const NODE_TRUST: Transport['tls'] = {
  ca: undefined,
  clientCert: undefined,
  clientKey: undefined,
  serverName: undefined,
  extraCaPath: undefined,
}

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = { 'X-GitHub-Api-Version': '2022-11-28' }
/** Callers abort earlier. */
const TIMEOUT_MS = 30_000
/**
 * A repository that was renamed or moved, by the methods that may follow:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
const REDIRECTS = { GET: new Set([301, 302, 307, 308]), POST: new Set([307, 308]) }

interface FetchInit {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Octokit's `fetch`. Follows one redirect, on the same origin: the token must not go elsewhere. */
async function send(connection: GitHubConnection, url: string, init: FetchInit, signal: AbortSignal) {
  const { method, headers, body = '' } = init
  const sendTo = async (address: string) => {
    const request = { url: address, headers: { ...headers, ...API_VERSION }, signal, timeoutMs: TIMEOUT_MS }
    const reply = await (method === 'GET' ? connection.get(request) : connection.post({ ...request, body }))
    if (reply.kind === 'reply') return reply
    throw new Error(reply.message || reply.code || reply.kind)
  }
  const first = await sendTo(url)
  const location = first.headers?.['location'] ?? ''
  const isElsewhere = REDIRECTS[method].has(first.status ?? 0) && location !== '' && URL.canParse(location, url)
  const next = isElsewhere ? new URL(location, url) : undefined
  const reply = next?.origin === new URL(url).origin ? await sendTo(next.href) : first
  const replyHeaders = new Map(Object.entries(reply.headers ?? {}))
  return { status: reply.status, url, headers: replyHeaders, text: () => Promise.resolve(reply.body ?? '') }
}

/** What GitHub's response means, as octokit throws it. */
export function failureOf(error: unknown, nowMs: number): GitHubFailure {
  const { response, message } = error as Partial<OctokitError>
  if (response === undefined) return { kind: 'failed', cause: causeOf(error) }
  const { status, headers } = response
  const waitMs = waitMsOf(headers, nowMs)
  if (status === 429 || (status === 403 && (waitMs !== undefined || LIMITED.test(message ?? '')))) {
    return { kind: 'limited', waitMs: waitMs ?? DEFAULT_WAIT_MS }
  }
  if (status >= 400 && status < 500 && status !== 408) return { kind: 'refused', status, message: message ?? '' }
  return { kind: 'failed', cause: `GitHub answered with HTTP ${status}` }
}

type Headers = Readonly<Record<string, string | number | undefined>>

interface OctokitError {
  readonly message: string
  readonly response: { readonly status: number; readonly headers: Headers }
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
const DEFAULT_WAIT_MS = 60_000
/** The secondary limit may come without a header that tells it from a missing permission. */
const LIMITED = /rate limit|abuse/i

function waitMsOf(headers: Headers, nowMs: number): number | undefined {
  const retryAfter = headers['retry-after']
  if (retryAfter !== undefined) return secondsInMs(retryAfter) ?? DEFAULT_WAIT_MS
  if (String(headers['x-ratelimit-remaining']) !== '0') return undefined
  const resetMs = secondsInMs(headers['x-ratelimit-reset'])
  return resetMs === undefined ? DEFAULT_WAIT_MS : Math.max(0, resetMs - nowMs)
}

function secondsInMs(header: string | number | undefined): number | undefined {
  return /^\d+$/.test(String(header)) ? Number(header) * 1_000 : undefined
}

/** Octokit wraps what its `fetch` throws. */
function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: unknown; message?: string }
  return cause instanceof Error ? causeOf(cause) : (message ?? String(error))
}

function ignore(): void {
  // Octokit's own warnings would go to the console; the reporter has its own words.
}
