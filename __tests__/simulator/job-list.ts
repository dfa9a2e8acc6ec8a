import { success, unknownCollection } from './answers.ts'
import type { ListQuery } from './dialects.ts'
import type { Reply } from './faults.ts'
import { maySee } from './milvus-checks.ts'
import type { OpenJob } from './open-job.ts'
import { recordOf } from './projection.ts'
import { databaseOf, DEFAULT_DATABASE } from './script.ts'
import { hasCollection, type ServiceScript } from './service-script.ts'

/** The list of those jobs that the client asks for and may see; a poll each that it shows. */
export function listReply(query: ListQuery, script: ServiceScript, jobs: readonly OpenJob[]): Reply {
  const { database, collectionName, page } = query
  if (
    script.dialect === 'milvus' &&
    collectionName !== undefined &&
    !hasCollection(script, database ?? DEFAULT_DATABASE, collectionName)
  ) {
    return unknownCollection(database ?? DEFAULT_DATABASE, collectionName)
  }
  const wanted = script.dialect === 'zilliz' && script.listing?.ignoresCollection === true ? undefined : collectionName
  const shown = jobs
    .filter(({ job }) => maySee(script, databaseOf(job)))
    .filter(({ job }) => database === undefined || databaseOf(job) === database)
    .filter(({ job }) => wanted === undefined || job.collectionName === wanted)
    .filter((job) => job.isListed())
  const records = (some: readonly OpenJob[]) =>
    some.flatMap((job) => job.sight() ?? []).map((data) => recordOf(data, script))
  if (page === undefined) return success(script, { records: records(shown) })
  const { size, current } = page
  return success(script, {
    count: shown.length,
    currentPage: current,
    pageSize: size,
    records: records(shown.slice((current - 1) * size, current * size)),
  })
}
