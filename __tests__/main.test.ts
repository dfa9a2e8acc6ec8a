import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { startSimulator } from './simulator/server.ts'
import { aMilvus, anImport, API_KEY, COMPLETED, JOB_ID } from './support/gating.ts'

const folder = mkdtempSync(join(tmpdir(), 'unread-'))

/** A process that does not end must not outlive the tests. */
const atTheEnd: (() => void)[] = []

afterAll(() => {
  for (const end of atTheEnd) end()
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

/** Runs an entry with a log that is never read; ends with its exit status, however long that takes. */
async function exitStatusOf(
  entry: 'main' | 'post',
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const pipe = fullPipe()
  try {
    const given = Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text] as const)
    const child = spawn(process.execPath, ['--import', './__tests__/support/typescript.mjs', `src/${entry}.ts`], {
      stdio: ['ignore', pipe, 'inherit'],
      env: { PATH: process.env['PATH'], RUNNER_TEMP: folder, ...env, ...Object.fromEntries(given) },
    })
    atTheEnd.push(() => child.kill('SIGKILL'))
    const [status] = (await once(child, 'exit')) as [number | null]
    return status
  } finally {
    closeSync(pipe)
  }
}

const onUnix = process.platform === 'win32' ? it.skip : it.concurrent

onUnix('ends with status 0 after a complete import although the log is never read', async () => {
  const simulator = await startSimulator(aMilvus([anImport(COMPLETED)]))
  try {
    const GITHUB_OUTPUT = join(folder, 'completed')
    const inputs = { endpoint: simulator.url, 'job-id': JOB_ID, 'api-key': API_KEY }
    expect(await exitStatusOf('main', inputs, { GITHUB_OUTPUT })).toBe(0)
    expect(readFileSync(GITHUB_OUTPUT, 'utf8')).toMatch(/^conclusion<<.*\ncompleted$/m)
  } finally {
    await simulator.close()
  }
})

onUnix('ends with status 1 after an invalid input although the log is never read', async () => {
  const GITHUB_OUTPUT = join(folder, 'invalid')
  expect(await exitStatusOf('main', { 'job-id': '', timeout: '60' }, { GITHUB_OUTPUT })).toBe(1)
  expect(readFileSync(GITHUB_OUTPUT, 'utf8')).toMatch(/^conclusion<<.*\ninvalid-input$/m)
})

onUnix(
  'ends the post step, which warns that a commit status is not up to date, although the log is never read',
  async () => {
    const env = { STATE_commitStatus: JSON.stringify({ state: 'failure', description: 'Timed out' }) }
    // Without a token there is no request, only the warning.
    expect(await exitStatusOf('post', { 'commit-status': 'import', 'github-token': '' }, env)).toBe(0)
  },
)
