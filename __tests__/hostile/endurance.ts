import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createExchange } from '../../src/milvus/exchange.ts'
import type { Exchange, HttpReply } from '../../src/milvus/exchange.ts'
import { runStep, turnsOfTheLoop } from './whole-gate.ts'
import type { Left } from './whole-gate.ts'

/** What a long wait cost: its memory at a third or a fourth of it, and at its end, with all garbage collected. */
export interface Endured {
  readonly looks: number
  readonly passes: boolean
  readonly conclusion: string | undefined
  readonly early: Memory
  readonly late: Memory
}

interface Memory {
  readonly heapBytes: number
  readonly rssBytes: number
}

const HOUR_MS = 3_600_000

/** Six hours of virtual time over a job of 1,024 files that moves all the while and completes at the end. */
async function sixHours(): Promise<Endured> {
  let looks = 0
  let early: Memory | undefined
  let late: Memory | undefined
  const left = await runStep({
    inputs: { 'job-id': '1', endpoint: 'http://localhost:19530', timeout: '7h', 'poll-interval': '30s' },
    isSilent: true,
    openExchange: (clock) => ({
      post() {
        looks += 1
        const nowMs = clock.now()
        if (nowMs >= 2 * HOUR_MS) early ??= memory()
        if (nowMs >= 6 * HOUR_MS) late = memory()
        const progress = Math.min(100, Math.floor((100 * nowMs) / (6 * HOUR_MS)))
        return Promise.resolve(replyOf(bodyOf(1024, progress)))
      },
      close: () => Promise.resolve(),
    }),
  })
  return endured(left, looks, early, late)
}

/** As many looks at a real server as asked for, with the pauses in virtual time. */
async function manyLooks(amount: number): Promise<Endured> {
  let looks = 0
  let early: Memory | undefined
  const server = createServer((request, response) => {
    looks += 1
    if (looks === Math.floor(amount / 4)) early = memory()
    request.resume()
    response.setHeader('Content-Type', 'application/json')
    response.end(looks < amount ? bodyOf(8, looks % 100) : bodyOf(8, 100))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const traffic: Traffic = { pending: new Set(), replies: 0 }
  const left = await runStep({
    inputs: {
      'job-id': '1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      timeout: '5d',
      'poll-interval': '20s',
    },
    isSilent: true,
    openExchange: () => watched(createExchange(DIRECT), traffic),
    idle: async () => {
      let repliesBefore: number
      do {
        repliesBefore = traffic.replies
        await Promise.all(traffic.pending)
        await turnsOfTheLoop()
      } while (traffic.pending.size > 0 || traffic.replies > repliesBefore)
    },
  })
  const late = memory()
  server.close()
  return endured(left, looks, early, late)
}

const DIRECT = {
  endpoint: '',
  tls: { ca: undefined, clientCert: undefined, clientKey: undefined, serverName: undefined, extraCaPath: undefined },
  proxy: { httpProxy: undefined, httpsProxy: undefined, noProxy: '*' },
}

interface Traffic {
  readonly pending: Set<Promise<HttpReply>>
  replies: number
}

function watched(exchange: Exchange, traffic: Traffic): Exchange {
  return {
    async post(request) {
      const reply = exchange.post(request)
      traffic.pending.add(reply)
      await reply
      traffic.pending.delete(reply)
      traffic.replies += 1
      return reply
    },
    close: () => exchange.close(),
  }
}

function bodyOf(fileCount: number, progress: number): string {
  const state = progress === 100 ? 'Completed' : 'Importing'
  const details = Array.from({ length: fileCount }, (_, i) => ({
    fileName: `export/part-${i}.parquet`,
    fileSize: 4_800_000,
    state,
    progress,
    importedRows: 120 * progress,
    totalRows: 12_000,
  }))
  return JSON.stringify({ code: 0, data: { state, progress, importedRows: 120 * progress * fileCount, details } })
}

function replyOf(body: string): HttpReply {
  return { kind: 'reply', status: 200, retryAfter: undefined, location: undefined, body, sizeBytes: body.length }
}

function memory(): Memory {
  if (global.gc === undefined) throw new Error('run this with --expose-gc')
  global.gc()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, rssBytes: rss }
}

function endured({ passes, outputs }: Left, looks: number, early?: Memory, late?: Memory): Endured {
  if (early === undefined || late === undefined) throw new Error('the wait was too short')
  return { looks, passes, conclusion: outputs['conclusion'], early, late }
}

const [amount] = process.argv.slice(2)
const result = await (amount === undefined ? sixHours() : manyLooks(Number(amount)))
process.stdout.write(JSON.stringify(result))
