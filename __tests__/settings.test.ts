import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { generate } from 'selfsigned'
import { inputDefaults } from '../src/settings/inputs.ts'
import type { Environment } from '../src/settings/inputs.ts'
import {
  colorsWanted,
  commitStatusOf,
  debugWanted,
  handedOverIn,
  troubleshootingOf,
  runnerFilesOf,
} from '../src/settings/runner.ts'
import { secretsOf } from '../src/settings/secrets.ts'
import { parseSettings, summaryWanted } from '../src/settings/settings.ts'
import type { Settings } from '../src/settings/settings.ts'
import { unknownInputs } from '../src/settings/unknown-inputs.ts'
import { durationMs } from '../src/settings/values.ts'
import type { Mistake } from '../src/gate/conclusion.ts'
import { anyCharacter } from './support/any-character.ts'
import { cases } from './support/soak.ts'

const MINIMAL = { 'job-id': '448761313698322011', endpoint: 'http://localhost:19530' }
const CLOUD = { 'job-id': 'job-01fa0e5f', 'cluster-id': 'in01-a1b2c3', 'api-key': 'f3b1c0ffee' }

let workspace = ''
let identity = { cert: '', private: '' }

beforeAll(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'settings-'))
  identity = await generate([{ name: 'commonName', value: 'client' }])
  writeFileSync(join(workspace, 'ca.pem'), identity.cert)
  writeFileSync(join(workspace, 'client.key'), identity.private)
  writeFileSync(join(workspace, 'empty.pem'), '')
  mkdirSync(join(workspace, 'folder'))
})

afterAll(() => {
  rmSync(workspace, { recursive: true })
})

function environment(inputs: Readonly<Record<string, string>>, variables: Environment = {}): Environment {
  const given = Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text] as const)
  return { GITHUB_WORKSPACE: workspace, ...variables, ...Object.fromEntries(given) }
}

function settingsOf(inputs: Readonly<Record<string, string>>, variables: Environment = {}): Settings {
  const result = parseSettings(environment({ ...MINIMAL, ...inputs }, variables))
  if (result.kind === 'mistakes') throw new Error(JSON.stringify(result.mistakes))
  return result.settings
}

function mistakesOf(inputs: Readonly<Record<string, string>>, variables: Environment = {}): readonly Mistake[] {
  const result = parseSettings(environment({ ...MINIMAL, ...inputs }, variables))
  return result.kind === 'mistakes' ? result.mistakes : []
}

/** The one mistake, as a log line would tell it. */
function mistakeOf(inputs: Readonly<Record<string, string>>, variables: Environment = {}): string {
  return mistakesOf(inputs, variables)
    .map(({ input, got, takes, example }) => `${input}: got ${got}; takes ${takes}; for example ${example}`)
    .join('\n')
}

describe('defaults', () => {
  it('fills in everything but job and endpoint', () => {
    expect(settingsOf({})).toEqual({
      selection: { kind: 'given', jobIds: ['448761313698322011'] },
      dataPlane: { kind: 'same' },
      connection: {
        endpoint: 'http://localhost:19530',
        apiKey: '',
        headers: [],
        tls: {
          ca: undefined,
          clientCert: undefined,
          clientKey: undefined,
          serverName: undefined,
          extraCaPath: undefined,
        },
        proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '' },
      },
      target: { clusterId: undefined, projectId: undefined, regionId: undefined, dbName: undefined },
      policy: {
        timeoutMs: 3_600_000,
        onTimeout: 'fail',
        pollIntervalMs: undefined,
        requestTimeoutMs: 30_000,
        maxOutageMs: undefined,
        stallTimeoutMs: undefined,
        expectedRows: undefined,
        onUncommitted: 'fail',
        abortUncommitted: false,
        onNoJobs: 'fail',
        waitFor: 'completed',
        expectedCollectionRows: undefined,
        expectedCollection: undefined,
      },
      summary: true,
      inputs: expect.objectContaining({ timeout: '1h', 'poll-interval': 'auto', 'cluster-id': '' }),
    })
  })

  it('takes an empty or blank value as the default', () => {
    const blank = Object.fromEntries(Object.keys(inputDefaults).map((name) => [name, '  \n']))
    expect(settingsOf({ ...blank, ...MINIMAL })).toEqual(settingsOf({}))
  })

  it('takes everything at its word', () => {
    const settings = settingsOf({
      timeout: '2d',
      'on-timeout': 'pass',
      'poll-interval': '1s',
      'request-timeout': '500ms',
      'max-outage': '10m',
      'stall-timeout': '1h',
      'expected-rows': '1..2',
      'on-uncommitted': 'wait',
      'abort-uncommitted': 'true',
      'on-no-jobs': 'pass',
      'wait-for': 'searchable',
      'expected-collection-rows': '>=3',
      'cluster-endpoint': 'https://in01-a1b2c3.vectordb.zillizcloud.com:19530/',
      'collection-name': 'articles',
      'db-name': 'changes',
      'project-id': 'proj-1',
      'region-id': 'gcp-us-west1',
      'tls-server-name': 'milvus.example.com',
      summary: 'FALSE',
    })
    expect(settings.policy).toEqual({
      timeoutMs: 172_800_000,
      onTimeout: 'pass',
      pollIntervalMs: 1000,
      requestTimeoutMs: 500,
      maxOutageMs: 600_000,
      stallTimeoutMs: 3_600_000,
      expectedRows: { min: 1, max: 2 },
      onUncommitted: 'wait',
      abortUncommitted: true,
      onNoJobs: 'pass',
      waitFor: 'searchable',
      expectedCollectionRows: { min: 3, max: undefined },
      expectedCollection: 'articles',
    })
    expect(settings.target).toEqual({
      clusterId: undefined,
      projectId: 'proj-1',
      regionId: 'gcp-us-west1',
      dbName: 'changes',
    })
    expect(settings.dataPlane).toEqual({
      kind: 'address',
      endpoint: 'https://in01-a1b2c3.vectordb.zillizcloud.com:19530',
    })
    expect(settings.connection.tls.serverName).toBe('milvus.example.com')
    expect(settings.summary).toBe(false)
  })
})

describe('all mistakes at once', () => {
  it('names each input, what it got, what it takes and an example', () => {
    const mistakes = mistakesOf({
      'job-id': '',
      endpoint: '',
      timeout: '10',
      'on-timeout': 'Passs',
      headers: 'nonsense',
      'client-cert': 'missing.pem',
      summary: 'yes',
    })
    expect(mistakes.map((mistake) => mistake.input)).toEqual([
      'job-id',
      'endpoint',
      'headers',
      'client-cert',
      'client-key',
      'timeout',
      'on-timeout',
      'summary',
    ])
    for (const { got, takes, example } of mistakes) expect([got, takes, example]).not.toContain('')
  })

  it('cuts a long value and spells out characters that nobody sees', () => {
    expect(mistakeOf({ timeout: 'x'.repeat(100) })).toContain(`got "${'x'.repeat(60)}…";`)
    expect(mistakeOf({ 'job-id': '\u200b448' })).toContain('got "\\u{200b}448"; takes import job IDs without')
  })
})

