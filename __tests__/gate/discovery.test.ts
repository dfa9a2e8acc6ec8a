import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { countsSince, createdAtMs, hasEnded, latestFirst, newDiscovery } from '../../src/gate/discovery.ts'
import type { Phase } from '../../src/gate/job.ts'
import type { ListedJob } from '../../src/gate/import-service.ts'

const NOON = Date.UTC(2026, 10, 24, 12)
/** A job id as a Milvus gives it out: the time in the upper bits, a counter in the lower 18. */
const idAt = (timeMs: number, counter = 0) => String((BigInt(timeMs) << 18n) + BigInt(counter))
const listed = (jobId: string, phase: Phase = 'completed'): ListedJob => ({ jobId, phase, label: phase })

describe('when a job was created', () => {
  it.each<[string, string, string | undefined, number | undefined]>([
    ['the service says, to the end of its second', 'job-1', '2026-11-24T12:00:00Z', NOON + 999],
    ['the service says with an offset', 'job-1', '2026-11-24T17:30:00+05:30', NOON + 999],
    ['the service says, which goes before the id', idAt(NOON - 60_000), '2026-11-24T12:00:00Z', NOON + 999],
    ['the id of a Milvus tells', idAt(NOON, 17), undefined, NOON],
    ['the id tells where the service says a time without a zone', idAt(NOON), '2026-11-24T20:00:00', NOON],
    [
      'the id tells where the service says a time in words',
      idAt(NOON),
      'Tue Nov 24 2026 09:00:00 GMT+05:30 (IST)',
      NOON,
    ],
    ['the id tells where the service says no time', idAt(NOON), 'yesterday', NOON],
    ['the id tells where the service says nothing', idAt(NOON), '', NOON],
    ['nobody tells: an id of Zilliz Cloud', 'job-0123456789abcdef', undefined, undefined],
    ['nobody tells: a small number', '453', undefined, undefined],
    ['the id tells, as early as it can be', idAt(Date.UTC(2019, 0, 1)), undefined, Date.UTC(2019, 0, 1)],
    ['nobody tells: a number of just before that', idAt(Date.UTC(2019, 0, 1) - 1), undefined, undefined],
    ['the id tells, as late as it can be', idAt(Date.UTC(2100, 0, 1) - 1), undefined, Date.UTC(2100, 0, 1) - 1],
    ['nobody tells: a number of no time that there was', idAt(Date.UTC(2018, 11, 31)), undefined, undefined],
    ['nobody tells: a number of no time that will be soon', idAt(Date.UTC(2100, 0, 1)), undefined, undefined],
    ['nobody tells: more digits than an id has', `${idAt(NOON)}00`, undefined, undefined],
    ['nobody tells: a number with a sign', `-${idAt(NOON)}`, undefined, undefined],
  ])('%s', (_, jobId, createTime, atMs) => {
    expect(createdAtMs(jobId, createTime)).toBe(atMs)
  })

  it('is told of any id whatever, without breaking', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (jobId, createTime) => {
        const atMs = createdAtMs(jobId, createTime)
        expect(atMs === undefined || Number.isFinite(atMs)).toBe(true)
      }),
    )
  })
})

describe('an ended job', () => {
  it.each<[string, number | undefined, number | undefined, boolean]>([
    ['counts from the very moment on', NOON, NOON, true],
    ['counts later', NOON, NOON + 1, true],
    ['does not count before', NOON, NOON - 1, false],
    ['counts where nobody knows its age', NOON, undefined, true],
    ['does not count where nobody asked for the past', undefined, NOON, false],
    ['does not count where nobody asked for the past, nor knows its age', undefined, undefined, false],
  ])('%s', (_, sinceMs, createdMs, counts) => {
    expect(countsSince(sinceMs, createdMs)).toBe(counts)
  })

  it('counts as one created in the second that since names, though its time is cut to seconds', () => {
    expect(countsSince(NOON + 500, createdAtMs('job-1', '2026-11-24T12:00:00Z'))).toBe(true)
  })

  it.each<[Phase, boolean]>([
    ['pending', false],
    ['importing', false],
    ['uncommitted', false],
    ['committing', false],
    ['unknown', false],
    ['completed', true],
    ['failed', true],
  ])('is told from one that may still run: %s', (phase, ended) => {
    expect(hasEnded({ phase })).toBe(ended)
  })
})

describe('jobs by age', () => {
  it('begin with the latest, and end with those that nobody can date, in the order of the list', () => {
    const [old, recent, latest] = [idAt(NOON - 2), idAt(NOON - 1), idAt(NOON)]
    const jobs = ['job-b', old, latest, 'job-a', recent].map((jobId) => listed(jobId))
    expect(latestFirst(jobs).map(({ jobId }) => jobId)).toEqual([latest, recent, old, 'job-b', 'job-a'])
  })
})

describe('a search', () => {
  const selection = { kind: 'discovered', collectionName: 'products' } as const

  it.each([
    ['nothing of the past', undefined, undefined],
    ['a moment', { kind: 'at', timeMs: NOON - 5 }, NOON - 5],
    ['a time ago, by the wall clock', { kind: 'ago', durationMs: 7_200_000 }, NOON - 7_200_000],
  ] as const)('asks for %s', (_, since, sinceMs) => {
    expect(newDiscovery({ ...selection, since }, { dbName: 'shop', place: 'milvus.test' }, NOON)).toEqual({
      collectionName: 'products',
      dbName: 'shop',
      place: 'milvus.test',
      sinceMs,
      jobIds: [],
      ended: [],
      undated: 0,
    })
  })
})
