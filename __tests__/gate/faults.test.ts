import { describe, expect, it } from '@jest/globals'
import { isConfirmed, isRefusedAtDeadline, nextAttemptAtMs, recordRefusal } from '../../src/gate/faults.ts'
import type { Refusals } from '../../src/gate/faults.ts'
import { aTrouble } from '../support/builders.ts'

/** `!`: refused by a host that has answered well before; `?`: by one that never has; `ok`, `outage`, `cancelled`. */
type Word = '!' | '?' | 'ok' | 'outage' | 'cancelled'

const resultOf = (word: Word) =>
  word === '!' || word === '?'
    ? ({ kind: 'refused', error: aTrouble(), hostHasAnswered: word === '!' } as const)
    : { kind: word }

function refusalsAfter(results: readonly (readonly [atSeconds: number, word: Word])[]): Refusals | undefined {
  return results.reduce<Refusals | undefined>((before, [atSeconds, word]) => {
    const atMs = 1_000 * atSeconds
    return recordRefusal(before, resultOf(word), { startedAtMs: atMs - 100, endedAtMs: atMs })
  }, undefined)
}

describe('a refusal is confirmed', () => {
  it.each<[when: string, results: readonly (readonly [number, Word])[], expected: boolean]>([
    ['not before there is one', [], false],
    ['not by one response, though the host never answered well', [[0, '?']], false],
    [
      'by two that are 2 s apart, where the host never answered well',
      [
        [0, '?'],
        [2, '?'],
      ],
      true,
    ],
    [
      'not by two that are closer',
      [
        [0, '?'],
        [0.3, '?'],
      ],
      false,
    ],
    [
      'by two that are 2 s apart but for a rounding error',
      [
        [0, '?'],
        [1.9995, '?'],
      ],
      true,
    ],
    [
      'not by two, where the host has answered well',
      [
        [0, '!'],
        [5, '!'],
      ],
      false,
    ],
    [
      'by three that span 10 s, where the host has answered well',
      [
        [0, '!'],
        [5, '!'],
        [10, '!'],
      ],
      true,
    ],
    [
      'not by three that span less',
      [
        [0, '!'],
        [5, '!'],
        [9.9, '!'],
      ],
      false,
    ],
    [
      'by a fourth that makes the span long enough',
      [
        [0, '!'],
        [2, '!'],
        [7, '!'],
        [12, '!'],
      ],
      true,
    ],
    [
      'not by two once the host has answered well in between',
      [
        [0, '?'],
        [2, '!'],
      ],
      false,
    ],
    [
      'not by refusals with a good response in between',
      [
        [0, '!'],
        [5, '!'],
        [7, 'ok'],
        [10, '!'],
      ],
      false,
    ],
    [
      'not by refusals with an outage in between',
      [
        [0, '?'],
        [2, 'outage'],
        [4, '?'],
      ],
      false,
    ],
    [
      'by those before and after a cancelled request',
      [
        [0, '?'],
        [1, 'cancelled'],
        [2, '?'],
      ],
      true,
    ],
    [
      'not once another response has come',
      [
        [0, '?'],
        [2, '?'],
        [4, 'ok'],
      ],
      false,
    ],
  ])('%s', (_, results, expected) => {
    expect(isConfirmed(refusalsAfter(results))).toBe(expected)
  })
})

describe('a refused request is repeated', () => {
  it.each<[when: string, results: readonly (readonly [number, Word])[], atMs: number]>([
    ['2 s later, while the host has never answered well', [[1, '?']], 3_000],
    ['5 s later, once it has', [[1, '!']], 6_000],
    [
      '5 s after the last one',
      [
        [1, '!'],
        [6, '!'],
      ],
      11_000,
    ],
  ])('%s', (_, results, atMs) => {
    expect(refusalsAfter(results)).toBeDefined()
    expect(nextAttemptAtMs(refusalsAfter(results)!)).toBe(atMs)
  })
})

describe('a refusal without time to confirm it', () => {
  it.each<[when: string, results: readonly (readonly [number, Word])[], timeoutMs: number, expected: boolean]>([
    ['decides where the host never answered well', [[0, '?']], 60_000, true],
    [
      'does not where it has',
      [
        [0, '!'],
        [5, '!'],
      ],
      60_000,
      false,
    ],
    [
      'decides where it is confirmed',
      [
        [0, '!'],
        [5, '!'],
        [10, '!'],
      ],
      60_000,
      true,
    ],
    ['decides where there is but one poll', [[0, '!']], 0, true],
    [
      'does not where another response followed',
      [
        [0, '?'],
        [2, 'ok'],
      ],
      60_000,
      false,
    ],
  ])('%s', (_, results, timeoutMs, expected) => {
    expect(isRefusedAtDeadline(refusalsAfter(results), { timeoutMs })).toBe(expected)
  })
})
