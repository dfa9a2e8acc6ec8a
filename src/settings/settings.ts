import type { Connection, DataPlane, Target } from '../connection.ts'
import type { Mistake } from '../gate/conclusion.ts'
import type { Policy, Selection } from '../gate/policy.ts'
import { parseApiKey, parseDataPlane, parseEndpoint, parseProxies, parseTarget } from './endpoint.ts'
import { parseHeaders } from './headers.ts'
import { inputDefaults, inputsOf, secretInputs, variableOf } from './inputs.ts'
import { parseImport, shownImport, withPlaceOfImport } from './import.ts'
import type { Environment, Inputs } from './inputs.ts'
import { parsePolicy, parseSelection } from './policy.ts'
import { parseCommitStatus } from './runner.ts'
import { secretsOf } from './secrets.ts'
import { parseTls, shownPem } from './tls.ts'
import { misspelledInputs } from './unknown-inputs.ts'
import { all, parseBoolean, parsed, wrong } from './values.ts'
import type { Parsed } from './values.ts'

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
  const given = inputsOf(env)
  const inputs = withPlaceOfImport(given)
  const settings = all<Omit<Settings, 'inputs'>>({
    selection: refusingSecrets(parseWhatToWaitFor(inputs, given, env), env),
    connection: parseConnection(inputs, env),
    dataPlane: parseDataPlane(inputs),
    target: parseTarget(inputs),
    policy: parsePolicy(inputs),
    summary: parseBoolean('summary', inputs.summary),
    commitStatus: parseCommitStatus(inputs),
  })
  const misspelled = misspelledInputs(env)
  if (settings.kind === 'mistakes' || misspelled.length > 0) {
    const mistakes = [...misspelled, ...(settings.kind === 'mistakes' ? settings.mistakes : [])]
    return { kind: 'mistakes', mistakes: mistakes.map((mistake) => withoutStraySecret(mistake, env)) }
  }
  const { value } = settings
  return { kind: 'settings', settings: { ...value, inputs: shownInputs(inputs, value, env) } }
}

/** The import to start, or the jobs that are there. */
function parseWhatToWaitFor(inputs: Inputs, given: Inputs, env: Environment): Parsed<Selection> {
  const order = parseImport(given, env)
  if (order.kind === 'mistakes') return order
  return order.value === undefined ? parseSelection(inputs) : parsed({ kind: 'import', order: order.value })
}

/** Whether a summary is wanted, also where other inputs are wrong: unless the input is a valid `false`. */
export function summaryWanted(env: Environment): boolean {
  const summary = parseBoolean('summary', inputsOf(env).summary)
  return summary.kind === 'mistakes' || summary.value
}

function parseConnection(inputs: Inputs, env: Environment): Parsed<Connection> {
  const endpoint = parseEndpoint(inputs)
  return all<Connection>({
    endpoint,
    apiKey: parseApiKey(inputs['api-key'], endpoint.kind === 'value' ? endpoint.value : undefined),
    headers: parseHeaders(inputs.headers),
    tls: parseTls(inputs, env),
    proxy: parseProxies(env, [...addressIn(endpoint), ...addressIn(parseDataPlane(inputs))]),
  })
}

function addressIn(input: Parsed<string | DataPlane>): readonly string[] {
  if (input.kind === 'mistakes') return []
  if (typeof input.value === 'string') return [input.value]
  return input.value.kind === 'address' ? [input.value.endpoint] : []
}

/** A mistake where an id holds a key or password: ids stand everywhere as they are, and it would too. */
function refusingSecrets(selection: Parsed<Selection>, env: Environment): Parsed<Selection> {
  const ids = selection.kind === 'value' && selection.value.kind === 'given' ? selection.value.jobIds : []
  // A header may well hold an id.
  const secrets = secretsOf({ ...env, [variableOf('headers')]: '' }).filter(({ length }) => length >= SHORTEST_STRAY)
  if (!ids.some((id) => secrets.some((secret) => id.includes(secret)))) return selection
  return wrong('job-id', STRAY_SECRET, 'import job IDs, which are no secret')
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
    import: shownImport(inputs.import),
    'ca-cert': shownPem(inputs['ca-cert']),
    'client-cert': shownPem(inputs['client-cert']),
  }).filter(([name]) => !secretInputs.includes(name))
  return Object.fromEntries(shown.map(([name, text]) => [name, holdsStraySecret(name, env) ? '***' : text]))
}
