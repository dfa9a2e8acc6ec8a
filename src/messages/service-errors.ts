import type { AddressSource, Operation, ServiceError, ServiceErrorKind } from '../gate/job.ts'
import { count } from './format.ts'

/** What is said of one kind of error. */
interface Row {
  readonly code: `MIG-${number}`
  /** One sentence: what happened, to what. */
  readonly what: (error: ServiceError) => string
  /** One or two sentences: the next step. */
  readonly next: (error: ServiceError) => string
}

/** One sentence: what happened, to what. */
export function whatHappened(error: ServiceError): string {
  return ROWS[error.kind].what(error)
}

/** One or two sentences: the next step. */
export function nextStepFor(error: ServiceError): string {
  const { isCluster = false, kind, operation } = error
  if (isCluster && MEANS_CONTROL_PLANE.has(kind)) return CONTROL_PLANE
  const other = operation === 'cluster' ? ` ${OR_THE_CLUSTER}` : ''
  return `${ROWS[kind].next(error)}${other}`
}

/** The code that stands for an error in log, summary and docs. */
export function serviceErrorCode(error: ServiceError): Row['code'] {
  return ROWS[error.kind].code
}

/** Every code that a service error can have. */
export function serviceErrorCodes(): readonly Row['code'][] {
  return Object.values(ROWS).map(({ code }) => code)
}

const CONTROL_PLANE =
  'This is the address of a cluster, but import jobs live on the control plane: leave `endpoint` empty (or set https://api.cloud.zilliz.com) and set `cluster-id`.'
const OR_THE_CLUSTER = 'Or set `cluster-endpoint` to the address of the cluster, as the console shows it.'
const CHECK_CREDENTIALS =
  'Check `api-key`: for Zilliz Cloud an API key, for Milvus `user:password` or an API key. Secrets are not available to workflows triggered from forks or by Dependabot.'
const IF_IT_LASTS = 'If this lasts, check the logs of the service.'
const NAME_THE_JOBS = 'If this lasts, name the jobs with `job-id`.'
const FIREWALL = 'Check that the runner can reach the service (firewall, IP allow list, private endpoint).'
const CHECK_TARGET = 'Check `cluster-id`, or `project-id` and `region-id`, in the Zilliz Cloud console.'
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

/** The words that differ by operation. */
interface OperationWords {
  /** Completes "rejected the request to …"; undefined: plainly "the request". */
  readonly verb: ((subject: string) => string) | undefined
  /** What a success has to bring. */
  readonly result: string
}

const DATA_PERMISSION =
  'Grant the user or API key the privileges to read and search the collection (Milvus: IndexDetail, GetLoadState, Load, Query, GetStatistics and DescribeCollection), and set `db-name` if it is not in the default database.'
const IMPORT_PERMISSION =
  'Grant the user or API key the privilege to import into this collection (Milvus: `Import` on the collection; before 2.6 on `*`), and set `db-name` if the collection is not in the default database.'

const OPERATIONS: Readonly<Record<Operation, OperationWords>> = {
  poll: { verb: undefined, result: 'the state of the job' },
  list: { verb: () => 'list the import jobs', result: 'a readable list of import jobs' },
  commit: { verb: (job) => `commit job ${job}`, result: 'a confirmation of the commit' },
  abort: { verb: (job) => `abort job ${job}`, result: 'a confirmation of the abort' },
  create: { verb: () => 'start the import', result: 'the id of the import job' },
  'job-start': { verb: (job) => `get the start time of job ${job}`, result: 'the start time of the job' },
  cluster: { verb: () => 'get the address of the cluster', result: 'the address of the cluster' },
  'list-indexes': { verb: ofCollection('list the indexes of'), result: 'the names of the indexes' },
  'describe-indexes': { verb: ofCollection('describe the indexes of'), result: 'the state of an index' },
  'load-state': { verb: ofCollection('get the load state of'), result: 'a load state' },
  refresh: { verb: ofCollection('refresh'), result: 'a confirmation of the refresh' },
  count: { verb: ofCollection('count the rows of'), result: 'a row count' },
  stored: { verb: ofCollection('get the stored rows of'), result: 'a row count' },
  identify: { verb: ofCollection('describe'), result: 'the id of the collection' },
}

