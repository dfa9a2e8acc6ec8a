import { describe, expect, it } from '@jest/globals'
import { endAtDeadline, importKey, newStart, nextSteps, recordStep, startChanges } from '../../src/gate/start.ts'
import type { ImportPlan } from '../../src/gate/policy.ts'
import type { StartEnd, StartResult, StartState, StartStep } from '../../src/gate/start.ts'
import type { CreateResult, Listing } from '../../src/gate/import-service.ts'
import type { JobSnapshot, PollResult } from '../../src/gate/job.ts'
import { aFailedJob, aFile, aJob, aTrouble } from '../support/builders.ts'

const FILES = [['a/1.parquet'], ['a/2.parquet']]
const PLAN: ImportPlan = { key: 'k', files: FILES, attempt: 1 }
const RERUN: ImportPlan = { ...PLAN, attempt: 3 }
const LIMITS = { timeoutMs: 3_600_000, maxOutageMs: undefined }
const RUN_BEGAN = Date.UTC(2026, 10, 23, 6, 0)

/** A step that brought something, and when it ended. */
type Moment = readonly [atMs: number, step: StartResult]

const error = aTrouble()
const list = (...jobIds: readonly string[]): StartResult => ({
  kind: 'list',
  result: { kind: 'listed', jobs: jobIds.map((jobId) => ({ jobId, phase: 'importing', label: 'Importing' })) },
})
const noList = (result: Listing): StartResult => ({ kind: 'list', result })
const create = (result: CreateResult): StartResult => ({ kind: 'create', result })
const created = (jobId: string) => create({ kind: 'created', jobId })
const lost = (timedOut = false) => create({ kind: 'lost', error, timedOut })
const refused = (mayPass: boolean) => create({ kind: 'refused', error, mayPass })
const describeJob = (jobId: string, result: PollResult): StartResult => ({ kind: 'describe', jobId, result })
const seen = (jobId: string, but: Partial<JobSnapshot> = {}) =>
  describeJob(jobId, { kind: 'answered', snapshot: aJob({ createTime: '2026-11-23T06:10:00Z', ...but }) })
const runBegan: StartResult = { kind: 'ask-run-start', result: { kind: 'began', wallMs: RUN_BEGAN } }
const OURS = { files: FILES.map(([name = '']) => aFile({ name })) }
const OTHERS = { files: [aFile({ name: 'b/1.parquet' })] }
const COMPLETED = { phase: 'completed', label: 'Completed' } as const

/** The start after these moments; each request took no time. */
function after(plan: ImportPlan, moments: readonly Moment[], limits = LIMITS): StartState {
  return moments.reduce(
    (state, [atMs, step]) => recordStep(state, plan, limits, step, { startedAtMs: atMs, endedAtMs: atMs }),
    newStart(0),
  )
}

const next = (plan: ImportPlan, moments: readonly Moment[]) => nextSteps(after(plan, moments), plan)
const endOf = (plan: ImportPlan, moments: readonly Moment[], limits = LIMITS) => after(plan, moments, limits).end

type Row<Expected> = [why: string, plan: ImportPlan, moments: readonly Moment[], expected: Expected]

