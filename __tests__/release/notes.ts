import { readFileSync } from 'node:fs'
import { notesOf } from './changelog.ts'

const [version] = process.argv.slice(2)
if (version === undefined) throw new Error('npm run release:notes -- VERSION: prints what CHANGELOG.md says of it.')
process.stdout.write(notesOf(readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8'), version))
