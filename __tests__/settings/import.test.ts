import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { Mistake } from '../../src/gate/conclusion.ts'
import type { ImportOrder } from '../../src/gate/policy.ts'
import type { Environment } from '../../src/settings/inputs.ts'
import { secretsOf } from '../../src/settings/secrets.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import type { Settings } from '../../src/settings/settings.ts'

type Given = Readonly<Record<string, string>>

const BODY = '{"collectionName": "products", "files": [["catalog/part-0.parquet"]]}'
const RUN = { GITHUB_REPOSITORY: 'octo/catalog', GITHUB_RUN_ID: '4711', GITHUB_JOB: 'load' }

function environment(inputs: Given, variables: Environment = {}): Environment {
  const given = { endpoint: 'http://localhost:19530', import: BODY, ...inputs }
  const entries = Object.entries(given).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text] as const)
  return { ...variables, ...Object.fromEntries(entries) }
}

function settingsOf(inputs: Given, variables: Environment = {}): Settings {
  const result = parseSettings(environment(inputs, variables))
  if (result.kind === 'mistakes') throw new Error(JSON.stringify(result.mistakes))
  return result.settings
}

function orderOf(inputs: Given, variables: Environment = {}): ImportOrder {
  const { selection } = settingsOf(inputs, variables)
  if (selection.kind !== 'import') throw new Error(`a selection of kind ${selection.kind}`)
  return selection.order
}

function mistakesOf(inputs: Given): readonly Mistake[] {
  const result = parseSettings(environment(inputs))
  return result.kind === 'mistakes' ? result.mistakes : []
}

/** Every mistake as `input: got …; takes …`. */
function mistakeOf(inputs: Given): string {
  return mistakesOf(inputs)
    .map(({ input, got, takes }) => `${input}: got ${got}; takes ${takes}`)
    .join('\n')
}

function keyOfBody(body: string): string {
  return `octo/catalog:4711:load:${createHash('sha256').update(body).digest('hex').slice(0, 16)}`
}

