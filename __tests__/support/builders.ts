import { newCollection, recordResult } from '../../src/gate/collection.ts'
import type { CollectionResult, CollectionHistory } from '../../src/gate/collection.ts'
import type { View } from '../../src/gate/events.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { FileProgress, JobSnapshot, PollResult, Phase, ServiceError } from '../../src/gate/job.ts'
import type { Policy } from '../../src/gate/policy.ts'

/** A completed file of 12,000 rows, but for what is said. */
export function aFile(but: Partial<FileProgress> = {}): FileProgress {
  return {
    name: 'a/1.parquet',
    phase: 'completed',
    label: 'Completed',
    progress: 100,
    importedRows: 12_000,
    totalRows: 12_000,
    sizeBytes: 4_800_000,
    completeTime: '2026-11-23T06:17:55Z',
    reason: undefined,
    ...but,
  }
}

/** As many files as asked for, with numbered names. */
export function files(amount: number, but: Partial<FileProgress> = {}): readonly FileProgress[] {
  const width = Math.max(2, String(amount).length)
  return Array.from({ length: amount }, (_, i) =>
    aFile({ name: `export/part-${String(i + 1).padStart(width, '0')}.parquet`, ...but }),
  )
}

/** What an answer says of a job: running, at 45%, without files, but for what is said. */
export function aJob(but: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    phase: 'importing',
    label: 'Importing',
    progress: 45,
    importedRows: 6000,
    totalRows: 36_000,
    sizeBytes: 14_400_000,
    collectionName: 'docs',
    completeTime: undefined,
    createTime: undefined,
    reason: undefined,
    files: [],
    ...but,
  }
}

/** A job that has come through with these files. */
export function aCompletedJob(but: Partial<JobSnapshot> = {}): JobSnapshot {
  const all = but.files ?? files(3)
  return aJob({
    phase: 'completed',
    label: 'Completed',
    progress: 100,
    importedRows: 12_000 * all.length,
    totalRows: 12_000 * all.length,
    sizeBytes: 4_800_000 * all.length,
    createTime: '2026-11-23T06:12:50Z',
    completeTime: '2026-11-23T06:17:55Z',
    files: all,
    ...but,
  })
}

/** A job that failed before its import phase, so with a reason only, but for what is said. */
export function aFailedJob(but: Partial<JobSnapshot> = {}): JobSnapshot {
  return aJob({
    phase: 'failed',
    label: 'Failed',
    progress: 0,
    importedRows: 0,
    totalRows: 0,
    sizeBytes: 0,
    reason: "failed to get file size of 'export/part-02.parquet', error:The specified key does not exist.",
    ...but,
  })
}

/** Why a poll brought nothing: the service was busy, but for what is said. */
export function aTrouble(but: Partial<ServiceError> = {}): ServiceError {
  return {
    kind: 'http-status',
    outcome: 'http-503',
    host: 'milvus.example',
    operation: 'poll',
    address: 'endpoint',
    httpStatus: 503,
    ...but,
  }
}

/** What a poll brought, and when it ended on the clock. */
export type Poll = readonly [atMs: number, brought: JobSnapshot | PollResult]

/** The history of a job after these polls, each of which took no time. */
export function aHistory({
  jobId = '453761313698322011',
  wasListed = false,
  polls = [],
}: {
  jobId?: string
  wasListed?: boolean
  polls?: readonly Poll[]
}): History {
  return polls.reduce(
    (history, [atMs, brought]) => {
      const result: PollResult = 'kind' in brought ? brought : { kind: 'answered', snapshot: brought }
      return record(history, result, { startedAtMs: atMs, endedAtMs: atMs })
    },
    newHistory(jobId, { wasListed }),
  )
}

/** A moment in the life of an import: so long after the start it is so far. */
export type Milestone = readonly [atMs: number, phase: Phase, progress: number]

/** The polls an import that goes steadily from one milestone to the next; rows come in between 40% and 70%. */
export function pollsAlong(
  milestones: readonly Milestone[],
  { everyMs = 10_000, rows = 36_000, but = {} }: { everyMs?: number; rows?: number; but?: Partial<JobSnapshot> } = {},
): readonly Poll[] {
  return milestones.flatMap(([fromMs, phase, progress], i) => {
    const [untilMs = fromMs, , nextProgress = progress] = milestones[i + 1] ?? []
    const amount = Math.max(1, Math.ceil((untilMs - fromMs) / everyMs))
    return Array.from({ length: amount }, (_, poll): Poll => {
      const reached = Math.floor(progress + ((nextProgress - progress) * poll) / amount)
      const share = Math.min(1, Math.max(0, (reached - 40) / 30))
      const counts = { importedRows: Math.floor(rows * share), totalRows: reached < 40 ? 0 : rows }
      const label = phase === 'pending' ? 'Pending' : 'Importing'
      return [fromMs + poll * everyMs, aJob({ phase, label, progress: reached, ...counts, ...but })]
    })
  })
}

/** What is known of a collection after these answers, each of which took no time. */
export function aSearch(
  name: string,
  ...answers: readonly (readonly [atMs: number, answer: CollectionResult])[]
): CollectionHistory {
  return answers.reduce(
    (collection, [atMs, answer]) => recordResult(collection, answer, { startedAtMs: atMs, endedAtMs: atMs }),
    newCollection(name),
  )
}

/** Everything known, 5 min 05 s after the start unless said otherwise. */
export function aView(jobs: readonly History[], nowMs = 305_000, collections: readonly CollectionHistory[] = []): View {
  return { startedAtMs: 0, nowMs, jobs, collections, discovery: undefined }
}

/** The defaults of the inputs, but for what is said. */
export function aPolicy(but: Partial<Policy> = {}): Policy {
  return {
    timeoutMs: 3_600_000,
    onTimeout: 'fail',
    pollIntervalMs: undefined,
    requestTimeoutMs: 30_000,
    maxOutageMs: undefined,
    stallTimeoutMs: undefined,
    expectedRows: undefined,
    onUncommitted: 'fail',
    abortUncommitted: false,
    onNoJobs: 'fail',
    waitFor: 'completed',
    expectedCollectionRows: undefined,
    expectedCollection: undefined,
    ...but,
  }
}
