import { failure, unknownCollection, unknownJob } from './answers.ts'
import { clusterReply } from './control-plane.ts'
import { admit, type CollectionQuery, type ServiceRequest } from './dialects.ts'
import type { Reply } from './faults.ts'
import { listReply } from './job-list.ts'
import { openCollection } from './open-collection.ts'
import { openJob } from './open-job.ts'
import { operationOf, type Operation } from './routes.ts'
import { databaseOf } from './script.ts'
import { hasCollection, hasDatabase, type ServiceScript } from './service-script.ts'
import { unknownJobOfDeed } from './two-phase.ts'

/** What a service says to a request, and what the request was. */
export interface Answer {
  readonly reply: Reply
  readonly operation: Operation | undefined
  readonly jobId?: string
  readonly poll?: number
}

/** A service whose jobs and collections begin to play when they are first asked for. */
export function openService(
  script: ServiceScript,
  speed: number,
  ownUrl: () => string,
): (request: ServiceRequest) => Answer {
  const jobs = new Map(script.jobs.map((job) => [job.jobId, openJob(job, script, speed)]))
  const askCollection = openCollections(script, speed)
  let count = 0
  return (request) => {
    const operation = operationOf(request, script)
    const inFront = script.gateway?.(request, count++)
    return { operation, ...(inFront === undefined ? answerTo(request) : { reply: inFront }) }
  }

  function answerTo(request: ServiceRequest): Omit<Answer, 'operation'> {
    const admission = admit(request, script)
    switch (admission.kind) {
      case 'refused':
        return { reply: admission.reply }
      case 'list':
        return { reply: listReply(admission, script, [...jobs.values()]) }
      case 'describe': {
        const { jobId } = admission
        return { jobId, ...(jobs.get(jobId)?.describe(request) ?? { reply: unknownJob(script, jobId) }) }
      }
      case 'commit':
      case 'abort': {
        const { jobId, kind } = admission
        return { jobId, reply: jobs.get(jobId)?.perform(kind, request) ?? unknownJobOfDeed(script, jobId) }
      }
      case 'collection':
        return { reply: askCollection(admission, request) }
      case 'describe-cluster':
        return { reply: clusterReply(admission.clusterId, script, ownUrl()) }
    }
  }
}

function openCollections(script: ServiceScript, speed: number) {
  const collections = (script.collectionScripts ?? []).map((each) => openCollection(each, script, speed))
  return (query: CollectionQuery, request: ServiceRequest): Reply => {
    const { database, collectionName } = query
    if (!hasDatabase(script, database)) return failure(800, `database not found, database: ${database}`)
    const isIt = ({ name, ...place }: { readonly name: string; readonly database?: string }) =>
      name === collectionName && databaseOf(place) === database
    const known = collections.find((each) => isIt(each.script))
    if (known !== undefined) return known.ask(query, request)
    if (!hasCollection(script, database, collectionName)) return unknownCollection(database, collectionName)
    // Of a collection that has no script, nothing is in memory.
    return openCollection({ name: collectionName, course: [{ load: 'NotLoad' }] }, script, speed).ask(query, request)
  }
}
