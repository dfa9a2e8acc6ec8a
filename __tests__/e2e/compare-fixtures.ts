import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredReply } from '../simulator/fixtures.ts'
import { driftOf } from './drift.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined)
  throw new Error('npm run fixtures:compare -- DIR: DIR holds what record-replies.ts has stored.')

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort()
const drift = files.flatMap((file) => {
  const recorded = JSON.parse(readFileSync(join(folder, file), 'utf8')) as StoredReply
  return driftOf(recorded).map((departure) => `${file}: ${departure}`)
})
for (const line of drift) console.log(line)
console.log(`${files.length} replies, ${drift.length} departures from the embedded service.`)
// Nothing compared is nothing proven.
process.exitCode = drift.length === 0 && files.length > 0 ? 0 : 1
