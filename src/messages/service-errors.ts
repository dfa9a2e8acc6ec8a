import type { AddressSource, Operation, ServiceError, ServiceErrorKind } from '../gate/job.ts'
import { count } from './format.ts'

/** A sentence with `{…}` for facts of the error (`FACTS`), or a choice among such sentences. */
type Template = string | ((error: ServiceError) => string)

/** What happened, to what, in one sentence; and the next step, in one or two. */
type Row = readonly [code: `MIG-${number}`, what: Template, next: Template]

/** One sentence: what happened, to what. */
export function whatHappened(error: ServiceError): string {
  return filled(ROWS[error.kind][1], error)
}

/** One or two sentences: the next step. */
export function nextStepFor(error: ServiceError): string {
  const { isCluster = false, kind, operation } = error
  if (isCluster && MEANS_CONTROL_PLANE.has(kind)) return CONTROL_PLANE
  const next = filled(ROWS[kind][2], error)
  return operation === 'cluster' ? `${next} ${OR_THE_CLUSTER}` : next
}

/** HTTP status and code of an error, for the end of a heading. */
export function statusIn(error: ServiceError): string {
  const facts = statusAndCode(error)
  return facts === '' ? '' : `: ${facts}`
}

/** Not an HTTP 200 that a code contradicts. */
function statusAndCode({ httpStatus, code }: ServiceError): string {
  return [
    ...(httpStatus === undefined || (httpStatus === 200 && code !== undefined) ? [] : [`HTTP ${httpStatus}`]),
    ...(code === undefined ? [] : [`code ${code}`]),
  ].join(', ')
}

/** The code that stands for an error in log, summary and docs. */
export function serviceErrorCode(error: ServiceError): Row[0] {
  return ROWS[error.kind][0]
}

/** Every code that a service error can have. */
export function serviceErrorCodes(): readonly Row[0][] {
  return Object.values(ROWS).map(([code]) => code)
}

/** One pass, since a fact may hold text of the service that looks like a placeholder. */
function filled(template: Template, error: ServiceError): string {
  const text = typeof template === 'string' ? template : template(error)
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => FACTS[name]?.(error) ?? placeholder)
}

const FACTS: Readonly<Record<string, (error: ServiceError) => string>> = {
  host: ({ host }) => host,
  status: ({ httpStatus = 0 }) => `HTTP ${httpStatus}`,
  statusAndCode,
  detail: ({ detail = '' }) => detail,
  message: ({ message = '' }) => message,
  /** What the service says, for the end of a sentence. */
  quote: ({ message }) => (message === undefined ? '' : `: “${message}”`),
  subject: ({ subject = '' }) => subject,
  database: ({ database = '' }) => database,
  count: ({ detail }) => count(Number(detail)),
  input: ({ address }) => INPUTS[address],
  request: ({ operation, subject = '' }) => {
    const { verb } = OPERATIONS[operation]
    return verb === undefined ? 'the request' : `the request to ${verb.replace('{subject}', () => subject)}`
  },
  operation: ({ operation }) => operation,
  result: ({ operation }) => OPERATIONS[operation].result,
  api: ({ operation }) => {
    if (isAboutData(operation)) return 'REST API of Milvus'
    return operation === 'cluster' ? 'cluster API' : 'import API'
  },
  /** The inputs that a request which the service does not understand was made of. */
  inputs: ({ operation }) => {
    if (operation === 'cluster') return '`cluster-id`'
    if (isAboutData(operation)) return '`collection-name` and `db-name`'
    const own = operation === 'create' ? '`import`' : operation === 'list' ? '`collection-name`' : '`job-id`'
    return `${own}, \`cluster-id\` and \`db-name\``
  },
}

/** How a sentence names the input that an address comes from. */
const INPUTS: Readonly<Record<AddressSource, string>> = {
  endpoint: '`endpoint`',
  'cluster-endpoint': '`cluster-endpoint`',
  named: '`cluster-endpoint` (empty: the address that the control plane names)',
}