describe('what a start does next', () => {
  it.each<Row<readonly StartStep[]>>([
    ['lists the jobs first', PLAN, [], [{ kind: 'list', atMs: 0 }]],
    ['then starts the import', PLAN, [[1, list('1')]], [{ kind: 'create', atMs: 1, key: 'k' }]],
    [
      'starts it on a first attempt also where the list is refused',
      PLAN,
      [[1, noList({ kind: 'refused', hostHasAnswered: false, error })]],
      [{ kind: 'create', atMs: 1, key: 'k' }],
    ],
    [
      'starts it on a first attempt also where the list is not whole',
      PLAN,
      [[1, noList({ kind: 'outage', error: aTrouble({ kind: 'partial-list' }) })]],
      [{ kind: 'create', atMs: 1, key: 'k' }],
    ],
    ['lists again after an outage', PLAN, [[1, noList({ kind: 'outage', error })]], [{ kind: 'list', atMs: 2001 }]],
    [
      'sends again what was not sent',
      PLAN,
      [
        [1, list()],
        [2, create({ kind: 'not-sent', error })],
      ],
      [{ kind: 'create', atMs: 2002, key: 'k' }],
    ],
    [
      'sends again what was not carried out',
      PLAN,
      [
        [1, list()],
        [2, create({ kind: 'not-carried-out', error })],
      ],
      [{ kind: 'create', atMs: 2002, key: 'k' }],
    ],
    [
      'sends once more what was refused in a way that may pass',
      PLAN,
      [
        [1, list()],
        [2, refused(true)],
      ],
      [{ kind: 'create', atMs: 2002, key: 'k' }],
    ],
    [
      'reads the list where the response was lost',
      PLAN,
      [
        [1, list()],
        [2, lost()],
      ],
      [{ kind: 'list', atMs: 2 }],
    ],
    [
      'describes the new jobs of that list',
      PLAN,
      [
        [1, list('1')],
        [2, lost()],
        [3, list('1', '2', '3')],
      ],
      [
        { kind: 'describe', jobId: '2', atMs: 3 },
        { kind: 'describe', jobId: '3', atMs: 3 },
      ],
    ],
    [
      'reads the list again 5 s later where no new job is this import',
      PLAN,
      [
        [1, list('1')],
        [2, lost()],
        [3, list('1', '2')],
        [4, seen('2', OTHERS)],
      ],
      [{ kind: 'list', atMs: 5003 }],
    ],
    [
      'describes a job that lists no files yet with each reading',
      PLAN,
      [
        [1, list()],
        [2, lost()],
        [3, list('2')],
        [4, seen('2')],
        [5003, list('2')],
      ],
      [{ kind: 'describe', jobId: '2', atMs: 5003 }],
    ],
    [
      'describes a new job again that the service does not know yet',
      PLAN,
      [
        [1, list()],
        [2, lost()],
        [3, list('2')],
        [4, describeJob('2', { kind: 'unknown-job', error })],
        [5003, list('2')],
      ],
      [{ kind: 'describe', jobId: '2', atMs: 5003 }],
    ],
    ['starts a re-run whose collection has no jobs', RERUN, [[1, list()]], [{ kind: 'create', atMs: 1, key: 'k' }]],
    ['asks in a re-run when the run began', RERUN, [[1, list('1')]], [{ kind: 'ask-run-start', atMs: 1 }]],
    [
      'asks again where GitHub does not respond',
      RERUN,
      [
        [1, list('1')],
        [2, { kind: 'ask-run-start', result: { kind: 'outage', error } }],
      ],
      [{ kind: 'ask-run-start', atMs: 2002 }],
    ],
    [
      'describes all jobs in a re-run',
      RERUN,
      [
        [1, list('1', '2')],
        [2, runBegan],
      ],
      [
        { kind: 'describe', jobId: '1', atMs: 2 },
        { kind: 'describe', jobId: '2', atMs: 2 },
      ],
    ],
    [
      'watches a running job that lists no files yet',
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, seen('1')],
      ],
      [{ kind: 'describe', jobId: '1', atMs: 5003 }],
    ],
    [
      'asks for the age of a job that does not say it',
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, seen('1', { ...OURS, createTime: undefined })],
      ],
      [{ kind: 'ask-job-start', jobId: '1', atMs: 3 }],
    ],
    ...(
      [
        ['the job is older than the run', { ...OURS, createTime: '2026-11-23T05:58:00Z' }],
        ['the job has other files', OTHERS],
        ['the job has ended without files', { ...COMPLETED, files: [] }],
        ['the job failed without a word about our files', { ...aFailedJob({ reason: 'import timeout' }) }],
        [
          'the job completed before the run',
          { ...OURS, ...COMPLETED, createTime: '', completeTime: '2026-11-23T05:00:00Z' },
        ],
      ] as const
    ).map(([why, but]): Row<readonly StartStep[]> => [
      `starts a re-run where ${why}`,
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, seen('1', but)],
      ],
      [{ kind: 'create', atMs: 3, key: 'k' }],
    ]),
    ...(
      [
        ['lists our files', { phase: 'failed', ...OURS }],
        ['names one of our files', aFailedJob({ reason: 'key not found[key=a/2.parquet]' })],
      ] as const
    ).map(([why, but]): Row<readonly StartStep[]> => [
      `starts a re-run with a key of its own where the failed job ${why}`,
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, seen('1', { ...but, createTime: '2026-11-23T06:10:00Z' })],
      ],
      [{ kind: 'create', atMs: 3, key: 'k:3' }],
    ]),
    [
      'starts a re-run where the record of a job has expired',
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, describeJob('1', { kind: 'unknown-job', error })],
      ],
      [{ kind: 'create', atMs: 3, key: 'k' }],
    ],
  ])('%s', (_, plan, moments, steps) => {
    expect(next(plan, moments)).toEqual(steps)
  })
})

const job = (jobId: string, started: boolean, how: string) => ({ kind: 'job', jobId, started, how }) as StartEnd
const startFailed = (why: string, ...jobIds: readonly string[]) =>
  expect.objectContaining({ kind: 'start-failed', why, jobIds }) as unknown as StartEnd

