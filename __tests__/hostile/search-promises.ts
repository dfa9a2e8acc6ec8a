import type { CollectionResult } from '../../src/gate/collection-history.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { Policy } from '../../src/gate/policy.ts'
import type { SeenQuestion } from '../support/searching.ts'

/** A wait for collections that has ended. Questions are in the order in which they ended. */
export interface PlayedSearch {
  readonly policy: Policy
  readonly collections: readonly string[]
  readonly questions: readonly SeenQuestion[]
  readonly conclusion: Conclusion
  readonly endedAtMs: number
}

const LAST_POLL_MS = 2_000
const TIME_LEFT_MS = 50
/** Two readings that are closer together are as good as one. */
const APART_MS = 1_000
const SPACING_MS = 110
/** Rows that are missing get so long to arrive, whatever the interval is. */
const RECOUNT_MS = 10_000
const ROUNDING_MS = 1e-6

/** What a wait for collections did that the gate promises never to do; nothing where it kept its word. */
export function brokenSearchPromises(played: PlayedSearch): readonly string[] {
  const { collections, questions, conclusion } = played
  const heard = questions.filter(({ answer }) => answer.kind !== 'cancelled')
  const each = collections.map((name) => heard.filter(({ collection }) => collection === name))
  return [
    ...(conclusion.passes ? whyRed(played, each).map((why) => `passed, although ${why}`) : []),
    ...tooLate(played),
    ...each.flatMap((own) => tooSoon(own, played)),
    ...each.flatMap((own) => (own.filter(is('done')).length > 1 ? ['refreshed twice'] : [])),
    ...tooMany(questions),
  ]
}

const is =
  (...kinds: readonly CollectionResult['kind'][]) =>
  ({ answer }: SeenQuestion) =>
    kinds.includes(answer.kind)

function whyRed(
  { policy, conclusion, collections, endedAtMs }: PlayedSearch,
  each: readonly (readonly SeenQuestion[])[],
): readonly string[] {
  const never = [
    ...(collections.length === 0 ? ['nobody knows the collection'] : []),
    ...(each.some((own) => own.some(is('refused'))) ? ['the service refused'] : []),
    ...(each.some((own) => own.some(is('gone'))) ? ['a collection is gone'] : []),
    ...(each.some((own) => own.some(hasFailedIndex)) ? ['an index failed'] : []),
  ]
  if (conclusion.kind === 'timed-out') {
    return [
      ...never,
      ...(policy.onTimeout === 'pass' ? [] : ['a timeout fails']),
      ...(endedAtMs > policy.timeoutMs - TIME_LEFT_MS ? [] : ['there was time left']),
      ...(each.some((own) => neverAnswered(own, policy)) ? ['one was never answered'] : []),
    ]
  }
  return [
    ...never,
    ...(conclusion.kind === 'completed' ? [] : [`it ended as ${conclusion.kind}`]),
    ...each.flatMap(notSearchable),
    ...(rowsHold(each, policy) ? [] : ['the rows do not hold']),
  ]
}

/** Although there was time for an answer, or with error that is not for lack of time. */
function neverAnswered(own: readonly SeenQuestion[], { timeoutMs }: Policy): boolean {
  const isCutShort = ({ answer }: SeenQuestion) => answer.kind === 'outage' && answer.error.outcome === 'timeout'
  return (
    own.every((one) => is('outage', 'cancelled')(one)) &&
    (timeoutMs >= LAST_POLL_MS || own.some((one) => is('outage')(one) && !isCutShort(one)))
  )
}

function notSearchable(own: readonly SeenQuestion[]): readonly string[] {
  const refreshed = own.findLastIndex(is('done'))
  if (refreshed === -1) return ['one was never refreshed']
  const since = own.slice(refreshed + 1)
  const readings = since.filter(is('read'))
  const contradicted = since.findLastIndex(is('not-loaded'))
  const first = readings.findLast((one) => (readings.at(-1)?.endedAtMs ?? 0) - one.endedAtMs >= APART_MS)
  const span = first === undefined ? [] : readings.slice(readings.indexOf(first))
  return [
    ...(span.length >= 2 ? [] : ['there were no two readings since the refresh']),
    ...(span.every(isGood) ? [] : ['the last readings were not good']),
    ...(first !== undefined && since.indexOf(first) > contradicted ? [] : ['one was said not to be loaded since']),
  ]
}

function isGood({ answer }: SeenQuestion): boolean {
  return (
    answer.kind === 'read' &&
    answer.indexes.every(({ isFailed, pendingRows }) => !isFailed && pendingRows === 0) &&
    answer.load.state === 'loaded' &&
    (answer.load.percent ?? 100) === 100
  )
}

function hasFailedIndex({ answer }: SeenQuestion): boolean {
  return answer.kind === 'read' && answer.indexes.some(({ isFailed }) => isFailed)
}

function rowsHold(each: readonly (readonly SeenQuestion[])[], { expectedCollectionRows: asked }: Policy): boolean {
  if (asked === undefined) return true
  const counts = each.flatMap((own) => {
    const answer = own.findLast(is('counted'))?.answer
    return answer?.kind === 'counted' ? [answer.rows] : []
  })
  const sum = counts.reduce((total, rows) => total + rows, 0)
  return counts.length === each.length && sum >= asked.min && sum <= (asked.max ?? Infinity)
}

function tooLate({ policy, collections, endedAtMs }: PlayedSearch): readonly string[] {
  const queueMs = policy.timeoutMs === 0 ? (collections.length - 1) * SPACING_MS : 0
  const latestMs = policy.timeoutMs + Math.min(policy.requestTimeoutMs, LAST_POLL_MS) + queueMs
  return endedAtMs > latestMs + ROUNDING_MS ? [`ended ${endedAtMs - latestMs} ms late`] : []
}

/** A refresh or a count may follow a reading at once, and the last question of all comes when time is up. */
function tooSoon(own: readonly SeenQuestion[], { policy }: PlayedSearch): readonly string[] {
  return own.flatMap((one, i) => {
    const before = own[i - 1]
    if (before === undefined) return []
    const pauseMs = one.startedAtMs - before.endedAtMs
    if (pauseMs < 0) return ['two questions about one at a time']
    const follows = before.question === 'read' && before.answer.kind === 'read' && one.question !== 'read'
    const isLast = i === own.length - 1 && one.startedAtMs > policy.timeoutMs - TIME_LEFT_MS
    const isRecount = is('counted')(before) && one.question === 'count'
    const leastMs = isRecount ? RECOUNT_MS : (policy.pollIntervalMs ?? 2_000)
    return follows || isLast || pauseMs >= leastMs - ROUNDING_MS ? [] : [`a pause of ${pauseMs} ms`]
  })
}

function tooMany(questions: readonly SeenQuestion[]): readonly string[] {
  const starts = questions.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b)
  return starts.some((atMs, i) => atMs - (starts[i - 10] ?? -Infinity) < 1_000 - ROUNDING_MS)
    ? ['eleven questions in a second']
    : []
}
