import { describe, expect, it } from '@jest/globals'
import { annotationOf, headline } from '../../src/messages/outcomes.ts'
import { attempted } from '../../src/gate/commits.ts'
import type { CommitAction, CommitResult } from '../../src/gate/import-service.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { History } from '../../src/gate/history.ts'
import { aCompletedJob, aFailedJob, aHistory, aJob, aPolicy, aTrouble, aView } from '../support/builders.ts'

const COMMIT = 'POST /v2/vectordb/jobs/import/commit'
const ABORT = 'POST /v2/vectordb/jobs/import/abort'
const DONE: CommitResult = { kind: 'done' }
const error = aTrouble()
const REFUSED: CommitResult = { kind: 'refused', hostHasAnswered: false, error }
const LOST: CommitResult = { kind: 'outage', error: aTrouble({ httpStatus: 504 }) }
const AT = '99%, 36,000 rows'

const after = (job: History, act: CommitAction, result: CommitResult): History => ({
  ...job,
  [act]: attempted(job[act], result, { startedAtMs: 3000, endedAtMs: 3000 }),
})
const uncommittedJob = (jobId: string) =>
  aHistory({
    jobId,
    polls: [[2000, aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })]],
  })
const reported = (conclusion: Conclusion, ...jobs: readonly History[]) => headline(conclusion, aView(jobs), aPolicy())
const uncommitted = (jobs: readonly number[]): Conclusion => ({ kind: 'uncommitted', passes: false, jobs })

