import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Endured } from './endurance.ts'

const execute = promisify(execFile)
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** A long wait in a process of its own, whose memory is nobody else's: six hours, or as many looks as asked for. */
export async function endure(looks?: number): Promise<Endured> {
  const options = ['--expose-gc', '--no-warnings', '--import', path('../support/typescript.mjs')]
  const { stdout } = await execute(process.execPath, [
    ...options,
    path('./endurance.ts'),
    ...(looks === undefined ? [] : [String(looks)]),
  ])
  return JSON.parse(stdout) as Endured
}
