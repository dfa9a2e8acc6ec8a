import { readFileSync } from 'node:fs'
import type { CollectionScript } from './collection-script.ts'
import type { ImportScript } from './create.ts'
import type { ServiceRules } from './dialects.ts'
import { namesIn } from './fixtures.ts'
import type { ImportFile, JobScript } from './script.ts'
import type { ServiceScript } from './server.ts'

/** A story that a gate can live through: a service, its jobs, what a user sets, and how it has to end. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly service: ServiceScript
  /** As in `with:`, but for `endpoint`, which is known once the service runs. */
  readonly inputs: Readonly<Record<string, string>>
  readonly expected: {
    readonly exitStatus: number
    readonly outputs: Readonly<Record<string, string>>
  }
}

/** Many files that differ in a number, as a scenario file writes them: `{n}` counts from 0. */
interface FileSeries extends ImportFile {
  readonly count: number
}

interface StoredJob extends Omit<JobScript, 'files' | 'answer' | 'answerCommit' | 'answerAbort'> {
  readonly files: readonly (ImportFile | FileSeries)[]
}

interface StoredScenario extends Omit<Scenario, 'name' | 'service'> {
  readonly service: ServiceRules
  readonly jobs: readonly StoredJob[]
  /** How the imports go that the step starts. */
  readonly imports?: readonly Omit<ImportScript, 'answer' | 'answerCommit' | 'answerAbort'>[]
  readonly collections?: readonly Omit<CollectionScript, 'answer'>[]
}

const folder = new URL('../__fixtures__/scenarios/', import.meta.url)

/** The names of all scenarios, in order. */
export function scenarioNames(): readonly string[] {
  return namesIn(folder)
}

/** The scenario of that name, ready to be played. */
export function loadScenario(name: string): Scenario {
  const stored = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as StoredScenario
  const { title, service, inputs, expected, imports = [], collections: collectionScripts = [] } = stored
  const jobs = stored.jobs.map((job) => ({ ...job, files: job.files.flatMap(inFull) }))
  return { name, title, service: { ...service, jobs, imports, collectionScripts }, inputs, expected }
}

/** `count` files, each with the series' rows and size. */
export function fileSeries({ count, path, ...each }: FileSeries): readonly ImportFile[] {
  return Array.from({ length: count }, (_, n) => ({ ...each, path: path.replace('{n}', String(n)) }))
}

function inFull(entry: ImportFile | FileSeries): readonly ImportFile[] {
  return 'count' in entry ? fileSeries(entry) : [entry]
}
