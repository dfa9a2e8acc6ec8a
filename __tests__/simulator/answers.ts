import { failure, json, text, type Reply } from './faults.ts'
import { releaseOf, type ServiceKind } from './versions.ts'

/** The envelope around good data. */
export function success(service: ServiceKind, data: unknown, more: Readonly<Record<string, unknown>> = {}): Reply {
  return json({ code: service.dialect === 'milvus' ? releaseOf(service).successCode : 0, ...more, data })
}

/** A request that did not get through the checks. */
export interface Refusal {
  readonly kind: 'refused'
  readonly reply: Reply
}

/** Ends the checks with this answer. */
export function refuse(reply: Reply): Refusal {
  return { kind: 'refused', reply }
}

/** What gin says for a path that it does not know; a method that a path does not take is the same to it. */
export const notRouted = text(404, '404 page not found', { 'Content-Type': 'text/plain' })

/** The answer about a job that the service does not know, or no longer. */
export function unknownJob(service: ServiceKind, jobId: string): Reply {
  if (service.dialect === 'zilliz') return failure(96026, 'Job not found. Please check your request parameter.')
  // https://github.com/milvus-io/milvus/pull/50545: a failure of the import on the server's side since 2.6.
  return releaseOf(service).oldCodes
    ? failure(2100, `import job does not exist, jobID=${jobId}: importing data failed`)
    : failure(2101, `import job does not exist, jobID=${jobId}: importing data failed on server side`)
}

/** The answer of a Milvus about a collection that it does not have. */
export function unknownCollection(database: string, collectionName: string): Reply {
  return failure(100, `collection not found[database=${database}][collection=${collectionName}]`)
}

/** The answer of a Milvus about a database that it does not have. */
export function unknownDatabase(database: string): Reply {
  return failure(800, `database not found[database=${database}]`)
}
