import type { MilvusVersion, ServiceKind } from './dialects.ts'
import { json, text, type Reply } from './faults.ts'

/** The envelope around good data. */
export function success(service: ServiceKind, data: unknown, message?: string): Reply {
  // 0 since https://github.com/milvus-io/milvus/pull/33363, 2.4.3.
  const code = service.version === '2.4.0' ? 200 : 0
  return json({ code, data, ...(message === undefined ? {} : { message }) })
}

/** The envelope around an error. */
export function failure(code: number, message: string, status = 200): Reply {
  return json({ code, message }, status)
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
export const notRouted = text(404, '404 page not found')

/** The answer about a job that the service does not know, or no longer. */
export function unknownJob(service: ServiceKind, jobId: string): Reply {
  if (service.dialect === 'zilliz') return failure(96026, 'Job not found. Please check your request parameter.')
  // https://github.com/milvus-io/milvus/pull/50545: a failure of the import on the server's side since 2.6.
  return isBefore26(service.version)
    ? failure(2100, `import job does not exist, jobID=${jobId}: importing data failed`)
    : failure(2101, `import job does not exist, jobID=${jobId}: importing data failed on server side`)
}

/** The answer of a Milvus about a collection that it does not have. */
export function unknownCollection(database: string, collectionName: string): Reply {
  return failure(100, `collection not found[database=${database}][collection=${collectionName}]`)
}

/** Whether a Milvus still has the codes of old for a bad and for an unknown job id. */
export function isBefore26(version: MilvusVersion): boolean {
  return version !== '2.6' && version !== '3.0'
}
