import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../support/any-character.ts'
import { CommandProcessor, StepBroken } from './command-processor.ts'
import { parseCommand } from './commands.ts'
import { Masker } from './masking.ts'
import { Step } from './step.ts'

const REGISTERED = new Set(['SET-OUTPUT', 'WARNING'])

function parsed(line: string): unknown {
  const command = parseCommand(line, REGISTERED)
  return command && { name: command.name, properties: command.properties.toRecord(), data: command.data }
}

let workspace: string

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'commands-'))
})

afterAll(() => {
  rmSync(workspace, { recursive: true })
})

function print(lines: readonly string[], debug = false): Step {
  const step = new Step(new Masker(), debug, () => undefined)
  const processor = new CommandProcessor(step, { workspace, debug })
  for (const line of lines) processor.process(line)
  return step
}

describe('the grammar with colons', () => {
  it.each([
    ['::set-output name=a::b', { name: 'set-output', properties: { name: 'a' }, data: 'b' }],
    [' \t\u0085\u00a0\u3000::SET-Output name=a::b', { name: 'SET-Output', properties: { name: 'a' }, data: 'b' }],
    ['::warning::', { name: 'warning', properties: {}, data: '' }],
    [
      '::warning title=a,=x,line=,file==y=z::b',
      { name: 'warning', properties: { title: 'a', file: 'y=z' }, data: 'b' },
    ],
    [
      '::warning title=%3A%2C%0D%0A%25%3B::%3A%0A%250A',
      { name: 'warning', properties: { title: ':,\r\n%%3B' }, data: '%3A\n%0A' },
    ],
    ['::warning::%0a', { name: 'warning', properties: {}, data: '%0a' }],
    ['::warning:\u00ad:b', { name: 'warning', properties: {}, data: ':b' }],
  ])('finds the command in %j', (line, command) => {
    expect(parsed(line)).toEqual(command)
  })

  it.each([
    'file a::warning::b',
    '\ufeff::warning::b',
    '\u200b::warning::b',
    '::warning',
    ': :warning::b',
    '::other::b',
    '::warn\u0131ng::b',
  ])('finds nothing in %j', (line) => {
    expect(parsed(line)).toBeUndefined()
  })
})

describe('the grammar with brackets', () => {
  it.each([
    ['##[warning]b', { name: 'warning', properties: {}, data: 'b' }],
    ['mid ##[SET-output name=a;]b', { name: 'SET-output', properties: { name: 'a' }, data: 'b' }],
    [
      '##[warning title=%3B%5D%0D%0A%25%2C;line=1]%5D%250A',
      { name: 'warning', properties: { title: ';]\r\n%%2C', line: '1' }, data: ']%0A' },
    ],
    ['::other::##[warning]b', { name: 'warning', properties: {}, data: 'b' }],
  ])('finds the command in %j', (line, command) => {
    expect(parsed(line)).toEqual(command)
  })

  it.each(['##[other]##[warning]b', '##[warning', '# #[warning]b', '##[ warning]b'])('finds nothing in %j', (line) => {
    expect(parsed(line)).toBeUndefined()
  })
})

