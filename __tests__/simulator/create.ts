import { unknownCollection, unknownDatabase } from './answers.ts'
import type { CreateRequest, ServiceRules } from './dialects.ts'
import { failure, type Reply } from './faults.ts'
import type { ImportFile, JobScript, Step } from './script.ts'
import { collectionOf, hasCollection, hasDatabase, type ServiceScript } from './service-script.ts'
import { releaseOf } from './versions.ts'

/** How imports go that a client starts; what is left out comes from the request. */
export type ImportScript = Partial<Omit<JobScript, 'collectionName' | 'database' | 'autoCommit'>>

/** An import without a script goes as small ones do on a real server: the state machine ticks every 2 s. */
const SMALL_IMPORT: readonly Step[] = [
  { phase: 'Pending', lasts: 2000 },
  { phase: 'PreImporting', lasts: 4000 },
  { phase: 'Importing', lasts: 4000 },
  { phase: 'Sorting', lasts: 4000 },
  { phase: 'IndexBuilding', lasts: 2000 },
  { phase: 'Uncommitted', lasts: 2000 },
  { phase: 'Completed' },
]

/** A two-phase import stays where it waits for a commit. */
const UNTIL_COMMIT = SMALL_IMPORT.slice(0, -2).concat({ phase: 'Uncommitted' })

/** What a Milvus has against an import, in its order; undefined where it starts it. */
export function refusalOf(request: CreateRequest, script: ServiceScript): Reply | undefined {
  const { database, collectionName, partitionName, groups, options } = request
  if (!hasDatabase(script, database)) return unknownDatabase(database)
  if (!hasCollection(script, database, collectionName)) return unknownCollection(database, collectionName)
  const partitions = ['', '_default', ...(collectionOf(script, database, collectionName)?.partitions ?? [])]
  if (!partitions.includes(partitionName)) return failure(200, `partition not found[partition=${partitionName}]`)
  if (groups.flat().length === 0) return failure(1100, 'import request is empty: invalid parameter')
  if (groups.length > MOST_FILES) {
    return failed(`The max number of import files should not exceed ${MOST_FILES}, but got ${groups.length}`)
  }
  const problem = groups.map((group) => fileProblem(group, script)).find((each) => each !== undefined)
  if (problem !== undefined) return failed(problem)
  const { timeout = '0s' } = options
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|[smh]))+$/.test(timeout)) return undefined
  const link = releaseOf(script).oldCodes ? ', err=' : ': '
  return failed(`parse timeout failed${link}time: invalid duration ${JSON.stringify(timeout)}`)
}

/** The job of an accepted request. */
export function createdJob(request: CreateRequest, script: ImportScript, jobId: string): JobScript {
  const { database, collectionName, groups, options } = request
  const autoCommit = options['auto_commit']?.toLowerCase() !== 'false'
  return {
    jobId,
    files: groups.map((group, index) => ({ ...A_FILE, ...script.files?.[index], path: group.join(' ') })),
    course: autoCommit ? SMALL_IMPORT : UNTIL_COMMIT,
    ...script,
    collectionName,
    database,
    autoCommit,
  }
}

const A_FILE: Omit<ImportFile, 'path'> = { rows: 1000, sizeBytes: 65_536 }

/** https://github.com/milvus-io/milvus/blob/master/pkg/util/paramtable/component_param.go, maxImportFileNumPerReq */
const MOST_FILES = 1024

const TYPES: Readonly<Record<string, string>> = { json: 'JSON', parquet: 'Parquet', csv: 'CSV', npy: 'Numpy' }

/** https://github.com/milvus-io/milvus/blob/master/internal/util/importutilv2/util.go */
function fileProblem(paths: readonly string[], rules: ServiceRules): string | undefined {
  const { csv } = releaseOf(rules)
  const typeOf = (path: string) => {
    const [, extension = ''] = /\.([^./]+)$/.exec(path) ?? []
    return extension === 'csv' && !csv ? undefined : TYPES[extension]
  }
  const types = paths.map(typeOf)
  const [type] = types
  if (types.includes(undefined)) return `unexpect${csv ? 'ed' : ''} file type, files=[${paths.join(' ')}]`
  const other = types.findIndex((each) => each !== type)
  if (other > 0) return `inconsistency in file types, (${paths[0]}) vs (${paths[other]})`
  return type !== 'Numpy' && paths.length > 1 ? `for ${type} import, accepts only one file` : undefined
}

function failed(problem: string): Reply {
  return failure(2100, `${problem}: importing data failed`)
}
