import type { ServiceRules } from './dialects.ts'
import type { ImportFile, ImportPhase, JobScript, Standing } from './script.ts'
import { releaseOf, type Release, type ServiceKind } from './versions.ts'

/** A moment of a job's life in the service's own words: the `data` of an answer. */
export interface JobData extends Readonly<Record<string, unknown>> {
  readonly jobId: string
  readonly collectionName: string
  readonly state: string
  readonly progress: number
  readonly reason?: string
}

/** Turns positions of a script's clock into wall-clock time. */
export type TimeOf = (position: number) => Date

/**
 * What the service says of a job that stands so, by the rules of Milvus' `GetJobProgress`: inner phases share the word
 * `Importing`, and a failure takes progress and rows back to 0.
 * https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go
 */
export function project(job: JobScript, standing: Standing, service: ServiceKind, timeOf: TimeOf): JobData {
  const files = filesAt(job.files, standing, timeOf)
  return service.dialect === 'milvus'
    ? milvusData(job, standing, releaseOf(service), files, timeOf)
    : zillizData(job, standing, service, files, timeOf)
}

/** What is left of a job in a list. */
export function recordOf(data: JobData, { dialect, listing }: ServiceRules): Readonly<Record<string, unknown>> {
  const { jobId, collectionName, state, progress, reason } = data
  // The cloud's reference prints records without progress: https://docs.zilliz.com/reference/restful/list-import-jobs-v2
  const isShort = dialect === 'zilliz' && listing?.omitsProgress === true
  return {
    collectionName,
    jobId,
    ...(isShort ? {} : { progress }),
    state,
    ...(dialect === 'milvus' && reason !== undefined ? { reason } : {}),
  }
}

interface FileStanding {
  readonly file: ImportFile
  readonly state: 'Pending' | 'InProgress' | 'Completed' | 'Failed'
  readonly percent: number
  readonly completeTime: string
}

function milvusData(
  job: JobScript,
  standing: Standing,
  release: Release,
  files: readonly FileStanding[],
  timeOf: TimeOf,
): JobData {
  const rows = rowsAt(standing, files)
  return {
    jobId: job.jobId,
    collectionName: job.collectionName,
    state: milvusState(standing.phase, job.autoCommit ?? true),
    progress: progressAt(standing, release),
    ...rows,
    completeTime: completeTimeAt(standing, timeOf),
    // Since https://github.com/milvus-io/milvus/pull/45059, 2.6.
    ...(release.createTime ? { createTime: job.createTime ?? rfc3339(timeOf(0)) } : {}),
    fileSize: sum(files, ({ file }) => file.sizeBytes),
    details: files.map(({ file, state, percent, completeTime }, index) => ({
      fileName: release.oldFileNames ? `id:${taskId(job, index)} paths:"${file.path}" ` : `[${file.path}]`,
      fileSize: file.sizeBytes,
      progress: percent,
      completeTime,
      state,
      importedRows: Math.floor((percent * file.rows) / 100),
      totalRows: file.rows,
      ...(state === 'Failed' ? reasonOf(standing) : {}),
    })),
    ...reasonOf(standing),
  }
}

/** Milvus leaves an empty reason out. */
function reasonOf({ reason }: Standing) {
  return reason === undefined ? {} : { reason }
}

/**
 * As the cloud's reference prints it: an empty reason is there, imported rows are not, and files share the job's words.
 * https://docs.zilliz.com/reference/restful/get-import-job-progress-v2
 */
function zillizData(
  job: JobScript,
  standing: Standing,
  service: ServiceKind,
  files: readonly FileStanding[],
  timeOf: TimeOf,
): JobData {
  const { reason = '' } = standing
  return {
    jobId: job.jobId,
    collectionName: job.collectionName,
    fileName: job.files[0]?.path ?? '',
    fileSize: sum(files, ({ file }) => file.sizeBytes),
    state: milvusState(standing.phase, job.autoCommit ?? true),
    progress: progressAt(standing, releaseOf(service)),
    completeTime: completeTimeAt(standing, timeOf),
    reason,
    totalRows: rowsAt(standing, files).totalRows,
    details: files.map(({ file, state, percent, completeTime }) => ({
      fileName: file.path,
      fileSize: file.sizeBytes,
      state: state === 'InProgress' ? 'Importing' : state,
      progress: percent,
      completeTime,
      reason: state === 'Failed' ? reason : '',
    })),
  }
}

function milvusState(phase: ImportPhase, autoCommit: boolean) {
  switch (phase) {
    case 'PreImporting':
    case 'Importing':
    case 'Sorting':
    case 'IndexBuilding':
      return 'Importing'
    case 'Uncommitted':
    case 'Committing':
      return autoCommit ? 'Importing' : phase
    case 'Pending':
    case 'Completed':
    case 'Failed':
      return phase
  }
}

function progressAt({ phase, done }: Standing, { sorts }: Release): number {
  const share = (from: number, to: number) => from + Math.floor((to - from) * done)
  switch (phase) {
    case 'Pending':
      return share(0, 10)
    case 'PreImporting':
      return share(10, 40)
    case 'Importing':
      return share(40, 70)
    case 'Sorting':
      return sorts ? share(70, 80) : 70
    case 'IndexBuilding':
      return share(sorts ? 80 : 70, 90)
    case 'Uncommitted':
    case 'Committing':
      return 99
    case 'Completed':
      return 100
    case 'Failed':
      return 0
  }
}

function rowsAt({ phase }: Standing, files: readonly FileStanding[]) {
  if (phase === 'Failed') return { importedRows: 0, totalRows: 0 }
  return {
    importedRows: sum(files, ({ file, percent }) => Math.floor((percent * file.rows) / 100)),
    totalRows: sum(files, ({ file }) => file.rows),
  }
}

/** Never set for a failure, nor for an import without a row, which skips the step that would set it. */
function completeTimeAt({ phase, importing, since }: Standing, timeOf: TimeOf) {
  return phase === 'Completed' && importing !== undefined ? rfc3339(timeOf(since)) : ''
}

/** How many files the server reads at a time. */
const lanes = 2

/** A file starts half its time after the one before it, so that a poll sees finished, running and waiting files. */
function filesAt(files: readonly ImportFile[], standing: Standing, timeOf: TimeOf): readonly FileStanding[] {
  const { phase, done, importing, failedFiles } = standing
  if (importing === undefined) return []
  const starts = files.length + lanes - 1
  const importDone = phase === 'Importing' || phase === 'Failed' ? done : 1
  return files.map((file, index) => {
    if (failedFiles?.includes(file.path) ?? phase === 'Failed') {
      return { file, state: 'Failed', percent: 0, completeTime: '' }
    }
    const percent = Math.floor(100 * clamp((importDone * starts - index) / lanes))
    if (percent === 0) return { file, state: 'Pending', percent, completeTime: '' }
    if (percent < 100) return { file, state: 'InProgress', percent, completeTime: '' }
    const end = importing.since + (importing.lasts * (index + lanes)) / starts
    return { file, state: 'Completed', percent, completeTime: rfc3339(timeOf(end)) }
  })
}

/** Ids of tasks follow that of their job; beyond 2^53, hence not a number. */
function taskId(job: JobScript, index: number) {
  return (BigInt(job.jobId) + BigInt(index + 1)).toString()
}

/** As Go prints it, to the second. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}

function clamp(share: number) {
  return Math.min(Math.max(share, 0), 1)
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number) {
  return items.reduce((total, item) => total + of(item), 0)
}
