import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { progressChart } from '../../../src/report/summary/phases.ts'
import { anyCharacter } from '../../support/any-character.ts'
import type { Poll, Milestone } from '../../support/builders.ts'
import { aCompletedJob, aHistory, aJob, pollsAlong } from '../../support/builders.ts'

const STEADY: readonly Milestone[] = [
  [0, 'pending', 0],
  [60_000, 'importing', 10],
  [300_000, 'importing', 40],
  [600_000, 'importing', 70],
]
const picture = (polls: readonly Poll[], nowMs: number) => progressChart(aHistory({ polls }), nowMs)?.source
const points = (source: string | undefined) =>
  /line \[(.*)\]/
    .exec(source ?? '')?.[1]
    ?.split(', ')
    .map(Number)

describe('the picture of a long import', () => {
  it('goes from what was first seen to what was last seen, and does not smooth a rest away', () => {
    const drawn = points(picture([...pollsAlong(STEADY), [1_800_000, aCompletedJob()]], 1_800_000))
    expect(drawn).toHaveLength(31)
    expect([drawn?.[0], drawn?.at(-2), drawn?.at(-1)]).toEqual([0, 70, 100])
  })

  it.each([
    [5, '"seconds since the first response" 0 --> 304', 39],
    [30, '"minutes since the first response" 0 --> 30', 31],
    [180, '"minutes since the first response" 0 --> 180', 37],
    [3 * 24 * 60, '"hours since the first response" 0 --> 72', 37],
  ])('has a fitting unit of time after %p minutes, and whole steps', (minutes, axis, amount) => {
    const stretched = STEADY.map(([atMs, ...rest]): Milestone => [(atMs * minutes) / 12, ...rest])
    const source = picture(pollsAlong(stretched, { everyMs: minutes * 1000 }), minutes * 60_000)
    expect(source).toContain(`${axis}\n`)
    expect(points(source)).toHaveLength(amount)
  })

  it('holds words of our own and numbers, whatever the service says', () => {
    const values = fc.array(fc.nat(100), { minLength: 10, maxLength: 200 })
    fc.assert(
      fc.property(values, fc.string({ unit: anyCharacter }), (later, text) => {
        const polls = [20, 60, ...later].map((progress, i): Poll => [
          i * 60_000,
          aJob({ progress, label: `${text}${i}`, reason: text, collectionName: text }),
        ])
        const source = picture(polls, polls.length * 60_000)
        const drawn = source?.replace(/^%%\{init: \{[\w",:{}#]+\}\}%%\n/m, '')
        expect(drawn).toMatch(
          /^```mermaid\nxychart-beta\n {4}x-axis "(minutes|hours) since the first response" 0 --> \d+\n {4}y-axis "progress \(%\)" 0 --> 100\n {4}line \[(\d+, ){9,39}\d+\]\n```\n$/,
        )
      }),
    )
  })
})

it.each<[string, readonly Poll[], number, boolean]>([
  ['takes three minutes', pollsAlong(STEADY, { everyMs: 30_000 }), 180_000, true],
  ['takes less', pollsAlong(STEADY, { everyMs: 30_000 }), 179_999, false],
])('a picture is drawn where the import %s', (_, polls, nowMs, isDrawn) => {
  expect(
    picture(
      polls.filter(([atMs]) => atMs < 180_000),
      nowMs,
    ) !== undefined,
  ).toBe(isDrawn)
})

it.each([
  [600_000, 'minutes since the first response" 0 --> 10'],
  [599_999, 'seconds since the first response" 0 --> 608'],
  [43_200_000, 'hours since the first response" 0 --> 12'],
  [43_199_999, 'minutes since the first response" 0 --> 722'],
])('a picture of %i ms goes by %s', (nowMs, axis) => {
  const steps = [0, 10, 20, 30, 45, 50].map((progress, i): Poll => [(i * nowMs) / 10, aJob({ progress })])
  expect(picture(steps, nowMs)).toContain(`x-axis "${axis}\n`)
})

describe('no picture', () => {
  it.each<[string, readonly Poll[], number]>([
    ['is drawn of a job never seen', [], 600_000],
    ['is drawn of a short import', pollsAlong(STEADY.map(([atMs, ...rest]) => [atMs / 10, ...rest])), 70_000],
    ['is drawn of few changes', pollsAlong(STEADY, { everyMs: 600_000 }), 700_000],
    ['is drawn of a line that only rests', pollsAlong(STEADY.slice(0, 2)), 6_000_000],
  ])('%s', (_, polls, nowMs) => {
    expect(picture(polls, nowMs)).toBeUndefined()
  })
})
