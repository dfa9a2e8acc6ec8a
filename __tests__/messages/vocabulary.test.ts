import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { STILTED } from '../support/stilted.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const filesIn = (folder: string, end: string) =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end) && !name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)

/** Every text in the code, without what is put into it. */
function textsIn(path: string): string {
  const texts: string[] = []
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) return
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      texts.push(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, readFileSync(root + path, 'utf8'), ts.ScriptTarget.Latest))
  return texts.join('\n')
}

const found = (text: string) => STILTED.flatMap((phrase) => new RegExp(phrase, 'i').exec(text)?.[0] ?? [])

describe('the words of the program', () => {
  it.each([...filesIn('src', '.ts'), ...filesIn('__tests__/simulator', '.ts')])('are plain in %s', (path) => {
    expect(found(textsIn(path))).toEqual([])
  })

  it.each([
    ...filesIn('__tests__/__outputs__', '.md'),
    ...filesIn('__tests__/__fixtures__/scenarios', '.json'),
    ...filesIn('.github/ISSUE_TEMPLATE', '.yml'),
    '.github/PULL_REQUEST_TEMPLATE.md',
  ])('are plain in %s', (path) => {
    expect(found(readFileSync(root + path, 'utf8'))).toEqual([])
  })
})
