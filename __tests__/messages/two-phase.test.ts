import { describe, expect, it } from '@jest/globals'
import { annotationOf, headline } from '../../src/messages/outcomes.ts'
import { attempted } from '../../src/gate/commit-state.ts'
import type { CommitAction } from '../../src/gate/commit-state.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { History } from '../../src/gate/history.ts'
import type { CommitResult } from '../../src/gate/import-service.ts'
import { aCompletedJob, aFailedJob, aHistory, aJob, aPolicy, aTrouble, aView } from '../support/builders.ts'

const COMMIT = 'POST /v2/vectordb/jobs/import/commit'
const ABORT = 'POST /v2/vectordb/jobs/import/abort'
const DONE: CommitResult = { kind: 'done' }
const error = aTrouble()
const REFUSED: CommitResult = { kind: 'refused', hostHasAnswered: false, error }
const LOST: CommitResult = { kind: 'outage', error: aTrouble({ httpStatus: 504 }) }
const AT = '99 %, 36 k of 36 k rows'

const after = (job: History, act: CommitAction, result: CommitResult): History => ({
  ...job,
  [act]: attempted(job[act], result, { startedAtMs: 3000, endedAtMs: 3000 }),
})
const resting = (jobId: string) =>
  aHistory({
    jobId,
    polls: [[2000, aCompletedJob({ phase: 'uncommitted', label: 'Uncommitted', progress: 99 })]],
  })
const told = (conclusion: Conclusion, ...jobs: readonly History[]) => headline(conclusion, aView(jobs), aPolicy())
const uncommitted = (jobs: readonly number[]): Conclusion => ({ kind: 'uncommitted', passes: false, jobs })

