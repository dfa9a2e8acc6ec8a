import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AnnotationType } from './annotations.ts'
import type { Command } from './commands.ts'
import { fold, trim } from './dotnet.ts'
import type { Step } from './step.ts'

/** What the commands of a step act upon. */
export interface CommandSession {
  readonly step: Step
  /** Relative paths start here. */
  readonly workspace: string
  /** Owners of problem matchers. They are only remembered: this runner matches no lines. */
  readonly matchers: Set<string>
  /** Whether commands appear in the log as they were written. */
  echo: boolean
}

/** What a command does; throws where the runner calls the command failed. */
export type Handler = (command: Command, session: CommandSession) => void

/**
 * Every command that the runner obeys but `stop-commands`, under its folded name.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/ExtensionManager.cs#L42-L58
 */
export const HANDLERS: ReadonlyMap<string, Handler> = new Map(
  Object.entries({
    error: annotate('error'),
    warning: annotate('warning'),
    notice: annotate('notice'),
    debug,
    'add-mask': addMask,
    'set-output': setOutput,
    'save-state': saveState,
    'set-env': refuse,
    'add-path': refuse,
    group,
    endgroup,
    echo,
    'add-matcher': addMatcher,
    'remove-matcher': removeMatcher,
  } satisfies Record<string, Handler>).map(([name, handler]) => [fold(name), handler]),
)

// Those with OmitEcho in https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L420-L648
const NEVER_ECHOED = new Set(['error', 'warning', 'notice', 'debug', 'add-mask'].map(fold))

/** Whether echoing, where it is on, shows commands of this folded name. */
export function isEchoed(name: string): boolean {
  return !NEVER_ECHOED.has(name)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L644-L714 */
function annotate(type: AnnotationType): Handler {
  return ({ data, properties }, { step }) => {
    step.issue(type, data, properties)
  }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L617-L620 */
function debug({ data }: Command, { step }: CommandSession): void {
  step.debug(data)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L427-L450 */
function addMask({ data }: Command, { step, echo }: CommandSession): void {
  if (trim(data) === '') {
    step.issue('warning', "Can't add secret mask for empty string in ##[add-mask] command.")
    return
  }
  if (echo) step.output('::add-mask::***')
  step.masker.add(data)
  step.masker.addLines(data)
}

/**
 * Deprecated, and still obeyed.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L315-L353
 */
function setOutput(command: Command, { step }: CommandSession): void {
  warnOfDeprecation(step, 'set-output')
  const name = requiredName(command)
  step.setOutput(name, command.data)
  step.debug(`steps.${name}='${command.data}'`)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L368-L412 */
function saveState(command: Command, { step }: CommandSession): void {
  warnOfDeprecation(step, 'save-state')
  const name = requiredName(command)
  step.state.set(name, command.data)
  step.debug(`Save intra-action state ${name} = ${command.data}`)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/Constants.cs#L234 */
function warnOfDeprecation(step: Step, name: string): void {
  step.issue('warning', `The \`${name}\` command is deprecated and will be disabled soon.`)
}

function requiredName({ name, properties }: Command): string {
  const required = properties.get('name')
  if (required === undefined) throw new Error(`Required field 'name' is missing in ##[${name}] command.`)
  return required
}

/**
 * `set-env` and `add-path` are disabled, and to try is an error.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L241-L260
 */
function refuse({ name }: Command): void {
  throw new Error(`The \`${name}\` command is disabled. Please upgrade to using Environment Files.`)
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L795-L807 */
function group({ data }: Command, { step }: CommandSession): void {
  step.groups.push(step.masker.mask(data))
  step.output('##[group]' + data)
}

function endgroup(_command: Command, { step }: CommandSession): void {
  step.output('##[endgroup]')
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L816-L833 */
function echo({ data }: Command, session: CommandSession): void {
  const value = fold(trim(data))
  if (value !== 'ON' && value !== 'OFF') {
    throw new Error(`Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${data}'.`)
  }
  session.echo = value === 'ON'
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L502-L539 */
function addMatcher({ data }: Command, { step, workspace, matchers }: CommandSession): void {
  if (data === '') {
    step.issue('warning', 'File path must be specified.')
    return
  }
  for (const owner of matcherOwners(resolve(workspace, data))) matchers.add(fold(owner))
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L549-L602 */
function removeMatcher({ data, properties }: Command, { step, workspace, matchers }: CommandSession): void {
  const owner = properties.get('owner') ?? ''
  if ((owner === '') === (data === '')) {
    step.issue('warning', 'Either an owner name or a file path must be specified in ##[remove-matcher] command.')
    return
  }
  for (const gone of owner === '' ? matcherOwners(resolve(workspace, data)) : [owner]) matchers.delete(fold(gone))
}

function matcherOwners(file: string): string[] {
  const config = JSON.parse(readFileSync(file, 'utf8')) as { problemMatcher?: { owner: string }[] } | null
  return (config?.problemMatcher ?? []).map((matcher) => matcher.owner)
}
