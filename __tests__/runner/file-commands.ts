import { readFileSync } from 'node:fs'
import { decodeUtf8, fold, linesOf } from './dotnet.ts'
import type { Step } from './step.ts'

/** The files through which a step speaks to the runner, each with the suffix of its variable (`GITHUB_…`). */
export const FILE_COMMANDS = ['path', 'env', 'step_summary', 'state', 'output'] as const

/** One of the files through which a step speaks to the runner. */
export type FileCommand = (typeof FILE_COMMANDS)[number]

/** What became of the step's summary. */
export type Summary =
  | { readonly dropped: false; readonly text: string }
  | { readonly dropped: true; readonly text: ''; readonly error: string }

/**
 * Reads the files of a step that has ended, however it ended. One that cannot be read fails the step, and what it said up to
 * there stands.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L75-L90
 */
export function processFiles(step: Step, paths: Readonly<Record<FileCommand, string>>): Summary {
  let summary: Summary = { dropped: false, text: '' }
  const readers: Record<FileCommand, (bytes: Buffer) => void> = {
    path: (bytes) => {
      readPath(step, bytes)
    },
    env: (bytes) => {
      readEnv(step, bytes)
    },
    step_summary: (bytes) => {
      summary = readSummary(step, bytes)
    },
    state: (bytes) => {
      readState(step, bytes)
    },
    output: (bytes) => {
      readOutputs(step, bytes)
    },
  }
  for (const name of FILE_COMMANDS) {
    try {
      const bytes = readIfThere(paths[name])
      if (bytes !== undefined) readers[name](bytes)
    } catch (error) {
      step.commandFailed(`Unable to process file command '${name}' successfully.`, error)
    }
  }
  return summary
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function readPath(step: Step, bytes: Buffer): void {
  for (const line of linesOf(bytes)) {
    if (line !== '') step.prependPath(line)
  }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L167-L196 */
function readEnv(step: Step, bytes: Buffer): void {
  for (const [name, value] of parsePairs(decodeUtf8(bytes))) {
    if (fold(name) === 'NODE_OPTIONS') {
      step.issue('error', "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
    } else {
      step.setEnv(name, value)
    }
  }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L302-L325 */
function readState(step: Step, bytes: Buffer): void {
  for (const [name, value] of parsePairs(decodeUtf8(bytes))) {
    step.state.set(name, value)
    step.debug(`Save intra-action state ${name} = ${value}`)
  }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L335-L350 */
function readOutputs(step: Step, bytes: Buffer): void {
  for (const [name, value] of parsePairs(decodeUtf8(bytes))) {
    step.setOutput(name, value)
    step.debug(`Set output ${name} = ${value}`)
  }
}

const LARGEST_SUMMARY_BYTES = 1024 * 1024

/**
 * The size is that of the file, before masking. Too large a summary is dropped as a whole, with an error but without failing
 * the step; any other is masked line by line.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L230-L267
 */
function readSummary(step: Step, bytes: Buffer): Summary {
  if (bytes.length > LARGEST_SUMMARY_BYTES) {
    const error = `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.floor(bytes.length / 1024)}k.`
    step.issue('error', error)
    return { dropped: true, text: '', error }
  }
  return {
    dropped: false,
    text: linesOf(bytes)
      .map((line) => step.masker.mask(line) + '\n')
      .join(''),
  }
}

/**
 * The pairs of a file of `name=value` lines and `name<<DELIMITER` blocks, one by one, so that those before an error count. On
 * Linux and macOS only a line feed ends a line; a carriage return belongs to the value.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L364-L446
 */
export function* parsePairs(text: string): Generator<readonly [name: string, value: string]> {
  for (let start = 0; start < text.length;) {
    const line = lineAt(text, start)
    start = line.next
    if (line.text === '') continue
    const equals = line.text.indexOf('=')
    const heredoc = line.text.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      yield [line.text.slice(0, equals), line.text.slice(equals + 1)]
    } else if (heredoc >= 0) {
      const name = line.text.slice(0, heredoc)
      const delimiter = line.text.slice(heredoc + 2)
      if (name === '' || delimiter === '') {
        throw new Error(`Invalid format '${line.text}'. Name must not be empty and delimiter must not be empty`)
      }
      const block = blockAt(text, start, delimiter)
      yield [name, block.value]
      start = block.next
    } else {
      throw new Error(`Invalid format '${line.text}'`)
    }
  }
}

function lineAt(text: string, start: number): { text: string; next: number; ended: boolean } {
  const end = text.indexOf('\n', start)
  return end < 0
    ? { text: text.slice(start), next: text.length, ended: false }
    : { text: text.slice(start, end), next: end + 1, ended: true }
}

/** https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/FileCommandManager.cs#L415-L434 */
function blockAt(text: string, blockStart: number, delimiter: string): { value: string; next: number } {
  for (let start = blockStart; start < text.length;) {
    const line = lineAt(text, start)
    if (line.text === delimiter) {
      return { value: text.slice(blockStart, Math.max(blockStart, start - 1)), next: line.next }
    }
    if (!line.ended) throw new Error('Invalid value. EOF marker missing new line.')
    start = line.next
  }
  throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
}
