import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { LineReader } from './dotnet.ts'
import { removeRunnerFolders, type Run, runAction, type RunOptions } from './runner.ts'
import { cases } from '../support/soak.ts'

let folder: string
let scripts = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'actions-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
  removeRunnerFolders()
})

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function run(code: string, options: RunOptions = {}): Promise<Run> {
  scripts += 1
  const script = write(`${scripts}.mjs`, `import fs from 'node:fs'\nconst { env } = process\n${code}`)
  return runAction({ script, ...options })
}

describe('the streams of a step', () => {
  it('both carry commands', async () => {
    const { outputs } = await run(`console.log('::set-output name=a::1'); console.error('##[set-output name=b]2')`)
    expect(outputs).toEqual({ a: '1', b: '2' })
  })

  it('are cut at a lone carriage return, so that a command may follow', async () => {
    const { outputs, log } = await run(String.raw`process.stdout.write('file\r::set-output name=a::1\r\nend')`)
    expect(outputs).toEqual({ a: '1' })
    expect(log).toContain('file')
    expect(log).toContain('end')
  })

  it('are pipes, and standard input is closed', async () => {
    const { log } = await run(`
      console.log(process.stdout.isTTY, process.stderr.isTTY, process.stdin.isTTY)
      console.log('input', fs.readFileSync(0).length)`)
    expect(log).toEqual(['undefined undefined undefined', 'input 0'])
  })

  it('never upset the runner, whatever the bytes', async () => {
    const marker = fc
      .constantFrom('##[', '::', ']', '\r', 'add-mask', 'stop-commands', 'set-env', 'group')
      .map((text) => Buffer.from(text))
    const bytes = fc
      .array(
        fc.oneof(
          marker,
          fc.uint8Array().map((array) => Buffer.from(array)),
        ),
      )
      .map((parts) => Buffer.concat(parts))
    await fc.assert(
      fc.asyncProperty(bytes, async (printed) => {
        const path = write('printed', printed.toString('latin1'))
        const { rawStdout } = await run(
          `process.stdout.write(Buffer.from(fs.readFileSync(${JSON.stringify(path)}, 'utf8'), 'latin1'))`,
        )
        expect(printed.toString('utf8').startsWith(rawStdout)).toBe(true)
      }),
      cases(8),
    )
  })

  it('are cut alike however the bytes arrive', () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '\r', '\n', '\r\n', '💥'))
      .map((parts) => Buffer.from(parts.join('')))
    fc.assert(
      fc.property(text, (bytes) => {
        const lines: string[] = []
        const reader = new LineReader((line) => lines.push(line))
        for (const byte of bytes) reader.push(Uint8Array.of(byte))
        reader.end()
        const expected = bytes.toString('utf8').split(/\r\n|\r|\n/)
        if (expected.at(-1) === '') expected.pop()
        expect(lines).toEqual(expected)
      }),
    )
  })
})

describe('the inputs and the environment', () => {
  const manifest = (): string =>
    write(
      'action.yml',
      `inputs:
  job-id: { required: true }
  wait for it: { default: 1h }
  github-token: { default: '\${{ github.token }}' }
  summary: { default: true }
runs: { using: node24, main: print.mjs }`,
    )
  const printing = `for (const [name, value] of Object.entries(env).sort()) if (name.startsWith('INPUT_')) console.log(name + '=' + value)`

  it('give every declared input, with its default evaluated', async () => {
    write('print.mjs', `const { env } = process\n${printing}`)
    const { log, header } = await runAction({
      manifest: manifest(),
      inputs: { 'Job-ID': '7' },
      github: { token: 'ghs_1' },
    })
    expect(log).toEqual(['INPUT_GITHUB-TOKEN=***', 'INPUT_JOB-ID=7', 'INPUT_SUMMARY=true', 'INPUT_WAIT_FOR_IT=1h'])
    expect(header).toEqual([
      '##[group]Run ./',
      'with:',
      '  Job-ID: 7',
      '  wait for it: 1h',
      '  github-token: ***',
      '  summary: true',
      '##[endgroup]',
    ])
  })

  it('warn of an input that is not declared, and pass it on', async () => {
    const { annotations, log } = await run(printing, { manifest: manifest(), inputs: { typo: 'x' } })
    expect(annotations).toMatchObject([
      { type: 'warning', message: expect.stringContaining("Unexpected input(s) 'typo'") },
    ])
    expect(log).toContain('INPUT_TYPO=x')
    expect(log).toContain('INPUT_JOB-ID=')
  })

  it('are those of a runner and none of the test', async () => {
    process.env.INPUT_LEAK = process.env.GITHUB_LEAK = process.env.HTTPS_PROXY = 'http://leak'
    const { log } = await run(`console.log(JSON.stringify(env))`, {
      env: { MY: '1', GITHUB_SHA: 'mine' },
      event: { a: 1 },
    })
    delete process.env.INPUT_LEAK
    delete process.env.GITHUB_LEAK
    delete process.env.HTTPS_PROXY
    expect(log[0]).not.toContain('leak')
    const seen = JSON.parse(log[0]!) as Record<string, string>
    expect(seen).toMatchObject({
      GITHUB_ACTIONS: 'true',
      CI: 'true',
      MY: '1',
      GITHUB_REPOSITORY: 'octocat/hello-world',
    })
    expect(seen.GITHUB_SHA).toMatch(/^[0-9a-f]{40}$/)
    expect(seen).not.toHaveProperty('RUNNER_DEBUG')
    expect(seen).not.toHaveProperty('GITHUB_TOKEN')
  })

  it('say that debug logging is on', async () => {
    const { log } = await run(`console.log(env.RUNNER_DEBUG, fs.readFileSync(env.GITHUB_EVENT_PATH, 'utf8'))`, {
      debug: true,
      event: { a: 1 },
    })
    expect(log).toEqual(['1 {"a":1}'])
  })
})

