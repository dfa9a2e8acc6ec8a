import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { nextStepFor, serviceErrorCode, whatHappened } from '../../src/messages/service-errors.ts'
import { classifyJob, saysJobDoesNotExist, unknownJob, unusable } from '../../src/service/errors.ts'
import type { RequestContext } from '../../src/service/errors.ts'
import type { HttpReply } from '../../src/connection.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'

const CONTEXT: RequestContext = {
  host: 'milvus.test:19530',
  hostHasAnswered: false,
  isClusterEndpoint: false,
  operation: 'poll',
  address: 'endpoint',
  sanitize: (text, maxLength = 2000) => String(text).slice(0, maxLength),
  nowMs: Date.parse('2026-11-23T06:00:00Z'),
}

const reply = (status: number, but: Partial<Extract<HttpReply, { kind: 'reply' }>> = {}) => ({
  kind: 'reply' as const,
  status,
  headers: {},
  body: '',
  sizeBytes: 0,
  ...but,
})

const network = (code: string, message = `it said ${code}`) => ({ kind: 'network' as const, code, message })

type Failure = Exclude<ReturnType<typeof classifyJob>, { readonly kind: 'cancelled' }>

const enveloped = (code: number, message = '', status = 200, but: Partial<RequestContext> = {}) =>
  failureIn({
    reply: reply(status),
    envelope: { code, message, data: undefined, items: [] },
    context: { ...CONTEXT, ...but },
  })

const replied = (said: Exclude<HttpReply, { kind: 'aborted' }>, but: Partial<RequestContext> = {}) =>
  failureIn({ reply: said, envelope: undefined, context: { ...CONTEXT, ...but } })

function failureIn(answer: Parameters<typeof classifyJob>[0]): Failure {
  const result = classifyJob(answer)
  if (result.kind === 'cancelled') throw new Error('this was not cancelled')
  return result
}

const ADDRESSES = ['127.0.0.1:80 (ECONNREFUSED)', '[::1]:80 (ETIMEDOUT)']
const CLUSTER = { isClusterEndpoint: true }
const KNOWN = { hostHasAnswered: true }
const BEYOND_THE_RANGES = [95_999, 96_000, 96_037]
const JOB_UNKNOWN = 'import job does not exist, jobID=1'

