/** The URL in `text`, if it is one of http or https with a host; browsers would forgive more than is good here. */
export function httpUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/\\]/i.test(text) || /[\s\p{C}\\]/u.test(text)) return undefined
  return URL.canParse(text) ? new URL(text) : undefined
}

// To the last `@`: a password that should have been percent-encoded may hold any of `@`, `/`, `?` and `#`.
const USERINFO = /^(?<scheme>(?:[a-z][a-z\d+.-]*:[/\\]+)?)(?<userinfo>[^]*)@/i

/** A URL, well-formed or not, as it may be shown: without its credentials and what follows `?` or `#`. */
export function withoutCredentials(text: string): string {
  return text.replace(USERINFO, '$<scheme>***@').replace(/(?<mark>[?#])[^]+$/, '$<mark>…')
}

/** Whether a URL, well-formed or not, names a user. */
export function hasUserinfo(text: string): boolean {
  return USERINFO.test(text)
}

/** The password in a URL, well-formed or not, in every form in which it may turn up. */
export function passwordsIn(text: string): readonly string[] {
  const userinfo = USERINFO.exec(text)?.groups?.['userinfo'] ?? ''
  const password = passwordOf(userinfo)
  return password === '' ? [] : [password, percentDecoded(password)]
}

/** What follows the first colon of `user:password`; empty without one. */
export function passwordOf(credentials: string): string {
  const colon = credentials.indexOf(':')
  return colon === -1 ? '' : credentials.slice(colon + 1)
}

/** Whether every `%` in the text begins an encoded character. */
export function isPercentEncoded(text: string): boolean {
  return percentDecoding(text) !== undefined
}

function percentDecoded(text: string): string {
  return percentDecoding(text) ?? text
}

function percentDecoding(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