describe('jobs that rest at Uncommitted', () => {
  it('are to be committed or aborted, or let the step do it', () => {
    const { sentence, next } = told(uncommitted([0, 1]), resting('a'), resting('b'))
    expect(sentence).toBe(
      '2 of 2 import jobs (a, b) rest at Uncommitted: the rows are imported, but nobody sees them before a commit.',
    )
    expect(next).toBe(
      `Commit (${COMMIT}) and run this step again, or abort (${ABORT}). To let the step commit, set \`on-uncommitted\` to \`commit\`; to let it wait for somebody's commit, to \`wait\`; to go on without one, to \`pass\`.`,
    )
  })

  it('are to be imported anew once they have been aborted', () => {
    const next =
      'The rows are given up. To have them, import once more, with `on-uncommitted` set to `commit`, `wait` or `pass`.'
    const [a, b] = [after(resting('a'), 'abort', DONE), after(resting('b'), 'abort', DONE)]
    expect(told(uncommitted([0]), a)).toMatchObject({
      sentence: 'Import job a was aborted at Uncommitted, as abort-uncommitted asks.',
      next,
    })
    expect(told(uncommitted([0, 1]), a, b)).toMatchObject({
      sentence: '2 of 2 import jobs (a, b) were aborted at Uncommitted, as abort-uncommitted asks.',
      next,
    })
  })

  it('are told with others that were aborted on their way there', () => {
    const running = aHistory({ jobId: 'r', polls: [[2000, aJob()]] })
    const jobs = [after(resting('a'), 'abort', DONE), after(running, 'abort', DONE)]
    expect(told(uncommitted([0]), ...jobs).next).toMatch(/ Aborted, as `abort-uncommitted` asks: import job r\.$/)
  })

  it.each<[string, string, History]>([
    ['waits for a commit', 'a job that rests', resting('a')],
    ['waits for a commit', 'one that could not be aborted', after(resting('a'), 'abort', REFUSED)],
    ['aborted', 'one that was', after(resting('a'), 'abort', DONE)],
  ])('are announced as "%s": %s', (title, _, job) => {
    expect(annotationOf(uncommitted([0]), aView([job]), aPolicy())?.title).toBe(`Milvus import: ${title}`)
  })

  it.each([
    ['was not aborted', resting('b')],
    ['could not be aborted', after(resting('b'), 'abort', REFUSED)],
  ])('are to be committed or aborted where one of them %s', (_, other) => {
    const { sentence, next } = told(uncommitted([0, 1]), after(resting('a'), 'abort', DONE), other)
    expect(sentence).toMatch(/^Import job b rests at Uncommitted: /)
    // Run again, the step would find that a has failed.
    expect(next).toMatch(/^Commit \(POST \S+\), or abort \(.* Aborted, as `abort-uncommitted` asks: import job a\.$/)
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

  it('is told job by job, with what the service said', () => {
    const words = told(half([0], [1]), committed('a'), after(resting('b'), 'commit', REFUSED))
    expect(words.sentence).toBe('Only 1 of 2 import jobs was committed, and nobody sees the rows of the other.')
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}: milvus.example returned HTTP 503.`,
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. What was committed stays. Once the cause is mended, re-run this step, which commits what rests at Uncommitted, or commit the other by hand (${COMMIT}).`,
    )
  })

  it('is told with what came in between, where no job says so', () => {
    const words = told(
      half([0, 1], [2, 3]),
      committed('a'),
      committed('b'),
      resting('c'),
      after(resting('d'), 'commit', LOST),
    )
    expect(words.sentence).toBe('Only 2 of 4 import jobs were committed, and nobody sees the rows of the others.')
    expect(words.points).toEqual([
      'committed: a, b',
      `not committed: c, Uncommitted, ${AT}`,
      `perhaps committed: d, Uncommitted, ${AT}: milvus.example returned HTTP 504.`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. What was committed stays. Poll the state of each job, then commit what rests at Uncommitted (${COMMIT}).`,
    )
  })

  it('is to be gone on with by a re-run, also where nobody has heard of one', () => {
    const { next } = told(half([0], [1, 2]), committed('a'), resting('b'), aHistory({ jobId: 'c' }))
    expect(next).toContain('Once the cause is mended, re-run this step, which commits what rests at Uncommitted, or ')
  })

  it('tells of a job that was aborted after its commit was refused or lost', () => {
    const [refused, lost] = [after(resting('b'), 'commit', REFUSED), after(resting('c'), 'commit', LOST)]
    const asked = { ...lost, commit: { ...lost.commit!, isPolledSince: true } }
    const words = told(half([0], [1, 2]), committed('a'), after(refused, 'abort', DONE), after(asked, 'abort', DONE))
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}: milvus.example returned HTTP 503. It was aborted.`,
      `not committed: c, Uncommitted, ${AT}: milvus.example returned HTTP 504. It was aborted.`,
    ])
  })

  it('leaves nothing to be done where nobody knows the others any more', () => {
    const gone = aHistory({ jobId: 'b', polls: [[2000, { kind: 'unknown-job', error }]] })
    const { next } = told(half([0], [1]), committed('a'), gone)
    expect(next).toBe('If this lasts, check the status page or the logs of the service. What was committed stays.')
    const other = told(half([0], [1, 2]), committed('a'), gone, resting('c')).next
    expect(other).toContain('Once the cause is mended, re-run this step, which commits what rests at Uncommitted, or ')
  })

  it('is told once where one of several jobs says so', () => {
    const words = told(half([0], [1, 2]), committed('a'), resting('b'), after(resting('c'), 'commit', REFUSED))
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}`,
      `not committed: c, Uncommitted, ${AT}: milvus.example returned HTTP 503.`,
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. What was committed stays. Once the cause is mended, re-run this step, which commits what rests at Uncommitted, or commit the others by hand (${COMMIT}).`,
    )
  })

  it('is to be polled where one of the others is lost, and nobody knows of another', () => {
    const words = told(
      half([0], [1, 2, 3]),
      committed('a'),
      after(resting('b'), 'abort', DONE),
      aHistory({ jobId: 'c' }),
      after(resting('d'), 'commit', { kind: 'cancelled' }),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}, aborted`,
      'not committed: c, Unknown',
      `perhaps committed: d, Uncommitted, ${AT}`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toMatch(
      /^If this lasts, check the status page or the logs of the service\. What was committed stays\. Poll the state of each job/,
    )
  })

  it('is to be imported anew and committed where only one of the others is lost', () => {
    const words = told(half([0], [1, 2]), committed('a'), after(resting('b'), 'abort', DONE), resting('c'))
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. What was committed stays. Once the cause is mended, import b once more, and commit what rests at Uncommitted (${COMMIT}). Aborted, as \`abort-uncommitted\` asks: import job b.`,
    )
  })

  it('is perhaps not even that where the answer to a commit was lost', () => {
    const words = told(half([], [0, 1]), after(resting('a'), 'commit', LOST), resting('b'))
    expect(words.sentence).toBe(
      'Perhaps only some of 2 import jobs were committed: the answer to a commit was lost, and nobody knows what became of it.',
    )
    expect(words.points).toEqual([
      `perhaps committed: a, Uncommitted, ${AT}: milvus.example returned HTTP 504.`,
      `not committed: b, Uncommitted, ${AT}`,
      'milvus.example returned HTTP 503.',
    ])
    expect(words.next).toBe(
      `If this lasts, check the status page or the logs of the service. Poll the state of each job, then commit what rests at Uncommitted (${COMMIT}).`,
    )
  })

  it('is to be imported anew where the others are lost, and tells the points of what came in between', () => {
    const mistake = { input: 'timeout', got: '"60"', takes: 'a duration', example: '60s' }
    const words = told(
      half([0], [1, 2], { kind: 'invalid-input', passes: false, mistakes: [mistake] }),
      committed('a'),
      after(resting('b'), 'abort', DONE),
      aHistory({ jobId: 'c', polls: [[2000, aFailedJob()]] }),
    )
    expect(words.points).toEqual([
      'committed: a',
      `not committed: b, Uncommitted, ${AT}, aborted`,
      'not committed: c, Failed, 0 %',
      'One input is not right, so the service was not asked.',
      'timeout: got "60"; takes a duration; for example 60s',
    ])
    expect(words.next).toBe(
      'What was committed stays. Once the cause is mended, import the others once more. Aborted, as `abort-uncommitted` asks: import job b.',
    )
  })

  it.each([
    [10, []],
    [11, ['not committed: 1 more']],
    [13, ['not committed: 3 more']],
  ])('tells of ten jobs one by one: %i', (amount, more) => {
    const jobs = Array.from({ length: amount }, (_, i) => after(resting(`j${i}`), 'commit', REFUSED))
    const indices = jobs.map((_, i) => i + 1)
    const { points = [] } = told(half([0], indices), committed('a'), ...jobs)
    expect(points.slice(0, 11)).toEqual([
      'committed: a',
      ...jobs
        .slice(0, 10)
        .map(({ jobId }) => `not committed: ${jobId}, Uncommitted, ${AT}: milvus.example returned HTTP 503.`),
    ])
    expect(points.slice(11)).toEqual(more)
  })

  it('tells of no job that is not in the view', () => {
    const words = told(half([0, 7], [1, 8]), committed('a'), after(resting('b'), 'commit', REFUSED))
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
  const leftBehind = (list: string) =>
    `Left behind at Uncommitted, where nobody collects what rests: ${list}. Commit (${COMMIT}) or abort (${ABORT}).`
  const committing = after(
    aHistory({ jobId: 'e', polls: [[2000, aJob({ phase: 'committing', label: 'Committing' })]] }),
    'commit',
    LOST,
  )

  it.each<[string, Conclusion, readonly History[], string]>([
    [
      'nothing rests',
      rejected,
      [running, aHistory({})],
      'If this lasts, check the status page or the logs of the service.',
    ],
    [
      'one rests',
      rejected,
      [running, resting('b')],
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import job b')}`,
    ],
    [
      'several rest',
      rejected,
      ['a', 'b', 'c', 'd'].map(resting),
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import jobs a, b, c and 1 more')}`,
    ],
    [
      'one could not be aborted',
      rejected,
      [after(resting('a'), 'abort', REFUSED)],
      `If this lasts, check the status page or the logs of the service. ${leftBehind('import job a')}`,
    ],
    [
      'some were aborted',
      rejected,
      [after(resting('a'), 'abort', DONE), after(resting('b'), 'abort', DONE), resting('c')],
      `If this lasts, check the status page or the logs of the service. Aborted, as \`abort-uncommitted\` asks: import jobs a, b. ${leftBehind('import job c')}`,
    ],
    [
      'one was committed',
      rejected,
      [after(resting('a'), 'commit', DONE), committing],
      'If this lasts, check the status page or the logs of the service.',
    ],
    [
      'one was committed before the gate was stopped',
      cancelled,
      [after(resting('a'), 'commit', DONE), running],
      'The import goes on at the service. To wait for it again, re-run this job with the same job id, without starting the import a second time. Committed already: import job a.',
    ],
    [
      'nobody knows of a commit',
      rejected,
      [after(resting('a'), 'commit', LOST), resting('b')],
      `If this lasts, check the status page or the logs of the service. Nobody knows what became of the commit of import job a: poll its state before you commit or abort. ${leftBehind('import job b')}`,
    ],
    [
      'there is nothing else to say',
      { kind: 'invalid-input', passes: false, mistakes: [] },
      [resting('a')],
      leftBehind('import job a'),
    ],
  ])('is told where %s', (_, conclusion, jobs, next) => {
    expect(told(conclusion, ...jobs).next).toBe(next)
  })

  it.each<[string, Conclusion, RegExp, string]>([
    [
      'stood still',
      { kind: 'stalled', passes: false, jobs: [0], idleMs: 60_000 },
      /still move/,
      'raise `stall-timeout`.',
    ],
    [
      'is out of reach',
      { kind: 'unreachable', passes: false, jobs: [0], error, outageMs: 60_000 },
      /go on/,
      'If this lasts, check the status page or the logs of the service.',
    ],
  ])('is no import that goes on where one that %s was aborted', (_, conclusion, alive, advice) => {
    expect(told(conclusion, resting('a')).next).toMatch(alive)
    const { next } = told(conclusion, after(resting('a'), 'abort', DONE))
    expect(next).not.toMatch(alive)
    expect(next).toContain(`${advice} Aborted`)
    expect(next).toMatch(/ Aborted, as `abort-uncommitted` asks: import job a\.$/)
  })

  it('is not told where the step passes', () => {
    expect(told({ kind: 'timed-out', passes: true, jobs: [0] }, resting('a')).next).toBe(
      'The import goes on at the service: what follows must not rely on its rows.',
    )
  })
})

