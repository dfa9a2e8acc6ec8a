import { TIME_IS_UP } from '../gate/import-service.ts'
import type { RequestOptions } from '../gate/import-service.ts'
import type { ServiceError } from '../gate/job.ts'
import type { RunStart } from '../gate/start.ts'
import { firstAttemptBegan, repositoryOf } from './github.ts'
import type { GitHubOptions } from './github.ts'
import type { Sanitize } from './sanitize.ts'

/** The run whose first attempt may have started the import. */
export interface RunStartRequest extends Pick<GitHubOptions, 'token' | 'proxy'> {
  readonly run: { readonly apiUrl: string; readonly repository: string; readonly runId: string }
}

const MAX_CAUSE = 200

/** Asks GitHub when the first attempt of the run began. Never rejects; its text has been sanitized. */
export function runStartOf(
  { token, proxy, run: { apiUrl, repository: fullName, runId } }: RunStartRequest,
  world: Pick<GitHubOptions, 'userAgent' | 'openExchange' | 'wallClockMs'>,
  sanitize: Sanitize,
): (options: RequestOptions) => Promise<RunStart> {
  const repository = repositoryOf(token, fullName)
  return async ({ signal, turn }) => {
    if (typeof repository === 'string') return unknown('not-asked', { detail: repository })
    if (!(await turn())) return { kind: 'cancelled' }
    const target = { ...repository, runId: Number(runId) }
    const result = await firstAttemptBegan({ apiUrl, token, proxy, ...world }, target, signal)
    if (signal.aborted && signal.reason !== TIME_IS_UP) return { kind: 'cancelled' }
    switch (result.kind) {
      case 'began': {
        const wallMs = Date.parse(result.time ?? '')
        if (!Number.isNaN(wallMs)) return { kind: 'began', wallMs }
        return unknown('unusable', { kind: 'github-outage', message: 'its response names no time' })
      }
      case 'refused':
        return unknown(`http-${result.status}`, { httpStatus: result.status })
      case 'limited':
        return { ...outage('http-429', 'it limits the rate of requests'), retryAfterMs: result.waitMs }
      case 'failed':
        return outage('network', sanitize(result.cause, MAX_CAUSE))
    }
  }
}

const BASE = { host: 'GitHub', operation: 'run-start', address: 'endpoint' } as const

function unknown(outcome: string, facts: Partial<ServiceError>): RunStart {
  return { kind: 'unknown', error: { ...BASE, kind: 'github-rejected', outcome, ...facts } }
}

function outage(outcome: string, message: string): Extract<RunStart, { readonly kind: 'outage' }> {
  return { kind: 'outage', error: { ...BASE, kind: 'github-outage', outcome, message } }
}
