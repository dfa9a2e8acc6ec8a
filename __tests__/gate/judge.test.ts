import { describe, expect, it } from '@jest/globals'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { judge } from '../../src/gate/judge.ts'
import type { Verdict } from '../../src/gate/conclusion.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'

type Polls = readonly (readonly [atMs: number, result: PollResult])[]

function historyAfter(polls: Polls): History {
  return polls.reduce(
    (history, [atMs, result]) => record(history, result, { startedAtMs: atMs, endedAtMs: atMs }),
    newHistory('448761313698322011'),
  )
}

const running = answered('Importing', { progress: 40, importedRows: 10 })
const POLL_AGAIN: Verdict = { kind: 'poll-again' }
const ended = (as: string) => ({ kind: 'ended', as })
const ready = (as: string) => ({ kind: 'ready', as })

interface Case {
  readonly when: string
  readonly polls: Polls
  readonly policy?: Partial<Policy>
  readonly timeIsUp?: boolean
  readonly serviceHasAnswered?: boolean
  readonly verdict: unknown
}

const CASES: readonly Case[] = [
  { when: 'nobody has polled yet', polls: [], verdict: POLL_AGAIN },
  { when: 'it runs', polls: [[0, running]], verdict: POLL_AGAIN },
  { when: 'it completed', polls: [[0, answered('Completed')]], verdict: ready('completed') },
  { when: 'it failed', polls: [[0, answered('Failed')]], verdict: ended('failed') },
  ...['completed', 'COMPLETED', 'Complete', 'Succeeded', 'None', 'Resharding', 'ImportCompleted'].map((word) => ({
    when: `the state is ${word}, a word nobody knows`,
    polls: [[0, answered(word, { progress: 100 })]] as Polls,
    verdict: POLL_AGAIN,
  })),
  ...['Pending', 'InProgress', 'PreImporting', 'Sorting', 'IndexBuilding', 'Committing'].map((word) => ({
    when: `the state is ${word}, at 100 %`,
    polls: [[0, answered(word, { progress: 100 })]] as Polls,
    verdict: POLL_AGAIN,
  })),

  { when: 'it rests at Uncommitted', polls: [[0, answered('Uncommitted')]], verdict: ended('uncommitted') },
  {
    when: 'it rests at Uncommitted and somebody else commits',
    polls: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'wait' },
    verdict: POLL_AGAIN,
  },
  {
    when: 'it rests at Uncommitted, which is what is waited for',
    polls: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'pass' },
    verdict: ready('uncommitted'),
  },
  {
    when: 'it rested at Uncommitted, and the service has not answered since',
    polls: [
      [0, answered('Uncommitted')],
      [2000, outage()],
    ],
    policy: { onUncommitted: 'pass' },
    verdict: POLL_AGAIN,
  },

  { when: 'the key is refused once', polls: [[0, refused()]], verdict: POLL_AGAIN },
  {
    when: 'the key is refused again, and the host has never answered well',
    polls: [
      [0, refused()],
      [2000, refused()],
    ],
    verdict: ended('rejected'),
  },
  { when: 'the key is refused as time runs out', polls: [[0, refused()]], timeIsUp: true, verdict: ended('rejected') },
  {
    when: 'the key is refused three times over ten seconds by a host that has answered well',
    polls: [
      [0, running],
      [2000, refused(true)],
      [7000, refused(true)],
      [12_000, refused(true)],
    ],
    verdict: ended('rejected'),
  },
  {
    when: 'refusals alternate with outages',
    polls: [
      [0, running],
      [2000, refused(true)],
      [7000, outage()],
      [12_000, refused(true)],
      [17_000, refused(true)],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'there is no time to confirm a refusal by a host that has answered well',
    polls: [
      [0, running],
      [2000, refused(true)],
    ],
    timeIsUp: true,
    verdict: ended('timed-out'),
  },

  {
    when: 'it belongs to another collection',
    polls: [[0, answered('Importing', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('wrong-collection'),
  },
  {
    when: 'it completed in another collection',
    polls: [[0, answered('Completed', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('wrong-collection'),
  },
  {
    when: 'it failed in another collection',
    polls: [[0, answered('Failed', { collectionName: 'b' })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('failed'),
  },
  {
    when: 'it is Completed, and no response ever named its collection',
    polls: [[0, answered('Completed', { collectionName: undefined })]],
    policy: { expectedCollection: 'a' },
    verdict: ended('wrong-collection'),
  },
  {
    when: 'it runs, and no response has named its collection yet',
    polls: [[0, answered('Importing', { collectionName: undefined })]],
    policy: { expectedCollection: 'a' },
    verdict: POLL_AGAIN,
  },

  { when: 'nobody knows it yet', polls: [[0, unknownJob()]], verdict: POLL_AGAIN },
  {
    when: 'nobody has known it for less than the grace',
    polls: [
      [0, unknownJob()],
      [29_999, unknownJob()],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'nobody has known it for the whole grace',
    polls: [
      [0, unknownJob()],
      [30_000, unknownJob()],
    ],
    verdict: ended('not-found'),
  },
  {
    when: 'the grace has passed, but the last word is an outage',
    polls: [
      [0, unknownJob()],
      [31_000, outage()],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'it appeared within the grace',
    polls: [
      [0, unknownJob()],
      [10_000, running],
      [40_000, running],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'it was seen before and is unknown once',
    polls: [
      [0, running],
      [2000, unknownJob()],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'it was seen before and is unknown twice',
    polls: [
      [0, running],
      [2000, unknownJob()],
      [4000, unknownJob()],
    ],
    verdict: ended('not-found'),
  },
  {
    when: 'it was unknown once and is back',
    polls: [
      [0, running],
      [2000, unknownJob()],
      [4000, running],
      [6000, unknownJob()],
    ],
    verdict: POLL_AGAIN,
  },

  {
    when: 'a service that never answered is out for less than a minute',
    polls: [
      [0, outage()],
      [59_999, outage()],
    ],
    serviceHasAnswered: false,
    verdict: POLL_AGAIN,
  },
  {
    when: 'a service that never answered is out for a minute',
    polls: [
      [0, outage()],
      [60_000, outage()],
    ],
    serviceHasAnswered: false,
    verdict: ended('unreachable'),
  },
  {
    when: 'a service that answered is out for less than five minutes',
    polls: [
      [0, running],
      [1000, outage()],
      [300_999, outage()],
    ],
    verdict: POLL_AGAIN,
  },
  {
    when: 'a service that answered is out for five minutes',
    polls: [
      [0, running],
      [1000, outage()],
      [301_000, outage()],
    ],
    verdict: ended('unreachable'),
  },
  {
    when: 'the outage has lasted as long as the user allows',
    polls: [
      [0, running],
      [1000, outage()],
      [11_000, outage()],
    ],
    policy: { maxOutageMs: 10_000 },
    verdict: ended('unreachable'),
  },
  {
    when: 'an unknown job has interrupted the outage',
    polls: [
      [0, outage()],
      [9000, unknownJob()],
      [11_000, outage()],
    ],
    policy: { maxOutageMs: 10_000 },
    verdict: POLL_AGAIN,
  },

  {
    when: 'it stands still for less than the stall timeout',
    polls: [
      [0, running],
      [9999, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: POLL_AGAIN,
  },
  {
    when: 'it stands still for the stall timeout',
    polls: [
      [0, running],
      [10_000, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: ended('stalled'),
  },
  {
    when: 'only its rows move',
    polls: [
      [0, running],
      [10_000, answered('Importing', { progress: 40, importedRows: 11 })],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: POLL_AGAIN,
  },
  {
    when: 'most of the standstill was an outage',
    polls: [
      [0, running],
      [2000, outage()],
      [60_000, running],
      [67_999, running],
    ],
    policy: { stallTimeoutMs: 10_000 },
    verdict: POLL_AGAIN,
  },
  {
    when: 'what was no outage of the standstill is enough',
    polls: [
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
    polls: [
      [0, answered('Pending')],
      [10_000, outage()],
      [20_000, unknownJob()],
      [30_000, answered('Pending')],
    ],
    policy: { stallTimeoutMs: 30_000 },
    verdict: POLL_AGAIN,
  },
  {
    when: 'it waits at Uncommitted for a commit',
    polls: [
      [0, answered('Uncommitted')],
      [60_000, answered('Uncommitted')],
    ],
    policy: { stallTimeoutMs: 10_000, onUncommitted: 'wait' },
    verdict: POLL_AGAIN,
  },
  {
    when: 'it stands still and nobody asked about that',
    polls: [
      [0, running],
      [36_000_000, running],
    ],
    verdict: POLL_AGAIN,
  },

  { when: 'time is up while it runs', polls: [[0, running]], timeIsUp: true, verdict: ended('timed-out') },
  {
    when: 'time is up during an outage of a job that was seen',
    polls: [
      [0, running],
      [2000, outage()],
    ],
    timeIsUp: true,
    verdict: ended('timed-out'),
  },
  { when: 'time is up and there was no poll', polls: [], timeIsUp: true, verdict: ended('unreachable') },
  {
    when: 'time is up and there was only an outage',
    polls: [[0, outage()]],
    timeIsUp: true,
    verdict: ended('unreachable'),
  },
  { when: 'time is up and it is unknown', polls: [[0, unknownJob()]], timeIsUp: true, verdict: ended('not-found') },
  {
    when: 'time is up and it, seen before, is unknown now',
    polls: [
      [0, running],
      [2000, unknownJob()],
    ],
    timeIsUp: true,
    verdict: ended('not-found'),
  },
  {
    when: 'the last poll says Completed',
    polls: [[0, answered('Completed')]],
    timeIsUp: true,
    verdict: ready('completed'),
  },
  {
    when: 'time is up at Uncommitted, waiting for a commit',
    polls: [[0, answered('Uncommitted')]],
    policy: { onUncommitted: 'wait' },
    timeIsUp: true,
    verdict: ended('timed-out'),
  },
]

describe('the verdict on one job', () => {
  it.each(CASES)('$when', ({ polls, policy, timeIsUp = false, serviceHasAnswered = true, verdict }) => {
    const judged = judge(
      historyAfter(polls),
      { ...DEFAULT_POLICY, ...policy },
      { serviceHasAnswered, isHostOut: true, timeIsUp },
    )
    expect(judged).toEqual(verdict)
  })
})
