import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from '@jest/globals'
import { startSimulator } from './simulator/server.ts'
import { aMilvus, anImport, API_KEY, COMPLETED, JOB_ID } from './support/gating.ts'

const folder = mkdtempSync(join(tmpdir(), 'unread-'))

/** A process that does not end must not outlive its test. */
const afterTest: (() => void)[] = []

afterEach(() => {
  for (const end of afterTest.splice(0)) end()
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A pipe that is full already and is never read. */
function fullPipe(): number {
  const path = join(folder, `pipe-${process.hrtime.bigint()}`)
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    for (;;) writeSync(pipe, 'x'.repeat(4096))
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' })
    return pipe
  }
}

/** Runs the entry with a log that is never read; ends with its exit status, however long that takes. */
async function exitStatusOf(inputs: Readonly<Record<string, string>>, output: string): Promise<unknown> {
  const pipe = fullPipe()
  try {
    const env = Object.fromEntries(Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text]))
    const child = spawn(process.execPath, ['--import', './__tests__/support/typescript.mjs', 'src/main.ts'], {
      stdio: ['ignore', pipe, 'inherit'],
      env: { PATH: process.env['PATH'], RUNNER_TEMP: folder, GITHUB_OUTPUT: output, ...env },
    })
    afterTest.push(() => child.kill('SIGKILL'))
    const [status] = (await once(child, 'exit')) as [number | null]
    return status
  } finally {
    closeSync(pipe)
  }
}

const onUnix = process.platform === 'win32' ? it.skip : it

onUnix('ends with status 0 after a complete import although the log is never read', async () => {
  const simulator = await startSimulator(aMilvus([anImport(COMPLETED)]))
  try {
    const output = join(folder, 'completed')
    const inputs = { endpoint: simulator.url, 'job-id': JOB_ID, 'api-key': API_KEY }
    expect(await exitStatusOf(inputs, output)).toBe(0)
    expect(readFileSync(output, 'utf8')).toMatch(/^conclusion<<.*\ncompleted$/m)
  } finally {
    await simulator.close()
  }
})

onUnix('ends with status 1 after an invalid input although the log is never read', async () => {
  const output = join(folder, 'invalid')
  expect(await exitStatusOf({ 'job-id': '', timeout: '60' }, output)).toBe(1)
  expect(readFileSync(output, 'utf8')).toMatch(/^conclusion<<.*\ninvalid-input$/m)
})
