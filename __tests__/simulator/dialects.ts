import type { IncomingHttpHeaders } from 'node:http'
import { json, text, type Reply } from './faults.ts'
import { DEFAULT_DATABASE } from './script.ts'

/** A release line of Milvus; `2.4.0` stands for the first three releases, whose answers still look different. */
export type MilvusVersion = '2.4.0' | '2.4' | '2.5' | '2.6' | '3.0'

/** An era of Zilliz Cloud's REST API, by the year of its reference. */
export type ZillizVersion = '2024' | '2026'

/** Which service is played, in which version. */
export type ServiceKind =
  | { readonly dialect: 'milvus'; readonly version: MilvusVersion }
  | { readonly dialect: 'zilliz'; readonly version: ZillizVersion }

/** Who may do what. */
export interface Access {
  /** The key that is right; without it a Milvus asks for none, its default. */
  readonly apiKey?: string
  /** Milvus, authorization on: the databases in which the key's user may import; without it, everywhere. */
  readonly databases?: readonly string[]
  /** Zilliz Cloud: where the jobs live. */
  readonly clusterId?: string
  readonly projectId?: string
  readonly regionId?: string
  /** Zilliz Cloud: how it lists, where its reference leaves that open. */
  readonly listing?: Listing
}

/** How a service pages its list. */
export interface Listing {
  /** The longest page that it gives, whatever it was asked for. */
  readonly longestPage?: number
  /** It refuses to give pages that are longer. */
  readonly refusedAbove?: number
  readonly omitsProgress?: boolean
}

/** A service and its rules. */
export type ServiceRules = ServiceKind & Access

