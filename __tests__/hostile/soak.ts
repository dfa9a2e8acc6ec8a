import { compareOneJob, compareTwoJobs } from './judge-enumeration.ts'
import type { Comparison } from './judge-enumeration.ts'
import { endure } from './enduring.ts'

/** What takes too long for every run of the tests. Prints what was done; fails where a promise does not hold. */
const MOST_GROWTH_BYTES = 16_000_000

function show(what: string, { sequences, verdicts, differences }: Comparison): boolean {
  console.log(`${what}: ${sequences} sequences, ${verdicts} verdicts, ${differences.length} differences.`)
  for (const difference of differences) console.log(JSON.stringify(difference))
  return differences.length === 0
}

const isOneJobRight = show('One job, six looks', compareOneJob(6))
const areTwoJobsRight = show('Two jobs, two looks each', compareTwoJobs(2))

const { looks, passes, early, late } = await endure(20_000)
const grownBytes = late.rssBytes - early.rssBytes
console.log(`A real wait: ${looks} looks, memory grew by ${grownBytes} bytes over the last three quarters.`)
const isFrugal = passes && grownBytes < MOST_GROWTH_BYTES

if (!isOneJobRight || !areTwoJobsRight || !isFrugal) process.exitCode = 1
