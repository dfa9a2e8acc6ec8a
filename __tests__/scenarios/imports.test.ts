import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { API_KEY, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

afterAll(removeRunnerFolders)

const BODY = { collectionName: 'products', files: [['catalog/part-0.parquet'], ['catalog/part-1.parquet']] }
const QUICK = { clock: 'polls', course: [{ phase: 'Importing', lasts: 0 }, { phase: 'Completed' }] } as const

describe('an import that the step starts', () => {
  it('is waited for, and its id is an output', async () => {
    const service: ServiceScript = {
      dialect: 'milvus',
      version: '2.6',
      apiKey: API_KEY,
      jobs: [],
      collections: ['products'],
      imports: [QUICK],
    }
    const run = await runGate(service, { inputs: { 'job-id': '', import: JSON.stringify(BODY) } })
    expect(expectSoundRun(run)).toBe('completed')
    expect(run.outputs).toMatchObject({ started: 'true', jobId: '470592800000000010', importedRows: '2000' })
    expect(run.requests.map(({ operation }) => operation)).toEqual(['list', 'create', 'describe'])
  }, 30_000)
})
