import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { isAbsolute, resolve } from 'node:path'
import * as tls from 'node:tls'
import type { Transport } from '../connection.ts'
import type { Environment, Inputs } from './inputs.ts'
import { all, optional, parsed, quoted, sized, withPartner, wrong } from './values.ts'
import type { Parsed } from './values.ts'

type Trust = NonNullable<Transport['tls']['ca']>

/** How the connection is secured; the files that inputs name are read here, once. */
export function parseTls(inputs: Inputs, env: Environment): Parsed<Transport['tls']> {
  const folder = env['GITHUB_WORKSPACE'] || process.cwd()
  const cert = optional(inputs['client-cert'], (text) => parsePem('client-cert', text, folder))
  const key = optional(inputs['client-key'], (text) => parsePem('client-key', text, folder))
  return all<Transport['tls']>({
    ca: optional(inputs['ca-cert'], (text) => parseTrust(text, folder)),
    clientCert: withPartner(inputs, 'client-cert', 'client-key', cert),
    clientKey: fitting(cert, withPartner(inputs, 'client-key', 'client-cert', key)),
    serverName: optional(inputs['tls-server-name'], parseServerName),
    extraCaPath: parsed(env['NODE_EXTRA_CA_CERTS'] || undefined),
  })
}

function parseTrust(text: string, folder: string): Parsed<Trust> {
  if (text !== 'system') {
    const pem = parsePem('ca-cert', text, folder)
    return pem.kind === 'value' ? parsed({ kind: 'pem', pem: pem.value }) : pem
  }
  if ('getCACertificates' in tls) return parsed({ kind: 'system' })
  const got = `"system" on Node ${process.versions.node}, which cannot read the machine's own store`
  const takes = '`system` from Node 22.15 on, as current runners have it; else PEM text or the path of a PEM file'
  return wrong('ca-cert', got, takes, '/etc/ssl/certs/ca-certificates.crt')
}

function fitting(cert: Parsed<string | undefined>, key: Parsed<string | undefined>): Parsed<string | undefined> {
  if (cert.kind === 'mistakes' || key.kind === 'mistakes') return key
  if (cert.value === undefined || key.value === undefined) return key
  const fault = faultOfPair(cert.value, key.value)
  return fault === undefined ? key : wrong('client-key', fault, TAKES['client-key'])
}

function parseServerName(text: string): Parsed<string> {
  if (/^\w(?:[\w.-]*\w)?\.?$/.test(text) && isIP(text) === 0) return parsed(text)
  const takes = "a host name that the server's certificate holds, without scheme and port, and no IP address"
  return wrong('tls-server-name', quoted(text), takes)
}

/** How the report may write an input that holds certificates. */
export function shownPem(text: string): string {
  return isPem(text) ? '(PEM text)' : text
}

/** Whether an input is PEM text rather than the path of a file. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/** Whether a text is the path of a file rather than a damaged key or certificate, none of which ends in an extension. */
export function looksLikePath(text: string): boolean {
  return text.length <= 255 && /^[^\r\n]*\.[A-Za-z]{1,5}$|^[a-z ._/\\-]+$/.test(text)
}

const TAKES = {
  'ca-cert': 'certificates only: PEM text, the path of a PEM file relative to the workspace, or `system`',
  'client-cert': "the client's certificate: PEM text, or the path of a PEM file relative to the workspace",
  'client-key':
    'the private key of `client-cert`, not encrypted, line breaks kept: PEM text, or the path of a PEM file',
} as const

/** The PEM text that an input holds or names. */
function parsePem(input: keyof typeof TAKES, text: string, folder: string): Parsed<string> {
  const isKey = input === 'client-key'
  let pem = text
  if (!isPem(text)) {
    try {
      pem = readFileSync(resolve(folder, text), 'utf8')
    } catch (error) {
      // It may be the key itself, in whatever damaged form.
      const shown = looksLikePath(text) && !isKey ? quoted(text) : sized(text)
      const cause = causeOf(error, isAbsolute(text) ? '' : ` in ${folder}`)
      return wrong(input, `${shown}, a path that cannot be read: ${cause}`, TAKES[input])
    }
  }
  const fault = isKey ? faultOfKey(pem) : faultOfCertificates(pem)
  return fault === undefined
    ? parsed(pem)
    : wrong(input, `${isPem(text) ? 'PEM text' : quoted(text)}, ${fault}`, TAKES[input])
}

function causeOf(error: unknown, where: string): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error'
  switch (code) {
    case 'ENOENT':
      return `no such file${where} (is it made, or checked out, before this step?)`
    case 'EISDIR':
      return 'it is a folder'
    case 'EACCES':
      return 'permission denied'
    default:
      return code
  }
}

/** Why a PEM text is no list of certificates; undefined where it is one. */
function faultOfCertificates(pem: string): string | undefined {
  const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '))
  if (blocks.some((block) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(block))) return 'which holds a private key'
  if (blocks.length === 0) return 'which holds no certificate'
  const bad = blocks.findIndex((block) => !doesNotThrow(() => new X509Certificate(block)))
  return bad === -1 ? undefined : `whose certificate ${bad + 1} of ${blocks.length} cannot be parsed`
}

/** Why a PEM text is no private key that can be used without a passphrase; undefined where it is one. */
function faultOfKey(pem: string): string | undefined {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return 'which is encrypted'
  return doesNotThrow(() => createPrivateKey(pem)) ? undefined : 'which is no private key that can be parsed'
}

/** Why a certificate and a key, each sound, are no pair; undefined where they are one. */
function faultOfPair(cert: string, key: string): string | undefined {
  // A TLS context alone would take a certificate and a key of two different kinds.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    return 'a key that does not belong to `client-cert`'
  const isTaken = doesNotThrow(() => tls.createSecureContext({ cert, key }))
  return isTaken ? undefined : 'a key that OpenSSL refuses together with `client-cert`, for instance as too weak'
}

function doesNotThrow(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
