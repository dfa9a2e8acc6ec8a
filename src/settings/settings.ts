import { tmpdir } from 'node:os'
import { parseApiKey, parseDataPlane, parseEndpoint } from './endpoint.ts'
import { gitHubRunOf, gitHubTokenOf, HANDED_OVER, handedOverIn, parseCommitStatus } from './github.ts'
import { parseHeaders } from './headers.ts'
import { inputDefaults, inputsOf, secretInputs, variableOf } from './inputs.ts'
import { all, mistaken } from './parsed.ts'
import { parsePolicy } from './policy.ts'
import { parseProxies } from './proxy.ts'
import { secretsOf } from './secrets.ts'
import { parseSelection } from './selection.ts'
import { parseTarget } from './target.ts'
import { parseTls, shownPem } from './tls.ts'
import { parseBoolean } from './words.ts'
import type { DataPlane } from './endpoint.ts'
import type { GitHubRun } from './github.ts'
export { readmeOf } from './github.ts'
import type { Environment, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'
import type { Mistake } from '../gate/conclusion.ts'
import type { Policy, Selection } from '../gate/policy.ts'

export { handedOverIn, inputDefaults, secretsOf }
export type { DataPlane, Environment, GitHubRun }

/** How to reach the service. */
export interface Connection {
  /** Origin plus path prefix, without a trailing slash. */
  readonly endpoint: string
  /** Empty: no `Authorization` header. */
  readonly apiKey: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly tls: {
    /** PEM certificates to trust besides Node's roots and `NODE_EXTRA_CA_CERTS`; `system` for the machine's own store. */
    readonly ca: { readonly kind: 'pem'; readonly pem: string } | { readonly kind: 'system' } | undefined
    readonly clientCert: string | undefined
    readonly clientKey: string | undefined
    readonly serverName: string | undefined
    /** `NODE_EXTRA_CA_CERTS`: the default certificates of Node 22.15 and later hold that file already. */
    readonly extraCaPath: string | undefined
  }
  readonly proxy: {
    readonly httpProxy: string | undefined
    readonly httpsProxy: string | undefined
    readonly noProxy: string
  }
}

/** Which service and database the jobs belong to; sent in the request's body and headers where given. */
export interface Target {
  readonly clusterId: string | undefined
  readonly projectId: string | undefined
  readonly regionId: string | undefined
  readonly dbName: string | undefined
}

/** Where the runner wants to be told; undefined where it did not say. */
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
  readonly proxy: Connection['proxy']
  /** Where and under which name the step leaves word for its post step. */
  readonly state: { readonly path: string | undefined; readonly name: string }
}

/** Everything a run needs to know, checked. */
export interface Settings {
  readonly selection: Selection
  readonly connection: Connection
  /** Where a collection is asked whether it can be searched. */
  readonly dataPlane: DataPlane
  readonly target: Target
  readonly policy: Policy
  readonly summary: boolean
  /** The name of the commit status to keep up to date. */
  readonly commitStatus: string | undefined
  /** The inputs as given, defaults filled in, without secrets: for the report file. */
  readonly inputs: Readonly<Record<string, string>>
}

export type ParsedSettings =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake[] }

/** Settings out of the runner's inputs and environment, or every mistake in them at once. */
export function parseSettings(env: Environment): ParsedSettings {
  const inputs = inputsOf(env)
  const settings = all<Omit<Settings, 'inputs'>>({
    selection: refusingSecrets(parseSelection(inputs), env),
    connection: parseConnection(inputs, env),
    dataPlane: parseDataPlane(inputs),
    target: parseTarget(inputs),
    policy: parsePolicy(inputs),
    summary: parseBoolean('summary', inputs.summary),
    commitStatus: parseCommitStatus(inputs),
  })
  if (settings.kind === 'mistakes') {
    return { kind: 'mistakes', mistakes: settings.mistakes.map((mistake) => withoutStraySecret(mistake, env)) }
  }
  const { value } = settings
  return { kind: 'settings', settings: { ...value, inputs: shownInputs(inputs, value, env) } }
}

/** Whether a summary is wanted, also where other inputs are wrong: unless the input is a valid `false`. */
export function summaryWanted(env: Environment): boolean {
  const summary = parseBoolean('summary', inputsOf(env).summary)
  return summary.kind === 'mistakes' || summary.value
}

/** The commit status that is wanted, also where other inputs are wrong. */
export function commitStatusOf(env: Environment): CommitStatusOptions | undefined {
  const inputs = inputsOf(env)
  const context = parseCommitStatus(inputs)
  if (context.kind === 'mistakes' || context.value === undefined) return undefined
  const proxies = parseProxies(env)
  return {
    context: context.value,
    token: gitHubTokenOf(inputs),
    run: gitHubRunOf(env),
    proxy: proxies.kind === 'value' ? proxies.value : { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
    state: { path: env['GITHUB_STATE'] || undefined, name: HANDED_OVER },
  }
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

function parseConnection(inputs: Inputs, env: Environment): Parsed<Connection> {
  const endpoint = parseEndpoint(inputs)
  return all<Connection>({
    endpoint,
    apiKey: parseApiKey(inputs['api-key'], endpoint.kind === 'value' ? endpoint.value : undefined),
    headers: parseHeaders(inputs.headers),
    tls: parseTls(inputs, env),
    proxy: parseProxies(env),
  })
}

/** A mistake where an id holds a key or password: ids stand everywhere as they are, and it would too. */
function refusingSecrets(selection: Parsed<Selection>, env: Environment): Parsed<Selection> {
  const ids = selection.kind === 'value' && selection.value.kind === 'given' ? selection.value.jobIds : []
  // A header may well hold an id.
  const secrets = secretsOf({ ...env, [variableOf('headers')]: '' }).filter(({ length }) => length >= SHORTEST_STRAY)
  if (!ids.some((id) => secrets.some((secret) => id.includes(secret)))) return selection
  const takes = 'import job ids, which are no secret'
  return mistaken({ input: 'job-id', got: STRAY_SECRET, takes, example: '448761313698322011' })
}

const STRAY_SECRET = 'a value that holds a secret of another input'
/** A shorter one may be a part of an id by chance. */
const SHORTEST_STRAY = 8

/** A secret that was put into an input that is none must not be shown there either. */
function withoutStraySecret(mistake: Mistake, env: Environment): Mistake {
  if (secretInputs.includes(mistake.input) || !holdsStraySecret(mistake.input, env)) return mistake
  return { ...mistake, got: STRAY_SECRET }
}

function holdsStraySecret(input: string, env: Environment): boolean {
  const variable = input in inputDefaults ? variableOf(input) : input
  const text = env[variable] ?? ''
  // Most are empty, and the secrets are read anew for each that is not.
  return text !== '' && secretsOf({ ...env, [variable]: '' }).some((secret) => text.includes(secret))
}

function shownInputs(
  inputs: Inputs,
  { connection, dataPlane }: Pick<Settings, 'connection' | 'dataPlane'>,
  env: Environment,
): Readonly<Record<string, string>> {
  const shown = Object.entries({
    ...inputs,
    endpoint: connection.endpoint,
    'cluster-endpoint': dataPlane.kind === 'address' ? dataPlane.endpoint : '',
    'ca-cert': shownPem(inputs['ca-cert']),
    'client-cert': shownPem(inputs['client-cert']),
  }).filter(([name]) => !secretInputs.includes(name))
  return Object.fromEntries(shown.map(([name, text]) => [name, holdsStraySecret(name, env) ? '***' : text]))
}
