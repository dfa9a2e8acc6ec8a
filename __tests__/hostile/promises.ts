import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { Policy, RowRange } from '../../src/gate/policy.ts'
import type { Reply } from './scripts.ts'

/** One request as the service saw it, and what came back: a poll that was cut brought an outage. */
export interface PlayedPoll {
  readonly job: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly reply: Reply
}

/** One request for a list of all jobs, and those that it showed: none where it brought no list. */
export interface PlayedList {
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly jobs: readonly number[]
  readonly retryAfterS: number | undefined
}

/** A watch that has ended. Polls and lists are in the order in which they ended. */
export interface Played {
  readonly policy: Policy
  readonly jobCount: number
  readonly polls: readonly PlayedPoll[]
  readonly lists: readonly PlayedList[]
  readonly conclusion: Pick<Conclusion, 'kind' | 'passes'>
  readonly endedAtMs: number
}

const LAST_POLL_MS = 2000
/** A timer may fire early: with less than this left, time is up. */
const TIME_LEFT_MS = 50
const SPACING_MS = 110
const RETRY_AFTER_MOST_MS = 60_000
/** What adding up fractions of milliseconds may lose. */
const ROUNDING_MS = 1e-6

/** What a watch did that the gate promises never to do; nothing where it kept its word. */
export function brokenPromises(played: Played): readonly string[] {
  const jobs = Array.from({ length: played.jobCount }, (_, job) => played.polls.filter((poll) => poll.job === job))
  const { kind, passes } = played.conclusion
  return [
    // The inputs hold, and so does the program.
    ...(kind === 'invalid-input' || kind === 'internal-error' ? [`ended as ${kind}`] : []),
    ...(passes ? whyRed(played, jobs).map((why) => `passed, although ${why}`) : []),
    ...tooLate(played),
    ...jobs.flatMap((polls) => tooSoon(polls, played)),
    ...tooMany([...played.polls, ...played.lists]),
    ...tooManyLists(played),
    ...jobs.flatMap(polledAfterTheEnd),
    ...deaf(played),
  ]
}

function whyRed({ policy, conclusion, endedAtMs, lists }: Played, jobs: readonly (readonly PlayedPoll[])[]): string[] {
  const last = jobs.map((polls) => polls.at(-1)?.reply)
  const isListed = (job: number, fromMs = -Infinity) =>
    lists.some((list) => list.endedAtMs > fromMs && list.jobs.includes(job))
  const everything = jobs.flat().map(({ reply }) => reply)
  const ends = [
    ...(jobs.some(isRefusedForGood) ? ['the service refused for good'] : []),
    ...(everything.some((reply) => stateOf(reply) === 'Failed') ? ['a job failed'] : []),
    ...(policy.expectedCollection !== undefined &&
    jobs.some((polls) => isElsewhere(polls.findLast(isNamed)?.reply, policy))
      ? ['a job belongs to another collection']
      : []),
    ...(last.some((reply, job) => reply?.kind === 'unknown-job' && !isListed(job, jobs[job]?.at(-1)?.endedAtMs))
      ? ['the service does not know a job']
      : []),
  ]
  if (conclusion.kind === 'timed-out') {
    return [
      ...ends,
      ...(policy.onTimeout === 'pass' ? [] : ['a timeout fails']),
      ...(endedAtMs > policy.timeoutMs - TIME_LEFT_MS ? [] : ['there was time left']),
      ...(jobs.every((polls, job) => polls.some(({ reply }) => reply.kind === 'answered') || isListed(job))
        ? []
        : ['a job was never answered']),
    ]
  }
  const accepted = policy.onUncommitted === 'pass' ? ['Completed', 'Uncommitted'] : ['Completed']
  const kind = last.some((reply) => stateOf(reply) === 'Uncommitted') ? 'uncommitted' : 'completed'
  return [
    ...ends,
    ...(last.every((reply) => accepted.includes(stateOf(reply) ?? '')) ? [] : ['a job is not through']),
    ...(rowsHold(last.map(rowsOf), policy.expectedRows) ? [] : ['the rows do not hold']),
    ...(conclusion.kind === kind ? [] : [`this is ${kind} and not ${conclusion.kind}`]),
  ]
}

/** Three refusals in a row that span ten seconds. */
function isRefusedForGood(polls: readonly PlayedPoll[]): boolean {
  return polls.some((last, i) => {
    const start = polls.slice(0, i + 1).findLastIndex(({ reply }) => reply.kind !== 'refused') + 1
    const first = polls[start]
    return first !== undefined && i - start >= 2 && last.endedAtMs - first.endedAtMs >= 10_000
  })
}

function stateOf(reply: Reply | undefined): string | undefined {
  return reply?.kind === 'answered' ? reply.state : undefined
}

