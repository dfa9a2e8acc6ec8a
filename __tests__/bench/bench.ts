import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { corpus } from './corpus.ts'
import { cpuTable, largestTable } from './cpu.ts'
import { GENERATORS } from './generators.ts'
import type { Goal } from './generators.ts'
import { requestRateOf } from './many-jobs.ts'
import { PHASES, phaseShares } from './phases.ts'
import { picture } from './picture.ts'
import { LONG_SECONDS, mean, percentile95, playAll, scoreOf } from './score.ts'
import type { Played, Score } from './score.ts'
import { AUTO, OTHERS } from './strategies.ts'
import { figure, share, table, times } from './table.ts'
import { parseTraces, recordedTraces } from './trace.ts'

const usage = `npm run bench                               everything: the pace, many jobs, processor time
npm run bench -- --traces FILE              the pace on traces of your own: [{"name", "changes": [{"at", "state", "progress", …}, …]}, …]
npm run --silent bench -- --json            the pace, trace by trace, as one JSON object
npm run bench -- --svg FILE                 draws the picture besides
npm run bench -- --seed SEED                other traces of the generators`

const SEEDS = 20
const GENERATED_TRACES = 200
const STRATEGIES = [AUTO, ...OTHERS]

async function main() {
  const { values } = parseArgs({
    options: {
      traces: { type: 'string' },
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const own = values.traces === undefined ? undefined : parseTraces(readFileSync(values.traces, 'utf8'))
  const played = playAll(own ?? corpus(), STRATEGIES, SEEDS)
  if (values.svg !== undefined) writeFileSync(values.svg, picture(longOnes(played)))
  if (values.json) {
    console.log(JSON.stringify({ traces: played.map(summarized) }))
    return
  }
  console.log(
    `# Pace\n\n${played.length} traces, ${SEEDS} seeds each. Delay: from the end of the import to the poll that sees it.`,
  )
  for (const { title, holds } of CLASSES) console.log(`\n${costTable(title, played.filter(holds))}`)
  if (own !== undefined) {
    console.log(`\n${scoreTable('these traces', played)}`)
    return
  }
  console.log(`\n${generatorTables(played, Number(values.seed))}`)
  console.log(`\n# Phases\n\n${phaseTable()}`)
  console.log(`\n# Many jobs\n\n${await manyJobsTable()}`)
  console.log(`\n# Processor time\n\n${cpuTable()}\n\n${largestTable()}`)
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

/** The costs of one trace as figures. */
function summarized({ name, durationSeconds, strategies }: Played) {
  const figures = Object.entries(strategies).map(([strategy, { polls, delaysSeconds }]) => [
    strategy,
    {
      polls,
      meanDelaySeconds: mean(delaysSeconds),
      p95DelaySeconds: percentile95(delaysSeconds),
      worstDelaySeconds: Math.max(...delaysSeconds),
    },
  ])
  return { name, durationSeconds, strategies: Object.fromEntries(figures) as Record<string, unknown> }
}

function costTable(title: string, played: readonly Played[]): string {
  const rows = STRATEGIES.map(({ name }) => {
    const costs = played.flatMap(({ strategies }) => strategies[name] ?? [])
    const delays = costs.flatMap(({ delaysSeconds }) => delaysSeconds)
    return [
      name,
      figure(mean(costs.map(({ polls }) => polls))),
      figure(mean(delays)),
      figure(percentile95(delays)),
      figure(Math.max(...delays)),
    ]
  })
  return table([`${title}: ${played.length} traces`, 'polls', 'mean delay, s', '95th percentile, s', 'worst, s'], rows)
}

/** The figures of the pace before, which was tuned to the milestones of Milvus 2.5 and 2.6, with the seed 1. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  corpus: ['4.58×', '33%', '2.34', '9.78', '1.33', '96%'],
  'Milvus 2.5 and 2.6': ['7.04×', '32%', '1.33', '2.04', '1.28', '98%'],
  'Import V3': ['7.27×', '29%', '1.56', '2.69', '1.27', '97%'],
  'no milestones': ['3.34×', '44%', '3.21', '16.7', '2.73', '91%'],
  'Milvus 2.5 and 2.6, hard': ['4.60×', '33%', '2.40', '11.4', '1.86', '94%'],
  'Import V3, hard': ['4.87×', '29%', '3.28', '16.5', '2.86', '86%'],
  'no milestones, hard': ['2.36×', '44%', '3.63', '16.4', '2.11', '90%'],
  'recorded imports': ['–', '–', '1.32', '3.47', '1.32', '97%'],
}

function generatorTables(corpusPlayed: readonly Played[], seed: number): string {
  const generated = GENERATORS.map(({ name, generate, goal }) => {
    return scoreTable(name, playAll(generate(GENERATED_TRACES, seed), STRATEGIES, SEEDS), goal)
  })
  return [
    ...generated,
    scoreTable('corpus', corpusPlayed),
    scoreTable('recorded imports', playAll(recordedTraces(), STRATEGIES, SEEDS)),
    `The ratio: how many times later a fixed poller with as many polls is. Ratio and polls are those of imports of 5 min
and more, polls as a share of those of a poller every 5 s. In time: within 4 s or 1% of the duration. \`auto, before\` is
the pace that knew the milestones of Milvus 2.5 and 2.6, in 166 lines, with the seed 1. \`steps\` are played without jitter.`,
  ].join('\n\n')
}

function scoreTable(title: string, played: readonly Played[], goal?: Goal): string {
  const before = BEFORE[title]
  const rows = STRATEGIES.map((strategy) => [strategy.name, ...scoreRow(scoreOf(played, strategy))])
  return table(
    [
      `${title}: ${played.length} traces`,
      'ratio',
      'polls',
      'mean delay, s',
      '95th percentile, s',
      'under 5 min',
      'in time',
    ],
    [
      ...(goal === undefined ? [] : [['goal', ...goalRow(goal)]]),
      ...rows.slice(0, 1),
      ...(before === undefined ? [] : [['auto, before', ...before]]),
      ...rows.slice(1),
    ],
  )
}

function goalRow(goal: Goal): readonly string[] {
  const { ratio, polls, meanDelaySeconds, shortMeanDelaySeconds, inTime } = goal
  return [
    `≥ ${ratio}×`,
    `≤ ${share(polls)}`,
    `≤ ${meanDelaySeconds}`,
    '',
    `≤ ${shortMeanDelaySeconds}`,
    `≥ ${share(inTime)}`,
  ]
}

function scoreRow(score: Score): readonly string[] {
  return [
    times(score.equalBudgetRatio),
    share(score.shareOfPolls),
    figure(score.meanDelaySeconds),
    figure(score.p95DelaySeconds),
    figure(score.shortMeanDelaySeconds),
    share(score.shareInTime),
  ]
}

/** How long the phases take, in the model and on real servers. */
function phaseTable(): string {
  const recorded = recordedTraces()
  const versions = [...new Set(recorded.map(({ version }) => version))]
  const all = [
    ['corpus', corpus()] as const,
    ...GENERATORS.filter(({ name }) => name.startsWith('Milvus')).map(
      ({ name, generate }) => [name, generate(GENERATED_TRACES, 1)] as const,
    ),
    ...versions.map(
      (version) => [`recorded ${version}`, recorded.filter((trace) => trace.version === version)] as const,
    ),
  ]
  return table(
    ['share of the duration', ...PHASES.map(({ name }) => name)],
    all.map(([name, traces]) => [name, ...phaseShares(traces).map(share)]),
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
