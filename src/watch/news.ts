import type { News } from './events.ts'
import type { History } from './history.ts'
import type { FileProgress, JobSnapshot, Observation } from './import-job.ts'

/** How long a job may stand still before the log says so. */
export const QUIET_NOTICE_MS = 30 * 60_000
const PROGRESS_STEP = 5
/** A job that fails fails all its files at once; the rest is in the summary. */
const FAILED_FILES_A_LOOK = 10

/** What a look changed, in the order in which it is to be told. */
export function newsOf(before: History, after: History, observation: Observation): readonly News[] {
  switch (observation.kind) {
    case 'cancelled':
    case 'refused':
      return []
    case 'outage':
      return before.outage === undefined ? [{ kind: 'outage-began', trouble: observation.trouble }] : []
    case 'unknown-job':
      return [
        ...outageEnded(before, after),
        ...(before.unknown === undefined
          ? [{ kind: 'job-unknown', trouble: observation.trouble, seenBefore: before.latest !== undefined } as const]
          : []),
      ]
    case 'answered':
      return [
        ...outageEnded(before, after),
        ...stateNews(before, after, observation.snapshot),
        ...failedFiles(before.latest, after.latest),
        ...(before.quietMs < QUIET_NOTICE_MS && after.quietMs >= QUIET_NOTICE_MS
          ? [{ kind: 'quiet', quietMs: after.quietMs } as const]
          : []),
      ]
  }
}

function outageEnded(before: History, after: History): readonly News[] {
  if (before.outage === undefined) return []
  return [{ kind: 'outage-ended', lastedMs: (after.lookedAtMs ?? 0) - before.outage.sinceMs }]
}

function stateNews(before: History, after: History, now: JobSnapshot): readonly News[] {
  const from = before.latest?.label
  if (from !== now.label) {
    const isNewWord = now.phase === 'unknown' && before.timeline.every((point) => point.label !== now.label)
    return [
      { kind: 'state', from, to: now.label, phase: now.phase },
      ...(isNewWord ? [{ kind: 'unknown-state', label: now.label } as const] : []),
    ]
  }
  const step = (progress: number) => Math.floor(progress / PROGRESS_STEP)
  return step(before.progress) === step(after.progress)
    ? []
    : [{ kind: 'progress', from: before.progress, to: after.progress }]
}

function failedFiles(before: JobSnapshot | undefined, after: JobSnapshot | undefined): readonly News[] {
  const isFailed = (file: FileProgress) => file.phase === 'failed'
  const known = new Set(before?.files.filter(isFailed).map((file) => file.name))
  return (after?.files ?? [])
    .filter((file) => isFailed(file) && !known.has(file.name))
    .slice(0, FAILED_FILES_A_LOOK)
    .map((file) => ({ kind: 'file-failed', file }))
}
