import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadManifest } from '../runner/manifest.ts'
import { type Run, runAction, type RunOptions } from '../runner/runner.ts'
import type { JobScript, Step } from '../simulator/script.ts'
import { type SeenRequest, type ServiceScript, startSimulator, type Wiring } from '../simulator/server.ts'

/** A key of a Milvus user, with characters that every encoding changes. */
export const API_KEY = 'root:p4ss+w0rd/&"9'

/** The job of a story that has one. */
export const JOB_ID = '470592730169344001'

/** An import of three files of 1,000 rows each that takes this course, but for what is said. */
export function anImport(course: readonly Step[], but: Partial<JobScript> = {}): JobScript {
  const files = [0, 1, 2].map((n) => ({ path: `catalog/part-${n}.parquet`, rows: 1000, sizeBytes: 4_000_000 }))
  return { jobId: JOB_ID, collectionName: 'products', files, clock: 'polls', course, ...but }
}

/** The course of an import that is through and through. */
export const COMPLETED: readonly Step[] = [{ phase: 'Importing', lasts: 0 }, { phase: 'Completed' }]

/** The course of an import that rests at 55%. */
export const HALFWAY: readonly Step[] = [{ phase: 'Importing', within: [0.5, 0.5] }]

/** A Milvus that asks for {@link API_KEY} and knows these jobs. */
export function aMilvus(jobs: readonly JobScript[], but: Pick<ServiceScript, 'gateway'> = {}): ServiceScript {
  return { dialect: 'milvus', version: '2.6', apiKey: API_KEY, jobs, ...but }
}

/** A whole run of the built action, and what both sides saw of it. */
export interface Gated extends Run {
  readonly requests: readonly SeenRequest[]
  /** The file that the output `reportPath` names. */
  readonly report: unknown
  /** The address of the service. */
  readonly host: string
}

/** How a run differs from one with the service's jobs, its key and its address. */
export interface GateOptions extends RunOptions {
  readonly wiring?: Wiring
}

/** Runs the built action as a step against a service of its own. An input that is empty counts as not given. */
export async function runGate(service: ServiceScript, options: GateOptions = {}): Promise<Gated> {
  const [run] = await runGates(service, [options])
  if (run === undefined) throw new Error('There is no run.')
  return run
}

/** Runs the built action as several steps, one after the other, against one service; each has all requests so far. */
export async function runGates(service: ServiceScript, steps: readonly GateOptions[]): Promise<readonly Gated[]> {
  const simulator = await startSimulator(service, steps[0]?.wiring)
  const runs: Gated[] = []
  try {
    for (const { inputs = {}, ...others } of steps) {
      const run = await runAction({
        ...others,
        inputs: {
          'job-id': service.jobs.map(({ jobId }) => jobId).join(' '),
          'api-key': service.apiKey ?? '',
          endpoint: simulator.url,
          ...inputs,
        },
      })
      const requests = [...simulator.requests]
      runs.push({ ...run, requests, report: reportOf(run), host: new URL(simulator.url).host })
    }
    return runs
  } finally {
    await simulator.close()
  }
}

/** The report of a run; undefined where there is none. */
export function reportOf({ outputs }: Run): unknown {
  const { reportPath = '' } = outputs
  return reportPath === '' ? undefined : JSON.parse(readFileSync(reportPath, 'utf8'))
}

/** The built action in a process that runs some code of its own first, from a script below `folder`. */
export function actionAfter(code: string, folder: string): Pick<RunOptions, 'script' | 'manifest'> {
  const manifest = 'action.yml'
  const entry = pathToFileURL(resolve(loadManifest(manifest).main)).href
  const script = join(mkdtempSync(join(folder, 'entry-')), 'index.mjs')
  writeFileSync(script, `${code}\nawait import(${JSON.stringify(entry)})`)
  return { script, manifest }
}
