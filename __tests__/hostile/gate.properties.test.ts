import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { ConclusionKind } from '../../src/gate/conclusion.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { OUTPUT_NAMES } from '../../src/report/outputs.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { answered, outage, refused, unknownJob, watchScripts } from '../support/watching.ts'
import type { Script } from '../support/watching.ts'
import { brokenPromises } from './promises.ts'
import type { Played, PlayedPoll } from './promises.ts'
import { inputsOf, playedExchange } from './replies-on-the-wire.ts'
import type { Seen } from './replies-on-the-wire.ts'
import { anyCrowd, anyPlay, passingCloud, segmentAt } from './scripts.ts'
import type { Play, Reply } from './scripts.ts'
import { runStep } from './whole-gate.ts'
import { cases, timeFor } from '../support/soak.ts'

const MAX_MS = timeFor(120_000)

const TIMED_OUT: Reply = { kind: 'outage' }

const observations = new WeakMap<Reply, PollResult>()
const replies = new WeakMap<PollResult, Reply>()

function observationOf(reply: Reply): PollResult {
  const result = observations.get(reply) ?? toObservation(reply)
  observations.set(reply, result)
  replies.set(result, reply)
  return result
}

function toObservation(reply: Reply): PollResult {
  switch (reply.kind) {
    case 'answered': {
      const { state, ...fields } = reply
      return answered(state, fields)
    }
    case 'outage':
      return outage('http-503', reply.retryAfterS === undefined ? undefined : reply.retryAfterS * 1000)
    case 'refused':
      return refused()
    case 'unknown-job':
      return unknownJob()
  }
}

async function play({ policy, jobs }: Play, random: () => number): Promise<Played> {
  const scriptOf =
    (job: Play['jobs'][number]): Script =>
    ({ atMs }) => {
      const { reply, tookMs } = segmentAt(job, atMs)
      const isTooSlow = tookMs >= policy.requestTimeoutMs
      return isTooSlow
        ? { result: observationOf(TIMED_OUT), tookMs: policy.requestTimeoutMs }
        : { result: observationOf(reply), tookMs }
    }
  const scripts = Object.fromEntries(jobs.map((job, i) => [`job-${i}`, scriptOf(job)]))
  const { conclusion, endedAtMs, polls } = await watchScripts(scripts, policy, { random })
  const played = polls.flatMap(({ jobId, startedAtMs, endedAtMs: atMs, result }): PlayedPoll[] =>
    result.kind === 'cancelled'
      ? []
      : [{ job: Number(jobId.slice(4)), startedAtMs, endedAtMs: atMs, reply: replies.get(result) ?? TIMED_OUT }],
  )
  return { policy, jobCount: jobs.length, polls: played, lists: [], conclusion, endedAtMs }
}

const zeroToOne = fc.double({ min: 0, max: 1, noNaN: true })

describe('the watch, whatever the service says', () => {
  it(
    'keeps its promises',
    () =>
      fc.assert(
        fc.asyncProperty(anyPlay, zeroToOne, async (script, jitter) => {
          expect(brokenPromises(await play(script, () => jitter))).toEqual([])
        }),
        cases(4_000),
      ),
    MAX_MS,
  )

  it(
    'passes an import that comes through under a passing cloud',
    () =>
      fc.assert(
        fc.asyncProperty(passingCloud, zeroToOne, async (script, jitter) => {
          const played = await play(script, () => jitter)
          expect(played.conclusion).toMatchObject({ passes: true })
          expect(played.conclusion.kind).not.toBe('timed-out')
          expect(brokenPromises(played)).toEqual([])
        }),
        cases(200),
      ),
    MAX_MS,
  )
})

/** Plays the script to a whole step, and sees to it that it kept its promises and left everything that it owes. */
async function playWholeStep(script: Play): Promise<Seen> {
  const seen: Seen = { polls: [], lists: [] }
  const clock = new FakeClock()
  const left = await runStep(
    { inputs: inputsOf(script), openExchange: () => playedExchange(script, clock, seen) },
    clock,
  )
  const kind = left.outputs['conclusion'] as ConclusionKind
  expect(
    brokenPromises({
      policy: script.policy,
      jobCount: script.jobs.length,
      ...seen,
      conclusion: { kind, passes: left.passes },
      endedAtMs: clock.now(),
    }),
  ).toEqual([])
  expect(Object.keys(left.outputs)).toEqual(OUTPUT_NAMES)
  expect(sizeBytesOf(left.outputs['details'])).toBeLessThanOrEqual(64 * 1024)
  expect(sizeBytesOf(left.outputs['jobs'])).toBeLessThanOrEqual(64 * 1024)
  expect(JSON.parse(left.outputs['jobs'] ?? '')).toHaveLength(script.jobs.length)
  expect(JSON.parse(left.report)).toMatchObject({ conclusion: kind, passes: left.passes })
  expect(left.summary).not.toBe('')
  expect(sizeBytesOf(left.summary)).toBeLessThanOrEqual(1_000_000)
  expect(left.annotations).toEqual(left.passes ? (kind === 'completed' ? [] : ['warning']) : ['error'])
  return seen
}

describe('the whole step, whatever the service says', () => {
  it(
    'keeps its promises and leaves everything that it owes',
    () =>
      fc.assert(
        fc.asyncProperty(anyPlay, async (script) => {
          await playWholeStep(script)
        }),
        cases(100),
      ),
    MAX_MS,
  )

  it(
    'does so too where it asks for lists of many jobs',
    async () => {
      let lists = 0
      await fc.assert(
        fc.asyncProperty(anyCrowd, async (script) => {
          const seen = await playWholeStep(script)
          lists += seen.lists.filter(({ jobs }) => jobs.length > 0).length
        }),
        cases(80),
      )
      // Scripts that never come to a list would prove nothing.
      expect(lists).toBeGreaterThan(100)
    },
    MAX_MS,
  )
})

function sizeBytesOf(text = ''): number {
  return Buffer.byteLength(text)
}
