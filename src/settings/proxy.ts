import { all, mistaken, parsed, quoted } from './parsed.ts'
import { httpUrl, isPercentEncoded, withoutCredentials } from './url.ts'
import type { Environment } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** The proxies that the environment asks for; lower case wins, as with curl. */
export function parseProxies(env: Environment) {
  return all({
    httpProxy: parseProxy(variable(env, 'HTTP_PROXY')),
    httpsProxy: parseProxy(variable(env, 'HTTPS_PROXY')),
    noProxy: parsed(variable(env, 'NO_PROXY').text),
  })
}

/** The URLs in the proxy variables, used or not: they may hold a password. */
export function proxyTextsOf(env: Environment): readonly string[] {
  return ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) =>
    [name.toLowerCase(), name].map((key) => (env[key] ?? '').trim()),
  )
}

interface Variable {
  readonly name: string
  readonly text: string
}

function variable(env: Environment, name: string): Variable {
  const lowerCase = { name: name.toLowerCase(), text: (env[name.toLowerCase()] ?? '').trim() }
  return lowerCase.text === '' ? { name, text: (env[name] ?? '').trim() } : lowerCase
}

function parseProxy({ name, text }: Variable): Parsed<string | undefined> {
  if (text === '') return parsed(undefined)
  const wrong = (takes: string) =>
    mistaken({ input: name, got: quoted(withoutCredentials(text)), takes, example: 'http://proxy.example.com:3128' })
  const url = httpUrl(text)
  if (url === undefined) {
    return wrong(
      "a proxy's URL that starts with `http://` or `https://` and has a host; unset it to go without a proxy",
    )
  }
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) {
    return wrong('user name and password percent-encoded: a `%` that stands for itself is `%25`')
  }
  return parsed(text)
}
