/** The public control planes of Zilliz Cloud, of the world and of China. */
const CONTROL_PLANES: readonly string[] = ['api.cloud.zilliz.com', 'api.cloud.zilliz.com.cn']

/** Where Zilliz Cloud has control planes and clusters; dedicated clusters in China are below `vectordb.zilliz.com.cn`. */
const ZILLIZ_CLOUD = /(^|\.)(zillizcloud\.com|cloud\.zilliz\.com(\.cn)?|vectordb\.zilliz\.com\.cn)$/

/** The control plane of Zilliz Cloud where no other endpoint is given. */
export const DEFAULT_ENDPOINT = 'https://api.cloud.zilliz.com'

/** Whether this is a public control plane itself, and not a gateway of somebody else in front of it. */
export function isControlPlane(hostname: string): boolean {
  return CONTROL_PLANES.includes(canonical(hostname))
}

/** Whether this is a page for people rather than an API. */
export function isConsole(hostname: string): boolean {
  return /^(?:(?:www|cloud)\.)?zilliz\.com(?:\.cn)?$/.test(canonical(hostname))
}

/** Whether Zilliz Cloud owns this host. */
export function isZillizCloud(hostname: string): boolean {
  return ZILLIZ_CLOUD.test(canonical(hostname))
}

/** Lower case, without the dot that ends an absolute name. */
export function canonical(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '')
}
