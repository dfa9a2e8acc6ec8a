import type { Policy, RowRange, Selection, Since } from '../gate/policy.ts'
import type { Mistake } from '../gate/conclusion.ts'
import { inputDefaults } from './inputs.ts'
import type { Inputs } from './inputs.ts'
import {
  all,
  mistaken,
  mistakeIn,
  nearestWord,
  optional,
  parseBoolean,
  parsed,
  parseDuration,
  parseJobIds,
  parseName,
  parseOptionalName,
  parseRows,
  parseSince,
  parseWord,
  quoted,
  wrong,
} from './values.ts'
import type { Parsed } from './values.ts'

/** The user's patience and gates. */
export function parsePolicy(inputs: Inputs): Parsed<Policy> {
  const policy = parseRules(inputs)
  const mistakes = [...(policy.kind === 'mistakes' ? policy.mistakes : []), ...besideStarted(inputs)]
  return mistakes.length > 0 ? mistaken(...mistakes) : policy
}

/** What makes no sense where the step does not wait for the import. */
function besideStarted(inputs: Inputs): readonly Mistake[] {
  if (inputs['wait-for'] !== 'started') return []
  const names = ['expected-rows', 'abort-uncommitted', 'on-uncommitted'] as const
  const beside = names.flatMap((input) => {
    const [text, fallback] = [inputs[input], inputDefaults[input]]
    if (text.toLowerCase() === fallback) return []
    const takes = 'a value only where the step waits for the import: set it in the step that waits for the job'
    return mistakeIn(input, `${quoted(text)} together with \`wait-for: started\``, takes, fallback || undefined)
  })
  if (inputs.import !== '') return beside
  const got = '`started` without `import`'
  const takes = '`completed` or `searchable`; `started` only together with `import`'
  return [mistakeIn('wait-for', got, takes), ...beside]
}

function parseRules(inputs: Inputs): Parsed<Policy> {
  return all<Policy>({
    timeoutMs: parseTimeout(inputs.timeout),
    onTimeout: parseWord('on-timeout', inputs['on-timeout'], ['fail', 'pass']),
    pollIntervalMs: parsePollInterval(inputs['poll-interval']),
    requestTimeoutMs: parseDuration('request-timeout', inputs['request-timeout']),
    maxOutageMs: optional(inputs['max-outage'], (text) => parseDuration('max-outage', text)),
    stallTimeoutMs: optional(inputs['stall-timeout'], (text) => parseDuration('stall-timeout', text)),
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
  return isDiscovery(inputs) ? parsed(undefined) : parseOptionalName('collection-name', inputs['collection-name'])
}

function parseCollectionRows(text: string, inputs: Inputs): Parsed<RowRange> {
  const rows = parseRows('expected-collection-rows', text)
  if (rows.kind === 'mistakes' || !['completed', 'started'].includes(inputs['wait-for'])) return rows
  const takes = 'rows of a collection that can be searched: set `wait-for: searchable` too, or use `expected-rows`'
  return wrong('expected-collection-rows', `${quoted(text)} without \`wait-for: searchable\``, takes)
}

function parseTimeout(text: string): Parsed<number> {
  if (text === '0' || text === '0s') return parsed(0)
  return parseDuration('timeout', text, { besides: '`0` (one poll)' })
}

function parsePollInterval(text: string): Parsed<number | undefined> {
  if (text === 'auto') return parsed(undefined)
  const besides = nearestWord(text, ['auto']) === undefined ? '`auto`' : '`auto` (did you mean that?)'
  return parseDuration('poll-interval', text, { leastMs: 1000, besides })
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
    collectionName: collectionName === '' ? withoutCollection() : parseName('collection-name', collectionName),
    since: optional(inputs.since, parseSince),
  })
}

function withoutCollection(): Parsed<never> {
  const takes = 'the collection whose import jobs the gate waits for'
  return wrong('collection-name', 'nothing beside `job-id: discover`', takes)
}

function parseGiven(inputs: Inputs): Parsed<Selection> {
  const given = all({ jobIds: parseJobIds(inputs['job-id']), since: optional(inputs.since, withoutDiscovery) })
  return given.kind === 'mistakes' ? given : parsed({ kind: 'given', jobIds: given.value.jobIds })
}

function withoutDiscovery(since: string): Parsed<Since> {
  const takes = 'a value only beside `job-id: discover`, when the gate finds the jobs of `collection-name` itself'
  return wrong('since', `${quoted(since)} without \`job-id: discover\``, takes)
}
