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
    ...[inputs['ca-cert'], inputs['client-cert']].flatMap(strayKeyLinesOf),
  ].filter((secret) => secret.length >= SHORTEST)
  const passwords = [inputs.endpoint, inputs['cluster-endpoint'], ...proxyTextsOf(env)].flatMap(passwordsIn)
  const inImport = importSecretsOf(inputs.import)
  return [...new Set([key, gitHubTokenOf(inputs), ...long, ...passwords, ...inImport])].filter(
    (secret) => secret !== '',
  )
}

/** The lines of a key, also of one whose line breaks were lost. */
function keyLinesOf(text: string): readonly string[] {
  return isPem(text) || !looksLikePath(text) ? linesOf(text) : []
}

/** The lines of the private keys that stand among certificates, where they do not belong. */
function strayKeyLinesOf(text: string): readonly string[] {
  const keys = text.match(/BEGIN [A-Z ]*PRIVATE KEY[^]*?(?:END [A-Z ]*PRIVATE KEY|$)/g) ?? []
  return keys.flatMap(linesOf)
}

/** Without the first and the last line, which are no secret. */
function linesOf(pem: string): readonly string[] {
  return pem.replace(/-*\b(?:BEGIN|END)\b[A-Z ]*-*/g, ' ').split(/(?:[\s"']|\\n)+/)
}
