import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { API_KEY, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

afterAll(removeRunnerFolders)

const BODY = { collectionName: 'products', files: [['catalog/part-0.parquet'], ['catalog/part-1.parquet']] }
const QUICK = { clock: 'polls', course: [{ phase: 'Importing', lasts: 0 }, { phase: 'Completed' }] } as const

describe("an import that the step starts", () => {
  it("is waited for", async () => {
    const service: ServiceScript = {
      dialect: 'milvus',
      version: '2.6',
      apiKey: API_KEY,
      jobs: [],
      collections: ['products'],
      imports: [QUICK],
    }
    const run = await runGate(service, { inputs: { 'job-id': '', import: JSON.stringify(BODY) } })
      run.log.join('\n'),
      run.outputs,
      run.requests.map((r) => [r.operation, r.headers['idempotency-key'], r.body]),
    )
    expect(expectSoundRun(run)).toBe('completed')
  }, 30_000)
})
