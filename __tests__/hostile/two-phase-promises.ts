import type { PlayedRequest, PlayedWorld } from './two-phase-world.ts'

const LAST_POLL_MS = 2_000
const ABORTS_MS = 6_000
const SPACING_MS = 110
/** What adding up fractions of milliseconds may lose. */
const ROUNDING_MS = 1e-6

/** What a gate did to two-phase jobs that it promises never to do; nothing where it kept its word. */
export function brokenTwoPhasePromises(played: PlayedWorld): readonly string[] {
  const { world, requests } = played
  const byJob = world.jobs.map((_, job) => requests.filter((request) => request.job === job))
  return [
    ...uncalledFor(played),
    ...requests.flatMap((request, i) => (request.kind === 'commit' ? tooEarly(played, i) : [])),
    ...byJob.flatMap(commitsAgain),
    ...byJob.flatMap(abortsWhatIsCommitted),
    ...byJob.flatMap(twoAtATime),
    ...tooMany(requests),
    ...wronglyGreen(played, byJob),
    ...tooLate(played),
  ]
}

function uncalledFor({ world: { policy }, requests, conclusion }: PlayedWorld): string[] {
  const has = (kind: PlayedRequest['kind']) => requests.some((request) => request.kind === kind)
  return [
    ...(has('commit') && policy.onUncommitted !== 'commit' ? ['a commit that nobody asked for'] : []),
    ...(has('abort') && !policy.abortUncommitted ? ['an abort that nobody asked for'] : []),
    ...(has('abort') && conclusion.passes ? ['an abort although the gate passes'] : []),
  ]
}

/** None before every job was last seen Uncommitted or Completed with the rows that were asked for; none after a refusal. */
function tooEarly({ world, requests }: PlayedWorld, nth: number): string[] {
  const commit = requests[nth]
  const before = requests.slice(0, nth).filter(({ endedNth }) => endedNth < (commit?.startedNth ?? 0))
  const commits = before.filter(({ kind }) => kind === 'commit')
  const lastSeen = world.jobs.map(
    (_, job) => before.findLast((request) => request.job === job && request.said === 'answered')?.state,
  )
  const rows = world.jobs.reduce((sum, job) => sum + job.rows, 0)
  const isFirst = commits.every((one) => one.said === 'outage' && !isSeenCommitted(one, before))
  return [
    ...(isFirst && lastSeen.some((state) => !['Uncommitted', 'Committing', 'Completed'].includes(state ?? ''))
      ? ['a commit before all jobs were ready']
      : []),
    ...(rows < (world.policy.expectedRows?.min ?? 1) ? ['a commit although the rows do not hold'] : []),
    ...(commits.some((one) => one.said === 'refused' && !isSeenCommitted(one, before))
      ? ['a commit after one was refused']
      : []),
    ...(isFirst && requests.some((other) => isUnderWayAt(other, commit)) ? ['a first commit beside a poll'] : []),
  ]
}

/** The job itself has said that it is being committed, whatever became of the request. */
function isSeenCommitted({ job, endedNth }: PlayedRequest, requests: readonly PlayedRequest[]): boolean {
  return requests.some(
    (poll) =>
      poll.kind === 'poll' &&
      poll.job === job &&
      poll.said === 'answered' &&
      poll.startedNth > endedNth &&
      ['Committing', 'Completed'].includes(poll.state),
  )
}

function isUnderWayAt({ startedNth, endedNth }: PlayedRequest, commit: PlayedRequest | undefined): boolean {
  return commit !== undefined && startedNth < commit.startedNth && endedNth > commit.startedNth
}

function commitsAgain(requests: readonly PlayedRequest[]): string[] {
  const commits = requests.filter(({ kind }) => kind === 'commit')
  const answered = commits.findIndex(({ said }) => said === 'done' || said === 'refused')
  const isRepeated = answered !== -1 && answered < commits.length - 1
  const blind = commits.slice(1).some((commit, i) => {
    const lost = commits[i]
    return !requests.some(
      ({ kind, said, startedNth, endedNth }) =>
        kind === 'poll' && said === 'answered' && startedNth > (lost?.endedNth ?? 0) && endedNth < commit.startedNth,
    )
  })
  return [
    ...(isRepeated ? ['another commit to a job that answered one'] : []),
    ...(blind ? ['another commit without a poll what became of the one before'] : []),
  ]
}

