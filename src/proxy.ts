import { BlockList, isIP } from 'node:net'
import type { Transport } from './connection.ts'

/** The way to one address. */
export type ProxyChoice =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'proxy'
      /** With its credentials. */ readonly url: string
      /** Without. */ readonly shown: string
    }
  | { readonly kind: 'unusable'; readonly variable: string; readonly text: string; readonly fault: ProxyFault }

/** What is wrong with a proxy variable. */
export type ProxyFault = 'not-a-url' | 'not-percent-encoded'

/** Which proxy requests to `endpoint` go through. Only the variable that applies to them is judged. */
export function proxyFor(endpoint: string, { httpProxy, httpsProxy, noProxy }: Transport['proxy']): ProxyChoice {
  const { protocol, hostname, port } = new URL(endpoint)
  const [text, variable] = protocol === 'https:' ? [httpsProxy, 'HTTPS_PROXY'] : [httpProxy, 'HTTP_PROXY']
  if (text === undefined || isExempt(hostname, Number(port) || DEFAULT_PORTS[protocol] || 0, noProxy)) {
    return { kind: 'direct' }
  }
  const url = httpUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url === undefined) return { kind: 'unusable', variable, text, fault: 'not-a-url' }
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) {
    return { kind: 'unusable', variable, text, fault: 'not-percent-encoded' }
  }
  return { kind: 'proxy', url: url.href, shown: url.origin }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** Whether `NO_PROXY` names the host: by name, suffix, address or CIDR block, each with or without a port, or all by `*`. */
function isExempt(hostname: string, port: number, noProxy: string): boolean {
  const host = bare(hostname)
  return noProxy.split(/[,\s]+/).some((entry) => {
    const [, named = entry, ofPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
    if (ofPort !== undefined && Number(ofPort) !== port) return false
    const name = bare(named).replace(/^\*?\./, '')
    return name === '*' || isInBlock(host, name) || (name !== '' && (host === name || host.endsWith(`.${name}`)))
  })
}

/** Lower case, an IPv6 address without its brackets. */
function bare(hostname: string): string {
  return hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1')
}

function isInBlock(host: string, block: string): boolean {
  const [address = '', prefix = ''] = block.split('/')
  const family = isIP(address)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(prefix)) return false
  if (Number(prefix) > (family === 6 ? 128 : 32)) return false
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(address, Number(prefix), type)
  return list.check(host, type)
}

/** The URL in `text`, if it is one of http or https with a host; browsers would forgive more than is good here. */
export function httpUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\p{C}\\]/u.test(text)) return undefined
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Whether every `%` in the text begins an encoded character. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
