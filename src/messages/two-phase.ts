import type { Conclusion } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import { isAborted, isCommitInDoubt, isCommitted } from '../gate/commit-state.ts'
import { count, counted, shortened } from './format.ts'
import { MAX_NAME_LENGTH, named, subjectOf, progressOf } from './phrases.ts'
import type { Message } from './phrases.ts'
import { whatHappened } from './service-errors.ts'

/** How to commit a job by hand. */
export const COMMIT = 'POST /v2/vectordb/jobs/import/commit'
const ABORT = 'POST /v2/vectordb/jobs/import/abort'
/** So many jobs are told one by one. */
const MOST_TOLD = 10

/** Of jobs that rest at Uncommitted. */
export function uncommitted({ passes, jobs }: Extract<Conclusion, { kind: 'uncommitted' }>, view: View): Message {
  if (passes) {
    const { subject, is } = subjectOf(view, jobs)
    return {
      sentence: `${subject} ${is} ready to be committed, and on-uncommitted is pass.`,
      next: `The rows become visible only with a commit (${COMMIT}).`,
    }
  }
  const left = withoutAborted(jobs, view)
  if (left.length === 0) {
    const { subject } = subjectOf(view, jobs)
    return {
      sentence: `${subject} ${jobs.length === 1 ? 'was' : 'were'} aborted at Uncommitted, as abort-uncommitted asks.`,
      next: 'The rows are given up. To have them, import once more, with `on-uncommitted` set to `commit`, `wait` or `pass`.',
    }
  }
  // A job that was aborted would fail the step again.
  const again = left.length < jobs.length ? '' : ' and run this step again'
  return {
    sentence: `${subjectOf(view, left).subject} ${left.length === 1 ? 'rests' : 'rest'} at Uncommitted: the rows are imported, but nobody sees them before a commit.`,
    next: `Commit (${COMMIT})${again}, or abort (${ABORT}). To let the step commit, set \`on-uncommitted\` to \`commit\`; to let it wait for somebody's commit, to \`wait\`; to go on without one, to \`pass\`.`,
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

/** What the gate itself did to a job that is not through. */
export function deedsTo(job: History): readonly string[] {
  const { latest, commit } = job
  if (isAborted(job)) return ['aborted']
  if (latest?.phase !== 'uncommitted' || commit === undefined) return []
  switch (commit.state) {
    case 'done':
      return ['commit accepted']
    case 'declined':
    case 'refused':
      return ['commit refused']
    case 'in-doubt':
      return ['commit in doubt']
  }
}

/** Of an import that is half done: `because` are the words for what came in between. */
export function partlyCommitted(
  { committed, jobs }: Extract<Conclusion, { kind: 'partly-committed' }>,
  because: Message,
  view: View,
): Message {
  const left = jobs.flatMap((i) => view.jobs[i] ?? [])
  const inAll = counted(view.jobs.length, 'import job')
  return {
    sentence:
      committed.length === 0
        ? `Perhaps only some of ${inAll} were committed: the answer to a commit was lost, and nobody knows what became of it.`
        : `Only ${count(committed.length)} of ${inAll} ${committed.length === 1 ? 'was' : 'were'} committed, and nobody sees the rows of ${left.length === 1 ? 'the other' : 'the others'}.`,
    points: [
      ...(committed.length === 0 ? [] : [`committed: ${named(idsOf(view, committed))}`]),
      ...left.slice(0, MOST_TOLD).map(notCommitted),
      ...(left.length > MOST_TOLD ? [`not committed: ${count(left.length - MOST_TOLD)} more`] : []),
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
  const which = isCommitInDoubt(job) ? 'perhaps committed' : 'not committed'
  const stand = `${which}: ${job.jobId}, ${progressOf(job)}`
  if (error === undefined) return isAborted(job) ? `${stand}, aborted` : stand
  return `${stand}: ${whatHappened(error)}${isAborted(job) ? ' It was aborted.' : ''}`
}

/** What to do about the jobs that were left, each according to what can still become of it. */
function afterHalf(left: readonly History[], someCommitted: boolean): string {
  return [
    ...(someCommitted ? ['What was committed stays.'] : []),
    ...(left.some(isCommitInDoubt)
      ? [`Poll the state of each job, then commit what rests at Uncommitted (${COMMIT}).`]
      : afterTheCause(left)),
  ].join(' ')
}

/** Nothing where nobody knows what has become of any of them. */
function afterTheCause(left: readonly History[]): readonly string[] {
  const others = left.length === 1 ? 'the other' : 'the others'
  const lost = left.filter((job) => isAborted(job) || job.latest?.phase === 'failed')
  if (lost.length === left.length) return [`Once the cause is mended, import ${others} once more.`]
  if (left.every((job) => job.unknown !== undefined)) return []
  return lost.length > 0
    ? [
        `Once the cause is mended, import ${named(lost.map(({ jobId }) => jobId))} once more, and commit what rests at Uncommitted (${COMMIT}).`,
      ]
    : [
        `Once the cause is mended, re-run this step, which commits what rests at Uncommitted, or commit ${others} by hand (${COMMIT}).`,
      ]
}

/** The words for an end, with what becomes of two-phase jobs that nobody else collects. */
export function withWhatIsLeft(words: Message, conclusion: Conclusion, view: View): Message {
  const { kind, passes } = conclusion
  if (passes) return words
  const { jobs } = view
  const told = kind === 'uncommitted' || kind === 'timed-out' ? conclusion.jobs : []
  const aborted = jobs.filter((job, i) => isAborted(job) && !(areAborted(told, view) && told.includes(i)))
  // Who reads of a job at Uncommitted, or of some that are not committed, knows already.
  const isKnown = kind === 'uncommitted' || kind === 'partly-committed'
  const sentences = [
    ...sentenceOn(aborted, (list) => `Aborted, as \`abort-uncommitted\` asks: ${list}.`),
    ...(isKnown
      ? []
      : [
          ...sentenceOn(kind === 'cancelled' ? jobs.filter(isCommitted) : [], (list) => `Committed already: ${list}.`),
          ...sentenceOn(
            jobs.filter(isCommitInDoubt),
            (list) => `Nobody knows what became of the commit of ${list}: poll its state before you commit or abort.`,
          ),
          ...sentenceOn(jobs.filter(isLeft), leftBehind),
        ]),
  ]
  return sentences.length === 0 ? words : { ...words, next: [words.next ?? [], sentences].flat().join(' ') }
}

function sentenceOn(jobs: readonly History[], sentence: (list: string) => string): readonly string[] {
  return jobs.length === 0 ? [] : [sentence(jobList(jobs))]
}

function leftBehind(list: string): string {
  return `Left behind at Uncommitted, where nobody collects what rests: ${list}. Commit (${COMMIT}) or abort (${ABORT}).`
}

function isLeft(job: History): boolean {
  return job.latest?.phase === 'uncommitted' && !isAborted(job) && !isCommitted(job) && !isCommitInDoubt(job)
}

function jobList(jobs: readonly History[]): string {
  return `import job${jobs.length === 1 ? '' : 's'} ${named(jobs.map(({ jobId }) => shortened(jobId, MAX_NAME_LENGTH)))}`
}

function idsOf(view: View, indices: readonly number[]): readonly string[] {
  return indices.flatMap((i) => view.jobs[i]?.jobId ?? [])
}
