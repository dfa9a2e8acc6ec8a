import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { inputVariable } from '../runner/environment.ts'
import { startSimulator } from '../simulator/server.ts'
import { aMilvus, anImport, API_KEY, COMPLETED, JOB_ID } from '../support/gating.ts'
import { median, table, times } from './table.ts'

const ROUNDS = 20
const SDK = '@zilliz/milvus2-sdk-node'
const entryPath = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
const bundlePath = fileURLToPath(new URL('../../dist/action.js', import.meta.url))
const modulesPath = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A way to wait for an import. */
interface Contender {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What one whole process takes, from its start to its end; the memory of processes that are not Node is not measured. */
interface Cost {
  readonly timeMs: number
  readonly peakMemoryBytes: number | undefined
}

/** Those that can run here, the measure of all others first; the rest is skipped with a word. */
function contenders(endpoint: string, temp: string): readonly Contender[] {
  const node = (name: string, script: string, env: Readonly<Record<string, string>> = {}): Contender => ({
    name,
    command: process.execPath,
    args: [script],
    env,
  })
  const written = (file: string, text: string) => {
    const path = join(temp, file)
    writeFileSync(path, text)
    return path
  }
  const inputs = { endpoint, 'api-key': API_KEY, 'job-id': JOB_ID }
  const env = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [inputVariable(name), value]))
  return [
    node('an empty script', written('empty.mjs', '')),
    ...floors(endpoint).map(({ name, code }, i) => node(name, bundled(code, join(temp, `floor-${i}`)))),
    node('the gate', entryPath, { ...env, RUNNER_TEMP: temp }),
    ...(has('curl') && has('jq')
      ? [{ name: 'curl and jq', command: 'sh', args: [written('loop.sh', shellLoop(endpoint))], env: {} }]
      : skipped('curl and jq', 'they are not both installed')),
    ...(installed(SDK, temp)
      ? [node("the Node SDK's HTTP client", written('sdk.mjs', sdkLoop(endpoint)))]
      : skipped(SDK, 'npm could not install it')),
  ]
}

/** What the gate cannot go below with the packages that it uses, each imported as a whole: one step more in every script. */
function floors(endpoint: string): readonly { readonly name: string; readonly code: string }[] {
  const undici = `import { EnvHttpProxyAgent } from 'undici'`
  const core = `import * as core from '@actions/core'`
  const request = `core.setSecret('${API_KEY}')
const agent = new EnvHttpProxyAgent()
const { body } = await agent.request({
  origin: '${endpoint}',
  path: '/v2/vectordb/jobs/import/describe',
  method: 'POST',
  headers: { Authorization: 'Bearer ${API_KEY}', 'Content-Type': 'application/json' },
  body: '{"jobId": "${JOB_ID}"}',
})
const { data } = await body.json()
if (data.state !== 'Completed') process.exitCode = 1
await agent.destroy()`
  return [
    { name: 'undici alone', code: undici },
    { name: 'undici and @actions/core', code: `${undici}\n${core}` },
    { name: 'both, one mask and one request', code: `${undici}\n${core}\n${request}` },
  ]
}

/** The path of a script that was bundled as the gate is. */
function bundled(code: string, folder: string): string {
  mkdirSync(folder)
  symlinkSync(modulesPath, join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'index.js'), `${code}\n`)
  const ncc = join(modulesPath, '@vercel/ncc/dist/ncc/cli.js')
  const built = spawnSync(process.execPath, [ncc, 'build', 'index.js', '-o', 'dist'], { cwd: folder, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`ncc failed:\n${built.stdout}${built.stderr}`)
  return join(folder, 'dist', 'index.js')
}

function shellLoop(endpoint: string): string {
  return `until [ "$(curl -s -X POST '${endpoint}/v2/vectordb/jobs/import/describe' \\
  -H 'Authorization: Bearer ${API_KEY}' -H 'Content-Type: application/json' \\
  -d '{"jobId": "${JOB_ID}"}' | jq -r .data.state)" = Completed ]; do sleep 5; done\n`
}

