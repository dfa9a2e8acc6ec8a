import { timedLines } from './report/log-lines.ts'
import { createSanitizer } from './report/sanitize.ts'
import type { Sanitize } from './report/sanitize.ts'
import { secretsOf } from './settings/secrets.ts'
import type { World } from './world.ts'

/** The world with all secrets masked, and what every part of a step needs. */
export interface Step {
  readonly world: World
  readonly startedAtMs: number
  readonly sanitize: Sanitize
  /** Writes a text of any length into the log, with the time in front. */
  readonly notice: (text: string) => void
}

/** Masks all secrets, before anything else is printed. */
export function startStep(world: World): Step {
  const { env, clock, log } = world
  const startedAtMs = clock.now()
  const secrets = secretsOf(env)
  for (const secret of secrets) log.mask(secret)
  const notice = (text: string) => {
    for (const line of timedLines(clock.now() - startedAtMs, text)) log.info(line)
  }
  return { world, startedAtMs, sanitize: createSanitizer(secrets), notice }
}

/** What an error says; anything may be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