describe('job-id', () => {
  it.each([
    ['1', ['1']],
    ['  448761313698322011  ', ['448761313698322011']],
    ['a b,c\n d ,, e', ['a', 'b', 'c', 'd', 'e']],
    ['b,a,b', ['b', 'a']],
    ['["1", "2", "1"]', ['1', '2']],
    ['"123"', ['123']],
    ['x'.repeat(256), ['x'.repeat(256)]],
  ])('reads %j', (text, ids) => {
    expect(settingsOf({ 'job-id': text }).selection).toEqual({ kind: 'given', jobIds: ids })
  })

  it.each([
    ['', 'or the word `discover`'],
    [',', 'got ","; takes import job IDs separated by white space or commas'],
    ['[448761313698322011]', 'with each ID in quotes in the workflow'],
    ['[4.48E+17]', 'whose last digits are lost'],
    ['["1", 2]', 'keep the ID a string'],
    ['["1", null]', 'a JSON array of strings and nothing else'],
    ['[["1"]]', 'a JSON array of strings and nothing else'],
    ['[]', 'at least one import job ID'],
    ['[""]', 'not empty'],
    ['["a b"]', 'without white space'],
    ['["a\\u0000"]', 'without white space or invisible characters'],
    ['{"jobId": "1"}', 'valid JSON where it starts like JSON: an array of strings'],
    ['["1"', 'valid JSON'],
    ['null', 'the expression does not lead to one'],
    ['Object', 'toJSON'],
    ['x'.repeat(257), 'at most 256 characters'],
    ["'448761313698322011'", 'without quotes'],
    ['448,##[add-mask]e', 'of letters, digits'],
    ['4.48761313698322E+17', 'in quotes in the workflow'],
    ['1,4e17', 'whose last digits are lost'],
    ['["4.48E+17"]', 'keep the ID a string'],
  ])('refuses %j', (text, words) => {
    expect(mistakeOf({ 'job-id': text })).toMatch(/^job-id: .*for example 448761313698322011$/)
    expect(mistakeOf({ 'job-id': text })).toContain(words)
  })
})

describe('inputs that the action does not have', () => {
  it.each([
    ['expected_rows', 'expected-rows'],
    ['expcted-rows', 'expected-rows'],
    ['exected_row', 'expected-rows'],
    ['jobid', 'job-id'],
    ['job_id', 'job-id'],
    ['timout', 'timeout'],
    ['Colection-Name', 'collection-name'],
  ])('are a mistake where one is meant: %s', (name, meant) => {
    const mistakes = mistakesOf({ [name]: '1' })
    expect(mistakes.map(({ input }) => input)).toEqual([name.toLowerCase()])
    expect(mistakes[0]?.takes).toBe(`\`${meant}\` (did you mean that?)`)
  })

  it.each(['tmot', 'jbd', 'version', 'who-to-greet', 'rows', 'job-ids-of-all'])(
    'are none where none is meant: %s',
    (name) => {
      expect(mistakesOf({ [name]: '1' })).toEqual([])
      expect(unknownInputs(environment({ [name]: '1', ...MINIMAL }))).toEqual([name])
    },
  )

  it('do not show a secret', () => {
    expect(mistakeOf({ api_key: 'root:Milvus-Passw0rd' })).not.toContain('Passw0rd')
  })
})

describe('finding jobs by their collection', () => {
  it('takes the word and a collection', () => {
    const settings = settingsOf({ 'job-id': ' discover ', 'collection-name': 'articles', since: '90m' })
    expect(settings.selection).toEqual({
      kind: 'discovered',
      collectionName: 'articles',
      since: { kind: 'ago', durationMs: 5_400_000 },
    })
    expect(settings.policy.expectedCollection).toBeUndefined()
  })

  it('makes a collection beside a job a demand on the job', () => {
    const settings = settingsOf({ 'collection-name': 'articles', 'on-no-jobs': 'pass' })
    expect(settings.selection.kind).toBe('given')
    expect(settings.policy.expectedCollection).toBe('articles')
  })

  it.each(['', ' ', ',', '[]', 'null', 'Discover', 'discover,1', '["discover"]'])(
    'is not what a job-id of %j means',
    (text) => {
      expect(mistakeOf({ 'job-id': text, 'collection-name': 'articles' })).toMatch(/^job-id: got/)
    },
  )

  it('tells a bad name and a bad time once each', () => {
    const inputs = { 'job-id': 'discover', 'collection-name': 'a\nb', since: 'yesterday' }
    expect(mistakesOf(inputs).map(({ input }) => input)).toEqual(['collection-name', 'since'])
  })
})

