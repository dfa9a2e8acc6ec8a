import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { declaredInputs, parseOutputs, runStep } from './step.ts'
import { asOnGitHub, inColumns } from './terminal.ts'

const jobId = '470592729907200001'

describe('a step', () => {
  it('gets its inputs, and its log, outputs and exit status come back', async () => {
    const entry = join(mkdtempSync(join(tmpdir(), 'entry-')), 'entry.mjs')
    writeFileSync(
      entry,
      `import { appendFileSync } from 'node:fs'
       console.log(process.env['INPUT_JOB-ID'])
       appendFileSync(process.env.GITHUB_OUTPUT, 'state<<x\\nCompleted\\nx\\nreason=none\\n')
       process.exitCode = 3`,
    )
    const lines: string[] = []
    const result = await runStep({ entry, inputs: { 'job-id': jobId }, onLine: (line) => lines.push(line) })
    expect(lines).toEqual([jobId])
    expect(result.exitStatus).toBe(3)
    expect(Object.fromEntries(result.outputs)).toEqual({ state: 'Completed', reason: 'none' })
  })

  it('has the inputs that action.yml declares, with their defaults', () => {
    const yaml =
      'inputs:\n  job-id:\n    description: x\n  timeout: { default: 1h }\n  summary: { default: true }\n  token: { default: "${{ github.token }}" }\n'
    expect(declaredInputs(yaml)).toEqual({ 'job-id': '', timeout: '1h', summary: 'true', token: '' })
  })

  it('may set an output of several lines', () => {
    expect([...parseOutputs('a<<e\n1\n\n2\ne\nb=x=y\n')]).toEqual([
      ['a', '1\n\n2'],
      ['b', 'x=y'],
    ])
  })
})

describe('a terminal', () => {
  it.each([
    ['plain text', 'plain text'],
    ['::error title=Import failed::disk full%0Agone, 100%25', 'Error: disk full\ngone, 100%'],
    ['::warning::slow', 'Warning: slow'],
    ['::notice title=a::b', 'Notice: b'],
    ['::group::Files', '▼ Files'],
    ['::endgroup::', undefined],
    ['::debug::a poll', undefined],
    ['::add-mask::secret', undefined],
    ['::sparkle::x', '::sparkle::x'],
  ])('shows %j as %j', (line, shown) => {
    expect(asOnGitHub(line)).toBe(shown)
  })

  it('aligns names and values, one line each', () => {
    expect(
      inColumns(
        [
          ['state', 'Completed'],
          ['details', `[\n${'x'.repeat(50)}]`],
        ],
        40,
      ),
    ).toBe(`  state    Completed\n  details  [ ${'x'.repeat(26)}…`)
  })
})
