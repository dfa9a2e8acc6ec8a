import type { Grant } from './access.ts'
import type { CollectionScript, LoadScript } from './collection-script.ts'
import { isObject, parseJson } from './binding.ts'
import type { Exchange, RecordedData, RecordedVersion } from './recordings.ts'
import type { ImportPhase, JobScript, Step } from './script.ts'
import type { ServiceScript } from './server.ts'

type Collection = Omit<CollectionScript, 'course'> & {
  readonly database: string
  readonly indexes: readonly string[]
  readonly load: LoadScript
  readonly rows: number
  readonly stored: number
  readonly isGone: boolean
}

/** The recorded server as it stands before a request: what the requests so far have made of it, and what its replies show. */
export interface World {
  /** Takes in what an exchange shows of the server, so that the simulator can stand as the server stood. */
  readonly learnFrom: (exchange: Exchange) => void
  /** Takes in what a request that the simulator does not know has done to the server. */
  readonly apply: (exchange: Exchange) => void
  readonly script: (exchange: Exchange) => ServiceScript
}

const ROOT = 'root:Milvus'

/** A server without collections. */
export function newWorld(version: RecordedVersion): World {
  const databases = new Set(['default'])
  const collections = new Map<string, Collection>()
  const jobs = new Map<string, JobScript>()
  const grants: Record<string, Grant[]> = { noimp: [], imp: [] }
  const usersOfRole: Record<string, string> = {}

  const change = (database: string, name: string, changes: Partial<Collection>) => {
    const blank = { name, database, indexes: [], load: 'NotLoad', rows: 0, stored: 0, isGone: false } as const
    const key = `${database}/${name}`
    collections.set(key, { ...blank, ...collections.get(key), ...changes })
  }

  return {
    learnFrom(exchange) {
      const { path, reply } = exchange
      const { database, collectionName, fields } = subjectOf(exchange)
      const {
        code,
        data,
        message = '',
      } = (isObject(reply) ? reply : {}) as {
        code?: number
        data?: unknown
        message?: string
      }
      const [, collectionId] = /\[collection=(\d+)\]/.exec(message) ?? []
      if (collectionId !== undefined) change(database, collectionName, { collectionId })
      if (path.endsWith('/create') && path.includes('import')) return
      if (path.includes('/jobs/import/')) {
        const shown = jobsIn(data)
        for (const each of shown) jobs.set(each.jobId, standing(jobs.get(each.jobId), each))
        for (const job of code === 0 && path.endsWith('/list') ? jobs.values() : []) {
          // A job from before the recording, whose database only this shows.
          const isElsewhere = job.collectionName === collectionName && job.autoCommit === undefined
          if (isElsewhere && !shown.some(({ jobId }) => jobId === job.jobId)) {
            jobs.set(job.jobId, { ...job, database: 'elsewhere' })
          }
        }
        const job = jobs.get(String(fields['jobId']))
        const phase = phaseBehind(path, job, code, message)
        if (phase !== undefined && job !== undefined) jobs.set(job.jobId, { ...job, course: [{ phase }] })
        return
      }
      if (code !== 0 || !collections.has(`${database}/${collectionName}`)) return
      change(database, collectionName, dataPlaneFacts(path, data))
    },

    apply(exchange) {
      const { path, reply } = exchange
      const { database, collectionName, fields } = subjectOf(exchange)
      const code = isObject(reply) ? reply['code'] : undefined
      if (path.endsWith('/jobs/import/create')) {
        const jobId = createdId(exchange)
        if (jobId === undefined) return
        const options = fields['options'] as Readonly<Record<string, string>> | undefined
        const autoCommit = options?.['auto_commit']?.toLowerCase() !== 'false'
        jobs.set(jobId, { jobId, collectionName, database, files: [], autoCommit, course: [{ phase: 'Pending' }] })
        return
      }
      if (code !== 0 && code !== 65535) return
      const text = (name: string) => String(fields[name])
      if (path.endsWith('/databases/create')) databases.add(text('dbName'))
      if (path.endsWith('/collections/create')) change(database, collectionName, {})
      if (path.endsWith('/collections/drop')) change(database, collectionName, { isGone: true })
      if (path.endsWith('/indexes/create')) {
        const [index] = fields['indexParams'] as readonly { indexName: string }[]
        change(database, collectionName, { indexes: [index!.indexName] })
      }
      if (path.endsWith('/aliases/create')) change(database, collectionName, { aliases: [text('aliasName')] })
      if (path.endsWith('/users/grant_role')) usersOfRole[text('roleName')] = text('userName')
      if (path.includes('/roles/grant_privilege')) {
        const user = usersOfRole[text('roleName')]!
        const collection = typeof fields['objectName'] === 'string' ? fields['objectName'] : collectionName
        const privilege = text('privilege')
        const granted = privilege.startsWith('Collection') ? PRIVILEGES_OF_GROUP[privilege]! : [privilege]
        grants[user] = [...(grants[user] ?? []), ...granted.map((each) => ({ database, collection, privilege: each }))]
      }
    },

    script(exchange) {
      const jobId = createdId(exchange)
      const users = Object.entries(grants).map(([name, granted]) => [`${name}:Secret12`, granted])
      return {
        dialect: 'milvus',
        version,
        databases: [...databases],
        ...(/^5[bc]? /.test(exchange.name)
          ? { apiKey: ROOT, databases: undefined, users: Object.fromEntries(users) as Record<string, Grant[]> }
          : {}),
        jobs: [...jobs.values()].filter((job) => job.jobId !== jobId),
        imports: [jobId === undefined ? {} : { jobId }],
        collectionScripts: [...collections.values()].map(collectionScript),
      } as ServiceScript
    },
  }
}