describe('since', () => {
  const since = (text: string) => ({ 'job-id': 'discover', 'collection-name': 'articles', since: text })

  it.each([
    ['2026-11-23T08:00:00Z', '2026-11-23T08:00:00.000Z'],
    ['2026-11-23t08:00:00z', '2026-11-23T08:00:00.000Z'],
    ['2026-11-23T08:00:00+02:00', '2026-11-23T06:00:00.000Z'],
    ['2026-11-23T20:30:00-05:30', '2026-11-24T02:00:00.000Z'],
    ['2026-11-23T08:00:00-00:00', '2026-11-23T08:00:00.000Z'],
    ['2026-11-23T08:00:00.25Z', '2026-11-23T08:00:00.250Z'],
    ['2026-11-23T08:00:00.9999999Z', '2026-11-23T08:00:00.999Z'],
    ['2028-02-29T23:59:59+00:00', '2028-02-29T23:59:59.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ])('reads %s', (text, time) => {
    const { selection } = settingsOf(since(text))
    expect(selection).toMatchObject({ kind: 'discovered', since: { kind: 'at', timeMs: Date.parse(time) } })
  })

  it.each([
    ['2026-11-23', 'missing: the time of day and the zone (`Z`, or an offset like `+02:00`)'],
    ['2026-11-23Z', 'missing: the time of day;'],
    ['2026-11-23T08:00:00', 'missing: the zone (`Z`, or an offset like `+02:00`)'],
    ['2026-11-23T08:00Z', 'missing: the seconds;'],
    ['2026-11-23T08:00', 'missing: the seconds and the zone'],
    ['2026-02-29T08:00:00Z', 'that the calendar and the clock have'],
    ['2026-04-31T08:00:00Z', 'that the calendar and the clock have'],
    ['2026-13-01T08:00:00Z', 'that the calendar and the clock have'],
    ['2026-11-00T08:00:00Z', 'that the calendar and the clock have'],
    ['2026-11-23T24:00:00Z', 'that the calendar and the clock have'],
    ['2026-11-23T08:60:00Z', 'that the calendar and the clock have'],
    ['2026-11-23T08:00:60Z', 'that the calendar and the clock have'],
    ['2026-11-23 08:00:00+01:00', 'without blanks (did you mean `2026-11-23T08:00:00+01:00`?)'],
    ['2026-11-23 08:00:00 +0100', 'without blanks (did you mean `2026-11-23T08:00:00+01:00`?)'],
    ['2026-11-23T08:00:00+0100', '(did you mean `2026-11-23T08:00:00+01:00`?)'],
    ['2026-11-23T08:00:00+24:00', 'date, `T`, time of day and zone'],
    ['2026-11-23T08:00:00.Z', 'date, `T`, time of day and zone'],
    ['2026-11-23T08:00:00 CET', 'date, `T`, time of day and zone'],
  ])('refuses %s', (text, words) => {
    expect(mistakeOf(since(text))).toMatch(
      /^since: got ".*"; takes an RFC 3339 time.*for example 2026-11-23T08:00:00Z$/,
    )
    expect(mistakeOf(since(text))).toContain(words)
  })

  it.each([
    ['90', '(`90s` or `90m`?)'],
    ['0', 'a duration longer than zero'],
    ['6d', 'at most 5 days'],
    ['yesterday', 'a duration: digits with d, h, m, s or ms'],
    ['23.11.2026', 'a duration: digits with d, h, m, s or ms'],
  ])('refuses %s, which is neither time nor duration', (text, words) => {
    expect(mistakeOf(since(text))).toMatch(/^since: .*takes a time like `2026-11-23T08:00:00Z` or .*for example 2h$/)
    expect(mistakeOf(since(text))).toContain(words)
  })

  it('is a mistake beside a job', () => {
    expect(mistakeOf({ since: '2h' })).toMatch(
      /^since: got "2h" without `job-id: discover`; takes a value only beside `job-id: discover`/,
    )
  })

  it('is a mistake beside a job that is missing too', () => {
    expect(mistakesOf({ 'job-id': '', since: '2h' }).map(({ input }) => input)).toEqual(['job-id', 'since'])
  })

  it('needs a collection with the word `discover`', () => {
    expect(mistakesOf({ 'job-id': 'discover', since: '2h' }).map(({ input }) => input)).toEqual(['collection-name'])
  })

  it('is the moment that any clock with an offset shows', () => {
    // What an ISO string with four digits for the year can hold, and no offset leads out of it.
    const time = fc.date({ min: new Date('0001-01-01'), max: new Date('9998-12-31'), noInvalidDate: true })
    const offset = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 })
    fc.assert(
      fc.property(time, offset, (moment, minutes) => {
        const shown = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, -1)
        const [hour, minute] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
          String(part).padStart(2, '0'),
        )
        const { selection } = settingsOf(since(`${shown}${minutes < 0 ? '-' : '+'}${hour}:${minute}`))
        expect(selection).toMatchObject({ since: { timeMs: moment.getTime() } })
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['500ms', 500],
    ['1m500ms', 60_500],
    ['5d', 432_000_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['0', 0],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(settingsOf({ timeout: text }).policy.timeoutMs).toBe(ms)
  })

  it.each([
    ['60', '`0` (one poll) or a duration with its unit (`60s` or `60m`?)'],
    ['1.5', '`1.5s` or `1.5m`?'],
    ['0m', 'longer than zero'],
    ['0.4ms', 'longer than zero'],
    ['10M', 'did you mean `10m`?'],
    ['1h 30m', 'did you mean `1h30m`?'],
    ['30m1h', 'larger units first'],
    ['1h1h', 'larger units first'],
    ['-5m', 'digits with d, h, m, s or ms'],
    ['.5h', 'digits with d, h, m, s or ms'],
    ['1.h', 'digits with d, h, m, s or ms'],
    ['1e3s', 'digits with d, h, m, s or ms'],
    ['10 minutes', 'digits with d, h, m, s or ms'],
    ['٣s', 'digits with d, h, m, s or ms'],
    ['5d1ms', 'at most 5 days'],
    [`${'9'.repeat(400)}d`, 'at most 5 days'],
  ])('refuses %s', (text, words) => {
    expect(mistakeOf({ timeout: text })).toMatch(/^timeout: .*for example 1h30m$/)
    expect(mistakeOf({ timeout: text })).toContain(words)
  })

  it.each(['request-timeout', 'max-outage', 'stall-timeout'])('wants more than zero of %s', (input) => {
    expect(mistakeOf({ [input]: '0' })).toContain('takes a duration longer than zero;')
    expect(mistakeOf({ [input]: '0s' })).toContain('takes a duration longer than zero;')
  })

  it.each([
    ['999ms', '`auto` or a duration of at least 1s'],
    ['0', '`auto` or a duration of at least 1s'],
    ['Auto', '`auto` (did you mean that?) or a duration'],
  ])('refuses a poll-interval of %s', (text, words) => {
    expect(mistakeOf({ 'poll-interval': text })).toContain(words)
  })

  it('parses back what is written by the rules', () => {
    const amount = fc.nat({ max: 59 })
    fc.assert(
      fc.property(amount, amount, amount, amount, fc.nat({ max: 999 }), (d, h, m, s, ms) => {
        const text = `${d}d${h}h${m}m${s}s${ms}ms`
        expect(durationMs(text)).toBe((((d * 24 + h) * 60 + m) * 60 + s) * 1000 + ms)
      }),
    )
  })
})

describe('expected-rows', () => {
  it.each([
    ['0', { min: 0, max: 0 }],
    ['1000', { min: 1000, max: 1000 }],
    ['>=5', { min: 5, max: undefined }],
    ['5..5', { min: 5, max: 5 }],
    ['0..9007199254740991', { min: 0, max: Number.MAX_SAFE_INTEGER }],
  ])('reads %s', (text, range) => {
    expect(settingsOf({ 'expected-rows': text }).policy.expectedRows).toEqual(range)
  })

  it.each([
    ['1,000,000', 'did you mean `1000000`?'],
    ['>= 10', 'did you mean `>=10`?'],
    ['10..5', 'with the smaller number first'],
    ['9007199254740992', 'numbers up to 9007199254740991'],
    ['>5', 'digits only'],
    ['1..', 'digits only'],
    ['-1', 'digits only'],
    ['1e6', 'digits only'],
    ['1.5', 'digits only'],
  ])('refuses %s', (text, words) => {
    expect(mistakeOf({ 'expected-rows': text })).toContain(words)
  })
})

describe('expected-collection-rows', () => {
  it.each([
    ['1000', { min: 1000, max: 1000 }],
    ['1..2', { min: 1, max: 2 }],
  ])('reads %s of a collection that is to be searchable', (text, range) => {
    const { policy } = settingsOf({ 'expected-collection-rows': text, 'wait-for': 'searchable' })
    expect(policy.expectedCollectionRows).toEqual(range)
  })

  it('is a mistake of any other', () => {
    expect(mistakeOf({ 'expected-collection-rows': '>=5' })).toMatch(
      /^expected-collection-rows: got ">=5" without `wait-for: searchable`; .*set `wait-for: searchable` too/,
    )
  })

  it('is not blamed for a wait-for that is mistyped', () => {
    const inputs = { 'expected-collection-rows': '>=5', 'wait-for': 'serchable' }
    expect(mistakeOf(inputs)).toMatch(
      /^wait-for: got "serchable"; .*did you mean `searchable`\?\); for example completed$/,
    )
  })

  it('is digits', () => {
    expect(mistakeOf({ 'expected-collection-rows': '1,000' })).toContain('did you mean `1000`?')
  })
})

