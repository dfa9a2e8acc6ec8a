import type { Conclusion, ConclusionKind } from '../gate/conclusion.ts'
import type { ServiceError } from '../gate/job.ts'

/** An address of our own choosing: never one that the service sent. */
export type HttpsUrl = `https://${string}`

/** What stands behind a sentence of the gate, to poll it up in the README; it never changes its meaning. */
export type Code = `MIG-${number}`

/** The code of each ending that needs nothing else to tell what is behind it; a failed import has a diagnosis. */
const CONCLUSIONS = {
  completed: undefined,
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
} as const satisfies Readonly<Record<Exclude<ConclusionKind, 'rejected' | 'unreachable'>, Code | undefined>>

/** The first whose outcomes match. */
const TROUBLES: readonly { readonly code: Code; readonly outcomes: RegExp }[] = [
  { code: 'MIG-010', outcomes: /^code-(?:1800|21119|80001|80002)$/ },
  { code: 'MIG-011', outcomes: /^code-(?:65535|80020|9601[2-6]|96027)$/ },
  { code: 'MIG-013', outcomes: /^code-(?:100|800)$/ },
  { code: 'MIG-014', outcomes: /^http-(?:3\d\d|400|404|405)$/ },
  { code: 'MIG-015', outcomes: /^http-40[13]$/ },
  { code: 'MIG-016', outcomes: /^proxy-/ },
  { code: 'MIG-017', outcomes: /^tls$/ },
  { code: 'MIG-018', outcomes: /^no-(?:commit|abort)$/ },
  { code: 'MIG-019', outcomes: /^no-refresh$/ },
  { code: 'MIG-020', outcomes: /^dns$/ },
  { code: 'MIG-021', outcomes: /^connection-refused$/ },
  { code: 'MIG-022', outcomes: /^timeout$/ },
  { code: 'MIG-023', outcomes: /^(?:reset|network)$/ },
  {
    code: 'MIG-024',
    outcomes:
      /^(?:not-http|not-json|too-large|no-state|wrong-job|(?:no|unreadable|partial|changing)-list|too-many-jobs|no-address|cluster-address|unclear|unusable)$/,
  },
  { code: 'MIG-025', outcomes: /^(?:code-8|code-1807|http-429)$/ },
  { code: 'MIG-026', outcomes: /^http-/ },
]

/** Where somebody else explains more of it. */
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
  'MIG-050': 'https://docs.github.com/rest/commits/statuses',
}

/** A request refused for another reason than those above. */
const REFUSED: Code = 'MIG-012'
/** An error of the service that says nothing about the request, or no answer at all. */
const NO_ANSWER: Code = 'MIG-027'

/** What is worth a word but ends nothing, each with its code. */
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

/** Every code that an ending has by itself, and those of what ends nothing. */
export function endingCodes(): readonly Code[] {
  const own = [...Object.values(CONCLUSIONS), ...TROUBLES.map(({ code }) => code), REFUSED, NO_ANSWER]
  return [...new Set([...own, ...Object.values(NOTICES)].flatMap((code) => code ?? []))]
}

/** Where there is more about a code; undefined where the README says all there is. */
export function linkOf(code: Code): HttpsUrl | undefined {
  return LINKS[code]
}

/** The code of an outage that the gate sits out. */
export function outageCode(error: ServiceError): Code {
  return troubleCode(error) ?? NO_ANSWER
}

/** The code of a request that the service refuses. */
export function refusalCode(error: ServiceError): Code {
  return troubleCode(error) ?? REFUSED
}

/** The code of an ending; none for a completed import, and none here for a failed one, whose diagnosis has it. */
export function codeOf(conclusion: Conclusion): Code | undefined {
  if (conclusion.kind === 'rejected') return refusalCode(conclusion.error)
  if (conclusion.kind === 'unreachable') return troubleCode(conclusion.error) ?? NO_ANSWER
  return CONCLUSIONS[conclusion.kind]
}

function troubleCode(error: ServiceError | undefined): Code | undefined {
  return error && TROUBLES.find(({ outcomes }) => outcomes.test(error.outcome))?.code
}
