import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { countsSince, hasEnded, isAgeKnown, latestFirst, newDiscovery } from '../../src/gate/discovery.ts'
import type { JobAge } from '../../src/gate/discovery.ts'
import type { Phase } from '../../src/gate/job.ts'
import type { ListedJob } from '../../src/gate/import-service.ts'

const NOON = Date.UTC(2026, 10, 24, 12)
/** A job id as a Milvus gives it out: the time in the upper bits, a counter in the lower 18. */
const idAt = (timeMs: number, counter = 0) => String((BigInt(timeMs) << 18n) + BigInt(counter))
const listed = (jobId: string, phase: Phase = 'completed'): ListedJob => ({ jobId, phase, label: phase })

describe('an ended job', () => {
  const at = (timeMs: number) => new Date(timeMs).toISOString().replace(/\.\d+/, '')
  const created = (time: string | undefined, completed?: string, phase: Phase = 'completed'): JobAge => ({
    phase,
    created: time,
    completed,
  })

  it.each<[string, JobAge, boolean]>([
    ['counts from the moment on', created(at(NOON)), true],
    ['counts a minute before, since clocks differ', created(at(NOON - 60_000)), true],
    ['does not count earlier than that', created(at(NOON - 61_000)), false],
    ['counts by a time with an offset', created('2026-11-24T17:30:00+05:30'), true],
    [
      'does not count by the end of an old one, where its creation is not known',
      created(undefined, at(NOON - 61_000)),
      false,
    ],
    [
      'does not count by its end where the time of creation is impossible',
      created('0001-01-01T00:00:00Z', at(NOON - 61_000)),
      false,
    ],
    [
      'does not count by its end where the time of creation has no zone',
      created('2026-11-24T20:00:00', at(NOON - 61_000)),
      false,
    ],
    ['counts where neither is known', created(undefined), true],
    ['counts where it failed and its creation is not known', created('yesterday', at(NOON - 61_000), 'failed'), true],
  ])('%s', (_, age, counts) => {
    expect(countsSince(NOON, age)).toBe(counts)
    expect(countsSince(undefined, age)).toBe(false)
  })

  it('counts as one created in the second that since names, though its time is cut to seconds', () => {
    expect(countsSince(NOON + 60_500, created(at(NOON)))).toBe(true)
  })

  it('is of known age only by a plausible time of creation', () => {
    expect(
      [at(NOON), '1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '2026-11-24', undefined].map((time) =>
        isAgeKnown(created(time)),
      ),
    ).toEqual([true, false, false, false, false])
  })

  it('is judged by any text, without breaking', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (time, end) => {
        expect(typeof countsSince(NOON, created(time, end))).toBe('boolean')
      }),
    )
  })

  it.each<[Phase, boolean]>([
    ['pending', false],
    ['importing', false],
    ['uncommitted', false],
    ['committing', false],
    ['unknown', false],
    ['completed', true],
    ['failed', true],
  ])('is distinguished from one that may still run: %s', (phase, ended) => {
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
      ofUnknownAge: [],
      leftOut: [],
    })
  })
})
