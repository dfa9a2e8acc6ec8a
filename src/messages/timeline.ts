import { duration } from './format.ts'
import type { History, TimelinePoint } from '../gate/history.ts'

/** A part of an import as its people speak of it; `other` is a state that this version does not know. */
export type Stage =
  'pending' | 'pre-importing' | 'importing' | 'sorting' | 'indexing' | 'uncommitted' | 'committing' | 'other'

/** In the order in which an import goes through them. */
export const STAGES: readonly Stage[] = [
  'pending',
  'pre-importing',
  'importing',
  'sorting',
  'indexing',
  'uncommitted',
  'committing',
  'other',
]

/** What a stage is called where its time stands below or behind it. */
export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  pending: 'Pending',
  'pre-importing': 'Pre-import',
  importing: 'Import',
  sorting: 'Sort',
  indexing: 'Index',
  uncommitted: 'Uncommitted',
  committing: 'Commit',
  other: 'Other states',
}

/** How long a job was in one stage, as far as the gate saw it. */
export interface PhaseDuration {
  readonly stage: Stage
  readonly ms: number
  /** The service named only a state that spans several stages, and the percentage told them apart. */
  readonly isEstimate: boolean
}

/** How a stay is told: `2 min`, or `~ 2 min` where it is an estimate. */
export function phaseDurationText({ ms, isEstimate }: PhaseDuration): string {
  return `${isEstimate ? '~ ' : ''}${duration(ms)}`
}

/** A job's stays, one for each stage that it was in, in the order of an import; visits to the same stage are added up. */
export function phaseDurations(job: History, nowMs: number): readonly PhaseDuration[] {
  const { timeline } = job
  const stays = new Map<Stage, PhaseDuration>()
  timeline.forEach((point, i) => {
    const ms = (timeline[i + 1]?.atMs ?? nowMs) - point.atMs
    const found = stageAt(point)
    if (found === undefined || ms <= 0) return
    const before = stays.get(found.stage)
    stays.set(found.stage, {
      stage: found.stage,
      ms: ms + (before?.ms ?? 0),
      isEstimate: found.isEstimate || before?.isEstimate === true,
    })
  })
  return STAGES.flatMap((stage) => stays.get(stage) ?? [])
}

/**
 * The longest of some stays; undefined where another stage may have taken longer in the time that nobody saw, which counts
 * as time in the stage that was seen before it.
 */
export function slowestOf(stays: readonly PhaseDuration[], unseenMs: number): PhaseDuration | undefined {
  const [slowest, second] = stays.toSorted((a, b) => b.ms - a.ms)
  return slowest && slowest.ms - unseenMs >= (second?.ms ?? 0) + unseenMs ? slowest : undefined
}

/** From its first good answer to its end, or to now. */
export function watchedMs({ timeline }: History, nowMs: number): number {
  const endMs = timeline.slice(-1).find(hasEnded)?.atMs ?? nowMs
  return endMs - (timeline[0]?.atMs ?? endMs)
}

/** The stage that a job is in; undefined before the first answer, and once it has ended. */
export function stageNow({ timeline }: History): Pick<PhaseDuration, 'stage' | 'isEstimate'> | undefined {
  const last = timeline.at(-1)
  return last && stageAt(last)
}

function stageAt({ phase, progress }: TimelinePoint): Pick<PhaseDuration, 'stage' | 'isEstimate'> | undefined {
  if (phase === 'completed' || phase === 'failed') return undefined
  if (phase === 'importing') return importingStage(progress)
  return { stage: phase === 'unknown' ? 'other' : phase, isEstimate: false }
}

function hasEnded({ phase }: TimelinePoint): boolean {
  return phase === 'completed' || phase === 'failed'
}

/**
 * The state Importing spans everything from the pre-import to an automatic commit, and its percentage tells what of it.
 * https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go, GetJobProgress
 */
function importingStage(progress: number): Pick<PhaseDuration, 'stage' | 'isEstimate'> {
  // Milvus begins at 10: below, the service does not count like this, or not at all.
  if (progress < 10) return { stage: 'importing', isEstimate: false }
  const stage =
    progress < 40
      ? 'pre-importing'
      : progress < 70
        ? 'importing'
        : progress < 80
          ? 'sorting'
          : progress < 99
            ? 'indexing'
            : 'committing'
  return { stage, isEstimate: true }
}