describe('the files of a step', () => {
  it('give outputs, environment, path and state, and override what was printed', async () => {
    const { outputs, env, path, state, outcome } = await run(String.raw`
      console.log('::set-output name=a::forged')
      console.log('::set-output name=b::forged')
      fs.appendFileSync(env.GITHUB_OUTPUT, 'a<<X\n1\n2\nX\n')
      fs.appendFileSync(env.GITHUB_ENV, 'E=1\nNODE_OPTIONS=--bad\n')
      fs.appendFileSync(env.GITHUB_PATH, '/one\n/two\n/one\n')
      fs.appendFileSync(env.GITHUB_STATE, 'S=1')`)
    expect({ outputs, env, path, state, outcome }).toEqual({
      outputs: { a: '1\n2', b: 'forged' },
      env: { E: '1' },
      path: ['/two', '/one'],
      state: { S: '1' },
      outcome: 'success',
    })
  })

  it.each(['OUTPUT', 'ENV', 'STATE'])(
    'fail the step when GITHUB_%s breaks the grammar, and keep what came before',
    async (name) => {
      const { outcome, commandErrors, outputs, env, state } = await run(
        String.raw`fs.writeFileSync(env.GITHUB_${name}, 'a=1\nnonsense')`,
      )
      expect(outcome).toBe('failure')
      expect(commandErrors).toEqual([expect.stringContaining("Invalid format 'nonsense'")])
      expect({ ...outputs, ...env, ...state }).toEqual({ a: '1' })
    },
  )

  it.each(['OUTPUT', 'ENV'])('fail the step when GITHUB_%s has a value without a name', async (name) => {
    expect(await run(`fs.writeFileSync(env.GITHUB_${name}, '=1')`)).toMatchObject({ outcome: 'failure' })
  })

  it('may be gone', async () => {
    expect(await run(`fs.rmSync(env.GITHUB_OUTPUT); fs.rmSync(env.GITHUB_STEP_SUMMARY)`)).toMatchObject({
      outcome: 'success',
      outputs: {},
    })
  })

  it('give the summary, masked', async () => {
    const { summary } = await run(String.raw`fs.writeFileSync(env.GITHUB_STEP_SUMMARY, '# s3cret\r\nend')`, {
      secrets: ['s3cret'],
    })
    expect(summary).toEqual({ dropped: false, text: '# ***\nend\n' })
  })

  it.each([
    [1_048_576, false],
    [1_048_577, true],
  ])('with a summary of %i bytes drop it: %j', async (sizeBytes, dropped) => {
    const { summary, annotations, outcome } = await run(
      `fs.writeFileSync(env.GITHUB_STEP_SUMMARY, 'x'.repeat(${sizeBytes}))`,
    )
    expect(summary.dropped).toBe(dropped)
    expect(summary.text === '').toBe(dropped)
    expect(annotations.map(({ type }) => type)).toEqual(dropped ? ['error'] : [])
    expect(outcome).toBe('success')
  })

  it('hand on no job output that holds a secret', async () => {
    const { jobOutputs, outputs } = await run(`fs.writeFileSync(env.GITHUB_OUTPUT, 'a=my-token\\nb=2')`, {
      secrets: ['token'],
    })
    expect(outputs).toEqual({ a: 'my-token', b: '2' })
    expect(jobOutputs.values).toEqual({ b: '2' })
  })
})

describe('the end of a step', () => {
  it.each([
    ['exit code 0', '', 'success', 0],
    ['exit code 3', 'process.exitCode = 3', 'failure', 3],
    ['an error that nobody caught', `throw new Error('x')`, 'failure', 1],
    ['a forged command that is disabled', `console.log('x ##[set-env name=a]b')`, 'failure', 0],
  ])('by %s', async (_how, code, outcome, exitCode) => {
    expect(await run(code)).toMatchObject({ outcome, exitCode, signal: undefined })
  })

  it('is a broken step at a bad token, whatever the script does later', async () => {
    const result = await run(`console.log('##[stop-commands]'); setTimeout(() => console.log('late'), 60_000)`)
    expect(result).toMatchObject({ outcome: 'failure', log: [expect.stringContaining('You cannot use a endToken')] })
  })

  it('rejects where there is no such node', async () => {
    await expect(run('', { node: '/no/such/node', interruption: { kind: 'cancel', when: 60_000 } })).rejects.toThrow(
      'ENOENT',
    )
  })
})

