import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { brokenTwoPhasePromises } from './two-phase-promises.ts'
import { anyWorld, kindWorld, playWorld } from './two-phase-world.ts'
import { cases, timeFor } from '../support/soak.ts'

const MAX_MS = timeFor(120_000)

describe('a gate over two-phase imports, whatever becomes of its requests', () => {
  it(
    'keeps its promises',
    () =>
      fc.assert(
        fc.asyncProperty(anyWorld, async (world) => {
          expect(brokenTwoPhasePromises(await playWorld(world))).toEqual([])
        }),
        cases(1_000),
      ),
    MAX_MS,
  )

  it(
    'commits them all where requests are lost now and then',
    () =>
      fc.assert(
        fc.asyncProperty(kindWorld, async (world) => {
          const played = await playWorld(world)
          expect(played.conclusion).toEqual({ kind: 'completed', passes: true })
          expect(brokenTwoPhasePromises(played)).toEqual([])
        }),
        cases(500),
      ),
    MAX_MS,
  )
})
