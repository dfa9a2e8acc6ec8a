import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { aPolicy } from '../support/builders.ts'
import type { Policy } from '../../src/gate/policy.ts'

/** What the service would say at a moment, before it is put on a wire. */
export type Reply =
  | {
      readonly kind: 'answered'
      readonly state: string
      readonly progress?: number
      readonly importedRows?: number
      readonly totalRows?: number
      readonly collectionName?: string
    }
  | { readonly kind: 'outage'; readonly retryAfterS?: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown-job' }

/** What the service says to whoever asks for all jobs at once. */
export type ListReply =
  /** The jobs as they were so long ago, but for those that it never shows: every so many-th one. */
  | { readonly kind: 'listed'; readonly lagMs: number; readonly hidesEvery: number }
  | { readonly kind: 'outage'; readonly retryAfterS?: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown-path' }
  | { readonly kind: 'unreadable' }

/** For how long the service says something, and how long it takes to say it: `Infinity` for never. */
export interface Segment<Said = Reply> {
  readonly ms: number
  readonly reply: Said
  readonly tookMs: number
}

/** What the service says of one job over time; the last segment goes on for ever. */
export type JobScript = readonly Segment[]

/** Scripts of some jobs and of the list of them, and what the user asked for. */
export interface Play {
  readonly policy: Policy
  readonly jobs: readonly JobScript[]
  readonly list: readonly Segment<ListReply>[]
}

export const COLLECTION = 'docs'

/** What the service says at a moment. */
export function segmentAt<Said>(script: readonly Segment<Said>[], atMs: number): Segment<Said> {
  let endMs = 0
  for (const segment of script) {
    endMs += segment.ms
    if (atMs < endMs) return segment
  }
  const last = script.at(-1)
  if (last === undefined) throw new Error('an empty script')
  return last
}

const RUNNING = ['Pending', 'Importing', 'Sorting', 'Committing', 'Resharding', 'completed']

const rows = fc.oneof(fc.constantFrom(0, 1, 1000), fc.nat(5000))

/** One answer in so many is about another collection. */
function answer(state: Arbitrary<string>, elsewhereIn = 10): Arbitrary<Reply> {
  const reported = {
    progress: fc.integer({ min: -1, max: 101 }),
    importedRows: rows,
    totalRows: rows,
    collectionName: fc.oneof(
      { weight: elsewhereIn - 1, arbitrary: fc.constant(COLLECTION) },
      { weight: 1, arbitrary: fc.constant('elsewhere') },
    ),
  }
  return fc.record({ kind: fc.constant('answered' as const), state, ...reported }, { requiredKeys: ['kind', 'state'] })
}

const completed = answer(fc.constant('Completed'))
const outage = fc.record(
  { kind: fc.constant('outage' as const), retryAfterS: fc.integer({ min: 0, max: 100 }) },
  { requiredKeys: ['kind'] },
)

const anyReply: Arbitrary<Reply> = fc.oneof(
  { weight: 10, arbitrary: answer(fc.constantFrom(...RUNNING)) },
  { weight: 6, arbitrary: completed },
  { weight: 3, arbitrary: answer(fc.constant('Uncommitted')) },
  { weight: 1, arbitrary: answer(fc.constant('Failed')) },
  { weight: 4, arbitrary: outage },
  { weight: 1, arbitrary: fc.constant<Reply>({ kind: 'refused' }) },
  { weight: 2, arbitrary: fc.constant<Reply>({ kind: 'unknown-job' }) },
)

const slowness = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  { weight: 1, arbitrary: fc.constantFrom(9000, 40_000, Infinity) },
)

const calmSlowness = fc.oneof({ weight: 300, arbitrary: fc.nat(900) }, { weight: 1, arbitrary: slowness })

/** What is said for a while, again and again, and in the end for ever. */
function script<Said>(reply: Arbitrary<Said>, lastReply: Arbitrary<Said>, tookMs = slowness) {
  const segment = fc.record({ ms: fc.oneof(fc.nat(5000), fc.nat(40_000)), reply, tookMs })
  const last = fc.record({ ms: fc.constant(0), reply: lastReply, tookMs })
  return fc.tuple(fc.array(segment, { maxLength: 4 }), last).map(([segments, end]) => [...segments, end])
}

const jobScript: Arbitrary<JobScript> = script(anyReply, fc.oneof(completed, anyReply))

/** Whoever is not given a list does without one for a minute: most have to be given. */
const listReply: Arbitrary<ListReply> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant('listed' as const),
      lagMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30_000) }),
      hidesEvery: fc.constantFrom(Infinity, Infinity, Infinity, Infinity, 5, 5, 2, 1),
    }),
  },
  { weight: 6, arbitrary: outage },
  { weight: 1, arbitrary: fc.constant<ListReply>({ kind: 'refused' }) },
  { weight: 1, arbitrary: fc.constant<ListReply>({ kind: 'unknown-path' }) },
  { weight: 1, arbitrary: fc.constant<ListReply>({ kind: 'unreadable' }) },
)

