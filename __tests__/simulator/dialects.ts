import type { IncomingHttpHeaders } from 'node:http'
import type { Access } from './access.ts'
import { notRouted, refuse, type Refusal } from './answers.ts'
import type { Reply } from './faults.ts'
import { admitToDataPlane, admitToMilvus } from './milvus-checks.ts'
import { operationOf, type CollectionOperation, type TwoPhaseOperation } from './routes.ts'
import type { ServiceKind } from './versions.ts'
import { admitToControlPlane } from './zilliz-checks.ts'

export type { MilvusVersion, ServiceKind, ZillizVersion } from './versions.ts'

/** Where a service of Zilliz Cloud lives, and how it lists. */
interface Cloud {
  readonly clusterId?: string
  readonly projectId?: string
  readonly regionId?: string
  /** Where it says that the cluster's data can be reached; without it, where the service itself is reached. */
  readonly connectAddress?: string
  /** How it lists, where its reference leaves that open. */
  readonly listing?: Listing
}

/** How a service pages its list. */
export interface Listing {
  /** The longest page that it gives, whatever it was asked for. */
  readonly longestPage?: number
  readonly omitsProgress?: boolean
  /** It shows the jobs of all collections, as its reference, which knows no such parameter, lets one expect. */
  readonly ignoresCollection?: boolean
}

/** A service and its rules. */
export type ServiceRules = ServiceKind &
  Access &
  Cloud & {
    /** Lists jobs and files in another order each time, as a Milvus does. */
    readonly shuffles?: boolean
  }

/** One request as it came in; header names in lower case. */
export interface ServiceRequest {
  readonly method: string
  /** Below the place where the service is mounted, without a query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a service does with a request once its checks are through. */
export type Admission = JobQuery | CreateRequest | ListQuery | CollectionQuery | CloudQuery | Refusal

/** A request about one job. */
export interface JobQuery {
  readonly kind: 'describe' | TwoPhaseOperation
  readonly jobId: string
  /** The refusal of a user that may not import into the job's collection. */
  readonly refusalFor: (collectionName: string) => Reply | undefined
  /** What a commit says of an unknown job depends on whether a check looked the job up before. */
  readonly isChecked: boolean
}

/** A start of an import. */
export interface CreateRequest {
  readonly kind: 'create'
  readonly database: string
  readonly collectionName: string
  readonly partitionName: string
  /** Each group is a file, or the NumPy files of one set. */
  readonly groups: readonly (readonly string[])[]
  readonly options: Readonly<Record<string, string>>
  readonly idempotencyKey: string
}

/** Which jobs a client wants listed. */
export interface ListQuery {
  readonly kind: 'list'
  /** Undefined: those of all databases. */
  readonly database: string | undefined
  /** Undefined: those of all collections, and on a Milvus of all databases: https://github.com/milvus-io/milvus/issues/31273 */
  readonly collectionName: string | undefined
  /** Undefined: in one piece. */
  readonly page: { readonly size: number; readonly current: number } | undefined
  readonly mayShow: (collectionName: string) => boolean
}

/** What a client wants of a collection. */
export interface CollectionQuery {
  readonly kind: 'collection'
  readonly operation: CollectionOperation
  readonly database: string
  readonly collectionName: string
  /** Empty where it is no part of the request. */
  readonly indexName: string
  readonly outputFields: readonly string[]
  /** Whether the client wants 64-bit numbers as JSON numbers. */
  readonly takesInt64: boolean
  /** What the load state of a described collection says to a user that may not see it. */
  readonly loadStateDenied: string | undefined
}

/** What a client wants of the control plane of Zilliz Cloud. */
export type CloudQuery =
  | { readonly kind: 'describe-cluster'; readonly clusterId: string }
  | { readonly kind: 'describe-cloud-job'; readonly jobId: string }

/** Checks a request as strictly as the service would, in the order in which it would. */
export function admit(request: ServiceRequest, rules: ServiceRules): Admission {
  const operation = operationOf(request, rules)
  switch (operation) {
    case undefined:
      return rules.dialect === 'milvus' ? admitToMilvus(undefined, request, rules) : refuse(notRouted)
    case 'describe-collection':
    case 'get-stats':
    case 'list-indexes':
    case 'describe-index':
    case 'get-load-state':
    case 'refresh-load':
    case 'query':
      return admitToDataPlane(operation, request, rules)
    case 'describe-cluster':
    case 'describe-cloud-job':
      return rules.dialect === 'zilliz' ? admitToControlPlane(operation, request, rules) : refuse(notRouted)
    case 'create':
    case 'describe':
    case 'list':
    case 'commit':
    case 'abort':
      return rules.dialect === 'milvus'
        ? admitToMilvus(operation, request, rules)
        : admitToControlPlane(operation, request, rules)
  }
}
