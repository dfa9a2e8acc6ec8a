import { describe, expect, it } from '@jest/globals'
import { wholeReply } from './faults.ts'
import { openService } from './open-service.ts'
import { loadExchanges, RECORDED_VERSIONS, type Exchange, type RecordedVersion } from './recordings.ts'
import { authorizationOf, bodyOf, newWorld } from './replay-world.ts'
import { operationOf } from './routes.ts'

/** What the simulator answers otherwise than the recorded server, on purpose. */
const ON_PURPOSE: readonly { readonly reason: string; readonly isMeant: (exchange: Exchange) => boolean }[] = [
  {
    reason: 'Collections, users and roles are set up by scripts: the gate sends none of these requests.',
    isMeant: ({ path }) =>
      /\/v2\/vectordb\/(databases|aliases|users|roles)\/|\/collections\/(create|drop|load|release|has)$|\/indexes\/create$/.test(
        path,
      ),
  },
  {
    reason: 'A server that does not answer is played by the faults `cut` and `down`.',
    isMeant: ({ status }) => status === 0,
  },
  {
    reason: 'The stack trace of a server that shuts down is played by a fault.',
    isMeant: ({ reply }) => (reply as { code?: number } | undefined)?.code === 901,
  },
  {
    reason: 'A privilege that was just granted took effect late on the recorded server.',
    isMeant: ({ name }) => /^5b .*(Import on \*|^5b Collection\w+ )/.test(name) || /^5b Collection\w+ /.test(name),
  },
  {
    reason: 'The recording keeps only the start of these request bodies.',
    isMeant: ({ name }) => name.startsWith('3 huge'),
  },
]

/** Values of these depend on the machine, the time or the schema: only their types are compared. */
const LOOSE = new Set([
  ...['completeTime', 'createTime', 'fileSize', 'fields', 'indexType', 'metricType'],
  ...['importedRows', 'totalRows', 'indexedRows', 'fieldName', 'partitionsNum', 'fileName'],
])

describe.each(RECORDED_VERSIONS)('a recorded Milvus %s', (version) => {
  const exchanges = loadExchanges(version)
  const replayed = replay(version, exchanges)

  it('answers as the simulator does', () => {
    const different = replayed.filter(
      ({ recorded, simulated }) => JSON.stringify(recorded) !== JSON.stringify(simulated),
    )
    expect(different.map(({ name, simulated }) => ({ name, reply: simulated }))).toEqual(
      different.map(({ name, recorded }) => ({ name, reply: recorded })),
    )
  })

  it('is replayed in almost all requests about imports and collections', () => {
    const simulated = exchanges.filter((exchange) => operationOf({ ...exchange }, { dialect: 'milvus', version }))
    expect(replayed.length).toBeGreaterThan(simulated.length * 0.9)
  })
})

it.each(ON_PURPOSE.map(({ reason, isMeant }) => [reason, isMeant] as const))('%s', (_, isMeant) => {
  expect(RECORDED_VERSIONS.flatMap((version) => loadExchanges(version).filter(isMeant))).not.toEqual([])
})

function replay(version: RecordedVersion, exchanges: readonly Exchange[]) {
  const world = newWorld(version)
  return exchanges.flatMap((exchange) => {
    const { name, method, path, headers } = exchange
    if (ON_PURPOSE.some(({ isMeant }) => isMeant(exchange))) {
      world.apply(exchange)
      return []
    }
    world.learnFrom(exchange)
    const sent: Record<string, string> = {}
    for (const [key, value] of Object.entries(headers)) sent[key.toLowerCase()] = value
    const authorization = authorizationOf(exchange)
    if (authorization !== undefined) sent['authorization'] = authorization
    const answer = openService(world.script(exchange), 1, () => '')
    const { reply } = answer({ method, path: path.replace(/\?.*$/, ''), headers: sent, body: bodyOf(exchange) })
    world.apply(exchange)
    return { name, recorded: recordedReply(exchange), simulated: simulatedReply(wholeReply(reply)!, method) }
  })
}

function recordedReply({ status, replyHeaders, reply, text }: Exchange) {
  return { status, headers: replyHeaders, body: text ?? comparable(reply) }
}

function simulatedReply({ status, headers, body }: NonNullable<ReturnType<typeof wholeReply>>, method: string) {
  const names = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value] as const)
  const isJson = body.startsWith('{')
  return {
    status,
    headers: Object.fromEntries(names),
    body: method === 'HEAD' || body === '' ? undefined : isJson ? comparable(JSON.parse(body) as unknown) : body,
  }
}

/** A body in which only the shape counts where values cannot be the same; order never counts. */
function comparable(value: unknown, key = ''): unknown {
  if (['properties', 'indexParams'].includes(key)) return 'pairs'
  if (Array.isArray(value)) {
    const items = value.map((item) => JSON.stringify(comparable(item, key)))
    return key === 'records' ? items.sort() : [...new Set(items)].sort()
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, each]) => [
      name,
      comparable(each, key === 'details' ? 'fileSize' : name),
    ])
    return Object.fromEntries(entries.sort(([a], [b]) => String(a).localeCompare(String(b))))
  }
  if (LOOSE.has(key)) return typeof value
  if (key === 'message' && typeof value === 'string')
    return value.replace(/(at index )-?\d+(: mismatched type with value).*/s, '$1N$2')
  return value
}
