import type { History, TimelinePoint } from '../gate/history.ts'
import { Markup } from './markdown.ts'
import { phaseDurations, watchedMs } from './timeline.ts'

/** More than can be told apart, and slow to draw in a browser. */
const MOST_POINTS = 40
/** A short import, or one of few changes, needs no picture. */
const MIN_WATCHED_MS = 3 * 60_000
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
    spanMs >= MIN_WATCHED_MS &&
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
