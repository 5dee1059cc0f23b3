import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { routeOf } from './path.ts'

/** A request that asks for a WebSocket, off the hands of Node's HTTP. */
export interface Handshake {
  readonly request: IncomingMessage
  readonly socket: Socket
  /** What came behind it. */
  readonly head: Buffer
}

/** RFC 6455, 4.1: sixteen bytes in base64. */
const NONCE = /^[+/0-9A-Za-z]{22}==$/
const VERSION = '13'
/** How long a caller may take to say goodbye. */
const CLOSING_MS = 5_000

/**
 * Whether a request opens a WebSocket, and where one is offered. All others are answered as if they had not asked for
 * another protocol (RFC 9110, 7.8), so that nothing that looks like one gets past the checks of requests.
 */
export function isHandshake({ method = '', url = '/', headers }: IncomingMessage): boolean {
  if (headers.upgrade?.toLowerCase() !== 'websocket' || method !== 'GET') return false
  if (headers['sec-websocket-version'] !== VERSION) return false
  if (!NONCE.test(headers['sec-websocket-key'] ?? '')) return false
  // A body would be read as messages.
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return false
  }
  const mark = url.indexOf('?')
  const route = routeOf(method, mark < 0 ? url : url.slice(0, mark))
  return route.to === 'relay' && route.endpoint === 'realtime'
}

/** The answer over HTTP to who does not get its WebSocket: the last thing on its connection. */
export function answering({ request, socket }: Handshake): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => socket.destroySoon())
  return response
}

/**
 * Opens the WebSocket. `headers`: names and values that the answer carries besides. `mostBytes`: a longer message ends it.
 * `undefined`: the caller has gone.
 */
export function acceptHandshake(
  { request, socket, head }: Handshake,
  headers: readonly string[],
  mostBytes: number,
): WebSocket | undefined {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // What is packed small may be large; sound does not get smaller.
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: mostBytes,
    // Not among its types yet.
    ...{ closeTimeout: CLOSING_MS },
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })
  server.on('headers', (lines) => {
    for (let at = 0; at + 1 < headers.length; at += 2)
      lines.push(`${headers[at]}: ${headers[at + 1]}`)
  })
  let accepted: WebSocket | undefined
  server.handleUpgrade(request, socket, head, (opened) => {
    accepted = opened
  })
  return accepted
}

/** What SDKs in browsers offer besides their key, and expect to be chosen. */
const PROTOCOL = 'realtime'
const KEY = 'openai-insecure-api-key.'

/**
 * The key among the offered protocols, where scripts of pages have to put it; `undefined`: there is none. Several are no
 * key at all.
 */
export function keyInProtocols({ headers }: IncomingMessage): string | undefined {
  const offered = headers['sec-websocket-protocol']
  if (offered === undefined || !offered.includes(KEY)) return undefined
  const items = offered.split(',').map((one) => one.trim())
  const keys = items.filter((one) => one.startsWith(KEY)).map((one) => one.slice(KEY.length))
  return keys.length === 0 ? undefined : keys.join(',')
}
