import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { OUTPUT_NAMES } from '../../src/report/outputs.ts'
import { removeRunnerFolders, type Run } from '../runner/runner.ts'
import { json, type Reply } from '../simulator/faults.ts'
import type { Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { actionAfter, API_KEY, aMilvus, anImport, COMPLETED, HALFWAY, JOB_ID, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'
import { cases } from '../support/soak.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signals-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

const FIRST_LINE = / {2}waiting up to /
const UNCOMMITTED: readonly Step[] = [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }]
const HANG: Reply = { kind: 'hang', when: 'before-headers' }

/** Something to wait for that is brought about from elsewhere. */
function createMoment(): { readonly comes: Promise<void>; readonly strike: () => void } {
  let strike: () => void = () => undefined
  const comes = new Promise<void>((settle) => {
    strike = settle
  })
  return { comes, strike }
}

/** An import that changes with every poll and has files enough to keep the reporters busy. */
function busyImport(onPoll: (poll: number) => void = () => undefined) {
  const details = Array.from({ length: 1000 }, (_, n) => ({
    fileName: `part-${n}.parquet`,
    state: 'InProgress',
    progress: 1,
  }))
  return anImport(HALFWAY, {
    answer: (_, poll) => {
      onPoll(poll)
      return json({ code: 0, data: { jobId: JOB_ID, state: 'Importing', progress: Math.min(99, 5 * poll), details } })
    },
  })
}

function expectCancelled(run: Run, signal: string): void {
  expect(expectSoundRun(run)).toBe('cancelled')
  expect(run.exitCode).toBe(1)
  expect(run.outputs['reason']).toMatch(new RegExp(`^The gate was stopped by ${signal}\\b`))
  const log = run.log.join('\n')
  expect(log).toMatch(
    /What to do: (?:The import continues\. )?To wait for it again, re-run this workflow job with the same job ID/,
  )
  expect(run.summary.text).toContain('To wait for it again, re-run this workflow job with the same job ID')
}

/** When to stop a run, as a moment of a service and of the log. */
interface Occasion {
  readonly title: string
  readonly prepare: (strike: () => void) => { readonly job: ReturnType<typeof anImport>; readonly at?: RegExp }
}

const occasions: readonly Occasion[] = [
  { title: 'right after the first line of the log', prepare: () => ({ job: anImport(HALFWAY), at: FIRST_LINE }) },
  {
    title: 'in the first request',
    prepare: (strike) => ({
      job: anImport(HALFWAY, {
        answer: () => {
          strike()
          return HANG
        },
      }),
    }),
  },
  {
    title: 'in a later request',
    prepare: (strike) => ({
      job: anImport(HALFWAY, {
        answer: (_, poll) => {
          if (poll === 0) return undefined
          strike()
          return HANG
        },
      }),
    }),
  },
  { title: 'in a pause', prepare: () => ({ job: anImport(HALFWAY), at: /Importing, 55%/ }) },
  { title: 'in an outage', prepare: () => ({ job: anImport([{ reply: json('?', 502) }]), at: /no usable response/ }) },
  {
    title: 'while it tells of a poll',
    prepare: (strike) => ({ job: busyImport(strike) }),
  },
]

const strikes = occasions.flatMap((occasion) =>
  (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    .filter((signal) => signal === 'SIGINT' || occasion.title === 'in a pause')
    .map((signal) => ({ ...occasion, signal })),
)

describe('a signal', () => {
  it.concurrent.each(strikes)(
    '$signal $title ends the gate, and everybody is told',
    async ({ prepare, signal }) => {
      const { comes, strike } = createMoment()
      const { job, at } = prepare(strike)
      let pid: number | undefined
      void comes.then(() => process.kill(pid ?? NaN, signal))
      const run = await runGate(aMilvus([job]), {
        inputs: { 'poll-interval': '1s' },
        // The runner itself begins with SIGINT only; others are sent to the process.
        ...actionAfter(`console.log('process', process.pid)`, folder),
        onLine: (line) => {
          pid ??= Number(/^process (\d+)/.exec(line)?.[1])
          if (at?.test(line) === true) strike()
        },
      })
      expectCancelled(run, signal)
    },
    30_000,
  )

  it.concurrent.each<[string, string, Readonly<Record<string, string>>, readonly Step[], RegExp]>([
    [
      'polls for jobs',
      '/import/list',
      { 'job-id': 'discover', 'collection-name': 'products' },
      HALFWAY,
      /stopped by SIGINT while it searched for the import jobs of collection products/,
    ],
    [
      'waits for a search',
      '/indexes/list',
      { 'wait-for': 'searchable' },
      COMPLETED,
      /after the import was complete, before it was searchable/,
    ],
    [
      'commits',
      '/import/commit',
      { 'on-uncommitted': 'commit' },
      UNCOMMITTED,
      /The commit of import job \d+ is unconfirmed/,
    ],
  ])(
    'while it %s ends the gate, and everybody is told',
    async (_, end, inputs, course, told) => {
      const { comes, strike } = createMoment()
      const service: ServiceScript = {
        dialect: 'milvus',
        version: '3.0',
        apiKey: API_KEY,
        jobs: [anImport(course, { autoCommit: false })],
        collectionScripts: [{ name: 'products', course: [{ load: 'Loaded' }] }],
        gateway: ({ path }) => {
          if (!path.endsWith(end)) return undefined
          strike()
          return HANG
        },
      }
      const run = await runGate(service, { inputs, interruption: { kind: 'cancel', when: comes } })
      expect(expectSoundRun(run)).toBe('cancelled')
      expect([run.exitCode, run.signalsSent]).toEqual([1, ['SIGINT']])
      expect(run.report).toMatchObject({ conclusion: 'cancelled' })
      expect(run.summary.text).toMatch(told)
    },
    30_000,
  )

  it.concurrent('of the runner is enough when it is the first', async () => {
    const run = await runGate(aMilvus([anImport(HALFWAY)]), {
      interruption: { kind: 'cancel', when: /Importing, 55%/ },
    })
    expectCancelled(run, 'SIGINT')
    expect(run.signalsSent).toEqual(['SIGINT'])
    expect(run.outcome).toBe('cancelled')
    expect(run.outputs).toMatchObject({ state: 'Importing', progress: '55', importedRows: '1500' })
  })

  it.concurrent('of a step that takes too long is the same to the gate', async () => {
    const run = await runGate(aMilvus([anImport(HALFWAY)]), {
      interruption: { kind: 'timeout', when: /Importing, 55%/ },
    })
    expect(run.outputs['conclusion']).toBe('cancelled')
    expect([run.exitCode, run.outcome, run.signalsSent]).toEqual([1, 'failure', ['SIGINT']])
  })
})

/** So many runs at a time are struck at moments of their own. */
const AT_A_TIME = 4
const batches = (longestMs: number) => ({
  moments: fc.array(fc.integer({ min: 0, max: longestMs }), { minLength: AT_A_TIME, maxLength: AT_A_TIME }),
  rounds: { ...cases(1), endOnFailure: true },
})

describe('at any moment', () => {
  it('a cancelled gate has been told of, and one that completed first has passed', async () => {
    const { moments, rounds } = batches(60)
    await fc.assert(
      fc.asyncProperty(moments, async (delays) => {
        await Promise.all(
          delays.map(async (delayMs) => {
            const { comes, strike } = createMoment()
            const job = anImport(COMPLETED, {
              answer: () => {
                strike()
                return undefined
              },
            })
            const when = comes.then(() => pause(delayMs))
            const run = await runGate(aMilvus([job]), { interruption: { kind: 'cancel', when } })
            expect(run.report).toMatchObject({ conclusion: run.outputs['conclusion'] })
            // In the last moments of its own end Node has given up its handlers, and all has been said.
            if (run.signal === 'SIGINT') expect(run.outputs['conclusion']).toBe('completed')
            else expect(expectSoundRun(run)).toBe(run.exitCode === 0 ? 'completed' : 'cancelled')
            expect(run.signalsSent.slice(1)).toEqual([])
          }),
        )
      }),
      rounds,
    )
  }, 60_000)

  it('a killed gate leaves what it wrote last, whole', async () => {
    const { moments, rounds } = batches(1000)
    await fc.assert(
      fc.asyncProperty(moments, async (delays) => {
        await Promise.all(
          delays.map(async (delayMs) => {
            const { comes, strike } = createMoment()
            const when = comes.then(() => pause(delayMs))
            const run = await runGate(aMilvus([busyImport()]), {
              inputs: { 'poll-interval': '1s' },
              interruption: { kind: 'kill', when },
              onLine: (line) => {
                if (FIRST_LINE.test(line)) strike()
              },
            })
            expect(run.signal).toBe('SIGKILL')
            expect(run.commandErrors).toEqual([])
            expect(Object.keys(run.outputs)).toEqual(OUTPUT_NAMES)
            expect(run.outputs).toMatchObject({ conclusion: '', jobId: JOB_ID })
            expect(run.summary.text).toMatch(/^### ⏳ [^]*it was killed[^]*<\/sub>\n$/)
            expect(run.report).toMatchObject({ conclusion: null, jobs: [{ jobId: JOB_ID }] })
          }),
        )
      }),
      rounds,
    )
  }, 60_000)
})
