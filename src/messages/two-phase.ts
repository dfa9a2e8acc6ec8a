import { isAborted, isCommitInDoubt, isCommitted } from '../gate/commits.ts'
import type { Conclusion } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { Policy } from '../gate/policy.ts'
import { count, counted, shortened } from './format.ts'
import { MAX_NAME_LENGTH, named, progressOf, subjectOf } from './phrases.ts'
import type { Message } from './phrases.ts'
import { whatHappened } from './service-errors.ts'

/** How to commit a job by hand. */
export const COMMIT = 'POST /v2/vectordb/jobs/import/commit'
const ABORT = 'POST /v2/vectordb/jobs/import/abort'
/** Further jobs are counted. */
const MOST_JOBS = 10

/** Of jobs that stay at Uncommitted. */
export function uncommitted({ passes, jobs }: Extract<Conclusion, { kind: 'uncommitted' }>, view: View): Message {
  const { subject, is } = subjectOf(view, jobs)
  if (passes) {
    return {
      title: 'Import ready to be committed',
      sentence: `${subject} ${is} ready to be committed, and \`on-uncommitted\` is \`pass\`.`,
      next: `The rows become visible only after a commit (${COMMIT}).`,
    }
  }
  const left = withoutAborted(jobs, view)
  if (left.length === 0) {
    return {
      title: 'Import aborted at Uncommitted',
      sentence: `${subject} ${jobs.length === 1 ? 'was' : 'were'} aborted at Uncommitted, because \`abort-uncommitted\` is set.`,
      next: 'The rows are discarded. To import them, start a new import with `on-uncommitted` set to `commit`, `wait` or `pass`.',
    }
  }
  // A job that was aborted would fail the step again.
  const again = left.length < jobs.length ? '' : ' and re-run this workflow job'
  return {
    title: 'Import not committed',
    sentence: `${subjectOf(view, left).subject} ${left.length === 1 ? 'stays' : 'stay'} at Uncommitted: the rows are imported, but invisible until a commit.`,
    next: `Commit (${COMMIT})${again}, or abort (${ABORT}). Or set \`on-uncommitted\`: with \`commit\` the step commits, with \`wait\` it waits for a commit by someone else, with \`pass\` it passes without one.`,
  }
}

/** Those of these jobs that the gate has not aborted. */
export function withoutAborted(jobs: readonly number[], view: View): readonly number[] {
  return jobs.filter((i) => view.jobs[i] === undefined || !isAborted(view.jobs[i]))
}

/** The gate has aborted all of these jobs, and there are some. */
export function areAborted(jobs: readonly number[], view: View): boolean {
  return jobs.length > 0 && withoutAborted(jobs, view).length === 0
}

/** What the gate itself did to a job that has not ended. */
export function commitNotes(job: History): readonly string[] {
  const { latest, commit } = job
  if (isAborted(job)) return ['aborted']
  if (latest?.phase !== 'uncommitted' || commit === undefined) return []
  switch (commit.state) {
    case 'done':
      return ['commit accepted']
    case 'declined':
    case 'refused':
      return ['commit rejected']
    case 'in-doubt':
      return ['commit unconfirmed']
  }
}

/** Of an import of which only a part is committed: `because` says what prevented the rest. */
export function partlyCommitted(
  { committed, jobs }: Extract<Conclusion, { kind: 'partly-committed' }>,
  because: Message,
  view: View,
): Message {
  const left = jobs.flatMap((i) => view.jobs[i] ?? [])
  const inAll = counted(view.jobs.length, 'import job')
  const others = left.length === 1 ? 'the other' : 'the others'
  return {
    title:
      committed.length === 0
        ? 'Commit unconfirmed'
        : `Only ${count(committed.length)} of ${counted(view.jobs.length, 'import')} committed`,
    sentence:
      committed.length === 0
        ? `Some of ${inAll} may be committed: the response to a commit was lost.`
        : `Only ${count(committed.length)} of ${inAll} ${committed.length === 1 ? 'was' : 'were'} committed; the rows of ${others} are not visible.`,
    points: [
      ...(committed.length === 0 ? [] : [`committed: ${named(idsOf(view, committed))}`]),
      ...left.slice(0, MOST_JOBS).map(notCommitted),
      ...(left.length > MOST_JOBS ? [`not committed: ${count(left.length - MOST_JOBS)} more`] : []),
      ...(left.some(({ commit }) => (commit?.error && whatHappened(commit.error)) === because.sentence)
        ? []
        : [because.sentence]),
      ...(because.points ?? []),
    ],
    next: [because.next ?? [], afterHalf(left, committed.length > 0)].flat().join(' '),
  }
}

