import type { Code, HttpsUrl } from './codes.ts'

/** What is behind a failure of the service, and what to do about it. */
export interface FailurePattern {
  readonly code: Code
  /** One sentence; undefined where only the service knows. */
  readonly cause?: string
  /** One or two sentences. */
  readonly advice: string
  /** Where there is more about it. */
  readonly link?: HttpsUrl
  /** The one file that the reason names. */
  readonly file?: string
}

/** The reasons that a diagnosis holds for. */
interface Pattern {
  readonly reasons: RegExp
  readonly diagnosis: FailurePattern
}

const REPLICATION = 'https://milvus.io/docs/bulk_import_in_cdc_replication.md'
const issue = (number: number): HttpsUrl => `https://github.com/milvus-io/milvus/issues/${number}`
const backupIssue = (number: number): HttpsUrl => `https://github.com/zilliztech/milvus-backup/issues/${number}`

/** All that there are. */
export function failurePatterns(): readonly FailurePattern[] {
  return [UNKNOWN, WITHOUT_REASON, ...PATTERNS.map(({ diagnosis }) => diagnosis)]
}

/** What is behind a failure with this reason; the general advice where the reason is not known, or not given. */
export function matchFailure(reason: string | undefined): FailurePattern {
  if (reason === undefined) return WITHOUT_REASON
  // A name that anybody may choose says nothing about what is wrong.
  const text = reason.replace(GROUP_OF_FILES, '')
  const diagnosis = PATTERNS.find(({ reasons }) => reasons.test(text))?.diagnosis ?? UNKNOWN
  const file = fileIn(reason)
  return { ...diagnosis, ...(file !== undefined && { file }) }
}

/** At the end of a reason, as protobuf prints it: https://github.com/milvus-io/milvus/issues/42696 */
const GROUP_OF_FILES = /, file: (?:id:\d+ )?paths:".*$/

/** How the service names a file where it did not find it. */
const NAMED_FILES = [
  /\bfile size of '([^']{1,1000})'/i,
  /\bNoSuchKey\(key=([^)]{1,1000})\)/,
  /\bstat (.{1,1000}?): no such file or directory/i,
]

/** The one file that a reason names; of several nobody knows which it was. */
function fileIn(reason: string): string | undefined {
  for (const named of NAMED_FILES) {
    const name = named.exec(reason)?.[1]
    if (name !== undefined) return name
  }
  const [group = ''] = GROUP_OF_FILES.exec(reason) ?? []
  const paths = [...group.matchAll(/\bpaths:"([^"]+)"/g)].map(([, path]) => path)
  return paths.length === 1 ? paths[0] : undefined
}

/**
 * The first that matches is the diagnosis. Each names a text that the service writes for this cause alone: better no
 * diagnosis than a wrong one. The narrower stands first, and what the data did before what the clock did.
 */
