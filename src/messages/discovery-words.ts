import { createdAtMs } from '../gate/discovery.ts'
import type { Discovery } from '../gate/discovery.ts'
import type { View } from '../gate/events.ts'
import type { Policy } from '../gate/policy.ts'
import { counted, duration, shortened, utcTime } from './format.ts'
import { MOST_NAMED, searchedCollection } from './phrases.ts'
import type { Message } from './phrases.ts'

const MAX_LABEL_LENGTH = 20

/** Of a collection without jobs to wait for: what was polled, what ended lately, and what the list may hide. */
export function noJobs(passes: boolean, view: View): Message {
  const { discovery } = view
  const where = `${searchedCollection(view)}${databaseText(discovery)}`
  const at = discovery?.place === undefined ? '' : ` at ${discovery.place}`
  const since = discovery?.sinceMs === undefined ? '' : `, and none was created since ${moment(discovery.sinceMs)}`
  return {
    sentence: `No import job of ${where} is under way${at}${since}${passes ? '; the step passes, as on-no-jobs asks' : ''}.`,
    points: [endedText(discovery)],
    next: passes
      ? `${HIDDEN} What follows must not rely on rows that this gate has seen.`
      : `Check \`collection-name\`, \`db-name\` and \`endpoint\` or \`cluster-id\`. ${HIDDEN} ${hint(discovery)} If there may be none, set \`on-no-jobs\` to \`pass\`.`,
  }
}

const HIDDEN = 'Jobs that the user of the key may not see are left out of the list without a word.'

/** Of a search that had no time to ask all ended jobs when they were created; undefined where that was not what was missing. */
export function outOfTime(view: View, policy: Policy): Message | undefined {
  const { undated = 0 } = view.discovery ?? {}
  if (undated === 0 || view.jobs.length > 0) return undefined
  return {
    sentence: `Time is up after ${duration(policy.timeoutMs)}: ${searchedCollection(view)}${databaseText(view.discovery)} still has ${counted(undated, 'ended job')} of which nobody knows when ${undated === 1 ? 'it was' : 'they were'} created.`,
    next: 'Raise `timeout`, or name the jobs to wait for with `job-id`. The service is asked about each ended job alone, up to 9 a second.',
  }
}

function hint(discovery: Discovery | undefined): string {
  return discovery?.sinceMs === undefined
    ? 'To count jobs that ended before this step, set `since`, or name the job with `job-id`.'
    : 'To count jobs that were created earlier, set `since` further back, or name the job with `job-id`.'
}

function endedText(discovery: Discovery | undefined): string {
  const { ended = [] } = discovery ?? {}
  if (ended.length === 0) return 'The service lists no other import job of this collection.'
  const told = ended.slice(0, MOST_NAMED)
  // Of an id of Zilliz Cloud nobody knows how old it is.
  const areLatest = told.every(({ jobId }) => createdAtMs(jobId, undefined) !== undefined)
  const which = ended.length <= MOST_NAMED ? ':' : areLatest ? ', the latest are' : ', among them'
  const names = told.map(({ jobId, label }) => `${jobId} (${shortened(label, MAX_LABEL_LENGTH)})`)
  return `It lists ${counted(ended.length, 'job')} that ended before${which} ${names.join(', ')}.`
}

/** Which jobs of a collection are waited for, for the log. */
export function discoveredText(discovery: Discovery): readonly string[] {
  const { collectionName, jobIds, ended } = discovery
  if (jobIds.length === 0) return []
  const past = ended.length === 0 ? '' : `; ${counted(ended.length, 'other job')} ended before`
  return [
    `collection ${collectionName}${databaseText(discovery)} has ${counted(jobIds.length, 'import job')} to wait for${past}`,
    'jobs that appear from now on are not waited for',
  ]
}

/** What is polled for, in the middle of a sentence. */
export function searchedJobs(view: View): string {
  return `the import jobs of ${searchedCollection(view)}${databaseText(view.discovery)}`
}

function databaseText(discovery: Discovery | undefined): string {
  return discovery?.dbName === undefined ? '' : ` in database ${discovery.dbName}`
}

function moment(timeMs: number): string {
  return `${utcTime(new Date(timeMs).toISOString())} UTC`
}
