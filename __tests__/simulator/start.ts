import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Given } from './options.ts'
import { readOptions, runScript } from './options.ts'
import { loadScenario, scenarioNames, type Scenario } from './scenarios.ts'
import { startSimulator } from './server.ts'
import { declaredInputs, runStep, type StepResult } from './step.ts'
import { asOnGitHub, inColumns, paint } from './terminal.ts'

const usage = `npm start                                  plays the scenario "completed", about 20 seconds
npm start -- --scenario NAME [--INPUT VALUE]…
npm start -- --list                        lists the scenarios
npm start -- --endpoint URL --job-id ID [--cluster-id ID] [--INPUT VALUE]…
npm start -- --endpoint URL --import JSON [--INPUT VALUE]…    writes to the service

Runs the built action as a step of a workflow. By default it runs against the embedded import service. With
--endpoint or --job-id, and no scenario, it runs against a real service, whose key it takes from the variable
MILVUS_IMPORT_GATE_API_KEY. INPUT is any input of action.yml except api-key.`

const keyVariable = 'MILVUS_IMPORT_GATE_API_KEY'

type Inputs = Readonly<Record<string, string>>

async function main(): Promise<number> {
  const declared = declaredInputs(readFileSync(pathOf('action.yml'), 'utf8'))
  const { list, help, scenario, ...inputs } = readArguments(Object.keys(declared))
  if (help === true) {
    console.log(usage)
    return 0
  }
  if (list === true) {
    console.log(inColumns(scenarioNames().map((name) => [name, loadScenario(name).title])))
    return 0
  }
  if (!existsSync(pathOf('dist/index.js'))) throw new Error('dist/index.js does not exist. Run "npm run build" first.')
  const given = inputs as Inputs
  const isReal = scenario === undefined && (given['job-id'] ?? given['import'] ?? given['endpoint']) !== undefined
  return isReal
    ? runAgainstRealService({ ...declared, ...given, 'api-key': process.env[keyVariable] ?? '' })
    : playScenario(loadScenario(scenario ?? 'completed'), declared, given)
}

function readArguments(inputNames: readonly string[]) {
  const inputs = inputNames.filter((name) => name !== 'api-key').map((name) => [name, 'string'] as const)
  const values: Given & { readonly scenario?: string } = readOptions({
    ...Object.fromEntries(inputs),
    scenario: 'string',
    list: 'boolean',
    help: 'boolean',
  })
  if (values.scenario !== undefined && !scenarioNames().includes(values.scenario)) {
    throw new Error(`There is no scenario "${values.scenario}". The scenarios are: ${scenarioNames().join(', ')}.`)
  }
  return values
}

async function playScenario(scenario: Scenario, declared: Inputs, changed: Inputs) {
  const service = await startSimulator(scenario.service)
  console.log(`${paint('bold', scenario.title)}\n${paint('dim', `import service at ${service.url}`)}\n`)
  try {
    const result = await runGate(
      { ...declared, endpoint: service.url, ...scenario.inputs, ...changed },
      // A proxy of this machine has no way to its loopback.
      { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' },
    )
    if (Object.keys(changed).length > 0) return result.exitStatus
    const differences = differencesFrom(scenario.expected, result)
    console.log(
      differences.length === 0
        ? paint('green', 'The scenario ended as expected.')
        : paint('red', `The scenario did not end as expected: ${differences.join('; ')}.`),
    )
    return differences.length === 0 ? 0 : 1
  } finally {
    await service.close()
  }
}

async function runAgainstRealService(inputs: Inputs) {
  if ((inputs['import'] ?? '') !== '') {
    const address = inputs['endpoint'] || 'Zilliz Cloud'
    console.log(paint('bold', `This starts an import: it writes to a real service, ${address}.\n`))
  }
  if (inputs['api-key'] === '') console.log(paint('dim', `${keyVariable} is not set: no key is sent.\n`))
  const { exitStatus } = await runGate(inputs, {})
  return exitStatus
}

async function runGate(inputs: Inputs, environment: Readonly<Record<string, string>>) {
  const onLine = (line: string) => {
    const shown = asOnGitHub(line)
    if (shown !== undefined) console.log(shown)
  }
  const result = await runStep({ entry: pathOf('dist/index.js'), inputs, environment, onLine })
  console.log(`\n${paint('bold', 'Outputs')}\n${inColumns(result.outputs)}`)
  console.log(
    `\n${inColumns(
      [
        ['exit status', String(result.exitStatus)],
        ['job summary', result.summaryPath],
      ],
      Infinity,
    )}\n`,
  )
  return result
}

function differencesFrom(expected: Scenario['expected'], result: StepResult): readonly string[] {
  const pairs = Object.entries(expected.outputs).map(
    ([name, value]) => [name, value, result.outputs.get(name) ?? 'nothing'] as const,
  )
  return [...pairs, ['exit status', String(expected.exitStatus), String(result.exitStatus)] as const]
    .filter(([, wanted, got]) => wanted !== got)
    .map(([name, wanted, got]) => `${name}: expected ${wanted}, got ${got}`)
}

function pathOf(file: string) {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url))
}

await runScript(main)