describe('words', () => {
  it.each([
    ['on-timeout', 'Pass', '`fail` or `pass` (did you mean `pass`?)'],
    ['on-timeout', 'ignore', '`fail` or `pass`; for example fail'],
    ['on-uncommitted', 'wiat', '`fail`, `wait`, `pass` or `commit` (did you mean `wait`?)'],
    ['on-uncommitted', 'abort', '`fail`, `wait`, `pass` or `commit`; for example fail'],
    ['on-no-jobs', 'warn', '`fail` or `pass`; for example fail'],
    ['wait-for', 'ready', '`completed`, `searchable` or `started`; for example completed'],
    ['abort-uncommitted', 'yes', '`true` or `false`'],
    ['summary', 'yes', '`true` or `false`'],
    ['summary', 'tRUE', '`true` or `false`'],
  ])('refuses %s: %s', (input, text, words) => {
    expect(mistakeOf({ [input]: text })).toContain(`got "${text}"; takes ${words}`)
  })

  it.each(['fail', 'wait', 'pass', 'commit'] as const)('reads on-uncommitted: %s', (word) => {
    expect(settingsOf({ 'on-uncommitted': word }).policy.onUncommitted).toBe(word)
  })

  it.each(['true', 'True', 'TRUE'])('reads summary: %s as true', (text) => {
    expect(settingsOf({ summary: text }).summary).toBe(true)
  })

  it.each([
    ['false', false],
    ['False', false],
    ['', true],
    ['no', true],
  ])('wants a summary of mistakes unless summary is a valid false: %j', (text, wanted) => {
    expect(summaryWanted(environment({ summary: text }))).toBe(wanted)
  })
})

describe('endpoint', () => {
  it.each([
    ['https://milvus.example.com/', 'https://milvus.example.com'],
    ['HTTPS://Milvus.Example.com:443//', 'https://milvus.example.com'],
    ['http://[::1]:19530', 'http://[::1]:19530'],
    ['http://host/gateway/milvus/', 'http://host/gateway/milvus'],
    ['http://host/v2/vectordb/jobs/import/describe', 'http://host'],
    ['http://host/gateway/v2/vectordb/', 'http://host/gateway'],
    ['http://host/v2/vectordbs', 'http://host/v2/vectordbs'],
  ])('makes %s %s', (text, endpoint) => {
    expect(settingsOf({ endpoint: text }).connection.endpoint).toBe(endpoint)
    expect(settingsOf({ endpoint: text }).inputs['endpoint']).toBe(endpoint)
  })

  it.each([
    ['localhost:19530', 'got "localhost:19530"; takes a URL that starts with `http://` or `https://`'],
    ['grpc://host', 'starts with `http://`'],
    ['http://', 'has a host'],
    ['http:///host', 'has a host'],
    ['http://host:99999', 'has a host'],
    ['http://a b', 'has a host'],
    ['http://root:Milvus@host', 'got "http://***@host"; takes a URL without user name and password'],
    ['root:Mil@v/us@host:19530', 'got "***@host:19530"; takes a URL without user name'],
    ['https://host/?token=abc', 'got "https://host/?…"; takes a URL without `?` and `#`'],
    ['https://host/#abc', 'got "https://host/#…"; takes a URL without `?` and `#`'],
    ['', 'got nothing; takes the base URL of your Milvus; on Zilliz Cloud leave it empty and give `cluster-id`'],
  ])('refuses %j', (text, words) => {
    expect(mistakeOf({ endpoint: text })).toContain(words)
  })

  it('is Zilliz Cloud where its ids are given', () => {
    const project = { 'cluster-id': '', 'project-id': 'proj-1', 'region-id': 'gcp-us-west1' }
    for (const inputs of [CLOUD, { ...CLOUD, ...project }]) {
      expect(settingsOf({ ...inputs, endpoint: '' }).connection.endpoint).toBe('https://api.cloud.zilliz.com')
    }
  })

  it('needs project and region together and without cluster', () => {
    expect(mistakeOf({ 'project-id': 'p' })).toMatch(
      /^region-id: got nothing; .*project-id has one; give both or neither/,
    )
    expect(mistakeOf({ 'region-id': 'r' })).toMatch(/^project-id: got nothing/)
    expect(mistakeOf({ 'cluster-id': 'c', 'project-id': 'p', 'region-id': 'r' })).toMatch(
      /^cluster-id: got "c" together with `project-id` and `region-id`/,
    )
  })
})

