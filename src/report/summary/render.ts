import type { Conclusion } from '../../gate/conclusion.ts'
import type { View } from '../../gate/events.ts'
import type { History } from '../../gate/history.ts'
import type { Policy } from '../../gate/policy.ts'
import { docsUrl } from '../../messages/codes.ts'
import type { Code, HttpsUrl } from '../../messages/codes.ts'
import { commitNotes } from '../../messages/two-phase.ts'
import { importDuration, isIdle, stallHint } from '../../messages/estimates.ts'
import { bytes, count, counted, duration, percent, utcTime } from '../../messages/format.ts'
import { headline, isPlainSuccess, searchedJobs, serviceReason } from '../../messages/outcomes.ts'
import type { Headline } from '../../messages/outcomes.ts'
import { progressOf } from '../../messages/phrases.ts'
import type { RequestSummary } from '../../messages/phrases.ts'
import { collectionsTable } from './collection-table.ts'
import { code, joined, link, Markup, markup, paragraphs, prose } from './markdown.ts'
import { phaseFacts, phaseSection } from './phases.ts'
import { fileSections, hasFailed, jobsTable, rowsCell, spaceOf } from './tables.ts'

/** What the summary says besides the view. */
export interface SummaryContext {
  /** The page of the version that runs that explains the codes. */
  readonly troubleshooting?: HttpsUrl | undefined
  /** The service's host, as the user knows it. */
  readonly endpoint?: string | undefined
  /** The wall clock's time. */
  readonly writtenAt: Date
  /** The requests so far, by path. */
  readonly asked?: readonly RequestSummary[]
}

/** The runner drops a summary of more than 1,048,576 bytes as a whole; masking may still make it longer. */
export const MAX_SUMMARY_BYTES = 1_000_000
/** For the frames of the tables and the few lines that say what was left out. */
const RESERVED_BYTES = 50_000

/**
 * The job summary as Markdown, at most a million bytes: what comes last in the tables, which begin with what failed, is
 * left to the report file. Without a conclusion it is what a killed step leaves behind.
 */
export function renderSummary(
  view: View,
  conclusion: Conclusion | undefined,
  policy: Policy,
  context: SummaryContext,
): string {
  const head = conclusion === undefined ? runningHead(view) : endHead(conclusion, view, policy, context)
  const facts = paragraph(factsOf(view, conclusion))
  const foot = markup`\n${footer(view, policy, context)}\n`
  const phases = phaseSection(view)
  const collections = collectionsTable(view)
  const space = spaceOf(MAX_SUMMARY_BYTES - RESERVED_BYTES)
  space(joined([head, facts, phases, collections, foot]))
  const jobs = jobsTable(view, space)
  const files = fileSections(view, conclusion, space)
  // Where something failed, the file is what matters; else the collections.
  const tables = view.jobs.some(hasFailed) ? [jobs, files, collections] : [jobs, collections, files]
  return joined([head, facts, ...tables, phases, foot]).source
}

function endHead(conclusion: Conclusion, view: View, policy: Policy, { troubleshooting }: SummaryContext): Markup {
  const message = headline(conclusion, view, policy)
  const heading = markup`### ${iconOf(conclusion)} ${message.title}\n`
  if (isPlainSuccess(conclusion)) return heading
  const { sentence, isSaidByTitle = false, points = [], next } = message
  const reason = serviceReason(conclusion, view)
  const explained = codeLink(message.code, troubleshooting)
  // The heading has the cause, the facts the progress, and the footer the job.
  const [, cause = ''] = message.title.split(/: (.*)/)
  const isSaid =
    next !== undefined &&
    view.jobs.length === 1 &&
    (isSaidByTitle || (cause !== '' && sentence.endsWith(`: ${cause}.`)))
  return joined([
    heading,
    markup`\n`,
    paragraphs([
      ...(isSaid ? [] : [markup`${prose(sentence)}${explained}`]),
      ...(points.length === 0
        ? []
        : [markup`<ul>${joined(points.map((point) => markup`<li>${prose(point)}</li>`))}</ul>`]),
      ...(reason === undefined ? [] : [markup`<b>Reason from the service</b>: ${code(reason)}`]),
      ...(next === undefined
        ? []
        : [markup`<b>What to do</b>: ${prose(next)}${isSaid ? explained : ''}${moreLink(message, isSaid)}`]),
    ]),
  ])
}

function iconOf({ kind, passes }: Conclusion): string {
  if (kind === 'completed' || kind === 'started') return '✅'
  if (passes) return '⚠️'
  return ICONS[kind] ?? '❌'
}

const ICONS: Readonly<Partial<Record<Conclusion['kind'], string>>> = {
  'timed-out': '⏱️',
  cancelled: '🛑',
  uncommitted: '⏸️',
}

/** The code, as a link to its explanation where the docs of this version are known. */
function codeLink(name: Code | undefined, troubleshooting: HttpsUrl | undefined): Markup {
  if (name === undefined) return markup``
  return markup` ${troubleshooting === undefined ? name : link(docsUrl(troubleshooting, name), name)}`
}

