import type { ServiceRequest } from '../simulator/dialects.ts'
import { json, type Reply, text } from '../simulator/faults.ts'
import type { JobScript, Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { casesFor, type ImportCase } from './cases.ts'

const COURSES: Readonly<Record<ImportCase['name'], readonly Step[]>> = {
  good: [{ phase: 'Pending', lasts: 1 }, { phase: 'Importing', lasts: 1 }, { phase: 'Completed' }],
  'missing-file': [{ phase: 'Failed', reason: 'the file milvus-import-gate/missing.json does not exist' }],
  'wrong-dimension': [{ phase: 'Failed', reason: 'the dimension 5 is not 4' }],
  'zero-rows': [{ phase: 'Completed' }],
  'two-phase': [{ phase: 'Importing', lasts: 1 }, { phase: 'Uncommitted' }],
}

/** A service for the scripts of this folder, its bucket included: imports start once they are created, each after its own course. */
export interface StandIn {
  readonly script: ServiceScript
  /** What was written to the bucket, by path. */
  readonly objects: ReadonlyMap<string, string>
}

/** A Milvus 3.0 that asks for `apiKey`. */
export function standInForMilvus(apiKey: string): StandIn {
  const kind = { dialect: 'milvus', version: '3.0' } as const
  const objects = new Map<string, string>()
  const jobs = casesFor(kind).map((importCase, index) => ({ importCase, job: jobOf(importCase, index) }))
  const gateway = ({ method, path, body }: ServiceRequest): Reply | undefined => {
    if (method === 'PUT') {
      objects.set(path, body)
      return text(200, '')
    }
    if (path === '/v2/vectordb/collections/create') return json({ code: 0, data: {} })
    if (path !== '/v2/vectordb/jobs/import/create') return undefined
    const { files } = JSON.parse(body) as { readonly files: readonly (readonly string[])[] }
    const wanted = jobs.find(({ importCase }) => importCase.files[0]?.path === files[0]?.[0])
    return json({ code: 0, data: { jobId: wanted?.job.jobId } })
  }
  return { script: { ...kind, apiKey, jobs: jobs.map(({ job }) => job), gateway }, objects }
}

function jobOf({ name, files, options }: ImportCase, index: number): JobScript {
  return {
    jobId: `47059273016934400${index}`,
    collectionName: 'milvus_import_gate',
    files: files.map(({ path, rows = [] }) => ({ path, rows: rows.length, sizeBytes: JSON.stringify(rows).length })),
    autoCommit: options === undefined,
    clock: 'polls',
    course: COURSES[name],
  }
}