function sdkLoop(endpoint: string): string {
  return `import { HttpClient } from '${SDK}'
const client = new HttpClient({ endpoint: '${endpoint}', token: '${API_KEY}' })
for (;;) {
  const { data } = await client.getImportJobProgress({ jobId: '${JOB_ID}' })
  if (data.state === 'Completed') break
  await new Promise((resolve) => setTimeout(resolve, 5_000))
}
`
}

function has(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Into a folder that goes again: nobody who builds the action needs it. */
function installed(name: string, folder: string): boolean {
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', name]
  return spawnSync('npm', args, { cwd: folder, stdio: 'ignore', shell: process.platform === 'win32' }).status === 0
}

function skipped(name: string, why: string): readonly Contender[] {
  console.error(`Without ${name}: ${why}.`)
  return []
}

/** Median costs, in turn so that a busy machine is unfair to none. */
async function measure(all: readonly Contender[], temp: string): Promise<readonly Cost[]> {
  // In runs of its own, since the module itself takes time and memory.
  const probe = join(temp, 'probe.mjs')
  writeFileSync(
    probe,
    `import { writeSync } from 'node:fs'
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)))`,
  )
  const times = all.map((): number[] => [])
  const peaks = all.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, contender] of all.entries()) {
      times[i]?.push((await run(contender)).timeMs)
      if (contender.command !== process.execPath) continue
      const probed = await run({ ...contender, args: ['--import', probe, ...contender.args] })
      peaks[i]?.push(Number(probed.told) * 1024)
    }
  }
  return all.map((_, i) => ({
    timeMs: median(times[i] ?? []),
    peakMemoryBytes: peaks[i]?.length === 0 ? undefined : median(peaks[i] ?? []),
  }))
}

/** One whole process that has to end well; `told` is what it wrote to its file descriptor 3. */
function run({ name, command, args, env }: Contender): Promise<{ readonly timeMs: number; readonly told: string }> {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now()
    const child = spawn(command, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const said = child.stdio.map(() => '')
    for (const [i, stream] of child.stdio.entries()) {
      stream?.on('data', (chunk: Buffer) => {
        said[i] = (said[i] ?? '') + chunk.toString()
      })
    }
    child.once('error', reject).once('close', (code) => {
      const [, stdout = '', stderr = '', told = ''] = said
      if (code === 0) resolve({ timeMs: performance.now() - startedAtMs, told })
      else reject(new Error(`${name} ended with ${code ?? 'a signal'}:\n${stdout}${stderr}`))
    })
  })
}

function costTable(all: readonly Contender[], costs: readonly Cost[]): string {
  const [empty] = costs
  const rows = all.map(({ name }, i) => {
    const { timeMs, peakMemoryBytes } = costs[i] ?? { timeMs: NaN, peakMemoryBytes: undefined }
    return [
      name,
      `${Math.round(timeMs)} ms`,
      times(timeMs / (empty?.timeMs ?? NaN)),
      peakMemoryBytes === undefined ? '–' : `${Math.round(peakMemoryBytes / 1_000_000)} MB`,
      times((peakMemoryBytes ?? NaN) / (empty?.peakMemoryBytes ?? NaN)),
    ]
  })
  return table(['for a job that is Completed', 'whole process', 'ratio', 'peak memory', 'ratio'], rows)
}

const temp = mkdtempSync(join(tmpdir(), 'milvus-import-gate-bench-'))
const service = await startSimulator(aMilvus([anImport(COMPLETED)]))
try {
  const all = contenders(service.url, temp)
  const bundle = readFileSync(bundlePath)
  const kilobytes = ({ length }: Buffer) => `${Math.round(length / 1_000)} kB`
  console.log(costTable(all, await measure(all, temp)))
  console.log(`\nMedian of ${ROUNDS}; Node ${process.versions.node}, ${process.platform} ${process.arch}.`)
  console.log(`\`dist/action.js\`: ${kilobytes(bundle)}, ${kilobytes(gzipSync(bundle))} with gzip.`)
} finally {
  await service.close()
  rmSync(temp, { recursive: true })
}
