import type { IncomingHttpHeaders } from 'node:http'
import { denied, deniedMessage, headerText, isAllowed, unauthenticated, userOf, type User } from './access.ts'
import { notRouted, refuse, type Refusal } from './answers.ts'
import { bind, type BodyType } from './binding.ts'
import type { Admission, ServiceRequest, ServiceRules } from './dialects.ts'
import { failure, json, text } from './faults.ts'
import type { CollectionOperation, TwoPhaseOperation } from './routes.ts'
import { DEFAULT_DATABASE } from './script.ts'
import { releaseOf, type Release } from './versions.ts'

type ImportOperation = 'create' | 'describe' | 'list' | TwoPhaseOperation

/** Checks a request about imports as a Milvus does; the key comes before the path. */
export function admitToMilvus(
  operation: ImportOperation | undefined,
  request: ServiceRequest,
  rules: ServiceRules,
): Admission {
  if (operation === undefined) {
    const redirect = slashRedirect(request)
    if (redirect !== undefined) return redirect
    if (request.method === 'OPTIONS') return refuse({ kind: 'raw', status: 204, chunks: [] })
  }
  const user = userOf(request.headers, rules)
  if (user === undefined) return refuse(unauthenticated)
  if (operation === undefined) return refuse(notRouted)
  const release = releaseOf(rules)
  const impatient = timeoutRefusal(request.headers, rules)
  if (impatient !== undefined) return impatient
  if (operation === 'create') return admitToCreate(request, user, release)
  if (operation === 'list') return admitToList(request, user, release)
  return admitToJob(operation, request, user, release)
}

/** Checks a request to a collection, as a Milvus does and as the clusters of Zilliz Cloud do that are one. */
export function admitToDataPlane(
  operation: CollectionOperation,
  request: ServiceRequest,
  rules: ServiceRules,
): Admission {
  const { headers, body } = request
  const user = userOf(headers, rules)
  if (user === undefined) return refuse(unauthenticated)
  const refusal = timeoutRefusal(headers, rules)
  if (refusal !== undefined) return refusal
  const { privilege, ...bodyType } = BODIES[operation]
  const bound = bind(bodyType, body, releaseOf(rules).sonic)
  if (bound.kind === 'refused') return bound
  const database = databaseIn(bound.text('dbName'), headers)
  const collectionName = bound.text('collectionName')
  const may = (name: string) => isAllowed(user, name, database, collectionName)
  if (privilege !== undefined && !may(privilege)) return refuse(denied(privilege, user, database))
  const level = bound.text('consistencyLevel')
  if (!CONSISTENCY_LEVELS.includes(level)) {
    return refuse(failure(1100, `parameter:'${level}' is incorrect, please check it: invalid parameter`))
  }
  return {
    kind: 'collection',
    operation,
    database,
    collectionName,
    indexName: bound.text('indexName'),
    outputFields: bound.texts('outputFields'),
    takesInt64: rules.dialect === 'milvus' || /^(1|t|true)$/i.test(headerText(headers['accept-type-allow-int64'])),
    loadStateDenied: may('GetLoadState') ? undefined : deniedMessage('GetLoadState', user.name, database),
  }
}

/** Without one, that of the collection. */
const CONSISTENCY_LEVELS: readonly string[] = ['', 'Strong', 'Session', 'Bounded', 'Eventually', 'Customized']

const NAMES = { dbName: 'string', collectionName: 'string' } as const
const BY_NAME = { type: 'CollectionNameReq', fields: NAMES, required: ['collectionName'] } as const

/** What any user may ask has no privilege: the role `public` has it. */
const BODIES: Readonly<Record<CollectionOperation, BodyType & { readonly privilege?: string }>> = {
  'describe-collection': BY_NAME,
  'get-stats': { ...BY_NAME, privilege: 'GetStatistics' },
  'list-indexes': BY_NAME,
  'describe-index': {
    type: 'IndexReq',
    fields: { ...NAMES, indexName: 'string' },
    required: ['collectionName', 'indexName'],
  },
  'get-load-state': { ...BY_NAME, privilege: 'GetLoadState' },
  'refresh-load': { ...BY_NAME, privilege: 'Load' },
  query: {
    type: 'QueryReqV2',
    fields: { ...NAMES, filter: 'string', outputFields: '[]string', consistencyLevel: 'string' },
    required: ['collectionName'],
    privilege: 'Query',
  },
}

/** gin sends a path with a slash too many to the one without. */
function slashRedirect({ path }: ServiceRequest): Refusal | undefined {
  if (!/^\/v2\/vectordb\/\w.*[^/]\/$/.test(path)) return undefined
  return refuse({ kind: 'raw', status: 307, headers: { Location: path.slice(0, -1) }, chunks: [] })
}

