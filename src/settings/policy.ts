import { parseDuration } from './duration.ts'
import { all, optional, parsed } from './parsed.ts'
import { parseRows } from './rows.ts'
import { parseName } from './target.ts'
import { nearestWord, parseWord } from './words.ts'
import type { Policy } from '../watch/policy.ts'
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
    onUncommitted: parseWord('on-uncommitted', inputs['on-uncommitted'], ['fail', 'wait', 'pass']),
    expectedCollection: parseName('collection-name', inputs['collection-name'], 'articles'),
  })
}

function plain(input: InputName, example: string): DurationRule {
  return { input, leastMs: 1, besides: '', example }
}

function parseTimeout(text: string): Parsed<number> {
  if (text === '0' || text === '0s') return parsed(0)
  return parseDuration({ input: 'timeout', leastMs: 1, besides: '`0` (one look)', example: '1h30m' }, text)
}

function parsePollInterval(text: string): Parsed<number | undefined> {
  if (text === 'auto') return parsed(undefined)
  const besides = nearestWord(text, ['auto']) === undefined ? '`auto`' : '`auto` (did you mean that?)'
  return parseDuration({ input: 'poll-interval', leastMs: 1000, besides, example: '10s' }, text)
}
