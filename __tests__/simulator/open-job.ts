import { success, unknownJob } from './answers.ts'
import type { JobQuery, ServiceRequest, ServiceRules } from './dialects.ts'
import type { Reply } from './faults.ts'
import { fixtureReply } from './fixtures.ts'
import { shuffled } from './job-list.ts'
import { project, rfc3339, type JobData, type TimeOf } from './projection.ts'
import type { TwoPhaseOperation } from './routes.ts'
import { lineAt, turnedAt, type Disturbance, type JobScript, type Line } from './script.ts'
import { faultFor, noJobToCommit, outcomeOf } from './two-phase.ts'

/** A job that plays its script, and what can be asked of it. */
export interface OpenJob {
  readonly job: JobScript
  readonly describe: (request: ServiceRequest) => { readonly reply: Reply; readonly poll: number }
  /** Whether a list has it, without a poll; not where it is gone, or its script has a ready answer in place of a state. */
  readonly isListed: () => boolean
  /** What a list says of it, which is a poll; undefined where it is in no list. */
  readonly pollByList: () => JobData | undefined
  readonly perform: (query: JobQuery, operation: TwoPhaseOperation, request: ServiceRequest) => Reply
  readonly startTime: () => string
  /** What it has put into its collection, and since when it is Completed, in milliseconds; without a poll. */
  readonly stored: () => { readonly rows: number; readonly completedForMs: number | undefined }
}

/** What a poll counts for where a script that counts polls needs wall-clock time: the server's own tick. */
const tickMs = 2000

/** Faults of the answers about one job affect neither a list of all nor commits and aborts. */
const NO_FAULTS: readonly Disturbance[] = []

/** Begins to play when it is first asked for, or, created by a client, at once. */
export function openJob(job: JobScript, service: ServiceRules, speed: number, startedAt?: number): OpenJob {
  const unitMs = job.clock === 'polls' ? tickMs : 1
  let course = job.course
  let firstAskedAt = startedAt
  let polls = 0
  const counts = { commit: 0, abort: 0 }

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
    isListed() {
      const position = job.clock === 'polls' ? polls : elapsed()
      return position >= (job.listedFrom ?? 0) && lineOf(position, NO_FAULTS).kind === 'standing'
    },
    pollByList() {
      const line = lineOf(poll().position, NO_FAULTS)
      return line.kind === 'standing' ? project(job, line.standing, service, timeOf) : undefined
    },
    perform({ isChecked }, operation, request) {
      const [faults, answer] =
        operation === 'commit' ? [job.commitFaults, job.answerCommit] : [job.abortFaults, job.answerAbort]
      const fault = faultFor(request, counts[operation]++, faults, answer)
      if (fault?.takesEffect === false) return fault.reply
      const reply = carryOut(operation, isChecked)
      return fault?.reply ?? reply
    },
    startTime: () => job.createTime ?? rfc3339(timeOf(0)),
    stored() {
      if (firstAskedAt === undefined) return { rows: 0, completedForMs: undefined }
      const { position } = turningPoint()
      const line = lineOf(position, NO_FAULTS)
      if (line.kind !== 'standing') return { rows: 0, completedForMs: undefined }
      const { phase, since } = line.standing
      const isStored = !['Pending', 'PreImporting', 'Importing', 'Failed'].includes(phase)
      return {
        rows: isStored ? job.files.reduce((sum, { rows }) => sum + rows, 0) : 0,
        completedForMs: phase === 'Completed' ? (position - since) * unitMs : undefined,
      }
    },
  }

  function carryOut(operation: TwoPhaseOperation, isChecked: boolean): Reply {
    const { position, turn } = turningPoint()
    const line = lineOf(position, NO_FAULTS)
    if (line.kind === 'gone') return noJobToCommit(service, job.jobId, isChecked)
    if (line.kind === 'reply') return line.reply
    if (line.kind === 'fixture') {
      throw new RangeError(`The script does not say what a ${operation} does where ${line.name} is played.`)
    }
    const outcome = outcomeOf(operation, job, line.standing)
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
    case 'standing': {
      const data = project(job, line.standing, service, timeOf)
      const details = data['details'] as readonly unknown[]
      return success(service, service.shuffles === true ? { ...data, details: shuffled(details) } : data)
    }
  }
}
