import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Transport } from '../connection.ts'
import type { HttpsUrl } from '../messages/codes.ts'
import { proxiesIn } from './endpoint.ts'
import { commitOf } from './github-commit.ts'
import { inputDefaults, inputsOf } from './inputs.ts'
import { isHeaderText, mistaken, parsed, parseOptionalName, sized } from './values.ts'
import type { Environment, Inputs } from './inputs.ts'
import type { Parsed } from './values.ts'

/** The run of the workflow that this step is part of; what GitHub does not say is empty. */
export interface GitHubRun {
  readonly apiUrl: string
  /** `owner/name` */
  readonly repository: string
  readonly eventName: string
  /** The commit that the run is about; undefined where the event does not name one, or cannot be read. */
  readonly sha: string | undefined
  /** The run's number; every attempt has the same. */
  readonly runId: string
  /** The run's page. */
  readonly url: string
}

/** https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables */
export function gitHubRunOf(env: Environment): GitHubRun {
  const variable = (name: string) => env[`GITHUB_${name}`] ?? ''
  const server = variable('SERVER_URL') || 'https://github.com'
  const repository = variable('REPOSITORY')
  const eventName = variable('EVENT_NAME')
  return {
    apiUrl: variable('API_URL') || 'https://api.github.com',
    repository,
    eventName,
    runId: variable('RUN_ID'),
    sha: commitOf(eventName, eventIn(variable('EVENT_PATH')), variable('SHA')),
    url: `${server}/${repository}/actions/runs/${variable('RUN_ID')}/attempts/${variable('RUN_ATTEMPT') || '1'}`,
  }
}

function eventIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * The troubleshooting page of the version of this action that the step uses; undefined for an action in the workflow's
 * own repository, which GitHub does not name.
 */
export function troubleshootingOf(env: Environment): HttpsUrl | undefined {
  const server = /^https:\/\/([\w.-]+(?::\d+)?)\/?$/.exec(env['GITHUB_SERVER_URL'] ?? '')?.[1]
  const repository = /^[\w.-]+\/[\w.-]+$/.exec(env['GITHUB_ACTION_REPOSITORY'] ?? '')?.[0]
  const ref = /^[\w./-]+$/.exec(env['GITHUB_ACTION_REF'] ?? '')?.[0]
  if (server === undefined || repository === undefined || ref === undefined) return undefined
  return `https://${server}/${repository}/blob/${ref}/docs/troubleshooting.md`
}

/** The name of the commit status; a token that cannot be sent is a mistake only where there is one. */
export function parseCommitStatus(inputs: Inputs): Parsed<string | undefined> {
  const name = parseOptionalName('commit-status', inputs['commit-status'], 'Milvus import')
  if (name.kind === 'mistakes' || (name.value === undefined && inputs.import === '')) return name
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

/** Where the runner expects commands; undefined where it did not say. */
export interface RunnerFiles {
  readonly outputPath: string | undefined
  readonly summaryPath: string | undefined
  /** Folder for the report file's own folder. */
  readonly tempDir: string
}

/** A commit status that is wanted, and who says so to GitHub. */
export interface CommitStatusOptions {
  /** The status' name. */
  readonly context: string
  /** Empty where the workflow gives none. */
  readonly token: string
  readonly run: GitHubRun
  readonly proxy: Transport['proxy']
  /** Where and under which name the step leaves word for its post step. */
  readonly state: { readonly path: string | undefined; readonly name: string }
}

/** The commit status that is wanted, also where other inputs are wrong. */
export function commitStatusOf(env: Environment): CommitStatusOptions | undefined {
  const inputs = inputsOf(env)
  const context = parseCommitStatus(inputs)
  if (context.kind === 'mistakes' || context.value === undefined) return undefined
  return {
    context: context.value,
    token: gitHubTokenOf(inputs),
    run: gitHubRunOf(env),
    proxy: proxiesIn(env),
    state: { path: env['GITHUB_STATE'] || undefined, name: HANDED_OVER },
  }
}

/** The run that GitHub is asked about where an earlier attempt may have started the import, and how. */
export function runStartRequestOf(env: Environment): Pick<CommitStatusOptions, 'token' | 'run' | 'proxy'> {
  return { token: gitHubTokenOf(inputsOf(env)), run: gitHubRunOf(env), proxy: proxiesIn(env) }
}

/** Where outputs, summary and report go, whether or not the inputs hold. */
export function runnerFilesOf(env: Environment): RunnerFiles {
  return {
    outputPath: env['GITHUB_OUTPUT'] || undefined,
    summaryPath: env['GITHUB_STEP_SUMMARY'] || undefined,
    tempDir: env['RUNNER_TEMP'] || tmpdir(),
  }
}

/** Whether the log may be colored: on a runner, whose page shows colors, unless somebody asks for none. */
export function colorsWanted(env: Environment): boolean {
  // https://no-color.org
  return env['GITHUB_ACTIONS'] === 'true' && !env['NO_COLOR']
}

/** Whether the runner shows lines for debugging. */
export function debugWanted(env: Environment): boolean {
  return env['RUNNER_DEBUG'] === '1'
}
