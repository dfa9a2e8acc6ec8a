import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { inputDefaults } from '../src/settings/inputs.ts'

type Typing =
  | { readonly type: 'string' | 'boolean' | 'integer' | 'float' }
  | { readonly type: 'enum'; readonly 'allowed-values': readonly string[] }
  | { readonly type: 'list'; readonly separator: string; readonly 'list-item': Typing }

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const types = parse(read('action-types.yml')) as Readonly<
  Record<'inputs' | 'outputs', Readonly<Record<string, Typing>>>
>
const manifest = parse(read('action.yml')) as Readonly<Record<'inputs' | 'outputs', object>>

/** Which keys belong to a type: https://github.com/typesafegithub/github-actions-typing#available-types */
const KEYS: Readonly<Record<Typing['type'], readonly string[]>> = {
  string: ['type'],
  boolean: ['type'],
  integer: ['type'],
  float: ['type'],
  enum: ['type', 'allowed-values'],
  list: ['type', 'separator', 'list-item'],
}

function admits(typing: Typing, value: string): boolean {
  switch (typing.type) {
    case 'boolean':
      return value === 'true' || value === 'false'
    case 'integer':
      return /^\d+$/.test(value)
    case 'float':
      return value !== '' && Number.isFinite(Number(value))
    case 'enum':
      return typing['allowed-values'].includes(value)
    case 'string':
    case 'list':
      return true
  }
}

/** The words in backticks of every first cell below the heading. */
function firstCells(markdown: string, heading: string): readonly string[] {
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, word = '']) => word)
}

describe('action-types.yml', () => {
  it.each(['inputs', 'outputs'] as const)('has a type for each of the %s of action.yml', (kind) => {
    expect(Object.keys(types[kind])).toEqual(Object.keys(manifest[kind]))
  })

  it.each([...Object.entries(types.inputs), ...Object.entries(types.outputs)])(
    'types %s as the schema has it',
    (_, typing) => {
      expect(Object.keys(typing)).toEqual(KEYS[typing.type])
    },
  )

  it('admits every default that is a value', () => {
    const defaults = Object.entries<string>(inputDefaults).filter(([, value]) => value !== '')
    expect(defaults.filter(([name, value]) => !admits(types.inputs[name]!, value))).toEqual([])
  })

  it('has the conclusions of the README', () => {
    const conclusion = types.outputs['conclusion']
    const allowed = conclusion?.type === 'enum' ? conclusion['allowed-values'] : []
    expect(allowed.toSorted()).toEqual(firstCells(read('README.md'), 'Conclusions').toSorted())
  })
})
