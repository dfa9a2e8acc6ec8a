import { success } from './answers.ts'
import type { ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'

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
