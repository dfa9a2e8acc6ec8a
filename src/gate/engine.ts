import type { Clock, Span } from './clock.ts'
import type { EventBody, View, WatchEvent } from './events.ts'
import { TIME_IS_UP } from './import-service.ts'
import type { RequestOptions } from './import-service.ts'
import { HEARTBEAT_MS, MAX_RETRY_AFTER_MS, REQUEST_SPACING_MS, TIME_LEFT_MS } from './timing.ts'

/** A request that a stage wants to send, now or later. */
export interface PlannedRequest {
  /** What it is about, such as `job 0`: never two at a time about the same. */
  readonly about: string
  /** What it does there, such as `poll`: a request that is planned no longer is not sent any more. */
  readonly action: string
  /** When to send it, on the clock. */
  readonly atMs: number
  /** It waits until nothing is in flight, and until it is sent nothing else is started. */
  readonly isExclusive?: boolean
  /** It changes something, and its result is needed: after a signal it still has this long. */
  readonly graceMs?: number
  /** Resolves to what its result means; never rejects but for a bug. */
  readonly send: (options: RequestOptions) => Promise<Recorded>
}

/** A result, and how the stage takes it in. */
interface Recorded {
  readonly isCancelled: boolean
  readonly retryAfterMs: number | undefined
  readonly record: (span: Span) => readonly EventBody[]
}

interface Result {
  readonly kind: string
  readonly retryAfterMs?: number
}

/** A planned request whose result goes to `record`, which returns what it changed. */
export function planned<R extends Result>(
  request: Omit<PlannedRequest, 'send'>,
  send: (options: RequestOptions) => Promise<R>,
  record: (result: R, span: Span) => readonly EventBody[],
): PlannedRequest {
  return {
    ...request,
    async send(options) {
      const result = await send(options)
      const { kind, retryAfterMs } = result
      return { isCancelled: kind === 'cancelled', retryAfterMs, record: (span) => record(result, span) }
    },
  }
}

/** The request, with a word to the stage when it is started. */
export function whenSent(request: PlannedRequest, onSent: () => void): PlannedRequest {
  return {
    ...request,
    send(options) {
      onSent()
      return request.send(options)
    },
  }
}

/** A plan in which each request is started once; one that is in flight about the same already takes its place. */
export function once(
  engine: Pick<Engine, 'isInFlight'>,
  requests: readonly PlannedRequest[],
): () => readonly PlannedRequest[] {
  const started = new Set(requests.map(({ about }) => about).filter(engine.isInFlight))
  const own = requests.map((request) => whenSent(request, () => started.add(request.about)))
  return () => own.filter(({ about }) => engine.isInFlight(about) || !started.has(about))
}

/** What a run of requests needs to know. */
export interface Run {
  /** The requests to send as things stand, those in flight included; undefined ends the run at once. */
  readonly plan: () => readonly PlannedRequest[] | undefined
  /**
   * Without it the run ends at the deadline and leaves in flight what is. With it the run ends once nothing is planned or in
   * flight; at `untilMs` it cuts what is left, which counts as a timeout.
   */
  readonly final?: {
    readonly untilMs: () => number
    /** How long a request may take, counted from now or from when it is sent. */
    readonly budgetMs: (action: string) => number
    /** The run goes on after a signal. */
    readonly ignoresInterrupt?: boolean
  }
}

/**
 * Sends the requests of all stages, and is the only part of the gate that waits: it owns the rate limit, `Retry-After`, the
 * deadline, the heartbeat and the interruption.
 */
export interface Engine {
  readonly deadlineMs: number
  readonly now: () => number
  /** There is time for another request before the deadline. */
  readonly timeIsLeft: () => boolean
  /** Until when the service has asked for a pause (`Retry-After`). */
  readonly pausedUntilMs: () => number
  readonly isInFlight: (about: string) => boolean
  readonly inFlight: () => readonly InFlight[]
  /** Reports an event of the stage's own; `more` says whether others of the same moment follow. */
  readonly report: (event: EventBody, more?: boolean) => WatchEvent
  readonly run: (run: Run) => AsyncGenerator<WatchEvent, void>
  /** Drops what is in flight: the stage is over. */
  readonly abandon: () => void
  /** The same, and no signal is listened to any more: the gate is over. */
  readonly close: () => void
}

/** A request that was started and whose result has not been recorded. */
export interface InFlight extends Pick<PlannedRequest, 'about' | 'action'> {
  /** When it was sent; undefined while it waits for its turn. */
  readonly sentAtMs: number | undefined
}

interface Entry extends InFlight {
  sentAtMs: number | undefined
  readonly graceMs: number
  budgetMs: number | undefined
  readonly controller: AbortController
  readonly done: AbortController
}

