import type { History } from '../gate/history.ts'
import { IDLE_NOTICE_MS } from '../gate/changes.ts'
import { STAGE_TITLES, stageNow } from './timeline.ts'
import type { Stage } from './timeline.ts'

/** What usually keeps an import at one stage. */
interface Rest {
  readonly cause: string
  readonly pollerFor: string
}

/** By what users have reported; each with an issue of milvus-io/milvus where one tells of it. */
const RESTS: Readonly<Record<Stage, Rest | undefined>> = {
  // #31227, #41981
  pending: {
    cause: 'usually no node has a free slot for it',
    pollerFor: 'poll the other imports and at the slots of the data nodes',
  },
  // #43764
  'pre-importing': {
    cause: 'usually reading is slow, or tried again',
    pollerFor: 'poll for warnings in the logs of the data nodes',
  },
  // #42608, #43755
  importing: {
    cause: 'usually a data node is out of memory and begins again',
    pollerFor: 'poll for restarts of the data nodes',
  },
  // #39952; at 70 % of 2.4, zilliztech/milvus-backup#414
  sorting: {
    cause: 'usually sorting is slow, or on 2.4 the index',
    pollerFor: 'poll the load of the data nodes',
  },
  // #39348
  indexing: {
    cause: 'usually the index waits for a free node',
    pollerFor: 'poll for "no idle indexing node" in the logs',
  },
  committing: {
    cause: 'no usual cause is known',
    pollerFor: 'poll the logs of the coordinator',
  },
  uncommitted: undefined,
  other: undefined,
}

/** Where a job has come to rest, what usually causes that and what to poll, in one line; undefined where nobody knows. */
export function stallHint(job: History): string | undefined {
  const found = restOf(job)
  if (found === undefined) return undefined
  const { where, isEstimate, cause, pollerFor } = found
  // No answer carries a version.
  return `${where}${isEstimate ? ' (may differ on 3.x)' : ''}: ${cause}; ${pollerFor}`
}

/** The same for a glance, without what to poll. */
export function shortStallHint(job: History): string | undefined {
  const found = restOf(job)
  return found && `${found.where}: ${found.cause}`
}

/** Whether a job has stood still for so long that it is worth a word. */
export function isIdle({ idleMs }: History): boolean {
  return idleMs >= IDLE_NOTICE_MS
}

function restOf(job: History) {
  const { stage, isEstimate } = stageNow(job) ?? {}
  // Importing without such a percentage may be anything.
  const isKnown = isEstimate === true || stage !== 'importing'
  const rest = stage === undefined || !isKnown ? undefined : RESTS[stage]
  if (stage === undefined || rest === undefined) return undefined
  return { ...rest, isEstimate, where: `${isEstimate === true ? '~ ' : ''}${STAGE_TITLES[stage].toLowerCase()}` }
}
