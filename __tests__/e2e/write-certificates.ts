import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificates } from '../support/certificates.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('write-certificates.ts DIR: writes ca.pem, server.pem and server.key there.')
const { ca, server } = await makeCertificates()
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'ca.pem'), ca.cert)
writeFileSync(join(folder, 'server.pem'), server.cert)
writeFileSync(join(folder, 'server.key'), server.key)
