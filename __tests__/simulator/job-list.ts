import { success, unknownCollection, unknownDatabase } from './answers.ts'
import { collectionIdOf } from './collection-script.ts'
import type { ListQuery } from './dialects.ts'
import { failure, type Reply } from './faults.ts'
import type { OpenJob } from './open-job.ts'
import { recordOf } from './projection.ts'
import { databaseOf, DEFAULT_DATABASE } from './script.ts'
import { collectionOf, hasCollection, hasDatabase, type ServiceScript } from './service-script.ts'

/** The list of those jobs that the client asks for and may see; a poll of each that it shows. */
export function listReply(query: ListQuery, script: ServiceScript, jobs: readonly OpenJob[]): Reply {
  const { page, mayShow } = query
  const isMilvus = script.dialect === 'milvus'
  const problem = isMilvus ? problemOf(query, script) : undefined
  if (problem !== undefined) return problem
  const collectionName = !isMilvus && script.listing?.ignoresCollection === true ? undefined : query.collectionName
  const database = isMilvus && collectionName === undefined ? undefined : query.database
  /** An alias lists the jobs of its collection, under the names that they were started with. */
  const ownName = (name: string) => collectionOf(script, database ?? DEFAULT_DATABASE, name)?.name ?? name
  const shown = jobs
    .filter(({ job }) => mayShow(job.collectionName))
    .filter(({ job }) => database === undefined || databaseOf(job) === database)
    .filter(({ job }) => collectionName === undefined || ownName(job.collectionName) === ownName(collectionName))
    .filter((job) => job.isListed())
  const records = (some: readonly OpenJob[]) =>
    some.flatMap((job) => job.pollByList() ?? []).map((data) => recordOf(data, script))
  if (page === undefined) return success(script, { records: records(script.shuffles ? shuffled(shown) : shown) })
  const { size, current } = page
  return success(script, {
    count: shown.length,
    currentPage: current,
    pageSize: size,
    records: records(shown.slice((current - 1) * size, current * size)),
  })
}

/** The same items in another order. */
export function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function problemOf({ database = DEFAULT_DATABASE, collectionName }: ListQuery, script: ServiceScript) {
  if (collectionName === undefined) return undefined
  if (!hasDatabase(script, database)) return unknownDatabase(database)
  if (!hasCollection(script, database, collectionName)) return unknownCollection(database, collectionName)
  const collection = collectionOf(script, database, collectionName)
  const isDropped = collection?.course.some(
    (step) => 'gone' in step && step.lasts === undefined && collection.course.length === 1,
  )
  return collection !== undefined && isDropped === true
    ? failure(100, `collection not found[collection=${collectionIdOf(collection)}]`)
    : undefined
}
