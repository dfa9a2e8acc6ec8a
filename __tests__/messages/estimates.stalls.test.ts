import { describe, expect, it } from '@jest/globals'
import { headline } from '../../src/messages/outcomes.ts'
import { linesFor } from '../support/log-lines.ts'
import { shortStallHint, stallHint } from '../../src/messages/estimates.ts'
import type { Phase } from '../../src/gate/job.ts'
import { aCompletedJob, aHistory, aJob, aPolicy, aView } from '../support/builders.ts'

const policy = aPolicy()
const HALF_AN_HOUR = 1_800_000
const at = (phase: Phase, progress: number, label = phase === 'importing' ? 'Importing' : phase) =>
  aJob({ phase, label, progress, importedRows: progress < 40 ? 0 : 36_000 })
/** A job that stands still for so long. */
const idleJob = (phase: Phase, progress: number, ms: number) =>
  aHistory({
    polls: [
      [0, at(phase, progress)],
      [ms, at(phase, progress)],
    ],
  })

const PRE_IMPORT = '~pre-import: usually reading is slow or is retried; check the logs of the data nodes for warnings'
const IMPORT = '~import: usually a data node runs out of memory and starts again; check the data nodes for restarts'
const SORT = '~sort or index: usually sorting or the index build is slow; check the load of the data and index nodes'
const INDEX = '~index: usually the index build waits for a free node; check the logs for "no idle indexing node"'
const COMMIT = '~commit: no usual cause is known; check the logs of the coordinator'

describe('where a job is idle', () => {
  it.each<[phase: Phase, progress: number, reported: string | undefined]>([
    ['importing', 10, PRE_IMPORT],
    ['importing', 39, PRE_IMPORT],
    ['importing', 40, IMPORT],
    ['importing', 69, IMPORT],
    ['importing', 70, SORT],
    ['importing', 79, SORT],
    ['importing', 80, INDEX],
    ['importing', 89, INDEX],
    ['importing', 90, COMMIT],
    ['importing', 98, COMMIT],
    ['importing', 99, COMMIT],
    // A percentage that Milvus does not send says nothing.
    ['importing', 0, undefined],
    ['importing', 9, undefined],
    // What the service says itself is no estimate.
    [
      'pending',
      0,
      'pending: usually no node has a free slot for it; check other imports and the slots of the data nodes',
    ],
    ['committing', 99, 'commit: no usual cause is known; check the logs of the coordinator'],
    ['uncommitted', 99, undefined],
    ['unknown', 50, undefined],
    ['completed', 100, undefined],
    ['failed', 50, undefined],
  ])('reports %s at %d %', (phase, progress, reported) => {
    expect(stallHint(aHistory({ polls: [[0, at(phase, progress)]] }))).toBe(reported)
    expect(shortStallHint(aHistory({ polls: [[0, at(phase, progress)]] })) === undefined).toBe(reported === undefined)
  })

  it('is not known where the percentages of the service are not', () => {
    const job = aJob({ progress: 75, importedRows: undefined })
    expect(stallHint(aHistory({ polls: [[0, job]] }))).toBeUndefined()
  })

  it('is not known before the first answer', () => {
    expect(stallHint(aHistory({}))).toBeUndefined()
  })

  it.each([0, 10, 40, 70, 80, 99])('fits into a line of the log, also of one of several jobs: %d %', (progress) => {
    const phase = progress === 0 ? 'pending' : 'importing'
    const job = idleJob(phase, progress, HALF_AN_HOUR)
    const view = aView([job, aHistory({ jobId: '2', polls: [[0, aCompletedJob()]] })], 35_999_000)
    const changes = [{ kind: 'idle', idleMs: HALF_AN_HOUR }] as const
    const result = { kind: 'answered', snapshot: at(phase, progress) } as const
    const lines = [
      ...linesFor({ kind: 'polled', view, job: 0, result, tookMs: 1, changes, more: false }, policy),
      ...linesFor({ kind: 'heartbeat', view }, policy),
    ]
    expect(lines).toHaveLength(3)
    expect(lines.filter((line) => line.includes('…') || line.length > 160)).toEqual([])
  })
})

describe('a long rest', () => {
  const jobOf = (ms: number) => idleJob('importing', 80, ms)

  it('is named in the log, with its usual cause', () => {
    const view = aView([jobOf(HALF_AN_HOUR)], HALF_AN_HOUR)
    const changes = [{ kind: 'idle', idleMs: HALF_AN_HOUR }] as const
    const result = { kind: 'answered', snapshot: at('importing', 80) } as const
    expect(linesFor({ kind: 'polled', view, job: 0, result, tookMs: 1, changes, more: false }, policy)).toEqual([
      '  30:00  no progress for 30 min; to fail on this, set stall-timeout (MIG-044)',
      `  30:00  ${INDEX}`,
    ])
  })

  it('is named by each heartbeat from then on, and by none before', () => {
    const heartbeat = (ms: number) => linesFor({ kind: 'heartbeat', view: aView([jobOf(ms)], ms) }, policy)
    expect(heartbeat(HALF_AN_HOUR - 60_000)).toEqual(['  29:00  still Importing, 80%, 36,000 rows'])
    expect(heartbeat(HALF_AN_HOUR + 60_000)).toEqual([
      '  31:00  still Importing, 80%, 36,000 rows; ~index: usually the index build waits for a free node',
    ])
  })

  it('is named by the end that stall-timeout brings, however short it was', () => {
    const view = aView([jobOf(600_000)], 600_000)
    const reported = headline({ kind: 'stalled', passes: false, jobs: [0], idleMs: 600_000 }, view, policy)
    expect(reported.points).toEqual([INDEX])
  })

  it.each(['fail', 'pass'])('is named where time is up: on-timeout %s', (onTimeout) => {
    const points = (ms: number) =>
      headline({ kind: 'timed-out', passes: onTimeout === 'pass', jobs: [0] }, aView([jobOf(ms)], ms), policy).points
    expect(points(HALF_AN_HOUR)).toEqual([INDEX])
    expect(points(HALF_AN_HOUR - 1)).toBeUndefined()
  })
})
