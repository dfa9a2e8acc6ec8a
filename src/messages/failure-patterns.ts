import type { Code, HttpsUrl } from './codes.ts'

/** What the gate knows about a kind of failure: what went wrong, and what to do about it. */
export interface FailurePattern {
  readonly code: Code
  /** What went wrong, after a colon, with `{file}` for the file; undefined where only the service knows. */
  readonly what?: string
  /** Cause and fix, in one to three sentences. */
  readonly advice: string
  /** Where there is more about it. */
  readonly link?: HttpsUrl
}

/** The pattern of one failure, with the file (or the group of NumPy files, joined by blanks) that its reason names. */
interface FailureMatch extends FailurePattern {
  readonly file?: string
}

/** One class of failures: a pattern, and every text that servers of any version write for it. */
type Row = readonly [code: Code, what: string, advice: string, link: HttpsUrl, reasons: RegExp]

const SOURCE_DATA = 'https://milvus.io/docs/prepare-source-data.md'
const REPLICATION = 'https://milvus.io/docs/bulk_import_in_cdc_replication.md'
const issue = (number: number): HttpsUrl => `https://github.com/milvus-io/milvus/issues/${number}`
const backupIssue = (number: number): HttpsUrl => `https://github.com/zilliztech/milvus-backup/issues/${number}`

const NOT_FOUND: Code = 'MIG-112'

/**
 * The words are those that servers from 2.2 to master write for this cause alone, after `readReason`: quoted names are `''`.
 * Better no class than a wrong one. Of two that match at the same place the upper one wins.
 */
