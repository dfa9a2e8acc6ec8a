import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  conclusionText,
  MAX_DESCRIPTION_LENGTH,
  progressText,
  refusalText,
  verdictOf,
} from '../../src/messages/commit-status.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import { aCompletedJob, aHistory, aJob, aPolicy, aTrouble, aView } from '../support/builders.ts'

const at = (progress: number, importedRows: number) => aJob({ progress, importedRows, totalRows: 3_000_000 })

describe('progress on a commit', () => {
  it('is a share, the rows and the time left', () => {
    const job = aHistory({
      polls: [
        [0, at(22, 400_000)],
        [60_000, at(32, 800_000)],
        [120_000, at(42, 1_200_000)],
      ],
    })
    expect(progressText(aView([job], 120_000))).toBe('42%, 1.2M of 3M rows, about 6 min left')
  })

  it('names a state that is worth it', () => {
    const job = aHistory({ polls: [[0, aJob({ label: 'Sorting', progress: 72, importedRows: 36_000 })]] })
    expect(progressText(aView([job]))).toBe('Sorting, 72%, 36,000 rows')
  })

  it('says what it waits for before the first answer', () => {
    expect(progressText(aView([aHistory({})]))).toBe('Waiting for import job 453761313698322011')
    expect(progressText(aView([aHistory({ jobId: '1' }), aHistory({ jobId: '2' })]))).toBe('Waiting for 2 import jobs')
  })

  it('counts the jobs as soon as one has answered', () => {
    const jobs = [aHistory({ jobId: '1', polls: [[0, aJob({ progress: 40 })]] }), aHistory({ jobId: '2' })]
    expect(progressText(aView(jobs))).toBe('2 jobs, 20% on average: 1 Importing, 1 Unknown')
  })

  it('says that the service is silent, and what was seen last', () => {
    const job = aHistory({
      polls: [
        [0, at(42, 1_200_000)],
        [10_000, { kind: 'outage', error: aTrouble() }],
      ],
    })
    expect(progressText(aView([job], 20_000))).toBe('No usable response at the moment, 42%, 1.2M of 3M rows')
  })

  it('counts several jobs by their state', () => {
    const jobs = [
      aHistory({ jobId: '1', polls: [[0, aJob({ progress: 40 })]] }),
      aHistory({ jobId: '2', polls: [[0, aJob({ progress: 60 })]] }),
      aHistory({ jobId: '3', polls: [[0, aCompletedJob()]] }),
    ]
    expect(progressText(aView(jobs))).toBe('3 jobs, 66% on average: 2 Importing, 1 Completed')
  })

  it('is never longer than GitHub takes, whatever the service says', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }), fc.nat(), (label, rows) => {
        const job = aHistory({ polls: [[0, aJob({ phase: 'unknown', label, importedRows: rows })]] })
        for (const jobs of [[job], [job, aHistory({ jobId: '2' })]]) {
          expect(progressText(aView(jobs)).length).toBeLessThanOrEqual(MAX_DESCRIPTION_LENGTH)
        }
      }),
    )
  })
})

describe('the verdict on a commit', () => {
  it.each<[ReturnType<typeof verdictOf>, Conclusion]>([
    ['success', { kind: 'completed', passes: true }],
    ['success', { kind: 'timed-out', passes: true, jobs: [0] }],
    ['success', { kind: 'uncommitted', passes: true, jobs: [0] }],
    ['failure', { kind: 'failed', passes: false, jobs: [0] }],
    ['failure', { kind: 'timed-out', passes: false, jobs: [0] }],
    ['failure', { kind: 'rejected', passes: false, jobs: [0], error: aTrouble() }],
    ['error', { kind: 'cancelled', passes: false, signal: 'SIGINT' }],
    ['error', { kind: 'invalid-input', passes: false, mistakes: [] }],
    ['error', { kind: 'internal-error', passes: false, message: 'oops' }],
  ])('is %s for %j', (verdict, conclusion) => {
    expect(verdictOf(conclusion)).toBe(verdict)
  })

  it('says how the gate ended', () => {
    const view = aView([aHistory({ polls: [[0, aCompletedJob()]] })])
    expect(conclusionText({ kind: 'completed', passes: true }, view, aPolicy())).toMatch(
      /^Import job 453761313698322011 is complete: 36,000 rows/,
    )
  })

  it('is never longer than GitHub takes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (message) => {
        const text = conclusionText({ kind: 'internal-error', passes: false, message }, aView([]), aPolicy())
        expect(text.length).toBeLessThanOrEqual(MAX_DESCRIPTION_LENGTH)
      }),
    )
  })
})

describe('a refusal', () => {
  it.each([
    [401, 'GitHub rejected the token (HTTP 401). Leave `github-token` out to use the token of the job.'],
    ...[403, 404].map(
      (status) =>
        [
          status,
          `The token has no permission to set it (HTTP ${status}). Add "permissions: statuses: write" to the job. Workflows triggered from forks or by Dependabot get a read-only token.`,
        ] as const,
    ),
    [422, 'GitHub rejected it: HTTP 422: Validation Failed'],
  ])('with HTTP %d says what to do', (status, text) => {
    expect(refusalText(status, 'Validation Failed')).toBe(text)
  })
})
