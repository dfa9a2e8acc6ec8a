import type { ServiceRequest } from './dialects.ts'
import { releaseOf, type ServiceKind } from './versions.ts'

/** What a request is about, known from its method and path alone. */
export type Operation =
  'create' | 'describe' | 'list' | TwoPhaseOperation | CollectionOperation | 'describe-cluster' | 'describe-cloud-job'

/** What a client can do to a two-phase import. */
export type TwoPhaseOperation = 'commit' | 'abort'

/** What a client can ask of a collection. */
export type CollectionOperation =
  'describe-collection' | 'get-stats' | 'list-indexes' | 'describe-index' | 'get-load-state' | 'refresh-load' | 'query'

/** Undefined for a path that this version of the service does not know, or not by this method. */
export function operationOf({ method, path }: ServiceRequest, service: ServiceKind): Operation | undefined {
  if (method === 'POST') return { ...importRoutesOf(service), ...collectionRoutesOf(service) }[path]
  if (method !== 'GET' || service.dialect !== 'zilliz') return undefined
  if (clusterIdIn(path) !== undefined) return 'describe-cluster'
  return cloudJobIdIn(path) === undefined ? undefined : 'describe-cloud-job'
}

/** https://docs.zilliz.com/reference/restful/describe-cluster-v2 */
export function clusterIdIn(path: string): string | undefined {
  return /^\/v2\/clusters\/([^/]+)$/.exec(path)?.[1]
}

/** https://docs.zilliz.com/reference/restful/describe-job-v2 */
export function cloudJobIdIn(path: string): string | undefined {
  return /^\/v2\/jobs\/([^/]+)$/.exec(path)?.[1]
}

type Routes = Readonly<Record<string, Operation>>

const api = '/v2/vectordb'
const imports = `${api}/jobs/import`

/** https://github.com/milvus-io/milvus/blob/master/internal/distributed/proxy/httpserver/handler_v2.go */
function importRoutesOf(service: ServiceKind): Routes {
  const release = releaseOf(service)
  const isMilvus = service.dialect === 'milvus'
  const isCloud2024 = service.version === '2024'
  return {
    [`${imports}/create`]: 'create',
    [`${imports}/list`]: 'list',
    ...(isCloud2024 ? {} : { [`${imports}/get_progress`]: 'describe' }),
    ...(isMilvus ? {} : { [`${imports}/getProgress`]: 'describe' }),
    ...(release.describe && !isCloud2024 ? { [`${imports}/describe`]: 'describe' } : {}),
    // The SDKs commit and abort on Zilliz Cloud too; its reference has no page on it.
    ...((isMilvus ? release.commit : !isCloud2024)
      ? { [`${imports}/commit`]: 'commit', [`${imports}/abort`]: 'abort' }
      : {}),
  }
}

function collectionRoutesOf(service: ServiceKind): Routes {
  return {
    [`${api}/collections/describe`]: 'describe-collection',
    [`${api}/collections/get_stats`]: 'get-stats',
    [`${api}/collections/get_load_state`]: 'get-load-state',
    ...(releaseOf(service).refreshLoad ? { [`${api}/collections/refresh_load`]: 'refresh-load' } : {}),
    [`${api}/indexes/list`]: 'list-indexes',
    [`${api}/indexes/describe`]: 'describe-index',
    [`${api}/entities/query`]: 'query',
  }
}
