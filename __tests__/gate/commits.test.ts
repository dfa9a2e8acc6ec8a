import { describe, expect, it } from '@jest/globals'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { conclude, judgeAll } from '../../src/gate/conclude.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import type { Policy } from '../../src/gate/policy.ts'
import {
  abortableJobs,
  attempted,
  dueCommits,
  isCommitInDoubt,
  isCommitted,
  outdatedJobs,
} from '../../src/gate/commits.ts'
import { aPolicy } from '../support/builders.ts'
import { answered, outage, refused, unknownJob, declined } from '../support/watching.ts'

/** What happened to a job at a moment: a poll, or an attempt to commit it. */
type Happening = PollResult | { readonly commit: CommitResult }

const DONE: CommitResult = { kind: 'done' }
const LOST = outage() as CommitResult
const REFUSED = declined()
const CUT: CommitResult = { kind: 'cancelled' }

const atUncommitted = answered('Uncommitted', { progress: 99, importedRows: 5, totalRows: 5 })
const committing = answered('Committing', { progress: 99, importedRows: 5, totalRows: 5 })
const completed = answered('Completed', { progress: 100, importedRows: 5, totalRows: 5 })
const running = answered('Importing', { progress: 40, importedRows: 1 })
const failed = answered('Failed')

/** A job after these, a second apart. */
function jobAfter(...happenings: readonly Happening[]): History {
  return happenings.reduce<History>((history, happening, i) => {
    const span = { startedAtMs: i * 1000, endedAtMs: i * 1000 }
    return 'commit' in happening
      ? { ...history, commit: attempted(history.commit, happening.commit, span) }
      : record(history, happening, span)
  }, newHistory('1'))
}

const COMMIT = aPolicy({ onUncommitted: 'commit' })

function verdictsOn(jobs: readonly History[], policy = COMMIT, timeIsUp = false) {
  return judgeAll(jobs, policy, timeIsUp)
}

function concludeFor(jobs: readonly History[], but: Partial<Policy> = {}, timeIsUp = false): Conclusion | undefined {
  const policy = { ...COMMIT, ...but }
  return conclude(jobs, verdictsOn(jobs, policy, timeIsUp), policy)
}

const due = (jobs: readonly History[], rowsHold = true) =>
  dueCommits(jobs, verdictsOn(jobs), rowsHold).map(({ job }) => job)

describe('an attempt to commit', () => {
  it.each<[string, readonly CommitResult[], object]>([
    ['that is accepted', [DONE], { state: 'done', times: 1, isPolledSince: false, outage: undefined }],
    ['that is refused', [REFUSED], { state: 'declined', error: { outcome: 'code-2100' } }],
    ['at a job that the service does not know', [unknownJob() as CommitResult], { state: 'declined' }],
    ['whose answer is lost', [LOST], { state: 'in-doubt', error: { outcome: 'http-502' } }],
    ['that was cut short by ourselves', [CUT], { state: 'in-doubt', error: undefined }],
    [
      'that is lost and lost again',
      [LOST, LOST],
      { state: 'in-doubt', times: 2, outage: { sinceMs: 0, untilMs: 1000 } },
    ],
    ['that is lost and then accepted', [LOST, DONE], { state: 'done', times: 2, outage: undefined, error: undefined }],
  ])('%s', (_, deeds, attempt) => {
    expect(jobAfter(...deeds.map((commit) => ({ commit }))).commit).toMatchObject(attempt)
  })

  it('that was cut short after others were lost is still in doubt for their reason, since the first of them', () => {
    expect(jobAfter({ commit: LOST }, { commit: CUT }).commit).toEqual({
      state: 'in-doubt',
      times: 2,
      endedAtMs: 1000,
      isPolledSince: false,
      error: (LOST as { error: object }).error,
      outage: {
        sinceMs: 0,
        silentSinceMs: 0,
        judgedSinceMs: 0,
        untilMs: 0,
        error: (LOST as { error: object }).error,
      },
    })
  })

  it('is asked about once the job itself has answered, and not before', () => {
    expect(jobAfter(atUncommitted, { commit: LOST }).commit?.isPolledSince).toBe(false)
    expect(jobAfter(atUncommitted, { commit: LOST }, outage()).commit?.isPolledSince).toBe(false)
    expect(
      jobAfter(atUncommitted, { commit: LOST }, { ...atUncommitted, isFromList: true } as PollResult).commit
        ?.isPolledSince,
    ).toBe(false)
    expect(jobAfter(atUncommitted, { commit: LOST }, atUncommitted).commit?.isPolledSince).toBe(true)
    expect(jobAfter(atUncommitted, { commit: LOST }, atUncommitted, { commit: LOST }).commit?.isPolledSince).toBe(false)
  })
})

