import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Annotation } from './annotations.ts'
import { type Child, type Ending, type Patience, RUNNER_PATIENCE, startChild } from './child.ts'
import { CommandProcessor, StepBroken } from './command-processor.ts'
import type { Command } from './commands.ts'
import { stepEnvironment } from './environment.ts'
import { FILE_COMMANDS, type FileCommand, processFiles, type Summary } from './file-commands.ts'
import { jobOutputs, type JobOutputs } from './job-outputs.ts'
import { type Contexts, loadManifest, stepInputs, unexpectedInputs } from './manifest.ts'
import { Masker } from './masking.ts'
import { Step } from './step.ts'

/** What `${{ github.token }}` stands for unless a test says otherwise. */
export const GITHUB_TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'

/** What ends a step from outside: a cancelled run, `timeout-minutes`, or the machine (SIGKILL out of the blue). */
export interface Interruption {
  readonly kind: 'cancel' | 'timeout' | 'kill'
  /** So many milliseconds after the start, at the first line of the log that fits, or when a promise settles. */
  readonly when: number | RegExp | ((line: string) => boolean) | Promise<unknown>
}

/** A step of a workflow, and the machine it runs on. All but the inputs have a default. */
export interface RunOptions {
  /** `with:` of the step. */
  readonly inputs?: Readonly<Record<string, string>>
  /** `env:` of the step; also the place for variables of the machine such as those for a proxy. */
  readonly env?: Readonly<Record<string, string>>
  /** Values of `secrets.*`, which are hidden from the log from the start. */
  readonly secrets?: readonly string[]
  /** Path of the action.yml that declares inputs, defaults and the script; by default the one in the working directory. */
  readonly manifest?: string
  /** Path of a script to run instead of the action's, without any declared inputs unless a manifest is given too. */
  readonly script?: string
  /** Entries of the `github` context, such as `sha`, `repository`, `event_name`, `api_url` or `token`. */
  readonly github?: Readonly<Record<string, string>>
  /** The payload of the event that started the workflow. */
  readonly event?: unknown
  /** Debug logging, as `ACTIONS_STEP_DEBUG` turns it on. */
  readonly debug?: boolean
  readonly workspace?: string
  readonly node?: string
  readonly interruption?: Interruption
  /** The post step runs too, as it does at the end of a job. */
  readonly post?: boolean
  /** The waits of the runner, to be shortened in tests. */
  readonly patience?: Partial<Patience>
  /** Told every line as soon as the log has it. */
  readonly onLine?: (line: string) => void
}

/** How the step ended, as `steps.<id>.outcome` has it. */
export type Outcome = 'success' | 'failure' | 'cancelled'

/** All that the runner and the people who poll a run get from a step. */
export interface Run extends Ending {
  readonly outcome: Outcome
  /** What the log shows before the step's own lines: its inputs and environment. */
  readonly header: readonly string[]
  /** The log of the step itself, masked. A message of several lines is one entry. */
  readonly log: readonly string[]
  readonly debugLines: readonly string[]
  readonly groups: readonly string[]
  /** Every command that was obeyed or tried, wanted or forged. */
  readonly commands: readonly Command[]
  /** Commands and files that went wrong, which fails the step. */
  readonly commandErrors: readonly string[]
  readonly annotations: readonly Annotation[]
  /** Annotations beyond the tenth of their type. */
  readonly droppedAnnotations: readonly Annotation[]
  /** Values registered for masking, the job's secrets first. */
  readonly masks: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  readonly jobOutputs: JobOutputs
  readonly state: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly path: readonly string[]
  readonly summary: Summary
  /** Signals that the runner sent, in order. */
  readonly signalsSent: readonly NodeJS.Signals[]
  /** From the interruption to the end of the process. */
  readonly interruptedForMs: number | undefined
  /** What the post step did, where it was asked for and there is one. */
  readonly post: PostRun | undefined
  /** `RUNNER_TEMP` of the step; it stays until {@link removeRunnerFolders}. */
  readonly runnerTemp: string
}

/** All that a post step leaves. */
export interface PostRun extends Ending {
  readonly log: readonly string[]
  readonly annotations: readonly Annotation[]
  readonly commandErrors: readonly string[]
}

const folders: string[] = []

