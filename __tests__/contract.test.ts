import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { OUTPUT_NAMES } from '../src/report/outputs.ts'
import { inputDefaults } from '../src/settings/inputs.ts'
import { VERSION } from '../src/version.ts'
import type { Conclusion, ConclusionKind } from '../src/gate/conclusion.ts'
import { removeRunnerFolders, runAction } from './runner/runner.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Manifest {
  readonly name: string
  readonly description: string
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, { readonly description: string }>>
  readonly runs: { readonly using: string; readonly main: string }
}

const manifest = parse(read('action.yml')) as Manifest

interface Package {
  readonly version: string
  readonly description: string
  readonly engines: { readonly node: string }
}

const packageJson = JSON.parse(read('package.json')) as Package

/** The step's fate by the type of each conclusion's `passes`, so that the compiler keeps this table whole. */
type Fate<Passes> = [Passes] extends [true] ? 'passes' : [Passes] extends [false] ? 'fails' : 'depends on an input'

const fates: { readonly [Kind in ConclusionKind]: Fate<Extract<Conclusion, { kind: Kind }>['passes']> } = {
  completed: 'passes',
  started: 'passes',
  'start-failed': 'fails',
  'partly-committed': 'fails',
  'no-jobs': 'depends on an input',
  'not-ready': 'fails',
  uncommitted: 'depends on an input',
  failed: 'fails',
  'wrong-collection': 'fails',
  'rows-not-met': 'fails',
  'timed-out': 'depends on an input',
  stalled: 'fails',
  'not-found': 'fails',
  rejected: 'fails',
  unreachable: 'fails',
  cancelled: 'fails',
  'invalid-input': 'fails',
  'internal-error': 'fails',
}

/** The cells of every Markdown table with these headings, row by row. */
function tableRows(markdown: string, ...headings: readonly string[]): readonly (readonly string[])[] {
  const cellsOf = (line: string) =>
    line
      .replace(/^\s*\||\|\s*$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
  const lines = markdown.split('\n')
  return lines.flatMap((line, start) => {
    if (cellsOf(line).join() !== headings.join()) return []
    const body = lines.slice(start + 2)
    const end = body.findIndex((row) => !row.trimStart().startsWith('|'))
    return body.slice(0, end === -1 ? undefined : end).map(cellsOf)
  })
}

/** What stands between backticks. */
function namesIn(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

describe('the interface', () => {
  it('has the same inputs, with the same defaults, in action.yml and in the code', () => {
    const declared = Object.entries(manifest.inputs).map(([name, input]) => [name, input.default ?? ''])
    expect(Object.fromEntries(declared)).toEqual(inputDefaults)
  })

  it('has the same outputs in action.yml and in the code', () => {
    expect(Object.keys(manifest.outputs)).toEqual(OUTPUT_NAMES)
  })

  it('says what each input and each output is for', () => {
    for (const { description } of [...Object.values(manifest.inputs), ...Object.values(manifest.outputs)]) {
      expect(description).toMatch(/\w/)
    }
  })

  it('is run by Node 24 from dist', () => {
    expect(manifest.runs).toEqual({
      using: 'node24',
      main: 'dist/index.js',
      post: 'dist/post.js',
      'post-if': 'always()',
    })
  })

  it('needs the Node that its packages need, tests it, and says so to contributors', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>
    }
    const needed = Object.entries(packages).map(([name, { engines }]) =>
      name === '' ? 0 : Number(/\^20\.(\d+)/.exec(engines?.node ?? '')?.[1] ?? 0),
    )
    const lowest = `20.${Math.max(...needed)}`
    expect(packageJson.engines.node).toMatch(new RegExp(`^\\^${lowest}\\.0 `))
    expect(read('.github/workflows/ci.yml')).toContain(`node: ${lowest}.0`)
    expect(read('.github/CONTRIBUTING.md')).toContain(`Node ${lowest} `)
  })

  it('bears the version and the description of package.json', () => {
    expect([VERSION, manifest.description]).toEqual([packageJson.version, packageJson.description])
  })

  it('has its inputs and their defaults in the README', () => {
    const rows = tableRows(read('README.md'), 'input', 'default', 'meaning')
    const documented = rows.flatMap(([names, fallback]) =>
      namesIn(names).map((name) => [name, namesIn(fallback)[0] ?? '']),
    )
    expect(documented.toSorted()).toEqual(Object.entries(inputDefaults).toSorted())
  })

  it('has its outputs in the README', () => {
    const documented = tableRows(read('README.md'), 'output', 'meaning').flatMap(([names]) => namesIn(names))
    expect(documented.toSorted()).toEqual(OUTPUT_NAMES.toSorted())
  })

  it('has its conclusions in the README, and how each ends the step', () => {
    const fateOf = (cell = '') => (cell === 'passes' || cell === 'fails' ? cell : 'depends on an input')
    const rows = tableRows(read('README.md'), 'conclusion', 'when', 'step')
    const documented = rows.flatMap(([names, , step]) => namesIn(names).map((name) => [name, fateOf(step)]))
    expect(documented.toSorted()).toEqual(Object.entries(fates).toSorted())
  })

  it('is read from every table with the headings, and from no other', () => {
    const tables =
      '| output | meaning |\n| --- | --- |\n| `a`, `b` | one \\| two |\n\n| input | meaning |\n| --- | --- |\n| `c` | |\n\n' +
      '| output | meaning |\n| --- | --- |\n| `d` | |'
    expect(tableRows(tables, 'output', 'meaning')).toEqual([
      ['`a`, `b`', 'one \\| two'],
      ['`d`', ''],
    ])
  })
})

/** Every file of the checkout that is text, but for what git ignores. */
function texts(): readonly string[] {
  const ignored = ['.git', 'node_modules', 'coverage', 'reports', '.stryker-tmp']
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => !ignored.includes(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]))
    .filter((path) => !/\.(png|log)$/.test(path))
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

/** Somebody's home; `runner` is the user of GitHub's machines. */
const HOME = /\/(?:home|Users)\/(?!runner\b)\w|[A-Z]:\\+Users\\/

function namesThisMachine(text: string): boolean {
  const isPathHere = (word: string) => word.startsWith(root) || word.startsWith(pathToFileURL(root).href)
  return HOME.test(text) || text.split(/["'`\s(=]/).some(isPathHere)
}

describe('the repository', () => {
  it('names no folder of the machine that it was written on', () => {
    expect(texts().filter((path) => namesThisMachine(read(path)))).toEqual([])
  })

  it.each([
    ['a path of the checkout', `see ${root}src/index.ts`],
    ['an address of the checkout', `"${pathToFileURL(root).href}src/run.ts"`],
    ['a home', ['', 'home', 'me', 'x'].join('/')],
  ])('would not get away with %s', (_, text) => {
    expect(namesThisMachine(text)).toBe(true)
  })

  it('takes its packages from whatever registry the user has', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })
})

describe('dist', () => {
  afterAll(removeRunnerFolders)

  it('runs, and fails where it is told nothing', async () => {
    const { exitCode, rawStdout, rawStderr } = await runAction()
    expect({ exitCode, rawStdout, rawStderr }).toEqual({
      exitCode: 1,
      rawStdout: expect.stringContaining('job-id'),
      rawStderr: '',
    })
  })

  it('lacks no module', () => {
    expect(existsSync(join(root, manifest.runs.main))).toBe(true)
    for (const path of filesBelow('dist')) expect(read(path)).not.toContain('webpackMissingModule')
  })
})