/** The words that differ by operation: what completes "the request to …", and what a success has to bring. */
const OPERATIONS: Readonly<Record<Operation, { readonly verb?: string; readonly result: string }>> = {
  poll: { result: 'the state of the job' },
  list: { verb: 'list the import jobs', result: 'a readable list of import jobs' },
  commit: { verb: 'commit job {subject}', result: 'a confirmation of the commit' },
  abort: { verb: 'abort job {subject}', result: 'a confirmation of the abort' },
  create: { verb: 'start the import', result: 'the ID of the import job' },
  'job-start': { verb: 'get the start time of job {subject}', result: 'the start time of the job' },
  'run-start': { verb: 'get the start of the workflow run', result: 'the start of the workflow run' },
  cluster: { verb: 'get the address of the cluster', result: 'the address of the cluster' },
  'list-indexes': { verb: 'list the indexes of the collection “{subject}”', result: 'the names of the indexes' },
  'describe-indexes': { verb: 'describe the indexes of the collection “{subject}”', result: 'the state of an index' },
  'load-state': { verb: 'get the load state of the collection “{subject}”', result: 'a load state' },
  refresh: { verb: 'refresh the collection “{subject}”', result: 'a confirmation of the refresh' },
  count: { verb: 'count the rows of the collection “{subject}”', result: 'a row count' },
  stored: { verb: 'get the stored rows of the collection “{subject}”', result: 'a row count' },
  identify: { verb: 'describe the collection “{subject}”', result: 'the ID of the collection' },
}

function isAboutData(operation: Operation): boolean {
  return !['poll', 'list', 'commit', 'abort', 'create', 'job-start', 'cluster'].includes(operation)
}

/** What a cluster of Zilliz Cloud answers where only the control plane knows the answer. */
const MEANS_CONTROL_PLANE: ReadonlySet<ServiceErrorKind> = new Set([
  'credentials',
  'permission',
  'no-collection',
  'no-database',
  'bad-job-id',
  'wrong-place',
  'bad-request',
  'unknown-job',
  'no-api',
  'gateway-rejected',
] as const)

const CONTROL_PLANE =
  'This is the address of a cluster, but import jobs live on the control plane: leave `endpoint` empty (or set https://api.cloud.zilliz.com) and set `cluster-id`.'
const OR_THE_CLUSTER = 'Or set `cluster-endpoint` to the address of the cluster, as the console shows it.'
const DATA_PERMISSION =
  'Grant the user or API key the privileges to read and search the collection (Milvus: IndexDetail, GetLoadState, Load, Query, GetStatistics and DescribeCollection), and set `db-name` if it is not in the default database.'
const IMPORT_PERMISSION =
  'Grant the user or API key the privilege to import into this collection (Milvus: `Import` on the collection; in 2.4, 2.5 and early 2.6 on `*`), and set `db-name` if the collection is not in the default database.'
const CHECK_CREDENTIALS =
  'Check `api-key`: for Zilliz Cloud an API key, for Milvus `user:password` or an API key. Secrets are not available to workflows triggered from forks or by Dependabot.'
const JOBS_ADDRESS =
  'Check `endpoint`: it takes the base address of Milvus 2.4 or newer (usually port 19530) or of Zilliz Cloud, without a path.'
const DATA_ADDRESS =
  'Check {input}: it takes the address of the Milvus, or of the cluster as the console of Zilliz Cloud shows it.'
const CHECK_SERVICE =
  'Check that {input} is the address of Milvus or Zilliz Cloud, and that nothing in between rewrites responses.'
const CHECK_INPUTS = 'Check {inputs}.'
const IF_IT_LASTS = 'If this lasts, check the logs of the service.'
const NOT_THE_API =
  'Check {input}: it seems to be the address of a website, a console or a login page, not of the REST API.'
const REST_PORT =
  'Set {input} to the port of the REST API (Milvus: `proxy.http.port`, usually 19530), or let the load balancer accept HTTP/1.1.'
const RENEW = 'Renew the certificate of the service, or check the clock of the runner.'

const REJECTED = '{host} rejected {request}: {statusAndCode}{quote}.'
const RETURNED_STATUS = '{host} returned {status}.'
const NOT_JSON = '{host} returned {status}, but the body is'
const PROXY_REFUSED = 'The proxy refused to connect to {host} ({status}).'