/** Removes what runs have left on disk; to be called after the last test of a file. */
export function removeRunnerFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Runs a node action as the GitHub Actions runner does on Linux, and tells everything that came of it. */
export async function runAction(options: RunOptions = {}): Promise<Run> {
  const { inputs: given = {}, env = {}, secrets = [], debug = false, patience = {} } = options
  const place = preparePlace(options)
  const contexts = makeContexts(options, place)
  const action = loadAction(options)
  const inputs = stepInputs(given, action.defaults, contexts)

  const masker = new Masker()
  // The job's token is one of its secrets: https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L1025-L1030
  for (const secret of [...secrets, contexts.github.token ?? '']) masker.addSecret(secret)

  const shownHeader = header(inputs, env).map((line) => masker.mask(line))
  const listeners: ((line: string) => void)[] = options.onLine === undefined ? [] : [options.onLine]
  const step = new Step(masker, debug, (line) => {
    for (const listener of listeners) listener(line)
  })
  const warning = action.declares ? unexpectedInputs(given, action.defaults) : undefined
  if (warning !== undefined) step.issue('warning', warning)

  const processor = new CommandProcessor(step, { workspace: place.workspace, debug })
  let broken: StepBroken | undefined
  const child = startChild({
    node: options.node ?? process.execPath,
    script: action.main,
    workingDirectory: place.workspace,
    environment: stepEnvironment({ host: process.env, env, inputs, contexts }),
    patience: { ...RUNNER_PATIENCE, ...patience },
    onLine: (line) => {
      if (broken !== undefined) return
      try {
        processor.process(line)
      } catch (error) {
        if (!(error instanceof StepBroken)) throw error
        // The runner would leave the process behind; nobody wants that of a test.
        broken = error
        child.kill()
      }
    },
  })
  const interruption = interrupt(child, options.interruption, listeners)
  const ending = await child.ended.finally(interruption.stop)
  const interrupted = interruption.stop()

  const summary = processFiles(step, place.files)
  const outcome = conclude(step, ending, broken, interrupted?.kind)
  const outputs = step.outputs.toRecord()
  const state = step.state.toRecord()
  const post =
    options.post === true && action.post !== undefined
      ? await runPost(action.post, { options, place, contexts, inputs, masker, state })
      : undefined
  return {
    ...ending,
    outcome,
    header: shownHeader,
    log: step.log,
    debugLines: step.debugLines,
    groups: step.groups,
    commands: step.commands,
    commandErrors: step.commandErrors,
    annotations: step.annotations.kept,
    droppedAnnotations: step.annotations.dropped,
    masks: masker.values,
    outputs,
    jobOutputs: jobOutputs(outputs, masker),
    state,
    env: Object.fromEntries(step.env),
    path: step.path,
    summary,
    signalsSent: interrupted?.signals ?? [],
    interruptedForMs: interrupted?.lastedMs,
    post,
    runnerTemp: place.temp,
  }
}

interface PostParts {
  readonly options: RunOptions
  readonly place: Place
  readonly contexts: Contexts
  readonly inputs: ReadonlyMap<string, string>
  readonly masker: Masker
  readonly state: Readonly<Record<string, string>>
}

/**
 * Runs the post step: the same inputs, files of its own, and what the main step has saved.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionRunner.cs#L113-L137
 */
async function runPost(script: string, parts: PostParts): Promise<PostRun> {
  const { options, place, contexts, inputs, masker, state } = parts
  const { env = {}, debug = false, patience = {} } = options
  const files = createFiles(dirname(place.files.state))
  const step = new Step(masker, debug, () => undefined)
  const processor = new CommandProcessor(step, { workspace: place.workspace, debug })
  const ending = await startChild({
    node: options.node ?? process.execPath,
    script,
    workingDirectory: place.workspace,
    environment: stepEnvironment({
      host: process.env,
      env,
      inputs,
      contexts: { ...contexts, github: { ...contexts.github, ...files } },
      state,
    }),
    patience: { ...RUNNER_PATIENCE, ...patience },
    onLine: (line) => {
      processor.process(line)
    },
  }).ended
  processFiles(step, files)
  return { ...ending, log: step.log, annotations: step.annotations.kept, commandErrors: step.commandErrors }
}

interface Place {
  readonly workspace: string
  readonly temp: string
  readonly eventPath: string
  readonly files: Readonly<Record<FileCommand, string>>
}

// https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L129-L330
const FILE_PREFIXES: Readonly<Record<FileCommand, string>> = {
  path: 'add_path_',
  env: 'set_env_',
  step_summary: 'step_summary_',
  state: 'save_state_',
  output: 'set_output_',
}

/** The folders and empty files that a step finds: https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L42-L73 */
function preparePlace(options: RunOptions): Place {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'))
  folders.push(folder)
  const workspace = options.workspace ?? join(folder, 'work')
  const temp = join(folder, '_temp')
  const commandFolder = join(temp, '_runner_file_commands')
  for (const needed of [workspace, commandFolder]) mkdirSync(needed, { recursive: true })
  const files = createFiles(commandFolder)
  const eventPath = join(temp, 'event.json')
  writeFileSync(eventPath, JSON.stringify(options.event ?? {}))
  return { workspace, temp, eventPath, files }
}