const PATTERNS: readonly Pattern[] = [
  {
    reasons: /\bstat .{1,1000}?: no such file or directory/i,
    diagnosis: {
      code: 'MIG-113',
      cause: 'This Milvus reads files from its own disk, and the file is not there.',
      advice: 'Put the file on that disk, or set up Milvus with the object storage that the file was uploaded to.',
      link: 'https://github.com/milvus-io/pymilvus/issues/1930',
    },
  },
  {
    reasons: /file size of '(?:[a-z]:[\\/]|file:|~\/|\/(?:home|users|root|tmp)\/)/i,
    diagnosis: {
      code: 'MIG-110',
      cause: 'The path is one on a single machine, and the service reads from object storage.',
      advice: 'Upload the file to the bucket that the service reads, and import it by its path in there.',
      link: issue(35530),
    },
  },
  {
    reasons: /specified bucket does not exist/i,
    diagnosis: {
      code: 'MIG-111',
      cause: 'The service polled into a bucket that does not exist.',
      advice: 'Check the bucket in the configuration of the service or in the path, and that it is on that storage.',
      link: backupIssue(436),
    },
  },
  {
    reasons: /\bNoSuchKey\(|specified key does not exist/i,
    diagnosis: {
      code: 'MIG-112',
      cause: 'There is no such file where the service polls for it.',
      advice:
        'Check the path letter by letter, and that the file is in the bucket that the service itself uses. Upload it through the API of the storage: a file copied into the folder of MinIO is not seen.',
      link: issue(24028),
    },
  },
  {
    reasons:
      /error: ?(?:Access ?Denied\b|The Access Key Id you provided does not exist|The request signature we calculated)/i,
    diagnosis: {
      code: 'MIG-114',
      cause: 'The storage does not let the service read the file.',
      advice:
        'Check the credentials that the import was started with, or those of the service, and that they may list the bucket and read its files.',
      link: 'https://docs.zilliz.com/docs/data-import-storage-options',
    },
  },
  {
    reasons: /field '\$meta' not in arrow schema|no file for field: \$meta\b/i,
    diagnosis: {
      code: 'MIG-120',
      cause: 'The collection has dynamic fields, and the data has no $meta.',
      advice:
        'Add $meta to the data, as a JSON column or a file of its own, or update Milvus: later versions do without.',
      link: issue(32729),
    },
  },
  {
    reasons:
      /field '[^']{1,300}' not in arrow schema|no file for field: \S|value of field (?:'[^']{1,300}' )?is missed/i,
    diagnosis: {
      code: 'MIG-121',
      cause: 'A field of the collection is missing in the data.',
      advice:
        'Add the field that the reason names to the files, spelt as in the schema. Was it added to the collection after the files were written?',
      link: issue(41755),
    },
  },
  {
    reasons: /the field '[^']{1,300}' is not defined in collection schema/i,
    diagnosis: {
      code: 'MIG-122',
      cause: 'The data has a field that the collection does not have.',
      advice:
        'Compare all fields of the data with the schema, also in upper and lower case: older versions may name the wrong one. Rename or remove what is too many, or enable dynamic fields.',
      link: issue(21819),
    },
  },
  {
    reasons: /expect '[^']{1,100}' type for field '[^']{1,300}', but got '[^']{1,100}' type/i,
    diagnosis: {
      code: 'MIG-123',
      cause: 'A field of the data has another type than in the collection.',
      advice:
        'Write the field with the type that the reason expects; of an array the type of its elements counts. BulkWriter writes the types of a schema.',
      link: issue(31834),
    },
  },
  {
    reasons: /expected dim '\d+' for field|not aligned->\w*Vector/i,
    diagnosis: {
      code: 'MIG-124',
      cause: 'The vectors of the data have another dimension than the field of the collection.',
      advice:
        'Compare the model that made the vectors with the dimension in the schema. Where they agree and the collection has several vector fields, update Milvus: early 2.4 versions mixed them up.',
      link: issue(31896),
    },
  },
  {
    reasons: /row count \d+ is not equal to other fields/i,
    diagnosis: {
      code: 'MIG-125',
      cause: 'The columns of the data have different numbers of rows.',
      advice:
        'Write all columns from the same rows. A count of 0 often means that the field or its NumPy file has another name than in the schema.',
      link: issue(16722),
    },
  },
  {
    reasons: /non-positive count is not allowed/i,
    diagnosis: {
      code: 'MIG-126',
      cause: 'The data has no rows left to import, for example because all of them were deleted.',
      advice: 'Leave such files out, or update Milvus: later versions accept them.',
      link: issue(39885),
    },
  },
  {
    reasons: /disk quota exceeded/i,
    diagnosis: {
      code: 'MIG-130',
      cause: 'The import does not fit into the disk quota.',
      advice: 'Delete what is not needed, or raise the quota (Milvus: quotaAndLimits.limitWriting.diskProtection).',
      link: issue(33775),
    },
  },
  {
    reasons: /number of jobs has reached the limit/i,
    diagnosis: {
      code: 'MIG-131',
      cause: 'The service has as many import jobs as it takes.',
      advice: 'Start it again when others have ended. Put several files into one import, not one job for each.',
      link: issue(40123),
    },
  },
  {
    reasons: /max number of import files should not exceed/i,
    diagnosis: {
      code: 'MIG-132',
      cause: 'The import has more files than one job may have.',
      advice: 'Split it into several jobs (the gate waits for all of them), or raise maxImportFileNumPerReq of Milvus.',
      link: 'https://github.com/milvus-io/milvus/pull/31542',
    },
  },
  {
    reasons: /import file size has reached the maximum limit/i,
    diagnosis: {
      code: 'MIG-133',
      cause: 'A file is larger than the service takes.',
      advice: 'Split the file, or raise maxImportFileSizeInGB of Milvus, which is 16 unless it is set.',
      link: 'https://github.com/milvus-io/milvus/pull/31542',
    },
  },
  {
    reasons: /import task queue max size is \d+/i,
    diagnosis: {
      code: 'MIG-134',
      cause: 'The queue of imports is full.',
      advice:
        'Start it again when others have ended. If the queue does not empty, its tasks are stuck: poll the data nodes.',
      link: issue(17425),
    },
  },
  {
    reasons: /^import timeout(?=$|[:,])/i,
    diagnosis: {
      code: 'MIG-140',
      cause: 'The import took longer than the service allows it.',
      advice:
        'Start it with a longer timeout in its options, or split it. If nothing moved, poll the data nodes first.',
      link: issue(25727),
    },
  },
  {
    reasons: /import task (?:was cancell?ed|has timed out)/i,
    diagnosis: {
      code: 'MIG-141',
      cause: 'The service gave the task up, as older versions do with one that takes longer than 15 minutes.',
      advice: 'Split the import into smaller ones, or update Milvus: later versions take a timeout with the import.',
      link: backupIssue(189),
    },
  },
  {
    reasons: /channel not found in current DataNode/i,
    diagnosis: {
      code: 'MIG-142',
      cause:
        'A data node lost the channel of the collection during the import, as after a restart or a move to another node.',
      advice: 'Poll whether the data nodes restart or run out of memory, then import again in smaller parts.',
      link: issue(26719),
    },
  },
  {
    reasons: /trying to send message larger than max \(/i,
    diagnosis: {
      code: 'MIG-143',
      cause:
        'The job is too large for a message between parts of the service: too many files, partitions or shards at once.',
      advice: 'Split it into jobs of fewer files, or import into a collection with fewer partitions and shards.',
      link: issue(43764),
    },
  },
  {
    reasons: /too many input paths for binlog import/i,
    diagnosis: {
      code: 'MIG-150',
      cause: 'A binlog import, as a restore makes one, was given other paths than one or two folders.',
      advice: 'Check the paths. Where they are empty and came from a restore, run it again with the newest versions.',
      link: issue(47762),
    },
  },
  {
    reasons: /failed to list (?:insert|delta) logs with root path|no binlog to import/i,
    diagnosis: {
      code: 'MIG-151',
      cause: 'The service finds no binlogs where a restore says that they are.',
      advice:
        'Check that the backup is in the bucket, and below the root path, that this service reads. Where the reason tells of a timeout, the storage was too slow: try again, or restore less at a time.',
      link: backupIssue(436),
    },
  },
  {
    reasons: /import in replicating cluster is not supported yet/i,
    diagnosis: {
      code: 'MIG-152',
      cause: 'The cluster is part of a replication, where imports are off.',
      advice: 'Set dataCoord.import.enableInReplicatingCluster on all clusters, and import with auto_commit "false".',
      link: REPLICATION,
    },
  },
  {
    reasons: /auto_commit=true import in replicating cluster is not supported/i,
    diagnosis: {
      code: 'MIG-153',
      cause: 'The cluster is part of a replication, where an import cannot commit by itself.',
      advice: 'Start it with auto_commit "false", and commit it on the primary cluster.',
      link: REPLICATION,
    },
  },
  {
    reasons: /^collection \d+ dropped\b|^collection not found\[/i,
    diagnosis: {
      code: 'MIG-160',
      cause: 'The collection is gone.',
      advice:
        'Was it dropped while the import ran? Then create it again, and import once more. Where it is still there, the import polled for it in another database: name that one when you start it.',
      link: issue(45766),
    },
  },
  {
    reasons: /^aborted by user\b/i,
    diagnosis: {
      code: 'MIG-161',
      cause: 'Somebody aborted the import.',
      advice: 'Ask who did, and why, before you start it again. None of its rows were committed.',
      link: issue(50483),
    },
  },
  {
    reasons: /code = PermissionDenied\b|\bpermission deny to\b/i,
    diagnosis: {
      code: 'MIG-162',
      cause: 'The user may not import into this collection.',
      advice: 'Grant the privilege Import on the collection, in the database where it is.',
      link: 'https://milvus.io/docs/grant_privileges.md',
    },
  },
]

const UNKNOWN: FailurePattern = {
  code: 'MIG-100',
  advice: 'Mend what the reason names.',
}

const WITHOUT_REASON: FailurePattern = {
  code: 'MIG-101',
  cause: 'The service gives no reason.',
  advice: 'Poll for the job id in the logs of its data coordinator and data nodes, or ask its support.',
  link: issue(38336),
}
