import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { loadScenario, scenarioNames } from '../simulator/scenarios.ts'
import { runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

afterAll(removeRunnerFolders)

/** The grace for a job that may not be listed yet is longer than a test should wait. */
const IMPATIENT: Readonly<Record<string, string>> = { 'missing-job': '2s' }

describe('every stored story', () => {
  it.concurrent.each(scenarioNames())(
    'ends as it has to: %s',
    async (name) => {
      const { service, inputs, expected } = loadScenario(name)
      const run = await runGate(service, {
        inputs: { 'job-id': '', ...inputs, timeout: IMPATIENT[name] ?? '1m', 'poll-interval': '1s' },
        wiring: { speed: 12 },
      })
      expect(expectSoundRun(run)).toBe(expected.outputs['conclusion'])
      expect(run.exitCode).toBe(expected.exitStatus)
      expect(run.outputs).toMatchObject(expected.outputs)
      expect(run.outcome).toBe(expected.exitStatus === 0 ? 'success' : 'failure')
      expect(run.summary.text).toMatch(/^### (?:✅|❌|⚠️|⏱️|🛑|⏸️) /u)
    },
    60_000,
  )
})
