/** What a client of the import API notices of a release. Each fact is as recorded from a server of that line. */
export interface Release {
  /** `code` of a success; 0 since https://github.com/milvus-io/milvus/pull/33363, 2.4.3. */
  readonly successCode: 0 | 200
  /** `id:… paths:"a.parquet"` in place of `[a.parquet]`. */
  readonly oldFileNames: boolean
  /** `describe`; without it only `get_progress`. */
  readonly describe: boolean
  readonly commit: boolean
  readonly refreshLoad: boolean
  /** Reads `.csv` files. */
  readonly csv: boolean
  /** A phase of its own between import and index. */
  readonly sorts: boolean
  readonly createTime: boolean
  /** Checks a privilege on the job's own collection, after the job was looked up; before that on all collections, first. */
  readonly checksCollection: boolean
  /** Has the codes of old for an unknown and a malformed job id. */
  readonly oldCodes: boolean
  /** Reads JSON with the library `sonic`, whose messages differ. */
  readonly sonic: boolean
  /** Checks the value of `Request-Timeout`. */
  readonly checksTimeout: boolean
  /** Returns the earlier job for an `Idempotency-Key` that it has seen. */
  readonly idempotencyKey: boolean
  /** The rate limiter asks for the collection first, and wraps its error. */
  readonly limiterFirst: boolean
  /** `code` of a refresh of a collection that is not loaded. */
  readonly notLoadedCode: 101 | 65535
}

const v24: Release = {
  successCode: 0,
  oldFileNames: false,
  describe: true,
  commit: false,
  refreshLoad: false,
  csv: false,
  sorts: false,
  createTime: false,
  checksCollection: false,
  oldCodes: true,
  sonic: false,
  checksTimeout: false,
  idempotencyKey: false,
  limiterFirst: true,
  notLoadedCode: 65535,
}
const v25: Release = { ...v24, refreshLoad: true, csv: true, sorts: true, limiterFirst: false }
const v26: Release = { ...v25, createTime: true, checksCollection: true, oldCodes: false, notLoadedCode: 101 }
const v30: Release = { ...v26, commit: true, sonic: true, checksTimeout: true }

/**
 * The lines `2.4` to `3.0` are the builds that were recorded. The others differ from their line in what is documented:
 * `2.4.12` is the last release before `describe`, `2.6.24` and `3.0.2` are the first that honor `Idempotency-Key`.
 */
export const RELEASES = {
  '2.4.0': { ...v24, successCode: 200, oldFileNames: true, describe: false },
  '2.4.12': { ...v24, describe: false },
  '2.4': v24,
  '2.5': v25,
  '2.6': v26,
  '2.6.24': { ...v26, idempotencyKey: true },
  '3.0': v30,
  '3.0.2': { ...v30, idempotencyKey: true },
} as const satisfies Readonly<Record<string, Release>>

/** A release line of Milvus, or a release that differs from its line. */
export type MilvusVersion = keyof typeof RELEASES

/** An era of Zilliz Cloud's REST API, by the year of its reference. */
export type ZillizVersion = '2024' | '2026'

/** Which service is played, in which version. */
export type ServiceKind =
  | { readonly dialect: 'milvus'; readonly version: MilvusVersion }
  | { readonly dialect: 'zilliz'; readonly version: ZillizVersion }

/** The Milvus that answers; clusters of Zilliz Cloud answer as a 2.6. */
export function releaseOf(service: ServiceKind): Release {
  return RELEASES[service.dialect === 'milvus' ? service.version : '2.6']
}
