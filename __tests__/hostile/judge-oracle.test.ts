import { describe, expect, it } from '@jest/globals'
import { compareOneJob, compareTwoJobs } from './judge-enumeration.ts'

/** `npm run soak` goes on to longer ones. */
describe('the verdict on everything that polls can bring', () => {
  it('is what the rules say, over all sequences of up to four polls one job', () => {
    const { differences, sequences } = compareOneJob(4)
    expect(differences).toEqual([])
    expect(sequences).toBeGreaterThan(10_000)
  })

  it('is what the rules say, over all pairs of sequences of up to two polls two jobs', () => {
    const { differences, sequences } = compareTwoJobs(2)
    expect(differences).toEqual([])
    expect(sequences).toBeGreaterThan(10_000)
  })
})
