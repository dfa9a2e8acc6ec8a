/** The process's environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Every input with its default and an example of its value, in the order of `action.yml`. */
const INPUTS = {
  'job-id': ['', '448761313698322011'],
  import: ['', '{"collectionName": "products", "files": [["catalog/part-0.parquet"]]}'],
  'idempotency-key': ['', 'catalog-2026-11-23'],
  'api-key': ['', '${{ secrets.ZILLIZ_API_KEY }}'],
  endpoint: ['', 'https://milvus.example.com:19530'],
  'cluster-id': ['', 'in01-a1b2c3d4e5f6a7b'],
  'project-id': ['', 'proj-a1b2c3d4e5f6a7b8c9d0e1'],
  'region-id': ['', 'gcp-us-west1'],
  'db-name': ['', 'default'],
  'collection-name': ['', 'articles'],
  since: ['', '2h'],
  'on-no-jobs': ['fail', 'fail'],
  timeout: ['1h', '1h30m'],
  'on-timeout': ['fail', 'fail'],
  'poll-interval': ['auto', '10s'],
  'request-timeout': ['30s', '30s'],
  'max-outage': ['', '5m'],
  'stall-timeout': ['', '30m'],
  'expected-rows': ['', '>=1000'],
  'on-uncommitted': ['fail', 'fail'],
  'abort-uncommitted': ['false', 'true'],
  'wait-for': ['completed', 'completed'],
  'expected-collection-rows': ['', '>=1000'],
  'cluster-endpoint': ['', 'https://in01-a1b2c3d4e5f6a7b.aws-us-west-2.vectordb.zillizcloud.com:19530'],
  headers: ['', 'CF-Access-Client-Id: ${{ secrets.ACCESS_CLIENT_ID }}'],
  'ca-cert': ['', 'certs/ca.pem'],
  'client-cert': ['', 'certs/client.pem'],
  'client-key': ['', '${{ secrets.CLIENT_KEY }}'],
  'tls-server-name': ['', 'milvus.example.com'],
  summary: ['true', 'true'],
  'commit-status': ['', 'Milvus import'],
  'github-token': ['${{ github.token }}', '${{ github.token }}'],
} as const satisfies Readonly<Record<string, readonly [fallback: string, example: string]>>

/** The name of an input, as a workflow writes it. */
export type InputName = keyof typeof INPUTS

/** The text of every input: trimmed, the default where it is empty. */
export type Inputs = Readonly<Record<InputName, string>>

export const inputDefaults = Object.fromEntries(
  Object.entries(INPUTS).map(([name, [fallback]]) => [name, fallback]),
) as Inputs

export function exampleOf(input: InputName): string {
  return INPUTS[input][1]
}

/** Inputs whose value is never shown, nor kept in the report. */
export const secretInputs: readonly string[] = [
  'api-key',
  'headers',
  'client-key',
  'github-token',
] satisfies InputName[]

/** The inputs as the runner hands them over. */
export function inputsOf(env: Environment): Inputs {
  const given = Object.entries(inputDefaults).map(([name, fallback]) => {
    return [name, (env[variableOf(name)] ?? '').trim() || fallback]
  })
  const inputs = Object.fromEntries(given) as Inputs
  // Keys are often copied with the scheme that the gate puts in front itself.
  return { ...inputs, 'api-key': inputs['api-key'].replace(/^Bearer\s+/i, '') }
}

/** The name of the variable that holds an input: upper case, hyphens kept. */
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/Handler.cs
export function variableOf(input: string): string {
  return `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`
}
