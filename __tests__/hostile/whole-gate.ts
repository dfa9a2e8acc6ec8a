import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/run.ts'
import type { HttpConnection } from '../../src/connection.ts'
import type { Transport } from '../../src/connection.ts'
import type { Clock } from '../../src/gate/clock.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** Everything that a step leaves behind. */
export interface Left {
  readonly passes: boolean
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly report: string
  /** Lines of the log. */
  readonly log: readonly string[]
  /** Lines that the runner shows only for debugging. */
  readonly debugLog: readonly string[]
  /** What nobody who reads the log shall see. */
  readonly masked: readonly string[]
  readonly annotations: readonly ('error' | 'warning')[]
}

/** The inputs by their names, and whoever answers the requests. */
export interface Step {
  readonly inputs: Readonly<Record<string, string>>
  readonly openExchange: (clock: Clock, transport: Transport) => HttpConnection
  /** Until when time stands still, besides all that settles by itself. */
  readonly idle?: () => Promise<void>
  readonly interrupt?: AbortSignal
  /** How the environment differs: a variable that is empty is as good as none. */
  readonly env?: Readonly<Record<string, string>>
  /** Hears every line of the log as it is written. */
  readonly onLine?: (line: string) => void
  /** Forgets the lines of the log, for a step that writes very many. */
  readonly isSilent?: boolean
}

/** The whole step in this process and in virtual time, with real files; all but the process itself and its network. */
export async function runStep(step: Step, clock = new FakeClock()): Promise<Left> {
  const { inputs, openExchange, idle = turnsOfTheLoop, isSilent = false, onLine } = step
  const { interrupt = new AbortController().signal } = step
  const folder = mkdtempSync(join(tmpdir(), 'whole-gate-'))
  const [outputPath, summaryPath] = [join(folder, 'output'), join(folder, 'summary')]
  const log: string[] = []
  const debugLog: string[] = []
  const masked: string[] = []
  const annotations: ('error' | 'warning')[] = []
  const env = {
    ...Object.fromEntries(Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text])),
    GITHUB_OUTPUT: outputPath,
    GITHUB_STEP_SUMMARY: summaryPath,
    RUNNER_TEMP: folder,
    ...step.env,
  }
  try {
    const passes = await clock.until(
      run({
        env,
        clock,
        random: () => 0.5,
        interrupt,
        wallClockMs: Date.now,
        openExchange: (transport) => openExchange(clock, transport),
        log: {
          info: (line) => {
            if (!isSilent) log.push(line)
            onLine?.(line)
          },
          debug: (line) => isSilent || debugLog.push(line),
          group: (_, lines) => isSilent || log.push(...lines),
          mask: (secret) => masked.push(secret),
          error: () => annotations.push('error'),
          warning: () => annotations.push('warning'),
        },
      }),
      idle,
    )
    const outputs = readOutputs(textOf(outputPath))
    const report = textOf(outputs['reportPath'] ?? '')
    return { passes, outputs, summary: textOf(summaryPath), report, log, debugLog, masked, annotations }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The step itself waits for two turns of the event loop, so that signals are heard. */
export async function turnsOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Empty where there is no such file. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function readOutputs(file: string): Readonly<Record<string, string>> {
  const entries = [...file.matchAll(/^(\w+)<<(ghadelimiter_[\w-]+)\n([^]*?)\n\2\n/gm)]
  return Object.fromEntries(entries.map(([, name = '', , value = '']) => [name, value]))
}
