import { isIP } from 'node:net'
import * as tls from 'node:tls'
import { all, mistaken, optional, parsed, quoted, sized } from './parsed.ts'
import { faultOfCertificates, faultOfKey, faultOfPair, isBareBase64, isPem, readPem } from './pem.ts'
import type { Environment, InputName, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

type Trust = { readonly kind: 'pem'; readonly pem: string } | { readonly kind: 'system' }

/** How the connection is secured; the files that inputs name are read here, once. */
export function parseTls(inputs: Inputs, env: Environment) {
  const folder = env['GITHUB_WORKSPACE'] || process.cwd()
  const cert = optional(inputs['client-cert'], (text) => parseClientCert(text, folder))
  const key = optional(inputs['client-key'], (text) => parseClientKey(text, folder))
  return all({
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
  const pem = readPem(text, folder, quoted(text))
  if (pem.kind === 'unreadable') return mistaken({ ...wanted, got: pem.cause })
  const fault = faultOfCertificates(pem.text)
  return fault === undefined ? parsed(pem.text) : mistaken({ ...wanted, got: `${pem.name}, ${fault}` })
}

function parseClientKey(text: string, folder: string): Parsed<string> {
  const pem = readPem(text, folder, isBareBase64(text) ? sized(text) : quoted(text))
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
