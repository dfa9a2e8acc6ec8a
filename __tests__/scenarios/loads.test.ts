import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { actionAfter, aMilvus, anImport, COMPLETED, runGate } from '../support/gating.ts'

// A whole run, on a machine that may be busy.
jest.setTimeout(30_000)

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loads-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

/** The modules of Node itself that a passing run has loaded at its end. */
async function modulesOfNodeIn(prelude: string): Promise<readonly string[]> {
  const list = join(mkdtempSync(join(folder, 'list-')), 'modules.json')
  const atTheEnd = `import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(list)}, JSON.stringify(process.moduleLoadList)))
${prelude}`
  const { exitCode } = await runGate(aMilvus([anImport(COMPLETED)]), actionAfter(atTheEnd, folder))
  expect(exitCode).toBe(0)
  return JSON.parse(readFileSync(list, 'utf8')) as readonly string[]
}

const NODES_OWN_UNDICI = 'NativeModule internal/deps/undici/undici'

describe('a run for a job that is Completed', () => {
  it("does not load Node's own undici beside the bundled one", async () => {
    const loaded = await modulesOfNodeIn('')
    expect(loaded).toContain('NativeModule http2')
    expect(loaded).not.toContain(NODES_OWN_UNDICI)
  })

  it('would be seen to load it', async () => {
    expect(await modulesOfNodeIn('globalThis.Headers')).toContain(NODES_OWN_UNDICI)
  })
})