describe('jobs that rest at Uncommitted', () => {
  it('are to be committed or aborted, or let the step do it', () => {
    const { sentence, next } = reported(uncommitted([0, 1]), uncommittedJob('a'), uncommittedJob('b'))
    expect(sentence).toBe(
      'Both import jobs (a, b) stay at Uncommitted: the rows are imported, but invisible until a commit.',
    )
    expect(next).toBe(
      `Commit (${COMMIT}) and re-run this workflow job, or abort (${ABORT}). Or set \`on-uncommitted\`: with \`commit\` the step commits, with \`wait\` it waits for a commit by someone else, with \`pass\` it passes without one.`,
    )
  })

  it('are to be imported anew once they have been aborted', () => {
    const next =
      'The rows are discarded. To import them, start a new import with `on-uncommitted` set to `commit`, `wait` or `pass`.'
    const [a, b] = [after(uncommittedJob('a'), 'abort', DONE), after(uncommittedJob('b'), 'abort', DONE)]
    expect(reported(uncommitted([0]), a)).toMatchObject({
      sentence: 'Import job a was aborted at Uncommitted, because `abort-uncommitted` is set.',
      next,
    })
    expect(reported(uncommitted([0, 1]), a, b)).toMatchObject({
      sentence: 'Both import jobs (a, b) were aborted at Uncommitted, because `abort-uncommitted` is set.',
      next,
    })
  })

  it('are not spoken of where an import was aborted while it ran', () => {
    const timedOut: Conclusion = { kind: 'timed-out', passes: false, jobs: [0] }
    const running = aHistory({ jobId: 'r', polls: [[2000, aJob()]] })
    expect(reported(timedOut, after(running, 'abort', DONE)).title).toMatch(/^Timed out after .*: aborted$/)
    expect(reported(timedOut, after(uncommittedJob('a'), 'abort', DONE)).title).toMatch(/: aborted at Uncommitted$/)
  })

  it('are reported with others that were aborted on their way there', () => {
    const running = aHistory({ jobId: 'r', polls: [[2000, aJob()]] })
    const jobs = [after(uncommittedJob('a'), 'abort', DONE), after(running, 'abort', DONE)]
    expect(reported(uncommitted([0]), ...jobs).next).toMatch(
      / The step aborted import job r, because `abort-uncommitted` is set\.$/,
    )
  })

  it.each<[string, string, History]>([
    ['Import not committed', 'a job that stays at Uncommitted', uncommittedJob('a')],
    ['Import not committed', 'one that could not be aborted', after(uncommittedJob('a'), 'abort', REFUSED)],
    ['Import aborted at Uncommitted', 'one that was', after(uncommittedJob('a'), 'abort', DONE)],
  ])('are announced as "%s": %s', (title, _, job) => {
    expect(annotationOf(uncommitted([0]), aView([job]), aPolicy())?.title).toBe(`Milvus Import Gate: ${title}`)
  })

  it.each([
    ['was not aborted', uncommittedJob('b')],
    ['could not be aborted', after(uncommittedJob('b'), 'abort', REFUSED)],
  ])('are to be committed or aborted where one of them %s', (_, other) => {
    const { sentence, next } = reported(uncommitted([0, 1]), after(uncommittedJob('a'), 'abort', DONE), other)
    expect(sentence).toMatch(/^Import job b stays at Uncommitted: /)
    // Run again, the step would find that a has failed.
    expect(next).toMatch(
      /^Commit \(POST \S+\), or abort \(.* The step aborted import job a, because `abort-uncommitted` is set\.$/,
    )
  })
})

describe('an import that is half done', () => {
  const half = (committed: readonly number[], jobs: readonly number[], because?: Conclusion): Conclusion => ({
    kind: 'partly-committed',
    passes: false,
    committed,
    jobs,
    because: because ?? { kind: 'rejected', passes: false, jobs, error },
  })
  const committed = (jobId: string) => after(aHistory({ jobId, polls: [[2000, aCompletedJob()]] }), 'commit', DONE)

  it('is reported job by job, with what the service said', () => {
    const words = reported(half([0], [1]), committed('a'), after(uncommittedJob('b'), 'commit', REFUSED))
    expect(words.sentence).toBe('Only 1 of 2 import jobs was committed; the rows of the other are not visible.')
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}: milvus.example returned HTTP 503.`,
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Committed rows stay visible. Fix the cause, then re-run this workflow job to commit the jobs at Uncommitted, or commit the other job yourself (${COMMIT}).`,
    )
  })

  it('is reported with what came in between, where no job says so', () => {
    const words = reported(
      half([0, 1], [2, 3]),
      committed('a'),
      committed('b'),
      uncommittedJob('c'),
      after(uncommittedJob('d'), 'commit', LOST),
    )
    expect(words.sentence).toBe('Only 2 of 4 import jobs were committed; the rows of the others are not visible.')
    expect(words.points).toEqual([
      'committed: a, b',
      `not committed: c, Uncommitted, ${AT}`,
      `commit unconfirmed: d, Uncommitted, ${AT}: milvus.example returned HTTP 504.`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Committed rows stay visible. Check the state of each job, then commit the jobs at Uncommitted (${COMMIT}).`,
    )
  })

  it('is to be gone on with by a re-run, also where one has never answered', () => {
    const { next } = reported(half([0], [1, 2]), committed('a'), uncommittedJob('b'), aHistory({ jobId: 'c' }))
    expect(next).toContain('Fix the cause, then re-run this workflow job to commit the jobs at Uncommitted, or ')
  })

  it('reports a job that was aborted after its commit was refused or lost', () => {
    const [refused, lost] = [after(uncommittedJob('b'), 'commit', REFUSED), after(uncommittedJob('c'), 'commit', LOST)]
    const asked = { ...lost, commit: { ...lost.commit!, isPolledSince: true } }
    const words = reported(
      half([0], [1, 2]),
      committed('a'),
      after(refused, 'abort', DONE),
      after(asked, 'abort', DONE),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}: milvus.example returned HTTP 503. It was aborted.`,
      `not committed: c, Uncommitted, ${AT}: milvus.example returned HTTP 504. It was aborted.`,
    ])
  })

  it('leaves nothing to be done where the other jobs are unknown by now', () => {
    const gone = aHistory({ jobId: 'b', polls: [[2000, { kind: 'unknown-job', error }]] })
    const { next } = reported(half([0], [1]), committed('a'), gone)
    expect(next).toBe('If this lasts, check the status page or the logs of the service. Committed rows stay visible.')
    const other = reported(half([0], [1, 2]), committed('a'), gone, uncommittedJob('c')).next
    expect(other).toContain('Fix the cause, then re-run this workflow job to commit the jobs at Uncommitted, or ')
  })

  it('is reported once where one of several jobs says so', () => {
    const words = reported(
      half([0], [1, 2]),
      committed('a'),
      uncommittedJob('b'),
      after(uncommittedJob('c'), 'commit', REFUSED),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}`,
      `not committed: c, Uncommitted, ${AT}: milvus.example returned HTTP 503.`,
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Committed rows stay visible. Fix the cause, then re-run this workflow job to commit the jobs at Uncommitted, or commit the other jobs yourself (${COMMIT}).`,
    )
  })

  it('is to be polled where one of the others is lost, and another is unknown', () => {
    const words = reported(
      half([0], [1, 2, 3]),
      committed('a'),
      after(uncommittedJob('b'), 'abort', DONE),
      aHistory({ jobId: 'c' }),
      after(uncommittedJob('d'), 'commit', { kind: 'cancelled' }),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}, aborted`,
      'not committed: c, Unknown',
      `commit unconfirmed: d, Uncommitted, ${AT}`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toMatch(
      /^If this lasts, check the status page or the logs of the service\. Committed rows stay visible\. Check the state of each job/,
    )
  })

  it('is to be imported anew and committed where only one of the others is lost', () => {
    const words = reported(
      half([0], [1, 2]),
      committed('a'),
      after(uncommittedJob('b'), 'abort', DONE),
      uncommittedJob('c'),
    )
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Committed rows stay visible. Fix the cause, then start a new import for b, and commit the jobs at Uncommitted (${COMMIT}). The step aborted import job b, because \`abort-uncommitted\` is set.`,
    )
  })

  it('is perhaps not even that where the answer to a commit was lost', () => {
    const words = reported(half([], [0, 1]), after(uncommittedJob('a'), 'commit', LOST), uncommittedJob('b'))
    expect(words.sentence).toBe('Some of 2 import jobs may be committed: the response to a commit was lost.')
    expect(words.points).toEqual([
      `commit unconfirmed: a, Uncommitted, ${AT}: milvus.example returned HTTP 504.`,
      `not committed: b, Uncommitted, ${AT}`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Check the state of each job, then commit the jobs at Uncommitted (${COMMIT}).`,
    )
  })

  it('is to be imported anew where the others are lost, and reports the points of what came in between', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    const words = reported(
      half([0], [1, 2], { kind: 'invalid-input', passes: false, mistakes: [mistake] }),
      committed('a'),
      after(uncommittedJob('b'), 'abort', DONE),
      aHistory({ jobId: 'c', polls: [[2000, aFailedJob()]] }),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}, aborted`,
      'not committed: c, Failed, 0%',
      '1 invalid input. No request was sent.',
      '`timeout`: got "60"; expected a duration, for example `60s`.',
    ])
    expect(words.next).toBe(
      'Committed rows stay visible. Fix the cause, then start new imports for the other jobs. The step aborted import job b, because `abort-uncommitted` is set.',
    )
  })

  it.each([
    [10, []],
    [11, ['not committed: 1 more']],
    [13, ['not committed: 3 more']],
  ])('reports ten jobs one by one: %i', (amount, more) => {
    const jobs = Array.from({ length: amount }, (_, i) => after(uncommittedJob(`j${i}`), 'commit', REFUSED))
    const indices = jobs.map((_, i) => i + 1)
    const { points = [] } = reported(half([0], indices), committed('a'), ...jobs)
    expect(points.slice(0, 11)).toEqual([
      'committed: a',
      ...jobs
        .slice(0, 10)
        .map(({ jobId }) => `not committed: ${jobId}, Uncommitted, ${AT}: milvus.example returned HTTP 503.`),
    ])
    expect(points.slice(11)).toEqual(more)
  })

  it('reports no job that is not in the view', () => {
    const words = reported(half([0, 7], [1, 8]), committed('a'), after(uncommittedJob('b'), 'commit', REFUSED))
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}: milvus.example returned HTTP 503.`,
    ])
  })
})

describe('what is left of two-phase jobs at another end', () => {
  const rejected: Conclusion = { kind: 'rejected', passes: false, jobs: [0], error }
  const cancelled: Conclusion = { kind: 'cancelled', passes: false, signal: 'SIGINT' }
  const running = aHistory({ jobId: 'r', polls: [[2000, aJob()]] })
  const leftBehind = (list: string) => `Still at Uncommitted: ${list}. Commit (${COMMIT}) or abort (${ABORT}).`
  const committing = after(
    aHistory({ jobId: 'e', polls: [[2000, aJob({ phase: 'committing', label: 'Committing' })]] }),
    'commit',
    LOST,
  )

  it.each<[string, Conclusion, readonly History[], string]>([
    [
      'no job is at Uncommitted',
      rejected,
      [running, aHistory({})],
      'If this lasts, check the status page or the logs of the service.',
    ],
    [
      'one is at Uncommitted',
      rejected,
      [running, uncommittedJob('b')],
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import job b')}`,
    ],
    [
      'several rest',
      rejected,
      ['a', 'b', 'c', 'd'].map(uncommittedJob),
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import jobs a, b, c and 1 more')}`,
    ],
    [
      'one could not be aborted',
      rejected,
      [after(uncommittedJob('a'), 'abort', REFUSED)],
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import job a')}`,
    ],
    [
      'some were aborted',
      rejected,
      [after(uncommittedJob('a'), 'abort', DONE), after(uncommittedJob('b'), 'abort', DONE), uncommittedJob('c')],
      `If this lasts, check the status page or the logs of the service. The step aborted import jobs a, b, because \`abort-uncommitted\` is set. ${leftBehind('import job c')}`,
    ],
    [
      'one was committed',
      rejected,
      [after(uncommittedJob('a'), 'commit', DONE), committing],
      'If this lasts, check the status page or the logs of the service.',
    ],
    [
      'one was committed before the gate was stopped',
      cancelled,
      [after(uncommittedJob('a'), 'commit', DONE), running],
      '1 of 2 imports continues. To wait for it again, re-run this workflow job with the same job ID; do not start the import again. Already committed: import job a.',
    ],
    [
      'a commit is unconfirmed',
      rejected,
      [after(uncommittedJob('a'), 'commit', LOST), uncommittedJob('b')],
      `If this lasts, check the status page or the logs of the service. The commit of import job a is unconfirmed: check the state before you commit or abort. ${leftBehind('import job b')}`,
    ],
    [
      'there is nothing else to say',
      { kind: 'invalid-input', passes: false, mistakes: [] },
      [uncommittedJob('a')],
      leftBehind('import job a'),
    ],
  ])('is reported where %s', (_, conclusion, jobs, next) => {
    expect(reported(conclusion, ...jobs).next).toBe(next)
  })

  it.each<[string, Conclusion, RegExp, string]>([
    [
      'stood still',
      { kind: 'stalled', passes: false, jobs: [0], idleMs: 60_000 },
      /may still continue/,
      'raise `stall-timeout`.',
    ],
  ])('is no import that goes on where one that %s was aborted', (_, conclusion, alive, advice) => {
    expect(reported(conclusion, uncommittedJob('a')).next).toMatch(alive)
    const { next } = reported(conclusion, after(uncommittedJob('a'), 'abort', DONE))
    expect(next).not.toMatch(alive)
    expect(next).toContain(`${advice} The step aborted`)
    expect(next).toMatch(/ The step aborted import job a, because `abort-uncommitted` is set\.$/)
  })

  it('is not reported where the step passes', () => {
    expect(reported({ kind: 'timed-out', passes: true, jobs: [0] }, uncommittedJob('a')).next).toBe(
      'It is waiting for a commit (POST /v2/vectordb/jobs/import/commit). The step passes, because `on-timeout` is `pass`. Later steps must not rely on the rows.',
    )
  })
})