describe('cluster-endpoint', () => {
  const PROJECT = { 'project-id': 'proj-1', 'region-id': 'gcp-us-west1', 'api-key': 'f3b1c0ffee', endpoint: '' }

  it('is the endpoint where nothing else is given', () => {
    expect(settingsOf({ 'wait-for': 'searchable' }).dataPlane).toEqual({ kind: 'same' })
  })

  it('is asked of the control plane for a cluster', () => {
    expect(settingsOf({ ...CLOUD, endpoint: '', 'wait-for': 'searchable' }).dataPlane).toEqual({ kind: 'cluster' })
  })

  it.each([
    ['HTTPS://In01-a.vectordb.zillizcloud.com:19530/', 'https://in01-a.vectordb.zillizcloud.com:19530'],
    ['http://milvus/team-a/v2/vectordb/collections/describe', 'http://milvus/team-a'],
  ])('comes before either: %s', (text, endpoint) => {
    const settings = settingsOf({ ...CLOUD, 'cluster-endpoint': text })
    expect(settings.dataPlane).toEqual({ kind: 'address', endpoint })
    expect(settings.inputs['cluster-endpoint']).toBe(endpoint)
  })

  it('may get a password that Zilliz Cloud itself must not get', () => {
    const inputs = { 'api-key': 'root:Milvus', 'cluster-endpoint': 'https://in01-a.vectordb.zillizcloud.com' }
    expect(settingsOf(inputs).connection.apiKey).toBe('root:Milvus')
  })

  it.each(['https://api.cloud.zilliz.com', 'https://api.cloud.zilliz.com.cn/v2/vectordb/'])('is not %s', (text) => {
    expect(mistakeOf({ 'cluster-endpoint': text, 'api-key': 'root:Milvus-2024' })).toMatch(
      /^cluster-endpoint: got ".*"; takes the cluster's own URL: api\.cloud\.zilliz\.com.* no collections; for example https/,
    )
  })

  it.each([
    ['localhost:19530', 'got "localhost:19530"; takes a URL that starts with `http://` or `https://`'],
    ['http://root:Milvus@host', 'got "http://***@host"; takes a URL without user name and password'],
    ['https://host/?token=abc', 'got "https://host/?…"; takes a URL without `?` and `#`'],
  ])('refuses %s', (text, words) => {
    expect(mistakeOf({ 'cluster-endpoint': text })).toContain(`cluster-endpoint: ${words}`)
  })

  it('has to be there where a project is to be searchable', () => {
    expect(mistakeOf({ ...PROJECT, 'wait-for': 'searchable' })).toMatch(
      /^cluster-endpoint: got nothing; takes the cluster's own URL, since .* `project-id` does not name one; for example/,
    )
    expect(mistakeOf(PROJECT)).toBe('')
    const given = { ...PROJECT, 'wait-for': 'searchable', 'cluster-endpoint': 'https://in01-a.zillizcloud.com' }
    expect(mistakeOf(given)).toBe('')
  })
})

describe('api-key', () => {
  const hosts = [
    'https://api.cloud.zilliz.com',
    'https://api.cloud.zilliz.com.cn/',
    'https://API.cloud.zilliz.com./v2/vectordb',
  ]

  it.each([
    'https://cloud.zilliz.com',
    'https://cloud.zilliz.com/orgs/x?y',
    'http://zilliz.com',
    'https://cloud.zilliz.com.cn',
  ])('is not asked for at the console %s', (endpoint) => {
    const [origin = ''] = endpoint.split('?')
    for (const input of ['endpoint', 'cluster-endpoint']) {
      expect(mistakeOf({ ...CLOUD, 'wait-for': 'searchable', [input]: origin })).toContain(
        'not the address of the web console',
      )
    }
  })

  it.each(hosts)('has to be there for %s', (endpoint) => {
    expect(mistakeOf({ endpoint })).toMatch(/^api-key: got nothing; .*forks and of Dependabot get no secrets/)
  })

  it.each(hosts)('must be no Milvus password for %s', (endpoint) => {
    const line = mistakeOf({ endpoint, 'api-key': 'root:Milvus-2024' })
    expect(line).toMatch(/^api-key: got a value of 16 characters with a `:`.*must not go to api\.cloud.*as `endpoint`/)
    expect(line).not.toContain('Milvus-2024')
  })

  it('may be a password, or nothing, for a Milvus', () => {
    expect(settingsOf({ 'api-key': 'root:Milvus' }).connection.apiKey).toBe('root:Milvus')
    expect(settingsOf({ endpoint: 'https://in01-a.zillizcloud.com', 'api-key': '' }).connection.apiKey).toBe('')
  })

  it.each([
    ['first\nsecond', 'a value of 12 characters with a line break; takes a key on a single line'],
    ['“quoted”', 'a value of 8 characters, some of which no header can carry'],
  ])('refuses %j', (key, words) => {
    expect(mistakeOf({ 'api-key': key })).toContain(`api-key: got ${words}`)
  })
})

describe('names', () => {
  it.each(['cluster-id', 'db-name', 'collection-name'])('refuses a line break in %s', (input) => {
    expect(mistakeOf({ [input]: 'a\nb' })).toContain(`${input}: got "a\\nb"; takes one name, without line breaks`)
  })

  it('refuses a database name that no header can carry', () => {
    expect(mistakeOf({ 'db-name': '数据库' })).toContain('db-name: got "数据库"; takes a database name of letters')
  })

  it.each(['https://host', 'host:443', '10.0.0.1', 'a b', '::1'])('refuses %s as tls-server-name', (text) => {
    expect(mistakeOf({ 'tls-server-name': text })).toContain('takes a host name')
  })
})

describe('headers', () => {
  it('reads one header a line and skips blank ones', () => {
    const headers = 'CF-Access-Client-Id: a:b\r\n\n  X-Empty-Before:c  '
    expect(settingsOf({ headers }).connection.headers).toEqual([
      ['CF-Access-Client-Id', 'a:b'],
      ['X-Empty-Before', 'c'],
    ])
  })

  it.each([
    ['hunter2hunter2', 'on line 1 text without a header name and a colon'],
    ['X Y: hunter2hunter2', 'on line 1 text without a header name'],
    [': hunter2hunter2', 'on line 1 text without a header name'],
    ['X-A: hunter2hunter2\nx-a: 2', 'on line 2 a header that an earlier line has given already'],
    ['X-A:', 'on line 1 a header without a value'],
    ['X-A: hunter2hunter2\rX-B: 2', 'on line 1 a value that no header can carry'],
    ['X-Z: 1\n\nX-A: hunter2hunter2😀', 'on line 3 a value that no header can carry'],
  ])('refuses %j without showing it', (headers, words) => {
    expect(mistakeOf({ headers })).toContain(`headers: got ${words}`)
    expect(mistakeOf({ headers })).not.toContain('hunter2')
  })

  it.each([
    ...['Authorization', 'content-type', 'Content-Length', 'Accept', 'Accept-Encoding', 'DB-Name', 'Request-Timeout'],
    ...['User-Agent', 'Host', 'Connection', 'Keep-Alive', 'Transfer-Encoding', 'TE', 'Trailer', 'Upgrade', 'Expect'],
    ...['Proxy-Authorization', 'Proxy-Connection'],
  ])('refuses %s, which is not the user’s to set', (name) => {
    expect(mistakeOf({ headers: `${name}: hunter2` })).toContain(`got on line 1 \`${name.toLowerCase()}\``)
  })
})

