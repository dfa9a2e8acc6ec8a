import { isReadableOnTheWay } from './service/plain-http.ts'
import { transportTo } from './service/http.ts'
import type { HttpConnection } from './service/http.ts'
import { createService } from './service/service.ts'
import { NOTICES } from './messages/codes.ts'
import { exchangeLine, timedLines } from './report/log-lines.ts'
import { createSanitizer } from './report/sanitize.ts'
import type { Sanitize } from './report/sanitize.ts'
import { commitStatusReporter, handOverTo, wayToCommit } from './report/commit-status.ts'
import { logReporter } from './report/log.ts'
import { outputsReporter } from './report/outputs.ts'
import { createRequestLog, newReportPath, reportFileReporter } from './report/report-file.ts'
import type { RequestLog } from './report/report-file.ts'
import { reportToAll } from './report/reporter.ts'
import type { Reporter } from './report/reporter.ts'
import { summaryReporter } from './report/summary.ts'
import { colorsWanted, commitStatusOf, debugWanted, readmeOf, runnerFilesOf } from './settings/runner.ts'
import { secretsOf } from './settings/secrets.ts'
import { parseSettings, summaryWanted } from './settings/settings.ts'
import type { ParsedSettings, Settings } from './settings/settings.ts'
import type { Connection, Target } from './connection.ts'
import { USER_AGENT, VERSION } from './version.ts'
import { interrupted } from './gate/conclusion.ts'
import type { Conclusion, Mistake } from './gate/conclusion.ts'
import type { View, WatchEvent } from './gate/events.ts'
import { DEFAULT_POLICY } from './gate/policy.ts'
import type { Policy } from './gate/policy.ts'
import { watchImports } from './gate/gate.ts'
import type { World } from './world.ts'

