import { nextBaseline, recordBaseline } from '../baselines.ts'
import type { BaselineRequest } from '../baselines.ts'
import { collectionsOf } from '../collection.ts'
import { planned } from '../engine.ts'
import type { PlannedRequest } from '../engine.ts'
import type { RequestOptions, RowsCounted, StoredRows } from '../import-service.ts'
import type { Stage } from '../stage.ts'
import { REQUEST_SPACING_MS } from '../timing.ts'

const ABOUT = 'baseline'

/** The requests for baselines, which the jobs stage sends beside its polls. */
export interface BaselinePlan {
  /** The request to send now or later that delays none of these polls; `holdsCommits`: a commit would spoil it. */
  readonly next: (polls: readonly PlannedRequest[]) => { requests: readonly PlannedRequest[]; holdsCommits: boolean }
  /** Drops what is in flight: the jobs are decided. */
  readonly stop: () => void
}

export function planBaselines(stage: Stage): BaselinePlan {
  const { engine, known, policy } = stage
  const stopped = new AbortController()
  const none = { requests: [], holdsCommits: false }
  return {
    next(polls) {
      if (policy.waitFor !== 'searchable') return none
      const names = collectionsOf(known.jobs, stage).map(({ name }) => name)
      const request = nextBaseline(known.baselines, names, known.jobs)
      const soonMs = engine.now() + REQUEST_SPACING_MS
      const isInTheWay = polls.some(({ about, atMs }) => engine.isInFlight(about) || atMs <= soonMs)
      if (request === undefined || (isInTheWay && !engine.isInFlight(ABOUT))) return none
      return { requests: [baselineOf(stage, request, stopped.signal)], holdsCommits: request.isFirst }
    },
    stop() {
      stopped.abort()
    },
  }
}

function baselineOf(stage: Stage, request: BaselineRequest, stopped: AbortSignal): PlannedRequest {
  const { engine, known, service } = stage
  const send = async (options: RequestOptions) => {
    const own = { ...options, signal: AbortSignal.any([options.signal, stopped]) }
    const result: RowsCounted | StoredRows = await service.collections[request.step](request.name, own)
    // Its `Retry-After` must not delay a poll.
    return { kind: result.kind, result }
  }
  return planned({ about: ABOUT, action: request.step, atMs: request.atMs }, send, ({ result }, span) => {
    // The poll may have been sent before the rows were counted, so that it could not confirm them.
    const isAmbiguous = result.kind === 'stored' && engine.inFlight().some(({ action }) => action === 'poll')
    if (!isAmbiguous) known.baselines = recordBaseline(known.baselines, request, result, span, known.jobs)
    return []
  })
}