describe('TLS', () => {
  it('takes certificates and keys as text or as a path in the workspace', () => {
    const byText = { 'ca-cert': identity.cert, 'client-cert': identity.cert, 'client-key': identity.private }
    const byPath = { 'ca-cert': 'ca.pem', 'client-cert': join(workspace, 'ca.pem'), 'client-key': 'client.key' }
    for (const inputs of [byText, byPath]) {
      const { tls } = settingsOf(inputs).connection
      expect(tls.ca?.kind === 'pem' ? tls.ca.pem.trim() : '').toBe(identity.cert.trim())
      expect(tls.clientCert?.trim()).toBe(identity.cert.trim())
      expect(tls.clientKey?.trim()).toBe(identity.private.trim())
    }
  })

  it('takes a bundle with words between the certificates', () => {
    const bundle = `root one\n${identity.cert}\nroot two\r\n${identity.cert}`
    expect(settingsOf({ 'ca-cert': bundle }).connection.tls.ca).toEqual({ kind: 'pem', pem: bundle })
  })

  it('takes the machine’s own store where Node can read it', () => {
    if ('getCACertificates' in tls) {
      expect(settingsOf({ 'ca-cert': 'system' }).connection.tls.ca).toEqual({ kind: 'system' })
    } else {
      expect(mistakeOf({ 'ca-cert': 'system' })).toContain('`system` from Node 22.15 on')
    }
  })

  it.each([
    [
      'missing.pem',
      () =>
        `got "missing.pem", a path that cannot be read: no such file in ${workspace} (is it made, or checked out, before this step?);`,
    ],
    ['/no/such.pem', () => 'got "/no/such.pem", a path that cannot be read: no such file ('],
    ['folder', () => 'got "folder", a path that cannot be read: it is a folder;'],
    ['empty.pem', () => 'got "empty.pem", which holds no certificate;'],
    ['client.key', () => 'got "client.key", which holds a private key;'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', () => 'PEM text, whose certificate 1 of 1'],
  ])('refuses %j as ca-cert', (text, words) => {
    expect(mistakeOf({ 'ca-cert': text })).toContain(words())
  })

  it('counts the certificate of a bundle that is broken', () => {
    const bundle = `${identity.cert}\n${identity.cert.replace('-----END', '----END')}`
    expect(mistakeOf({ 'ca-cert': bundle })).toContain('PEM text, whose certificate 2 of 2 cannot be parsed')
  })

  it('needs certificate and key together, and fitting', () => {
    const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(mistakeOf({ 'client-cert': 'ca.pem' })).toContain(
      'client-key: got nothing; takes a value, since client-cert',
    )
    expect(mistakeOf({ 'client-key': 'client.key' })).toContain('client-cert: got nothing; takes a value')
    expect(mistakeOf({ 'client-cert': 'ca.pem', 'client-key': other })).toContain('a key that does not belong to')
  })

  it('refuses a key that is encrypted or mangled, and does not show it', () => {
    const encrypted = generateKeyPairSync('ed25519').privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    })
    const bare = identity.private.split('\n').slice(1, -2).join('')
    const withKey = (key: string) => mistakeOf({ 'client-cert': 'ca.pem', 'client-key': key })
    expect(withKey(encrypted.toString())).toContain('client-key: got PEM text, which is encrypted;')
    expect(withKey(identity.private.replaceAll('\n', ' '))).toContain(
      'PEM text, which is no private key that can be parsed',
    )
    expect(withKey(bare)).toMatch(/^client-key: got a value of \d+ characters, a path that cannot be read/)
    const damaged = [
      bare.slice(0, 30),
      `"${bare}"`,
      `key: ${bare}`,
      identity.private.split('\n').slice(1, -2).join('\n'),
      identity.private.replace('-----BEGIN', '----BEGIN'),
      Buffer.from(identity.private).toString('base64'),
      JSON.stringify(identity.private.slice(8)),
    ]
    for (const key of damaged) {
      expect(withKey(key)).toMatch(/^client-key: got a value of \d+ characters/)
      for (let i = 0; i + 8 <= key.length; i += 1) expect(withKey(key)).not.toContain(key.slice(i, i + 8))
    }
  })

  it.each(['ca-cert', 'client-cert'])('quotes as %s only what looks like a path', (input) => {
    const body = identity.private.split('\n').slice(1, -2)
    const words = (text: string) =>
      mistakesOf({ 'client-key': 'client.key', [input]: text })
        .map(({ got }) => got)
        .join()
    expect(words('certs/missing.pem')).toContain('"certs/missing.pem", a path that cannot be read')
    for (const text of [body.join(''), body.join('\n'), 'x'.repeat(256)]) {
      expect(words(text)).toContain(`a value of ${text.length} characters, a path that cannot be read`)
      expect(words(text)).not.toContain(text.slice(0, 8))
    }
  })

  it('hands on the certificates of NODE_EXTRA_CA_CERTS', () => {
    const { tls } = settingsOf({}, { NODE_EXTRA_CA_CERTS: '/etc/extra.pem' }).connection
    expect(tls.extraCaPath).toBe('/etc/extra.pem')
  })
})

describe('proxies', () => {
  it('reads both spellings, lower case first, an empty one as not set', () => {
    const { proxy } = settingsOf(
      {},
      {
        HTTPS_PROXY: 'http://upper:1',
        https_proxy: 'http://lower:1',
        HTTP_PROXY: 'http://upper:2',
        http_proxy: '',
        NO_PROXY: '*',
      },
    ).connection
    expect(proxy).toEqual({ httpsProxy: 'http://lower:1', httpProxy: 'http://upper:2', noProxy: '*' })
  })

  const HTTPS = { endpoint: 'https://milvus.example' }

  it.each<[inputs: Readonly<Record<string, string>>, name: string, text: string, shown: string]>([
    [HTTPS, 'https_proxy', 'socks5://user:hunter2@proxy', '"socks5://***@proxy"'],
    [{}, 'HTTP_PROXY', 'http://user:hunter2@', '"http://***@"'],
    [{}, 'http_proxy', 'http://user:hunter2 x@proxy', '"http://***@proxy"'],
    [{}, 'http_proxy', 'user:hunter2@', '"***@"'],
  ])('of %j are refused without showing a password: %s=%s', (inputs, name, text, shown) => {
    expect(mistakeOf(inputs, { [name]: text })).toContain(`${name}: got ${shown}; takes the URL of an HTTP proxy`)
    expect(mistakeOf(inputs, { [name]: text })).not.toContain('hunter2')
  })

  it('are judged for the address of the cluster too, each variable once', () => {
    const cluster = { 'wait-for': 'searchable', 'cluster-endpoint': 'https://in01-a1b2c3.vectordb.zillizcloud.com' }
    const bad = { https_proxy: 'socks5://proxy', HTTP_PROXY: 'socks5://proxy' }
    expect(mistakesOf(cluster, bad).map(({ input }) => input)).toEqual(['HTTP_PROXY', 'https_proxy'])
    expect(mistakesOf({ ...cluster, ...HTTPS }, bad).map(({ input }) => input)).toEqual(['https_proxy'])
  })

  it.each<[inputs: Readonly<Record<string, string>>, variables: Environment]>([
    [{}, { HTTPS_PROXY: 'socks5://proxy' }],
    [HTTPS, { HTTP_PROXY: 'socks5://proxy' }],
    [HTTPS, { HTTPS_PROXY: 'socks5://proxy', NO_PROXY: 'milvus.example' }],
    [{ endpoint: 'https://10.2.3.4' }, { HTTPS_PROXY: 'socks5://proxy', NO_PROXY: '10.0.0.0/8' }],
    [HTTPS, { HTTPS_PROXY: 'proxy:3128' }],
    [HTTPS, { HTTPS_PROXY: 'user:password@proxy:3128' }],
  ])('of %j may be %j', (inputs, variables) => {
    expect(mistakesOf(inputs, variables)).toEqual([])
  })
})

