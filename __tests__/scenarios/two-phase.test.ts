import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { json, text } from '../simulator/faults.ts'
import type { JobScript, Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { actionAfter, API_KEY, anImport, runGate } from '../support/gating.ts'
import type { Gated, GateOptions } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'two-phase-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

const RESTS: readonly Step[] = [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }]
const RUNS: readonly Step[] = [{ phase: 'Importing', within: [0.5, 0.5] }]
const FAILS: readonly Step[] = [
  { phase: 'Importing', lasts: 1 },
  { phase: 'Failed', reason: 'the disk is full' },
]

/** Two-phase jobs one after the other, each with what is special about it. */
function twoPhase(...jobs: readonly (Partial<JobScript> & { readonly course?: readonly Step[] })[]): ServiceScript {
  return {
    dialect: 'milvus',
    version: '3.0',
    apiKey: API_KEY,
    jobs: jobs.map(({ course = RESTS, ...but }, n) =>
      anImport(course, { jobId: `47059273016934400${n}`, autoCommit: false, ...but }),
    ),
  }
}

/** How often each thing was asked for, but for polls. */
function acts({ requests }: Gated): Readonly<Record<string, readonly string[]>> {
  const of = (operation: string) =>
    requests
      .filter((request) => request.operation === operation)
      .map(({ body }) => String((JSON.parse(body) as { readonly jobId: unknown }).jobId).at(-1)!)
  return { commit: of('commit'), abort: of('abort') }
}

const run = (service: ServiceScript, inputs: Readonly<Record<string, string>>, options: GateOptions = {}) =>
  runGate(service, { ...options, inputs: { 'poll-interval': '1s', ...inputs } })

const COMMIT = { 'on-uncommitted': 'commit' }
const ABORT = { ...COMMIT, 'abort-uncommitted': 'true' }
const DENIED = json({ code: 65535, message: 'rpc error: code = PermissionDenied desc = permission deny to u' }, 403)

describe('an import in two phases', () => {
  it.concurrent(
    'is committed as a whole once all of it is there',
    async () => {
      const gated = await run(
        twoPhase({}, { course: [{ phase: 'Importing', lasts: 2 }, { phase: 'Uncommitted' }] }),
        COMMIT,
      )
      expect(expectSoundRun(gated)).toBe('completed')
      expect(acts(gated)).toEqual({ commit: ['0', '1'], abort: [] })
      expect(gated.outputs).toMatchObject({ state: 'Completed', importedRows: '6000' })
      expect(gated.log.join('\n')).toContain('job 470592730169344000: commit accepted')
    },
    30_000,
  )

  it.concurrent(
    'is not committed where there are fewer rows than expected',
    async () => {
      const gated = await run(twoPhase({}, {}), { ...COMMIT, 'expected-rows': '6001' })
      expect(expectSoundRun(gated)).toBe('rows-not-met')
      expect(acts(gated)).toEqual({ commit: [], abort: [] })
      expect(gated.log.join(' ')).toContain('Still at Uncommitted')
    },
    30_000,
  )

  it.concurrent(
    'is asked about where the answer to its commit is lost, and not committed again where it was carried out',
    async () => {
      const lost = { reply: text(502, 'Bad Gateway'), until: 1 }
      const carriedOut = await run(twoPhase({ commitFaults: [{ ...lost, takesEffect: true }] }), COMMIT)
      expect(expectSoundRun(carriedOut)).toBe('completed')
      expect(acts(carriedOut)).toEqual({ commit: ['0'], abort: [] })
      const leftUndone = await run(twoPhase({ commitFaults: [lost] }), COMMIT)
      expect(expectSoundRun(leftUndone)).toBe('completed')
      expect(acts(leftUndone)).toEqual({ commit: ['0', '0'], abort: [] })
      expect(leftUndone.log.join('\n')).toMatch(/the response to the commit was lost: .*HTTP 502.* \(MIG-026\)/)
    },
    30_000,
  )

  it.concurrent(
    'stays as it was where the first commit is refused three times',
    async () => {
      const gated = await run(twoPhase({ answerCommit: () => DENIED }, {}), COMMIT)
      expect(expectSoundRun(gated)).toBe('rejected')
      expect(acts(gated)).toEqual({ commit: ['0', '0', '0'], abort: [] })
      expect(gated.outputs['reason']).toContain('rejected the request to commit job 470592730169344000')
    },
    30_000,
  )

  it.concurrent(
    'is told of job by job where it is committed by half, and what is left is aborted where that is asked for',
    async () => {
      const gated = await run(twoPhase({}, { answerCommit: () => DENIED }), ABORT)
      expect(expectSoundRun(gated)).toBe('partly-committed')
      expect(acts(gated)).toEqual({ commit: ['0', '1', '1', '1'], abort: ['1'] })
      expect(gated.annotations[0]?.message).toMatch(
        /Only 1 of 2 import jobs was committed.*\n.*committed: 470592730169344000\n.*not committed: 470592730169344001/,
      )
      expect(gated.summary.text).toContain('Uncommitted, aborted')
    },
    30_000,
  )

  it.concurrent(
    'needs a service that knows commits',
    async () => {
      const gated = await run({ ...twoPhase({ answerCommit: () => text(404, '404 page not found') }) }, COMMIT)
      expect(expectSoundRun(gated)).toBe('rejected')
      expect(gated.outputs['reason']).toContain('does not support commit (HTTP 404): two-phase imports need Milvus 3.0')
    },
    30_000,
  )
})