function createFiles(folder: string): Readonly<Record<FileCommand, string>> {
  const suffix = randomUUID()
  const files = Object.fromEntries(
    FILE_COMMANDS.map((name) => [name, join(folder, FILE_PREFIXES[name] + suffix)]),
  ) as Record<FileCommand, string>
  for (const path of Object.values(files)) writeFileSync(path, '')
  return files
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/JobRunner.cs#L160-L176 */
function makeContexts(options: RunOptions, place: Place): Contexts {
  return {
    github: {
      action: '__self',
      actor: 'octocat',
      actor_id: '583231',
      api_url: 'https://api.github.com',
      base_ref: '',
      event_name: 'push',
      graphql_url: 'https://api.github.com/graphql',
      head_ref: '',
      job: 'deploy',
      ref: 'refs/heads/main',
      ref_name: 'main',
      ref_protected: 'false',
      ref_type: 'branch',
      repository: 'octocat/hello-world',
      repository_id: '1296269',
      repository_owner: 'octocat',
      repository_owner_id: '583231',
      retention_days: '90',
      run_attempt: '1',
      run_id: '1658821493',
      run_number: '3',
      server_url: 'https://github.com',
      sha: 'ffac537e6cbbf934b08745a378932722df287a53',
      token: GITHUB_TOKEN,
      triggering_actor: 'octocat',
      workflow: 'Deploy',
      workflow_ref: 'octocat/hello-world/.github/workflows/deploy.yml@refs/heads/main',
      workflow_sha: 'ffac537e6cbbf934b08745a378932722df287a53',
      ...options.github,
      event_path: place.eventPath,
      workspace: place.workspace,
      ...place.files,
    },
    runner: {
      arch: 'X64',
      environment: 'github-hosted',
      name: 'GitHub Actions 1',
      os: 'Linux',
      temp: place.temp,
      tool_cache: join(place.temp, 'tools'),
      workspace: resolve(place.workspace, '..'),
      ...(options.debug === true ? { debug: '1' } : {}),
    },
  }
}

function loadAction(options: RunOptions): {
  main: string
  post: string | undefined
  defaults: ReadonlyMap<string, string>
  declares: boolean
} {
  if (options.manifest === undefined && options.script !== undefined) {
    return { main: options.script, post: undefined, defaults: new Map(), declares: false }
  }
  const { main, post, defaults } = loadManifest(options.manifest ?? 'action.yml')
  return { main: options.script ?? main, post, defaults, declares: true }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/Handler.cs#L143-L166 */
function header(inputs: ReadonlyMap<string, string>, env: Readonly<Record<string, string>>): string[] {
  const given = [...inputs].filter(([, value]) => value !== '').map(([name, value]) => `  ${name}: ${value}`)
  const variables = Object.entries(env).map(([name, value]) => `  ${name}: ${value}`)
  return [
    '##[group]Run ./',
    ...(inputs.size > 0 ? ['with:', ...given] : []),
    ...(variables.length > 0 ? ['env:', ...variables] : []),
    '##[endgroup]',
  ]
}

interface Interrupted {
  readonly kind: Interruption['kind']
  readonly lastedMs: number
  readonly signals: readonly NodeJS.Signals[]
}

/** Waits for the moment of an interruption; once stopped, tells whether it came. */
function interrupt(
  child: Child,
  interruption: Interruption | undefined,
  listeners: ((line: string) => void)[],
): { stop: () => Interrupted | undefined } {
  if (interruption === undefined) return { stop: () => undefined }
  const { kind, when } = interruption
  const signals: NodeJS.Signals[] = []
  let struckAtMs: number | undefined
  let endedAtMs: number | undefined
  const strike = (): void => {
    if (struckAtMs !== undefined || endedAtMs !== undefined) return
    struckAtMs = performance.now()
    if (kind === 'kill') child.kill()
    else void child.cancel((signal) => signals.push(signal))
  }
  let timer: NodeJS.Timeout | undefined
  if (typeof when === 'number') timer = setTimeout(strike, when)
  else if (when instanceof RegExp || typeof when === 'function') {
    const fits = when instanceof RegExp ? (line: string): boolean => when.test(line) : when
    listeners.push((line) => {
      if (fits(line)) strike()
    })
  } else void when.then(strike, strike)
  return {
    stop: () => {
      endedAtMs ??= performance.now()
      clearTimeout(timer)
      return struckAtMs === undefined ? undefined : { kind, lastedMs: endedAtMs - struckAtMs, signals }
    },
  }
}

/**
 * A cancelled step is cancelled whatever its exit code, a timed out one has failed; else the exit code counts, and what went
 * wrong with commands.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/StepsRunner.cs#L318-L351
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/NodeScriptActionHandler.cs#L187-L192
 */
function conclude(
  step: Step,
  ending: Ending,
  broken: StepBroken | undefined,
  interrupted: Interruption['kind'] | undefined,
): Outcome {
  if (broken !== undefined) {
    step.issue('error', broken.message)
    return 'failure'
  }
  switch (interrupted) {
    case 'cancel':
      step.issue('error', 'The operation was canceled.')
      return 'cancelled'
    case 'timeout':
      step.issue('error', "The action 'Run ./' has timed out after 1 minutes.")
      return 'failure'
    case 'kill':
    case undefined:
      return ending.exitCode === 0 && !step.hasCommandErrors ? 'success' : 'failure'
  }
}
