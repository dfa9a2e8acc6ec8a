import type { NoResponse } from '../gate/import-service.ts'
import { TIME_IS_UP } from '../gate/import-service.ts'
import type { Answer } from './client.ts'
import { diagnoseJoblessEnvelope, diagnoseReply, timedOut } from './diagnose.ts'
import type { RequestContext } from './diagnose.ts'
import { isGood } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import type { HttpReply } from './http.ts'

/** What an answer brought to whoever did not ask how far a job is. */
export type Response<Value> = { readonly kind: 'answered'; readonly value: Value } | NoResponse

/** What `read` finds in the envelope of a success, or why there is nothing; `undefined` from `read` makes it unusable. */
export function readResponse<Value>(
  { reply, envelope }: Answer,
  around: RequestContext,
  read: (envelope: Envelope) => Value | undefined,
): Response<Value> {
  if (envelope === undefined) return noEnvelope(reply, around)
  const value = isGood(envelope, reply.status) ? read(envelope) : undefined
  return value === undefined ? diagnoseJoblessEnvelope(envelope, reply, around) : { kind: 'answered', value }
}

/** What it means that there is no envelope in a reply, or no reply at all. */
export function noEnvelope(reply: HttpReply, around: RequestContext): NoResponse {
  if (reply.kind !== 'aborted') return diagnoseReply(reply, around)
  return reply.reason === TIME_IS_UP ? timedOut(reply.afterMs, around) : { kind: 'cancelled' }
}
