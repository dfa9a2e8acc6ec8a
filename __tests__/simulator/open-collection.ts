import {
  AT_FIRST,
  saidAt,
  type CollectionScript,
  type CollectionStanding,
  type ImportedRows,
} from './collection-script.ts'
import { collectionReply, isLoaded } from './data-plane.ts'
import type { CollectionQuery, ServiceRequest, ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import type { OpenJob } from './open-job.ts'

/** A collection that plays its script. */
export interface OpenCollection {
  readonly ask: (query: CollectionQuery, request: ServiceRequest) => Reply
}

/** Begins to play when it is first asked for. */
export function openCollection(
  script: CollectionScript,
  service: ServiceRules,
  speed: number,
  jobs: () => readonly OpenJob[],
): OpenCollection {
  let sinceFirst: Stretch | undefined
  let sinceRefresh: Stretch | undefined

  return {
    ask(query, request) {
      const { operation, indexName } = query
      const question = `${operation} ${indexName}`
      sinceFirst ??= openStretch(script, speed)
      sinceRefresh?.count(question)
      const nth = sinceFirst.count(question)
      const fault = script.answer?.(request, nth, operation) ?? faultAt(script, sinceFirst.positionOf(question))
      if (fault !== undefined) return fault

      // A refresh meets the collection as its load state was last read.
      const read = operation === 'refresh-load' ? 'get-load-state ' : question
      const scripted = standingAt(script, sinceFirst.positionOf(read), sinceRefresh?.positionOf(read))
      const imported = script.imports && rowsOf(script.imports, jobs(), sinceRefresh?.ageMs())
      const standing = scripted && { ...scripted, ...imported }
      const reply = collectionReply(query, { script, standing, wasRefreshed: sinceRefresh !== undefined }, service)
      if (operation === 'refresh-load' && standing !== undefined && isLoaded(standing)) {
        sinceRefresh = openStretch(script, speed)
      }
      return reply
    },
  }
}

/** What the imports have put into the collection, and what of it a search finds. */
function rowsOf(
  { before = 0, deleted = 0, visibleAfterMs, visibleAfterRefreshMs }: ImportedRows,
  jobs: readonly OpenJob[],
  refreshedForMs: number | undefined,
): Pick<CollectionStanding, 'rows' | 'stored'> {
  const isVisible = (completedForMs: number | undefined) =>
    completedForMs !== undefined &&
    (completedForMs >= visibleAfterMs ||
      // Only a refresh that came after the end takes the rows in.
      (refreshedForMs !== undefined && refreshedForMs <= completedForMs && refreshedForMs >= visibleAfterRefreshMs))
  const each = jobs.map((job) => job.stored())
  const visible = each.filter(({ completedForMs }) => isVisible(completedForMs))
  const sum = (some: typeof each) => some.reduce((total, { rows }) => total + rows, 0)
  return { rows: before + sum(visible), stored: before + deleted + sum(each) }
}

/** The time that a course counts: since the first request, or since a refresh. */
interface Stretch {
  /** Notes the request and says how often it had been sent before. */
  readonly count: (question: string) => number
  /** Where the request finds the course. */
  readonly positionOf: (question: string) => number
  readonly ageMs: () => number
}

function openStretch({ clock }: CollectionScript, speed: number): Stretch {
  const startedAt = Date.now()
  const counts = new Map<string, number>()
  const ageMs = () => (Date.now() - startedAt) * speed
  return {
    ageMs,
    count(question) {
      const nth = counts.get(question) ?? 0
      counts.set(question, nth + 1)
      return nth
    },
    positionOf: (question) => (clock === 'polls' ? Math.max(0, (counts.get(question) ?? 0) - 1) : ageMs()),
  }
}

/** Undefined once it is gone. */
function standingAt(
  { course, afterRefresh = [{}] }: CollectionScript,
  position: number,
  positionSinceRefresh: number | undefined,
): CollectionStanding | undefined {
  const said = saidAt(course, position)
  const saidSince = positionSinceRefresh === undefined ? {} : saidAt(afterRefresh, positionSinceRefresh)
  return said && saidSince && { ...AT_FIRST, ...said, ...saidSince }
}

function faultAt({ faults = [] }: CollectionScript, position: number): Reply | undefined {
  return faults.find(({ from, until = Infinity }) => from <= position && position < until)?.reply
}
