import { describe, expect, it } from '@jest/globals'
import { failedFileFirst, failedFileOf } from '../../src/messages/failed-file.ts'
import type { FileProgress } from '../../src/gate/job.ts'
import { aFile } from '../support/builders.ts'

const failed = (name: string, reason?: string): FileProgress => aFile({ name, phase: 'failed', reason })
const completed = (name: string): FileProgress => aFile({ name, phase: 'completed' })
const missing = (name: string) => `failed to get file size of '${name}', error:The specified key does not exist.`

describe('the file to blame', () => {
  it.each<[string, readonly FileProgress[], string | undefined, string | undefined]>([
    ['the one that the reason names', [failed('a'), failed('b')], missing('b'), 'b'],
    [
      'as the list calls it, where the reason has a longer path',
      [failed('x/a'), failed('x/b')],
      missing('r/x/b'),
      'x/b',
    ],
    ['as the list calls it, where the reason has a shorter path', [failed('x/a'), failed('x/b')], missing('b'), 'x/b'],
    ['what the reason names, where no such file is listed', [failed('a')], missing('c'), 'c'],
    ['what the reason names, where no file is listed', [], missing('c'), 'c'],
    ['no file with a name that only ends alike', [failed('ab'), failed('c')], missing('b'), 'b'],
    [
      'the group that holds the named NumPy file',
      [failed('a/id.npy a/vec.npy'), failed('b/id.npy b/vec.npy')],
      missing('r/b/vec.npy'),
      'b/id.npy b/vec.npy',
    ],
    [
      'the named group, whatever the order of its files',
      [failed('a/id.npy a/vec.npy'), failed('b/id.npy b/vec.npy')],
      'torn, file: id:1  paths:"b/vec.npy"  paths:"b/id.npy"',
      'b/id.npy b/vec.npy',
    ],
    [
      'the named group, where no file is listed',
      [],
      'torn, file: id:1 paths:"b/vec.npy" paths:"b/id.npy"',
      'b/vec.npy b/id.npy',
    ],
    ['the only one that failed', [completed('a'), failed('b')], 'torn page', 'b'],
    ['the only one with a reason', [failed('a'), failed('b', 'torn page'), failed('c')], undefined, 'b'],
    ['no file, where all failed alike', [failed('a'), failed('b')], 'torn page', undefined],
    ['no file, where several have a reason', [failed('a', 'torn'), failed('b', 'torn')], undefined, undefined],
    ['no file, where none failed', [completed('a')], undefined, undefined],
  ])('is %s', (_, files, reason, failedFile) => {
    expect(failedFileOf(files, reason)).toBe(failedFile)
  })

  it('comes first, and leaves the others in their order', () => {
    const files = [failed('a'), failed('b'), failed('c')]
    expect(failedFileFirst(files, 'c').map(({ name }) => name)).toEqual(['c', 'a', 'b'])
    expect(failedFileFirst(files, undefined).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('does not come first where the list says that it is imported', () => {
    expect(failedFileFirst([failed('a'), completed('b')], 'b').map(({ name }) => name)).toEqual(['a', 'b'])
  })
})
