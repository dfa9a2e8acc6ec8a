import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJob } from '../../src/service/decode.ts'
import { readEnvelope } from '../../src/service/envelope.ts'
import { renderSummary } from '../../src/report/summary/render.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import { outputsReporter } from '../../src/report/outputs.ts'
import { createRequestLog, reportFileReporter } from '../../src/report/report-file.ts'
import { conclude, judgeAll } from '../../src/gate/conclude.ts'
import { newHistory, record } from '../../src/gate/history.ts'
import type { History } from '../../src/gate/history.ts'
import type { PollResult } from '../../src/gate/job.ts'
import { jobChanges } from '../../src/gate/changes.ts'
import { DEFAULT_POLICY } from '../../src/gate/policy.ts'
import { monotonicClock } from '../../src/world.ts'
import { figure, median, table, times } from './table.ts'

/** The most files that one import may have, and ten times as many, to see what grows faster than they do. */
const AMOUNTS = [1_024, 10_000] as const
/** After one that only warms up. */
const ROUNDS = 9

const STEPS = ['decode', 'record and judge', 'outputs', 'summary', 'report'] as const
type Step = (typeof STEPS)[number]

/** What one poll a job of many files takes, step by step, and how that grows with the files. */
export function cpuTable(): string {
  const temp = mkdtempSync(join(tmpdir(), 'milvus-import-gate-bench-'))
  try {
    const rows = (['Importing', 'Failed'] as const).flatMap((state) => {
      const [few, many] = AMOUNTS.map((files) => medianTimes(state, files, temp))
      return STEPS.map((step) => {
        const [fewMs, manyMs] = [few?.[step] ?? NaN, many?.[step] ?? NaN]
        const perFile = manyMs / AMOUNTS[1] / (fewMs / AMOUNTS[0])
        return [`${state}: ${step}`, figure(fewMs), figure(manyMs), times(perFile)]
      })
    })
    const [few, many] = AMOUNTS.map((amount) => `${amount.toLocaleString('en')} files, ms`)
    return table(['a poll', few ?? '', many ?? '', 'per file'], rows)
  } finally {
    rmSync(temp, { recursive: true })
  }
}

/** As many jobs and files as an input and an import may have: what a signal leaves a second for, and the report. */
export function largestTable(): string {
  const temp = mkdtempSync(join(tmpdir(), 'milvus-import-gate-bench-'))
  try {
    const amounts = [64, 1_024] as const
    const [few, many] = amounts.map((jobs) => timesAtTheEnd(jobs, temp))
    const rows = (['outputs', 'summary', 'report'] as const).map((step) => {
      const [fewMs, manyMs] = [few?.[step] ?? NaN, many?.[step] ?? NaN]
      return [step, figure(fewMs), figure(manyMs), times(manyMs / amounts[1] / (fewMs / amounts[0]))]
    })
    return table(['at a signal, jobs of 1,024 files', '64 jobs, ms', '1,024 jobs, ms', 'per job'], rows)
  } finally {
    rmSync(temp, { recursive: true })
  }
}

function timesAtTheEnd(jobs: number, temp: string): Readonly<Record<'outputs' | 'summary' | 'report', number>> {
  const [file] = decodeJob(readEnvelope(answer('Importing', 45, 1))?.data ?? {}, String)?.files ?? []
  if (file === undefined) throw new Error('a job without a file')
  const histories = Array.from({ length: jobs }, (_, i) => {
    const files = Array.from({ length: 1_024 }, (_, n) => ({ ...file, name: `export/${i}/part-${n}.parquet` }))
    const snapshot = decodeJob(readEnvelope(answer('Importing', 45, 1))?.data ?? {}, String)
    if (snapshot === undefined) throw new Error('an answer without a state')
    const result = { kind: 'answered', snapshot: { ...snapshot, files } } as const
    return record(newHistory(String(i)), result, { startedAtMs: 2_000, endedAtMs: 2_000 })
  })
  const view = { startedAtMs: 0, nowMs: 4_000, jobs: histories, collections: [], discovery: undefined }
  const event = { kind: 'ended', view, conclusion: { kind: 'cancelled', passes: false, signal: 'SIGINT' } } as const
  const reporters = reportersIn(temp)
  const best = (work: () => unknown) => Math.min(...[1, 2, 3].map(() => timed(work)[1]))
  return {
    outputs: best(() => reporters.outputs.report(event)),
    summary: best(() => renderSummary(view, event.conclusion, DEFAULT_POLICY, { writtenAt: new Date(0) })),
    report: best(() => reporters.report.report(event)),
  }
}

