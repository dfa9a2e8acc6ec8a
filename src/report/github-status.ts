import { getOctokitOptions, GitHub } from '@actions/github/lib/utils'
import { EnvHttpProxyAgent, fetch } from 'undici'

/** A commit, and how to reach GitHub about it. */
export interface StatusTarget {
  readonly apiUrl: string
  readonly token: string
  readonly owner: string
  readonly repo: string
  readonly sha: string
  /** The status' name. */
  readonly context: string
  /** Where its link leads to. */
  readonly targetUrl: string
  readonly userAgent: string
  readonly proxy: {
    readonly httpProxy: string | undefined
    readonly httpsProxy: string | undefined
    readonly noProxy: string
  }
}

/** What a commit's status says. */
export interface CommitStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  /** At most 140 characters. */
  readonly description: string
}

/** What came of setting a status. */
export type Delivery =
  | { readonly kind: 'set' }
  /** Another attempt would fare no better. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** GitHub wants to hear nothing for so long. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  | { readonly kind: 'failed'; readonly cause: string }

/** Sets the status of a commit. Settles as soon as it is aborted, and never rejects. */
export async function setStatus(target: StatusTarget, status: CommitStatus, signal: AbortSignal): Promise<Delivery> {
  const { apiUrl, token, owner, repo, sha, context, targetUrl, userAgent } = target
  const connections = new AbortController()
  const dispatcher = dispatcherFor(target, connections.signal)
  try {
    const octokit = new GitHub(
      getOctokitOptions(token, {
        baseUrl: apiUrl,
        userAgent,
        log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        request: {
          fetch: (url: string, init: Parameters<typeof fetch>[1]) => post(url, { ...init, dispatcher }),
        },
      }),
    )
    const { status: httpStatus }: { status: number } = await octokit.rest.repos.createCommitStatus({
      owner,
      repo,
      sha,
      ...status,
      context,
      target_url: targetUrl,
      request: { signal },
    })
    return httpStatus === CREATED
      ? { kind: 'set' }
      : { kind: 'refused', status: httpStatus, message: 'no status was created' }
  } catch (error) {
    return signal.aborted ? { kind: 'failed', cause: 'GitHub did not answer in time' } : deliveryOf(error)
  } finally {
    // Also those that are still being set up, which undici leaves to themselves.
    connections.abort()
    void dispatcher.destroy()
  }
}

const CREATED = 201
/**
 * A repository that was renamed or moved:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
const TO_BE_REPEATED = new Set([307, 308])

/** Follows one redirect, on the same host: others would make a GET of it, whose answer says nothing, or tell somebody else. */
async function post(url: string, init: Parameters<typeof fetch>[1]): ReturnType<typeof fetch> {
  const response = await fetch(url, { ...init, redirect: 'manual' })
  const location = response.headers.get('location') ?? ''
  const isToBeRepeated = TO_BE_REPEATED.has(response.status) && location !== '' && URL.canParse(location, url)
  if (!isToBeRepeated) return response
  const next = new URL(location, url)
  return next.origin === new URL(url).origin ? fetch(next, { ...init, redirect: 'manual' }) : response
}

function dispatcherFor({ apiUrl, proxy }: StatusTarget, signal: AbortSignal): EnvHttpProxyAgent {
  const isSecure = apiUrl.startsWith('https:')
  // With no proxy for https undici would take the one for http.
  const proxyUrl = (isSecure ? proxy.httpsProxy : proxy.httpProxy) ?? ''
  // The caller's signal is the one limit; undici's own would come beside it.
  const connect = { timeout: 0, signal }
  return new EnvHttpProxyAgent({
    httpProxy: proxyUrl,
    httpsProxy: proxyUrl,
    noProxy: proxy.noProxy,
    proxyTunnel: isSecure,
    connect,
    requestTls: connect,
    proxyTls: connect,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** What GitHub's answer means, as octokit throws it. */
export function deliveryOf(error: unknown, nowMs = Date.now()): Delivery {
  const { response, message } = error as Partial<OctokitError>
  if (response === undefined) return { kind: 'failed', cause: causeOf(error) }
  const { status, headers } = response
  const waitMs = waitMsOf(headers, nowMs)
  if (status === 429 || (status === 403 && (waitMs !== undefined || LIMITED.test(message ?? '')))) {
    return { kind: 'limited', waitMs: waitMs ?? UNTOLD_WAIT_MS }
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
const UNTOLD_WAIT_MS = 60_000
/** The secondary limit may come without a header that tells it from a missing permission. */
const LIMITED = /rate limit|abuse/i

function waitMsOf(headers: Headers, nowMs: number): number | undefined {
  const retryAfter = headers['retry-after']
  if (retryAfter !== undefined) return secondsOf(retryAfter) ?? UNTOLD_WAIT_MS
  if (String(headers['x-ratelimit-remaining']) !== '0') return undefined
  const resetMs = secondsOf(headers['x-ratelimit-reset'])
  return resetMs === undefined ? UNTOLD_WAIT_MS : Math.max(0, resetMs - nowMs)
}

/** Whole seconds, told in milliseconds. */
function secondsOf(header: string | number | undefined): number | undefined {
  return /^\d+$/.test(String(header)) ? Number(header) * 1_000 : undefined
}

/** Octokit wraps what fetch throws, and fetch what the socket throws. */
function causeOf(error: unknown): string {
  const { cause, message, code } = error as { cause?: unknown; message?: string; code?: unknown }
  if (typeof cause === 'object' && cause !== null) return causeOf(cause)
  return message || String(code ?? error)
}

function ignore(): void {
  // What octokit would tell the console, the reporter tells in its own words.
}
