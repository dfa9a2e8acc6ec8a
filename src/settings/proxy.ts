import { all, mistaken, parsed, quoted } from './parsed.ts'
import { httpUrl, withoutCredentials } from './url.ts'
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
  const url = httpUrl(text)
  if (url !== undefined) return parsed(text)
  return mistaken({
    input: name,
    got: quoted(withoutCredentials(text)),
    takes: "a proxy's URL that starts with `http://` or `https://` and has a host; unset it to go without a proxy",
    example: 'http://proxy.example.com:3128',
  })
}
