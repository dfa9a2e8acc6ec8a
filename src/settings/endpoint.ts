import { mistaken, parsed, quoted, sized } from './parsed.ts'
import { hasUserinfo, httpUrl, withoutCredentials } from './url.ts'
import type { Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

const ZILLIZ_CLOUD = 'https://api.cloud.zilliz.com'
const CONTROL_PLANES: readonly string[] = ['api.cloud.zilliz.com', 'api.cloud.zilliz.com.cn']

/** The service's base URL: origin and path prefix, without a trailing slash. */
export function parseEndpoint(inputs: Inputs): Parsed<string> {
  if (inputs.endpoint !== '') return parseUrl(inputs.endpoint)
  if (inputs['cluster-id'] !== '' || inputs['project-id'] !== '' || inputs['region-id'] !== '')
    return parsed(ZILLIZ_CLOUD)
  return wrong('', 'the base URL of your Milvus; on Zilliz Cloud leave it empty and give `cluster-id`')
}

function parseUrl(text: string): Parsed<string> {
  if (hasUserinfo(text))
    return wrong(text, 'a URL without user name and password: those go to `api-key` as `user:password`')
  if (/[?#]/.test(text)) return wrong(text, 'a URL without `?` and `#` and what follows them')
  const url = httpUrl(text)
  if (url === undefined) return wrong(text, 'a URL that starts with `http://` or `https://` and has a host')
  const prefix = url.pathname.replace(/\/+v2\/+vectordb(?:\/.*)?$/, '').replace(/\/+$/, '')
  return parsed(`${url.origin}${prefix}`)
}

function wrong(text: string, takes: string): Parsed<never> {
  const got = quoted(withoutCredentials(text))
  return mistaken({ input: 'endpoint', got, takes, example: 'https://milvus.example.com:19530' })
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
