import type { Sort } from './faults.ts'

/** An error of the service, and the HTTP status that it comes at where the service projects its codes to statuses. */
export interface ErrorCode {
  readonly code: number
  readonly message: string
  readonly status: number
  readonly sort: Sort
}

type Row = readonly [code: number, status: number, message: string]

const rows = (sort: Sort, ...of: readonly Row[]): readonly ErrorCode[] =>
  of.map(([code, status, message]) => ({ code, message, status, sort }))

const NO_JOB = 'import job does not exist, jobID=453761313698322011'

/**
 * The codes of Milvus (https://github.com/milvus-io/milvus/blob/master/pkg/util/merr/errors.go) and of Zilliz Cloud
 * (https://docs.zilliz.com/reference/restful/error-codes-v2), whose statuses nobody documents.
 */
export const ERROR_CODES: readonly ErrorCode[] = [
  ...rows(
    'refusal',
    [100, 400, 'collection not found[collection=docs]'],
    [800, 400, 'database not found[database=prod]'],
    [1100, 400, 'parse job id failed: invalid parameter'],
    [1100, 400, 'invalid parameter'],
    [1800, 401, "user hasn't authenticated"],
    [1801, 400, 'can only accept json format request'],
    [1802, 400, 'missing required parameters'],
    [2100, 400, 'parse job id failed: importing data failed'],
    [65535, 403, 'rpc error: code = PermissionDenied desc = PrivilegeImport: permission deny to u in the `d` database'],
    [21119, 401, 'The apikey is illegal.'],
    [80001, 401, 'The token is illegal.'],
    [80002, 401, 'The token is invalid.'],
    [80020, 403, 'Invalid clusterId, or no permission.'],
    [96001, 400, 'Invalid regionId.'],
    [96005, 400, 'Invalid projectId.'],
    [96012, 403, 'No permission to the project.'],
    [96013, 403, 'No permission to the project.'],
    [96014, 403, 'No permission to the cluster.'],
    [96015, 403, 'No permission to the cluster.'],
    [96016, 403, 'No permission.'],
    [96018, 404, 'Cluster not found.'],
    [96025, 400, 'Empty clusterId.'],
    [96027, 403, 'No permission for this scope of the API key.'],
    [96036, 400, 'Invalid clusterId.'],
  ),
  ...rows(
    'passing',
    [1, 503, 'service not ready'],
    [2, 503, 'service unavailable'],
    [3, 503, 'memory limit exceeded'],
    [4, 429, 'request limit exceeded'],
    [8, 429, 'rate limit exceeded'],
    [9, 429, 'force deny'],
    [10, 503, 'disk quota exceeded'],
    [500, 500, ''],
    [901, 503, 'node not found'],
    [902, 503, 'node offline'],
    [904, 503, 'node not match'],
    [1807, 429, 'request is rejected by limiter, please retry later'],
    [2100, 500, 'importing data failed'],
    [2101, 500, 'importing data failed on server side'],
    [10000, 499, 'context canceled'],
    [10001, 408, 'request timeout'],
    [65535, 500, 'rpc error: code = Unavailable'],
    [99999, 500, 'a code that nobody knows'],
  ),
  ...rows(
    'unknown job',
    [2100, 400, `${NO_JOB}: importing data failed`],
    [2101, 500, `${NO_JOB}: importing data failed on server side`],
    [2101, 404, 'job 453761313698322011 not found'],
    [96026, 404, 'Job not found. Please check your request parameter.'],
  ),
]
