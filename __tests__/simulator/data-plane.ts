import { failure, success, unknownCollection } from './answers.ts'
import type { CollectionStanding, IndexStanding } from './collection-script.ts'
import type { CollectionQuery, ServiceKind } from './dialects.ts'
import type { Reply } from './faults.ts'

/** A collection as a question finds it. */
export interface FoundCollection {
  /** Undefined: it is not there. */
  readonly standing: CollectionStanding | undefined
  /** Whether it was in memory when it was asked to take in new segments, and can be searched meanwhile. */
  readonly wasRefreshed: boolean
}

/** Whether the collection is fully in memory: it can be searched, and told to take in new segments. */
export function isLoaded({ load }: CollectionStanding): boolean {
  return load !== 'NotLoad' && load >= 100
}

/** What a Milvus says of a collection that stands so. */
export function collectionReply(query: CollectionQuery, found: FoundCollection, service: ServiceKind): Reply {
  const { operation, database, collectionName, indexName } = query
  const { standing, wasRefreshed } = found
  if (standing === undefined) return unknownCollection(database, collectionName)
  const { indexes } = standing
  switch (operation) {
    case 'list-indexes':
      return success(
        service,
        indexes.map(({ name }) => name),
      )
    case 'describe-index': {
      const index = indexes.find(({ name }) => name === indexName)
      return index === undefined
        ? failure(700, `index not found[indexName=${indexName}]`)
        : success(service, [indexData(index)])
    }
    case 'get-load-state':
      return loadStateReply(standing, service)
    case 'refresh-load':
      return isLoaded(standing) ? success(service, {}) : notLoaded(collectionName, standing)
    case 'query':
      return isLoaded(standing) || (wasRefreshed && standing.load !== 'NotLoad')
        ? countReply(query, standing, service)
        : notLoaded(collectionName, standing)
  }
}

function indexData({ name, field = name, state = 'Finished', totalRows, pendingRows, failReason = '' }: IndexStanding) {
  return {
    indexName: name,
    fieldName: field,
    indexType: 'AUTOINDEX',
    metricType: 'COSINE',
    totalRows,
    pendingRows,
    indexedRows: totalRows - pendingRows,
    indexState: state,
    failReason,
  }
}

function loadStateReply({ load }: CollectionStanding, service: ServiceKind): Reply {
  if (load === 'NotLoad') return success(service, { loadState: 'LoadStateNotLoad' })
  const loadState = load >= 100 ? 'LoadStateLoaded' : 'LoadStateLoading'
  // The message stands beside good data, mostly empty.
  return success(service, { loadState, loadProgress: load }, load < 0 ? 'show collection failed.' : '')
}

/** https://github.com/milvus-io/milvus/blob/master/internal/querycoordv2/services.go, refreshCollection */
function notLoaded(collectionName: string, { load }: CollectionStanding): Reply {
  const problem = `collection not loaded[collection=${collectionName}]`
  return failure(101, load === 'NotLoad' ? problem : `collection not fully loaded: ${problem}`)
}

function countReply(query: CollectionQuery, { rows }: CollectionStanding, service: ServiceKind): Reply {
  const [output, ...others] = query.outputFields
  if (output !== 'count(*)' || others.length > 0) {
    return failure(1100, `field ${query.outputFields.join()} not exist: invalid parameter`)
  }
  return success(service, [{ 'count(*)': query.takesInt64 ? rows : String(rows) }])
}
