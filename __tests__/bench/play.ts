import { seeded } from './random.ts'
import type { Strategy } from './strategies.ts'
import { changeAt, durationSecondsOf } from './trace.ts'
import type { Trace } from './trace.ts'

/** What a strategy cost on one trace, over all seeds; delays are from the terminal change to the poll that sees it. */
export interface Cost {
  /** First and last included. */
  readonly polls: number
  readonly meanDelaySeconds: number
  readonly p95DelaySeconds: number
  readonly worstDelaySeconds: number
}

/** Plays one trace in virtual time, once a seed; a gate starts a moment after its import, and no two at the same moment. */
export function play(trace: Trace, strategy: Strategy, seeds: number): Cost {
  const endsAt = durationSecondsOf(trace)
  const runs = Array.from({ length: seeds }, (_, seed) => {
    const random = seeded(seed + 1)
    const startsAt = ((seed + random()) / seeds) * 2
    const poller = strategy.start(random, trace.files ?? 0)
    let at = startsAt
    let polls = 1
    for (; at < endsAt; polls += 1) at = startsAt + poller.next(changeAt(trace, at), at - startsAt)
    return { polls, delay: at - endsAt }
  })
  const delays = runs.map(({ delay }) => delay).sort((a, b) => a - b)
  return {
    polls: mean(runs.map(({ polls }) => polls)),
    meanDelaySeconds: mean(delays),
    p95DelaySeconds: delays[Math.ceil(delays.length * 0.95) - 1] ?? 0,
    worstDelaySeconds: delays.at(-1) ?? 0,
  }
}

/** NaN where there are no numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

/** NaN where there are no numbers. */
export function geometricMean(numbers: readonly number[]): number {
  return Math.exp(mean(numbers.map((number) => Math.log(number))))
}
