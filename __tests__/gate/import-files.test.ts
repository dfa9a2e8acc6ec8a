import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { filesMatch, namesFile } from '../../src/gate/import-files.ts'
import type { FileGroups, FilesMatch } from '../../src/gate/import-files.ts'

describe('the files of a job are those of the request', () => {
  it.each<[string, FilesMatch, FileGroups, readonly string[]]>([
    ['one file', 'same', [['a/1.parquet']], ['a/1.parquet']],
    ['several files in any order', 'same', [['a/1.json'], ['a/2.json']], ['a/2.json', 'a/1.json']],
    ['the same file twice', 'same', [['a/1.json'], ['a/1.json']], ['a/1.json', 'a/1.json']],
    ['another file', 'different', [['a/1.json']], ['a/2.json']],
    ['a file more', 'different', [['a/1.json']], ['a/1.json', 'a/2.json']],
    ['a file less', 'different', [['a/1.json'], ['a/2.json']], ['a/1.json']],
    ['one of two files twice', 'different', [['a/1.json'], ['a/2.json']], ['a/1.json', 'a/1.json']],
    ['a longer path, with the bucket', 'same', [['a/1.json']], ['bucket/a/1.json']],
    ['a shorter path', 'same', [['s3://bucket/a/1.json']], ['a/1.json']],
    ['a path that only ends alike inside a name', 'different', [['1.json']], ['a/11.json']],
    ['a path in another folder', 'different', [['a/1.json']], ['b/1.json']],
    ['longer and exact paths of the same name', 'same', [['1.json'], ['a/1.json']], ['x/a/1.json', '1.json']],
    ['names without the folders of the request', 'unclear', [['a/1.json']], ['1.json']],
    ['other names without folders', 'different', [['a/1.json']], ['2.json']],
    ['names without folders on both sides', 'same', [['1.json']], ['1.json']],
    ['folders in the request', 'unclear', [['a/b/']], ['a/b/1.json']],
    ['folders without a slash in the request', 'unclear', [['a/b']], ['a/b/1.json']],
    ['no files in the request', 'unclear', [], ['a/1.json']],
    ['a NumPy group', 'same', [['a/id.npy', 'a/vec.npy']], ['a/id.npy a/vec.npy']],
    ['a NumPy group with the bucket', 'same', [['a/id.npy', 'a/vec.npy']], ['b/a/id.npy b/a/vec.npy']],
    ['one file of a NumPy group', 'different', [['a/id.npy', 'a/vec.npy']], ['a/vec.npy']],
    ['a NumPy group of other files', 'different', [['a/id.npy', 'a/vec.npy']], ['b/id.npy b/vec.npy']],
    ['a path with a blank', 'same', [['a/my file.json']], ['x/a/my file.json']],
    ['a signed URL, whose query is never shown', 'same', [['https://h/a/1.json?sig=x']], ['https://h/a/1.json']],
    ['a name that is too long to be shown whole', 'unclear', [[`${'a/'.repeat(600)}1.json`]], ['1.json…']],
    ['a name that is masked', 'unclear', [['a/secret/1.json']], ['a/***/1.json']],
  ])('%s: %s', (_, match, wanted, shown) => {
    expect(filesMatch(wanted, shown)).toBe(match)
  })

  it('whatever the order and whatever the bucket in front of them', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 8 }), fc.boolean(), fc.nat(), (parts, isLonger, turn) => {
        const paths = parts.map((part) => `${part.join('/')}.json`)
        const shown = paths.map((one) => (isLonger ? `bucket/${one}` : one))
        const at = turn % shown.length
        expect(
          filesMatch(
            paths.map((one) => [one]),
            [...shown.slice(at), ...shown.slice(0, at)],
          ),
        ).toBe('same')
      }),
    )
  })

  it('also where there are many with one name', () => {
    const paths = Array.from({ length: 2_000 }, (_, i) => `folder-${String(i)}/part.parquet`)
    const shown = paths.map((path) => `bucket/${path}`).toReversed()
    expect(
      filesMatch(
        paths.map((path) => [path]),
        shown,
      ),
    ).toBe('same')
  })
})

describe('a reason names one of the files', () => {
  it.each<[string, boolean, string | undefined]>([
    ['as the key that was not found', true, 'key not found[key=a/1.json]'],
    ['as the file behind the reason', true, 'torn, file: id:1  paths:"a/1.json"'],
    ['with the bucket in front', true, "failed to get file size of 'bucket/a/1.json', error: …"],
    ['not as a part of another name', false, 'key not found[key=xa/1.json]'],
    ['not as the start of another name', false, 'key not found[key=a/1.json.gz]'],
    ['not where it names another file', false, 'key not found[key=a/2.json]'],
    ['not where there is none', false, undefined],
  ])('%s: %s', (_, names, reason) => {
    expect(namesFile([['a/0.json'], ['a/1.json']], reason)).toBe(names)
  })
})
