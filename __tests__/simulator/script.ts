import type { ServiceRequest } from './dialects.ts'
import type { Reply } from './faults.ts'

/**
 * Where an import stands inside the server; clients see a projection of it.
 * https://github.com/milvus-io/milvus/blob/master/internal/datacoord/import_util.go
 */
export type ImportPhase =
  | 'Pending'
  | 'PreImporting'
  | 'Importing'
  | 'Sorting'
  | 'IndexBuilding'
  | 'Uncommitted'
  | 'Committing'
  | 'Completed'
  | 'Failed'

/** One file of an import, or one set of files that is imported as one. */
export interface ImportFile {
  readonly path: string
  readonly rows: number
  readonly sizeBytes: number
}

/** One stretch of an import, in the unit of its script's clock; without `lasts` it is the last one and stays. */
export type Step = { readonly lasts?: number } & (
  | {
      /** `Gone` is a record that the server has collected. */
      readonly phase: ImportPhase | 'Gone'
      /** How much of the phase is done at the start and the end of the step; `[0, 0]` rests, `[0.8, 0.1]` falls back. */
      readonly within?: readonly [from: number, to: number]
      readonly reason?: string
      /** Paths of the files that have failed; without it, all of them once the job has. */
      readonly failedFiles?: readonly string[]
    }
  /** A stored reply, by its name, in place of a state. */
  | { readonly fixture: string }
  | { readonly reply: Reply }
)

/** A fault of the answers for a while, whatever the import does meanwhile; without `until`, for good. */
export interface Disturbance {
  readonly from: number
  readonly until?: number
  readonly reply: Reply
}

/** One import job and how it goes. */
export interface JobScript {
  readonly jobId: string
  readonly collectionName: string
  /** Milvus' `default` by default. */
  readonly database?: string
  /** RFC 3339; without it, the first poll. */
  readonly createTime?: string
  readonly files: readonly ImportFile[]
  /** `false` for a two-phase import, which waits for a commit. */
  readonly autoCommit?: boolean
  /**
   * What `lasts`, `from` and `until` count: milliseconds since the first poll, or polls (the first one is 0). A list that
   * shows the job is a poll of it.
   */
  readonly clock?: 'milliseconds' | 'polls'
  readonly course: readonly Step[]
  readonly faults?: readonly Disturbance[]
  /** Answers in place of the script; undefined lets the script answer. The first poll is 0. */
  readonly answer?: (request: ServiceRequest, poll: number) => Reply | undefined
  /** How it goes on after a commit, on the same clock, counted from the commit; without it, it is Completed at once. */
  readonly afterCommit?: readonly Step[]
  readonly commitFaults?: readonly RequestFault[]
  readonly abortFaults?: readonly RequestFault[]
  /** The list shows the job only from here on, on the same clock. */
  readonly listedFrom?: number
  /** Answers in place of a commit, which then has no effect; undefined lets the script answer. The first commit is 0. */
  readonly answerCommit?: (request: ServiceRequest, nth: number) => Reply | undefined
  /** The same for an abort. */
  readonly answerAbort?: (request: ServiceRequest, nth: number) => Reply | undefined
}

/** A fault of starts, commits or aborts; `from` and `until` count the requests of that kind, the first is 0. */
export interface RequestFault {
  /** 0 by default. */
  readonly from?: number
  readonly until?: number
  readonly reply: Reply
  /** The service carries the request out, and only its answer is lost. */
  readonly takesEffect?: boolean
}

/** What a client can learn of an import at one moment, before a service puts it into its own words. */
export interface Standing {
  readonly phase: ImportPhase
  /** 0 to 1: how much of the phase is done. */
  readonly done: number
  /** When the phase began, in the unit of the script's clock. */
  readonly since: number
  /** When the import itself began and how long it takes; before it there are no tasks, hence no files, sizes and rows. */
  readonly importing: { readonly since: number; readonly lasts: number } | undefined
  readonly reason: string | undefined
  readonly failedFiles: readonly string[] | undefined
}

/** What a script has to say at one moment. */
export type Line =
  | { readonly kind: 'standing'; readonly standing: Standing }
  | { readonly kind: 'gone' }
  | { readonly kind: 'fixture'; readonly name: string }
  | { readonly kind: 'reply'; readonly reply: Reply }

/** The database of a job or a collection. */
export function databaseOf({ database = DEFAULT_DATABASE }: { readonly database?: string }): string {
  return database
}

/** Milvus' name for the database of requests that name none. */
export const DEFAULT_DATABASE = 'default'

/** The line of the script at a position of its clock: a disturbance, else the step that is on. */
export function lineAt(job: JobScript, position: number): Line {
  const fault = job.faults?.find(({ from, until = Infinity }) => from <= position && position < until)
  if (fault !== undefined) return { kind: 'reply', reply: fault.reply }

  const { step, since, importing } = stepAt(job.course, position)
  if ('reply' in step) return { kind: 'reply', reply: step.reply }
  if ('fixture' in step) return { kind: 'fixture', name: step.fixture }
  if (step.phase === 'Gone') return { kind: 'gone' }
  const { phase, lasts = 0, within: [from, to] = [0, 1], reason, failedFiles } = step
  const done = lasts === 0 ? from : from + ((to - from) * (position - since)) / lasts
  return { kind: 'standing', standing: { phase, done, since, importing, reason, failedFiles } }
}

/** The course with everything after a position replaced; what the import has done by then stays done. */
export function turnedAt(
  course: readonly Step[],
  position: number,
  turn: number,
  next: readonly Step[],
): readonly Step[] {
  const { step, since } = stepAt(course, position)
  return [...course.slice(0, course.indexOf(step)), { ...step, lasts: turn - since }, ...next]
}

function stepAt(course: readonly Step[], position: number) {
  let since = 0
  let importing: Standing['importing']
  for (const step of course) {
    if ('phase' in step && step.phase === 'Importing') importing = { since, lasts: step.lasts ?? 0 }
    const until = since + (step.lasts ?? Infinity)
    if (position < until) return { step, since, importing }
    since = until
  }
  throw new RangeError('A course needs a last step without "lasts", which lasts for good.')
}
