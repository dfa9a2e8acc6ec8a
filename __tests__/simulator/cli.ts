import { parseArgs } from 'node:util'
import type { Scenario } from './scenarios.ts'
import { loadScenario, scenarioNames } from './scenarios.ts'
import { startSimulators } from './server.ts'
import { paint } from './terminal.ts'

const usage = `npm run simulator -- [--port N] [--speed N]

Plays every scenario on one port of this machine until Ctrl-C, each below a path of its own. A job begins when it is
first looked at. --speed 10 plays ten times as fast.`

/** A look at a job as any client may take it, ready to be pasted into a shell. */
function curlLine(endpoint: string, { service, inputs }: Scenario, jobId: string) {
  const operation = service.version === '2024' ? 'getProgress' : 'get_progress'
  const clusterId = inputs['cluster-id']
  const body = JSON.stringify({ jobId, ...(clusterId === undefined ? {} : { clusterId }) })
  const headers = [
    `Authorization: Bearer ${inputs['api-key'] ?? ''}`,
    ...(inputs['db-name'] === undefined ? [] : [`DB-Name: ${inputs['db-name']}`]),
  ]
  const options = headers.map((header) => `-H '${header}'`).join(' ')
  return `curl ${options} -d '${body}' ${endpoint}/v2/vectordb/jobs/import/${operation}`
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      speed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const scenarios = scenarioNames().map(loadScenario)
  const service = await startSimulators(
    Object.fromEntries(scenarios.map((scenario) => [`/${scenario.name}`, scenario.service])),
    { port: Number(values.port), speed: Number(values.speed) },
  )
  console.log(`The import service listens at ${paint('bold', service.url)}\n`)
  for (const scenario of scenarios) {
    const endpoint = `${service.url}/${scenario.name}`
    console.log(paint('bold', scenario.name) + `: ${scenario.title}`)
    console.log(`  endpoint ${endpoint}, api-key ${scenario.inputs['api-key'] ?? ''}`)
    for (const jobId of (scenario.inputs['job-id'] ?? '').split(',')) {
      console.log(`  ${curlLine(endpoint, scenario, jobId)}`)
    }
    console.log()
  }
  console.log('Ctrl-C ends it.')
}

try {
  await main()
} catch (error) {
  console.error(paint('red', error instanceof Error ? error.message : String(error)))
  console.error(`\n${usage}`)
  process.exitCode = 2
}
