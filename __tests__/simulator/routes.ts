import type { ServiceKind, ServiceRequest } from './dialects.ts'

/** What a request is about, known from its method and path alone. */
export type Operation =
  'describe' | 'list' | Deed | CollectionOperation /** Zilliz Cloud's control plane. */ | 'describe-cluster'

/** What a client can do to a two-phase import. */
export type Deed = 'commit' | 'abort'

/** What a client can ask of a collection. */
export type CollectionOperation = 'list-indexes' | 'describe-index' | 'get-load-state' | 'refresh-load' | 'query'

/** Undefined for a path that this version of the service does not know, or not by this method. */
export function operationOf({ method, path }: ServiceRequest, service: ServiceKind): Operation | undefined {
  if (method === 'POST') return { ...importRoutesOf(service), ...collectionRoutesOf(service) }[path]
  return method === 'GET' && service.dialect === 'zilliz' && clusterIdIn(path) !== undefined
    ? 'describe-cluster'
    : undefined
}

/** https://docs.zilliz.com/reference/restful/describe-cluster-v2 */
export function clusterIdIn(path: string): string | undefined {
  return /^\/v2\/clusters\/([^/]+)$/.exec(path)?.[1]
}

type Routes = Readonly<Record<string, Operation>>

const api = '/v2/vectordb'
const imports = `${api}/jobs/import`

/** https://github.com/milvus-io/milvus/blob/master/internal/distributed/proxy/httpserver/handler_v2.go */
function importRoutesOf({ version }: ServiceKind): Routes {
  const list: Routes = { [`${imports}/list`]: 'list' }
  const getProgress: Routes = { [`${imports}/get_progress`]: 'describe' }
  const describe: Routes = { [`${imports}/describe`]: 'describe' }
  const camelCase: Routes = { [`${imports}/getProgress`]: 'describe' }
  const deeds: Routes = { [`${imports}/commit`]: 'commit', [`${imports}/abort`]: 'abort' }
  switch (version) {
    case '2.4.0':
    case '2.4':
      return { ...list, ...getProgress }
    case '2.5':
    case '2.6':
      return { ...list, ...getProgress, ...describe }
    case '3.0':
      return { ...list, ...getProgress, ...describe, ...deeds }
    case '2024':
      return { ...list, ...camelCase }
    case '2026':
      // The SDKs commit and abort on Zilliz Cloud too; its reference has no page on it.
      return { ...list, ...getProgress, ...describe, ...camelCase, ...deeds }
  }
}

function collectionRoutesOf({ version }: ServiceKind): Routes {
  const hasRefresh = version !== '2.4.0' && version !== '2.4'
  return {
    [`${api}/indexes/list`]: 'list-indexes',
    [`${api}/indexes/describe`]: 'describe-index',
    [`${api}/collections/get_load_state`]: 'get-load-state',
    ...(hasRefresh ? { [`${api}/collections/refresh_load`]: 'refresh-load' as const } : {}),
    [`${api}/entities/query`]: 'query',
  }
}
