import type { Conclusion, ConclusionKind } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { Policy } from '../gate/policy.ts'
import { timeLeftMs } from './estimates.ts'
import { counted, roughDuration, shortened } from './format.ts'
import { searchText } from './collections.ts'
import { searchedJobs, codedSentence, headline } from './outcomes.ts'
import { crowd } from './progress.ts'
import { progressOf } from './phrases.ts'

/** GitHub refuses a longer description: https://docs.github.com/rest/commits/statuses */
export const MAX_DESCRIPTION_LENGTH = 140

/** Where the gate stands, for a commit's status: `42 %, 1.2 M of 3 M rows, about 4 min left`. */
export function progressText(view: View): string {
  const [job] = view.jobs
  if (view.collections.length > 0) return shortened(`Imported, ${searchText(view)}`, MAX_DESCRIPTION_LENGTH)
  if (job === undefined) return shortened(`Polling for ${searchedJobs(view)}`, MAX_DESCRIPTION_LENGTH)
  const text = view.jobs.length === 1 ? progressOfOne(job, view) : progressOfAll(view)
  return shortened(text, MAX_DESCRIPTION_LENGTH)
}

/** How the gate ended, for a commit's status. */
export function conclusionText(conclusion: Conclusion, view: View, policy: Policy): string {
  return shortened(codedSentence(headline(conclusion, view, policy)), MAX_DESCRIPTION_LENGTH)
}

/** The verdict for a commit: an error says that the gate could not judge the import. */
export function verdictOf({ kind, passes }: Conclusion): 'success' | 'failure' | 'error' {
  if (passes) return 'success'
  return WITHOUT_JUDGEMENT.includes(kind) ? 'error' : 'failure'
}

const WITHOUT_JUDGEMENT: readonly ConclusionKind[] = ['cancelled', 'invalid-input', 'internal-error']

/** Why GitHub would not take the status, and what to do about it. */
export function refusalText(httpStatus: number, message: string): string {
  switch (httpStatus) {
    case 401:
      return 'GitHub does not accept the token (HTTP 401). Leave `github-token` out to use the token of the job.'
    case 403:
    case 404:
      return (
        `The token may not set it (HTTP ${httpStatus}). Add "permissions: statuses: write" to the job; ` +
        'mind that runs from forks and of Dependabot get a token that only reads.'
      )
    default:
      return `GitHub refused it with HTTP ${httpStatus}: ${message}`
  }
}

function progressOfOne(job: History, view: View): string {
  if (job.latest === undefined) return `Waiting for import job ${job.jobId}`
  const left = timeLeftMs(job, view.nowMs)
  return [
    ...(job.outage === undefined ? [] : ['No usable answer at the moment']),
    // The usual state goes without saying.
    progressOf(job).replace(/^Importing, /, ''),
    ...(left === undefined ? [] : [`about ${roughDuration(left)} left`]),
  ].join(', ')
}

function progressOfAll(view: View): string {
  const answered = view.jobs.some(({ latest }) => latest !== undefined)
  return answered ? crowd(view) : `Waiting for ${counted(view.jobs.length, 'import job')}`
}
