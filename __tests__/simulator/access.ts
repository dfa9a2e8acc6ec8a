import type { IncomingHttpHeaders } from 'node:http'
import { failure, json, type Reply } from './faults.ts'

/** Who may do what. */
export interface Access {
  /** The key of a user who may do everything; without it a Milvus asks for none, its default. */
  readonly apiKey?: string
  /** Milvus: the only databases in which the user of `apiKey` may do something. */
  readonly databases?: readonly string[]
  /** Milvus: more users, by their keys, with what they may do. */
  readonly users?: Readonly<Record<string, readonly Grant[]>>
}

/** A privilege on a collection, as `roles/grant_privilege` gives it. */
export interface Grant {
  readonly database: string
  /** `*` for all collections. */
  readonly collection: string
  /** `*` for all privileges. */
  readonly privilege: string
}

/** The user behind a request. */
export interface User {
  readonly name: string
  /** A user without limits skips the checks. */
  readonly grants: readonly Grant[] | 'all'
}

/** Who sends the request; undefined for a wrong key. */
export function userOf(headers: IncomingHttpHeaders, access: Access): User | undefined {
  if (access.apiKey === undefined) return { name: '', grants: 'all' }
  const { key } = credentialsOf(headers.authorization)
  const name = key.replace(/:.*/s, '')
  if (key !== access.apiKey) {
    const grants = access.users?.[key]
    return grants && { name, grants }
  }
  const grantIn = (database: string) => ({ database, collection: '*', privilege: '*' })
  return { name, grants: access.databases?.map(grantIn) ?? 'all' }
}

/** Whether the user has the privilege on the collection; `*` asks for a privilege on all of them. */
export function isAllowed({ grants }: User, privilege: string, database: string, collection: string): boolean {
  if (grants === 'all') return true
  return grants.some(
    (grant) =>
      grant.database === database &&
      (grant.collection === '*' || grant.collection === collection) &&
      (grant.privilege === '*' || grant.privilege === privilege),
  )
}

/** The JSON of gRPC's own error, which has no code of Milvus'. */
export function denied(privilege: string, { name }: User, database: string): Reply {
  return failure(65535, deniedMessage(privilege, name, database), 403)
}

/** What gRPC says where a privilege is missing. */
export function deniedMessage(privilege: string, name: string, database: string): string {
  return `rpc error: code = PermissionDenied desc = Privilege${privilege}: permission deny to ${name} in the \`${database}\` database`
}

/** The answer to a request with a wrong key or none. */
export const unauthenticated: Reply = json({ code: 1800, message: "user hasn't authenticated" }, 401)

/** What a Milvus adds to every answer to a request that came with Basic authentication. */
export function challengeFor(headers: IncomingHttpHeaders, { apiKey }: Access): Readonly<Record<string, string>> {
  const isBasic = apiKey !== undefined && credentialsOf(headers.authorization).scheme === 'basic'
  return isBasic ? { 'WWW-Authenticate': 'Basic realm="restricted", charset="UTF-8"' } : {}
}

/**
 * The scheme in lower case and the key. As in Milvus, `Bearer` is known in this spelling only, and what has no known scheme is a
 * key as a whole.
 */
export function credentialsOf(authorization = ''): { readonly scheme: string; readonly key: string } {
  const [, encoded = ''] = /^basic (.+)$/i.exec(authorization) ?? []
  const decoded = Buffer.from(encoded, 'base64').toString()
  if (decoded.includes(':')) return { scheme: 'basic', key: decoded }
  const [, key] = /^Bearer (.*)$/.exec(authorization) ?? []
  return key === undefined ? { scheme: '', key: authorization } : { scheme: 'bearer', key }
}

/** One text for a header, however often it came. */
export function headerText(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join() : (value ?? '')
}