/** A quadratic step would take ten times as long per file. */
function medianTimes(state: 'Importing' | 'Failed', files: number, temp: string): Readonly<Record<Step, number>> {
  timesOf(state, files, temp)
  const rounds = Array.from({ length: ROUNDS }, () => timesOf(state, files, temp))
  const of = (step: Step) => median(rounds.map((round) => round[step]))
  return Object.fromEntries(STEPS.map((step) => [step, of(step)])) as Record<Step, number>
}

function timesOf(state: 'Importing' | 'Failed', files: number, temp: string): Readonly<Record<Step, number>> {
  const sanitize = createSanitizer(['a key that nobody shall see'])
  const poll = (body: string): PollResult => {
    const snapshot = decodeJob(readEnvelope(body)?.data ?? {}, sanitize)
    if (snapshot === undefined) throw new Error('an answer without a state')
    return { kind: 'answered', snapshot }
  }
  const after = (history: History, result: PollResult, atMs: number) =>
    record(history, result, { startedAtMs: atMs, endedAtMs: atMs })
  const before = after(newHistory('1'), poll(answer('Importing', 45, files)), 2_000)
  const body = answer(state, 55, files)

  const [result, decodeMs] = timed(() => poll(body))
  const [judged, judgeMs] = timed(() => {
    const now = after(before, result, 4_000)
    const verdicts = judgeAll([now], DEFAULT_POLICY, false)
    return { now, changes: jobChanges(before, now, result), conclusion: conclude([now], verdicts, DEFAULT_POLICY) }
  })
  const { now, changes, conclusion } = judged
  const view = { startedAtMs: 0, nowMs: 4_000, jobs: [now], collections: [], discovery: undefined }
  const event =
    conclusion === undefined
      ? ({ kind: 'polled', view, job: 0, result, tookMs: 5, changes, more: false } as const)
      : ({ kind: 'ended', view, conclusion } as const)
  const { outputs, report } = reportersIn(temp)
  const [, outputsMs] = timed(() => outputs.report(event))
  const [, summaryMs] = timed(() => renderSummary(view, conclusion, DEFAULT_POLICY, { writtenAt: new Date(0) }))
  const [, reportMs] = timed(() => report.report(event))
  return {
    decode: decodeMs,
    'record and judge': judgeMs,
    outputs: outputsMs,
    summary: summaryMs,
    report: reportMs,
  }
}

function reportersIn(temp: string) {
  const journal = createRequestLog()
  const context = { version: '0', inputs: {}, policy: DEFAULT_POLICY, journal, wallClockMs: Date.now }
  return {
    outputs: outputsReporter(join(temp, 'outputs'), DEFAULT_POLICY, undefined, monotonicClock),
    report: reportFileReporter(join(temp, 'report.json'), context, monotonicClock),
  }
}

function timed<Result>(work: () => Result): readonly [result: Result, tookMs: number] {
  const startedMs = performance.now()
  const result = work()
  return [result, performance.now() - startedMs]
}

/** What a Milvus says of such a job. */
function answer(state: 'Importing' | 'Failed', progress: number, files: number): string {
  const failed = state === 'Failed'
  const reason = "failed to read 'export/part.parquet': row count is zero, please check the file and import it again"
  return JSON.stringify({
    code: 0,
    data: {
      jobId: '453761313698322011',
      collectionName: 'products',
      state,
      progress: failed ? 0 : progress,
      importedRows: failed ? 0 : files * 500,
      totalRows: failed ? 0 : files * 1_000,
      fileSize: files * 4_000_000,
      ...(failed && { reason }),
      details: Array.from({ length: files }, (_, i) => ({
        fileName: `[export/2026/11/23/part-${String(i).padStart(6, '0')}.parquet]`,
        fileSize: 4_000_000,
        progress: failed ? 0 : 50,
        completeTime: '',
        state: failed ? 'Failed' : 'InProgress',
        importedRows: failed ? 0 : 500,
        totalRows: failed ? 0 : 1_000,
        ...(failed && { reason }),
      })),
    },
  })
}
