import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestSummary } from '../messages/phrases.ts'
import type { RequestRecord } from '../gate/import-service.ts'
import { headline } from '../messages/outcomes.ts'
import type { Clock } from '../gate/clock.ts'
import type { CollectionHistory } from '../gate/collection.ts'
import type { History } from '../gate/history.ts'
import type { FileProgress } from '../gate/job.ts'
import type { WatchEvent } from '../gate/events.ts'
import type { Policy } from '../gate/policy.ts'
import { fileRecord, jobRecord } from './outputs.ts'
import { keepFile } from './files.ts'
import type { Reporter } from './reporter.ts'

/** The exchanges so far: a count of every outcome, and the last ones whole. */
export interface RequestLog {
  add(exchange: RequestRecord): void
  /** By kind of request, in the order in which each was first made. */
  readonly asked: () => readonly RequestSummary[]
  toJSON(): unknown
}

const LAST_EXCHANGES = 200

export function createRequestLog(): RequestLog {
  const counts = new Map<string, number>()
  const byPath = new Map<string, Map<string, number>>()
  const last: RequestRecord[] = []
  return {
    add(exchange) {
      const outcomes = byPath.get(exchange.path) ?? new Map<string, number>()
      byPath.set(exchange.path, outcomes)
      for (const tally of [counts, outcomes]) tally.set(exchange.outcome, (tally.get(exchange.outcome) ?? 0) + 1)
      last.push(exchange)
      if (last.length > LAST_EXCHANGES) last.shift()
    },
    asked: () => [...byPath].map(([path, outcomes]) => ({ path, outcomes: Object.fromEntries(outcomes) })),
    toJSON: () => ({
      total: [...counts.values()].reduce((total, count) => total + count, 0),
      byOutcome: Object.fromEntries(counts),
      last: last.map(({ startedAt, ...exchange }) => ({ at: new Date(startedAt).toISOString(), ...exchange })),
    }),
  }
}

/** A path for the report in a folder of this step's own below `tempDir`. */
export function newReportPath(tempDir: string): string {
  return join(mkdtempSync(join(tempDir, 'milvus-import-gate-')), 'report.json')
}

export interface ReportContext {
  readonly version: string
  /** No secrets among them. */
  readonly inputs: Readonly<Record<string, string>>
  /** The proxy in front of the endpoint, without credentials. */
  readonly proxy?: string | undefined
  readonly policy: Policy
  readonly journal: RequestLog
  readonly wallClockMs: () => number
}

/** Everything that is known, as JSON of at most 32 MiB, rewritten at every change. */
export function reportFileReporter(path: string, context: ReportContext, clock: Clock): Reporter {
  const textOf = (event: WatchEvent) => JSON.stringify(report(event, context), null, 2) + '\n'
  return { name: 'report file', report: keepFile({ path, clock, textOf }) }
}

function report(event: WatchEvent, { version, inputs, proxy, policy, journal, wallClockMs }: ReportContext): unknown {
  const { view } = event
  const details = listedFiles(view.jobs)
  const conclusion = 'conclusion' in event ? event.conclusion : undefined
  return {
    action: 'milvus-import-gate',
    version,
    writtenAt: new Date(wallClockMs()).toISOString(),
    elapsedSeconds: Math.floor((view.nowMs - view.startedAtMs) / 1_000),
    conclusion: conclusion?.kind ?? null,
    passes: conclusion?.passes ?? null,
    ...(conclusion && headline(conclusion, view, policy)),
    ...(conclusion?.kind === 'invalid-input' && { mistakes: conclusion.mistakes }),
    inputs,
    ...(proxy !== undefined && { proxy }),
    jobs: view.jobs.map((job) => ({
      ...jobRecord(job),
      createTime: job.latest?.createTime,
      polls: job.polls,
      commit: job.commit?.state,
      abort: job.abort?.state,
      ...details.get(job),
      timeline: timelineOf(job, view.startedAtMs, view.jobs.length),
    })),
    collections: view.collections.map(collectionRecord),
    ...(view.start?.job !== undefined && { started: view.start.job.started, startedHow: view.start.job.how }),
    ...(view.discovery !== undefined && { discovery: view.discovery }),
    requests: journal,
  }
}

/** Files take the larger part of 32 MiB; jobs, timelines and exchanges fit into the rest. */
const MAX_FILES_BYTES = 24 * 1024 * 1024
/** What the indentation and commas around one file take. */
const FRAME_BYTES = 120

/** The files of each job: all of them, or where they are too large those that are not completed, and a count of the rest. */
function listedFiles(jobs: readonly History[]): ReadonlyMap<History, object> {
  return (
    filesWithin(jobs, () => true, false) ??
    filesWithin(jobs, ({ phase }) => phase !== 'completed', true) ??
    new Map<History, object>()
  )
}

/** Undefined where they are too large, unless they may be cut. */
function filesWithin(
  jobs: readonly History[],
  isListed: (file: FileProgress) => boolean,
  mayCut: boolean,
): ReadonlyMap<History, object> | undefined {
  const listed = new Map<History, object>()
  let left = MAX_FILES_BYTES
  for (const job of jobs) {
    const details: unknown[] = []
    const files = job.latest?.files ?? []
    for (const file of files) {
      if (!isListed(file) || left < 0) continue
      const record = fileRecord(job.jobId, file)
      left -= Buffer.byteLength(JSON.stringify(record)) + FRAME_BYTES
      if (left < 0 && !mayCut) return undefined
      if (left >= 0) details.push(record)
    }
    listed.set(
      job,
      details.length === files.length ? { details } : { details, unlistedFiles: files.length - details.length },
    )
  }
  return listed
}

/** One collection on its way to being searchable. */
function collectionRecord({ name, indexes, load, isRefreshed, rows, requests }: CollectionHistory): unknown {
  return { collectionName: name, indexes, load, refreshed: isRefreshed, rows, requests }
}

/** Over all jobs the report has at most this many points. */
const TIMELINE_POINTS = 1_000

function timelineOf({ timeline }: History, startedAtMs: number, jobCount: number): unknown {
  const most = Math.floor(TIMELINE_POINTS / jobCount)
  return timeline.slice(Math.max(0, timeline.length - most)).map(({ atMs, label, progress, importedRows }) => ({
    atSeconds: Math.round((atMs - startedAtMs) / 100) / 10,
    state: label,
    progress,
    importedRows,
  }))
}