const ROWS: Readonly<Record<ServiceErrorKind, Row>> = {
  credentials: { code: 'MIG-010', what: rejected, next: () => CHECK_CREDENTIALS },
  permission: { code: 'MIG-011', what: rejected, next: permission },
  'ip-not-allowed': {
    code: 'MIG-012',
    what: rejected,
    next: () => 'Add the address of the runner to the IP allow list of the service.',
  },
  'no-collection': { code: 'MIG-013', what: rejected, next: collectionGone },
  'no-database': { code: 'MIG-013', what: rejected, next: () => 'There is no such database: check `db-name`.' },
  'bad-job-id': {
    code: 'MIG-012',
    what: rejected,
    next: () =>
      'Check `job-id`: on Milvus it is a whole number; ids like `job-…` belong to Zilliz Cloud (set `cluster-id`, leave `endpoint` empty).',
  },
  'wrong-place': { code: 'MIG-012', what: rejected, next: () => CHECK_TARGET },
  'bad-request': { code: 'MIG-012', what: rejected, next: (error) => `Check ${inputsOf(error)}.` },
  'rate-limited': {
    code: 'MIG-025',
    what: (error) => (error.code === undefined ? returnedStatus(error) : returnedError(error)),
    next: () => 'The service limits the rate of requests; a longer `poll-interval` or fewer gates at a time help.',
  },
  'service-error': { code: 'MIG-027', what: returnedError, next: () => IF_IT_LASTS },
  'unknown-job': {
    code: 'MIG-012',
    what: ({ host, message }) =>
      message === undefined ? `${host} does not know this import job.` : `${host} returned${quote(message)}.`,
    next: () =>
      'Check `job-id`, and that `endpoint` and `cluster-id` (or `project-id` and `region-id`) name the service where the import was started.',
  },
  declined: {
    code: 'MIG-012',
    what: rejected,
    next: ({ operation }) =>
      operation === 'commit'
        ? 'Only a two-phase import (`auto_commit=false`) in state Uncommitted can be committed: check its state, and whether something else has ended it.'
        : 'Only a two-phase import (`auto_commit=false`) that has not been committed can be aborted.',
  },
  gone: {
    code: 'MIG-013',
    what: ({ host, subject = '', database, message }) =>
      `${host} has no collection “${subject}” in ${database ? `the database “${database}”` : 'the default database'}${quote(message)}.`,
    next: () => 'The collection was dropped or renamed, or lives in another database: check `db-name`.',
  },

  incomplete: {
    code: 'MIG-024',
    what: ({ host, httpStatus, code = 0, message, operation }) =>
      `${host} returned ${statusAndCode(httpStatus, code)}, but not ${OPERATIONS[operation].result}${quote(message)}.`,
    next: (error) =>
      error.httpStatus === 400 ? `Check ${inputsOf(error)}.` : isDenied(error) ? CHECK_CREDENTIALS : IF_IT_LASTS,
  },
  'wrong-job': {
    code: 'MIG-024',
    what: ({ host }) => `${host} returned the state of another job than the one asked for.`,
    next: checkAddress,
  },
  'too-many-files': {
    code: 'MIG-024',
    what: ({ host, detail }) => `${host} returned ${count(Number(detail))} files, more than an import job can have.`,
    next: checkAddress,
  },
  'unreadable-list': {
    code: 'MIG-024',
    what: ({ host }) => `${host} returned a list of import jobs with entries that cannot be read.`,
    next: checkAddress,
  },
  'partial-list': {
    code: 'MIG-024',
    what: ({ host }) => `${host} returned only a part of its list of import jobs.`,
    next: ({ detail }) =>
      detail === 'unpaged'
        ? 'Lists of Zilliz Cloud come in pages: set `cluster-id`, or `project-id` and `region-id`.'
        : NAME_THE_JOBS,
  },
  'too-many-jobs': {
    code: 'MIG-024',
    what: ({ host, detail }) => `${host} lists import jobs on more than ${detail ?? ''} pages.`,
    next: () => 'Name the jobs to wait for with `job-id`.',
  },
  'cluster-address': {
    code: 'MIG-024',
    what: ({ host, message = '', detail = '' }) =>
      `${host} names “${message}” as the address of the cluster, but that ${ADDRESS_FAULTS[detail] ?? ''}. The key was not sent there.`,
    next: () => 'Check `cluster-id` and `endpoint`.',
  },

  redirect: {
    code: 'MIG-014',
    what: ({ host, httpStatus = 0, detail }) =>
      `${host} redirects (HTTP ${httpStatus})${detail === undefined ? '' : ` to ${detail}`}. The gate does not send the key to another address.`,
    next: ({ address, detail }) =>
      detail === undefined
        ? `Set ${nameOf(address)} to the final address.`
        : `If that is the service, set ${nameOf(address)} to ${detail}.`,
  },
  'no-api': {
    code: 'MIG-014',
    what: ({ host, operation }) => `${host} has no ${apiOf(operation)} below this address (HTTP 404).`,
    next: ({ operation, address }) => {
      if (isAboutData(operation)) return `Check ${nameOf(address)}: ${DATA_ADDRESS}`
      return operation === 'cluster' ? 'Check `endpoint`: leave it empty for Zilliz Cloud.' : JOBS_ADDRESS
    },
  },
  'no-operation': {
    code: 'MIG-018',
    what: ({ host, httpStatus = 404, operation }) =>
      `${host} does not support ${operation} (HTTP ${httpStatus}): two-phase imports need Milvus 3.0 or newer.`,
    next: ({ operation }) =>
      operation === 'commit'
        ? 'Commit the import with the tool that started it, or set `on-uncommitted` to `pass` or `fail`.'
        : 'Abort the import with the tool that started it, or remove `abort-uncommitted`.',
  },
  'no-refresh': {
    code: 'MIG-019',
    // https://github.com/milvus-io/milvus/issues/43234
    what: ({ host, httpStatus = 404 }) =>
      `${host} cannot refresh a loaded collection (HTTP ${httpStatus} at refresh_load, which older versions lack), so the gate cannot tell when its new rows are searchable.`,
    next: () =>
      'Remove `wait-for: searchable`, and refresh the collection with an SDK in a step of its own (pymilvus: `refresh_load`), or upgrade Milvus.',
  },
  'http-rejected': {
    code: 'MIG-014',
    what: returnedStatus,
    next: ({ operation, address }) => `Check ${nameOf(address)}: it is not the address of the ${apiOf(operation)}.`,
  },
  'gateway-rejected': {
    code: 'MIG-015',
    what: ({ host, httpStatus = 0, operation, subject }) =>
      `${host} rejected ${requestOf(operation, subject)} (HTTP ${httpStatus}), but the response is not from Milvus or Zilliz Cloud.`,
    next: ({ address }) =>
      `A proxy or gateway in front of the service may need credentials of its own (set them with \`headers\`) or block the address. Otherwise check \`api-key\` and ${nameOf(address)}.`,
  },
  'https-wanted': {
    code: 'MIG-014',
    what: ({ host }) => `${host} expects HTTPS on this port, but the gate sent HTTP.`,
    next: ({ address }) => `Set ${nameOf(address)} to https://….`,
  },
  grpc: {
    code: 'MIG-014',
    what: ({ host, httpStatus = 0 }) =>
      `${host} speaks gRPC or HTTP/2 on this port, not the REST API (HTTP ${httpStatus}).`,
    next: ({ address }) => restPort(address),
  },
  'web-page': { code: 'MIG-024', what: notJson('a web page'), next: websiteAdvice },
  'empty-body': { code: 'MIG-024', what: notJson('empty'), next: websiteAdvice },
  'not-json': { code: 'MIG-024', what: notJson('not JSON'), next: websiteAdvice },
  'too-large': {
    code: 'MIG-024',
    what: ({ host, httpStatus = 0 }) => `${host} sent more than 32 MiB in one response (HTTP ${httpStatus}).`,
    next: ({ address }) => `Check that ${nameOf(address)} is the address of Milvus or Zilliz Cloud.`,
  },
  'http-status': {
    code: 'MIG-026',
    what: returnedStatus,
    next: () => 'If this lasts, check the status page or the logs of the service.',
  },

  'proxy-credentials': {
    code: 'MIG-016',
    what: proxyRefused,
    next: () =>
      'Put the credentials into the proxy variable (`http://user:password@proxy:3128`), or list the host in `NO_PROXY`.',
  },
  'proxy-rejected': {
    code: 'MIG-016',
    what: proxyRefused,
    next: () => 'Allow the host on the proxy, or list it in `NO_PROXY`.',
  },
  timeout: {
    code: 'MIG-022',
    what: ({ host, timeoutMs = 0 }) => {
      const seconds = Math.round(timeoutMs / 100) / 10
      return `${host} did not respond ${seconds === 0 ? 'in the moment that was left' : `within ${seconds} s`}.`
    },
    next: () =>
      'Check that the runner can reach it (firewall, IP allow list, private endpoint), or raise `request-timeout`.',
  },
  'no-such-host': {
    code: 'MIG-020',
    what: ({ host, detail = host }) => `There is no host ${detail} (DNS: ENOTFOUND).`,
    next: ({ address }) =>
      `Check ${nameOf(address)}, or the proxy variable, for a typo; a private name needs a runner in the same network.`,
  },
  dns: {
    code: 'MIG-020',
    what: ({ host }) => `The DNS lookup of ${host} failed (EAI_AGAIN).`,
    next: () => 'Check the DNS of the runner.',
  },
  'connection-refused': {
    code: 'MIG-021',
    what: ({ host, detail = host }) => `Connection to ${host} refused at ${detail}.`,
    next: ({ address }) =>
      `Check the host and port of ${nameOf(address)}, or of the proxy, and that the service is up.`,
  },
  reset: {
    code: 'MIG-023',
    what: ({ host, detail = '' }) => `The connection to ${host} was closed before a response arrived (${detail}).`,
    next: () =>
      'If this lasts, check the service and what stands in front of it; a port that speaks TLS needs https://.',
  },
  'not-http': {
    code: 'MIG-024',
    what: ({ host, detail }) =>
      `${host} does not speak HTTP/1.1 on this port${detail === undefined ? '' : ` (${detail})`}.`,
    next: ({ address, detail }) =>
      detail === 'HTTP/2 only'
        ? restPort(address)
        : `Check the port of ${nameOf(address)}, and whether it needs https://.`,
  },
  network: {
    code: 'MIG-023',
    what: ({ host, message, detail = '' }) =>
      message === undefined
        ? `No response from ${host} at ${detail}.`
        : `No response from ${host}: ${message} (${detail}).`,
    next: () => FIREWALL,
  },
  'tls-wrong-name': {
    code: 'MIG-017',
    what: ({ host }) => `The TLS certificate of ${host} is for another host name.`,
    next: ({ address }) =>
      address === 'endpoint'
        ? 'Set `tls-server-name` to the name in the certificate, or `endpoint` to that name.'
        : `Set ${nameOf(address)} to the name in the certificate.`,
  },
  'tls-expired': {
    code: 'MIG-017',
    what: ({ host }) => `The TLS certificate of ${host} has expired.`,
    next: () => 'Renew the certificate of the service, or check the clock of the runner.',
  },
  'tls-not-yet-valid': {
    code: 'MIG-017',
    what: ({ host }) => `The TLS certificate of ${host} is not valid yet.`,
    next: () => 'Renew the certificate of the service, or check the clock of the runner.',
  },
  'tls-untrusted': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `The TLS certificate of ${host} is not trusted by this runner (${detail}).`,
    next: () =>
      'Set `ca-cert` to the certificate of the authority that signed it (PEM text or a path), or to `system`.',
  },
  'tls-unsupported': {
    code: 'MIG-017',
    what: ({ host }) => `${host} does not speak TLS on this port.`,
    next: ({ address }) => `Set ${nameOf(address)} to http://…, or to the port that speaks TLS.`,
  },
  'tls-client-certificate': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `${host} requires a client certificate that it accepts (${detail}).`,
    next: () => 'Set `client-cert` and `client-key` to a certificate that the service trusts (mutual TLS).',
  },
  'tls-unknown-name': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `${host} has no certificate for this host name (${detail}).`,
    next: ({ address }) =>
      `Set ${nameOf(address)} to the host name that the service is set up for${address === 'endpoint' ? ', or `tls-server-name` to it' : ''}.`,
  },
  'tls-version': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `${host} and the gate support no common TLS version (${detail}).`,
    next: () => 'Enable TLS 1.2 or 1.3 on the service.',
  },
  'tls-no-http': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `${host} does not accept HTTP/1.1 over TLS on this port (${detail}).`,
    next: ({ address }) => `This is probably the gRPC port. ${restPort(address)}`,
  },
  'tls-handshake': {
    code: 'MIG-017',
    what: ({ host, detail = '' }) => `The TLS handshake with ${host} failed (${detail}).`,
    next: () => 'If the service requires a client certificate, set `client-cert` and `client-key`.',
  },
}