describe('the verdict on a job that the gate is to commit', () => {
  const [pollAgain, ready, rejected, timedOut] = [
    { kind: 'poll-again' },
    { kind: 'ready', as: 'uncommitted' },
    { kind: 'ended', as: 'rejected' },
    { kind: 'ended', as: 'timed-out' },
  ]
  it.each<[string, History, unknown, unknown]>([
    ['it rests', jobAfter(atUncommitted), ready, timedOut],
    [
      'its commit was accepted and nobody has polled since',
      jobAfter(atUncommitted, { commit: DONE }),
      pollAgain,
      timedOut,
    ],
    [
      'its commit was accepted and it is still at Uncommitted',
      jobAfter(atUncommitted, { commit: DONE }, atUncommitted),
      pollAgain,
      timedOut,
    ],
    [
      'its commit is under way at the service',
      jobAfter(atUncommitted, { commit: DONE }, committing),
      pollAgain,
      timedOut,
    ],
    [
      'it is through',
      jobAfter(atUncommitted, { commit: DONE }, completed),
      { kind: 'ready', as: 'completed' },
      { kind: 'ready', as: 'completed' },
    ],
    ['its commit was lost', jobAfter(atUncommitted, { commit: LOST }), pollAgain, timedOut],
    [
      'its commit was lost and it is still at Uncommitted',
      jobAfter(atUncommitted, { commit: LOST }, atUncommitted),
      ready,
      timedOut,
    ],
    [
      'its commit was lost, and yet it is being committed',
      jobAfter(atUncommitted, { commit: LOST }, committing),
      pollAgain,
      timedOut,
    ],
    ['its commit was refused', jobAfter(atUncommitted, { commit: REFUSED }), pollAgain, rejected],
    [
      'its commit was refused and it is still at Uncommitted',
      jobAfter(atUncommitted, { commit: REFUSED }, atUncommitted),
      rejected,
      rejected,
    ],
    [
      'its commit was refused, and yet it is being committed',
      jobAfter(atUncommitted, { commit: REFUSED }, committing),
      pollAgain,
      timedOut,
    ],
    [
      'its commit was refused and it runs again',
      jobAfter(atUncommitted, { commit: REFUSED }, running),
      rejected,
      rejected,
    ],
    [
      'its commit was refused and it has failed',
      jobAfter(atUncommitted, { commit: REFUSED }, failed),
      rejected,
      rejected,
    ],
    [
      'its commit was refused and nobody could be asked',
      jobAfter(atUncommitted, { commit: REFUSED }, outage()),
      pollAgain,
      rejected,
    ],
    [
      'it failed after its commit',
      jobAfter(atUncommitted, { commit: DONE }, failed),
      { kind: 'ended', as: 'failed' },
      { kind: 'ended', as: 'failed' },
    ],
  ])('%s', (_, job, verdict, atTheDeadline) => {
    expect(verdictsOn([job])).toEqual([verdict])
    expect(verdictsOn([job], COMMIT, true)).toEqual([atTheDeadline])
  })

  it('is that nobody answers, once commits have been lost for too long although polls are answered', () => {
    const losing = Array.from({ length: 4 }, () => [{ commit: LOST }, atUncommitted]).flat()
    const job = jobAfter(atUncommitted, ...losing)
    expect(verdictsOn([job], { ...COMMIT, maxOutageMs: 6_001 })).toEqual([{ kind: 'ready', as: 'uncommitted' }])
    expect(verdictsOn([job], { ...COMMIT, maxOutageMs: 6_000 })).toEqual([{ kind: 'ended', as: 'unreachable' }])
    expect(concludeFor([job], { maxOutageMs: 6_000 })).toEqual({
      kind: 'unreachable',
      passes: false,
      jobs: [0],
      error: job.commit?.error,
      outageMs: 6_000,
    })
  })
})

