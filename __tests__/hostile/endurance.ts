import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createExchange } from '../../src/service/http.ts'
import type { HttpConnection, HttpReply } from '../../src/connection.ts'
import { bodyOf } from './endurance-replies.ts'
import type { Sample } from './growth.ts'
import { runStep, turnsOfTheLoop } from './whole-gate.ts'
import type { Left } from './whole-gate.ts'

/** A long wait: how it ended, and the memory of its process on the way, garbage collected. */
export interface Endured {
  readonly polls: number
  readonly passes: boolean
  readonly conclusion: string | undefined
  readonly samples: readonly Sample[]
}

const HOUR_MS = 3_600_000
const SAMPLES = 100

/** Six hours of virtual time over a job of 1,024 files that moves all the while and completes at the end. */
async function sixHours(meter: Meter): Promise<Left> {
  return runStep({
    inputs: { 'job-id': '1', endpoint: 'http://localhost:19530', timeout: '7h', 'poll-interval': '30s' },
    isSilent: true,
    openExchange: (clock) => ({
      send() {
        meter.poll()
        const progress = Math.min(100, Math.floor((100 * clock.now()) / (6 * HOUR_MS)))
        return Promise.resolve(replyOf(bodyOf(1024, progress)))
      },
      close: () => Promise.resolve(),
    }),
  })
}

/** Polls a real server in another process, with the pauses in virtual time. */
async function manyPolls(amount: number, meter: Meter): Promise<Left> {
  const service = spawn(process.execPath, [...process.execArgv, pathOf('./endurance-service.ts'), String(amount)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [port] = (await once(service.stdout, 'data')) as [Buffer]
  const traffic: Traffic = { pending: new Set(), replies: 0 }
  const left = await runStep({
    inputs: {
      'job-id': '1',
      endpoint: `http://127.0.0.1:${Number(port)}`,
      timeout: '5d',
      'poll-interval': '20s',
    },
    isSilent: true,
    openExchange: () => watched(createExchange(DIRECT), traffic, meter),
    idle: async () => {
      let repliesBefore: number
      do {
        repliesBefore = traffic.replies
        await Promise.all(traffic.pending)
        await turnsOfTheLoop()
      } while (traffic.pending.size > 0 || traffic.replies > repliesBefore)
    },
  })
  service.stdin.end()
  await once(service, 'exit')
  return left
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

function watched(exchange: HttpConnection, traffic: Traffic, meter: Meter): HttpConnection {
  return {
    async send(request) {
      meter.poll()
      const reply = exchange.send(request)
      traffic.pending.add(reply)
      await reply
      traffic.pending.delete(reply)
      traffic.replies += 1
      return reply
    },
    close: () => exchange.close(),
  }
}

function replyOf(body: string): HttpReply {
  return { kind: 'reply', status: 200, headers: {}, body, sizeBytes: body.length }
}

interface Meter {
  readonly poll: () => void
  readonly polls: () => number
  readonly samples: readonly Sample[]
}

/** Takes a sample every so many polls, and lets go of none of so many bytes a poll: a leak, to see that it is found. */
function createMeter(every: number, leakBytes: number): Meter {
  const collect = global.gc
  if (collect === undefined) throw new Error('run this with --expose-gc')
  const samples: Sample[] = []
  const leaked: unknown[] = []
  let polls = 0
  return {
    poll() {
      polls += 1
      if (leakBytes > 0) leaked.push(new Array<number>(Math.floor(leakBytes / 8)).fill(polls))
      if (polls % every !== 0) return
      collect()
      const { heapUsed, external, rss } = process.memoryUsage()
      samples.push({ poll: polls, heldBytes: heapUsed + external, rssBytes: rss })
    },
    polls: () => polls,
    samples,
  }
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

const [amount = 0, leakBytes = 0] = process.argv.slice(2).map(Number)
const meter = createMeter(amount === 0 ? 14 : Math.ceil(amount / SAMPLES), leakBytes)
const { passes, outputs } = await (amount === 0 ? sixHours(meter) : manyPolls(amount, meter))
const result: Endured = { polls: meter.polls(), passes, conclusion: outputs['conclusion'], samples: meter.samples }
process.stdout.write(JSON.stringify(result))
