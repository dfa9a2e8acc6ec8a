import type { View } from '../../gate/events.ts'
import { totalOutageMsAt } from '../../gate/history.ts'
import type { History, TimelinePoint } from '../../gate/history.ts'
import { count, counted, duration, percent, rowRate, shortened, unbroken } from '../../messages/format.ts'
import { code, joined, markup, tableOf, Markup } from './markdown.ts'
import type { Column } from './markdown.ts'
import {
  sizeRate,
  throughputOf,
  throughputText,
  slowestOf,
  STAGE_TITLES,
  STAGES,
  phaseDurationText,
  phaseDurations,
  watchedMs,
} from '../../messages/estimates.ts'
import type { Throughput, PhaseDuration } from '../../messages/estimates.ts'

/** A shorter wait has no course worth a word, and one that is over in a single stage has a length only. */
const MIN_WATCHED_MS = 10_000
const MIN_WATCHED_IN_ONE_STAGE_MS = 60_000
/** Of more jobs those that took longest. */
const MOST_JOBS = 25
const ID_LENGTH = 300

/** What one job went through, worked out once for all the places that tell it. */
interface Course {
  readonly job: History
  readonly stays: readonly PhaseDuration[]
  /** Undefined where nobody can tell. */
  readonly slowest: PhaseDuration | undefined
}

/**
 * Where the time went: how long the stages took, how fast rows came in, and for a job alone a picture. Empty where there
 * is nothing to learn from it; for many jobs only those that took longest.
 */
export function phaseSection(view: View): Markup {
  const courses = view.jobs
    .map((job) => ({ job, ms: watchedMs(job, view.nowMs) }))
    .filter(({ ms }) => ms >= MIN_WATCHED_MS)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_JOBS)
    .flatMap(({ job }) => courseOf(job, view.nowMs) ?? [])
  const [only] = courses
  if (only === undefined) return markup``
  const picture = view.jobs.length === 1 ? progressPicture(only.job, view.nowMs) : undefined
  return joined([
    markup`\n#### Where the time went\n\n`,
    paragraph([
      ...(view.jobs.length === 1 ? sentencesAbout(only, view.nowMs) : jobsSentences(courses, view.jobs.length)),
      ...silenceIn(view),
      ...searchIn(view),
    ]),
    courseTable(courses, view.jobs.length > 1),
    ...(picture === undefined ? [] : [markup`\n${picture}`]),
    legend(courses),
  ])
}

function courseOf(job: History, nowMs: number): Course | undefined {
  const stays = phaseDurations(job, nowMs)
  const [only, ...others] = stays
  if (only === undefined || (others.length === 0 && only.ms < MIN_WATCHED_IN_ONE_STAGE_MS)) return undefined
  return { job, stays, slowest: slowestOf(stays, totalOutageMsAt(job, nowMs)) }
}

function sentencesAbout({ job, stays, slowest }: Course, nowMs: number): readonly Markup[] {
  const share = ({ ms }: PhaseDuration) => percent((100 * ms) / watchedMs(job, nowMs))
  const which =
    slowest === undefined || stays.length === 1
      ? []
      : [
          markup`Slowest: <b>${STAGE_TITLES[slowest.stage].toLowerCase()}</b>, ${phaseDurationText(slowest)}, ${share(slowest)} of the time.`,
        ]
  const throughput = throughputOf(job)
  const rate = throughput === undefined ? [] : [markup`${throughputText(throughput)}.`]
  return [...which, ...rate]
}

function jobsSentences(told: readonly Course[], jobs: number): readonly Markup[] {
  return [
    ...(told.length === jobs ? [] : [markup`The ${count(told.length)} longest of ${counted(jobs, 'job')}.`]),
    ...boldSentence(told),
  ]
}

function boldSentence(told: readonly Course[]): readonly Markup[] {
  if (told.every(({ slowest }) => slowest !== undefined)) return [markup`The slowest stage of each job is bold.`]
  return told.some(({ slowest }) => slowest !== undefined)
    ? [markup`The slowest stage of a job is bold, where it can be told.`]
    : []
}

/** An outage counts as time in the stage that was seen before it. */
function silenceIn({ jobs, nowMs }: View): readonly Markup[] {
  const longestMs = Math.max(...jobs.map((job) => totalOutageMsAt(job, nowMs)))
  return longestMs < 1000 ? [] : [markup`For ${duration(longestMs)} of it the service gave no usable answer.`]
}

/** What came after the imports, where a search was waited for. */
function searchIn({ jobs, collections, nowMs }: View): readonly Markup[] {
  const importedAtMs = Math.max(...jobs.flatMap(({ timeline }) => timeline.at(-1)?.atMs ?? []))
  return collections.length === 0 ? [] : [markup`Then ${duration(nowMs - importedAtMs)} of waiting for a search.`]
}

function paragraph(sentences: readonly Markup[]): Markup {
  return sentences.length === 0 ? markup`` : markup`${joined(sentences, ' ')}\n\n`
}

