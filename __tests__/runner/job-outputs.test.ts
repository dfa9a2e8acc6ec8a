import { describe, expect, it } from '@jest/globals'
import { jobOutputs } from './job-outputs.ts'
import { Masker } from './masking.ts'

describe('the outputs of a job', () => {
  it('lack what is empty and what may hold a secret', () => {
    const masker = new Masker()
    masker.add('token')
    expect(jobOutputs({ state: 'Completed', url: 'https://token@host', empty: '' }, masker)).toEqual({
      values: { state: 'Completed' },
      warnings: ["Skip output 'url' since it may contain secret."],
      error: undefined,
    })
  })

  it.each([
    [1024 * 512 - 1, undefined],
    [1024 * 512, 'Job outputs exceed 1,048,576 bytes'],
  ])('with a name of one and a value of %i characters have the error %j', (length, error) => {
    expect(jobOutputs({ a: 'x'.repeat(length) }, new Masker()).error).toBe(error)
  })
})
