import { BlockList, isIP } from 'node:net'

const NEAR = new BlockList()
NEAR.addAddress('0.0.0.0')
NEAR.addSubnet('127.0.0.0', 8)
NEAR.addSubnet('10.0.0.0', 8)
NEAR.addSubnet('172.16.0.0', 12)
NEAR.addSubnet('192.168.0.0', 16)
NEAR.addSubnet('169.254.0.0', 16)
// Shared address space of providers and overlay networks (RFC 6598).
NEAR.addSubnet('100.64.0.0', 10)
NEAR.addAddress('::', 'ipv6')
NEAR.addAddress('::1', 'ipv6')
NEAR.addSubnet('fc00::', 7, 'ipv6')
NEAR.addSubnet('fe80::', 10, 'ipv6')

/** Names that no public DNS resolves: single labels (compose and Kubernetes services) and the private top-level domains. */
const NEAR_NAME = /^[^.]+$|\.(localhost|local|internal|lan|svc|home\.arpa)$/i

/** A request to this endpoint shows its key to any machine in between: plain http, and neither loopback nor private. */
export function isReadableOnTheWay(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint)
  if (protocol !== 'http:') return false
  const address = hostname.replace(/[[\]]/g, '')
  const family = isIP(address)
  if (family === 0) return !NEAR_NAME.test(hostname)
  return !NEAR.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
