import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compareOneJob, compareTwoJobs } from './judge-enumeration.ts'
import type { Comparison } from './judge-enumeration.ts'
import { endure } from './enduring.ts'
import type { Wait } from './enduring.ts'
import { growthPerPoll, MOST_HELD_BYTES_PER_POLL, MOST_RSS_BYTES_PER_POLL } from './growth.ts'

/**
 * What takes too long for every run of the tests, stage by stage. Prints what was done and how long it took; fails where a
 * promise does not hold. Arguments pick stages by words of their names.
 */
interface Stage {
  readonly name: string
  readonly holds: () => boolean | Promise<boolean>
}

/** How many times as many scripts and texts are made up as in every run of the tests, where a stage does not say. */
const TIMES = 5

const STAGES: readonly Stage[] = [
  { name: 'oracle: one job, six polls', holds: () => agrees(compareOneJob(6)) },
  { name: 'oracle: two jobs, two polls each', holds: () => agrees(compareTwoJobs(2)) },
  tests('properties', '__tests__/hostile/gate.properties.test.ts'),
  tests('two-phase properties', '__tests__/hostile/two-phase.properties.test.ts'),
  tests('start properties', '__tests__/gate/start.properties.test.ts', 20),
  tests('faults, in all cells', '__tests__/hostile/fault-matrix.test.ts'),
  tests('faults at commits, in all cells', '__tests__/hostile/commit-matrix.test.ts'),
  tests('search properties', '__tests__/hostile/search.properties.test.ts'),
  tests('faults at a search, in all cells', '__tests__/hostile/search-matrix.test.ts'),
  tests('injection', '__tests__/scenarios/injection(-elsewhere)?.test.ts'),
  tests('signals', '__tests__/scenarios/signals.test.ts'),
  tests(
    'untrusted input',
    '__tests__/(settings|service/(decode|poll-by-list)|report/sanitize|messages/estimate|runner/runner).test.ts',
  ),
  tests('large', '__tests__/hostile/large.test.ts'),
  { name: 'endurance: six hours', holds: () => isFlat({}) },
  { name: 'endurance: 1,000 polls', holds: () => isFlat({ polls: 1_000 }) },
  { name: 'endurance: 20,000 polls', holds: () => isFlat({ polls: 20_000 }) },
  // Checks that cannot fail prove nothing.
  {
    name: 'endurance: 20,000 polls with a leak of 200 bytes each',
    holds: () => isNoticed({ polls: 20_000, leakBytes: 200 }),
  },
  {
    name: 'endurance: 1,000 polls with a leak of 2,000 bytes each',
    holds: () => isNoticed({ polls: 1_000, leakBytes: 2_000 }),
  },
  { name: 'endurance: six hours with a leak of 5,000 bytes a poll', holds: () => isNoticed({ leakBytes: 5_000 }) },
]

/** Tests that have longer forms. A property that breaks prints its seed. */
function tests(name: string, path: string, times = TIMES): Stage {
  const jest = fileURLToPath(import.meta.resolve('jest/bin/jest'))
  const holds = () => {
    const { status } = spawnSync(process.execPath, ['--no-warnings', '--experimental-vm-modules', jest, path], {
      stdio: 'inherit',
      env: { ...process.env, SOAK: String(times) },
    })
    return status === 0
  }
  return { name, holds }
}

function agrees({ sequences, verdicts, differences }: Comparison): boolean {
  console.log(`${sequences} sequences, ${verdicts} verdicts, ${differences.length} differences.`)
  for (const difference of differences) console.log(JSON.stringify(difference))
  return differences.length === 0
}

async function isFlat(wait: Wait): Promise<boolean> {
  const { isWhole, grows } = await growthOf(wait)
  return isWhole && !grows.includes(true)
}

async function isNoticed(wait: Wait): Promise<boolean> {
  const { isWhole, grows } = await growthOf(wait)
  return isWhole && !grows.includes(false)
}

/** Whether memory grew, by each measure that such a wait is held to. */
async function growthOf(wait: Wait) {
  const { passes, polls, samples } = await endure(wait)
  const heldBytes = growthPerPoll(samples, 'heldBytes')
  const rssBytes = growthPerPoll(samples, 'rssBytes')
  console.log(
    `${polls} polls; a poll adds ${heldBytes.toFixed(1)} bytes that are held, and ${rssBytes.toFixed(1)} of RSS.`,
  )
  const isWhole = passes && (wait.polls === undefined || polls === wait.polls)
  if (wait.polls === undefined) return { isWhole, grows: [heldBytes > MOST_HELD_BYTES_PER_POLL.inSixHours] }
  if (wait.polls === 1_000) return { isWhole, grows: [heldBytes > MOST_HELD_BYTES_PER_POLL.in1000Polls] }
  return {
    isWhole,
    grows: [heldBytes > MOST_HELD_BYTES_PER_POLL.in20000Polls, rssBytes > MOST_RSS_BYTES_PER_POLL.in20000Polls],
  }
}

const words = process.argv.slice(2)
const broken: string[] = []
for (const { name, holds } of STAGES.filter((stage) => words.every((word) => stage.name.includes(word)))) {
  console.log(`\n${name}`)
  const startedMs = performance.now()
  if (!(await holds())) broken.push(name)
  console.log(
    `${broken.includes(name) ? 'BROKEN' : 'Holds'}, after ${Math.round((performance.now() - startedMs) / 1_000)} s.`,
  )
}
console.log(broken.length === 0 ? '\nAll of it holds.' : `\nBroken: ${broken.join('; ')}.`)
if (broken.length > 0) process.exitCode = 1
