import type { IncomingHttpHeaders } from 'node:http'
import { credentialsOf, type Access } from './access.ts'
import { refuse, unknownJob, type Refusal } from './answers.ts'
import { isObject, parseJson } from './binding.ts'
import type { Admission, Listing, ServiceRequest, ServiceRules } from './dialects.ts'
import { failure } from './faults.ts'
import { clusterIdIn, cloudJobIdIn, type TwoPhaseOperation } from './routes.ts'
import { DEFAULT_DATABASE } from './script.ts'

type Fields = Readonly<Record<string, unknown>>

/** https://docs.zilliz.com/reference/restful/error-codes-v2, all of them at HTTP 200, since it says nothing about the status. */
export function admitToControlPlane(
  operation: 'create' | 'describe' | 'list' | 'describe-cluster' | 'describe-cloud-job' | TwoPhaseOperation,
  { headers, path, body }: ServiceRequest,
  rules: ServiceRules,
): Admission {
  const refusal = unauthenticated(headers, rules)
  if (refusal !== undefined) return refusal
  if (operation === 'describe-cloud-job') return { kind: operation, jobId: cloudJobIdIn(path) ?? '' }
  if (operation === 'describe-cluster') {
    const clusterId = clusterIdIn(path) ?? ''
    return unknownCluster(clusterId, rules) ?? { kind: operation, clusterId }
  }
  const parsed = parseJson(body)
  const fields = isObject(parsed?.value) ? parsed.value : {}
  const wrongPlace = placeRefusal(fields, rules)
  if (wrongPlace !== undefined) return wrongPlace
  if (operation === 'create') return admitToCreate(fields)
  if (operation === 'list') return admitToPage(fields, rules.listing ?? {})
  const jobId = textIn(fields, 'jobId')
  return jobId === ''
    ? refuse(unknownJob(rules, jobId))
    : { kind: operation, jobId, refusalFor: () => undefined, isChecked: true }
}

/** Clients send "" for what they do not use. */
function textIn(fields: Fields, name: string) {
  return typeof fields[name] === 'string' ? fields[name] : ''
}

function placeRefusal(fields: Fields, rules: ServiceRules): Refusal | undefined {
  const [clusterId = '', projectId, regionId] = ['clusterId', 'projectId', 'regionId'].map((name) =>
    textIn(fields, name),
  )
  const isByProject = projectId !== '' || regionId !== ''
  if (clusterId !== '') return isByProject ? refuse(invalidClusterId) : unknownCluster(clusterId, rules)
  if (!isByProject) return refuse(failure(96025, 'Empty clusterId.'))
  if (projectId !== rules.projectId) return refuse(failure(96005, 'Invalid projectId.'))
  return regionId === rules.regionId ? undefined : refuse(failure(96001, 'Invalid regionId.'))
}

const invalidClusterId = failure(96036, 'Invalid clusterId.')

function unauthenticated(headers: IncomingHttpHeaders, { apiKey }: Access): Refusal | undefined {
  const { scheme, key } = credentialsOf(headers.authorization)
  if (scheme !== 'bearer' || key.includes(':')) return refuse(failure(80001, 'The token is illegal.'))
  return key === apiKey ? undefined : refuse(failure(21119, 'The apikey is illegal.'))
}

function unknownCluster(clusterId: string, rules: ServiceRules): Refusal | undefined {
  if (!/^in\d+-[0-9a-f]+$/.test(clusterId)) return refuse(invalidClusterId)
  return clusterId === rules.clusterId ? undefined : refuse(failure(96018, 'Cluster not found.'))
}

/** The reference prints no code for a body that lacks something; Milvus' own stands in. */
function admitToCreate(fields: Fields): Admission {
  const collectionName = textIn(fields, 'collectionName')
  const paths = fields['objectUrls'] ?? fields['dataPaths'] ?? [[textIn(fields, 'objectUrl')].filter(Boolean)]
  const groups = Array.isArray(paths) ? paths.map((group) => [group].flat().map(String)) : []
  const options = isObject(fields['options']) ? fields['options'] : {}
  if (collectionName === '' || groups.flat().length === 0) {
    return refuse(failure(1802, 'missing required parameters, error: collectionName and objectUrls are required'))
  }
  return {
    kind: 'create',
    database: textIn(fields, 'dbName') || DEFAULT_DATABASE,
    collectionName,
    partitionName: textIn(fields, 'partitionName'),
    groups,
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
    idempotencyKey: '',
  }
}

function admitToPage(fields: Fields, { longestPage = Infinity }: Listing): Admission {
  const { pageSize = 10, currentPage = 1 } = fields
  if (!isCountingNumber(pageSize) || pageSize > LONGEST_PAGE)
    return refuse(failure(96008, 'The parameter value for pageSize should be between 1 and 100.'))
  if (!isCountingNumber(currentPage))
    return refuse(
      failure(96009, 'The parameter currentPage should have a value between 1 and the maximum value of Int.'),
    )
  return {
    kind: 'list',
    database: textIn(fields, 'dbName') || undefined,
    collectionName: textIn(fields, 'collectionName') || undefined,
    page: { size: Math.min(pageSize, longestPage), current: currentPage },
    mayShow: () => true,
  }
}

/** https://docs.zilliz.com/reference/restful/error-codes-v2 */
const LONGEST_PAGE = 100

function isCountingNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}