const ROWS: Readonly<Record<ServiceErrorKind, Row>> = {
  credentials: ['MIG-010', REJECTED, CHECK_CREDENTIALS],
  permission: [
    'MIG-011',
    REJECTED,
    ({ operation }) => {
      if (operation === 'cluster') return 'Grant the API key access to the cluster.'
      return isAboutData(operation) ? DATA_PERMISSION : IMPORT_PERMISSION
    },
  ],
  'ip-not-allowed': ['MIG-012', REJECTED, 'Add the address of the runner to the IP allow list of the service.'],
  'no-collection': [
    'MIG-013',
    REJECTED,
    ({ operation }) =>
      `The collection is gone or lives in another database: check ${['list', 'create'].includes(operation) ? '`collection-name` and ' : ''}\`db-name\`, and whether the collection was dropped.`,
  ],
  'no-database': ['MIG-013', REJECTED, 'There is no such database: check `db-name`.'],
  'bad-job-id': [
    'MIG-012',
    REJECTED,
    'Check `job-id`: on Milvus it is a whole number; IDs like `job-…` belong to Zilliz Cloud (set `cluster-id`, leave `endpoint` empty).',
  ],
  'wrong-place': [
    'MIG-012',
    REJECTED,
    'Check `cluster-id`, or `project-id` and `region-id`, in the Zilliz Cloud console.',
  ],
  'bad-request': ['MIG-012', REJECTED, CHECK_INPUTS],
  'rate-limited': [
    'MIG-025',
    (error) => (error.code === undefined ? RETURNED_STATUS : returnedError(error)),
    'The service limits the rate of requests; a longer `poll-interval` or fewer gates at a time help.',
  ],
  'service-error': ['MIG-027', returnedError, IF_IT_LASTS],
  'unknown-job': [
    'MIG-012',
    ({ message }) => (message === undefined ? '{host} does not know this import job.' : '{host} returned{quote}.'),
    'Check `job-id`, and that `endpoint` and `cluster-id` (or `project-id` and `region-id`) name the service where the import was started.',
  ],
  declined: [
    'MIG-012',
    REJECTED,
    ({ operation }) =>
      operation === 'commit'
        ? 'Only a two-phase import (`auto_commit=false`) in state Uncommitted can be committed: check its state, and whether something else has ended it.'
        : 'Only a two-phase import (`auto_commit=false`) that has not been committed can be aborted.',
  ],
  gone: [
    'MIG-013',
    ({ database }) =>
      `{host} has no collection “{subject}” in ${database ? 'the database “{database}”' : 'the default database'}{quote}.`,
    'The collection was dropped or renamed, or lives in another database: check `db-name`.',
  ],

  incomplete: [
    'MIG-024',
    '{host} returned {statusAndCode}, but not {result}{quote}.',
    ({ httpStatus }) => {
      if (httpStatus === 400) return CHECK_INPUTS
      return httpStatus === 401 || httpStatus === 403 ? CHECK_CREDENTIALS : IF_IT_LASTS
    },
  ],
  'wrong-job': ['MIG-024', '{host} returned the state of another job than the one asked for.', CHECK_SERVICE],
  'too-many-files': ['MIG-024', '{host} returned {count} files, more than an import job can have.', CHECK_SERVICE],
  'unreadable-list': [
    'MIG-024',
    '{host} returned a list of import jobs with entries that cannot be read.',
    CHECK_SERVICE,
  ],
  'partial-list': [
    'MIG-024',
    '{host} returned only a part of its list of import jobs.',
    ({ detail }) =>
      detail === 'unpaged'
        ? 'Lists of Zilliz Cloud come in pages: set `cluster-id`, or `project-id` and `region-id`.'
        : 'If this lasts, name the jobs with `job-id`.',
  ],
  'too-many-jobs': [
    'MIG-024',
    '{host} lists import jobs on more than {detail} pages.',
    'Name the jobs to wait for with `job-id`.',
  ],
  'cluster-address': [
    'MIG-024',
    ({ detail = '' }) =>
      `{host} names “{message}” as the address of the cluster, but that ${ADDRESS_FAULTS[detail] ?? ''}. The key was not sent there.`,
    'Check `cluster-id` and `endpoint`.',
  ],

  redirect: [
    'MIG-014',
    ({ detail }) =>
      `{host} redirects ({status})${detail === undefined ? '' : ' to {detail}'}. The gate does not send the key to another address.`,
    ({ detail }) =>
      detail === undefined ? 'Set {input} to the final address.' : 'If that is the service, set {input} to {detail}.',
  ],
  'no-api': [
    'MIG-014',
    '{host} has no {api} below this address (HTTP 404).',
    ({ operation }) => {
      if (isAboutData(operation)) return DATA_ADDRESS
      return operation === 'cluster' ? 'Check `endpoint`: leave it empty for Zilliz Cloud.' : JOBS_ADDRESS
    },
  ],
  'no-operation': [
    'MIG-018',
    '{host} does not support {operation} ({status}): two-phase imports need Milvus 3.0 or newer.',
    ({ operation }) =>
      operation === 'commit'
        ? 'Commit the import with the tool that started it, or set `on-uncommitted` to `pass` or `fail`.'
        : 'Abort the import with the tool that started it, or remove `abort-uncommitted`.',
  ],
  // https://github.com/milvus-io/milvus/issues/43234
  'no-refresh': [
    'MIG-019',
    '{host} cannot refresh a loaded collection ({status} at refresh_load, which older versions lack), so the gate cannot determine when its new rows are searchable.',
    'Remove `wait-for: searchable`, and refresh the collection with an SDK in a step of its own (pymilvus: `refresh_load`), or upgrade Milvus.',
  ],
  'http-rejected': ['MIG-014', RETURNED_STATUS, 'Check {input}: it is not the address of the {api}.'],
  'gateway-rejected': [
    'MIG-015',
    '{host} rejected {request} ({status}), but the response is not from Milvus or Zilliz Cloud.',
    'A proxy or gateway in front of the service may need credentials of its own (set them with `headers`) or block the address. Otherwise check `api-key` and {input}.',
  ],
  'https-wanted': [
    'MIG-014',
    '{host} expects HTTPS on this port, but the gate sent HTTP.',
    'Set {input} to https://….',
  ],
  grpc: ['MIG-014', '{host} speaks gRPC or HTTP/2 on this port, not the REST API ({status}).', REST_PORT],
  'web-page': ['MIG-024', `${NOT_JSON} a web page.`, NOT_THE_API],
  'empty-body': ['MIG-024', `${NOT_JSON} empty.`, NOT_THE_API],
  'not-json': ['MIG-024', `${NOT_JSON} not JSON.`, NOT_THE_API],
  'too-large': [
    'MIG-024',
    '{host} sent more than 32 MiB in one response ({status}).',
    'Check that {input} is the address of Milvus or Zilliz Cloud.',
  ],
  'http-status': ['MIG-026', RETURNED_STATUS, 'If this lasts, check the status page or the logs of the service.'],

  'github-rejected': [
    'MIG-049',
    ({ httpStatus }) =>
      httpStatus === undefined ? 'GitHub was not asked: {detail}.' : 'GitHub rejected the request: {status}.',
    'Add `permissions: actions: read` to the job, and leave `github-token` out to use the token of the job.',
  ],
  'github-outage': [
    'MIG-049',
    'GitHub does not say when the run began: {message}.',
    'If this lasts, check https://www.githubstatus.com.',
  ],

  'bad-proxy': [
    'MIG-016',
    '{detail} does not hold the URL of an HTTP proxy, so no request was sent to {host}.',
    'Set {detail} to `http://host:port`, or list the host in `NO_PROXY`.',
  ],
  'proxy-credentials': [
    'MIG-016',
    PROXY_REFUSED,
    'Put the credentials into the proxy variable (`http://user:password@proxy:3128`), or list the host in `NO_PROXY`.',
  ],
  'proxy-rejected': ['MIG-016', PROXY_REFUSED, 'Allow the host on the proxy, or list it in `NO_PROXY`.'],
  timeout: [
    'MIG-022',
    ({ timeoutMs = 0, detail }) => {
      const seconds = Math.round(timeoutMs / 100) / 10
      const within = seconds === 0 ? 'before the deadline' : `within ${seconds} s`
      return `{host} did not respond ${within}${detail === undefined ? '' : ' at {detail}'}.`
    },
    'Check that the runner can reach it (firewall, IP allow list, private endpoint), or raise `request-timeout`.',
  ],
  'no-such-host': [
    'MIG-020',
    ({ detail }) => `There is no host ${detail === undefined ? '{host}' : '{detail}'} (DNS: ENOTFOUND).`,
    'Check {input}, or the proxy variable, for a typo; a private name needs a runner in the same network.',
  ],
  dns: ['MIG-020', 'The DNS lookup of {host} failed (EAI_AGAIN).', 'Check the DNS of the runner.'],
  'connection-refused': [
    'MIG-021',
    ({ detail }) => `Connection to {host} refused at ${detail === undefined ? '{host}' : '{detail}'}.`,
    'Check the host and port of {input}, or of the proxy, and that the service is up.',
  ],
  reset: [
    'MIG-023',
    'The connection to {host} was closed before a response arrived ({detail}).',
    'Check the service and any proxy or load balancer in front of it. If the port uses TLS, use `https://` in {input}.',
  ],
  'not-http': [
    'MIG-024',
    ({ detail }) => `{host} does not speak HTTP/1.1 on this port${detail === undefined ? '' : ' ({detail})'}.`,
    ({ detail }) =>
      detail === 'HTTP/2 only' ? REST_PORT : 'Check the port of {input}, and whether it needs https://.',
  ],
  network: [
    'MIG-023',
    ({ message }) =>
      message === undefined ? 'No response from {host} at {detail}.' : 'No response from {host}: {message} ({detail}).',
    'Check that the runner can reach the service (firewall, IP allow list, private endpoint).',
  ],
  'tls-wrong-name': [
    'MIG-017',
    'The TLS certificate of {host} is for another host name.',
    ({ address }) =>
      address === 'endpoint'
        ? 'Set `tls-server-name` to the name in the certificate, or `endpoint` to that name.'
        : 'Set {input} to the name in the certificate.',
  ],
  'tls-expired': ['MIG-017', 'The TLS certificate of {host} has expired.', RENEW],
  'tls-not-yet-valid': ['MIG-017', 'The TLS certificate of {host} is not valid yet.', RENEW],
  'tls-untrusted': [
    'MIG-017',
    'The TLS certificate of {host} is not trusted by this runner ({detail}).',
    'Set `ca-cert` to the certificate of the authority that signed it (PEM text or a path), or to `system`.',
  ],
  'tls-unsupported': [
    'MIG-017',
    '{host} does not speak TLS on this port.',
    'Set {input} to http://…, or to the port that speaks TLS.',
  ],
  'tls-client-certificate': [
    'MIG-017',
    '{host} requires a client certificate that it accepts ({detail}).',
    'Set `client-cert` and `client-key` to a certificate that the service trusts (mutual TLS).',
  ],
  'tls-unknown-name': [
    'MIG-017',
    '{host} has no certificate for this host name ({detail}).',
    ({ address }) =>
      `Set {input} to the host name that the service is set up for${address === 'endpoint' ? ', or `tls-server-name` to it' : ''}.`,
  ],
  'tls-version': [
    'MIG-017',
    '{host} and the gate support no common TLS version ({detail}).',
    'Enable TLS 1.2 or 1.3 on the service.',
  ],
  'tls-no-http': [
    'MIG-017',
    '{host} does not accept HTTP/1.1 over TLS on this port ({detail}).',
    `This is probably the gRPC port. ${REST_PORT}`,
  ],
  'tls-handshake': [
    'MIG-017',
    'The TLS handshake with {host} failed ({detail}).',
    'If the service requires a client certificate, set `client-cert` and `client-key`.',
  ],
}

/** Why the key must not go to an address that the service named; completes "but that …". */
const ADDRESS_FAULTS: Readonly<Record<string, string>> = {
  'no-url': 'is not a URL that starts with https://',
  userinfo: 'contains a user name',
  plain: 'is not encrypted',
  foreign: 'is not an address of Zilliz Cloud',
}

function returnedError({ operation }: ServiceError): string {
  const request = OPERATIONS[operation].verb === undefined ? '' : ' to {request}'
  return `{host} returned an error${request}: {statusAndCode}{quote}.`
}
