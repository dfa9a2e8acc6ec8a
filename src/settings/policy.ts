import type { Policy, RowRange, Selection, Since } from '../gate/policy.ts'
import type { Mistake } from '../gate/conclusion.ts'
import { inputDefaults } from './inputs.ts'
import type { InputName, Inputs } from './inputs.ts'
import {
  all,
  mistaken,
  nearestWord,
  optional,
  parseBoolean,
  parsed,
  parseDuration,
  parseJobIds,
  parseName,
  parseRows,
  parseSince,
  parseWord,
  quoted,
} from './values.ts'
import type { DurationRule, Parsed } from './values.ts'

/** The user's patience and gates. */
export function parsePolicy(inputs: Inputs): Parsed<Policy> {
  const policy = parseRules(inputs)
  const mistakes = [...(policy.kind === 'mistakes' ? policy.mistakes : []), ...besideStarted(inputs)]
  return mistakes.length > 0 ? mistaken(...mistakes) : policy
}

/** What makes no sense where the step does not wait for the import. */
function besideStarted(inputs: Inputs): readonly Mistake[] {
  if (inputs['wait-for'] !== 'started') return []
  const meaningless = (['expected-rows', 'abort-uncommitted', 'on-uncommitted'] as const).filter((name) => {
    const text = inputs[name]
    return text.toLowerCase() !== inputDefaults[name]
  })
  const beside = meaningless.map((input) => ({
    input,
    got: `${quoted(inputs[input])} together with \`wait-for: started\``,
    takes: 'a value only where the step waits for the import: set it in the step that waits for the job',
    example: inputDefaults[input] || '>=1000',
  }))
  if (inputs.import !== '') return beside
  const got = '`started` without `import`'
  const takes = '`completed` or `searchable`; `started` only together with `import`'
  return [{ input: 'wait-for', got, takes, example: 'completed' }, ...beside]
}

function parseRules(inputs: Inputs): Parsed<Policy> {
  return all<Policy>({
    timeoutMs: parseTimeout(inputs.timeout),
    onTimeout: parseWord('on-timeout', inputs['on-timeout'], ['fail', 'pass']),
    pollIntervalMs: parsePollInterval(inputs['poll-interval']),
    requestTimeoutMs: parseDuration(plain('request-timeout', '30s'), inputs['request-timeout']),
    maxOutageMs: optional(inputs['max-outage'], (text) => parseDuration(plain('max-outage', '5m'), text)),
    stallTimeoutMs: optional(inputs['stall-timeout'], (text) => parseDuration(plain('stall-timeout', '30m'), text)),
    expectedRows: optional(inputs['expected-rows'], (text) => parseRows('expected-rows', text)),
    onUncommitted: parseWord('on-uncommitted', inputs['on-uncommitted'], ['fail', 'wait', 'pass', 'commit']),
    abortUncommitted: parseBoolean('abort-uncommitted', inputs['abort-uncommitted']),
    onNoJobs: parseWord('on-no-jobs', inputs['on-no-jobs'], ['fail', 'pass']),
    waitFor: parseWord('wait-for', inputs['wait-for'], ['completed', 'searchable', 'started']),
    expectedCollectionRows: optional(inputs['expected-collection-rows'], (text) => parseCollectionRows(text, inputs)),
    expectedCollection: parseExpectedCollection(inputs),
  })
}

/** A collection whose jobs are polled for is no assertion: it may be an alias, and the jobs bear the real name. */
function parseExpectedCollection(inputs: Inputs): Parsed<string | undefined> {
  return isDiscovery(inputs) ? parsed(undefined) : optional(inputs['collection-name'], parseCollectionName)
}

function parseCollectionRows(text: string, inputs: Inputs): Parsed<RowRange> {
  const rows = parseRows('expected-collection-rows', text)
  if (rows.kind === 'mistakes' || !['completed', 'started'].includes(inputs['wait-for'])) return rows
  return mistaken({
    input: 'expected-collection-rows',
    got: `${quoted(text)} without \`wait-for: searchable\``,
    takes: 'rows of a collection that can be searched: set `wait-for: searchable` too, or use `expected-rows`',
    example: '>=1000',
  })
}

function plain(input: InputName, example: string): DurationRule {
  return { input, leastMs: 1, besides: '', example }
}

function parseTimeout(text: string): Parsed<number> {
  if (text === '0' || text === '0s') return parsed(0)
  return parseDuration({ input: 'timeout', leastMs: 1, besides: '`0` (one poll)', example: '1h30m' }, text)
}

function parsePollInterval(text: string): Parsed<number | undefined> {
  if (text === 'auto') return parsed(undefined)
  const besides = nearestWord(text, ['auto']) === undefined ? '`auto`' : '`auto` (did you mean that?)'
  return parseDuration({ input: 'poll-interval', leastMs: 1000, besides, example: '10s' }, text)
}

/** The jobs that are named, or the collection whose jobs are to be found. */
export function parseSelection(inputs: Inputs): Parsed<Selection> {
  return isDiscovery(inputs) ? parseDiscovered(inputs) : parseGiven(inputs)
}

/** The jobs are searched for only where the workflow says so: an id that came out empty must not turn into a search. */
function isDiscovery(inputs: Inputs): boolean {
  return inputs['job-id'] === 'discover'
}

function parseDiscovered(inputs: Inputs): Parsed<Selection> {
  const collectionName = inputs['collection-name']
  return all<Extract<Selection, { kind: 'discovered' }>>({
    kind: parsed('discovered'),
    collectionName: collectionName === '' ? withoutCollection() : parseCollectionName(collectionName),
    since: optional(inputs.since, parseSince),
  })
}

function withoutCollection(): Parsed<never> {
  return mistaken({
    input: 'collection-name',
    got: 'nothing beside `job-id: discover`',
    takes: 'the collection whose import jobs the gate waits for',
    example: 'articles',
  })
}

function parseGiven(inputs: Inputs): Parsed<Selection> {
  const given = all({ jobIds: parseJobIds(inputs['job-id']), since: optional(inputs.since, withoutDiscovery) })
  return given.kind === 'mistakes' ? given : parsed({ kind: 'given', jobIds: given.value.jobIds })
}

function withoutDiscovery(since: string): Parsed<Since> {
  return mistaken({
    input: 'since',
    got: `${quoted(since)} without \`job-id: discover\``,
    takes: 'a value only beside `job-id: discover`, when the gate finds the jobs of `collection-name` itself',
    example: '2h',
  })
}

/** The collection, as one name. */
export function parseCollectionName(text: string): Parsed<string> {
  return parseName('collection-name', text, 'articles')
}