/** Why the key must not go to an address that the service named; completes "but that …". */
const ADDRESS_FAULTS: Readonly<Record<string, string>> = {
  'no-url': 'is not a URL that starts with https://',
  userinfo: 'contains a user name',
  plain: 'is not encrypted',
  foreign: 'is not an address of Zilliz Cloud',
}

const JOBS_ADDRESS =
  'Check `endpoint`: it takes the base address of Milvus 2.4 or newer (usually port 19530) or of Zilliz Cloud, without a path.'
const DATA_ADDRESS = 'it takes the address of the Milvus, or of the cluster as the console of Zilliz Cloud shows it.'

function ofCollection(verb: string): (name: string) => string {
  return (name) => `${verb} the collection “${name}”`
}

function isAboutData(operation: Operation): boolean {
  return !['poll', 'list', 'commit', 'abort', 'create', 'job-start', 'cluster'].includes(operation)
}

function apiOf(operation: Operation): string {
  if (isAboutData(operation)) return 'REST API of Milvus'
  return operation === 'cluster' ? 'cluster API' : 'import API'
}

/** How a sentence names the input that an address comes from. */
function nameOf(address: AddressSource): string {
  if (address === 'named') return '`cluster-endpoint` (empty: the address that the control plane names)'
  return `\`${address}\``
}

