import { parseDuration } from './duration.ts'
import { all, mistaken, optional, parsed, quoted } from './parsed.ts'
import { parseRows } from './rows.ts'
import { parseCollectionName } from './selection.ts'
import { nearestWord, parseBoolean, parseWord } from './words.ts'
import type { Policy, RowRange } from '../gate/policy.ts'
import type { DurationRule } from './duration.ts'
import type { InputName, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** The user's patience and gates. */
export function parsePolicy(inputs: Inputs): Parsed<Policy> {
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
    waitFor: parseWord('wait-for', inputs['wait-for'], ['completed', 'searchable']),
    expectedCollectionRows: optional(inputs['expected-collection-rows'], (text) => parseCollectionRows(text, inputs)),
    expectedCollection: parseExpectedCollection(inputs),
  })
}

/** A collection whose jobs are polled for is no assertion: it may be an alias, and the jobs bear the real name. */
function parseExpectedCollection(inputs: Inputs): Parsed<string | undefined> {
  return inputs['job-id'] === '' ? parsed(undefined) : optional(inputs['collection-name'], parseCollectionName)
}

function parseCollectionRows(text: string, inputs: Inputs): Parsed<RowRange> {
  const rows = parseRows('expected-collection-rows', text)
  if (rows.kind === 'mistakes' || inputs['wait-for'] !== 'completed') return rows
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
