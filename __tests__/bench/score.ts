import { FIVE_SECONDS } from './strategies.ts'
import type { Strategy } from './strategies.ts'
import { changeAt, durationSecondsOf, seeded } from './trace.ts'
import type { Trace } from './trace.ts'

/** What a strategy cost on one trace, over all seeds. */
export interface Cost {
  /** First and last included, on average. */
  readonly polls: number
  /** From the terminal change to the poll that sees it, one for each seed, the shortest first. */
  readonly delaysSeconds: readonly number[]
}

/** Plays one trace in virtual time, once a seed; a gate starts a moment after its import, and no two at the same moment. */
function play(trace: Trace, strategy: Strategy, seeds: number): Cost {
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

/** What one trace cost each strategy, by the strategy's name. */
export interface Played {
  readonly name: string
  readonly durationSeconds: number
  readonly strategies: Readonly<Record<string, Cost>>
}

/** Plays every trace against every strategy. */
export function playAll(traces: readonly Trace[], strategies: readonly Strategy[], seeds: number): readonly Played[] {
  return traces.map((trace) => ({
    name: trace.name,
    durationSeconds: durationSecondsOf(trace),
    strategies: Object.fromEntries(strategies.map((strategy) => [strategy.name, play(trace, strategy, seeds)])),
  }))
}

/** From here on an import counts as long. */
export const LONG_SECONDS = 300

/** How good a strategy is; NaN where there are no traces of that length. */
export interface Score {
  /** How many times later a fixed poller is at the same number of polls: the geometric mean over the long traces. */
  readonly equalBudgetRatio: number
  /** Polls against those of a poller every 5 s: the mean over the long traces. */
  readonly shareOfPolls: number
  readonly meanDelaySeconds: number
  readonly p95DelaySeconds: number
  readonly shortMeanDelaySeconds: number
  /** The share of all imports that are known within 4 s or 1% of their duration, whichever is longer. */
  readonly shareInTime: number
}

/** The score of one strategy; the poller every 5 s has to be among those played. */
export function scoreOf(played: readonly Played[], strategy: Strategy): Score {
  const all = played.map(({ durationSeconds, strategies }) => ({
    durationSeconds,
    ...costOf(strategies, strategy),
    shareOfPolls: costOf(strategies, strategy).polls / costOf(strategies, FIVE_SECONDS).polls,
  }))
  const long = all.filter(({ durationSeconds }) => durationSeconds >= LONG_SECONDS)
  const short = all.filter(({ durationSeconds }) => durationSeconds < LONG_SECONDS)
  const delays = all.flatMap(({ delaysSeconds }) => delaysSeconds)
  const inTime = all.flatMap(({ durationSeconds, delaysSeconds }) =>
    delaysSeconds.filter((delay) => delay <= Math.max(4, 0.01 * durationSeconds)),
  )
  return {
    equalBudgetRatio: geometricMean(long.map((trace) => equalBudgetRatioOf(trace.durationSeconds, trace))),
    shareOfPolls: mean(long.map(({ shareOfPolls }) => shareOfPolls)),
    meanDelaySeconds: mean(delays),
    p95DelaySeconds: percentile95(delays),
    shortMeanDelaySeconds: mean(short.flatMap(({ delaysSeconds }) => delaysSeconds)),
    shareInTime: inTime.length / delays.length,
  }
}

/** A fixed poller with as many polls has pauses of duration / polls, and is half a pause late on average. */
function equalBudgetRatioOf(durationSeconds: number, { polls, delaysSeconds }: Cost): number {
  return durationSeconds / polls / 2 / Math.max(0.001, mean(delaysSeconds))
}

/** What a strategy cost that has to be among those played. */
export function costOf(strategies: Played['strategies'], { name }: Strategy): Cost {
  const cost = strategies[name]
  if (cost === undefined) throw new Error(`${name} was not played`)
  return cost
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
