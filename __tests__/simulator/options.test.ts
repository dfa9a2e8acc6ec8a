import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, jest } from '@jest/globals'

jest.setTimeout(60_000)

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The exit status of a script and all that it writes to stderr. */
function runOf(script: string, args: readonly string[]): Promise<readonly [status: unknown, stderr: string]> {
  const command = [
    '--no-warnings',
    '--import',
    './__tests__/support/typescript.mjs',
    `__tests__/simulator/${script}.ts`,
  ]
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, ...args], { cwd: ROOT }, (error, _, stderr) => {
      resolve([error?.code ?? 0, stderr.trim()])
    })
  })
}

describe('an option that does not hold ends in one sentence and status 2', () => {
  it.each([
    ['cli', ['--speed', '0'], '--speed takes a number from 0.01 to 1000, but got "0".'],
    ['cli', ['--speed', 'abc'], '--speed takes a number from 0.01 to 1000, but got "abc".'],
    ['cli', ['--port', '70000'], '--port takes a number from 0 to 65535, but got "70000".'],
    ['cli', ['--speed'], '--speed needs a value.'],
    ['cli', ['--sped', '2'], 'There is no option --sped (did you mean --speed?).'],
    ['cli', ['completed'], '"completed" is no option: the name of one starts with "--".'],
    ['start', ['--speed', '0'], 'There is no option --speed (--help lists them).'],
    ['start', ['--job_id', '1'], 'There is no option --job_id (did you mean --job-id?).'],
    ['start', ['--scenarios', 'completed'], 'There is no option --scenarios (did you mean --scenario?).'],
    ['start', ['--list=yes'], '--list takes no value.'],
  ])('%s %j', async (script, args, sentence) => {
    expect(await runOf(script, args)).toEqual([2, sentence])
  })
})
