import type { ConclusionKind } from '../../src/gate/conclusion.ts'
import type { JobSnapshot, PollResult } from '../../src/gate/job.ts'
import type { Policy } from '../../src/gate/policy.ts'

/** A poll that is over: nothing is remembered between two polls, everything is worked out from all of them. */
export interface Sighting {
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly result: PollResult
}

/** Everything that was ever seen of one job, oldest first. */
export type Sightings = readonly Sighting[]

/** How the gate ends; undefined where it goes on. `jobs` are those that have the deciding end. */
export interface End {
  readonly kind: ConclusionKind
  readonly passes: boolean
  readonly jobs: readonly number[]
}

const GRACE_MS = 30_000

/** Of several ends that hold at once, the first one counts. */
const ENDS = [
  'rejected',
  'failed',
  'wrong-collection',
  'not-found',
  'stalled',
  'unreachable',
  'rows-not-met',
  'uncommitted',
  'timed-out',
  'completed',
] as const

type EndKind = (typeof ENDS)[number]

/**
 * How a watch over these jobs ends, word by word as it is promised, slowly: whether each of the ends holds, then the first of
 * them. It shares nothing with the gate but the types.
 */
export function oracle(jobs: readonly Sightings[], policy: Policy, timeIsUp: boolean): End | undefined {
  for (const kind of ENDS) {
    const those = jobs.flatMap((_, job) => (holds(kind, jobs, job, policy, timeIsUp) ? [job] : []))
    if (those.length === 0) continue
    return { kind, passes: passes(kind, policy), jobs: kind === 'completed' || kind === 'rows-not-met' ? [] : those }
  }
  return undefined
}

function passes(kind: EndKind, { onTimeout, onUncommitted }: Policy): boolean {
  switch (kind) {
    case 'completed':
      return true
    case 'uncommitted':
      return onUncommitted === 'pass'
    case 'timed-out':
      return onTimeout === 'pass'
    case 'rejected':
    case 'failed':
    case 'wrong-collection':
    case 'not-found':
    case 'stalled':
    case 'unreachable':
    case 'rows-not-met':
      return false
  }
}

function holds(kind: EndKind, jobs: readonly Sightings[], index: number, policy: Policy, timeIsUp: boolean): boolean {
  const job = jobs[index] ?? []
  const last = job.at(-1)?.result
  const wasAnswered = job.some(({ result }) => result.kind === 'answered')
  switch (kind) {
    case 'rejected':
      // At the deadline one refusal is enough, unless something else has decided about the job.
      return (
        last?.kind === 'refused' &&
        (isRefusedAgain(job) ||
          (timeIsUp &&
            !(['failed', 'wrong-collection', 'stalled', 'unreachable'] as const).some((other) =>
              holds(other, jobs, index, policy, false),
            )))
      )
    case 'failed':
      return lastSaid(job, ({ label }) => label) === 'Failed'
    case 'wrong-collection': {
      const name = lastSaid(job, ({ collectionName }) => collectionName)
      const isNameless = name === undefined && lastSaid(job, ({ phase }) => phase) === 'completed'
      if (policy.expectedCollection === undefined) return false
      return isNameless || (name !== undefined && name !== policy.expectedCollection)
    }
    case 'not-found':
      return last?.kind === 'unknown-job' && (timeIsUp || unknownForGood(job))
    case 'stalled':
      return policy.stallTimeoutMs !== undefined && standstillMs(job) >= policy.stallTimeoutMs
    case 'unreachable':
      return isOut(job)
        ? (jobs.every(isOutOrThrough) && outageMs(job) >= patienceMs(jobs, policy)) || (timeIsUp && !wasAnswered)
        : timeIsUp && job.length === 0
    case 'rows-not-met':
      return areAllThrough(jobs, policy) && !rowsHold(jobs, policy)
    case 'uncommitted':
      return (
        stateNow(job) === 'Uncommitted' &&
        (policy.onUncommitted === 'fail' || (policy.onUncommitted === 'pass' && areAllThrough(jobs, policy)))
      )
    case 'timed-out':
      return timeIsUp && wasAnswered && !isThrough(job, policy)
    case 'completed':
      return areAllThrough(jobs, policy)
  }
}

/** The state in the last word of the service; undefined where that was no answer. */
function stateNow(job: Sightings): string | undefined {
  const last = job.at(-1)?.result
  return last?.kind === 'answered' ? last.snapshot.label : undefined
}

function isThrough(job: Sightings, { onUncommitted }: Policy): boolean {
  const state = stateNow(job)
  return state === 'Completed' || (state === 'Uncommitted' && onUncommitted === 'pass')
}

function areAllThrough(jobs: readonly Sightings[], policy: Policy): boolean {
  return jobs.every((job) => isThrough(job, policy))
}

