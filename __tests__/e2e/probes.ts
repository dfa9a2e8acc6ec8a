import type { ServiceKind } from '../simulator/dialects.ts'

/** A question whose answer is an error. */
export interface Probe {
  readonly name: string
  /** What a stored reply says about it, and how it is found again. */
  readonly note: string
  readonly body: Readonly<Record<string, unknown>>
  /** Asked with a key that is wrong, which only a service that asks for one minds. */
  readonly wrongKey?: boolean
}

const unknownJob = { name: 'unknown-job', note: 'A job that nobody knows.' }
const wrongKey = { name: 'wrong-key', note: 'A wrong key.', wrongKey: true }

/** The errors that a service can be asked for without harm. */
export function probesFor({ dialect }: ServiceKind): readonly Probe[] {
  if (dialect === 'zilliz') {
    const body = { jobId: 'job-000000000000000000000000' }
    return [
      { ...unknownJob, body },
      { ...wrongKey, body },
    ]
  }
  return [
    { ...unknownJob, body: { jobId: '1' } },
    { ...wrongKey, body: { jobId: '1' } },
    { name: 'bad-job-id', note: 'An id that is no number.', body: { jobId: 'job-1' } },
    { name: 'no-job-id', note: 'No id.', body: {} },
    { name: 'numeric-job-id', note: 'An id that is a JSON number.', body: { jobId: 1 } },
  ]
}
