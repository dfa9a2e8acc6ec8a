import { expect, it } from '@jest/globals'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import { aPolicy } from '../support/builders.ts'

it('the policy of a user who says nothing waits an hour, and fails for whatever is not plainly through', () => {
  expect(DEFAULT_POLICY).toEqual(aPolicy())
})