describe('what a gate leaves behind that does not pass', () => {
  it.concurrent.each<[string, ServiceScript, Readonly<Record<string, string>>, string, readonly string[]]>([
    ['where a job fails', twoPhase({ course: FAILS }, {}, { course: RUNS }), ABORT, 'failed', ['1']],
    ['where rows are missing', twoPhase({}), { ...ABORT, 'expected-rows': '9999' }, 'rows-not-met', ['0']],
    ['at Uncommitted that fails the gate', twoPhase({}), { 'abort-uncommitted': 'true' }, 'uncommitted', ['0']],
    ['when time is up', twoPhase({}), { ...ABORT, 'on-uncommitted': 'wait', timeout: '1s' }, 'timed-out', ['0']],
    [
      'while it still runs, which no response shows to be two-phase',
      twoPhase({ course: RUNS }),
      { ...ABORT, timeout: '1s' },
      'timed-out',
      [],
    ],
    [
      'of another collection, which is not the gate’s',
      twoPhase({}),
      { ...ABORT, 'collection-name': 'other' },
      'wrong-collection',
      [],
    ],
    [
      'when it passes all the same',
      twoPhase({ course: RUNS }),
      { ...ABORT, timeout: '1s', 'on-timeout': 'pass' },
      'timed-out',
      [],
    ],
  ])(
    'is aborted as asked for: %s',
    async (_, service, inputs, conclusion, aborted) => {
      const gated = await run(service, inputs)
      expect(expectSoundRun(gated)).toBe(conclusion)
      expect(acts(gated).abort).toEqual(aborted)
      const reported = ', because `abort-uncommitted` is set.'
      if (aborted.length > 0) expect(gated.log.join(' ').replace(/\s+│\s+/g, ' ')).toContain(reported)
    },
    30_000,
  )

  it.concurrent(
    'is an ordinary import, which is not aborted',
    async () => {
      const gated = await run(twoPhase({ course: RUNS, autoCommit: true }), { ...ABORT, timeout: '1s' })
      expect(expectSoundRun(gated)).toBe('timed-out')
      expect(acts(gated).abort).toEqual([])
      expect(gated.log.join(' ')).toContain('The import continues')
    },
    30_000,
  )

  it.concurrent(
    'is aborted when the run is cancelled, after outputs and summary are there',
    async () => {
      let atAbort: string | undefined
      let summaryPath = ''
      const service = twoPhase({
        answerAbort: () => {
          atAbort ??= readFileSync(summaryPath, 'utf8')
          return undefined
        },
      })
      const gated = await run(
        service,
        { ...ABORT, 'on-uncommitted': 'wait' },
        {
          interruption: { kind: 'cancel', when: /Uncommitted, 99%/ },
          ...actionAfter('console.log(`summary ${process.env.GITHUB_STEP_SUMMARY}`)', folder),
          onLine: (line) => {
            summaryPath = /^summary (.+)/.exec(line)?.[1] ?? summaryPath
          },
        },
      )
      expect(expectSoundRun(gated)).toBe('cancelled')
      expect([gated.exitCode, gated.outcome, gated.signalsSent]).toEqual([1, 'cancelled', ['SIGINT']])
      expect(acts(gated).abort).toEqual(['0'])
      expect(atAbort).toContain('The gate was stopped by SIGINT')
      expect(gated.log.join(' ')).toMatch(
        /Gate failed: The gate was stopped by SIGINT.* The step aborted .*, because `abort-uncommitted` is set/,
      )
    },
    30_000,
  )
})
