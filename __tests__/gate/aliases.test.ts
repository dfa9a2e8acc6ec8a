import { describe, expect, it } from '@jest/globals'
import { aliasOf, namesToIdentify, recordIdentity } from '../../src/gate/aliases.ts'
import type { Alias, Identity } from '../../src/gate/aliases.ts'
import type { CollectionIdentity } from '../../src/gate/import-service.ts'
import { aTrouble } from '../support/builders.ts'

const is = (collectionId: string): CollectionIdentity => ({ kind: 'identified', collectionId })
const refused: CollectionIdentity = { kind: 'refused', error: aTrouble(), hostHasAnswered: true }
const gone: CollectionIdentity = { kind: 'gone', error: aTrouble(), hostHasAnswered: true }
const down: CollectionIdentity = { kind: 'outage', error: aTrouble() }

/** What is known after these responses, five seconds apart. */
const after = (...results: readonly CollectionIdentity[]): Identity | undefined =>
  results.reduce<Identity | undefined>(
    (identity, result, i) => recordIdentity(identity, result, { startedAtMs: i * 5_000, endedAtMs: i * 5_000 }),
    undefined,
  )

describe('another name', () => {
  it.each<[string, readonly CollectionIdentity[], readonly CollectionIdentity[], Alias]>([
    [
      'with the same collectionID is the same collection',
      [is('449999999999999999')],
      [is('449999999999999999')],
      'same',
    ],
    ['is compared digit by digit', [is('449999999999999999')], [is('450000000000000000')], 'different'],
    ['is pending before both are known', [is('1')], [], 'pending'],
    ['is pending after one refusal', [is('1')], [refused], 'pending'],
    ['is pending in an outage', [down, down], [is('1')], 'pending'],
    ['is unknown once the refusal is confirmed', [refused, refused, refused], [is('1')], 'unknown'],
    ['is unknown once it is confirmed to be gone', [is('1')], [gone, gone, gone], 'unknown'],
    ['is unknown where the response has no collectionID', [{ kind: 'unidentified' }], [is('1')], 'unknown'],
    ['is known after a stray refusal', [refused, is('1')], [down, is('1')], 'same'],
  ])('%s', (_, name, given, alias) => {
    const known = new Map(
      [['alias', after(...name)] as const, ['given', after(...given)] as const].flatMap(([key, identity]) =>
        identity === undefined ? [] : [[key, identity] as const],
      ),
    )
    expect(aliasOf(known, 'alias', 'given')).toBe(alias)
  })

  it('needs no request where it is the given one', () => {
    expect(aliasOf(new Map(), 'given', 'given')).toBe('same')
    expect(namesToIdentify(new Map(), ['given', 'given'], 'given')).toEqual([])
  })

  it('is requested once, with the given one, until both are settled', () => {
    expect(namesToIdentify(new Map(), ['alias', 'alias', 'given'], 'given')).toEqual(['given', 'alias'])
    const known = new Map([['given', recordIdentity(undefined, is('1'), { startedAtMs: 0, endedAtMs: 0 })]])
    expect(namesToIdentify(known, ['alias'], 'given')).toEqual(['alias'])
  })
})
