import type { ImportService } from '../../src/gate/import-service.ts'

/** An import service that can only do so much: asked for anything else, it breaks. */
export function serviceThat(can: Partial<ImportService>): ImportService {
  const cannot = () => Promise.reject(new Error('nobody should ask for this'))
  return {
    pollerFor: () => cannot,
    list: cannot,
    commit: cannot,
    abort: cannot,
    create: cannot,
    jobStart: () => Promise.resolve({ kind: 'answered', startTime: undefined }),
    collections: {
      isElsewhere: false,
      read: cannot,
      refresh: cannot,
      count: cannot,
      stored: cannot,
      identify: () => Promise.resolve({ kind: 'unidentified' }),
    },
    ...can,
  }
}

/** What the wall clock shows when a fake clock shows 0. */
export const WALL_CLOCK_MS = Date.UTC(2026, 10, 24, 12)
