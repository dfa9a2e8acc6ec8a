/** What a request asks, in the words that tell how it went wrong. */
export interface Question {
  /** Completes "HOST … with code 1800": `refused the request`. */
  readonly refused: string
  /** Completes "HOST … with code 8": `answered`. */
  readonly answered: string
  /** Completes "HOST answered code 0 …": what a success should have brought, and the word to count it by. */
  readonly lacking: { readonly outcome: string; readonly what: string }
  /** What to do where a right is missing. */
  readonly permission: string
  /** What to do where the collection is not there. */
  readonly collection: string
  /** What to do where the service cannot make sense of the request. */
  readonly inputs: string
  /** What is not below the address, and what address is wanted. */
  readonly api: { readonly name: string; readonly address: string }
  /** The input that the address comes from. */
  readonly addressInput: AddressInput
  /** Clusters answer it, and not the control plane alone. */
  readonly isForClusters: boolean
}

/** How a sentence names the input that an address comes from. */
export type AddressInput =
  '`endpoint`' | '`cluster-endpoint`' | '`cluster-endpoint` (empty: the address that the control plane names)'

/** How far a job is. */
export const ABOUT_A_JOB: Question = {
  refused: 'refused the request',
  answered: 'answered',
  lacking: { outcome: 'no-state', what: 'without a state of the job' },
  permission:
    'Grant the user or API key the right to import into this collection (Milvus: privilege Import), and set `db-name` where the collection is not in the default database.',
  collection:
    'The collection is gone or lives in another database: check `db-name`, and whether the collection was dropped.',
  inputs: 'Check `job-id`, `cluster-id` and `db-name`.',
  api: {
    name: 'import API',
    address:
      'Check `endpoint`: the base address of Milvus 2.4 or newer (usually port 19530) or of Zilliz Cloud, without a path of its own.',
  },
  addressInput: '`endpoint`',
  isForClusters: false,
}

/** Which jobs a collection has. */
export const ABOUT_ALL_JOBS: Question = {
  ...ABOUT_A_JOB,
  refused: 'refused to list the import jobs',
  lacking: { outcome: 'no-list', what: 'without a list of import jobs that can be read' },
  collection:
    'The collection is gone or lives in another database: check `collection-name` and `db-name`, and whether the collection was dropped.',
  inputs: 'Check `collection-name`, `cluster-id` and `db-name`.',
}

/** To make the rows of a two-phase job visible, or to give them up. */
export function toEnd(verb: 'commit' | 'abort', jobId: string): Question {
  return {
    ...ABOUT_A_JOB,
    refused: `refused to ${verb} job ${jobId}`,
    answered: `answered the ${verb} of job ${jobId}`,
    lacking: { outcome: 'unclear', what: `and left open whether it did ${verb} job ${jobId}` },
  }
}

/** Where a cluster is. */
export const ABOUT_THE_CLUSTER: Question = {
  ...ABOUT_A_JOB,
  refused: 'refused to tell the address of the cluster',
  lacking: { outcome: 'no-address', what: 'without an address of the cluster' },
  permission: 'Grant the API key access to the cluster.',
  inputs: 'Check `cluster-id`.',
  api: { name: 'cluster API', address: 'Check `endpoint`: leave it empty for Zilliz Cloud.' },
}

/** Something about a collection, which whoever searches it could ask too; `wish` completes "HOST refused to …". */
export function aboutData(wish: string, lacking: string, addressInput: AddressInput): Question {
  return {
    refused: `refused to ${wish}`,
    answered: 'answered',
    lacking: { outcome: 'unusable', what: `without ${lacking}` },
    permission:
      'Grant the user or API key the rights to see and search the collection (Milvus: privileges IndexDetail, GetLoadState, Load and Query), and set `db-name` where it is not in the default database.',
    collection: 'Check `collection-name` and `db-name`, and whether the collection was dropped.',
    inputs: 'Check `collection-name` and `db-name`.',
    api: {
      name: 'REST API of Milvus',
      address: `Check ${addressInput}: the address of the Milvus, or of the cluster as the console of Zilliz Cloud shows it.`,
    },
    addressInput,
    isForClusters: true,
  }
}
