/** Where Zilliz Cloud has its control planes and clusters; dedicated clusters in China are below `vectordb.zilliz.com.cn`. */
const ZONES = /(^|\.)(zillizcloud\.com|cloud\.zilliz\.com(\.cn)?|vectordb\.zilliz\.com\.cn)\.?$/i

/** The public control planes, of the world and of China. */
const CONTROL_PLANE = /^api\.cloud\.zilliz\.com(\.cn)?\.?$/i

/** Whether Zilliz Cloud owns this host. */
export function isOfZilliz(hostname: string): boolean {
  return ZONES.test(hostname)
}

/** Whether this host is a public control plane of Zilliz Cloud itself, and no gateway of somebody else in front of it. */
export function isControlPlane(hostname: string): boolean {
  return CONTROL_PLANE.test(hostname)
}
