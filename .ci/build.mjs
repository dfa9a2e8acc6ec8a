// Builds dist/: all code and packages in one bundle with their licenses, and beside it the two entries, which import it.
// Not minified, so that a release can be reviewed and an error shows a readable line.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ncc from '@vercel/ncc'
import ts from 'typescript'

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

rmSync(path('dist'), { recursive: true, force: true })
mkdirSync(path('dist'))

const { code, assets } = await ncc(path('src/action.ts'), { cache: false, license: 'licenses.txt', quiet: true })
writeFileSync(path('dist/action.js'), code)
for (const [name, { source }] of Object.entries(assets)) writeFileSync(path(`dist/${name}`), source)

const compilerOptions = { target: 'es2023', module: 'esnext', rewriteRelativeImportExtensions: true }
for (const [entry, source] of [
  ['index.js', 'main.ts'],
  ['post.js', 'post.ts'],
]) {
  const { outputText } = ts.transpileModule(readFileSync(path(`src/${source}`), 'utf8'), { compilerOptions })
  writeFileSync(path(`dist/${entry}`), outputText)
}
