import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const root = fileURLToPath(new URL('..', import.meta.url))
const MAX_ARCHIVE_BYTES = 600_000

let temp: string
let archive: Buffer
let names: readonly string[]

function git(args: readonly string[], env: Readonly<Record<string, string>> = {}): Buffer {
  return execFileSync('git', ['-C', root, ...args], { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 })
}

/** What a commit of the working tree as it is would hand out, by an index and a database of objects of its own. */
beforeAll(() => {
  temp = mkdtempSync(join(tmpdir(), 'milvus-import-gate-archive-'))
  const objects = git(['rev-parse', '--path-format=absolute', '--git-path', 'objects']).toString().trim()
  const apart = {
    GIT_INDEX_FILE: join(temp, 'index'),
    GIT_OBJECT_DIRECTORY: temp,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
  }
  git(['add', '--all'], apart)
  const tree = git(['write-tree'], apart).toString().trim()
  archive = git(['archive', '--worktree-attributes', '--format=tar', tree], apart)
  names = execFileSync('tar', ['-t'], { input: archive }).toString().split('\n')
})

afterAll(() => {
  rmSync(temp, { recursive: true, force: true })
})

describe('the archive that a runner downloads', () => {
  it('is at most 600 kB with gzip', () => {
    expect(gzipSync(archive).length).toBeLessThanOrEqual(MAX_ARCHIVE_BYTES)
  })

  it.each([
    'action.yml',
    'dist/index.js',
    'dist/package.json',
    'dist/post.js',
    'dist/action.js',
    'dist/licenses.txt',
    'LICENSE',
    'README.md',
    'docs/troubleshooting.md',
  ])('has %s', (name) => {
    expect(names).toContain(name)
  })

  it('has neither sources nor tests nor pictures nor tools', () => {
    expect(
      names.filter((name) => /^src\/|^__tests__\/|^\.github\/|^\.ci\/|\.(png|svg)$|^package-lock\.json$/.test(name)),
    ).toEqual([])
  })
})
