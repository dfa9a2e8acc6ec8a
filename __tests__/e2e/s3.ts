import { createHash, createHmac } from 'node:crypto'

/** A bucket that speaks S3, addressed by path. */
export interface Bucket {
  readonly endpoint: string
  readonly name: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

/** What a signature covers. */
export interface SignedRequest {
  readonly method: string
  readonly url: URL
  /** All headers but the signature itself, in lower case, `host` and `x-amz-date` among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly bodySha256: string
}

/** Writes an object. */
export async function putObject(bucket: Bucket, key: string, body: string): Promise<void> {
  const url = new URL(`/${bucket.name}/${key}`, bucket.endpoint)
  const bodySha256 = sha256(body)
  const headers = {
    host: url.host,
    'x-amz-content-sha256': bodySha256,
    'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
  }
  const authorization = authorizationOf({ method: 'PUT', url, headers, bodySha256 }, bucket)
  const response = await fetch(url, { method: 'PUT', headers: { ...headers, authorization }, body })
  if (!response.ok) throw new Error(`${url.href} was not written, HTTP ${response.status}: ${await response.text()}`)
}

/** Signature Version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function authorizationOf(
  { method, url, headers, bodySha256 }: SignedRequest,
  { region, accessKey, secretKey }: Pick<Bucket, 'region' | 'accessKey' | 'secretKey'>,
): string {
  const time = headers['x-amz-date'] ?? ''
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${headers[name]?.trim() ?? ''}\n`).join('')
  const request = [method, url.pathname, url.searchParams.toString(), lines, names.join(';'), bodySha256].join('\n')
  const steps = [time.slice(0, 8), region, 's3', 'aws4_request']
  const scope = steps.join('/')
  const key = steps.reduce<string | Buffer>((secret, step) => hmac(secret, step), `AWS4${secretKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')).toString('hex')
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`
}

function sha256(text: string) {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string) {
  return createHmac('sha256', key).update(text).digest()
}
