import { NOTICES } from './codes.ts'

/** Where `NODE_TLS_REJECT_UNAUTHORIZED` is 0. */
export const CERTIFICATES_ARE_CHECKED =
  'NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect: the gate always checks certificates.'

/** A key that goes over plain http to a host that is neither loopback nor private. */
export const READABLE_KEY =
  'The key travels over plain http to a public address, where others can read it: use https:// if you can. ' +
  `(${NOTICES.readableKey})`

/** Which proxy requests to a host go through. */
export function proxyNotice(host: string, proxy: string): string {
  return `Requests to ${host} go through the proxy ${proxy}.`
}

/** Inputs that the action does not declare and that resemble none of its own. */
export function unknownInputsNotice(names: readonly string[]): string {
  return `The gate does not have these inputs, so they have no effect: ${names.join(', ')}.`
}