describe('an interruption', () => {
  const patience = { sigintMs: 300, sigtermMs: 300 }
  const heeding = (signal: string): string => `
    process.on('SIGINT', () => console.log('got SIGINT'))
    process.on('SIGTERM', () => console.log('got SIGTERM'))
    process.on('${signal}', () => { fs.writeFileSync(env.GITHUB_OUTPUT, 'a=1'); clearInterval(waiting) })
    const waiting = setInterval(() => {}, 1000)
    console.log('ready')`

  it('by cancelling leaves a step that heeds SIGINT time to write, and is no success', async () => {
    const result = await run(heeding('SIGINT'), { interruption: { kind: 'cancel', when: /^ready$/ } })
    expect(result).toMatchObject({ outcome: 'cancelled', exitCode: 0, signalsSent: ['SIGINT'], outputs: { a: '1' } })
    expect(result.annotations).toEqual([{ type: 'error', title: undefined, message: 'The operation was canceled.' }])
  })

  it('goes on to SIGTERM', async () => {
    const result = await run(heeding('SIGTERM'), {
      patience,
      interruption: { kind: 'cancel', when: (line) => line === 'ready' },
    })
    expect(result).toMatchObject({
      signalsSent: ['SIGINT', 'SIGTERM'],
      outputs: { a: '1' },
      log: ['ready', 'got SIGINT', 'got SIGTERM', expect.anything()],
    })
  })

  it('ends a stubborn step with SIGKILL, and a timeout is a failure', async () => {
    const result = await run(heeding('SIGUSR2'), { patience, interruption: { kind: 'timeout', when: /ready/ } })
    expect(result).toMatchObject({
      outcome: 'failure',
      exitCode: undefined,
      signal: 'SIGKILL',
      signalsSent: ['SIGINT', 'SIGTERM', 'SIGKILL'],
    })
    expect(result.annotations).toMatchObject([{ message: expect.stringContaining('timed out') }])
  })

  it('by SIGKILL keeps what was last written', async () => {
    const result = await run(
      `fs.writeFileSync(env.GITHUB_OUTPUT, 'a=1'); console.log('ready'); setInterval(() => {}, 1000)`,
      {
        interruption: { kind: 'kill', when: /ready/ },
      },
    )
    expect(result).toMatchObject({ outcome: 'failure', signal: 'SIGKILL', signalsSent: [], outputs: { a: '1' } })
  })

  it('kills at once a step that has no handler', async () => {
    const result = await run(`setInterval(() => {}, 1000)`, {
      interruption: { kind: 'cancel', when: Promise.resolve() },
    })
    expect(result).toMatchObject({ outcome: 'cancelled', signal: 'SIGINT' })
  })

  it('that comes after the end changes nothing', async () => {
    const result = await run('', { interruption: { kind: 'cancel', when: 60_000 } })
    expect(result).toMatchObject({ outcome: 'success', signalsSent: [], interruptedForMs: undefined })
  })

  it('does not wait for a descendant that holds the streams open', async () => {
    const holder = `
      import { spawn } from 'node:child_process'
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)'], { stdio: 'inherit', detached: true })
      child.unref()
      console.log(child.pid)`
    const { outcome, log } = await run(holder, { patience: { streamsMs: 100 } })
    process.kill(Number(log[0]))
    expect(outcome).toBe('success')
  })
})

describe('a post step', () => {
  function action(main: string, post: string): string {
    const name = `${(scripts += 1)}`
    write(`${name}-main.mjs`, `import fs from 'node:fs'\n${main}`)
    write(`${name}-post.mjs`, post)
    const inputs = 'inputs: { who: { default: you } }'
    return write(`${name}.yml`, `${inputs}\nruns: { using: node24, main: ${name}-main.mjs, post: ${name}-post.mjs }\n`)
  }
  const tell =
    'const { env } = process; console.log(env.STATE_left, env.INPUT_WHO, env.GITHUB_STATE !== env.STATE_file)'
  const leave = `fs.writeFileSync(process.env.GITHUB_STATE, 'left=word\\nfile=' + process.env.GITHUB_STATE + '\\n')`

  it('finds what the step has left, its inputs, and files of its own', async () => {
    const { post, state } = await runAction({ manifest: action(leave, tell), post: true })
    expect(state).toMatchObject({ left: 'word' })
    expect([post?.log, post?.exitCode]).toEqual([['word you true'], 0])
  })

  it('runs after a step that was killed', async () => {
    const manifest = action(`${leave}; console.log('now'); setInterval(() => {}, 1000)`, tell)
    const { signal, post } = await runAction({ manifest, post: true, interruption: { kind: 'kill', when: /now/ } })
    expect([signal, post?.log]).toEqual(['SIGKILL', ['word you true']])
  })

  it('runs only where it is asked for', async () => {
    expect((await runAction({ manifest: action(leave, tell) })).post).toBeUndefined()
  })
})
