import { conclude, judgeAll } from '../../src/gate/conclude.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { aPolicy } from '../support/builders.ts'
import { answered, outage, refused, unknownJob } from '../support/watching.ts'
import { oracle } from './judge-oracle.ts'
import type { End, Sightings } from './judge-oracle.ts'

const OURS = { collectionName: 'docs' }

/** What a poll can bring. */
interface Kind {
  readonly name: string
  /** After it the gate does not poll the job again. */
  readonly isFinal: boolean
  readonly result: PollResult
}

export const LONGEST = 7

/** What the nth poll can bring: some things move from poll to poll. */
const KINDS: readonly (readonly Kind[])[] = Array.from({ length: LONGEST }, (_, step) => {
  const passing = (name: string, result: PollResult) => ({ name, isFinal: false, result })
  const final = (name: string, result: PollResult) => ({ name, isFinal: true, result })
  return [
    passing('Pending', answered('Pending')),
    passing('Importing moves', answered('Importing', { progress: 40 + 5 * step, importedRows: 10 * step, ...OURS })),
    passing('Importing stands', answered('Importing', { progress: 40, importedRows: 10, ...OURS })),
    passing('a word nobody knows', answered('completed', { progress: 100, importedRows: 10 })),
    passing('Uncommitted', answered('Uncommitted', { progress: 100, importedRows: 10, ...OURS })),
    passing('Committing', answered('Committing', { progress: 100, importedRows: 10 })),
    passing('Importing elsewhere', answered('Importing', { progress: 40, collectionName: 'other' })),
    passing('an outage', outage()),
    passing('an unknown job', unknownJob()),
    final('a refusal', refused()),
    final('Completed with rows', answered('Completed', { importedRows: 10, ...OURS })),
    final('Completed with total rows', answered('Completed', { totalRows: 12 })),
    final('Completed with no rows', answered('Completed', { importedRows: 0, totalRows: 7 })),
    final('Completed without a word on rows', answered('Completed')),
    final('Completed elsewhere', answered('Completed', { importedRows: 10, collectionName: 'other' })),
    final('Failed', answered('Failed', { reason: 'no such file' })),
    final('Failed, back at 0 %', answered('Failed', { progress: 0, importedRows: 0, totalRows: 0 })),
  ]
})

const POLICIES: Readonly<Record<string, Policy>> = {
  'the defaults': aPolicy(),
  'passes Uncommitted and a timeout, in one collection': aPolicy({
    onUncommitted: 'pass',
    onTimeout: 'pass',
    expectedCollection: 'docs',
  }),
  'waits for a commit, for so many rows, and not for long': aPolicy({
    onUncommitted: 'wait',
    onTimeout: 'pass',
    expectedRows: { min: 10, max: 11 },
    maxOutageMs: 20_000,
    stallTimeoutMs: 30_000,
  }),
  'wants many rows, in one collection': aPolicy({
    onUncommitted: 'pass',
    expectedRows: { min: 20, max: undefined },
    expectedCollection: 'docs',
    stallTimeoutMs: 150_000,
  }),
}

/** How fast polls follow upon each other, and how long each takes. */
const RHYTHMS = [
  { pauseMs: 10_000, tookMs: 0 },
  { pauseMs: 26_000, tookMs: 5000 },
  { pauseMs: 75_000, tookMs: 0 },
] as const

type Rhythm = (typeof RHYTHMS)[number]

/** Where the gate and the oracle differ. */
export interface Difference {
  readonly saw: readonly (readonly string[])[]
  readonly rhythm: Rhythm
  readonly policy: string
  readonly timeIsUp: boolean
  readonly gate: End | undefined
  readonly oracle: End | undefined
}

/** What was compared. `differences` are the first few. */
export interface Comparison {
  readonly sequences: number
  readonly verdicts: number
  readonly differences: readonly Difference[]
}

