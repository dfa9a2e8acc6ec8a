import type { Mistake } from '../gate/conclusion.ts'
import { DEFAULT_ENDPOINT, canonical, isConsole, isControlPlane } from '../hosts.ts'
import { httpUrl, proxyFor } from '../proxy.ts'
import type { ProxyFault } from '../proxy.ts'
import type { DataPlane, Target, Transport } from '../connection.ts'
import type { Environment, InputName, Inputs } from './inputs.ts'
import { all, isHeaderText, mistaken, parsed, parseOptionalName, quoted, sized, withPartner, wrong } from './values.ts'
import type { Parsed } from './values.ts'

/** The service's base URL: origin and path prefix, without a trailing slash. */
export function parseEndpoint(inputs: Inputs): Parsed<string> {
  if (inputs.endpoint !== '') return parseUrl('endpoint', inputs.endpoint)
  if (inputs['cluster-id'] !== '' || inputs['project-id'] !== '' || inputs['region-id'] !== '')
    return parsed(DEFAULT_ENDPOINT)
  return wrong(
    'endpoint',
    'nothing',
    'the base URL of your Milvus; on Zilliz Cloud leave it empty and give `cluster-id`',
  )
}

/** The data plane; a Zilliz Cloud project alone does not lead to one. */
export function parseDataPlane(inputs: Inputs): Parsed<DataPlane> {
  if (inputs['cluster-endpoint'] !== '') return parseClusterEndpoint(inputs['cluster-endpoint'])
  const project = (['project-id', 'region-id'] as const).find((name) => inputs[name] !== '')
  if (project !== undefined && inputs['wait-for'] === 'searchable') {
    const takes = `the cluster's own URL, since \`wait-for: searchable\` asks the cluster and \`${project}\` does not name one`
    return wrong('cluster-endpoint', 'nothing', takes)
  }
  return parsed(inputs['cluster-id'] === '' ? { kind: 'same' } : { kind: 'cluster' })
}

function parseClusterEndpoint(text: string): Parsed<DataPlane> {
  const endpoint = parseUrl('cluster-endpoint', text)
  if (endpoint.kind === 'mistakes') return endpoint
  const controlPlane = controlPlaneOf(endpoint.value)
  if (controlPlane === undefined) return parsed({ kind: 'address', endpoint: endpoint.value })
  return wrongUrl(
    'cluster-endpoint',
    text,
    `the cluster's own URL: ${controlPlane} knows import jobs, but no collections`,
  )
}

/** What to give in place of the address of the web console. */
const INSTEAD_OF_CONSOLE = {
  endpoint: `nothing for Zilliz Cloud (with \`cluster-id\` the default is ${DEFAULT_ENDPOINT}), else the URL of your Milvus`,
  'cluster-endpoint': "the cluster's own URL, which the console shows",
} as const

type UrlInput = keyof typeof INSTEAD_OF_CONSOLE

/** Origin and path prefix, without a trailing slash. */
function parseUrl(input: UrlInput, text: string): Parsed<string> {
  if (USERINFO.test(text))
    return wrongUrl(input, text, 'a URL without user name and password: those go to `api-key` as `user:password`')
  if (/[?#]/.test(text)) return wrongUrl(input, text, 'a URL without `?` and `#` and what follows them')
  const url = httpUrl(text)
  if (url === undefined) return wrongUrl(input, text, 'a URL that starts with `http://` or `https://` and has a host')
  if (isConsole(url.hostname))
    return wrongUrl(input, text, `${INSTEAD_OF_CONSOLE[input]}, not the address of the web console`)
  const prefix = url.pathname.replace(/\/+v2\/+vectordb(?:\/.*)?$/, '').replace(/\/+$/, '')
  return parsed(`${url.origin}${prefix}`)
}

function wrongUrl(input: UrlInput, text: string, takes: string): Parsed<never> {
  return wrong(input, quoted(withoutCredentials(text)), takes)
}

/**
 * The key, as far as it may go to that endpoint: a Milvus password must not reach a third party, and Zilliz Cloud
 * answers no request without a key. Without an endpoint only the key's form is checked.
 */
export function parseApiKey(key: string, endpoint: string | undefined): Parsed<string> {
  if (/[\r\n]/.test(key)) return wrong('api-key', `${sized(key)} with a line break`, 'a key on a single line')
  if (!isHeaderText(key))
    return wrong('api-key', `${sized(key)}, some of which no header can carry`, 'a key of plain characters')
  const controlPlane = endpoint === undefined ? undefined : controlPlaneOf(endpoint)
  if (controlPlane === undefined) return parsed(key)
  if (key === '') {
    return wrong(
      'api-key',
      'nothing',
      `a Zilliz Cloud API key, which ${controlPlane} always wants; ` +
        'check the name of the secret, and mind that runs from forks and of Dependabot get no secrets',
    )
  }
  if (key.includes(':')) {
    return wrong(
      'api-key',
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
  const name = (input: InputName) => parseOptionalName(input, inputs[input])
  return all<Target>({
    clusterId: withoutProject(inputs, name('cluster-id')),
    projectId: withPartner(inputs, 'project-id', 'region-id', name('project-id')),
    regionId: withPartner(inputs, 'region-id', 'project-id', name('region-id')),
    dbName: sendable(inputs['db-name'], name('db-name')),
  })
}

function sendable(text: string, dbName: Parsed<string | undefined>): Parsed<string | undefined> {
  if (dbName.kind === 'mistakes' || isHeaderText(text)) return dbName
  const takes = 'a database name of letters, digits and underscores, since it is sent as a header'
  return wrong('db-name', quoted(text), takes)
}

function withoutProject(inputs: Inputs, clusterId: Parsed<string | undefined>): Parsed<string | undefined> {
  const rivals = (['project-id', 'region-id'] as const).filter((name) => inputs[name] !== '')
  if (clusterId.kind === 'mistakes' || clusterId.value === undefined || rivals.length === 0) return clusterId
  const got = `${quoted(clusterId.value)} together with ${rivals.map((name) => `\`${name}\``).join(' and ')}`
  return wrong('cluster-id', got, 'the cluster ID alone; remove either it, or `project-id` and `region-id`')
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
  const mistakes = new Map<string, Mistake>()
  for (const endpoint of endpoints) {
    const choice = proxyFor(endpoint, proxies)
    if (choice.kind !== 'unusable') continue
    const lower = choice.variable.toLowerCase()
    const input = (env[lower] ?? '').trim() === '' ? choice.variable : lower
    const got = quoted(withoutCredentials(choice.text))
    mistakes.set(input, { input, got, takes: PROXY_TAKES[choice.fault], example: 'http://proxy.example.com:3128' })
  }
  return mistakes.size > 0 ? mistaken(...mistakes.values()) : parsed(proxies)
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
