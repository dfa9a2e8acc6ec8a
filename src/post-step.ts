import { deliverWithin, failureText, handedOver, statusSender, WARNING_TITLE } from './report/commit-status.ts'
import type { Deliver } from './report/commit-status.ts'
import type { CommitStatus, Delivery } from './report/github.ts'
import { commitStatusOf, handedOverIn } from './settings/runner.ts'
import { startStep } from './step.ts'
import { USER_AGENT } from './version.ts'
import type { Clock } from './gate/clock.ts'
import type { World } from './world.ts'

const TIMEOUT_MS = 10_000
const ATTEMPTS = 3
const PAUSE_MS = 3_000
/** Where GitHub asks for a longer pause, a warning is better than a job that waits. */
const LONGEST_PAUSE_MS = 20_000

/** The post step: sets the commit status that the step could not set, because it was killed or GitHub did not respond. */
export async function runPostStep(world: World): Promise<void> {
  const { env, clock, log } = world
  const request = commitStatusOf(env)
  const status = handedOver(handedOverIn(env) ?? '')
  if (request === undefined || status === undefined) return
  const { sanitize, notice } = startStep(world)
  const sender = statusSender({ ...request, context: sanitize(request.context) }, { ...world, userAgent: USER_AGENT })
  const delivery: Delivery =
    typeof sender === 'string' ? { kind: 'failed', cause: sender } : await persist(sender, status, clock)
  if (delivery.kind === 'set') {
    notice(`The commit status was still due: ${sanitize(`${status.state}, ${status.description}`)}`)
  } else {
    log.warning(WARNING_TITLE, `The commit status is not up to date. ${failureText(delivery, sanitize)}`)
  }
}

/** Retries a few times: no later step will. */
async function persist(deliver: Deliver, status: CommitStatus, clock: Clock): Promise<Delivery> {
  for (let attempt = 1; ; attempt += 1) {
    const delivery = await deliverWithin(TIMEOUT_MS, clock, deliver, status)
    const pauseMs = delivery.kind === 'limited' ? Math.max(PAUSE_MS, delivery.waitMs) : PAUSE_MS
    const isLast = delivery.kind === 'set' || delivery.kind === 'refused' || attempt === ATTEMPTS
    if (isLast || pauseMs > LONGEST_PAUSE_MS) return delivery
    await clock.sleep(pauseMs)
  }
}