const ROWS: readonly Row[] = [
  [
    'MIG-113',
    '{file} was not found on the disk of the server',
    'This Milvus reads files from its own disk. Put the file on that disk, or set up Milvus with the object storage that the file was uploaded to.',
    'https://github.com/milvus-io/pymilvus/issues/1930',
    /\b(?:stat|open) [^]{0,1000}?: no such file or directory/i,
  ],
  [
    'MIG-111',
    'the bucket was not found',
    'Check the name and the region of the bucket in the path or in the configuration of the service, and that it is on this storage.',
    backupIssue(436),
    /specified (?:bucket|container) does not exist|bucket not found\[|bucket doesn't exist|\bNoSuchBucket\b|must be addressed using the specified endpoint/i,
  ],
  [
    NOT_FOUND,
    '{file} was not found',
    'Check the path letter by letter: it starts inside the bucket that the service itself reads, without host or bucket name. Upload the file through the API of the storage: MinIO does not see a file that was copied into its folder.',
    issue(24028),
    /key not found\[key=|specified (?:key|blob) does not exist|\bNoSuchKey\b|\bBlobNotFound\b|object doesn't exist/i,
  ],
  [
    'MIG-114',
    'the storage refused access to {file}',
    'Check the credentials that the import was started with, or those of the service: are they valid, and may they list the bucket and read its files?',
    'https://docs.zilliz.com/docs/data-import-storage-options',
    /\bAccess ?Denied\b|permission denied\[key=|\bopen [^]{0,1000}?: permission denied|invalid credentials\[key=|Access Key Id you provided does not exist|request signature we calculated|provided token (?:has expired|is malformed)|\b(?:SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken|InvalidToken|AuthorizationFailure|AuthenticationFailed|AuthorizationPermissionMismatch)\b|not authorized to perform this operation|Server failed to authenticate the request/i,
  ],
  [
    'MIG-115',
    'the service cannot reach its storage',
    'Check the address, port, TLS setting, and certificate of the storage in the configuration of the service, and that its nodes can resolve and reach that address.',
    'https://milvus.io/docs/configure_minio.md',
    /\bno such host\b|failed to verify certificate|\bx509: |certificate signed by unknown authority|dial tcp [^]{0,200}?connection refused|network is unreachable|no route to host|server gave HTTP response to HTTPS client/i,
  ],
  [
    'MIG-116',
    '{file} is empty, cut off, or not of its type',
    'The upload may be incomplete, or the file has the wrong extension. Compare its size with the original, open it with a tool of your own, and upload it again.',
    SOURCE_DATA,
    /parquet: (?:file too small|file is smaller than|magic bytes not found|invalid magic|could not read footer: EOF)|\binvalid (?:parquet )?magic\b|failed to (?:decode|parse) (?:row|JSON|the JSON file), error: (?:unexpected )?EOF\b(?!\[)|header, error: EOF\b|not a valid NumPy file|unexpected numpy header for field '': ''(?!.{0,100} is not supported)|\bcorrupt input\b|file is (?:empty|corrupted)/i,
  ],
  [
    'MIG-117',
    '{file} has a type that cannot be imported here, or a group mixes types',
    'Use files that end in .parquet, .json, .csv (from Milvus 2.5), or .npy. Each inner list of `files` is one group: a single file, or the NumPy files of the same rows.',
    SOURCE_DATA,
    /inconsistency in file types|unexpect(?:ed)? file type|for \w{1,20} import, accepts only one file/i,
  ],
  [
    'MIG-120',
    '{file} has no `$meta`',
    'The collection has dynamic fields. Add `$meta` to the data, as a JSON column or a file of its own, or update Milvus: later versions do not need it.',
    issue(32729),
    /field '\$meta' not in arrow schema|no file for field: \$meta\b/i,
  ],
  [
    'MIG-121',
    'a field is missing in {file}',
    'Add the field that the reason names, spelled as in the schema. Was it added to the collection after the files were written?',
    issue(41755),
    /(?:field '' )?not in arrow schema|no file for field: |value of (?:struct )?field (?:'(?:\$meta)?' )?is missed|no parquet field for milvus fi|struct field not found in arrow schema/i,
  ],
  [
    'MIG-122',
    '{file} has a field that the collection does not have',
    'Compare the fields of the data with the schema, also in upper and lower case: older versions may name the wrong one. Rename or remove the extra fields, or enable dynamic fields.',
    issue(21819),
    /field '' is not defined in (?:collection )?schema|the field: [^]{0,1000}? is not in schema/i,
  ],
  [
    'MIG-123',
    'a field of {file} has the wrong type',
    'Write the field with the type that the reason expects. For an array, the type of its elements counts. BulkWriter writes the types of a schema.',
    issue(31834),
    /expect(?:ed)? +(?:nullable )?(?:element )?(?:type )?'' (?:type )?(?:for|in array) field|type mis-match|strconv\.Parse\w{1,10}: parsing|is not varchar data type|unexpected numpy header for field '': .{0,200} is not supported|expected numeric vector element|expected slice as vector/i,
  ],
  [
    'MIG-124',
    'the vectors in {file} have the wrong dimension',
    'Compare the model that made the vectors with the dimension in the schema. If they agree and the collection has several vector fields, update Milvus: early 2.4 versions mixed them up.',
    issue(31896),
    /expected dim '' for|length of vector is not aligned|not aligned->\w*Vector|vector row width mismatch|vector (?:dimension|byte size) mismatch|is not equal to schema dim/i,
  ],
  [
    'MIG-125',
    'the fields of {file} have different numbers of rows',
    'Write all fields from the same rows. A count of 0 often means that the field or its NumPy file has another name than in the schema.',
    issue(16722),
    /row count \d+ is not equal to other fields|imported rows are not aligned|has misaligned sub-fields/i,
  ],
  [
    'MIG-126',
    '{file} has no rows to import',
    'All of its rows may have been deleted. Leave such files out, or update Milvus: later versions accept them.',
    issue(39885),
    /non-positive count is not allowed/i,
  ],
  [
    'MIG-127',
    '{file} is not JSON of the expected shape',
    'The file must be one JSON array of objects, one object for each row: `[{"id": 1, …}, …]`. JSON Lines are not accepted. Check it with a JSON parser of your own.',
    SOURCE_DATA,
    /invalid JSON format, |failed to (?:decode|parse) (?:row|JSON|the JSON file), error: (?=invalid char|unexpected end of JSON|json: |[\"']?(?:Syntax error|Mismatch type))/i,
  ],
  [
    'MIG-128',
    'a row of {file} does not have as many columns as the header',
    'Look for a value that holds the separator, a quote, or a line break and is not quoted, and check that the option `sep` of the import is the separator of the file.',
    SOURCE_DATA,
    /number of fields in the row is not equal to the header|wrong number of fields|bare " in non-quoted|extraneous or missing " in quoted-field/i,
  ],
  [
    'MIG-129',
    '{file} has the primary key, which the service generates',
    'The collection has autoID. Remove the primary key from the data, or import into a collection without autoID.',
    SOURCE_DATA,
    /is auto-generated, no need to provide/i,
  ],
  [
    'MIG-170',
    '{file} has the output of a function, which the service computes',
    'Remove that field from the data: a function of the schema, such as BM25, fills it during the import.',
    'https://milvus.io/docs/full-text-search.md',
    /not allowed to provide data for (?:BM25 )?function output field|is output by function, no need to provide/i,
  ],
  [
    'MIG-171',
    '{file} has a null in a field that is not nullable',
    'Fill the empty values, or create the field as nullable or with a default value.',
    'https://milvus.io/docs/nullable-and-default.md',
    /is not nullable but .{0,20}contains? null|not nullable, but has null value|has null value, but|not allowed to be null/i,
  ],
  [
    'MIG-172',
    'a value in {file} is longer than its field allows',
    'Shorten the value, or raise `max_length` (text, counted in bytes of UTF-8) or `max_capacity` (arrays) of the field.',
    SOURCE_DATA,
    /value length ?\(?\d+\)? (?:for field .{1,300} )?exceeds max_length|array capacity ?\(?\d+\)? (?:for field .{1,300} )?exceeds max_capacity|exceeds max length/i,
  ],
  [
    'MIG-173',
    '{file} has text that is not UTF-8',
    'Write the file in UTF-8. Latin-1, UTF-16, and binary data in a text field are not accepted.',
    SOURCE_DATA,
    /contains invalid UTF-8/i,
  ],
  [
    'MIG-174',
    '{file} has a NaN or an infinite number',
    'Find where the number comes from, often a vector of an empty text or a division by a zero norm, and write it again.',
    SOURCE_DATA,
    /value '' is not a number or infinity|vector contains? (?:nan|infinity)/i,
  ],
  [
    'MIG-175',
    'a sparse vector in {file} cannot be read',
    'Write it as `{"index": value, …}` or as `{"indices": […], "values": […]}` with lists of the same length, indices in rising order without duplicates, and no negative values.',
    'https://milvus.io/docs/sparse_vector.md',
    /\b(?:string|struct) for SparseFloatVector:|in sparse float vector\b|indices and values length mismatch/i,
  ],
  [
    'MIG-176',
    'the dynamic field in {file} cannot be read',
    '`$meta` must be a JSON object, and none of its keys may stand beside it as a field of its own.',
    'https://milvus.io/docs/enable-dynamic-field.md',
    /illegal (?:value for dynamic field|dynamic field value)|duplicated key (?:is not allowed|in dynamic field)/i,
  ],
  [
    'MIG-130',
    'the disk quota is exceeded',
    'Delete data that is not needed, or raise the quota (in Milvus, `quotaAndLimits.limitWriting.diskProtection`).',
    issue(33775),
    /disk quota exceeded/i,
  ],
  [
    'MIG-131',
    'the service has too many import jobs',
    'Start it again when others have ended. Put several files into one import instead of one job for each file.',
    issue(40123),
    /number of jobs has reached the limit/i,
  ],
  [
    'MIG-132',
    'the import has too many files',
    'Split it into several jobs (the gate waits for all of them), or raise maxImportFileNumPerReq of Milvus.',
    'https://github.com/milvus-io/milvus/pull/31542',
    /max number of import files should not exceed/i,
  ],
  [
    'MIG-133',
    '{file} is too large',
    'Split the file, or raise maxImportFileSizeInGB of Milvus (16 by default).',
    'https://github.com/milvus-io/milvus/pull/31542',
    /import file size has reached the maximum limit/i,
  ],
  [
    'MIG-134',
    'the import queue is full',
    'Start it again when others have ended. If the queue does not empty, its tasks are stuck: check the data nodes.',
    issue(17425),
    /import task queue max size is \d+/i,
  ],
  [
    'MIG-135',
    'a node of the service has too little memory',
    'Split the import into smaller files, import less at a time, or give the data nodes more memory.',
    issue(43755),
    /memory (?:limit|quota) exceeded|\bcannot allocate memory\b|std::bad_alloc/i,
  ],
  [
    'MIG-140',
    'the import took longer than its timeout',
    'Start it with a longer `timeout` in its options, or split it. If there was no progress, check the data nodes first.',
    issue(25727),
    /^import timeout(?=$|[:,])/i,
  ],
  [
    'MIG-141',
    'the service gave up the import task',
    'Older versions do so after 15 minutes. Split the import into smaller ones, or update Milvus: later versions take a timeout with the import.',
    backupIssue(189),
    /import task (?:was cancell?ed|has timed out)/i,
  ],
  [
    'MIG-142',
    'a data node lost the channel of the collection',
    'This happens after a restart or a move to another node. Check whether the data nodes restart or run out of memory, then import again in smaller parts.',
    issue(26719),
    /channel not found in current DataNode/i,
  ],
  [
    'MIG-143',
    'the job is too large for a message inside the service',
    'It has too many files, partitions, or shards. Split it into jobs of fewer files, or import into a collection with fewer partitions and shards.',
    issue(43764),
    /trying to send message larger than max \(/i,
  ],
  [
    'MIG-144',
    'a passing fault of storage, network, or nodes',
    'The data is probably fine: importing again usually helps. If it fails again, check the storage and the data nodes of the service.',
    issue(34975),
    /connection reset by peer|\bSlowDown\b|reduce your request rate|too many requests\[key=|unexpected EOF\[key=|\bno available nodes?\b|\b(?:node|channel) (?:not found|offline|not available)\[|no candidate segments found|segment not found\[|slots? exhausted|no (?:idle|available|free|enough) slots?\b|\bbroken pipe\b|\bi\/o timeout\b|timeout awaiting response headers|TLS handshake timeout|code = (?:Unavailable|DeadlineExceeded)\b|context deadline exceeded|cannot find import task with id/i,
  ],
  [
    'MIG-150',
    'the paths of the restore are wrong',
    'A binlog import, as a restore makes one, takes one or two folders of a segment. Check the paths; if they came from a restore tool, run it again in its newest version.',
    issue(47762),
    /too many input paths for binlog import|failed to parse field id from log/i,
  ],
  [
    'MIG-151',
    'the backup was not found',
    'Check that the backup is in the bucket, and below the root path, that this service reads. If the reason names a timeout, the storage was too slow: try again, or restore less at a time.',
    backupIssue(436),
    /failed to list (?:insert|delta) logs with root path(?!.{0,2000}\b(?:bucket|denied)\b)|no (?:insert )?binlogs? to import/is,
  ],
  [
    'MIG-152',
    'imports are off in a replicating cluster',
    'Set dataCoord.import.enableInReplicatingCluster on all clusters, and import with auto_commit "false".',
    REPLICATION,
    /import in replicating cluster is not supported yet/i,
  ],
  [
    'MIG-153',
    'an import into a replicating cluster cannot commit by itself',
    'Start it with auto_commit "false", and commit it on the primary cluster.',
    REPLICATION,
    /auto_commit=true import in replicating cluster is not supported/i,
  ],
  [
    'MIG-154',
    'the backup is incomplete or of another kind',
    'Check that the backup ended without errors and was copied as a whole, that it fits the schema of the collection, and that the path is the folder of insert logs of one segment.',
    backupIssue(436),
    /no binlog for (?:RowID|Timestamp|field)|wrong binlog type|misaligned binlog count|failed to (?:open binlog|create reader, binlog)|failed to iterate events reader/i,
  ],
  [
    'MIG-160',
    'the collection is gone',
    'Was it dropped while the import ran? Then create it again, and import once more. If it is still there, the import looked for it in another database: name that one when you start it.',
    issue(45766),
    /^collection \d+ dropped\b|^collection not found\[/i,
  ],
  [
    'MIG-161',
    'it was aborted by a user',
    'Find out who aborted it and why before you start it again. None of its rows were committed.',
    issue(50483),
    /^aborted by user\b/i,
  ],
  [
    'MIG-162',
    'the user may not import into this collection',
    'Grant the privilege `Import` on the collection (in Milvus 2.4, 2.5 and early 2.6 on `*`), in the database where it is.',
    'https://milvus.io/docs/grant_privileges.md',
    /\bPrivilege\w{1,40}: permission deny\b|\bpermission deny to\b/i,
  ],
]

const UNKNOWN: FailurePattern = { code: 'MIG-100', advice: 'Fix what the reason names.' }

const WITHOUT_REASON: FailurePattern = {
  code: 'MIG-101',
  advice:
    'The service gives no reason. Search the logs of its data coordinator and data nodes for the job ID, or ask its support.',
  link: issue(38336),
}

const LOCAL_PATH: FailurePattern = {
  code: 'MIG-110',
  what: '{file} is a path on a single machine',
  advice:
    'The service reads from object storage. Upload the file to the bucket that the service reads, and import it by its path in that bucket.',
  link: issue(35530),
}

/** Paths of one machine: an object storage has no drive letters and no home folders. */
const LOCAL_NAME = /^(?:[a-z]:[\\/]|file:|~\/|\/(?:home|users|root|tmp)\/)/i

const CLASSES = ROWS.map(([code, what, advice, link, reasons]) => ({ reasons, pattern: { code, what, advice, link } }))

/** Every pattern, those for an unknown and for a missing reason included. */
export function failurePatterns(): readonly FailurePattern[] {
  return [UNKNOWN, WITHOUT_REASON, LOCAL_PATH, ...CLASSES.map(({ pattern }) => pattern)]
}

/** The pattern that fits a reason; the general advice where no class does, or where there is no reason. */
export function matchFailure(reason: string | undefined): FailureMatch {
  if (reason === undefined) return WITHOUT_REASON
  const { text, file } = readReason(reason)
  return { ...patternFor(text, file), ...(file !== undefined && { file }) }
}

/** What went wrong, about this file; undefined where only the service knows. */
export function whatFailed({ what }: FailurePattern, file = 'a file'): string | undefined {
  // A function, because a file name may hold `$&`.
  return what?.replace('{file}', () => file)
}

/** The class whose words come first: whatever stands behind them may be the user's data. */
function patternFor(text: string, file: string | undefined): FailurePattern {
  const [first] = CLASSES.map(({ reasons, pattern }) => ({ at: text.search(reasons), pattern }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
  if (first === undefined) return UNKNOWN
  return first.pattern.code === NOT_FOUND && file !== undefined && LOCAL_NAME.test(file) ? LOCAL_PATH : first.pattern
}

const MAX_LENGTH = 20_000
/** So many paths of a group are cut from the text. */
const MOST_PATHS = 100

/**
 * Splits a reason into the server's own words and the files that it names. What it quotes of the user's data (values,
 * field names, paths) is cut, because a row or a file may be called anything, `disk quota exceeded` included.
 */
function readReason(reason: string): { readonly text: string; readonly file: string | undefined } {
  const group = FILE_GROUP.exec(reason)
  const paths = [...(group?.[1] ?? '').matchAll(/paths:"((?:[^"\\]|\\.)*)"/gs)]
    .map(([, path = '']) => path.replace(/\\(.)/gs, '$1'))
    .filter((path) => path !== '')
  const body = reason.slice(0, Math.min(group?.index ?? reason.length, MAX_LENGTH)).replace(/^error: */i, '')
  const named = NAMED_FILE.map((pattern) => pattern.exec(body)?.[1]).find((name) => name !== undefined)
  const listed = LISTED_FILES.exec(body)?.[1]
  const names = [named, listed, ...paths.slice(0, MOST_PATHS)].filter((name) => name !== undefined)
  const withoutPaths = names.toSorted((a, b) => b.length - a.length).reduce(withoutPath, body)
  return { text: withoutUserData(withoutPaths), file: named ?? (paths.length === 0 ? listed : paths.join(' ')) }
}

/** Only where a server puts a path, since a file may be called `field` or `e`. */
function withoutPath(text: string, path: string): string {
  return text.replaceAll(path, (match, at: number) =>
    /(?:[='"[(]|\b(?:stat|open) )$/.test(text.slice(Math.max(0, at - 6), at)) ? '' : match,
  )
}

function withoutUserData(text: string): string {
  return text
    .replace(USER_DATA, (_, beforeValue?: string, beforeName = '', name: string = '') =>
      beforeValue === undefined ? `${beforeName}${blankName(name)}` : beforeValue,
    )
    .replace(QUOTED, blankName)
}

/** The end of a reason, as protobuf prints a file: https://github.com/milvus-io/milvus/issues/42696 */
const FILE_GROUP = /, file: (?:id:\d+ *)?((?:paths:"(?:[^"\\]|\\.)*" *)+)(?:paths:"?[^"]*)?$/s

/** How a server names the one file that it could not read. */
const NAMED_FILE = [
  /\bfile size of '([^']{1,1000})'/i,
  /\bfailed to read the file '([^']{1,1000})'/i,
  /\bNoSuchKey\(key=([^)]{1,1000})\)/,
  /\[key=([^]{1,1000}?)\](?=$|:|,)/,
  /\b(?:stat|open) ([^]{1,1000}?): no such file or directory/i,
]

/** How a server without `file:` at the end lists the NumPy files of a group. */
const LISTED_FILES = /, files: \[([^\]]{1,1000})\]/

/**
 * The first piece of the user's data: a value, which has no safe end (only fixed words of the server follow it), or a name,
 * which may hold quotes itself and ends before words that only the server writes.
 */
const USER_DATA =
  /(field '\w{1,300}' contains invalid UTF-8 data, value=|got type '?[^']{1,100}?'? with value |not JSON format, value:|\bfailed to parse value |\bfor SparseFloatVector: |\bstrconv\.\w{1,20}: parsing ).*$|(\bthe field: |\b(?:field|key) (?='))(.{1,1000})(?= (?:is not in schema|not in arrow schema|is not defined in|is missed|is not nullable|is auto-generated|is output by|type mis-match))/s

/** Any other quoted text. An apostrophe inside a word is no quote. */
const QUOTED = /(?<!\w)'[^'\n]{0,1000}'(?!\w)/g

/** `$meta` is the only name that means something by itself. */
function blankName(quoted: string): string {
  return quoted === "'$meta'" ? quoted : "''"
}