describe('how a start ends', () => {
  const searching: readonly Moment[] = [
    [1, list('1')],
    [2, lost()],
  ]
  const rerun: readonly Moment[] = [
    [1, list('1', '2')],
    [2, runBegan],
  ]
  it.each<[string, ImportPlan, readonly Moment[], StartEnd | undefined]>([
    [
      'with the job that the service started',
      PLAN,
      [
        [1, list('1')],
        [2, created('2')],
      ],
      job('2', true, 'created'),
    ],
    [
      'with the job of an earlier request, which the list showed before',
      PLAN,
      [
        [1, list('1')],
        [2, created('1')],
      ],
      job('1', false, 'created-earlier'),
    ],
    [
      'at once where the service refuses',
      PLAN,
      [
        [1, list()],
        [2, refused(false)],
      ],
      startFailed('refused'),
    ],
    [
      'at the second refusal that might have passed',
      PLAN,
      [
        [1, list()],
        [2, refused(true)],
        [2002, refused(true)],
      ],
      startFailed('refused'),
    ],
    [
      'with a job where only the first refusal was in passing',
      PLAN,
      [
        [1, list()],
        [2, refused(true)],
        [2002, created('2')],
      ],
      job('2', true, 'created'),
    ],
    [
      'with the lost import, once found',
      PLAN,
      [...searching, [3, list('1', '2')], [4, seen('2', OURS)]],
      job('2', true, 'found'),
    ],
    [
      'with the lost import that has failed by now and names our file',
      PLAN,
      [...searching, [3, list('1', '2')], [4, seen('2', aFailedJob({ reason: 'key not found[key=a/1.parquet]' }))]],
      job('2', true, 'found'),
    ],
    [
      'with the lost import beside new jobs of others',
      PLAN,
      [...searching, [3, list('1', '2', '3')], [4, seen('3', OTHERS)], [5, seen('2', OURS)]],
      job('2', true, 'found'),
    ],
    [
      'not while another new job lists no files yet',
      PLAN,
      [...searching, [3, list('1', '2', '3')], [4, seen('3')], [5, seen('2', OURS)]],
      undefined,
    ],
    ['not before 30 s where none is found', PLAN, [...searching, [29_000, list('1')]], undefined],
    ['after 30 s where none is found', PLAN, [...searching, [30_002, list('1')]], startFailed('lost')],
    [
      'after 60 s where the request had timed out',
      PLAN,
      [
        [1, list('1')],
        [2, lost(true)],
        [30_002, list('1')],
        [60_002, list('1')],
      ],
      startFailed('lost'),
    ],
    [
      'after 30 s with the ids of two jobs that fit',
      PLAN,
      [...searching, [30_002, list('1', '2', '3')], [30_003, seen('2', OURS)], [30_004, seen('3', OURS)]],
      startFailed('lost', '2', '3'),
    ],
    [
      'after 30 s with the id of a job that lists no files',
      PLAN,
      [...searching, [30_002, list('1', '2')], [30_003, seen('2')]],
      startFailed('lost', '2'),
    ],
    [
      'after 30 s with the id of a job that cannot be compared',
      PLAN,
      [
        ...searching,
        [30_002, list('2')],
        [30_003, seen('2', { files: ['1', '2'].map((n) => aFile({ name: `${n}.parquet` })) })],
      ],
      startFailed('lost', '2'),
    ],
    [
      'after 30 s where the list is refused',
      PLAN,
      [...searching, [30_002, noList({ kind: 'refused', hostHasAnswered: false, error })]],
      startFailed('lost'),
    ],
    [
      'at once where the response is lost and there was no list before',
      PLAN,
      [
        [1, noList({ kind: 'refused', hostHasAnswered: false, error })],
        [2, lost()],
      ],
      startFailed('lost'),
    ],
    [
      'with the running job of an earlier attempt',
      RERUN,
      [...rerun, [3, seen('1', OTHERS)], [4, seen('2', OURS)]],
      job('2', false, 'taken-over'),
    ],
    [
      'with the completed job of an earlier attempt',
      RERUN,
      [...rerun, [3, seen('1', { ...OURS, phase: 'failed' })], [4, seen('2', { ...OURS, ...COMPLETED })]],
      job('2', false, 'taken-over'),
    ],
    [
      'with the ids of two that fit',
      RERUN,
      [...rerun, [3, seen('1', OURS)], [4, seen('2', OURS)]],
      startFailed('ambiguous', '1', '2'),
    ],
    [
      'with the id of one that cannot be compared',
      RERUN,
      [
        ...rerun,
        [3, seen('1', { files: ['1', '2'].map((n) => aFile({ name: `${n}.parquet` })) })],
        [4, seen('2', OTHERS)],
      ],
      startFailed('ambiguous', '1'),
    ],
    [
      'where GitHub does not say when the run began',
      RERUN,
      [
        [1, list('1', '2')],
        [2, { kind: 'ask-run-start', result: { kind: 'unknown', error } }],
      ],
      startFailed('no-run-start', '1', '2'),
    ],
    [
      'where a re-run gets no list',
      RERUN,
      [
        [1, noList({ kind: 'refused', hostHasAnswered: false, error })],
        [2001, noList({ kind: 'refused', hostHasAnswered: false, error })],
      ],
      startFailed('no-list'),
    ],
    [
      'where a re-run gets a list that is not whole',
      RERUN,
      [[1, noList({ kind: 'outage', error: aTrouble({ kind: 'partial-list' }) })]],
      startFailed('no-list'),
    ],
    [
      'not at the first refusal of the list in a re-run',
      RERUN,
      [[1, noList({ kind: 'refused', hostHasAnswered: false, error })]],
      undefined,
    ],
    [
      'as unreachable where nothing could be sent for a minute',
      PLAN,
      [
        [1, noList({ kind: 'outage', error })],
        [60_001, noList({ kind: 'outage', error })],
      ],
      { kind: 'unreachable', error, outageMs: 60_000 },
    ],
    [
      'with the age that Zilliz Cloud says in a call of its own',
      RERUN,
      [
        [1, list('1')],
        [2, runBegan],
        [3, seen('1', { ...OURS, createTime: undefined })],
        [4, { kind: 'ask-job-start', jobId: '1', result: { kind: 'answered', startTime: '2026-11-23T06:01:00Z' } }],
      ],
      job('1', false, 'taken-over'),
    ],
  ])('%s', (_, plan, moments, end) => {
    expect(endOf(plan, moments)).toEqual(end)
  })

  it('never changes once it has come', () => {
    const state = after(PLAN, [
      [1, list('1')],
      [2, created('2')],
    ])
    expect(recordStep(state, PLAN, LIMITS, created('3'), { startedAtMs: 3, endedAtMs: 3 })).toBe(state)
    expect(nextSteps(state, PLAN)).toEqual([])
  })

  it('does not wait for anything with timeout: 0', () => {
    const once = { ...LIMITS, timeoutMs: 0 }
    expect(
      endOf(
        PLAN,
        [
          [1, list()],
          [2, lost()],
        ],
        once,
      ),
    ).toEqual(startFailed('lost'))
    expect(
      endOf(
        PLAN,
        [
          [1, list()],
          [2, refused(true)],
        ],
        once,
      ),
    ).toEqual(startFailed('refused'))
    expect(endOf(RERUN, [[1, noList({ kind: 'refused', hostHasAnswered: false, error })]], once)).toEqual(
      startFailed('no-list'),
    )
  })
})

