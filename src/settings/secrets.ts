import { passwordOf, passwordsIn, proxyTextsOf } from './endpoint.ts'
import { headerSecretsOf } from './headers.ts'
import { importSecretsOf } from './import.ts'
import { inputsOf } from './inputs.ts'
import { gitHubTokenOf } from './runner.ts'
import { isPem, looksLikePath } from './tls.ts'
import type { Environment } from './inputs.ts'

/** Shorter texts are too common to be masked everywhere. */
const SHORTEST = 8

/** Everything that must be masked before anything is printed, whether or not the inputs hold. */
export function secretsOf(env: Environment): readonly string[] {
  const inputs = inputsOf(env)
  const key = inputs['api-key']
  const long = [
    ...key.split(/[\r\n]+/),
    passwordOf(key),
    ...headerSecretsOf(inputs.headers),
    ...keyLinesOf(inputs['client-key']),
  ].filter((secret) => secret.length >= SHORTEST)
  const passwords = [inputs.endpoint, inputs['cluster-endpoint'], ...proxyTextsOf(env)].flatMap(passwordsIn)
  const inImport = importSecretsOf(inputs.import)
  return [...new Set([key, gitHubTokenOf(inputs), ...long, ...passwords, ...inImport])].filter(
    (secret) => secret !== '',
  )
}

/** The lines of a key, also of one whose line breaks were lost; its first and last line are no secret. */
function keyLinesOf(text: string): readonly string[] {
  if (!isPem(text) && looksLikePath(text)) return []
  return text.replace(/-----[^-]*-----/g, ' ').split(/(?:\s|\\n)+/)
}
