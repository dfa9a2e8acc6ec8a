import type { ServiceKind } from '../simulator/dialects.ts'

/** One import and how the gate has to judge it. */
export interface ImportCase {
  readonly name: 'good' | 'missing-file' | 'wrong-dimension' | 'zero-rows' | 'two-phase'
  readonly files: readonly ImportedFile[]
  readonly options?: Readonly<Record<string, string>>
  readonly expected: Expectation
}

/** A file in the bucket; one without rows was never written. */
export interface ImportedFile {
  readonly path: string
  readonly rows?: readonly Row[]
}

/** What a step that gates the import leaves. */
export interface Expectation {
  readonly outcome: 'success' | 'failure'
  readonly outputs: Readonly<Record<string, string>>
}

interface Row {
  readonly id: number
  readonly vector: readonly number[]
}

/** The collection of all imports, and how long its vectors are. */
export const COLLECTION = { collectionName: 'milvus_import_gate', dimension: 4 }

/** The imports that a service can be put to the test with. */
export function casesFor({ version }: ServiceKind): readonly ImportCase[] {
  return version === '3.0' ? [...CASES, TWO_PHASE] : CASES
}

const CASES: readonly ImportCase[] = [
  {
    name: 'good',
    files: [aFile('good-0', 10), aFile('good-1', 10)],
    expected: {
      outcome: 'success',
      outputs: { conclusion: 'completed', state: 'Completed', progress: '100', failedFileCount: '0' },
    },
  },
  {
    name: 'missing-file',
    files: [{ path: 'milvus-import-gate/missing.json' }],
    expected: { outcome: 'failure', outputs: { conclusion: 'failed', state: 'Failed' } },
  },
  {
    name: 'wrong-dimension',
    files: [aFile('wrong-dimension', 10, COLLECTION.dimension + 1)],
    expected: { outcome: 'failure', outputs: { conclusion: 'failed', state: 'Failed' } },
  },
  {
    name: 'zero-rows',
    files: [aFile('zero-rows', 0)],
    expected: { outcome: 'failure', outputs: { conclusion: 'rows-not-met', state: 'Completed' } },
  },
]

const TWO_PHASE: ImportCase = {
  name: 'two-phase',
  files: [aFile('two-phase', 10)],
  options: { auto_commit: 'false' },
  expected: { outcome: 'failure', outputs: { conclusion: 'uncommitted', state: 'Uncommitted' } },
}

function aFile(name: string, count: number, dimension = COLLECTION.dimension): ImportedFile {
  const rows = Array.from({ length: count }, (_, id) => ({
    id,
    vector: Array.from({ length: dimension }, () => id / 8),
  }))
  return { path: `milvus-import-gate/${name}.json`, rows }
}
