import { describe, expect, it } from '@jest/globals'
import { newHistory, record } from '../../src/watch/history.ts'
import type { History } from '../../src/watch/history.ts'
import type { Observation } from '../../src/watch/import-job.ts'
import { judge } from '../../src/watch/judge.ts'
import type { Verdict } from '../../src/watch/judge.ts'
import { DEFAULT_POLICY } from '../../src/watch/policy.ts'
import type { Policy } from '../../src/watch/policy.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

type Looks = readonly (readonly [atMs: number, observation: Observation])[]

function historyAfter(looks: Looks): History {
  return looks.reduce(
    (history, [atMs, observation]) => record(history, observation, { startedAtMs: atMs, endedAtMs: atMs }),
    newHistory('448761313698322011'),
  )
}

const running = answered('Importing', { progress: 40, importedRows: 10 })
const LOOK_AGAIN: Verdict = { kind: 'look-again' }
const ended = (as: string) => ({ kind: 'ended', as })
const ready = (as: string) => ({ kind: 'ready', as })

interface Case {
  readonly when: string
  readonly looks: Looks
  readonly policy?: Partial<Policy>
  readonly timeIsUp?: boolean
  readonly serviceHasAnswered?: boolean
  readonly verdict: unknown
}

const CASES: readonly Case[] = [
  { when: 'nobody has looked yet', looks: [], verdict: LOOK_AGAIN },
  { when: 'it runs', looks: [[0, running]], verdict: LOOK_AGAIN },
  { when: 'it completed', looks: [[0, answered('Completed')]], verdict: ready('completed') },
  { when: 'it failed', looks: [[0, answered('Failed')]], verdict: ended('failed') },
  ...['completed', 'COMPLETED', 'Complete', 'Succeeded', 'None', 'Resharding', 'ImportCompleted'].map((word) => ({
    when: `the state is ${word}, a word nobody knows`,
    looks: [[0, answered(word, { progress: 100 })]] as Looks,
    verdict: LOOK_AGAIN,
  })),
  ...['Pending', 'InProgress', 'PreImporting', 'Sorting', 'IndexBuilding', 'Committing'].map((word) => ({
    when: `the state is ${word}, at 100 %`,
    looks: [[0, answered(word, { progress: 100 })]] as Looks,
    verdict: LOOK_AGAIN,
  })),

  { when: 'it rests at Uncommitted', looks: [[0, answered('Uncommitted')]], verdict: ended('uncommitted') },
  {
    when: 'it rests at Uncommitted and somebody else commits',
    looks: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'wait' },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it rests at Uncommitted, which is what is waited for',
    looks: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'pass' },
    verdict: ready('uncommitted'),
  },
  {
    when: 'it rested at Uncommitted, and the service has not answered since',
    looks: [
      [0, answered('Uncommitted')],
      [2000, outage()],
    ],
    policy: { onUncommitted: 'pass' },
    verdict: LOOK_AGAIN,
  },

  { when: 'the key is refused', looks: [[0, refused()]], verdict: ended('rejected') },
  {
    when: 'the key is refused in the middle',
    looks: [
      [0, running],
      [2000, refused()],
    ],
    verdict: ended('rejected'),
  },

  {
    when: 'it belongs to another collection',
    looks: [[0, answered('Importing', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('wrong-collection'),
  },
  {
    when: 'it completed in another collection',
    looks: [[0, answered('Completed', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('wrong-collection'),
  },
  {
    when: 'it failed in another collection',
    looks: [[0, answered('Failed', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('failed'),
  },
  {
    when: 'the service does not say its collection',
    looks: [[0, answered('Completed', { collectionName: undefined })]],
    policy: { expectedCollection: 'a' },
    verdict: ready('completed'),
  },

  { when: 'nobody knows it yet', looks: [[0, unknownJob()]], verdict: LOOK_AGAIN },
  {
    when: 'nobody has known it for less than the grace',
    looks: [
      [0, unknownJob()],
      [29_999, unknownJob()],
    ],
    verdict: LOOK_AGAIN,
  },
  {
    when: 'nobody has known it for the whole grace',
    looks: [
      [0, unknownJob()],
      [30_000, unknownJob()],
    ],
    verdict: ended('not-found'),
  },
  {
    when: 'the grace has passed, but the last word is an outage',
    looks: [
      [0, unknownJob()],
      [31_000, outage()],
    ],
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it appeared within the grace',
    looks: [
      [0, unknownJob()],
      [10_000, running],
      [40_000, running],
    ],
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it was seen before and is unknown once',
    looks: [
      [0, running],
      [2000, unknownJob()],
    ],
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it was seen before and is unknown twice',
    looks: [
      [0, running],
      [2000, unknownJob()],
      [4000, unknownJob()],
    ],
    verdict: ended('not-found'),
  },
  {
    when: 'it was unknown once and is back',
    looks: [
      [0, running],
      [2000, unknownJob()],
      [4000, running],
      [6000, unknownJob()],
    ],
    verdict: LOOK_AGAIN,
  },

  {
    when: 'a service that never answered is out for less than a minute',
    looks: [
      [0, outage()],
      [59_999, outage()],
    ],
    serviceHasAnswered: false,
    verdict: LOOK_AGAIN,
  },
  {
    when: 'a service that never answered is out for a minute',
    looks: [
      [0, outage()],
      [60_000, outage()],
    ],
    serviceHasAnswered: false,
    verdict: ended('unreachable'),
  },
  {
    when: 'a service that answered is out for less than five minutes',
    looks: [
      [0, running],
      [1000, outage()],
      [300_999, outage()],
    ],
    verdict: LOOK_AGAIN,
  },
  {
    when: 'a service that answered is out for five minutes',
    looks: [
      [0, running],
      [1000, outage()],
      [301_000, outage()],
    ],
    verdict: ended('unreachable'),
  },
  {
    when: 'the outage has lasted as long as the user allows',
    looks: [
      [0, running],
      [1000, outage()],
      [11_000, outage()],
    ],
    policy: { maxOutageMs: 10_000 },
    verdict: ended('unreachable'),
  },
  {
    when: 'an unknown job has interrupted the outage',
    looks: [
      [0, outage()],
      [9000, unknownJob()],
      [11_000, outage()],
    ],
    policy: { maxOutageMs: 10_000 },
    verdict: LOOK_AGAIN,
  },

  {
    when: 'it stands still for less than the stall timeout',
    looks: [
      [0, running],
      [9999, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it stands still for the stall timeout',
    looks: [
      [0, running],
      [10_000, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: ended('stalled'),
  },
  {
    when: 'only its rows move',
    looks: [
      [0, running],
      [10_000, answered('Importing', { progress: 40, importedRows: 11 })],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'most of the standstill was an outage',
    looks: [
      [0, running],
      [2000, outage()],
      [60_000, running],
      [67_999, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'what was no outage of the standstill is enough',
    looks: [
      [0, running],
      [2000, outage()],
      [60_000, running],
      [68_000, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: ended('stalled'),
  },
  {
    when: 'an outage that an unknown-job answer ended does not count as a standstill',
    looks: [
      [0, answered('Pending')],
      [10_000, outage()],
      [20_000, unknownJob()],
      [30_000, answered('Pending')],
    ],
    policy: { stallTimeoutMs: 30_000 },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it waits at Uncommitted for a commit',
    looks: [
      [0, answered('Uncommitted')],
      [60_000, answered('Uncommitted')],
    ],
    policy: { stallTimeoutMs: 10_000, onUncommitted: 'wait' },
    verdict: LOOK_AGAIN,
  },
  {
    when: 'it stands still and nobody asked about that',
    looks: [
      [0, running],
      [36_000_000, running],
    ],
    verdict: LOOK_AGAIN,
  },

  { when: 'time is up while it runs', looks: [[0, running]], timeIsUp: true, verdict: ended('timed-out') },
  {
    when: 'time is up during an outage of a job that was seen',
    looks: [
      [0, running],
      [2000, outage()],
    ],
    timeIsUp: true,
    verdict: ended('timed-out'),
  },
  { when: 'time is up and there was no look', looks: [], timeIsUp: true, verdict: ended('unreachable') },
  {
    when: 'time is up and there was only an outage',
    looks: [[0, outage()]],
    timeIsUp: true,
    verdict: ended('unreachable'),
  },
  { when: 'time is up and it is unknown', looks: [[0, unknownJob()]], timeIsUp: true, verdict: ended('not-found') },
  {
    when: 'time is up and it, seen before, is unknown now',
    looks: [
      [0, running],
      [2000, unknownJob()],
    ],
    timeIsUp: true,
    verdict: ended('not-found'),
  },
  {
    when: 'the last look says Completed',
    looks: [[0, answered('Completed')]],
    timeIsUp: true,
    verdict: ready('completed'),
  },
  {
    when: 'time is up at Uncommitted, waiting for a commit',
    looks: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'wait' },
    timeIsUp: true,
    verdict: ended('timed-out'),
  },
]

describe('the verdict on one job', () => {
  it.each(CASES)('$when', ({ looks, policy, timeIsUp = false, serviceHasAnswered = true, verdict }) => {
    const judged = judge(historyAfter(looks), { ...DEFAULT_POLICY, ...policy }, { serviceHasAnswered, timeIsUp })
    expect(judged).toEqual(verdict)
  })
})
