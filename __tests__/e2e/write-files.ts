import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { casesFor } from './cases.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined)
  throw new Error('npm run e2e:files -- DIR: writes the files that a volume of Zilliz Cloud needs.')
for (const { path, rows } of casesFor({ dialect: 'zilliz', version: '2026' }).flatMap(({ files }) => files)) {
  if (rows === undefined) continue
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(rows))
}
