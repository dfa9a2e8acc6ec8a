import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { headline } from '../render/headline.ts'
import type { History } from '../watch/history.ts'
import type { WatchEvent } from '../watch/events.ts'
import type { Policy } from '../watch/policy.ts'
import { fileRecord, jobRecord } from './outputs.ts'
import { onNews } from './reporter.ts'
import type { Reporter } from './reporter.ts'
import { writeWholeFile } from './whole-file.ts'

/** What the report tells of one HTTP exchange. */
export interface ReportedExchange {
  /** Undefined where it was about no single job. */
  readonly jobId: string | undefined
  readonly path: string
  readonly startedAt: number
  readonly tookMs: number
  readonly httpStatus: number | undefined
  readonly code: number | undefined
  readonly sizeBytes: number | undefined
  readonly outcome: string
}

/** The exchanges so far: a count of every outcome, and the last ones whole. */
export interface Journal {
  add(exchange: ReportedExchange): void
  toJSON(): unknown
}

const LAST_EXCHANGES = 200

export function createJournal(): Journal {
  const counts = new Map<string, number>()
  const last: ReportedExchange[] = []
  return {
    add(exchange) {
      counts.set(exchange.outcome, (counts.get(exchange.outcome) ?? 0) + 1)
      last.push(exchange)
      if (last.length > LAST_EXCHANGES) last.shift()
    },
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
  readonly policy: Policy
  readonly journal: Journal
}

/** Everything that is known, as JSON, rewritten at every change. */
export function reportFileReporter(path: string, context: ReportContext): Reporter {
  return {
    name: 'report file',
    tell: onNews((event) => {
      writeWholeFile(path, JSON.stringify(report(event, context), null, 2) + '\n')
    }),
  }
}

function report(event: WatchEvent, { version, inputs, policy, journal }: ReportContext): unknown {
  const { view } = event
  const conclusion = event.kind === 'ended' ? event.conclusion : undefined
  return {
    action: 'milvus-import-gate',
    version,
    writtenAt: new Date().toISOString(),
    elapsedSeconds: Math.floor((view.nowMs - view.startedAtMs) / 1_000),
    conclusion: conclusion?.kind ?? null,
    passes: conclusion?.passes ?? null,
    ...(conclusion && headline(conclusion, view, policy)),
    ...(conclusion?.kind === 'invalid-input' && { mistakes: conclusion.mistakes }),
    inputs,
    jobs: view.jobs.map((job) => ({
      ...jobRecord(job),
      createTime: job.latest?.createTime,
      looks: job.looks,
      details: job.latest?.files.map((file) => fileRecord(job.jobId, file)) ?? [],
      timeline: timelineOf(job, view.startedAtMs, view.jobs.length),
    })),
    requests: journal,
  }
}

/** Over all jobs the report tells at most this many points. */
const TIMELINE_POINTS = 1_000

function timelineOf({ timeline }: History, startedAtMs: number, jobCount: number): unknown {
  const most = Math.max(1, Math.floor(TIMELINE_POINTS / jobCount))
  return timeline.slice(-most).map(({ atMs, label, progress, importedRows }) => ({
    atSeconds: Math.round((atMs - startedAtMs) / 100) / 10,
    state: label,
    progress,
    importedRows,
  }))
}
