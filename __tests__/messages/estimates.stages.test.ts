import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { slowestOf, stageNow, phaseDurations, watchedMs } from '../../src/messages/estimates.ts'
import type { JobSnapshot, Phase } from '../../src/gate/job.ts'
import { aCompletedJob, aFailedJob, aHistory, aJob, pollsAlong } from '../support/builders.ts'
import type { Poll } from '../support/builders.ts'

const reported = (polls: readonly Poll[], nowMs: number) =>
  phaseDurations(aHistory({ polls }), nowMs).map(
    ({ stage, ms, isEstimate }) => `${isEstimate ? '~' : ''}${stage} ${ms / 1000}`,
  )
const at = (seconds: number, phase: Phase, progress: number): Poll => [
  seconds * 1000,
  aJob({ phase, label: phase, progress }),
]

describe('the stages of an import', () => {
  it('are read from the percentage where the service says Importing all the time', () => {
    const polls = [
      at(0, 'pending', 0),
      at(2, 'importing', 10),
      at(10, 'importing', 39),
      at(12, 'importing', 40),
      at(20, 'importing', 70),
      at(23, 'importing', 80),
      at(30, 'importing', 98),
      at(31, 'importing', 99),
    ]
    expect(reported([...polls, [33_000, aCompletedJob()]], 40_000)).toEqual([
      'pending 2',
      '~pre-importing 10',
      '~importing 8',
      '~sorting 3',
      '~indexing 7',
      '~committing 3',
    ])
  })

  it.each<[string, Poll, string]>([
    ['a two-phase import that waits', at(0, 'uncommitted', 99), 'uncommitted 5'],
    ['a commit that the service names', at(0, 'committing', 99), 'committing 5'],
    ['a percentage that Milvus does not send', at(0, 'importing', 0), 'importing 5'],
    ['an unknown word', at(0, 'unknown', 50), 'other 5'],
  ])('are facts for %s', (_, poll, stay) => {
    expect(reported([poll], 5000)).toEqual([stay])
  })

  it.each<[service: string, job: Partial<JobSnapshot>, expected: string]>([
    ['Milvus before 2.6', {}, '~sorting-or-indexing 5'],
    ['Milvus from 2.6 on', { createTime: '2026-11-29T15:47:02Z' }, '~sorting 5'],
    ['Zilliz Cloud, which documents no percentages', { importedRows: undefined }, 'importing 5'],
  ])('are those of %s', (_, job, expected) => {
    expect(reported([[0, aJob({ progress: 75, ...job })]], 5000)).toEqual([expected])
  })

  it('add up where an import falls back', () => {
    const polls = [at(0, 'importing', 50), at(4, 'importing', 20), at(5, 'importing', 50)]
    expect(reported(polls, 7000)).toEqual(['~pre-importing 1', '~importing 6'])
  })

  it('are estimates where a part of them is', () => {
    expect(reported([at(0, 'importing', 50), at(4, 'importing', 5)], 7000)).toEqual(['~importing 7'])
    expect(reported([at(0, 'importing', 5), at(4, 'importing', 50)], 7000)).toEqual(['~importing 7'])
  })

  it('are slowest where they come first of two that took as long', () => {
    const stays = phaseDurations(aHistory({ polls: [at(0, 'pending', 0), at(4, 'importing', 20)] }), 8000)
    expect(slowestOf(stays, 0)?.stage).toBe('pending')
  })

  it('are not called slowest where another may have taken longer in the time that nobody saw', () => {
    const stays = phaseDurations(aHistory({ polls: [at(0, 'pending', 0), at(4, 'importing', 20)] }), 14_000)
    expect([3_000, 3_001].map((unseenMs) => slowestOf(stays, unseenMs)?.stage)).toEqual(['pre-importing', undefined])
    const [, only] = stays
    expect([5_000, 5_001].map((unseenMs) => slowestOf(only ? [only] : [], unseenMs)?.stage)).toEqual([
      'pre-importing',
      undefined,
    ])
  })

  it('end with a failure, at the percentage seen before it', () => {
    const history = aHistory({ polls: [at(0, 'importing', 50), [4000, aFailedJob()]] })
    expect(phaseDurations(history, 60_000)).toEqual([{ stage: 'importing', ms: 4000, isEstimate: true }])
    expect(watchedMs(history, 60_000)).toBe(4000)
  })

  it('are none of a job that was done when it was first seen, or never was', () => {
    expect(reported([[0, aCompletedJob()]], 5000)).toEqual([])
    expect(phaseDurations(aHistory({}), 5000)).toEqual([])
    expect([watchedMs(aHistory({}), 5000), slowestOf([], 0)]).toEqual([0, undefined])
  })

  it('are as long together as the job was watched, whatever it did', () => {
    const phases: readonly Phase[] = ['pending', 'importing', 'uncommitted', 'committing', 'unknown']
    const step = fc.tuple(fc.nat(50_000), fc.constantFrom(...phases), fc.nat(100))
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        let atMs = 0
        const polls = steps.map(([ms, phase, progress]): Poll => {
          atMs += ms
          return [atMs, aJob({ phase, label: phase, progress })]
        })
        const history = aHistory({ polls })
        const nowMs = atMs + 1000
        const stays = phaseDurations(history, nowMs)
        expect(stays.reduce((sum, { ms }) => sum + ms, 0)).toBe(watchedMs(history, nowMs))
        expect(slowestOf(stays, 0)?.ms).toBe(Math.max(...stays.map(({ ms }) => ms)))
      }),
    )
  })

  it('are those of a steady import', () => {
    const polls = pollsAlong([
      [0, 'pending', 0],
      [10_000, 'importing', 10],
      [40_000, 'importing', 40],
      [100_000, 'importing', 70],
    ])
    expect(reported(polls, 110_000)).toEqual([
      'pending 10',
      '~pre-importing 30',
      '~importing 60',
      '~sorting-or-indexing 10',
    ])
  })
})

it.each([aCompletedJob(), aFailedJob()])('a job is in no stage once it has ended: $phase', (end) => {
  expect(stageNow(aHistory({ polls: [[0, end]] }))).toBeUndefined()
})