interface Arrival {
  readonly entry: Entry
  readonly recorded: Recorded
  readonly endedAtMs: number
}

/** What the engine needs from outside. */
export interface EngineOptions {
  readonly clock: Clock
  /** Aborted when the step is to stop. */
  readonly interrupt: AbortSignal
  readonly startedAtMs: number
  readonly timeoutMs: number
  /** The longest outage that the user accepts, which no `Retry-After` exceeds. */
  readonly maxOutageMs: number | undefined
  readonly view: () => View
  /** Called with the time in which the process did not run, before the next result is recorded. */
  readonly onAbsence?: (absentMs: number) => void
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, interrupt, startedAtMs, view } = options
  const deadlineMs = startedAtMs + options.timeoutMs
  const limiter = createRateLimiter(clock)
  const inFlight = new Map<string, Entry>()
  const inbox: Arrival[] = []
  let bug: { readonly error: unknown } | undefined
  let sleep = new AbortController()
  let pausedUntilMs = startedAtMs
  let heartbeatAtMs = startedAtMs + HEARTBEAT_MS
  let absentMs = clock.absentMs()
  let stopsOnInterrupt = true

  const wake = () => {
    sleep.abort()
  }
  const timeIsLeft = () => deadlineMs - clock.now() >= TIME_LEFT_MS

  const limit = (entry: Entry, budgetMs: number) => {
    entry.budgetMs = budgetMs
    if (entry.sentAtMs === undefined || budgetMs === Infinity) return
    void clock.sleep(budgetMs, entry.done.signal).then(() => {
      if (!entry.done.signal.aborted) entry.controller.abort(TIME_IS_UP)
    })
  }

  const start = ({ about, action, send, graceMs = 0 }: PlannedRequest, budgetMs: number | undefined) => {
    const [controller, done] = [new AbortController(), new AbortController()]
    const entry: Entry = { about, action, sentAtMs: undefined, budgetMs, graceMs, controller, done }
    const turn = async () => {
      const granted = await limiter.pass(controller.signal)
      if (granted && entry.sentAtMs === undefined) {
        entry.sentAtMs = clock.now()
        if (entry.budgetMs !== undefined) limit(entry, entry.budgetMs)
      }
      return granted
    }
    inFlight.set(about, entry)
    send({ signal: controller.signal, turn })
      .then((recorded) => {
        done.abort()
        inbox.push({ entry, recorded, endedAtMs: clock.now() })
      })
      .catch((error: unknown) => {
        bug = { error }
      })
      .finally(wake)
  }

  /** Requests that still wait for their turn are taken back. */
  const recall = (isMeant: (entry: Entry) => boolean) => {
    for (const entry of inFlight.values()) {
      if (entry.sentAtMs === undefined && isMeant(entry)) entry.controller.abort('recalled')
    }
  }
  const abortAll = (reason: string) => {
    for (const { controller } of inFlight.values()) controller.abort(reason)
  }

  const pause = (retryAfterMs: number, endedAtMs: number) => {
    const untilMs = endedAtMs + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS, options.maxOutageMs ?? Infinity)
    pausedUntilMs = Math.max(pausedUntilMs, Math.min(untilMs, deadlineMs))
    limiter.hold(pausedUntilMs)
  }

  const report = (event: EventBody, more?: boolean): WatchEvent => {
    if ('changes' in event && event.changes.length > 0) heartbeatAtMs = clock.now() + HEARTBEAT_MS
    return { ...event, view: view(), ...(more !== undefined && { more }) }
  }

  /** Records what has arrived, and reports it once all of it has been recorded. */
  function* take(): Generator<WatchEvent, void> {
    if (bug !== undefined) throw bug.error
    const missedMs = clock.absentMs() - absentMs
    absentMs += missedMs
    if (missedMs > 0) options.onAbsence?.(missedMs)
    const events = inbox.splice(0).flatMap(({ entry, recorded, endedAtMs }) => {
      if (inFlight.get(entry.about) !== entry) return []
      inFlight.delete(entry.about)
      if (recorded.retryAfterMs !== undefined) pause(recorded.retryAfterMs, endedAtMs)
      if (entry.sentAtMs === undefined && recorded.isCancelled) return []
      return recorded.record({ startedAtMs: entry.sentAtMs ?? endedAtMs, endedAtMs })
    })
    for (const [i, event] of events.entries()) yield report(event, i < events.length - 1)
  }

  /** Waits for the next result or the moment, whichever comes first. */
  const wait = async (untilMs: number) => {
    await clock.sleep(Math.max(0, untilMs - clock.now()), sleep.signal)
    sleep = new AbortController()
  }

  /** Starts what is due, and returns when the next request is. */
  const startDue = (requests: readonly PlannedRequest[], final: Run['final']): number => {
    recall(({ about, action }) => !requests.some((request) => request.about === about && request.action === action))
    const atMs = (request: PlannedRequest) => Math.max(request.atMs, pausedUntilMs)
    const idle = () => requests.filter(({ about }) => !inFlight.has(about))
    const exclusive = idle().find((request) => request.isExclusive === true && atMs(request) <= clock.now())
    if (exclusive !== undefined && inFlight.size > 0) return Infinity
    for (const request of exclusive === undefined ? requests : [exclusive, ...requests]) {
      if (!inFlight.has(request.about) && atMs(request) <= clock.now()) start(request, final?.budgetMs(request.action))
    }
    return Math.min(...idle().map(atMs))
  }

  async function* run({ plan, final }: Run): AsyncGenerator<WatchEvent, void> {
    stopsOnInterrupt = final?.ignoresInterrupt !== true
    const isStopped = () => interrupt.aborted && stopsOnInterrupt
    if (final !== undefined) for (const entry of inFlight.values()) limit(entry, final.budgetMs(entry.action))
    while (!isStopped()) {
      const isOver = final === undefined ? !timeIsLeft() : clock.now() >= final.untilMs()
      const requests = isOver ? [] : plan()
      if (requests === undefined || (isOver && final === undefined)) break
      if (isOver) abortAll(TIME_IS_UP)
      const nextMs = isOver ? Infinity : startDue(requests, final)
      if (final !== undefined) {
        if (clock.now() < pausedUntilMs) recall(() => true)
        if (inFlight.size === 0 && nextMs >= final.untilMs()) break
      }
      await wait(isOver ? Infinity : Math.min(nextMs, final?.untilMs() ?? Math.min(heartbeatAtMs, deadlineMs)))
      yield* take()
      if (final === undefined && clock.now() >= heartbeatAtMs) {
        heartbeatAtMs = clock.now() + HEARTBEAT_MS
        yield report({ kind: 'heartbeat' })
      }
    }
    // What was cut by the signal still says what it saw, and what has a grace may still end well.
    while (isStopped() && hasGrace()) {
      await wait(graceEndMs())
      yield* take()
    }
    if (isStopped()) await wait(clock.now())
    yield* take()
  }

  const abandon = () => {
    abortAll('the stage is over')
    inFlight.clear()
  }
  let interruptedAtMs = Infinity
  const graceOf = ({ sentAtMs, graceMs }: Entry) => (sentAtMs === undefined ? 0 : graceMs)
  const graceEndMs = () => interruptedAtMs + Math.max(0, ...[...inFlight.values()].map(graceOf))
  const hasGrace = () => [...inFlight.values()].some((entry) => graceOf(entry) > 0 && !entry.controller.signal.aborted)
  const onInterrupt = () => {
    interruptedAtMs = clock.now()
    for (const entry of stopsOnInterrupt ? inFlight.values() : []) {
      if (graceOf(entry) === 0) entry.controller.abort('interrupted')
      else
        void clock.sleep(graceOf(entry), entry.done.signal).then(() => {
          entry.controller.abort('interrupted')
        })
    }
    wake()
  }
  interrupt.addEventListener('abort', onInterrupt)
  return {
    deadlineMs,
    now: () => clock.now(),
    timeIsLeft,
    pausedUntilMs: () => pausedUntilMs,
    isInFlight: (about) => inFlight.has(about),
    inFlight: () => [...inFlight.values()],
    report,
    run,
    abandon,
    close() {
      abandon()
      interrupt.removeEventListener('abort', onInterrupt)
    },
  }
}

/** Lets requests through one at a time, in the order in which they came. */
interface RateLimiter {
  /** Waits for a turn; false where `signal` is aborted before it comes. */
  pass(signal: AbortSignal): Promise<boolean>
  /** Lets no request through before this moment on the clock. */
  hold(untilMs: number): void
}

export function createRateLimiter(clock: Clock): RateLimiter {
  let lastMs = Number.NEGATIVE_INFINITY
  let heldUntilMs = Number.NEGATIVE_INFINITY
  let queue: Promise<unknown> = Promise.resolve()

  // Counted from the moment the last request really passed: a process that was stopped must not catch up in a burst.
  const waitMs = () => Math.max(lastMs + REQUEST_SPACING_MS, heldUntilMs) - clock.now()
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    while (waitMs() > 0 && !signal.aborted) await clock.sleep(waitMs(), signal)
    if (signal.aborted) return false
    lastMs = clock.now()
    return true
  }
  return {
    pass(signal) {
      const passed = queue.then(() => turn(signal))
      queue = passed
      return passed
    },
    hold(untilMs) {
      heldUntilMs = Math.max(heldUntilMs, untilMs)
    },
  }
}
