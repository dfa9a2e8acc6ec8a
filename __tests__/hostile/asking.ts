import { createExchange } from '../../src/milvus/exchange.ts'
import { createLook } from '../../src/milvus/service.ts'
import { createSanitiser } from '../../src/render/untrusted.ts'
import { parseSettings } from '../../src/settings.ts'
import type { Observation } from '../../src/watch/import-job.ts'

/** The key that no third party may see. */
export const API_KEY = 'root:Milvus-Passw0rd'
export const JOB = '470592729907200001'

/** Inputs of a step and its environment. */
export interface Asked {
  readonly inputs: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** So many looks in turn, over one exchange, as the inputs and the environment want the connection. */
export async function looksOf({ inputs, env = {}, timeoutMs = 10_000 }: Asked, amount = 1): Promise<readonly string[]> {
  const given = Object.entries({ 'job-id': JOB, 'api-key': API_KEY, ...inputs })
  const variables = given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const)
  const parsed = parseSettings({ ...env, ...Object.fromEntries(variables) })
  if (parsed.kind === 'mistakes') return parsed.mistakes.map(({ input }) => `a mistake in ${input}`)
  const { connection, target } = parsed.settings
  const exchange = createExchange(connection)
  const look = createLook({
    ...connection,
    ...target,
    requestTimeoutMs: timeoutMs,
    userAgent: 'milvus-import-gate/test',
    exchange,
    sanitise: createSanitiser([API_KEY]),
    onExchange: () => undefined,
  })
  const { signal } = new AbortController()
  const told: string[] = []
  for (let i = 0; i < amount; i += 1) {
    told.push(wordFor(await look(JOB, { signal, turn: () => Promise.resolve(true), isLast: false })))
  }
  await exchange.close()
  return told
}

/** One look as the inputs and the environment want the connection: `answered`, or what sort of trouble. */
export async function lookOf(asked: Asked): Promise<string> {
  const [word = ''] = await looksOf(asked)
  return word
}

function wordFor(observation: Observation): string {
  return 'trouble' in observation ? `${observation.kind}: ${observation.trouble.outcome}` : observation.kind
}
