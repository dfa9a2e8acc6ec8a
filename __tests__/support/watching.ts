import type { WatchEvent } from '../../src/gate/events.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { decodeJob } from '../../src/service/decode.ts'
import { TIME_IS_UP } from '../../src/gate/import-service.ts'
import type { Poll } from '../../src/gate/import-service.ts'
import type { CommitResult, ImportService } from '../../src/gate/import-service.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { FakeClock } from './fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from './services.ts'
import { aTrouble } from './builders.ts'

/** What a poll a moment brings, and how long it takes. */
export type Script = (moment: { readonly atMs: number; readonly poll: number }) => {
  readonly result: PollResult
  readonly tookMs?: number
}

/** One request as the service saw it. */
export interface SeenPoll {
  readonly jobId: string
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly result: PollResult
}

export interface Watched {
  readonly conclusion: Conclusion
  readonly endedAtMs: number
  readonly events: readonly WatchEvent[]
  readonly polls: readonly SeenPoll[]
  /** The jobs that the service was told to abort. */
  readonly aborted: readonly string[]
}

/** A whole watch in virtual time, over jobs that play scripts. */
export async function watchScripts(
  scripts: Readonly<Record<string, Script>>,
  policy: Partial<Policy> = {},
  options: { readonly random?: () => number; readonly interruptAtMs?: number } = {},
): Promise<Watched> {
  const clock = new FakeClock()
  const polls: SeenPoll[] = []
  const amounts = new Map<string, number>()
  const interrupt = new AbortController()
  const poll: Poll = async (jobId, { signal, turn }) => {
    if (!(await turn())) return { kind: 'cancelled' }
    const startedAtMs = clock.now()
    const script = scripts[jobId]
    if (script === undefined) throw new Error(`no script for job ${jobId}`)
    const nth = amounts.get(jobId) ?? 0
    amounts.set(jobId, nth + 1)
    const { result: reply, tookMs = 0 } = script({ atMs: startedAtMs, poll: nth })
    if (tookMs > 0) await clock.sleep(tookMs, signal)
    const result = signal.aborted ? cut(signal) : reply
    polls.push({ jobId, startedAtMs, endedAtMs: clock.now(), result })
    return result
  }
  const aborted: string[] = []
  const abort: ImportService['abort'] = async (jobId, { turn }) => {
    if (!(await turn())) return { kind: 'cancelled' }
    aborted.push(jobId)
    return { kind: 'done' }
  }
  const events: WatchEvent[] = []
  const watching = (async () => {
    const watch = watchImports({
      selection: { kind: 'given', jobIds: Object.keys(scripts) },
      policy: { ...DEFAULT_POLICY, ...policy },
      service: serviceThat({ pollerFor: () => poll, abort }),
      clock,
      wallClockMs: () => WALL_CLOCK_MS + clock.now(),
      random: options.random ?? (() => 0),
      interrupt: interrupt.signal,
      startedAtMs: clock.now(),
    })
    for await (const event of watch) events.push(event)
  })()
  if (options.interruptAtMs !== undefined) {
    void clock.sleep(options.interruptAtMs).then(() => {
      interrupt.abort('SIGINT')
    })
  }
  await clock.until(watching)
  const last = events.at(-1)
  if (last?.kind !== 'ended') throw new Error('the watch did not end with its conclusion')
  return { conclusion: last.conclusion, endedAtMs: last.view.nowMs, events, polls, aborted }
}

function cut(signal: AbortSignal): PollResult {
  return signal.reason === TIME_IS_UP ? outage('timeout') : { kind: 'cancelled' }
}

export function outage(outcome = 'http-502', retryAfterMs?: number): Extract<PollResult, { readonly kind: 'outage' }> {
  const error = aTrouble({ outcome, ...(outcome === 'timeout' && { kind: 'timeout' }) })
  return { kind: 'outage', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

export function refused(hostHasAnswered = false): PollResult {
  return {
    kind: 'refused',
    hostHasAnswered,
    error: aTrouble({ kind: 'credentials', outcome: 'code-1800', httpStatus: 401, code: 1800 }),
  }
}

/** A commit or an abort that the state of the job forbids. */
export function declined(): Extract<CommitResult, { readonly kind: 'refused' }> {
  return {
    kind: 'refused',
    hostHasAnswered: false,
    error: aTrouble({ kind: 'declined', outcome: 'code-2100', httpStatus: 200, code: 2100 }),
  }
}

export function unknownJob(): PollResult {
  return {
    kind: 'unknown-job',
    error: aTrouble({ kind: 'unknown-job', outcome: 'unknown-job' }),
  }
}

/** A good answer, from what stands on the wire. */
export function answered(state: string, fields: Readonly<Record<string, unknown>> = {}): PollResult {
  const snapshot = decodeJob({ state, ...fields }, String)
  if (snapshot === undefined) throw new Error('an answer without a state')
  return { kind: 'answered', snapshot }
}
