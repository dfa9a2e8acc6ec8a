import { type Run, removeRunnerFolders, runAction } from '../runner/runner.ts'
import { casesFor, type Expectation, type ImportCase } from './cases.ts'
import { type Target, targetFrom, variable } from './target.ts'

/** A step of the workflow, as `toJSON(steps)` tells of it. */
interface Step {
  readonly outcome?: string
  readonly outputs: Readonly<Record<string, string>>
}

/**
 * Holds the gates of a workflow, whose steps bear the names of the cases, to what each case expects. GitHub shows a step's summary
 * to no later step, hence every gate is run once more by the runner double, on the same job.
 */
async function main() {
  const steps = JSON.parse(variable(process.env, 'STEPS')) as Readonly<Record<string, Step>>
  const target = targetFrom(process.env)
  const checks = casesFor(target.kind).map(async (importCase) => ({
    name: importCase.name,
    faults: await faultsOf(importCase, steps, target),
  }))
  const checked = await Promise.all(checks)
  removeRunnerFolders()
  for (const { name, faults } of checked) {
    console.log(`${name}: ${faults.length === 0 ? 'as expected' : faults.join('; ')}`)
  }
  process.exitCode = checked.every(({ faults }) => faults.length === 0) ? 0 : 1
}

async function faultsOf({ name, files, expected }: ImportCase, steps: Readonly<Record<string, Step>>, target: Target) {
  const step = steps[name]
  const jobId = steps['imports']?.outputs[name]
  if (step === undefined || jobId === undefined) return [`there is no step "${name}", or no import for it`]
  const again = await runGateOn(jobId, target)
  const rows = String(files.flatMap((file) => file.rows ?? []).length)
  const withRows = name === 'good' && target.kind.dialect === 'milvus' ? { importedRows: rows, totalRows: rows } : {}
  const whole = { ...expected, outputs: { ...expected.outputs, ...withRows, jobId } }
  return [
    ...differences('the step', step, whole),
    ...differences('the gate run again', again, whole),
    ...faultsOfSummary(again, jobId),
  ]
}

function runGateOn(jobId: string, { endpoint, apiKey, clusterId = '' }: Target) {
  return runAction({
    inputs: {
      'job-id': jobId,
      endpoint,
      'api-key': apiKey,
      'cluster-id': clusterId,
      'ca-cert': process.env['CA_CERT'] ?? '',
      timeout: '2m',
    },
    secrets: apiKey === '' ? [] : [apiKey],
    workspace: process.cwd(),
  })
}

function differences(who: string, { outcome, outputs }: Step, expected: Expectation): readonly string[] {
  const pairs = Object.entries(expected.outputs).map(([name, wanted]) => [name, wanted, outputs[name]] as const)
  return [['outcome', expected.outcome, outcome] as const, ...pairs]
    .filter(([, wanted, got]) => wanted !== got)
    .map(([name, wanted, got]) => `${who} has ${name} ${got ?? 'nothing'} in place of ${wanted}`)
}

function faultsOfSummary({ summary }: Run, jobId: string): readonly string[] {
  const parts = ['### ', jobId]
  return parts.filter((part) => !summary.text.includes(part)).map((part) => `the summary lacks ${JSON.stringify(part)}`)
}

await main()
