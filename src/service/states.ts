import type { FilePhase, Phase } from '../gate/job.ts'

/**
 * The states of a job, by the words of all server versions:
 * https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go. `InProgress` is what some documents of
 * Zilliz Cloud say for Importing; the hidden phases are listed in case a server ever shows them.
 */
export const JOB_STATES: ReadonlyMap<string, Phase> = new Map([
  ['Pending', 'pending'],
  ['Importing', 'importing'],
  ['InProgress', 'importing'],
  ['PreImporting', 'importing'],
  ['Sorting', 'importing'],
  ['IndexBuilding', 'importing'],
  ['Uncommitted', 'uncommitted'],
  ['Committing', 'committing'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
])

/** The states of a file, which are those of an import task on the server. */
export const FILE_STATES: ReadonlyMap<string, FilePhase> = new Map([
  ['', 'pending'],
  ['None', 'pending'],
  ['Pending', 'pending'],
  ['InProgress', 'running'],
  ['Importing', 'running'],
  ['PreImporting', 'running'],
  ['Retry', 'running'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
])