describe('what is masked', () => {
  it.each([
    ['the whole key, however short', { 'api-key': 'k' }, ['k']],
    ['a password from 8 characters on', { 'api-key': 'root:12345678' }, ['root:12345678', '12345678']],
    ['no shorter password', { 'api-key': 'root:1234567' }, ['root:1234567']],
    ['all that follows the first colon', { 'api-key': 'root:1234:678' }, ['root:1234:678', '1234:678']],
    ['every line of a broken key', { 'api-key': '12345678\n1' }, ['12345678\n1', '12345678']],
    ['header values from 8 characters on', { headers: 'X-A: 12345678\nX-B: 1234567' }, ['12345678']],
    [
      'each word of a header value from 8 characters on',
      { headers: 'X-A: Token eyJhbGciOi\nCookie: session=abcdefgh; id=1' },
      ['Token eyJhbGciOi', 'eyJhbGciOi', 'session=abcdefgh; id=1', 'abcdefgh'],
    ],
    [
      'a key behind the scheme that is put in front of it',
      { 'api-key': 'Bearer root:12345678' },
      ['root:12345678', '12345678'],
    ],
    ['a client key that lost its first line', { 'client-key': 'MC4CAQAw\nBQYDK2Vw' }, ['MC4CAQAw', 'BQYDK2Vw']],
    ['a header line without a name', { headers: '12345678' }, ['12345678']],
    ['a password in the endpoint', { endpoint: 'http://u:p%40@host' }, ['p%40', 'p@']],
    ['a password in the cluster’s endpoint', { 'cluster-endpoint': 'http://u:p%40@host' }, ['p%40', 'p@']],
    [
      'the lines of a client key',
      { 'client-key': '-----BEGIN PRIVATE KEY-----\r\nMC4CAQAw\r\nBQYDK2Vw\r\nAA==\r\n-----END PRIVATE KEY-----' },
      ['MC4CAQAw', 'BQYDK2Vw'],
    ],
    [
      'a client key without its line breaks',
      { 'client-key': '-----BEGIN X-----\\nMC4CAQAw\\nBQYDK2Vw' },
      ['MC4CAQAw', 'BQYDK2Vw'],
    ],
    ['the token, but not the words that stand for it', { 'github-token': 'ghs_1' }, ['ghs_1']],
    ['no token that only the runner can fill in', { 'github-token': '${{ github.token }}' }, []],
    ['no path of a client key', { 'client-key': 'certificates/client.key' }, []],
    [
      'no names, ids and certificates',
      { ...MINIMAL, 'cluster-id': 'in01-a1b2c3', 'ca-cert': '-----BEGIN CERTIFICATE-----' },
      [],
    ],
  ])('is %s', (_, inputs, secrets) => {
    expect(secretsOf(environment(inputs))).toEqual(secrets)
  })

  it('is the password of every proxy variable, raw and decoded, used or not', () => {
    const variables = {
      HTTPS_PROXY: 'http://u:a%3Ab@p',
      https_proxy: 'http://u:%zz@p',
      HTTP_PROXY: 'u:c@p',
      http_proxy: 'http://u@p',
    }
    expect(secretsOf(environment({}, variables)).toSorted()).toEqual(['%zz', 'a%3Ab', 'a:b', 'c'])
  })
})

describe('inputs in the report', () => {
  it('are all but the secret ones, certificates by name', () => {
    const { inputs } = settingsOf({
      'api-key': 'root:Milvus',
      headers: 'X-A: b',
      'ca-cert': identity.cert,
      'client-cert': 'ca.pem',
      'client-key': identity.private,
      'db-name': 'changes',
      'wait-for': 'searchable',
    })
    const secret = ['api-key', 'headers', 'client-key', 'github-token']
    expect(Object.keys(inputs)).toEqual(Object.keys(inputDefaults).filter((name) => !secret.includes(name)))
    expect(inputs).toMatchObject({
      'ca-cert': '(PEM text)',
      'client-cert': 'ca.pem',
      'db-name': 'changes',
      timeout: '1h',
    })
    expect(inputs).toMatchObject({ 'wait-for': 'searchable', 'on-no-jobs': 'fail', since: '' })
  })

  it('take no secret for the id of a job, which stands everywhere as it is', () => {
    const stray = { 'api-key': 'f3b1c0ffee', 'job-id': '1, job-f3b1c0ffee' }
    expect(mistakeOf(stray)).toContain('job-id: got a value that holds a secret of another input;')
    expect(mistakeOf(stray)).not.toContain('f3b1c0ffee')
    expect(mistakeOf({ ...stray, timeout: '60' })).toMatch(
      /job-id: got a value that holds[^]*timeout: got "60"|timeout: got "60"[^]*job-id/,
    )
    // A header may tell which job it is about, and a short key may be a part of an id by chance.
    expect(settingsOf({ headers: 'X-Request-Id: 448761313698322011', 'job-id': '448761313698322011' })).toBeDefined()
    expect(settingsOf({ 'api-key': '4487', 'job-id': '448761313698322011' }).selection).toMatchObject({ kind: 'given' })
  })

  it('show no secret that was put into a wrong one', () => {
    expect(settingsOf({ 'api-key': 'f3b1c0ffee', 'cluster-id': 'f3b1c0ffee' }).inputs['cluster-id']).toBe('***')
    expect(mistakeOf({ 'api-key': 'f3b1c0ffee', timeout: 'f3b1c0ffee' })).toContain(
      'timeout: got a value that holds a secret of another input;',
    )
  })
})

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.string(),
    fc.constantFrom('0', '[]', '"a"', 'http://a', 'a: b'),
  )
  const inputs = fc.dictionary(fc.constantFrom(...Object.keys(inputDefaults)), text)

  it('in any input is settings or mistakes, never an exception', () => {
    fc.assert(
      fc.property(inputs, text, (given, proxy) => {
        const env = environment(given, { https_proxy: proxy })
        const result = parseSettings(env)
        expect(result.kind === 'settings' || result.mistakes.length > 0).toBe(true)
        expect(secretsOf(env)).not.toContain('')
      }),
      cases(500),
    )
  })

  it('makes no mistake that shows a key, a password or a header value', () => {
    const secret = 'Zx7QvK93mWpL'
    const holder = fc.constantFrom(
      'api-key',
      'headers',
      'endpoint',
      'cluster-endpoint',
      'client-cert',
      'job-id',
      'since',
      'timeout',
      'db-name',
      'http_proxy',
    )
    fc.assert(
      fc.property(inputs, fc.array(holder, { minLength: 1 }), text, text, (given, holders, before, after) => {
        const spoilt = Object.fromEntries(holders.map((name) => [name, `${before}${secret}${after}`]))
        const proxy = { http_proxy: `http://user:${secret}@${after}` }
        const env = environment({ ...given, ...spoilt, headers: `X-A: ${secret}`, 'api-key': secret }, proxy)
        expect(JSON.stringify(parseSettings(env).kind === 'mistakes' ? parseSettings(env) : {})).not.toContain(secret)
      }),
      cases(500),
    )
  })
})

