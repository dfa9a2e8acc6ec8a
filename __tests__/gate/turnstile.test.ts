import { describe, expect, it } from '@jest/globals'
import { createTurnstile } from '../../src/gate/turnstile.ts'
import { FakeClock } from '../support/fake-clock.ts'

describe('the turnstile', () => {
  it('lets at most ten through in any second, in the order they came', async () => {
    const clock = new FakeClock()
    const turnstile = createTurnstile(clock)
    const { signal } = new AbortController()
    const passed: (readonly [number, number])[] = []
    const all = Array.from({ length: 50 }, async (_, i) => {
      await turnstile.pass(signal)
      passed.push([i, clock.now()])
    })
    await clock.until(Promise.all(all))
    expect(passed.map(([i]) => i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(passed.filter(([, at], i) => at - (passed[i - 10]?.[1] ?? -Infinity) < 1000)).toEqual([])
  })

  it('does not catch up in a burst after the process stood still', async () => {
    const clock = new FakeClock()
    const turnstile = createTurnstile(clock)
    const { signal } = new AbortController()
    const passedAtMs: number[] = []
    const waiting = async () => {
      await turnstile.pass(signal)
      passedAtMs.push(clock.now())
      // The first one holds up everything behind it, as a busy machine would.
      if (passedAtMs.length === 1) await clock.sleep(5000)
    }
    await clock.until(Promise.all([waiting(), waiting(), waiting()]))
    const [, second = 0, third = 0] = passedAtMs
    expect(third - second).toBeGreaterThanOrEqual(100)
  })

  it('lets nobody through while it is held, not even who was waiting already', async () => {
    const clock = new FakeClock()
    const turnstile = createTurnstile(clock)
    const { signal } = new AbortController()
    await clock.until(turnstile.pass(signal))
    const waiting = turnstile.pass(signal)
    turnstile.hold(7000)
    turnstile.hold(5000)
    expect(await clock.until(waiting)).toBe(true)
    expect(clock.now()).toBe(7000)
  })

  it('turns away whoever gave up, and costs the others nothing for that', async () => {
    const clock = new FakeClock()
    const turnstile = createTurnstile(clock)
    const gaveUp = new AbortController()
    const { signal } = new AbortController()
    await clock.until(turnstile.pass(signal))
    const turned = Array.from({ length: 100 }, () => turnstile.pass(gaveUp.signal))
    const last = turnstile.pass(signal)
    gaveUp.abort()
    expect(await clock.until(Promise.all(turned))).not.toContain(true)
    expect(await clock.until(last)).toBe(true)
    expect(clock.now()).toBeLessThan(200)
  })
})