/** One request as it came in; header names in lower case. */
export interface ServiceRequest {
  readonly method: string
  /** Below the place where the service is mounted, without a query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a service does with a request once its checks are through. */
export type Admission = { readonly kind: 'describe'; readonly jobId: string } | ListQuery | Refusal

interface Refusal {
  readonly kind: 'refused'
  readonly reply: Reply
}

/** Which jobs a client wants listed. */
export interface ListQuery {
  readonly kind: 'list'
  /** Undefined: those of all databases. */
  readonly database: string | undefined
  /** Undefined: those of all collections. */
  readonly collectionName: string | undefined
  /** Undefined: in one piece. */
  readonly page: { readonly size: number; readonly current: number } | undefined
}

/** Checks a request as strictly as the service would, in the order in which it would. */
export function admit(request: ServiceRequest, rules: ServiceRules): Admission {
  const operation = request.method === 'POST' ? routesOf(rules)[request.path] : undefined
  if (operation === undefined) return refuse(notRouted)
  return rules.dialect === 'milvus'
    ? admitToMilvus(operation, request, rules)
    : admitToZilliz(operation, request, rules)
}

/** The answer about a job that the service does not know, or no longer. */
export function unknownJob(service: ServiceKind, jobId: string): Reply {
  if (service.dialect === 'zilliz') return error(96026, 'Job not found. Please check your request parameter.')
  // https://github.com/milvus-io/milvus/pull/50545: a failure of the import on the server's side since 2.6.
  return isBefore26(service.version)
    ? error(2100, `import job does not exist, jobID=${jobId}: importing data failed`)
    : error(2101, `import job does not exist, jobID=${jobId}: importing data failed on server side`)
}

/** Whether the key's user may know of the jobs in a database; of those it may not, a list says nothing. */
export function maySee({ apiKey, databases }: Access, database: string): boolean {
  return apiKey === undefined || databases?.includes(database) !== false
}

/** The answer of a Milvus about a collection that it does not have. */
export function unknownCollection(database: string, collectionName: string): Reply {
  return error(100, `collection not found[database=${database}][collection=${collectionName}]`)
}

/** The envelope around good data. */
export function success(service: ServiceKind, data: unknown): Reply {
  // 0 since https://github.com/milvus-io/milvus/pull/33363, 2.4.3.
  const code = service.version === '2.4.0' ? 200 : 0
  return json({ code, data })
}

type Operation = 'describe' | 'list'

const imports = '/v2/vectordb/jobs/import'

/** https://github.com/milvus-io/milvus/blob/master/internal/distributed/proxy/httpserver/handler_v2.go */
function routesOf(service: ServiceKind): Readonly<Record<string, Operation>> {
  return { ...describeRoutesOf(service), [`${imports}/list`]: 'list' }
}

function describeRoutesOf({ version }: ServiceKind): Readonly<Record<string, Operation>> {
  switch (version) {
    case '2.4.0':
    case '2.4':
      return { [`${imports}/get_progress`]: 'describe' }
    case '2.5':
    case '2.6':
    case '3.0':
      return { [`${imports}/describe`]: 'describe', [`${imports}/get_progress`]: 'describe' }
    case '2024':
      return { [`${imports}/getProgress`]: 'describe' }
    case '2026':
      return {
        [`${imports}/describe`]: 'describe',
        [`${imports}/get_progress`]: 'describe',
        [`${imports}/getProgress`]: 'describe',
      }
  }
}

/** What gin says for a path that it does not know; a method that a path does not take is the same to it. */
const notRouted = text(404, '404 page not found')

function error(code: number, message: string, status = 200): Reply {
  return json({ code, message }, status)
}

function refuse(reply: Reply): Refusal {
  return { kind: 'refused', reply }
}

function isBefore26(version: MilvusVersion) {
  return version !== '2.6' && version !== '3.0'
}

function admitToMilvus(
  operation: Operation,
  { headers, body }: ServiceRequest,
  rules: Extract<ServiceRules, { dialect: 'milvus' }>,
): Admission {
  const { scheme, key } = credentialsOf(headers.authorization)
  if (rules.apiKey !== undefined && key !== rules.apiKey) {
    const challenge = scheme === 'basic' ? { 'WWW-Authenticate': 'Basic realm="restricted"' } : {}
    return refuse(json({ code: 1800, message: "user hasn't authenticated" }, 401, challenge))
  }
  const patience = headers['request-timeout']
  if (rules.version === '3.0' && typeof patience === 'string' && !/^\d+$/.test(patience)) {
    return refuse(error(1100, `invalid Request-Timeout ${patience}: invalid parameter`))
  }
  const bound = operation === 'list' ? bind('ImportJobListReq', LIST_FIELDS, body) : bind('JobIDReq', JOB_FIELDS, body)
  if (bound.kind === 'refused') return bound
  const { jobid = '', dbname, collectionname = '' } = bound.fields
  const database = dbname || headerText(headers['db-name']) || DEFAULT_DATABASE
  if (operation === 'list') {
    // Without a collection it shows the jobs of all databases: https://github.com/milvus-io/milvus/issues/31273
    return collectionname === ''
      ? { kind: 'list', database: undefined, collectionName: undefined, page: undefined }
      : { kind: 'list', database, collectionName: collectionname, page: undefined }
  }
  if (jobid === '') {
    const rule = `Key: 'JobIDReq.JobID' Error:Field validation for 'JobID' failed on the 'required' tag`
    return refuse(error(1802, `missing required parameters, error: ${rule}`))
  }
  if (!maySee(rules, database)) {
    // The JSON of gRPC's own error, which has no code of Milvus'.
    const denied = `PrivilegeImport: permission deny to ${key.replace(/:.*/s, '')} in the \`${database}\` database`
    return refuse(error(65535, `rpc error: code = PermissionDenied desc = ${denied}`, 403))
  }
  if (!isInt64(jobid)) {
    const problem = `parse job id failed: strconv.ParseInt: parsing ${JSON.stringify(jobid)}: invalid syntax`
    return refuse(
      isBefore26(rules.version)
        ? error(2100, `${problem}: importing data failed`)
        : error(1100, `${problem}: invalid parameter`),
    )
  }
  return { kind: 'describe', jobId: jobid }
}

const JOB_FIELDS = ['jobId'] as const
const LIST_FIELDS = ['dbName', 'collectionName'] as const

type Bound = { readonly kind: 'bound'; readonly fields: Readonly<Partial<Record<string, string>>> } | Refusal

/**
 * Go's JSON binding of strings: names in any case, the last one counts, null is an absent value, a number is no string. What
 * it brings is named in lower case.
 */
function bind(type: string, names: readonly string[], body: string): Bound {
  const malformed = (problem: string) => refuse(error(1801, `can only accept json format request, ${problem}`))
  const parsed = parseJson(body)
  if (body === '') return malformed('the request body should be nil, however {} is valid')
  if (parsed === undefined) return malformed(`error: invalid character ${JSON.stringify(body.slice(0, 1))} in the body`)
  const sent = parsed.value ?? {}
  if (!isObject(sent)) {
    return malformed(`error: json: cannot unmarshal ${goType(sent)} into Go value of type httpserver.${type}`)
  }
  const fields: Record<string, string> = {}
  for (const name of names) {
    const lower = name.toLowerCase()
    const value = Object.entries(sent).findLast(([key]) => key.toLowerCase() === lower)?.[1] ?? ''
    if (typeof value !== 'string') {
      return malformed(
        `error: json: cannot unmarshal ${goType(value)} into Go struct field ${type}.${name} of type string`,
      )
    }
    fields[lower] = value
  }
  return { kind: 'bound', fields }
}

/** https://docs.zilliz.com/reference/restful/error-codes-v2, all of them at HTTP 200 for want of a word on it. */
function admitToZilliz(
  operation: Operation,
  { headers, body }: ServiceRequest,
  rules: Extract<ServiceRules, { dialect: 'zilliz' }>,
): Admission {
  const { scheme, key } = credentialsOf(headers.authorization)
  if (scheme !== 'bearer' || key.includes(':')) return refuse(error(80001, 'The token is illegal.'))
  if (key !== rules.apiKey) return refuse(error(21119, 'The apikey is illegal.'))
  const parsed = parseJson(body)
  const fields = isObject(parsed?.value) ? parsed.value : {}
  // Clients send "" for what they do not use.
  const field = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '')
  const clusterId = field('clusterId')
  const projectId = field('projectId')
  const regionId = field('regionId')
  const jobId = field('jobId')

