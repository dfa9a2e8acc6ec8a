import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { setTimeout as pause } from 'node:timers/promises'

type Headers = Readonly<Record<string, string>>

const JSON_TYPE = 'application/json; charset=utf-8'

/** How far an answer gets before it goes wrong. */
export type Moment = 'before-headers' | 'in-headers' | 'in-body'

/** What goes over the wire in answer to one request; plain data, so that a scenario file can hold it. */
export type Reply =
  | { readonly kind: 'json'; readonly status?: number; readonly headers?: Headers; readonly body: unknown }
  | {
      readonly kind: 'raw'
      readonly status: number
      readonly headers?: Headers
      readonly chunks: readonly (string | Uint8Array)[]
      /** Silence before each chunk. */
      readonly gapMs?: number
    }
  /** Bytes as they are, status line included, then the end of the connection. */
  | { readonly kind: 'bytes'; readonly bytes: string }
  /** The connection ends too early: by a reset, or politely as a dying gateway does it. */
  | { readonly kind: 'cut'; readonly when: Moment; readonly by: 'reset' | 'end' }
  /** Silence for good on an open connection. */
  | { readonly kind: 'hang'; readonly when: Moment }
  /** A body that never ends, as fast as the client takes it. */
  | { readonly kind: 'endless'; readonly headers?: Headers; readonly chunk: string }
  /** The server goes away: it cuts the connection and refuses new ones for a while. */
  | { readonly kind: 'down'; readonly forMs: number }
  /** Another reply, late. */
  | { readonly kind: 'late'; readonly byMs: number; readonly reply: Reply }

/** A JSON answer, HTTP 200 by default. */
export function json(body: unknown, status = 200, headers: Headers = {}): Reply {
  return { kind: 'json', status, headers, body }
}

/** The envelope around an error. */
export function failure(code: number, message: string, status = 200): Reply {
  return json({ code, message }, status)
}

/** An integer that JavaScript cannot hold, for a JSON body. */
export function rawNumber(digits: string): unknown {
  return { toJSON: () => `\u0001${digits}\u0001` }
}

/** The JSON text of a body. */
export function jsonText(body: unknown): string {
  return JSON.stringify(body).replace(/"\\u0001(\d+)\\u0001"/g, '$1')
}

/** The status, headers and text of a reply that is whole; undefined for the others. */
export function wholeReply(reply: Reply): { status: number; headers: Headers; body: string } | undefined {
  if (reply.kind === 'json') {
    const headers = { 'Content-Type': JSON_TYPE, ...reply.headers }
    return { status: reply.status ?? 200, headers, body: jsonText(reply.body) }
  }
  if (reply.kind !== 'raw') return undefined
  return { status: reply.status, headers: reply.headers ?? {}, body: reply.chunks.map(String).join('') }
}

/** The reply with more headers, where it has any. */
export function withHeaders(reply: Reply, headers: Headers): Reply {
  return reply.kind === 'json' || reply.kind === 'raw' ? { ...reply, headers: { ...headers, ...reply.headers } } : reply
}

/** A plain-text answer, as Go's HTTP stack gives it. */
export function text(status: number, body: string, headers: Headers = {}): Reply {
  return { kind: 'raw', status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, chunks: [body] }
}

/** The page that a gateway, a login wall or a status site puts in the place of an answer. */
export function htmlPage(status: number, title: string, headers: Headers = {}): Reply {
  const page = `<!doctype html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return { kind: 'raw', status, headers: { 'Content-Type': 'text/html', ...headers }, chunks: [page] }
}

/** An answer whose JSON stops in the middle although HTTP says that it is whole. */
export function cutJson(body: unknown, status = 200): Reply {
  const whole = JSON.stringify(body)
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  return { kind: 'raw', status, headers, chunks: [whole.slice(0, Math.ceil(whole.length / 2))] }
}

/** An answer that sends the client elsewhere. */
export function redirect(location: string, status = 301): Reply {
  return { kind: 'raw', status, headers: { Location: location }, chunks: [] }
}

/** Plays the reply to its end, or until the client leaves; `goDown` stops the server for a while. */
export async function play(
  reply: Reply,
  response: ServerResponse,
  goDown: (forMs: number) => void = () => undefined,
): Promise<void> {
  const { socket } = response
  if (socket === null || socket.destroyed) return
  switch (reply.kind) {
    case 'json':
      response.writeHead(reply.status ?? 200, { 'Content-Type': JSON_TYPE, ...reply.headers })
      response.end(jsonText(reply.body))
      return
    case 'raw':
      return sendChunks(reply.chunks, reply.gapMs, response.writeHead(reply.status, reply.headers))
    case 'bytes':
      socket.end(reply.bytes)
      return
    case 'cut':
      await sendUntil(reply.when, socket)
      if (reply.by === 'end') socket.end()
      else reset(socket)
      return
    case 'hang':
      return sendUntil(reply.when, socket)
    case 'endless':
      response.writeHead(200, { 'Content-Type': 'application/json', ...reply.headers })
      sendForEver(reply.chunk, response)
      return
    case 'late':
      await pause(reply.byMs, undefined, { ref: false })
      return play(reply.reply, response, goDown)
    case 'down':
      goDown(reply.forMs)
      return
    default:
      reply satisfies never
  }
}

async function sendChunks(chunks: readonly (string | Uint8Array)[], gapMs: number | undefined, to: ServerResponse) {
  to.flushHeaders()
  for (const chunk of chunks) {
    if (gapMs !== undefined) await pause(gapMs, undefined, { ref: false })
    if (to.destroyed) return
    to.write(chunk)
  }
  to.end()
}

const startOfAnswer = {
  'before-headers': '',
  'in-headers': 'HTTP/1.1 200 OK\r\nContent-Type: applicat',
  'in-body': 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{"code":0,"data":{"sta',
} as const satisfies Record<Moment, string>

/** A reset throws away what the client has not read yet; the short rest lets it read the start of the answer. */
async function sendUntil(moment: Moment, socket: Socket) {
  if (moment === 'before-headers') return
  socket.write(startOfAnswer[moment])
  await pause(20, undefined, { ref: false })
}

function reset(socket: Socket) {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

function sendForEver(chunk: string, to: ServerResponse) {
  const send = () => {
    while (!to.destroyed && to.write(chunk));
  }
  to.on('drain', send)
  send()
}
