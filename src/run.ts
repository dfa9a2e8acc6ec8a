import { connect } from './connect.ts'
import type { Connection, Target } from './connection.ts'
import { interrupted } from './gate/conclusion.ts'
import type { Conclusion, Mistake } from './gate/conclusion.ts'
import type { View, WatchEvent } from './gate/events.ts'
import { watchImports } from './gate/gate.ts'
import { unknownInputsNotice } from './messages/notices.ts'
import { createRequestLog } from './report/report-file.ts'
import type { RequestLog } from './report/report-file.ts'
import type { Sanitize } from './report/sanitize.ts'
import { runStartOf } from './report/run-start.ts'
import { openReporters, shownPolicy, shownSelection } from './reporters.ts'
import { gitHubAccessOf } from './settings/runner.ts'
import { parseSettings } from './settings/settings.ts'
import type { ParsedSettings } from './settings/settings.ts'
import { unknownInputs } from './settings/unknown-inputs.ts'
import { messageOf, startStep } from './step.ts'
import type { Step } from './step.ts'
import { USER_AGENT } from './version.ts'
import type { World } from './world.ts'

/** The whole step, from the inputs to a verdict: true where it passes. All reports are written by then. */
export async function run(world: World): Promise<boolean> {
  const { clock, env, interrupt } = world
  const step = startStep(world)
  const { startedAtMs, sanitize, notice } = step
  const unknown = unknownInputs(env)
  if (unknown.length > 0) notice(sanitize(unknownInputsNotice(unknown)))
  const parsed = parseSettings(env)
  const requests = createRequestLog()
  const report = openReporters(step, parsed, requests)

  let view: View = { startedAtMs, nowMs: startedAtMs, jobs: [], collections: [], discovery: undefined }
  let conclusion = internalError('the watch ended without a conclusion')
  try {
    for await (const event of eventsOf(step, parsed, requests)) {
      view = event.view
      if (event.kind === 'ended') conclusion = event.conclusion
      else await report(event)
    }
  } catch (error) {
    conclusion = internalError(messageOf(error))
  }

  const end = (ending: Conclusion) =>
    report({ kind: 'ended', view: { ...view, nowMs: clock.now() }, conclusion: shownConclusion(ending, sanitize) })
  // A signal counts until the step has passed, and may arrive while the last lines are written.
  await pendingSignals()
  if (conclusion.passes && interrupt.aborted) conclusion = interrupted(interrupt)
  await end(conclusion)
  await pendingSignals()
  if (!conclusion.passes || !interrupt.aborted) return conclusion.passes
  await end(interrupted(interrupt))
  return false
}

async function* eventsOf(step: Step, parsed: ParsedSettings, requests: RequestLog): AsyncGenerator<WatchEvent, void> {
  if (parsed.kind === 'mistakes') {
    const view = {
      startedAtMs: step.startedAtMs,
      nowMs: step.startedAtMs,
      jobs: [],
      collections: [],
      discovery: undefined,
    }
    yield { kind: 'ended', view, conclusion: invalidInput(parsed.mistakes, step.sanitize) }
    return
  }
  const { world, sanitize, startedAtMs } = step
  const { selection, target, connection, policy } = parsed.settings
  const { service, close } = connect(step, parsed.settings, requests)
  try {
    yield* watchImports({
      ...world,
      selection: shownSelection(selection, sanitize),
      dbName: target.dbName && sanitize(target.dbName),
      place: sanitize(placeOf(connection, target)),
      policy: shownPolicy(policy, sanitize),
      service,
      runStart: runStartOf(gitHubAccessOf(world.env), { ...world, userAgent: USER_AGENT }, sanitize),
      startedAtMs,
    })
  } finally {
    close()
  }
}

/** The host that is polled, and which part of it, for messages. */
function placeOf({ endpoint }: Connection, { clusterId, projectId, regionId }: Target): string {
  const parts = Object.entries({ cluster: clusterId, project: projectId, region: regionId })
  return [new URL(endpoint).host, ...parts.flatMap(([what, id]) => (id === undefined ? [] : `${what} ${id}`))].join(
    ', ',
  )
}

function internalError(message: string): Conclusion {
  return { kind: 'internal-error', passes: false, message }
}

/** An error may quote anything. */
function shownConclusion(conclusion: Conclusion, sanitize: Sanitize): Conclusion {
  return conclusion.kind === 'internal-error' ? { ...conclusion, message: sanitize(conclusion.message) } : conclusion
}

function invalidInput(mistakes: readonly Mistake[], sanitize: Sanitize): Conclusion {
  const clean = mistakes.map(({ input, got, takes, example }) => ({
    input: sanitize(input),
    got: sanitize(got),
    takes: sanitize(takes),
    example: sanitize(example),
  }))
  return { kind: 'invalid-input', passes: false, mistakes: clean }
}

/** Signals are handled between two turns of the event loop. */
function pendingSignals(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
