import { describe, expect, it } from '@jest/globals'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { conclude, judgeAll } from '../../src/gate/conclude.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { attempted, isCommitted, isCommitInDoubt } from '../../src/gate/commit-state.ts'
import { abortableJobs, dueCommits, outdatedJobs } from '../../src/gate/commits.ts'
import { aPolicy } from '../support/builders.ts'
import { answered, outage, refused, unknownJob, declined } from '../support/watching.ts'

/** What happened to a job at a moment: a poll, or an attempt to commit it. */
type Happening = PollResult | { readonly commit: CommitResult }

const DONE: CommitResult = { kind: 'done' }
const LOST = outage() as CommitResult
const REFUSED = declined()
const CUT: CommitResult = { kind: 'cancelled' }

const rests = answered('Uncommitted', { progress: 99, importedRows: 5, totalRows: 5 })
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
    expect(jobAfter(rests, { commit: LOST }).commit?.isPolledSince).toBe(false)
    expect(jobAfter(rests, { commit: LOST }, outage()).commit?.isPolledSince).toBe(false)
    expect(jobAfter(rests, { commit: LOST }, { ...rests, isFromList: true } as PollResult).commit?.isPolledSince).toBe(
      false,
    )
    expect(jobAfter(rests, { commit: LOST }, rests).commit?.isPolledSince).toBe(true)
    expect(jobAfter(rests, { commit: LOST }, rests, { commit: LOST }).commit?.isPolledSince).toBe(false)
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
    ['it rests', jobAfter(rests), ready, timedOut],
    ['its commit was accepted and nobody has polled since', jobAfter(rests, { commit: DONE }), pollAgain, timedOut],
    ['its commit was accepted and it still rests', jobAfter(rests, { commit: DONE }, rests), pollAgain, timedOut],
    ['its commit is under way at the service', jobAfter(rests, { commit: DONE }, committing), pollAgain, timedOut],
    [
      'it is through',
      jobAfter(rests, { commit: DONE }, completed),
      { kind: 'ready', as: 'completed' },
      { kind: 'ready', as: 'completed' },
    ],
    ['its commit was lost', jobAfter(rests, { commit: LOST }), pollAgain, timedOut],
    ['its commit was lost and it still rests', jobAfter(rests, { commit: LOST }, rests), ready, timedOut],
    [
      'its commit was lost, and yet it is being committed',
      jobAfter(rests, { commit: LOST }, committing),
      pollAgain,
      timedOut,
    ],
    ['its commit was refused', jobAfter(rests, { commit: REFUSED }), pollAgain, rejected],
    ['its commit was refused and it still rests', jobAfter(rests, { commit: REFUSED }, rests), rejected, rejected],
    [
      'its commit was refused, and yet it is being committed',
      jobAfter(rests, { commit: REFUSED }, committing),
      pollAgain,
      timedOut,
    ],
    ['its commit was refused and it runs again', jobAfter(rests, { commit: REFUSED }, running), rejected, rejected],
    ['its commit was refused and it has failed', jobAfter(rests, { commit: REFUSED }, failed), rejected, rejected],
    [
      'its commit was refused and nobody could be asked',
      jobAfter(rests, { commit: REFUSED }, outage()),
      pollAgain,
      rejected,
    ],
    [
      'it failed after its commit',
      jobAfter(rests, { commit: DONE }, failed),
      { kind: 'ended', as: 'failed' },
      { kind: 'ended', as: 'failed' },
    ],
  ])('%s', (_, job, verdict, atTheDeadline) => {
    expect(verdictsOn([job])).toEqual([verdict])
    expect(verdictsOn([job], COMMIT, true)).toEqual([atTheDeadline])
  })

  it('is that nobody answers, once commits have been lost for too long although polls are answered', () => {
    const losing = Array.from({ length: 4 }, () => [{ commit: LOST }, rests]).flat()
    const job = jobAfter(rests, ...losing)
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
    ['none while a job still runs', [jobAfter(rests), jobAfter(running)], []],
    ['none while a job is not heard of', [jobAfter(rests), newHistory('2')], []],
    ['none where there is an outage', [jobAfter(rests), jobAfter(rests, outage())], []],
    ['the first alone once all rest', [jobAfter(rests), jobAfter(rests), jobAfter(rests)], [0]],
    ['the first that is not through yet', [jobAfter(completed), jobAfter(rests), jobAfter(rests)], [1]],
    ['no other while the first is in doubt', [jobAfter(rests, { commit: LOST }), jobAfter(rests)], []],
    ['the first again where it was lost', [jobAfter(rests, { commit: LOST }, rests), jobAfter(rests)], [0]],
    ['all others once one is accepted', [jobAfter(rests, { commit: DONE }), jobAfter(rests), jobAfter(rests)], [1, 2]],
    [
      'all others once one is seen to be committed',
      [jobAfter(rests, { commit: LOST }, committing), jobAfter(rests)],
      [1],
    ],
    [
      'the others also while one has to be asked again',
      [jobAfter(rests, { commit: DONE }), jobAfter(rests, outage()), jobAfter(rests)],
      [2],
    ],
    [
      'none after a refusal',
      [jobAfter(rests, { commit: DONE }), jobAfter(rests, { commit: REFUSED }), jobAfter(rests)],
      [],
    ],
    [
      'all others where the one that was refused is committed all the same',
      [jobAfter(rests, { commit: REFUSED }, committing), jobAfter(rests)],
      [1],
    ],
    ['none where all is through', [jobAfter(completed)], []],
  ])('are %s', (_, jobs, expected) => {
    expect(due(jobs)).toStrictEqual(expected)
  })

  it('are none for a job that has not been judged ready, also once commits have begun', () => {
    const begun = [jobAfter(rests, { commit: DONE }), jobAfter(rests)]
    expect(dueCommits(begun, [{ kind: 'poll-again' }, { kind: 'ended', as: 'uncommitted' }], true)).toEqual([])
    expect(dueCommits(begun, [{ kind: 'poll-again' }, { kind: 'ready', as: 'completed' }], true)).toEqual([])
    expect(dueCommits(begun, [{ kind: 'poll-again' }], true)).toEqual([])
    expect(dueCommits([jobAfter(rests)], [], true)).toEqual([])
  })

  it('are none where the rows do not hold, but for what has begun', () => {
    expect(due([jobAfter(rests), jobAfter(rests)], false)).toStrictEqual([])
    expect(due([jobAfter(rests, { commit: DONE }), jobAfter(rests)], false)).toEqual([1])
  })

  it('are put off a little longer each time they are repeated, and half a minute at most', () => {
    const pauses = [1, 2, 3, 30].map((times) => {
      const lost = Array.from({ length: times }, () => [{ commit: LOST }, rests]).flat()
      const job = jobAfter(rests, ...lost)
      return (
        (dueCommits([job], [{ kind: 'ready', as: 'uncommitted' }], true)[0]?.atMs ?? 0) - (job.commit?.endedAtMs ?? 0)
      )
    })
    expect(pauses).toEqual([2_000, 3_000, 4_500, 30_000])
  })
})

