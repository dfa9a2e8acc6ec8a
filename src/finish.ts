import { createSanitiser } from './render/untrusted.ts'
import { deliverWithin, handedOver, troubleOf, WARNING_TITLE, wayToCommit } from './report/commit-status.ts'
import { commitStatusOf, handedOverIn, secretsOf } from './settings.ts'
import { USER_AGENT } from './version.ts'
import type { World } from './world.ts'

const TIMEOUT_MS = 10_000

/** The post step: sets the commit status that the step itself could not set, since it was killed or GitHub did not answer. */
export async function finish({ env, clock, log }: World): Promise<void> {
  const secrets = secretsOf(env)
  for (const secret of secrets) log.mask(secret)
  const sanitise = createSanitiser(secrets)
  const wish = commitStatusOf(env)
  const status = handedOver(handedOverIn(env) ?? '')
  if (wish === undefined || status === undefined) return
  const way = wayToCommit({ ...wish, context: sanitise(wish.context) }, USER_AGENT)
  const delivery =
    typeof way === 'string'
      ? ({ kind: 'failed', cause: way } as const)
      : await deliverWithin(TIMEOUT_MS, clock, way, status)
  if (delivery.kind === 'set') {
    log.info(`The commit status was still due: ${sanitise(`${status.state}, ${status.description}`)}`)
  } else {
    log.warning(WARNING_TITLE, `The commit status is not up to date. ${troubleOf(delivery, sanitise)}`)
  }
}
