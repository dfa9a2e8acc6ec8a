import { AT_FIRST, saidAt, type CollectionScript, type CollectionStanding } from './collection-script.ts'
import { collectionReply, isLoaded } from './data-plane.ts'
import type { CollectionQuery, ServiceKind, ServiceRequest } from './dialects.ts'
import type { Reply } from './faults.ts'

/** A collection that plays its script. */
export interface OpenCollection {
  readonly script: CollectionScript
  readonly ask: (query: CollectionQuery, request: ServiceRequest) => Reply
}

/** Begins to play when it is first asked for. */
export function openCollection(script: CollectionScript, service: ServiceKind, speed: number): OpenCollection {
  let sinceFirst: Stretch | undefined
  let sinceRefresh: Stretch | undefined

  return {
    script,
    ask(query, request) {
      const { operation, indexName } = query
      const question = `${operation} ${indexName}`
      sinceFirst ??= openStretch(script, speed)
      sinceRefresh?.count(question)
      const nth = sinceFirst.count(question)
      const spoiled = script.answer?.(request, nth, operation) ?? faultAt(script, sinceFirst.positionOf(question))
      if (spoiled !== undefined) return spoiled

      // A refresh meets the collection as its load state was last read.
      const read = operation === 'refresh-load' ? 'get-load-state ' : question
      const standing = standingAt(script, sinceFirst.positionOf(read), sinceRefresh?.positionOf(read))
      const reply = collectionReply(query, { standing, wasRefreshed: sinceRefresh !== undefined }, service)
      if (operation === 'refresh-load' && standing !== undefined && isLoaded(standing)) {
        sinceRefresh = openStretch(script, speed)
      }
      return reply
    },
  }
}

/** The time that a course counts: since the first request, or since a refresh. */
interface Stretch {
  /** Notes the question and says how often it had been asked before. */
  readonly count: (question: string) => number
  /** Where the question finds the course. */
  readonly positionOf: (question: string) => number
}

function openStretch({ clock }: CollectionScript, speed: number): Stretch {
  const startedAt = Date.now()
  const counts = new Map<string, number>()
  return {
    count(question) {
      const nth = counts.get(question) ?? 0
      counts.set(question, nth + 1)
      return nth
    },
    positionOf: (question) =>
      clock === 'polls' ? Math.max(0, (counts.get(question) ?? 0) - 1) : (Date.now() - startedAt) * speed,
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