describe('the commits that are due', () => {
  it.each<[string, readonly History[], readonly number[]]>([
    ['none while a job still runs', [jobAfter(atUncommitted), jobAfter(running)], []],
    ['none while a job is not heard of', [jobAfter(atUncommitted), newHistory('2')], []],
    ['none where there is an outage', [jobAfter(atUncommitted), jobAfter(atUncommitted, outage())], []],
    ['the first alone once all rest', [jobAfter(atUncommitted), jobAfter(atUncommitted), jobAfter(atUncommitted)], [0]],
    ['the first that is not through yet', [jobAfter(completed), jobAfter(atUncommitted), jobAfter(atUncommitted)], [1]],
    ['no other while the first is in doubt', [jobAfter(atUncommitted, { commit: LOST }), jobAfter(atUncommitted)], []],
    [
      'the first again where it was lost',
      [jobAfter(atUncommitted, { commit: LOST }, atUncommitted), jobAfter(atUncommitted)],
      [0],
    ],
    [
      'all others once one is accepted',
      [jobAfter(atUncommitted, { commit: DONE }), jobAfter(atUncommitted), jobAfter(atUncommitted)],
      [1, 2],
    ],
    [
      'all others once one is seen to be committed',
      [jobAfter(atUncommitted, { commit: LOST }, committing), jobAfter(atUncommitted)],
      [1],
    ],
    [
      'the others also while one has to be asked again',
      [jobAfter(atUncommitted, { commit: DONE }), jobAfter(atUncommitted, outage()), jobAfter(atUncommitted)],
      [2],
    ],
    [
      'none after a refusal',
      [
        jobAfter(atUncommitted, { commit: DONE }),
        jobAfter(atUncommitted, { commit: REFUSED }),
        jobAfter(atUncommitted),
      ],
      [],
    ],
    [
      'all others where the one that was refused is committed all the same',
      [jobAfter(atUncommitted, { commit: REFUSED }, committing), jobAfter(atUncommitted)],
      [1],
    ],
    ['none where all is through', [jobAfter(completed)], []],
  ])('are %s', (_, jobs, expected) => {
    expect(due(jobs)).toStrictEqual(expected)
  })

  it('are none for a job that has not been judged ready, also once commits have begun', () => {
    const begun = [jobAfter(atUncommitted, { commit: DONE }), jobAfter(atUncommitted)]
    expect(dueCommits(begun, [{ kind: 'poll-again' }, { kind: 'ended', as: 'uncommitted' }], true)).toEqual([])
    expect(dueCommits(begun, [{ kind: 'poll-again' }, { kind: 'ready', as: 'completed' }], true)).toEqual([])
    expect(dueCommits(begun, [{ kind: 'poll-again' }], true)).toEqual([])
    expect(dueCommits([jobAfter(atUncommitted)], [], true)).toEqual([])
  })

  it('are none where the rows do not hold, but for what has begun', () => {
    expect(due([jobAfter(atUncommitted), jobAfter(atUncommitted)], false)).toStrictEqual([])
    expect(due([jobAfter(atUncommitted, { commit: DONE }), jobAfter(atUncommitted)], false)).toEqual([1])
  })

  it('are put off a little longer each time they are repeated, and half a minute at most', () => {
    const pauses = [1, 2, 3, 30].map((times) => {
      const lost = Array.from({ length: times }, () => [{ commit: LOST }, atUncommitted]).flat()
      const job = jobAfter(atUncommitted, ...lost)
      return (
        (dueCommits([job], [{ kind: 'ready', as: 'uncommitted' }], true)[0]?.atMs ?? 0) - (job.commit?.endedAtMs ?? 0)
      )
    })
    expect(pauses).toEqual([2_000, 3_000, 4_500, 30_000])
  })
})