/** The sum over the jobs lies in the range; where none was asked for, it is not a known nothing. */
function rowsHold(jobs: readonly Sightings[], { expectedRows }: Policy): boolean {
  let sum = 0
  let jobsThatSay = 0
  for (const job of jobs) {
    const last = job.at(-1)?.result
    const rows = last?.kind === 'answered' ? (last.snapshot.importedRows ?? last.snapshot.totalRows) : undefined
    if (rows === undefined) continue
    sum += rows
    jobsThatSay += 1
  }
  if (expectedRows === undefined) return jobsThatSay === 0 || sum > 0
  return jobsThatSay === jobs.length && sum >= expectedRows.min && sum <= (expectedRows.max ?? Infinity)
}

/** The last response but refusals brought nothing: a refusal neither ends nor prolongs an outage. */
function isOut(job: Sightings): boolean {
  return job.findLast(({ result }) => result.kind !== 'refused')?.result.kind === 'outage'
}

/** One job alone is no outage of the host. */
function isOutOrThrough(job: Sightings): boolean {
  const state = lastSaid(job, ({ label }) => label)
  return isOut(job) || state === 'Completed' || state === 'Failed'
}

/** Two refusals in a row at the end, two seconds apart: the host here has never answered well. */
function isRefusedAgain(job: Sightings): boolean {
  const [before, last] = job.slice(-2)
  return before?.result.kind === 'refused' && last !== undefined && last.endedAtMs - before.endedAtMs >= 2_000
}

/** Two such answers since the job was last seen, or half a minute of them where it never was. */
function unknownForGood(job: Sightings): boolean {
  const lastAnswer = job.findLastIndex(({ result }) => result.kind === 'answered')
  const answers = job.slice(lastAnswer + 1).filter(({ result }) => result.kind === 'unknown-job')
  if (lastAnswer !== -1) return answers.length >= 2
  return (answers.at(-1)?.endedAtMs ?? 0) - (answers[0]?.endedAtMs ?? 0) >= GRACE_MS
}

/** From the first poll of those at the end that brought nothing, to the start of the last: that much is certain. */
function outageMs(job: Sightings): number {
  const lastGood = job.findLastIndex(({ result }) => result.kind !== 'outage' && result.kind !== 'refused')
  const outages = job.slice(lastGood + 1).filter(({ result }) => result.kind === 'outage')
  const [first, last] = [outages[0], outages.at(-1)]
  return first === undefined || last === undefined ? 0 : last.startedAtMs - first.endedAtMs
}

/** Any word about any job shows that the service is there. */
function patienceMs(jobs: readonly Sightings[], { maxOutageMs }: Policy): number {
  const isThere = jobs.flat().some(({ result: { kind } }) => kind === 'answered' || kind === 'unknown-job')
  return maxOutageMs ?? (isThere ? 300_000 : 60_000)
}

/**
 * From the answer that last brought a change to the last answer, without outages (from a poll that brought nothing to the next
 * that did) and without the rest at Uncommitted.
 */
function standstillMs(job: Sightings): number {
  const lastAnswer = job.findLastIndex(({ result }) => result.kind === 'answered')
  let sumMs = 0
  for (let i = lastAnswer; i > 0; i -= 1) {
    const [from, to] = [job[i - 1], job[i]]
    if (from === undefined || to === undefined || isChange(job, i)) break
    if (stateBefore(job, i) !== 'Uncommitted' && from.result.kind !== 'outage') {
      sumMs += to.endedAtMs - from.endedAtMs
    }
  }
  return job.slice(0, lastAnswer).some(({ result }) => result.kind === 'answered') ? sumMs : 0
}

/** The answer, if it is one, says another state, progress or number of rows than was known before. */
function isChange(job: Sightings, index: number): boolean {
  if (job[index]?.result.kind !== 'answered') return false
  const [before, after] = [job.slice(0, index), job.slice(0, index + 1)]
  return (
    stateBefore(job, index) !== stateBefore(job, index + 1) ||
    lastSaid(before, ({ progress }) => progress) !== lastSaid(after, ({ progress }) => progress) ||
    lastSaid(before, ({ importedRows }) => importedRows) !== lastSaid(after, ({ importedRows }) => importedRows) ||
    lastSaid(before, ({ totalRows }) => totalRows) !== lastSaid(after, ({ totalRows }) => totalRows)
  )
}

function stateBefore(job: Sightings, index: number): string | undefined {
  return lastSaid(job.slice(0, index), ({ label }) => label)
}

/** What the service last said about something, however long ago. */
function lastSaid<Value>(job: Sightings, of: (snapshot: JobSnapshot) => Value | undefined): Value | undefined {
  for (const { result } of job.toReversed()) {
    const value = result.kind === 'answered' ? of(result.snapshot) : undefined
    if (value !== undefined) return value
  }
  return undefined
}
