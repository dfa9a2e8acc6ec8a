import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { json } from '../simulator/faults.ts'
import { makeCertificates } from '../support/certificates.ts'
import { aMilvus, anImport, COMPLETED, type Gated, runGate } from '../support/gating.ts'
import { IS_SOAK } from '../support/soak.ts'
import { expectSoundRun } from './sound-run.ts'

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const PEM = KEY.export({ type: 'pkcs8', format: 'pem' }).toString().trim()
const LINES = PEM.split('\n').slice(1, -1)
const BARE = LINES.join('')

/** How a private key comes out of a secret store, a copy or a shell. */
const DAMAGED: readonly (readonly [how: string, text: string])[] = [
  ['as bare base64', BARE],
  ['as base64url', Buffer.from(BARE, 'base64').toString('base64url')],
  ['in base64 once more', Buffer.from(PEM).toString('base64')],
  ['in hexadecimal', Buffer.from(BARE, 'base64').toString('hex')],
  ['with \\n for its line breaks', PEM.replaceAll('\n', '\\n')],
  ['with blanks for its line breaks', PEM.replaceAll('\n', ' ')],
  ['with damaged armor', PEM.replace('-----BEGIN', '----BEGIN')],
  ['without its first line', PEM.slice(PEM.indexOf('\n') + 1)],
  ['without its last line', PEM.slice(0, PEM.lastIndexOf('\n'))],
  ['of which a short piece is left', BARE.slice(0, 30)],
  ['of which its lines are left', LINES.join('\n')],
  ['in quotes', JSON.stringify(BARE)],
  ['with its name in front', `key: ${BARE}`],
]

/** Every piece of a secret that is long enough to be of use. Line breaks and armor are no part of it. */
function piecesOf(secret: string): readonly string[] {
  const parts = secret.replace(/-*(?:BEGIN|END) [A-Z ]*PRIVATE KEY-*/g, ' ').split(/\s|\\n|"/)
  return parts.flatMap((part) =>
    Array.from({ length: Math.max(0, part.length - 7) }, (_, at) => part.slice(at, at + 8)),
  )
}

/** All that a run says and writes, before the runner masks any of it. */
function everythingOf(run: Gated): string {
  const said = `${run.rawStdout}\n${run.rawStderr}`.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  const files = join(run.runnerTemp, '_runner_file_commands')
  const written = readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8'))
  const annotations = run.annotations.map(({ message }) => message)
  return [...said, ...written, ...annotations, JSON.stringify(run.report)].join('\n')
}

function expectNothingOf(secret: string, run: Gated): void {
  const everything = everythingOf(run)
  expect(piecesOf(secret).filter((piece) => everything.includes(piece))).toEqual([])
}

const timeout = '0'
const service = () => aMilvus([anImport(COMPLETED)])
/** A service that repeats the headers of a request, whole and word by word. */
const talkative = () =>
  aMilvus([anImport(COMPLETED)], { gateway: ({ headers }) => json({ code: 1100, message: repeated(headers) }) })

function repeated(headers: IncomingHttpHeaders): string {
  const values = Object.values(headers).flatMap((value) => value ?? [])
  const words = values.flatMap((value) => value.split(/[\s=;,"]+/))
  return [JSON.stringify(headers), ...words].join(' - ')
}

let certificate: string
let proxy: Server
let proxyPort: number

beforeAll(async () => {
  certificate = (await makeCertificates()).client.cert
  proxy = createServer(({ headers }, response) => {
    const sent = (headers['proxy-authorization'] ?? '').replace('Basic ', '')
    const message = `${sent} is ${Buffer.from(sent, 'base64').toString()}`
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code: 1100, message }))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  proxyPort = (proxy.address() as AddressInfo).port
})

afterAll(() => {
  proxy.close()
  removeRunnerFolders()
})

describe('a private key', () => {
  it.concurrent.each(DAMAGED)('%s is shown nowhere as client-key', async (_, text) => {
    const inputs = { timeout, 'client-cert': certificate, 'client-key': text }
    const run = await runGate(service(), { inputs, debug: true })
    expect(expectSoundRun(run)).toBe('invalid-input')
    expectNothingOf(text, run)
    for (const line of LINES.filter((each) => text.includes(each))) {
      expect(run.masks.some((mask) => mask.includes(line))).toBe(true)
    }
  })

  // Outside the soak every other one, since all take the same way.
  const PASTED = [['as it is', PEM] as const, ...DAMAGED].filter((_, nth) => IS_SOAK || nth % 2 === 0)
  it.concurrent.each(PASTED)('%s is shown nowhere as ca-cert and client-cert', async (_, text) => {
    const inputs = { timeout, 'ca-cert': text, 'client-cert': text, 'client-key': 'no.key' }
    const run = await runGate(service(), { inputs, debug: true })
    expect(expectSoundRun(run)).toBe('invalid-input')
    expectNothingOf(text, run)
    expectNothingOf(PEM, run)
  })

  it('is masked line by line where it stands behind a certificate', async () => {
    const inputs = { timeout, 'ca-cert': `${certificate}\n${PEM}` }
    const run = await runGate(service(), { inputs })
    expect(run.outputs['reason']).toContain('which holds a private key')
    expect(run.masks).toEqual(expect.arrayContaining(LINES))
    expect(run.masks.filter((mask) => certificate.includes(mask))).toEqual([])
  })
})

describe('what a request carries', () => {
  const HEADERS = [
    'X-Access-Token: Token eyJhbGciOiJIUzI1NiJ9.e30.hunter2hunter2',
    'Cookie: session=f3b1c0ffee-0123; name="quoted-secret-42"',
  ].join('\n')

  it.each([
    ['the words of a header value', { headers: HEADERS }, HEADERS.replace(/^[\w-]+:|session=|name=/gm, '')],
    ['a key behind Bearer', { 'api-key': 'Bearer root:correct-horse-9' }, 'root:correct-horse-9 correct-horse-9'],
  ])('is shown nowhere, whatever the service repeats: %s', async (_, inputs, secret) => {
    const run = await runGate(talkative(), { inputs: { ...inputs, timeout }, debug: true })
    expect(run.requests.length).toBeGreaterThan(0)
    expectNothingOf(secret, run)
    expectNothingOf(Buffer.from('correct-horse-9').toString('base64').slice(0, -2), run)
  })

  it.each(['http://runner:battery%2Fstaple@', 'runner:battery%2Fstaple@', 'http://runner:battery/staple@'])(
    'to a proxy is shown nowhere: %s',
    async (credentials) => {
      const env = { http_proxy: `${credentials}127.0.0.1:${proxyPort}`, https_proxy: `socks5://${credentials}proxy` }
      const run = await runGate(service(), {
        inputs: { endpoint: 'http://milvus.example:19530', timeout },
        env,
        debug: true,
      })
      expect(run.exitCode).toBe(1)
      for (const secret of ['battery%2Fstaple', 'battery/staple']) expectNothingOf(secret, run)
      expectNothingOf(Buffer.from('runner:battery/staple').toString('base64').slice(10, -2), run)
    },
  )
})
