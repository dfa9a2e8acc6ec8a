import type { FileProgress } from '../gate/job.ts'
import { matchFailure } from './failure-patterns.ts'

/**
 * The name of the file that broke an import, as far as the service says: the one that the reason names, or the only one
 * that has failed or has a reason. Milvus marks all files of a failed job as failed, so that alone accuses none.
 */
export function failedFileOf(files: readonly FileProgress[], reason: string | undefined): string | undefined {
  const named = matchFailure(reason).file
  const failed = files.filter(({ phase }) => phase === 'failed')
  if (named !== undefined) return failed.find(({ name }) => isSameFile(name, named))?.name ?? named
  const suspects = failed.length > 1 ? failed.filter((file) => file.reason !== undefined) : failed
  return suspects.length === 1 ? suspects[0]?.name : undefined
}

/** A reason may name one file of a listed group, or the group in another order. */
function isSameFile(listed: string, named: string): boolean {
  if (isSamePath(listed, named)) return true
  const paths = named.split(' ', MOST_PATHS + 1)
  const group = listed.split(' ', MOST_PATHS + 1)
  if (group.length === 1 || Math.max(paths.length, group.length) > MOST_PATHS) return false
  return paths.every((path) => group.some((one) => isSamePath(one, path)))
}

/** A group of more NumPy files is compared only as a whole. */
const MOST_PATHS = 100

/** A reason may say where in the bucket a file is, and the list of files may not, or the other way round. */
function isSamePath(one: string, other: string): boolean {
  return one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`)
}

/** The same files, with the one to blame in front. */
export function failedFileFirst(
  files: readonly FileProgress[],
  failedFile: string | undefined,
): readonly FileProgress[] {
  const isFailedFile = ({ name, phase }: FileProgress) => phase === 'failed' && name === failedFile
  return files.toSorted((a, b) => Number(isFailedFile(b)) - Number(isFailedFile(a)))
}