/** By what the gate has seen: the job itself may have gone on meanwhile. */
function abortsWhatIsCommitted(requests: readonly PlayedRequest[]): string[] {
  return requests.flatMap((abort, i) => {
    if (abort.kind !== 'abort') return []
    const before = requests.slice(0, i)
    const seen = before.findLast(({ kind, said }) => kind === 'poll' && said === 'answered')?.state
    const commit = before.findLast(({ kind }) => kind === 'commit')
    const isDoubtful =
      commit !== undefined &&
      (commit.said === 'done' ||
        (commit.said !== 'refused' &&
          !before.some(
            ({ kind, said, startedNth }) => kind === 'poll' && said === 'answered' && startedNth > commit.endedNth,
          )))
    return [
      ...(seen === 'Committing' || seen === 'Completed' ? [`an abort of a job that was seen ${seen}`] : []),
      ...(isDoubtful ? ['an abort of a job that may be committed'] : []),
      ...(seen === undefined ? ['an abort of a job that nobody has seen'] : []),
    ]
  })
}

function twoAtATime(requests: readonly PlayedRequest[]): string[] {
  const inOrder = requests.toSorted((a, b) => a.startedAtMs - b.startedAtMs)
  return inOrder.some(({ startedAtMs }, i) => startedAtMs < (inOrder[i - 1]?.endedAtMs ?? -Infinity))
    ? ['two requests at a time for a job']
    : []
}

function tooMany(requests: readonly PlayedRequest[]): string[] {
  const starts = requests.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b)
  return starts.some((atMs, i) => atMs - (starts[i - 10] ?? -Infinity) < 1000 - ROUNDING_MS)
    ? ['eleven requests in a second']
    : []
}

function wronglyGreen(
  { world: { policy }, conclusion, committed }: PlayedWorld,
  byJob: readonly (readonly PlayedRequest[])[],
): string[] {
  if (!conclusion.passes) return []
  if (conclusion.kind === 'timed-out') {
    // By what really happened, also where the gate was never told.
    const areHalf =
      committed.includes('by the gate') &&
      byJob.some((requests, job) => {
        const seen = requests.findLast(({ kind, said }) => kind === 'poll' && said === 'answered')?.state
        return committed[job] === undefined && seen !== 'Completed' && seen !== 'Committing'
      })
    return [
      ...(policy.onTimeout === 'pass' ? [] : ['passed, although a timeout fails']),
      ...(areHalf ? ['passed, although the import is half committed'] : []),
    ]
  }
  const last = byJob.map((requests) => requests.findLast(({ kind }) => kind === 'poll'))
  return last.every((poll) => poll?.said === 'answered' && poll.state === 'Completed')
    ? []
    : ['passed, although a job was not last seen Completed']
}

function tooLate({ world, endedAtMs, requests }: PlayedWorld): string[] {
  const { policy, jobs, interruptAtMs = Infinity } = world
  const queueMs = policy.timeoutMs === 0 ? (jobs.length - 1) * SPACING_MS : 0
  const aborts = requests.some(({ kind }) => kind === 'abort')
  const abortsMs = aborts ? ABORTS_MS + jobs.length * SPACING_MS : 0
  const byDeadlineMs = policy.timeoutMs + LAST_POLL_MS + queueMs + abortsMs
  const bySignalMs = interruptAtMs + (aborts ? ABORTS_MS / 2 : 0)
  // A signal that comes when the end is decided changes nothing.
  const latestMs = endedAtMs >= interruptAtMs ? Math.min(byDeadlineMs, bySignalMs) : byDeadlineMs
  return endedAtMs > latestMs + ROUNDING_MS ? [`ended ${endedAtMs - latestMs} ms late`] : []
}