  if (clusterId !== '' && (projectId !== '' || regionId !== '')) return refuse(error(96036, 'Invalid clusterId.'))
  if (clusterId === '' && projectId === '' && regionId === '') return refuse(error(96025, 'Empty clusterId.'))
  if (clusterId !== '') {
    if (!/^in\d+-[0-9a-f]+$/.test(clusterId)) return refuse(error(96036, 'Invalid clusterId.'))
    if (clusterId !== rules.clusterId) return refuse(error(96018, 'Cluster not found.'))
  } else {
    if (projectId !== rules.projectId) return refuse(error(96005, 'Invalid projectId.'))
    if (regionId !== rules.regionId) return refuse(error(96001, 'Invalid regionId.'))
  }
  if (operation === 'list') return admitToPage(fields, field('dbName'), field('collectionName'), rules.listing ?? {})
  return jobId === '' ? refuse(unknownJob(rules, jobId)) : { kind: 'describe', jobId }
}

function admitToPage(
  { pageSize = 10, currentPage = 1 }: Readonly<Record<string, unknown>>,
  dbName: string,
  collectionName: string,
  { longestPage = Infinity, refusedAbove = Infinity }: Listing,
): Admission {
  if (!isCountingNumber(pageSize) || pageSize > refusedAbove) return refuse(error(INVALID_PAGING, 'Invalid pageSize.'))
  if (!isCountingNumber(currentPage)) return refuse(error(INVALID_PAGING, 'Invalid currentPage.'))
  return {
    kind: 'list',
    database: dbName || undefined,
    collectionName: collectionName || undefined,
    page: { size: Math.min(pageSize, longestPage), current: currentPage },
  }
}

/** The reference has no code for it; one that its table does not list stands for whatever it may be. */
const INVALID_PAGING = 96050

function isCountingNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function credentialsOf(authorization = '') {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) (.+)$/i.exec(authorization) ?? []
  return scheme.toLowerCase() === 'basic'
    ? { scheme: 'basic', key: Buffer.from(value, 'base64').toString() }
    : { scheme: scheme.toLowerCase(), key: value }
}

function headerText(value: string | string[] | undefined) {
  return Array.isArray(value) ? value.join() : (value ?? '')
}

function isInt64(text: string) {
  return /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

function parseJson(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) }
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The name that Go's decoder has for the type of a JSON value. */
function goType(value: unknown) {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
