import { seeded } from './random.ts'
import type { Strategy } from './strategies.ts'
import { changeAt, durationSecondsOf } from './trace.ts'
import type { Trace } from './trace.ts'

/** What a strategy cost on one trace, over all seeds. */
export interface Cost {
  /** First and last included, on average. */
  readonly polls: number
  /** From the terminal change to the poll that sees it, one for each seed, the shortest first. */
  readonly delaysSeconds: readonly number[]
}

/** Plays one trace in virtual time, once a seed; a gate starts a moment after its import, and no two at the same moment. */
export function play(trace: Trace, strategy: Strategy, seeds: number): Cost {
  const endsAt = durationSecondsOf(trace)
  const runs = Array.from({ length: seeds }, (_, seed) => {
    const random = seeded(seed + 1)
    const startsAt = ((seed + random()) / seeds) * 2
    const poller = strategy.start(random)
    let at = startsAt
    let polls = 1
    for (; at < endsAt; polls += 1) at = startsAt + poller.next(changeAt(trace, at), at - startsAt)
    return { polls, delay: at - endsAt }
  })
  return { polls: mean(runs.map(({ polls }) => polls)), delaysSeconds: sorted(runs.map(({ delay }) => delay)) }
}

/** NaN where there are no numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

/** NaN where there are no numbers. */
export function geometricMean(numbers: readonly number[]): number {
  return Math.exp(mean(numbers.map((number) => Math.log(number))))
}

/** The smallest number that 95% of them do not exceed; NaN where there are no numbers. */
export function percentile95(numbers: readonly number[]): number {
  return sorted(numbers)[Math.ceil(numbers.length * 0.95) - 1] ?? NaN
}

function sorted(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b)
}
