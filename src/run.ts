import { isReadableOnTheWay } from './milvus/plain-http.ts'
import { createLook } from './milvus/service.ts'
import { createSanitiser } from './render/untrusted.ts'
import type { Sanitise } from './render/untrusted.ts'
import { commitStatusReporter, handOverTo, wayToCommit } from './report/commit-status.ts'
import { logReporter } from './report/log.ts'
import { outputsReporter } from './report/outputs.ts'
import { createJournal, newReportPath, reportFileReporter } from './report/report-file.ts'
import type { Journal } from './report/report-file.ts'
import { tellAll } from './report/reporter.ts'
import type { Reporter } from './report/reporter.ts'
import { summaryReporter } from './report/summary.ts'
import { commitStatusOf, parseSettings, runnerFilesOf, secretsOf, summaryWanted } from './settings.ts'
import type { ParsedSettings, Settings } from './settings.ts'
import { USER_AGENT, VERSION } from './version.ts'
import type { Conclusion, Mistake } from './watch/conclusion.ts'
import type { View, WatchEvent } from './watch/events.ts'
import { DEFAULT_POLICY } from './watch/policy.ts'
import type { Policy } from './watch/policy.ts'
import { interrupted, watchImports } from './watch/watch-imports.ts'
import type { World } from './world.ts'

/** The whole step, from the inputs to a verdict: true where it passes. Everybody has been told by then. */
export async function run(world: World): Promise<boolean> {
  const { env, clock, interrupt } = world
  const startedAtMs = clock.now()
  const secrets = secretsOf(env)
  for (const secret of secrets) world.log.mask(secret)
  const sanitise = createSanitiser(secrets)
  const journal = createJournal()
  const parsed = parseSettings(env)
  const tell = tellAll(reportersOf(world, parsed, journal, sanitise), (name, error) => {
    world.log.info(`The ${name} could not be written: ${sanitise(messageOf(error))}. The gate goes on.`)
  })

  let view: View = { startedAtMs, nowMs: startedAtMs, jobs: [] }
  const end = (ending: Conclusion) => {
    // An error may quote anything.
    const conclusion = ending.kind === 'internal-error' ? { ...ending, message: sanitise(ending.message) } : ending
    return tell({ kind: 'ended', view: { ...view, nowMs: clock.now() }, conclusion })
  }
  let conclusion: Conclusion = {
    kind: 'internal-error',
    passes: false,
    message: 'the watch ended without a conclusion',
  }
  try {
    const events =
      parsed.kind === 'mistakes'
        ? [{ kind: 'ended', view, conclusion: invalidInput(parsed.mistakes, sanitise) } satisfies WatchEvent]
        : watchJobs(world, parsed.settings, startedAtMs, journal, sanitise)
    for await (const event of events) {
      view = event.view
      if (event.kind === 'ended') conclusion = event.conclusion
      else await tell(event)
    }
  } catch (error) {
    conclusion = { kind: 'internal-error', passes: false, message: messageOf(error) }
  }

  // A signal counts until the step has passed, and may come in while the last lines are written.
  await pendingSignals()
  if (conclusion.passes && interrupt.aborted) conclusion = interrupted(interrupt)
  await end(conclusion)
  await pendingSignals()
  if (!conclusion.passes || !interrupt.aborted) return conclusion.passes
  await end(interrupted(interrupt))
  return false
}

async function* watchJobs(
  world: World,
  { connection, target, policy, jobIds }: Settings,
  startedAtMs: number,
  journal: Journal,
  sanitise: Sanitise,
): AsyncGenerator<WatchEvent, void> {
  if (connection.apiKey !== '' && isReadableOnTheWay(connection.endpoint)) {
    world.log.info(
      'The key travels over plain http to a public address, where others can read it: use https:// if you can.',
    )
  }
  const exchange = world.openExchange(connection)
  try {
    const look = createLook(
      {
        ...connection,
        ...target,
        requestTimeoutMs: policy.requestTimeoutMs,
        userAgent: USER_AGENT,
        exchange,
        sanitise,
        onExchange: (record) => {
          journal.add(record)
        },
      },
      { jobIds, clock: world.clock, collectionName: policy.expectedCollection },
    )
    yield* watchImports({
      jobIds,
      // The jobs' collection names have been sanitised, so that only like is compared with like.
      policy: { ...policy, expectedCollection: policy.expectedCollection && sanitise(policy.expectedCollection) },
      look,
      clock: world.clock,
      random: world.random,
      interrupt: world.interrupt,
      startedAtMs,
    })
  } finally {
    void exchange.close()
  }
}

function reportersOf(world: World, parsed: ParsedSettings, journal: Journal, sanitise: Sanitise): readonly Reporter[] {
  const { env, log } = world
  const { outputPath, summaryPath, tempDir } = runnerFilesOf(env)
  const settings = parsed.kind === 'settings' ? parsed.settings : undefined
  const policy = settings?.policy ?? DEFAULT_POLICY
  const reportPath = reportPathIn(tempDir, (error) => {
    log.info(`There is no report file: ${sanitise(messageOf(error))}.`)
  })
  const context = { version: VERSION, inputs: settings?.inputs ?? {}, policy, journal }
  return [
    ...(reportPath === undefined ? [] : [reportFileReporter(reportPath, context)]),
    ...(outputPath === undefined ? [] : [outputsReporter(outputPath, policy, reportPath)]),
    ...(summaryPath === undefined || !summaryWanted(env)
      ? []
      : [summaryReporter(summaryPath, policy, settings && sanitise(new URL(settings.connection.endpoint).host))]),
    logReporter(log, policy),
    // Last, since only GitHub can keep the end of the gate waiting.
    ...commitStatusReportersOf(world, policy, sanitise),
  ]
}

function commitStatusReportersOf(
  { env, clock, interrupt, log }: World,
  policy: Policy,
  sanitise: Sanitise,
): readonly Reporter[] {
  const wish = commitStatusOf(env)
  if (wish === undefined) return []
  const deliver = wayToCommit({ ...wish, context: sanitise(wish.context) }, USER_AGENT)
  if (typeof deliver === 'string') {
    log.info(`There is no commit status: ${sanitise(deliver)}.`)
    return []
  }
  const handOver = handOverTo(wish.state)
  return [commitStatusReporter({ deliver, handOver, policy, clock, interrupt, sanitise, log })]
}

function reportPathIn(tempDir: string, onError: (error: unknown) => void): string | undefined {
  try {
    return newReportPath(tempDir)
  } catch (error) {
    onError(error)
    return undefined
  }
}

function invalidInput(mistakes: readonly Mistake[], sanitise: Sanitise): Conclusion {
  const clean = mistakes.map(({ input, got, takes, example }) => ({
    input: sanitise(input),
    got: sanitise(got),
    takes: sanitise(takes),
    example: sanitise(example),
  }))
  return { kind: 'invalid-input', passes: false, mistakes: clean }
}

/** Signals are handled between two turns of the event loop. */
function pendingSignals(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
