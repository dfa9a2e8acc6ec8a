import { describe, expect, it } from '@jest/globals'
import { createAskPool } from '../../src/gate/ask-pool.ts'
import { TIME_IS_UP } from '../../src/gate/import-service.ts'
import type { Arrival, AskPool } from '../../src/gate/ask-pool.ts'
import type { RequestOptions } from '../../src/gate/import-service.ts'
import { createTurnstile } from '../../src/gate/turnstile.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A question that sends requests, one after the other, each of which takes so long. */
interface Question {
  readonly subject: number
  readonly requests?: readonly number[]
}

/** A pool in virtual time, which begins at a moment other than 0. */
function open() {
  const clock = new FakeClock()
  const turnstile = createTurnstile(clock)
  const pool = createAskPool<string>(turnstile, clock)
  const signals: AbortSignal[] = []
  const start = ({ subject, requests = [0] }: Question) => {
    pool.start(subject, async ({ signal, turn }: RequestOptions) => {
      signals[subject] = signal
      for (const tookMs of requests) {
        if (!(await turn())) return `no turn: ${String(signal.reason)}`
        await clock.sleep(tookMs, signal)
        if (signal.aborted) return `cut: ${String(signal.reason)}`
      }
      return 'answered'
    })
  }
  return { clock, turnstile, pool, signals, start }
}

type Opened = ReturnType<typeof open>

/** All that arrives in a play that begins at 1,000 ms, until nothing is under way. */
async function play(script: (opened: Opened) => void, during: (opened: Opened) => Promise<void> = async () => {}) {
  const opened = open()
  const { clock, pool } = opened
  await clock.until(clock.sleep(1_000))
  script(opened)
  const all: Arrival<string>[] = []
  await clock.until(
    Promise.all([
      during(opened),
      (async () => {
        while (pool.size() > 0) all.push(...(await pool.arrivals(Infinity)))
      })(),
    ]),
  )
  const told = all.map(({ subject, brought, span }) => [subject, brought, span.startedAtMs, span.endedAtMs])
  return { ...opened, told }
}

describe('what arrives', () => {
  it('says when its first request was sent and when its answer came', async () => {
    const { told } = await play(({ start }) => {
      start({ subject: 0, requests: [500] })
      start({ subject: 1, requests: [50, 60] })
    })
    expect(told).toEqual([
      [1, 'answered', 1_110, 1_280],
      [0, 'answered', 1_000, 1_500],
    ])
  })

  it('took no time where nothing was sent', async () => {
    const { told } = await play(({ start, turnstile, pool }) => {
      turnstile.hold(9_000)
      start({ subject: 0 })
      pool.limit(5)
      pool.abort('enough')
    })
    expect(told).toEqual([[0, 'no turn: enough', 1_000, 1_000]])
  })

  it('is nothing where the moment has come first, or somebody wakes who waits', async () => {
    const { clock, pool, start } = open()
    start({ subject: 0, requests: [5_000] })
    expect(await clock.until(pool.arrivals(2_000))).toEqual([])
    expect(clock.now()).toBe(2_000)
    const woken = pool.arrivals(4_000)
    pool.wake()
    expect(await clock.until(woken)).toEqual([])
    pool.wake()
    expect(await clock.until(pool.arrivals(4_000))).toEqual([])
    expect(clock.now()).toBe(2_000)
    expect(await clock.until(pool.arrivals(4_000))).toEqual([])
    expect(clock.now()).toBe(4_000)
  })

  it('is busy until somebody has read it', async () => {
    const { clock, pool, start } = open()
    const state = (of: AskPool<string>) => [of.isBusy(3), of.isBusy(4), of.size()]
    expect(state(pool)).toEqual([false, false, 0])
    start({ subject: 3 })
    await clock.until(clock.sleep(10))
    expect(state(pool)).toEqual([true, false, 1])
    expect(await clock.until(pool.arrivals(10))).toHaveLength(1)
    expect(state(pool)).toEqual([false, false, 0])
  })

  it('is what a question threw', async () => {
    const { clock, pool } = open()
    pool.start(0, () => Promise.reject(new Error('a bug')))
    await expect(clock.until(pool.arrivals(Infinity))).rejects.toThrow('a bug')
  })
})

describe('a limit', () => {
  it('cuts what is under way so long from now, and what has yet to begin so long from its first request', async () => {
    const { told } = await play(
      ({ start }) => {
        start({ subject: 0, requests: [Infinity] })
        start({ subject: 1, requests: [300, Infinity] })
      },
      async ({ clock, pool }) => {
        await clock.sleep(50)
        pool.limit(700)
      },
    )
    expect(told).toEqual([
      [0, `cut: ${TIME_IS_UP}`, 1_000, 1_750],
      [1, `cut: ${TIME_IS_UP}`, 1_110, 1_810],
    ])
  })

  it('is for those that it is meant for', async () => {
    const { told } = await play(({ start, pool }) => {
      start({ subject: 0, requests: [900] })
      start({ subject: 1, requests: [900] })
      pool.limit(100, (subject) => subject === 1)
    })
    expect(told).toEqual([
      [1, `cut: ${TIME_IS_UP}`, 1_110, 1_210],
      [0, 'answered', 1_000, 1_900],
    ])
  })

  it('leaves alone what has been answered in time', async () => {
    const { told, signals, clock } = await play(({ start, pool }) => {
      start({ subject: 0, requests: [50] })
      pool.limit(100)
    })
    expect(told).toEqual([[0, 'answered', 1_000, 1_050]])
    await clock.until(clock.sleep(1_000))
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })
})

describe('what is taken back', () => {
  const three = ({ start }: Opened) => {
    for (const subject of [0, 1, 2]) start({ subject, requests: [500] })
  }

  it('is all that has sent no request yet', async () => {
    const { told } = await play(three, async ({ clock, pool }) => {
      await clock.sleep(50)
      pool.recall()
    })
    expect(told).toEqual([
      [1, 'no turn: recalled', 1_050, 1_050],
      [2, 'no turn: recalled', 1_050, 1_050],
      [0, 'answered', 1_000, 1_500],
    ])
  })

  it('is only what is meant', async () => {
    const { told } = await play(three, async ({ clock, pool }) => {
      await clock.sleep(50)
      pool.recall((subject) => subject !== 1)
    })
    expect(told).toEqual([
      [2, 'no turn: recalled', 1_110, 1_110],
      [0, 'answered', 1_000, 1_500],
      [1, 'answered', 1_110, 1_610],
    ])
  })
})

describe('an abort', () => {
  it('cuts everything under way, for the reason that is given', async () => {
    const { told } = await play(
      ({ start }) => {
        start({ subject: 0, requests: [500] })
        start({ subject: 1, requests: [500] })
      },
      async ({ clock, pool }) => {
        await clock.sleep(50)
        pool.abort('enough')
      },
    )
    expect(told).toEqual([
      [0, 'cut: enough', 1_000, 1_050],
      [1, 'no turn: enough', 1_050, 1_050],
    ])
  })
})