/** The whole step, from the inputs to a verdict: true where it passes. Everybody has been told by then. */
export async function run(world: World): Promise<boolean> {
  const { env, clock, interrupt } = world
  const startedAtMs = clock.now()
  const secrets = secretsOf(env)
  for (const secret of secrets) world.log.mask(secret)
  const sanitize = createSanitizer(secrets)
  const journal = createRequestLog()
  const parsed = parseSettings(env)
  const notice: Notice = (text) => {
    for (const line of timedLines(clock.now() - startedAtMs, text)) world.log.info(line)
  }
  const tell = reportToAll(reportersOf(world, parsed, journal, sanitize, notice), (name, error) => {
    notice(`The ${name} could not be written: ${sanitize(messageOf(error))}. The gate goes on. (${NOTICES.notWritten})`)
  })

  let view: View = { startedAtMs, nowMs: startedAtMs, jobs: [], collections: [], discovery: undefined }
  const end = (ending: Conclusion) => {
    // An error may quote anything.
    const conclusion = ending.kind === 'internal-error' ? { ...ending, message: sanitize(ending.message) } : ending
    return tell({ kind: 'ended', view: { ...view, nowMs: clock.now() }, conclusion })
  }
  let conclusion = internalError('the watch ended without a conclusion')
  try {
    const events =
      parsed.kind === 'mistakes'
        ? [{ kind: 'ended', view, conclusion: invalidInput(parsed.mistakes, sanitize) } satisfies WatchEvent]
        : watchAsSet(world, parsed.settings, startedAtMs, journal, sanitize, notice)
    for await (const event of events) {
      view = event.view
      if (event.kind === 'ended') conclusion = event.conclusion
      else await tell(event)
    }
  } catch (error) {
    conclusion = internalError(messageOf(error))
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

/** Takes a text of any length into the log, with the time in front. */
type Notice = (text: string) => void

async function* watchAsSet(
  world: World,
  { connection, dataPlane, target, policy, selection }: Settings,
  startedAtMs: number,
  journal: RequestLog,
  sanitize: Sanitize,
  notice: Notice,
): AsyncGenerator<WatchEvent, void> {
  const { clock, random, interrupt } = world
  const exchanges: HttpConnection[] = []
  let isTold = false
  const openExchange = (transport: Connection) => {
    if (connection.apiKey !== '' && isReadableOnTheWay(transport.endpoint) && !isTold) {
      isTold = true
      notice(
        `The key travels over plain http to a public address, where others can read it: use https:// if you can. (${NOTICES.readableKey})`,
      )
    }
    const exchange = world.openExchange(transport)
    exchanges.push(exchange)
    return exchange
  }
  try {
    const service = createService({
      ...connection,
      ...target,
      requestTimeoutMs: policy.requestTimeoutMs,
      userAgent: USER_AGENT,
      exchange: openExchange(connection),
      sanitize,
      onExchange: (record) => {
        journal.add(record)
        if (debugWanted(world.env)) world.log.debug(sanitize(exchangeLine(record)))
      },
      clock,
      collectionName: selection.kind === 'discovered' ? selection.collectionName : policy.expectedCollection,
      dataPlane,
      openExchange: (endpoint) => openExchange({ ...connection, ...transportTo(endpoint, connection) }),
    })
    yield* watchImports({
      // What the service calls its collections has been sanitized, so that only like is compared with like.
      selection:
        selection.kind === 'given' ? selection : { ...selection, collectionName: sanitize(selection.collectionName) },
      dbName: target.dbName && sanitize(target.dbName),
      place: sanitize(placeOf(connection, target)),
      policy: fitToBeTold(policy, sanitize),
      service,
      clock,
      random,
      wallClockMs: Date.now,
      interrupt,
      startedAtMs,
    })
  } finally {
    for (const exchange of exchanges) void exchange.close()
  }
}

/** A name may hold a secret, as when the password is a word of it. */
function fitToBeTold(policy: Policy, sanitize: Sanitize): Policy {
  const { expectedCollection } = policy
  return { ...policy, expectedCollection: expectedCollection && sanitize(expectedCollection) }
}

/** Who is asked, and which part of it, in words. */
function placeOf({ endpoint }: Connection, { clusterId, projectId, regionId }: Target): string {
  const parts = [
    ...(clusterId === undefined ? [] : [`cluster ${clusterId}`]),
    ...(projectId === undefined ? [] : [`project ${projectId}`]),
    ...(regionId === undefined ? [] : [`region ${regionId}`]),
  ]
  return [new URL(endpoint).host, ...parts].join(', ')
}

function reportersOf(
  world: World,
  parsed: ParsedSettings,
  journal: RequestLog,
  sanitize: Sanitize,
  notice: Notice,
): readonly Reporter[] {
  const { env, log, clock } = world
  const { outputPath, summaryPath, tempDir } = runnerFilesOf(env)
  const settings = parsed.kind === 'settings' ? parsed.settings : undefined
  const policy = settings === undefined ? DEFAULT_POLICY : fitToBeTold(settings.policy, sanitize)
  const reportPath = reportPathIn(tempDir, (error) => {
    notice(`There is no report file: ${sanitize(messageOf(error))}. The gate goes on. (${NOTICES.notWritten})`)
  })
  const context = { version: VERSION, inputs: settings?.inputs ?? {}, policy, journal }
  return [
    ...(reportPath === undefined ? [] : [reportFileReporter(reportPath, context, clock)]),
    ...(outputPath === undefined ? [] : [outputsReporter(outputPath, policy, reportPath, clock)]),
    ...(summaryPath === undefined || !summaryWanted(env)
      ? []
      : [
          summaryReporter(summaryPath, {
            policy,
            clock,
            asked: journal.asked,
            endpoint: settings && sanitize(new URL(settings.connection.endpoint).host),
            readme: readmeOf(env),
          }),
        ]),
    logReporter(log, policy, { asked: journal.asked, colors: colorsWanted(env) }),
    // Last, since only GitHub can keep the end of the gate waiting.
    ...commitStatusReportersOf(world, policy, sanitize, notice),
  ]
}

function commitStatusReportersOf(
  { env, clock, interrupt, log }: World,
  policy: Policy,
  sanitize: Sanitize,
  notice: Notice,
): readonly Reporter[] {
  const wish = commitStatusOf(env)
  if (wish === undefined) return []
  const deliver = wayToCommit({ ...wish, context: sanitize(wish.context) }, USER_AGENT)
  if (typeof deliver === 'string') {
    notice(`There is no commit status: ${sanitize(deliver)}. (${NOTICES.commitStatus})`)
    return []
  }
  const handOver = handOverTo(wish.state)
  const warn = (title: string, message: string) => {
    log.warning(title, message)
  }
  return [commitStatusReporter({ deliver, handOver, policy, clock, interrupt, sanitize, notice, warn })]
}

function reportPathIn(tempDir: string, onError: (error: unknown) => void): string | undefined {
  try {
    return newReportPath(tempDir)
  } catch (error) {
    onError(error)
    return undefined
  }
}

function internalError(message: string): Conclusion {
  return { kind: 'internal-error', passes: false, message }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
