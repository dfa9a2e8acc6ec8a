import { Annotations, type AnnotationType } from './annotations.ts'
import type { Command } from './commands.ts'
import { NameMap } from './dotnet.ts'
import type { Masker } from './masking.ts'

const COLOURS = /\u001b\[[\d;]*m/g

/** What a running step has told the runner so far. */
export class Step {
  readonly masker: Masker
  readonly annotations: Annotations
  readonly log: string[] = []
  readonly debugLines: string[] = []
  readonly groups: string[] = []
  readonly commands: Command[] = []
  readonly commandErrors: string[] = []
  // Names of outputs and of states differ by more than case, names of environment variables do not have to.
  // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/DTPipelines/Pipelines/ContextData/DictionaryContextData.cs#L71-L77
  readonly outputs = new NameMap()
  readonly state = new NameMap()
  readonly env = new Map<string, string>()
  readonly path: string[] = []
  readonly #debug: boolean
  readonly #onLine: (line: string) => void

  constructor(masker: Masker, debug: boolean, onLine: (line: string) => void) {
    this.masker = masker
    this.annotations = new Annotations(masker)
    this.#debug = debug
    this.#onLine = onLine
  }

  /** Whether a command went wrong, which fails the step whatever its exit code. */
  get hasCommandErrors(): boolean {
    return this.commandErrors.length > 0
  }

  /**
   * Writes to the log, masked. The page of a run shows the colors in place of their codes.
   * https://github.com/actions/toolkit/blob/main/packages/core/README.md#styling-output
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L1099-L1120
   */
  output(text: string): void {
    const line = this.masker.mask(text).replace(COLOURS, '')
    this.log.push(line)
    this.#onLine(line)
  }

  /**
   * Writes to the log, line by line, where debug logging is on.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L1523-L1536
   */
  debug(text: string): void {
    if (!this.#debug) return
    for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
      this.debugLines.push(this.masker.mask(line))
      this.output('##[debug]' + line)
    }
  }

  /** Annotates the step and, unless the message is empty, writes it to the log. */
  issue(type: AnnotationType, message: string, properties?: NameMap): void {
    const shown = this.annotations.add(type, message, properties)
    if (shown !== '') this.output(`##[${type}]${shown}`)
  }

  /**
   * Notes that a command went wrong: two error annotations, and the step will fail.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionCommandManager.cs#L137-L143
   */
  commandFailed(headline: string, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.issue('error', headline)
    this.issue('error', reason)
    this.commandErrors.push(this.masker.mask(`${headline} ${reason}`))
  }

  /**
   * Prepends a folder to the path of later steps; one named again moves to the end of the list, so that it comes first.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L138-L155
   */
  prependPath(folder: string): void {
    const known = this.path.indexOf(folder)
    if (known >= 0) this.path.splice(known, 1)
    this.path.push(folder)
  }

  /**
   * An output without a name is an error.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L700-L714
   */
  setOutput(name: string, value: string): void {
    if (name === '') throw new Error("Value cannot be null. (Parameter 'name')")
    this.outputs.set(name, value)
  }

  /**
   * So is an environment variable, but the value is stored before that shows.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L198-L213
   */
  setEnv(name: string, value: string): void {
    this.env.set(name, value)
    if (name === '') throw new Error("Value cannot be null. (Parameter 'name')")
    this.debug(`${name}='${value}'`)
  }
}
