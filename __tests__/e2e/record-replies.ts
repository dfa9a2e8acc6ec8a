import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isObject } from '../../src/service/envelope.ts'
import type { StoredReply } from '../simulator/fixtures.ts'
import { probesFor } from './probes.ts'
import { type Answer, ask, type Target, targetFrom } from './target.ts'

const usage = `record-replies.ts --into DIR [--for SECONDS] NAME=JOB_ID…

Stores what the service says of each job, once for each state that it is seen in, and what it says to questions that are
wrong. With --for it goes on polling until all jobs have come to rest, at most so long.`

const ENDS: readonly unknown[] = ['Completed', 'Failed', 'Uncommitted']

async function main() {
  const { values, positionals } = parseArgs({
    options: { into: { type: 'string' }, for: { type: 'string', default: '0' } },
    allowPositionals: true,
  })
  if (values.into === undefined) throw new Error(usage)
  const folder = values.into
  mkdirSync(folder, { recursive: true })
  const target = targetFrom(process.env)
  const store = (name: string, note: string, answer: Answer) => {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(storedReply(target, note, answer), undefined, 2)}\n`)
  }

  for (const { name, note, body, wrongKey = false } of probesFor(target.kind)) {
    if (wrongKey && target.apiKey === '') continue
    store(name, note, await pollerFor({ ...target, ...(wrongKey && { apiKey: 'root:wrong' }) }, body))
  }
  const endsAt = performance.now() + Number(values.for) * 1000
  let running = positionals.map((pair) => pair.split('=') as [name: string, jobId: string])
  for (;;) {
    const polls = running.map(async ([name, jobId]) => {
      const answer = await pollerFor(target, { jobId })
      const state = stateOf(answer)
      store(`${name}-${state ?? 'error'}`, `Import "${name}".`, answer)
      return ENDS.includes(state) ? [] : [[name, jobId] as [string, string]]
    })
    running = (await Promise.all(polls)).flat()
    if (running.length === 0 || performance.now() >= endsAt) return
    await pause(1000)
  }
}

/** By the oldest name of the question, which every Milvus knows. */
const OPERATION = 'get_progress'

function pollerFor(target: Target, body: object) {
  return ask(target, `/jobs/import/${OPERATION}`, body)
}

function storedReply({ kind, source }: Target, note: string, { httpStatus, body }: Answer): StoredReply {
  return { source, note, service: kind.dialect, operation: OPERATION, httpStatus, reply: body }
}

function stateOf({ body }: Answer): string | undefined {
  const state = isObject(body) && isObject(body['data']) ? body['data']['state'] : undefined
  return typeof state === 'string' ? state.replace(/\W/g, '') : undefined
}

await main()
