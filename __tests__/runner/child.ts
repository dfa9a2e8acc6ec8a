import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { LineReader } from './dotnet.ts'

/** How long the runner waits, in milliseconds. */
export interface Patience {
  /** After SIGINT. */
  readonly sigintMs: number
  /** After SIGTERM. */
  readonly sigtermMs: number
  /** After the process has ended, for streams that a descendant still holds open. */
  readonly streamsMs: number
}

/**
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L32-L33
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L485-L499
 */
export const RUNNER_PATIENCE: Patience = { sigintMs: 7500, sigtermMs: 2500, streamsMs: 5000 }

/** What is to be run. */
export interface ChildOptions {
  readonly node: string
  readonly script: string
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly patience: Patience
  /** Called with every line of either stream. */
  readonly onLine: (line: string) => void
}

/** How a process ended. */
export interface Ending {
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly rawStdout: string
  readonly rawStderr: string
}

/** A node process that runs under the runner. */
export interface Child {
  readonly pid: number | undefined
  /** Settles when the process and its streams have ended. Rejects if it never started. */
  readonly ended: Promise<Ending>
  /** SIGINT, SIGTERM, SIGKILL, each only if the one before was not heeded; reports each signal sent. */
  cancel: (onSignal: (signal: NodeJS.Signals) => void) => Promise<void>
  kill: () => void
}

/**
 * Starts a script as the runner does: streams are pipes, standard input is closed at once.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L226-L329
 */
export function startChild({ node, script, workingDirectory, environment, patience, onLine }: ChildOptions): Child {
  const child = spawn(node, [script], { cwd: workingDirectory, env: environment, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {
    // The child may be gone before its input is closed.
  })
  child.stdin.end()
  const stdout = collect(child.stdout, onLine)
  const stderr = collect(child.stderr, onLine)
  const ended = new Promise<Ending>((settle, reject) => {
    let stragglers: NodeJS.Timeout | undefined
    child.on('error', reject)
    child.on('exit', () => {
      stragglers = setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, patience.streamsMs)
    })
    child.on('close', (exitCode, signal) => {
      clearTimeout(stragglers)
      settle({
        exitCode: exitCode ?? undefined,
        signal: signal ?? undefined,
        rawStdout: stdout.finish(),
        rawStderr: stderr.finish(),
      })
    })
  })
  // Only the process itself is signalled, not its descendants.
  // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Sdk/ProcessInvoker.cs#L443-L465
  const cancel = async (onSignal: (signal: NodeJS.Signals) => void): Promise<void> => {
    for (const [signal, waitMs] of [
      ['SIGINT', patience.sigintMs],
      ['SIGTERM', patience.sigtermMs],
    ] as const) {
      onSignal(signal)
      child.kill(signal)
      if (await endsWithin(ended, waitMs)) return
    }
    onSignal('SIGKILL')
    child.kill('SIGKILL')
  }
  return {
    pid: child.pid,
    ended,
    cancel,
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** Cuts a stream into lines as they come, and keeps it whole. */
function collect(stream: Readable, onLine: (line: string) => void): { finish: () => string } {
  const chunks: Buffer[] = []
  const reader = new LineReader(onLine)
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    reader.push(chunk)
  })
  return {
    finish: () => {
      reader.end()
      return Buffer.concat(chunks).toString('utf8')
    },
  }
}

async function endsWithin(ended: Promise<unknown>, waitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, waitMs, false)
  })
  try {
    return await Promise.race([ended.then(() => true), tooLate])
  } finally {
    clearTimeout(timer)
  }
}
