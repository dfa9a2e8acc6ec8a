import { describe, expect, it } from '@jest/globals'
import { interrupted } from '../../src/gate/conclusion.ts'

describe('the end of a gate that was interrupted', () => {
  it.each<[by: string, reason: unknown, conclusion: object]>([
    ['a signal', 'SIGTERM', { kind: 'cancelled', passes: false, signal: 'SIGTERM' }],
    [
      'an error that no one caught',
      new TypeError('x is not a function'),
      { kind: 'internal-error', passes: false, message: 'x is not a function' },
    ],
    ['anything else', 9, { kind: 'cancelled', passes: false, signal: '9' }],
  ])('by %s is red', (_, reason, conclusion) => {
    expect(interrupted(AbortSignal.abort(reason))).toEqual(conclusion)
  })
})
