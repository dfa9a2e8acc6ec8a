import { DEFAULT_ENDPOINT, canonical, isConsole, isControlPlane } from '../hosts.ts'
import { httpUrl, proxyFor } from '../proxy.ts'
import type { ProxyFault } from '../proxy.ts'
import type { DataPlane, Target, Transport } from '../connection.ts'
import type { Environment, InputName, Inputs } from './inputs.ts'
import { all, isHeaderText, mistaken, parsed, parseOptionalName, quoted, sized } from './values.ts'
import type { Parsed } from './values.ts'

/** The service's base URL: origin and path prefix, without a trailing slash. */
export function parseEndpoint(inputs: Inputs): Parsed<string> {
  if (inputs.endpoint !== '') return parseUrl(ENDPOINT, inputs.endpoint)
  if (inputs['cluster-id'] !== '' || inputs['project-id'] !== '' || inputs['region-id'] !== '')
    return parsed(DEFAULT_ENDPOINT)
  return wrong(ENDPOINT, '', 'the base URL of your Milvus; on Zilliz Cloud leave it empty and give `cluster-id`')
}

/** The data plane; a Zilliz Cloud project alone does not lead to one. */
export function parseDataPlane(inputs: Inputs): Parsed<DataPlane> {
  if (inputs['cluster-endpoint'] !== '') return parseClusterEndpoint(inputs['cluster-endpoint'])
  const project = (['project-id', 'region-id'] as const).find((name) => inputs[name] !== '')
  if (project !== undefined && inputs['wait-for'] === 'searchable') {
    const takes = `the cluster's own URL, since \`wait-for: searchable\` asks the cluster and \`${project}\` does not name one`
    return wrong(CLUSTER_ENDPOINT, '', takes)
  }
  return parsed(inputs['cluster-id'] === '' ? { kind: 'same' } : { kind: 'cluster' })
}

function parseClusterEndpoint(text: string): Parsed<DataPlane> {
  const endpoint = parseUrl(CLUSTER_ENDPOINT, text)
  if (endpoint.kind === 'mistakes') return endpoint
  const controlPlane = controlPlaneOf(endpoint.value)
  if (controlPlane === undefined) return parsed({ kind: 'address', endpoint: endpoint.value })
  return wrong(CLUSTER_ENDPOINT, text, `the cluster's own URL: ${controlPlane} knows import jobs, but no collections`)
}

/** An input that takes a URL. */
interface UrlRule {
  readonly input: InputName
  /** What to give in place of the address of the web console. */
  readonly instead: string
  readonly example: string
}

const ENDPOINT: UrlRule = {
  input: 'endpoint',
  instead: `nothing for Zilliz Cloud (with \`cluster-id\` the default is ${DEFAULT_ENDPOINT}), else the URL of your Milvus`,
  example: 'https://milvus.example.com:19530',
}
const CLUSTER_ENDPOINT: UrlRule = {
  input: 'cluster-endpoint',
  instead: "the cluster's own URL, which the console shows",
  example: 'https://in01-a1b2c3d4e5f6a7b.aws-us-west-2.vectordb.zillizcloud.com:19530',
}

