import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { corpus } from './corpus.ts'
import { cpuTable } from './cpu.ts'
import { requestRateOf } from './many-jobs.ts'
import { picture } from './picture.ts'
import { mean } from './play.ts'
import { LONG_SECONDS, playAll, scoreOf } from './score.ts'
import type { Played, Score } from './score.ts'
import { AUTO, FIVE_SECONDS, OTHERS } from './strategies.ts'
import { figure, share, table, times } from './table.ts'
import { parseTraces } from './trace.ts'
import { unseen } from './unseen.ts'

const usage = `npm run bench                               everything: the pace, many jobs, processor time
npm run bench -- --traces FILE              the pace on traces of your own: [{"name", "changes": [{"at", "state", "progress", …}, …]}, …]
npm run --silent bench -- --json            the pace, trace by trace, as one JSON object
npm run bench -- --svg FILE                 draws the picture besides
npm run bench -- --unseen SEED              the traces that the pace was not tuned on, once more`

const SEEDS = 20
const UNSEEN_TRACES = 400

async function main() {
  const { values } = parseArgs({
    options: {
      traces: { type: 'string' },
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
      unseen: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const traces = values.traces === undefined ? corpus() : parseTraces(readFileSync(values.traces, 'utf8'))
  const played = playAll(traces, [AUTO, ...OTHERS], SEEDS)
  if (values.svg !== undefined) writeFileSync(values.svg, picture(longOnes(played)))
  if (values.json) {
    console.log(JSON.stringify({ traces: played }))
    return
  }
  console.log(
    `# Pace\n\n${traces.length} traces, ${SEEDS} seeds each. Delay: from the end of the import to the poll that sees it.`,
  )
  for (const { title, holds } of CLASSES) console.log(`\n${strategiesTable(title, played.filter(holds))}`)
  if (values.traces !== undefined) {
    console.log(`\n${scoreTable({ 'these traces': scoreOf(played) })}`)
    return
  }
  const seed = values.unseen === undefined ? Math.floor(Math.random() * 1e9) : Number(values.unseen)
  const unseenPlayed = playAll(unseen(UNSEEN_TRACES, seed), [AUTO, FIVE_SECONDS], SEEDS)
  console.log(`\n${scoreTable({ corpus: scoreOf(played), [`unseen, seed ${seed}`]: scoreOf(unseenPlayed) })}`)
  console.log(`\n# Many jobs\n\n${await manyJobsTable()}`)
  console.log(`\n# Processor time\n\n${cpuTable()}`)
}

const MINUTE = 60
const CLASSES = [
  { title: 'under 5 min', holds: ({ durationSeconds: d }: Played) => d < LONG_SECONDS },
  { title: '5 min to 1 h', holds: ({ durationSeconds: d }: Played) => d >= LONG_SECONDS && d < 60 * MINUTE },
  { title: '1 h and more', holds: ({ durationSeconds: d }: Played) => d >= 60 * MINUTE },
] as const

function longOnes(played: readonly Played[]): readonly Played[] {
  return played.filter(({ durationSeconds }) => durationSeconds >= LONG_SECONDS)
}

function strategiesTable(title: string, played: readonly Played[]): string {
  const rows = [AUTO, ...OTHERS].map(({ name }) => {
    const costs = played.flatMap(({ strategies }) => strategies[name] ?? [])
    return [
      name,
      figure(mean(costs.map(({ polls }) => polls))),
      figure(mean(costs.map(({ meanDelaySeconds }) => meanDelaySeconds))),
      figure(mean(costs.map(({ p95DelaySeconds }) => p95DelaySeconds))),
      figure(Math.max(...costs.map(({ worstDelaySeconds }) => worstDelaySeconds))),
    ]
  })
  return table([`${title}: ${played.length} traces`, 'polls', 'mean delay, s', '95th percentile, s', 'worst, s'], rows)
}

function scoreTable(scores: Readonly<Record<string, Score>>): string {
  const all = Object.values(scores)
  const row = (what: string, goal: string, tell: (score: Score) => string) => [what, goal, ...all.map(tell)]
  return table(
    ['how good `auto` is', 'goal', ...Object.keys(scores)],
    [
      row('imports of 5 min and more', '', (score) => String(score.longTraces)),
      row('a fixed poller with as many polls is later by', '≥ 4×', (score) => times(score.advantage)),
      row('mean delay, s', '≤ 4', (score) => figure(score.longMeanDelaySeconds)),
      row('polls against a poller of 5 s, mean of the shares', '≤ 33 %', (score) => share(score.shareOfPolls)),
      row('polls against a poller of 5 s, sum over sum', '', (score) => share(score.shareOfAllPolls)),
      row('polls against the optimum (1)', '', (score) => times(score.regret)),
      row('shorter imports', '', (score) => String(score.shortTraces)),
      row('their mean delay, s', '≤ 2', (score) => figure(score.shortMeanDelaySeconds)),
      row('95th percentile within 4 s or 1 % of the duration', '', (score) => share(score.shareInTime)),
    ],
  ).concat(
    '\n\n(1) An offline optimum that knows when the trace ends, polls last with the same mean delay, and never pauses',
    ' for more\nthan 30 s on the way there, since a failure can come at any moment: 1 + ⌈(duration + delay) / 30 s⌉ polls.',
  )
}

async function manyJobsTable(): Promise<string> {
  const rows: string[][] = []
  for (const jobs of [1, 8, 100, 1_000]) {
    const { requestsPerMinute, naiveRequestsPerMinute } = await requestRateOf(jobs)
    rows.push([
      String(jobs),
      figure(requestsPerMinute),
      figure(naiveRequestsPerMinute),
      times(naiveRequestsPerMinute / requestsPerMinute),
    ])
  }
  return table(['jobs', 'requests a minute', 'a loop of `describe` every 5 s', 'fewer by'], rows)
}

try {
  await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
}