/** The groups hold what the recorded requests show of them. */
const PRIVILEGES_OF_GROUP: Readonly<Record<string, readonly string[]>> = {
  CollectionReadOnly: ['Query', 'GetStatistics', 'GetLoadState'],
  CollectionReadWrite: ['Query', 'GetStatistics', 'GetLoadState', 'Load', 'Import'],
  CollectionAdmin: ['Query', 'GetStatistics', 'GetLoadState', 'Load', 'Import'],
}

/** The credentials that were sent, which the recordings only name. */
export function authorizationOf({ name, headers }: Exchange): string | undefined {
  if (headers['Authorization'] === undefined) return undefined
  for (const [pattern, value] of CREDENTIALS) {
    const match = pattern.exec(name)
    if (match !== null) return value.replace('USER', match[1] ?? '')
  }
  return `Bearer ${ROOT}`
}

const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/empty bearer/, 'Bearer'],
  [/wrong key/, 'Bearer root:wrong'],
  [/unknown user/, 'Bearer stranger:Milvus'],
  [/token without colon/, 'Bearer 0123456789abcdef'],
  [/root basic/, `Basic ${btoa(ROOT)}`],
  [/wrong basic/, `Basic ${btoa('root:wrong')}`],
  [/basic not base64/, 'Basic !!!'],
  [/bearer lower case/, `bearer ${ROOT}`],
  [/no scheme/, ROOT],
  [/(noimp) basic/, `Basic ${btoa('noimp:Secret12')}`],
  [/(imp) basic/, `Basic ${btoa('imp:Secret12')}`],
  [/^5[bc] (Collection\w+) /, 'Bearer uUSER:Secret12'],
  [/^5 (noimp|imp) create/, 'Bearer USER:Secret12'],
  [/, (noimp|imp)\b/, 'Bearer USER:Secret12'],
  [/, Import on/, 'Bearer imp:Secret12'],
]

/** The body that was sent; of long ones the recordings keep only the start. */
export function bodyOf({ name, body }: Exchange): string {
  const [, count] = /^2 (\d+) (?:missing )?files\//.exec(name) ?? []
  if (count === undefined) return body
  const files = Array.from({ length: Number(count) }, (_, n) => [`data/in/f${n}.json`])
  return JSON.stringify({ collectionName: 'bad', files })
}

/** What a request is about: the database and collection, and the fields of its body. */
function subjectOf(exchange: Exchange) {
  const { headers } = exchange
  const parsed = parseJson(bodyOf(exchange))?.value
  const fields = isObject(parsed) ? parsed : {}
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const database = text(fields['dbName']) || headers['DB-Name'] || 'default'
  return { fields, database, collectionName: text(fields['collectionName']) }
}

