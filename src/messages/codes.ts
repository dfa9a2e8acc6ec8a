import type { Conclusion, ConclusionKind } from '../gate/conclusion.ts'
import { serviceErrorCode, serviceErrorCodes } from './service-errors.ts'

/** An address of our own choosing: never one that the service sent. */
export type HttpsUrl = `https://${string}`

/** Identifies a message in the docs; a code never changes its meaning. */
export type Code = `MIG-${number}`

/** The code of each conclusion; a failed import has the code of its failure pattern. */
const CONCLUSIONS = {
  completed: undefined,
  started: undefined,
  failed: undefined,
  'invalid-input': 'MIG-001',
  cancelled: 'MIG-002',
  'internal-error': 'MIG-003',
  'not-found': 'MIG-040',
  'wrong-collection': 'MIG-041',
  'rows-not-met': 'MIG-042',
  uncommitted: 'MIG-043',
  stalled: 'MIG-044',
  'timed-out': 'MIG-045',
  'no-jobs': 'MIG-046',
  'partly-committed': 'MIG-047',
  'not-ready': 'MIG-048',
  'start-failed': 'MIG-049',
} as const satisfies Readonly<Record<Exclude<ConclusionKind, 'rejected' | 'unreachable'>, Code | undefined>>

/** Pages of other projects that explain more. */
const LINKS: Readonly<Partial<Record<Code, HttpsUrl>>> = {
  'MIG-010': 'https://milvus.io/docs/authenticate.md',
  'MIG-011': 'https://milvus.io/docs/grant_privileges.md',
  'MIG-012': 'https://docs.zilliz.com/reference/restful/error-codes-v2',
  'MIG-013': 'https://milvus.io/docs/manage_databases.md',
  'MIG-014': 'https://docs.zilliz.com/reference/restful/get-import-job-progress-v2',
  'MIG-016': 'https://docs.github.com/actions/hosting-your-own-runners/using-a-proxy-server-with-self-hosted-runners',
  'MIG-017': 'https://milvus.io/docs/tls.md',
  'MIG-018': 'https://milvus.io/docs/bulk_import_in_cdc_replication.md',
  'MIG-019': 'https://github.com/milvus-io/milvus/issues/43234',
  'MIG-023': 'https://github.com/milvus-io/milvus/issues/46523',
  'MIG-040': 'https://github.com/zilliztech/milvus-backup/issues/1193',
  'MIG-043': 'https://milvus.io/docs/bulk_import_in_cdc_replication.md',
  'MIG-047': 'https://milvus.io/docs/bulk_import_in_cdc_replication.md',
  'MIG-048': 'https://github.com/milvus-io/milvus/issues/21091',
  'MIG-049': 'https://milvus.io/docs/import-data.md',
  'MIG-050': 'https://docs.github.com/rest/commits/statuses',
}

/** No response at all. */
const NO_RESPONSE: Code = 'MIG-027'

/** The codes of messages in the log that do not end the gate. */
export const NOTICES = {
  commitStatus: 'MIG-050',
  unknownState: 'MIG-051',
  rowsUnknown: 'MIG-052',
  readableKey: 'MIG-053',
  stretchedInterval: 'MIG-054',
  notWritten: 'MIG-055',
  jobUnknown: CONCLUSIONS['not-found'],
  quiet: CONCLUSIONS.stalled,
  limited: 'MIG-025',
} as const satisfies Record<string, Code>

/** Every code but those of failure patterns. */
export function endingCodes(): readonly Code[] {
  const own = [...Object.values(CONCLUSIONS), ...serviceErrorCodes()]
  return [...new Set([...own, ...Object.values(NOTICES)].flatMap((code) => code ?? []))]
}

/** A page of another project about a code, if there is one. */
export function linkOf(code: Code): HttpsUrl | undefined {
  return LINKS[code]
}

/** Where the troubleshooting page explains a code. */
export function docsUrl(troubleshooting: HttpsUrl, code: Code): HttpsUrl {
  return `${troubleshooting}#${code.toLowerCase()}`
}

/** The code of a conclusion; undefined for a completed import, and for a failed one, whose failure pattern has it. */
export function codeOf(conclusion: Conclusion): Code | undefined {
  if (conclusion.kind === 'rejected') return serviceErrorCode(conclusion.error)
  if (conclusion.kind === 'unreachable') return conclusion.error ? serviceErrorCode(conclusion.error) : NO_RESPONSE
  return CONCLUSIONS[conclusion.kind]
}
