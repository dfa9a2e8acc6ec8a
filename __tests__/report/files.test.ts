import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeWholeFile } from '../../src/report/files.ts'

// Windows has neither these permissions nor, for most users, links.
const onPosix = process.platform === 'win32' ? it.skip : it

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whole-file-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('writing a whole file', () => {
  it('replaces what was there, and leaves nothing beside it', () => {
    const path = join(folder, 'outputs')
    writeFileSync(path, 'a long old content')
    writeWholeFile(path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['outputs'])
  })

  it('never shows half a content: the old file stays whole until the new one is there', () => {
    const path = join(folder, 'outputs')
    writeFileSync(path, 'old')
    const before = statSync(path).ino
    writeWholeFile(path, 'new')
    expect(statSync(path).ino).not.toBe(before)
  })

  onPosix('keeps the permissions of the file', () => {
    const path = join(folder, 'outputs')
    writeFileSync(path, 'old')
    chmodSync(path, 0o600)
    writeWholeFile(path, 'new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  onPosix('leaves the old content whole where there is no room for the new one', () => {
    const path = join(folder, 'outputs')
    writeFileSync(path, 'old')
    const write = `import { writeWholeFile } from '${new URL('../../src/report/files.ts', import.meta.url).href}'
writeWholeFile(${JSON.stringify(path)}, 'new'.repeat(10_000))`
    const typescript = new URL('../support/typescript.mjs', import.meta.url).href
    // A limit of the size of files is as hard as a full disk, and needs no disk.
    const shell = 'ulimit -f 8 && exec "$0" --import "$1" --input-type=module -e "$2"'
    const { status, stderr } = spawnSync('bash', ['-c', shell, process.execPath, typescript, write], {
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([1, expect.stringContaining('EFBIG')])
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['outputs'])
  })

  it('makes a file that is not there', () => {
    writeWholeFile(join(folder, 'fresh'), 'new')
    expect(readFileSync(join(folder, 'fresh'), 'utf8')).toBe('new')
  })

  onPosix('writes through a link, and does not take its place', () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'link')]
    writeFileSync(target, 'old')
    symlinkSync(target, link)
    writeWholeFile(link, 'new')
    expect(readFileSync(target, 'utf8')).toBe('new')
    expect(readdirSync(folder).sort()).toEqual(['link', 'target'])
  })

  it('says what is wrong where the file cannot be written', () => {
    expect(() => {
      writeWholeFile(join(folder, 'no', 'such', 'folder'), 'new')
    }).toThrow('ENOENT')
  })
})
