import { after } from '../gate/clock.ts'
import type { Clock } from '../gate/clock.ts'
import type { JobSnapshot, PollResult } from '../gate/job.ts'
import type { Poll, PollOptions } from '../gate/import-service.ts'
import { neverLists } from './list.ts'
import type { List, Listed, ListEntry } from './list.ts'

/** From so many unfinished jobs on, one list costs less than a question about each. */
const WORTH_A_LIST = 8
/** The server's state machine moves every 2 s; a long list is asked for a little less often. */
const ROUND_MS = 2_000
const ROUND_MS_PER_JOB = 1
/** How old a list may be where the newest word is wanted: as old as jobs are apart that begin their last poll together. */
const FRESH_MS = 100
/** How many jobs may be described for each list, so that their files and rows stay known. */
const DESCRIPTIONS_A_ROUND = 2
/** Of rounds in which none of the oldest jobs was polled, so many are made up for. */
const ROUNDS_SAVED = 8
/** A poll that waits for longer asks about the job itself. */
const LIST_PATIENCE_MS = 3_000
/** How long to do without a list that was not to be had, and without one that hangs. */
const WITHOUT_LIST_MS = 60_000
const WITHOUT_SLOW_LIST_MS = 300_000

/** Many jobs of one service. */
export interface ManyJobs {
  readonly jobIds: readonly string[]
  /** The collection that all of them should belong to, as configured; undefined: any. */
  readonly collectionName: string | undefined
}

interface Round {
  readonly startedAtMs: number
  readonly listed: Promise<Listed | typeof TOO_SLOW>
  isUnderWay: boolean
}

const TOO_SLOW = { kind: 'too-slow' } as const

/**
 * Polls many jobs by a list of all that is shared between their polls. A list has neither rows nor files, and is never
 * believed about an end or about another collection than the expected one: such a job is described, the others in turn, the
 * one that was described longest ago first.
 */
export function pollByList(describe: Poll, list: List, { jobIds, collectionName }: ManyJobs, clock: Clock): Poll {
  /** In the order in which they were last described. */
  const unfinished = new Set(jobIds)
  const described = new Map<string, JobSnapshot>()
  const roundMs = ROUND_MS + ROUND_MS_PER_JOB * jobIds.length
  let round: Round | undefined
  let withoutListUntilMs = Number.NEGATIVE_INFINITY
  /** Below zero where more had to be described than the rounds so far allow; never further than one turn can be. */
  let budget = 0

  const describeOne: Poll = async (jobId, options) => {
    if (unfinished.delete(jobId)) unfinished.add(jobId)
    const result = await describe(jobId, options)
    if (result.kind === 'answered') {
      described.set(jobId, result.snapshot)
      const { phase } = result.snapshot
      if (phase === 'completed' || phase === 'failed') unfinished.delete(jobId)
    }
    return result
  }

  /** The list, unless it keeps everybody waiting. */
  const listSoon = async ({ signal, turn, isLast }: PollOptions): Promise<Listed | typeof TOO_SLOW> => {
    const limit = new AbortController()
    const either = AbortSignal.any([signal, limit.signal])
    let cancel: (() => void) | undefined
    // From the first request on: to wait for a turn is no fault of the service.
    const timed = async () => {
      const granted = await turn()
      const giveUp = () => {
        limit.abort(TOO_SLOW)
      }
      if (granted) cancel ??= after(clock, LIST_PATIENCE_MS, giveUp)
      return granted
    }
    const answer = await list(unfinished, { signal: either, turn: timed, isLast })
    cancel?.()
    return answer.kind === 'cancelled' && either.reason === TOO_SLOW ? TOO_SLOW : answer
  }

  const currentRound = (options: PollOptions): Round => {
    const oldestMs = clock.now() - (options.isLast ? FRESH_MS : roundMs)
    if (round !== undefined && (round.startedAtMs >= oldestMs || (round.isUnderWay && !options.isLast))) return round
    budget = Math.min(ROUNDS_SAVED * DESCRIPTIONS_A_ROUND, budget + DESCRIPTIONS_A_ROUND)
    const listed = listSoon(options).then((answer) => {
      withoutListUntilMs = Math.max(withoutListUntilMs, noListUntilMs(answer, unfinished, clock.now()))
      next.isUnderWay = false
      return answer
    })
    const next: Round = { startedAtMs: clock.now(), listed, isUnderWay: true }
    round = next
    return next
  }

  const isAmongOldest = (jobId: string) => [...unfinished].slice(0, Math.max(0, budget)).includes(jobId)

  return async (jobId, options) => {
    if (options.isCloser) return describeOne(jobId, options)
    // A gate of one poll has nothing to compare a list with, and no time to ask twice.
    const isOnlyPoll = options.isLast && round === undefined
    if (unfinished.size < WORTH_A_LIST || clock.now() < withoutListUntilMs || isOnlyPoll)
      return describeOne(jobId, options)
    const answer = await currentRound(options).listed
    // After a `Retry-After`, the same question must not be sent another way.
    if (answer.kind === 'outage' && answer.retryAfterMs !== undefined && !neverLists(answer)) return answer
    const entry = answer.kind === 'listed' ? answer.entries.get(jobId) : undefined
    const known = described.get(jobId)
    if (entry !== undefined) {
      const isElsewhere = differs(entry, collectionName)
      const isEnough = !needsDescription(entry, known) && !(isElsewhere && known === undefined)
      if (isEnough && !isAmongOldest(jobId)) return seen(entry, known, isElsewhere)
    }
    budget = Math.max(-jobIds.length, budget - 1)
    return describeOne(jobId, options)
  }
}