describe('the conclusion over jobs that the gate is to commit', () => {
  const committed = jobAfter(rests, { commit: DONE }, completed)
  const accepted = jobAfter(rests, { commit: DONE })
  const refusedOne = jobAfter(rests, { commit: REFUSED }, rests)

  it.each<[string, readonly History[], object | undefined]>([
    ['none while commits are due', [jobAfter(rests)], undefined],
    ['completed once all are', [committed, committed], { kind: 'completed', passes: true }],
    [
      'rejected where the first commit is refused',
      [refusedOne, jobAfter(rests)],
      { kind: 'rejected', passes: false, jobs: [0], error: { outcome: 'code-2100' } },
    ],
    [
      'half done where a later one is',
      [committed, refusedOne, jobAfter(rests)],
      { kind: 'partly-committed', passes: false, committed: [0], jobs: [1, 2], because: { kind: 'rejected' } },
    ],
    [
      'half done where a job fails in between',
      [accepted, jobAfter(rests, failed)],
      { kind: 'partly-committed', committed: [0], jobs: [1], because: { kind: 'failed' } },
    ],
    [
      'half done where one fails after all commits were accepted',
      [committed, jobAfter(rests, { commit: DONE }, failed)],
      { kind: 'partly-committed', committed: [0], jobs: [1], because: { kind: 'failed' } },
    ],
    [
      'failed where the only one fails after its commit was accepted',
      [jobAfter(rests, { commit: DONE }, failed)],
      { kind: 'failed', jobs: [0] },
    ],
    [
      'half done, for all that anybody knows, where a commit is in doubt and another job fails',
      [jobAfter(rests, { commit: LOST }), jobAfter(rests, failed)],
      { kind: 'partly-committed', committed: [], jobs: [0, 1], because: { kind: 'failed' } },
    ],
    [
      'about the failure where a commit was lost and was not carried out',
      [jobAfter(rests, { commit: LOST }, rests), jobAfter(rests, failed)],
      { kind: 'failed', jobs: [1] },
    ],
    [
      'half done where a job is forgotten',
      [accepted, jobAfter(rests, unknownJob(), unknownJob())],
      { kind: 'partly-committed', because: { kind: 'not-found' } },
    ],
  ])('is %s', (_, jobs, conclusion) => {
    if (conclusion === undefined) expect(concludeFor(jobs)).toBeUndefined()
    else expect(concludeFor(jobs)).toMatchObject(conclusion)
  })

  it.each(['pass', 'fail'] as const)('is half done at the deadline under on-timeout %s', (onTimeout) => {
    const end = concludeFor([accepted, jobAfter(rests)], { onTimeout }, true)
    expect(end).toMatchObject({ kind: 'partly-committed', passes: false, committed: [0], jobs: [1] })
  })

  it.each<[string, Happening]>([
    ['lost', { commit: LOST }],
    ['cut short', { commit: CUT }],
  ])('is half done at the deadline where the first commit was %s and nobody could be asked since', (_, commit) => {
    const end = concludeFor([jobAfter(rests, commit), jobAfter(rests)], { onTimeout: 'pass' }, true)
    expect(end).toMatchObject({ kind: 'partly-committed', passes: false, committed: [], jobs: [0, 1] })
  })

  it('is out of time where the commit of the only job is in doubt', () => {
    expect(concludeFor([jobAfter(rests, { commit: LOST })], {}, true)).toMatchObject({ kind: 'timed-out', jobs: [0] })
    expect(
      concludeFor([jobAfter(rests, { commit: LOST }), jobAfter(completed)], { onTimeout: 'pass' }, true),
    ).toMatchObject({ kind: 'timed-out', passes: true, jobs: [0] })
  })

  it('leaves none behind that somebody else has committed', () => {
    expect(concludeFor([accepted, jobAfter(rests, completed)], { onTimeout: 'pass' }, true)).toEqual({
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
    expect(concludeFor([jobAfter(rests)], { onTimeout: 'pass' }, true)).toMatchObject({
      kind: 'timed-out',
      passes: true,
    })
  })

  it('is about the rows before the first commit, and never after it', () => {
    const expectedRows = { min: 11, max: undefined }
    expect(concludeFor([jobAfter(rests), jobAfter(rests)], { expectedRows })).toEqual({
      kind: 'rows-not-met',
      passes: false,
      of: 'jobs',
      expected: expectedRows,
      imported: 10,
    })
    expect(concludeFor([committed, jobAfter(rests)], { expectedRows })).toBeUndefined()
  })
})

describe('a job is committed by the gate', () => {
  it.each<[string, History, boolean]>([
    ['once it accepted the commit', jobAfter(rests, { commit: DONE }), true],
    ['where the answer was lost and it is seen to be committed', jobAfter(rests, { commit: LOST }, committing), true],
    ['where the answer was lost and it is seen to be through', jobAfter(rests, { commit: LOST }, completed), true],
    ['not where the answer was lost', jobAfter(rests, { commit: LOST }), false],
    ['not where it was refused', jobAfter(rests, { commit: REFUSED }, rests), false],
    ['not where somebody else did', jobAfter(rests, completed), false],
    ['not where it failed all the same', jobAfter(rests, { commit: DONE }, failed), false],
    ['once it accepted the commit, though nobody has polled', jobAfter({ commit: DONE }), true],
    ['not where the answer was lost and nobody has polled', jobAfter({ commit: LOST }), false],
    ['not where nobody has polled or tried', newHistory('1'), false],
  ])('%s', (_, job, expected) => {
    expect(isCommitted(job)).toBe(expected)
  })
})

describe('a commit is in doubt', () => {
  it.each<[string, History, boolean]>([
    ['where its answer was lost', jobAfter(rests, { commit: LOST }), true],
    ['where it was cut short', jobAfter(rests, { commit: CUT }), true],
    ['also where the job did not answer since', jobAfter(rests, { commit: LOST }, outage()), true],
    ['not where there was none', jobAfter(rests), false],
    ['not where it was accepted', jobAfter(rests, { commit: DONE }), false],
    ['not where it was refused', jobAfter(rests, { commit: REFUSED }), false],
    ['not once the job still rests', jobAfter(rests, { commit: LOST }, rests), false],
    ['not once the job is being committed', jobAfter(rests, { commit: LOST }, committing), false],
    ['not once the job has failed', jobAfter(rests, { commit: LOST }, failed), false],
    [
      'not once the job was seen in passing to have failed',
      jobAfter(rests, { commit: LOST }, { ...failed, isFromList: true } as PollResult),
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
    const jobs = [seenAt([0, rests], [20_000, rests]), seenAt([22_001, rests]), seenAt([20_001, rests])]
    expect(outdated(jobs)).toEqual([0])
    expect(due(jobs)).toEqual([])
    expect(due([seenAt([0, rests], [22_000, rests]), ...jobs.slice(1)])).toEqual([0])
  })

  it('a job is polled again that was last seen well before a commit was lost', () => {
    const lost = { ...seenAt([0, rests], [9_000, rests]) }
    const jobs = [
      record({ ...lost, commit: attempted(undefined, LOST, { startedAtMs: 9_000, endedAtMs: 9_500 }) }, rests, {
        startedAtMs: 11_500,
        endedAtMs: 11_500,
      }),
      seenAt([7_499, rests]),
    ]
    expect(outdated(jobs)).toEqual([1])
  })

  it('nothing is polled again that is through, where the rows do not hold, or once commits have begun', () => {
    expect(outdated([seenAt([0, completed]), seenAt([50_000, rests])])).toEqual([])
    expect(outdated([seenAt([0, rests]), seenAt([50_000, rests])], false)).toEqual([])
    expect(outdated([jobAfter(rests, { commit: DONE }), seenAt([50_000, rests])])).toEqual([])
    expect(outdated([seenAt([0, rests]), seenAt([50_000, running])])).toEqual([])
  })

  it('a job is polled of which nothing is known, whatever it is said to be', () => {
    const ready = { kind: 'ready', as: 'uncommitted' } as const
    expect(outdatedJobs([newHistory('1'), seenAt([50_000, rests])], [ready, ready], true)).toEqual([0])
  })
})

describe('an abort', () => {
  const MINE = aPolicy({ expectedCollection: 'mine' })
  const resting = (collectionName: string) => jobAfter(answered('Uncommitted', { collectionName }))

  it.each<[string, History, boolean]>([
    ['reaches a job that rests', jobAfter(rests), true],
    ['leaves alone a job that runs, which may be an ordinary import', jobAfter(running), false],
    ['reaches a job that runs again after it was at Uncommitted', jobAfter(rests, running), true],
    ['reaches a job in an outage, by what was last seen', jobAfter(rests, outage()), true],
    ['leaves alone a job in an unknown state', jobAfter(answered('Resharding')), false],
    ['reaches a job whose commit was refused', jobAfter(rests, { commit: REFUSED }, rests), true],
    ['reaches a job whose commit was lost, once it still rests', jobAfter(rests, { commit: LOST }, rests), true],
    ['leaves alone a job whose commit is in doubt', jobAfter(rests, { commit: LOST }), false],
    ['leaves alone a job whose commit was cut short', jobAfter(rests, { commit: CUT }), false],
    ['leaves alone a job that accepted a commit', jobAfter(rests, { commit: DONE }, rests), false],
    ['leaves alone a job that is being committed', jobAfter(committing), false],
    ['leaves alone a job that is through', jobAfter(completed), false],
    ['leaves alone a job that failed', jobAfter(failed), false],
    ['leaves alone a job that nobody has seen', newHistory('1'), false],
    ['leaves alone a job that the service does not know any more', jobAfter(rests, unknownJob()), false],
    ['leaves alone a job about which the key is refused', jobAfter(rests, refused()), false],
    ['reaches a job of the expected collection', resting('mine'), true],
    ['leaves alone a job of another collection, which is somebody else’s', resting('other'), false],
  ])('%s', (_, job, expected) => {
    expect(abortableJobs([job], MINE)).toEqual(expected ? [0] : [])
  })
})
