import { decodeJob } from '../../src/service/decode.ts'

/** The files of Milvus that say what its import API looks like on the wire, as texts. */
export interface MilvusSource {
  /** Registers the routes and writes the answers. */
  readonly handler: string
  /** The last words of the routes. */
  readonly constants: string
  readonly jobStates: string
  readonly fileStates: string
  /** Makes the states that clients see from those inside. */
  readonly projection: string
}

/** The words of one kind. */
export interface Vocabulary {
  /** As a report names one of its words. */
  readonly what: string
  /** Words whose loss would be changes. */
  readonly known: readonly string[]
  /** Words that may be there or not. */
  readonly optional?: readonly string[]
  readonly found: (source: MilvusSource) => readonly string[]
}

const JOB_FIELDS = [
  'jobId',
  'createTime',
  'collectionName',
  'completeTime',
  'state',
  'progress',
  'importedRows',
  'totalRows',
  'reason',
  'fileSize',
  'details',
]

/** What the gate and the embedded service are built on. */
export const VOCABULARIES: readonly Vocabulary[] = [
  {
    what: 'route of /v2/vectordb/jobs/import',
    known: ['list', 'create', 'get_progress', 'describe', 'commit', 'abort'],
    found: routes,
  },
  {
    what: 'field of a described job',
    known: JOB_FIELDS,
    found: ({ handler }) => keysOf('returnData', functionBody(handler, 'getImportJobProcess')),
  },
  {
    what: 'field of a file',
    known: ['fileName', 'fileSize', 'progress', 'completeTime', 'state', 'importedRows', 'totalRows', 'reason'],
    found: ({ handler }) => keysOf('detail', functionBody(handler, 'getImportJobProcess')),
  },
  {
    what: 'field of a listed job',
    known: ['jobId', 'collectionName', 'state', 'progress', 'reason'],
    found: ({ handler }) => keysOf('jobDetail', functionBody(handler, 'listImportJob')),
  },
  {
    what: 'state inside of a job',
    known: [
      'None',
      'Pending',
      'PreImporting',
      'Importing',
      'Sorting',
      'IndexBuilding',
      'Uncommitted',
      'Committing',
      'Completed',
      'Failed',
    ],
    // Of an import that is off by default: https://github.com/milvus-io/milvus/pull/53334
    optional: ['Resharding', 'Planning', 'AssigningIDRange'],
    found: ({ jobStates }) => enumWords(jobStates, 'ImportJobState'),
  },
  {
    what: 'state of a job that clients see',
    known: ['None', 'Pending', 'Importing', 'Uncommitted', 'Committing', 'Completed', 'Failed'],
    found: ({ projection }) => statesReturned(functionBody(projection, 'GetJobProgress')),
  },
  {
    what: 'state of a file',
    known: ['None', 'Pending', 'InProgress', 'Failed', 'Completed', 'Retry'],
    found: ({ fileStates }) => enumWords(fileStates, 'ImportTaskStateV2'),
  },
]

/** Every word of the wire that came or went, in a sentence each; where nothing can be read, that is one too. */
export function driftOfSource(source: MilvusSource): readonly string[] {
  return [...VOCABULARIES.flatMap((vocabulary) => driftOfWords(vocabulary, source)), ...wordsWithoutMeaning(source)]
}

function driftOfWords({ what, known, optional = [], found }: Vocabulary, source: MilvusSource): readonly string[] {
  const words = found(source)
  if (words.length === 0) return [`Not one ${what} was found: the source is written otherwise now, so read it anew.`]
  return [
    ...words
      .filter((word) => !known.includes(word) && !optional.includes(word))
      .map((word) => `The ${what} "${word}" is new.`),
    ...known.filter((word) => !words.includes(word)).map((word) => `The ${what} "${word}" is gone.`),
  ]
}

/** `None` stands for a state that Milvus itself does not know. */
function wordsWithoutMeaning({ projection }: MilvusSource): readonly string[] {
  return statesReturned(functionBody(projection, 'GetJobProgress'))
    .filter((state) => state !== 'None' && decodeJob({ state }, String)?.phase === 'unknown')
    .map((state) => `Clients see the state "${state}", and src/service/decode.ts gives it no meaning.`)
}

function routes({ handler, constants }: MilvusSource): readonly string[] {
  const actions = matches(handler, /\brouter\.\w+\(\s*ImportJobCategory\s*\+\s*(\w+)/g)
  return actions.map(
    (action) => new RegExp(String.raw`\b${action}\s*=\s*["\x60]([^"\x60]+)["\x60]`).exec(constants)?.[1] ?? action,
  )
}

/** From its heading to the brace that closes it, which gofmt puts at the start of a line. */
function functionBody(source: string, name: string): string {
  return new RegExp(String.raw`^func (?:\([^)]*\) )?${name}\([^]*?^}`, 'm').exec(source)?.[0] ?? ''
}

function keysOf(variable: string, body: string): readonly string[] {
  return matches(body, new RegExp(String.raw`\b${variable}\["(\w+)"\]\s*=`, 'g'))
}

function enumWords(proto: string, name: string): readonly string[] {
  const body = new RegExp(String.raw`^enum ${name}\s*\{([^}]*)\}`, 'm').exec(proto)?.[1] ?? ''
  return matches(body, /^\s*(\w+)\s*=\s*\d+/gm)
}

function statesReturned(body: string): readonly string[] {
  return matches(body, /^\s*return\b.*\bImportJobState_(\w+)/gm)
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, word = '']) => word))]
}
