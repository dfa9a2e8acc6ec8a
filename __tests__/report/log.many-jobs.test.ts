import { expect, it } from '@jest/globals'
import type { HttpConnection } from '../../src/connection.ts'
import type { Clock } from '../../src/gate/clock.ts'
import { runStep } from '../hostile/whole-gate.ts'

const IDS = Array.from({ length: 50 }, (_, i) => `453761313698322${String(i).padStart(3, '0')}`)

/** Fifty imports of 3 to 6 minutes, each at its own pace. */
function importsOf(clock: Clock, failing?: string): HttpConnection {
  const stateOf = (jobId: string) => {
    const n = IDS.indexOf(jobId)
    const progress = Math.floor((clock.now() - n * 1_000) / ((15 + (n % 7) * 2) * 120))
    if (progress < 10) return { state: 'Pending', progress: 0 }
    if (jobId === failing && progress > 40) return { state: 'Failed', progress: 0, reason: 'row count is zero' }
    if (progress < 100) return { state: 'Importing', progress, importedRows: progress * 100, totalRows: 10_000 }
    return { state: 'Completed', progress: 100, importedRows: 10_000, totalRows: 10_000 }
  }
  return {
    send({ url, body: sent = '' }) {
      const { jobId = '' } = JSON.parse(sent) as { jobId?: string }
      const data = url.endsWith('/list')
        ? { records: IDS.map((id) => ({ jobId: id, ...stateOf(id) })) }
        : { jobId, collectionName: 'docs', ...stateOf(jobId) }
      const body = JSON.stringify({ code: 0, data })
      const reply = { kind: 'reply', status: 200, headers: {} } as const
      return Promise.resolve({ ...reply, body, sizeBytes: Buffer.byteLength(body) })
    },
    close: () => Promise.resolve(),
  }
}

const run = (failing?: string) =>
  runStep({
    inputs: { endpoint: 'http://localhost:19530', 'job-id': IDS.join(','), 'poll-interval': '20s', summary: 'false' },
    openExchange: (clock) => importsOf(clock, failing),
  })

/** The lines outside of groups: those with the time in front, and what belongs to them. */
const inSight = (log: readonly string[]) => log.filter((line) => /^ *(?:[\d:]+|│) {2}/.test(line))

it('a run of 50 jobs reads in one screen', async () => {
  const { passes, log } = await run()
  expect(passes).toBe(true)
  expect(inSight(log).length).toBeLessThanOrEqual(40)
  expect(log.join('\n')).toMatch(/ {2}\d+ jobs: Importing → Completed$/m)
})

it('a run of 50 jobs names the one that failed, in one screen', async () => {
  const { passes, log } = await run(IDS[20])
  expect(passes).toBe(false)
  expect(inSight(log).length).toBeLessThanOrEqual(40)
  expect(log.join('\n')).toMatch(new RegExp(` {2}job ${IDS[20]}: .*Failed`))
})