const listScript = script(listReply, listReply, calmSlowness)

const range = fc
  .tuple(fc.nat(2000), fc.option(fc.nat(9000), { nil: undefined }))
  .map(([min, more]) => ({ min, max: more === undefined ? undefined : min + more }))

const anyPolicy: Arbitrary<Policy> = fc
  .record({
    timeoutMs: fc.oneof(fc.constant(0), fc.nat(20_000), fc.nat(100_000)),
    onTimeout: fc.constantFrom('fail', 'pass'),
    pollIntervalMs: fc.constantFrom(undefined, undefined, undefined, 1000, 3000, 30_000),
    requestTimeoutMs: fc.constantFrom(500, 5000, 30_000),
    maxOutageMs: fc.constantFrom(undefined, 1, 10_000, 60_000),
    stallTimeoutMs: fc.constantFrom(undefined, undefined, 8000, 40_000),
    expectedRows: fc.option(range, { nil: undefined }),
    onUncommitted: fc.constantFrom('fail', 'wait', 'pass'),
    expectedCollection: fc.constantFrom(undefined, COLLECTION),
  })
  .map(aPolicy)

/** Any service, for any user, with one to five jobs or thirty. */
export const anyPlay: Arbitrary<Play> = fc.record({
  policy: anyPolicy,
  jobs: fc.oneof(
    { weight: 40, arbitrary: fc.array(jobScript, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(jobScript, { minLength: 30, maxLength: 30 }) },
  ),
  list: listScript,
})

/** What ends a gate is rare: of so many jobs it would soon come to one. */
const calmReply: Arbitrary<Reply> = fc.oneof(
  { weight: 300, arbitrary: answer(fc.constantFrom(...RUNNING), 200) },
  { weight: 10, arbitrary: answer(fc.constant('Completed'), 200) },
  { weight: 20, arbitrary: outage },
  { weight: 1, arbitrary: anyReply },
)
const calmLastReply: Arbitrary<Reply> = fc.oneof(
  { weight: 20, arbitrary: answer(fc.constant('Completed'), 200) },
  { weight: 2, arbitrary: answer(fc.constantFrom(...RUNNING), 200) },
  { weight: 1, arbitrary: calmReply },
)

/** A service with so many jobs that it is asked for a list of them, for somebody who has time and patience. */
export const anyCrowd: Arbitrary<Play> = fc.record({
  policy: fc
    .tuple(
      anyPolicy,
      fc.nat(200_000),
      fc.constantFrom(undefined, undefined, 60_000),
      fc.constantFrom(undefined, 100_000),
      fc.constantFrom(500, 5000, 5000, 5000, 30_000),
    )
    .map(([policy, moreMs, maxOutageMs, stallTimeoutMs, requestTimeoutMs]) => {
      return { ...policy, timeoutMs: policy.timeoutMs + moreMs, maxOutageMs, stallTimeoutMs, requestTimeoutMs }
    }),
  jobs: fc.array(script(calmReply, calmLastReply, calmSlowness), { minLength: 9, maxLength: 14 }),
  list: listScript,
})

/** The longest pause between two polls that nothing disturbs. */
const LONGEST_PAUSE_MS = 35_000
/** What a user may rely on: a job that is new is unknown for less than the grace. */
const GRACE_MS = 28_000
/** Less than the shortest pause, so that no second poll falls into it. */
const BLIP_MS = 2000

const peacefulPolicy = fc.record({
  pollIntervalMs: fc.constantFrom(undefined, undefined, 1000, 30_000),
  requestTimeoutMs: fc.constantFrom(2000, 10_000),
  maxOutageMs: fc.constantFrom(undefined, 5000, 60_000),
  onUncommitted: fc.constantFrom('fail' as const, 'wait' as const, 'pass' as const),
  expectedCollection: fc.constantFrom(undefined, COLLECTION),
  onTimeout: fc.constantFrom('fail' as const, 'pass' as const),
})

/**
 * A passing cloud over an import that comes through: every outage ends sooner than the user's patience, with enough good
 * weather around it for a poll; a job appears within the grace, and is unknown for a moment at most later on. The gate passes.
 */
export const passingCloud: Arbitrary<Play> = peacefulPolicy.chain((policy) =>
  fc
    .record({
      firstMs: fc.nat(Math.min(policy.maxOutageMs ?? 60_000, 60_000) - 1),
      incidents: fc.array(
        fc.record({
          lastsMs: fc.nat((policy.maxOutageMs ?? 100_000) - 1),
          retryAfterS: fc.option(fc.nat(100), { nil: undefined }),
          tookMs: fc.constantFrom(0, 0, 1000, Infinity),
          of: fc.constantFrom('service', 'service', 'first job'),
          words: fc.array(fc.constantFrom(...runningWords(policy.onUncommitted)), { minLength: 1, maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
      appearsMs: fc.array(fc.nat(GRACE_MS), { minLength: 1, maxLength: 4 }),
      tookMs: fc.nat(1000),
      rows: fc.integer({ min: 1, max: 5000 }),
      rowsAs: fc.constantFrom('importedRows', 'totalRows'),
      asksRows: fc.constantFrom('exactly', 'at least', 'nothing'),
      spareMs: fc.nat(1000),
    })
    .map((world) => {
      const { firstMs, incidents, appearsMs, tookMs, rows, rowsAs, asksRows, spareMs } = world
      const retryMs = Math.max(0, ...incidents.map(({ retryAfterS = 0 }) => Math.min(60, retryAfterS) * 1000))
      // Long enough for a poll to fall into it, whatever hangs or holds at its beginning.
      const fairMs =
        (policy.pollIntervalMs ?? LONGEST_PAUSE_MS) + retryMs + policy.requestTimeoutMs + 2 * tookMs + 4000 + spareMs
      const said = { [rowsAs]: rows, collectionName: COLLECTION }
      const scriptOf = (appearsAfterMs: number, job: number): JobScript => [
        { ms: firstMs, reply: { kind: 'outage' }, tookMs: 0 },
        { ms: appearsAfterMs, reply: { kind: 'unknown-job' }, tookMs },
        ...incidents.flatMap(({ lastsMs, retryAfterS, tookMs: hangsMs, of, words }): Segment[] => [
          ...words.map((state, i) => ({
            ms: i === words.length - 1 ? fairMs + GRACE_MS : 1000 * (i + 1),
            reply: { kind: 'answered' as const, state, progress: 10 * i, ...said },
            tookMs,
          })),
          of === 'service'
            ? {
                ms: lastsMs,
                reply: { kind: 'outage', ...(retryAfterS !== undefined && { retryAfterS }) },
                tookMs: hangsMs,
              }
            : job === 0
              ? { ms: Math.min(BLIP_MS, lastsMs), reply: { kind: 'unknown-job' }, tookMs: 0 }
              : { ms: Math.min(BLIP_MS, lastsMs), reply: { kind: 'answered', state: 'Importing', ...said }, tookMs },
        ]),
        { ms: fairMs + GRACE_MS, reply: { kind: 'answered', state: 'Importing', ...said }, tookMs },
        { ms: 0, reply: { kind: 'answered', state: 'Completed', progress: 100, ...said }, tookMs },
      ]
      const jobs = appearsMs.map(scriptOf)
      const total = rows * jobs.length
      const completedAtMs = Math.max(...jobs.map((job) => job.reduce((sum, { ms }) => sum + ms, 0)))
      return {
        jobs,
        list: [{ ms: 0, reply: { kind: 'listed', lagMs: 0, hidesEvery: Infinity }, tookMs: 0 }],
        policy: aPolicy({
          ...policy,
          timeoutMs: completedAtMs + fairMs,
          stallTimeoutMs: completedAtMs + 2 * fairMs,
          expectedRows:
            asksRows === 'nothing' ? undefined : { min: total, max: asksRows === 'exactly' ? total : undefined },
        }),
      }
    }),
)

function runningWords(onUncommitted: Policy['onUncommitted']): readonly string[] {
  const words = ['Pending', 'Importing', 'Committing', 'Resharding']
  return onUncommitted === 'fail' ? words : [...words, 'Uncommitted']
}
