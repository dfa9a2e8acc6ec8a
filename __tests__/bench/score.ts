import { geometricMean, mean, play } from './play.ts'
import type { Cost } from './play.ts'
import { AUTO, FIVE_SECONDS } from './strategies.ts'
import type { Strategy } from './strategies.ts'
import { durationSecondsOf } from './trace.ts'
import type { Trace } from './trace.ts'

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

/** How good `auto` is, in the figures that its policy was made for; NaN where there are no traces of that length. */
export interface Score {
  readonly longTraces: number
  /** How many times later a fixed poller is at the same number of polls: the geometric mean over the long traces. */
  readonly advantage: number
  readonly longMeanDelaySeconds: number
  /** Polls against those of a poller of 5 s: the mean over the long traces. */
  readonly shareOfPolls: number
  /** The same over the sums of polls, which the longest traces decide. */
  readonly shareOfAllPolls: number
  readonly shortTraces: number
  readonly shortMeanDelaySeconds: number
  /** The share of all traces whose 95th percentile of the delay is at most 4 s or 1 % of the duration. */
  readonly shareInTime: number
  /** Polls against those of the offline optimum: the geometric mean over the long traces. */
  readonly regret: number
}

export function scoreOf(played: readonly Played[]): Score {
  const all = played.map(({ durationSeconds, strategies }) => ({
    durationSeconds,
    auto: costOf(strategies, AUTO),
    fiveSeconds: costOf(strategies, FIVE_SECONDS),
  }))
  const long = all.filter(({ durationSeconds }) => durationSeconds >= LONG_SECONDS)
  const short = all.filter(({ durationSeconds }) => durationSeconds < LONG_SECONDS)
  const inTime = all.filter(({ durationSeconds: d, auto }) => auto.p95DelaySeconds <= Math.max(4, 0.01 * d))
  return {
    longTraces: long.length,
    advantage: geometricMean(long.map(({ durationSeconds, auto }) => advantageOf(durationSeconds, auto))),
    longMeanDelaySeconds: mean(long.map(({ auto }) => auto.meanDelaySeconds)),
    shareOfPolls: mean(long.map(({ auto, fiveSeconds }) => auto.polls / fiveSeconds.polls)),
    shareOfAllPolls: mean(long.map(({ auto }) => auto.polls)) / mean(long.map(({ fiveSeconds }) => fiveSeconds.polls)),
    shortTraces: short.length,
    shortMeanDelaySeconds: mean(short.map(({ auto }) => auto.meanDelaySeconds)),
    shareInTime: inTime.length / all.length,
    regret: geometricMean(long.map(({ durationSeconds, auto }) => auto.polls / optimalPolls(durationSeconds, auto))),
  }
}

/** A fixed poller with as many polls has pauses of duration / polls, and is half a pause late on average. */
function advantageOf(durationSeconds: number, { polls, meanDelaySeconds }: Cost): number {
  return durationSeconds / polls / 2 / Math.max(0.001, meanDelaySeconds)
}

/** No strategy may pause for longer, since a failure can come at any moment. */
const MAX_PAUSE_SECONDS = 30

/**
 * The polls of an offline optimum: it knows when the trace ends and polls last with the same mean delay, but keeps to
 * the same longest pause on the way there.
 */
function optimalPolls(durationSeconds: number, { meanDelaySeconds }: Cost): number {
  return 1 + Math.ceil((durationSeconds + meanDelaySeconds) / MAX_PAUSE_SECONDS)
}

/** What a strategy cost that has to be among those played. */
export function costOf(strategies: Played['strategies'], { name }: Strategy): Cost {
  const cost = strategies[name]
  if (cost === undefined) throw new Error(`${name} was not played`)
  return cost
}
