import type { CommitStatus, Delivery } from './report/github-status.ts'
import { timedLines } from './report/log-lines.ts'
import { createSanitizer } from './report/sanitize.ts'
import { deliverWithin, handedOver, troubleOf, WARNING_TITLE, wayToCommit } from './report/commit-status.ts'
import type { Deliver } from './report/commit-status.ts'
import { commitStatusOf, handedOverIn } from './settings/runner.ts'
import { secretsOf } from './settings/secrets.ts'
import { USER_AGENT } from './version.ts'
import type { Clock } from './gate/clock.ts'
import type { World } from './world.ts'

const TIMEOUT_MS = 10_000
const ATTEMPTS = 3
const PAUSE_MS = 3_000
/** Where GitHub asks for a longer one, a warning is better than a job that waits. */
const LONGEST_PAUSE_MS = 20_000

/** The post step: sets the commit status that the step itself could not set, since it was killed or GitHub did not answer. */
export async function finish({ env, clock, log }: World): Promise<void> {
  const startedAtMs = clock.now()
  const secrets = secretsOf(env)
  for (const secret of secrets) log.mask(secret)
  const sanitize = createSanitizer(secrets)
  const wish = commitStatusOf(env)
  const status = handedOver(handedOverIn(env) ?? '')
  if (wish === undefined || status === undefined) return
  const way = wayToCommit({ ...wish, context: sanitize(wish.context) }, USER_AGENT)
  const delivery =
    typeof way === 'string' ? ({ kind: 'failed', cause: way } as const) : await persist(way, status, clock)
  if (delivery.kind === 'set') {
    const due = `The commit status was still due: ${sanitize(`${status.state}, ${status.description}`)}`
    for (const line of timedLines(clock.now() - startedAtMs, due)) log.info(line)
  } else {
    log.warning(WARNING_TITLE, `The commit status is not up to date. ${troubleOf(delivery, sanitize)}`)
  }
}

/** A few attempts: nobody comes after this one. */
async function persist(deliver: Deliver, status: CommitStatus, clock: Clock): Promise<Delivery> {
  for (let attempt = 1; ; attempt += 1) {
    const delivery = await deliverWithin(TIMEOUT_MS, clock, deliver, status)
    const pauseMs = delivery.kind === 'limited' ? Math.max(PAUSE_MS, delivery.waitMs) : PAUSE_MS
    const isLast = delivery.kind === 'set' || delivery.kind === 'refused' || attempt === ATTEMPTS
    if (isLast || pauseMs > LONGEST_PAUSE_MS) return delivery
    await clock.sleep(pauseMs)
  }
}