describe('the runner’s files', () => {
  it('are where the runner says', () => {
    const env = { GITHUB_OUTPUT: '/o', GITHUB_STEP_SUMMARY: '/s', RUNNER_TEMP: '/t' }
    expect(runnerFilesOf(env)).toEqual({ outputPath: '/o', summaryPath: '/s', tempDir: '/t' })
  })

  it.each([{}, { GITHUB_OUTPUT: '', GITHUB_STEP_SUMMARY: '', RUNNER_TEMP: '' }])('may be missing: %j', (env) => {
    expect(runnerFilesOf(env)).toEqual({ outputPath: undefined, summaryPath: undefined, tempDir: tmpdir() })
  })
})

describe('the troubleshooting page of this version', () => {
  const OF_A_RELEASE = {
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_ACTION_REPOSITORY: 'octocat/milvus-import-gate',
    GITHUB_ACTION_REF: 'v1',
  }

  it.each<[string, Environment, string]>([
    ['github.com', {}, 'https://github.com/octocat/milvus-import-gate/blob/v1/docs/troubleshooting.md'],
    [
      'a server of its own',
      { GITHUB_SERVER_URL: 'https://ghes.example:8443/' },
      'https://ghes.example:8443/octocat/milvus-import-gate/blob/v1/docs/troubleshooting.md',
    ],
    [
      'a branch',
      { GITHUB_ACTION_REF: 'feature/x.1' },
      'https://github.com/octocat/milvus-import-gate/blob/feature/x.1/docs/troubleshooting.md',
    ],
  ])('is on %s', (_, but, url) => {
    expect(troubleshootingOf({ ...OF_A_RELEASE, ...but })).toBe(url)
  })

  it.each<[string, Environment]>([
    ['the action lies in the workflow’s own repository', { GITHUB_ACTION_REPOSITORY: '', GITHUB_ACTION_REF: '' }],
    ['nothing is known of the server', { GITHUB_SERVER_URL: undefined }],
    ['the server has no TLS', { GITHUB_SERVER_URL: 'http://ghes.example' }],
    ['a name is not one of GitHub', { GITHUB_ACTION_REPOSITORY: 'octocat/x"><img>' }],
    ['a ref would need escapes', { GITHUB_ACTION_REF: 'v1#"x' }],
  ])('is not known where %s', (_, but) => {
    expect(troubleshootingOf({ ...OF_A_RELEASE, ...but })).toBeUndefined()
  })
})

describe('the log', () => {
  it.each<[boolean, Environment]>([
    [true, { GITHUB_ACTIONS: 'true' }],
    [true, { GITHUB_ACTIONS: 'true', NO_COLOR: '' }],
    [false, { GITHUB_ACTIONS: 'true', NO_COLOR: '1' }],
    [false, {}],
  ])('has colors: %p for %j', (wanted, env) => {
    expect(colorsWanted(env)).toBe(wanted)
  })

  it('tells every exchange only where the runner shows lines for debugging', () => {
    expect([{ RUNNER_DEBUG: '1' }, { RUNNER_DEBUG: '0' }, {}].map(debugWanted)).toEqual([true, false, false])
  })
})

describe('the commit status', () => {
  const RUN = {
    GITHUB_API_URL: 'https://ghes.example/api/v3',
    GITHUB_SERVER_URL: 'https://ghes.example',
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: '/no/such/event.json',
    GITHUB_SHA: 'a'.repeat(40),
    GITHUB_STATE: '/state',
  }

  it('is none unless it is asked for', () => {
    expect(commitStatusOf(environment({ 'github-token': 'ghs_1' }, RUN))).toBeUndefined()
    expect(settingsOf({}).commitStatus).toBeUndefined()
  })

  it('comes with the run that it leads to, also where other inputs are wrong', () => {
    const inputs = { 'commit-status': 'Milvus import', 'github-token': 'ghs_1', timeout: 'soon' }
    expect(commitStatusOf(environment(inputs, { ...RUN, https_proxy: 'http://proxy:3128' }))).toEqual({
      context: 'Milvus import',
      token: 'ghs_1',
      run: {
        apiUrl: 'https://ghes.example/api/v3',
        repository: 'o/r',
        eventName: 'push',
        sha: 'a'.repeat(40),
        runId: '7',
        url: 'https://ghes.example/o/r/actions/runs/7/attempts/2',
      },
      proxy: { httpProxy: undefined, httpsProxy: 'http://proxy:3128', noProxy: '' },
      state: { path: '/state', name: 'commitStatus' },
    })
  })

  it('is on the commit that the event names, and on none where the event cannot be read', () => {
    const event = join(workspace, 'event.json')
    const shaAfter = (content: string) => {
      writeFileSync(event, content)
      const variables = { ...RUN, GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event }
      return commitStatusOf(environment({ 'commit-status': 'x' }, variables))?.run.sha
    }
    expect(shaAfter(JSON.stringify({ pull_request: { head: { sha: 'b'.repeat(40) } } }))).toBe('b'.repeat(40))
    expect(shaAfter('{"pull_request": {"head"')).toBeUndefined()
  })

  it('has no token where only the runner could fill it in', () => {
    expect(commitStatusOf(environment({ 'commit-status': 'x' }))?.token).toBe('')
  })

  it('needs a name and a token on one line each, and shows no token', () => {
    expect(mistakeOf({ 'commit-status': 'a\nb' })).toContain('commit-status: got "a\\nb"; takes one name')
    const broken = mistakeOf({ 'commit-status': 'x', 'github-token': 'ghs_1\nghs_2' })
    expect(broken).toContain('github-token: got a value of 11 characters')
    expect(broken).not.toContain('ghs_')
  })

  it('leaves the token out of the report', () => {
    expect(settingsOf({ 'github-token': 'ghs_1' }).inputs).not.toHaveProperty('github-token')
  })

  it.each([
    [{}, undefined],
    [{ STATE_commitStatus: '' }, undefined],
    [{ STATE_commitStatus: '{}' }, '{}'],
  ])('may have been left to the post step: %j', (env, text) => {
    expect(handedOverIn(env)).toBe(text)
  })
})
