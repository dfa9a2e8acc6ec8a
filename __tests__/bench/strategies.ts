import { decodeJob } from '../../src/service/decode.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import { nextPollAtMs } from '../../src/gate/pace.ts'
import { aFile } from '../support/builders.ts'
import type { TraceChange } from './trace.ts'

/** When to poll again, from what the polls so far have shown; times are seconds since the first poll. */
export interface Poller {
  next(seen: TraceChange, atSeconds: number): number
}

/** A way of polling that somebody uses. */
export interface Strategy {
  readonly name: string
  /** For an import of so many files. */
  readonly start: (random: () => number, files: number) => Poller
}

/** This action's own. */
export const AUTO: Strategy = {
  name: 'auto',
  start: (random, files) => {
    let history: History = newHistory('1')
    const listed = Array.from({ length: files }, () => A_FILE)
    return {
      next: (seen, atSeconds) => {
        const job = decodeJob({ ...seen, reason: '' }, String)
        if (job === undefined) throw new Error('a trace without a state')
        const snapshot = { ...job, files: listed }
        const atMs = atSeconds * 1_000
        history = record(history, { kind: 'answered', snapshot }, { startedAtMs: atMs, endedAtMs: atMs })
        return nextPollAtMs(history, { pollIntervalMs: undefined, maxOutageMs: 300_000 }, random()) / 1_000
      },
    }
  },
}

const A_FILE = aFile({ phase: 'running', label: 'InProgress' })

/** What the Zilliz CLI waits with, and most scripts: the measure of all others. */
export const FIVE_SECONDS = fixed(5)

/** What people use instead. */
export const OTHERS: readonly Strategy[] = [
  ...[1, 2].map(fixed),
  FIVE_SECONDS,
  ...[10, 15, 30, 60].map(fixed),
  exponential('exponential-1s-x1.5-30s', 1, 1.5, 30),
  // https://github.com/googleapis/gax-nodejs: the poller of long-running operations.
  exponential('google-lro-5s-x1.5-45s', 5, 1.5, 45),
  smithy(),
]

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
