import type { IncomingHttpHeaders } from 'node:http'
import { notRouted, refuse, type Refusal } from './answers.ts'
import { admitToDataPlane, admitToMilvus } from './milvus-checks.ts'
import { operationOf, type CollectionOperation, type Deed } from './routes.ts'
import { admitToControlPlane } from './zilliz-checks.ts'

/** A release line of Milvus; `2.4.0` stands for the first three releases, whose answers still poll different. */
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
  /** Zilliz Cloud: where it says that the cluster's data can be reached; without it, where the service itself is reached. */
  readonly connectAddress?: string
  /** Zilliz Cloud: how it lists, where its reference leaves that open. */
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
export type Admission =
  | { readonly kind: 'describe' | Deed; readonly jobId: string }
  | ListQuery
  | CollectionQuery
  | { readonly kind: 'describe-cluster'; readonly clusterId: string }
  | Refusal

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

/** What a client wants of a collection. */
export interface CollectionQuery {
  readonly kind: 'collection'
  readonly operation: CollectionOperation
  readonly database: string
  readonly collectionName: string
  /** Empty where it is none of the question. */
  readonly indexName: string
  readonly outputFields: readonly string[]
  /** Whether the client wants 64-bit numbers as JSON numbers. */
  readonly takesInt64: boolean
}

/** Checks a request as strictly as the service would, in the order in which it would. */
export function admit(request: ServiceRequest, rules: ServiceRules): Admission {
  const operation = operationOf(request, rules)
  switch (operation) {
    case undefined:
      return refuse(notRouted)
    case 'list-indexes':
    case 'describe-index':
    case 'get-load-state':
    case 'refresh-load':
    case 'query':
      return admitToDataPlane(operation, request, rules)
    case 'describe-cluster':
      return rules.dialect === 'zilliz' ? admitToControlPlane(operation, request, rules) : refuse(notRouted)
    case 'describe':
    case 'list':
    case 'commit':
    case 'abort':
      return rules.dialect === 'milvus'
        ? admitToMilvus(operation, request, rules)
        : admitToControlPlane(operation, request, rules)
  }
}
