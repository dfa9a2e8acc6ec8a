import type { Transport } from '../../src/connection.ts'
import { createExchange } from '../../src/service/http.ts'
import { createPoll } from '../support/poller.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import type { PollResult } from '../../src/gate/job.ts'

/** The key that no third party may see. */
export const API_KEY = 'root:Milvus-Passw0rd'
export const JOB = '470592729907200001'

/** Inputs of a step and its environment. */
export interface Asked {
  readonly inputs: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** What a run learns later about the way, which the inputs do not say. */
  readonly change?: (transport: Transport) => Transport
  /** How a result is told; by default in a word or two. */
  readonly wording?: (result: PollResult) => string
}

/** So many polls in turn, over one exchange, as the inputs and the environment want the connection. */
export async function pollsOf(
  { inputs, env = {}, timeoutMs = 10_000, change = (same) => same, wording = wordFor }: Asked,
  amount = 1,
): Promise<readonly string[]> {
  const given = Object.entries({ 'job-id': JOB, 'api-key': API_KEY, ...inputs })
  const variables = given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const)
  const parsed = parseSettings({ ...env, ...Object.fromEntries(variables) })
  if (parsed.kind === 'mistakes') return parsed.mistakes.map(({ input }) => `a mistake in ${input}`)
  const { connection, target } = parsed.settings
  const exchange = createExchange(change(connection))
  const poll = createPoll({
    ...connection,
    ...target,
    requestTimeoutMs: timeoutMs,
    userAgent: 'milvus-import-gate/test',
    exchange,
    sanitize: createSanitizer([API_KEY]),
    onExchange: () => undefined,
  })
  const { signal } = new AbortController()
  const told: string[] = []
  for (let i = 0; i < amount; i += 1) {
    told.push(wording(await poll(JOB, { signal, turn: () => Promise.resolve(true), isLast: false })))
  }
  await exchange.close()
  return told
}

/** One poll as the inputs and the environment want the connection: `answered`, or what sort of error. */
export async function pollOf(asked: Asked): Promise<string> {
  const [word = ''] = await pollsOf(asked)
  return word
}

function wordFor(result: PollResult): string {
  return 'error' in result ? `${result.kind}: ${result.error.outcome}` : result.kind
}