describe('the conclusion over jobs that the gate is to commit', () => {
  const committed = jobAfter(atUncommitted, { commit: DONE }, completed)
  const accepted = jobAfter(atUncommitted, { commit: DONE })
  const refusedOne = jobAfter(atUncommitted, { commit: REFUSED }, atUncommitted)

  it.each<[string, readonly History[], object | undefined]>([
    ['none while commits are due', [jobAfter(atUncommitted)], undefined],
    ['completed once all are', [committed, committed], { kind: 'completed', passes: true }],
    [
      'rejected where the first commit is refused',
      [refusedOne, jobAfter(atUncommitted)],
      { kind: 'rejected', passes: false, jobs: [0], error: { outcome: 'code-2100' } },
    ],
    [
      'half done where a later one is',
      [committed, refusedOne, jobAfter(atUncommitted)],
      { kind: 'partly-committed', passes: false, committed: [0], jobs: [1, 2], because: { kind: 'rejected' } },
    ],
    [
      'half done where a job fails in between',
      [accepted, jobAfter(atUncommitted, failed)],
      { kind: 'partly-committed', committed: [0], jobs: [1], because: { kind: 'failed' } },
    ],
    [
      'half done where one fails after all commits were accepted',
      [committed, jobAfter(atUncommitted, { commit: DONE }, failed)],
      { kind: 'partly-committed', committed: [0], jobs: [1], because: { kind: 'failed' } },
    ],
    [
      'failed where the only one fails after its commit was accepted',
      [jobAfter(atUncommitted, { commit: DONE }, failed)],
      { kind: 'failed', jobs: [0] },
    ],
    [
      'half done, for all that anybody knows, where a commit is in doubt and another job fails',
      [jobAfter(atUncommitted, { commit: LOST }), jobAfter(atUncommitted, failed)],
      { kind: 'partly-committed', committed: [], jobs: [0, 1], because: { kind: 'failed' } },
    ],
    [
      'about the failure where a commit was lost and was not carried out',
      [jobAfter(atUncommitted, { commit: LOST }, atUncommitted), jobAfter(atUncommitted, failed)],
      { kind: 'failed', jobs: [1] },
    ],
    [
      'half done where a job is forgotten',
      [accepted, jobAfter(atUncommitted, unknownJob(), unknownJob())],
      { kind: 'partly-committed', because: { kind: 'not-found' } },
    ],
  ])('is %s', (_, jobs, conclusion) => {
    if (conclusion === undefined) expect(concludeFor(jobs)).toBeUndefined()
    else expect(concludeFor(jobs)).toMatchObject(conclusion)
  })

  it.each(['pass', 'fail'] as const)('is half done at the deadline under on-timeout %s', (onTimeout) => {
    const end = concludeFor([accepted, jobAfter(atUncommitted)], { onTimeout }, true)
    expect(end).toMatchObject({ kind: 'partly-committed', passes: false, committed: [0], jobs: [1] })
  })

  it.each<[string, Happening]>([
    ['lost', { commit: LOST }],
    ['cut short', { commit: CUT }],
  ])('is half done at the deadline where the first commit was %s and nobody could be asked since', (_, commit) => {
    const end = concludeFor([jobAfter(atUncommitted, commit), jobAfter(atUncommitted)], { onTimeout: 'pass' }, true)
    expect(end).toMatchObject({ kind: 'partly-committed', passes: false, committed: [], jobs: [0, 1] })
  })

  it('is out of time where the commit of the only job is in doubt', () => {
    expect(concludeFor([jobAfter(atUncommitted, { commit: LOST })], {}, true)).toMatchObject({
      kind: 'timed-out',
      jobs: [0],
    })
    expect(
      concludeFor([jobAfter(atUncommitted, { commit: LOST }), jobAfter(completed)], { onTimeout: 'pass' }, true),
    ).toMatchObject({ kind: 'timed-out', passes: true, jobs: [0] })
  })

  it('leaves none behind that somebody else has committed', () => {
    expect(concludeFor([accepted, jobAfter(atUncommitted, completed)], { onTimeout: 'pass' }, true)).toEqual({
      kind: 'timed-out',
      passes: true,
      jobs: [0],
    })
  })

  it('is out of time where all commits were made, and where none was', () => {
    expect(concludeFor([accepted, committed], { onTimeout: 'pass' }, true)).toMatchObject({
      kind: 'timed-out',
      passes: true,
      jobs: [0],
    })
    expect(concludeFor([jobAfter(atUncommitted)], { onTimeout: 'pass' }, true)).toMatchObject({
      kind: 'timed-out',
      passes: true,
    })
  })

  it('is about the rows before the first commit, and never after it', () => {
    const expectedRows = { min: 11, max: undefined }
    expect(concludeFor([jobAfter(atUncommitted), jobAfter(atUncommitted)], { expectedRows })).toEqual({
      kind: 'rows-not-met',
      passes: false,
      of: 'jobs',
      expected: expectedRows,
      imported: 10,
    })
    expect(concludeFor([committed, jobAfter(atUncommitted)], { expectedRows })).toBeUndefined()
  })
})

