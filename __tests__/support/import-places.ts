import type { ImportScript } from '../simulator/create.ts'
import type { ServiceScript } from '../simulator/server.ts'
import type { MilvusVersion, ZillizVersion } from '../simulator/versions.ts'
import { API_KEY, COMPLETED } from './gating.ts'

/** The files of an import, as a request names them. */
export const FILES = [['catalog/part-0.parquet'], ['catalog/part-1.parquet'], ['catalog/part-2.parquet']]

/** An import that is complete when it is first described. */
const QUICK: ImportScript = { clock: 'polls', course: COMPLETED }

/** A service, and what a step gives to start an import there. */
export interface ImportPlace {
  readonly title: string
  readonly service: ServiceScript
  readonly inputs: Readonly<Record<string, string>>
  readonly bodyOf: (files: readonly (readonly string[])[], more?: object) => string
  /** An id as the service makes them. */
  readonly jobId: string
}

/** A Milvus that has a collection to import into. */
export function aMilvusToImport(version: MilvusVersion): ImportPlace {
  return {
    title: `Milvus ${version}`,
    service: { dialect: 'milvus', version, apiKey: API_KEY, jobs: [], collections: ['products'], imports: [QUICK] },
    inputs: { 'api-key': API_KEY },
    bodyOf: (files, more) => JSON.stringify({ collectionName: 'products', files, ...more }),
    jobId: '470592730169344001',
  }
}

/** A cluster of Zilliz Cloud that has a collection to import into. */
export function aCloudToImport(version: ZillizVersion): ImportPlace {
  const apiKey = '3f9c1d0e5ab84c27simulatedservicekey'
  const clusterId = 'in01-0a1b2c3d4e5f678'
  return {
    title: `Zilliz Cloud ${version}`,
    service: {
      dialect: 'zilliz',
      version,
      apiKey,
      clusterId,
      jobs: [],
      collections: ['products'],
      imports: [QUICK],
    },
    inputs: { 'api-key': apiKey, 'cluster-id': clusterId },
    bodyOf: (files, more) => JSON.stringify({ collectionName: 'products', objectUrls: files, ...more }),
    jobId: 'job-0123456789abcdefghijk',
  }
}

/** The service with other jobs, imports or faults. */
export function withChanges({ service }: ImportPlace, changes: Partial<ServiceScript>): ServiceScript {
  return { ...service, ...changes } as ServiceScript
}
