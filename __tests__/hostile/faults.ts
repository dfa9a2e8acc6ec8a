import { gzipSync } from 'node:zlib'
import { isObject } from '../../src/service/envelope.ts'
import type { JsonObject } from '../../src/service/envelope.ts'
import { cutJson, htmlPage, json, redirect, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { ERROR_CODES } from './error-codes.ts'
import type { WayName } from './ways.ts'
import { wrongTypes } from './wrong-types.ts'

/** What a fault is to somebody who waits; the conclusion depends on nothing else of it. */
export type Sort =
  /** The answer is good all the same. */
  | 'harmless'
  /** It may be over at the next poll. */
  | 'passing'
  /** The service itself says no. */
  | 'refusal'
  /** Something that is not the service says no: to be believed only as long as the service has never answered. */
  | 'refusal without envelope'
  /** The service says that it does not know the job. */
  | 'unknown job'

/** One thing that goes wrong between the gate and the service. */
export interface Fault {
  readonly name: string
  readonly sort: Sort
  readonly where:
    | { readonly kind: 'answer'; readonly instead: (good: JsonObject) => Reply }
    /** The request takes another way and never reaches the service. */
    | { readonly kind: 'way'; readonly way: WayName }
  /** It outlasts any request timeout. */
  readonly hangs?: true
  /** Tens of megabytes an answer. */
  readonly isHeavy?: true
}

type Answer = Reply | ((good: JsonObject) => Reply)

function answers(sort: Sort, replies: Readonly<Record<string, Answer>>): readonly Fault[] {
  return Object.entries(replies).map(([name, reply]) => ({
    name,
    sort,
    where: { kind: 'answer', instead: typeof reply === 'function' ? reply : () => reply },
  }))
}

function ways(sort: Sort, names: readonly WayName[]): readonly Fault[] {
  return names.map((way) => ({ name: way, sort, where: { kind: 'way', way } }))
}

const hanging = (faults: readonly Fault[]): readonly Fault[] => faults.map((fault) => ({ ...fault, hangs: true }))
const heavy = (faults: readonly Fault[]): readonly Fault[] => faults.map((fault) => ({ ...fault, isHeavy: true }))

function raw(headers: Readonly<Record<string, string>>, ...chunks: readonly (string | Uint8Array)[]): Reply {
  return { kind: 'raw', status: 200, headers, chunks }
}

/** A good answer that comes in pieces, with a silence before each. */
function dripping(good: JsonObject, pieces: number, gapMs: number): Reply {
  const whole = JSON.stringify(good)
  const length = Math.ceil(whole.length / pieces)
  const chunks = Array.from({ length: pieces }, (_, i) => whole.slice(i * length, (i + 1) * length))
  return { kind: 'raw', status: 200, headers: JSON_TYPE, chunks: chunks.filter((chunk) => chunk !== ''), gapMs }
}

/** A good answer after one of the answers that announce another: https://www.rfc-editor.org/rfc/rfc9110#section-15.2 */
function afterInterim(statusLine: string, good: JsonObject): Reply {
  const body = JSON.stringify(good)
  const head = ['HTTP/1.1 200 OK', 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`]
  return { kind: 'bytes', bytes: `HTTP/1.1 ${statusLine}\r\n\r\n${head.join('\r\n')}\r\n\r\n${body}` }
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

/** A good answer with a list of a list of a list … for one member of its data. */
function withNested(good: JsonObject, name: string): Reply {
  const marked = JSON.stringify({ ...good, data: { ...dataOf(good), [name]: '…' } })
  return raw(JSON_TYPE, marked.replace('"…"', nested(DEPTH)))
}

function dataOf(good: JsonObject): JsonObject {
  return isObject(good['data']) ? good['data'] : {}
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
const DEPTH = 20_000
const MIB = 1024 * 1024
const blanks = Buffer.alloc(MIB, ' ')
const padded = (good: JsonObject, sizeMib: number) =>
  raw(JSON_TYPE, ...Array.from({ length: sizeMib }, () => blanks), JSON.stringify(good))

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString()
const retryAfter = (value: string) => ({ 'Retry-After': value })

const CONNECTION: readonly Fault[] = [
  ...answers('passing', {
    'a reset before the headers': { kind: 'cut', when: 'before-headers', by: 'reset' },
    'a reset in the headers': { kind: 'cut', when: 'in-headers', by: 'reset' },
    'a reset in the body': { kind: 'cut', when: 'in-body', by: 'reset' },
    'an end before the headers': { kind: 'cut', when: 'before-headers', by: 'end' },
    'an end in the headers': { kind: 'cut', when: 'in-headers', by: 'end' },
    'an end in the body': { kind: 'cut', when: 'in-body', by: 'end' },
    'another protocol': { kind: 'bytes', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
  }),
]

const WAYS: readonly Fault[] = [
  ...ways('passing', [
    'a closed port',
    'a host that DNS does not know',
    'TLS cut in the handshake',
    'plain HTTP where TLS is spoken',
    'a client certificate demanded',
    'a proxy that cuts the connection',
    'a proxy that answers 502',
    'a proxy that answers 503',
    'a proxy that cuts the connection, plain http',
    'a proxy that answers 502, plain http',
  ]),
  ...ways('refusal without envelope', [
    'a certificate of an unknown authority',
    'a certificate that has expired',
    'a certificate for another host',
    'a proxy that answers 403',
    'a proxy that asks for credentials',
    'a proxy that asks for credentials, plain http',
    'a proxy that answers 403, plain http',
  ]),
  ...hanging(
    ways('passing', ['TLS that hangs in the handshake', 'a proxy that hangs', 'a proxy that hangs, plain http']),
  ),
]

const SILENCE: readonly Fault[] = hanging([
  ...answers('passing', {
    'silence before the headers': { kind: 'hang', when: 'before-headers' },
    'silence in the headers': { kind: 'hang', when: 'in-headers' },
    'silence in the body': { kind: 'hang', when: 'in-body' },
    'headers that come too late': (good) => ({ kind: 'late', byMs: 400, reply: json(good) }),
    'a body that drips too slowly': (good) => dripping(good, 20, 50),
  }),
])

const BODIES: readonly Fault[] = [
  ...answers('harmless', {
    'a slow answer': (good) => ({ kind: 'late', byMs: 2, reply: json(good) }),
    'a body that drips': (good) => dripping(good, 4, 1),
    'the wrong content type': (good) => raw({ 'Content-Type': 'text/html' }, JSON.stringify(good)),
    'no content type': (good) => raw({}, JSON.stringify(good)),
    'a byte order mark': (good) => raw(JSON_TYPE, `\uFEFF${JSON.stringify(good)}`),
    'deep nesting in details': (good) => withNested(good, 'details'),
    'deep nesting in reason': (good) => withNested(good, 'reason'),
    'HTTP 201': (good) => json(good, 201),
    'compressed JSON that nobody asked for': (good) =>
      raw({ ...JSON_TYPE, 'Content-Encoding': 'gzip' }, gzipSync(JSON.stringify(good))),
    '102 before the answer': (good) => afterInterim('102 Processing', good),
    '103 before the answer': (good) => afterInterim('103 Early Hints\r\nLink: </x>; rel=preload', good),
  }),
  ...answers('passing', {
    'an empty body': raw(JSON_TYPE),
    'an empty list': json([]),
    'an empty object': json({}),
    null: json(null),
    'a web page': htmlPage(200, 'Welcome'),
    'cut JSON': (good) => cutJson(good),
    'JSON twice': (good) => raw(JSON_TYPE, JSON.stringify(good).repeat(2)),
    'deep nesting for a body': raw(JSON_TYPE, nested(DEPTH)),
    'deep nesting in data': raw(JSON_TYPE, `{"code":0,"data":${nested(DEPTH)}}`),
    'deep nesting in state': (good) => withNested(good, 'state'),
    'an answer about another job': (good) => json({ ...good, data: { ...dataOf(good), jobId: '1' } }),
    // The HTTP client takes an interim answer that only `Expect: 100-continue` calls for as the end of the connection.
    '100 before the answer': (good) => afterInterim('100 Continue', good),
    '101 in place of an answer': { kind: 'bytes', bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n' },
    '204': { kind: 'raw', status: 204, chunks: [] },
  }),
  ...heavy([
    ...answers('harmless', { 'a good answer of 31 MiB': (good) => padded(good, 31) }),
    ...answers('passing', {
      'a good answer of 33 MiB': (good) => padded(good, 33),
      'an endless body': { kind: 'endless', chunk: ' '.repeat(MIB) },
    }),
  ]),
]

const STATUSES: readonly Fault[] = [
  ...answers('passing', {
    ...Object.fromEntries(
      [408, 425, 429, 500, 502, 503, 504, 520].map((status) => [`HTTP ${status}`, htmlPage(status, 'Sorry')]),
    ),
    '429 with Retry-After in seconds': text(429, '', retryAfter('7')),
    '429 with Retry-After as a date': () => text(429, '', retryAfter(inSeconds(45))),
    '429 with an absurd Retry-After': text(429, '', retryAfter('99999999999')),
    '429 with an absurd date for Retry-After': text(429, '', retryAfter('Fri, 31 Dec 9999 23:59:59 GMT')),
    '429 with a negative Retry-After': text(429, '', retryAfter('-30')),
    '429 with a date long past for Retry-After': text(429, '', retryAfter(new Date(0).toUTCString())),
    '429 with nonsense for Retry-After': text(429, '', retryAfter('soon')),
    '503 with Retry-After in seconds': text(503, '', retryAfter('7')),
    'success at HTTP 404': (good) => json(good, 404),
    'success at HTTP 500': (good) => json(good, 500),
    'success at HTTP 301': (good) => json(good, 301, { Location: 'http://elsewhere.example/' }),
  }),
  ...answers('refusal', {
    'success at HTTP 401': (good) => json(good, 401),
    'success at HTTP 403': (good) => json(good, 403),
  }),
  ...answers('refusal without envelope', {
    ...Object.fromEntries([400, 401, 403, 405, 407].map((status) => [`HTTP ${status}`, htmlPage(status, 'No')])),
    'HTTP 404': text(404, '404 page not found'),
    '301 to another host': redirect('http://elsewhere.example/v2/vectordb/jobs/import/describe'),
    '307 to another host': redirect('http://elsewhere.example/v2/vectordb/jobs/import/describe', 307),
  }),
]

const CODES: readonly Fault[] = ERROR_CODES.flatMap(({ code, message, status, sort }) =>
  [...new Set([200, status])].flatMap((at) =>
    answers(sort, { [`code ${code} at HTTP ${at}: ${message}`]: json({ code, message }, at) }),
  ),
)

const JOB_GONE: readonly Fault[] = answers('unknown job', {
  'a record collected in the middle of the call': (good) => {
    const data = { ...dataOf(good), state: 'Failed', reason: 'import job does not exist, jobID=1' }
    return json({ ...good, data })
  },
})

const WRONG_TYPES: readonly Fault[] = wrongTypes.flatMap(({ name, sort, spoil }) =>
  answers(sort, { [name]: (good) => json(spoil(good)) }),
)

/** Every fault, by the place where it strikes. */
export const FAULTS = {
  'the connection': CONNECTION,
  'the way': WAYS,
  'a silence': SILENCE,
  'the body': BODIES,
  'the status': STATUSES,
  'the error code': [...CODES, ...JOB_GONE],
  'the type of a field': WRONG_TYPES,
} as const satisfies Readonly<Record<string, readonly Fault[]>>
