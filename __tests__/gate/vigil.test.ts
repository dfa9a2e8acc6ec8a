import { describe, expect, it } from '@jest/globals'
import { newCollection } from '../../src/gate/collection-history.ts'
import { newHistory } from '../../src/gate/history.ts'
import { createVigil } from '../../src/gate/vigil.ts'
import type { Vigil } from '../../src/gate/vigil.ts'
import type { Policy } from '../../src/gate/policy.ts'
import { aPolicy } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'

/** A vigil that begins at 1,000 ms. */
async function keep(but: Partial<Policy> = {}) {
  const clock = new FakeClock()
  await clock.until(clock.sleep(1_000))
  const vigil = createVigil({
    selection: { kind: 'given', jobIds: ['1'] },
    policy: aPolicy({ timeoutMs: 600_000, ...but }),
    service: serviceThat({}),
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0,
    interrupt: new AbortController().signal,
    startedAtMs: 1_000,
  })
  const at = (atMs: number) => clock.until(clock.sleep(atMs - clock.now()))
  return { clock, vigil, at }
}

describe('a view', () => {
  it('is what is known at its moment, whatever becomes known later', async () => {
    const { vigil, at } = await keep()
    await at(3_000)
    vigil.jobs.push(newHistory('1'))
    vigil.collections.push(newCollection('books'))
    const seen = vigil.view()
    vigil.jobs.push(newHistory('2'))
    vigil.collections.push(newCollection('films'))
    expect(seen).toEqual({
      startedAtMs: 1_000,
      nowMs: 3_000,
      jobs: [newHistory('1')],
      collections: [newCollection('books')],
      discovery: undefined,
    })
  })
})

describe('the time of a vigil', () => {
  it('is left until a twentieth of a second before the deadline', async () => {
    const { vigil, at } = await keep({ timeoutMs: 10_000 })
    expect(vigil.deadlineMs).toBe(11_000)
    await at(10_950)
    expect(vigil.timeIsLeft()).toBe(true)
    await at(10_951)
    expect(vigil.timeIsLeft()).toBe(false)
  })

  it('beats each minute, and a minute after it was put off', async () => {
    const { vigil, at } = await keep()
    expect(vigil.heartbeatAtMs()).toBe(61_000)
    await at(30_000)
    vigil.putOffHeartbeat()
    expect(vigil.heartbeatAtMs()).toBe(90_000)
  })
})

describe('the pause that a service asks for', () => {
  /** What questions bring, one after the other, each at once. */
  const bring = async (vigil: Vigil, clock: FakeClock, retriesAfterMs: readonly (number | undefined)[]) => {
    const inquiry = vigil.openInquiry<{ answer: { kind: string; retryAfterMs?: number } }>(() => true)
    for (const [subject, retryAfterMs] of retriesAfterMs.entries()) {
      inquiry.start(subject, () =>
        Promise.resolve({ answer: { kind: 'outage', ...(retryAfterMs !== undefined && { retryAfterMs }) } }),
      )
      await clock.until(inquiry.arrivals(Infinity))
    }
    return vigil.pausedUntilMs()
  }

  it.each<[what: string, retriesAfterMs: readonly (number | undefined)[], but: Partial<Policy>, untilMs: number]>([
    ['is none where it does not ask', [undefined], {}, 1_000],
    ['is what it asks for', [7_000], {}, 8_000],
    ['is the longest it asks for', [7_000, 3_000], {}, 8_000],
    ['is a minute at most', [90_000], {}, 61_000],
    ['is no longer than an outage may be', [90_000], { maxOutageMs: 20_000 }, 21_000],
    ['ends with the deadline', [90_000], { timeoutMs: 30_000 }, 31_000],
  ])('%s', async (_, retriesAfterMs, but, untilMs) => {
    const { vigil, clock } = await keep(but)
    expect(await bring(vigil, clock, retriesAfterMs)).toBe(untilMs)
    expect(await clock.until(vigil.turnstile.pass(new AbortController().signal))).toBe(true)
    expect(clock.now()).toBe(untilMs)
  })

  it('takes back what waits for its turn while an inquiry is drained', async () => {
    const { vigil, clock } = await keep()
    const inquiry = vigil.openInquiry<{ answer: { kind: string; retryAfterMs?: number } }>(() => true)
    inquiry.start(0, async ({ turn }) => {
      await turn()
      await clock.sleep(50)
      return { answer: { kind: 'outage', retryAfterMs: 30_000 } }
    })
    inquiry.start(1, async ({ turn }) => ({ answer: { kind: (await turn()) ? 'answered' : 'cancelled' } }))
    const arrived: unknown[] = []
    await clock.until(
      (async () => {
        for await (const all of inquiry.drain(Infinity)) {
          arrived.push(...all.map(({ subject, brought }) => [subject, brought.answer.kind, clock.now()]))
        }
      })(),
    )
    expect(arrived).toEqual([
      [0, 'outage', 1_050],
      [1, 'cancelled', 1_050],
    ])
  })
})