describe('what is left of a job for which time is up', () => {
  const timedOut: Conclusion = { kind: 'timed-out', passes: false, jobs: [0] }
  const AGAIN = 'Raise `timeout`, or re-run this job with the same job id, without starting the import a second time.'

  it.each<[string, History, string]>([
    [
      'was aborted',
      after(resting('a'), 'abort', DONE),
      'The rows are given up. To have them, import once more, and raise `timeout`.',
    ],
    [
      'was committed',
      after(resting('a'), 'commit', DONE),
      `Its commit was accepted, so that its rows will be seen without further ado. ${AGAIN}`,
    ],
    [
      'may be committed',
      after(resting('a'), 'commit', LOST),
      `${AGAIN} Nobody knows what became of the commit of import job a: poll its state before you commit or abort.`,
    ],
    [
      'waits for a commit',
      resting('a'),
      `It waits for somebody to commit it (${COMMIT}). ${AGAIN} Left behind at Uncommitted, where nobody collects what rests: import job a. Commit (${COMMIT}) or abort (${ABORT}).`,
    ],
    [
      'builds its indexes',
      aHistory({ polls: [[0, aJob({ progress: 85, importedRows: 36_000 })]] }),
      `The import goes on at the service: all rows are in, and building indexes can take as long again. ${AGAIN}`,
    ],
    [
      'commits by itself',
      aHistory({ polls: [[0, aJob({ progress: 99, importedRows: 36_000 })]] }),
      `The import goes on at the service: all rows are in, and about to become visible. ${AGAIN}`,
    ],
  ])('is told where it %s', (_, job, next) => {
    expect(told(timedOut, job).next).toBe(next)
  })

  it('begins with the abort', () => {
    const running = after(aHistory({ jobId: 'a', polls: [[2000, aJob({ progress: 29 })]] }), 'abort', DONE)
    const view = aView([running, after(resting('b'), 'abort', DONE)])
    const alone = headline(timedOut, view, aPolicy({ timeoutMs: 0 }))
    expect(alone.sentence).toMatch(
      /^One poll, no waiting \(timeout is 0\): import job a was aborted at Importing, 29 %.*, as abort-uncommitted asks\.$/,
    )
    expect(alone.next).toBe(
      'The rows are given up. To have them, import once more. Aborted, as `abort-uncommitted` asks: import job b.',
    )
    const both = headline({ ...timedOut, jobs: [0, 1] }, view, aPolicy({ timeoutMs: 60_000 }))
    expect(both.sentence).toBe(
      'Time is up after 1 min: 2 of 2 import jobs (a, b) were aborted, as abort-uncommitted asks.',
    )
    expect(both.next).toBe('The rows are given up. To have them, import once more, and raise `timeout`.')
  })

  it('is that of the first that was not aborted', () => {
    const jobs = [after(resting('a'), 'abort', DONE), after(resting('b'), 'abort', REFUSED)]
    expect(headline({ ...timedOut, jobs: [0, 1] }, aView(jobs), aPolicy()).next).toBe(
      `Import job b waits for somebody to commit it (${COMMIT}). Raise \`timeout\`, and import once more what was aborted. Aborted, as \`abort-uncommitted\` asks: import job a. Left behind at Uncommitted, where nobody collects what rests: import job b. Commit (${COMMIT}) or abort (${ABORT}).`,
    )
  })

  it.each([
    [false, ''],
    [true, ' Nothing was aborted: it is too late for that.'],
  ])('is its commit, which is too late to abort: %s', (abortUncommitted, abort) => {
    const committing = aHistory({ polls: [[2000, aJob({ phase: 'committing', label: 'Committing', progress: 99 })]] })
    const next = (job: History) => headline(timedOut, aView([job]), aPolicy({ abortUncommitted })).next
    expect(next(committing)).toBe(
      `Its commit is under way, so that its rows will be seen without further ado.${abort} ${AGAIN}`,
    )
    expect(next(after(resting('a'), 'commit', DONE))).toBe(
      `Its commit was accepted, so that its rows will be seen without further ado.${abort} ${AGAIN}`,
    )
    const several = aView([{ ...committing, jobId: 'e' }, after(resting('b'), 'abort', DONE)])
    expect(headline({ ...timedOut, jobs: [0, 1] }, several, aPolicy({ abortUncommitted })).next).toBe(
      'The commit of import job e is under way, so that its rows will be seen without further ado. Raise `timeout`, and import once more what was aborted. Aborted, as `abort-uncommitted` asks: import job b.',
    )
  })
})
