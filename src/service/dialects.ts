import type { Target } from '../connection.ts'
import type { ServiceErrorKind } from '../gate/job.ts'
import { isZillizCloud } from '../hosts.ts'

/** What a code in an envelope means. */
export interface CodeMeaning {
  readonly kind: ServiceErrorKind
  /** `outage`: about the moment, not about the request. */
  readonly means: 'refused' | 'outage' | 'unknown-job'
}

/** All in which one service differs from another; a third service is one more object of this type. */
export interface Dialect {
  readonly name: 'milvus' | 'zilliz-cloud'
  /** Whether the inputs name what only this service has. */
  readonly isMeantBy: (target: Target) => boolean
  /** Whether the service owns this host, and has no import jobs there. */
  readonly lacksJobs: (hostname: string) => boolean
  /** What every request about import jobs carries in its body, to say where the jobs are. */
  readonly place: (target: Target) => Readonly<Record<string, string>>
  /** Records on one page of the list of jobs; undefined: the list comes in one piece. */
  readonly pageSize: number | undefined
  /** Where the start time of a job can be asked; undefined: nowhere, `createTime` has to do. */
  readonly jobStartPath: ((jobId: string) => string) | undefined
  /** Where the address of the data plane can be asked; undefined: nowhere, it is an input. */
  readonly clusterPath: ((clusterId: string) => string) | undefined
  readonly codes: ReadonlyMap<number, CodeMeaning>
}

const JOBS = '/v2/vectordb/jobs/import'

/** The paths that both services share. */
export const PATHS = {
  /**
   * The names of the poll, in the order in which they are tried. All SDKs use `describe`, every Milvus since 2.4.0 knows
   * `get_progress`, and the documents of Zilliz Cloud once showed `getProgress`.
   */
  polls: [`${JOBS}/describe`, `${JOBS}/get_progress`, `${JOBS}/getProgress`],
  list: `${JOBS}/list`,
  commit: `${JOBS}/commit`,
  abort: `${JOBS}/abort`,
  create: `${JOBS}/create`,
  data: '/v2/vectordb',
} as const

/** "importing data failed": also how Milvus says that it does not know a job, or that a job is in another state. */
export const IMPORT_FAILED: ReadonlySet<number> = new Set([2100, 2101])
/** Any error that is not one of Milvus' own; only a text about permissions makes a refusal of it. */
export const UNCLASSIFIED = 65535

const MILVUS: Dialect = {
  name: 'milvus',
  isMeantBy: () => true,
  lacksJobs: () => false,
  place: () => ({}),
  pageSize: undefined,
  jobStartPath: undefined,
  clusterPath: undefined,
  // https://github.com/milvus-io/milvus/blob/master/pkg/util/merr/errors.go
  codes: codesOf([
    ['refused', 'credentials', [1800]],
    ['refused', 'bad-request', [1100, 1801, 1802]],
    ['refused', 'no-collection', [100]],
    ['refused', 'no-database', [800]],
    ['outage', 'rate-limited', [8, 1807]],
    ['outage', 'service-error', [1, 2, 3, 4, 9, 10, 901, 902, 904, 10000, 10001]],
  ]),
}

const ZILLIZ_CLOUD: Dialect = {
  name: 'zilliz-cloud',
  isMeantBy: ({ clusterId, projectId }) => clusterId !== undefined || projectId !== undefined,
  // Only `api.` and the older `controller.api.` know import jobs; the other hosts are clusters.
  lacksJobs: (hostname) => isZillizCloud(hostname) && !/^(controller\.)?api\./i.test(hostname),
  place: ({ clusterId, projectId, regionId }) => ({
    ...(clusterId && { clusterId }),
    ...(projectId && regionId && { projectId, regionId }),
  }),
  // The largest page it takes: https://docs.zilliz.com/reference/restful/error-codes-v2, 96008.
  pageSize: 100,
  jobStartPath: (jobId) => `/v2/jobs/${encodeURIComponent(jobId)}`,
  clusterPath: (clusterId) => `/v2/clusters/${encodeURIComponent(clusterId)}`,
  codes: codesOf([
    ['refused', 'wrong-place', Array.from({ length: 36 }, (_, i) => 96001 + i)],
    ['refused', 'permission', [80020, 96012, 96013, 96014, 96015, 96016, 96027]],
    ['refused', 'credentials', [21119, 80001, 80002]],
    ['unknown-job', 'unknown-job', [96026]],
  ]),
}

/** Later rows win. */
function codesOf(
  rows: readonly (readonly [CodeMeaning['means'], ServiceErrorKind, readonly number[]])[],
): ReadonlyMap<number, CodeMeaning> {
  return new Map(rows.flatMap(([means, kind, codes]) => codes.map((code) => [code, { kind, means }] as const)))
}

/** The first that is meant by the inputs is spoken. */
const DIALECTS = [ZILLIZ_CLOUD, MILVUS] as const

/** The codes of all services, which do not collide: a gateway may stand in front of any. */
export const CODES: ReadonlyMap<number, CodeMeaning> = new Map(DIALECTS.flatMap(({ codes }) => [...codes]))

export function dialectOf(target: Target): Dialect {
  return DIALECTS.find(({ isMeantBy }) => isMeantBy(target)) ?? MILVUS
}

/** Whether a service has no import jobs at its host of this name. */
export function lacksJobs(hostname: string): boolean {
  return DIALECTS.some((dialect) => dialect.lacksJobs(hostname))
}
