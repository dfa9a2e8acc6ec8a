import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { linkOf } from '../../src/messages/codes.ts'
import type { Code } from '../../src/messages/codes.ts'
import { removeRunnerFolders } from '../runner/runner.ts'
import { htmlPage } from '../simulator/faults.ts'
import { aMilvus, anImport, COMPLETED, type GateOptions, JOB_ID, runGate } from '../support/gating.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { expectSoundRun } from './sound-run.ts'

let certificates: Certificates
let proxy: Server
let proxyPort: number
let closedPort: number

beforeAll(async () => {
  certificates = await makeCertificates()
  proxy = createServer((_, response) => response.writeHead(403).end('Forbidden by policy'))
  proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  proxyPort = await listen(proxy)
  const gone = createServer()
  closedPort = await listen(gone)
  await promisify(gone.close.bind(gone))()
})

afterAll(() => {
  proxy.close()
  removeRunnerFolders()
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Attempt {
  readonly title: string
  readonly options?: () => GateOptions
  /** What stands in the place of the service. */
  readonly gateway?: () => ReturnType<typeof htmlPage>
  readonly conclusion: string
  /** `HOST` stands for the address of the service. */
  readonly sentence: string
  readonly next: string
}

const impatient = { timeout: '10s', 'poll-interval': '1s', 'max-outage': '1s' }
const withInputs = (inputs: Readonly<Record<string, string>>): GateOptions => ({ inputs: { ...impatient, ...inputs } })

const attempts: readonly Attempt[] = [
  {
    title: 'an id that the service does not know',
    options: () => withInputs({ 'job-id': '999999999999999999', timeout: '0' }),
    conclusion: 'not-found',
    sentence:
      'The service does not know import job 999999999999999999. HOST returned: “import job does not exist, jobID=999999999999999999: importing data failed on server side”.',
    next: 'Check that `job-id` is complete and quoted, and that `endpoint`, `cluster-id` and `db-name` are those that the import was started with. The record may also have expired. By default, Milvus keeps finished jobs for 48 hours; before 2.6.24 and 3.0.2, for 3 hours.',
  },
  {
    title: 'a wrong key',
    options: () => withInputs({ 'api-key': 'root:Milvus' }),
    conclusion: 'rejected',
    sentence: "HOST rejected the request: HTTP 401, code 1800: “user hasn't authenticated”.",
    next: 'Check `api-key`: for Zilliz Cloud an API key, for Milvus `user:password` or an API key. Secrets are not available to workflows triggered from forks or by Dependabot.',
  },
  {
    title: 'a host that does not exist',
    options: () => withInputs({ endpoint: 'https://milvus.invalid:19530' }),
    conclusion: 'unreachable',
    sentence: `No usable response for import job ${JOB_ID} for SECONDS: There is no host milvus.invalid (DNS: ENOTFOUND).`,
    next: 'Check `endpoint`, or the proxy variable, for a typo; a private name needs a runner in the same network.',
  },
  {
    title: 'a port where nothing listens',
    options: () => withInputs({ endpoint: `http://127.0.0.1:${closedPort}` }),
    conclusion: 'unreachable',
    sentence: `No usable response for import job ${JOB_ID} for SECONDS: Connection to 127.0.0.1:CLOSED refused at 127.0.0.1:CLOSED.`,
    next: 'Check the host and port of `endpoint`, or of the proxy, and that the service is up.',
  },
  {
    title: 'a certificate that nobody trusts',
    options: () => ({ ...withInputs({}), wiring: { tls: certificates.server } }),
    conclusion: 'rejected',
    sentence: 'The TLS certificate of HOST is not trusted by this runner (UNABLE_TO_VERIFY_LEAF_SIGNATURE).',
    next: 'Set `ca-cert` to the certificate of the authority that signed it (PEM text or a path), or to `system`.',
  },
  {
    title: 'a web page in the place of JSON',
    gateway: () => htmlPage(200, 'Attu'),
    conclusion: 'unreachable',
    sentence: `No usable response for import job ${JOB_ID} for SECONDS: HOST returned HTTP 200, but the body is a web page.`,
    next: 'Check `endpoint`: it seems to be the address of a website, a console or a login page, not of the REST API.',
  },
  {
    title: 'an address without the import API',
    gateway: () => htmlPage(404, 'Not found'),
    conclusion: 'rejected',
    sentence: 'HOST has no import API below this address (HTTP 404).',
    next: 'Check `endpoint`: it takes the base address of Milvus 2.4 or newer (usually port 19530) or of Zilliz Cloud, without a path.',
  },
  {
    title: 'a proxy that refuses to connect',
    options: () => ({
      ...withInputs({ endpoint: 'https://milvus.invalid:19530' }),
      env: { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` },
    }),
    conclusion: 'rejected',
    sentence: 'The proxy refused to connect to milvus.invalid:19530 (HTTP 403).',
    next: 'Allow the host on the proxy, or list it in `NO_PROXY`.',
  },
  {
    title: 'a proxy that refuses to pass on',
    options: () => ({
      ...withInputs({ endpoint: 'http://milvus.invalid:19530' }),
      env: { HTTP_PROXY: `http://127.0.0.1:${proxyPort}` },
    }),
    conclusion: 'rejected',
    sentence:
      'milvus.invalid:19530 rejected the request (HTTP 403), but the response is not from Milvus or Zilliz Cloud.',
    next: 'A proxy or gateway in front of the service may need credentials of its own (set them with `headers`) or block the address. Otherwise check `api-key` and `endpoint`.',
  },
  {
    title: 'a proxy that is not there',
    options: () => ({
      ...withInputs({ endpoint: 'https://milvus.invalid:19530' }),
      env: { HTTPS_PROXY: `http://127.0.0.1:${closedPort}` },
    }),
    conclusion: 'unreachable',
    sentence: `No usable response for import job ${JOB_ID} for SECONDS: Connection to milvus.invalid:19530 refused at 127.0.0.1:CLOSED.`,
    next: 'Check the host and port of `endpoint`, or of the proxy, and that the service is up.',
  },
  {
    title: 'TLS asked of a port without it',
    options: () => withInputs({ endpoint: `https://127.0.0.1:${proxyPort}` }),
    conclusion: 'unreachable',
    sentence: `No usable response for import job ${JOB_ID} for SECONDS: 127.0.0.1:PROXY does not speak TLS on this port.`,
    next: 'Set `endpoint` to http://…, or to the port that speaks TLS.',
  },
]

describe('a first try with', () => {
  it.concurrent.each(attempts)(
    '$title ends in one sentence and the next step',
    async ({ options = () => withInputs({}), gateway, conclusion, sentence, next }) => {
      const service = aMilvus([anImport(COMPLETED)], gateway === undefined ? {} : { gateway })
      const run = await runGate(service, options())
      expect(expectSoundRun(run)).toBe(conclusion)

      const shown = (text: string) =>
        text
          .replaceAll(run.host, 'HOST')
          .replaceAll(String(closedPort), 'CLOSED')
          .replaceAll(String(proxyPort), 'PROXY')
          .replace(/for \d+ s:/, 'for SECONDS:')
      expect(shown(run.outputs['reason'] ?? '')).toBe(sentence)
      const [annotation = '', ...others] = run.annotations.map(({ message }) => shown(message))
      const code = /MIG-0\d\d/.exec(annotation)?.[0] as Code
      const more = linkOf(code)
      expect(annotation).toBe(
        [`${sentence} (${code})`, `What to do: ${next}`, ...(more === undefined ? [] : [`More: ${more}`])].join('\n'),
      )
      expect(others).toEqual([])
      expect(unwrapped(run.log)).toContain(` What to do: ${next}`)
    },
    30_000,
  )

  it('a password of Milvus that would go to Zilliz Cloud is stopped before anything is sent', async () => {
    const run = await runGate(aMilvus([anImport(COMPLETED)]), {
      inputs: { endpoint: '', 'cluster-id': 'in01-0a1b2c3d4e5f678' },
    })
    expect(expectSoundRun(run)).toBe('invalid-input')
    expect(run.requests).toEqual([])
    expect(run.outputs['reason']).toBe(
      '1 invalid input. No request was sent. ' +
        'api-key: got a value of 18 characters with a :, like user:password; ' +
        'expected a Zilliz Cloud API key: a Milvus password must not go to api.cloud.zilliz.com, a third party; ' +
        'if you mean your own Milvus, give its URL as endpoint, for example ${{ secrets.ZILLIZ_API_KEY }}.',
    )
  })

  it('no endpoint at all says which of the two inputs to give', async () => {
    const run = await runGate(aMilvus([anImport(COMPLETED)]), { inputs: { endpoint: '' } })
    expect(expectSoundRun(run)).toBe('invalid-input')
    expect(run.outputs['reason']).toContain(
      'endpoint: got nothing; expected the base URL of your Milvus; on Zilliz Cloud leave it empty and give cluster-id',
    )
  })
})

/** The log without the times in front and the breaks between words. */
function unwrapped(log: readonly string[]): string {
  return log.map((line) => line.replace(/^ +(?:\d+:\d+|│) +/, ' ')).join('')
}
