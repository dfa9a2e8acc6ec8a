import type { Contexts } from './manifest.ts'

/** What the environment of a step is made of. */
export interface EnvironmentParts {
  /** Of the machine; only what a bare runner service has is taken from it. */
  readonly host: NodeJS.ProcessEnv
  /** `env:` of the workflow, job and step. */
  readonly env: Readonly<Record<string, string>>
  readonly inputs: ReadonlyMap<string, string>
  readonly contexts: Contexts
  /** What the main step has left for its post step. */
  readonly state?: Readonly<Record<string, string>>
}

// The token is in the context, but not among the names that become variables.
// https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/GitHubContext.cs#L9-L50
const TOKEN = 'token'

const FROM_HOST = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'SystemRoot']

/**
 * The variables that a node action finds. Inputs override `env:`, and the contexts override both.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/NodeScriptActionHandler.cs#L38-L52
 */
export function stepEnvironment({ host, env, inputs, contexts, state = {} }: EnvironmentParts): Record<string, string> {
  const environment = {
    // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L284-L290
    CI: 'true',
    ...pick(host, FROM_HOST),
    ...env,
    ...Object.fromEntries([...inputs].map(([name, value]) => [inputVariable(name), value])),
    // The names keep their case: https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionRunner.cs#L254-L258
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
    ...prefixed('GITHUB_', without(contexts.github, TOKEN)),
    ...prefixed('RUNNER_', contexts.runner),
    // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L281-L282
    GITHUB_ACTIONS: 'true',
  }
  // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/NodeScriptActionHandler.cs#L154-L155
  return without(environment, 'NODE_ICU_DATA')
}

/**
 * Spaces become underscores; hyphens stay.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/Handler.cs#L181-L187
 */
export function inputVariable(name: string): string {
  return 'INPUT_' + name.replaceAll(' ', '_').toUpperCase()
}

function prefixed(prefix: string, context: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [prefix + name.toUpperCase(), value]))
}

type Variables = Readonly<Record<string, string>>

function without(variables: Variables, unwanted: string): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name !== unwanted))
}

function pick(variables: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])))
}
