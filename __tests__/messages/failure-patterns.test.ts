import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { failurePatterns, matchFailure, whatFailed } from '../../src/messages/failure-patterns.ts'

interface RecordedReason {
  /** The server versions that wrote it, or the place in the server's source. */
  readonly from: string
  readonly code: string
  readonly file?: string
  readonly reason: string
}

/** What servers of all versions wrote (recorded), and what they would write (from their source). */
const RECORDED = JSON.parse(
  readFileSync(new URL('../__fixtures__/failure-reasons.json', import.meta.url), 'utf8'),
) as readonly RecordedReason[]

const LIMIT_OF_JOBS =
  'The number of jobs has reached the limit, please try again later. If your request is set to only import a single file, please consider importing multiple files in one request for better efficiency.'
const EMPTY_BINLOG_PATHS =
  'too many input paths for binlog import. Valid paths length should be one or two, but got paths:[  ]: importing data failed, file: id:1770817970079 paths:"" paths:"" paths:""'

/** Reasons that users have reported, each with its class and the file that it names. */
const CORPUS: readonly (readonly [reason: string, code: string, file?: string])[] = [
  // https://github.com/milvus-io/milvus/issues/24028, and many like it
  ["failed to get file size of 'rowjson.json', error:The specified key does not exist.", 'MIG-112', 'rowjson.json'],
  [
    "failed to get file size of 'bulk_data/4abc/1.parquet', error:NoSuchKey(key=bulk_data/4abc/1.parquet): importing data failed",
    'MIG-112',
    'bulk_data/4abc/1.parquet',
  ],
  ['NoSuchKey(key=bulk_data/4abc/1.parquet): importing data failed', 'MIG-112', 'bulk_data/4abc/1.parquet'],
  [
    "failed to get file size of '/example/test/doc_id.npy', error: The specified key does not exist.",
    'MIG-112',
    '/example/test/doc_id.npy',
  ],
  ['init failed, failed to decode JSON, error: The specified key does not exist.: importing data failed', 'MIG-112'],
  [
    "failed to get file size of 'bulk_data/c08b/1/id.npy', error:stat bulk_data/c08b/1/id.npy: no such file or directory: importing data failed",
    'MIG-113',
    'bulk_data/c08b/1/id.npy',
  ],
  // A Milvus whose storage is its own disk, where any path may be right.
  [
    "failed to get file size of '/tmp/milvus/id.npy', error:stat /tmp/milvus/id.npy: no such file or directory",
    'MIG-113',
    '/tmp/milvus/id.npy',
  ],
  ['stat bulk_data/c08b/1/id.npy: no such file or directory', 'MIG-113', 'bulk_data/c08b/1/id.npy'],
  [
    "failed to get file size of 'E:/ygf/data/1.json', error:NoSuchKey(key=E:/ygf/data/1.json): importing data failed",
    'MIG-110',
    'E:/ygf/data/1.json',
  ],
  [
    "failed to get file size of '~/exports/1.json', error:The specified key does not exist.",
    'MIG-110',
    '~/exports/1.json',
  ],
  ...[
    'file:///data/1.json',
    // Spelled so that they are not taken for a real home directory.
    ['', 'home', 'me', '1.json'].join('/'),
    ['', 'Users', 'me', '1.json'].join('/'),
    '/root/1.json',
    '/tmp/1.json',
    'c:\\data\\1.json',
  ].map(
    (path) =>
      [`failed to get file size of '${path}', error:The specified key does not exist.`, 'MIG-110', path] as const,
  ),
  [
    'failed to list insert logs with root path files/cbir/binlogs/insert_log/443/, error: The specified bucket does not exist',
    'MIG-111',
  ],
  ["failed to get file size of 'a.json', error:Access Denied.: importing data failed", 'MIG-114', 'a.json'],
  [
    "failed to get file size of 'a.json', error:The Access Key Id you provided does not exist in our records.",
    'MIG-114',
    'a.json',
  ],
  [
    "failed to get file size of 'a.json', error:The request signature we calculated does not match the signature you provided.",
    'MIG-114',
    'a.json',
  ],
  ["schema not equal, err=field '$meta' not in arrow schema: importing data failed: importing data failed", 'MIG-120'],
  ['no file for field: $meta, files: [a/id.npy a/vector.npy]', 'MIG-120', 'a/id.npy a/vector.npy'],
  [
    "schema not equal, err=field 'field_new' not in arrow schema: importing data failed: importing data failed",
    'MIG-121',
  ],
  ['no file for field: vector, files: [a/id.npy]', 'MIG-121', 'a/id.npy'],
  ["value of field 'int_scalar_add' is missed", 'MIG-121'],
  ["value of field is missed: 'field_new'", 'MIG-121'],
  ["the field 'uid' is not defined in collection schema", 'MIG-122'],
  // Two reasons in one: what is wrong with the data comes before the time it took.
  ["the field 'float_scalar' is not defined in collection schema; the import task has timed out", 'MIG-122'],
  ["value of field 'int_scalar_add' is missed; the import task has timed out", 'MIG-121'],
  ["expect 'Float' type for field 'array_float', but got 'list' type", 'MIG-123'],
  ["expected dim '5' for field 'posterVector' with type 'FloatVector', got dim '8': importing data failed", 'MIG-124'],
  ['%s not aligned->FloatVector: importing data failed', 'MIG-124'],
  ['import error: field dismatch_pk row count 0 is not equal to other fields 100', 'MIG-125'],
  ['non-positive count is not allowed', 'MIG-126'],
  ['quota exceeded[reason=disk quota exceeded, please allocate more resources]', 'MIG-130'],
  [
    'quota exceeded[reason=disk quota exceeded, please allocate more resources]: importing data failed, file: id:470592729907200003 paths:"catalog/part-1.parquet" ',
    'MIG-130',
    'catalog/part-1.parquet',
  ],
  [LIMIT_OF_JOBS, 'MIG-131'],
  [`${LIMIT_OF_JOBS}: importing data failed`, 'MIG-131'],
  ['The max number of import files should not exceed 1024, but got 2000', 'MIG-132'],
  [
    'The import file size has reached the maximum limit allowed for importing, fileSize=20000000000, maxSize=17179869184',
    'MIG-133',
  ],
  [
    'Import task queue max size is 32, currently there are 32 tasks is pending. Not able to execute this request with 1 tasks.',
    'MIG-134',
  ],
  ['import timeout', 'MIG-140'],
  ['import timeout: importing data failed', 'MIG-140'],
  ['the import task has timed out', 'MIG-141'],
  ['import task was canceled', 'MIG-141'],
  ['import task was cancelled', 'MIG-141'],
  ['failed to save import segment, reason = channel not found in current DataNode', 'MIG-142'],
  [
    'rpc error: code = ResourceExhausted desc = trying to send message larger than max (5055713 vs. 2097152)',
    'MIG-143',
  ],
  [EMPTY_BINLOG_PATHS, 'MIG-150'],
  ['no binlog to import, input=[paths:"restore/insert_log/463/"  paths:""]: importing data failed', 'MIG-151'],
  ['failed to list delta logs with root path backup/delta_log/451/, error: context deadline exceeded', 'MIG-151'],
  ['failed to list insert logs with root path backup/insert_log/451/', 'MIG-151'],
  ['import in replicating cluster is not supported yet', 'MIG-152'],
  ['auto_commit=true import in replicating cluster is not supported', 'MIG-153'],
  ['collection 448761313698322 dropped', 'MIG-160'],
  ['collection not found[database=default][collection=products]', 'MIG-160'],
  ['aborted by user', 'MIG-161'],
  [
    'rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to loader in the `default` database',
    'MIG-162',
  ],
  ['PrivilegeImport: permission deny to loader in the `default` database', 'MIG-162'],
]

