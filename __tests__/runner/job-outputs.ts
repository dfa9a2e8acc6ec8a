import type { Masker } from './masking.ts'

/** The outputs of a job that hands on every output of the step under its own name. */
export interface JobOutputs {
  readonly values: Readonly<Record<string, string>>
  /** What the runner says of each output that it skips because it may hold a secret. */
  readonly warnings: readonly string[]
  /** Why the job fails, where its outputs are too large. */
  readonly error: string | undefined
}

// "Outputs are a maximum of 1 MB per job", "approximated based on UTF-16 encoding":
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
const MOST_BYTES = 1024 * 1024

/**
 * What is left of a step's outputs once they leave the job: nothing empty, nothing in which masking would change anything, and
 * nothing at all beyond 1 MB.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/JobExtension.cs#L801-L826
 */
export function jobOutputs(outputs: Readonly<Record<string, string>>, masker: Masker): JobOutputs {
  const given = Object.entries(outputs).filter(([, value]) => value !== '')
  const passed = given.filter(([, value]) => masker.mask(value) === value)
  const warnings = given
    .filter(([, value]) => masker.mask(value) !== value)
    .map(([name]) => `Skip output '${name}' since it may contain secret.`)
  const sizeBytes = passed.reduce((sum, [name, value]) => sum + 2 * (name.length + value.length), 0)
  return sizeBytes > MOST_BYTES
    ? { values: {}, warnings, error: `Job outputs exceed 1,048,576 bytes` }
    : { values: Object.fromEntries(passed), warnings, error: undefined }
}
