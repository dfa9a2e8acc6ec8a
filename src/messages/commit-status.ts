import type { Conclusion, ConclusionKind } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import type { History } from '../gate/history.ts'
import type { Policy } from '../gate/policy.ts'
import { timeLeftMs } from './estimates.ts'
import { counted, roughDuration, shortened } from './format.ts'
import { searchText } from './collections.ts'
import { searchedJobs, codedSentence, headline } from './outcomes.ts'
import { jobCounts } from './progress.ts'
import { progressOf } from './phrases.ts'
import { startState } from './start.ts'

/** GitHub refuses a longer description: https://docs.github.com/rest/commits/statuses */
export const MAX_DESCRIPTION_LENGTH = 140

/** The progress of the gate, for a commit status: `42%, 1.2M of 3M rows, about 4 min left`. */
export function progressText(view: View): string {
  const [job] = view.jobs
  if (view.collections.length > 0) return shortened(`Imported, ${searchText(view)}`, MAX_DESCRIPTION_LENGTH)
  if (job === undefined && view.start !== undefined)
    return shortened(capitalized(startState(view.start)), MAX_DESCRIPTION_LENGTH)
  if (job === undefined) return shortened(`Searching for ${searchedJobs(view)}`, MAX_DESCRIPTION_LENGTH)
  const text = view.jobs.length === 1 ? progressOfOne(job, view) : progressOfAll(view)
  return shortened(text, MAX_DESCRIPTION_LENGTH)
}

/** How the gate ended, for a commit status. */
export function conclusionText(conclusion: Conclusion, view: View, policy: Policy): string {
  return shortened(codedSentence(headline(conclusion, view, policy)).replaceAll('`', ''), MAX_DESCRIPTION_LENGTH)
}

/** The verdict for a commit: an error says that the gate could not judge the import. */
export function verdictOf({ kind, passes }: Conclusion): 'success' | 'failure' | 'error' {
  if (passes) return 'success'
  return WITHOUT_JUDGEMENT.includes(kind) ? 'error' : 'failure'
}

const WITHOUT_JUDGEMENT: readonly ConclusionKind[] = ['cancelled', 'invalid-input', 'internal-error']

/** Why GitHub did not accept the status, and what to do about it. */
export function refusalText(httpStatus: number, message: string): string {
  switch (httpStatus) {
    case 401:
      return 'GitHub rejected the token (HTTP 401). Leave `github-token` out to use the token of the job.'
    case 403:
    case 404:
      return (
        `The token has no permission to set it (HTTP ${httpStatus}). Add "permissions: statuses: write" to the job. ` +
        'Workflows triggered from forks or by Dependabot get a read-only token.'
      )
    default:
      return `GitHub rejected it: HTTP ${httpStatus}: ${message}`
  }
}

/** Why no request is sent to GitHub. */
export function badProxyText(variable: string): string {
  return `${variable} does not hold the URL of an HTTP proxy`
}

function progressOfOne(job: History, view: View): string {
  if (job.latest === undefined) return `Waiting for import job ${job.jobId}`
  const left = timeLeftMs(job, view.nowMs)
  return [
    ...(job.outage === undefined ? [] : ['No usable response at the moment']),
    // The usual state needs no word.
    progressOf(job).replace(/^Importing, /, ''),
    ...(left === undefined ? [] : [`about ${roughDuration(left)} left`]),
  ].join(', ')
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function progressOfAll(view: View): string {
  const answered = view.jobs.some(({ latest }) => latest !== undefined)
  return answered ? jobCounts(view) : `Waiting for ${counted(view.jobs.length, 'import job')}`
}
