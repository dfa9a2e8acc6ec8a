import { success, unknownJob } from './answers.ts'
import type { ServiceRequest, ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import { fixtureReply } from './fixtures.ts'
import { project, type JobData, type TimeOf } from './projection.ts'
import type { Deed } from './routes.ts'
import { lineAt, turnedAt, type Disturbance, type JobScript, type Line } from './script.ts'
import { outcomeOf, spoilerOf, unknownJobOfDeed } from './two-phase.ts'

/** A job that plays its script, and what can be asked of it. */
export interface OpenJob {
  readonly job: JobScript
  readonly describe: (request: ServiceRequest) => { readonly reply: Reply; readonly poll: number }
  /** Whether a list has it, without a poll; not where it is gone, or its script has a ready answer in the place of a state. */
  readonly isListed: () => boolean
  /** What a list says of it, which is a poll; undefined where it is in no list. */
  readonly sight: () => JobData | undefined
  readonly perform: (result: Deed, request: ServiceRequest) => Reply
}

/** What a poll counts for where a script that counts polls needs wall-clock time: the server's own tick. */
const tickMs = 2000

/** What spoils the answers about one job spoils neither a list of all nor what is done to it. */
const NO_FAULTS: readonly Disturbance[] = []

/** Begins to play when it is first asked for. */
export function openJob(job: JobScript, service: ServiceRules, speed: number): OpenJob {
  const unitMs = job.clock === 'polls' ? tickMs : 1
  let course = job.course
  let firstAskedAt: number | undefined
  let polls = 0
  const deeds = { commit: 0, abort: 0 }

  const elapsed = () => {
    const now = Date.now()
    return (now - (firstAskedAt ??= now)) * speed
  }
  const timeOf: TimeOf = (at) => new Date((firstAskedAt ?? Date.now()) + at * unitMs)
  const poll = () => {
    const now = elapsed()
    const nth = polls++
    return { nth, position: job.clock === 'polls' ? nth : now }
  }
  /** Where the client has seen the job stand, and the first moment at which it can see it stand otherwise. */
  const turningPoint = () => {
    const now = elapsed()
    return job.clock === 'polls' ? { position: Math.max(0, polls - 1), turn: polls } : { position: now, turn: now }
  }
  const lineOf = (position: number, faults = job.faults ?? []) => lineAt({ ...job, course, faults }, position)

  return {
    job,
    describe(request) {
      const { nth, position } = poll()
      return { poll: nth, reply: job.answer?.(request, nth) ?? replyFor(lineOf(position), job, service, timeOf) }
    },
    isListed: () => lineOf(job.clock === 'polls' ? polls : elapsed(), NO_FAULTS).kind === 'standing',
    sight() {
      const line = lineOf(poll().position, NO_FAULTS)
      return line.kind === 'standing' ? project(job, line.standing, service, timeOf) : undefined
    },
    perform(result, request) {
      const spoiled = spoilerOf(result, job, request, deeds[result]++)
      if (spoiled?.takesEffect === false) return spoiled.reply
      const reply = effect(result)
      return spoiled?.reply ?? reply
    },
  }

  function effect(result: Deed): Reply {
    const { position, turn } = turningPoint()
    const line = lineOf(position, NO_FAULTS)
    if (line.kind === 'gone') return unknownJobOfDeed(service, job.jobId)
    if (line.kind === 'reply') return line.reply
    if (line.kind === 'fixture')
      throw new RangeError(`Nothing says what a ${result} does where ${line.name} is played.`)
    const outcome = outcomeOf(result, job, line.standing.phase)
    if (outcome.kind === 'refused') return outcome.reply
    if (outcome.kind === 'turned') course = turnedAt(course, position, turn, outcome.next)
    return success(service, {})
  }
}

function replyFor(line: Line, job: JobScript, service: ServiceRules, timeOf: TimeOf): Reply {
  switch (line.kind) {
    case 'reply':
      return line.reply
    case 'fixture':
      return fixtureReply(line.name, job.jobId)
    case 'gone':
      return unknownJob(service, job.jobId)
    case 'standing':
      return success(service, project(job, line.standing, service, timeOf))
  }
}
