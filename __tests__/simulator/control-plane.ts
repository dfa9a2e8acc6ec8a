import { success } from './answers.ts'
import type { ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import type { JobData } from './projection.ts'

/** What Zilliz Cloud says of a cluster that runs: https://docs.zilliz.com/reference/restful/describe-cluster-v2 */
export function clusterReply(clusterId: string, rules: ServiceRules, ownUrl: string): Reply {
  return success(rules, {
    clusterId,
    clusterName: 'production',
    projectId: rules.projectId ?? 'proj-0123456789abcdef0123',
    description: '',
    regionId: rules.regionId ?? 'aws-us-west-2',
    cuType: 'Performance-optimized',
    plan: 'Standard',
    status: 'RUNNING',
    connectAddress: rules.connectAddress ?? ownUrl,
    privateLinkAddress: '',
    createTime: '2026-01-15T09:00:00Z',
    cuSize: 1,
    storageSize: 0,
    snapshotNumber: 0,
    createProgress: 100,
  })
}

/** The cloud's words for the states of any job: https://docs.zilliz.com/reference/restful/describe-job-v2 */
const CLOUD_STATUS: Readonly<Record<string, string>> = {
  Pending: 'PENDING',
  Completed: 'SUCCESSFUL',
  Failed: 'FAILED',
}

/** What the control plane says of an import as of any job; `progress` is a string. */
export function cloudJobReply(data: JobData, startTime: string, rules: ServiceRules): Reply {
  const { jobId, state, progress, reason = '' } = data
  return success(rules, {
    jobId,
    type: 'IMPORT',
    status: CLOUD_STATUS[state] ?? 'IN_PROGRESS',
    progress: String(progress),
    startTime,
    endTime: data['completeTime'],
    reason,
  })
}
