import type { View } from '../../gate/events.ts'
import { totalOutageMsAt } from '../../gate/history.ts'
import type { History, TimelinePoint } from '../../gate/history.ts'
import {
  phaseDurations,
  phaseDurationText,
  sizeRate,
  slowestOf,
  STAGE_TITLES,
  STAGES,
  throughputOf,
  throughputText,
  watchedMs,
} from '../../messages/estimates.ts'
import type { PhaseDuration, Throughput } from '../../messages/estimates.ts'
import { counted, duration, rowRate, shortened, unbroken } from '../../messages/format.ts'
import { code, joined, Markup, markup, tableOf } from './markdown.ts'
import type { Column } from './markdown.ts'

/** A shorter import has no phases worth showing, and one that was only in a single phase has a duration only. */
const MIN_WATCHED_MS = 10_000
const MIN_WATCHED_IN_ONE_PHASE_MS = 60_000
/** Of more jobs those that took longest. */
const MOST_JOBS = 25
const ID_LENGTH = 300

/** The phases of one job. */
interface JobPhases {
  readonly job: History
  readonly durations: readonly PhaseDuration[]
  /** Undefined where an outage may hide another one. */
  readonly slowest: PhaseDuration | undefined
}

/** Throughput, slowest phase and outages, a sentence each. */
export function phaseFacts(view: View): readonly string[] {
  const [only] = view.jobs.length === 1 ? jobsWithPhases(view) : []
  const throughput = only && throughputOf(only.job)
  const watched = only && watchedMs(only.job, view.nowMs)
  const slowest = only !== undefined && only.durations.length > 1 ? only.slowest : undefined
  const outageMs = Math.max(0, ...view.jobs.map((job) => totalOutageMsAt(job, view.nowMs)))
  const importedAtMs = Math.max(0, ...view.jobs.flatMap(({ timeline }) => timeline.at(-1)?.atMs ?? []))
  return [
    ...(throughput === undefined ? [] : [`${capitalized(throughputText(throughput))}.`]),
    ...(slowest === undefined || watched === undefined
      ? []
      : [
          `Slowest phase: ${STAGE_TITLES[slowest.stage].toLowerCase()}, ${phaseDurationText(slowest)} of ${duration(watched)}.`,
        ]),
    ...(outageMs < 1000 ? [] : [`No usable response for ${duration(outageMs)}.`]),
    ...(view.collections.length === 0
      ? []
      : [`Then ${duration(view.nowMs - importedAtMs)} of waiting for the rows to become searchable.`]),
  ]
}

/** How long each phase took, folded: for a job alone with a chart, for several as a table. Empty for short imports. */
export function phaseSection(view: View): Markup {
  const jobs = jobsWithPhases(view)
  const [only] = jobs
  if (only === undefined) return markup``
  const hasEstimates = jobs.some(({ durations }) => durations.some(({ isEstimate }) => isEstimate))
  const legend = hasEstimates ? markup`\n~ = estimated from the progress percentage.\n` : markup``
  if (view.jobs.length === 1) {
    const chart = progressChart(only.job, view.nowMs)
    const text = only.durations
      .map((one) => `${STAGE_TITLES[one.stage].toLowerCase()} ${phaseDurationText(one)}`)
      .join(', ')
    if (chart !== undefined) return folded(`Progress: ${text}`, chart, legend)
    const line = hasEstimates ? `${text}. ~ = estimated.` : `${text}.`
    return only.durations.length < 2 ? markup`` : markup`\nProgress: ${line}\n`
  }
  const which =
    jobs.length < view.jobs.length
      ? `the ${counted(jobs.length, 'longest job', 'longest jobs')}`
      : counted(jobs.length, 'job')
  return folded(`Phases of ${which}`, phaseTable(jobs), legend)
}

function folded(title: string, body: Markup, legend: Markup): Markup {
  return markup`\n<details>\n<summary>${title}</summary>\n\n${body}${legend}\n</details>\n`
}

function jobsWithPhases(view: View): readonly JobPhases[] {
  return view.jobs
    .map((job) => ({ job, ms: watchedMs(job, view.nowMs) }))
    .filter(({ ms }) => ms >= MIN_WATCHED_MS)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_JOBS)
    .flatMap(({ job }) => phasesOf(job, view.nowMs) ?? [])
}

