import type { Conclusion } from '../gate/conclusion.ts'
import type { View } from '../gate/events.ts'
import type { ImportStart, StartChange, StartEnd, StartFailure } from '../gate/start.ts'
import { matchFailure } from './failure-patterns.ts'
import { counted, duration, shortened } from './format.ts'
import { collectionsText, MAX_NAME_LENGTH, named, progressOf } from './phrases.ts'
import type { Message } from './phrases.ts'
import { nextStepFor, serviceErrorCode, statusIn, whatHappened } from './service-errors.ts'

/** `wait-for: started`. */
export function started(view: View): Message {
  const [where] = collectionsText(view)
  const [job] = view.jobs
  return {
    title: `Import started${where === '' ? '' : ` in ${where}`}`,
    sentence: `${job === undefined ? 'The import' : `Import job ${job.jobId}`} has started${job?.latest === undefined ? '' : `: ${progressOf(job)}`}.`,
  }
}

/** Why an import was not started, or why that is not known, with the next step. */
const START_FAILURES: Readonly<Record<StartFailure, readonly [title: string, sentence: string, next: string]>> = {
  refused: ['Import not started', 'The service did not start the import.', ''],
  lost: [
    'Unclear whether the import started',
    'The response to the request that starts the import was lost, and the list of jobs does not show exactly one new job with its files.',
    '',
  ],
  ambiguous: [
    'Unclear which job is this import',
    'Several jobs of this run may be this import, or one cannot be compared with it.',
    '',
  ],
  'no-list': [
    'Unclear whether the import started earlier',
    'An earlier attempt may have started the import, and the list of jobs is not available.',
    '',
  ],
  'no-run-start': [
    'Unclear whether the import started earlier',
    'An earlier attempt may have started the import, and GitHub does not say when the run began.',
    'Add `permissions: actions: read` to the job.',
  ],
  deadline: [
    'Unclear whether the import started',
    'The time ran out after the request that starts the import was sent.',
    'Raise `timeout`.',
  ],
}

/** One of them has to be picked by hand. */
const MOST_CANDIDATES = 10
/** Where jobs may be this import: a re-run finds them again. */
const AMONG_THESE =
  'If one of these jobs is this import, set `job-id` to its ID instead of `import`. If none is, start a new run of the workflow, with another `idempotency-key` if you set one: a re-run compares the same jobs again.'
/** Where no job is known that may be this import. */
const AMONG_ALL =
  'Check the jobs of the collection. If one of them is this import, set `job-id` to its ID instead of `import`. If none is, re-run this workflow job.'

/** `start-failed`: what the service said, or the jobs that may be this import. */
export function startFailed({ cause, jobIds, error }: Extract<Conclusion, { kind: 'start-failed' }>): Message {
  const [title, sentence, next] = START_FAILURES[cause]
  const diagnosis = cause === 'refused' && error?.message !== undefined ? matchFailure(error.message) : undefined
  const isKnown = diagnosis?.what !== undefined
  const isGitHub = error?.operation === 'run-start'
  return {
    title: `${title}${cause === 'refused' && error !== undefined ? statusIn(error) : ''}`,
    sentence: error === undefined ? sentence : `${sentence} ${whatHappened(error)}`,
    ...(jobIds.length > 0 && { points: [`Jobs that may be this import: ${named(jobIds, MOST_CANDIDATES)}`] }),
    next: [
      ...(next === '' ? [] : [next]),
      ...(isKnown ? [diagnosis.advice] : error === undefined || isGitHub ? [] : [nextStepFor(error)]),
      cause === 'refused' ? 'Then re-run this workflow job.' : jobIds.length > 0 ? AMONG_THESE : AMONG_ALL,
    ].join(' '),
    ...(isKnown && { diagnosis }),
  }
}

/** `unreachable` before the import was started. */
export function startUnreachable(
  { error, outageMs }: Extract<Conclusion, { kind: 'unreachable' }>,
  start: ImportStart,
): Message {
  const since = outageMs >= 1000 ? ` for ${duration(outageMs)}` : ''
  return {
    title: `Import not started: no usable response${since}`,
    sentence: `${theImport(start)} was not started: no usable response${since}${error === undefined ? '.' : `: ${whatHappened(error)}`}`,
    next: `${error === undefined ? 'Check `endpoint` and the network between this runner and the service, or raise `timeout`.' : nextStepFor(error)} Then re-run this workflow job.`,
  }
}

/** `cancelled` before the job was known. */
export function startInterrupted(title: string, signal: string, start: ImportStart): Message {
  return {
    title,
    sentence: `The gate was stopped by ${signal} while it was starting ${lowerTheImport(start)}.`,
    next: start.wasSent
      ? 'The request was sent, so the import may have started. Re-run this job, which looks for it first, or check the jobs of the collection.'
      : 'The import was not started. Re-run this job to start it.',
  }
}

/** What the step is about to start, for the first line of the log. */
export function importToStart({ collectionName, files }: ImportStart): string {
  const amount = files.length === 0 ? '' : ` (${counted(files.length, 'file')})`
  return `starting an import into collection ${shortened(collectionName, MAX_NAME_LENGTH)}${amount}`
}

/** The start of an import while its job is not known, for a heartbeat or a commit status. */
export function startState(start: ImportStart): string {
  return `starting ${lowerTheImport(start)}`
}

/** What a step of the start changed. */
export function startMessages(change: Exclude<StartChange, { kind: 'outage-began' }>): readonly string[] {
  switch (change.kind) {
    case 'outage-ended':
      return [`the service is responding again after ${duration(change.lastedMs)}`]
    case 'refused-once':
      return [`${whatHappened(change.error)} Checking again. (${serviceErrorCode(change.error)})`]
    case 'no-list':
      return [
        `no list of the jobs before the import (${serviceErrorCode(change.error)})`,
        whatHappened(change.error),
        'the import is started without it; if the response is lost, the job cannot be looked for',
      ]
    case 'response-lost':
      return [
        `the response to the request that starts the import was lost (${serviceErrorCode(change.error)})`,
        whatHappened(change.error),
        `the request is not sent again; looking for the job in the list for up to ${duration(change.searchMs)}`,
      ]
    case 'failed-earlier':
      return [`an earlier attempt started this import, and it failed (${named(change.jobIds)}): starting it again`]
    default:
      return change satisfies never
  }
}

/** How the job of the import became known. */
const FOUND: Readonly<Record<Extract<StartEnd, { kind: 'job' }>['how'], string>> = {
  created: 'started',
  'created-earlier':
    'was started by an earlier request with the same idempotency key; set idempotency-key to import the same files twice',
  found: 'found in the list: it is the one new job with the files of this import',
  'taken-over': 'was started by an earlier attempt of this run; waiting for it',
}

/** Which job is that of the import. */
export function startedMessage({ job }: ImportStart): readonly string[] {
  return job === undefined ? [] : [`import job ${job.jobId} ${FOUND[job.how]}`]
}

function theImport({ collectionName }: ImportStart): string {
  return `The import into collection ${shortened(collectionName, MAX_NAME_LENGTH)}`
}

function lowerTheImport(start: ImportStart): string {
  return theImport(start).replace('The', 'the')
}