describe('what a line does', () => {
  it('sets an output, with a warning that the command is deprecated', () => {
    const step = print(['job ##[set-output name=state;]Completed'])
    expect(step.outputs.toRecord()).toEqual({ state: 'Completed' })
    expect(step.annotations.kept).toMatchObject([{ type: 'warning', message: expect.stringContaining('deprecated') }])
    expect(step.log).toHaveLength(1)
  })

  it('saves state', () => {
    expect(print(['::save-state name=a::1']).state.toRecord()).toEqual({ a: '1' })
  })

  it('takes names of outputs that differ only by case for the same', () => {
    expect(print(['::set-output name=State::1', '::set-output name=STATE::2']).outputs.toRecord()).toEqual({
      State: '2',
    })
  })

  it('hides a mask and each of its lines from then on', () => {
    const step = print(['before one', '::add-mask::one%0Atwo', 'one and two'])
    expect(step.log).toEqual(['before one', '*** and ***'])
    expect(step.masker.values).toEqual(['one\ntwo', 'one', 'two'])
  })

  it('refuses an empty mask with a warning', () => {
    const step = print(['::add-mask:: '])
    expect(step.annotations.kept).toHaveLength(1)
    expect(step.hasCommandErrors).toBe(false)
  })

  it.each([
    '::set-env name=a::b',
    'x ##[add-path]/tmp',
    '::set-output::no name',
    '::save-state::no name',
    '::echo::maybe',
    '::add-matcher::missing.json',
  ])('fails the step at %j', (line) => {
    const step = print([line])
    expect(step.commandErrors).toHaveLength(1)
    expect(step.annotations.kept.filter(({ type }) => type === 'error')).toHaveLength(2)
  })

  it('annotates with the title given', () => {
    expect(print(['::error title=Import failed::bad file', '::notice::done']).annotations.kept).toEqual([
      { type: 'error', title: 'Import failed', message: 'bad file' },
      { type: 'notice', title: undefined, message: 'done' },
    ])
  })

  it('opens and closes groups', () => {
    const step = print(['::group::Files', 'a', '::endgroup::'])
    expect(step.log).toEqual(['##[group]Files', 'a', '##[endgroup]'])
    expect(step.groups).toEqual(['Files'])
  })

  it('shows debug lines only where debug logging is on', () => {
    expect(print(['::debug::a%0Ab']).log).toEqual([])
    expect(print(['::debug::a%0Ab'], true)).toMatchObject({ log: ['##[debug]a', '##[debug]b'], debugLines: ['a', 'b'] })
  })

  it('echoes commands once told to', () => {
    const lines = ['::group::a', '::echo::on', '::group::b', '::add-mask::secret', '::echo::off', '::group::c']
    expect(print(lines).log).toEqual([
      '##[group]a',
      '::group::b',
      '##[group]b',
      '::add-mask::***',
      '::echo::off',
      '##[group]c',
    ])
  })

  it('obeys nothing between stop-commands and its token', () => {
    const step = print(['::stop-commands::token-1', '::set-output name=a::1', '##[TOKEN-1]', '::set-output name=b::2'])
    expect(step.outputs.toRecord()).toEqual({ b: '2' })
    expect(step.log).toContain('::set-output name=a::1')
  })

  it.each(['', 'pause-logging', 'Add-Mask'])('breaks the step off at stop-commands with the token %j', (token) => {
    expect(() => print([`##[stop-commands]${token}`])).toThrow(StepBroken)
  })

  it('disarms markers of the runner itself', () => {
    expect(print(['##[start-action x]']).log).toEqual(['##[\\start-action x]'])
  })

  it('takes matchers from a file in the workspace', () => {
    writeFileSync(join(workspace, 'matcher.json'), JSON.stringify({ problemMatcher: [{ owner: 'a' }] }))
    const lines = [
      '::add-matcher::matcher.json',
      '::remove-matcher owner=a::',
      '::remove-matcher::matcher.json',
      '::remove-matcher::',
    ]
    const step = print(lines)
    expect(step.hasCommandErrors).toBe(false)
    expect(step.annotations.kept).toHaveLength(1)
  })

  it('takes any line, either as a command or into the log', () => {
    const piece = fc.constantFrom(
      '##[',
      '::',
      ']',
      ' ',
      'set-output',
      'name=a',
      'echo',
      'add-mask',
      ';',
      ',',
      '%0A',
      'stop-commands',
    )
    const line = fc.array(fc.oneof(piece, fc.string({ unit: anyCharacter }))).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          const step = print(lines)
          expect(step.commands.length + step.log.length + step.annotations.kept.length).toBeGreaterThanOrEqual(
            lines.length,
          )
        } catch (error) {
          expect(error).toBeInstanceOf(StepBroken)
        }
      }),
    )
  })
})
