import { describe, expect, it } from '@jest/globals'
import { createRateLimiter } from '../../src/gate/engine.ts'
import { FakeClock } from '../support/fake-clock.ts'

describe('the rate limiter', () => {
  it('lets at most ten through in any second, in the order in which they came', async () => {
    const clock = new FakeClock()
    const limiter = createRateLimiter(clock)
    const { signal } = new AbortController()
    const passed: (readonly [number, number])[] = []
    const all = Array.from({ length: 50 }, async (_, i) => {
      await limiter.pass(signal)
      passed.push([i, clock.now()])
    })
    await clock.until(Promise.all(all))
    expect(passed.map(([i]) => i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(passed.filter(([, at], i) => at - (passed[i - 10]?.[1] ?? -Infinity) < 1000)).toEqual([])
  })

  it('does not catch up in a burst after the process stood still', async () => {
    const clock = new FakeClock()
    const limiter = createRateLimiter(clock)
    const { signal } = new AbortController()
    const passedAtMs: number[] = []
    const waiting = async () => {
      await limiter.pass(signal)
      passedAtMs.push(clock.now())
      // The first one holds up everything behind it, as a busy machine would.
      if (passedAtMs.length === 1) await clock.sleep(5000)
    }
    await clock.until(Promise.all([waiting(), waiting(), waiting()]))
    const [, second = 0, third = 0] = passedAtMs
    expect(third - second).toBeGreaterThanOrEqual(100)
  })

  it('holds back every request, also those that were waiting already', async () => {
    const clock = new FakeClock()
    const limiter = createRateLimiter(clock)
    const { signal } = new AbortController()
    await clock.until(limiter.pass(signal))
    const waiting = limiter.pass(signal)
    limiter.hold(7000)
    limiter.hold(5000)
    expect(await clock.until(waiting)).toBe(true)
    expect(clock.now()).toBe(7000)
  })

  it('drops requests that were aborted, at no cost to the others', async () => {
    const clock = new FakeClock()
    const limiter = createRateLimiter(clock)
    const gaveUp = new AbortController()
    const { signal } = new AbortController()
    await clock.until(limiter.pass(signal))
    const turned = Array.from({ length: 100 }, () => limiter.pass(gaveUp.signal))
    const last = limiter.pass(signal)
    gaveUp.abort()
    expect(await clock.until(Promise.all(turned))).not.toContain(true)
    expect(await clock.until(last)).toBe(true)
    expect(clock.now()).toBeLessThan(200)
  })
})
