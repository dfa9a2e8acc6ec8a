import { readNumber, readOptions, runScript } from './options.ts'
import type { Scenario } from './scenarios.ts'
import { loadScenario, scenarioNames } from './scenarios.ts'
import { startSimulators } from './server.ts'
import { paint } from './terminal.ts'

const usage = `npm run simulator -- [--port N] [--speed N]

Serves every scenario on one port of this machine until Ctrl-C, each below a path of its own. A job starts with the
first request for it, and so does a collection. --speed 10 plays ten times as fast.`

/** Requests that a client can send in this scenario, ready to be pasted into a shell. */
function curlLines(endpoint: string, { service, inputs }: Scenario): readonly string[] {
  const place = inputs['cluster-id'] === undefined ? {} : { clusterId: inputs['cluster-id'] }
  const collectionName = inputs['collection-name'] ?? service.jobs[0]?.collectionName
  const headers = [
    `Authorization: Bearer ${inputs['api-key'] ?? ''}`,
    ...(inputs['db-name'] === undefined ? [] : [`DB-Name: ${inputs['db-name']}`]),
  ]
  const options = headers.map((header) => `-H '${header}'`).join(' ')
  const post = (path: string, body: object) =>
    `curl ${options} -d '${JSON.stringify(body)}' ${endpoint}/v2/vectordb/${path}`

  const isDiscovered = inputs['job-id'] === 'discover'
  const jobIds = isDiscovered
    ? service.jobs.map(({ jobId }) => jobId)
    : (inputs['job-id'] ?? '').split(/[\s,]+/).filter((jobId) => jobId !== '')
  const aboutJobs = (operation: string) => jobIds.map((jobId) => post(`jobs/import/${operation}`, { jobId, ...place }))
  const isTwoPhase = service.jobs.some(({ autoCommit }) => autoCommit === false)
  const isSearched = inputs['wait-for'] === 'searchable'
  return [
    ...(inputs['import'] === undefined ? [] : [post('jobs/import/create', JSON.parse(inputs['import']) as object)]),
    ...(isDiscovered ? [post('jobs/import/list', { collectionName, ...place })] : []),
    ...aboutJobs(service.version === '2024' ? 'getProgress' : 'get_progress'),
    ...(isTwoPhase ? aboutJobs(inputs['abort-uncommitted'] === 'true' ? 'abort' : 'commit') : []),
    ...(isSearched && 'clusterId' in place ? [`curl ${options} ${endpoint}/v2/clusters/${place.clusterId}`] : []),
    ...(isSearched
      ? [
          post('indexes/list', { collectionName }),
          post('collections/get_load_state', { collectionName }),
          post('collections/refresh_load', { collectionName }),
          post('entities/query', { collectionName, outputFields: ['count(*)'] }),
        ]
      : []),
  ]
}

async function main(): Promise<number> {
  const options = readOptions({ port: 'string', speed: 'string', help: 'boolean' })
  if (options['help'] === true) {
    console.log(usage)
    return 0
  }
  const port = readNumber('port', String(options['port'] ?? '0'), 0, 65_535)
  const speed = readNumber('speed', String(options['speed'] ?? '1'), 0.01, 1_000)
  const scenarios = scenarioNames().map(loadScenario)
  const service = await startSimulators(
    Object.fromEntries(scenarios.map((scenario) => [`/${scenario.name}`, scenario.service])),
    { port, speed },
  )
  console.log(`The import service listens at ${paint('bold', service.url)}\n`)
  for (const scenario of scenarios) {
    const endpoint = `${service.url}/${scenario.name}`
    console.log(paint('bold', scenario.name) + `: ${scenario.title}`)
    console.log(`  endpoint ${endpoint}, api-key ${scenario.inputs['api-key'] ?? ''}`)
    for (const line of curlLines(endpoint, scenario)) console.log(`  ${line}`)
    console.log()
  }
  console.log('Press Ctrl-C to stop.')
  return 0
}

await runScript(main)
