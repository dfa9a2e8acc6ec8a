import type { HttpConnection, Transport } from './connection.ts'
import type { ImportService } from './gate/import-service.ts'
import { CERTIFICATES_ARE_CHECKED, proxyNotice, READABLE_KEY } from './messages/notices.ts'
import { exchangeLine } from './report/log-lines.ts'
import type { RequestLog } from './report/report-file.ts'
import { transportTo } from './service/http.ts'
import { proxyFor } from './proxy.ts'
import { isReadableOnTheWay } from './service/plain-http.ts'
import { createService } from './service/service.ts'
import { debugWanted } from './settings/runner.ts'
import type { Settings } from './settings/settings.ts'
import type { Step } from './step.ts'
import { USER_AGENT } from './version.ts'

/** The service as the settings describe it; `close` drops its connections. */
export function connect(
  { world, sanitize, notice }: Step,
  { connection, dataPlane, target, policy, selection }: Settings,
  requests: RequestLog,
): { readonly service: ImportService; readonly close: () => void } {
  const { env, clock, log, openExchange } = world
  const opened: HttpConnection[] = []
  const said = new Set<string>()
  const say = (text: string) => {
    if (!said.has(text)) notice(text)
    said.add(text)
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') say(CERTIFICATES_ARE_CHECKED)
  const open = (transport: Transport) => {
    if (connection.apiKey !== '' && isReadableOnTheWay(transport.endpoint)) say(READABLE_KEY)
    const proxy = proxyFor(transport.endpoint, transport.proxy)
    if (proxy.kind === 'proxy') {
      say(sanitize(proxyNotice(new URL(transport.endpoint).host, proxy.shown)))
    }
    const exchange = openExchange(transport)
    opened.push(exchange)
    return exchange
  }
  const close = () => {
    for (const exchange of opened) void exchange.close()
  }
  const service = createService({
    ...connection,
    ...target,
    requestTimeoutMs: policy.requestTimeoutMs,
    userAgent: USER_AGENT,
    exchange: open(connection),
    sanitize,
    onExchange: (record) => {
      requests.add(record)
      if (debugWanted(env)) log.debug(sanitize(exchangeLine(record)))
    },
    clock,
    collectionName: collectionOf(selection) ?? policy.expectedCollection,
    dataPlane,
    openExchange: (endpoint) => open(transportTo(endpoint, connection)),
  })
  return { service, close }
}

function collectionOf(selection: Settings['selection']): string | undefined {
  if (selection.kind === 'given') return undefined
  return selection.kind === 'import' ? selection.order.collectionName : selection.collectionName
}
