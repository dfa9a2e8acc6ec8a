import type { CollectionScript } from './collection-script.ts'
import type { ServiceRequest, ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import { databaseOf, DEFAULT_DATABASE, type JobScript } from './script.ts'

/** A service, the jobs that it knows and the collections that it has. */
export type ServiceScript = ServiceRules & {
  readonly jobs: readonly JobScript[]
  /** Collections as the data plane shows them. */
  readonly collectionScripts?: readonly CollectionScript[]
  /** Collections of the default database of which nothing but their names matters. */
  readonly collections?: readonly string[]
  /** What stands in front of the service: where it answers, the service is not asked. The first request is 0. */
  readonly gateway?: (request: ServiceRequest, nth: number) => Reply | undefined
}

/** Whether the service has the collection, or once had it. */
export function hasCollection(script: ServiceScript, database: string, name: string): boolean {
  const { collections = [], collectionScripts = [], jobs } = script
  return (
    (database === DEFAULT_DATABASE && collections.includes(name)) ||
    collectionScripts.some((each) => each.name === name && databaseOf(each) === database) ||
    jobs.some((job) => job.collectionName === name && databaseOf(job) === database)
  )
}

/** Whether anything is in the database; the default one is always there. */
export function hasDatabase(
  { databases = [], jobs, collectionScripts = [] }: ServiceScript,
  database: string,
): boolean {
  return [DEFAULT_DATABASE, ...databases, ...[...jobs, ...collectionScripts].map(databaseOf)].includes(database)
}
