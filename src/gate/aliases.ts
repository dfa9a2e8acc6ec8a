import type { Span } from './clock.ts'
import { isConfirmed, nextAttemptAtMs, recordRefusal } from './faults.ts'
import type { Refusals } from './faults.ts'
import type { History } from './history.ts'
import type { CollectionIdentity } from './import-service.ts'
import { pauseInOutageMs } from './pace.ts'
import type { Policy } from './policy.ts'

/**
 * Which collection a name stands for. A job keeps the name that it was created with, possibly an alias, so that names that differ
 * may be one collection: the same `collectionID`.
 */
export interface Identity {
  /** Undefined: not known, and not to be had where `isSettled`. */
  readonly collectionId?: string
  readonly isSettled: boolean
  /** When to request it next. */
  readonly nextAtMs: number
  readonly refusals?: Refusals
  readonly outageSinceMs?: number
}

/** What is known of each name. */
export type Identities = ReadonlyMap<string, Identity>

/** How another name relates to the one that was given. `unknown`: it cannot be asked, so the names decide. */
export type Alias = 'same' | 'different' | 'unknown' | 'pending'

/** What is known of a name after one more response. An outage is waited out, a confirmed refusal settles it. */
export function recordIdentity(before: Identity | undefined, result: CollectionIdentity, span: Span): Identity {
  const unsettled = { isSettled: false, nextAtMs: span.endedAtMs }
  switch (result.kind) {
    case 'cancelled':
      return before ?? unsettled
    case 'identified':
      return { ...unsettled, collectionId: result.collectionId, isSettled: true }
    case 'unidentified':
      return { ...unsettled, isSettled: true }
    case 'gone':
    case 'refused': {
      const refusals = recordRefusal(before?.refusals, { ...result, kind: 'refused' }, span)
      return { refusals, isSettled: isConfirmed(refusals), nextAtMs: nextAttemptAtMs(refusals) }
    }
    case 'outage': {
      const outageSinceMs = before?.outageSinceMs ?? span.endedAtMs
      const nextAtMs = span.endedAtMs + pauseInOutageMs(span.endedAtMs - outageSinceMs)
      return { isSettled: false, outageSinceMs, nextAtMs }
    }
  }
}

/** Whether a name stands for the collection that was given. */
export function aliasOf(identities: Identities, name: string, given: string): Alias {
  if (name === given) return 'same'
  const [one, other] = [identities.get(name), identities.get(given)]
  const isUnknown = (identity: Identity | undefined) =>
    identity?.isSettled === true && identity.collectionId === undefined
  if (isUnknown(one) || isUnknown(other)) return 'unknown'
  if (one?.collectionId === undefined || other?.collectionId === undefined) return 'pending'
  return one.collectionId === other.collectionId ? 'same' : 'different'
}

/**
 * How the collection of a job relates to the expected one. A Completed job that no response ever gave a collection to is not
 * believed to belong to it.
 */
export function aliasOfJob(
  { latest, listedCollection }: History,
  { expectedCollection }: Policy,
  identities: Identities | undefined,
): Alias {
  if (expectedCollection === undefined) return 'same'
  const name = latest?.collectionName ?? listedCollection
  if (name === undefined) return latest?.phase === 'completed' ? 'unknown' : 'same'
  if (identities === undefined) return name === expectedCollection ? 'same' : 'unknown'
  return aliasOf(identities, name, expectedCollection)
}

/** The names to request, of those that are to be compared with the given one. */
export function namesToIdentify(identities: Identities, names: readonly string[], given: string): readonly string[] {
  const pending = names.filter((name) => aliasOf(identities, name, given) === 'pending')
  return pending.length === 0
    ? []
    : [...new Set([given, ...pending])].filter((name) => identities.get(name)?.isSettled !== true)
}
