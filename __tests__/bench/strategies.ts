import { decodeJob } from '../../src/service/decode.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import { nextPollAtMs } from '../../src/gate/pace.ts'
import type { TraceChange } from './trace.ts'

/** When to poll again, from what the polls so far have shown; times are seconds since the first poll. */
export interface Poller {
  next(seen: TraceChange, atSeconds: number): number
}

/** A way of polling. */
export interface Strategy {
  readonly name: string
  readonly start: (random: () => number) => Poller
}

/** This action's own. */
export const AUTO: Strategy = {
  name: 'auto',
  start: (random) => {
    let history: History = newHistory('1')
    return {
      next: (seen, atSeconds) => {
        const snapshot = decodeJob({ ...seen, reason: '' }, String)
        if (snapshot === undefined) throw new Error('a trace without a state')
        const atMs = atSeconds * 1_000
        history = record(history, { kind: 'answered', snapshot }, { startedAtMs: atMs, endedAtMs: atMs })
        return nextPollAtMs(history, { pollIntervalMs: undefined, maxOutageMs: 300_000 }, random()) / 1_000
      },
    }
  },
}

/** What the Zilliz CLI waits with, and most scripts: the measure of all others. */
export const FIVE_SECONDS = fixed(5)

/** Rules as short as `auto`, with thresholds where it has a slope. */
const RULES: readonly Strategy[] = [
  rule('steps-10%-1%', (progress, age) => {
    if (progress >= 90) return 2
    return progress >= 70 ? within(2, 0.01 * age, 15) : within(2, 0.1 * age, 30)
  }),
  rule('steps-15%-1.5%', (progress, age, standstill) => {
    if (progress >= 90) return standstill > 0.1 * age ? within(2, 0.1 * standstill, 10) : 2
    return progress >= 70 ? within(2, 0.015 * age, 15) : within(2, 0.15 * age, 30)
  }),
]

/** What people use instead, and what `auto` could be. */
export const OTHERS: readonly Strategy[] = [
  ...RULES,
  ...[1, 2].map(fixed),
  FIVE_SECONDS,
  ...[10, 15, 30, 60].map(fixed),
  exponential('exponential-1s-x1.5-30s', 1, 1.5, 30),
  // https://github.com/googleapis/gax-nodejs: the poller of long-running operations.
  exponential('google-lro-5s-x1.5-45s', 5, 1.5, 45),
  smithy(),
]

/** A pause in seconds from the progress, the age, and the time since the progress last changed. */
function rule(name: string, pause: (progress: number, age: number, standstill: number) => number): Strategy {
  return {
    name,
    start: () => {
      let [progress, changedAt] = [-1, 0]
      return {
        next: (seen, at) => {
          if (seen.progress !== progress) [progress, changedAt] = [seen.progress, at]
          return at + pause(progress, at, at - changedAt)
        },
      }
    },
  }
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

function fixed(seconds: number): Strategy {
  return { name: `fixed-${seconds}s`, start: () => ({ next: (_seen, at) => at + seconds }) }
}

function exponential(name: string, first: number, factor: number, longest: number): Strategy {
  return {
    name,
    start: () => {
      let pause = first / factor
      return {
        next: (_seen, at) => {
          pause = Math.min(longest, pause * factor)
          return at + pause
        },
      }
    },
  }
}

/** https://smithy.io/2.0/additional-specs/waiters.html#waiter-retries: a random pause up to a ceiling that doubles. */
function smithy(): Strategy {
  const [shortest, longest] = [2, 120]
  return {
    name: 'smithy-2s-120s',
    start: (random) => {
      let attempt = 0
      return {
        next: (_seen, at) => {
          attempt += 1
          const ceiling = attempt > Math.log2(longest / shortest) + 1 ? longest : shortest * 2 ** (attempt - 1)
          return at + shortest + random() * (ceiling - shortest)
        },
      }
    },
  }
}