function restPort(address: AddressSource): string {
  return `Set ${nameOf(address)} to the port of the REST API (Milvus: \`proxy.http.port\`, usually 19530), or let the load balancer accept HTTP/1.1.`
}

function requestOf(operation: Operation, subject = ''): string {
  const { verb } = OPERATIONS[operation]
  return verb === undefined ? 'the request' : `the request to ${verb(subject)}`
}

function rejected(error: ServiceError): string {
  const { host, operation, subject, message } = error
  return `${host} rejected ${requestOf(operation, subject)}: ${factsOf(error)}${quote(message)}.`
}

function returnedError(error: ServiceError): string {
  const { host, operation, subject, message } = error
  const request = OPERATIONS[operation].verb === undefined ? '' : ` to ${requestOf(operation, subject)}`
  return `${host} returned an error${request}: ${factsOf(error)}${quote(message)}.`
}

function returnedStatus({ host, httpStatus = 0 }: ServiceError): string {
  return `${host} returned HTTP ${httpStatus}.`
}

function factsOf({ httpStatus, code }: ServiceError): string {
  return code === undefined ? `HTTP ${httpStatus ?? 0}` : statusAndCode(httpStatus, code)
}

function statusAndCode(httpStatus: number | undefined, code: number): string {
  return httpStatus === undefined || httpStatus === 200 ? `code ${code}` : `HTTP ${httpStatus}, code ${code}`
}