/** Origin and path prefix, without a trailing slash. */
function parseUrl(rule: UrlRule, text: string): Parsed<string> {
  if (hasUserinfo(text))
    return wrong(rule, text, 'a URL without user name and password: those go to `api-key` as `user:password`')
  if (/[?#]/.test(text)) return wrong(rule, text, 'a URL without `?` and `#` and what follows them')
  const url = httpUrl(text)
  if (url === undefined) return wrong(rule, text, 'a URL that starts with `http://` or `https://` and has a host')
  if (isConsole(url.hostname)) return wrong(rule, text, `${rule.instead}, not the address of the web console`)
  const prefix = url.pathname.replace(/\/+v2\/+vectordb(?:\/.*)?$/, '').replace(/\/+$/, '')
  return parsed(`${url.origin}${prefix}`)
}

function wrong({ input, example }: UrlRule, text: string, takes: string): Parsed<never> {
  return mistaken({ input, got: quoted(withoutCredentials(text)), takes, example })
}

/**
 * The key, as far as it may go to that endpoint: a Milvus password must not reach a third party, and Zilliz Cloud
 * answers no request without a key. Without an endpoint only the key's form is checked.
 */
export function parseApiKey(key: string, endpoint: string | undefined): Parsed<string> {
  const wrongKey = (got: string, takes: string) =>
    mistaken({ input: 'api-key', got, takes, example: '${{ secrets.ZILLIZ_API_KEY }}' })
  if (/[\r\n]/.test(key)) return wrongKey(`${sized(key)} with a line break`, 'a key on a single line')
  if (!isHeaderText(key))
    return wrongKey(`${sized(key)}, some of which no header can carry`, 'a key of plain characters')
  const controlPlane = endpoint === undefined ? undefined : controlPlaneOf(endpoint)
  if (controlPlane === undefined) return parsed(key)
  if (key === '') {
    return wrongKey(
      'nothing',
      `a Zilliz Cloud API key, which ${controlPlane} always wants; ` +
        'check the name of the secret, and mind that runs from forks and of Dependabot get no secrets',
    )
  }
  if (key.includes(':')) {
    return wrongKey(
      `${sized(key)} with a \`:\`, like \`user:password\``,
      `a Zilliz Cloud API key: a Milvus password must not go to ${controlPlane}, a third party; ` +
        'if you mean your own Milvus, give its URL as `endpoint`',
    )
  }
  return parsed(key)
}

function controlPlaneOf(endpoint: string): string | undefined {
  const host = canonical(new URL(endpoint).hostname)
  return isControlPlane(host) ? host : undefined
}

/** Names and ids that say which service, database and collection the jobs belong to. */
export function parseTarget(inputs: Inputs): Parsed<Target> {
  return all<Target>({
    clusterId: withoutProject(inputs, parseOptionalName('cluster-id', inputs['cluster-id'], 'in01-a1b2c3d4e5f6a7b')),
    projectId: together(inputs, 'project-id', 'region-id', 'proj-a1b2c3d4e5f6a7b8c9d0e1'),
    regionId: together(inputs, 'region-id', 'project-id', 'gcp-us-west1'),
    dbName: parseDbName(inputs['db-name']),
  })
}

function parseDbName(text: string): Parsed<string | undefined> {
  const name = parseOptionalName('db-name', text, 'default')
  if (name.kind === 'mistakes' || isHeaderText(text)) return name
  return mistaken({
    input: 'db-name',
    got: quoted(text),
    takes: 'a database name of letters, digits and underscores, since it is sent as a header',
    example: 'default',
  })
}

function withoutProject(inputs: Inputs, clusterId: Parsed<string | undefined>): Parsed<string | undefined> {
  const rivals = (['project-id', 'region-id'] as const).filter((name) => inputs[name] !== '')
  if (clusterId.kind === 'mistakes' || clusterId.value === undefined || rivals.length === 0) return clusterId
  return mistaken({
    input: 'cluster-id',
    got: `${quoted(clusterId.value)} together with ${rivals.map((name) => `\`${name}\``).join(' and ')}`,
    takes: 'the instance id alone; remove either it, or `project-id` and `region-id`',
    example: 'in01-a1b2c3d4e5f6a7b',
  })
}

function together(inputs: Inputs, input: InputName, partner: InputName, example: string): Parsed<string | undefined> {
  if (inputs[input] !== '' || inputs[partner] === '') return parseOptionalName(input, inputs[input], example)
  return mistaken({
    input,
    got: 'nothing',
    takes: `a value, since ${partner} has one; give both or neither`,
    example,
  })
}

/** The proxies that the environment asks for; lower case wins, as with curl. */
export function proxiesIn(env: Environment): Transport['proxy'] {
  return {
    httpProxy: variable(env, 'HTTP_PROXY') || undefined,
    httpsProxy: variable(env, 'HTTPS_PROXY') || undefined,
    noProxy: variable(env, 'NO_PROXY'),
  }
}

/** The texts of the proxy variables, used or not: they may hold a password. */
export function proxyTextsOf(env: Environment): readonly string[] {
  return ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) =>
    [name.toLowerCase(), name].map((key) => (env[key] ?? '').trim()),
  )
}

function variable(env: Environment, name: string): string {
  return (env[name.toLowerCase()] ?? '').trim() || (env[name] ?? '').trim()
}

/** The proxies, where those that requests to the given addresses go through can be used. */
export function parseProxies(env: Environment, endpoints: readonly string[]): Parsed<Transport['proxy']> {
  const proxies = proxiesIn(env)
  const mistakes = endpoints.flatMap((endpoint) => {
    const choice = proxyFor(endpoint, proxies)
    if (choice.kind !== 'unusable') return []
    const { variable: name, text, fault } = choice
    const lower = name.toLowerCase()
    return [
      {
        input: (env[lower] ?? '').trim() === '' ? name : lower,
        got: quoted(withoutCredentials(text)),
        takes: PROXY_TAKES[fault],
        example: 'http://proxy.example.com:3128',
      },
    ]
  })
  const own = mistakes.filter(({ input }, i) => mistakes.findIndex((mistake) => mistake.input === input) === i)
  return own.length > 0 ? mistaken(...own) : parsed(proxies)
}

const PROXY_TAKES: Readonly<Record<ProxyFault, string>> = {
  'not-a-url':
    'the URL of an HTTP proxy, `http://host:port` or `host:port`; unset it, or list the host in `NO_PROXY`, to go without a proxy',
  'not-percent-encoded': 'user name and password percent-encoded: a `%` that stands for itself is `%25`',
}

// To the last `@`: a password that should have been percent-encoded may hold any of `@`, `/`, `?` and `#`.
const USERINFO = /^(?<scheme>(?:[a-z][a-z\d+.-]*:[/\\]+)?)(?<userinfo>[^]*)@/i

/** A URL, well-formed or not, as it may be shown: without its credentials and what follows `?` or `#`. */
export function withoutCredentials(text: string): string {
  return text.replace(USERINFO, '$<scheme>***@').replace(/(?<mark>[?#])[^]+$/, '$<mark>…')
}

/** Whether a URL, well-formed or not, names a user. */
export function hasUserinfo(text: string): boolean {
  return USERINFO.test(text)
}

/** The password in a URL, well-formed or not, in every form in which it may turn up. */
export function passwordsIn(text: string): readonly string[] {
  const userinfo = USERINFO.exec(text)?.groups?.['userinfo'] ?? ''
  const password = passwordOf(userinfo)
  return password === '' ? [] : [password, percentDecoded(password)]
}

/** What follows the first colon of `user:password`; empty without one. */
export function passwordOf(credentials: string): string {
  const colon = credentials.indexOf(':')
  return colon === -1 ? '' : credentials.slice(colon + 1)
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
