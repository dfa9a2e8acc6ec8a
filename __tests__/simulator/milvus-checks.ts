import type { IncomingHttpHeaders } from 'node:http'
import { failure, isBefore26, refuse, type Refusal } from './answers.ts'
import { bind, type Fields } from './binding.ts'
import type { Access, Admission, MilvusVersion, ServiceRequest, ServiceRules } from './dialects.ts'
import { json } from './faults.ts'
import { credentialsOf, headerText } from './headers.ts'
import type { CollectionOperation, Deed } from './routes.ts'
import { DEFAULT_DATABASE } from './script.ts'

type MilvusRules = Extract<ServiceRules, { dialect: 'milvus' }>

/** Checks a request about imports as a Milvus does. */
export function admitToMilvus(
  operation: 'describe' | 'list' | Deed,
  request: ServiceRequest,
  rules: MilvusRules,
): Admission {
  const refusal = unauthenticated(request.headers, rules) ?? impatient(request.headers, rules.version)
  if (refusal !== undefined) return refusal
  return operation === 'list' ? admitToList(request) : admitToJob(operation, request, rules)
}

/** Checks a request to a collection, as a Milvus does and as the clusters of Zilliz Cloud do that are one. */
export function admitToDataPlane(
  operation: CollectionOperation,
  request: ServiceRequest,
  rules: ServiceRules,
): Admission {
  const { headers, body } = request
  const version = rules.dialect === 'milvus' ? rules.version : '2.6'
  const refusal = unauthenticated(headers, rules) ?? impatient(headers, version)
  if (refusal !== undefined) return refusal
  const { type, fields, required, privilege } = BODIES[operation]
  const bound = bind(type, fields, required, body)
  if (bound.kind === 'refused') return bound
  const database = databaseIn(bound.text('dbName'), headers)
  if (!maySee(rules, database)) return denied(privilege, headers, database)
  const level = bound.text('consistencyLevel')
  if (!CONSISTENCY_LEVELS.includes(level)) {
    return refuse(failure(1100, `parameter:'${level}' is incorrect, please check it: invalid parameter`))
  }
  return {
    kind: 'collection',
    operation,
    database,
    collectionName: bound.text('collectionName'),
    indexName: bound.text('indexName'),
    outputFields: bound.texts('outputFields'),
    takesInt64: /^(1|t|true)$/i.test(headerText(headers['accept-type-allow-int64'])),
  }
}

/** Whether the key's user may know of what is in a database; of jobs that it may not, a list says nothing. */
export function maySee({ apiKey, databases }: Access, database: string): boolean {
  return apiKey === undefined || databases?.includes(database) !== false
}

/** Without one, that of the collection. */
const CONSISTENCY_LEVELS: readonly string[] = ['', 'Strong', 'Session', 'Bounded', 'Eventually', 'Customized']

interface CollectionBody {
  readonly type: string
  readonly fields: Fields
  readonly required: readonly string[]
  /** https://github.com/milvus-io/milvus-proto/blob/master/proto/milvus.proto, the options of the requests */
  readonly privilege: string
}

const NAMES = { dbName: 'string', collectionName: 'string' } as const
const BY_NAME = { type: 'CollectionNameReq', fields: NAMES, required: ['collectionName'] } as const

const BODIES: Readonly<Record<CollectionOperation, CollectionBody>> = {
  'list-indexes': { ...BY_NAME, privilege: 'PrivilegeIndexDetail' },
  'describe-index': {
    type: 'IndexReq',
    fields: { ...NAMES, indexName: 'string' },
    required: ['collectionName', 'indexName'],
    privilege: 'PrivilegeIndexDetail',
  },
  'get-load-state': { ...BY_NAME, privilege: 'PrivilegeGetLoadState' },
  'refresh-load': { ...BY_NAME, privilege: 'PrivilegeLoad' },
  query: {
    type: 'QueryReqV2',
    fields: { ...NAMES, filter: 'string', outputFields: 'strings', consistencyLevel: 'string' },
    required: ['collectionName'],
    privilege: 'PrivilegeQuery',
  },
}

function unauthenticated(headers: IncomingHttpHeaders, { apiKey }: Access): Refusal | undefined {
  const { scheme, key } = credentialsOf(headers.authorization)
  if (apiKey === undefined || key === apiKey) return undefined
  const challenge = scheme === 'basic' ? { 'WWW-Authenticate': 'Basic realm="restricted"' } : {}
  return refuse(json({ code: 1800, message: "user hasn't authenticated" }, 401, challenge))
}

function impatient(headers: IncomingHttpHeaders, version: MilvusVersion): Refusal | undefined {
  const patience = headers['request-timeout']
  return version === '3.0' && typeof patience === 'string' && !/^\d+$/.test(patience)
    ? refuse(failure(1100, `invalid Request-Timeout ${patience}: invalid parameter`))
    : undefined
}

function admitToList({ headers, body }: ServiceRequest): Admission {
  const bound = bind('ImportJobListReq', { dbName: 'string', collectionName: 'string' }, [], body)
  if (bound.kind === 'refused') return bound
  const collectionName = bound.text('collectionName')
  // Without a collection it shows the jobs of all databases: https://github.com/milvus-io/milvus/issues/31273
  return collectionName === ''
    ? { kind: 'list', database: undefined, collectionName: undefined, page: undefined }
    : { kind: 'list', database: databaseIn(bound.text('dbName'), headers), collectionName, page: undefined }
}

function admitToJob(operation: 'describe' | Deed, { headers, body }: ServiceRequest, rules: MilvusRules): Admission {
  const bound = bind('JobIDReq', { jobId: 'string' }, ['jobId'], body)
  if (bound.kind === 'refused') return bound
  const jobId = bound.text('jobId')
  const database = databaseIn('', headers)
  if (!maySee(rules, database)) return denied('PrivilegeImport', headers, database)
  if (!isInt64(jobId)) {
    const problem = `parse job id failed: strconv.ParseInt: parsing ${JSON.stringify(jobId)}: invalid syntax`
    return refuse(
      isBefore26(rules.version)
        ? failure(2100, `${problem}: importing data failed`)
        : failure(1100, `${problem}: invalid parameter`),
    )
  }
  return { kind: operation, jobId }
}

/** The JSON of gRPC's own error, which has no code of Milvus'. */
function denied(privilege: string, headers: IncomingHttpHeaders, database: string): Refusal {
  const user = credentialsOf(headers.authorization).key.replace(/:.*/s, '')
  const denial = `${privilege}: permission deny to ${user} in the \`${database}\` database`
  return refuse(failure(65535, `rpc error: code = PermissionDenied desc = ${denial}`, 403))
}

function databaseIn(dbName: string, headers: IncomingHttpHeaders) {
  return dbName || headerText(headers['db-name']) || DEFAULT_DATABASE
}

function isInt64(text: string) {
  return /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}