/** Texts about none of the causes, though they use the same words. */
const INNOCENT: readonly string[] = [
  '',
  'importing data failed',
  'unknown import job state',
  'JSON parse: EOF',
  "dynamic field is enabled, explicit specification of '$meta' is not allowed",
  'quota exceeded[reason=rate type: DMLInsert]',
  'grpc: received message larger than max (77985775 vs. 67108864)',
  'invalid timeout option: import timeout must be positive',
  'the key of the map does not exist',
  'the node restarted; the previous import was aborted by user request of another job',
  'torn page in "collection 12 dropped.parquet"',
  'the type of field is wrong: got list',
]

describe('a known reason', () => {
  it.each(CORPUS.map(([reason, code, file]) => ({ reason, code, file })))(
    'gets its class: $reason',
    ({ reason, code, file }) => {
      const found = matchFailure(reason)
      expect({ code: found.code, file: found.file }).toEqual({ code, file })
      expect(found.what).toMatch(/^(?:\{file\}|[a-z]).*[^.]$/)
      expect(found.advice).toMatch(/^[A-Z`].*[.?]$/)
      expect(found.link).toMatch(/^https:\/\/(?:github\.com|milvus\.io|docs\.zilliz\.com)\//)
    },
  )

  it.each(RECORDED)('gets its class ($from): $reason', ({ reason, code, file }) => {
    const found = matchFailure(reason)
    expect({ code: found.code, file: found.file }).toEqual({ code, file })
  })

  it('has an example for every class', () => {
    const found = new Set([...CORPUS.map(([, code]) => code), ...RECORDED.map(({ code }) => code), 'MIG-101'])
    expect([...found].sort()).toEqual(
      failurePatterns()
        .map(({ code }) => code)
        .toSorted(),
    )
  })

  it('keeps its class with the file that newer servers name behind it', () => {
    const plain = CORPUS.filter(([text]) => !text.includes('paths:') && !text.includes('files: ['))
    for (const [reason, code, file = 'a/1.parquet'] of plain) {
      expect(matchFailure(`${reason}, file: id:7 paths:"a/1.parquet" `)).toMatchObject({ code, file })
      expect(matchFailure(`error: ${reason}, file: id:7  paths:"a/1.parquet"`)).toMatchObject({ code, file })
    }
  })
})

describe('an unknown reason', () => {
  it.each(INNOCENT)('gets the general advice: %p', (reason) => {
    expect(matchFailure(reason)).toEqual({ code: 'MIG-100', advice: 'Fix what the reason names.' })
  })

  it('stays unknown whatever the files are called', () => {
    for (const [reason] of CORPUS.filter(([text]) => !text.includes('"'))) {
      expect(matchFailure(`torn page: importing data failed, file: id:7 paths:"${reason}"`).code).toBe('MIG-100')
    }
  })
})

it('says where to look when there is no reason at all', () => {
  expect(matchFailure(undefined)).toMatchObject({
    code: 'MIG-101',
    link: 'https://github.com/milvus-io/milvus/issues/38336',
  })
})

/** Reasons around a piece of the user's data. */
const AROUND_DATA: readonly (readonly [code: string, around: (data: string) => string])[] = [
  ['MIG-123', (data) => `expected type 'Int64' for field 'id', got type 'string' with value '${data}'`],
  ['MIG-123', (data) => `expected element type 'Int32' in array field, got type 'string' with value '${data}'`],
  ['MIG-123', (data) => `expected numeric vector element, got type string with value ${data}`],
  ['MIG-123', (data) => `strconv.ParseInt: parsing ${JSON.stringify(data)}: invalid syntax`],
  ['MIG-173', (data) => `field 'body' contains invalid UTF-8 data, value=${data}: invalid parameter`],
  ['MIG-175', (data) => `Invalid JSON string for SparseFloatVector: '${data}', err = invalid character`],
  ['MIG-176', (data) => `illegal dynamic field value, not JSON format, value:${data}`],
  ['MIG-176', (data) => `duplicated key is not allowed, key=${data}`],
  ['MIG-100', (data) => `failed to parse value '${data}' for JSON field 'x', error: invalid character`],
  ['MIG-121', (data) => `value of field '${data}' is missed`],
  ['MIG-121', (data) => `schema not equal, err=field '${data}' not in arrow schema: importing data failed`],
  ['MIG-121', (data) => `no file for field: ${data}, files: [a/id.npy]`],
  ['MIG-122', (data) => `the field '${data}' is not defined in schema`],
  ['MIG-122', (data) => `the field: ${data} is not in schema, if it's a dynamic field, please reformat data`],
  ['MIG-129', (data) => `the primary key '${data}' is auto-generated, no need to provide`],
  ['MIG-112', (data) => `read json file failed, path=b/${data}.json, err=key not found[key=b/${data}.json]`],
  ['MIG-117', (data) => `inconsistency in file types, (${data}) vs (a/2.parquet)`],
]

describe('what a reason quotes of the user', () => {
  const TEXTS = [...CORPUS.map(([reason]) => reason), ...RECORDED.map(({ reason }) => reason)]
  const data = fc.oneof(
    fc.constantFrom(...TEXTS.filter((text) => !text.includes('$meta'))),
    fc.string(),
    fc.constantFrom("it's", "a' disk quota exceeded 'b", "'", '"', "' is missed", ', file: id:1 paths:"x"', ']: '),
  )

  it.each(AROUND_DATA.map(([code, around]) => ({ code, around, reason: around('…') })))(
    'never changes the class: $reason',
    ({ code, around }) => {
      fc.assert(
        fc.property(data, fc.boolean(), (text, isNew) => {
          // A path that names another file the way a server does cannot be told from the server's words.
          fc.pre(text !== '' && !(code === 'MIG-112' && /key=|file size of|\b(?:stat|open) |the file '/.test(text)))
          const reason = around(text)
          const path = text.replace(/["\\]/g, '\\$&')
          const whole = isNew
            ? `error: failed to parse row, error: ${reason}, file: id:1  paths:"b/${path}.json"`
            : reason
          expect(matchFailure(whole).code).toBe(code)
        }),
        { numRuns: 300 },
      )
    },
  )
})

describe('the file', () => {
  it('is the group where a reason names several, and none where the paths are empty', () => {
    expect(matchFailure('torn, file: id:1 paths:"a/id.npy"  paths:"a/vector.npy" ').file).toBe('a/id.npy a/vector.npy')
    expect(matchFailure(EMPTY_BINLOG_PATHS).file).toBeUndefined()
  })

  it('is the one of a group that could not be read', () => {
    expect(matchFailure('key not found[key=a/id.npy], file: id:1 paths:"a/id.npy" paths:"a/v.npy"').file).toBe(
      'a/id.npy',
    )
  })

  it('is written as it is called, without the escapes of the reason', () => {
    expect(matchFailure(String.raw`torn, file: id:1 paths:"E:\\a \"b\".json"`).file).toBe(String.raw`E:\a "b".json`)
  })

  it('leaves out a last path that was cut', () => {
    expect(matchFailure('torn, file: id:1 paths:"a/id.npy" paths:"a/vec').file).toBe('a/id.npy')
  })

  it('takes its place in the phrase that says what went wrong', () => {
    const missing = matchFailure('key not found[key=a/$&.json]')
    expect(whatFailed(missing, missing.file)).toBe('a/$&.json was not found')
    expect(whatFailed(missing, undefined)).toBe('a file was not found')
    expect(whatFailed(matchFailure('torn'), 'a.json')).toBeUndefined()
  })

  it('is always made of parts of the reason', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CORPUS.map(([reason]) => reason)), fc.string(), fc.nat(), (text, noise, at) => {
        const reason = text.slice(0, at % text.length) + noise + text.slice(at % text.length)
        const bare = reason.replaceAll('\\', '')
        for (const part of (matchFailure(reason).file ?? '').replaceAll('\\', '').split(' ')) {
          expect(bare).toContain(part)
        }
      }),
    )
  })
})

// A pattern that needs quadratic time would exceed the timeout of the test by far.
it('goes through a long hostile text once', () => {
  const pieces = ["'", '"', 'the field: ', "the field '", 'stat ', 'open ', '[key=', ', file: id:1 paths:"', 'path=']
  for (const piece of [...pieces, ...pieces.map((piece) => `${piece}x`), ...RECORDED.map(({ reason }) => reason)]) {
    const text = piece.repeat(Math.ceil(200_000 / piece.length))
    expect(() => matchFailure(text)).not.toThrow()
  }
})