function timeoutRefusal(headers: IncomingHttpHeaders, rules: ServiceRules): Refusal | undefined {
  const value = headerText(headers['request-timeout'])
  if (value === '') return undefined
  const isNumber = /^-?\d+$/.test(value)
  if (isNumber && Number(value) <= 0) {
    // JSON since https://github.com/milvus-io/milvus/issues/37611
    const isOld = rules.dialect === 'milvus' && rules.version.startsWith('2.4')
    return refuse(isOld ? text(408, 'timeout') : json({ code: 10001, message: 'request timeout' }, 408))
  }
  if (isNumber || !releaseOf(rules).checksTimeout) return undefined
  const problem = `Request-Timeout parse failed, err: strconv.ParseInt: parsing "${value}": invalid syntax`
  return refuse(failure(1100, `${problem}: invalid parameter`))
}

function admitToList({ headers, body }: ServiceRequest, user: User, release: Release): Admission {
  const bound = bind({ type: 'OptionalCollectionNameReq', fields: NAMES, required: [] }, body, release.sonic)
  if (bound.kind === 'refused') return bound
  const collectionName = bound.text('collectionName') || undefined
  const database = databaseIn(bound.text('dbName'), headers)
  const may = (collection: string) => isAllowed(user, 'Import', database, collection)
  // Before 2.6 a missing privilege is said; since then it leaves jobs out.
  if (!release.checksCollection && !may(collectionName ?? '*')) return refuse(denied('Import', user, database))
  return {
    kind: 'list',
    database,
    collectionName,
    page: undefined,
    mayShow: release.checksCollection ? may : () => true,
  }
}

function admitToJob(
  operation: 'describe' | TwoPhaseOperation,
  { headers, body }: ServiceRequest,
  user: User,
  release: Release,
): Admission {
  const bound = bind({ type: 'JobIDReq', fields: { jobId: 'string' }, required: ['jobId'] }, body, release.sonic)
  if (bound.kind === 'refused') return bound
  const jobId = bound.text('jobId')
  const database = databaseIn('', headers)
  const refusalFor = (collection: string) =>
    isAllowed(user, 'Import', database, collection) ? undefined : denied('Import', user, database)
  const refusal = release.checksCollection ? undefined : refusalFor('*')
  if (refusal !== undefined) return refuse(refusal)
  const problem = int64Problem(jobId)
  if (problem === undefined) {
    const isChecked = release.checksCollection && user.grants !== 'all'
    return { kind: operation, jobId, refusalFor: isChecked ? refusalFor : () => undefined, isChecked }
  }
  if (release.oldCodes) return refuse(failure(2100, `parse job id failed, err=%w${problem}: importing data failed`))
  return refuse(
    operation === 'describe'
      ? failure(1100, `parse job id failed: ${problem}: invalid parameter`)
      : failure(1100, `${problem}: invalid parameter[expected=int64 jobId][actual=${jobId}]`),
  )
}

const CREATE: BodyType = {
  type: 'ImportReq',
  fields: { ...NAMES, partitionName: 'string', files: '[][]string', options: 'map[string]string' },
  required: ['collectionName', 'files'],
}

function admitToCreate({ headers, body }: ServiceRequest, user: User, release: Release): Admission {
  const bound = bind(CREATE, body, release.sonic)
  if (bound.kind === 'refused') return bound
  const options = bound.map('options')
  const autoCommit = options['auto_commit']
  if (release.commit && autoCommit !== undefined && !/^(true|false)$/i.test(autoCommit)) {
    const problem = 'options.auto_commit must be one of "true" or "false": invalid parameter'
    return refuse(failure(1801, `can only accept json format request, error: ${problem}`))
  }
  const database = databaseIn(bound.text('dbName'), headers)
  const collectionName = bound.text('collectionName')
  if (!isAllowed(user, 'Import', database, collectionName)) return refuse(denied('Import', user, database))
  return {
    kind: 'create',
    database,
    collectionName,
    partitionName: bound.text('partitionName'),
    groups: bound.groups('files'),
    options,
    idempotencyKey: release.idempotencyKey ? headerText(headers['idempotency-key']) : '',
  }
}

function databaseIn(dbName: string, headers: IncomingHttpHeaders) {
  return dbName || headerText(headers['db-name']) || DEFAULT_DATABASE
}

/** What Go's parser has against a job id. */
function int64Problem(jobId: string): string | undefined {
  const problem = `strconv.ParseInt: parsing ${JSON.stringify(jobId)}`
  if (!/^[+-]?\d+$/.test(jobId)) return `${problem}: invalid syntax`
  return BigInt.asIntN(64, BigInt(jobId)) === BigInt(jobId) ? undefined : `${problem}: value out of range`
}
