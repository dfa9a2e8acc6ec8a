import { interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import { newHistory } from '../history.ts'
import type { RequestOptions } from '../import-service.ts'
import type { Span } from '../clock.ts'
import type { ImportOrder } from '../policy.ts'
import { endAtDeadline, newStart, nextSteps, recordStep, startChanges } from '../start.ts'
import type { ImportStart, RunStart, StartEnd, StartResult, StartState, StartStep } from '../start.ts'
import { finalBudgetMs, finalEndMs } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { CREATE_GRACE_MS } from '../timing.ts'

/** What is known of an import before its first request. */
export function orderImport({ collectionName, files }: ImportOrder): ImportStart {
  return { collectionName, files, wasSent: false, job: undefined }
}

/** Starts the import, and makes its job the one to wait for. Returns a conclusion where the gate ends here. */
export async function* startJob(stage: Stage, order: ImportOrder): AsyncGenerator<WatchEvent, Conclusion | undefined> {
  const { known, engine } = stage
  const end = yield* startImport(stage, order)
  engine.abandon()
  if ('passes' in end) return end
  switch (end.kind) {
    case 'job': {
      const start = { ...orderImport(order), wasSent: stateOf(stage).wasSent, job: end }
      const isOwnTwoPhase = end.started && order.isTwoPhase
      known.start = start
      known.jobs = [newHistory(end.jobId, { wasListed: true, isOwnTwoPhase })]
      yield engine.report({ kind: 'import-started', start })
      return undefined
    }
    case 'start-failed':
      return { kind: 'start-failed', passes: false, cause: end.why, jobIds: end.jobIds, error: end.error }
    case 'unreachable':
      return { kind: 'unreachable', passes: false, jobs: [], error: end.error, outageMs: end.outageMs }
    default:
      return end satisfies never
  }
}

/** Starts the import once, or takes over the one that an earlier attempt started. */
export async function* startImport(
  stage: Stage,
  order: ImportOrder,
): AsyncGenerator<WatchEvent, StartEnd | Conclusion> {
  const { engine, policy, interrupt, known } = stage
  known.startState = newStart(engine.now())
  const plan = (isMeant: (step: StartStep) => boolean) => () =>
    stateOf(stage).end === undefined
      ? nextSteps(stateOf(stage), order)
          .filter(isMeant)
          .map((step) => requestOf(stage, order, step))
      : undefined
  yield* engine.run({ plan: plan(() => true) })
  if (stateOf(stage).end === undefined && !interrupt.aborted) {
    // With `timeout: 0` every request is sent once, and none is waited for; else only what is in flight is.
    const isDue = (step: StartStep) =>
      policy.timeoutMs === 0 ? step.atMs <= engine.now() : engine.isInFlight(aboutOf(step))
    yield* engine.run({
      plan: plan(isDue),
      final: {
        untilMs: () => finalEndMs(stage),
        budgetMs: () => (policy.timeoutMs === 0 ? policy.requestTimeoutMs : finalBudgetMs(policy)),
      },
    })
  }
  const state = stateOf(stage)
  return state.end === undefined && interrupt.aborted ? interrupted(interrupt) : endAtDeadline(state, engine.now())
}

function stateOf({ known, engine }: Stage): StartState {
  return (known.startState ??= newStart(engine.now()))
}

function aboutOf(step: StartStep): string {
  return 'jobId' in step ? `start: job ${step.jobId}` : 'start'
}

function requestOf(stage: Stage, order: ImportOrder, step: StartStep): PlannedRequest {
  const graceMs = step.kind === 'create' ? CREATE_GRACE_MS : 0
  return planned(
    { about: aboutOf(step), action: step.kind, atMs: step.atMs, graceMs },
    async (options) => resultOf(await send(stage, order, step, options)),
    ({ brought }, span) => recordResult(stage, order, brought, span),
  )
}

/** The engine honors `Retry-After` of any result. */
function resultOf(brought: StartResult) {
  const { result } = brought
  const retryAfterMs = 'retryAfterMs' in result ? result.retryAfterMs : undefined
  return { kind: result.kind, brought, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

async function send(
  { service, runStart }: Stage,
  order: ImportOrder,
  step: StartStep,
  options: RequestOptions,
): Promise<StartResult> {
  switch (step.kind) {
    case 'list':
      return { kind: step.kind, result: await service.list(options) }
    case 'create': {
      const request = { body: order.body, idempotencyKey: step.key }
      return { kind: step.kind, result: await service.create(request, options) }
    }
    case 'describe': {
      const { jobId } = step
      const result = await service.pollerFor([jobId])(jobId, { ...options, isLast: false, isCloser: true })
      return { kind: step.kind, jobId, result }
    }
    case 'ask-job-start':
      return { kind: step.kind, jobId: step.jobId, result: await service.jobStart(step.jobId, options) }
    case 'ask-run-start':
      return { kind: step.kind, result: await (runStart?.(options) ?? NO_RUN) }
    default:
      return step satisfies never
  }
}

/** There is no service to ask. */
const NO_RUN: RunStart = { kind: 'unknown', error: undefined }

function recordResult(stage: Stage, order: ImportOrder, brought: StartResult, span: Span): readonly EventBody[] {
  const { known, policy } = stage
  const before = stateOf(stage)
  const after = recordStep(before, order, policy, brought, span)
  known.startState = after
  known.start = known.start && { ...known.start, wasSent: after.wasSent }
  const error = 'error' in brought.result ? brought.result.error : undefined
  const changes = startChanges(before, after, error, span.endedAtMs)
  return changes.length > 0 ? [{ kind: 'starting', changes }] : []
}
