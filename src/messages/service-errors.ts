import type { ServiceError } from '../gate/job.ts'

/** One sentence: what happened, to what. */
export function whatHappened(error: ServiceError): string {
  return error.what
}

/** One or two sentences: the next step. */
export function nextStepFor(error: ServiceError): string {
  return error.advice
}