describe('the body of an import', () => {
  it('is sent as written, with its numbers, its order, its spaces and fields that the gate does not know', () => {
    const body = `{ "new": {"n": 1.50, "id": 9007199254740993, "e": 1e2}, "collectionName" : "products",\n "files": [] }`
    expect(orderOf({ import: `\n${body}\n` }).body).toBe(body)
  })

  it('names the collection and the files, on Milvus and on Zilliz Cloud', () => {
    expect(orderOf({})).toMatchObject({ collectionName: 'products', files: [['catalog/part-0.parquet']], attempt: 1 })
    const urls = '{"collectionName": "c", "objectUrls": [["s3://b/a.json"], ["s3://b/b.json"]]}'
    expect(orderOf({ import: urls }).files).toEqual([['s3://b/a.json'], ['s3://b/b.json']])
    const paths = '{"collectionName": "c", "volumeName": "v", "dataPaths": [["a/"]]}'
    expect(orderOf({ import: paths }).files).toEqual([['a/']])
  })

  it.each([
    ['false', true],
    ['FALSE', true],
    ['true', false],
  ])('is two-phase where auto_commit is %s: %s', (autoCommit, isTwoPhase) => {
    const body = JSON.stringify({ collectionName: 'c', files: [], options: { auto_commit: autoCommit } })
    expect(orderOf({ import: body }).isTwoPhase).toBe(isTwoPhase)
  })

  it.each([
    ['a path', 'import.json', /^import: got a value of 11 characters that is not a JSON object; takes .*not the path/],
    ['JSON that is cut', '{"collectionName": "c"', /not a JSON object/],
    ['an array', '[{"collectionName": "c"}]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['no collection', '{"files": []}', /a body without a `collectionName` string/],
    ['a blank collection', '{"collectionName": " "}', /a body without a `collectionName` string/],
    ['a collection that is a number', '{"collectionName": 7}', /a body without a `collectionName` string/],
    [
      'a name in another case',
      '{"collectionname": "c"}',
      /the key "collectionname"; takes `collectionName` in exactly/,
    ],
    ['a place that is a number', '{"collectionName": "c", "dbName": 7}', /a `dbName` that is no string/],
  ])('is a mistake where it is %s', (_, body, expected) => {
    expect(mistakeOf({ import: body })).toMatch(expected)
    expect(mistakesOf({ import: body })).toHaveLength(1)
  })

  it('is at most 1 MiB, counted in bytes', () => {
    const sized = (bytes: number, filler: string) => {
      const frame = '{"collectionName": "c", "x": ""}'
      return frame.replace('""', `"${filler.repeat((bytes - frame.length) / Buffer.byteLength(filler))}"`)
    }
    expect(mistakeOf({ import: sized(2 ** 20, 'x') })).toBe('')
    expect(mistakeOf({ import: sized(2 ** 20 + 1, 'x') })).toMatch(/^import: .*at most 1 MiB/)
    expect(mistakeOf({ import: sized(2 ** 20 + 2, 'é') })).toMatch(/^import: .*at most 1 MiB/)
  })

  it('never stands in a mistake', () => {
    const hidden = '{"collectionName": 7, "secretKey": "hunter2hunter2"}'
    for (const body of [hidden, hidden.slice(0, -1)]) {
      expect(JSON.stringify(mistakesOf({ import: body }))).not.toContain('hunter2')
    }
  })
})

describe('the place of an import', () => {
  const ON_CLOUD = { endpoint: '', 'api-key': 'f3b1c0ffee' }

  it('comes from the inputs, and is then sent in the body', () => {
    const { body } = orderOf({ 'db-name': 'shop' })
    expect(JSON.parse(body)).toEqual({ dbName: 'shop', ...(JSON.parse(BODY) as object) })
    const cloud = orderOf({ ...ON_CLOUD, 'project-id': 'proj-1', 'region-id': 'gcp-us-west1' })
    expect(JSON.parse(cloud.body)).toMatchObject({ projectId: 'proj-1', regionId: 'gcp-us-west1' })
  })

  it('comes from the body where the input is empty, and counts as given as an input', () => {
    const body = '{"collectionName": "c", "clusterId": "in01-a1b2c3", "dbName": "shop", "objectUrls": [["a.json"]]}'
    const { target, connection, selection } = settingsOf({ ...ON_CLOUD, import: body })
    expect(target).toMatchObject({ clusterId: 'in01-a1b2c3', dbName: 'shop' })
    expect(connection.endpoint).toBe('https://api.cloud.zilliz.com')
    expect(selection).toMatchObject({ order: { body } })
    const incomplete = '{"collectionName": "c", "projectId": "proj-1"}'
    expect(mistakeOf({ ...ON_CLOUD, import: incomplete })).toMatch(/^(?:project|region)-id: /)
  })

  it('may stand in both, where both say the same, and is then sent once', () => {
    const body = '{"collectionName": "products", "dbName": "shop", "files": []}'
    const order = orderOf({ import: body, 'db-name': 'shop', 'collection-name': 'products' })
    expect(order.body).toBe(body)
  })

  it('is a mistake for each value that differs', () => {
    const body = '{"collectionName": "products", "dbName": "shop", "clusterId": "in01-a", "files": []}'
    const mistakes = mistakesOf({ import: body, 'db-name': 'Shop', 'cluster-id': 'in01-b', 'collection-name': 'other' })
    expect(mistakes.map(({ input, got }) => `${input}: ${got}`)).toEqual([
      'cluster-id: "in01-b", but `clusterId` in `import` is "in01-a"',
      'db-name: "Shop", but `dbName` in `import` is "shop"',
      'collection-name: "other", but `collectionName` in `import` is "products"',
    ])
  })
})

describe('the key of an import', () => {
  it('is derived from the run, the job and the body as sent', () => {
    expect(orderOf({}, RUN).key).toBe(keyOfBody(BODY))
    const inShop = orderOf({ 'db-name': 'shop' }, RUN)
    expect(inShop.key).toBe(keyOfBody(inShop.body))
    expect(inShop.key).not.toBe(keyOfBody(BODY))
  })

  it('is the same in every attempt of a run', () => {
    const again = orderOf({}, { ...RUN, GITHUB_RUN_ATTEMPT: '2' })
    expect(again).toMatchObject({ key: keyOfBody(BODY), attempt: 2 })
  })

  it.each([
    ['without a run', {}],
    ['under act, whose runs have one number', { ...RUN, ACT: 'true' }],
  ])('is random %s', (_, variables) => {
    const keys = [1, 2].map(() => orderOf({}, { GITHUB_RUN_ATTEMPT: '2', ...variables }))
    expect(keys[0]?.key).toMatch(/^[\da-f-]{36}$/)
    expect(keys[0]?.key).not.toBe(keys[1]?.key)
    expect(keys[0]?.attempt).toBe(1)
  })

  it('is the one that is given, also without a run', () => {
    const key = 'catalog 2026~!'
    expect([orderOf({ 'idempotency-key': key }).key, orderOf({ 'idempotency-key': key }, RUN).key]).toEqual([key, key])
    expect(orderOf({ 'idempotency-key': 'k'.repeat(255) }).key).toHaveLength(255)
  })

  it.each(['k'.repeat(256), 'schlüssel', 'two\nlines', 'a\tb'])(
    'is 1 to 255 printable ASCII characters, not %j',
    (key) => {
      expect(mistakeOf({ 'idempotency-key': key })).toMatch(/^idempotency-key: .*; takes 1 to 255 printable ASCII/)
    },
  )

  it('is a mistake without an import', () => {
    const mistake = mistakeOf({ import: '', 'job-id': '448761313698322011', 'idempotency-key': 'k' })
    expect(mistake).toBe('idempotency-key: got "k" without `import`; takes a value only together with `import`')
  })
})

describe('inputs beside an import', () => {
  it.each([
    ['job-id', '448761313698322011'],
    ['job-id', 'discover'],
    ['since', '2h'],
  ])('%s is a mistake: %s', (input, value) => {
    expect(mistakeOf({ [input]: value })).toBe(
      `${input}: got "${value}" together with \`import\`; takes a value only without \`import\`, which starts a job of its own`,
    )
  })

  it('wait-for may be started', () => {
    expect(settingsOf({ 'wait-for': 'started' }).policy.waitFor).toBe('started')
    expect(mistakeOf({ 'wait-for': 'started', 'on-uncommitted': 'fail', 'abort-uncommitted': 'FALSE' })).toBe('')
  })

  it('wait-for: started without an import is a mistake', () => {
    const mistake = mistakeOf({ import: '', 'job-id': '448761313698322011', 'wait-for': 'started' })
    expect(mistake).toMatch(/^wait-for: got `started` without `import`; takes `completed` or `searchable`/)
  })

  it.each([
    ['expected-rows', '1000'],
    ['abort-uncommitted', 'true'],
    ['on-uncommitted', 'commit'],
    ['expected-collection-rows', '1000'],
  ])('%s beside wait-for: started is a mistake', (input, value) => {
    expect(mistakeOf({ 'wait-for': 'started', [input]: value })).toMatch(new RegExp(`^${input}: got "${value}"`))
  })

  it('without an import and a job id, the job id is missing', () => {
    expect(mistakeOf({ import: ' ', 'collection-name': 'products' })).toMatch(/^job-id: /)
  })
})

describe('secrets in the body of an import', () => {
  const SECRETS = {
    accessKey: 'AK1',
    deep: [{ SECRETKEY: 's3' }, { Token: 't-1' }],
    clientSecret: 'long-enough-1',
    db_password: 'long-enough-2',
    sessionToken: 'long-enough-3',
    apiKey: 'long-"enough"-4',
    pinToken: ['long-enough-5'],
  }
  const body = JSON.stringify({
    collectionName: 'products',
    objectUrls: [['https://user:p4ssw0rd@host/a.json?X-Amz-Signature=abcdef0123456789&x=1', 's3://plain/b.json']],
    options: { ...SECRETS, partitionKey: 'short', keyboard: 'a longer value' },
  }).replace('"AK1"', '"\\u0041K1"')
  const expected = [
    'AK1',
    's3',
    't-1',
    'long-enough-1',
    'long-enough-2',
    'long-enough-3',
    'long-"enough"-4',
    'long-enough-5',
    'user:p4ssw0rd',
    'X-Amz-Signature=abcdef0123456789&x=1',
    'abcdef0123456789',
  ]

  it('are masked at any depth, whatever the case of their names', () => {
    const secrets = secretsOf(environment({ import: body }))
    expect(secrets).toEqual(expect.arrayContaining(expected))
    for (const plain of ['short', 'a longer value', 'products', 's3://plain/b.json'])
      expect(secrets).not.toContain(plain)
  })

  it('are masked as written where they are numbers', () => {
    const token = '{"collectionName": "c", "token": 12345678901234567890.10}'
    expect(secretsOf(environment({ import: token }))).toContain('12345678901234567890.10')
    expect(settingsOf({ import: token }).inputs['import']).toBe('{"collectionName": "c", "token": ***}')
  })

  it('are masked although the body is no JSON', () => {
    const secrets = secretsOf(environment({ import: `${body.slice(0, -1)}, }` }))
    expect(secrets).toEqual(expect.arrayContaining(['s3', 'long-enough-1', 'user:p4ssw0rd', 'abcdef0123456789']))
  })

  it('are sent, but do not stand in the inputs of the report, whose rest is as written', () => {
    expect(orderOf({ import: body }).body).toBe(body)
    const shown = settingsOf({ import: body }).inputs['import'] ?? ''
    for (const secret of expected) expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1))
    expect(JSON.parse(shown)).toMatchObject({
      collectionName: 'products',
      options: { accessKey: '***', deep: [{ SECRETKEY: '***' }, { Token: '***' }], keyboard: 'a longer value' },
    })
    expect(settingsOf({}).inputs['import']).toBe(BODY)
  })
})