function notCommitted(job: History): string {
  const { error } = job.commit ?? {}
  const which = isCommitInDoubt(job) ? 'commit unconfirmed' : 'not committed'
  const state = `${which}: ${job.jobId}, ${progressOf(job)}`
  if (error === undefined) return isAborted(job) ? `${state}, aborted` : state
  return `${state}: ${whatHappened(error)}${isAborted(job) ? ' It was aborted.' : ''}`
}

/** What to do about the jobs that are left, by what is still possible. */
function afterHalf(left: readonly History[], someCommitted: boolean): string {
  return [
    ...(someCommitted ? ['Committed rows stay visible.'] : []),
    ...(left.some(isCommitInDoubt)
      ? [`Check the state of each job, then commit the jobs at Uncommitted (${COMMIT}).`]
      : afterTheCause(left)),
  ].join(' ')
}

/** Empty where the state of all of them is unknown. */
function afterTheCause(left: readonly History[]): readonly string[] {
  const others = left.length === 1 ? 'the other job' : 'the other jobs'
  const lost = left.filter((job) => isAborted(job) || job.latest?.phase === 'failed')
  if (lost.length === left.length)
    return [`Fix the cause, then start ${lost.length === 1 ? 'a new import' : 'new imports'} for ${others}.`]
  if (left.every((job) => job.unknown !== undefined)) return []
  return lost.length > 0
    ? [
        `Fix the cause, then start a new import for ${named(lost.map(({ jobId }) => jobId))}, and commit the jobs at Uncommitted (${COMMIT}).`,
      ]
    : [
        `Fix the cause, then re-run this workflow job to commit the jobs at Uncommitted, or commit ${others} yourself (${COMMIT}).`,
      ]
}

/** The message for an end, with what it leaves behind of two-phase jobs. */
export function withWhatIsLeft(message: Message, conclusion: Conclusion, view: View): Message {
  const { kind, passes } = conclusion
  if (passes) return message
  const { jobs } = view
  const known = kind === 'uncommitted' || kind === 'timed-out' ? conclusion.jobs : []
  const aborted = jobs.filter((job, i) => isAborted(job) && !(areAborted(known, view) && known.includes(i)))
  // These sentences say already that jobs are at Uncommitted.
  const isKnown = kind === 'uncommitted' || kind === 'partly-committed'
  const sentences = [
    ...sentenceOn(aborted, (list) => `The step aborted ${list}, because \`abort-uncommitted\` is set.`),
    ...(isKnown
      ? []
      : [
          ...sentenceOn(kind === 'cancelled' ? jobs.filter(isCommitted) : [], (list) => `Already committed: ${list}.`),
          ...sentenceOn(
            jobs.filter(isCommitInDoubt),
            (list) => `The commit of ${list} is unconfirmed: check the state before you commit or abort.`,
          ),
          ...sentenceOn(
            jobs.filter(isLeft),
            (list) => `Still at Uncommitted: ${list}. Commit (${COMMIT}) or abort (${ABORT}).`,
          ),
        ]),
  ]
  return sentences.length === 0 ? message : { ...message, next: [message.next ?? [], sentences].flat().join(' ') }
}

/** Jobs that still run although the gate aborts what it leaves behind. */
export function notAborted({ jobs }: View, { abortUncommitted }: Policy): readonly string[] {
  const running = jobs.filter((job) => isRunning(job) && !isAborted(job)).map(({ jobId }) => jobId)
  if (!abortUncommitted || running.length === 0) return []
  return [
    `Not aborted, because ${running.length === 1 ? 'it was' : 'they were'} never seen at Uncommitted and may not be two-phase: import job${running.length === 1 ? '' : 's'} ${running.join(', ')}.`,
  ]
}

function isRunning({ latest, wasUncommitted }: History): boolean {
  return latest !== undefined && !wasUncommitted && ['pending', 'importing', 'unknown'].includes(latest.phase)
}

function sentenceOn(jobs: readonly History[], sentence: (list: string) => string): readonly string[] {
  return jobs.length === 0 ? [] : [sentence(jobList(jobs))]
}

function isLeft(job: History): boolean {
  return job.latest?.phase === 'uncommitted' && !isAborted(job) && !isCommitted(job) && !isCommitInDoubt(job)
}

/** Jobs in the middle of a sentence: `import jobs a, b`. */
export function jobList(jobs: readonly History[]): string {
  return `import job${jobs.length === 1 ? '' : 's'} ${named(jobs.map(({ jobId }) => shortened(jobId, MAX_NAME_LENGTH)))}`
}

function idsOf(view: View, indices: readonly number[]): readonly string[] {
  return indices.flatMap((i) => view.jobs[i]?.jobId ?? [])
}
