import type { IncomingHttpHeaders } from 'node:http'
import { failure, refuse, unknownJob, type Refusal } from './answers.ts'
import { isObject, parseJson } from './binding.ts'
import type { Access, Admission, Listing, ServiceRequest, ServiceRules } from './dialects.ts'
import { credentialsOf } from './headers.ts'
import { clusterIdIn, type Deed } from './routes.ts'

type ZillizRules = Extract<ServiceRules, { dialect: 'zilliz' }>

/** https://docs.zilliz.com/reference/restful/error-codes-v2, all of them at HTTP 200 for want of a word on it. */
export function admitToControlPlane(
  operation: 'describe' | 'list' | 'describe-cluster' | Deed,
  { headers, path, body }: ServiceRequest,
  rules: ZillizRules,
): Admission {
  const refusal = unauthenticated(headers, rules)
  if (refusal !== undefined) return refusal
  if (operation === 'describe-cluster') {
    const clusterId = clusterIdIn(path) ?? ''
    return unknownCluster(clusterId, rules) ?? { kind: 'describe-cluster', clusterId }
  }
  const parsed = parseJson(body)
  const fields = isObject(parsed?.value) ? parsed.value : {}
  // Clients send "" for what they do not use.
  const field = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '')
  const clusterId = field('clusterId')
  const projectId = field('projectId')
  const regionId = field('regionId')
  const jobId = field('jobId')

  if (clusterId !== '' && (projectId !== '' || regionId !== '')) return refuse(failure(96036, 'Invalid clusterId.'))
  if (clusterId === '' && projectId === '' && regionId === '') return refuse(failure(96025, 'Empty clusterId.'))
  if (clusterId !== '') {
    const unknown = unknownCluster(clusterId, rules)
    if (unknown !== undefined) return unknown
  } else {
    if (projectId !== rules.projectId) return refuse(failure(96005, 'Invalid projectId.'))
    if (regionId !== rules.regionId) return refuse(failure(96001, 'Invalid regionId.'))
  }
  if (operation === 'list') return admitToPage(fields, field('dbName'), field('collectionName'), rules.listing ?? {})
  return jobId === '' ? refuse(unknownJob(rules, jobId)) : { kind: operation, jobId }
}

function unauthenticated(headers: IncomingHttpHeaders, { apiKey }: Access): Refusal | undefined {
  const { scheme, key } = credentialsOf(headers.authorization)
  if (scheme !== 'bearer' || key.includes(':')) return refuse(failure(80001, 'The token is illegal.'))
  return key === apiKey ? undefined : refuse(failure(21119, 'The apikey is illegal.'))
}

function unknownCluster(clusterId: string, rules: Access): Refusal | undefined {
  if (!/^in\d+-[0-9a-f]+$/.test(clusterId)) return refuse(failure(96036, 'Invalid clusterId.'))
  return clusterId === rules.clusterId ? undefined : refuse(failure(96018, 'Cluster not found.'))
}

function admitToPage(
  { pageSize = 10, currentPage = 1 }: Readonly<Record<string, unknown>>,
  dbName: string,
  collectionName: string,
  { longestPage = Infinity }: Listing,
): Admission {
  if (!isCountingNumber(pageSize) || pageSize > LONGEST_PAGE)
    return refuse(failure(96008, 'The parameter value for pageSize should be between 1 and 100.'))
  if (!isCountingNumber(currentPage))
    return refuse(
      failure(96009, 'The parameter currentPage should have a value between 1 and the maximum value of Int.'),
    )
  return {
    kind: 'list',
    database: dbName || undefined,
    collectionName: collectionName || undefined,
    page: { size: Math.min(pageSize, longestPage), current: currentPage },
  }
}

/** https://docs.zilliz.com/reference/restful/error-codes-v2 */
const LONGEST_PAGE = 100

function isCountingNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}
