import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { HttpsUrl } from '../messages/codes.ts'
import { proxiesIn } from './endpoint.ts'
import { commitOf } from './github-commit.ts'
import { inputDefaults, inputsOf } from './inputs.ts'
import { isHeaderText, parsed, parseOptionalName, sized, wrong } from './values.ts'
import type { Environment, Inputs } from './inputs.ts'
import type { Parsed } from './values.ts'

/**
 * The run of the workflow that this step is part of; what GitHub does not say is empty.
 * https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables
 */
function gitHubRunOf(env: Environment) {
  const variable = (name: string) => env[`GITHUB_${name}`] ?? ''
  const server = variable('SERVER_URL') || 'https://github.com'
  const repository = variable('REPOSITORY')
  const eventName = variable('EVENT_NAME')
  return {
    apiUrl: variable('API_URL') || 'https://api.github.com',
    repository,
    eventName,
    runId: variable('RUN_ID'),
    /** Undefined where the event does not name one, or cannot be read. */
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
  const name = parseOptionalName('commit-status', inputs['commit-status'])
  if (name.kind === 'mistakes' || (name.value === undefined && inputs.import === '')) return name
  const token = gitHubTokenOf(inputs)
  if (isHeaderText(token)) return parsed(name.value)
  const takes = 'a token on a single line; leave it out to use that of the job'
  return wrong('github-token', `${sized(token)}, some of which no header can carry`, takes)
}

/** The token; empty where the workflow gives none, since only the runner can evaluate the default. */
export function gitHubTokenOf(inputs: Inputs): string {
  const token = inputs['github-token']
  return token === inputDefaults['github-token'] ? '' : token
}

/** The name under which the step leaves word for its post step. */
const HANDED_OVER = 'commitStatus'

/** What the step has left for its post step to tell; undefined where there is nothing. */
export function handedOverIn(env: Environment): string | undefined {
  return env[`STATE_${HANDED_OVER}`] || undefined
}

/** The commit status that is wanted, also where other inputs are wrong. */
export function commitStatusOf(env: Environment) {
  const inputs = inputsOf(env)
  const context = parseCommitStatus(inputs)
  if (context.kind === 'mistakes' || context.value === undefined) return undefined
  return {
    ...gitHubAccessOf(env),
    context: context.value,
    /** Where and under which name the step leaves word for its post step. */
    state: { path: env['GITHUB_STATE'] || undefined, name: HANDED_OVER },
  }
}

/** The run that GitHub is asked about, and how. */
export function gitHubAccessOf(env: Environment) {
  return { token: gitHubTokenOf(inputsOf(env)), run: gitHubRunOf(env), proxy: proxiesIn(env) }
}

/** Where outputs, summary and report go, whether or not the inputs hold; undefined where the runner did not say. */
export function runnerFilesOf(env: Environment) {
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
