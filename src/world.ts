import { EOL } from 'node:os'
import * as core from '@actions/core'
import { createExchange } from './service/http.ts'
import type { HttpConnection, Transport } from './connection.ts'
import type { Clock } from './gate/clock.ts'
import type { LogSink } from './report/log.ts'

/** The log of the step and what the runner takes from it. */
interface RunnerLog extends LogSink {
  /** This value is never shown in the log. */
  mask(secret: string): void
}

/** Everything that lies outside. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: RunnerLog
  readonly clock: Clock
  /** The wall clock, in milliseconds since the epoch. */
  readonly wallClockMs: () => number
  /** From 0 to 1. */
  readonly random: () => number
  /** Aborted with the name of the signal that asks to stop, or with the error that no one caught. */
  readonly interrupt: AbortSignal
  readonly openExchange: (transport: Transport) => HttpConnection
}

/** The process that this is. From here on a signal no longer kills it: it interrupts the gate. */
export function realWorld(): World {
  return {
    env: process.env,
    log: runnerLog,
    clock: monotonicClock,
    wallClockMs: Date.now,
    random: Math.random,
    interrupt: interruptOf(process),
    openExchange: createExchange,
  }
}

/** How long the last lines of the log may take to be read. */
const LOG_GRACE_MS = 3_000

/** Ends the process with the status that it has, even if stdout is not read: what is left to write would keep it alive. */
export function exitSoon(): void {
  setTimeout(() => process.exit(), LOG_GRACE_MS).unref()
}

const MAX_TIMER_MS = 2 ** 31 - 1
const ABSENCE_CHECK_MS = 1_000

/** The process' own monotonic clock. A sleep is never shorter than asked for. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  absentMs: absenceWatch(),
  async sleep(ms, signal) {
    const untilMs = performance.now() + ms
    // A timer may fire a little early, and takes no delay above 2^31 - 1 ms.
    do await nap(Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(untilMs - performance.now()))), signal)
    while (signal?.aborted !== true && performance.now() < untilMs)
  },
}

/** Counts the time in which the process did not run: what a timer of 1 s is late by, beyond another second. */
function absenceWatch(): () => number {
  let checkedAtMs = performance.now()
  let absentMs = 0
  const check = () => {
    const nowMs = performance.now()
    absentMs += Math.max(0, nowMs - checkedAtMs - 2 * ABSENCE_CHECK_MS)
    checkedAtMs = nowMs
    return absentMs
  }
  setInterval(check, ABSENCE_CHECK_MS).unref()
  return check
}

function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish)
    if (signal?.aborted) finish()
  })
}

const runnerLog: RunnerLog = {
  info: (line) => {
    process.stdout.write(line + EOL)
  },
  debug: core.debug,
  group: (title, lines) => {
    core.startGroup(title)
    for (const line of lines) runnerLog.info(line)
    core.endGroup()
  },
  error: (title, message) => {
    core.error(message, { title })
  },
  warning: (title, message) => {
    core.warning(message, { title })
  },
  mask: core.setSecret,
}

/** The runner sends SIGINT, then SIGTERM; some shells SIGHUP; Windows SIGBREAK. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const

function interruptOf(process: NodeJS.Process): AbortSignal {
  const interrupt = new AbortController()
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      interrupt.abort(name)
    })
  }
  process.on('uncaughtException', (error) => {
    process.exitCode = 1
    interrupt.abort(error)
  })
  // The log has no reader any more, which is no reason to give up the gate.
  process.stdout.on('error', () => undefined)
  return interrupt.signal
}
