import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { isAbsolute, resolve } from 'node:path'
import * as tls from 'node:tls'
import type { Transport } from '../connection.ts'
import type { Environment, InputName, Inputs } from './inputs.ts'
import { all, mistaken, optional, parsed, quoted, sized } from './values.ts'
import type { Parsed } from './values.ts'

type Trust = NonNullable<Transport['tls']['ca']>

/** How the connection is secured; the files that inputs name are read here, once. */
export function parseTls(inputs: Inputs, env: Environment): Parsed<Transport['tls']> {
  const folder = env['GITHUB_WORKSPACE'] || process.cwd()
  const cert = optional(inputs['client-cert'], (text) => parseClientCert(text, folder))
  const key = optional(inputs['client-key'], (text) => parseClientKey(text, folder))
  return all<Transport['tls']>({
    ca: optional(inputs['ca-cert'], (text) => parseTrust(text, folder)),
    clientCert: withPartner(inputs, 'client-cert', 'client-key', cert),
    clientKey: fitting(cert, withPartner(inputs, 'client-key', 'client-cert', key)),
    serverName: optional(inputs['tls-server-name'], parseServerName),
    extraCaPath: parsed(env['NODE_EXTRA_CA_CERTS'] || undefined),
  })
}

function parseTrust(text: string, folder: string): Parsed<Trust> {
  const input = 'ca-cert'
  if (text === 'system') return 'getCACertificates' in tls ? parsed({ kind: 'system' }) : systemIsOutOfReach()
  const takes = 'certificates only: PEM text, the path of a PEM file relative to the workspace, or `system`'
  const pem = parseCertificates({ input, takes, example: 'certs/ca.pem' }, text, folder)
  return pem.kind === 'value' ? parsed({ kind: 'pem', pem: pem.value }) : pem
}

function systemIsOutOfReach(): Parsed<never> {
  return mistaken({
    input: 'ca-cert',
    got: `"system" on Node ${process.versions.node}, which cannot read the machine's own store`,
    takes: '`system` from Node 22.15 on, as current runners have it; else PEM text or the path of a PEM file',
    example: '/etc/ssl/certs/ca-certificates.crt',
  })
}

function parseClientCert(text: string, folder: string): Parsed<string> {
  const takes = "the client's certificate: PEM text, or the path of a PEM file relative to the workspace"
  return parseCertificates({ input: 'client-cert', takes, example: 'certs/client.pem' }, text, folder)
}

interface Wanted {
  readonly input: InputName
  readonly takes: string
  readonly example: string
}

function parseCertificates(wanted: Wanted, text: string, folder: string): Parsed<string> {
  const pem = readPem(text, folder, looksLikePath(text) ? quoted(text) : sized(text))
  if (pem.kind === 'unreadable') return mistaken({ ...wanted, got: pem.cause })
  const fault = faultOfCertificates(pem.text)
  return fault === undefined ? parsed(pem.text) : mistaken({ ...wanted, got: `${pem.name}, ${fault}` })
}

function parseClientKey(text: string, folder: string): Parsed<string> {
  // It may be the key itself, in whatever damaged form.
  const pem = readPem(text, folder, sized(text))
  if (pem.kind === 'unreadable') return wrongKey(pem.cause)
  const fault = faultOfKey(pem.text)
  return fault === undefined ? parsed(pem.text) : wrongKey(`${pem.name}, ${fault}`)
}

function wrongKey(got: string): Parsed<never> {
  return mistaken({
    input: 'client-key',
    got,
    takes: 'the private key of `client-cert`, not encrypted, line breaks kept: PEM text, or the path of a PEM file',
    example: '${{ secrets.CLIENT_KEY }}',
  })
}

function withPartner(
  inputs: Inputs,
  input: 'client-cert' | 'client-key',
  partner: 'client-cert' | 'client-key',
  own: Parsed<string | undefined>,
): Parsed<string | undefined> {
  if (inputs[input] !== '' || inputs[partner] === '') return own
  const example = input === 'client-cert' ? 'certs/client.pem' : '${{ secrets.CLIENT_KEY }}'
  return mistaken({
    input,
    got: 'nothing',
    takes: `a value, since ${partner} has one; give both or neither`,
    example,
  })
}

function fitting(cert: Parsed<string | undefined>, key: Parsed<string | undefined>): Parsed<string | undefined> {
  if (cert.kind === 'mistakes' || key.kind === 'mistakes') return key
  if (cert.value === undefined || key.value === undefined) return key
  const fault = faultOfPair(cert.value, key.value)
  return fault === undefined ? key : wrongKey(fault)
}

function parseServerName(text: string): Parsed<string> {
  const isName = /^\w(?:[\w.-]*\w)?\.?$/.test(text) && isIP(text) === 0
  if (isName) return parsed(text)
  return mistaken({
    input: 'tls-server-name',
    got: quoted(text),
    takes: "a host name that the server's certificate holds, without scheme and port, and no IP address",
    example: 'milvus.example.com',
  })
}

/** How the report may write an input that holds certificates. */
export function shownPem(text: string): string {
  return isPem(text) ? '(PEM text)' : text
}

/** PEM text and how a mistake may call it; or why a file could not be read. */
type Pem =
  | { readonly kind: 'pem'; readonly text: string; readonly name: string }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** Whether an input is PEM text rather than the path of a file. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/** Whether a text is the path of a file rather than a damaged key or certificate, none of which ends in an extension. */
export function looksLikePath(text: string): boolean {
  return text.length <= 255 && /^[^\r\n]*\.[A-Za-z]{1,5}$|^[a-z ._/\\-]+$/.test(text)
}

/** The PEM text that an input holds or names; `shown` is how a mistake may write what is not the path of a file. */
function readPem(text: string, folder: string, shown: string): Pem {
  if (isPem(text)) return { kind: 'pem', text, name: 'PEM text' }
  try {
    return { kind: 'pem', text: readFileSync(resolve(folder, text), 'utf8'), name: quoted(text) }
  } catch (error) {
    return {
      kind: 'unreadable',
      cause: `${shown}, a path that cannot be read: ${causeOf(error, isAbsolute(text) ? '' : ` in ${folder}`)}`,
    }
  }
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
