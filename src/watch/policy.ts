/** A demand on a number of rows: exactly `min` where `max` equals it, open above where `max` is undefined. */
export interface RowRange {
  readonly min: number
  readonly max: number | undefined
}

/** The user's patience and gates: everything that decides when to stop and how it ended. */
export interface Policy {
  /** The whole step's patience; 0 means one look. */
  readonly timeoutMs: number
  readonly onTimeout: 'fail' | 'pass'
  /** A fixed pause between two looks; undefined adapts. */
  readonly pollIntervalMs: number | undefined
  /** For one HTTP exchange, connect to last byte. */
  readonly requestTimeoutMs: number
  /** Undefined: 5 minutes, but 1 minute while the service has never answered. */
  readonly maxOutageMs: number | undefined
  /** Undefined: never fail, only say so after a while. */
  readonly stallTimeoutMs: number | undefined
  /** Undefined: at least one row, where the service says how many. */
  readonly expectedRows: RowRange | undefined
  readonly onUncommitted: 'fail' | 'wait' | 'pass'
  /** The collection that every job must belong to. */
  readonly expectedCollection: string | undefined
}

/** What holds where the user says nothing. */
export const DEFAULT_POLICY: Policy = {
  timeoutMs: 3_600_000,
  onTimeout: 'fail',
  pollIntervalMs: undefined,
  requestTimeoutMs: 30_000,
  maxOutageMs: undefined,
  stallTimeoutMs: undefined,
  expectedRows: undefined,
  onUncommitted: 'fail',
  expectedCollection: undefined,
}