function moreLink({ link: url }: Headline, isBehindCode: boolean): Markup {
  return url === undefined
    ? markup``
    : joined([isBehindCode ? markup` ·` : markup``, markup` ${link(url, 'More about this')}`])
}

function runningHead(view: View): Markup {
  const hint = view.jobs.filter(isIdle).flatMap((job) => stallHint(job) ?? [])[0]
  const [job, ...others] = view.jobs
  const continues =
    view.collections.length > 0
      ? ' Indexing and loading may continue at the service.'
      : view.jobs.some(({ latest }) => latest !== undefined)
        ? ` The import${others.length === 0 ? '' : 's'} may continue at the service.`
        : ''
  const title =
    view.collections.length > 0
      ? 'Import complete, not searchable yet'
      : job === undefined
        ? view.discovery === undefined
          ? 'Starting'
          : `Searching for ${searchedJobs(view)}`
        : others.length === 0
          ? `Import running: ${progressOf(job)}`
          : `${counted(view.jobs.length, 'import')} running`
  return joined([
    markup`### ⏳ ${title}\n\n`,
    paragraphs([
      ...(hint === undefined ? [] : [markup`${hint}`]),
      markup`${`If the step has ended, it was killed, and this is the last state that it saw.${continues}`}`,
    ]),
  ])
}

/** The text above the numbers has the state of the job already. */
const SAYS_STATE: readonly (Conclusion['kind'] | undefined)[] = [
  'timed-out',
  'cancelled',
  'stalled',
  'not-found',
  undefined,
]

/** Numbers of a job alone; of several jobs the table has them. */
function factsOf(view: View, conclusion: Conclusion | undefined): readonly string[] {
  const [job, ...others] = view.jobs
  if (job?.latest === undefined || others.length > 0) return phaseFacts(view)
  const facts = jobFacts(job, job.latest, view, SAYS_STATE.includes(conclusion?.kind))
  return [...(facts === '' ? [] : [`${facts}.`]), ...phaseFacts(view)]
}

function jobFacts(job: History, latest: NonNullable<History['latest']>, view: View, isStateSaid: boolean): string {
  const { files, sizeBytes, phase, label } = latest
  const failed = files.filter((file) => file.phase === 'failed').length
  const rows = rowsCell(job)
  const facts = [
    ...(files.length === 0
      ? []
      : [failed === 0 ? counted(files.length, 'file') : `${count(failed)} of ${counted(files.length, 'file')} failed`]),
    ...(rows === '' || (rows === '0' && phase !== 'completed') ? [] : [`${rows} rows`]),
    ...(sizeBytes ? [bytes(sizeBytes)] : []),
  ]
  const took = importDuration(job, view.nowMs)
  if (phase === 'completed') return [...facts, ...(took === undefined ? [] : [`in ${took}`])].join(', ')
  if (isStateSaid) return facts.join(', ')
  const state = `${[label, ...commitNotes(job)].join(', ')} at ${percent(job.progress)} after ${duration(view.nowMs - view.startedAtMs)}`
  return facts.length === 0 ? state : `${state}: ${facts.join(', ')}`
}

function paragraph(sentences: readonly string[]): Markup {
  return sentences.length === 0 ? markup`` : markup`\n${sentences.join(' ')}\n`
}

function footer(view: View, policy: Policy, { endpoint, writtenAt, asked = [] }: SummaryContext): Markup {
  const polls = view.jobs.reduce((sum, job) => sum + job.polls, 0)
  const host = endpoint === undefined ? 'the service' : code(endpoint)
  const waited = `Waited ${duration(view.nowMs - view.startedAtMs)} (timeout ${duration(policy.timeoutMs)})`
  return joined([
    markup`<sub>`,
    subjectLine(view),
    view.jobs.length === 0 && view.discovery === undefined
      ? markup``
      : markup`${waited}, ${view.jobs.length === 0 ? 'searched in' : `${counted(polls, 'poll')} of`} ${host}. `,
    markup`${failedRequests(asked)}${new Markup(utcTime(writtenAt.toISOString()))} UTC</sub>`,
  ])
}

function subjectLine({ jobs, discovery }: View): Markup {
  const [job, ...others] = jobs
  if (job === undefined)
    return discovery === undefined ? markup`` : markup`Collection ${code(discovery.collectionName)}. `
  if (others.length > 0) return markup`${counted(jobs.length, 'job')}. `
  const name = job.latest?.collectionName
  return markup`Job ${code(job.jobId)}${name === undefined ? '' : markup`, collection ${code(name)}`}. `
}

function failedRequests(asked: readonly RequestSummary[]): string {
  const outcomes = asked.flatMap((one) => Object.entries(one.outcomes))
  const total = outcomes.reduce((sum, [, amount]) => sum + amount, 0)
  const failed = outcomes.reduce((sum, [outcome, amount]) => (outcome === 'answered' ? sum : sum + amount), 0)
  return failed === 0 ? '' : `${count(failed)} of ${counted(total, 'request')} failed. `
}
