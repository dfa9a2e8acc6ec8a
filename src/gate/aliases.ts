import type { Span } from './clock.ts'
import type { CollectionIdentity } from './import-service.ts'
import type { ServiceError } from './job.ts'
import { pauseInOutageMs } from './pace.ts'
import { isConfirmed, nextAttemptAtMs, recordRefusal } from './refusals.ts'
import type { Refusals } from './refusals.ts'

/**
 * Which collection a name stands for. A job keeps the name that it was created with, possibly an alias, so that names that differ
 * may be one collection: the same `collectionID`.
 */
export interface Identity {
  /** Undefined: not known, and not to be had where `isSettled`. */
  readonly collectionId: string | undefined
  readonly isSettled: boolean
  /** When to request it next. */
  readonly nextAtMs: number
  readonly refusals: Refusals | undefined
  readonly outageSinceMs: number | undefined
  readonly error: ServiceError | undefined
}

/** What is known of each name. */
export type Identities = ReadonlyMap<string, Identity>

/** How another name relates to the one that was given. `unknown`: it cannot be asked, so the names decide. */
export type Alias = 'same' | 'different' | 'unknown' | 'pending'

const UNASKED: Identity = {
  collectionId: undefined,
  isSettled: false,
  nextAtMs: Number.NEGATIVE_INFINITY,
  refusals: undefined,
  outageSinceMs: undefined,
  error: undefined,
}

/** What is known of a name after one more response. An outage is waited out, a confirmed refusal settles it. */
export function recordIdentity(before = UNASKED, result: CollectionIdentity, span: Span): Identity {
  if (result.kind === 'cancelled') return before
  const refusal = result.kind === 'gone' ? ({ ...result, kind: 'refused' } as const) : result
  const refusals = recordRefusal(before.refusals, refusal, span)
  switch (result.kind) {
    case 'identified':
      return { ...UNASKED, collectionId: result.collectionId, isSettled: true }
    case 'unidentified':
      return { ...UNASKED, isSettled: true }
    case 'gone':
    case 'refused': {
      const nextAtMs = refusals === undefined ? span.endedAtMs : nextAttemptAtMs(refusals)
      return { ...UNASKED, refusals, isSettled: isConfirmed(refusals), nextAtMs, error: result.error }
    }
    case 'outage': {
      const outageSinceMs = before.outageSinceMs ?? span.endedAtMs
      const nextAtMs = span.endedAtMs + pauseInOutageMs(span.endedAtMs - outageSinceMs)
      return { ...UNASKED, outageSinceMs, nextAtMs, error: result.error }
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

/** The names to request, of those that are to be compared with the given one. */
export function namesToIdentify(identities: Identities, names: readonly string[], given: string): readonly string[] {
  const pending = names.filter((name) => aliasOf(identities, name, given) === 'pending')
  return pending.length === 0
    ? []
    : [...new Set([given, ...pending])].filter((name) => identities.get(name)?.isSettled !== true)
}
