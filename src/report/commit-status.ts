import { repositoryOf, setStatus } from './github.ts'
import type { CommitStatus, Delivery, GitHubFailure, GitHubOptions } from './github.ts'
import { NOTICES } from '../messages/codes.ts'
import {
  conclusionText,
  MAX_DESCRIPTION_LENGTH,
  progressText,
  refusalText,
  verdictOf,
} from '../messages/commit-status.ts'
import type { Sanitize } from './sanitize.ts'
import { after } from '../gate/clock.ts'
import type { Clock } from '../gate/clock.ts'
import type { Policy } from '../gate/policy.ts'
import type { Reporter } from './reporter.ts'
import { writeWholeFile } from './files.ts'

/** The commit status that is asked for, and the run that it is about. */
export interface StatusRequest extends Pick<GitHubOptions, 'token' | 'proxy'> {
  /** The status' name. */
  readonly context: string
  readonly run: {
    readonly apiUrl: string
    readonly repository: string
    readonly eventName: string
    readonly sha: string | undefined
    readonly url: string
  }
}

/** Sets the status; settles as soon as it is aborted. */
export type Deliver = (status: CommitStatus, signal: AbortSignal) => Promise<Delivery>

/** Sets the status of the commit that a run is about; a string says why that cannot be. */
export function statusSender(
  { context, token, proxy, run }: StatusRequest,
  { userAgent, openExchange, wallClockMs }: Pick<GitHubOptions, 'userAgent' | 'openExchange' | 'wallClockMs'>,
): Deliver | string {
  const repository = repositoryOf(token, run.repository)
  if (typeof repository === 'string') return repository
  const { apiUrl, sha, url: targetUrl } = run
  if (sha === undefined) return `the event ${run.eventName} names no commit, or its file cannot be read`
  const options = { apiUrl, token, userAgent, proxy, openExchange, wallClockMs }
  const target = { ...repository, sha, context, targetUrl }
  return (status, signal) => setStatus(options, target, status, signal)
}

/** Sets a status, or gives up after so much time. */
export async function deliverWithin(
  timeoutMs: number,
  clock: Clock,
  deliver: Deliver,
  status: CommitStatus,
): Promise<Delivery> {
  const limit = new AbortController()
  const cancel = after(clock, timeoutMs, () => {
    limit.abort()
  })
  try {
    return await deliver(status, limit.signal)
  } finally {
    cancel()
  }
}

/** Why a status is not set, with the next step where there is one, and the code that the docs explain. */
export function failureText(failure: GitHubFailure, sanitize: Sanitize): string {
  return `${causeOf(failure, sanitize)} (${NOTICES.commitStatus})`
}

function causeOf(failure: GitHubFailure, sanitize: Sanitize): string {
  switch (failure.kind) {
    case 'refused':
      return refusalText(failure.status, sanitize(failure.message, 200))
    case 'limited':
      return 'GitHub limits the rate of requests.'
    case 'failed':
      return `${sanitize(failure.cause, 200)}.`
  }
}

/** What the post step finds to tell: the end of a step that could not tell it itself. */
export const KILLED: CommitStatus = {
  state: 'error',
  description: 'The gate was killed before it could say how the import ended.',
}

/** Of the one warning that a commit status may cost. */
export const WARNING_TITLE = 'Milvus import: commit status'

/** Leaves a status for the post step to set, or nothing. */
export type HandOver = (status: CommitStatus | undefined) => void

/** Writes the state of this step, which nothing else writes to. */
export function handOverTo({ path, name }: { readonly path: string | undefined; readonly name: string }): HandOver {
  return (status) => {
    if (path !== undefined) writeWholeFile(path, status === undefined ? '' : `${name}=${JSON.stringify(status)}\n`)
  }
}

/** The status that a step has left for its post step; undefined for any other text. */
export function handedOver(text: string): CommitStatus | undefined {
  try {
    const { state, description } = JSON.parse(text) as Partial<CommitStatus>
    const isWhole = typeof description === 'string' && STATES.some((known) => known === state)
    return isWhole && state !== undefined ? { state, description } : undefined
  } catch {
    return undefined
  }
}

const STATES: readonly CommitStatus['state'][] = ['pending', 'success', 'failure', 'error']

/** What the reporter works with. */
export interface CommitStatusOptions {
  readonly deliver: Deliver
  readonly handOver: HandOver
  readonly policy: Policy
  readonly clock: Clock
  /** A status that says that the step passes is not waited for once this is aborted. */
  readonly interrupt: AbortSignal
  readonly sanitize: Sanitize
  /** Takes a text of any length into the log. */
  readonly notice: (text: string) => void
  readonly warn: (title: string, message: string) => void
}

