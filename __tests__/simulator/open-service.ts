import { challengeFor } from './access.ts'
import { success, unknownDatabase, unknownJob } from './answers.ts'
import { clusterReply, cloudJobReply } from './control-plane.ts'
import { createdJob, refusalOf } from './create.ts'
import { admit, type CollectionQuery, type CreateRequest, type JobQuery, type ServiceRequest } from './dialects.ts'
import { missingCollection } from './data-plane.ts'
import { withHeaders, type Reply } from './faults.ts'
import { listReply } from './job-list.ts'
import { openCollection } from './open-collection.ts'
import { openJob, type OpenJob } from './open-job.ts'
import { operationOf, type Operation } from './routes.ts'
import { databaseOf, type JobScript } from './script.ts'
import { collectionOf, hasCollection, hasDatabase, type ServiceScript } from './service-script.ts'
import { faultFor, noJobToCommit } from './two-phase.ts'

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
  const askCollection = openCollections(script, speed, jobs)
  const create = openImports(script, speed, jobs)
  let count = 0
  return (request) => {
    const operation = operationOf(request, script)
    const inFront = script.gateway?.(request, count++)
    if (inFront !== undefined) return { operation, reply: inFront }
    const { reply, ...answer } = answerTo(request)
    const challenge = script.dialect === 'milvus' ? challengeFor(request.headers, script) : {}
    return { operation, ...answer, reply: withHeaders(reply, challenge) }
  }

  function answerTo(request: ServiceRequest): Omit<Answer, 'operation'> {
    const admission = admit(request, script)
    switch (admission.kind) {
      case 'refused':
        return { reply: admission.reply }
      case 'create':
        return create(admission, request)
      case 'list':
        return { reply: listReply(admission, script, [...jobs.values()]) }
      case 'describe':
      case 'commit':
      case 'abort':
        return answerAboutJob(admission, request)
      case 'collection':
        return { reply: askCollection(admission, request) }
      case 'describe-cluster':
        return { reply: clusterReply(admission.clusterId, script, ownUrl()) }
      case 'describe-cloud-job': {
        const { jobId } = admission
        const job = jobs.get(jobId)
        const data = job?.pollByList()
        if (job === undefined || data === undefined) return { jobId, reply: unknownJob(script, jobId) }
        return { jobId, reply: cloudJobReply(data, job.startTime(), script) }
      }
    }
  }

  function answerAboutJob(query: JobQuery, request: ServiceRequest): Omit<Answer, 'operation'> {
    const { kind, jobId } = query
    const job = jobs.get(jobId)
    const refusal = job && query.refusalFor(job.job.collectionName)
    if (refusal !== undefined) return { jobId, reply: refusal }
    if (kind === 'describe') return { jobId, ...(job?.describe(request) ?? { reply: unknownJob(script, jobId) }) }
    return { jobId, reply: job?.perform(query, kind, request) ?? noJobToCommit(script, jobId, query.isChecked) }
  }
}

/** The next imports that clients start. */
function openImports(script: ServiceScript, speed: number, jobs: Map<string, OpenJob>) {
  const { imports = [{}], createFaults, answerCreate } = script
  const idsByKey = new Map<string, string>()
  let requests = 0
  let created = 0

  const carryOut = (query: CreateRequest): Omit<Answer, 'operation'> => {
    const refusal = refusalOf(query, script)
    if (refusal !== undefined) return { reply: refusal }
    const nth = created
    const jobId = idsByKey.get(query.idempotencyKey) ?? imports[nth]?.jobId ?? newJobId(script, nth)
    if (!jobs.has(jobId)) {
      created++
      const job: JobScript = createdJob(query, imports[nth] ?? imports.at(-1) ?? {}, jobId)
      jobs.set(jobId, openJob(job, script, speed, Date.now()))
      if (query.idempotencyKey !== '') idsByKey.set(query.idempotencyKey, jobId)
    }
    return { jobId, reply: success(script, { jobId }) }
  }

  return (query: CreateRequest, request: ServiceRequest): Omit<Answer, 'operation'> => {
    const fault = faultFor(request, requests++, createFaults, answerCreate)
    if (fault?.takesEffect === false) return { reply: fault.reply }
    const answer = carryOut(query)
    return fault === undefined ? answer : { ...answer, reply: fault.reply }
  }
}

function newJobId({ dialect }: ServiceScript, nth: number) {
  return dialect === 'zilliz'
    ? `job-${String(nth + 1).padStart(21, '0')}`
    : String(470_592_800_000_000_000n + BigInt(nth + 1) * 10n)
}

function openCollections(script: ServiceScript, speed: number, jobs: ReadonlyMap<string, OpenJob>) {
  const collections = new Map(
    (script.collectionScripts ?? []).map((each) => [
      each,
      openCollection(each, script, speed, jobsOf(each.name, databaseOf(each))),
    ]),
  )
  return (query: CollectionQuery, request: ServiceRequest): Reply => {
    const { database, collectionName } = query
    if (!hasDatabase(script, database)) return unknownDatabase(database)
    const known = collectionOf(script, database, collectionName)
    if (known !== undefined) return collections.get(known)!.ask(query, request)
    if (!hasCollection(script, database, collectionName)) return missingCollection(query, script)
    // Of a collection that has no script, nothing is in memory.
    const unscripted = { name: collectionName, database, course: [{ load: 'NotLoad' as const }] }
    return openCollection(unscripted, script, speed, jobsOf(collectionName, database)).ask(query, request)
  }

  /** The jobs that import into a collection, under whichever of its names. */
  function jobsOf(name: string, database: string) {
    const ownName = (each: string) => collectionOf(script, database, each)?.name ?? each
    return () =>
      [...jobs.values()].filter(
        ({ job }) => databaseOf(job) === database && ownName(job.collectionName) === ownName(name),
      )
  }
}
