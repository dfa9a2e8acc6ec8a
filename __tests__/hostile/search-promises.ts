import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { Policy } from '../../src/gate/policy.ts'
import type { Answer, SeenQuestion } from '../support/searching.ts'

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
/** Rows have to be visible for so long. */
const VISIBLE_MS = 2_000
/** Rows that every job has imported, each into a collection of its own. */
const IMPORTED = 5
const SPACING_MS = 110
const ROUNDING_MS = 1e-6

/** What a wait for collections did that the gate promises never to do; nothing where it kept its word. */
export function brokenSearchPromises(played: PlayedSearch): readonly string[] {
  const { collections, questions, conclusion } = played
  const heard = questions.filter(({ answer }) => answer.kind !== 'cancelled')
  const each = collections.map((name) => heard.filter(({ collection }) => collection === name))
  return [
    ...(conclusion.passes ? whyRed(played, each).map((why) => `passed, although ${why}`) : []),
    ...hasty(played, each),
    ...tooLate(played),
    ...each.flatMap((own) => tooSoon(own, played)),
    ...each.flatMap((own) => (own.filter(is('done')).length > 1 ? ['refreshed twice'] : [])),
    ...tooMany(questions),
  ]
}

const is =
  (...kinds: readonly Answer['kind'][]) =>
  ({ answer }: SeenQuestion) =>
    kinds.includes(answer.kind)

function whyRed(
  { policy, conclusion, collections, endedAtMs }: PlayedSearch,
  each: readonly (readonly SeenQuestion[])[],
): readonly string[] {
  const never = [
    ...(collections.length === 0 ? ['nobody knows the collection'] : []),
    ...(each.some((own) => longestRefusal(own, 3) >= 10_000) ? ['a refusal was confirmed'] : []),
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
    ...each.flatMap((own) =>
      notSearchable(own, policy.expectedCollectionRows?.max !== undefined && rowsHold(each, policy)),
    ),
    ...(rowsHold(each, policy) || policy.expectedCollectionRows === undefined ? [] : ['the rows do not hold']),
  ]
}

/** Although there was time for an answer, or with error that is not for lack of time. */
function neverAnswered(own: readonly SeenQuestion[], { timeoutMs }: Policy): boolean {
  const isCutShort = ({ answer }: SeenQuestion) => answer.kind === 'outage' && answer.error.outcome === 'timeout'
  return (
    own.every((one) => is('outage', 'cancelled', 'refused', 'gone')(one)) &&
    (timeoutMs >= LAST_POLL_MS || own.some((one) => is('outage')(one) && !isCutShort(one)))
  )
}

/** One refusal proves nothing, unless there is no time for another. */
function hasty(
  { conclusion, policy, endedAtMs }: PlayedSearch,
  each: readonly (readonly SeenQuestion[])[],
): readonly string[] {
  const isRefusal =
    conclusion.kind === 'rejected' || (conclusion.kind === 'not-ready' && conclusion.cause.kind === 'gone')
  if (!isRefusal || endedAtMs > policy.timeoutMs - TIME_LEFT_MS) return []
  const isConfirmed = each.some(
    (own) =>
      longestRefusal(own, 3) >= 10_000 || longestRefusal(own, 2) >= 2_000 || own.filter(is('no-refresh')).length >= 2,
  )
  return isConfirmed ? [] : ['a refusal was not confirmed']
}

/** How long so many refusals in a row of one question lasted at least. */
function longestRefusal(own: readonly SeenQuestion[], count: number): number {
  const each = (['read', 'refresh', 'count', 'stored'] as const).map((question) => {
    let [longestMs, run]: [number, SeenQuestion[]] = [0, []]
    for (const one of own.filter((other) => other.question === question)) {
      run = is('refused', 'gone')(one) ? [...run, one] : []
      if (run.length >= count) longestMs = Math.max(longestMs, one.endedAtMs - (run[0]?.endedAtMs ?? 0))
    }
    return longestMs
  })
  return Math.max(...each) + ROUNDING_MS
}

/** `count(*)` and what was stored at once after it. */
interface Pair {
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly rows: number
  readonly rowCount: number
}