describe('a start at the deadline', () => {
  it.each<[string, readonly Moment[], StartEnd]>([
    ['is unreachable where nothing was sent', [], { kind: 'unreachable', error: undefined, outageMs: 0 }],
    [
      'is unreachable where nothing could be sent',
      [
        [1, list()],
        [10, create({ kind: 'not-sent', error })],
      ],
      { kind: 'unreachable', error, outageMs: 99 },
    ],
    [
      'has failed where a request was not carried out',
      [
        [1, list()],
        [10, create({ kind: 'not-carried-out', error })],
      ],
      startFailed('deadline'),
    ],
    [
      'has failed where a request was refused',
      [
        [1, list()],
        [10, refused(true)],
      ],
      startFailed('refused'),
    ],
    [
      'has failed where the response is lost, with the ids that came',
      [
        [1, list()],
        [10, lost()],
        [20, list('2', '3')],
        [30, seen('3', OTHERS)],
      ],
      startFailed('lost', '2'),
    ],
    [
      'has its job where one is known',
      [
        [1, list()],
        [10, created('2')],
      ],
      job('2', true, 'created'),
    ],
  ])('%s', (_, moments, end) => {
    expect(endAtDeadline(after(PLAN, moments), 100)).toEqual(end)
  })
})

describe('what a start says', () => {
  it('names the whole time of a search, whatever the fractions of the clock', () => {
    const before = after(PLAN, [[1, list()]])
    const searching = after(PLAN, [
      [1, list()],
      [5600.123457, lost(true)],
    ])
    expect(startChanges(before, searching, error, 5600.123457)).toEqual([
      { kind: 'response-lost', error, searchMs: 60_000 },
    ])
  })
})

describe('the key of an import', () => {
  const run = { repository: 'octo/repo', runId: '7', job: 'load' }
  it.each([
    ['is what the user gave', importKey('mine', run, 'cafe', 'r'), 'mine'],
    ['is the same in every attempt of a run', importKey(undefined, run, 'cafe', 'r'), 'octo/repo:7:load:cafe'],
    ['is random outside a run', importKey(undefined, undefined, 'cafe', 'r'), 'r'],
  ])('%s', (_, key, expected) => {
    expect(key).toBe(expected)
  })
})