function isNamed({ reply }: PlayedPoll): boolean {
  return reply.kind === 'answered' && reply.collectionName !== undefined
}

function isElsewhere(reply: Reply | undefined, { expectedCollection }: Policy): boolean {
  return reply?.kind === 'answered' && reply.collectionName !== undefined && reply.collectionName !== expectedCollection
}

/** Of a job that is through. */
function rowsOf(reply: Reply | undefined): number | undefined {
  return reply?.kind === 'answered' ? (reply.importedRows ?? reply.totalRows) : undefined
}

function rowsHold(rows: readonly (number | undefined)[], expected: RowRange | undefined): boolean {
  const known = rows.filter((count) => count !== undefined)
  const sum = known.reduce((total, count) => total + count, 0)
  if (expected === undefined) return known.length === 0 || sum > 0
  return known.length === rows.length && sum >= expected.min && sum <= (expected.max ?? Infinity)
}

function tooLate({ policy, jobCount, endedAtMs }: Played): string[] {
  const lastPollMs = Math.min(policy.requestTimeoutMs, LAST_POLL_MS)
  const queueMs = policy.timeoutMs === 0 ? (jobCount - 1) * SPACING_MS : 0
  const latestMs = policy.timeoutMs + lastPollMs + queueMs
  return endedAtMs > latestMs + ROUNDING_MS ? [`ended ${endedAtMs - latestMs} ms late`] : []
}

/** The pause may be shorter for polls at the deadline, and for the last one once another job has decided. */
function tooSoon(polls: readonly PlayedPoll[], { policy, conclusion, lists }: Played): string[] {
  const isListedBy = (atMs: number) =>
    polls[0] !== undefined && lists.some(({ endedAtMs, jobs }) => endedAtMs <= atMs && jobs.includes(polls[0]!.job))
  const seen = (until: number) =>
    polls.slice(0, until).some(({ reply }) => reply.kind === 'answered') || isListedBy(polls[until]?.startedAtMs ?? 0)
  return polls.flatMap((poll, i) => {
    const before = polls[i - 1]
    if (before === undefined) return []
    const pauseMs = poll.startedAtMs - before.endedAtMs
    if (pauseMs < 0) return ['two requests at a time']
    const confirms = before.reply.kind === 'unknown-job' && seen(i)
    const leastMs = confirms || before.reply.kind === 'refused' ? 2000 : (policy.pollIntervalMs ?? 2000)
    const mayHurry =
      poll.startedAtMs > policy.timeoutMs - TIME_LEFT_MS || (i === polls.length - 1 && !conclusion.passes)
    return pauseMs < leastMs - ROUNDING_MS && !mayHurry ? [`a pause of ${pauseMs} ms before ${poll.startedAtMs}`] : []
  })
}

function tooMany(requests: readonly { readonly startedAtMs: number }[]): string[] {
  const starts = requests.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b)
  return starts.some((atMs, i) => atMs - (starts[i - 10] ?? -Infinity) < 1000 - ROUNDING_MS)
    ? ['eleven requests in a second']
    : []
}

/** One every two seconds at most, and one more when time is up. */
function tooManyLists({ lists, endedAtMs }: Played): string[] {
  const most = Math.floor(endedAtMs / 2_000) + 2
  return lists.length > most ? [`${lists.length} lists in ${endedAtMs} ms`] : []
}

function polledAfterTheEnd(polls: readonly PlayedPoll[]): string[] {
  const ended = polls.findIndex(({ reply }) => ['Completed', 'Failed'].includes(stateOf(reply) ?? ''))
  return ended !== -1 && ended < polls.length - 1 ? ['a poll a job that had ended'] : []
}

/** Polls that start while the service asks to be left alone. Only those that wait in the queue, or at the deadline, may. */
function deaf({ policy, polls, lists }: Played): string[] {
  const wishes = [
    ...polls.map(({ endedAtMs, reply }) => ({
      endedAtMs,
      retryAfterS: reply.kind === 'outage' ? reply.retryAfterS : undefined,
    })),
    ...lists,
  ]
  return wishes.flatMap(({ endedAtMs, retryAfterS }) => {
    if (retryAfterS === undefined) return []
    const holdMs = Math.min(1000 * retryAfterS, RETRY_AFTER_MOST_MS, policy.maxOutageMs ?? Infinity)
    const untilMs = Math.min(endedAtMs + holdMs, policy.timeoutMs - TIME_LEFT_MS)
    return [...polls, ...lists].some(
      (other) => other.startedAtMs > endedAtMs && other.startedAtMs < untilMs - ROUNDING_MS,
    )
      ? [`a poll within the ${holdMs} ms after ${endedAtMs} that the service asked for`]
      : []
  })
}