function courseTable(courses: readonly Course[], areSeveral: boolean): Markup {
  const columns: readonly Column<Course>[] = areSeveral
    ? [
        { title: 'Job', cell: ({ job }) => code(shortened(job.jobId, ID_LENGTH)) },
        ...STAGE_COLUMNS,
        { title: 'Throughput', align: 'right', cell: ({ job }) => rateCell(throughputOf(job)) },
        { title: 'At best', align: 'right', cell: ({ job }) => bestCell(throughputOf(job)) },
      ]
    : STAGE_COLUMNS
  const { head, row, foot } = tableOf(columns, courses)
  return joined([head, ...courses.map(row), foot])
}

const STAGE_COLUMNS: readonly Column<Course>[] = STAGES.map((stage) => ({
  title: STAGE_TITLES[stage],
  align: 'right',
  cell: ({ stays, slowest }) => {
    const stay = stays.find((one) => one.stage === stage)
    if (stay === undefined) return ''
    const text = unbroken(phaseDurationText(stay))
    return stay === slowest ? markup`<b>${text}</b>` : text
  },
}))

function rateCell(throughput: Throughput | undefined): string | Markup {
  if (throughput === undefined) return ''
  const { rowsPerSecond, bytesPerRow, isAtLeast } = throughput
  const atLeast = isAtLeast ? '≥ ' : ''
  const size = bytesPerRow === undefined ? markup`` : markup`<br>${unbroken(sizeRate(rowsPerSecond, bytesPerRow))}`
  return markup`${unbroken(atLeast + rowRate(rowsPerSecond))}${size}`
}

function bestCell(throughput: Throughput | undefined): string | Markup {
  return throughput?.bestRowsPerSecond === undefined
    ? ''
    : rateCell({ ...throughput, rowsPerSecond: throughput.bestRowsPerSecond })
}

function legend(courses: readonly Course[]): Markup {
  const hasEstimates = courses.some(({ stays }) => stays.some(({ isEstimate }) => isEstimate))
  return markup`\n<sub>${hasEstimates ? markup`${ESTIMATES} ` : ''}As far as this step saw it.</sub>\n`
}

const ESTIMATES =
  '~ is told from the percentage, as Milvus 2.5 and 2.6 count it (3.x may differ): the service itself calls all of it Importing.'

/** More than can be told apart, and slow to draw in a browser. */
const MOST_POINTS = 40
/** A short import, or one of few changes, needs no picture. */
const MIN_CHART_MS = 3 * 60_000
const MIN_CHANGES = 6
/** A line that only rests says no more than the table. */
const MIN_STAGES = 2
const MIN_SHARE = 0.05

/**
 * A job's progress against time, for Mermaid; undefined where there is nothing to see. It holds numbers and words of our
 * own only. The line has a color of its own, since that of Mermaid cannot be seen on a light ground.
 */
export function progressPicture(job: History, nowMs: number): Markup | undefined {
  const spanMs = watchedMs(job, nowMs)
  const isWorthIt =
    spanMs >= MIN_CHART_MS &&
    job.timeline.length >= MIN_CHANGES &&
    phaseDurations(job, nowMs).filter(({ ms }) => ms >= MIN_SHARE * spanMs).length >= MIN_STAGES
  if (!isWorthIt) return undefined
  const { unit, unitMs } = spanMs < 10 * MINUTES.unitMs ? SECONDS : spanMs < 12 * HOURS.unitMs ? MINUTES : HOURS
  // Versions of Mermaid differ in where they draw the points between the ends, but for whole steps.
  const step = Math.ceil(spanMs / unitMs / (MOST_POINTS - 1))
  const steps = Math.ceil(spanMs / unitMs / step)
  return new Markup(
    [
      '```mermaid',
      `%%{init: ${JSON.stringify(POLLS)}}%%`,
      'xychart-beta',
      `    x-axis "${unit} since the first answer" 0 --> ${steps * step}`,
      '    y-axis "progress, %" 0 --> 100',
      `    line [${sampled(job.timeline, step * unitMs, steps).join(', ')}]`,
      '```\n',
    ].join('\n'),
  )
}

const POLLS = {
  xyChart: { width: 900, height: 240 },
  themeVariables: { xyChart: { plotColorPalette: '#2f81f7', backgroundColor: 'transparent' } },
}

const SECONDS = { unit: 'seconds', unitMs: 1_000 }
const MINUTES = { unit: 'minutes', unitMs: 60_000 }
const HOURS = { unit: 'hours', unitMs: 3_600_000 }

/** What was last seen at the first moment and after each step. */
function sampled(timeline: readonly TimelinePoint[], stepMs: number, steps: number): readonly number[] {
  const startMs = timeline[0]?.atMs ?? 0
  return Array.from({ length: steps + 1 }, (_, i) => {
    const seen = timeline.findLast(({ atMs }) => atMs <= startMs + stepMs * i)
    return Math.round(seen?.progress ?? 0)
  })
}
