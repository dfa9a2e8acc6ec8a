import type { Clock } from '../watch/clock.ts'
import type { JobSnapshot, Observation } from '../watch/import-job.ts'
import type { Look } from '../watch/ask-pool.ts'
import type { List, Listed, Sighting } from './list.ts'

/** From so many unfinished jobs on, one list costs less than a question about each. */
export const WORTH_A_LIST = 8
/** The server's state machine moves every 2 s; a long list is asked for a little less often. */
const ROUND_MS = 2_000
const ROUND_MS_PER_JOB = 1
/** How old a list may be where the newest word is wanted: as old as jobs are apart that begin their last look together. */
const FRESH_MS = 100
/** How many jobs may be described for each list, so that their files and rows stay known. */
const DESCRIPTIONS_A_ROUND = 2
/** How long to do without a list that was not to be had. */
const WITHOUT_LIST_MS = 60_000

interface Round {
  readonly startedAtMs: number
  readonly listed: Promise<Listed>
  isUnderWay: boolean
}

/**
 * Looks at many jobs by a list of all that is shared between their looks. A list has neither rows nor files, and is never
 * believed about an end: a job that it shows as ended is described, the others in turn, none twice before all were once.
 */
export function lookByList(describe: Look, list: List, jobIds: readonly string[], clock: Clock): Look {
  const unfinished = new Set(jobIds)
  const described = new Map<string, JobSnapshot>()
  const roundMs = ROUND_MS + ROUND_MS_PER_JOB * jobIds.length
  let round: Round | undefined
  let withoutListUntilMs = Number.NEGATIVE_INFINITY
  /** What is left of this turn. By order and not by time: however seldom there is a round, nobody is passed over for ever. */
  let waiting = new Set(jobIds)
  /** Below zero where more had to be described than the rounds so far allow; never further than one turn can be. */
  let budget = 0

  const describeOne: Look = async (jobId, options) => {
    const observation = await describe(jobId, options)
    if (observation.kind === 'answered') {
      described.set(jobId, observation.snapshot)
      const { phase } = observation.snapshot
      if (phase === 'completed' || phase === 'failed') unfinished.delete(jobId)
    }
    if (observation.kind !== 'cancelled') waiting.delete(jobId)
    if (waiting.size === 0) waiting = new Set(unfinished)
    return observation
  }

  const currentRound = (options: Parameters<Look>[1]): Round => {
    const oldestMs = clock.now() - (options.isLast ? FRESH_MS : roundMs)
    if (round !== undefined && (round.startedAtMs >= oldestMs || (round.isUnderWay && !options.isLast))) return round
    budget = Math.min(DESCRIPTIONS_A_ROUND, budget + DESCRIPTIONS_A_ROUND)
    const listed = list(unfinished, options).then((answer) => {
      withoutListUntilMs = Math.max(withoutListUntilMs, noListUntilMs(answer, unfinished, clock.now()))
      next.isUnderWay = false
      return answer
    })
    const next: Round = { startedAtMs: clock.now(), listed, isUnderWay: true }
    round = next
    return next
  }

  return async (jobId, options) => {
    if (options.isCloser) return describeOne(jobId, options)
    // A gate of one look has nothing to compare a list with, and no time to ask twice.
    const isOnlyLook = options.isLast && round === undefined
    if (unfinished.size < WORTH_A_LIST || clock.now() < withoutListUntilMs || isOnlyLook)
      return describeOne(jobId, options)
    const answer = await currentRound(options).listed
    if (answer.kind === 'outage' && asksForQuiet(answer.observation)) return answer.observation
    const sighting = answer.kind === 'listed' ? answer.sightings.get(jobId) : undefined
    const known = described.get(jobId)
    const isDue = budget > 0 && waiting.has(jobId)
    if (sighting !== undefined && !needsDescription(sighting, known) && !isDue) return seen(sighting, known)
    budget = Math.max(-jobIds.length, budget - 1)
    return describeOne(jobId, options)
  }
}

/** Who is told to come back later must not ask the same another way. */
function asksForQuiet(observation: Observation): boolean {
  return observation.kind === 'outage' && observation.retryAfterMs !== undefined
}

/** An end is only believed where the job itself is asked; a word that is no running state comes with more to say. */
function needsDescription({ phase, label }: Sighting, known: JobSnapshot | undefined): boolean {
  if (phase === 'pending' || phase === 'importing') return false
  return phase === 'completed' || phase === 'failed' || known?.label !== label
}

/** What is known of the job, with what the list says of it. */
function seen({ phase, label, progress, collectionName }: Sighting, known: JobSnapshot | undefined): Observation {
  const before = known ?? NOTHING_KNOWN
  return {
    kind: 'answered',
    isSighting: true,
    snapshot: {
      ...before,
      phase,
      label,
      progress: progress ?? before.progress,
      collectionName: collectionName ?? before.collectionName,
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
function noListUntilMs(answer: Listed, unfinished: ReadonlySet<string>, nowMs: number): number {
  switch (answer.kind) {
    case 'cancelled':
      return Number.NEGATIVE_INFINITY
    case 'outage':
      return nowMs + WITHOUT_LIST_MS
    case 'refused':
      return Infinity
    case 'listed': {
      const shown = [...unfinished].filter((jobId) => answer.sightings.has(jobId)).length
      return shown * 2 < unfinished.size ? nowMs + WITHOUT_LIST_MS : Number.NEGATIVE_INFINITY
    }
  }
}
