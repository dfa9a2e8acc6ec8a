import { describe, expect, it } from '@jest/globals'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { ImportService, RequestOptions } from '../../src/gate/import-service.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import type { Policy, Selection } from '../../src/gate/policy.ts'
import { watchImports } from '../../src/gate/gate.ts'
import { aTrouble } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { serviceThat, WALL_CLOCK_MS } from '../support/services.ts'
import { answered } from '../support/watching.ts'

const AN_HOUR = 3_600_000
const GIVEN: Selection = { kind: 'given', jobIds: ['1'] }

/** One operation whose responses are bad: the first one, and those that come so soon after the process runs again. */
interface Play {
  readonly bad: { readonly kind: 'refused'; readonly hostHasAnswered: boolean } | { readonly kind: 'outage' }
  readonly operation: 'poll' | 'commit' | 'list' | 'read' | 'identify'
  readonly untilMs: number
}

const POLICIES: Readonly<Record<Play['operation'], Partial<Policy>>> = {
  poll: {},
  commit: { onUncommitted: 'commit' },
  list: {},
  read: { waitFor: 'searchable' },
  identify: { expectedCollection: 'books' },
}

/** A gate whose process stands still for an hour after the first bad response. */
async function play({ bad, operation, untilMs }: Play): Promise<Conclusion> {
  const clock = new FakeClock()
  let [met, isCommitted, wokenAtMs] = [0, false, 0]
  const say =
    <A>(what: Play['operation'], good: () => A) =>
    async (_: unknown, { turn }: RequestOptions): Promise<A> => {
      if (!(await turn())) return { kind: 'cancelled' } as A
      if (what !== operation || (met > 0 && clock.now() - wokenAtMs > untilMs)) return good()
      met += 1
      if (met === 1) {
        void clock.sleep(1).then(() => {
          clock.freeze(AN_HOUR)
          wokenAtMs = clock.now()
        })
      }
      return { ...bad, error: aTrouble({ operation: 'load-state' }) } as A
    }
  const done = { kind: 'done' } as const
  const state = () => (operation === 'commit' && !isCommitted ? 'Uncommitted' : 'Completed')
  const job = () => answered(state(), { importedRows: 5, collectionName: operation === 'list' ? 'books' : 'books_v2' })
  const list = say('list', () => ({
    kind: 'listed' as const,
    jobs: [{ jobId: '1', phase: 'importing' as const, label: '' }],
  }))
  const service: ImportService = serviceThat({
    pollerFor: () => say('poll', job),
    list: (options) => list('', options),
    commit: say('commit', () => {
      isCommitted = true
      return done
    }),
    collections: {
      isElsewhere: false,
      read: say('read', () => ({ kind: 'read', indexes: [], load: { state: 'loaded', percent: 100 } })),
      refresh: say('read', () => done),
      count: say('poll', () => ({ kind: 'counted', rows: 5 })),
      stored: say('poll', () => ({ kind: 'stored', rowCount: 5 })),
      identify: say('identify', () => ({ kind: 'identified', collectionId: '7' })),
    },
  })
  const watch = watchImports({
    selection: operation === 'list' ? { kind: 'discovered', collectionName: 'books', since: undefined } : GIVEN,
    policy: { ...DEFAULT_POLICY, timeoutMs: 3 * AN_HOUR, ...POLICIES[operation] },
    service,
    clock,
    wallClockMs: () => WALL_CLOCK_MS + clock.now(),
    random: () => 0,
    interrupt: new AbortController().signal,
    startedAtMs: 0,
  })
  const watching = (async () => {
    for await (const event of watch) if (event.kind === 'ended') return event.conclusion
    throw new Error('the watch ended without a conclusion')
  })()
  return clock.until(watching)
}

describe('a time in which the process did not run', () => {
  const operations = ['poll', 'commit', 'list', 'read', 'identify'] as const
  it.each(operations)('confirms no refusal by a host that never answered well: %s', async (operation) => {
    const conclusion = await play({ operation, bad: { kind: 'refused', hostHasAnswered: false }, untilMs: 1_500 })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })

  it.each(operations)('confirms no refusal by a host that has answered well: %s', async (operation) => {
    const conclusion = await play({ operation, bad: { kind: 'refused', hostHasAnswered: true }, untilMs: 9_000 })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })

  it.each(operations)('is no outage: %s', async (operation) => {
    const conclusion = await play({ operation, bad: { kind: 'outage' }, untilMs: 5_000 })
    expect(conclusion).toEqual({ kind: 'completed', passes: true })
  })
})