function differs({ collectionName }: ListEntry, expected: string | undefined): boolean {
  return expected !== undefined && collectionName !== undefined && collectionName !== expected
}

/** An end is only believed where the job itself is asked; a word that is no running state comes with more to say. */
function needsDescription({ phase, label }: ListEntry, known: JobSnapshot | undefined): boolean {
  if (phase === 'pending' || phase === 'importing') return false
  return phase === 'completed' || phase === 'failed' || known?.label !== label
}

/** What is known of the job, with what the list says of it and is believed. */
function seen(entry: ListEntry, known: JobSnapshot | undefined, isElsewhere: boolean): PollResult {
  const { phase, label, progress, collectionName } = entry
  const before = known ?? NOTHING_KNOWN
  return {
    kind: 'answered',
    isFromList: true,
    snapshot: {
      ...before,
      phase,
      label,
      progress: progress ?? before.progress,
      collectionName: before.collectionName ?? (isElsewhere ? undefined : collectionName),
    },
  }
}

const NOTHING_KNOWN: Omit<JobSnapshot, 'phase' | 'label'> = {
  progress: undefined,
  importedRows: undefined,
  totalRows: undefined,
  sizeBytes: undefined,
  collectionName: undefined,
  completeTime: undefined,
  createTime: undefined,
  reason: undefined,
  files: [],
}

/** A list that does not show most of the jobs costs more than it saves: they are too new, or hidden by permissions. */
function noListUntilMs(answer: Listed | typeof TOO_SLOW, unfinished: ReadonlySet<string>, nowMs: number): number {
  switch (answer.kind) {
    case 'cancelled':
      return Number.NEGATIVE_INFINITY
    case 'refused':
    case 'outage':
      return neverLists(answer) ? Infinity : nowMs + WITHOUT_LIST_MS
    case 'too-slow':
      return nowMs + WITHOUT_SLOW_LIST_MS
    case 'listed': {
      const shown = [...unfinished].filter((jobId) => answer.entries.has(jobId)).length
      return shown * 2 < unfinished.size ? nowMs + WITHOUT_LIST_MS : Number.NEGATIVE_INFINITY
    }
  }
}
