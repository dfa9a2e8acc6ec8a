import { DEFAULT_POLICY } from './gate/policy.ts'
import type { Policy, Selection } from './gate/policy.ts'
import { proxyFor } from './proxy.ts'
import { NOTICES } from './messages/codes.ts'
import { commitStatusReporter, handOverTo, statusSender } from './report/commit-status.ts'
import { logReporter } from './report/log.ts'
import { outputsReporter } from './report/outputs.ts'
import { newReportPath, reportFileReporter } from './report/report-file.ts'
import type { RequestLog } from './report/report-file.ts'
import { reportToAll } from './report/reporter.ts'
import type { Reporter } from './report/reporter.ts'
import type { Sanitize } from './report/sanitize.ts'
import { summaryReporter } from './report/summary.ts'
import { colorsWanted, commitStatusOf, troubleshootingOf, runnerFilesOf } from './settings/runner.ts'
import { summaryWanted } from './settings/settings.ts'
import type { ParsedSettings } from './settings/settings.ts'
import { messageOf } from './step.ts'
import type { Step } from './step.ts'
import { USER_AGENT, VERSION } from './version.ts'

/** Reports every event to the log, the files and GitHub. A reporter that breaks costs one line. */
export function openReporters(
  step: Step,
  parsed: ParsedSettings,
  requests: RequestLog,
): ReturnType<typeof reportToAll> {
  const { sanitize, notice } = step
  return reportToAll(reportersOf(step, parsed, requests), (name, error) => {
    notice(`The ${name} could not be written: ${sanitize(messageOf(error))}. The gate goes on. (${NOTICES.notWritten})`)
  })
}

/** The policy as it may be shown: a name may hold a secret, such as a password that is a word of it. */
export function shownPolicy(policy: Policy, sanitize: Sanitize): Policy {
  const { expectedCollection } = policy
  return { ...policy, expectedCollection: expectedCollection && sanitize(expectedCollection) }
}

/** What the service calls its collections has been sanitized, so that only like is compared with like. */
export function shownSelection(selection: Selection, sanitize: Sanitize): Selection {
  if (selection.kind === 'given') return selection
  if (selection.kind === 'discovered') return { ...selection, collectionName: sanitize(selection.collectionName) }
  const { order } = selection
  const files = order.files.map((group) => group.map((path) => sanitize(path)))
  return { ...selection, order: { ...order, collectionName: sanitize(order.collectionName), files } }
}

function reportersOf(step: Step, parsed: ParsedSettings, requests: RequestLog): readonly Reporter[] {
  const { world, sanitize } = step
  const { env, log, clock, wallClockMs } = world
  const { outputPath, summaryPath } = runnerFilesOf(env)
  const settings = parsed.kind === 'settings' ? parsed.settings : undefined
  const policy = settings === undefined ? DEFAULT_POLICY : shownPolicy(settings.policy, sanitize)
  const reportPath = reportPathOf(step)
  const { asked } = requests
  const troubleshooting = troubleshootingOf(env)
  const reporters: Reporter[] = []
  if (outputPath !== undefined) reporters.push(outputsReporter(outputPath, policy, reportPath, clock))
  if (summaryPath !== undefined && summaryWanted(env)) {
    const endpoint = settings && sanitize(new URL(settings.connection.endpoint).host)
    reporters.push(summaryReporter(summaryPath, { policy, clock, wallClockMs, asked, endpoint, troubleshooting }))
  }
  // After them, because a large report takes longest, and a signal leaves a second.
  if (reportPath !== undefined) {
    const proxy = settings && proxyFor(settings.connection.endpoint, settings.connection.proxy)
    const context = {
      version: VERSION,
      inputs: settings?.inputs ?? {},
      proxy: proxy?.kind === 'proxy' ? sanitize(proxy.shown) : undefined,
      policy,
      journal: requests,
      wallClockMs,
    }
    reporters.push(reportFileReporter(reportPath, context, clock))
  }
  reporters.push(logReporter(log, policy, { asked, colors: colorsWanted(env), clock, troubleshooting }))
  // Last, because the gate may wait for GitHub at its end.
  return [...reporters, ...commitStatusReporters(step, policy)]
}

function commitStatusReporters({ world, sanitize, notice }: Step, policy: Policy): readonly Reporter[] {
  const { env, clock, interrupt, log } = world
  const request = commitStatusOf(env)
  if (request === undefined) return []
  const deliver = statusSender({ ...request, context: sanitize(request.context) }, { ...world, userAgent: USER_AGENT })
  if (typeof deliver === 'string') {
    notice(`There is no commit status: ${sanitize(deliver)}. (${NOTICES.commitStatus})`)
    return []
  }
  const handOver = handOverTo(request.state)
  const warn = (title: string, message: string) => {
    log.warning(title, message)
  }
  return [commitStatusReporter({ deliver, handOver, policy, clock, interrupt, sanitize, notice, warn })]
}

function reportPathOf({ world, sanitize, notice }: Step): string | undefined {
  try {
    return newReportPath(runnerFilesOf(world.env).tempDir)
  } catch (error) {
    notice(`There is no report file: ${sanitize(messageOf(error))}. The gate goes on. (${NOTICES.notWritten})`)
    return undefined
  }
}
