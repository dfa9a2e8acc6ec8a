import type { Conclusion } from '../watch/conclusion.ts'
import type { View } from '../watch/events.ts'
import type { History } from '../watch/history.ts'
import { isCommitted } from '../watch/attempt.ts'
import { count, counted, shortened } from './format.ts'
import { MAX_NAME_LENGTH, named, subjectOf, whereabouts } from './subjects.ts'
import type { Words } from './subjects.ts'

/** How to commit a job by hand. */
export const COMMIT = 'POST /v2/vectordb/jobs/import/commit'
const ABORT = 'POST /v2/vectordb/jobs/import/abort'
/** So many jobs are told one by one. */
const MOST_TOLD = 10

/** Of jobs that rest at Uncommitted. */
export function uncommitted({ passes, jobs }: Extract<Conclusion, { kind: 'uncommitted' }>, view: View): Words {
  const { subject, is } = subjectOf(view, jobs)
  if (passes) {
    return {
      sentence: `${subject} ${is} ready to be committed, and on-uncommitted is pass.`,
      next: `The rows become visible only with a commit (${COMMIT}).`,
    }
  }
  const areAborted = jobs.every((i) => view.jobs[i]?.abort?.state === 'done')
  return {
    sentence: `${subject} ${jobs.length === 1 ? 'rests' : 'rest'} at Uncommitted: the rows are imported, but nobody sees them before a commit.`,
    next: areAborted
      ? 'To let the step commit, set on-uncommitted to commit, and import once more.'
      : `Commit (${COMMIT}) and run this step again, or abort (${ABORT}). To let the step commit, set on-uncommitted to commit; to let it wait for somebody's commit, to wait; to go on without one, to pass.`,
  }
}

/** Of an import that is half done: `because` are the words for what came in between. */
export function partlyCommitted(
  { committed, jobs }: Extract<Conclusion, { kind: 'partly-committed' }>,
  because: Words,
  view: View,
): Words {
  return {
    sentence: `Only ${count(committed.length)} of ${counted(view.jobs.length, 'import job')} ${committed.length === 1 ? 'was' : 'were'} committed, and nobody sees the rows of the others.`,
    points: [
      `committed: ${named(idsOf(view, committed))}`,
      ...jobs
        .slice(0, MOST_TOLD)
        .flatMap((i) => view.jobs[i] ?? [])
        .map(notCommitted),
      ...(jobs.length > MOST_TOLD ? [`not committed: ${count(jobs.length - MOST_TOLD)} more`] : []),
      ...(jobs.some((i) => view.jobs[i]?.commit?.trouble?.what === because.sentence) ? [] : [because.sentence]),
    ],
    next: [
      jobs.every((i) => view.jobs[i]?.abort?.state === 'done')
        ? 'What was committed stays. Import the others once more, once the cause is mended.'
        : `What was committed stays. Commit the others by hand (${COMMIT}) once the cause is mended.`,
      because.next ?? [],
    ]
      .flat()
      .join(' '),
  }
}

function notCommitted(job: History): string {
  const { trouble } = job.commit ?? {}
  return `not committed: ${job.jobId}, ${whereabouts(job)}${trouble === undefined ? '' : `: ${trouble.what}`}`
}

/** The words for an end, with what becomes of two-phase jobs that nobody else collects. */
export function withWhatIsLeft(words: Words, { kind, passes }: Conclusion, view: View): Words {
  if (passes) return words
  const aborted = view.jobs.filter(({ abort }) => abort?.state === 'done')
  const left = view.jobs.filter((job) => isLeft(job))
  const sentences = [
    ...(aborted.length === 0 ? [] : [`Aborted, as abort-uncommitted asks: ${jobList(aborted)}.`]),
    // Who reads of a job at Uncommitted, or of some that are not committed, knows already.
    ...(left.length === 0 || kind === 'uncommitted' || kind === 'partly-committed' ? [] : [leftBehind(left)]),
  ]
  return sentences.length === 0 ? words : { ...words, next: [words.next ?? [], sentences].flat().join(' ') }
}

function leftBehind(left: readonly History[]): string {
  const rests = left.length === 1 ? 'rests' : 'rest'
  return `Left behind at Uncommitted, where nobody collects what ${rests}: ${jobList(left)}. Commit (${COMMIT}) or abort (${ABORT}).`
}

function isLeft(job: History): boolean {
  return job.latest?.phase === 'uncommitted' && job.abort?.state !== 'done' && !isCommitted(job)
}

function jobList(jobs: readonly History[]): string {
  return `import job${jobs.length === 1 ? '' : 's'} ${named(jobs.map(({ jobId }) => shortened(jobId, MAX_NAME_LENGTH)))}`
}

function idsOf(view: View, indices: readonly number[]): readonly string[] {
  return indices.flatMap((i) => view.jobs[i]?.jobId ?? [])
}