/** What the service says, for the end of a sentence; empty where it says nothing. */
function quote(message: string | undefined): string {
  return message === undefined ? '' : `: “${message}”`
}

function permission({ operation }: ServiceError): string {
  if (operation === 'cluster') return 'Grant the API key access to the cluster.'
  return isAboutData(operation) ? DATA_PERMISSION : IMPORT_PERMISSION
}

function collectionGone({ operation }: ServiceError): string {
  const inputs = ['list', 'create'].includes(operation) ? '`collection-name` and `db-name`' : '`db-name`'
  return `The collection is gone or lives in another database: check ${inputs}, and whether the collection was dropped.`
}

/** The inputs that a request which the service does not understand was made of. */
function inputsOf({ operation }: ServiceError): string {
  if (operation === 'cluster') return '`cluster-id`'
  if (isAboutData(operation)) return '`collection-name` and `db-name`'
  if (operation === 'create') return '`import`, `cluster-id` and `db-name`'
  return operation === 'list' ? '`collection-name`, `cluster-id` and `db-name`' : '`job-id`, `cluster-id` and `db-name`'
}

function isDenied({ httpStatus }: ServiceError): boolean {
  return httpStatus === 401 || httpStatus === 403
}

function checkAddress({ address }: ServiceError): string {
  return `Check that ${nameOf(address)} is the address of Milvus or Zilliz Cloud, and that nothing in between rewrites responses.`
}

function notJson(what: string): (error: ServiceError) => string {
  return ({ host, httpStatus = 0 }) => `${host} returned HTTP ${httpStatus}, but the body is ${what}.`
}

function websiteAdvice({ address }: ServiceError): string {
  return `Check ${nameOf(address)}: it seems to be the address of a website, a console or a login page, not of the REST API.`
}

function proxyRefused({ host, httpStatus = 0 }: ServiceError): string {
  return `The proxy refused to connect to ${host} (HTTP ${httpStatus}).`
}