describe('a job is committed by the gate', () => {
  it.each<[string, History, boolean]>([
    ['once it accepted the commit', jobAfter(atUncommitted, { commit: DONE }), true],
    [
      'where the answer was lost and it is seen to be committed',
      jobAfter(atUncommitted, { commit: LOST }, committing),
      true,
    ],
    [
      'where the answer was lost and it is seen to be through',
      jobAfter(atUncommitted, { commit: LOST }, completed),
      true,
    ],
    ['not where the answer was lost', jobAfter(atUncommitted, { commit: LOST }), false],
    ['not where it was refused', jobAfter(atUncommitted, { commit: REFUSED }, atUncommitted), false],
    ['not where somebody else did', jobAfter(atUncommitted, completed), false],
    ['not where it failed all the same', jobAfter(atUncommitted, { commit: DONE }, failed), false],
    ['once it accepted the commit, though nobody has polled', jobAfter({ commit: DONE }), true],
    ['not where the answer was lost and nobody has polled', jobAfter({ commit: LOST }), false],
    ['not where nobody has polled or tried', newHistory('1'), false],
  ])('%s', (_, job, expected) => {
    expect(isCommitted(job)).toBe(expected)
  })
})

describe('a commit is in doubt', () => {
  it.each<[string, History, boolean]>([
    ['where its answer was lost', jobAfter(atUncommitted, { commit: LOST }), true],
    ['where it was cut short', jobAfter(atUncommitted, { commit: CUT }), true],
    ['also where the job did not answer since', jobAfter(atUncommitted, { commit: LOST }, outage()), true],
    ['not where there was none', jobAfter(atUncommitted), false],
    ['not where it was accepted', jobAfter(atUncommitted, { commit: DONE }), false],
    ['not where it was refused', jobAfter(atUncommitted, { commit: REFUSED }), false],
    ['not once the job still rests', jobAfter(atUncommitted, { commit: LOST }, atUncommitted), false],
    ['not once the job is being committed', jobAfter(atUncommitted, { commit: LOST }, committing), false],
    ['not once the job has failed', jobAfter(atUncommitted, { commit: LOST }, failed), false],
    [
      'not once the job was seen in passing to have failed',
      jobAfter(atUncommitted, { commit: LOST }, { ...failed, isFromList: true } as PollResult),
      false,
    ],
    ['where it was lost and nobody has polled', jobAfter({ commit: LOST }), true],
    ['not where nobody has polled or tried', newHistory('1'), false],
  ])('%s', (_, job, expected) => {
    expect(isCommitInDoubt(job)).toBe(expected)
  })
})

