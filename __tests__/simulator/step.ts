import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'

/** What a step gets and where its log goes. */
export interface StepOrder {
  /** The script that `runs.main` of action.yml names. */
  readonly entry: string
  /** Every input that action.yml declares, defaults filled in. */
  readonly inputs: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  readonly onLine: (line: string) => void
}

/** What a step leaves behind. */
export interface StepResult {
  readonly exitStatus: number
  readonly outputs: ReadonlyMap<string, string>
  readonly summaryPath: string
}

/** The inputs that an action.yml declares, with their defaults; an expression, which only GitHub can evaluate, is empty. */
export function declaredInputs(actionYaml: string): Readonly<Record<string, string>> {
  const { inputs = {} } = parse(actionYaml) as {
    inputs?: Record<string, { default?: string | number | boolean } | null>
  }
  const defaultOf = (name: string) => String(inputs[name]?.default ?? '').replace(/^\$\{\{.*\}\}$/s, '')
  return Object.fromEntries(Object.keys(inputs).map((name) => [name, defaultOf(name)]))
}

/** Runs a script as a step of a workflow: inputs and files by environment variables, nothing on standard input. */
export async function runStep({ entry, inputs, environment = {}, onLine }: StepOrder): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'milvus-import-gate-'))
  const temp = join(folder, 'temp')
  mkdirSync(temp)
  const outputPath = join(folder, 'outputs')
  const summaryPath = join(folder, 'summary.md')
  for (const path of [outputPath, summaryPath]) writeFileSync(path, '')

  const child = spawn(process.execPath, [entry], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutRunner(process.env),
      ...inputVariables(inputs),
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: process.cwd(),
      GITHUB_OUTPUT: outputPath,
      GITHUB_STEP_SUMMARY: summaryPath,
      RUNNER_TEMP: temp,
      ...environment,
    },
  })
  // Ctrl-C reaches the child by itself, since it shares the terminal; here it must only not end the parent first.
  const stay = () => undefined
  const passOn = () => child.kill('SIGTERM')
  process.on('SIGINT', stay).on('SIGTERM', passOn)
  try {
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine)
    const exitStatus = await new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('close', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
      })
    })
    return { exitStatus, outputs: parseOutputs(readFileSync(outputPath, 'utf8')), summaryPath }
  } finally {
    process.off('SIGINT', stay).off('SIGTERM', passOn)
  }
}

/** Reads a `GITHUB_OUTPUT` file: `name=value`, or `name<<delimiter`, lines, delimiter. */
export function parseOutputs(text: string): ReadonlyMap<string, string> {
  const outputs = new Map<string, string>()
  const lines = text.split(/\r?\n/).values()
  for (const line of lines) {
    const [, name = '', mark, rest = ''] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? []
    if (mark === '=') outputs.set(name, rest)
    if (mark === '<<') outputs.set(name, readUntil(rest, lines))
  }
  return outputs
}

function readUntil(delimiter: string, lines: Iterator<string>) {
  const value: string[] = []
  for (let next = lines.next(); !next.done && next.value !== delimiter; next = lines.next()) value.push(next.value)
  return value.join('\n')
}

/** https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/Handler.cs, AddInputsToEnvironment */
function inputVariables(inputs: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  )
}

function withoutRunner(environment: NodeJS.ProcessEnv) {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(GITHUB|INPUT|RUNNER|ACTIONS)_/.test(name)),
  )
}
