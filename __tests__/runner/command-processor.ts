import { type CommandSession, HANDLERS, isEchoed } from './command-handlers.ts'
import { type Command, parseCommand } from './commands.ts'
import { fold } from './dotnet.ts'
import type { Step } from './step.ts'

/** An error that the runner does not turn into a failed command: the step breaks off there and then. */
export class StepBroken extends Error {}

/**
 * What the runner does with each line that a step prints, on either stream.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/OutputManager.cs#L77-L169
 */
export class CommandProcessor {
  readonly #session: CommandSession
  readonly #registered = new Set([...HANDLERS.keys(), STOP_COMMANDS])
  #stopToken: string | undefined

  constructor(step: Step, options: { readonly workspace: string; readonly debug: boolean }) {
    // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L1083
    this.#session = { step, workspace: options.workspace, echo: options.debug, matchers: new Set() }
  }

  /** Takes a line in: obeys the command in it, or logs it. Throws {@link StepBroken} where the runner would. */
  process(line: string): void {
    if (!this.#tryCommand(line)) this.#session.step.output(disarm(line))
  }

  /** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L61-L154 */
  #tryCommand(line: string): boolean {
    const command = parseCommand(line, this.#registered)
    if (command === undefined) return false
    const name = fold(command.name)
    if (this.#stopToken !== undefined) {
      if (name !== fold(this.#stopToken)) return false
      this.#resume(line, this.#stopToken)
      return true
    }
    this.#session.step.commands.push(command)
    if (name === STOP_COMMANDS) this.#stop(line, command.data)
    else this.#obey(line, command)
    return true
  }

  #obey(line: string, command: Command): void {
    const name = fold(command.name)
    const { step } = this.#session
    if (this.#session.echo && isEchoed(name)) step.output(line)
    try {
      HANDLERS.get(name)?.(command, this.#session)
    } catch (error) {
      step.commandFailed(`Unable to process command '${isEchoed(name) ? line : command.name}' successfully.`, error)
    }
  }

  /**
   * A bad token is an error outside of the guard around commands, so it ends the step.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L109-L124
   */
  #stop(line: string, token: string): void {
    if (token === '' || this.#registered.has(fold(token)) || fold(token) === PAUSE_LOGGING) {
      // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Common/Constants.cs#L236
      throw new StepBroken(
        "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command.",
      )
    }
    this.#stopToken = token
    this.#registered.add(fold(token))
    if (token.length > 6) this.#session.step.masker.add(token)
    this.#session.step.output(line)
  }

  #resume(line: string, token: string): void {
    this.#session.step.output(line)
    this.#registered.delete(fold(token))
    this.#stopToken = undefined
  }
}

const STOP_COMMANDS = fold('stop-commands')
const PAUSE_LOGGING = fold('pause-logging')

/**
 * Markers of the runner's own lose their meaning in what a step prints.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/Handlers/OutputManager.cs#L93-L99
 */
function disarm(line: string): string {
  return line.replaceAll('##[start-action', '##[\\start-action').replaceAll('##[end-action', '##[\\end-action')
}
