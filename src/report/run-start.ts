import { TIME_IS_UP } from '../gate/import-service.ts'
import type { RequestOptions } from '../gate/import-service.ts'
import type { ServiceError } from '../gate/job.ts'
import type { RunStart } from '../gate/start.ts'
import { firstAttemptBegan } from './github.ts'
import type { GitHubFailure, GitHubOptions } from './github.ts'
import type { Sanitize } from './sanitize.ts'

/** The run whose first attempt may have started the import. */
export interface RunStartRequest extends Pick<GitHubOptions, 'token' | 'proxy'> {
  readonly run: { readonly apiUrl: string; readonly repository: string; readonly runId: string }
}

const MAX_CAUSE = 200

/** Asks GitHub when the first attempt of the run began. Never rejects; its text has been sanitized. */
export function runStartOf(
  { token, proxy, run }: RunStartRequest,
  world: Pick<GitHubOptions, 'userAgent' | 'openExchange' | 'wallClockMs'>,
  sanitize: Sanitize,
): (options: RequestOptions) => Promise<RunStart> {
  const { apiUrl, repository, runId } = run
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? []
  const fact = (but: Pick<ServiceError, 'kind' | 'outcome'> & Partial<ServiceError>): ServiceError => ({
    host: 'GitHub',
    operation: 'run-start',
    address: 'endpoint',
    ...but,
  })
  const unknown = (detail: string): RunStart => ({
    kind: 'unknown',
    error: fact({ kind: 'github-rejected', outcome: 'not-asked', detail }),
  })
  const failed = (failure: GitHubFailure): RunStart => {
    switch (failure.kind) {
      case 'refused':
        return {
          kind: 'unknown',
          error: fact({ kind: 'github-rejected', outcome: `http-${failure.status}`, httpStatus: failure.status }),
        }
      case 'limited': {
        const message = 'it limits the rate of requests'
        return {
          kind: 'outage',
          error: fact({ kind: 'github-outage', outcome: 'http-429', message }),
          retryAfterMs: failure.waitMs,
        }
      }
      case 'failed': {
        const message = sanitize(failure.cause, MAX_CAUSE)
        return { kind: 'outage', error: fact({ kind: 'github-outage', outcome: 'network', message }) }
      }
      default:
        return failure satisfies never
    }
  }
  return async ({ signal, turn }) => {
    if (token === '') return unknown('github-token is empty')
    if (owner === undefined || repo === undefined) return unknown('GITHUB_REPOSITORY does not name a repository')
    if (!(await turn())) return { kind: 'cancelled' }
    const result = await firstAttemptBegan(
      { apiUrl, token, proxy, ...world },
      { owner, repo, runId: Number(runId) },
      signal,
    )
    if (signal.aborted && signal.reason !== TIME_IS_UP) return { kind: 'cancelled' }
    if (result.kind !== 'began') return failed(result)
    const wallMs = Date.parse(result.time ?? '')
    return Number.isNaN(wallMs) ? unknown('it named no time') : { kind: 'began', wallMs }
  }
}
