import { mistaken, parsed, quoted, sized } from './parsed.ts'
import { hasUserinfo, httpUrl, withoutCredentials } from './url.ts'
import type { InputName, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

const ZILLIZ_CLOUD = 'https://api.cloud.zilliz.com'
const CONTROL_PLANES: readonly string[] = ['api.cloud.zilliz.com', 'api.cloud.zilliz.com.cn']

/** The service's base URL: origin and path prefix, without a trailing slash. */
export function parseEndpoint(inputs: Inputs): Parsed<string> {
  if (inputs.endpoint !== '') return parseUrl(ENDPOINT, inputs.endpoint)
  if (inputs['cluster-id'] !== '' || inputs['project-id'] !== '' || inputs['region-id'] !== '')
    return parsed(ZILLIZ_CLOUD)
  return wrong(ENDPOINT, '', 'the base URL of your Milvus; on Zilliz Cloud leave it empty and give `cluster-id`')
}

/** Where a collection's indexes, load state and rows are asked. */
export type DataPlane =
  | { /** Where the import jobs are asked. */ readonly kind: 'same' }
  | { readonly kind: 'address'; /** Origin plus path prefix, without a trailing slash. */ readonly endpoint: string }
  | { /** The control plane knows the address of the target's cluster. */ readonly kind: 'cluster' }

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
  readonly example: string
}

const ENDPOINT: UrlRule = { input: 'endpoint', example: 'https://milvus.example.com:19530' }
const CLUSTER_ENDPOINT: UrlRule = {
  input: 'cluster-endpoint',
  example: 'https://in01-a1b2c3d4e5f6a7b.aws-us-west-2.vectordb.zillizcloud.com:19530',
}

/** Origin and path prefix, without a trailing slash. */
function parseUrl(rule: UrlRule, text: string): Parsed<string> {
  if (hasUserinfo(text))
    return wrong(rule, text, 'a URL without user name and password: those go to `api-key` as `user:password`')
  if (/[?#]/.test(text)) return wrong(rule, text, 'a URL without `?` and `#` and what follows them')
  const url = httpUrl(text)
  if (url === undefined) return wrong(rule, text, 'a URL that starts with `http://` or `https://` and has a host')
  const prefix = url.pathname.replace(/\/+v2\/+vectordb(?:\/.*)?$/, '').replace(/\/+$/, '')
  return parsed(`${url.origin}${prefix}`)
}

function wrong({ input, example }: UrlRule, text: string, takes: string): Parsed<never> {
  return mistaken({ input, got: quoted(withoutCredentials(text)), takes, example })
}

/**
 * The key, as far as it may go to that endpoint: a Milvus password must not reach a third party, and Zilliz Cloud answers
 * nobody without a key. Without an endpoint only the key's form is checked.
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
  const host = new URL(endpoint).hostname.replace(/\.$/, '')
  return CONTROL_PLANES.find((controlPlane) => controlPlane === host)
}

/** Whether HTTP can carry the text as the value of a header. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}