function phasesOf(job: History, nowMs: number): JobPhases | undefined {
  const durations = phaseDurations(job, nowMs)
  const [only, ...others] = durations
  if (only === undefined || (others.length === 0 && only.ms < MIN_WATCHED_IN_ONE_PHASE_MS)) return undefined
  return { job, durations, slowest: slowestOf(durations, totalOutageMsAt(job, nowMs)) }
}

function phaseTable(jobs: readonly JobPhases[]): Markup {
  const columns: readonly Column<JobPhases>[] = [
    { title: 'Job', cell: ({ job }) => code(shortened(job.jobId, ID_LENGTH)) },
    ...PHASE_COLUMNS,
    { title: 'Throughput', align: 'right', cell: ({ job }) => rateCell(throughputOf(job)) },
  ]
  const { head, row, foot } = tableOf(columns, jobs)
  return joined([head, ...jobs.map(row), foot])
}

const PHASE_COLUMNS: readonly Column<JobPhases>[] = STAGES.map((stage) => ({
  title: STAGE_TITLES[stage],
  align: 'right',
  cell: ({ durations, slowest }) => {
    const time = durations.find((one) => one.stage === stage)
    if (time === undefined) return ''
    const text = unbroken(phaseDurationText(time))
    return time === slowest ? markup`<b>${text}</b>` : text
  },
}))

function rateCell(throughput: Throughput | undefined): string | Markup {
  if (throughput === undefined) return ''
  const { rowsPerSecond, bytesPerRow, isAtLeast } = throughput
  const rate = unbroken(`${isAtLeast ? '≥ ' : ''}${rowRate(rowsPerSecond)}`)
  return bytesPerRow === undefined ? rate : markup`${rate}<br>${unbroken(sizeRate(rowsPerSecond, bytesPerRow))}`
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** More points cannot be distinguished, and are slow to draw in a browser. */
const MOST_POINTS = 40
/** A short import, or one of few changes, needs no chart. */
const MIN_CHART_MS = 3 * 60_000
const MIN_CHANGES = 6
/** A line that is mostly flat says no more than the durations. */
const MIN_PHASES = 2
const MIN_SHARE = 0.05

/**
 * A job's progress against time, for Mermaid; undefined where there is little to see. It holds numbers and words of our own
 * only. The line has its own color, since Mermaid's is invisible on a light background.
 */
export function progressChart(job: History, nowMs: number): Markup | undefined {
  const spanMs = watchedMs(job, nowMs)
  const isWorthIt =
    spanMs >= MIN_CHART_MS &&
    job.timeline.length >= MIN_CHANGES &&
    phaseDurations(job, nowMs).filter(({ ms }) => ms >= MIN_SHARE * spanMs).length >= MIN_PHASES
  if (!isWorthIt) return undefined
  const { unit, unitMs } = spanMs < 10 * MINUTES.unitMs ? SECONDS : spanMs < 12 * HOURS.unitMs ? MINUTES : HOURS
  // Versions of Mermaid place the points between the ends differently, except at whole steps.
  const step = Math.ceil(spanMs / unitMs / (MOST_POINTS - 1))
  const steps = Math.ceil(spanMs / unitMs / step)
  return new Markup(
    [
      '```mermaid',
      `%%{init: ${JSON.stringify(CHART)}}%%`,
      'xychart-beta',
      `    x-axis "${unit} since the first response" 0 --> ${steps * step}`,
      '    y-axis "progress (%)" 0 --> 100',
      `    line [${sampled(job.timeline, step * unitMs, steps).join(', ')}]`,
      '```\n',
    ].join('\n'),
  )
}

const CHART = {
  xyChart: { width: 900, height: 240 },
  themeVariables: { xyChart: { plotColorPalette: '#2f81f7', backgroundColor: 'transparent' } },
}

const SECONDS = { unit: 'seconds', unitMs: 1_000 }
const MINUTES = { unit: 'minutes', unitMs: 60_000 }
const HOURS = { unit: 'hours', unitMs: 3_600_000 }

/** The last progress seen at the start and after each step. */
function sampled(timeline: readonly TimelinePoint[], stepMs: number, steps: number): readonly number[] {
  const startMs = timeline[0]?.atMs ?? 0
  return Array.from({ length: steps + 1 }, (_, i) => {
    const seen = timeline.findLast(({ atMs }) => atMs <= startMs + stepMs * i)
    return Math.round(seen?.progress ?? 0)
  })
}