function createdId({ path, reply }: Exchange): string | undefined {
  if (!path.endsWith('/jobs/import/create')) return undefined
  return (reply as { data?: { jobId?: string } }).data?.jobId
}

/** A description, or the record of a list, which has no files. */
type Shown = Omit<RecordedData, 'details'> & Partial<Pick<RecordedData, 'details'>>

/** The jobs that a description or a list shows. */
function jobsIn(data: unknown): readonly Shown[] {
  if (!isObject(data)) return []
  if (Array.isArray(data['records'])) return data['records'] as readonly Shown[]
  return 'state' in data ? [data as unknown as Shown] : []
}

/** The job as a poll shows it. */
function standing(known: JobScript | undefined, data: Shown): JobScript {
  const { jobId, collectionName, details, reason, state } = data
  const [phase, done] = phaseOf(data)
  const within = [done, done] as const
  const hasTasks = details === undefined ? (known?.files.length ?? 0) > 0 : details.length > 0
  const hasFailedFile = details?.some((file) => file.state === 'Failed') ?? true
  const course: Step[] = [
    ...(hasTasks && phase !== 'Importing' ? [{ phase: 'Importing', lasts: 0 } as const] : []),
    { phase, within, ...(reason === undefined ? {} : { reason }), ...(hasFailedFile ? {} : { failedFiles: [] }) },
  ]
  const files = details?.map(({ fileName, fileSize, totalRows }) => ({
    path: fileName.slice(1, -1),
    rows: totalRows,
    sizeBytes: fileSize,
  }))
  return {
    ...known,
    ...(state === 'Uncommitted' || state === 'Committing' ? { autoCommit: false } : {}),
    jobId,
    collectionName: known?.collectionName ?? collectionName,
    files: files ?? known?.files ?? [],
    clock: 'polls',
    course,
  }
}

/** The phase behind a state, by the progress, and how much of it is done. */
function phaseOf({ state, progress, details = [] }: Shown): readonly [ImportPhase, number] {
  if (state !== 'Importing') return [state as ImportPhase, state === 'Pending' ? progress / 10 : 0]
  if (progress <= 40 && details.length === 0) return ['PreImporting', (progress - 10) / 30]
  if (progress < 70) return ['Importing', (progress - 40) / 30]
  if (progress < 80) return ['Sorting', (progress - 70) / 10]
  return progress < 99 ? ['IndexBuilding', (progress - 80) / 10] : ['Uncommitted', 0]
}

/** Where a job stood when it was committed or aborted, as the reply shows. */
function phaseBehind(
  path: string,
  job: JobScript | undefined,
  code: number | undefined,
  message: string,
): ImportPhase | undefined {
  const [, state] = /in (?:terminal\/committed )?state (\w+)/.exec(message) ?? []
  if (state !== undefined) return state as ImportPhase
  if (code !== 0 || !path.endsWith('/commit')) return undefined
  return job?.autoCommit === true ? 'Completed' : 'Uncommitted'
}

function dataPlaneFacts(path: string, data: unknown): Partial<Collection> {
  const fields = (Array.isArray(data) ? (data[0] as unknown) : data) as Readonly<Record<string, number>>
  if (path.endsWith('/get_load_state')) return { load: loadOf(data as { loadState: string; loadProgress?: number }) }
  if (path.endsWith('/collections/describe')) return { collectionId: String(BigInt(fields['collectionID']!)) }
  if (path.endsWith('/get_stats')) return { stored: fields['rowCount']! }
  if (path.endsWith('/entities/query')) return { rows: fields['count(*)']!, load: 'Loaded' }
  if (path.endsWith('/indexes/describe')) return { stored: fields['totalRows']! }
  return path.endsWith('/refresh_load') ? { load: 'Loaded' } : {}
}

function loadOf({ loadState, loadProgress = 0 }: { loadState: string; loadProgress?: number }): LoadScript {
  if (loadState === 'LoadStateNotLoad') return 'NotLoad'
  return loadState === 'LoadStateLoaded' ? 'Loaded' : { loading: loadProgress }
}

function collectionScript({ indexes, load, rows, stored, isGone, ...script }: Collection): CollectionScript {
  const step = { load, rows, stored, indexes: indexes.map((name) => ({ name, field: 'vector', totalRows: stored })) }
  return { ...script, course: [isGone ? { gone: true } : step] }
}
