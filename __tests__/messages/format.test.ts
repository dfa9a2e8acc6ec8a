import { describe, expect, it } from '@jest/globals'
import {
  bytes,
  count,
  counted,
  duration,
  momentOf,
  percent,
  roughDuration,
  rowRate,
  shortCount,
  shortened,
  stopwatch,
  utcTime,
} from '../../src/messages/format.ts'

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1_234_567, '1.2 MB'],
    [999.96, '1 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1 MB'],
    [14_400_000, '14.4 MB'],
    [2_000_000_000_000, '2 TB'],
    [1e18, '1,000 PB'],
    [5e18, '5,000 PB'],
    [NaN, '–'],
  ])('writes a size of %p bytes as %s', (size, text) => {
    expect(bytes(size)).toBe(text)
  })

  it.each([
    [0, '0', '0'],
    [999, '999', '999'],
    [12_345, '12,345', '12,345'],
    [1_200_000, '1,200,000', '1.2M'],
    [3_000_000_000, '3,000,000,000', '3B'],
    [1e21, '1,000,000,000,000,000,000,000', '1,000,000,000T'],
    [Infinity, '–', '–'],
  ])('writes a count of %p as %s, for a glance as %s', (amount, exact, short) => {
    expect(count(amount)).toBe(exact)
    expect(shortCount(amount)).toBe(short)
  })

  it('has a noun agree', () => {
    expect([counted(0, 'row'), counted(1, 'row'), counted(1024, 'row')]).toEqual(['0 rows', '1 row', '1,024 rows'])
  })

  it('rounds a rate to three digits and a share down', () => {
    expect([rowRate(0.25), rowRate(9.96), rowRate(12.4), rowRate(12_345)]).toEqual([
      '0.3 rows/s',
      '10 rows/s',
      '12 rows/s',
      '12,300 rows/s',
    ])
    expect(percent(99.9)).toBe('99%')
  })
})

describe('time', () => {
  it.each([
    [0, '0 s', '0:00'],
    [400, '400 ms', '0:00'],
    [12_900, '12 s', '0:12'],
    [60_000, '1 min', '1:00'],
    [125_000, '2 min 5 s', '2:05'],
    [3_600_000, '1 h', '1:00:00'],
    [3_845_000, '1 h 4 min', '1:04:05'],
    [86_400_000, '1 d', '24:00:00'],
    [432_000_000, '5 d', '120:00:00'],
    [97_200_000, '1 d 3 h', '27:00:00'],
  ])('writes %p ms as %s and as %s', (ms, text, watch) => {
    expect(duration(ms)).toBe(text)
    expect(stopwatch(ms)).toBe(watch)
  })

  it('is not written where there is none', () => {
    expect([NaN, Infinity].map(duration)).toEqual(['–', '–'])
  })

  it('is vague about what is a guess', () => {
    expect([1, 31_000, 60_000, 61_000, 5_340_000, 5_400_000].map(roughDuration)).toEqual([
      '10 s',
      '40 s',
      '1 min',
      '2 min',
      '89 min',
      '2 h',
    ])
  })

  it.each([
    ['2024-04-01T06:17:55Z', '2024-04-01 06:17:55'],
    ['2024-04-01T06:17:55+08:00', '2024-03-31 22:17:55'],
    ['2024-04-01 06:17:55Z', '2024-04-01 06:17:55'],
    ['at 2024-04-01T06:17:55Z', 'at 2024-04-01T06:17:55Z'],
    ['2024-04-01T06:17:55Z or so', '2024-04-01T06:17:55Z or so'],
    ['2024-04-01t06:17:55.123z', '2024-04-01 06:17:55'],
    ['yesterday', 'yesterday'],
    ['2024-13-01T06:17:55Z', '2024-13-01T06:17:55Z'],
    ['2024', '2024'],
    ['', ''],
  ])('writes %j in UTC, if it is a time, as %j', (given, text) => {
    expect(utcTime(given)).toBe(text)
  })

  it('knows no moment where there is none', () => {
    expect(momentOf('1 April 2024')).toBeUndefined()
  })
})

describe('shortened', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abc…fg'],
    ['abcdefg', 1, '…'],
    ['abcdefg', 0, ''],
    ['a🎉bcd🎉e', 6, 'a🎉…e'],
    ['🎉🎉🎉🎉', 5, '🎉…🎉'],
  ])('cuts the middle of %j to %p characters', (text, maxLength, expected) => {
    expect(shortened(text, maxLength)).toBe(expected)
  })
})
