import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Endured } from './endurance.ts'

const execute = promisify(execFile)
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// A young generation of fixed size: else the process takes more room at some point, for the speed of it.
const NODE_OPTIONS = ['--expose-gc', '--max-semi-space-size=1', '--no-warnings']

/** A long wait, of six hours where no number of polls is given. */
export interface Wait {
  readonly polls?: number
  /** What the process lets leak with every poll, to see that it is noticed. */
  readonly leakBytes?: number
}

/** A long wait in a process of its own, whose memory is nobody else's. */
export async function endure({ polls = 0, leakBytes = 0 }: Wait = {}): Promise<Endured> {
  const { stdout } = await execute(process.execPath, [
    ...NODE_OPTIONS,
    '--import',
    path('../support/typescript.mjs'),
    path('./endurance.ts'),
    String(polls),
    String(leakBytes),
  ])
  return JSON.parse(stdout) as Endured
}
