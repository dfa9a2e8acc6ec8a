import type { CollectionScript } from './collection-script.ts'
import type { ImportScript } from './create.ts'
import type { ServiceRequest, ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import { databaseOf, DEFAULT_DATABASE, type JobScript, type RequestFault } from './script.ts'

/** A service, the jobs that it knows and the collections that it has. */
export type ServiceScript = ServiceRules & {
  readonly jobs: readonly JobScript[]
  /** How the imports go that clients start, in order; the last one stands for all that follow. */
  readonly imports?: readonly ImportScript[]
  readonly createFaults?: readonly RequestFault[]
  /** Answers in place of the start of an import, which then has no effect; undefined lets the script answer. The first is 0. */
  readonly answerCreate?: (request: ServiceRequest, nth: number) => Reply | undefined
  /** Collections as the data plane shows them. */
  readonly collectionScripts?: readonly CollectionScript[]
  /** Collections of the default database of which only the names matter. */
  readonly collections?: readonly string[]
  /** What stands in front of the service: where it answers, the service is not asked. The first request is 0. */
  readonly gateway?: (request: ServiceRequest, nth: number) => Reply | undefined
}

/** The script of a collection, by its name or one of its aliases. */
export function collectionOf(script: ServiceScript, database: string, name: string): CollectionScript | undefined {
  return script.collectionScripts?.find(
    (each) => databaseOf(each) === database && (each.name === name || each.aliases?.includes(name) === true),
  )
}

/** Whether the service has the collection, or once had it. */
export function hasCollection(script: ServiceScript, database: string, name: string): boolean {
  const { collections = [], jobs } = script
  return (
    (database === DEFAULT_DATABASE && collections.includes(name)) ||
    collectionOf(script, database, name) !== undefined ||
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
