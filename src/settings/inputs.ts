/** The process's environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Every input with its default, in the order of `action.yml`. */
export const inputDefaults = {
  'job-id': '',
  import: '',
  'idempotency-key': '',
  'api-key': '',
  endpoint: '',
  'cluster-id': '',
  'project-id': '',
  'region-id': '',
  'db-name': '',
  'collection-name': '',
  since: '',
  'on-no-jobs': 'fail',
  timeout: '1h',
  'on-timeout': 'fail',
  'poll-interval': 'auto',
  'request-timeout': '30s',
  'max-outage': '',
  'stall-timeout': '',
  'expected-rows': '',
  'on-uncommitted': 'fail',
  'abort-uncommitted': 'false',
  'wait-for': 'completed',
  'expected-collection-rows': '',
  'cluster-endpoint': '',
  headers: '',
  'ca-cert': '',
  'client-cert': '',
  'client-key': '',
  'tls-server-name': '',
  summary: 'true',
  'commit-status': '',
  'github-token': '${{ github.token }}',
} as const satisfies Readonly<Record<string, string>>

/** The name of an input, as a workflow writes it. */
export type InputName = keyof typeof inputDefaults

/** The text of every input: trimmed, the default where it is empty. */
export type Inputs = Readonly<Record<InputName, string>>

/** Inputs whose value is never shown, nor kept in the report. */
export const secretInputs: readonly string[] = [
  'api-key',
  'headers',
  'client-key',
  'github-token',
] satisfies InputName[]

/** The inputs as the runner hands them over. */
export function inputsOf(env: Environment): Inputs {
  const given = Object.entries(inputDefaults).map(([name, fallback]) => [name, givenInput(env, name) || fallback])
  const inputs = Object.fromEntries(given) as Inputs
  // Keys are often copied with the scheme that the gate puts in front itself.
  return { ...inputs, 'api-key': inputs['api-key'].replace(/^Bearer\s+/i, '') }
}

/** The name of the variable that holds an input: upper case, hyphens kept. */
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/Handler.cs
export function variableOf(input: string): string {
  return `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`
}

function givenInput(env: Environment, name: string): string {
  return (env[variableOf(name)] ?? '').trim()
}