describe('what is left of a job for which time is up', () => {
  const timedOut: Conclusion = { kind: 'timed-out', passes: false, jobs: [0] }
  const AGAIN = 'Raise `timeout`, or re-run this workflow job with the same job ID; do not start the import again.'

  it.each<[string, History, string]>([
    [
      'was aborted',
      after(uncommittedJob('a'), 'abort', DONE),
      'The rows are discarded. To import them, start a new import with a longer `timeout`.',
    ],
    [
      'was committed',
      after(uncommittedJob('a'), 'commit', DONE),
      `Its commit was accepted: its rows become visible without another step. ${AGAIN}`,
    ],
    [
      'may be committed',
      after(uncommittedJob('a'), 'commit', LOST),
      `${AGAIN} The commit of import job a is unconfirmed: check the state before you commit or abort.`,
    ],
    [
      'waits for a commit',
      uncommittedJob('a'),
      `It is waiting for a commit (${COMMIT}). ${AGAIN} Still at Uncommitted: import job a. Commit (${COMMIT}) or abort (${ABORT}).`,
    ],
    [
      'builds its indexes',
      aHistory({ polls: [[0, aJob({ progress: 85, importedRows: 36_000 })]] }),
      `The import continues: all rows are in, but sorting, building indexes or the commit is not done yet. ${AGAIN}`,
    ],
  ])('is reported where it %s', (_, job, next) => {
    expect(reported(timedOut, job).next).toBe(next)
  })

  it('begins with the abort', () => {
    const running = after(aHistory({ jobId: 'a', polls: [[2000, aJob({ progress: 29 })]] }), 'abort', DONE)
    const view = aView([running, after(uncommittedJob('b'), 'abort', DONE)])
    const alone = headline(timedOut, view, aPolicy({ timeoutMs: 0 }))
    expect(alone.sentence).toMatch(
      /^Not done at the only poll \(`timeout` is `0`\): import job a was aborted at Importing, 29%.*, because `abort-uncommitted` is set\.$/,
    )
    expect(alone.next).toBe(
      'The rows are discarded. To import them, start a new import. The step aborted import job b, because `abort-uncommitted` is set.',
    )
    const both = headline({ ...timedOut, jobs: [0, 1] }, view, aPolicy({ timeoutMs: 60_000 }))
    expect(both.sentence).toBe(
      'Timed out after 1 min: both import jobs (a, b) were aborted, because `abort-uncommitted` is set.',
    )
    expect(both.next).toBe('The rows are discarded. To import them, start a new import with a longer `timeout`.')
  })

  it('is that of the first that was not aborted', () => {
    const jobs = [after(uncommittedJob('a'), 'abort', DONE), after(uncommittedJob('b'), 'abort', REFUSED)]
    expect(headline({ ...timedOut, jobs: [0, 1] }, aView(jobs), aPolicy()).next).toBe(
      `Import job b is waiting for a commit (${COMMIT}). Raise \`timeout\`, and start new imports for the aborted jobs. The step aborted import job a, because \`abort-uncommitted\` is set. Still at Uncommitted: import job b. Commit (${COMMIT}) or abort (${ABORT}).`,
    )
  })

  it.each([
    [false, ''],
    [true, ' No job was aborted: a commit cannot be taken back.'],
  ])('is its commit, which is too late to abort: %s', (abortUncommitted, abort) => {
    const committing = aHistory({ polls: [[2000, aJob({ phase: 'committing', label: 'Committing', progress: 99 })]] })
    const next = (job: History) => headline(timedOut, aView([job]), aPolicy({ abortUncommitted })).next
    expect(next(committing)).toBe(
      `Its commit is in progress: its rows become visible without another step.${abort} ${AGAIN}`,
    )
    expect(next(after(uncommittedJob('a'), 'commit', DONE))).toBe(
      `Its commit was accepted: its rows become visible without another step.${abort} ${AGAIN}`,
    )
    const several = aView([{ ...committing, jobId: 'e' }, after(uncommittedJob('b'), 'abort', DONE)])
    expect(headline({ ...timedOut, jobs: [0, 1] }, several, aPolicy({ abortUncommitted })).next).toBe(
      'The commit of import job e is in progress: its rows become visible without another step. Raise `timeout`, and start new imports for the aborted jobs. The step aborted import job b, because `abort-uncommitted` is set.',
    )
  })
})
