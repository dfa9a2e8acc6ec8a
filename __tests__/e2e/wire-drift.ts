import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { driftOfSource } from './milvus-source.ts'

const FILES = {
  handler: 'internal/distributed/proxy/httpserver/handler_v2.go',
  constants: 'internal/distributed/proxy/httpserver/constant.go',
  jobStates: 'pkg/proto/internal.proto',
  fileStates: 'pkg/proto/data_coord.proto',
  projection: 'internal/datacoord/import_util.go',
}

const [checkout] = process.argv.slice(2)
if (checkout === undefined)
  throw new Error('npm run wire:drift -- DIR: DIR is a checkout of github.com/milvus-io/milvus.')

const read = (path: string) => readFileSync(join(checkout, path), 'utf8')
const drift = driftOfSource({
  handler: read(FILES.handler),
  constants: read(FILES.constants),
  jobStates: read(FILES.jobStates),
  fileStates: read(FILES.fileStates),
  projection: read(FILES.projection),
})
for (const line of drift) console.log(`::error title=The wire has changed::${line}`)
if (drift.length === 0) console.log('Routes, fields and state words of Milvus are those that the gate knows.')
process.exitCode = drift.length === 0 ? 0 : 1