describe('what is said of an answer that is no state', () => {
  it('names the cause and the next step, whatever the answer', () => {
    const codes = [0, 200, 100, 800, 1100, 1800, 1801, 1802, 21_119, 80_001, 80_002, 80_020, 65_535, 2100, 2101, 4711]
    const zilliz = Array.from({ length: 36 }, (_, i) => 96_001 + i)
    const passing = [1, 2, 3, 4, 8, 9, 10, 901, 902, 904, 1807, 10_000, 10_001]
    const told = [
      ...[...codes, ...passing, ...zilliz, ...BEYOND_THE_RANGES].map((code) => entry(`code ${code}`, enveloped(code))),
      ...[400, 401, 403, 500].flatMap((status) =>
        [0, 1, 8, 1100, 1800, 2100, 65_535, 96_013, 96_018].map((code) =>
          entry(`code ${code} at HTTP ${status}`, enveloped(code, 'the service says so.', status)),
        ),
      ),
      entry('code 65535, no permission', enveloped(65_535, 'PrivilegeImport: denied')),
      entry('code 65535, no PERMISSION', enveloped(65_535, 'PERMISSION denied')),
      entry('code 4711, no permission', enveloped(4711, 'permission denied')),
      entry('code 2100, no job id', enveloped(2100, 'parse job id failed: x')),
      entry('code 1, no job id', enveloped(1, 'parse job id failed: x')),
      entry('code 2100, no job id, HTTP 401', enveloped(2100, 'parse job id failed: x', 401)),
      entry('code 1800, no job id', enveloped(1800, 'Parse job ID failed: x')),
      entry('code 2100, job unknown', enveloped(2100, JOB_UNKNOWN)),
      entry('code 2101, job not found', enveloped(2101, 'Job 1\nNot found')),
      entry('code 2101, jobs not found', enveloped(2101, 'jobs not founded')),
      entry('code 0, job unknown', enveloped(0, JOB_UNKNOWN)),
      entry('code 96026, job unknown', enveloped(96_026, 'Job not found.')),
      entry('code 1800 at a cluster', enveloped(1800, 'no', 200, CLUSTER)),
      entry('code 8 at a cluster', enveloped(8, 'slow', 200, CLUSTER)),
      entry('code 2100 at a cluster, job unknown', enveloped(2100, JOB_UNKNOWN, 200, CLUSTER)),
      entry('job unknown, no message', unknownJob('', CONTEXT)),
      entry('another job', unusable('wrong-job', CONTEXT)),
      entry('no time', replied({ kind: 'timeout', timeoutMs: 2345 })),
      entry('hardly any time', replied({ kind: 'timeout', timeoutMs: 49 })),
      ...[200, 204, 302, 400, 401, 403, 404, 405, 407, 408, 425, 429, 500, 503].flatMap((status) => [
        entry(`HTTP ${status}`, replied(reply(status))),
        entry(`HTTP ${status} at a cluster`, replied(reply(status), CLUSTER)),
        entry(`HTTP ${status} of a known service`, replied(reply(status), KNOWN)),
      ]),
      ...[299, 300, 399, 199].map((status) => entry(`HTTP ${status}`, replied(reply(status, { body: ' x ' })))),
      entry('HTTP 200, a page', replied(reply(200, { body: ' \n<!doctype html>' }))),
      entry('HTTP 200, blanks', replied(reply(200, { body: ' \n' }))),
      entry('HTTP 200, a late page', replied(reply(200, { body: 'x<' }))),
      entry('HTTP 302 to an address', replied(reply(302, { headers: { location: 'https://login.test/sso?x=1' } }))),
      entry('HTTP 302 to a path', replied(reply(302, { headers: { location: '/sso' } }))),
      entry('HTTP 302 to no origin', replied(reply(302, { headers: { location: 'mailto:x@y.test' } }))),
      entry('too large', replied({ kind: 'too-large', status: 200 })),
      entry('time-out', replied({ kind: 'timeout', timeoutMs: 30_000 })),
      ...[400, 403, 407, 502].flatMap((status) => [
        entry(`proxy ${status}`, replied({ kind: 'proxy-refused', status })),
        entry(`proxy ${status} of a known service`, replied({ kind: 'proxy-refused', status }, KNOWN)),
      ]),
      ...NETWORK.flatMap((code) => [
        entry(code, replied(network(code))),
        entry(`${code} of a known service`, replied(network(code), KNOWN)),
      ]),
      entry('ENOTFOUND of a name', replied(network('ENOTFOUND', 'getaddrinfo ENOTFOUND proxy.test'))),
      entry('ENOTFOUND of more', replied(network('ENOTFOUND', 'ENOTFOUND proxy.test and so on'))),
      entry('ECONNREFUSED of an address', replied(network('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:80'))),
      ...[
        'SSH-2.0-x\r\n',
        "-ERR unknown command 'POST'\r\n",
        '\0\0\x12\x04\0',
        '220 mail.test\r\n',
        '\x15\x03\x01',
        'hi',
      ].map((received) =>
        entry(`not HTTP: ${JSON.stringify(received)}`, replied({ ...network('NOT_HTTP'), received })),
      ),
      ...[415, 426, 464].map((status) => entry(`HTTP ${status}`, replied(reply(status)))),
      entry('HTTP 200 of gRPC', replied(reply(200, { headers: { 'content-type': 'application/grpc' } }))),
      entry(
        'HTTP to an HTTPS port',
        replied(reply(400, { body: 'Client sent an HTTP request to an HTTPS server.\n' })),
      ),
      entry('ECONNREFUSED at two addresses', replied({ ...network('ECONNREFUSED'), addresses: ADDRESSES })),
      entry('ETIMEDOUT at two addresses', replied({ ...network('ETIMEDOUT'), addresses: ADDRESSES })),
      entry('code 901, a stack trace', enveloped(901, 'node not match\ngoroutine 1 [running]:\nmain.main()')),
      entry('code 65535, an IP allow list', enveloped(65_535, 'The IP 203.0.113.9 is not in the allow list', 403)),
      entry('code 100 at HTTP 401', enveloped(100, '', 401)),
      entry('ECONNREFUSED of more', replied(network('ECONNREFUSED', 'ECONNREFUSED 10.0.0.1:80 and so on'))),
    ]
    expectGolden('service-errors', told.join('\n'))
  })

  it('is quoted up to a length, and without the stop that the sentence has itself', () => {
    const said = (message: string) => whatHappened(enveloped(4711, message).error)
    expect(said(`${'x'.repeat(298)}..yz`)).toBe(
      `milvus.test:19530 returned an error: code 4711: “${'x'.repeat(298)}.”.`,
    )
    expect(said(' so. it is ')).toContain(': “so. it is”.')
  })
})