describe('before the first commit', () => {
  const seenAt = (...moments: readonly (readonly [atMs: number, result: PollResult])[]) =>
    moments.reduce<History>(
      (history, [atMs, result]) => record(history, result, { startedAtMs: atMs, endedAtMs: atMs }),
      newHistory('1'),
    )
  const outdated = (jobs: readonly History[], hold = true) => outdatedJobs(jobs, verdictsOn(jobs), hold)

  it('a job is polled again that was last seen well before the last one came to rest', () => {
    const jobs = [
      seenAt([0, atUncommitted], [20_000, atUncommitted]),
      seenAt([22_001, atUncommitted]),
      seenAt([20_001, atUncommitted]),
    ]
    expect(outdated(jobs)).toEqual([0])
    expect(due(jobs)).toEqual([])
    expect(due([seenAt([0, atUncommitted], [22_000, atUncommitted]), ...jobs.slice(1)])).toEqual([0])
  })

  it('a job is polled again that was last seen well before a commit was lost', () => {
    const lost = { ...seenAt([0, atUncommitted], [9_000, atUncommitted]) }
    const jobs = [
      record({ ...lost, commit: attempted(undefined, LOST, { startedAtMs: 9_000, endedAtMs: 9_500 }) }, atUncommitted, {
        startedAtMs: 11_500,
        endedAtMs: 11_500,
      }),
      seenAt([7_499, atUncommitted]),
    ]
    expect(outdated(jobs)).toEqual([1])
  })

  it('nothing is polled again that is through, where the rows do not hold, or once commits have begun', () => {
    expect(outdated([seenAt([0, completed]), seenAt([50_000, atUncommitted])])).toEqual([])
    expect(outdated([seenAt([0, atUncommitted]), seenAt([50_000, atUncommitted])], false)).toEqual([])
    expect(outdated([jobAfter(atUncommitted, { commit: DONE }), seenAt([50_000, atUncommitted])])).toEqual([])
    expect(outdated([seenAt([0, atUncommitted]), seenAt([50_000, running])])).toEqual([])
  })

  it('a job is polled of which nothing is known, whatever it is said to be', () => {
    const ready = { kind: 'ready', as: 'uncommitted' } as const
    expect(outdatedJobs([newHistory('1'), seenAt([50_000, atUncommitted])], [ready, ready], true)).toEqual([0])
  })
})

describe('an abort', () => {
  const MINE = aPolicy({ expectedCollection: 'mine' })
  const uncommittedJob = (collectionName: string) => jobAfter(answered('Uncommitted', { collectionName }))

  it.each<[string, History, boolean]>([
    ['reaches a job at Uncommitted', jobAfter(atUncommitted), true],
    ['leaves alone a job that runs, which may be an ordinary import', jobAfter(running), false],
    ['reaches a job that runs again after it was at Uncommitted', jobAfter(atUncommitted, running), true],
    ['reaches a job in an outage, by what was last seen', jobAfter(atUncommitted, outage()), true],
    ['leaves alone a job in an unknown state', jobAfter(answered('Resharding')), false],
    ['reaches a job whose commit was refused', jobAfter(atUncommitted, { commit: REFUSED }, atUncommitted), true],
    [
      'reaches a job whose commit was lost, once it is still at Uncommitted',
      jobAfter(atUncommitted, { commit: LOST }, atUncommitted),
      true,
    ],
    ['leaves alone a job whose commit is in doubt', jobAfter(atUncommitted, { commit: LOST }), false],
    ['leaves alone a job whose commit was cut short', jobAfter(atUncommitted, { commit: CUT }), false],
    ['leaves alone a job that accepted a commit', jobAfter(atUncommitted, { commit: DONE }, atUncommitted), false],
    ['leaves alone a job that is being committed', jobAfter(committing), false],
    ['leaves alone a job that is through', jobAfter(completed), false],
    ['leaves alone a job that failed', jobAfter(failed), false],
    ['leaves alone a job that was never seen', newHistory('1'), false],
    ['leaves alone a job that the service does not know any more', jobAfter(atUncommitted, unknownJob()), false],
    ['leaves alone a job about which the key is refused', jobAfter(atUncommitted, refused()), false],
    ['reaches a job of the expected collection', uncommittedJob('mine'), true],
    ['leaves alone a job of another collection, which is somebody else’s', uncommittedJob('other'), false],
  ])('%s', (_, job, expected) => {
    expect(abortableJobs([job], MINE)).toEqual(expected ? [0] : [])
  })
})