/** The pairs of the last seconds, since the last response that said otherwise; none where they do not go back far enough. */
function lastPairs(own: readonly SeenQuestion[]): readonly Pair[] {
  const from = Math.max(own.findLastIndex(is('done')), own.findLastIndex(is('not-loaded'))) + 1
  if (own.findLastIndex(is('done')) === -1) return []
  const pairs = own.slice(from).flatMap(({ question, answer, startedAtMs }, i, since): readonly Pair[] => {
    const next = since[i + 1]
    if (question !== 'count' || answer.kind !== 'counted' || next?.answer.kind !== 'stored') return []
    return [{ startedAtMs, endedAtMs: next.endedAtMs, rows: answer.rows, rowCount: next.answer.rowCount }]
  })
  const lastMs = pairs.at(-1)?.startedAtMs ?? 0
  const first = pairs.findLastIndex(({ endedAtMs }) => lastMs - endedAtMs > VISIBLE_MS - 1)
  return first === -1 ? [] : pairs.slice(first)
}

/** All jobs were through at the start, so that there is no early baseline. */
function notSearchable(own: readonly SeenQuestion[], doRowsHold: boolean): readonly string[] {
  if (!own.some(is('done'))) return ['one was never refreshed']
  const before = own.slice(0, own.findIndex(is('done'))).find(is('counted', 'not-loaded'))?.answer
  const baseline = before?.kind === 'counted' ? before.rows : Infinity
  const pairs = lastPairs(own)
  const areVisible = pairs.every(
    ({ rows, rowCount }) => rows >= baseline + IMPORTED || (rows >= rowCount && rowCount >= IMPORTED),
  )
  return [
    ...(pairs.length >= 2 ? [] : ['there were no two readings since the refresh']),
    ...(areVisible || doRowsHold ? [] : ['the rows were not visible in the last readings']),
  ]
}

function hasFailedIndex({ answer }: SeenQuestion): boolean {
  return answer.kind === 'read' && answer.indexes.some(({ isFailed }) => isFailed)
}

/** Rows were expected, exactly or in a range, and all readings of the last seconds have as many. */
function rowsHold(each: readonly (readonly SeenQuestion[])[], { expectedCollectionRows: asked }: Policy): boolean {
  if (asked === undefined) return false
  const all = each.map((own) => lastPairs(own).map(({ rows }) => rows))
  if (all.some(({ length }) => length === 0)) return false
  const least = all.reduce((sum, rows) => sum + Math.min(...rows), 0)
  const most = all.reduce((sum, rows) => sum + Math.max(...rows), 0)
  return least >= asked.min && most <= (asked.max ?? Infinity)
}

function tooLate({ policy, collections, endedAtMs }: PlayedSearch): readonly string[] {
  const queueMs = policy.timeoutMs === 0 ? (collections.length - 1) * SPACING_MS : 0
  const latestMs = policy.timeoutMs + Math.min(policy.requestTimeoutMs, LAST_POLL_MS) + queueMs
  return endedAtMs > latestMs + ROUNDING_MS ? [`ended ${endedAtMs - latestMs} ms late`] : []
}

/** What proves nothing by itself may be followed at once, and the last request of all comes when time is up. */
function tooSoon(own: readonly SeenQuestion[], { policy }: PlayedSearch): readonly string[] {
  return own.flatMap((one, i) => {
    const before = own[i - 1]
    if (before === undefined) return []
    const pauseMs = one.startedAtMs - before.endedAtMs
    if (pauseMs < 0) return ['two requests about one at a time']
    const follows =
      (is('read')(before) && one.question === 'refresh') ||
      (is('counted')(before) && one.question === 'stored') ||
      (is('counted', 'not-loaded')(before) && one.question === 'read' && !own.slice(0, i).some(is('read')))
    const isLast = one.startedAtMs > policy.timeoutMs - TIME_LEFT_MS
    const leastMs = is('refused', 'gone')(before) ? 2_000 : (policy.pollIntervalMs ?? 2_000)
    return follows || isLast || pauseMs >= leastMs - ROUNDING_MS
      ? []
      : [`a pause of ${pauseMs} ms before ${one.question}`]
  })
}

function tooMany(questions: readonly SeenQuestion[]): readonly string[] {
  const starts = questions.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b)
  return starts.some((atMs, i) => atMs - (starts[i - 10] ?? -Infinity) < 1_000 - ROUNDING_MS)
    ? ['eleven questions in a second']
    : []
}