/** One sequence of what polls brought, in all that the two sides need of it. */
interface Branch {
  readonly names: readonly string[]
  readonly sightings: Sightings
  readonly history: History
}

/** What is compared at a time: one sequence a job, and the policies under which the gate has ended before the last poll. */
interface Scene {
  readonly jobs: readonly Branch[]
  readonly over: readonly Policy[]
}

const MOST_DIFFERENCES = 10

/** Compares the gate with the oracle on all sequences of one job up to a length. */
export function compareOneJob(depth: number): Comparison {
  return compare(RHYTHMS, function* (rhythm) {
    for (const scene of sequences(depth, rhythm)) yield scene
  })
}

/** Compares the gate with the oracle on all pairs of sequences of two jobs up to a length. */
export function compareTwoJobs(depth: number): Comparison {
  return compare(RHYTHMS.slice(-1), function* (rhythm) {
    const all = [...sequences(depth, rhythm)]
    for (const a of all) for (const b of all) yield { jobs: [...a.jobs, ...b.jobs], over: [] }
  })
}

function compare(rhythms: readonly Rhythm[], scenesOf: (rhythm: Rhythm) => Iterable<Scene>): Comparison {
  let count = 0
  let verdicts = 0
  const differences: Difference[] = []
  for (const rhythm of rhythms) {
    for (const { jobs, over } of scenesOf(rhythm)) {
      count += 1
      const histories = jobs.map(({ history }) => history)
      const sightings = jobs.map((job) => job.sightings)
      for (const { policy, name, timeIsUp } of SITUATIONS) {
        if (over.includes(policy)) continue
        verdicts += 1
        const gate = gateSays(histories, policy, timeIsUp)
        const expected = oracle(sightings, policy, timeIsUp)
        if (isSame(gate, expected) || differences.length >= MOST_DIFFERENCES) continue
        const saw = jobs.map(({ names }) => names)
        differences.push({ saw, rhythm, policy: name, timeIsUp, gate, oracle: expected })
      }
    }
  }
  return { sequences: count, verdicts, differences }
}

const SITUATIONS = Object.entries(POLICIES).flatMap(([name, policy]) =>
  [false, true].map((timeIsUp) => ({ name, policy, timeIsUp })),
)

/** All sequences, depth first, so that no more than one branch is ever held. */
function* sequences(
  depth: number,
  rhythm: Rhythm,
  branch: Branch = ROOT,
  overBefore: readonly Policy[] = [],
): Generator<Scene> {
  const step = branch.names.length
  const startedAtMs = step * (rhythm.pauseMs + rhythm.tookMs)
  const over = Object.values(POLICIES).filter(
    (policy) => overBefore.includes(policy) || (step > 0 && oracle([branch.sightings], policy, false) !== undefined),
  )
  for (const { name, isFinal, result } of KINDS[step] ?? []) {
    const sighting = { startedAtMs, endedAtMs: startedAtMs + rhythm.tookMs, result }
    const next = {
      names: [...branch.names, name],
      sightings: [...branch.sightings, sighting],
      history: record(branch.history, result, sighting),
    }
    yield { jobs: [next], over }
    if (!isFinal && step + 1 < depth) yield* sequences(depth, rhythm, next, over)
  }
}

const ROOT: Branch = { names: [], sightings: [], history: newHistory('448761313698322011') }

function gateSays(jobs: readonly History[], policy: Policy, timeIsUp: boolean): End | undefined {
  const conclusion = conclude(jobs, judgeAll(jobs, policy, timeIsUp), policy)
  return (
    conclusion && {
      kind: conclusion.kind,
      passes: conclusion.passes,
      jobs: 'jobs' in conclusion ? conclusion.jobs : [],
    }
  )
}

function isSame(one: End | undefined, other: End | undefined): boolean {
  return one?.kind === other?.kind && one?.passes === other?.passes && String(one?.jobs) === String(other?.jobs)
}
