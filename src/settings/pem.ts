import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'

/** PEM text and how a mistake may call it; or why a file could not be read. */
export type Pem =
  | { readonly kind: 'pem'; readonly text: string; readonly name: string }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** Whether an input is PEM text rather than the path of a file. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/** Whether a text may be a key that lost its first and last line, rather than a path. */
export function isBareBase64(text: string): boolean {
  return /^[A-Za-z0-9+/=\s]{40,}$/.test(text)
}

/** The PEM text that an input holds or names; `shown` is how a mistake may write the path. */
export function readPem(text: string, folder: string, shown: string): Pem {
  if (isPem(text)) return { kind: 'pem', text, name: 'PEM text' }
  try {
    return { kind: 'pem', text: readFileSync(resolve(folder, text), 'utf8'), name: shown }
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
export function faultOfCertificates(pem: string): string | undefined {
  const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '))
  if (blocks.some((block) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(block))) return 'which holds a private key'
  if (blocks.length === 0) return 'which holds no certificate'
  const bad = blocks.findIndex((block) => !doesNotThrow(() => new X509Certificate(block)))
  return bad === -1 ? undefined : `whose certificate ${bad + 1} of ${blocks.length} cannot be parsed`
}

/** Why a PEM text is no private key that can be used without a passphrase; undefined where it is one. */
export function faultOfKey(pem: string): string | undefined {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return 'which is encrypted'
  return doesNotThrow(() => createPrivateKey(pem)) ? undefined : 'which is no private key that can be parsed'
}

/** Why a certificate and a key, each sound, are no pair; undefined where they are one. */
export function faultOfPair(cert: string, key: string): string | undefined {
  // A TLS context alone would take a certificate and a key of two different kinds.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    return 'a key that does not belong to `client-cert`'
  const isTaken = doesNotThrow(() => createSecureContext({ cert, key }))
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
