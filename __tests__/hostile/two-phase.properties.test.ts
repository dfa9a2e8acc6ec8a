import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { brokenTwoPhasePromises } from './two-phase-promises.ts'
import { anyWorld, kindWorld, playWorld } from './two-phase-world.ts'

/** `SOAK=20 npm test -- two-phase.properties` plays twenty times as many worlds. */
const SOAK = Number(process.env['SOAK'] ?? 1)
const MAX_MS = 120_000 * SOAK

describe('a gate over two-phase imports, whatever becomes of its requests', () => {
  it(
    'keeps its promises',
    () =>
      fc.assert(
        fc.asyncProperty(anyWorld, async (world) => {
          expect(brokenTwoPhasePromises(await playWorld(world))).toEqual([])
        }),
        { numRuns: 3_000 * SOAK },
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
        { numRuns: 1_000 * SOAK },
      ),
    MAX_MS,
  )
})