/** GitHub allows 1,000 statuses a commit and name, and 1,000 requests an hour for all steps of a repository. */
const PAUSE_MS = 60_000
const MOST_UPDATES = 200
/** At the end a request under way is waited for, lest it overtake the last one: both take at most this. */
const REQUEST_TIMEOUT_MS = 3_000

/**
 * The status of the commit: pending while the gate waits, then its conclusion. The gate waits for GitHub only at its end,
 * and a refusal costs one warning.
 */
export function commitStatusReporter(options: CommitStatusOptions): Reporter {
  const { policy, interrupt, sanitize } = options
  const channel = openChannel(options)
  const updates = openUpdates(channel, options.clock)
  const described = (state: CommitStatus['state'], text: string): CommitStatus => ({
    state,
    description: sanitize(text, MAX_DESCRIPTION_LENGTH),
  })
  let end: { readonly status: CommitStatus; readonly isSet: Promise<void> } | undefined
  const isLast = (status: CommitStatus) => end?.status === status

  return {
    name: 'commit status',
    report(event) {
      const { view } = event
      if (channel.isHopeless()) return
      if (event.kind === 'started') {
        channel.owe(KILLED)
        return
      }
      if (!('conclusion' in event)) {
        updates.send(described('pending', progressText(view)))
        return
      }
      const { conclusion } = event
      const status = described(verdictOf(conclusion), conclusionText(conclusion, view, policy))
      if (end?.status.state !== status.state || end.status.description !== status.description) {
        // Until GitHub has taken it, a step that passes may yet be killed, and then has not passed.
        channel.owe(conclusion.passes ? KILLED : status)
        const before = end?.isSet ?? updates.underWay()
        end = { status, isSet: conclude(status, channel, before, isLast) }
      }
      // What the gate still has to do must not wait for GitHub, nor GitHub for that.
      if (event.kind === 'ending') return
      return conclusion.passes ? Promise.race([end.isSet, aborted(interrupt)]) : end.isSet
    },
  }
}

/** Sends the last status, or leaves it to the post step. */
async function conclude(
  status: CommitStatus,
  { send, owe, isHopeless, leave }: Channel,
  before: Promise<void> | undefined,
  isLast: (status: CommitStatus) => boolean,
): Promise<void> {
  await before
  if (isHopeless()) return
  const delivery = await send(status)
  // A signal may have changed the end meanwhile.
  if (isHopeless() || !isLast(status)) return
  if (delivery.kind === 'set') owe(undefined)
  else leave(status, delivery)
}

/** The way to GitHub, and what the post step finds where it fails. */
interface Channel {
  readonly send: (status: CommitStatus) => Promise<Delivery>
  /** GitHub has refused a status, and had taken none before: a refusal is final only then. */
  readonly isHopeless: () => boolean
  readonly owe: (status: CommitStatus | undefined) => void
  readonly leave: (status: CommitStatus, failure: GitHubFailure) => void
}

function openChannel({ deliver, handOver, clock, sanitize, notice, warn }: CommitStatusOptions): Channel {
  let hasBeenSet = false
  let isHopeless = false
  let limitedUntilMs = -Infinity
  const owe = (status: CommitStatus | undefined) => {
    try {
      handOver(status)
    } catch (error) {
      notice(
        `Nothing could be left for the post step: ${sanitize(error instanceof Error ? error.message : error)}. (${NOTICES.commitStatus})`,
      )
    }
  }
  return {
    owe,
    isHopeless: () => isHopeless,
    leave(status, failure) {
      owe(status)
      notice(`The commit status is left to the post step, after the job: ${failureText(failure, sanitize)}`)
    },
    async send(status) {
      const waitMs = limitedUntilMs - clock.now()
      if (waitMs > 0) return { kind: 'limited', waitMs }
      const delivery = await deliverWithin(REQUEST_TIMEOUT_MS, clock, deliver, status)
      hasBeenSet ||= delivery.kind === 'set'
      if (delivery.kind === 'limited') limitedUntilMs = clock.now() + delivery.waitMs
      if (delivery.kind === 'refused' && !hasBeenSet) {
        isHopeless = true
        owe(undefined)
        warn(WARNING_TITLE, `The commit status is not set. ${failureText(delivery, sanitize)}`)
      }
      return delivery
    },
  }
}

/** Sends what is new, one status at a time and at most one a minute. */
function openUpdates({ send }: Channel, clock: Clock) {
  let underWay: Promise<void> | undefined
  let latest = ''
  let left = MOST_UPDATES
  let nextAtMs = -Infinity
  return {
    underWay: () => underWay,
    send(status: CommitStatus) {
      const isDue = clock.now() >= nextAtMs && left > 0
      if (!isDue || underWay !== undefined || status.description === latest) return
      nextAtMs = clock.now() + PAUSE_MS
      left -= 1
      underWay = send(status).then(({ kind }) => {
        underWay = undefined
        if (kind === 'set') latest = status.description
      })
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => {
      resolve()
    })
  })
}
