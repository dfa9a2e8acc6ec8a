import { interrupted } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { EventBody, WatchEvent } from '../events.ts'
import type { ImportRequest, RequestOptions } from '../import-service.ts'
import type { Span } from '../clock.ts'
import { endAtDeadline, newStart, nextSteps, recordStep } from '../start.ts'
import type { ImportPlan, RunStart, StartEnd, StartResult, StartState, StartStep } from '../start.ts'
import { finalBudgetMs, finalEndMs } from '../stage.ts'
import type { Stage } from '../stage.ts'

/** The import to start, and whom to ask when the workflow run began. */
export interface StartOptions {
  readonly plan: ImportPlan
  readonly body: ImportRequest['body']
  readonly runStart: (options: RequestOptions) => Promise<RunStart>
}

interface StartStage extends Stage {
  readonly options: StartOptions
  state: StartState
}

/** Starts the import once, or takes over the one that an earlier attempt started. */
export async function* startImport(
  stage: Stage,
  options: StartOptions,
): AsyncGenerator<WatchEvent, StartEnd | Conclusion> {
  const { engine, policy, interrupt } = stage
  const start: StartStage = { ...stage, options, state: newStart(engine.now()) }
  const steps = () => nextSteps(start.state, options.plan)
  const plan = (isMeant: (step: StartStep) => boolean) => () =>
    start.state.end === undefined
      ? steps()
          .filter(isMeant)
          .map((step) => requestOf(start, step))
      : undefined
  yield* engine.run({ plan: plan(() => true) })
  if (start.state.end === undefined && !interrupt.aborted) {
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
  const { state } = start
  return state.end === undefined && interrupt.aborted ? interrupted(interrupt) : endAtDeadline(state, engine.now())
}

function aboutOf(step: StartStep): string {
  return 'jobId' in step ? `start: job ${step.jobId}` : 'start'
}

function requestOf(stage: StartStage, step: StartStep): PlannedRequest {
  return planned(
    { about: aboutOf(step), action: step.kind, atMs: step.atMs },
    async (options) => resultOf(await send(stage, step, options)),
    ({ brought }, span) => recordResult(stage, brought, span),
  )
}

/** The engine honors `Retry-After` of any result. */
function resultOf(brought: StartResult) {
  const { result } = brought
  const retryAfterMs = 'retryAfterMs' in result ? result.retryAfterMs : undefined
  return { kind: result.kind, brought, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

async function send(stage: StartStage, step: StartStep, options: RequestOptions): Promise<StartResult> {
  const { service, options: start } = stage
  switch (step.kind) {
    case 'list':
      return { kind: step.kind, result: await service.list(options) }
    case 'create': {
      const request = { body: start.body, idempotencyKey: step.key }
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
      return { kind: step.kind, result: await start.runStart(options) }
    default:
      return step satisfies never
  }
}

function recordResult(stage: StartStage, brought: StartResult, span: Span): readonly EventBody[] {
  const before = stage.state
  stage.state = recordStep(before, stage.options.plan, stage.policy, brought, span)
  const { outage } = stage.state
  if (before.outage === undefined && outage !== undefined) {
    return [{ kind: 'searched', changes: [{ kind: 'outage-began', error: outage.error }] }]
  }
  if (before.outage === undefined || outage !== undefined) return []
  const lastedMs = span.endedAtMs - before.outage.silentSinceMs
  return [{ kind: 'searched', changes: [{ kind: 'outage-ended', lastedMs }] }]
}
