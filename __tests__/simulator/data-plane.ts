import { success, unknownCollection } from './answers.ts'
import {
  collectionIdOf,
  type CollectionScript,
  type CollectionStanding,
  type IndexStanding,
} from './collection-script.ts'
import type { CollectionQuery, ServiceRules } from './dialects.ts'
import { failure, rawNumber, type Reply } from './faults.ts'
import { releaseOf } from './versions.ts'

/** A collection as a request meets it. */
export interface OpenedCollection {
  readonly script: CollectionScript
  /** Undefined: it is not there. */
  readonly standing: CollectionStanding | undefined
  /** Whether it was in memory when it was asked to take in new segments, and can be searched meanwhile. */
  readonly wasRefreshed: boolean
}

/** Whether the collection is fully in memory: it can be searched, and asked to take in new segments. */
export function isLoaded({ load }: CollectionStanding): boolean {
  return load !== 'NotLoad' && load >= 100
}

/** What a Milvus says of a collection that stands so. */
export function collectionReply(query: CollectionQuery, opened: OpenedCollection, service: ServiceRules): Reply {
  const { operation, indexName } = query
  const { script, standing, wasRefreshed } = opened
  if (standing === undefined) return missingCollection(query, service)
  const { indexes, rows, stored = rows, load } = standing
  switch (operation) {
    case 'describe-collection':
      return describedCollection(query, script, standing, service)
    case 'get-stats':
      return success(service, { rowCount: stored })
    case 'list-indexes':
      return success(
        service,
        indexes.map(({ name }) => name),
      )
    case 'describe-index': {
      const index = indexes.find(({ name }) => name === indexName)
      return index === undefined
        ? failure(700, `index not found[indexName=${indexName}]`)
        : success(service, [indexData(index, service)])
    }
    case 'get-load-state':
      return loadStateReply(standing, service)
    case 'refresh-load':
      if (isLoaded(standing)) return success(service, {})
      return indexes.length === 0
        ? failure(700, `index not found[collection=${script.name}]`)
        : notLoaded('call query coordinator LoadCollection', script, load, releaseOf(service).notLoadedCode)
    case 'query':
      return isLoaded(standing) || (wasRefreshed && load !== 'NotLoad')
        ? countReply(query, rows, service)
        : notLoaded('failed to query', script, load, 101)
  }
}

/** Each part of Milvus has its own words for a collection that is not there. */
export function missingCollection(query: CollectionQuery, service: ServiceRules): Reply {
  const { operation, database, collectionName } = query
  const cached = failure(100, `can't find collection[database=${database}][collection=${collectionName}]`)
  switch (operation) {
    case 'query':
      return releaseOf(service).limiterFirst
        ? failure(
            1807,
            `request is rejected by limiter, error: collection not found[database=${database}][collection=${collectionName}]`,
          )
        : cached
    case 'describe-collection':
      return cached
    case 'get-load-state':
      return failure(100, `collection not found[collection=${collectionName}]`)
    case 'get-stats':
    case 'list-indexes':
    case 'describe-index':
    case 'refresh-load':
      return unknownCollection(database, collectionName)
  }
}

function describedCollection(
  { loadStateDenied }: CollectionQuery,
  script: CollectionScript,
  { indexes, load }: CollectionStanding,
  service: ServiceRules,
): Reply {
  const release = releaseOf(service)
  const field = (id: number, name: string, type: string, params?: object) => ({
    autoId: false,
    clusteringKey: false,
    description: '',
    id,
    name,
    ...(release.refreshLoad ? { nullable: false } : {}),
    ...(params && { params: [params] }),
    partitionKey: false,
    primaryKey: name === 'id',
    type,
  })
  const data = {
    aliases: script.aliases ?? [],
    autoId: false,
    collectionID: rawNumber(collectionIdOf(script)),
    collectionName: script.name,
    consistencyLevel: 'Bounded',
    description: '',
    enableDynamicField: false,
    ...(release.commit ? { externalSource: '', externalSpec: '' } : {}),
    fields: [
      field(100, 'id', 'Int64'),
      field(101, 'vector', 'FloatVector', { key: 'dim', value: '4' }),
      field(102, 'name', 'VarChar', { key: 'max_length', value: '64' }),
    ],
    ...(release.refreshLoad ? { functions: [] } : {}),
    indexes: indexes.map(({ name, field: fieldName = name }) => ({ fieldName, indexName: name, metricType: 'COSINE' })),
    load: loadStateDenied === undefined ? loadStateOf(load) : '',
    partitionsNum: 1,
    properties: [],
    shardsNum: 1,
    ...(release.commit ? { structFields: [] } : {}),
  }
  // What it could not find out it says beside good data.
  const problems = [loadStateDenied, indexes.length === 0 ? `index not found[collection=${script.name}]` : undefined]
  const message = problems.flatMap((problem) => (problem === undefined ? [] : `${problem};`)).join('')
  return success(service, data, { message })
}

function indexData(
  { name, field = name, state = 'Finished', totalRows, pendingRows, failReason = '' }: IndexStanding,
  service: ServiceRules,
) {
  const release = releaseOf(service)
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
    ...(release.refreshLoad
      ? {
          indexParams: [{ key: 'index_type', value: 'AUTOINDEX' }],
          'indexoffsetcache.enabled': '',
          maxIndexVersion: -2147483648,
          minIndexVersion: 2147483647,
          'mmap.enabled': '',
        }
      : {}),
    ...(release.createTime ? { warmup: '' } : {}),
  }
}

function loadStateOf(load: CollectionStanding['load']) {
  if (load === 'NotLoad') return 'LoadStateNotLoad'
  return load >= 100 ? 'LoadStateLoaded' : 'LoadStateLoading'
}

function loadStateReply({ load }: CollectionStanding, service: ServiceRules): Reply {
  const loadState = loadStateOf(load)
  if (load === 'NotLoad') return success(service, { loadState })
  // The message stands beside good data, mostly empty.
  return success(service, { loadState, loadProgress: load }, { message: load < 0 ? 'show collection failed.' : '' })
}

/** https://github.com/milvus-io/milvus/blob/master/internal/querycoordv2/services.go, refreshCollection */
function notLoaded(by: string, script: CollectionScript, load: CollectionStanding['load'], code: number): Reply {
  const problem = `collection not loaded[collection=${collectionIdOf(script)}]`
  return failure(code, `${by}: ${load === 'NotLoad' ? problem : `collection not fully loaded: ${problem}`}`)
}

function countReply(query: CollectionQuery, rows: number, service: ServiceRules): Reply {
  const [output, ...others] = query.outputFields
  if (output !== 'count(*)' || others.length > 0) {
    return failure(1100, `field ${query.outputFields.join()} not exist: invalid parameter`)
  }
  return success(service, [{ 'count(*)': query.takesInt64 ? rows : String(rows) }], { cost: 0 })
}
