import type { HttpsUrl } from '../messages/markdown.ts'
import { isHeaderText } from './endpoint.ts'
import { inputDefaults } from './inputs.ts'
import { mistaken, parsed, sized } from './parsed.ts'
import { parseOptionalName } from './target.ts'
import type { Environment, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** The run of the workflow that this step is part of, as GitHub tells it; what it does not tell is empty. */
export interface GitHubRun {
  readonly apiUrl: string
  /** `owner/name` */
  readonly repository: string
  readonly sha: string
  readonly eventName: string
  /** The file with the event that started the run. */
  readonly eventPath: string
  /** The run's page. */
  readonly url: string
}

/** https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables */
export function gitHubRunOf(env: Environment): GitHubRun {
  const variable = (name: string) => env[`GITHUB_${name}`] ?? ''
  const server = variable('SERVER_URL') || 'https://github.com'
  const repository = variable('REPOSITORY')
  return {
    apiUrl: variable('API_URL') || 'https://api.github.com',
    repository,
    sha: variable('SHA'),
    eventName: variable('EVENT_NAME'),
    eventPath: variable('EVENT_PATH'),
    url: `${server}/${repository}/actions/runs/${variable('RUN_ID')}/attempts/${variable('RUN_ATTEMPT') || '1'}`,
  }
}

/**
 * The README of the version of this action that the step uses; undefined for one that lies in the workflow's own
 * repository, which GitHub does not name.
 */
export function readmeOf(env: Environment): HttpsUrl | undefined {
  const server = /^https:\/\/([\w.-]+(?::\d+)?)\/?$/.exec(env['GITHUB_SERVER_URL'] ?? '')?.[1]
  const repository = /^[\w.-]+\/[\w.-]+$/.exec(env['GITHUB_ACTION_REPOSITORY'] ?? '')?.[0]
  const ref = /^[\w./-]+$/.exec(env['GITHUB_ACTION_REF'] ?? '')?.[0]
  if (server === undefined || repository === undefined || ref === undefined) return undefined
  return `https://${server}/${repository}/blob/${ref}/README.md`
}

/** The name of the commit status; a token that nobody could send is a mistake only where there is one. */
export function parseCommitStatus(inputs: Inputs): Parsed<string | undefined> {
  const name = parseOptionalName('commit-status', inputs['commit-status'], 'Milvus import')
  if (name.kind === 'mistakes' || name.value === undefined) return name
  const token = gitHubTokenOf(inputs)
  if (isHeaderText(token)) return parsed(name.value)
  return mistaken({
    input: 'github-token',
    got: `${sized(token)}, some of which no header can carry`,
    takes: 'a token on a single line; leave it out to use that of the job',
    example: inputDefaults['github-token'],
  })
}

/** The token; empty where the workflow gives none, since only the runner can evaluate the default. */
export function gitHubTokenOf(inputs: Inputs): string {
  const token = inputs['github-token']
  return token === inputDefaults['github-token'] ? '' : token
}

/** The name under which the step leaves word for its post step. */
export const HANDED_OVER = 'commitStatus'

/** What the step has left for its post step to tell; undefined where there is nothing. */
export function handedOverIn(env: Environment): string | undefined {
  return env[`STATE_${HANDED_OVER}`] || undefined
}