const NETWORK = [
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE', 'EHOSTUNREACH', 'EPROTO'],
  ...['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_TLSV13_ALERT'],
  ...[
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  ],
  ...[
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  ],
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY'],
  ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_CERT_ALTNAME_FORMAT', 'HOSTNAME_MISMATCH', 'INVALID_CA'],
  ...['INVALID_PURPOSE', 'PATH_LENGTH_EXCEEDED', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REVOKED'],
  ...['NO_CERT_', 'A_ERR_SSL'],
]

describe('what is said where a collection was asked about', () => {
  const AT_THE_CLUSTER = { operation: 'count', subject: 'docs', address: 'cluster-endpoint' } as const
  const ADDRESS =
    'Check `cluster-endpoint`: it takes the address of the Milvus, or of the cluster as the console of Zilliz Cloud shows it.'

  it.each<[what: string, said: Exclude<HttpReply, { kind: 'aborted' }>, next: string]>([
    [
      'a certificate for another name',
      network('ERR_TLS_CERT_ALTNAME_INVALID'),
      'Set `cluster-endpoint` to the name in the certificate.',
    ],
    [
      'a port that is closed',
      network('ECONNREFUSED'),
      'Check the host and port of `cluster-endpoint`, or of the proxy, and that the service is up.',
    ],
    ['no such path', reply(404), ADDRESS],
    ['a redirect', reply(302), 'Set `cluster-endpoint` to the final address.'],
  ])('names the input that its address comes from, after %s', (_what, said, next) => {
    expect(nextStepFor(replied(said, { ...AT_THE_CLUSTER, ...CLUSTER }).error)).toBe(next)
  })
})

describe('the word for a job that is gone', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['import job does not exist', true],
    ['Import Job does not exist, jobID=1', true],
    ['job 1 not found', false],
  ])('in %j: %j', (reason, isSaid) => {
    expect(saysJobDoesNotExist(reason)).toBe(isSaid)
  })
})

describe('a message about a job', () => {
  it.each<[string, string, Failure['kind']]>([
    ['of both words', 'the job 1 is not found', 'unknown-job'],
    ['of both words on two lines', 'Job 1:\nNOT FOUND', 'unknown-job'],
    ['of the words the other way round', 'not found: job 1', 'outage'],
    ['of longer words', 'jobs not found', 'outage'],
    // A pattern that goes back over the text would take minutes here, far beyond the time a test may take.
    ['that goes on about jobs', 'job '.repeat(1_000_000), 'outage'],
    ['that goes on about jobs, and finds none', `${'job '.repeat(1_000_000)} not found`, 'unknown-job'],
  ])('%s is understood', (_what, message, kind) => {
    expect(enveloped(2000, message).kind).toBe(kind)
  })
})

describe('where a redirect points', () => {
  it('shows no secret, although an address makes the letters of a host small', () => {
    const sanitize = createSanitizer(['Passw0rd-K3Y'])
    const { error } = replied(reply(302, { headers: { location: 'https://Passw0rd-K3Y.example/x' } }), { sanitize })
    expect([whatHappened(error), nextStepFor(error)]).toEqual([
      'milvus.test:19530 redirects (HTTP 302) to https://***.example. The gate does not send the key to another address.',
      'If that is the service, set `endpoint` to https://***.example.',
    ])
  })
})

describe('Retry-After', () => {
  it.each<[header: string | undefined, ms: number | undefined]>([
    [undefined, undefined],
    ['7', 7000],
    [' 7 ', 7000],
    ['0', undefined],
    ['7s', undefined],
    ['x7', undefined],
    ['-7', undefined],
    ['soon', undefined],
    ['Mon, 23 Nov 2026 06:00:05 GMT', 5000],
    ['Mon, 23 Nov 2026 06:00:05 +0000', 5000],
    ['2026-11-23T06:00:05Z', 5000],
    ['Mon, 23 Nov 2026 06:00:00 GMT', undefined],
    ['Mon, 23 Nov 2026 05:00:00 GMT', undefined],
  ])('of %j is %j ms, with an envelope and without', (retryAfter, ms) => {
    const said = reply(503, { headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } })
    const expected = ms === undefined ? {} : { retryAfterMs: ms }
    for (const failure of [
      replied(said),
      ...[1, 4711].map((code) =>
        failureIn({ reply: said, envelope: { code, message: '', data: undefined }, context: CONTEXT }),
      ),
    ]) {
      expect(failure).toStrictEqual({ kind: 'outage', error: failure.error, ...expected })
    }
  })
})

function entry(when: string, { kind, error }: Failure): string {
  const facts = `${kind}, \`${error.outcome}\`, ${serviceErrorCode(error)}`
  return `- **${when}**: ${facts}\n  ${whatHappened(error)}\n  ${nextStepFor(error)}\n`
}

function expectGolden(name: string, rendered: string): void {
  const golden = new URL(`../__outputs__/${name}.md`, import.meta.url)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rendered)
  expect(rendered).toBe(readFileSync(golden, 'utf8'))
}
