import { appendFileSync } from 'node:fs'
import { casesFor, COLLECTION, type ImportCase } from './cases.ts'
import { type Bucket, putObject } from './s3.ts'
import { ask, dataOf, type Target, targetFrom, variable } from './target.ts'

/** Starts the import of every case, and hands the job ids to the next steps, one output a case. */
async function main() {
  const target = targetFrom(process.env)
  if (target.kind.dialect === 'milvus') await createCollection(target)
  for (const importCase of casesFor(target.kind)) {
    if (target.kind.dialect === 'milvus') await writeFiles(importCase, bucketFrom(process.env))
    const { jobId } = dataOf(await ask(target, '/jobs/import/create', orderOf(importCase, target))) as { jobId: string }
    console.log(`${importCase.name}: import job ${jobId}`)
    appendFileSync(variable(process.env, 'GITHUB_OUTPUT'), `${importCase.name}=${jobId}\n`)
  }
}

/** A collection by its two necessities alone: Milvus makes the fields `id` and `vector`. */
async function createCollection(target: Target) {
  dataOf(await ask(target, '/collections/create', COLLECTION))
}

async function writeFiles({ files }: ImportCase, bucket: Bucket) {
  for (const { path, rows } of files) {
    if (rows !== undefined) await putObject(bucket, path, JSON.stringify(rows))
  }
}

function orderOf({ files, options }: ImportCase, { kind }: Target): object {
  const { collectionName } = COLLECTION
  const paths = files.map(({ path }) => [path])
  return kind.dialect === 'milvus'
    ? { collectionName, files: paths, ...(options !== undefined && { options }) }
    : { collectionName, volumeName: variable(process.env, 'VOLUME'), dataPaths: paths }
}

/** The bucket that Milvus itself uses, by default with the names and keys of its own `milvus.yaml`. */
function bucketFrom({
  S3_ENDPOINT: endpoint = 'http://localhost:9000',
  S3_BUCKET: name = 'a-bucket',
}: NodeJS.ProcessEnv): Bucket {
  return { endpoint, name, region: 'us-east-1', accessKey: 'minioadmin', secretKey: 'minioadmin' }
}

await main()
